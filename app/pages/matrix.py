"""The evidence matrix as a table: rows and columns with the most evidence first, drugs by what they block."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from app.models.vocabulary import EvidenceType
from app.pages.render import CLASSES, capital, words
from app.store.summary import Dimension

ORDERED = (Dimension.YEAR, Dimension.LEVEL)
"""Dimensions with an order of their own."""


class Key(NamedTuple):
    """A row or a column: what it holds of a dimension, and what a person calls that."""

    dimension: Dimension
    value: str
    label: str


class Cell(NamedTuple):
    """What the claims of a cell found: numbers and words, and the tone of its colour."""

    parts: list[tuple[int, str]]
    tone: str

    @property
    def text(self) -> str:
        return " · ".join(str(number) for number, _ in self.parts if number)


class Matrix(NamedTuple):
    rows: list[Key]
    columns: list[Key]
    groups: list[tuple[str, int]]
    """Titles over the columns, and how many columns each spans."""
    cells: dict[tuple[Key, Key], Cell]
    totals: Counter[Key]
    total: int


def matrix_of(
    by: Sequence[Dimension],
    counted: Iterable[Mapping[str, Any]],
    types: Sequence[str],
    actions: Mapping[str, str],
) -> Matrix:
    """The table of what `summarise` counted; `actions` says what each inhibitor does."""
    first, second = by
    counts = {(key_of(first, each[first]), key_of(second, each[second])): each for each in counted}
    totals: Counter[Key] = Counter()
    for keys, count in counts.items():
        for key in keys:
            totals[key] += count["supports"] + count["does_not_support"]

    def group(key: Key) -> str:
        return CLASSES[actions[key.value]] if key.dimension == Dimension.INHIBITOR else ""

    def rank(key: Key) -> tuple[int, float, str]:
        if key.dimension in ORDERED:
            return 0, 0, key.value
        return [*CLASSES.values(), ""].index(group(key)), -totals[key], key.label

    rows, columns = (sorted({keys[place] for keys in counts}, key=rank) for place in (0, 1))
    groups = [(title, len([*keys])) for title, keys in groupby(columns, group)]
    cells = {
        keys: cell_of(count, list(types) == [EvidenceType.THERAPEUTIC]) for keys, count in counts.items()
    }
    return Matrix(rows, columns, groups, cells, totals, sum(totals[row] for row in rows))


def cell_of(count: Mapping[str, Any], on_treatment: bool) -> Cell:
    """A cell; only claims on treatment have a tone, for what the drug did."""
    for_it, against = count["supports"], count["does_not_support"]
    if not on_treatment:
        return Cell([(for_it + against, "claims")], "")
    tone = "mixed" if for_it and against else "benefit" if for_it else "null"
    return Cell([(for_it, "benefit"), (against, "no benefit")], tone)


def key_of(dimension: Dimension, value: Any) -> Key:
    if isinstance(value, dict):
        return Key(dimension, value["id"], value["name"])
    return Key(dimension, str(value), capital(words(str(value))))
