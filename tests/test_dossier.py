"""Prediction beside trial: one drug in one cancer, drugs side by side, questions in dispute."""

import csv
import io
from collections import Counter, defaultdict
from typing import Any

import httpx
import pytest

from app.knowledge.dossier import set_against
from app.models.graph import Tested as TriedAndFound
from app.models.interaction import Sign
from tests.rows import rows
from tests.test_resources import get

EVIDENCE, TRIALS, APPROVALS, INDICATIONS = map(rows, ("evidence", "trials", "approvals", "indications"))
STUDIES = {row["id"]: row.get("same_study_as", row["id"]) for row in rows("publications")}


def what_came(**told: Any) -> TriedAndFound:
    nothing: dict[str, Any] = {
        "trials": {},
        "other_trials": {},
        "narrower_trials": 0,
        "claims": {},
        "claims_by_study": {},
        "links": {},
    }
    return TriedAndFound.model_validate(nothing | told)


@pytest.mark.parametrize(
    ("predicted", "told", "sentence"),
    [
        (
            [Sign.SUPPRESSES],
            {
                "trials": {"negative": 2, "mixed": 1, "not-reported": 1},
                "other_trials": {"other": {"positive": 1}},
            },
            "The pathway predicts that drug X suppresses glioblastoma; of 4 trials against "
            "the cancer 1 was mixed, "
            "2 were negative and 1 has no reported result; 1 more was for another purpose.",
        ),
        (
            [Sign.SUPPRESSES],
            {
                "trials": {"negative": 3},
                "claims_by_study": {"human-trial": {"benefit": 1}, "animal": {"benefit": 9}},
            },
            "The pathway predicts that drug X suppresses glioblastoma; all 3 trials against "
            "the cancer were negative; "
            "of 1 claim from patients 1 found a benefit.",
        ),
        (
            [Sign.PROMOTES],
            {"trials": {"safety-only": 1}},
            "The pathway predicts that drug X promotes glioblastoma; the one trial against "
            "the cancer reported safety "
            "alone.",
        ),
        (
            [Sign.PROMOTES, Sign.SUPPRESSES],
            {},
            "By some chains the pathway predicts that drug X suppresses glioblastoma, by "
            "others not; no trial of it "
            "against this cancer is recorded.",
        ),
        (
            [Sign.SUPPRESSES],
            {"trials": {"negative": 2}, "narrower_trials": 1},
            "The pathway predicts that drug X suppresses glioblastoma; both trials against the cancer were "
            "negative; 1 more trial was in narrower cancers.",
        ),
        (
            [],
            {"claims_by_study": {"case": {"harm": 2}, "human-cohort": {"no-benefit": 1}}},
            "No chain of the pathway leads from drug X to glioblastoma; no trial of it "
            "against this cancer is recorded; "
            "of 3 claims from patients 1 found no benefit and 2 found harm.",
        ),
    ],
)
def test_one_sentence_sets_prediction_against_trial(
    predicted: list[Sign], told: dict[str, Any], sentence: str
) -> None:
    assert set_against("Drug X", "Glioblastoma", predicted, what_came(**told)) == sentence


@pytest.mark.parametrize(
    ("drug", "cancer", "sentence"),
    [
        (
            "CNTO 328",
            "myeloma",
            "The pathway predicts that siltuximab suppresses multiple myeloma; of 7 trials "
            "against the cancer 1 was "
            "mixed, 2 were negative, 3 reported safety alone and 1 has no reported result; 3 "
            "more were for another "
            "purpose; 1 more trial was in narrower cancers; ",
        ),
        (
            "Jakafi",
            "pancreatic cancer",
            "The pathway predicts that ruxolitinib suppresses pancreatic cancer; all 3 "
            "trials against the cancer were "
            "negative; of 5 claims from patients 1 found a benefit and 4 found no benefit.",
        ),
        (
            "tocilizumab",
            "breast-cancer",
            "The pathway predicts that tocilizumab suppresses breast cancer; both trials "
            "against the cancer have no "
            "reported result.",
        ),
        (
            "baricitinib",
            "osteosarcoma",
            "The pathway predicts that baricitinib suppresses osteosarcoma; no trial of it "
            "against this cancer is "
            "recorded.",
        ),
    ],
)
def test_the_sentence_of_a_pair(client: httpx.Client, drug: str, cancer: str, sentence: str) -> None:
    dossier = get(client, f"/inhibitors/{drug}/cancers/{cancer}")
    assert dossier["summary"].startswith(sentence)
    paths = client.get("/explore/paths", params={"from": drug, "to": cancer}).raise_for_status().text
    assert dossier["summary"].split(";")[0] in paths.replace('<span class="n">IL-6</span>', "IL-6")


