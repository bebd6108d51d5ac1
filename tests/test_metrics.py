"""Numbers for Prometheus: they count what happened, whichever worker is asked."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from app.cli import app as cli
from tests.conftest import free_port, serving, unmeasured, until_answering

Numbers = dict[tuple[str, ...], float]
"""Every sample: its name and the values of its labels, in the order of their names."""


def numbers(client: httpx.Client) -> Numbers:
    answer = client.get("/metrics").raise_for_status()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def grown(
    before: dict[tuple[str, ...], float], after: dict[tuple[str, ...], float]
) -> dict[tuple[str, ...], float]:
    return {
        name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)
    }


def test_requests_are_counted_by_route_method_and_status(client: httpx.Client) -> None:
    before = numbers(client)
    for path in (
        "/inhibitors/tocilizumab",
        "/inhibitors/Actemra",
        "/inhibitors/nobody",
        "/inhibitors?limit=1",
    ):
        client.get(path)
    client.head("/cancers")
    client.post("/resolve", json={"terms": ["il6"]})
    client.request("PROPFIND", "/inhibitors")
    client.get("/docs/swagger-ui.css")
    for number in range(3):
        client.get(f"/wp-admin/{number}", timeout=60)  # the first has the OpenAPI document made
    new = grown(before, numbers(client))
    counted = {name[1:]: value for name, value in new.items() if name[0] == "il6_http_requests_total"}
    assert counted == {
        # method, route, status
        ("GET", "/inhibitors/{id}", "200"): 2,
        ("GET", "/inhibitors/{id}", "404"): 1,
        ("GET", "/inhibitors", "200"): 1,
        ("HEAD", "/cancers", "200"): 1,
        ("POST", "/resolve", "200"): 1,
        ("none", "/inhibitors", "405"): 1,
        ("GET", "/docs", "200"): 1,
        ("GET", "none", "404"): 3,
        ("GET", "/metrics", "200"): 1,
    }
    assert new["il6_http_request_seconds_count", "/resolve"] == 1
    assert 0 < new["il6_http_request_seconds_sum", "/resolve"] < 60
    assert new["il6_http_request_seconds_bucket", "+Inf", "/resolve"] == 1


def test_the_release_is_told_and_whether_it_can_be_read(client: httpx.Client, tmp_path: Path) -> None:
    release = client.get("/release").json()
    told = numbers(client)
    assert told["il6_ready",] == 1
    assert told["il6_release_info", release["checksum"], release["version"]] == 1
    with serving(f"sqlite:///{tmp_path / 'none.sqlite'}") as empty:
        told = numbers(empty)
    assert told["il6_ready",] == 0
    assert not any(name[0] == "il6_release_info" for name in told)


def test_the_cache_is_counted_by_result(client: httpx.Client) -> None:
    before = numbers(client)
    address = "/cancers?limit=3&fields=name"
    first = client.get(address)
    assert client.get(address).content == first.content
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    new = grown(before, numbers(client))
    counted = {name[1]: value for name, value in new.items() if name[0] == "il6_cache_answers_total"}
    assert counted == {"miss": 2, "hit": 1, "not_modified": 1}  # these numbers themselves are never kept


def counting(folder: Path) -> set[str]:
    """The numbers of the processes that have counted something."""
    return {file.stem.rpartition("_")[2] for file in folder.glob("*/*.db")}


def test_several_workers_add_up(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", "2"],
        env={
            **unmeasured(),
            "IL6_DATABASE_URL": database_url,
            "IL6_ACCESS_LOG": "false",
            "TMPDIR": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        until_answering(address)
        asked = 0
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (asked < 40 or len(counting(tmp_path)) < 2):
            with ExitStack() as stack:
                connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
                for connection in connections:
                    stack.enter_context(connection)
                    connection.sendall(b"GET /release HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                for connection in connections:
                    while connection.recv(65536):
                        pass
            asked += 8
        assert len(counting(tmp_path)) >= 2
        for _ in range(6):  # each time a new connection, which any worker may answer
            with httpx.Client(base_url=address) as client:
                assert numbers(client)["il6_http_requests_total", "GET", "/release", "200"] == asked
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert "Traceback" not in output
    assert list(tmp_path.iterdir()) == []


def test_several_workers_without_a_folder_to_count_in_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with a file system that cannot be written."""
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    result = CliRunner().invoke(cli, ["serve", "--port", "0", "--workers", "2"])
    assert result.exit_code == os.EX_CANTCREAT
    assert "several workers need a folder to count in: No such file or directory" in result.output
