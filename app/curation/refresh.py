"""What has changed outside since rows were written: publications, trials, approvals in the United States."""

import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from app.curation import approvals, publications, trials
from app.curation.drafts import Row, rows_of
from app.curation.proposals import Change, Finding, Remark, differences
from app.curation.services import CLINICAL_TRIALS, EUROPE_PMC
from app.models.approval import Agency, ApprovalStatus
from app.models.base import Kind
from app.models.publication import PublicationKind
from app.models.trial import Outcome, TrialStatus

ARTICLES = {*PublicationKind} - {
    PublicationKind.REGULATORY_LABEL,
    PublicationKind.WEB_PAGE,
    PublicationKind.REGISTRY,
}
BATCH = 25
"""Rows that are asked for at once."""

Each = TypeVar("Each")


def batches(rows: Sequence[Each]) -> Iterator[Sequence[Each]]:
    return (rows[begin : begin + BATCH] for begin in range(0, len(rows), BATCH))


PUBLICATION_FIELDS = (
    *("authors", "journal", "year", "published", "volume", "issue", "pages", "doi", "pmid", "pmcid"),
)


def of_publications(folder: Path, day: datetime.date) -> Iterator[Finding]:
    """Articles beside what Europe PMC knows of them, and Crossref where it knows nothing."""
    rows = [row for row in rows_of(folder, Kind.PUBLICATION) if row["kind"] in ARTICLES]
    journals = dict.fromkeys(row["journal"] for row in rows if row.get("journal"))
    for part in batches(rows):
        found = publications.search([term_of(row) for row in part])
        for row in part:
            paper = next((each for each in found if is_of(each.row(), row)), None)
            told, source, notices = (paper.row(), paper.address, paper.notices()) if paper else by_doi(row)
            if not told.get("title"):
                yield Remark("publications", row["id"], "it was not found", EUROPE_PMC.address)
                continue
            for notice in notices:
                yield Remark("publications", row["id"], notice, source)
            if publications.key_of(told["title"]) != publications.key_of(row["title"]):
                text = f"its identifier is that of another title: {told['title']}"
                yield Remark("publications", row["id"], text, source)
                continue
            if told.get("journal"):
                told["journal"] = publications.named_alike(told["journal"], journals)
            yield from of_publication(row, told, source)


def sure(row: Row) -> tuple[str, str] | None:
    """The identifier a row is best known by: one that was seen rather than one that was not."""
    held = [name for name in ("pmid", "doi", "pmcid") if row.get(name)]
    held.sort(key=lambda name: name in row.get("unverified", []))
    return (held[0], row[held[0]]) if held else None


def term_of(row: Row) -> str:
    if known := sure(row):
        return publications.term_of(*known)
    words = re.sub(r'["\\]', " ", row["title"])
    return f'TITLE:"{words}"'


def is_of(told: Row, row: Row) -> bool:
    """Whether what is told is of a row: by its identifier, or else by its title."""
    if known := sure(row):
        return str(told.get(known[0], "")).lower() == known[1].lower()
    return publications.key_of(told.get("title", "")) == publications.key_of(row["title"])


def by_doi(row: Row) -> tuple[Row, str, list[str]]:
    """What Crossref knows of a row that Europe PMC does not have."""
    return publications.work(row["doi"]) if row.get("doi") else ({}, "", [])


def of_publication(row: Row, told: Row, source: str) -> Iterator[Change]:
    """What is told otherwise than a row has it, and which of its fields can be taken for seen."""
    same = {name for name in PUBLICATION_FIELDS if row.get(name) and alike(name, row[name], told.get(name))}
    open_fields = [name for name in PUBLICATION_FIELDS if name not in same]
    changes = [*differences("publications", row, told, open_fields, source)]
    yield from changes
    if row.get("authors_complete") is False and any(each.field == "authors" for each in changes):
        yield Change("publications", row["id"], "authors_complete", False, True, source)
    doubtful = row.get("unverified", [])
    left = [name for name in doubtful if name not in same | {"title"}]
    if left != doubtful:
        yield Change("publications", row["id"], "unverified", doubtful, left, source)


