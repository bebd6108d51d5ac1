"""Lists and records: pages in the order asked for, totals, facets, and single records by any name."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlmodel import Session, col

from app.catalog import BY_KIND, RESOURCES, Resource
from app.errors import InvalidParameter, NoRelease, RecordNotFound
from app.models.base import Kind
from app.models.cancer import NOT_STUDIED, Judgement, asks_otherwise, judgement_of
from app.models.filters import Filters
from app.models.finding import Entry
from app.models.history import Revision
from app.models.release import ReleaseRead
from app.store.conditions import Conditions, count_values, find_conditions, sources_of
from app.store.cursor import no_cursor, pack, unpack
from app.store.names import Readings, find_id, readings, resolve
from app.store.release import remember
from app.store.search import is_filled
from app.store.text import plain

Clause = ColumnElement[bool]
Scalar = str | int | float | bool | None

SHAPE = ("limit", "cursor", "sort", "fields", "facets", "format")
"""Parameters that say how a list is shown, not what it holds."""


@dataclass(frozen=True)
class Page:
    """A part of a list: each item is the JSON of a record."""

    items: list[str]
    total: int
    next_cursor: str | None
    missing: list[str] | None = None
    """Of the ids asked for, those that are no record's."""
    facets: dict[str, dict[str, int]] | None = None
    read_as: Readings = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: columns, each rising or falling, nulls last; the id breaks ties."""

    columns: list[tuple[Any, bool]]

    @classmethod
    def of(cls, conditions: Conditions, sort: Sequence[str]) -> "Order":
        columns = []
        for name in [*sort, "id"]:
            column = conditions.column(name.removeprefix("-"))
            columns.append((column, name.startswith("-")))
            if name.removeprefix("-") == "id":
                break
        return cls(columns)

    def by(self, first: int = 0) -> list[Any]:
        """What a query is ordered by, from one of the columns on, in the words of its index."""
        parts = []
        for column, falling in self.columns[first:]:
            part = column.desc() if falling else column.asc()
            has_index_of_its_own = falling and column.key != "id"
            parts.append(part.nulls_last() if has_index_of_its_own or is_nullable(column) else part)
        return parts

    def behind(self, values: Sequence[Scalar]) -> Iterator[tuple[Clause, int]]:
        """What comes behind the row of these values, in parts that follow one another.

        Each part has the first columns in common with that row, and is ordered by those from a number on: so
        each is a range of an index.
        """
        for place in reversed(range(len(self.columns))):
            column, falling = self.columns[place]
            value = values[place]
            before = zip(self.columns[:place], values[:place], strict=True)
            same = [equal(each, held) for (each, _), held in before]
            if value is not None:
                yield and_(*same, beyond(column, value, falling)), place
                if is_nullable(column):
                    yield and_(*same, column.is_(None)), place + 1


def is_nullable(column: Any) -> bool:
    """Whether a column may hold null; one that is computed does not."""
    return bool(getattr(column, "nullable", False))


def equal(column: Any, value: Scalar) -> Clause:
    clause: Clause = column.is_(value) if value is None or isinstance(value, bool) else column == value
    return clause


def beyond(column: Any, value: Scalar, falling: bool) -> Clause:
    """What comes later than a value in a column; of two truth values, false is the lesser."""
    if isinstance(value, bool):
        clause: Clause = false() if value is not falling else column.is_(not value)
    else:
        clause = column < value if falling else column > value
    return clause


def encode_cursor(sort: list[str], values: Sequence[Any]) -> str:
    return pack([sort, [value.value if isinstance(value, StrEnum) else value for value in values]])


def decode_cursor(cursor: str, order: Order, sort: list[str]) -> list[Scalar]:
    """The values of the last row before the page; raises InvalidParameter if it is no cursor of ours."""
    match unpack(cursor):
        case [list(sorted_by), list(values)] if len(values) == len(order.columns):
            if sorted_by != sort:
                raise no_cursor("This cursor is of a list in another order")
            if all(fits(column, value) for (column, _), value in zip(order.columns, values, strict=True)):
                return values
    raise no_cursor()


UNFIT = re.compile("[\\x00\\ud800-\\udfff]")
"""What no database takes in a text: NUL, and half characters."""


def fits(column: Any, value: object) -> bool:
    """Whether a value could stand in a column: what could not must not reach a database."""
    if value is None:
        return is_nullable(column)
    kind = column.type.python_type
    if issubclass(kind, str):
        return isinstance(value, str) and not UNFIT.search(value)
    if issubclass(kind, bool):
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 2**53 and (issubclass(kind, float) or isinstance(value, int))


def find_page(session: Session, resource: Resource, filters: Filters) -> Page:
    """The records that hold to the filters, in the order asked for, from the cursor on."""
    conditions = find_conditions(session, resource, filters)
    if filters.ids:
        return find_by_ids(session, resource, filters, conditions)
    order = Order.of(conditions, filters.sort)
    after = None if filters.cursor is None else decode_cursor(filters.cursor, order, filters.sort)
    columns = [resource.table.item, *(column for column, _ in order.columns)]
    clauses = conditions.clauses()
    wanted = filters.limit + 1 if filters.limit else 0
    rows = rows_of(session, select(*columns).where(*clauses), order, after, wanted)
    more = len(rows) > filters.limit > 0
    rows = rows[: filters.limit]
    question = ("total", resource.path, asked_for(filters))
    return Page(
        items=as_asked(session, resource, filters, [row[0] for row in rows]),
        total=remember(session, question, lambda: count(session, resource, clauses)),
        next_cursor=encode_cursor(filters.sort, rows[-1][1:]) if more else None,
        facets=find_facets(session, conditions, filters),
        read_as=readings(session),
    )


def first_number(session: Session, resource: Resource, filters: Filters, total: int) -> int:
    """The number that the first record of a page has in its list."""
    if filters.cursor is None:
        return 1
    conditions = find_conditions(session, resource, filters)
    order, clauses = Order.of(conditions, filters.sort), conditions.clauses()
    behind = order.behind(decode_cursor(filters.cursor, order, filters.sort))
    return total + 1 - sum(count(session, resource, [*clauses, clause]) for clause, _ in behind)


def rows_of(
    session: Session, chosen: Select[Any], order: Order, after: Sequence[Scalar] | None, limit: int | None
) -> list[Any]:
    """The first rows behind a place in an order; all of them without a limit."""
    if after is None:
        return list(session.execute(chosen.order_by(*order.by()).limit(limit)))
    rows: list[Any] = []
    for clause, place in order.behind(after):
        left = None if limit is None else limit - len(rows)
        if left == 0:
            break
        rows += session.execute(chosen.where(clause).order_by(*order.by(place)).limit(left))
    return rows


def asked_for(filters: Filters) -> str:
    """What a list holds by its filters, whatever their order and however it is shown."""
    names = sorted(name for name in filters.model_fields_set if name not in SHAPE)
    return repr([(name, getattr(filters, name)) for name in names])


def count(session: Session, resource: Resource, clauses: list[Clause]) -> int:
    held = select(func.count()).select_from(resource.table).where(*clauses)
    return session.scalar(held) or 0


def find_by_ids(session: Session, resource: Resource, filters: Filters, narrower: Conditions) -> Page:
    """The records of the ids asked for, in that order, each once; those that are none are named."""
    if filters.cursor is not None or filters.sort:
        raise InvalidParameter("ids", "The records come in the order of ids: leave out sort and cursor")
    asked = resolve(session, filters.ids, [resource.kind])
    # A name may hold a comma itself: of its parts, only what the whole does not stand for is asked for.
    whole = {each.term for each in asked if each.match and "," in each.term}
    parts = {part for term in whole for part in term.split(",")}
    asked = [each for each in asked if each.term not in parts and (each.match or "," not in each.term)]
    table = resource.table
    wanted = list(dict.fromkeys(each.match.id for each in asked if each.match))
    narrower.own.append(table.id.in_(wanted))
    held = dict(session.execute(select(table.id, table.item).where(*narrower.clauses())).all())
    items = as_asked(session, resource, filters, [held[each] for each in wanted if each in held])
    return Page(
        items=items[: filters.limit] if "limit" in filters.model_fields_set else items,
        total=len(items),
        next_cursor=None,
        missing=[each.term for each in asked if each.match is None],
        facets=find_facets(session, narrower, filters),
        read_as=readings(session),
    )


def all_items(session: Session, resource: Resource, filters: Filters) -> list[str]:
    """The JSON of every item of a list, from the cursor on, without a limit but one that was given."""
    conditions = find_conditions(session, resource, filters)
    if filters.ids:
        return find_by_ids(session, resource, filters, conditions).items
    order = Order.of(conditions, filters.sort)
    after = None if filters.cursor is None else decode_cursor(filters.cursor, order, filters.sort)
    limit = filters.limit if "limit" in filters.model_fields_set else None
    chosen = select(resource.table.item).where(*conditions.clauses())
    items = [row[0] for row in rows_of(session, chosen, order, after, limit)]
    return as_asked(session, resource, filters, items)


def as_asked(session: Session, resource: Resource, filters: Filters, items: list[str]) -> list[str]:
    """Items with the verdict that the list asks for, where that is not the one they hold."""
    if resource.kind != Kind.CANCER or not asks_otherwise(filters):
        return items
    specimen, level, analysis = judgement_of(filters)
    table: Any = Judgement
    asked = (table.specimen == specimen, table.min_level == level, table.analysis == analysis)
    judged = {each.cancer_id: each.model_dump() for each in session.scalars(select(table).where(*asked))}
    said = {"specimen": specimen, "min_level": filters.min_level, "analysis": filters.analysis}  # type: ignore[attr-defined]
    found = []
    for record in map(json.loads, items):
        prognosis = {**NOT_STUDIED, **judged.get(record["id"], {}), **said}
        record["prognosis"] = {name: prognosis.get(name, held) for name, held in record["prognosis"].items()}
        found.append(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
    return found


def all_sources(session: Session, resource: Resource, filters: Filters) -> list[str]:
    """The JSON of every publication behind a list, each once, in the order of their ids."""
    items = all_items(session, resource, filters)
    if resource.kind == Kind.PUBLICATION:
        return items
    ids = [json.loads(item)["id"] for item in items]
    named: set[str] = set()
    for start in range(0, len(ids), 500):
        named |= set(session.scalars(sources_of(resource, ids[start : start + 500])))
    publications = get_items(session, BY_KIND[Kind.PUBLICATION], named)
    return [publications[each] for each in sorted(named)]


def find_facets(
    session: Session, conditions: Conditions, filters: Filters
) -> dict[str, dict[str, int]] | None:
    """How many records of the filtered list have each value, the most frequent first."""
    if not filters.facets:
        return None
    question = ("facet", conditions.resource.path, asked_for(filters))
    return {
        name: remember(session, (*question, name), partial(facet, session, conditions, name))
        for name in filters.facets
    }


def facet(session: Session, conditions: Conditions, name: str) -> dict[str, int]:
    counts = [(plain(value), records) for value, records in count_values(session, conditions, name)]
    return dict(sorted(counts, key=lambda each: (-each[1], each[0])))


def get_record(session: Session, resource: Resource, name: str) -> tuple[str, str]:
    """The id and the JSON of one record, by any of its names; raises RecordNotFound or AmbiguousName."""
    table = resource.table
    known = None
    if not UNFIT.search(name):
        known = session.execute(select(table.id, table.record).where(table.id == name)).first()
    if not known:
        try:
            record_id = find_id(session, resource.kind, name)
        except RecordNotFound as error:
            raise with_history(session, resource, name, error) from None
        known = session.execute(select(table.id, table.record).where(table.id == record_id)).one()
    return known[0], known[1]


def with_history(session: Session, resource: Resource, name: str, error: RecordNotFound) -> RecordNotFound:
    """The same error; of a record that an earlier release had, it says so."""
    asked = select(col(Revision.number)).where(col(Revision.kind) == resource.kind)
    if UNFIT.search(name) or not session.execute(asked.where(col(Revision.record_id) == name)).first():
        return error
    told = f"{error} An earlier release had it: /{resource.path}/{name}/history."
    return RecordNotFound(told, error.suggestions)


def get_items(session: Session, resource: Resource, ids: Collection[str]) -> dict[str, str]:
    """The JSON that a list has of each of the records, by id."""
    table, wanted = resource.table, sorted(ids)
    held: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        held |= dict(session.execute(select(table.id, table.item).where(table.id.in_(part))).all())
    return held


def check_counts(session: Session, release: ReleaseRead) -> None:
    """Raise NoRelease where a collection does not hold as many records as the release says."""
    for resource in RESOURCES:
        held = count(session, resource, [])
        if held != release.counts[resource.path]:
            expected = release.counts[resource.path]
            raise NoRelease(f"{resource.path} has {held} rows, the release says {expected}.")
    entries = session.scalar(select(func.count()).select_from(Entry))
    if entries != sum(release.counts.values()) or not is_filled(session):
        raise NoRelease(f"The search index holds {entries} of {sum(release.counts.values())} records.")
