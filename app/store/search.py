"""Search over every kind: the same words find the same records on both databases, in the same order.

The words of a record are made here, not by the database: a full-text index holds them as they are. Rank is by
what was hit: a whole name before words in names before words in text; then the best known record first, and
what is no thing with a name, such as a claim, in the order of ids.
"""

import html
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    case,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.catalog import BY_KIND
from app.errors import Suggestion
from app.models.base import Kind
from app.models.finding import Entry, Name
from app.models.release import Release
from app.store.names import suggest
from app.store.query import Named, Query, Unit, marker, read_query
from app.store.release import remember
from app.store.text import STOP, Word, index_words, sequence, squeeze, stem

EXACT, NAMES, TEXT, PARTIAL = 3, 2, 1, 0
"""The scores: the query is a name of the record, its words are in its names, or in its text, or most are."""

RANK = [
    Kind.INHIBITOR,
    Kind.TARGET,
    Kind.CANCER,
    Kind.MECHANISM,
    Kind.INDICATION,
    Kind.TRIAL,
    Kind.PUBLICATION,
    Kind.APPROVAL,
    Kind.INTERACTION,
    Kind.EVIDENCE,
]
"""Of two hits that are alike in all else, the one whose kind comes first here comes first."""

FEW = 1_000
"""Hits that are looked up, and sorted."""

MOST_MEANT = 5
"""Suggestions of a search."""

MOST_NAMED = 20
"""Records whose names are marked in a text."""

SNIPPET = 240
"""Characters of a snippet, about."""

TOKEN = re.compile(r"[^\W_]+(?:[-\u2010-\u2015][^\W_]+)*")

Span = tuple[int, int]
"""The numbers of entries from the first to the last."""


@dataclass(frozen=True)
class Hit:
    entry: Entry
    score: int
    snippet: str
    missing: list[str] = field(default_factory=list)
    """The words that the record does not hold."""


@dataclass(frozen=True)
class Hits:
    """A part of what a search found, best first; `after` is where the next part begins."""

    items: list[Hit]
    total: int
    kinds: dict[Kind, int]
    after: tuple[int, int] | None
    missing: list[str] = field(default_factory=list)
    """Where no record holds all words: those that none holds."""
    suggestions: list[Suggestion] = field(default_factory=list)
    """Where no record holds all words: what was probably meant."""


def words_of(names: Iterable[str], body: Iterable[str], in_names: set[int], in_all: set[int]) -> set[str]:
    """The words of a record as the index holds them, with markers of the records that it names or refers to.

    What is in a name of the record stands there again, with a mark.
    """
    named = {word for each in names for word in index_words(each)} | set(map(marker, in_names))
    words = {word for each in body for word in index_words(each)} | set(map(marker, in_all))
    return words | named | {f"_{word}" for word in named}


def sequence_of(texts: Iterable[str]) -> str:
    """The words of a record in their order, as phrases are looked for."""
    return f" {' | '.join(dict.fromkeys(map(sequence, texts)))} "


def index_row(connection: Connection, number: int, words: set[str]) -> dict[str, Any]:
    """The row of the full-text index for an entry."""
    held = sorted(words)
    return {"number": number, "words": " ".join(held) if connection.dialect.name == "sqlite" else held}


def index_statement(connection: Connection) -> Any:
    if connection.dialect.name == "sqlite":
        return text("INSERT INTO fts_entry (rowid, words) VALUES (:number, :words)")
    return text(
        "INSERT INTO fts_entry (number, words) VALUES (:number, array_to_tsvector(CAST(:words AS text[])))"
    )


def spans(session: Session) -> dict[Kind, Span]:
    """The numbers that the entries of each kind have: they follow one another, kind after kind."""

    def read() -> dict[Kind, Span]:
        counts: dict[str, int] = session.scalar(select(Release.counts)) or {}  # type: ignore[call-overload]
        found_spans, last = {}, 0
        for kind in RANK:
            size = counts.get(BY_KIND[kind].path, 0)
            found_spans[kind] = (last + 1, last + size)
            last += size
        return found_spans

    return remember(session, "spans", read)


