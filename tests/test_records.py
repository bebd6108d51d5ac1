"""A record as it is asked for: some of its fields, in brief, in other formats, or not at all."""

import json
from typing import Any

import httpx
import pytest

from app.catalog import Resource
from tests.conftest import serving
from tests.test_lists import collections, everything, ids
from tests.test_resources import get

MEDIA_TYPES = {
    "json": "application/json",
    "jsonld": "application/ld+json",
    "turtle": "text/turtle; charset=utf-8",
    "bibtex": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl": "application/vnd.citationstyles.csl+json",
}


@collections
def test_some_fields_of_a_record(client: httpx.Client, resource: Resource) -> None:
    path = f"/{resource.path}/{resource.example}"
    whole = get(client, path)
    for name in resource.record.model_fields:
        answer = client.get(path, params={"fields": name})
        assert answer.json() == {"id": whole["id"], name: whole[name]}
        assert answer.headers["Content-Location"] == f"{path}?fields={name}"
    assert get(client, f"{path}?fields={','.join(resource.record.model_fields)}") == whole
    assert "fields" in client.get(f"{path}?fields=nonsense").json()["detail"]


@pytest.mark.longer
@collections
def test_every_record_in_brief(client: httpx.Client, database_url: str, resource: Resource) -> None:
    """In at most 1 kB, also where addresses are long; each figure is that of the whole."""
    listed = ids(everything(client, resource.path))
    with serving(database_url, public_url="https://knowledge.hospital.example/oncology/il-6-atlas") as public:
        for record_id in listed[:: 1 + len(listed) // 30]:
            path = f"/{resource.path}/{record_id}"
            assert len(public.get(f"{path}?view=brief").content) <= 1024, record_id
            told = get(client, f"{path}?view=brief")
            whole = get(client, path)
            assert (told["kind"], told["id"], told["links"]["self"]) == (resource.kind, record_id, path)
            assert told["name"]
            assert told["counts"] == {
                name: len(value) for name, value in whole.items() if isinstance(value, list) and value
            }
            for name, value in told.items():
                if isinstance(value, (int, float, bool)):
                    assert value == whole[name]
            assert agree(told.get("prognosis"), whole.get("prognosis"))
            for verdict in ("approved_for_cancer", "outcome", "status"):
                assert told.get(verdict) == whole.get(verdict)


def agree(part: Any, whole: Any) -> bool:
    """Whether a part says what the whole does."""
    if isinstance(part, dict):
        return all(agree(value, whole[name]) for name, value in part.items())
    return part is None or bool(part == whole)


@collections
def test_a_record_in_every_format_that_is_offered(client: httpx.Client, resource: Resource) -> None:
    path = f"/{resource.path}/{resource.example}"
    for name, media_type in MEDIA_TYPES.items():
        by_parameter = client.get(path, params={"format": name.upper()})
        wanted = {"Accept": media_type.partition(";")[0]}
        by_header = client.get(path, headers=wanted)
        assert by_parameter.headers["Content-Type"] == by_header.headers["Content-Type"] == media_type
        assert by_parameter.content == by_header.content
        assert by_header.headers["Vary"] == "Accept, Accept-Encoding"
        whole = by_header.headers["Content-Location"]
        assert client.get(whole).content == by_header.content
        assert client.head(path, headers=wanted).headers["ETag"] == by_header.headers["ETag"]
    for accept in ("application/xml", "text/csv", "image/png"):
        assert client.get(path, headers={"Accept": accept}).status_code == 406
    for accept in ("*/*", "application/*", "application/xml, */*;q=0.1", "text/html,*/*;q=0.8", ""):
        answer = client.get(path, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json", accept


def test_a_publication_is_cited_as_in_lists(client: httpx.Client) -> None:
    for record_id in ids(everything(client, "publications"))[:5]:
        for name in ("bibtex", "ris", "csl"):
            alone = client.get(f"/publications/{record_id}?format={name}")
            listed = client.get(f"/publications?ids={record_id}&format={name}")
            assert alone.text == listed.text
            assert record_id in alone.headers["Content-Disposition"]


@collections
def test_a_record_as_linked_data_names_itself_and_its_release(
    client: httpx.Client, resource: Resource
) -> None:
    base = str(client.base_url).rstrip("/")
    for record_id in ids(everything(client, resource.path))[:5]:
        data = get(client, f"/{resource.path}/{record_id}?format=jsonld")
        assert data["@id"] == f"{base}/explore/{resource.path}/{record_id}"
        whole = data.get("isPartOf") or data["subjectOf"]["isPartOf"]
        assert json.dumps(whole).count("2026.12") == 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("fields=id&view=brief", "fields"),
        ("fields=id&format=jsonld", "fields"),
        ("view=brief&format=jsonld", "view"),
        ("view=long", "view"),
        ("format=xml", "format"),
        ("format=csv", "format"),
        ("fields=", "fields"),
        ("limit=3", "limit"),
    ],
)
def test_what_a_record_cannot_be_asked_is_named(client: httpx.Client, query: str, named: str) -> None:
    answer = client.get(f"/inhibitors/tocilizumab?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][:2] == ["query", named]
