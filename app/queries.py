"""Rows: pages of a collection, single records, counts, and the release they belong to."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import Select, case, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from app import SCHEMA_REVISION
from app.catalog import BY_KIND, RESOURCES, Resource
from app.cursor import no_cursor, pack, unpack
from app.db import Database
from app.errors import AmbiguousName, NoRelease, invalid_parameter
from app.models.base import Kind
from app.models.cancer import Cancer
from app.models.claim import Direction, Level
from app.models.evidence import EvidenceFilters
from app.models.filters import AnyKind, Filters, split_commas, without
from app.models.finding import Entry, Property, Tally
from app.models.release import Release, ReleaseRead
from app.names import find_id, resolve
from app.plan import Condition, Order, Rows, Scalar, among, bounded, has, has_not, tallied, tallied_within
from app.search import NAMED, Index, count_hits, finds, found, found_in_order, read_query, sizes
from app.text import lower_ascii, plain, squeeze


@dataclass(frozen=True)
class Page:
    """A part of a list: each item is the JSON of a record."""

    items: list[str]
    total: int
    exact: bool
    """False where the list may be longer than `total`."""
    next_cursor: str | None
    missing: list[str] | None = None
    """Of the ids asked for, those that are no record's."""
    facets: dict[str, dict[str, int]] | None = None


def order_of(resource: Resource, filters: Filters) -> Order:
    table = resource.table
    columns = []
    for name in [*filters.sort, "id"]:
        field = name.removeprefix("-")
        column = getattr(table, f"{field}_id" if field in filters.references else field)
        columns.append((column, name.startswith("-")))
        if field == "id":
            break
    return Order(columns)


def encode_cursor(sort: list[str], values: Sequence[Any]) -> str:
    return pack([sort, [value.value if isinstance(value, StrEnum) else value for value in values]])


def decode_cursor(cursor: str, order: Order, sort: list[str]) -> list[Scalar]:
    """The values of the last row before the page; raises a ValidationProblem if it is no cursor of ours."""
    match unpack(cursor):
        case [list(sorted_by), list(values)] if len(values) == len(order.columns):
            if sorted_by != sort:
                raise no_cursor("This cursor is of a list in another order")
            if all(fits(column, value) for (column, _), value in zip(order.columns, values, strict=True)):
                return values
    raise no_cursor()


PROBE = 30
"""What it costs to ask the full-text index for one record, in rows that are tried along an index."""

UNFIT = re.compile("[\\x00\\ud800-\\udfff]")
"""What no database takes in a text: NUL, and half characters."""


def fits(column: Any, value: object) -> bool:
    """Whether a value could stand in a column: what could not must not reach a database."""
    if value is None:
        return bool(column.nullable)
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
    asked = conditions(session, resource, filters)
    if filters.ids:
        return find_by_ids(session, resource, filters, asked)
    search = Rows(session, resource, asked)
    order = order_of(resource, filters)
    after = None if filters.cursor is None else decode_cursor(filters.cursor, order, filters.sort)
    columns = [resource.table.item, *(column for column, _ in order.columns)]
    rows = search.page(order, after, filters.limit + 1 if filters.limit else 0, columns)
    more = len(rows) > filters.limit > 0
    rows = rows[: filters.limit]
    total, exact = search.total()
    return Page(
        items=[row[0] for row in rows],
        total=total,
        exact=exact,
        next_cursor=encode_cursor(filters.sort, rows[-1][1:]) if more else None,
        facets=count_facets(search, filters),
    )


def listing(session: Session, resource: Resource, filters: Filters, *columns: Any) -> Select[Any]:
    """The whole of a list, from the cursor on."""
    order = order_of(resource, filters)
    clauses = [each.clause for each in conditions(session, resource, filters)]
    chosen = select(*columns).where(*clauses).order_by(*order.expressions())
    if filters.cursor is not None:
        chosen = chosen.where(order.after(decode_cursor(filters.cursor, order, filters.sort)))
    return chosen.limit(filters.limit) if "limit" in filters.model_fields_set else chosen


def find_by_ids(session: Session, resource: Resource, filters: Filters, narrower: list[Condition]) -> Page:
    """The records of the ids asked for, in that order, each once; those that are none are named."""
    if filters.cursor is not None or filters.sort:
        raise invalid_parameter("ids", "The records come in the order of ids: leave out sort and cursor")
    asked = resolve(session, filters.ids, [resource.kind])
    # A name may hold a comma itself: of its parts, only what the whole does not stand for is asked for.
    whole = {each.term for each in asked if each.match and "," in each.term}
    parts = {part for term in whole for part in term.split(",")}
    asked = [each for each in asked if each.term not in parts and (each.match or "," not in each.term)]
    table = resource.table
    wanted = list(dict.fromkeys(each.match.id for each in asked if each.match))
    named = among(resource, table.id, wanted, len(wanted), exact=False)
    search = Rows(session, resource, [*narrower, named])
    held = dict(session.execute(search.chosen_by(named, [table.id, table.item])).all())
    items = [held[each] for each in wanted if each in held]
    return Page(
        items=items[: filters.limit] if "limit" in filters.model_fields_set else items,
        total=len(items),
        exact=True,
        next_cursor=None,
        missing=[each.term for each in asked if each.match is None],
        facets=count_facets(search, filters),
    )


