"""Search over every kind: the same words find the same records on both databases, in the same order.

The words of a record are made here, not by the database: a full-text index holds them as they are. Rank is by
what was hit: a whole name before words in names before words in text; then the best known record first, and
what is no thing with a name, such as a claim, in the order of ids.
"""

import html
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    column,
    func,
    or_,
    select,
    table,
    text,
    union,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col

from app.catalog import BY_KIND
from app.errors import InvalidParameter
from app.models.base import Kind
from app.models.finding import Entry, Name
from app.models.release import Release
from app.store.release import remember
from app.store.text import MOST_WORDS, Word, index_words, joins, query_words, squeeze

EXACT, NAMES, TEXT = 3, 2, 1
"""The scores: the query is a name of the record, its words are in its names, or in its text."""

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

NAMED = RANK[:5]
"""Kinds of which the best known records come first; the others have no names, and come by their ids."""

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


@dataclass(frozen=True)
class Hits:
    """A part of what a search found, best first; `after` is where the next part begins."""

    items: list[Hit]
    total: int
    kinds: dict[Kind, int]
    after: tuple[int, int] | None


def words_of(names: Iterable[str], body: Iterable[str]) -> set[str]:
    """The words of a record as the index holds them: a word of a name stands there again, with a mark."""
    named = {word for each in names for word in index_words(each)}
    return {word for each in body for word in index_words(each)} | named | {f"_{word}" for word in named}


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


def read_query(session: Session, query: str) -> list[Word]:
    """The words of a query; raises a ValidationProblem for more than a search takes."""
    neighbours = joins(query)
    known = select(Name.key).where(col(Name.key).in_(neighbours))  # type: ignore[call-overload]
    words = query_words(query, set(session.scalars(known)) if neighbours else set())
    if len(words) > MOST_WORDS:
        raise InvalidParameter("q", f"At most {MOST_WORDS} words, these are {len(words)}", "too_long")
    return words


class Index:
    """The full-text index of the database of a session: numbers of entries by the words they hold."""

    def __init__(self, session: Session) -> None:
        self.sqlite = session.get_bind().dialect.name == "sqlite"
        key = column("rowid" if self.sqlite else "number", Integer)
        self.table = table("fts_entry", key, column("fts_entry"), column("words"))
        self.number: Any = self.table.c[key.name]

    def expression(self, words: list[Word], mark: str = "") -> str:
        """The words in the language of the index; with a mark, those of names alone."""
        both, either = (" AND ", " OR ") if self.sqlite else (" & ", " | ")

        def term(each: str) -> str:
            if self.sqlite:
                return f'"{mark}{each[:-1]}" *' if each.endswith("*") else f'"{mark}{each}"'
            return f"'{mark}{each[:-1]}':*" if each.endswith("*") else f"'{mark}{each}'"

        return both.join(
            "(" + either.join("(" + both.join(map(term, each)) + ")" for each in word) + ")" for word in words
        )

    def beside_names(self, words: list[Word]) -> str:
        """All the words, not all of them in names."""
        without = "NOT" if self.sqlite else "& !"
        return f"({self.expression(words)}) {without} ({self.expression(words, '_')})"

    def matches(self, expression: str) -> Any:
        if self.sqlite:
            return self.table.c.fts_entry.op("MATCH")(expression)
        return self.table.c.words.op("@@")(cast(bindparam(None, expression), TSQUERY))

    def numbers(self, expression: str, span: Span | None = None) -> Select[Any]:
        """The numbers of the entries that an expression finds, of a span of them."""
        chosen: Select[Any] = select(self.number.label("number")).where(self.matches(expression))
        return chosen.where(self.number.between(*span)) if span else chosen


def is_filled(session: Session) -> bool:
    """Whether the full-text index holds anything."""
    index = Index(session)
    known = index.numbers(index.expression(read_query(session, "interleukin 6")))
    return session.scalar(known.limit(1)) is not None