def alike(field: str, one: object, other: object) -> bool:
    """Whether two values say the same, in spelling or in how much they say."""
    if other is None:
        return False
    if field == "authors":
        first, second = families(one), families(other)
        return first == second
    if field == "published":
        return str(one).startswith(str(other))
    if field == "pages":
        return publications.whole_pages(str(one)) == str(other)
    return publications.key_of(str(one)) == publications.key_of(str(other))


def families(authors: object) -> list[str]:
    """The names of authors without initials."""
    named = authors if isinstance(authors, list) else []
    return [publications.key_of(re.sub(r"\s+[A-Z]{1,4}$", "", each)) for each in named]


TRIAL_FIELDS = ("status", "enrolment", "start_year", "results_url")
"""What is compared of a trial; what else the register says is told by a row in other words."""


def of_trials(folder: Path, day: datetime.date) -> Iterator[Finding]:
    """Trials beside what ClinicalTrials.gov says today."""
    numbered = []
    for row in rows_of(folder, Kind.TRIAL):
        numbers = [each for each in (row["registry_id"], *row.get("other_ids", [])) if each.startswith("NCT")]
        numbered += [(numbers[0], row)] if numbers else []
    for part in batches(numbered):
        studies = {study.number: study for study in trials.find([number for number, _ in part])}
        for number, row in part:
            if number in studies:
                yield from of_trial(row, studies[number], day)
            else:
                yield Remark("trials", row["id"], f"{number} was not found", CLINICAL_TRIALS.address)


def of_trial(row: Row, study: trials.Study, day: datetime.date) -> Iterator[Finding]:
    told = study.row(day)
    word = study.protocol_section.status_module.overall_status
    if "status" not in told:
        yield Remark(
            "trials", row["id"], f"its status is {word}, for which there is no word here", study.address
        )
    yield from differences("trials", row, told, TRIAL_FIELDS, study.address)
    if told.get("status") in (TrialStatus.TERMINATED, TrialStatus.WITHDRAWN) and not row.get("why_stopped"):
        yield from differences("trials", row, told, ["why_stopped"], study.address)
    if told.get("status") == row["status"]:
        yield from differences("trials", row, told, ["status_as_of"], study.address)
    if study.has_results and row["outcome"] == Outcome.NOT_REPORTED:
        yield Remark("trials", row["id"], "the register has results, and the row no outcome", study.address)


def of_approvals(folder: Path, day: datetime.date) -> Iterator[Finding]:
    """Approvals by the FDA beside the decisions that openFDA lists for their brand."""
    brands: dict[str, list[Row]] = {}
    for row in rows_of(folder, Kind.APPROVAL):
        if row["agency"] == Agency.FDA and row["status"] != ApprovalStatus.EMERGENCY_USE and row.get("brand"):
            brands.setdefault(row["brand"], []).append(row)
    for brand, rows in brands.items():
        rows.sort(key=lambda row: row.get("year") or day.year)
        application = approvals.find(brand)
        if application is None:
            for row in rows:
                yield Remark("approvals", row["id"], f"{brand} was not found", approvals.ADDRESS)
            continue
        yield from of_brand(rows, application)


def of_brand(rows: list[Row], application: approvals.Application) -> Iterator[Finding]:
    """The first approval of a brand, decisions that no row has, and rows without a decision."""
    source, first, decided = application.address, application.first_year, application.years
    if first and rows[0].get("year") != first:
        yield Change("approvals", rows[0]["id"], "year", rows[0].get("year"), first, source)
    for row in rows[1:]:
        if row.get("year") not in decided:
            years = ", ".join(map(str, sorted(decided)))
            text = f"there was no decision in {row.get('year', 'a year that is not said')}, but in {years}"
            yield Remark("approvals", row["id"], text, source)
    for year in sorted(decided):
        if year > max(row.get("year") or 0 for row in rows):
            text = f"there was a decision in {year}, after that of every row: look at the label"
            yield Remark("approvals", rows[-1]["id"], text, source)
    if application.discontinued:
        yield Remark("approvals", rows[0]["id"], "every product of it is discontinued", source)


REFRESH: dict[str, Callable[[Path, datetime.date], Iterator[Finding]]] = {
    "publications": of_publications,
    "trials": of_trials,
    "approvals": of_approvals,
}
"""What can be refreshed, by the path of the collection."""