def test_trials_in_narrower_cancers_are_told_of(client: httpx.Client) -> None:
    """Nobody reads that a drug was tried in no solid tumour because trials name the tumours themselves."""
    parents = {row["id"]: row.get("parent") for row in rows("cancers")}

    def wider(cancer: str) -> set[str]:
        above = parents[cancer]
        return {above, *wider(above)} if above else set()

    tried: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in TRIALS:
        beyond = set().union(*map(wider, row["cancers"])) - set(row["cancers"])
        for pair in ((drug, cancer) for drug in row["inhibitors"] for cancer in beyond):
            tried[pair].add(row["id"])
    assert len(tried) > 20
    for (drug, cancer), trials in tried.items():
        dossier = get(client, f"/inhibitors/{drug}/cancers/{cancer}")
        tested = dossier["tested"]
        assert tested["narrower_trials"] == len(trials), (drug, cancer)
        assert f"{len(trials)} more trial" in dossier["summary"]
        among = {
            each["id"] for each in get(client, f"{tested['links']['narrower_trials']}&limit=500")["items"]
        }
        assert among == trials | {each["id"] for each in dossier["trials"]}


def test_a_pair_without_a_path(client: httpx.Client) -> None:
    """Nothing leads to a cancer that no mechanism is linked to."""
    linked = {row["object"]["id"] for row in rows("interactions") if row["object"]["kind"] == "cancer"}
    (cancer, *_) = (row["id"] for row in rows("cancers") if row["id"] not in linked)
    dossier = get(client, f"/inhibitors/tocilizumab/cancers/{cancer}")
    assert dossier["summary"].startswith("No chain of the pathway leads from tocilizumab to ")
    assert (dossier["paths"], dossier["predicted"]) == ([], None)


PAIRS = sorted(
    {(row["inhibitor"], row["cancer"]) for row in EVIDENCE if row.get("inhibitor") and row.get("cancer")}
    | {(drug, cancer) for row in TRIALS for drug in row["inhibitors"] for cancer in row["cancers"]}
)


@pytest.mark.longer
def test_the_dossier_of_every_pair_that_was_tried_or_studied(client: httpx.Client) -> None:
    assert len(PAIRS) > 80
    for drug, cancer in PAIRS:
        dossier = get(client, f"/inhibitors/{drug}/cancers/{cancer}")
        trials = [row for row in TRIALS if drug in row["inhibitors"] and cancer in row["cancers"]]
        claims = [row for row in EVIDENCE if (row.get("inhibitor"), row.get("cancer")) == (drug, cancer)]
        treatment = [row for row in claims if row["type"] == "therapeutic"]
        assert {each["id"] for each in dossier["trials"]} == {row["id"] for row in trials}
        assert {each["id"] for each in dossier["therapeutic"]} == {row["id"] for row in treatment}
        assert {each["id"] for each in dossier["safety"]} == {
            row["id"] for row in claims if row["type"] == "safety"
        }
        against = [row["outcome"] for row in trials if row["purpose"] == "anti-tumour"]
        assert dossier["tested"]["trials"] == Counter(against)
        others = dossier["tested"]["other_trials"]
        assert sum(sum(each.values()) for each in others.values()) == len(trials) - len(against)
        assert dossier["tested"]["claims"] == Counter(row["significance"] for row in treatment)
        by_study: dict[str, Counter[str]] = defaultdict(Counter)
        for row in treatment:
            by_study[row.get("study_type", "not-said")][row["significance"]] += 1
        assert dossier["tested"]["claims_by_study"] == by_study
        assert dossier["prognosis"] == get(client, f"/cancers/{cancer}")["prognosis"]
        paths = get(client, f"/graph/paths?from={drug}&to={cancer}")
        assert dossier["paths"] == paths["paths"]
        assert dossier["tested"] == paths["tested"]
        signs = {path["predicted"] for path in paths["paths"]}
        assert dossier["predicted"] == (signs.pop() if len(signs) == 1 else None)
        for address in dossier["links"].values():
            client.get(address).raise_for_status()


def test_what_was_allowed_for_a_cancer_stands_in_its_dossier(client: httpx.Client) -> None:
    of_it = {row["id"] for row in INDICATIONS if row.get("cancer") == "myelofibrosis"}
    right = {
        row["id"] for row in APPROVALS if row["inhibitor"] == "ruxolitinib" and row["indication"] in of_it
    }
    dossier = get(client, "/inhibitors/ruxolitinib/cancers/myelofibrosis")
    assert {each["id"] for each in dossier["approvals"]} == right
    assert right
    assert get(client, "/inhibitors/ruxolitinib/cancers/pancreatic-cancer")["approvals"] == []


def test_a_dossier_is_found_by_any_names_and_says_its_own_address(client: httpx.Client) -> None:
    answer = client.get("/inhibitors/Actemra/cancers/MONDO:0005233").raise_for_status()
    assert answer.headers["Content-Location"].endswith(
        "/inhibitors/tocilizumab/cancers/non-small-cell-lung-cancer"
    )
    for unknown in (
        "/inhibitors/tocilizumb/cancers/breast-cancer",
        "/inhibitors/tocilizumab/cancers/brest-cancer",
    ):
        problem = client.get(unknown)
        assert problem.status_code == 404
        assert problem.json()["suggestions"]


