"""Ratios turned alike: every row of the seed files, with arithmetic of its own."""

import csv
import io
import math
from collections import Counter
from typing import Any

import httpx
import pytest

from app.pages.forest import Figure, figure_of
from tests.rows import rows
from tests.test_resources import get, walk

ROWS = rows("evidence")

GOOD = {
    *("response", "objective-response", "complete-response", "pathological-complete-response"),
    *("psa-response", "clinical-benefit", "stable-disease", "haematological-improvement", "symptom-relief"),
    "adverse-event-resolution",
}
"""End points that are good to reach."""


def expected(row: dict[str, Any]) -> tuple[float, float, float] | str | None:
    """The ratio turned alike and its interval (not a number where there is none), or why there is none."""
    effect = row.get("effect")
    if effect is None:
        return None
    if effect.get("measure") not in ("HR", "OR", "RR", "ratio") or "value" not in effect:
        return "no-ratio"
    comparison = effect["comparison"]
    if comparison in ("per-unit", "change", "composite", "genotype"):
        return str(comparison)
    if row["type"] == "prognostic" and row["target"] != "il6":
        return "other-biomarker"
    figures = [effect["value"], effect.get("ci_low", math.nan), effect.get("ci_high", math.nan)]
    if comparison == "low-versus-high":
        figures = [1 / figures[0], 1 / figures[2], 1 / figures[1]]
    else:
        assert comparison == {"prognostic": "high-versus-low"}.get(row["type"], "treated-versus-control")
    if effect["endpoint"] in GOOD:
        figures = [1 / figures[0], 1 / figures[2], 1 / figures[1]]
    value, low, high = figures
    return value, low, high


def same(one: float | None, other: float) -> bool:
    return math.isnan(other) if one is None else math.isclose(one, other, rel_tol=5e-4)


def test_every_row(client: httpx.Client) -> None:
    told = {each["id"]: each["effect"] for each in walk(client, "/evidence?limit=500")}
    reasons: Counter[str] = Counter()
    for row in ROWS:
        effect, right = told[row["id"]], expected(row)
        if right is None:
            assert effect is None
        elif isinstance(right, str):
            assert effect["harmonised"] is None, row["id"]
            assert effect["not_harmonised"] == right, row["id"]
            reasons[right] += 1
        else:
            assert effect["not_harmonised"] is None, row["id"]
            assert effect["harmonised"]["measure"] == row["effect"]["measure"]
            found = [effect["harmonised"][each] for each in ("value", "ci_low", "ci_high")]
            assert all(map(same, found, right)), (row["id"], found, right)
            reasons["harmonised"] += 1
    assert reasons["harmonised"] > 90
    assert {"genotype", "composite", "per-unit", "change", "other-biomarker", "no-ratio"} < set(reasons)


def test_every_side_is_the_one_that_the_publication_found() -> None:
    """What went with a worse outcome lies above 1, what a drug did good to lies below."""
    for row in ROWS:
        right = expected(row)
        if not isinstance(right, tuple):
            continue
        if row["significance"] in ("poor-outcome", "harm", "adverse-event"):
            assert right[0] > 1, row["id"]
        if row["significance"] in ("better-outcome", "benefit", "fewer-adverse-events"):
            assert right[0] < 1, row["id"]


def test_a_table_has_the_same_figures(client: httpx.Client) -> None:
    text = client.get("/evidence?format=csv").raise_for_status().text
    lines = {line["id"]: line for line in csv.DictReader(io.StringIO(text))}
    for row in ROWS:
        line, right = lines[row["id"]], expected(row)
        figures = [line[f"effect.harmonised.{each}"] for each in ("value", "ci_low", "ci_high")]
        if isinstance(right, tuple):
            assert all(map(same, [float(each) if each else None for each in figures], right)), row["id"]
            assert line["effect.not_harmonised"] == ""
        else:
            assert figures == ["", "", ""]
            assert line["effect.not_harmonised"] == (right or "")


def test_records_and_other_records_have_the_same_figures(client: httpx.Client) -> None:
    claim = get(client, "/evidence/pancreatic-serum-il6-os-biomedicines-2024")
    assert claim["effect"]["harmonised"] == {
        "measure": "HR",
        "value": 3.03,
        "ci_low": 1.667,
        "ci_high": 5.556,
    }
    paper = get(client, f"/publications/{claim['publication']['id']}")
    within = {each["id"]: each["effect"] for each in paper["evidence"]}
    assert within[claim["id"]] == claim["effect"]


def test_the_forest_plot_draws_just_these_ratios(client: httpx.Client) -> None:
    for claim in walk(client, "/evidence?type=prognostic&limit=500"):
        (row,) = (each for each in ROWS if each["id"] == claim["id"])
        figure, right = figure_of(claim), expected(row)
        if isinstance(right, tuple):
            assert isinstance(figure, Figure)
            assert all(map(same, (figure.value, figure.low, figure.high), right)), row["id"]
            assert bool(figure.note) is (
                row["effect"]["comparison"] == "low-versus-high" or row["effect"]["endpoint"] in GOOD
            )
        else:
            assert figure == (right or "no-ratio")


@pytest.mark.parametrize(
    "cancer", ["breast-cancer", "solid-and-blood-cancers", "melanoma", "pancreatic-cancer"]
)
def test_the_page_of_a_cancer_draws_no_other(client: httpx.Client, cancer: str) -> None:
    plot = client.get(f"/explore/cancers/{cancer}").raise_for_status().text.split('id="prognosis-table"')[0]
    own = [row for row in ROWS if row.get("cancer") == cancer and row["type"] == "prognostic"]
    for row in own:
        assert (f'/explore/evidence/{row["id"]}"' in plot) is isinstance(expected(row), tuple), row["id"]
