"""How a page of a list is found at the same price in a small release and in a large one.

No list is sorted to be cut. Either an index gives the rows in the order asked for, and each is tried against
the filters; or the filter that fewest records hold to gives its rows, and these few are sorted. Which of them
is cheaper follows from the numbers that were stored when the release was built, and so does the total. The
clauses are put so that a database has no other choice.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.catalog import Resource
from app.models.base import Kind
from app.models.filters import BIGGEST
from app.models.finding import Entry, Pair, Property, Tally
from app.search import MOST_COUNTED, likely, sizes, unindexed
from app.text import lower_ascii, plain

Clause = ColumnElement[bool]
Scalar = str | int | float | bool | None

MANY = 200
"""What no more records than this hold to is tried on all of them; of others, pairs are stored."""

FEW = 8
"""Values of a field that are gone through one by one though they may be in no row; each takes a statement."""

SORTED = 2
"""What it costs to fetch and sort a row, in rows that are tried along an index."""

DOUBT = 8
"""So many times more rows may have to be tried than expected, where those that are wanted lie together."""


@dataclass(frozen=True)
class Condition:
    """What a filter asks of a record, for an index and for one record after the other."""

    clause: Clause
    """By it an index finds the records."""
    test: Clause
    """The same, of a record that was found otherwise: no index offers it."""
    records: int
    """How many hold to it; at most, where not exact."""
    exact: bool = True
    uncounted: bool = False
    """Whether there are at least so many, and nobody knows how many: see MOST_COUNTED."""
    column: Any = None
    """The field that it compares."""
    property: Clause | None = None
    """The rows of Property, one per record, in which those that hold to it stand."""
    value: Any = None
    """The one value of that field, if it is one."""
    in_order: bool = False
    """Whether an index gives its records in the order of their ids: they have one value in common."""
    mark: tuple[str, str] | None = None
    """The field or property and its one value, under which pairs are stored."""
    numbers: Subquery | None = None
    """The numbers in the full-text index of those that hold to it, where these rise with the ids."""
    drives: bool = True
    """Whether an index can find its records at all, at a price that is known."""
    price: int = 1
    """What it costs to try a record."""


@dataclass(frozen=True)
class Order:
    """What a list is sorted by: columns, each rising or falling, nulls last; the id breaks ties."""

    columns: list[tuple[Any, bool]] = field(default_factory=list)

    def expressions(self) -> list[Any]:
        """As it is sorted by: no index is followed, for the rows are few, or all are wanted."""
        parts: list[Any] = []
        for column, falling in self.columns:
            if column.nullable:
                parts.append(column.is_(None))
            read = unindexed(column)
            parts.append(read.desc() if falling else read.asc())
        return parts

    def after(self, values: Sequence[Scalar]) -> Clause:
        """What comes behind the row that holds these values."""
        behind: list[Clause] = []
        same: list[Clause] = []
        for (column, falling), value in zip(self.columns, values, strict=True):
            read = unindexed(column)
            if value is not None:
                later = beyond(read, value, falling)
                behind.append(and_(*same, or_(later, read.is_(None)) if column.nullable else later))
            same.append(read.is_(None) if value is None else read == value)
        return or_(false(), *behind)


def beyond(column: Any, value: Scalar, falling: bool) -> Clause:
    """What comes later than a value in a column; of two truth values, false is the lesser."""
    if isinstance(value, bool):
        return false() if value is not falling else column.is_(not value)
    return column < value if falling else column > value  # type: ignore[no-any-return]


def is_held(column: Any) -> Clause:
    """That a column holds a value, as a range, which an index can begin at."""
    if not column.nullable:
        return true()
    kind = column.type.python_type
    if issubclass(kind, str):
        return type_coerce(column, String) >= ""
    return column > (-sys.float_info.max if issubclass(kind, float) else -BIGGEST)  # type: ignore[no-any-return]


def equal(resource: Resource, column: Any, value: Any, records: int) -> Condition:
    """A column holds a value, or none."""
    mark = (field_of(resource, column), "" if value is None else lower_ascii(plain(value)))
    if value is None:
        test = unindexed(column).is_(None)
        return Condition(column.is_(None), test, records, column=column, in_order=True, mark=mark)
    test = unindexed(column).is_(value) if isinstance(value, bool) else unindexed(column) == value
    clause = column.is_(value) if isinstance(value, bool) else column == value
    return Condition(clause, test, records, column=column, value=value, in_order=True, mark=mark)


def field_of(resource: Resource, column: Any) -> str:
    """The field that a column stores: a reference is stored as an id."""
    name: str = column.key
    return name if name in resource.filters.columns else name.removesuffix("_id")


def among(
    resource: Resource, column: Any, values: Sequence[Any], records: int, *, exact: bool = True
) -> Condition:
    """A column holds any of the values."""
    if len(values) == 1 and exact:
        return equal(resource, column, values[0], records)
    return Condition(column.in_(values), unindexed(column).in_(values), records, exact, column)


def bounded(column: Any, value: Any, end: str, records: int) -> Condition:
    """A column holds at least, or at most, a value."""
    read = unindexed(column)
    clause, test = (column >= value, read >= value) if end == "gte" else (column <= value, read <= value)
    return Condition(clause, test, records, column=column)


def has(resource: Resource, name: str, keys: Sequence[str], records: int) -> Condition:
    """A record has a property with any of the keys."""
    record_id = resource.table.id
    key = col(Property.key)
    rows = and_(
        col(Property.kind) == resource.kind,
        col(Property.name) == name,
        key == keys[0] if len(keys) == 1 else key.in_(keys),
    )
    holders = select(Property.record_id).where(rows)  # type: ignore[call-overload]
    own = select(literal(1)).where(rows, col(Property.record_id) == record_id).limit(1)
    return Condition(
        record_id.in_(holders),
        own.correlate(resource.table.__table__).scalar_subquery().is_not(None),
        records,
        exact=len(keys) == 1,
        property=rows,
        in_order=len(keys) == 1,
        mark=(name, keys[0]) if len(keys) == 1 and name not in resource.filters.columns else None,
    )


def has_not(condition: Condition, records: int) -> Condition:
    """A record is none of those that hold to a condition; no index finds it."""
    return Condition(~condition.test, ~condition.test, records, drives=False)


# What is stored of how many records there are


def tallied(session: Session, kind: Kind, name: str, keys: Sequence[Any]) -> tuple[list[str], int]:
    """The values of a field or property that are any of these, and how many records have them."""
    place: Any = col(Tally.key) if isinstance(keys[0], str) else col(Tally.number)
    rows = session.execute(
        select(Tally.value, Tally.records).where(  # type: ignore[call-overload]
            col(Tally.kind) == kind, col(Tally.name) == name, place.in_(keys)
        )
    ).all()
    return [value for value, _ in rows], sum(records for _, records in rows)


def tallied_within(session: Session, resource: Resource, name: str, end: str, value: Any) -> int:
    """How many records hold at least, or at most, a value in a field."""
    place: Any = col(Tally.key) if isinstance(value, str) else col(Tally.number)
    rows = select(Tally.below).where(col(Tally.kind) == resource.kind, col(Tally.name) == name)  # type: ignore[call-overload]
    later = rows.where(place >= value if end == "gte" else place > value)
    below: int | None = session.scalar(later.order_by(place).limit(1))
    held = sizes(session)[resource.kind] - tallied(session, resource.kind, name, [""])[1]
    below = held if below is None else below
    return held - below if end == "gte" else below


def tally_of(session: Session, resource: Resource, column: Any, value: Scalar) -> int:
    """How many records hold a value in a column, or none."""
    key: Any = value
    if value is None or isinstance(value, (str, bool)):
        key = "" if value is None else lower_ascii(plain(value))
    return tallied(session, resource.kind, field_of(resource, column), [key])[1]


def few_values(
    session: Session, resource: Resource, column: Any, stored: Collection[str]
) -> list[tuple[Any, int]] | None:
    """The values of a column in their order, and how many records hold each; None if they are not few.

    Of the values that very many records hold, only those that are stored in a pair.
    """
    rows = session.execute(
        select(Tally.value, Tally.number, Tally.records)  # type: ignore[call-overload]
        .where(
            col(Tally.kind) == resource.kind,
            col(Tally.name) == field_of(resource, column),
            col(Tally.below).is_not(None),
            col(Tally.value) != "",
            or_(col(Tally.records) <= MANY, col(Tally.key).in_(stored)),
        )
        .order_by(col(Tally.key), col(Tally.value))  # as the index has them: no table is read through
        .limit(len(stored) + FEW + 1)
    ).all()
    if sum(records <= MANY for *_, records in rows) > FEW:
        return None
    kind = column.type.python_type
    typed: list[tuple[Any, int]] = [
        (value == "true" if issubclass(kind, bool) else value if number is None else kind(number), records)
        for value, number, records in rows
    ]
    return sorted(typed)


# Rows


@dataclass(frozen=True)
class Rows:
    """The rows of a collection that hold to all conditions."""

    session: Session
    resource: Resource
    conditions: list[Condition]

    @property
    def size(self) -> int:
        return sizes(self.session)[self.resource.kind]

    @property
    def rarest(self) -> Condition | None:
        driving = [each for each in self.conditions if each.drives]
        return min(driving, key=lambda each: each.records, default=None)

    def narrowed(self, condition: Condition) -> "Rows":
        return Rows(self.session, self.resource, [*self.conditions, condition])

    def both(self, one: Condition, other: Condition) -> int | None:
        """How many records hold to two conditions; None where that is not stored."""
        if one.mark is None or other.mark is None or min(one.records, other.records) <= MANY:
            return None
        if one.mark[0] == other.mark[0] and one.property is None:
            return one.records if one.mark == other.mark else 0
        stored = select(Pair.records).where(  # type: ignore[call-overload]
            col(Pair.kind) == self.resource.kind,
            col(Pair.name) == one.mark[0],
            col(Pair.key) == one.mark[1],
            col(Pair.other) == other.mark[0],
            col(Pair.other_key) == other.mark[1],
        )
        return self.session.scalar(stored) or 0

    def expected(self) -> float:
        """How many rows there may be: none only if there are none."""
        rarest = self.rarest
        expected: float = self.size if rarest is None else rarest.records
        for each in self.conditions:
            if rarest is not None and each is not rarest and expected:
                both = self.both(rarest, each)
                expected *= each.records / max(self.size, 1) if both is None else both / rarest.records
        return expected

    def total(self) -> tuple[int, bool]:
        """How many rows there are, and whether these are all: see MOST_COUNTED."""
        if not self.conditions:
            return self.size, True
        if len(self.conditions) == 1 and (self.conditions[0].exact or self.conditions[0].uncounted):
            return self.conditions[0].records, self.conditions[0].exact
        if len(self.conditions) == 2 and (both := self.both(*self.conditions)) is not None:
            return both, True
        rarest = self.rarest
        rows = self.chosen_by(rarest, [self.resource.table.id]).limit(MOST_COUNTED + 1)
        if rarest is not None and rarest.property is not None and not rarest.in_order:
            rows = rows.distinct()
        counted = self.session.scalar(select(func.count()).select_from(rows.subquery())) or 0
        return min(counted, MOST_COUNTED), counted <= MOST_COUNTED

    def tests(self, driver: Condition | None = None, along: Any = None) -> list[Clause]:
        """The conditions as they are tried; those on the column whose index is followed cut that index."""
        return [
            each.clause if along is not None and each.column is along else likely(self.test(each))
            for each in self.conditions
            if each is not driver
        ]

    def test(self, condition: Condition) -> Clause:
        """A condition as it is tried: SQLite comes by an index past rows that are long to read."""
        table = self.resource.table
        if condition.mark is None or condition.column is None or condition.mark[1] == "":
            return condition.test
        if self.session.get_bind().dialect.name != "sqlite":
            return condition.test
        own = aliased(table)
        column = getattr(own, condition.column.key)
        held = select(literal(1)).where(
            # As a range: an index that is unique in the id alone would lead to the row itself.
            equal(self.resource, column, condition.value, 0).clause,
            own.id >= table.id,
            own.id <= table.id,
        )
        return held.correlate(table.__table__).scalar_subquery().is_not(None)

    def chosen_by(self, driver: Condition | None, columns: list[Any]) -> Select[Any]:
        """The rows that the index of one condition gives."""
        chosen: Select[Any] = select(*columns)
        if driver is None:
            return chosen.where(*self.tests())
        if driver.numbers is not None:
            joined = chosen.select_from(driver.numbers)
            joined = joined.join(Entry, col(Entry.number) == unindexed(driver.numbers.c.number))
            joined = joined.join(self.resource.table, self.resource.table.id == Entry.record_id)
            return joined.where(*self.tests(driver))
        if driver.property is None:
            return chosen.where(driver.clause, *self.tests(driver))
        joined = chosen.join(Property, col(Property.record_id) == self.resource.table.id)
        return joined.where(driver.property, *self.tests(driver))

    def page(self, order: Order, after: Sequence[Scalar] | None, limit: int, columns: list[Any]) -> list[Any]:
        """The first rows behind a place in the order."""
        if limit <= 0:
            return []
        (_, falling), *rest = order.columns
        driver = self.rarest
        if driver is None:
            return self.along(order, after, limit, columns)
        expected = self.expected()
        if not expected:
            return []
        if not rest and driver.in_order:
            return self.in_order(driver, falling, after, limit, columns)
        price = max(each.price for each in self.conditions)
        tried = min(self.size, DOUBT * limit * self.size / expected)
        held = 1 if not rest and driver.column is not None and len(self.conditions) == 1 else SORTED
        few = not driver.uncounted and driver.records * held <= price * tried
        # Where the first column has few values, each has a list of its own, and none of them is sorted.
        if few and (not rest or self.possible(order.columns[0][0]) is None):
            table_id = self.resource.table.id
            first = select(table_id).where(driver.clause, *self.tests(driver))
            if after is not None:
                first = first.where(order.after(after))
            first = first.order_by(*order.expressions()).limit(limit)
            chosen = select(*columns).where(table_id.in_(first)).order_by(*order.expressions())
            return list(self.session.execute(chosen))
        return self.along(order, after, limit, columns)

    def in_order(
        self,
        driver: Condition,
        falling: bool,
        after: Sequence[Scalar] | None,
        limit: int,
        columns: list[Any],
    ) -> list[Any]:
        """Rows in the order of ids, which is that of the index of a condition."""
        place: Any = self.resource.table.id if driver.property is None else col(Property.record_id)
        begin: Any = None if after is None else after[0]
        chosen = self.chosen_by(driver, columns)
        if driver.numbers is not None:
            place = driver.numbers.c.number
            if after is not None:
                own = select(Entry.number).where(  # type: ignore[call-overload]
                    col(Entry.kind) == self.resource.kind, col(Entry.record_id) == begin
                )
                begin = self.session.scalar(own) or 0
        if after is not None:
            chosen = chosen.where(beyond(place, begin, falling))
        chosen = chosen.order_by(place.desc() if falling else place).limit(limit)
        return list(self.session.execute(chosen))

    def along(
        self, order: Order, after: Sequence[Scalar] | None, limit: int, columns: list[Any]
    ) -> list[Any]:
        """Rows along the index of the first column of an order, each tried against the conditions.

        Rows of one value in that column are a list of their own, in the order of the other columns.
        """
        (column, falling), *others = order.columns
        if not others:
            chosen = select(*columns).where(*self.tests(along=column))
            if after is not None:
                chosen = chosen.where(beyond(column, after[0], falling))
            chosen = chosen.order_by(column.desc() if falling else column).limit(limit)
            return list(self.session.execute(chosen))
        rest = Order(others)
        rows: list[Any] = []
        value = after[0] if after is not None else None
        if after is not None:
            rows = self.of_value(column, value, rest, after[1:], limit, columns)
        if after is None or value is not None:
            values = self.possible(column)
            if values is None:
                rows += self.later(order, value, limit - len(rows), columns)
            for each, records in reversed(values or []) if falling else values or []:
                if len(rows) < limit and (value is None or (each < value if falling else each > value)):
                    rows += self.of_value(column, each, rest, None, limit - len(rows), columns, records)
            if column.nullable and len(rows) < limit:
                rows += self.of_value(column, None, rest, None, limit - len(rows), columns)
        return rows

    def possible(self, column: Any) -> list[tuple[Any, int]] | None:
        """The values of a column that a row may have, by the pairs that are stored; None if any may be."""
        rarest = self.rarest
        if rarest is None or rarest.mark is None or rarest.records <= MANY:
            return None
        name = field_of(self.resource, column)
        stored: dict[str, int] = dict(
            self.session.execute(
                select(Pair.other_key, Pair.records).where(  # type: ignore[call-overload]
                    col(Pair.kind) == self.resource.kind,
                    col(Pair.name) == rarest.mark[0],
                    col(Pair.key) == rarest.mark[1],
                    col(Pair.other) == name,
                )
            ).all()
        )
        if stored.get("") == rarest.records:
            return []
        if name == rarest.mark[0]:
            return None
        return few_values(self.session, self.resource, column, stored)

    def of_value(
        self,
        column: Any,
        value: Scalar,
        rest: Order,
        after: Sequence[Scalar] | None,
        limit: int,
        columns: list[Any],
        records: int | None = None,
    ) -> list[Any]:
        if records is None:
            records = tally_of(self.session, self.resource, column, value)
        narrowed = self.narrowed(equal(self.resource, column, value, records))
        return narrowed.page(rest, after, limit, columns)

    def later(self, order: Order, value: Scalar, limit: int, columns: list[Any]) -> list[Any]:
        """Rows that hold more than a value in the first column, or less if it falls."""
        if limit <= 0:
            return []
        (column, falling), *others = order.columns
        tests = self.tests(along=column)
        behind = [] if value is None else [beyond(column, value, falling)]
        # One bound at each end: of two, an index may begin at the wider one.
        held = [*tests, *behind, *([is_held(column)] if falling or value is None else [])]
        if not falling and len(others) == 1 and not others[0][1]:
            along = select(*columns).where(*held).order_by(column, others[0][0]).limit(limit)
            return list(self.session.execute(along))
        # Up to the value at which the page is full there are few rows; those of that value go on in a list.
        first = column.desc() if falling else column
        last = self.session.execute(
            select(column).where(*held).order_by(first).limit(1).offset(limit - 1)
        ).first()
        if last is None:
            return list(self.session.execute(select(*columns).where(*held).order_by(*order.expressions())))
        before = beyond(column, last[0], not falling)
        chosen = select(*columns).where(*(tests + behind if falling else held))
        rows = list(self.session.execute(chosen.where(before).order_by(*order.expressions())))
        return rows + self.of_value(column, last[0], Order(others), None, limit - len(rows), columns)
