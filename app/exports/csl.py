"""CSL-JSON: what citation processors read (schema csl-data, version 1.0.2)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

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
        "publisher": publisher(record),
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


PUBLISHERS: Mapping[str, str] = {
    "accessdata.fda.gov": "U.S. Food and Drug Administration",
    "api.fda.gov": "U.S. Food and Drug Administration",
    "cancer.gov": "National Cancer Institute",
    "clinicaltrials.gov": "U.S. National Library of Medicine",
    "classic.clinicaltrials.gov": "U.S. National Library of Medicine",
    "dailymed.nlm.nih.gov": "U.S. National Library of Medicine",
    "dhpp.hpfb-dgpsa.ca": "Health Canada",
    "dmp.no": "Norwegian Medical Products Agency",
    "ec.europa.eu": "European Commission",
    "ema.europa.eu": "European Medicines Agency",
    "fda.gov": "U.S. Food and Drug Administration",
    "federalregister.gov": "Office of the Federal Register",
    "hpr-rps.hres.ca": "Health Canada",
    "nctr-crs.fda.gov": "U.S. Food and Drug Administration",
    "pmps.hpfb-dgpsa.ca": "Health Canada",
}
"""Who publishes what stands at a host; of others the host itself is named: a mirror credits nobody else."""


def publisher(record: Mapping[str, Any]) -> str | None:
    """Who published what is no article of a journal."""
    if type_of(record) == ARTICLE or record["journal"] or not record["url"]:
        return None
    host = (urlsplit(record["url"]).hostname or "").removeprefix("www.")
    return PUBLISHERS.get(host, host)


def type_of(record: Mapping[str, Any]) -> str:
    return TYPES.get(record["kind"], ARTICLE)


def name_parts(name: str) -> dict[str, str]:
    """`Rose-John S` as family and given name; what is no person's name as it is."""
    family, _, initials = name.rpartition(" ")
    if family and initials.isupper() and initials.isalpha() and len(initials) <= 4:
        return {"family": family, "given": " ".join(f"{each}." for each in initials)}
    return {"literal": name}
