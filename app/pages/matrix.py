"""The evidence matrix as a table: rows and columns with the most evidence first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.pages.render import capital, words
from app.store.summary import Dimension

ORDERED = (Dimension.YEAR, Dimension.LEVEL)
"""Dimensions with an order of their own."""


class Key(NamedTuple):
    """A row or a column: what it holds of a dimension, and what a person calls that."""

    dimension: Dimension
    value: str
    label: str


class Matrix(NamedTuple):
    rows: list[Key]
    columns: list[Key]
    cells: dict[tuple[Key, Key], Mapping[str, Any]]


def matrix_of(by: Sequence[Dimension], counted: Iterable[Mapping[str, Any]]) -> Matrix:
    """The table of what `summarise` counted."""
    first, second = by
    cells = {(key_of(first, each[first]), key_of(second, each[second])): each for each in counted}
    totals: Counter[Key] = Counter()
    for keys, cell in cells.items():
        for key in keys:
            totals[key] += cell["supports"] + cell["does_not_support"]

    def rank(key: Key) -> tuple[float, str]:
        return (0, key.value) if key.dimension in ORDERED else (-totals[key], key.label)

    rows, columns = (sorted({keys[place] for keys in cells}, key=rank) for place in (0, 1))
    return Matrix(rows, columns, cells)


def key_of(dimension: Dimension, value: Any) -> Key:
    if isinstance(value, dict):
        return Key(dimension, value["id"], value["name"])
    return Key(dimension, str(value), capital(words(str(value))))
