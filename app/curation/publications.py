"""Publications as Europe PMC, Crossref and managers of references know them, as rows of the seed files."""

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from app.curation.services import CROSSREF, EUROPE_PMC, Answer, ServiceFault, ask
from app.models.publication import PublicationKind
from app.seeding.files import DataFault, Problem, bare, read_text
from app.store.text import fold

Row = dict[str, Any]

KINDS = {
    "meta-analysis": PublicationKind.META_ANALYSIS,
    "randomized controlled trial": PublicationKind.RANDOMISED_TRIAL,
    "case reports": PublicationKind.CASE_REPORT,
    "observational study": PublicationKind.COHORT,
    "systematic review": PublicationKind.REVIEW,
    "review": PublicationKind.REVIEW,
    "review-article": PublicationKind.REVIEW,
}
"""What the types of PubMed say of a study, the most telling first; what they do not say a person looks up."""

NOTICES = ("retraction in", "erratum in", "expression of concern in", "corrected and republished in")
"""What Europe PMC calls the notice of something that is wrong with a publication."""


class Author(Answer):
    full_name: str | None = None
    collective_name: str | None = None


class Authors(Answer):
    author: list[Author] = []


class Journal(Answer):
    title: str


class Issue(Answer):
    journal: Journal
    volume: str | None = None
    issue: str | None = None
    date_of_publication: str = ""
    year_of_publication: int | None = None
    print_publication_date: str | None = None


class Types(Answer):
    pub_type: list[str] = []


class Notice(Answer):
    type: str
    id: str | None = None
    reference: str | None = None


class Notices(Answer):
    comment_correction: list[Notice] = []


class Paper(Answer):
    """A result of Europe PMC, https://europepmc.org/RestfulWebService."""

    id: str
    source: str
    title: str
    pmid: str | None = None
    pmcid: str | None = None
    doi: str | None = None
    author_list: Authors = Authors()
    journal_info: Issue | None = None
    page_info: str | None = None
    pub_year: int | None = None
    pub_type_list: Types = Types()
    comment_correction_list: Notices = Notices()
    first_publication_date: str | None = None

    @property
    def address(self) -> str:
        return f"https://europepmc.org/article/{self.source}/{self.id}"

    def row(self) -> Row:
        """The fields of a publication, as far as they are told."""
        issue = self.journal_info
        named = [each.full_name or each.collective_name for each in self.author_list.author]
        types = {each.lower() for each in self.pub_type_list.pub_type}
        year = issue.year_of_publication if issue else None
        return told(
            kind=next((str(kind) for name, kind in KINDS.items() if name in types), None),
            title=self.title,
            authors=[each for each in named if each],
            journal=issue.journal.title if issue else None,
            year=year or self.pub_year,
            published=self.published(),
            volume=issue.volume if issue else None,
            issue=issue.issue if issue else None,
            pages=self.page_info,
            doi=self.doi,
            pmid=self.pmid,
            pmcid=self.pmcid,
        )

    def published(self) -> str | None:
        """The day, or the month where only that is known: print of a month is dated its first day."""
        day, issue = self.first_publication_date, self.journal_info
        if not day:
            return None
        printed = issue and issue.print_publication_date == day
        exact = issue and re.search(r" \d{1,2}$", issue.date_of_publication)
        return day[:7] if printed and day.endswith("-01") and not exact else day

    def notices(self) -> list[str]:
        """That it was retracted or corrected, and where that is said."""
        found = [
            f"{each.type} {each.reference or each.id or ''}".strip()
            for each in self.comment_correction_list.comment_correction
            if each.type.lower() in NOTICES
        ]
        retracted = "retracted publication" in {each.lower() for each in self.pub_type_list.pub_type}
        return ["Retracted publication", *found] if retracted else found


class Results(Answer):
    result: list[Paper]


class Papers(Answer):
    """An answer of Europe PMC."""

    result_list: Results


class Contributor(BaseModel):
    given: str | None = None
    family: str | None = None
    name: str | None = Field(default=None, validation_alias=AliasChoices("name", "literal"))


class Day(BaseModel):
    parts: list[list[int | None]] = Field(default=[], alias="date-parts")


class Update(BaseModel):
    """A notice on a work, such as its retraction."""

    type: str
    doi: str = Field(default="", alias="DOI")


