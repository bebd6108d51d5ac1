"""Tools for agents, asked by the SDK's own client over both transports."""

import os
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters

from app.settings import PROJECT
from tests.conftest import run_async

README = PROJECT / "README.md"

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


def test_twelve_questions_take_one_short_call_each(client: httpx.Client) -> None:
    release = client.get("/release").json()["version"]
    tools, answers = ask(f"{client.base_url}/mcp", [each[:2] for each in QUESTIONS])
    assert len(tools) <= 10
    tokens = sum(len(each.model_dump_json(exclude_none=True)) for each in tools) / TOKEN
    told = re.search(r"about ([\d,]+) tokens to read", README.read_text("utf-8"))
    assert told is not None
    assert tokens < int(told[1].replace(",", "")) < 1.1 * tokens < 6_000
    for (name, given, right), answer in zip(QUESTIONS, answers, strict=True):
        assert not answer.is_error, (name, given, text_of(answer))
        assert right in text_of(answer), (name, given, text_of(answer))
        assert len(text_of(answer)) / TOKEN < 2_000, (name, given)
        assert answer.structured_content["release"] == release
        if name not in ("search", "resolve", "compare"):
            assert answer.structured_content["sources"], (name, given)


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


def test_the_same_tools_over_standard_input_and_output(database_url: str, client: httpx.Client) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "app", "mcp"],
        env={**os.environ, "IL6_DATABASE_URL": database_url},
    )
    question = [("get", {"kind": "inhibitor", "name": "Actemra"})]
    tools, (answer,) = ask(command, question)
    others, (other,) = ask(f"{client.base_url}/mcp", question)
    assert [each.name for each in tools] == [each.name for each in others]
    assert answer.structured_content == other.structured_content


def test_the_service_starts_without_the_protocol() -> None:
    script = "import sys; import app.main; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
