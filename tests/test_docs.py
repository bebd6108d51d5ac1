"""The documentation: a valid OpenAPI document with true examples, and readers that ask no other host."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from playwright.sync_api import Browser, Error, Page

from app.api.docs import EXAMPLES
from app.catalog import RESOURCES
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
    assert others <= names
    assert len(names) == 2 * len(RESOURCES) + len(others)


def test_every_operation_only_reads(document: Any) -> None:
    """POST stands for a GET whose question is too long for an address."""
    methods = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert {each for each in methods if each[0] != "get"} == {("post", "/resolve")}


def test_every_tag_is_described(document: Any) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    for _, operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= described


def test_every_error_is_typed(document: Any) -> None:
    for name, (_, operation) in operations(document).items():
        errors = {status: each for status, each in operation["responses"].items() if status != "200"}
        # A parameter it does not take is one that it refuses, if it takes none at all as well.
        assert {"414", "422", "500", "503"} <= set(errors), name
        for each in errors.values():
            assert list(each["content"]) == ["application/problem+json"], name


def test_every_component_is_used(document: Any) -> None:
    content = json.dumps(document)
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in content, name


def test_a_list_is_of_records_or_of_parts_of_records(document: Any, client: httpx.Client) -> None:
    """What `fields` leaves out is required of a record, and of a part is not."""
    for resource in RESOURCES:
        _, operation = operations(document)[f"list_{resource.path}"]
        whole, parts = operation["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]

        def item(schema: Any) -> Any:
            schemas = document["components"]["schemas"]
            listed = schemas[schema["$ref"].rsplit("/", 1)[1]]
            return schemas[listed["properties"]["items"]["items"]["$ref"].rsplit("/", 1)[1]]

        assert item(parts)["required"] == ["id"]
        assert item(parts)["properties"] == item(whole)["properties"]
        (record,) = client.get(f"/{resource.path}?limit=1").json()["items"]
        assert set(item(whole)["required"]) <= set(record)
        (part,) = client.get(f"/{resource.path}?limit=1&fields=id").json()["items"]
        assert list(part) == ["id"]


def test_every_example_is_what_the_service_answers(document: Any, client: httpx.Client) -> None:
    for name, (path, operation) in operations(document).items():
        if "application/json" not in operation["responses"]["200"]["content"]:
            continue
        example = operation["responses"]["200"]["content"]["application/json"]["example"]
        address = EXAMPLES.get(name, path).replace("{id}", str(example.get("id")))
        address = address.replace("{version}", client.get("/release").json()["version"])
        if name.startswith("list_"):
            address += "?limit=1"
        if name in ("get_service_info", "get_downloads"):
            continue  # one names the host it was asked at, the other takes long to make
        if name == "resolve_terms":
            answer = client.post("/resolve", json={"terms": ["actemra", "CNTO 328"]})
        else:
            answer = client.get(address)
        assert answer.raise_for_status().json() == example, name


def test_every_id_parameter_has_an_example_that_is_there(document: Any, client: httpx.Client) -> None:
    for resource in RESOURCES:
        _, operation = operations(document)[f"get_{resource.kind}"]
        parameter = operation["parameters"][0]
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
