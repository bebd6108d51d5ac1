"""CSL-JSON: what citation processors read (schema csl-data, version 1.0.2)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from app.models.publication import PublicationKind

TYPES = {
    PublicationKind.WEB_PAGE: "webpage",
    PublicationKind.REGISTRY: "webpage",
    PublicationKind.REGULATORY_LABEL: "report",
}
"""The type of a publication in CSL; the others are articles in journals."""


def write(rows: Iterable[str], _model: type[BaseModel]) -> Iterator[str]:
    """One array, written record by record."""
    before = "["
    for row in rows:
        yield before + json.dumps(entry(json.loads(row)), ensure_ascii=False)
        before = ",\n"
    yield "]\n" if before != "[" else "[]\n"


def entry(record: dict[str, Any]) -> dict[str, Any]:
    given = {
        "id": record["id"],
        "type": TYPES.get(PublicationKind(record["kind"]), "article-journal"),
        "title": record["title"],
        "author": [name_parts(name) for name in record["authors"]],
        "container-title": record["journal"],
        "issued": issued(record),
        "volume": record["volume"],
        "issue": record["issue"],
        "page": record["pages"],
        "DOI": record["doi"],
        "PMID": record["pmid"],
        "PMCID": record["pmcid"],
        "URL": record["url"],
        "keyword": ", ".join(record["keywords"]),
    }
    return {key: value for key, value in given.items() if value}


def name_parts(name: str) -> dict[str, str]:
    """`Rose-John S` as family and given name; what is no person's name as it is."""
    family, _, initials = name.rpartition(" ")
    if family and initials.isupper() and initials.isalpha() and len(initials) <= 4:
        return {"family": family, "given": " ".join(f"{each}." for each in initials)}
    return {"literal": name}


def issued(record: dict[str, Any]) -> dict[str, Any] | None:
    if record["published"]:
        return {"date-parts": [[int(part) for part in record["published"].split("-")]]}
    return {"date-parts": [[record["year"]]]} if record["year"] else None
