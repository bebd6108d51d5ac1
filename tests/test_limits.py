"""Limits: what asks for too much, too often or too slowly is told so, and takes nothing from the others."""

import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import app as cli
from app.db import READERS, make_engine, parse_url
from app.protocol import LARGEST_HEADERS, Protocol
from tests.conftest import NewDatabase, free_port, missing, serving, unmeasured


class Quick(Protocol):
    """HTTP as it is served, by a faster clock."""

    head_seconds = 0.4
    body_seconds = 0.8
    write_seconds = 0.4

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().connection_made(transport)


@pytest.fixture(scope="module")
def quick(release_file: Path) -> Iterator[httpx.Client]:
    with serving(f"sqlite:///{release_file}", Quick) as client:
        yield client


def connect(client: httpx.Client) -> Any:
    connection = socket.create_connection((client.base_url.host, client.base_url.port), timeout=30)
    return closing(connection)


def read(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def refusal(answer: bytes, client: httpx.Client) -> dict[str, Any]:
    """The problem that a raw answer consists of, whose type is documented."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\ncontent-type: application/problem+json" in head.lower()
    assert b"\r\ncontent-length: %d" % len(body) in head.lower()
    assert b"\r\nconnection: close" in head.lower()
    problem: dict[str, Any] = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d %s\r\n" % (problem["status"], problem["title"].encode()))
    assert client.get(problem["type"]).raise_for_status().json()["title"] == problem["title"]
    return problem


# Time


def test_a_request_that_does_not_end_is_cut(quick: httpx.Client) -> None:
    """However steadily its bytes come; and meanwhile the others are answered."""
    halves = [
        b"GET /livez",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /resolve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ]
    for half in halves:
        with connect(quick) as slow:
            begun = time.monotonic()
            slow.sendall(half)
            stop = threading.Event()

            def drip(slow: socket.socket = slow, stop: threading.Event = stop) -> None:
                try:
                    while not stop.wait(0.05):
                        slow.sendall(b"x")
                except OSError:
                    pass

            dripping = threading.Thread(target=drip)
            dripping.start()
            assert quick.get("/livez").status_code == 200
            answer = slow.recv(65536)
            assert 0.3 < time.monotonic() - begun < 20
            stop.set()
            dripping.join()
        assert refusal(answer, quick)["type"] == "/problems/request-timeout", half


def test_a_connection_on_which_nothing_is_asked_is_closed(quick: httpx.Client) -> None:
    """Not even line breaks, which the parser leaves out, keep it open."""
    for content in (b"", b"\r\n"):
        with connect(quick) as silent:
            silent.sendall(content)
            begun = time.monotonic()
            answer = read(silent)
            assert time.monotonic() - begun < 20
        assert answer == b"" or b"408" in answer
    with connect(quick) as idle:
        idle.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in idle.recv(65536)
        idle.sendall(b"\r\n")
        assert b"408" in read(idle)


def test_an_answered_connection_may_be_idle_for_longer_than_a_request_may_take(quick: httpx.Client) -> None:
    with connect(quick) as idle:
        for _ in range(2):
            idle.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in idle.recv(65536)
            time.sleep(0.6)


def test_requests_sent_together_are_all_answered_before_a_broken_one_ends_the_connection(
    quick: httpx.Client,
) -> None:
    request = b"GET /inhibitors/tocilizumab HTTP/1.1\r\nHost: x\r\n\r\n"
    for last in (b"What is this?\r\n\r\n", b"GET /half"):
        with connect(quick) as connection:
            connection.sendall(request * 2 + last)
            answer = read(connection)
        assert answer.count(b"HTTP/1.1 200 OK") == 2
        assert answer.count(b"\r\ncontent-location: /inhibitors/tocilizumab\r\n") == 2
        assert b"HTTP/1.1 400" not in answer.partition(b"HTTP/1.1 200 OK")[0]


def test_who_stops_reading_is_disconnected(quick: httpx.Client) -> None:
    """And holds no turn: more than may read at once stop reading, and the next is answered all the same."""
    with closing_all() as sockets:
        for _ in range(READERS + 1):
            connection = socket.socket()
            sockets.append(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((quick.base_url.host, quick.base_url.port))
            connection.sendall(
                b"GET /evidence?format=ndjson HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
        time.sleep(0.5)
        assert quick.get("/evidence?limit=1", timeout=60).status_code == 200
        broken = 0
        for connection in sockets:
            answer = b""
            with suppress(ConnectionResetError):
                answer = read(connection)
            broken += not answer.endswith(b"\r\n0\r\n\r\n")  # the end of an answer of unknown length
        assert broken


# Room


def test_header_fields_too_large_are_refused(quick: httpx.Client) -> None:
    start = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
    for fields in (b"X-Large: " + b"x" * LARGEST_HEADERS + b"\r\n\r\n", b"X: y\r\n" * 17_000, b"X" * 120_000):
        with connect(quick) as connection:
            with suppress(ConnectionError):
                connection.sendall(start + fields)
            answer = connection.recv(65536)
        assert refusal(answer, quick)["type"] == "/problems/headers-too-large"
    assert quick.get("/livez", headers={"X-Large": "x" * (LARGEST_HEADERS - 500)}).status_code == 200


def test_an_address_is_refused_as_soon_as_it_is_too_long(quick: httpx.Client) -> None:
    with connect(quick) as connection:
        connection.sendall(b"GET /" + b"a" * 66_000)
        assert refusal(connection.recv(65536), quick)["type"] == "/problems/address-too-long"


def test_an_upgrade_to_another_protocol_is_answered_in_http(quick: httpx.Client) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "x",
        "Sec-WebSocket-Version": "13",
    }
    assert quick.get("/livez", headers=upgrade).json() == {"status": "ok"}


# Many at once


def test_two_hundred_connections_at_once_are_all_answered(client: httpx.Client) -> None:
    """They share few threads and few connections to the database, and none waits for what another holds."""
    with closing_all() as sockets:
        for _ in range(200):
            sockets.append(socket.create_connection((client.base_url.host, client.base_url.port), timeout=60))
        for number, connection in enumerate(sockets):
            address = f"/evidence?limit={number % 5 + 1}&facets=type"
            connection.sendall(f"GET {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answers = [read(connection) for connection in sockets]
    assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert all(answer.endswith(b"}") for answer in answers)


def test_more_connections_than_are_served_are_told_to_come_later(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'none.sqlite'}", connections=4) as client, closing_all() as sockets:
        client.close()  # its connections count too
        address = (client.base_url.host, client.base_url.port)
        for _ in range(4):
            connection = socket.create_connection(address, timeout=30)
            sockets.append(connection)
            connection.sendall(b"GET /inhibitors HTTP/1.1\r\n")  # not idle: half a request
        time.sleep(0.2)
        refused = httpx.get(f"http://{address[0]}:{address[1]}/inhibitors")
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/overloaded"
        assert refused.headers["Retry-After"] == "1"
        assert httpx.get(f"http://{address[0]}:{address[1]}/livez").status_code == 200
        # As many again are heard, and no more.
        for _ in range(8):
            sockets.append(socket.create_connection(address, timeout=30))
            with suppress(ConnectionError):
                sockets[-1].sendall(b"GET /inhibitors HTTP/1.1\r\n")
        time.sleep(0.2)
        with pytest.raises((ConnectionError, httpx.TransportError)):
            httpx.get(f"http://{address[0]}:{address[1]}/inhibitors")
        for connection in sockets[:4]:
            connection.sendall(b"Host: x\r\n\r\n")
            assert b"503" in connection.recv(65536)  # what was accepted is answered


def test_idle_connections_make_room(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'none.sqlite'}", connections=4) as client, closing_all() as sockets:
        client.close()
        address = (client.base_url.host, client.base_url.port)
        for _ in range(12):
            connection = socket.create_connection(address, timeout=30)
            sockets.append(connection)
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in connection.recv(65536)


@contextmanager
def closing_all() -> Iterator[list[socket.socket]]:
    sockets: list[socket.socket] = []
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


# Queries


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


# Quotas


def test_an_address_may_ask_so_often_and_no_more(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'none.sqlite'}", rate_limit="3/hour") as client:
        for left in (2, 1, 0):
            answer = client.get("/nowhere")
            assert answer.status_code == 404
            assert answer.headers["RateLimit-Policy"] == '"default";q=3;w=3600'
            assert re.fullmatch(rf'"default";r={left};t=3[56]\d\d', answer.headers["RateLimit"])
        refused = client.get("/nowhere", headers={"Origin": "https://example.org"})
        assert refused.status_code == 429
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert refused.json()["instance"] == "/nowhere"
        assert 3500 < int(refused.headers["Retry-After"]) <= 3600
        assert re.fullmatch(r'"default";r=0;t=\d+', refused.headers["RateLimit"])
        assert refused.headers["Access-Control-Expose-Headers"] == "*"
        for probe in ("/livez", "/readyz", "/metrics"):
            assert client.get(probe).status_code in (200, 503), probe
        # Another address, as a proxy on this machine tells it, has a quota of its own; so has a network.
        for address, status in {
            "192.0.2.1": 404,
            "2001:db8::1": 404,
            "2001:db8::2": 404,
            "2001:db8:0:0:9::": 404,
            "2001:db8::3": 429,
            "2001:db8:0:1::": 404,
        }.items():
            answer = client.get("/nowhere", headers={"X-Forwarded-For": address})
            assert answer.status_code == status, address


def test_without_a_quota_nothing_is_said_or_loaded_for_one(quick: httpx.Client) -> None:
    assert not [name for name in quick.get("/livez").headers if name.startswith("ratelimit")]
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, app.main; print(*sys.modules)"],
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "prometheus_client" in loaded.stdout.split()
    assert "limits" not in loaded.stdout.split()


def test_a_store_that_does_not_answer_limits_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    storage = f"redis://127.0.0.1:{free_port()}"
    with serving(
        f"sqlite:///{tmp_path / 'none.sqlite'}", rate_limit="1/hour", rate_limit_storage=storage
    ) as client:
        assert [client.get("/nowhere").status_code for _ in range(3)] == [404] * 3
    assert "cannot be counted" in caplog.text


@contextmanager
def redis_server(port: int, folder: Path) -> Iterator[None]:
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("Ready to accept connections" in line for line in process.stdout)
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_quota_is_one_over_all_who_count_in_one_store(tmp_path: Path) -> None:
    """Two servers, as two workers are; and while the store is away, nobody is limited."""
    if shutil.which("redis-server") is None:
        missing("Redis")
    port = free_port()
    shared: Any = {"rate_limit": "5/hour", "rate_limit_storage": f"redis://127.0.0.1:{port}"}
    nothing = f"sqlite:///{tmp_path / 'none.sqlite'}"
    with serving(nothing, **shared) as one, serving(nothing, **shared) as other:

        def asked() -> list[tuple[int, str]]:
            """Statuses, and what is left, of requests to the one and to the other."""
            answers = [client.get("/nowhere") for _ in range(4) for client in (one, other)]
            told = [each.headers.get("RateLimit", "").partition(";t")[0] for each in answers]
            return list(zip([each.status_code for each in answers], told, strict=True))

        counted = [(404, f'"default";r={left}') for left in (4, 3, 2, 1, 0)] + [(429, '"default";r=0')] * 3
        with redis_server(port, tmp_path):
            assert asked() == counted
        assert asked() == [(404, "")] * 8
        with redis_server(port, tmp_path):
            assert asked() == counted


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"RATE_LIMIT": "often"}, "IL6_RATE_LIMIT: 'often' is no limit such as 100/minute"),
        (
            {"RATE_LIMIT": "9/minute", "RATE_LIMIT_STORAGE": "disk://"},
            "IL6_RATE_LIMIT_STORAGE: 'disk://' is neither memory:// nor redis://HOST",
        ),
        ({"RATE_LIMIT": "9/minute"}, "each of 2 workers would count for itself"),
        ({"REPLICA_URLS": "sqlite:///x"}, "IL6_REPLICA_URLS: an embedded file has no replicas"),
        ({"REPLICA_URLS": "mysql://x/y"}, "IL6_REPLICA_URLS: mysql is no database"),
        ({"QUERY_SECONDS": "0"}, "IL6_QUERY_SECONDS: Input should be greater than 0"),
        ({"CONNECTIONS": "many"}, "IL6_CONNECTIONS: Input should be a valid integer"),
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
