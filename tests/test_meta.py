"""What the service says of itself, what it writes on every response, and how it ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from app import __version__
from app.catalog import RESOURCES
from app.seeding.answers import Facts
from app.seeding.files import checksum
from app.settings import SEED
from tests.conftest import RELEASE, PostgreSQL
from tests.program import UVICORN, program


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
        "release": "2026.12",
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
    assert headers["X-Atlas-Release"] == "2026.12"
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


# Alive


def check_alive(client: httpx.Client) -> None:
    """It says so at once: of a few tries, since others have work on this machine too."""
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        assert client.get("/livez").json() == {"status": "ok"}
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 0.1
    assert sorted(taken)[2] < 0.2


def eventually(client: httpx.Client, path: str, status: int) -> None:
    """What happened to the database is noticed within moments."""
    deadline = time.monotonic() + 10
    while client.get(path).status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_livez_touches_no_disk(release_file: Path, tmp_path: Path) -> None:
    """The file goes, a folder and a pipe come in its place, and it ends in order while the pipe is there."""
    path = tmp_path / "atlas.sqlite"
    shutil.copy(release_file, path)
    with program(f"sqlite:///{path}", IL6_ACCESS_LOG="false") as served:
        eventually(served.client, "/inhibitors", 200)
        for spoil, mend in (
            (lambda: None, lambda: None),
            (path.mkdir, path.rmdir),
            (lambda: os.mkfifo(path), path.unlink),
        ):
            aside = path.rename(tmp_path / "aside")
            spoil()
            check_alive(served.client)
            eventually(served.client, "/inhibitors", 503)
            check_alive(served.client)
            answer = served.client.get("/search?q=il6")
            assert answer.json()["type"] == "/problems/no-release"
            mend()
            aside.rename(path)
            eventually(served.client, "/inhibitors", 200)
            assert served.client.get("/readyz").status_code == 200
        path.unlink()
        os.mkfifo(path)
        eventually(served.client, "/inhibitors", 503)
        assert served.end(5) == -signal.SIGTERM
        assert "Traceback" not in served.output()


def processes_of(server: PostgreSQL) -> list[int]:
    """The numbers of all processes of a server."""
    first = (server.folder / "data" / "postmaster.pid").read_text().split("\n")[0]
    found = subprocess.run(["pgrep", "-P", first], capture_output=True, text=True, check=True)
    return [int(first), *map(int, found.stdout.split())]


@contextmanager
def stopped(server: PostgreSQL) -> Iterator[None]:
    """A server that answers nothing and closes nothing, as on a machine that hangs."""
    processes = processes_of(server)
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)


@pytest.mark.postgresql
def test_livez_and_what_is_kept_wait_for_no_server(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database(RELEASE)
    with program(url, IL6_ACCESS_LOG="false", IL6_QUERY_SECONDS="1") as served:
        client = served.client
        eventually(client, "/inhibitors", 200)
        kept = client.get("/inhibitors").raise_for_status()
        with stopped(postgresql), ThreadPoolExecutor(60) as pool:
            paths = [f"{client.base_url}/inhibitors?limit={number}" for number in range(60)]
            waiting = [
                pool.submit(httpx.get, path, timeout=60) for path in paths
            ]  # more than there are threads
            time.sleep(0.5)
            for _ in range(3):
                check_alive(client)
                begun = time.perf_counter()
                assert client.get("/inhibitors").content == kept.content
                assert time.perf_counter() - begun < 1
            assert {each.result().status_code for each in waiting} == {503}
        eventually(client, "/readyz", 200)
        assert client.get("/inhibitors?sort=-id").status_code == 200
        with stopped(postgresql), ThreadPoolExecutor(1) as pool:
            waiting = [pool.submit(httpx.get, f"{client.base_url}/trials", timeout=60)]
            time.sleep(0.5)
            assert served.end(15) == -signal.SIGTERM
            assert waiting[0].result().status_code == 503


# Served and ended


ASKED = [
    "/inhibitors?limit=3",
    "/inhibitors/Actemra",
    "/inhibitors?format=csv",
    "/cancers?prognosis=poor&facets=prognosis",
    "/search?q=il-6",
    "/graph?cancer=uveal-melanoma&format=svg",
    "/release",
    "/readyz",
    "/livez",
    "/service-info",
    "/openapi.json",
    "/docs",
    "/static/atlas.css",
    "/explore/inhibitors",
    "/",
    "/inhibitors?limit=x",
    "/inhibitors/nobody",
    "/nowhere",
    "/problems/validation",
]
OF_ONE_ANSWER = ("date", "server", "x-request-id")


@pytest.mark.longer
def test_uvicorn_serves_the_same_application(release_file: Path) -> None:
    url = f"sqlite:///{release_file}"
    with program(url) as ours, program(url, command=UVICORN) as plain:
        for served in (ours, plain):
            eventually(served.client, "/readyz", 200)
        for path in ASKED:
            for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
                answers = []
                for served in (ours, plain):
                    asked = {"Accept-Encoding": "gzip", "Host": "atlas.example"}
                    answer = served.client.request(method, path, headers=asked)
                    headers = {
                        name: each for name, each in answer.headers.items() if name not in OF_ONE_ANSWER
                    }
                    body = answer.text.replace(str(served.client.base_url), "http://here")
                    answers.append((answer.status_code, headers, body))
                assert answers[0] == answers[1], (method, path)


def test_an_accepted_request_is_answered_before_the_program_ends(release_file: Path) -> None:
    answers: list[int] = []
    begun: list[int] = []

    with program(f"sqlite:///{release_file}", PYTHONWARNINGS="error") as served:

        def ask() -> None:
            reader = httpx.Client(base_url=served.client.base_url, timeout=60)
            with reader, suppress(httpx.TransportError):
                while True:
                    with reader.stream("GET", "/inhibitors?limit=500") as answer:
                        begun.append(answer.status_code)
                        answer.read()
                    answers.append(answer.status_code)

        readers = [threading.Thread(target=ask) for _ in range(4)]
        for reader in readers:
            reader.start()
        time.sleep(1)
        assert served.end() in (0, -signal.SIGTERM)
        for reader in readers:
            reader.join(timeout=20)
    assert set(answers) == {200}
    # A connection that is idle between two requests may be closed; an answer that was begun may not.
    assert len(answers) == len(begun)


@pytest.mark.longer
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
