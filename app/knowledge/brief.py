"""A record in brief: what it is, its verdicts, what it counts, and where the rest is, in 1,000 bytes."""

import json
from collections.abc import Mapping
from typing import Any

from app.catalog import BY_KIND
from app.models.base import Kind

MOST_BYTES = 850
"""Of the whole as compact JSON, so that the address of the service has room before its two links."""

SHORT = 80
"""Characters of a text that is told as it is."""

NAMES = ("name", "title", "statement")
TEXTS = ("statement", "result", "summary")
"""What is told as far as there is room, the most telling first."""

VERDICTS = ("approved_for_cancer", "evidence", "outcome", "prognosis", "status")
"""What goes last where there is no room for all."""


def brief(kind: Kind, record: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader needs to know whether to read the whole."""
    name = next((record[each] for each in NAMES if each in record), record["id"])
    own = f"/{BY_KIND[kind].path}/{record['id']}"
    always = {"kind": kind.value, "id": record["id"], "name": cut(name, 200)}
    counts = {name: len(value) for name, value in record.items() if isinstance(value, list) and value}
    ends = {"counts": counts, "links": {"self": own, "page": f"/explore{own}"}}
    told = {name: part for name, each in record.items() if (part := short(each)) is not None}
    told = {name: part for name, part in told.items() if name not in always}
    while size({**always, **told, **ends}) > MOST_BYTES:
        del told[max(told, key=lambda each: (each not in VERDICTS, size(told[each])))]
    said = {**always, **told, **ends}
    for text in TEXTS:
        room = MOST_BYTES - size(said) - len(text) - 10
        if record.get(text) not in (None, name) and text not in said and room > SHORT:
            said[text] = cut(record[text], room)
    return said


def short(value: Any) -> Any:
    """A value without its lists and long texts; None where nothing is left."""
    if isinstance(value, dict):
        if set(value) == {"self"} or "self" in value:
            return None
        parts = {name: part for name, each in value.items() if (part := short(each)) is not None}
        return parts or None
    if isinstance(value, list) or (isinstance(value, str) and len(value) > SHORT):
        return None
    return value


def size(value: Any) -> int:
    """Bytes of compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def cut(text: str, most_bytes: int) -> str:
    """A text, or its beginning where it is longer."""
    if len(text.encode()) <= most_bytes:
        return text
    return text.encode()[: most_bytes - 3].decode(errors="ignore").rpartition(" ")[0] + "…"
