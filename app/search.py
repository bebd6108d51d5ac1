"""Search over every kind: the same words find the same records on both databases, in the same order.

The words of a record are made here, not by the database: a full-text index holds them as they are. Rank is by
what was hit: a whole name before words in names before words in text; then the best known record first, and
what is no thing with a name, such as a claim, in the order of ids.
"""

import html
import re
from collections import defaultdict
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
    false,
    func,
    literal,
    or_,
    select,
    table,
    text,
    true,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col

from app.catalog import BY_KIND
from app.errors import invalid_parameter
from app.models.base import Kind
from app.models.finding import Entry, Name, Term
from app.models.release import Release
from app.text import MOST_WORDS, Word, index_words, joins, query_words, squeeze

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

COMMON = 100
"""A word that fewer records hold is counted; of the others the number is stored."""

MOST_COUNTED = 10_000
"""What has no stored number is counted so far; beyond, the total says at least so many."""

FEW = 1_000
"""So many hits are fetched and sorted, where a database cannot come by them in their order."""

TRIED = 20
"""Hits of a page, for which entries are tried in their order."""

MOST_TRIED = 2_500
"""So many entries are tried for a page, or as many as there are hits."""

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
    exact: bool
    """False where there may be more than `total`: see MOST_COUNTED."""
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


def terms_of(word: str) -> list[str]:
    """By what a search finds a word: by itself, and by all that it begins with."""
    first = 2 if word.startswith("_") else 1
    return [word, *[f"{word[:end]}*" for end in range(first, len(word) + 1)]]


def unindexed(column: Any) -> Any:
    """A column as no index has it."""
    return func.coalesce(column, column)


def likely(test: Any) -> Any:
    """A test that a database takes to hold for many rows: where few were expected, it would sort them all."""
    return case((test, true()), else_=false())


def sizes(session: Session) -> dict[Kind, int]:
    """How many records of each kind the release holds; read once per session."""
    if "sizes" not in session.info:
        counts: dict[str, int] = session.scalar(select(Release.counts)) or {}  # type: ignore[call-overload]
        session.info["sizes"] = {kind: counts.get(BY_KIND[kind].path, 0) for kind in Kind}
    held: dict[Kind, int] = session.info["sizes"]
    return held


def spans(session: Session) -> dict[Kind, Span]:
    """The numbers that the entries of each kind have: they follow one another, kind after kind."""
    found_spans, last = {}, 0
    for kind in RANK:
        found_spans[kind] = (last + 1, last + sizes(session)[kind])
        last = found_spans[kind][1]
    return found_spans


def read_query(session: Session, query: str) -> list[Word]:
    """The words of a query; raises a ValidationProblem for more than a search takes."""
    neighbours = joins(query)
    known = select(Name.key).where(col(Name.key).in_(neighbours))  # type: ignore[call-overload]
    words = query_words(query, set(session.scalars(known)) if neighbours else set())
    if len(words) > MOST_WORDS:
        raise invalid_parameter("q", f"At most {MOST_WORDS} words, these are {len(words)}", "too_long")
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

    def in_order(self, expression: str, span: Span, *, near: bool) -> Select[Any]:
        """The same in their order, which SQLite has them in.

        PostgreSQL fetches and sorts all of them; or it tries one entry after the other, if hits are near.
        """
        number, matches = self.number, self.matches(expression)
        if not self.sqlite:
            number, matches = (number, likely(matches)) if near else (unindexed(number), matches)
        chosen: Select[Any] = select(number.label("number")).where(matches, number.between(*span))
        return chosen.order_by(number)


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


def found_in_order(session: Session, query: str, kind: Kind, records: int) -> Select[Any]:
    """The numbers of the so many entries of a kind that hold the words of a query, in their order."""
    index, span = Index(session), spans(session)[kind]
    expression = index.expression(read_query(session, query))
    return index.in_order(expression, span, near=is_near(records, span))


