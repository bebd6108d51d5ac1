"""How a release, and what it says at an address, is cited as a dataset."""

import datetime
from typing import Any

from app.models.release import ReleaseRead

TITLE = "IL-6 Atlas: curated knowledge on interleukin-6 inhibitors in cancer"
AUTHOR = "The IL-6 Atlas maintainers"
KEYWORDS = ("interleukin-6", "cancer", "tocilizumab", "siltuximab", "prognosis", "JAK-STAT")

ABOUT = (
    "Inhibitors of interleukin-6 and its pathway, their targets and approvals, cancers and what a high IL-6",
    "means for their prognosis, mechanisms, trials with their outcome, publications, and evidence: single",
    "claims, each from one publication. No IL-6 inhibitor is approved to treat a cancer.",
)
MESSAGE = "Cite the release of the data you used, and the publications behind the facts you took from it."


def source(key: str, about: str, address: str, version: str, date: datetime.date) -> dict[str, Any]:
    """What a release says at an address, in the fields of a publication: what references are written from."""
    unknown = ("journal", "volume", "issue", "pages", "doi", "pmid", "pmcid")
    return {
        "id": f"il6-atlas-{version}-{key}".removesuffix("-"),
        "kind": "dataset",
        "title": f"{about}. In: {TITLE}" if about else TITLE,
        "authors": [AUTHOR],
        "authors_complete": True,
        "year": date.year,
        "published": str(date),
        "version": version,
        "publisher": "IL-6 Atlas",
        "url": address,
        "keywords": [],
        **dict.fromkeys(unknown),
    }


def write_cff(release: ReleaseRead) -> str:
    """The file CITATION.cff of a release."""
    lines = [
        "cff-version: 1.2.0",
        f"message: {MESSAGE}",
        "type: dataset",
        f'title: "{TITLE}"',
        f'version: "{release.version}"',
        f'date-released: "{release.date}"',
        f"license: {release.licence}",
        "authors:",
        f"  - name: {AUTHOR}",
        "keywords:",
        *(f"  - {each}" for each in KEYWORDS),
        "abstract: >-",
        *(f"  {line}" for line in ABOUT),
    ]
    return "\n".join(lines) + "\n"
