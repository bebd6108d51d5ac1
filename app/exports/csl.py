"""CSL-JSON: what citation processors read (schema csl-data, version 1.0.2)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from app.models.publication import PublicationKind

ARTICLE = "article-journal"

TYPES: Mapping[str, str] = {
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


def entry(record: Mapping[str, Any]) -> dict[str, Any]:
    date = record["published"] or str(record["year"] or "")
    given = {
        "id": record["id"],
        "type": type_of(record),
        "title": record["title"],
        "author": [name_parts(name) for name in record["authors"]],
        "container-title": record["journal"],
        "issued": date and {"date-parts": [[int(part) for part in date.split("-")]]},
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


def type_of(record: Mapping[str, Any]) -> str:
    return TYPES.get(record["kind"], ARTICLE)


def name_parts(name: str) -> dict[str, str]:
    """`Rose-John S` as family and given name; what is no person's name as it is."""
    family, _, initials = name.rpartition(" ")
    if family and initials.isupper() and initials.isalpha() and len(initials) <= 4:
        return {"family": family, "given": " ".join(f"{each}." for each in initials)}
    return {"literal": name}
