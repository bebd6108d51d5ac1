"""A term that is no name, and is read as the record that people seek by it, is told so in every answer."""

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.catalog import RESOURCES
from app.cli import app
from app.exports import EXPORTS
from app.mcp import Tools
from app.store.engine import Database, parse_url
from app.store.text import squeeze
from tests.rows import rows

CANCERS = {row["id"]: row for row in rows("cancers")}
SOUGHT = Counter(term for row in CANCERS.values() for term in row.get("sought_as", []))
NAMED = {
    squeeze(name) for row in CANCERS.values() for name in (row["id"], row["name"], *row.get("synonyms", []))
}
READ = {
    term: row["id"]
    for row in CANCERS.values()
    for term in row.get("sought_as", [])
    if SOUGHT[term] == 1 and squeeze(term) not in NAMED
}
"""The cancers that are sought by terms of their own."""

HEADER = "X-Atlas-Read-As"


def candidate(cancer: str) -> dict[str, Any]:
    name = CANCERS[cancer]["name"]
    return {"kind": "cancer", "id": cancer, "name": name, "matched_on": "sought-as"}


@pytest.mark.longer
def test_every_list_says_what_a_term_was_read_as(client: httpx.Client) -> None:
    assert {"TNBC": "breast-cancer", "glioma": "glioblastoma"}.items() <= READ.items()
    asked = {each.path: "cancer" for each in RESOURCES if "cancer" in each.filters.model_fields}
    assert len(asked) >= 6
    for term, cancer in READ.items():
        for path, name in {**asked, "cancers": "ids"}.items():
            answer = client.get(f"/{path}", params={name: term, "limit": "0"})
            assert answer.json()["read_as"] == {term: [candidate(cancer)]}, (path, term)
            assert answer.headers[HEADER] == f"cancer/{cancer}"
            plain = client.get(f"/{path}", params={name: cancer, "limit": "0"})
            assert plain.json()["total"] == answer.json()["total"]
            assert "read_as" not in plain.json()
            assert HEADER not in plain.headers


def test_what_is_left_out_is_read_too(client: httpx.Client) -> None:
    for address in ("/trials?cancer__not=TNBC", "/inhibitors?evidence.cancer=TNBC", "/trials?q=-TNBC"):
        answer = client.get(address)
        assert answer.json()["read_as"] == {"TNBC": [candidate("breast-cancer")]}, address


@pytest.mark.parametrize("format", [*EXPORTS])
def test_a_file_has_no_place_for_it_and_its_header_has(client: httpx.Client, format: str) -> None:
    answer = client.get(f"/trials?cancer=TNBC,skin cancer,melanoma&format={format}").raise_for_status()
    assert answer.headers[HEADER] == "cancer/breast-cancer, cancer/melanoma"
    assert HEADER not in client.get(f"/trials?cancer=breast-cancer&format={format}").headers


@pytest.mark.parametrize(
    "address",
    [
        "/cancers/TNBC",
        "/cancers/TNBC?view=brief",
        "/cancers/TNBC?format=jsonld",
        "/resolve?q=TNBC",
        "/inhibitors/tocilizumab/cancers/TNBC",
        "/compare?inhibitors=siltuximab,tocilizumab&cancer=TNBC",
        "/evidence/conflicts?cancer=TNBC",
        "/evidence/summary?by=inhibitor,level&cancer=TNBC",
        "/evidence/summary?by=inhibitor,level&cancer=TNBC&format=csv",
        "/graph?cancer=TNBC",
        "/graph/paths?from=siltuximab&to=TNBC",
        "/search?q=tocilizumab TNBC",
        "/search?q=tocilizumab TNBC&format=csv",
        "/search?q=tocilizumab -TNBC",
        "/explore/trials?cancer=TNBC",
        "/explore/cancers/TNBC",
        "/explore/matrix?cancer=TNBC",
        "/explore/search?q=TNBC",
        "/explore/compare?inhibitors=siltuximab,tocilizumab&cancer=TNBC",
        "/explore/conflicts?cancer=TNBC",
    ],
)
def test_every_answer_to_a_term_names_what_it_was_read_as(client: httpx.Client, address: str) -> None:
    for _ in range(2):
        answer = client.get(address).raise_for_status()
        assert answer.headers[HEADER] == "cancer/breast-cancer"
        if address.startswith("/explore/"):
            said = "“TNBC” is no name here. It is read as"
            assert f'{said} <a href="/explore/cancers/breast-cancer">Breast cancer</a>' in answer.text
        elif address.startswith(("/search", "/evidence/summary")) and "csv" not in address:
            assert answer.json()["read_as"] == {"TNBC": [candidate("breast-cancer")]}


def test_a_page_shows_a_term_as_text(client: httpx.Client) -> None:
    page = client.get("/explore/trials", params={"cancer": "<b>TNBC"})
    assert page.status_code == 422, "which is another name"
    page = client.get("/explore/trials", params={"cancer": "<TNBC>"}).raise_for_status()
    assert "“&lt;TNBC&gt;” is no name here" in page.text


def test_a_search_says_it_of_several_records_and_of_no_name(client: httpx.Client) -> None:
    found = client.get("/search?q=leukaemia tocilizumab&limit=0").json()
    leukaemias = sorted(row["id"] for row in CANCERS.values() if "leukaemia" in row.get("sought_as", []))
    assert len(leukaemias) > 2
    assert sorted(each["id"] for each in found["read_as"]["leukaemia"]) == leukaemias
    for query in ("breast cancer tocilizumab", "il-6 cancer", "IMCD", "NSCLC", '"TNBC"', "PACTO"):
        answer = client.get("/search", params={"q": query, "limit": "0"})
        assert "read_as" not in answer.json(), query
        assert HEADER not in answer.headers


def test_a_command_says_it_beside_the_answer(release_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IL6_DATABASE_URL", f"sqlite:///{release_file}")
    for command in (["trials", "--cancer", "TNBC"], ["cancers", "TNBC"], ["ask", "TNBC"]):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0
        said = " ".join(done.stderr.split())
        assert "'TNBC' is no name here; it was read as Breast cancer (breast-cancer), " in said
    assert CliRunner().invoke(app, ["trials", "--cancer", "breast-cancer"]).stderr == ""


def test_a_tool_says_it(release_file: Path) -> None:
    database = Database(parse_url(f"sqlite:///{release_file}"))
    tools = Tools(database)
    answers = [
        tools.search("tocilizumab TNBC"),
        tools.get("cancer", "TNBC"),
        tools.list_records("trials", {"cancer": "TNBC"}),
        tools.dossier("tocilizumab", "TNBC"),
        tools.paths("siltuximab", "TNBC"),
        tools.compare(["siltuximab", "tocilizumab"], "TNBC"),
        tools.cite("cancer", "TNBC"),
        tools.resolve(["TNBC"]),
    ]
    assert len(answers) == len(tools.all)
    for each in answers:
        assert (each.said or "").startswith(
            "'TNBC' is no name here; it was read as Breast cancer (breast-cancer), "
        )
    for plain in (tools.dossier("tocilizumab", "breast-cancer"), tools.get("cancer", "breast-cancer")):
        assert "is no name here" not in (plain.said or "")
    database.dispose()
