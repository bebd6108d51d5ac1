"""What the two founding documents state, each answered over HTTP and cited to the document."""

from typing import Any

import httpx
import pytest

PAGE = "cancer-science-il6-inhibitors"
REVIEW = "chen-2022"


def claims(client: httpx.Client, document: str, **about: str) -> list[Any]:
    """The claims of a document that are about something; each is also a record of its own that cites it."""
    record = client.get(f"/publications/{document}").raise_for_status().json()
    assert record["seed"] is True
    found = []
    for claim in record["evidence"]:
        flat = {
            key: value["id"] if isinstance(value, dict) and "id" in value else value
            for key, value in claim.items()
        }
        if about.items() <= flat.items():
            full = client.get(f"/evidence/{claim['id']}").raise_for_status().json()
            assert full["publication"]["id"] == document
            found.append(claim)
    return found


@pytest.mark.parametrize(
    ("document", "about", "words"),
    [
        (PAGE, {"mechanism": "chronic-inflammation"}, "autoimmune"),
        (PAGE, {"mechanism": "angiogenesis", "significance": "promotes"}, "vessels"),
        (PAGE, {"mechanism": "tumour-cell-survival", "significance": "promotes"}, "JAK/STAT"),
        (PAGE, {"mechanism": "immune-evasion", "significance": "promotes"}, "immunosuppressive"),
        (PAGE, {"mechanism": "proliferation", "significance": "promotes"}, "growth"),
        (PAGE, {"mechanism": "invasion-and-metastasis", "significance": "promotes"}, "metastasis"),
        (PAGE, {"cancer": "breast-cancer", "significance": "poor-outcome"}, "poor prognosis"),
        (PAGE, {"cancer": "ovarian-cancer", "significance": "poor-outcome"}, "poor prognosis"),
        (PAGE, {"cancer": "prostate-cancer", "significance": "poor-outcome"}, "poor prognosis"),
        (PAGE, {"inhibitor": "tocilizumab", "significance": "approved"}, "rheumatoid arthritis"),
        (PAGE, {"inhibitor": "sarilumab", "significance": "approved"}, "rheumatoid arthritis"),
        (PAGE, {"significance": "not-approved"}, "none of them is approved"),
        (PAGE, {"inhibitor": "tocilizumab", "type": "therapeutic"}, "tried against various cancers"),
        (PAGE, {"inhibitor": "sarilumab", "type": "therapeutic"}, "tried against various cancers"),
        (PAGE, {"mechanism": "proliferation", "significance": "promotes"}, "slow or halt the progression"),
        (PAGE, {"mechanism": "invasion-and-metastasis", "significance": "promotes"}, "reduce metastasis"),
        (PAGE, {"mechanism": "microenvironment-inflammation-reduction"}, "less favourable to cancer cells"),
        (
            PAGE,
            {"mechanism": "chemoresistance", "significance": "sensitivity"},
            "chemotherapy more effective",
        ),
        (PAGE, {"mechanism": "checkpoint-inhibitor-resistance"}, "immunotherapy"),
        (PAGE, {"mechanism": "cytokine-network-redundancy"}, "redundant"),
        (PAGE, {"mechanism": "compensatory-pathway-activation"}, "other pathways"),
        (PAGE, {"mechanism": "infection-risk"}, "risk of infection"),
        (PAGE, {"mechanism": "hepatotoxicity"}, "liver toxicity"),
        (PAGE, {"mechanism": "patient-immunosuppression"}, "immunocompromised"),
        (PAGE, {"cancer": "solid-tumours", "type": "therapeutic"}, "animal models"),
        (PAGE, {"significance": "sensitivity", "type": "therapeutic"}, "personalised medicine"),
        (
            REVIEW,
            {"cancer": "breast-cancer", "mechanism": "chronic-inflammation"},
            "link between inflammation",
        ),
        (REVIEW, {"cancer": "breast-cancer", "mechanism": "immune-evasion"}, "immunity"),
        (REVIEW, {"mechanism": "acute-phase-response"}, "host defence"),
        (
            REVIEW,
            {"cancer": "breast-cancer", "type": "therapeutic"},
            "combined with drugs that block other pathways",
        ),
        (REVIEW, {"cancer": "solid-and-blood-cancers"}, "antibodies against the IL-6 signalling pathway"),
    ],
)
def test_a_founding_statement_is_answered_and_cited(
    client: httpx.Client, document: str, about: dict[str, str], words: str
) -> None:
    found = claims(client, document, **about)
    assert any(words in claim["statement"] for claim in found), found


