"""Tools for agents, asked by the SDK's own client over both transports."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp_types import TextResourceContents

from app.catalog import RESOURCES, Resource
from app.settings import PROJECT
from tests.conftest import run_async

TOKEN = 4
"""Characters that a token has, about."""

QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("dossier", {"inhibitor": "siltuximab", "cancer": "myeloma"}, "7 trials against the cancer"),
    ("list_records", {"collection": "cancers", "filters": {"prognosis": "poor"}}, "breast-cancer"),
    ("list_records", {"collection": "approvals", "filters": {"inhibitor": "Actemra"}}, "tocilizumab"),
    ("cite", {"kind": "evidence", "name": "breast-il6-os-meta-lin-2015"}, "10.5301/tj.5000357"),
    ("search", {"words": "il-6 angiogenesis"}, "angiogenesis"),
    ("resolve", {"names": ["CNTO 328", "MONDO:0005233"]}, "non-small-cell-lung-cancer"),
    ("get", {"kind": "inhibitor", "name": "Actemra"}, "approved_for_cancer"),
    ("get", {"kind": "trial", "name": "NCT00385827"}, "negative"),
    ("paths", {"start": "tocilizumab", "goal": "ovarian cancer"}, "would suppress"),
    ("compare", {"inhibitors": ["siltuximab", "tocilizumab"]}, "FDA"),
    (
        "list_records",
        {"collection": "trials", "filters": {"inhibitor": "siltuximab", "outcome": "negative"}},
        "nct",
    ),
    ("get", {"kind": "cancer", "name": "pancreatic cancer"}, "prognosis"),
]


def text_of(result: Any) -> str:
    return "".join(each.text for each in result.content)


def ask(server: Any, questions: list[tuple[str, dict[str, Any]]]) -> tuple[list[Any], list[Any]]:
    """The tools that a server has, and its answers."""

    async def trial() -> tuple[list[Any], list[Any]]:
        async with Client(server) as client:
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(name, given) for name, given in questions]

    return run_async(trial())


def told_in(page: str, pattern: str) -> list[str]:
    """The figures that a page of the documentation names."""
    return re.findall(pattern, (PROJECT / page).read_text("utf-8"))


def standard_streams(database_url: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "app", "mcp"],
        env={**os.environ, "IL6_DATABASE_URL": database_url},
    )


def test_twelve_questions_take_one_short_call_each_over_both_transports(
    client: httpx.Client, database_url: str
) -> None:
    release = client.get("/release").json()["version"]
    questions = [each[:2] for each in QUESTIONS]
    tools, answers = ask(f"{client.base_url}/mcp", questions)
    others, same = ask(standard_streams(database_url), questions)
    assert [each.name for each in tools] == [each.name for each in others]
    assert [each.structured_content for each in answers] == [each.structured_content for each in same]
    assert len(tools) <= 10
    tokens = sum(len(each.model_dump_json(exclude_none=True)) for each in tools) / TOKEN
    (told,) = told_in("README.md", r"about ([\d,]+) tokens to read")
    assert tokens < int(told.replace(",", "")) < 1.1 * tokens < 6_000
    figures = [int(each) for each in told_in("docs/requests.md", r"\| `\w+` \| (\d+) \|")]
    assert len(figures) == len(QUESTIONS)
    for (name, given, right), answer, figure in zip(QUESTIONS, answers, figures, strict=True):
        assert not answer.is_error, (name, given, text_of(answer))
        assert right in text_of(answer), (name, given, text_of(answer))
        length = len(text_of(answer)) / TOKEN
        assert 0.9 * figure <= length <= 1.1 * figure, (name, given, length)
        assert length < 2_000, (name, given)
        assert answer.structured_content["release"] == release
        assert answer.structured_content["sources"], (name, given)


def one(client: httpx.Client, tool: str, /, **given: Any) -> dict[str, Any]:
    """The answer of a tool."""
    _, (answer,) = ask(f"{client.base_url}/mcp", [(tool, given)])
    assert not answer.is_error, text_of(answer)
    found: dict[str, Any] = answer.structured_content
    return found


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_every_source_that_is_named_can_be_cited(client: httpx.Client, resource: Resource) -> None:
    listed = client.get("/publications", params={"format": "ndjson"}).text
    known = {json.loads(line)["id"] for line in listed.splitlines()}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("list_records", {"collection": resource.path}),
        ("get", {"kind": resource.kind, "name": resource.example}),
        ("get", {"kind": resource.kind, "name": resource.example, "whole": True}),
        ("resolve", {"names": [f"{resource.kind}/{resource.example}", resource.example]}),
    ]
    _, answers = ask(f"{client.base_url}/mcp", calls)
    for call, answer in zip(calls, answers, strict=True):
        assert not answer.is_error, (call, text_of(answer))
        assert {*answer.structured_content["sources"]} <= known, call
    assert answers[0].structured_content["sources"]


def test_a_list_is_told_whole_from_cursor_to_cursor(client: httpx.Client) -> None:
    """Though an answer has room for fewer than were asked for."""
    asked = {"collection": "trials", "filters": {"inhibitor": "tocilizumab"}, "limit": 50}
    ids: list[str] = []
    cursor = None
    while True:
        answer = one(client, "list_records", **asked, cursor=cursor)
        assert len(json.dumps(answer)) < 6_000
        ids += [each["id"] for each in answer["items"]]
        found = re.search(r"cursor=([^\s;]+)", answer["more"] or "")
        if found is None:
            break
        cursor = found[1]
    listed = client.get("/trials", params={"inhibitor": "tocilizumab", "limit": 500}).json()["items"]
    assert ids == [each["id"] for each in listed]


def test_a_search_is_told_whole_from_cursor_to_cursor(client: httpx.Client) -> None:
    ids: list[str] = []
    answer = one(client, "search", words="prostate", kind="evidence")
    total = answer["total"]
    while True:
        ids += [each["id"] for each in answer["items"]]
        assert all(each["sources"] for each in answer["items"])
        found = re.search(r"cursor=([^\s;]+)", answer["more"] or "")
        if found is None:
            break
        answer = one(client, "search", words="prostate", kind="evidence", cursor=found[1])
    assert len(ids) == len({*ids}) == total > 10


def test_a_record_told_whole_is_bounded_and_says_what_it_leaves_out(client: httpx.Client) -> None:
    answer = one(client, "get", kind="inhibitor", name="Actemra", whole=True)
    record = client.get("/inhibitors/tocilizumab").json()
    (told,) = answer["items"]
    assert len(json.dumps(answer, ensure_ascii=False)) < 20_000 < len(json.dumps(record))
    left = len(record["approvals"]) - len(told["approvals"])
    assert f"{left} of {len(record['approvals'])} approvals" in answer["more"]
    assert told["approvals"] == record["approvals"][: len(told["approvals"])] != []
    assert {name: each for name, each in told.items() if not isinstance(each, list | dict)} == {
        name: each for name, each in record.items() if not isinstance(each, list | dict)
    }
    short = one(client, "get", kind="trial", name="NCT00385827", whole=True)
    assert short["more"] is None
    assert short["items"] == [client.get("/trials/nct00385827").json()]


def test_no_record_told_whole_takes_more_than_the_tool_says(client: httpx.Client) -> None:
    tools, _ = ask(f"{client.base_url}/mcp", [])
    (description,) = (each.description or "" for each in tools if each.name == "get")
    (most,) = re.findall(r"up to ([\d,]+) tokens", description)
    longest = {
        resource.kind: max(
            client.get(f"/{resource.path}", params={"format": "ndjson"}).text.splitlines(), key=len
        )
        for resource in RESOURCES
    }
    calls: list[tuple[str, dict[str, Any]]] = [
        ("get", {"kind": kind, "name": json.loads(line)["id"], "whole": True})
        for kind, line in longest.items()
    ]
    calls += [("get", {"kind": "target", "name": "il6", "whole": True})]
    _, answers = ask(f"{client.base_url}/mcp", calls)
    lengths = [len(text_of(each)) / TOKEN for each in answers]
    assert 5_000 < max(lengths) < int(most.replace(",", ""))


def test_a_record_is_a_resource_whole(client: httpx.Client) -> None:
    async def read(uri: str) -> str:
        async with Client(f"{client.base_url}/mcp") as agent:
            (template,) = (await agent.list_resource_templates()).resource_templates
            assert template.uri_template == "il6atlas://{kind}/{name}"
            try:
                (found,) = (await agent.read_resource(uri)).contents
            except MCPError as error:
                return str(error)
            assert isinstance(found, TextResourceContents)
            return found.text

    for resource in RESOURCES:
        whole = client.get(f"/{resource.path}/{resource.example}").json()
        assert json.loads(run_async(read(f"il6atlas://{resource.kind}/{resource.example}"))) == whole
    for uri, words in {
        "il6atlas://inhibitor/tocilzumab": "Did you mean inhibitor tocilizumab,",
        "il6atlas://drug/tocilizumab": "There is no kind drug",
    }.items():
        assert words in run_async(read(uri))


def test_a_prompt_asks_for_a_dossier_with_citations(client: httpx.Client) -> None:
    async def read() -> str:
        async with Client(f"{client.base_url}/mcp") as agent:
            (prompt,) = (await agent.list_prompts()).prompts
            given = {"inhibitor": "siltuximab", "cancer": "multiple myeloma"}
            assert {each.name for each in prompt.arguments or []} == {*given}
            return str((await agent.get_prompt(prompt.name, given)).messages[0].content.text)  # type: ignore[union-attr]

    told = run_async(read())
    assert "siltuximab in multiple myeloma" in told
    assert "No IL-6 inhibitor is approved to treat a cancer" in told


def test_many_citations_are_told_part_by_part(client: httpx.Client) -> None:
    il6 = client.get("/targets/il6").json()
    ids: list[str] = []
    answer = one(client, "cite", kind="target", name="il6")
    while True:
        ids += [each["id"] for each in answer["items"]]
        assert answer["sources"] == [each["id"] for each in answer["items"]]
        found = re.search(r"(\d+) more: skip=(\d+)", answer["more"] or "")
        if found is None:
            break
        assert int(found[1]) == answer["total"] - len(ids)
        answer = one(client, "cite", kind="target", name="il6", skip=int(found[2]))
    edges = [*il6["interactions"]["incoming"], *il6["interactions"]["outgoing"]]
    assert len(ids) == len({*ids}) == answer["total"] > 20
    assert {each["id"] for edge in edges for each in edge["publications"]} <= {*ids}


def test_what_ails_the_database_is_told_in_words(tmp_path: Path) -> None:
    damaged = tmp_path / "atlas.sqlite"
    damaged.write_bytes(b"SQLite format 3\0" + b"\xff" * 8_000)
    questions = [("get", {"kind": "inhibitor", "name": "Actemra"}), ("search", {"words": "il6"})]
    for path, words in {damaged: "damaged", tmp_path / "none.sqlite": "does not exist yet"}.items():
        _, answers = ask(standard_streams(f"sqlite:///{path}"), questions)
        for answer in answers:
            assert answer.is_error
            assert words in text_of(answer)
            assert "il6 seed" in text_of(answer)


def test_the_tools_count_what_the_api_counts(client: httpx.Client) -> None:
    asked = {"inhibitor": "siltuximab", "outcome": "negative"}
    _, (answer,) = ask(
        f"{client.base_url}/mcp", [("list_records", {"collection": "trials", "filters": asked})]
    )
    assert answer.structured_content["total"] == client.get("/trials", params=asked).json()["total"] > 0


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("get", {"kind": "inhibitor", "name": "tocilzumab"}, "inhibitor tocilizumab"),
        ("list_records", {"collection": "trials", "filters": {"outcom": "negative"}}, "outcome"),
        ("list_records", {"collection": "trials", "filters": {"outcome": "bad"}}, "outcome"),
        ("list_records", {"collection": "trials", "cursor": "nonsense"}, "cursor"),
        ("search", {"words": "il6", "cursor": "nonsense"}, "cursor"),
        ("paths", {"start": "tocilizumab", "goal": "no such thing"}, "no such thing"),
        ("compare", {"inhibitors": ["siltuximab"]}, "2 to 20"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_meant(
    client: httpx.Client, name: str, given: dict[str, Any], meant: str
) -> None:
    _, (answer,) = ask(f"{client.base_url}/mcp", [(name, given)])
    assert answer.is_error
    assert meant in text_of(answer)
