"""Lists and records of the ten collections, as a client sees them."""

import functools
import json
from typing import Any

import httpx
import pytest

from app.catalog import RESOURCES, Resource
from app.seeding.answers import Facts

collections = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)


def walk(client: httpx.Client, address: str) -> list[Any]:
    """All items of a list, by following `next`."""
    items: list[Any] = []
    following: str | None = address
    while following:
        page = client.get(following).raise_for_status()
        body = page.json()
        items += body["items"]
        assert ("next" in page.links) == (body["next"] is not None)
        if body["next"]:
            assert page.links["next"]["url"] == body["next"]
        following = body["next"]
        assert len(items) <= body["total"]
    return items


def get(client: httpx.Client, path: str) -> Any:
    return client.get(path).raise_for_status().json()


@functools.cache
def records(client: httpx.Client, path: str) -> dict[str, Any]:
    """Every record of a collection, whole, each asked for by itself."""
    found = {}
    for item in walk(client, f"/{path}?limit=500"):
        response = client.get(f"/{path}/{item['id']}").raise_for_status()
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Content-Location"] == f"/{path}/{item['id']}"
        found[item["id"]] = response.json()
    return found


@collections
def test_pages_put_together_are_the_whole_list_in_order(
    client: httpx.Client, facts: Facts, resource: Resource
) -> None:
    items = walk(client, f"/{resource.path}?limit=23")
    assert [item["id"] for item in items] == sorted(facts.of(resource.kind))


@collections
def test_every_record_is_found_and_begins_with_its_item(client: httpx.Client, resource: Resource) -> None:
    for item in walk(client, f"/{resource.path}?limit=500"):
        record = records(client, resource.path)[item["id"]]
        resource.item.model_validate(item)
        resource.record.model_validate(record)
        assert list(record) == list(resource.record.model_fields)
        assert list(item) == list(resource.item.model_fields)
        if resource.path != "evidence":  # whose record holds the publication whole
            assert {name: record[name] for name in item} == item


@collections
def test_links_of_a_record_lead_somewhere(client: httpx.Client, resource: Resource) -> None:
    record = get(client, f"/{resource.path}/{resource.example}")
    assert record["links"]["self"] == f"/{resource.path}/{resource.example}"
    for address in record["links"].values():
        assert client.get(address).status_code == 200


@collections
def test_limit_0_gives_the_count_alone(client: httpx.Client, facts: Facts, resource: Resource) -> None:
    body = get(client, f"/{resource.path}?limit=0")
    assert body == {"items": [], "total": len(facts.of(resource.kind)), "next": None}


@collections
def test_head_answers_where_get_does(client: httpx.Client, resource: Resource) -> None:
    for path in (f"/{resource.path}", f"/{resource.path}/{resource.example}"):
        head, full = client.head(path), client.get(path)
        assert head.status_code == full.status_code == 200
        assert head.content == b""
        assert head.headers["Content-Length"] == full.headers["Content-Length"]
        assert head.headers["ETag"] == full.headers["ETag"]


def test_head_answers_for_pages_and_errors_too(client: httpx.Client) -> None:
    for path, status in {"/docs": 200, "/openapi.json": 200, "/livez": 200, "/nowhere": 404}.items():
        head = client.head(path)
        assert (head.status_code, head.content) == (status, b"")


def test_every_reference_in_every_record_leads_to_its_record(client: httpx.Client, facts: Facts) -> None:
    names = {"parent": None, "children": None, "biosimilars": None}
    paths = {resource.kind.value: resource.path for resource in RESOURCES}
    paths |= {resource.path: resource.path for resource in RESOURCES}
    followed = 0

    def check(value: Any, path: str | None, own: str) -> None:
        nonlocal followed
        if isinstance(value, list):
            for each in value:
                check(each, path, own)
        elif isinstance(value, dict):
            if path and "id" in value:
                rows = getattr(facts, path)
                assert value["id"] in rows, (path, value)
                followed += 1
            for key, each in value.items():
                if key in ("source", "object"):
                    check(each, paths[each["kind"]], own)
                elif key in names:
                    check(each, own, own)
                elif key != "evidence" or path is None:
                    check(each, paths.get(key), own)

    for resource in RESOURCES:
        for record in records(client, resource.path).values():
            check(record, None, resource.path)
    assert followed > 10_000


