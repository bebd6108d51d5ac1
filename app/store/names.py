"""Finding a record by what people call it: ids, names, brands, codes, identifiers, in any spelling."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.errors import AmbiguousName, Candidate, RecordNotFound, Suggestion
from app.models.base import PREFIXES, Kind
from app.models.finding import MatchedOn, Name
from app.store.registries import bare_address, curie_of, identifiers
from app.store.release import remember
from app.store.text import (
    CITED,
    IS_TUMOUR,
    RUN,
    STOP,
    TUMOUR,
    fold,
    index_words,
    parts,
    phrase,
    phrases,
    squeeze,
    stem,
)

NAMED = (Kind.INHIBITOR, Kind.TARGET, Kind.CANCER, Kind.MECHANISM, Kind.INDICATION)
"""Kinds of which the best known records come first; the others have no names, and come by their ids."""

STRENGTH = {each: number for number, each in enumerate(MatchedOn)}

BEHIND = re.compile(rf"(?<=\W){TUMOUR}\b", re.IGNORECASE)
ENDING = re.compile(rf"{TUMOUR}$")
POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s?\b", re.IGNORECASE)
ACRONYM = re.compile(
    r"(?P<before>\w*[A-Z]\w*[A-Z0-9][\w-]*(?: \d)?): .*|.*\((?P<behind>[A-Z][A-Z0-9-]{3,})\)"
)
"""By which a trial is known, before its title or behind it."""

BRACKETS = re.compile(r"(.+?)\s*[(\[](.+)[)\]]")

SOUGHT = tuple(each for each in MatchedOn if each != MatchedOn.XREF)
"""What a misspelt term is compared with; a wrong digit in an identifier is another identifier."""

PREFIXED = re.compile(r"\b[a-z]{1,2}(?=[A-Z]{2,}[A-Z0-9-]*\b)")
"""As in mCRC, ccRCC and pSTAT3: letters before a name, which is written in capitals."""

LONGEST_TOLD = 8
"""Words of a name that is looked for within the text of a record."""

LONGEST = 60
"""Longer names are titles and sentences, which nobody misspells from memory."""

CUT_OFF = 70
"""How alike, of 100, a term and a name must be for the name to be suggested."""

ALIKE = 90
"""The same where the term holds a name: what is less alike is something else."""

LIKE = 60
"""How alike, of 100, each word of a misspelt name must be to a word of the name."""

SHORT = 5
"""Letters of a term for which only what begins as it does, or holds it, is suggested: ESCC is not OSCC."""

FEW, MOST_HOLDING = 3, 100
"""Records that a word tells from others, if no more have it in their names; and keys that are looked at."""


@dataclass(frozen=True)
class Resolution:
    """What a term stands for: one record, or several candidates, or none but those that are near."""

    term: str
    match: Candidate | None
    candidates: list[Candidate]
    suggestions: list[Suggestion]


def names_of(
    kind: Kind, row: Any, label: str, xrefs: Iterable[str], brands: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """The rows for every name of a record; of those with the same key, the strongest."""
    found: dict[str, dict[str, Any]] = {}
    same = {"kind": kind, "record_id": row.id, "label": label}
    given = [*spellings(kind, row, label, xrefs), *sold_as(brands)]
    for matched_on, spelling in sorted(given, key=lambda each: STRENGTH[each[0]]):
        key = squeeze(spelling)
        if key:
            sought = matched_on in SOUGHT and len(key) <= LONGEST
            name = {
                "key": key,
                "phrase": phrase(spelling),
                "matched_on": matched_on,
                "spelling": spelling,
            } | same
            found.setdefault(key, name | {"sought": sought})
    return list(found.values())


def spellings(kind: Kind, row: Any, label: str, xrefs: Iterable[str]) -> Iterator[tuple[MatchedOn, str]]:
    """The names of a record, from the strongest to the weakest."""
    yield MatchedOn.ID, row.id
    if kind not in (Kind.EVIDENCE, Kind.INTERACTION):
        yield MatchedOn.NAME, label
    if symbol := getattr(row, "symbol", None):
        yield MatchedOn.SYMBOL, symbol
    yield from sold_as(getattr(row, "brands", []))
    for synonym in getattr(row, "synonyms", []):
        yield MatchedOn.SYNONYM, synonym
    yield MatchedOn.XREF, f"{kind}/{row.id}"
    for target in getattr(row, "targets", []) if kind == Kind.INHIBITOR else []:
        yield MatchedOn.XREF, f"{row.id}-inhibits-{target}"  # what the graph calls that
    if kind == Kind.TRIAL and (acronym := ACRONYM.fullmatch(label)):
        yield MatchedOn.SYNONYM, acronym["before"] or acronym["behind"]
    for number in filter(None, (getattr(row, "registry_id", None), *getattr(row, "other_ids", []))):
        yield MatchedOn.XREF, number
        yield MatchedOn.XREF, number.rpartition(" ")[2]  # without the name of its registry
    for curie in xrefs:
        prefix, _, local = curie.partition(":")
        yield MatchedOn.XREF, curie
        for key, registry in PREFIXES.items():
            if registry.prefix == prefix and key != prefix:
                yield MatchedOn.XREF, f"{key}:{local}"
        # A bare number could be of any registry; among publications it is a PMID.
        if not local.isdigit() or prefix == "pubmed":
            yield MatchedOn.XREF, local
    if kind == Kind.PUBLICATION and row.url and not curie_of(row.url):
        yield MatchedOn.XREF, bare_address(row.url)
    for wider in getattr(row, "sought_as", []):
        yield MatchedOn.SOUGHT_AS, wider


def sold_as(brands: Iterable[str]) -> Iterator[tuple[MatchedOn, str]]:
    """Brands, with what stands behind them in brackets and without."""
    for brand in brands:
        yield MatchedOn.BRAND, brand
        yield MatchedOn.BRAND, re.sub(r"\s*\(.*\)$", "", brand)


def speaks_of(text: str, bearers: Mapping[str, set[int]]) -> set[int]:
    """What a text names, by the phrases of names; one of up to three letters is told by its capitals."""
    return {each for key in names_within(text).keys() & bearers.keys() for each in bearers[key]}


def names_within(text: str) -> dict[str, int]:
    """The phrases within a text that may be names, and the words of each."""
    words = [part for group in parts(text) for part in group]
    capitals = set(re.findall("[A-Z]+", text))
    found = {key: end - begin for (begin, end), key in phrases(words, LONGEST_TOLD).items()}
    short = {key for key in found if key.isalpha() and len(key) <= 3 and key.upper() not in capitals}
    return {key: length for key, length in found.items() if key not in short}


def resolve(
    session: Session, terms: Iterable[str], kinds: Collection[Kind] = tuple(Kind)
) -> list[Resolution]:
    """What each term stands for among the kinds, in the order given."""
    terms = list(terms)
    found = {term: names for term, names in exact(session, terms, kinds).items() if names}
    found |= inflected(session, {each for each in terms if each not in found}, kinds)
    for term in {each for each in terms if each not in found}:
        found[term] = otherwise(session, term, kinds)
    resolutions = []
    unknown = [term for term in terms if not found[term]]
    near = suggest(session, unknown, kinds) if unknown else {}
    for term in terms:
        names = found[term]
        strongest = min((STRENGTH[name.matched_on] for name in names), default=None)
        candidates = [
            Candidate(kind=name.kind, id=name.record_id, name=name.label, matched_on=name.matched_on)
            for name in names
            if STRENGTH[name.matched_on] == strongest
        ]
        match = candidates[0] if len(candidates) == 1 else None
        if match and match.matched_on == MatchedOn.SOUGHT_AS:
            note_reading(session, term, [match])
        resolutions.append(
            Resolution(
                term=term,
                match=match,
                candidates=[] if match else candidates,
                suggestions=near.get(term, []),
            )
        )
    return resolutions


Readings = dict[str, list[Candidate]]
"""By terms that are no names, the records that they were read as."""

READ_AS = "by terms that are no name, what they are read as: more, or less, may have been meant"


def note_reading(session: Session, term: str, records: list[Candidate]) -> None:
    """Keep for the answer to say that a term is none of the names of what it was read as."""
    readings(session)[term] = records


def readings(session: Session) -> Readings:
    found: Readings = session.info.setdefault("readings", {})
    return found


def readings_told(session: Session) -> list[str]:
    """A sentence for each such term."""
    named = {
        term: " or ".join(f"{each.name} ({each.id})" for each in found)
        for term, found in readings(session).items()
    }
    return [
        f"{term!r} is no name here; it was read as {found}, which may be more, or less, than was meant."
        for term, found in named.items()
    ]


def exact(session: Session, terms: Iterable[str], kinds: Collection[Kind]) -> dict[str, list[Name]]:
    """The names that are a term, but for case, spaces and signs."""
    keys = {term: squeeze(term) for term in terms}
    found = names_by_key(session, {key for key in keys.values() if key}, kinds)
    return {term: found[key] for term, key in keys.items()}


def inflected(session: Session, terms: Iterable[str], kinds: Collection[Kind]) -> dict[str, list[Name]]:
    """The names that are a term but for inflection and spelling, of each record the strongest."""
    keys = {term: phrase(term) for term in terms}
    known: dict[str, dict[tuple[Kind, str], Name]] = defaultdict(dict)
    names = names_by(session, col(Name.phrase), set(keys.values()) - {""}, kinds)
    for name in sorted(names, key=lambda each: STRENGTH[each.matched_on]):
        known[name.phrase].setdefault((name.kind, name.record_id), name)
    return {term: list(known[key].values()) for term, key in keys.items() if key in known}


def otherwise(session: Session, term: str, kinds: Collection[Kind]) -> list[Name]:
    """What a term stands for that is no name as it is: an identifier, or a name written in another way."""
    for each in identifiers(term):
        if names := exact(session, [each], kinds)[each]:
            return names
    if len(term) > LONGEST * 2:
        return []
    bare = POSSESSIVE.sub("", CITED.sub(" ", term))
    if bare != term and (names := exact(session, [bare], kinds)[bare]):
        return names
    if brackets := BRACKETS.fullmatch(term):
        outer, inner = (resolve_names(session, each, kinds) for each in brackets.groups())
        both = {(name.kind, name.record_id) for name in inner}
        return [name for name in outer if (name.kind, name.record_id) in both]
    return []


def resolve_names(session: Session, term: str, kinds: Collection[Kind]) -> list[Name]:
    known = exact(session, [term], kinds)[term] or inflected(session, [term], kinds).get(term)
    return known or otherwise(session, term, kinds)


def names_by_key(session: Session, keys: Collection[str], kinds: Collection[Kind]) -> dict[str, list[Name]]:
    found: dict[str, list[Name]] = defaultdict(list)
    for name in names_by(session, col(Name.key), keys, kinds):
        found[name.key].append(name)
    return found


def names_by(
    session: Session, column: Any, values: Collection[str], kinds: Collection[Kind]
) -> Iterator[Name]:
    """The names of some kinds that have one of some values in a column."""
    ordered = sorted(values)
    for start in range(0, len(ordered), 500):
        chosen = select(Name).where(column.in_(ordered[start : start + 500]))
        if len(kinds) < len(Kind):
            chosen = chosen.where(col(Name.kind).in_(kinds))
        yield from session.scalars(chosen.order_by(col(Name.kind), col(Name.record_id)))


def sought_keys(session: Session, kinds: Collection[Kind]) -> list[str]:
    """The keys of all names of some kinds that a misspelt term is compared with."""

    def read() -> list[str]:
        chosen = select(Name.key).where(col(Name.sought), col(Name.kind).in_(kinds))  # type: ignore[call-overload]
        return list(session.scalars(chosen.distinct().order_by(col(Name.key))))

    return remember(session, ("names", *sorted(kinds)), read)


Near = tuple[float, int, str]
"""How unlike a term a name is, zero where the name was found otherwise; slips or letters; and its key."""


def suggest(
    session: Session, terms: Collection[str], kinds: Collection[Kind], most: int = 3
) -> dict[str, list[Suggestion]]:
    """The records whose names hold the words of each term; else those whose names are most like it.

    Stronger names come first, then ids in their order.
    """
    keys = sought_keys(session, kinds)
    whole = longest_within(session, terms, kinds)
    bearing = cache(partial(bearers_of, session, keys, kinds))
    alike: dict[str, list[Near]] = {}
    for term in dict.fromkeys(terms):
        holding, others = holders(session, term, keys, kinds)
        # A word that names hold is not misspelt; what only resembles it is something else.
        alike[term] = holding or [
            *misspelt(term, keys, whole[term], telling(term, bearing)),
            *(each for each in others if not whole[term]),
        ]
    named = names_by_key(session, {each for near in alike.values() for *_, each in near}, kinds)
    suggestions = {}
    for term, near in alike.items():
        records: dict[tuple[Kind, str], Suggestion] = {}
        for _, same in groupby(near, key=lambda each: each[:2]):
            names = [
                name
                for score, _, key in same
                for name in named[key]
                if name.sought and (score == 0 or resembles(term, name.spelling))
            ]
            names.sort(key=lambda name: (STRENGTH[name.matched_on], name.kind, name.record_id, name.key))
            for name in names:
                records.setdefault(
                    (name.kind, name.record_id),
                    Suggestion(kind=name.kind, id=name.record_id, name=name.label),
                )
        suggestions[term] = list(records.values())[:most]
    return suggestions


def holders(
    session: Session, term: str, keys: Sequence[str], kinds: Collection[Kind]
) -> tuple[list[Near], list[Near]]:
    """Of some keys, those of names that hold every word of a term, the shortest first.

    Those of things come apart: a claim whose id holds the words as well is rarely what was meant.
    """
    words = [squeeze(word) for word in BEHIND.sub("", term).split() if word.lower() not in STOP]
    holding = [each for each in keys if words and all(word in each for word in words)]
    spelt = names_by_key(session, holding, kinds)
    found = sorted(
        (0.0, len(each), each) for each in holding if any(says(name.spelling, words) for name in spelt[each])
    )
    if not {*NAMED} & {*kinds}:
        return found, []
    return [each for each in found if any(name.kind in NAMED for name in spelt[each[2]])], found


def misspelt(term: str, keys: Sequence[str], within: list[str], told: list[str]) -> list[Near]:
    """Of some keys, those most like a term, and then the names within it, or those that its words tell of.

    Of names that share as many letters, the one fewer slips away comes first, where two letters swapped are
    one slip: `NSLCC` is NSCLC before it is HNSCC.
    """
    from rapidfuzz import fuzz, process  # misspelt names alone need it
    from rapidfuzz.distance import OSA

    key, organ = squeeze(term), squeeze(BEHIND.sub("", term))
    least = ALIKE if within else CUT_OFF
    scored = process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=least, limit=None)
    alike = sorted(
        (-score, OSA.distance(key, each), each)
        for each, score, _ in scored
        # `liver cancer` resembles `bladder cancer` by its last word alone.
        if organ == key or fuzz.ratio(organ, ENDING.sub("", each)) >= CUT_OFF
        if len(key) > SHORT or each[0] == key[0] or key in each
        if not told or each in told
    )
    return [*alike, *((0.0, 0, each) for each in within or told)]


def telling(term: str, bearing: Callable[[str], list[Name]]) -> list[str]:
    """The keys of the names that hold the most telling word of a term, which fewest records have.

    Oesophageal, and not squamous, tells what an oesophageal squamous cell carcinoma is; the last word of
    several says of what kind a thing is, as in `TNF receptor`.
    """
    *before, _ = [word for group in parts(term) for word in group] or [""]
    told = [bearing(word) for word in before if len(word) > 3 and len(term) <= LONGEST]
    return [each.key for each in min(filter(None, told), key=number_of, default=[])]


def number_of(names: Iterable[Name]) -> int:
    """How many records bear some names."""
    return len({(each.kind, each.record_id) for each in names})


def bearers_of(session: Session, keys: Sequence[str], kinds: Collection[Kind], word: str) -> list[Name]:
    """Of some keys, the names that hold a word; none if many records have it."""
    holding = [each for each in keys if word in each]
    if len(holding) > MOST_HOLDING or IS_TUMOUR.fullmatch(word):
        return []
    spelt = names_by(session, col(Name.key), holding, kinds)
    names = [each for each in spelt if each.kind in NAMED and says(each.spelling, [word])]
    return names if number_of(names) <= FEW else []


def longest_within(session: Session, terms: Iterable[str], kinds: Collection[Kind]) -> dict[str, list[str]]:
    """The keys of the longest names within each term: that of a cancer in `metastatic colorectal cancer`."""
    phrases_of = {term: names_within(PREFIXED.sub("", term)) for term in terms}
    asked = {key for found in phrases_of.values() for key in found if not IS_TUMOUR.fullmatch(key)}
    known: dict[str, list[str]] = defaultdict(list)
    for name in names_by(session, col(Name.phrase), asked, kinds):
        if name.sought:
            known[name.phrase].append(name.key)
    within = {}
    for term, found in phrases_of.items():
        longest = max((length for key, length in found.items() if key in known), default=0)
        keys = (key for key, length in found.items() if key in known and length == longest)
        within[term] = list(dict.fromkeys(each for key in keys for each in known[key]))
    return within


def says(spelling: str, words: Iterable[str]) -> bool:
    """Whether a name holds some words, each as a word of its own: Bonetto holds no bone."""
    held = index_words(spelling) | index_words(spelling.replace("-", " "))
    return {stem(word) for word in words} <= held


def resembles(term: str, spelling: str) -> bool:
    """Whether a term of several words is a name misspelt: each word is like one of it, or the whole is.

    Merkel is not renal, and the receptor of IL-8 not that of IL-6.
    """
    from rapidfuzz import fuzz, process  # misspelt names alone need it

    words, held = RUN.findall(fold(BEHIND.sub("", term))), index_words(spelling)
    if len(words) == 1:
        return True
    if fuzz.ratio(squeeze(term), squeeze(spelling)) >= ALIKE:
        return re.findall(r"\d+", term) == re.findall(r"\d+", spelling)
    return all(
        each in held
        or (len(each) > 3 and process.extractOne(each, held, scorer=fuzz.ratio, score_cutoff=LIKE))
        for each in words
    )


def find_id(session: Session, kind: Kind, term: str) -> str:
    """The id of the record of a kind that a term stands for; raises RecordNotFound or AmbiguousName."""
    (resolution,) = resolve(session, [term], [kind])
    if resolution.match:
        return resolution.match.id
    if resolution.candidates:
        raise AmbiguousName(
            f"{term[:100]!r} stands for several records; ask for one of them by its id.",
            resolution.candidates,
        )
    raise RecordNotFound(f"There is no {kind} {term[:100]!r}.", resolution.suggestions)
