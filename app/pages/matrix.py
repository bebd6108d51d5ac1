"""The evidence matrix as a table: rows and columns with the most evidence first, drugs by what they block."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from app.models.vocabulary import EvidenceType
from app.pages.render import CLASSES, capital, significance_parts, words
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
        return " · ".join(str(number) for number, _ in self.parts)


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
    actions: Mapping[str, str],
) -> Matrix:
    """The table of what `summarise` counted; `actions` says what each inhibitor does."""
    first, second = by
    counts = {(key_of(first, each[first]), key_of(second, each[second])): each for each in counted}
    totals: Counter[Key] = Counter()
    for keys, count in counts.items():
        for key in keys:
            totals[key] += count["evidence"]["total"]

    def group(key: Key) -> str:
        return CLASSES[actions[key.value]] if key.dimension == Dimension.INHIBITOR else ""

    def rank(key: Key) -> tuple[int, float, str]:
        if key.dimension in ORDERED:
            return 0, 0, key.value
        return [*CLASSES.values(), ""].index(group(key)), -totals[key], key.label

    rows, columns = (sorted({keys[place] for keys in counts}, key=rank) for place in (0, 1))
    groups = [(title, len([*keys])) for title, keys in groupby(columns, group)]
    cells = {keys: cell_of(count["evidence"]) for keys, count in counts.items()}
    return Matrix(rows, columns, groups, cells, totals, sum(totals[row] for row in rows))


def cell_of(evidence: Mapping[str, Any]) -> Cell:
    """A cell; where its claims are of one type, its tone says what they found, and of several none."""
    kinds = [kind for kind in EvidenceType if evidence[kind]]
    if len(kinds) > 1:
        return Cell([(sum(evidence[kind].values()), f"{kind} claims") for kind in kinds], "")
    parts = significance_parts(kinds[0], evidence[kinds[0]])
    tones = {tone for tone, *_ in parts}
    return Cell([(number, said) for _, said, number, _ in parts], tones.pop() if len(tones) == 1 else "mixed")


def key_of(dimension: Dimension, value: Any) -> Key:
    if isinstance(value, dict):
        return Key(dimension, value["id"], value["name"])
    return Key(dimension, str(value), capital(words(str(value))))