def stream(session: Session, resource: Resource, filters: Filters) -> Iterator[str]:
    """The JSON of every item of a list, without a limit but one that was given."""
    if filters.ids:
        return iter(find_by_ids(session, resource, filters, conditions(session, resource, filters)).items)
    chosen = listing(session, resource, filters, resource.table.item)
    return iter(session.scalars(chosen.execution_options(yield_per=200)))


def stream_sources(session: Session, resource: Resource, filters: Filters) -> Iterator[str]:
    """The JSON of every publication behind a list, each once, in the order of their ids."""
    if resource.kind == Kind.PUBLICATION:
        return stream(session, resource, filters)
    table = resource.table
    listed: Any
    if filters.ids:
        held = find_by_ids(session, resource, filters, conditions(session, resource, filters)).items
        listed = [json.loads(item)["id"] for item in held]
    else:
        listed = listing(session, resource, filters, table.id)
    if "publication" in filters.references:
        named = select(table.publication_id).where(table.id.in_(listed))
    else:
        named = select(Property.key).where(  # type: ignore[call-overload]
            col(Property.kind) == resource.kind,
            col(Property.name) == "publication",
            col(Property.record_id).in_(listed),
        )
    publications = BY_KIND[Kind.PUBLICATION].table
    chosen = select(publications.item).where(publications.id.in_(named)).order_by(publications.id)
    return iter(session.scalars(chosen.execution_options(yield_per=200)))


def conditions(session: Session, resource: Resource, filters: Filters) -> list[Condition]:
    """What the filters ask of a row; raises a ValidationProblem or AmbiguousName for names of no record."""
    table, kind = resource.table, resource.kind
    asked: list[Condition] = []
    given = {name: getattr(filters, name) for name in filters.model_fields_set}
    descend = bool(given.get("include_descendants"))

    def held(name: str, keys: Sequence[Any]) -> int:
        return tallied(session, kind, name, keys)[1]

    def having(name: str, keys: list[str]) -> Condition:
        return has(resource, name, keys, held(name, keys))

    for name, value in given.items():
        plain_name, _, bound = name.partition("__")
        if value is None or value == []:
            continue
        if bound:
            within = tallied_within(session, resource, plain_name, bound, value)
            asked.append(bounded(getattr(table, plain_name), value, bound, within))
        elif name in filters.columns:
            asked.append(equals(session, resource, name, value))
        elif name in filters.members:
            asked.append(having(name, list(dict.fromkeys(map(squeeze, value)))))
        elif name in filters.references:
            wanted = list(dict.fromkeys(ids_of(session, name, filters.references[name], value, descend)))
            asked.append(among(resource, getattr(table, f"{name}_id"), wanted, held(name, wanted)))
        elif name in filters.relations:
            to = filters.relations[name]
            if isinstance(to, Kind) or to is AnyKind:
                value = ids_of(session, name, to if isinstance(to, Kind) else None, value, descend)
            asked.append(having(name, list(dict.fromkeys(map(str, value)))))
        elif name in filters.switches:
            switched = having(name, ["true"])
            asked.append(switched if value else has_not(switched, sizes(session)[kind] - switched.records))
    if level := given.get("min_level"):
        if kind == Kind.EVIDENCE:
            levels = [each for each in Level if each <= level]
            asked.append(
                among(resource, table.level, levels, held("level", [lower_ascii(each) for each in levels]))
            )
        elif verdicts := given.get("prognosis", []):
            asked.append(having("prognosis", [f"{level} {each}" for each in dict.fromkeys(verdicts)]))
        else:
            asked.append(having("min_level", [str(level)]))
    if filters.q is not None:
        asked.append(holding(session, resource, filters.q))
    return asked


def equals(session: Session, resource: Resource, name: str, value: Any) -> Condition:
    """A column is any of the values; texts are compared without regard to the case of ASCII letters."""
    column, type_ = getattr(resource.table, name), resource.filters.columns[name]
    values = list(dict.fromkeys(value)) if isinstance(value, list) else [value]
    if name == "id":
        return among(resource, column, [lower_ascii(each) for each in values], len(values), exact=False)
    keys = [lower_ascii(plain(each)) if issubclass(type_, (str, bool)) else each for each in values]
    written, records = tallied(session, resource.kind, name, keys)
    if issubclass(type_, str) and not issubclass(type_, StrEnum):
        values = written
    return among(resource, column, values, records)