class Index:
    """The full-text index of the database of a session: numbers of entries by the words they hold."""

    def __init__(self, session: Session) -> None:
        self.sqlite = session.get_bind().dialect.name == "sqlite"
        key = column("rowid" if self.sqlite else "number", Integer)
        self.table = table("fts_entry", key, column("fts_entry"), column("words"))
        self.number: Any = self.table.c[key.name]
        self.place: Any = self.number if self.sqlite else self.number + 0
        """The number, where words are to lead: PostgreSQL else reads entries, which are long, in order."""

    def expression(self, query: Query, mark: str = "") -> str:
        """What a query asks for in the language of the index; with a mark, what is in names alone."""
        both, without = (" AND ", " NOT ") if self.sqlite else (" & ", " & !")
        wanted = both.join(self.any_of(each.alternatives, mark) for each in query.units)
        unwanted = [self.any_of(each.word) for each in query.excluded if each.word]
        return f"({wanted})" + "".join(f"{without}{each}" for each in unwanted)

    def any_of(self, word: Word, mark: str = "") -> str:
        both, either = (" AND ", " OR ") if self.sqlite else (" & ", " | ")

        def term(each: str) -> str:
            if self.sqlite:
                return f'"{mark}{each[:-1]}" *' if each.endswith("*") else f'"{mark}{each}"'
            return f"'{mark}{each[:-1]}':*" if each.endswith("*") else f"'{mark}{each}'"

        return "(" + either.join("(" + both.join(map(term, each)) + ")" for each in word) + ")"

    def beside_names(self, query: Query) -> str:
        """All that a query asks for, not all of it in names."""
        without = "NOT" if self.sqlite else "& !"
        return f"({self.expression(query)}) {without} ({self.expression(Query(query.units, [], []), '_')})"

    def matches(self, expression: str) -> Any:
        if self.sqlite:
            return self.table.c.fts_entry.op("MATCH")(expression)
        from sqlalchemy.dialects.postgresql import TSQUERY  # slow to load, and of no use with a file

        return self.table.c.words.op("@@")(cast(literal(expression), TSQUERY))

    def numbers(self, expression: str, query: Query, span: Span | None = None) -> Select[Any]:
        """The numbers of the entries that an expression finds, and that hold the phrases of a query."""
        chosen: Select[Any] = select(self.number.label("number")).where(self.matches(expression))
        chosen = chosen.where(*self.phrases(query, self.number))
        return chosen.where(self.place.between(*span)) if span else chosen

    def phrases(self, query: Query, number: Any) -> list[ColumnElement[bool]]:
        """What the index does not know: whether an entry holds phrases of a query."""
        return [
            *(self.holds(each, number) for each in query.units if each.phrases),
            *(not_(self.holds(each, number)) for each in query.excluded if each.phrases),
        ]

    def holds(self, unit: Unit, number: Any) -> ColumnElement[bool]:
        entry = aliased(Entry)
        said = or_(*(col(entry.sequence).contains(f" {each} ") for each in unit.phrases))
        held: ColumnElement[bool] = exists().where(col(entry.number) == number, said)
        if unit.word:
            held |= number.in_(select(self.number).where(self.matches(self.any_of(unit.word))))
        return held


def is_filled(session: Session) -> bool:
    """Whether the full-text index holds anything."""
    index = Index(session)
    anything = Query([Unit("il6", [("il6",)])], [], [])
    return session.scalar(index.numbers(index.expression(anything), anything).limit(1)) is not None


def found(session: Session, text: str, kind: Kind | None = None) -> Select[Any]:
    """The numbers of all entries that a query finds, of all kinds or of one, in no order."""
    return entries_of(session, read_query(session, text), kind)


