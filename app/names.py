"""Finding a record by what people call it: ids, names, brands, codes, identifiers, in any spelling."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA
from sqlalchemy import select
from sqlmodel import Session, col

from app.errors import AmbiguousName, Candidate, RecordNotFound, Suggestion
from app.models.base import PREFIXES, Kind
from app.models.finding import MatchedOn, Name
from app.text import squeeze

STRENGTH = {each: number for number, each in enumerate(MatchedOn)}

ADDRESS = re.compile(r"^https?://(?:dx\.)?(?:doi\.org|pubmed\.ncbi\.nlm\.nih\.gov)/", re.IGNORECASE)
"""Where identifiers are pasted from."""

SOUGHT = (MatchedOn.ID, MatchedOn.NAME, MatchedOn.SYMBOL, MatchedOn.BRAND, MatchedOn.SYNONYM)
"""What a misspelt term is compared with; a wrong digit in an identifier is another identifier."""

LONGEST = 60
"""Longer names are titles and sentences, which nobody misspells from memory."""

CUT_OFF = 70
"""How alike, of 100, a term and a name must be for the name to be suggested."""


@dataclass(frozen=True)
class Resolution:
    """What a term stands for: one record, or several candidates, or none but those that are near."""

    term: str
    match: Candidate | None
    candidates: list[Candidate]
    suggestions: list[Suggestion]


def names_of(kind: Kind, row: Any, label: str, xrefs: Iterable[str]) -> list[dict[str, Any]]:
    """The rows for every name of a record; of those with the same key, the strongest."""
    found: dict[str, dict[str, Any]] = {}
    same = {"kind": kind, "record_id": row.id, "label": label}
    for matched_on, spelling in spellings(kind, row, label, xrefs):
        key = squeeze(spelling)
        if key:
            found.setdefault(key, {"key": key, "matched_on": matched_on, "spelling": spelling, **same})
    return list(found.values())


def spellings(kind: Kind, row: Any, label: str, xrefs: Iterable[str]) -> Iterator[tuple[MatchedOn, str]]:
    """The names of a record, from the strongest to the weakest."""
    yield MatchedOn.ID, row.id
    if kind not in (Kind.EVIDENCE, Kind.INTERACTION):
        yield MatchedOn.NAME, label
    if symbol := getattr(row, "symbol", None):
        yield MatchedOn.SYMBOL, symbol
    for brand in getattr(row, "brands", []):
        yield MatchedOn.BRAND, brand
        yield MatchedOn.BRAND, re.sub(r"\s*\(.*\)$", "", brand)
    for synonym in getattr(row, "synonyms", []):
        yield MatchedOn.SYNONYM, synonym
    if registry_id := getattr(row, "registry_id", None):
        yield MatchedOn.XREF, registry_id
    for curie in xrefs:
        prefix, _, local = curie.partition(":")
        yield MatchedOn.XREF, curie
        for key, registry in PREFIXES.items():
            if registry.prefix == prefix and key != prefix:
                yield MatchedOn.XREF, f"{key}:{local}"
        # A bare number could be of any registry; among publications it is a PMID.
        if not local.isdigit() or prefix == "pubmed":
            yield MatchedOn.XREF, local


def resolve(
    session: Session, terms: Iterable[str], kinds: Collection[Kind] = tuple(Kind)
) -> list[Resolution]:
    """What each term stands for among the kinds, in the order given."""
    terms = list(terms)
    keys = {term: squeeze(ADDRESS.sub("", term)) for term in terms}
    found = names_by_key(session, {key for key in keys.values() if key}, kinds)
    resolutions = []
    unknown = [term for term in terms if not found[keys[term]]]
    near = suggest(session, unknown, kinds) if unknown else {}
    for term in terms:
        names = found[keys[term]]
        strongest = min((STRENGTH[name.matched_on] for name in names), default=None)
        candidates = [
            Candidate(kind=name.kind, id=name.record_id, name=name.label, matched_on=name.matched_on)
            for name in names
            if STRENGTH[name.matched_on] == strongest
        ]
        match = candidates[0] if len(candidates) == 1 else None
        resolutions.append(
            Resolution(
                term=term,
                match=match,
                candidates=[] if match else candidates,
                suggestions=near.get(term, []),
            )
        )
    return resolutions


def names_by_key(session: Session, keys: Collection[str], kinds: Collection[Kind]) -> dict[str, list[Name]]:
    found: dict[str, list[Name]] = defaultdict(list)
    ordered = sorted(keys)
    for start in range(0, len(ordered), 500):
        chosen = select(Name).where(col(Name.key).in_(ordered[start : start + 500]))
        if len(kinds) < len(Kind):
            chosen = chosen.where(col(Name.kind).in_(kinds))
        for name in session.scalars(chosen.order_by(col(Name.kind), col(Name.record_id))):
            found[name.key].append(name)
    return found


def suggest(
    session: Session, terms: Iterable[str], kinds: Collection[Kind], most: int = 3
) -> dict[str, list[Suggestion]]:
    """The records whose names are most like each term, the most alike first.

    Of names that share as many letters, the one fewer slips away comes first, where two letters swapped are
    one slip: `NSLCC` is NSCLC before it is HNSCC. Then stronger names come first, then ids in their order.
    """
    chosen = select(  # type: ignore[call-overload]
        Name.key, Name.kind, Name.record_id, Name.label, Name.matched_on
    ).where(col(Name.matched_on).in_(SOUGHT), col(Name.kind).in_(kinds))
    names = [name for name in session.execute(chosen) if len(name.key) <= LONGEST]
    names.sort(key=lambda name: (STRENGTH[name.matched_on], name.kind, name.record_id, name.key))
    keys = [name.key for name in names]
    near: dict[str, list[Suggestion]] = {}
    for term in dict.fromkeys(terms):
        key = squeeze(term)
        records: dict[tuple[Kind, str], Suggestion] = {}
        alike = process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=CUT_OFF, limit=None)
        for _, _, number in sorted(alike, key=lambda each: (-each[1], OSA.distance(key, each[0]), each[2])):
            name = names[number]
            records.setdefault(
                (name.kind, name.record_id), Suggestion(kind=name.kind, id=name.record_id, name=name.label)
            )
        near[term] = list(records.values())[:most]
    return near


def find_id(session: Session, kind: Kind, term: str) -> str:
    """The id of the record of a kind that a term stands for; raises RecordNotFound or AmbiguousName."""
    (resolution,) = resolve(session, [term], [kind])
    if resolution.match:
        return resolution.match.id
    if resolution.candidates:
        raise AmbiguousName(
            detail=f"{term[:100]!r} stands for several records; ask for one of them by its id.",
            candidates=resolution.candidates,
        )
    raise RecordNotFound(detail=f"There is no {kind} {term[:100]!r}.", suggestions=resolution.suggestions)
