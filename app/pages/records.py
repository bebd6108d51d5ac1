"""The page of a record: the record, what else is shown beside it, and the sources of it all, numbered."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlmodel import Session

from app.catalog import BY_KIND, Resource
from app.exports.jsonld import described
from app.knowledge.conflicts import find_conflicts
from app.models.base import Kind
from app.models.release import ReleaseRead
from app.models.vocabulary import EvidenceType
from app.pages.forest import forest
from app.pages.render import capital, shortened
from app.store.lists import find_page, get_items, get_record

Record = Mapping[str, Any]

EVIDENCE, PUBLICATIONS = BY_KIND[Kind.EVIDENCE], BY_KIND[Kind.PUBLICATION]

FEW = 25
"""Claims that a page shows of what may have hundreds; the rest is a click away."""

WHOLE = (Kind.CANCER, Kind.INHIBITOR)
"""Kinds whose pages show all claims, by what they are about."""


class Sources:
    """The publications that a page cites, numbered in the order in which it does."""

    def __init__(self, items: Mapping[str, Record]) -> None:
        self._items = items
        self._numbers: dict[str, int] = {}

    def number(self, record_id: str) -> int:
        return self._numbers.setdefault(record_id, len(self._numbers) + 1)

    def short(self, record_id: str) -> str:
        """First author and year; without an author, the name by which the record is known, or the journal."""
        item = self._items[record_id]
        if item["authors"]:
            who = re.sub(r" [A-Z-]+$", "", item["authors"][0])
        elif known := re.fullmatch(r"([a-z]+)-\d{4}[a-z]?", record_id):
            who = capital(known[1])
        else:
            who = item["journal"] or item["title"]
        who = shortened(who, 28)
        return f"{who} {item['year']}" if item["year"] else who

    def ids(self) -> list[str]:
        """All that a page may cite."""
        return list(self._items)

    def cite_all(self, publications: Iterable[Record]) -> list[tuple[int, Record]]:
        """All that was cited, in order; what is given is cited now, if it was not before."""
        for each in publications:
            self.number(each["id"])
        return [(number, self._items[each]) for each, number in self._numbers.items()]


def sources_of(session: Session, publications: Iterable[str]) -> Sources:
    """The publications that a page may cite."""
    wanted = {*publications}
    items = get_items(session, PUBLICATIONS, wanted) if wanted else {}
    return Sources({each: json.loads(item) for each, item in items.items()})


def cited(value: Any) -> Iterator[str]:
    """The ids of all publications that an answer names, however deep."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "publications" and isinstance(each, list):
                yield from (publication["id"] for publication in each)
            elif name == "publication":
                yield each["id"]
            else:
                yield from cited(each)
    elif isinstance(value, list):
        for each in value:
            yield from cited(each)


def claims(session: Session, limit: int, **about: list[str]) -> tuple[list[Record], int]:
    """The strongest claims about something, and how many there are."""
    page = find_page(session, EVIDENCE, EVIDENCE.filters(limit=limit, sort=["level"], **about))  # type: ignore[arg-type]
    return [json.loads(item) for item in page.items], page.total


def content(session: Session, release: ReleaseRead, resource: Resource, name: str) -> dict[str, Any]:
    """What the template of a kind shows; raises RecordNotFound or AmbiguousName."""
    record_id, text = get_record(session, resource, name)
    record = json.loads(text)
    evidence: list[Record] = []
    total = 0
    if "evidence" in record and resource.kind != Kind.PUBLICATION:
        limit = 500 if resource.kind in WHOLE else FEW
        evidence, total = claims(session, limit, **{resource.kind.value: [record_id]})
        evidence.sort(key=lambda each: each["cancer"] is None)  # of one level, what is on a cancer first
    elif resource.kind == Kind.TRIAL:
        evidence, total = claims(session, FEW, publication=[each["id"] for each in record["publications"]])
    itself = [record_id] if resource.kind == Kind.PUBLICATION else []
    sources = sources_of(session, [*itself, *cited(record), *cited(evidence)])
    shown = {
        "resource": resource,
        "record": record,
        "claims": evidence,
        "claims_total": total,
        "sources": sources,
        "data": described(resource.kind, record, release),
    }
    if resource.kind in WHOLE:
        questions = [getattr(each, resource.kind) for each in find_conflicts(session, None, None).items]
        shown["conflicts"] = len([each for each in questions if each and each.id == record_id])
    if resource.kind == Kind.CANCER:
        shown["forest"] = forest(each for each in evidence if each["type"] == EvidenceType.PROGNOSTIC)
    return shown