def finds(session: Session, query: str, kind: Kind, record_id: Any) -> Any:
    """Whether a query finds the record whose id a column holds: asked of one record after the other."""
    words = read_query(session, query)
    known = select(Name.record_id).where(  # type: ignore[call-overload]
        col(Name.key) == (squeeze(query) or None), col(Name.kind) == kind
    )
    is_called = record_id.in_(known)
    if not words:
        return is_called
    index = Index(session)
    number = (
        select(Entry.number)  # type: ignore[call-overload]
        .where(col(Entry.kind) == kind, col(Entry.record_id) == record_id)
        .correlate(record_id.table)
        .scalar_subquery()
    )
    held = index.numbers(index.expression(words)).where(index.number == number).correlate(record_id.table)
    return or_(is_called, held.scalar_subquery().is_not(None))


@dataclass(frozen=True)
class Counted:
    """How many records of each kind a query finds."""

    kinds: dict[Kind, int]
    exact: bool
    """False where there may be more: see MOST_COUNTED."""
    by_words: bool
    """Whether words find all of them: by a name in another spelling there may be more."""


def count_hits(session: Session, query: str, kinds: Sequence[Kind] = RANK) -> Counted:
    words = read_query(session, query)
    counts = dict.fromkeys(kinds, 0)
    by_name = session.execute(
        called(query).add_columns(col(Entry.kind)).where(col(Entry.kind).in_(kinds))
    ).all()
    exact = True
    if words:
        index = Index(session)
        by_words, exact = count_by_words(session, words, kinds)
        counts |= {kind: records for kind, records in by_words.items() if kind in counts}
        if by_name:
            numbers = [number for number, _ in by_name]
            known = index.numbers(index.expression(words)).where(index.number.in_(numbers))
            found_too = set(session.scalars(known))
            by_name = [each for each in by_name if each[0] not in found_too]
    for _, kind in by_name:
        counts[kind] += 1
    return Counted(counts, exact, by_words=bool(words) and not by_name)


def count_by_words(
    session: Session, words: list[Word], kinds: Sequence[Kind]
) -> tuple[dict[Kind, int], bool]:
    """How many records of each kind hold all the words, and whether these are all."""
    terms = stored_terms(session, words)
    stored = stored_counts(words, terms)
    if stored is not None:
        return stored, True
    index, place = Index(session), spans(session)
    expression = index.expression(words)
    numbers = index.numbers(expression)
    if most(words, terms) > FEW:
        numbers = index.numbers(expression, place[kinds[0]] if len(kinds) == 1 else None)
        numbers = numbers.limit(MOST_COUNTED + 1)
    number = numbers.subquery().c.number
    kind_of = case(*((number >= place[kind][0], kind.value) for kind in reversed(RANK))).label("kind")
    found_kinds = select(kind_of).subquery()
    counted = select(found_kinds.c.kind, func.count()).group_by(found_kinds.c.kind)
    records = {Kind(kind): held for kind, held in session.execute(counted)}
    if sum(records.values()) > MOST_COUNTED and len(kinds) > 1:
        parts = [
            select(literal(kind.value), select(func.count()).select_from(hits.subquery()).scalar_subquery())
            for kind in kinds
            for hits in [index.numbers(expression, place[kind]).limit(MOST_COUNTED + 1)]
        ]
        records = {Kind(kind): held for kind, held in session.execute(union_all(*parts))}
    exact = all(held <= MOST_COUNTED for held in records.values())
    return {kind: min(held, MOST_COUNTED) for kind, held in records.items()}, exact


Terms = dict[str, dict[Kind, int]]
"""How many records of each kind hold a term, of the terms that many hold."""


def stored_terms(session: Session, words: list[Word], mark: str = "") -> Terms:
    """What is stored of the terms of a query; with a mark, of those in names."""
    asked = {mark + term for word in words for alternative in word for term in alternative}
    stored: Terms = defaultdict(dict)
    for term, kind, records in session.execute(
        select(Term.word, Term.kind, Term.records).where(col(Term.word).in_(asked))  # type: ignore[call-overload]
    ):
        stored[term.removeprefix(mark)][kind] = records
    return stored