class Work(BaseModel):
    """A work of Crossref, https://api.crossref.org, or an item of CSL-JSON: they have most keys in common."""

    type: str = ""
    title: str | list[str] = ""
    journal: str | list[str] | None = Field(default=None, alias="container-title")
    authors: list[Contributor] = Field(default=[], alias="author")
    issued: Day | None = None
    volume: str | None = None
    issue: str | None = None
    page: str | None = None
    doi: str | None = Field(default=None, alias="DOI")
    pmid: str | None = Field(default=None, alias="PMID")
    pmcid: str | None = Field(default=None, alias="PMCID")
    url: str | None = Field(default=None, alias="URL")
    updates: list[Update] = Field(default=[], alias="updated-by")

    def notices(self) -> list[str]:
        """That it was retracted or corrected, and where that is said."""
        return [f"{each.type} {each.doi}".strip() for each in self.updates]

    def row(self) -> Row:
        """The fields of a publication, as far as they are told."""
        day = [each for each in self.issued.parts[0] if each] if self.issued and self.issued.parts else []
        return told(
            kind=str(PublicationKind.REVIEW) if self.type == "review" else None,
            title=first_of(self.title),
            authors=[name for each in self.authors if (name := author_of(each))],
            journal=first_of(self.journal),
            year=day[0] if day else None,
            published=f"{day[0]}-" + "-".join(f"{each:02}" for each in day[1:3]) if len(day) > 1 else None,
            volume=self.volume,
            issue=self.issue,
            pages=self.page,
            doi=self.doi,
            pmid=self.pmid,
            pmcid=self.pmcid,
            url=None if self.doi or self.pmid else self.url,
        )


class Message(BaseModel):
    """An answer of Crossref."""

    message: Work


def author_of(person: Contributor) -> str | None:
    """`Family AB`, or the name of a group."""
    if not person.family:
        return person.name
    return f"{person.family} {initials(person.given or '')}".strip()


def initials(given: str) -> str:
    return "".join(each[0] for each in re.split(r"[\s.\-]+", given) if each)


def first_of(value: str | list[str] | None) -> str | None:
    return (value[0] if value else None) if isinstance(value, list) else value


def told(**fields: Any) -> Row:
    """A row of what is known, in the form that seed files have."""
    row = {name: plain(value) for name, value in fields.items() if value}
    if row.get("title"):
        row["title"] = re.sub(r"(?<!\.\.)\.$", "", row["title"])
    row |= {name: bare(name, row[name]) for name in ("doi", "pmid", "pmcid") if name in row}
    if row.get("pages"):
        row["pages"] = whole_pages(row["pages"])
    return row


def plain(value: Any) -> Any:
    """A text without markup, in one line, with accents in one; a list of such texts."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, str):
        return value
    without = html.unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", value))
    visible = "".join(each if each.isprintable() else " " for each in without)
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def whole_pages(pages: str) -> str:
    """`535-541` of `535-41`, and with a hyphen for any dash."""
    begin, dash, end = re.sub("[\u2010-\u2015]", "-", pages).partition("-")
    short = dash and begin.isdigit() and end.isdigit() and len(end) < len(begin)
    return f"{begin}-{begin[: len(begin) - len(end)]}{end}" if short else f"{begin}{dash}{end}"


def search(terms: Sequence[str]) -> list[Paper]:
    """The papers of Europe PMC that any of some terms finds."""
    query = {"query": " OR ".join(terms), "resultType": "core", "format": "json", "pageSize": "1000"}
    found = ask(EUROPE_PMC, "/search", Papers, query)
    return found.result_list.result if found else []


def term_of(registry: str, local: str) -> str:
    """How Europe PMC is asked for an identifier."""
    return {"doi": f'DOI:"{local}"', "pmid": f"(EXT_ID:{local} AND SRC:MED)", "pmcid": f"PMCID:{local}"}[
        registry
    ]


def look_up(registry: str, local: str) -> tuple[Row, str, list[str]]:
    """A publication by its identifier, the address it is from, and what is wrong with it; or ServiceFault."""
    for paper in search([term_of(registry, local)]):
        row = paper.row()
        if row.get("title") and str(row.get(registry, "")).lower() == local.lower():
            return row, paper.address, paper.notices()
    if registry == "doi":
        row, source, notices = work(local)
        if row.get("title"):
            return row, source, notices
    known = "Europe PMC and Crossref know" if registry == "doi" else "Europe PMC knows"
    raise ServiceFault(f"{known} no {registry} {local}")


def work(doi: str) -> tuple[Row, str, list[str]]:
    """What Crossref knows of a DOI, the address of that, and what is wrong with it; or an empty row."""
    path = f"/works/{quote(doi, safe='')}"
    found = ask(CROSSREF, path, Message, {})
    source = f"{CROSSREF.address}{path}"
    return (found.message.row(), source, found.message.notices()) if found else ({}, source, [])


TAG = re.compile(r"([A-Z][A-Z0-9]{1,3}) *- ?(.*)")
"""A line of PubMed's format (.nbib) or of RIS; further lines of a value are indented."""


