"""The notebook in docs/: its cells run, its answers are right, and its plot has every study on its side."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rows import rows

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tables.ipynb"

pytestmark = pytest.mark.longer


@pytest.fixture
def run(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the names of the notebook hold when all of its cells have run."""
    import matplotlib.pyplot as plt  # slow to load

    monkeypatch.setenv("IL6_ATLAS", str(client.base_url).rstrip("/"))
    plt.switch_backend("Agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    names: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], "answers are of the release of the day: the notebook holds none"
            exec("".join(cell["source"]), names)
    return names


def test_the_notebook_answers_its_questions(run: dict[str, Any]) -> None:
    worse = run["worse"]
    assert {"breast-cancer", "ovarian-cancer", "prostate-cancer"} <= set(worse.index)
    others = worse[[f"prognosis.{side}" for side in ("better", "no_link", "divided")]].sum(axis=1)
    assert (worse["prognosis.poor"] > others).all()
    told = run["outcomes"].stack()
    assert told[told > 0].to_dict() == Counter((row["purpose"], row["outcome"]) for row in rows("trials"))
    found = run["found"].stack()
    claims = [
        row
        for row in rows("evidence")
        if row.get("inhibitor") == "siltuximab" and row["type"] == "therapeutic"
    ]
    right = Counter((row.get("study_type", "not said"), row["significance"]) for row in claims)
    assert found[found > 0].to_dict() == right


def test_every_study_of_the_plot_is_on_its_side(run: dict[str, Any]) -> None:
    (axes,) = run["figure"].axes
    points, *_ = axes.lines
    labels = [each.get_text() for each in axes.get_yticklabels()]
    drawn = dict(zip(labels, points.get_xdata(), strict=True))
    evidence = {row["id"]: row for row in rows("evidence")}
    assert len(drawn) > 10
    turned = 0
    for claim, place in drawn.items():
        row = evidence[claim]
        effect = row["effect"]
        assert effect["comparison"] in ("high-versus-low", "low-versus-high")
        assert row["target"] == "il6"
        turned += effect["comparison"] == "low-versus-high"
        if row["significance"] == "poor-outcome":
            assert place > 1, claim
        if row["significance"] == "better-outcome":
            assert place < 1, claim
    assert turned >= 3
