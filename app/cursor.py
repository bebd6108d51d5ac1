"""Cursors: where a page begins, as text that a client hands back unread."""

import base64
import json
from typing import Any

from fastapi_rfc9457 import Problem

from app.errors import invalid_parameter


def pack(content: Any) -> str:
    plain = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def unpack(cursor: str) -> Any:
    """What was packed; None for what never was."""
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        return None


def no_cursor(detail: str = "This is no cursor that a `next` link gave") -> Problem:
    """The 422 of a cursor."""
    return invalid_parameter("cursor", detail, "cursor")