def stored_counts(words: list[Word], stored: Terms) -> dict[Kind, int] | None:
    """How many records of each kind hold a single term that is common; None for anything else."""
    alternatives = {each for word in words for each in word}
    match list(alternatives):
        case [(term,)] if len(words) == 1:
            return stored.get(term)
    return None


def most(words: list[Word], stored: Terms) -> int:
    """So many records hold all the words, at most."""

    def held(term: str) -> int:
        return sum(stored[term].values()) if term in stored else COMMON

    return min(sum(min(map(held, alternative)) for alternative in word) for word in words)


def search(
    session: Session, query: str, kinds: Collection[Kind], limit: int, after: tuple[int, int] | None
) -> Hits:
    """The best hits after a place in the ranking, given as (score, number); raises a ValidationProblem."""
    words = read_query(session, query)
    counted = count_hits(session, query)
    rows: list[tuple[int, int]] = []
    for score in (EXACT, NAMES, TEXT) if words else (EXACT,):
        if after is None or score <= after[0]:
            begin = after[1] + 1 if after and score == after[0] else 1
            for (first, last), near in places(session, words, score, counted, kinds):
                if limit >= len(rows) and first <= last and begin <= last:
                    part = stage(session, query, words, score, (max(first, begin), last), near=near)
                    found_numbers = session.scalars(part.limit(limit + 1 - len(rows)))
                    rows += ((score, number) for number in found_numbers)
    entries = {
        entry.number: entry
        for entry in session.scalars(
            select(Entry).where(col(Entry.number).in_([number for _, number in rows[:limit]]))
        )
    }
    items = [
        Hit(entries[number], score, snippet(entries[number].text, words)) for score, number in rows[:limit]
    ]
    more = len(rows) > limit > 0
    kept = {kind: count for kind, count in counted.kinds.items() if count}
    return Hits(
        items=items,
        total=sum(count for kind, count in kept.items() if not kinds or kind in kinds),
        exact=counted.exact,
        kinds={kind: kept[kind] for kind in sorted(kept, key=lambda kind: (-kept[kind], kind))},
        after=(items[-1].score, items[-1].entry.number) if more else None,
    )


def places(
    session: Session, words: list[Word], score: int, counted: Counted, kinds: Collection[Kind]
) -> list[tuple[Span, bool]]:
    """Where the hits of a score are, one after the other, and whether they are near each other there."""
    place = spans(session)
    asked = [kind for kind in RANK if not kinds or kind in kinds]
    anywhere = [(place[kind], False) for kind in asked] if kinds else [((1, place[RANK[-1]][1]), False)]
    few = counted.exact and sum(counted.kinds.values()) <= FEW
    if few or score == EXACT or Index(session).sqlite:
        return anywhere
    named = stored_counts(words, stored_terms(session, words, "_"))
    if score == NAMES and named is None:
        return anywhere
    records = {kind: (named or {}).get(kind, 0) for kind in asked}
    if score == TEXT:
        records = {kind: counted.kinds[kind] - held for kind, held in records.items()}
    return [(place[kind], is_near(held, place[kind])) for kind, held in records.items() if held > 0]


def is_near(records: int, span: Span) -> bool:
    """Whether so many hits are near each other in a span: a page of them is found by trying entries."""
    size = span[1] - span[0] + 1
    return size <= FEW or TRIED * size <= records * max(records, MOST_TRIED)


def stage(
    session: Session, query: str, words: list[Word], score: int, span: Span, *, near: bool
) -> Select[Any]:
    """The numbers that a score is given to, of a span, in their order."""
    if score == EXACT:
        number = unindexed(col(Entry.number))
        return called(query).where(number.between(*span)).order_by(number)
    index = Index(session)
    expression = index.expression(words, "_") if score == NAMES else index.beside_names(words)
    return index.in_order(expression, span, near=near).where(index.number.not_in(called(query)))


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
