"""The forest plot: what a high IL-6 means in a cancer, one row per published ratio, on a logarithmic axis."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from app.models.vocabulary import NotHarmonised
from app.pages.render import words

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
    told: str
    """What it says, if another row is of the same study and end point; else nothing."""


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


def figure_of(claim: Mapping[str, Any]) -> Figure | NotHarmonised:
    """The ratio of a claim, high IL-6 against low; or why it has none."""
    effect = claim["effect"]
    if effect is None:
        return NotHarmonised.NO_RATIO
    harmonised = effect["harmonised"]
    if harmonised is None:
        return NotHarmonised(effect["not_harmonised"])  # type: ignore[call-arg]
    turned = harmonised["value"] != effect["value"]
    low_first = effect["comparison"] == "low-versus-high"
    because = f"because the end point, {words(effect['endpoint'])}, is a good one"
    note = {
        (True, False): f"low against high IL-6, {because}",
        (True, True): "turned: published as low against high IL-6",
        (False, True): f"turned, {because}",
    }.get((low_first, turned))
    return Figure(harmonised["value"], harmonised["ci_low"], harmonised["ci_high"], note)


def study_of(claim: Mapping[str, Any]) -> tuple[str, str]:
    return claim["publication"]["id"], claim["effect"]["endpoint"]


def forest(claims: Iterable[Mapping[str, Any]]) -> Forest:
    """The plot of prognostic claims: by end point, survival and published meta-analyses first."""
    judged = [(claim, figure_of(claim)) for claim in claims]
    rest = [(claim, why.about) for claim, why in judged if isinstance(why, NotHarmonised)]
    drawn = [(claim, figure) for claim, figure in judged if isinstance(figure, Figure)]
    ends = [each for _, f in drawn for each in (f.value, f.low or f.value, f.high or f.value)]
    low = max(WIDEST[0], min([NARROWEST[0], *ends]) / 1.1)
    high = min(WIDEST[1], max([NARROWEST[1], *ends]) * 1.1)

    def place(value: float) -> float:
        share = math.log(min(max(value, low), high) / low) / math.log(high / low)
        return round(LEFT + share * (RIGHT - LEFT), 2)

    rows_of = Counter(study_of(claim) for claim, _ in drawn)

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
            claim["statement"] if rows_of[study_of(claim)] > 1 else "",
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
