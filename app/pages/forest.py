"""The forest plot: what a high IL-6 means in a cancer, one row per published ratio, on a logarithmic axis."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from app.pages.render import number

RATIOS = ("HR", "OR", "RR")

WELCOME = ("response", "objective-response", "complete-response", "clinical-benefit", "stable-disease")
"""End points that are good to reach; all others are events such as death or relapse."""

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
NARROWEST, WIDEST = (0.5, 2.0), (0.05, 20.0)
"""The axis reaches at least and at most so far; an interval that goes on beyond is cut with an arrow."""

WIDTH, LEFT, RIGHT, STEP, TOP = 870, 365, 680, 26, 44
"""Units of the picture: between LEFT and RIGHT lies the axis; rows are STEP high."""

SIDES = {"supports": "For: worse with a high IL-6", "does-not-support": "Against: better, or no link"}


class Figure(NamedTuple):
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


class Mark(NamedTuple):
    """A row of the picture: places along the axis, and texts."""

    claim: Mapping[str, Any]
    figure: Figure
    label: str
    y: float
    x: float
    left: float | None
    right: float | None
    cut_left: bool
    cut_right: bool


class Heading(NamedTuple):
    text: str
    y: float


class Forest(NamedTuple):
    marks: list[Mark]
    headings: list[Heading]
    ticks: list[tuple[str, float]]
    one: float
    bottom: float
    top: float = TOP - 22
    width: float = WIDTH
    left: float = LEFT
    right: float = RIGHT


def figure_of(claim: Mapping[str, Any]) -> Figure | None:
    """The ratio of a claim, turned where it was published the other way round; None if it has none."""
    effect = claim["effect"]
    if effect is None or effect["measure"] not in RATIOS or effect["value"] is None:
        return None
    if effect["comparison"] not in ("high-versus-low", "low-versus-high"):
        return None
    low_first = effect["comparison"] == "low-versus-high"
    welcome = effect["endpoint"] in WELCOME
    because = f"because the end point, {effect['endpoint']}, is a good one"
    note = {
        (True, True): f"low against high IL-6, {because}",
        (True, False): "turned: published as low against high IL-6",
        (False, True): f"turned, {because}",
    }.get((low_first, welcome))
    value, low, high = effect["value"], effect["ci_low"], effect["ci_high"]
    if low_first == welcome:
        return Figure(value, low, high, False, note)
    return Figure(1 / value, low and 1 / high, low and 1 / low, True, note)


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

    def mark(claim: Mapping[str, Any], figure: Figure, label: str, y: float) -> Mark:
        return Mark(
            claim,
            figure,
            label,
            y,
            place(figure.value),
            figure.low and place(figure.low),
            figure.high and place(figure.high),
            bool(figure.low and figure.low < low),
            bool(figure.high and figure.high > high),
        )

    marks: list[Mark] = []
    headings: list[Heading] = []
    y = float(TOP)
    for direction, text in SIDES.items():
        group = [each for each in drawn if each[0]["direction"] == direction]
        if not group:
            continue
        headings.append(Heading(text, y))
        for each in group:
            y += STEP
            marks.append(mark(*each, y))
        y += STEP * 1.2
    ticks = [(f"{each:g}", place(each)) for each in TICKS if low <= each <= high]
    return Forest(marks, headings, ticks, place(1.0), y - STEP * 0.6)