def entries_of(session: Session, query: Query, kind: Kind | None = None) -> Select[Any]:
    index, span = Index(session), spans(session)[kind] if kind else None
    if query.units:
        return index.numbers(index.expression(query), query, span)
    number = col(Entry.number)
    rest: Select[Any] = select(number.label("number")).where(*index.phrases(query, number))
    for each in query.excluded:
        if each.word:
            rest = rest.where(
                number.not_in(select(index.number).where(index.matches(index.any_of(each.word))))
            )
    if not query.excluded:
        rest = rest.where(false())
    return rest.where(number.between(*span)) if span else rest


def count_hits(session: Session, text: str, query: Query) -> dict[Kind, int]:
    """How many records of each kind a query finds."""

    def read() -> dict[Kind, int]:
        number = entries_of(session, query).subquery().c.number
        place = spans(session)
        kind_of = case(*((number >= place[kind][0], kind.value) for kind in reversed(RANK))).label("kind")
        kinds = select(kind_of).subquery()
        counted = session.execute(select(kinds.c.kind, func.count()).group_by(kinds.c.kind))
        return {Kind(kind): records for kind, records in counted}

    return remember(session, ("hits", text), read)


def search(
    session: Session, text: str, kinds: Collection[Kind], limit: int | None, after: tuple[int, int] | None
) -> Hits:
    """The best hits after a place in the ranking, given as (score, number); raises InvalidParameter.

    Where no record holds all words, those that hold at least half of them.
    """
    query = read_query(session, text)
    counts = count_hits(session, text, query)
    place = spans(session)
    asked = [place[kind] for kind in RANK if not kinds or kind in kinds]
    if not counts:
        return most_of(session, text, query, asked, limit)
    rows: list[tuple[int, int]] = []
    for score in (EXACT, NAMES, TEXT):
        wanted = None if limit is None else limit + 1 - len(rows)
        if limit != 0 and wanted != 0 and (after is None or score <= after[0]):
            begin = after[1] + 1 if after and score == after[0] else 1
            numbers = stage(session, query, score, begin, asked if kinds else [], sum(counts.values()))
            if numbers is not None:
                found_numbers = session.scalars(numbers.limit(wanted))
                rows += ((score, number) for number in found_numbers)
    terms = terms_of(session, query) if rows else set()
    entries = read_entries(session, [number for _, number in rows[:limit]])
    items = [
        Hit(entries[number], score, snippet(entries[number].text, terms)) for score, number in rows[:limit]
    ]
    return Hits(
        items=items,
        total=sum(count for kind, count in counts.items() if not kinds or kind in kinds),
        kinds={kind: counts[kind] for kind in sorted(counts, key=lambda kind: (-counts[kind], kind))},
        after=(items[-1].score, items[-1].entry.number) if limit and len(rows) > limit else None,
    )


def read_entries(session: Session, numbers: Sequence[int]) -> dict[int, Entry]:
    parts = (numbers[start : start + 500] for start in range(0, len(numbers), 500))
    return {
        each.number: each
        for part in parts
        for each in session.scalars(select(Entry).where(col(Entry.number).in_(part)))
    }


def stage(
    session: Session, query: Query, score: int, begin: int, asked: Sequence[Span], total: int
) -> Select[Any] | None:
    """The numbers from one on that a score is given to, in their order; None where it is given to none.

    Those of many hits are read in that order; few are looked up by their words.
    """
    number: Any
    if score == EXACT:
        if not query.exact:
            return None
        number = col(Entry.number)
        numbers: Select[Any] = select(number).where(number.in_(query.exact), number >= begin)
        return (numbers.where(within(number, asked)) if asked else numbers).order_by(number)
    index = Index(session)
    number = index.place if asked or total <= FEW else index.number
    if query.units:
        expression = index.expression(query, "_") if score == NAMES else index.beside_names(query)
        numbers = index.numbers(expression, query)
    elif score == NAMES:
        return None
    else:
        numbers = entries_of(session, query)
        (number,) = numbers.selected_columns
    if asked:
        numbers = numbers.where(within(number, asked))
    return numbers.where(number >= begin, number.not_in(query.exact)).order_by(number)


