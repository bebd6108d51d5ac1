"""Cursors: where a page begins, as text that a client hands back unread."""

import base64
import json
from typing import Any

from app.errors import InvalidParameter


def pack(content: Any) -> str:
    plain = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def unpack(cursor: str) -> Any:
    """What was packed; None for what never was."""
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        return None


def no_cursor(detail: str = "This is no cursor that a `next` link gave") -> InvalidParameter:
    """The error of a cursor."""
    return InvalidParameter("cursor", detail, "cursor")


def unpack_place(cursor: str | None) -> tuple[int, int] | None:
    """The place in a ranking that was packed, a score and a number; raises InvalidParameter."""
    if cursor is None:
        return None
    match unpack(cursor):
        case [int(score), int(number)] if 1 <= score <= 3 and 0 <= number < 2**31:
            return score, number
    raise no_cursor()
