"""Who cites a paper, a record, a list or a release, in the formats of reference managers."""

import json
from typing import Any

import httpx
import pytest
import rispy
import yaml
from bibtexparser import parse_string

from app.catalog import RESOURCES, Resource
from app.models.base import Kind
from app.settings import SEED
from tests.rows import rows
from tests.test_resources import get

RELEASE: dict[str, str] = yaml.safe_load((SEED / "RELEASE").read_text())
ROWS = rows("publications")

ABBREVIATED = {
    "Journal of Clinical Oncology": "J Clin Oncol",
    "British Journal of Cancer": "Br J Cancer",
    "New England Journal of Medicine": "N Engl J Med",
    "The New England Journal of Medicine": "N Engl J Med",
    "Blood": "Blood",
    "Clinical Cancer Research": "Clin Cancer Res",
    "Proceedings of the National Academy of Sciences of the United States of America": (
        "Proc Natl Acad Sci U S A"
    ),
    "The Lancet. Oncology": "Lancet Oncol",
    "Frontiers in Oncology": "Front Oncol",
    "Cancer Immunology, Immunotherapy": "Cancer Immunol Immunother",
    "Medical Oncology (Northwood, London, England)": "Med Oncol",
}
"""As the catalogue of the U.S. National Library of Medicine has them."""


def cited(client: httpx.Client, address: str) -> tuple[Any, Any, Any]:
    """The one reference that an address gives, in BibTeX, RIS and CSL."""
    joint = "&" if "?" in address else "?"
    bibtex, ris, csl = (
        client.get(f"{address}{joint}format={each}").raise_for_status().text
        for each in ("bibtex", "ris", "csl")
    )
    (entry,) = parse_string(bibtex).entries
    (fields,) = rispy.loads(ris)
    (item,) = json.loads(csl)
    return {name: field.value for name, field in entry.fields_dict.items()} | {"key": entry.key}, fields, item


@pytest.mark.parametrize(
    "resource", [each for each in RESOURCES if each.kind != Kind.PUBLICATION], ids=lambda each: each.path
)
def test_a_record_is_cited_as_a_dataset_with_its_release(client: httpx.Client, resource: Resource) -> None:
    path = f"/{resource.path}/{resource.example}"
    bibtex, ris, csl = cited(client, path)
    record = get(client, path)
    name = record.get("name") or record.get("title") or record.get("statement") or record["id"]
    address = f"{str(client.base_url).rstrip('/')}{record['links']['self']}"
    assert bibtex["url"] == ris["urls"][0] == csl["URL"] == address
    assert bibtex["version"] == ris["edition"] == csl["version"] == RELEASE["version"]
    assert name in ris["title"] == csl["title"]
    assert csl["type"] == "dataset"
    assert ris["type_of_reference"] == "DATA"
    year, month, day = (int(part) for part in RELEASE["date"].split("-"))
    assert csl["issued"] == {"date-parts": [[year, month, day]]}
    assert (bibtex["year"], bibtex["month"]) == (str(year), str(month))
    assert "The IL-6 Atlas maintainers" in bibtex["author"]
    assert csl["author"] == [{"literal": "The IL-6 Atlas maintainers"}]
    assert RELEASE["version"] in bibtex["key"] == csl["id"]


@pytest.mark.parametrize("version", ["2026.11", "2026.12"])
def test_a_release_is_cited_whole_and_in_part(client: httpx.Client, version: str) -> None:
    base = str(client.base_url).rstrip("/")
    bibtex, ris, csl = cited(client, f"/releases/{version}")
    assert (
        csl["title"] == ris["title"] == "IL-6 Atlas: curated knowledge on interleukin-6 inhibitors in cancer"
    )
    assert bibtex["version"] == csl["version"] == version
    assert csl["URL"] == f"{base}/releases/{version}"
    part = "/evidence?inhibitor=siltuximab&type=therapeutic"
    answer = client.get(f"/releases/{version}", params={"format": "csl", "of": part}).raise_for_status()
    (item,) = answer.json()
    assert item["URL"] == f"{base}{part}"
    assert item["title"].startswith("evidence, inhibitor=siltuximab, type=therapeutic. In: IL-6 Atlas")
    assert client.get(f"/releases/{version}?of={part}").status_code == 422


@pytest.mark.parametrize("of", ["evidence", "/nothing", "https://example.org/", "/evidence?q=<b>", "/"])
def test_what_is_no_part_is_refused(client: httpx.Client, of: str) -> None:
    answer = client.get("/releases/2026.12", params={"format": "ris", "of": of})
    assert answer.status_code == 422
    assert "/evidence?inhibitor=siltuximab" in answer.json()["detail"]


def test_journals_have_their_abbreviation_where_all_its_words_are_known(client: httpx.Client) -> None:
    items = get(client, "/publications?format=csl")
    shown = {
        each["container-title"]: each.get("container-title-short")
        for each in items
        if "container-title" in each
    }
    for journal, short in ABBREVIATED.items():
        assert shown[journal] == short
    articles = [each for each in items if each["type"] == "article-journal" and "container-title" in each]
    assert sum("container-title-short" in each for each in articles) / len(articles) > 0.9
    for each in articles:
        if short := each.get("container-title-short"):
            assert " of " not in short
            assert len(short) <= len(each["container-title"])


def test_what_may_change_has_the_day_by_which_it_was_read(client: httpx.Client) -> None:
    day = {"date-parts": [[int(part) for part in RELEASE["date"].split("-")]]}
    rows = {row["id"]: row for row in ROWS}
    for item in get(client, "/publications?format=csl"):
        page = rows[item["id"]]["kind"] in ("web-page", "registry", "regulatory-label")
        assert item.get("accessed") == (day if page else None), item["id"]
        assert page <= bool(item.get("publisher") or item.get("container-title"))


def test_nobody_is_called_et_al(client: httpx.Client) -> None:
    for item in get(client, "/publications?format=csl"):
        for person in item.get("author", []):
            assert "et al" not in json.dumps(person).lower()
            assert person.get("literal") or (person["family"] and person["given"])
