"""Numbers for Prometheus: they count what happened, whichever worker is asked."""

import os
import re
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from app import __version__
from app.cli import app as cli
from tests.conftest import serving
from tests.program import program

COUNTED = "il6_http_requests_total"

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


def test_what_is_kept_is_counted_like_what_is_made(client: httpx.Client) -> None:
    client.get("/targets?limit=2")
    before = numbers(client)
    for _ in range(5):
        client.get("/targets?limit=2")
    etag = client.get("/targets?limit=2").headers["ETag"]
    client.get("/targets?limit=2", headers={"If-None-Match": etag})
    new = grown(before, numbers(client))
    assert new["il6_http_requests_total", "GET", "/targets", "200"] == 6
    assert new["il6_http_requests_total", "GET", "/targets", "304"] == 1
    assert new["il6_http_request_seconds_count", "/targets"] == 7
    assert new["il6_http_request_seconds_bucket", "+Inf", "/targets"] == 7


def test_the_program_and_its_process_are_told(client: httpx.Client) -> None:
    """The server runs in the process of the tests."""
    told = numbers(client)
    assert told["il6_code_info", __version__] == 1
    used = resource.getrusage(resource.RUSAGE_SELF)
    assert told["process_cpu_seconds_total",] == pytest.approx(used.ru_utime + used.ru_stime, abs=2)
    assert 0 < told["process_resident_memory_bytes",] <= used.ru_maxrss * 1024
    assert 0 < told["process_open_fds",] < told["process_max_fds",]
    assert 0 < time.time() - told["process_start_time_seconds",] < 24 * 3600


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


def resident(pid: int) -> int:
    """The memory of a process, in bytes."""
    (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(line) * 1024


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def counting(folder: Path, route: bytes) -> int:
    """How many processes have counted requests of a route."""
    return sum(route in each.read_bytes() for each in folder.glob("*/counter_*.db"))


@pytest.mark.longer
def test_several_workers_add_up(release_file: Path, tmp_path: Path) -> None:
    """Whichever of them is asked, it tells what both have answered, and what both take."""
    url = f"sqlite:///{release_file}"
    with program(url, "--workers", "2", IL6_ACCESS_LOG="false", TMPDIR=str(tmp_path)) as served:
        address = str(served.client.base_url)
        asked = 0
        deadline = time.monotonic() + 60
        with ThreadPoolExecutor(8) as pool:  # each time a new connection, which any worker may answer
            while counting(tmp_path, b"/release") < 2:
                assert time.monotonic() < deadline
                answers = list(pool.map(httpx.get, [f"{address}/release"] * 8))
                assert {each.status_code for each in answers} <= {200, 503}  # the second may have just begun
                asked += 8
        memory = sum(resident(each) for each in children(served.process.pid))
        for _ in range(6):
            with httpx.Client(base_url=address) as client:
                told = numbers(client)
            assert (
                sum(told.get((COUNTED, "GET", "/release", status), 0) for status in ("200", "503")) == asked
            )
            assert told["il6_http_request_seconds_count", "/release"] == asked
            assert told["process_resident_memory_bytes",] == pytest.approx(memory, rel=0.2)
        assert served.end() == 0
        assert "Traceback" not in served.output()
    assert list(tmp_path.iterdir()) == []


def test_several_workers_without_a_folder_to_count_in_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container with a file system that cannot be written."""
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    result = CliRunner().invoke(cli, ["serve", "--port", "0", "--workers", "2"])
    assert result.exit_code == os.EX_CANTCREAT
    assert "several workers need a folder to count in: No such file or directory" in result.output
