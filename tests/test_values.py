"""Values of filters: read as they are meant, or refused with what could be meant; none passes silently."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.catalog import RESOURCES, Resource, filter_named
from app.models.base import PREFIXES
from app.seeding.answers import Facts
from tests.test_docs import resolved
from tests.test_lists import collections, everything, ids
from tests.test_resources import get

ABSENT = "zzqqxx"
"""What is no value of anything, and near to none."""


def parameters(client: httpx.Client, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The filters that the OpenAPI document lists for a collection, with the schema of one value."""
    resource = next(each for each in RESOURCES if each.path == path)
    document = get(client, "/openapi.json")
    for given in document["paths"][f"/{path}"]["get"]["parameters"]:
        each = resolved(document, given)
        schema = resolved(document, each["schema"])
        if filter_named(resource.filters, each["name"]):
            options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
            yield each["name"], resolved(document, options[0].get("items", options[0]))


@collections
def test_no_filter_takes_a_value_that_is_not_there(client: httpx.Client, resource: Resource) -> None:
    """Names, texts, words of a vocabulary, numbers, dates and truth values: 422, and it is said of which."""
    names = [name for name, _ in parameters(client, resource.path)]
    assert len(names) >= 5
    for name in [
        *names,
        *(f"{each}__not" for each in names if filter_named(resource.filters, f"{each}__not")),
    ]:
        answer = client.get(f"/{resource.path}", params={name: ABSENT})
        assert answer.status_code == 422, name
        (error,) = answer.json()["errors"]
        assert error["loc"][:2] == ["query", name]
        assert "did you mean" not in error["detail"], error


@collections
def test_a_number_that_no_record_has_finds_nothing(client: httpx.Client, resource: Resource) -> None:
    for name, schema in parameters(client, resource.path):
        if schema.get("type") in ("integer", "number") and "__" not in name:
            assert get(client, f"/{resource.path}?{name}=1901")["total"] == 0


@collections
@pytest.mark.parametrize("sign", "!-~")
def test_a_sign_before_a_value_is_refused_with_the_word_for_it(
    client: httpx.Client, resource: Resource, sign: str
) -> None:
    for name, schema in parameters(client, resource.path):
        if sign == "-" and schema.get("type") in ("integer", "number"):
            continue
        value = schema.get("enum", [resource.example])[0]
        for text in (f"{sign}{value}", f"{value},{sign}{value}")[: 2 if sign == "!" else 1]:
            answer = client.get(f"/{resource.path}", params={name: text})
            assert answer.status_code == 422, (name, text)
            if filter_named(resource.filters, f"{name}__not"):
                assert f"{name}__not=" in answer.json()["detail"], (name, text)