def tagged(lines: Iterable[str]) -> Iterator[dict[str, list[str]]]:
    """The records of a file in PubMed's format or in RIS, as the values of each tag."""
    record: dict[str, list[str]] = {}
    values: list[str] = []
    for line in lines:
        if found := TAG.match(line):
            if found[1] in ("PMID", "TY") and record:
                yield record
                record = {}
            values = record.setdefault(found[1], [])
            values.append(found[2].strip())
        elif line.startswith(" ") and values:
            values[-1] += f" {line.strip()}"
    if record:
        yield record


def from_tags(record: dict[str, list[str]]) -> Row:
    """A publication of its tags; PubMed and RIS share few of them."""

    def one(*tags: str) -> str | None:
        return next((value for tag in tags for value in record.get(tag, []) if value), None)

    ids = {
        kind: value
        for each in record.get("LID", []) + record.get("AID", [])
        for value, kind in re.findall(r"(\S+) \[(\w+)\]", each)
    }
    types = {each.lower() for each in record.get("PT", [])}
    pages = one("PG") or "-".join(filter(None, (one("SP"), one("EP"))))
    day = re.findall(r"\d+", one("DP", "DA", "PY", "Y1") or "")
    named = record.get("AU", []) + record.get("A1", []) + record.get("CN", [])
    return told(
        kind=next((str(kind) for name, kind in KINDS.items() if name in types), None),
        title=one("TI", "T1"),
        authors=[name.replace(",", "") if "PMID" in record else turned(name) for name in named],
        journal=one("JT", "JO", "T2", "JF"),
        year=int(day[0]) if day else None,
        volume=one("VI", "VL"),
        issue=one("IP", "IS"),
        pages=pages,
        doi=ids.get("doi") or one("DO"),
        pmid=one("PMID"),
        pmcid=one("PMC"),
        url=None if one("DO", "PMID") else one("UR"),
    )


def turned(name: str) -> str:
    """`Family AB` of `Family, A. B.`."""
    family, comma, given = name.partition(",")
    return f"{family} {initials(given.strip())}".strip() if comma else name


def read_file(path: Path) -> list[Row]:
    """The publications of a file from a manager of references; raises DataFault where it is none."""
    content = read_text(path)
    if path.suffix != ".json":
        rows = [from_tags(each) for each in tagged(content.lstrip("\ufeff").splitlines())]
    else:
        try:
            items = json.loads(content)
            rows = [
                Work.model_validate(each).row() for each in (items if isinstance(items, list) else [items])
            ]
        except (ValueError, ValidationError):
            raise DataFault([Problem(path.name, "", "", "references in CSL-JSON")]) from None
    if not rows or not all(row.get("title") for row in rows):
        raise DataFault([Problem(path.name, "", "", "references, each with a title (PubMed, RIS, CSL-JSON)")])
    return rows


def key_of(title: str) -> str:
    """A title as it is compared with others."""
    return re.sub(r"[^a-z0-9]", "", fold(plain(title)))


def same_as(row: Row, others: Iterable[Row]) -> tuple[str, str] | None:
    """The id of a row on the same publication, and the field that says so."""
    for other in others:
        for field in ("doi", "pmid", "pmcid"):
            if row.get(field) and str(row[field]).lower() == str(other.get(field, "")).lower():
                return other["id"], field
        if key_of(row["title"]) == key_of(other.get("title", "")):
            return other["id"], "title"
    return None


def named_alike(journal: str, known: Iterable[str]) -> str:
    """A journal under the name that seed files have for it; without one its words are capitalised."""
    main = re.sub(r"\s*(?: : |\(|:).*$", "", journal)
    for each in known:
        if key_of(each) in (key_of(journal), key_of(main)):
            return each
    small = {"a", "an", "and", "de", "for", "in", "of", "on", "the", "to"}
    words = main.split()
    return " ".join(
        each if (number and each in small) or not each.islower() else each.capitalize()
        for number, each in enumerate(words)
    )


LETTERS = "bcdefghijklmnopqrstuvwxyz"


def id_of(row: Row, taken: Iterable[str]) -> str:
    """The first author and the year, as `chen-2013`, then `chen-2013b`; else words of the title."""
    first = row["authors"][0] if row.get("authors") else ""
    family = re.sub(r"\s+\S{1,4}$", "", first)
    words = re.findall(r"[a-z0-9]+", fold(family or row["title"]))[: 3 if family else 5]
    stem = "-".join([*words, *([str(row["year"])] if row.get("year") else [])])
    known = set(taken)
    return next(
        each
        for each in chain(
            [stem], (f"{stem}{letter}" for letter in LETTERS), (f"{stem}-{n}" for n in count(27))
        )
        if each not in known
    )
