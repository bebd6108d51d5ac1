"""The forest plot: what a high IL-6 means in a cancer, one row per published ratio, on a logarithmic axis."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.pages.render import number, words

RATIOS = ("HR", "OR", "RR")

WELCOME = ("response", "ORR", "CR", "DCR")
"""End points that are good to reach; all others are events such as death or relapse."""

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
NARROWEST, WIDEST = (0.5, 2.0), (0.05, 20.0)
"""The axis reaches at least and at most so far; an interval that goes on beyond is cut with an arrow."""

WIDTH, LEFT, RIGHT, STEP, TOP = 870, 365, 680, 26, 44
"""Units of the picture: between LEFT and RIGHT lies the axis; rows are STEP high."""


@dataclass(frozen=True)
class Figure:
    """A ratio so turned that more than 1 means worse with a high IL-6."""

    value: float
    low: float | None
    high: float | None
    turned: bool
    note: str | None
    """How it is to be read, if not as high against low IL-6 as published."""

    @property
    def text(self) -> str:
        """Value and interval: the digits that were published, or two places of what was turned."""
        value, low, high = (
            "" if each is None else f"{each:.2f}" if self.turned else number(each)
            for each in (self.value, self.low, self.high)
        )
        return f"{value} ({low} to {high})" if low else value


@dataclass(frozen=True)
class Mark:
    """A row of the picture: places along the axis, and texts."""

    claim: Mapping[str, Any]
    figure: Figure
    label: str
    end: str
    y: float
    x: float
    left: float | None
    right: float | None
    cut_left: bool
    cut_right: bool


@dataclass(frozen=True)
class Heading:
    text: str
    y: float


@dataclass(frozen=True)
class Forest:
    marks: list[Mark]
    headings: list[Heading]
    ticks: list[tuple[str, float]]
    one: float
    height: float
    top: float
    bottom: float
    width: float = WIDTH
    left: float = LEFT
    right: float = RIGHT


def figure_of(claim: Mapping[str, Any]) -> Figure | None:
    """The ratio of a claim, turned where it was published the other way round; None if it has none."""
    effect = claim["effect"]
    if effect is None or effect["measure"] not in RATIOS or effect["value"] is None:
        return None
    low_first = effect["comparison"] is not None
    welcome = effect["endpoint"] in WELCOME
    value, low, high = effect["value"], effect["ci_low"], effect["ci_high"]
    turned = low_first != welcome
    note = None
    if turned:
        value = 1 / value
        low, high = (1 / high, 1 / low) if low is not None else (None, None)
    if low_first and welcome:
        note = f"low against high IL-6, because the end point, {effect['endpoint']}, is a good one"
    elif low_first:
        note = "turned: published as low against high IL-6"
    elif welcome:
        note = f"turned, because the end point, {effect['endpoint']}, is a good one"
    return Figure(value, low, high, turned, note)


def forest(claims: Iterable[tuple[Mapping[str, Any], str]]) -> Forest | None:
    """The picture of labelled claims: what supports comes first; None where none has a ratio."""
    drawn = [(claim, figure, label) for claim, label in claims if (figure := figure_of(claim))]
    if not drawn:
        return None
    ends = [each for _, f, _ in drawn for each in (f.value, f.low or f.value, f.high or f.value)]
    low = max(WIDEST[0], min(NARROWEST[0], *ends) / 1.1)
    high = min(WIDEST[1], max(NARROWEST[1], *ends) * 1.1)

    def place(value: float) -> float:
        share = math.log(min(max(value, low), high) / low) / math.log(high / low)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    marks: list[Mark] = []
    headings: list[Heading] = []
    y = float(TOP)
    for direction, text in {
        "supports": "For: worse with a high IL-6",
        "does-not-support": "Against: better, or no link",
    }.items():
        group = [each for each in drawn if each[0]["direction"] == direction]
        if not group:
            continue
        headings.append(Heading(text, y))
        for claim, figure, label in group:
            y += STEP
            marks.append(
                Mark(
                    claim,
                    figure,
                    label,
                    words(claim["effect"]["endpoint"] or ""),
                    y,
                    place(figure.value),
                    None if figure.low is None else place(figure.low),
                    None if figure.high is None else place(figure.high),
                    figure.low is not None and figure.low < low,
                    figure.high is not None and figure.high > high,
                )
            )
        y += STEP * 1.2
    bottom = y - STEP * 0.6
    ticks = [(f"{each:g}", place(each)) for each in TICKS if low <= each <= high]
    return Forest(marks, headings, ticks, place(1.0), bottom + 56, TOP - 22, bottom)
