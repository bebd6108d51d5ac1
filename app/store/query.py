"""What a query asks for: names of records, words, phrases, any of several, and what is left out."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlmodel import Session, col

from app.errors import Candidate, InvalidParameter
from app.models.base import Kind
from app.models.finding import Entry, MatchedOn, Name
from app.store.names import NAMED, note_reading, resolve_names
from app.store.registries import curie_of, identifiers
from app.store.release import remember
from app.store.text import (
    CITED,
    IS_TUMOUR,
    MOST_WORDS,
    STOP,
    Word,
    apart,
    beginning_of,
    parts,
    phrase,
    phrases,
    sequence,
    spellings,
    squeeze,
    word_of,
)

LONGEST_NAME = 12
"""Words of a name within a query; a longer one must be the whole query."""

TOKEN = re.compile(r'(?<!\S)(?P<minus>-)(?=[^\W\d_]|["(])|"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+)')
ROUND = ".,;:!?()[]{}'\""
"""Signs around a word that are no part of it."""
ADDRESS = re.compile(r"(?:https?://|www\.)[^\s\"]+", re.IGNORECASE)
"""Of a page."""
QUOTES = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'))


@dataclass(frozen=True)
class Named:
    """A record as a name leads to it."""

    number: int
    kind: Kind
    record_id: str
    label: str
    matched_on: MatchedOn

    @property
    def told(self) -> bool:
        """Whether a text that holds the name is known to name the record."""
        return self.kind in NAMED and self.matched_on != MatchedOn.SOUGHT_AS

    @property
    def candidate(self) -> Candidate:
        return Candidate(kind=self.kind, id=self.record_id, name=self.label, matched_on=self.matched_on)


@dataclass(frozen=True)
class Unit:
    """One thing that a record must hold: any of some alternatives, or of some phrases."""

    typed: str
    word: Word
    phrases: tuple[str, ...] = ()
    records: tuple[Named, ...] = ()

    @property
    def alternatives(self) -> Word:
        """What a record holds of it by single words, whatever their order."""
        return [*self.word, *(tuple(each.split()) for each in self.phrases)]

    def or_else(self, other: "Unit") -> "Unit":
        return Unit(
            f"{self.typed} OR {other.typed}",
            self.word + other.word,
            self.phrases + other.phrases,
            self.records + other.records,
        )


@dataclass(frozen=True)
class Query:
    units: list[Unit]
    excluded: list[Unit]
    exact: list[int]
    """The numbers of the entries that have the whole query as a name, in their order."""


@dataclass(frozen=True)
class Item:
    """A part of a query between operators."""

    text: str
    quoted: bool = False
    excluded: bool = False
    joined: bool = False
    """Whether OR stands before it."""


def marker(number: int) -> str:
    """The term under which entries are found that name a record, or refer to it."""
    return f"__{number}"


def read_query(session: Session, text: str) -> Query:
    """What a query asks for; raises InvalidParameter for more than a search takes."""
    query = remember(session, ("query", text), lambda: read(session, text))
    for unit in (*query.units, *query.excluded):
        is_sought = {each.matched_on for each in unit.records} == {MatchedOn.SOUGHT_AS}
        if is_sought and not IS_TUMOUR.fullmatch(unit.typed.lower()):  # any tumour is one
            note_reading(session, unit.typed, [each.candidate for each in unit.records])
    return query


def read(session: Session, text: str) -> Query:
    items, fault = [], None
    text = ADDRESS.sub(partial(bearer_of, session), CITED.sub(" ", text))
    try:
        items = list(split(text.translate(QUOTES)))
    except InvalidParameter as error:  # no fault of a name
        fault = error
    names = names_in(session, text, [each.text for each in items if not each.quoted])
    exact = sorted(each.number for each in names.whole)
    if names.whole and (names.is_spelt or all(map(is_plain, items))):
        return Query([unit_of_name(text.strip(), words_of(text), names.whole)], [], exact)
    if fault:
        raise fault
    units: list[Unit] = []
    excluded: list[Unit] = []
    for place, item in enumerate(items):
        found = units_of(item, names.within)
        check_brackets(item, items[place + 1 : place + 2], len(found))
        if item.excluded:
            excluded += found
        elif item.joined and units and found:
            units[-1:] = [units[-1].or_else(found[0]), *found[1:]]
        else:
            units += found
    kept = [each for each in units if each.typed not in STOP] or units
    kept = list({(repr(each.word), each.phrases): each for each in kept}.values())
    if (count := len(kept) + len(excluded)) > MOST_WORDS:
        raise InvalidParameter("q", f"At most {MOST_WORDS} words, these are {count}", "too_long")
    return Query(kept, excluded, exact if len(items) == 1 and items[0].quoted else [])


def bearer_of(session: Session, address: re.Match[str]) -> str:
    """The id of the record that an address is of; the address where it is of none, or of several."""
    term = address[0].strip(ROUND)
    named = {(each.kind, each.record_id) for each in resolve_names(session, term, tuple(Kind))}
    if len(named) != 1:
        return address[0]
    ((kind, record_id),) = named
    return address[0].replace(term, f"{kind}/{record_id}")


def is_plain(item: Item) -> bool:
    return not (item.quoted or item.excluded or item.joined or item.text.endswith("*"))


def split(text: str) -> Iterator[Item]:
    """The parts of a query; raises InvalidParameter where OR stands beside what is left out."""
    run: list[str] = []
    excluded = joined = after_excluded = False
    grouped = re.search(r"\sOR\s", text) is not None  # else brackets may be part of a name

    def flush() -> Iterator[Item]:
        nonlocal joined, after_excluded
        if run:
            yield Item(" ".join(run), joined=joined)
            run.clear()
            joined = after_excluded = False

    for token in TOKEN.finditer(text):
        plain, quoted = token["plain"], token["quoted"]
        if token["minus"] or plain in ("NOT", "OR"):
            yield from flush()
            excluded |= bool(token["minus"]) or plain == "NOT"
            joined |= plain == "OR"
            if joined and (excluded or after_excluded):
                raise InvalidParameter("q", "OR stands between what is sought, not beside what is left out")
        elif quoted is not None or excluded or plain.endswith("*"):
            yield from flush()
            if excluded and plain and plain.startswith("(") and not plain.endswith(")"):
                raise no_group()
            yield Item(quoted if plain is None else plain, quoted is not None, excluded, joined)
            after_excluded, excluded, joined = excluded, False, False
        else:
            if grouped and plain.startswith("("):
                yield from flush()
            run.append(curie_of(plain) or plain if ":" in plain else plain)
            if grouped and plain.endswith(")"):
                yield from flush()
    yield from flush()


def no_group() -> InvalidParameter:
    return InvalidParameter(
        "q",
        "Brackets group no words: OR stands between two words, names or phrases, and -word leaves out one",
    )


def check_brackets(item: Item, following: list[Item], units: int) -> None:
    """Refuse OR beside several words in brackets, which would be read otherwise."""
    begins = item.joined and item.text.startswith("(")
    ends = item.text.endswith(")") and any(each.joined for each in following)
    if units > 1 and not item.quoted and (begins or ends):
        raise no_group()


def words_of(text: str) -> list[str]:
    return [part for group in parts(text) for part in group]


@dataclass(frozen=True)
class Names:
    """The names within a query, by their phrases, and those that it is as a whole."""

    within: dict[str, list[Named]]
    whole: list[Named]
    is_spelt: bool
    """Whether the query is a name to the letter, signs included."""


def names_in(session: Session, text: str, parts_of_it: list[str]) -> Names:
    keys = {key for each in parts_of_it for key in phrases(words_of(each), LONGEST_NAME).values()}
    own_phrase, own_spelling = phrase(text), text.strip().lower()
    own_keys = [each for each in map(squeeze, (text, *identifiers(text))) if each]
    asked = sorted({*keys, own_phrase} - {""})
    within: dict[str, dict[int, Named]] = defaultdict(dict)
    whole: dict[int, Named] = {}
    is_spelt = False
    for start in range(0, len(asked), 500):
        is_asked: ColumnElement[bool] = col(Name.phrase).in_(asked[start : start + 500])
        if start == 0:
            is_asked = or_(is_asked, col(Name.key).in_(own_keys))
        for held, key, spelling, *bearer in session.execute(HELD.where(is_asked)):
            named = Named(*bearer)
            places = [within[held]] if held in keys else []
            if key in own_keys or held == own_phrase:
                places.append(whole)
                is_spelt |= spelling.lower() == own_spelling
            for each in places:
                if named.told or named.number not in each:
                    each[named.number] = named
    return Names({key: list(each.values()) for key, each in within.items()}, list(whole.values()), is_spelt)


HELD: Select[Any] = select(  # type: ignore[call-overload]
    *(Name.phrase, Name.key, Name.spelling),
    *(Entry.number, Entry.kind, Entry.record_id, Entry.label, Name.matched_on),
).join(Entry, (col(Name.kind) == Entry.kind) & (col(Name.record_id) == Entry.record_id))
"""Names, and the entries of those who bear them."""


def unit_of_name(typed: str, words: list[str], records: list[Named]) -> Unit:
    """What holds a name: what names its record or refers to it, or has all words of its id."""
    alternatives: Word = [(marker(each.number),) for each in records]
    if len(words) == 1 or not all(each.told for each in records):
        alternatives += apart(words)
    for each in records:
        alternatives += apart(words_of(each.record_id)) if each.kind in NAMED else []
    return Unit(typed, [each for each in dict.fromkeys(alternatives) if each], (), tuple(records))


def units_of(item: Item, known: dict[str, list[Named]]) -> list[Unit]:
    """What a part of a query asks for: its names, the longest first, and the words between them."""
    if item.quoted:
        said = sequence(item.text)
        return [Unit(f'"{item.text}"', [], (said,))] if said else []
    if item.text.endswith("*"):
        word = beginning_of(item.text)
        return [Unit(item.text, word)] if word else []
    groups = parts(item.text)
    words = [part for group in groups for part in group]
    group_of = [number for number, group in enumerate(groups) for _ in group]
    variants = [each for each in map(words_of, spellings(item.text)) if len(each) == len(words)]
    capitals = set() if item.text.isupper() else set(re.findall("[A-Z]{2,}", item.text)) - {"AND"}
    keys = phrases(words, LONGEST_NAME)
    written = {squeeze(each): each.strip(ROUND) for each in item.text.split()}

    def name_at(begin: int) -> int:
        """Where the longest name that begins at a word ends; 0 if none does."""
        if begin and len(words[begin - 1]) == 1 and group_of[begin] == group_of[begin - 1]:
            return 0  # p-STAT3 is not STAT3
        ends = range(min(begin + LONGEST_NAME, len(words)), begin, -1)
        end = next((end for end in ends if keys[begin, end] in known), 0)
        in_capitals = words[begin].upper() in capitals or item.text.isupper()
        return 0 if keys.get((begin, end)) in STOP and not in_capitals else end

    units, begin = [], 0
    while begin < len(words):
        if end := name_at(begin):
            typed = " ".join(words[begin:end])
            typed = written.get("".join(words[begin:end]), typed)
            records = known[keys[begin, end]]
            unit = unit_of_name(typed.upper() if typed in STOP else typed, words[begin:end], records)
        else:
            end = begin + 1
            while end < len(words) and group_of[end] == group_of[begin] and not name_at(end):
                end += 1
            alike = [one for each in variants for one in word_of(each[begin:end])]
            typed = "-".join(words[begin:end])
            if typed not in STOP:
                typed = written.get("".join(words[begin:end]), typed)
            elif typed.upper() in capitals:  # a name
                typed = typed.upper()
            unit = Unit(typed, list(dict.fromkeys(alike)))
        units.append(unit)
        begin = end
    return units