@pytest.mark.parametrize(
    "address",
    [
        "/inhibitors?approval.agency=!FDA",
        "/evidence/summary?by=cancer,inhibitor&inhibitor=!tocilizumab",
        "/evidence/summary?by=cancer,inhibitor&type=~safety",
    ],
)
def test_a_sign_is_refused_where_filters_stand_elsewhere(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 422
    assert "__not=" in answer.json()["detail"]


@pytest.mark.parametrize(
    "address", ["/graph?cancer=!ovarian-cancer", "/graph/paths?from=~il6&to=ovarian-cancer"]
)
def test_a_sign_is_refused_where_nothing_can_be_left_out(client: httpx.Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 422
    assert "No value begins with" in answer.json()["detail"]


@collections
def test_words_of_a_vocabulary_are_read_in_any_spelling(client: httpx.Client, resource: Resource) -> None:
    for name, schema in parameters(client, resource.path):
        for word in schema.get("enum", []):
            expected = client.get(f"/{resource.path}", params={name: word, "limit": 0}).json()
            for spelt in {word.upper(), word.title(), word.replace("-", "_"), word.replace("-", " ")}:
                found = client.get(f"/{resource.path}", params={name: spelt, "limit": 0}).json()
                assert found == expected, (name, spelt)


def test_what_a_list_is_shown_by_is_read_in_any_spelling(client: httpx.Client) -> None:
    assert get(client, "/trials?sort=-Start-Year&limit=5") == get(
        client, "/trials?sort=-start_year&limit=5"
    ) | {"next": get(client, "/trials?sort=-Start-Year&limit=5")["next"]}
    assert get(client, "/trials?facets=STATUS&fields=ID,Start Year&limit=3")["facets"]["status"]
    assert client.get("/trials?format=CSV").headers["Content-Type"] == "text/csv; charset=utf-8"
    assert client.get("/graph?format=GraphML").headers["Content-Type"] == "application/graphml+xml"
    assert get(client, "/evidence/summary?by=Cancer,INHIBITOR")["by"] == ["cancer", "inhibitor"]
    assert get(client, "/search?q=il6&kind=Inhibitors")["facets"]


@collections
def test_an_empty_value_is_refused(client: httpx.Client, resource: Resource) -> None:
    document = get(client, "/openapi.json")
    for given in document["paths"][f"/{resource.path}"]["get"]["parameters"]:
        each = resolved(document, given)
        for value in ("", " "):
            answer = client.get(f"/{resource.path}", params={each["name"]: value})
            assert answer.status_code == 422, (each["name"], value)
            assert answer.json()["errors"][0]["loc"][:2] == ["query", each["name"]]


@pytest.mark.parametrize(
    "value", ["18/07/2022", "2022-02-30", "2022-13", "22-07-18", "July 2022", "2022-7-18", "2022-07-18T00:00"]
)
@pytest.mark.parametrize("name", ["published", "published__gte", "published__lte", "published__not"])
def test_a_date_is_one_of_the_calendar(client: httpx.Client, name: str, value: str) -> None:
    answer = client.get("/publications", params={name: value})
    assert answer.status_code == 422
    assert "2022-07-18" in answer.json()["detail"]


@pytest.mark.parametrize("value", ["2022", "2022-07", "2022-07-18", "2024-02-29", "2019-12"])
def test_a_month_or_a_year_stands_for_its_days(client: httpx.Client, facts: Facts, value: str) -> None:
    held = {row.id: row.published for row in facts.publications.values() if row.published}
    inside = {each for each, day in held.items() if day == value or day.startswith(f"{value}-")}
    for name, expected in {
        "published": inside,
        "published__gte": {each for each, day in held.items() if day >= value},
        "published__lte": {each for each, day in held.items() if day <= value} | inside,
        "published__not": set(facts.publications) - inside,
    }.items():
        page = get(client, f"/publications?{name}={value}&limit=500&fields=id")
        assert page["total"] == len(expected), name
        assert set(ids(page["items"])) <= expected


WAYS = {
    "doi": ("https://doi.org/{}", "http://dx.doi.org/{}", "doi:{}", "DOI: {}"),
    "pmid": ("PMID:{}", "pmid {}", "pubmed:{}", "https://pubmed.ncbi.nlm.nih.gov/{}"),
    "chembl": ("chembl:{}",),
    "uniprot": ("uniprot:{}",),
    "hgnc": ("hgnc:{}", "HGNC:{}"),
}


@collections
def test_identifiers_are_read_as_on_paths(client: httpx.Client, facts: Facts, resource: Resource) -> None:
    for name in resource.filters.columns:
        if name not in PREFIXES:
            continue
        held = {row.id: getattr(row, name) for row in facts.of(resource.kind).values() if getattr(row, name)}
        for record_id, value in list(held.items())[:3]:
            expected = {each for each, other in held.items() if other.lower() == value.lower()}
            assert record_id in expected
            for way in ("{}", *WAYS.get(name, ())):
                asked = way.format(value.removeprefix("HGNC:"))
                answer = client.get(f"/{resource.path}", params={name: asked, "limit": 500})
                assert answer.status_code == 200, (name, asked, answer.json())
                assert set(ids(answer.json()["items"])) == expected, (name, asked)


def test_an_identifier_of_another_registry_is_none(client: httpx.Client, facts: Facts) -> None:
    row = next(each for each in facts.publications.values() if each.pmid and each.doi)
    assert client.get("/publications", params={"doi": f"PMID:{row.pmid}"}).status_code == 422
    assert client.get("/publications", params={"pmid": row.doi}).status_code == 422


def test_an_id_is_any_name(client: httpx.Client) -> None:
    assert ids(get(client, "/inhibitors?id=Actemra")["items"]) == ["tocilizumab"]
    answer = client.get("/inhibitors?id=tocilizumabb")
    assert answer.status_code == 422
    assert "tocilizumab?" in answer.json()["detail"]
    assert get(client, "/inhibitors?ids=nope")["missing"] == ["nope"]


def test_an_author_is_found_by_family_name(client: httpx.Client, facts: Facts) -> None:
    def family(name: str) -> str:
        return re.sub(r" [A-Z-]+$", "", name)

    for asked in ("Chen", "chen", "Rose-John"):
        expected = {
            row.id
            for row in facts.publications.values()
            if any(family(each).lower() == asked.lower() for each in row.authors)
        }
        assert expected
        for name in ("author", "authors"):
            assert set(ids(get(client, f"/publications?{name}={asked}&limit=500")["items"])) == expected
    everybody = get(client, "/publications?author=Rose-John S")["total"]
    assert everybody == sum("Rose-John S" in row.authors for row in facts.publications.values())
    answer = client.get("/publications?author=Chenn")
    assert answer.status_code == 422
    assert "did you mean Chen" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("/cancers?site=brest", "breast"),
        ("/inhibitors?routes=IV", "intravenous"),
        ("/inhibitors?developer=Roch", "Roche"),
        ("/publications?journal=Cancer Resarch", "Cancer Research"),
    ],
)
def test_a_text_that_is_not_there_is_told_what_is_near(
    client: httpx.Client, address: str, meant: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 422
    assert meant in answer.json()["detail"]


@pytest.mark.parametrize("name", ["Roche", "astrazeneca", "Novo Nordisk", "eli lilly"])
def test_a_company_is_found_wherever_it_is_named(client: httpx.Client, facts: Facts, name: str) -> None:
    expected = {row.id for row in facts.inhibitors.values() if name.lower() in (row.developer or "").lower()}
    assert expected
    assert set(ids(get(client, f"/inhibitors?developer={name}")["items"])) == expected


def test_every_text_of_a_record_finds_it(client: httpx.Client) -> None:
    """Whatever the case of its letters."""
    for resource in RESOURCES:
        for item in everything(client, resource.path)[:5]:
            for name, kind in resource.filters.columns.items():
                value = item.get(name)
                if kind is str and isinstance(value, str):
                    page = client.get(f"/{resource.path}", params={name: value.upper(), "limit": 500})
                    assert item["id"] in ids(page.raise_for_status().json()["items"]), (name, value)
