"""What the service says of itself, what it writes on every response, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app import __version__
from app.catalog import RESOURCES
from app.seeding.answers import Facts
from app.seeding.files import checksum
from app.settings import SEED
from tests.conftest import free_port, until_answering


def test_release(client: httpx.Client, facts: Facts) -> None:
    release = client.get("/release").json()
    assert list(release) == ["version", "date", "checksum", "schema", "counts", "licence", "citation"]
    assert release["checksum"] == checksum(SEED)
    assert release["licence"] == "CC-BY-4.0"
    assert release["counts"] == {
        resource.path: len(facts.of(resource.kind))
        for resource in sorted(RESOURCES, key=lambda each: each.path)
    }


def test_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "status": "ok",
        "release": "2026.11",
        "checks": {"schema": "ok", "release": "ok", "rows": "ok"},
    }


def test_service_info_is_what_ga4gh_asks_for(client: httpx.Client) -> None:
    info = client.get("/service-info").json()
    assert {"id", "name", "type", "organization", "version"} <= set(info)
    assert info["type"] == {"group": "il6-atlas", "artifact": "il6-atlas", "version": __version__}
    assert info["documentationUrl"] == f"{client.base_url}/docs".replace("//docs", "/docs")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T00:00:00Z", info["updatedAt"])


@pytest.mark.parametrize(
    "path", ["/inhibitors", "/livez", "/docs", "/nowhere", "/inhibitors?limit=x", "/openapi.json"]
)
def test_every_response_names_the_release_and_is_safe(client: httpx.Client, path: str) -> None:
    client.get("/release")
    headers = client.get(path).headers
    assert headers["X-Atlas-Release"] == "2026.11"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers.get("Referrer-Policy") == ("no-referrer" if path == "/docs" else None)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    if path in ("/livez", "/nowhere"):
        assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])


def test_a_request_keeps_the_id_it_came_with_if_it_is_one(client: httpx.Client) -> None:
    given = "0123456789abcdef0123456789abcdef"
    assert client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given
    forged = client.get("/livez", headers={"X-Request-ID": "x\ty, {}"}).headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", forged)


def test_other_sites_may_read_but_not_write(client: httpx.Client) -> None:
    origin = {"Origin": "https://example.org"}
    read = client.get("/inhibitors/tocilizumab", headers=origin)
    assert read.headers["Access-Control-Allow-Origin"] == "*"
    asked = client.options("/inhibitors", headers={**origin, "Access-Control-Request-Method": "GET"})
    assert asked.status_code == 200
    asked = client.options("/inhibitors", headers={**origin, "Access-Control-Request-Method": "DELETE"})
    assert asked.status_code == 400


@pytest.fixture
def program(database_url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program itself, serving, and its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port)],
        env={**os.environ, "IL6_DATABASE_URL": database_url, "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    until_answering(address)
    yield process, address
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_the_access_log_is_one_json_line_per_request(program: tuple[subprocess.Popen[str], str]) -> None:
    process, address = program
    sent = httpx.get(f"{address}/cancers?prognosis=poor", headers={"X-Request-ID": "f" * 32})
    httpx.get(f"{address}/nowhere")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    lines = [json.loads(line) for line in output.splitlines()]
    assert all({"time", "level", "logger", "message", "request_id"} <= line.keys() for line in lines)
    asked = [line for line in lines if line.get("path", "/livez") != "/livez"]
    assert [(line["path"], line["status"]) for line in asked] == [("/cancers", 200), ("/nowhere", 404)]
    assert asked[0] | {"time": "", "ms": 0} == {
        "time": "",
        "level": "INFO",
        "logger": "il6.access",
        "message": "request",
        "request_id": "f" * 32,
        "client": "127.0.0.1",
        "method": "GET",
        "path": "/cancers",
        "query": "prognosis=poor",
        "status": 200,
        "bytes": int(sent.headers["Content-Length"]),
        "ms": 0,
    }
    assert 0 < asked[0]["ms"] < 60_000


def test_the_access_log_can_be_turned_off(database_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--no-access-log"],
        env={**os.environ, "IL6_DATABASE_URL": database_url, "IL6_ACCESS_LOG": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        until_answering(f"http://127.0.0.1:{port}")
        assert httpx.get(f"http://127.0.0.1:{port}/inhibitors/tocilizumab").json()["name"] == "Tocilizumab"
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    assert output == ""


def test_an_accepted_request_is_answered_before_the_program_ends(
    program: tuple[subprocess.Popen[str], str],
) -> None:
    process, address = program
    answers: list[int] = []
    begun: list[int] = []

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=60) as reader, suppress(httpx.TransportError):
            while True:
                with reader.stream("GET", "/inhibitors?limit=500") as answer:
                    begun.append(answer.status_code)
                    answer.read()
                answers.append(answer.status_code)

    readers = [threading.Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    for reader in readers:
        reader.join(timeout=20)
    assert set(answers) == {200}
    # A connection that is idle between two requests may be closed; an answer that was begun may not.
    assert len(answers) == len(begun)
    assert process.returncode in (0, -signal.SIGTERM)


def test_the_program_serves_from_any_folder(tmp_path: Path, database_url: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("il6")), "openapi"],
        cwd=tmp_path,
        env={**os.environ, "IL6_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["info"]["title"] == "IL-6 Atlas"
