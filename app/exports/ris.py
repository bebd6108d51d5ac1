"""RIS: what reference managers import."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from app.exports.csl import name_parts
from app.models.publication import PublicationKind

TYPES = {
    PublicationKind.WEB_PAGE: "ELEC",
    PublicationKind.REGISTRY: "ELEC",
    PublicationKind.REGULATORY_LABEL: "RPRT",
}
"""The type of a publication in RIS; the others are articles in journals."""


def write(rows: Iterable[str], _model: type[BaseModel]) -> Iterator[str]:
    return (entry(json.loads(row)) for row in rows)


def entry(record: dict[str, Any]) -> str:
    first, _, last = (record["pages"] or "").partition("-")
    date = (record["published"] or "").replace("-", "/")
    lines: list[tuple[str, str | None]] = [
        ("TY", TYPES.get(PublicationKind(record["kind"]), "JOUR")),
        ("ID", record["id"]),
        ("TI", record["title"]),
        *(("AU", author(name)) for name in record["authors"]),
        ("T2", record["journal"]),
        ("PY", str(record["year"]) if record["year"] else None),
        ("DA", date or None),
        ("VL", record["volume"]),
        ("IS", record["issue"]),
        ("SP", first or None),
        ("EP", last or None),
        ("DO", record["doi"]),
        ("AN", record["pmid"]),
        ("UR", record["url"] and record["url"].replace(";", "%3B")),  # a semicolon parts two addresses
        *(("KW", keyword) for keyword in record["keywords"]),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in lines if value) + "ER  - \r\n\r\n"


def author(name: str) -> str:
    """`Family, A. B.`, or the name as it is."""
    parts = name_parts(name)
    return parts.get("literal") or f"{parts['family']}, {parts['given']}"