def test_tocilizumab_is_a_cited_drug_card(client: httpx.Client) -> None:
    drug = get(client, "/inhibitors/tocilizumab")
    assert drug["targets"] == [{"id": "il6r", "name": "interleukin 6 receptor"}]
    assert drug["approved_for_cancer"] is False
    assert drug["brands"] == ["Actemra", "RoActemra"]
    assert {"chembl:CHEMBL1237022", "drugbank:DB06273", "atc:L04AC07"} <= set(drug["xrefs"])
    assert [each["id"] for each in drug["biosimilars"]] == [
        "tocilizumab-aazg",
        "tocilizumab-anoh",
        "tocilizumab-bavi",
    ]
    first = drug["approvals"][0]
    assert (first["agency"], first["year"], first["indication"]["id"]) == ("PMDA", 2005, "castleman-disease")
    by_fda = {
        (each["indication"]["id"], each["year"]) for each in drug["approvals"] if each["agency"] == "FDA"
    }
    assert {("rheumatoid-arthritis", 2010), ("giant-cell-arteritis", 2017)} <= by_fda
    for approval in drug["approvals"]:
        assert approval["for_cancer"] is False
        assert approval["publications"], approval["id"]
        assert all(source["url"] for source in approval["publications"])
    assert {trial["outcome"] for trial in drug["trials"]} >= {"negative", "not-reported"}
    counts = drug["evidence"]
    total = counts.pop("total")
    assert set(counts) == {"therapeutic", "safety", "prognostic", "mechanistic", "regulatory"}
    assert total == sum(sum(each.values()) for each in counts.values()) == 92


def test_a_pathway_drug_for_a_blood_cancer_is_told_apart(client: httpx.Client) -> None:
    drug = get(client, "/inhibitors/ruxolitinib")
    assert (drug["scope"], drug["approved_for_cancer"]) == ("pathway", True)
    assert any(approval["for_cancer"] for approval in drug["approvals"])


def test_cancers_of_poor_prognosis(client: httpx.Client) -> None:
    poor = {each["id"]: each["prognosis"] for each in walk(client, "/cancers?prognosis=poor&limit=500")}
    assert {"breast-cancer", "ovarian-cancer", "prostate-cancer"} <= set(poor)
    assert "primary-cns-lymphoma" not in poor
    assert all(each["verdict"] == "poor" for each in poor.values())
    # What it says of each cancer, by each specimen, is worked out in test_prognosis.py.


def test_a_filter_takes_several_values(client: httpx.Client) -> None:
    commas = walk(client, "/cancers?prognosis=no-link,mixed&limit=3")
    repeated = walk(client, "/cancers?prognosis=no-link&prognosis=mixed&limit=500")
    assert commas == repeated
    assert {each["prognosis"]["verdict"] for each in commas} == {"no-link", "mixed"}


def test_a_cancer_shows_what_was_tried_in_it(client: httpx.Client) -> None:
    cancer = get(client, "/cancers/prostate-cancer")
    siltuximab = next(each for each in cancer["inhibitors"] if each["id"] == "siltuximab")
    tried = [each for each in cancer["trials"] if "siltuximab" in [drug["id"] for drug in each["inhibitors"]]]
    assert siltuximab["trials"] == len(tried) == 3
    assert siltuximab["evidence"] > 0
    assert {each["outcome"] for each in tried} == {"negative", "safety-only"}
    wider = get(client, "/cancers/solid-tumours")
    assert "prostate-cancer" in [each["id"] for each in wider["children"]]


def test_a_mechanism_stands_in_the_pathway(client: httpx.Client) -> None:
    mechanism = get(client, "/mechanisms/angiogenesis")
    incoming = {each["source"]["id"]: each["predicate"] for each in mechanism["interactions"]["incoming"]}
    outgoing = {each["object"]["id"] for each in mechanism["interactions"]["outgoing"]}
    assert incoming["vegfa"] == "promotes"
    assert "ovarian-cancer" in outgoing
    assert "go:0001525" in mechanism["xrefs"]


def test_a_publication_shows_everything_that_rests_on_it(client: httpx.Client) -> None:
    publication = get(client, "/publications/dorff-2010")
    assert [each["id"] for each in publication["cited_by"]["trials"]] == ["nct00433446"]
    assert publication["evidence"]
    claim = get(client, f"/evidence/{publication['evidence'][0]['id']}")
    assert claim["publication"]["id"] == "dorff-2010"
    assert claim["publication"]["citation"] == publication["citation"]
    assert publication["citation"].startswith("Dorff TB, ")
    assert publication["citation"].endswith(f"doi:{publication['doi']}")


def test_a_claim_has_its_figures(client: httpx.Client) -> None:
    claim = get(client, "/evidence/ovarian-serum-il6-os-tempfer-1997")
    assert claim["effect"] == {
        "measure": None,
        "value": None,
        "ci_low": None,
        "ci_high": None,
        "unit": None,
        "p_relation": None,
        "p_value": 0.01,
        "endpoint": "overall-survival",
        "event": None,
        "horizon_months": None,
        "n": 73,
        "comparison": None,
        "harmonised": None,
        "not_harmonised": "no-ratio",
    }


def test_the_same_record_is_the_same_bytes_in_every_process(client: httpx.Client, facts: Facts) -> None:
    """Field order comes from the models, not from how a row was loaded."""
    record = client.get("/inhibitors/tocilizumab")
    assert record.content == json.dumps(record.json(), ensure_ascii=False, separators=(",", ":")).encode()
    assert list(record.json())[:3] == ["id", "name", "synonyms"]