def holding(session: Session, resource: Resource, query: str) -> Condition:
    """The record is one that a search finds."""
    counted = count_hits(session, query, [resource.kind])
    entries = select(Entry.record_id).where(  # type: ignore[call-overload]
        col(Entry.kind) == resource.kind, col(Entry.number).in_(found(session, query, resource.kind))
    )
    in_order = counted.by_words and resource.kind not in NAMED
    record_id = resource.table.id
    return Condition(
        record_id.in_(entries),
        finds(session, query, resource.kind, record_id),
        counted.kinds[resource.kind],
        counted.exact,
        uncounted=not counted.exact,
        in_order=in_order,
        numbers=found_in_order(session, query, resource.kind, counted.kinds[resource.kind]).subquery()
        if in_order
        else None,
        drives=counted.exact or in_order,
        price=PROBE,
    )


def ids_of(
    session: Session,
    name: str,
    kind: Kind | None,
    terms: list[str],
    descend: bool = False,
    among: Collection[Kind] = tuple(Kind),
) -> list[str]:
    """The ids that the terms of a filter stand for; `kind/id` where they may be of several kinds."""
    found_ids: list[str] = []
    resolutions = resolve(session, terms, [kind] if kind else among)
    for each in resolutions:
        if each.candidates:
            raise AmbiguousName(
                detail=f"{name}: {each.term[:100]!r} stands for several records; name one of them by its id.",
                candidates=each.candidates,
            )
        if each.match:
            found_ids.append(each.match.id if kind else f"{each.match.kind}/{each.match.id}")
    unknown = [each for each in resolutions if each.match is None]
    # A name may hold a comma itself: where the whole is known its parts need not be, and the other way round.
    whole = [each.term for each in resolutions if each.match and "," in each.term]
    unknown = [
        each
        for each in unknown
        if not any(each.term in term.split(",") for term in whole)
        and ("," not in each.term or len(terms) == 1)
    ]
    if unknown:
        near = unknown[0].suggestions
        meant = f"; did you mean {near[0].id}?" if near else ""
        raise invalid_parameter(
            name, f"There is no {kind or 'record'} {unknown[0].term[:100]!r}{meant}", "unknown_name"
        )
    if descend and kind == Kind.CANCER:
        found_ids = with_descendants(session, found_ids)
    return found_ids


def with_descendants(session: Session, cancers: list[str]) -> list[str]:
    """The cancers, and all that they hold, however deep."""
    held = select(col(Cancer.id)).where(col(Cancer.id).in_(cancers)).cte(recursive=True)
    held = held.union(select(col(Cancer.id)).join(held, col(Cancer.parent_id) == held.c.id))
    return list(session.scalars(select(held.c.id)))


def count_facets(search: Rows, filters: Filters) -> dict[str, dict[str, int]] | None:
    """How many records of the filtered list have each value, the most frequent first."""
    if not filters.facets:
        return None
    table, kind = search.resource.table, search.resource.kind
    facets = {}
    for name in dict.fromkeys(filters.facets):
        value: Any
        counted: Select[Any]
        if not search.conditions:
            value = col(Tally.value)
            of_field = name in filters.columns or name in filters.references
            counted = select(value, func.sum(Tally.records)).where(
                col(Tally.kind) == kind,
                col(Tally.name) == name,
                col(Tally.below).is_not(None) if of_field else col(Tally.below).is_(None),
                value != "",
            )
        elif name in filters.columns or name in filters.references:
            value = getattr(table, f"{name}_id" if name in filters.references else name)
            counted = search.chosen_by(search.rarest, [value, func.count(table.id.distinct())])
            counted = counted.where(value.is_not(None))
        else:
            value = col(Property.value)
            listed = search.chosen_by(search.rarest, [table.id])
            counted = select(value, func.count()).where(
                col(Property.kind) == kind, col(Property.name) == name, col(Property.record_id).in_(listed)
            )
        counts = [(plain(each), count) for each, count in search.session.execute(counted.group_by(value))]
        facets[name] = dict(sorted(counts, key=lambda each: (-each[1], each[0])))
    return facets


class Dimension(StrEnum):
    """What the evidence can be counted by."""

    CANCER = "cancer"
    INHIBITOR = "inhibitor"
    MECHANISM = "mechanism"
    TARGET = "target"
    TYPE = "type"
    LEVEL = "level"
    SIGNIFICANCE = "significance"
    YEAR = "year"


def two(dimensions: list[Dimension]) -> list[Dimension]:
    if len(set(dimensions)) != 2 or len(dimensions) != 2:
        raise ValueError("two different dimensions")
    return dimensions


Two = Annotated[list[Dimension], BeforeValidator(split_commas), AfterValidator(two)]

