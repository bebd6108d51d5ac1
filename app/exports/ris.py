"""RIS: what reference managers import."""

import datetime
from collections.abc import Mapping
from typing import Any

from app.exports.csl import accessed, name_parts, publisher, type_of

TYPES = {"article-journal": "JOUR", "webpage": "ELEC", "report": "RPRT", "dataset": "DATA"}
"""What RIS calls a type of CSL."""


def entry(record: Mapping[str, Any], read: datetime.date) -> str:
    first, _, last = (record["pages"] or "").partition("-")
    seen = accessed(record, read)
    lines = [
        ("TY", TYPES[type_of(record)]),
        ("ID", record["id"]),
        ("TI", record["title"]),
        *(("AU", author(name)) for name in record["authors"]),
        ("T2", record["journal"]),
        ("PY", record["year"]),
        ("DA", record["published"] and record["published"].replace("-", "/")),
        ("VL", record["volume"]),
        ("IS", record["issue"]),
        ("SP", first),
        ("EP", last),
        ("ET", record.get("version")),
        ("PB", publisher(record)),
        ("DO", record["doi"]),
        ("AN", record["pmid"]),
        ("C2", record["pmcid"]),
        ("UR", record["url"] and record["url"].replace(";", "%3B")),  # a semicolon parts two addresses
        ("Y2", seen and seen.replace("-", "/")),
        *(("KW", keyword) for keyword in record["keywords"]),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in lines if value) + "ER  - \r\n\r\n"


def author(name: str) -> str:
    """`Family, A. B.`, or the name as it is."""
    parts = name_parts(name)
    return parts.get("literal") or f"{parts['family']}, {parts['given']}"