def most_of(session: Session, text: str, query: Query, asked: Sequence[Span], limit: int | None) -> Hits:
    """What there is where no record holds all that a query asks for: the records that hold most of it."""
    missing, items = [each.typed for each in query.units], []
    if not (query.units or query.excluded):  # operators and signs are no words, and no record holds them
        missing = [text.strip()]
    if len(query.units) > 1:
        index = Index(session)
        each_alone = [Query([each], query.excluded, []) for each in query.units]
        held = union_all(
            *(
                index.numbers(index.expression(one), one).add_columns(literal(place).label("place"))
                for place, one in enumerate(each_alone)
            )
        ).subquery()
        number, place = held.c.number, held.c.place
        known = set(session.scalars(select(place).distinct()))
        missing = [each.typed for place, each in enumerate(query.units) if place not in known]
        most = select(number).group_by(number).having(func.count() * 2 >= len(query.units))
        best = session.scalars(
            most.where(within(number, asked)).order_by(func.count().desc(), number).limit(limit)
        ).all()
        holding: dict[int, set[int]] = defaultdict(set)
        for entry, one in session.execute(select(number, place).where(number.in_(best))):
            holding[entry].add(one)
        entries = read_entries(session, best)
        terms = terms_of(session, query) if best else set()
        items = [
            Hit(
                entries[entry],
                PARTIAL,
                snippet(entries[entry].text, terms),
                [each.typed for place, each in enumerate(query.units) if place not in holding[entry]],
            )
            for entry in best
        ]
    return Hits(items, 0, {}, None, missing, meant(session, [text, *missing]))


def meant(session: Session, terms: list[str]) -> list[Suggestion]:
    """The records that some terms were probably meant to name: the whole query first, then its words."""
    near = suggest(session, terms, tuple(Kind))
    found_records = {(each.kind, each.id): each for term in terms for each in near[term]}
    return list(found_records.values())[:MOST_MEANT]


def within(number: Any, asked: Sequence[Span]) -> ColumnElement[bool]:
    """Whether a number lies in one of some spans."""
    return or_(*(number.between(first, last) for first, last in asked))


def terms_of(session: Session, query: Query) -> set[str]:
    """The words by which a text may hold what a query asks for, to be marked in it."""
    terms = {term for unit in query.units for alternative in unit.alternatives for term in alternative}
    for record in [each for unit in query.units for each in unit.records][:MOST_NAMED]:
        terms |= remember(session, ("terms", record.number), partial(names_in_a_word, session, record))
    return terms - STOP or terms


def names_in_a_word(session: Session, record: Named) -> set[str]:
    """The names of a record that are one word, as the index holds them."""
    own = (col(Name.kind) == record.kind, col(Name.record_id) == record.record_id, col(Name.sought))
    names = session.scalars(select(Name.spelling).where(*own))  # type: ignore[call-overload]
    return {stem(key) for each in names if (key := squeeze(each)) and " " not in each}


def snippet(body: str, terms: set[str]) -> str:
    """The part of a text around its first hit, as HTML: hits in <mark>, all else escaped."""
    whole = {term for term in terms if not term.endswith("*")}
    beginnings = tuple(term[:-1] for term in terms if term.endswith("*"))

    def is_hit(token: re.Match[str]) -> bool:
        made = index_words(token[0])
        return bool(made & whole) or (bool(beginnings) and any(each.startswith(beginnings) for each in made))

    hits = [token for token in TOKEN.finditer(body) if is_hit(token)]
    begin = max(0, hits[0].start() - SNIPPET // 3) if hits else 0
    end = min(len(body), begin + SNIPPET)
    if begin > 0:
        begin = body.find(" ", begin) + 1
    if end < len(body):
        end = body.rfind(" ", begin, end) if " " in body[begin:end] else end
    marked, place = [], begin
    for token in hits:
        if token.start() >= begin and token.end() <= end:
            marked += [html.escape(body[place : token.start()]), f"<mark>{html.escape(token[0])}</mark>"]
            place = token.end()
    marked.append(html.escape(body[place:end]))
    return ("… " if begin > 0 else "") + "".join(marked) + (" …" if end < len(body) else "")