def test_combination_with_checkpoint_inhibitors(client: httpx.Client) -> None:
    (claim,) = claims(client, PAGE, mechanism="checkpoint-inhibitor-resistance")
    assert claim["combination"] == ["checkpoint inhibitor"]
    assert claim["significance"] == "sensitivity"


def test_il6_inhibitors_block_il6(client: httpx.Client) -> None:
    for drug, target in {"siltuximab": "il6", "tocilizumab": "il6r", "sarilumab": "il6r"}.items():
        record = client.get(f"/inhibitors/{drug}").json()
        assert [each["id"] for each in record["targets"]] == [target]
        assert drug in [each["id"] for each in client.get(f"/targets/{target}").json()["inhibitors"]]


@pytest.mark.parametrize("drug", ["tocilizumab", "sarilumab"])
def test_approved_for_rheumatoid_arthritis_but_not_for_cancer(client: httpx.Client, drug: str) -> None:
    record = client.get(f"/inhibitors/{drug}").json()
    arthritis = [each for each in record["approvals"] if each["indication"]["id"] == "rheumatoid-arthritis"]
    assert {"FDA", "EMA"} <= {each["agency"] for each in arthritis}
    assert record["approved_for_cancer"] is False


def test_no_direct_inhibitor_is_approved_for_cancer(client: httpx.Client) -> None:
    items = client.get("/inhibitors?limit=500").json()["items"]
    direct = [each for each in items if each["scope"] == "direct"]
    assert len(direct) == 19
    assert [each["id"] for each in direct if each["approved_for_cancer"]] == []


def test_the_cancers_named_have_a_poor_prognosis(client: httpx.Client) -> None:
    poor = [each["id"] for each in client.get("/cancers?prognosis=poor&limit=500").json()["items"]]
    assert {"breast-cancer", "ovarian-cancer", "prostate-cancer"} <= set(poor)


def test_trials_explore_il6_inhibitors_in_cancer(client: httpx.Client) -> None:
    for drug in ("tocilizumab", "sarilumab", "siltuximab"):
        trials = client.get(f"/inhibitors/{drug}").json()["trials"]
        assert trials
        assert all(each["cancers"] for each in trials)


def test_the_bibliographic_record_of_the_review(client: httpx.Client) -> None:
    record = client.get(f"/publications/{REVIEW}").json()
    assert record["title"] == "IL-6: The Link Between Inflammation, Immunity and Breast Cancer"
    assert record["authors"] == ["Chen J", "Wei Y", "Yang W", "Huang Q", "Chen Y", "Zeng K", "Chen J"]
    assert (record["journal"], record["volume"], record["pages"]) == ("Frontiers in Oncology", "12", "903800")
    assert record["published"] == "2022-07-18"
    assert record["doi"] == "10.3389/fonc.2022.903800"
    assert "doi:10.3389/fonc.2022.903800" in record["xrefs"]
    assert set(record["keywords"]) == {
        "breast cancer",
        "immune",
        "inflammation",
        "interleukin-6",
        "target therapy",
    }
    assert record["citation"] == (
        "Chen J, Wei Y, Yang W, Huang Q, Chen Y, Zeng K, et al. IL-6: The Link Between Inflammation, "
        "Immunity and Breast Cancer. Frontiers in Oncology. 2022;12:903800. doi:10.3389/fonc.2022.903800"
    )


@pytest.mark.parametrize(
    "reference",
    ["agarwal-2007", "agarwal-2008", "cancer-genome-atlas-network-2012", "pedersen-2009", "solinas-2010"],
)
def test_the_references_the_review_lists_are_publications(client: httpx.Client, reference: str) -> None:
    record = client.get(f"/publications/{reference}").raise_for_status().json()
    assert record["seed"] is True
    assert record["doi"].startswith("10.")
    assert record["year"] < 2022