def test_paths_that_are_not_from_a_drug_to_a_cancer_have_no_trial(client: httpx.Client) -> None:
    assert get(client, "/graph/paths?from=il6&to=breast-cancer")["tested"] is None
    path = get(client, "/graph/paths?from=siltuximab&to=multiple-myeloma")["paths"][0]
    assert "sign" not in path
    assert path["reading"].endswith("by this chain siltuximab would suppress multiple myeloma.")


@pytest.mark.parametrize("cancer", [None, "pancreatic-cancer"])
def test_drugs_side_by_side(client: httpx.Client, cancer: str | None) -> None:
    query = "/compare?inhibitors=Sylvant,tocilizumab,Jakafi" + (f"&cancer={cancer}" if cancer else "")
    compared = get(client, query)
    assert (compared["cancer"] and compared["cancer"]["id"]) == cancer
    assert [each["inhibitor"]["id"] for each in compared["items"]] == [
        "siltuximab",
        "tocilizumab",
        "ruxolitinib",
    ]
    lines = list(csv.DictReader(io.StringIO(client.get(f"{query}&format=csv").raise_for_status().text)))
    for each, line in zip(compared["items"], lines, strict=True):
        drug = each["inhibitor"]["id"]
        stand = [row for row in APPROVALS if row["inhibitor"] == drug and row["status"] == "approved"]
        assert each["approvals"] == Counter(row["agency"] for row in stand)
        tried = [
            row
            for row in TRIALS
            if drug in row["inhibitors"] and (cancer is None or cancer in row["cancers"])
        ]
        told = {(p, o): n for p, found in each["trials"].items() for o, n in found.items()}
        assert told == Counter((row["purpose"], row["outcome"]) for row in tried)
        said = [
            row for row in EVIDENCE if row.get("inhibitor") == drug and cancer in (None, row.get("cancer"))
        ]
        counts = {**each["evidence"]}
        assert counts.pop("total") == len(said)
        found = {(kind, what): n for kind, held in counts.items() for what, n in held.items()}
        assert found == Counter((row["type"], row["significance"]) for row in said)
        assert line["inhibitor.id"] == drug
        for (purpose, outcome), number in told.items():
            assert line[f"trials.{purpose}.{outcome}"] == str(number)
        for (kind, what), number in found.items():
            assert line[f"evidence.{kind}.{what}"] == str(number)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("inhibitors=siltuximab", "2 to 20"),
        ("inhibitors=siltuximab,CNTO328", "2 to 20"),
        ("inhibitors=siltuximab,nobody", "nobody"),
        ("inhibitors=siltuximab,tocilizumab&cancer=nothing-such", "nothing-such"),
        ("", "inhibitors"),
        ("inhibitors=siltuximab,tocilizumab&format=pdf", "format"),
        ("inhibitors=siltuximab,tocilizumab&cancr=x", "cancer"),
    ],
)
def test_what_cannot_be_compared_is_said(client: httpx.Client, query: str, word: str) -> None:
    answer = client.get(f"/compare?{query}")
    assert answer.status_code == 422
    assert word in answer.text


def test_publications_disagree_on_these_questions(client: httpx.Client) -> None:
    conflicts = get(client, "/evidence/conflicts")
    assert conflicts["total"] == len(conflicts["items"])
    found = {
        (each["inhibitor"]["id"], each["cancer"]["id"]): each
        for each in conflicts["items"]
        if each["type"] == "therapeutic"
    }
    sides: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in EVIDENCE:
        if row["type"] == "therapeutic" and row.get("inhibitor") and row.get("cancer"):
            sides[row["inhibitor"], row["cancer"]][row["direction"]].add(STUDIES[row["publication"]])
    disputed = {pair for pair, each in sides.items() if len(each) == 2 and len(set.union(*each.values())) > 1}
    assert set(found) == disputed
    assert ("siltuximab", "multiple-myeloma") in disputed
    for each in conflicts["items"]:
        cited = {STUDIES[claim["publication"]["id"]] for side in each["sides"] for claim in side["claims"]}
        assert len(cited) > 1, each["question"]
        assert len(each["sides"]) > 1, each["question"]
        assert each["question"].endswith("?")
        for side in each["sides"]:
            assert {claim["significance"] for claim in side["claims"]} == {side["significance"]}
            assert {claim["type"] for claim in side["claims"]} == {each["type"]}


def test_conflicts_on_a_cancer_or_a_drug(client: httpx.Client) -> None:
    conflicts = get(client, "/evidence/conflicts")["items"]
    for kind, name, record_id in (
        ("cancer", "Breast Cancer", "breast-cancer"),
        ("inhibitor", "Jakafi", "ruxolitinib"),
    ):
        narrowed = client.get("/evidence/conflicts", params={kind: name}).json()["items"]
        assert narrowed == [each for each in conflicts if (each[kind] or {}).get("id") == record_id]
        assert narrowed
    assert client.get("/evidence/conflicts?cancer=nothing-such").status_code == 422
