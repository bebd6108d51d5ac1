"""The documentation: a valid OpenAPI document with true examples, and readers that ask no other host."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from playwright.sync_api import Browser, Error, Page

from app.api.docs import EXAMPLES
from app.catalog import RESOURCES
from app.models.trapi import EXAMPLE as QUESTION
from tests.conftest import foreign, serving


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> Any:
    return client.get("/openapi.json").raise_for_status().json()


def operations(document: Any) -> dict[str, tuple[str, Any]]:
    return {
        operation["operationId"]: (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    }


def test_the_document_is_valid_openapi_3_1(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_collection_has_its_two_operations(document: Any) -> None:
    names = set(operations(document))
    for resource in RESOURCES:
        assert {f"list_{resource.path}", f"get_{resource.kind}"} <= names
    others = {"get_livez", "get_readyz", "get_release", "get_service_info"}
    others |= {"get_graph", "find_paths", "get_metrics"}
    others |= {"get_releases", "get_release_of_version", "get_changes", "get_releases_feed"}
    others |= {"get_downloads", "get_download"}
    others |= {"get_history", "get_record_of_release"}
    others |= {"resolve_term", "resolve_terms", "search", "summarise_evidence"}
    others |= {"compare_inhibitors", "get_dossier", "get_conflicts"}
    others |= {"query_trapi", "get_trapi_meta", "get_prefixes", "get_llms_txt"}
    assert others <= names
    assert len(names) == 2 * len(RESOURCES) + len(others)


def test_every_operation_only_reads(document: Any) -> None:
    """POST stands for a GET whose question is too long for an address."""
    methods = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert {each for each in methods if each[0] != "get"} == {("post", "/resolve"), ("post", "/trapi/query")}


def test_a_list_is_sorted_by_what_its_pattern_allows_and_by_nothing_else(document: Any) -> None:
    for resource in RESOURCES:
        _, operation = operations(document)[f"list_{resource.path}"]
        sort = next(each for each in operation["parameters"] if each.get("name") == "sort")
        allowed = get_args(get_args(resource.filters.model_fields["sort"].annotation)[0])
        assert "id" in allowed
        for name in allowed:
            assert re.search(sort["schema"]["items"]["pattern"], name)
            for spoilt in (name.replace(".", "x"), f"{name}x", f"x{name}"):
                assert spoilt == name or not re.search(sort["schema"]["items"]["pattern"], spoilt)


def test_every_tag_is_described(document: Any) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    for _, operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= described


def resolved(document: Any, value: Any) -> Any:
    """What a reference leads to."""
    while "$ref" in value:
        found = document
        for each in value["$ref"].removeprefix("#/").split("/"):
            found = found[each]
        value = found
    return value


def test_every_error_is_typed(document: Any) -> None:
    for name, (_, operation) in operations(document).items():
        errors = {status: each for status, each in operation["responses"].items() if status != "200"}
        # A parameter it does not take is one that it refuses, if it takes none at all as well.
        assert {"422", "503"} <= set(errors), name
        for each in errors.values():
            assert list(resolved(document, each)["content"]) == ["application/problem+json"], name


def test_every_component_is_used(document: Any) -> None:
    content = json.dumps(document)
    for kind, components in document["components"].items():
        for name in components:
            assert content.count(f'"#/components/{kind}/{name}"') > (kind != "schemas"), name


def test_every_answer_has_one_schema_and_that_of_json(document: Any) -> None:
    """Files are told in words: a client that was generated has the type of JSON, and no other beside it."""
    for name, (_, operation) in operations(document).items():
        answer = operation["responses"]["200"]
        schema = answer["content"].get("application/json", {"schema": {}})["schema"]
        assert len(answer["content"]) == 1 or "application/json" not in answer["content"], name
        assert not {"anyOf", "oneOf"} & schema.keys(), name
    for resource in RESOURCES:
        _, operation = operations(document)[f"list_{resource.path}"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/ListOf_{resource.item.__name__}_"}
        assert "text/csv" in operation["responses"]["200"]["description"]


def fields_of(document: Any, schema: Any) -> tuple[dict[str, Any], set[str]]:
    """The properties of a schema, and those that are required."""
    schema = resolved(document, schema)
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for each in schema.get("allOf", ()):
        more = fields_of(document, each)
        properties |= more[0]
        required |= more[1]
    return properties, required


def sent(document: Any, schema: Any, value: Any, seen: dict[str, list[set[str]]], place: str) -> None:
    """Note for each kind of object in an answer which fields it has."""
    schema = resolved(document, schema)
    for each in schema.get("anyOf", ()):
        if resolved(document, each).get("type") != "null" and value is not None:
            sent(document, each, value, seen, place)
    if isinstance(value, dict):
        properties, required = fields_of(document, schema)
        if properties:
            assert required <= set(value) <= set(properties), place
            seen.setdefault(place, [set(properties), required]).append(set(value))
            for name, each in value.items():
                sent(document, properties[name], each, seen, f"{place}.{name}")
    elif isinstance(value, list) and "items" in schema:
        for each in value:
            sent(document, schema["items"], each, seen, f"{place}[]")


def test_what_is_always_sent_is_required(document: Any, client: httpx.Client) -> None:
    """Of every record of every collection, and of the answers beside them."""
    addresses = [f"/{each.path}?limit=500" for each in RESOURCES]
    addresses += [f"/{each.path}/{each.example}" for each in RESOURCES]
    addresses += [*EXAMPLES.values(), "/trials?facets=phase&limit=1", "/trials?ids=nct00433446,nobody"]
    addresses += ["/graph", "/release", "/releases", "/service-info", "/readyz", "/livez"]
    addresses += ["/trapi/meta_knowledge_graph", "/prefixes"]
    seen: dict[str, list[set[str]]] = {}
    version = client.get("/release").json()["version"]
    for address in addresses:
        path = address.partition("?")[0].replace("{version}", version)
        known = document["paths"]
        found = path if path in known else next(each for each in known if matches(each, path))
        schema = known[found]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = client.get(address.replace("{version}", version)).raise_for_status().json()
        sent(document, schema, answer, seen, found)
    for place, (_, required, *answers) in seen.items():
        if len(answers) > 5:
            assert set.intersection(*answers) == required, place
    assert {"facets", "missing"}.isdisjoint(seen["/trials"][1])


def matches(template: str, path: str) -> bool:
    return re.fullmatch(re.sub("{[a-z]+}", "[^/]+", template), path) is not None


LONG = {
    "find_paths",
    "get_conflicts",
    "get_target",
    "get_evidence",
    "get_releases",
    "get_trapi_meta",
    "query_trapi",
}


def test_the_document_is_small_enough_to_be_read_whole(client: httpx.Client) -> None:
    assert len(client.get("/openapi.json").content) < 200_000


def test_every_example_is_what_the_service_answers(document: Any, client: httpx.Client) -> None:
    for name, (path, operation) in operations(document).items():
        if "application/json" not in operation["responses"]["200"]["content"]:
            continue
        content = operation["responses"]["200"]["content"]["application/json"]
        if "example" not in content:  # an answer of more than 1,600 characters
            assert name in LONG, name
            continue
        example = content["example"]
        address = EXAMPLES.get(name, path).replace("{id}", str(example.get("id")))
        address = address.replace("{version}", client.get("/release").json()["version"])
        if name.startswith("list_"):
            address += f"?ids={example['items'][0]['id']}"
        if name in ("get_service_info", "get_prefixes", "get_downloads"):
            continue  # two name the host they were asked at, the other takes long to make
        if name == "resolve_terms":
            answer = client.post("/resolve", json={"terms": ["actemra", "CNTO 328"]})
        elif name == "query_trapi":
            answer = client.post(path, json=QUESTION, headers={"Host": "127.0.0.1:8000"})
        else:
            answer = client.get(address)
        assert answer.raise_for_status().json() == example, name


def test_every_id_parameter_has_an_example_that_is_there(document: Any, client: httpx.Client) -> None:
    for resource in RESOURCES:
        _, operation = operations(document)[f"get_{resource.kind}"]
        parameter = resolved(document, operation["parameters"][0])
        assert parameter["name"] == "id"
        (example,) = parameter["schema"]["examples"]
        assert client.get(f"/{resource.path}/{example}").status_code == 200


def test_an_operation_can_be_tried_in_docs(page: Page) -> None:
    page.goto("/docs")
    operation = page.locator("#operations-inhibitors-get_inhibitor")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_placeholder("id").fill("tocilizumab")
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tbody .response-col_status").first
    answer.wait_for()
    assert answer.inner_text().startswith("200")
    assert "OAS 3.1" in page.locator(".info").inner_text()


def test_redoc_reads_the_document(page: Page) -> None:
    page.goto("/redoc")
    page.get_by_role("heading", name="IL-6 Atlas", exact=False).first.wait_for()
    page.get_by_role("heading", name="One inhibitor, whole").first.wait_for()


def test_the_check_of_pages_can_fail(browser: Browser, client: httpx.Client) -> None:
    page = browser.new_page(base_url=str(client.base_url))
    page.goto("/docs")
    with pytest.raises(Error):
        page.evaluate("fetch('http://127.0.0.2:9/')")
    assert foreign("https://example.org/x.js", "127.0.0.1:1")
    page.close()


def test_the_first_requests_may_come_all_at_once(database_url: str) -> None:
    with serving(database_url) as fresh, ThreadPoolExecutor(8) as pool:
        address = str(fresh.base_url).rstrip("/")
        paths = ["/inhibitors?limit=1", "/openapi.json"] * 8
        assert set(pool.map(lambda path: httpx.get(address + path).status_code, paths)) == {200}
