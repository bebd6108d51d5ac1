"""Search over every kind: the same words find the same records on both databases, in the same order.

The words of a record are made here, not by the database: a full-text index holds them as they are. Rank is by
what was hit: a whole name before words in names before words in text; then the best known record first.
"""

import html
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Integer,
    Select,
    Subquery,
    bindparam,
    func,
    select,
    text,
    union,
)
from sqlmodel import Session, col

from app.errors import invalid_parameter
from app.models.base import Kind
from app.models.finding import Entry, Name
from app.text import MOST_WORDS, Word, index_words, joins, query_words, squeeze

EXACT, NAMES, TEXT = 3, 2, 1
"""The scores: the query is a name of the record, its words are in its names, or in its text."""

SNIPPET = 240
"""Characters of a snippet, about."""

TOKEN = re.compile(r"[^\W_]+(?:[-\u2010-\u2015][^\W_]+)*")


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


def index(connection: Connection, number: int, names: Iterable[str], body: Iterable[str]) -> dict[str, Any]:
    """The row of the full-text index for an entry, as its database wants it."""
    named = {word for each in names for word in index_words(each)}
    said = {word for each in body for word in index_words(each)} | named
    if connection.dialect.name == "sqlite":
        return {"number": number, "names": " ".join(sorted(named)), "words": " ".join(sorted(said))}
    return {"number": number, "names": sorted(named), "words": sorted(said)}


def index_statement(connection: Connection) -> Any:
    if connection.dialect.name == "sqlite":
        return text("INSERT INTO fts_entry (rowid, names, words) VALUES (:number, :names, :words)")
    return text(
        "INSERT INTO fts_entry (number, names, words) VALUES "
        "(:number, array_to_tsvector(CAST(:names AS text[])), array_to_tsvector(CAST(:words AS text[])))"
    )


def read_query(session: Session, query: str) -> list[Word]:
    """The words of a query; raises a ValidationProblem for more than a search takes."""
    neighbours = joins(query)
    known = select(Name.key).where(col(Name.key).in_(neighbours))  # type: ignore[call-overload]
    words = query_words(query, set(session.scalars(known)) if neighbours else set())
    if len(words) > MOST_WORDS:
        raise invalid_parameter("q", f"At most {MOST_WORDS} words, these are {len(words)}", "too_long")
    return words


def matching(session: Session, words: list[Word], column: str) -> Subquery:
    """The numbers of the entries whose column of the index holds all the words."""
    if session.get_bind().dialect.name == "sqlite":
        terms = " AND ".join(
            "(" + " OR ".join("(" + " AND ".join(map(quote_sqlite, each)) + ")" for each in word) + ")"
            for word in words
        )
        statement, query = (
            "SELECT rowid AS number FROM fts_entry WHERE fts_entry MATCH :query",
            f"{column} : ({terms})",
        )
    else:
        query = " & ".join(
            "(" + " | ".join("(" + " & ".join(map(quote_postgresql, each)) + ")" for each in word) + ")"
            for word in words
        )
        statement = f"SELECT number FROM fts_entry WHERE {column} @@ CAST(:query AS tsquery)"
    # One statement may hold several queries: each needs a parameter of its own.
    bound: BindParameter[str] = bindparam("query", query, unique=True)
    return text(statement).bindparams(bound).columns(number=Integer).subquery()


def quote_sqlite(term: str) -> str:
    return f'"{term[:-1]}" *' if term.endswith("*") else f'"{term}"'


def quote_postgresql(term: str) -> str:
    return f"'{term[:-1]}':*" if term.endswith("*") else f"'{term}'"


def called(query: str) -> Select[Any]:
    """The numbers of the entries that have the whole query as a name."""
    numbers: Select[Any] = (
        select(Entry.number)  # type: ignore[call-overload]
        .join(Name, (col(Name.kind) == Entry.kind) & (col(Name.record_id) == Entry.record_id))
        .where(col(Name.key) == (squeeze(query) or None))
    )
    return numbers


def found(session: Session, query: str) -> Select[Any]:
    """The numbers of all entries that a query finds, in no order."""
    words = read_query(session, query)
    if not words:
        return called(query)
    everywhere = matching(session, words, "words")
    return select(union(called(query), select(everywhere.c.number)).subquery().c.number)


def search(
    session: Session, query: str, kinds: Collection[Kind], limit: int, after: tuple[int, int] | None
) -> Hits:
    """The best hits after a place in the ranking, given as (score, number); raises a ValidationProblem."""
    words = read_query(session, query)
    chosen = [col(Entry.number).in_(found(session, query))]
    counted = select(col(Entry.kind), func.count()).where(*chosen).group_by(col(Entry.kind))
    counts: dict[Kind, int] = dict(session.execute(counted).all())
    if kinds:
        chosen.append(col(Entry.kind).in_(kinds))
    stages: dict[int, Any] = {EXACT: called(query)}
    if words:
        stages[NAMES] = select(matching(session, words, "names").c.number)
        stages[TEXT] = select(matching(session, words, "words").c.number)
    rows: list[tuple[int, Entry]] = []
    better: list[Any] = []
    for score, stage in stages.items():
        if after is None or score <= after[0]:
            part = select(Entry).where(*chosen, col(Entry.number).in_(stage), *better)
            if after is not None and score == after[0]:
                part = part.where(col(Entry.number) > after[1])
            part = part.order_by(col(Entry.number)).limit(limit + 1 - len(rows))
            rows += ((score, entry) for entry in session.scalars(part))
        if len(rows) > limit:
            break
        better.append(col(Entry.number).not_in(stage))
    items = [Hit(entry, score, snippet(entry.text, words)) for score, entry in rows[:limit]]
    more = len(rows) > limit and limit > 0
    return Hits(
        items=items,
        total=sum(count for kind, count in counts.items() if not kinds or kind in kinds),
        kinds={kind: counts[kind] for kind in sorted(counts, key=lambda kind: (-counts[kind], kind))},
        after=(items[-1].score, items[-1].entry.number) if more else None,
    )


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
