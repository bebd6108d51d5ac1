"""Bounds: what asks for too much is told so before it is looked at, and takes nothing from the others."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.catalog import RESOURCES
from app.cli import app as cli
from app.store.engine import make_engine, parse_url
from tests.conftest import NewDatabase, serving

LARGEST_REFUSAL = 16_000
"""Bytes of an answer to a bad request."""


def raw(client: httpx.Client, request: bytes) -> tuple[int, bytes]:
    """The status and the whole of the answer to bytes as they are sent."""
    address = str(client.base_url.host), client.base_url.port or 80
    with closing(socket.create_connection(address, timeout=30)) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer


@contextmanager
def slowest_livez(client: httpx.Client) -> Iterator[list[float]]:
    """How long /livez took meanwhile, in seconds, again and again."""
    taken: list[float] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=client.base_url) as own:
            while not stop.is_set():
                begun = time.perf_counter()
                own.get("/livez").raise_for_status()
                taken.append(time.perf_counter() - begun)
                time.sleep(0.005)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield taken
    finally:
        stop.set()
        thread.join()


def floods() -> list[str]:
    """Requests that ask for more than anybody needs, of every collection and every parameter that repeats."""
    many = ",".join(["x"] * 30_000)
    found = [f"/search?q=il6&kind={many}", f"/evidence/summary?by={many}", f"/graph?predicate={many}"]
    for resource in RESOURCES:
        for name in ("sort", "fields", "facets", "ids", "id"):
            found.append(f"/{resource.path}?{name}={many}")
        enum = next(name for name, kind in resource.filters.columns.items() if hasattr(kind, "__members__"))
        found += [f"/{resource.path}?{enum}={many}", f"/{resource.path}?{enum}__not={many}"]
        found.append(f"/{resource.path}?" + "&".join(f"a{number}=1" for number in range(900)))
        found.append(f"/{resource.path}?" + "&".join(f"a{number}=1" for number in range(6_000)))
        found.append(f"/{resource.path}?sort=" + ",".join(["id", "-id"] * 400))
    return found


def test_no_answer_to_a_bad_request_is_large_or_holds_up_the_others(client: httpx.Client) -> None:
    client.get("/livez")
    with slowest_livez(client) as taken:
        for address in floods():
            response = client.get(address)
            assert response.status_code == 422, (address[:60], response.status_code)
            assert response.headers["Content-Type"] == "application/problem+json"
            assert len(response.content) <= LARGEST_REFUSAL, address[:60]
            assert 0 < len(response.json()["errors"]) <= 11
    taken.sort()
    assert taken[len(taken) // 2] < 0.05


def test_a_value_that_is_given_twice_is_refused_where_it_means_nothing(client: httpx.Client) -> None:
    for name, value in {"sort": "name", "fields": "name", "facets": "scope"}.items():
        for query in (f"{name}={value},{value}", f"{name}={value}&{name}={value}"):
            response = client.get(f"/inhibitors?{query}")
            assert response.status_code == 422, query
            assert "Each value once" in response.json()["detail"]
    assert client.get("/inhibitors?scope=direct,direct").status_code == 200


def test_an_address_that_is_too_long_is_refused(client: httpx.Client) -> None:
    status, answer = raw(
        client, b"GET /search?q=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (b"a" * 65_100)
    )
    assert status == 414
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert client.get(problem["type"]).json()["title"] == problem["title"] == "Address too long"


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"], ids=["none", "two"])
def test_a_request_names_one_host(client: httpx.Client, hosts: bytes) -> None:
    for path in (b"/inhibitors/tocilizumab", b"/livez"):
        client.get(path.decode())
        status, answer = raw(client, b"GET %s HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (path, hosts))
        assert status == 400
        assert b"A request names one host" in answer
    assert raw(client, b"GET /livez HTTP/1.0\r\n\r\n")[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/static/atlas.css", "/docs/swagger-ui.css", "/redoc/redoc.standalone.js", "/openapi.json", "/docs"],
)
def test_files_and_documents_take_no_parameters(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 200
    response = client.get(f"{path}?v=1")
    assert response.status_code == 422
    assert "v: Unknown parameter" in response.json()["detail"]


def test_an_upgrade_to_another_protocol_is_answered_in_http(client: httpx.Client) -> None:
    head = b"GET /livez HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n"
    status, answer = raw(client, head)
    assert (status, answer.partition(b"\r\n\r\n")[2]) == (200, b'{"status":"ok"}')


@pytest.mark.longer
def test_two_hundred_connections_at_once_are_all_answered(client: httpx.Client) -> None:
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(httpx.get(f"{client.base_url}/inhibitors/tocilizumab", timeout=60).status_code)

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200


def test_livez_touches_neither_database_nor_disk(release_file: Any, tmp_path: Any) -> None:
    """The file goes, a folder and a pipe come in its place: what is kept is answered, and it recovers."""
    import os
    import shutil

    path = tmp_path / "atlas.sqlite"
    shutil.copy(release_file, path)
    with serving(f"sqlite:///{path}") as client:
        client.get("/inhibitors/tocilizumab").raise_for_status()
        for spoil in (lambda: None, path.mkdir, lambda: os.mkfifo(path)):
            path.unlink() if path.is_file() else None
            spoil()
            time.sleep(0.6)
            begun = time.perf_counter()
            assert client.get("/livez").status_code == 200
            assert time.perf_counter() - begun < 0.5
            response = client.get("/inhibitors")
            assert response.status_code == 503
            assert response.json()["type"] == "/problems/no-release"
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
            shutil.copy(release_file, path)
            time.sleep(0.6)
            assert client.get("/inhibitors").status_code == 200


def test_a_query_that_takes_too_long_is_ended(new_release: NewDatabase) -> None:
    """A table becomes a view that would be read for hours: it alone is out of reach, and for no longer."""
    url = new_release()
    engine = make_engine(parse_url(url))
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT i FROM n"
    )
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE trial RENAME TO trial_held"))
        connection.execute(
            text(
                f"CREATE VIEW trial AS SELECT * FROM trial_held WHERE (SELECT max(i) FROM ({endless}) n) > 0"
            )
        )
    with serving(url, query_seconds=1) as client:
        begun = time.monotonic()
        response = client.get("/trials", timeout=60)
        assert time.monotonic() - begun < 30
        assert response.status_code == 503
        assert response.headers["Retry-After"]
        assert response.json()["type"] == "/problems/query-too-long"
        assert client.get("/inhibitors?facets=scope").status_code == 200
        with engine.begin() as connection:
            connection.execute(text("DROP VIEW trial"))
            connection.execute(text("ALTER TABLE trial_held RENAME TO trial"))
        assert client.get("/trials").status_code == 200
    engine.dispose()


def test_a_file_may_be_read_for_longer_than_a_query_may_take(database_url: str) -> None:
    with (
        serving(database_url, query_seconds=1) as client,
        client.stream("GET", "/evidence?format=ndjson") as response,
    ):
        lines = response.iter_lines()
        first = next(lines)
        time.sleep(1.5)
        assert len([first, *lines]) == 637


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"QUERY_SECONDS": "0"}, "IL6_QUERY_SECONDS: Input should be greater than 0"),
        ({"CACHE_BYTES": "many"}, "IL6_CACHE_BYTES: Input should be a valid integer"),
        ({"DATABASE_URL": "mysql://x/y"}, "IL6_DATABASE_URL: mysql is no database"),
        ({"DATABASE_URL": "postgresql://u:s3cret@h:54x2/d"}, "IL6_DATABASE_URL: a database URL is"),
    ],
)
def test_a_setting_that_is_no_good_is_named_before_anything_is_served(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], words: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"IL6_{name}", value)
    result = CliRunner().invoke(cli, ["serve", "--workers", "2"])
    assert result.exit_code == 64
    assert words in result.output
    assert "s3cret" not in result.output