OF_A_LIST = ("limit", "cursor", "sort", "fields", "facets", "format", "ids")
"""Parameters of a list that make no sense of a matrix."""

SummaryQuery = without(
    EvidenceFilters,
    OF_A_LIST,
    by=(
        Two,
        Field(
            description="two dimensions",
            examples=[["cancer", "inhibitor"]],
            json_schema_extra={"minItems": 2, "maxItems": 2, "uniqueItems": True},
        ),
    ),
)


def summarise(session: Session, by: list[Dimension], filters: Filters) -> list[dict[str, Any]]:
    """Per cell of the dimensions, how many claims support and how many do not; empty cells are left out."""
    resource = BY_KIND[Kind.EVIDENCE]
    table, publications = resource.table, BY_KIND[Kind.PUBLICATION].table
    keys = [
        publications.year
        if each == Dimension.YEAR
        else getattr(table, f"{each}_id" if each in filters.references else each)
        for each in by
    ]
    supports = func.sum(case((table.direction == Direction.SUPPORTS, 1), else_=0))
    counted = (
        select(*keys, supports, func.count())
        .select_from(table)
        .join(publications, publications.id == table.publication_id)
        .where(
            *(each.clause for each in conditions(session, resource, filters)),
            *(key.is_not(None) for key in keys),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    rows = session.execute(counted).all()
    labels: dict[tuple[Dimension, str], str] = {}
    for place, each in enumerate(by):
        if each in filters.references:
            named = BY_KIND[filters.references[each]].table
            held = select(named.id, named.label).where(named.id.in_({row[place] for row in rows}))
            labels |= {(each, record_id): label for record_id, label in session.execute(held)}

    def value(each: Dimension, key: Any) -> Any:
        return {"id": key, "name": labels[each, key]} if each in filters.references else key

    return [
        {each: value(each, row[place]) for place, each in enumerate(by)}
        | {"supports": row[2], "does_not_support": row[3] - row[2]}
        for row in rows
    ]


def get_record(session: Session, resource: Resource, name: str) -> tuple[str, str]:
    """The id and the JSON of one record, by any of its names; raises RecordNotFound or AmbiguousName."""
    table = resource.table
    known = (
        "\x00" not in name and session.execute(select(table.id, table.record).where(table.id == name)).first()
    )
    if not known:
        record_id = find_id(session, resource.kind, name)
        known = session.execute(select(table.id, table.record).where(table.id == record_id)).one()
    return known[0], known[1]


def get_items(session: Session, resource: Resource, ids: Collection[str]) -> dict[str, str]:
    """The JSON that a list has of each of the records, by id."""
    table = resource.table
    return dict(session.execute(select(table.id, table.item).where(table.id.in_(ids))).all())


REVISION = text("SELECT version_num FROM alembic_version")
RELEASE = select(Release)


@contextmanager
def reading(database: Database) -> Iterator[tuple[Session, ReleaseRead]]:
    """A session that reads one release from beginning to end, and that release; raises NoRelease."""
    try:
        connection = database.connect()
    except FileNotFoundError:
        raise NoRelease(detail="The embedded database does not exist yet; `il6 seed` makes it.") from None
    except OSError as error:
        raise NoRelease(detail=f"The embedded database cannot be read: {error.strerror}.") from None
    session = Session(connection)
    try:
        yield session, current_release(session)
    finally:
        for each in (session, connection):
            with suppress(DBAPIError):  # what was read is read, even if the server has gone since
                each.close()


def current_release(session: Session) -> ReleaseRead:
    """The release that the session reads; raises NoRelease where there is none."""
    connection = session.connection()  # every request asks this, so it goes past the ORM
    revision = connection.scalar(REVISION)
    if revision != SCHEMA_REVISION:
        raise NoRelease(
            detail=f"The schema of the database is {revision}, this version reads {SCHEMA_REVISION}; "
            "`alembic upgrade head` and `il6 seed` bring it up."
        )
    release = connection.execute(RELEASE).mappings().one_or_none()
    if release is None:
        raise NoRelease(detail="The database holds no release yet; `il6 seed` loads one.")
    return ReleaseRead.model_validate({**release, "schema": revision})


def check_counts(session: Session, release: ReleaseRead) -> None:
    """Raise NoRelease where a collection does not hold as many records as the release says."""
    for resource in RESOURCES:
        count = session.scalar(select(func.count()).select_from(resource.table))
        if count != release.counts[resource.path]:
            raise NoRelease(
                detail=f"{resource.path} has {count} rows, the release says {release.counts[resource.path]}."
            )
    entries = session.scalar(select(func.count()).select_from(Entry))
    index = Index(session)
    known = index.numbers(index.expression(read_query(session, "interleukin 6")))
    if entries != sum(release.counts.values()) or not session.scalar(known.limit(1)):
        raise NoRelease(detail=f"The search index holds {entries} of {sum(release.counts.values())} records.")
