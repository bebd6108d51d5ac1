"""What a high IL-6 means in each cancer, worked out here anew from the rows of the seed files."""

import itertools
from collections import Counter, defaultdict
from typing import Any

import httpx
import pytest

from tests.rows import rows
from tests.test_resources import get, walk

ROWS = rows("evidence")
CANCERS = [row["id"] for row in rows("cancers")]
SAME_STUDY = {row["id"]: row["same_study_as"] for row in rows("publications") if "same_study_as" in row}
SPECIMENS = [
    *("circulating", "serum", "plasma", "blood", "cerebrospinal-fluid", "ascites", "pleural-effusion"),
    *("saliva", "urine", "bone-marrow", "tumour", "mixed", "any"),
]
NO_OUTCOME = {
    *("response", "clinical-benefit", "stage-or-grade", "adverse-event", "second-cancer"),
    *("treatment-failure", None),
}
"""End points of prognostic rows that are neither survival nor recurrence, progression or death."""


def counted(row: dict[str, Any]) -> bool:
    effect = row.get("effect", {})
    return (
        row["type"] == "prognostic"
        and row.get("target") == "il6"
        and row.get("specimen") != "germline"
        and row["level"] != "E"
        and row["significance"] != "adverse-features"
        and effect.get("endpoint") not in NO_OUTCOME
        and effect.get("comparison") not in ("genotype", "composite", "change")
    )


def judged(cancer: str, specimen: str, level: str = "E", analysis: str | None = None) -> dict[str, Any]:
    """The verdict and its counts, by the rule in words and nothing else."""
    said: dict[str, set[str]] = defaultdict(set)
    levels = []
    for row in filter(counted, ROWS):
        own = row.get("specimen")
        fits = specimen == "any" or own == specimen
        fits |= specimen == "circulating" and own in ("serum", "plasma", "blood")
        if row.get("cancer") != cancer or not fits or row["level"] > level:
            continue
        if analysis and row.get("analysis") != analysis:
            continue
        side = {"poor-outcome": "poor", "better-outcome": "better"}.get(row["significance"], "no_link")
        said[SAME_STUDY.get(row["publication"], row["publication"])].add(side)
        levels.append(row["level"])
    votes = Counter(sides.pop() if len(sides) == 1 else "divided" for sides in said.values())
    if not votes:
        verdict = "not-studied"
    elif votes["poor"] > votes.total() - votes["poor"]:
        verdict = "poor"
    elif votes["better"] > votes.total() - votes["better"]:
        verdict = "better"
    elif votes["no_link"] == votes.total():
        verdict = "no-link"
    else:
        verdict = "mixed"
    return {
        "verdict": verdict,
        "specimen": specimen,
        "publications": votes.total(),
        **{side: votes[side] for side in ("poor", "better", "no_link", "divided")},
        "best_level": min(levels, default=None),
    }


def part(prognosis: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in prognosis.items() if name in judged("", "any")}


def test_every_cancer_by_every_specimen(client: httpx.Client) -> None:
    for specimen in SPECIMENS:
        listed = walk(client, f"/cancers?specimen={specimen}&prognosis__not=not-studied&limit=500")
        told = {each["id"]: part(each["prognosis"]) for each in listed}
        right = {cancer: judged(cancer, specimen) for cancer in CANCERS}
        assert told == {each: said for each, said in right.items() if said["publications"]}, specimen
        for verdict in ("poor", "better", "mixed", "no-link", "not-studied"):
            found = walk(client, f"/cancers?specimen={specimen}&prognosis={verdict}&limit=500")
            assert {each["id"] for each in found} == {
                each for each in CANCERS if right[each]["verdict"] == verdict
            }
            assert all(each["prognosis"]["verdict"] == verdict for each in found)


def test_every_record_tells_what_was_measured_where(client: httpx.Client) -> None:
    for cancer in CANCERS:
        prognosis = get(client, f"/cancers/{cancer}")["prognosis"]
        assert part(prognosis) == judged(cancer, "circulating")
        own = [each for each in SPECIMENS if each not in ("circulating", "any")]
        right = [said for each in own if (said := judged(cancer, each))["publications"]]
        assert sorted(prognosis["by_specimen"], key=lambda each: own.index(each["specimen"])) == right
        assert (prognosis["min_level"], prognosis["analysis"]) == (None, None)


