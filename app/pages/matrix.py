"""The evidence matrix as a table: rows and columns with the most evidence first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from app.pages.lists import Asked
from app.pages.render import capital, words
from app.queries import Dimension

ORDERED = (Dimension.YEAR, Dimension.LEVEL)
"""Dimensions with an order of their own."""


@dataclass(frozen=True)
class Key:
    """A row or a column: a record of a kind, or a plain value."""

    dimension: Dimension
    value: str
    label: str
    is_record: bool


@dataclass(frozen=True)
class Cell:
    supports: int
    does_not_support: int
    href: str | None
    shade: str
    """How far the claims lean to one side, as the name of a style: from `against-3` to `for-3`."""


@dataclass(frozen=True)
class Matrix:
    by: Sequence[Dimension]
    rows: list[Key]
    columns: list[Key]
    cells: dict[tuple[Key, Key], Cell]
    totals: dict[Key, int]

    @classmethod
    def of(cls, by: Sequence[Dimension], cells: Iterable[Mapping[str, Any]], asked: Asked) -> Self:
        """The table of what `summarise` counted; each cell leads to its claims among those asked for."""
        found: dict[tuple[Key, Key], Cell] = {}
        totals: dict[Key, int] = defaultdict(int)
        for each in cells:
            row, column = (key_of(dimension, each[dimension]) for dimension in by)
            supports, opposes = each["supports"], each["does_not_support"]
            found[row, column] = Cell(
                supports, opposes, claims_of((row, column), asked), shade(supports, opposes)
            )
            totals[row] += supports + opposes
            totals[column] += supports + opposes

        def arranged(keys: Iterable[Key]) -> list[Key]:
            return sorted(set(keys), key=lambda key: rank(key, totals[key]))

        rows, columns = arranged(row for row, _ in found), arranged(column for _, column in found)
        return cls(by, rows, columns, found, totals)


def key_of(dimension: Dimension, value: Any) -> Key:
    if isinstance(value, dict):
        return Key(dimension, value["id"], value["name"], True)
    return Key(dimension, str(value), capital(words(str(value))), False)


def rank(key: Key, total: int) -> tuple[float, str]:
    return (0, key.value) if key.dimension in ORDERED else (-total, key.label)


def claims_of(keys: Iterable[Key], asked: Asked) -> str | None:
    """Where the claims of a cell are listed; by year of publication they cannot be."""
    own = {key.dimension: key.value for key in keys}
    if Dimension.YEAR in own:
        return None
    kept = [(name, value) for name, value in asked if name not in own]
    return f"/explore/evidence?{urlencode([*kept, *own.items()])}"


def shade(supports: int, opposes: int) -> str:
    net = supports - opposes
    if net == 0:
        return "even"
    strength = 1 if abs(net) == 1 else 2 if abs(net) < 5 else 3
    return f"{'for' if net > 0 else 'against'}-{strength}"
