"""The forest plot: what a high IL-6 means in a cancer, one row per published ratio, on a logarithmic axis."""

import math
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from app.pages.render import RATIOS

WELCOME = ("response", "objective-response", "complete-response", "clinical-benefit", "stable-disease")
"""End points that are good to reach; all others are events such as death or relapse."""

TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
NARROWEST, WIDEST = (0.5, 2.0), (0.05, 20.0)
"""The axis reaches at least and at most so far; an interval that goes on beyond is cut with an arrow."""

LEFT, RIGHT = 4.0, 96.0
"""The ends of the axis, in percent of the width of its column."""


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
        """Value and interval, with as many digits as a reader compares."""
        value, low, high = (
            "" if each is None else f"{each:.2f}" if each < 10 else f"{each:.1f}"
            for each in (self.value, self.low, self.high)
        )
        return f"{value} ({low} to {high})" if low else value


class Row(NamedTuple):
    """A row of the plot: places along the axis, in percent."""

    claim: Mapping[str, Any]
    figure: Figure
    pooled: bool
    """Whether it is a published meta-analysis."""
    x: float
    left: float | None
    right: float | None
    cut_left: bool
    cut_right: bool


class Forest(NamedTuple):
    groups: list[tuple[str, list[Row]]]
    """Rows by their end point."""
    ticks: list[tuple[str, float]]
    one: float
    rest: list[tuple[Mapping[str, Any], str]]
    """Claims that are not drawn, and why not."""

    @property
    def drawn(self) -> int:
        return sum(len(rows) for _, rows in self.groups)


def figure_of(claim: Mapping[str, Any]) -> Figure | str:
    """The ratio of a claim, turned where it was published the other way round; or why it has none."""
    effect = claim["effect"]
    if effect is None or effect["measure"] not in RATIOS or effect["value"] is None:
        return "no ratio is given"
    if effect["comparison"] not in ("high-versus-low", "low-versus-high"):
        return f"not high against low IL-6: {effect['comparison'] or 'not said'}"
    if not claim["target"] or claim["target"]["id"] != "il6":
        return "not of IL-6 itself"
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


def forest(claims: Iterable[Mapping[str, Any]]) -> Forest:
    """The plot of prognostic claims: by end point, survival and published meta-analyses first."""
    judged = [(claim, figure_of(claim)) for claim in claims]
    rest = [(claim, why) for claim, why in judged if isinstance(why, str)]
    drawn = [(claim, figure) for claim, figure in judged if isinstance(figure, Figure)]
    ends = [each for _, f in drawn for each in (f.value, f.low or f.value, f.high or f.value)]
    low = max(WIDEST[0], min([NARROWEST[0], *ends]) / 1.1)
    high = min(WIDEST[1], max([NARROWEST[1], *ends]) * 1.1)

    def place(value: float) -> float:
        share = math.log(min(max(value, low), high) / low) / math.log(high / low)
        return round(LEFT + share * (RIGHT - LEFT), 2)

    def row(claim: Mapping[str, Any], figure: Figure) -> Row:
        return Row(
            claim,
            figure,
            claim["level"] == "A",
            place(figure.value),
            figure.low and place(figure.low),
            figure.high and place(figure.high),
            bool(figure.low and figure.low < low),
            bool(figure.high and figure.high > high),
        )

    def endpoint(each: Row) -> str:
        return each.claim["effect"]["endpoint"] or "not said"

    def rank(each: Row) -> tuple[Any, ...]:
        survival = endpoint(each) != "overall-survival"
        specimen, n = each.claim["specimen"] or "", each.claim["effect"]["n"] or 0
        return survival, endpoint(each), not each.pooled, specimen, -n, each.claim["id"]

    rows = sorted((row(*each) for each in drawn), key=rank)
    groups = [(title, [*same]) for title, same in groupby(rows, endpoint)]
    ticks = [(f"{each:g}", place(each)) for each in TICKS if low <= each <= high]
    return Forest(groups, ticks, place(1.0), rest)
