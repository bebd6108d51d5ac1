"""CSL-JSON: what citation processors read (schema csl-data, version 1.0.2)."""

import datetime
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from app.knowledge.journals import abbreviated
from app.models.publication import PublicationKind
from app.models.release import ReleaseRead

ARTICLE = "article-journal"

TYPES: Mapping[str, str] = {
    PublicationKind.WEB_PAGE: "webpage",
    PublicationKind.REGISTRY: "webpage",
    PublicationKind.REGULATORY_LABEL: "report",
    "dataset": "dataset",
}
"""The type of a publication in CSL; the others are articles in journals."""


def write(rows: Iterable[str], _model: type[BaseModel], release: ReleaseRead) -> bytes:
    """One array."""
    entries = (json.dumps(entry(json.loads(row), release.date), ensure_ascii=False) for row in rows)
    return ("[" + ",\n".join(entries) + "]\n").encode()


def entry(record: Mapping[str, Any], read: datetime.date) -> dict[str, Any]:
    """A publication or a dataset; `read` is the day on which a page is known to have been there."""
    date = record["published"] or str(record["year"] or "")
    seen = accessed(record, read)
    given = {
        "id": record["id"],
        "type": type_of(record),
        "title": record["title"],
        "author": [name_parts(name) for name in record["authors"]],
        "container-title": record["journal"],
        "container-title-short": abbreviated(record["journal"]),
        "publisher": publisher(record),
        "issued": date and date_parts(date),
        "accessed": seen and date_parts(seen),
        "version": record.get("version"),
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


def date_parts(date: str) -> dict[str, Any]:
    return {"date-parts": [[int(part) for part in date.split("-")]]}


def accessed(record: Mapping[str, Any], read: datetime.date) -> str | None:
    """The day on which what may change was read: that of the release, by which the atlas had read it."""
    return str(read) if type_of(record) in ("webpage", "report") else None


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
    if "publisher" in record:
        return str(record["publisher"])
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