def called(query: str) -> Select[Any]:
    """The numbers of the entries that have the whole query as a name."""
    numbers: Select[Any] = (
        select(Entry.number)  # type: ignore[call-overload]
        .join(Name, (col(Name.kind) == Entry.kind) & (col(Name.record_id) == Entry.record_id))
        .where(col(Name.key) == (squeeze(query) or None))
    )
    return numbers


def found(session: Session, query: str, kind: Kind | None = None) -> Select[Any]:
    """The numbers of all entries that a query finds, of all kinds or of one, in no order."""
    words = read_query(session, query)
    exact = called(query)
    if kind:
        exact = exact.where(col(Entry.kind) == kind)
    if not words:
        return exact
    index = Index(session)
    everywhere = index.numbers(index.expression(words), spans(session)[kind] if kind else None)
    return select(union(exact, everywhere).subquery().c.number)


def count_hits(session: Session, query: str) -> dict[Kind, int]:
    """How many records of each kind a query finds."""

    def read() -> dict[Kind, int]:
        number = found(session, query).subquery().c.number
        place = spans(session)
        kind_of = case(*((number >= place[kind][0], kind.value) for kind in reversed(RANK))).label("kind")
        kinds = select(kind_of).subquery()
        counted = session.execute(select(kinds.c.kind, func.count()).group_by(kinds.c.kind))
        return {Kind(kind): records for kind, records in counted}

    return remember(session, ("hits", query), read)


def search(
    session: Session, query: str, kinds: Collection[Kind], limit: int, after: tuple[int, int] | None
) -> Hits:
    """The best hits after a place in the ranking, given as (score, number); raises InvalidParameter."""
    words = read_query(session, query)
    counts = count_hits(session, query)
    place = spans(session)
    asked = [place[kind] for kind in RANK if not kinds or kind in kinds]
    rows: list[tuple[int, int]] = []
    for score in (EXACT, NAMES, TEXT) if words else (EXACT,):
        if limit and len(rows) <= limit and (after is None or score <= after[0]):
            begin = after[1] + 1 if after and score == after[0] else 1
            numbers = stage(session, query, words, score, begin)
            if kinds:
                numbers = within(numbers, asked)
            found_numbers = session.scalars(numbers.limit(limit + 1 - len(rows)))
            rows += ((score, number) for number in found_numbers)
    wanted = [number for _, number in rows[:limit]]
    entries = {
        entry.number: entry for entry in session.scalars(select(Entry).where(col(Entry.number).in_(wanted)))
    }
    items = [
        Hit(entries[number], score, snippet(entries[number].text, words)) for score, number in rows[:limit]
    ]
    return Hits(
        items=items,
        total=sum(count for kind, count in counts.items() if not kinds or kind in kinds),
        kinds={kind: counts[kind] for kind in sorted(counts, key=lambda kind: (-counts[kind], kind))},
        after=(items[-1].score, items[-1].entry.number) if len(rows) > limit > 0 else None,
    )


def stage(session: Session, query: str, words: list[Word], score: int, begin: int) -> Select[Any]:
    """The numbers from one on that a score is given to, in their order."""
    if score == EXACT:
        return called(query).where(col(Entry.number) >= begin).order_by(col(Entry.number))
    index = Index(session)
    expression = index.expression(words, "_") if score == NAMES else index.beside_names(words)
    numbers = index.numbers(expression).where(index.number >= begin, index.number.not_in(called(query)))
    return numbers.order_by(index.number)


def within(numbers: Select[Any], asked: Sequence[Span]) -> Select[Any]:
    """The numbers that lie in one of some spans."""
    (number,) = numbers.selected_columns
    return numbers.where(or_(*(number.between(first, last) for first, last in asked)))


def snippet(body: str, words: list[Word]) -> str:
    """The part of a text around its first hit, as HTML: hits in <mark>, all else escaped."""
    terms = {term for word in words for alternative in word for term in alternative}
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