@pytest.mark.parametrize("level", "ABCDE")
def test_on_strong_evidence_alone(client: httpx.Client, level: str) -> None:
    for analysis, specimen in itertools.product(
        (None, "multivariable", "univariable"), ("circulating", "any")
    ):
        asked = f"specimen={specimen}&min_level={level}" + (f"&analysis={analysis}" if analysis else "")
        told = {each["id"]: each["prognosis"] for each in walk(client, f"/cancers?{asked}&limit=500")}
        right = {cancer: judged(cancer, specimen, level, analysis) for cancer in CANCERS}
        assert {each: part(said) for each, said in told.items()} == {
            each: said for each, said in right.items() if said["publications"]
        }
        assert all((said["min_level"], said["analysis"]) == (level, analysis) for said in told.values())
        facets = get(client, f"/cancers?{asked}&prognosis__not=better&facets=prognosis&limit=0")["facets"]
        others = [said["verdict"] for said in right.values() if said["verdict"] != "better"]
        assert facets["prognosis"] == Counter(others)


def test_what_the_atlas_was_founded_on_holds(client: httpx.Client) -> None:
    poor = {each["id"] for each in walk(client, "/cancers?prognosis=poor&limit=500")}
    assert {"breast-cancer", "ovarian-cancer", "prostate-cancer"} <= poor
    assert "primary-cns-lymphoma" not in poor
    fluid = walk(client, "/cancers?prognosis=better&specimen=cerebrospinal-fluid")
    assert [each["id"] for each in fluid] == ["primary-cns-lymphoma"]
    assert fluid[0]["prognosis"]["verdict"] == "better"


@pytest.mark.parametrize("name", ["prognosis.poor", "prognosis.publications"])
def test_cancers_sort_by_what_the_verdict_counts(client: httpx.Client, name: str) -> None:
    field = name.partition(".")[2]
    for specimen in ("circulating", "tumour"):
        for sign, falling in (("", False), ("-", True)):
            # Page by page, so that what comes behind a place is tried too.
            found = walk(
                client, f"/cancers?specimen={specimen}&prognosis__not=better&sort={sign}{name}&limit=7"
            )
            right = [each for each in sorted(CANCERS) if judged(each, specimen)["verdict"] != "better"]
            right.sort(key=lambda each: judged(each, specimen)[field], reverse=falling)
            assert [each["id"] for each in found] == right


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_files_hold_the_verdict_that_was_asked_for(client: httpx.Client, form: str) -> None:
    text = client.get(f"/cancers?specimen=tumour&prognosis=better&format={form}").raise_for_status().text
    assert "breast-cancer" in text
    assert "better,tumour,1,0,1,0,0,B" in text or '"verdict":"better","specimen":"tumour"' in text


def test_a_genotype_is_no_specimen_of_a_level_of_il_6(client: httpx.Client) -> None:
    answer = client.get("/cancers?specimen=germline")
    assert answer.status_code == 422
    assert "circulating" in answer.text


def test_two_publications_of_one_study_count_once() -> None:
    """No two prognostic rows of today's release are of such publications, so they are made here."""
    from app.knowledge.prognosis import assess
    from app.models.evidence import EvidenceSeed

    row = next(each for each in ROWS if counted(each) and each.get("specimen") == "serum")
    claims = [
        EvidenceSeed.model_validate({**row, "id": f"claim-{paper}", "publication": paper, **finding})
        for paper, finding in {
            "congress": {"significance": "poor-outcome", "direction": "supports"},
            "article": {"significance": "no-association", "direction": "does-not-support"},
            "other": {"significance": "poor-outcome", "direction": "supports"},
        }.items()
    ]
    apart = assess(claims, {})
    assert (apart.publications, apart.poor, apart.no_link, apart.verdict) == (3, 2, 1, "poor")
    together = assess(claims, {"congress": "article"})
    assert (together.publications, together.poor, together.divided, together.verdict) == (2, 1, 1, "mixed")
