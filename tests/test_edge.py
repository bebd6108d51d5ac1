"""The edge: deploy/nginx.conf, run by nginx in front of `il6 serve`; and what compose.yaml needs.

Each fault is tried for a moment; `make faults` tries it at full length.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.http.bounds import LARGEST_BODY, LONGEST_ADDRESS
from app.http.headers import SECURITY_HEADERS
from app.settings import PROJECT
from tests.conftest import PostgreSQL, free_port, missing, unmeasured, until_answering
from tests.rows import rows

pytestmark = pytest.mark.longer

FULL = os.environ.get("IL6_TEST_FAULTS") == "full"
DEPLOY = PROJECT / "deploy"
OLD, NEW = "2026.12", "2027.01"
LONG = "/publications?limit=500"
"""An answer that is larger than what systems hold between two programs."""

IDENTITY = {"Accept-Encoding": "identity"}
QUICK = """
client_header_timeout 1s;
client_body_timeout 1s;
send_timeout 1s;
proxy_read_timeout 1s;
"""
"""The times of the edge, shortened by a file in edge.d as a deployment would lengthen them."""


class Application:
    """`il6 serve` over a file of its own, on one port through all its lives."""

    def __init__(self, folder: Path, release_file: Path) -> None:
        self.file = Path(shutil.copy(release_file, folder / "atlas.sqlite"))
        self.log = folder / "application.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {**unmeasured(), "IL6_DATABASE_URL": f"sqlite:///{self.file}"}
        environment["FORWARDED_ALLOW_IPS"] = "*"  # as in compose.yaml: it believes whoever asks
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", "--port", str(self.port)],
                env=environment,
                stdout=log,
                stderr=log,
            )
        until_answering(self.url)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def asked(self, path: str) -> list[dict[str, Any]]:
        """What its log tells of requests for a path; a line is written after its answer was sent."""
        time.sleep(0.1)
        lines = map(json.loads, self.log.read_text().splitlines())
        return [line for line in lines if line.get("path") == path]


@pytest.fixture(scope="module")
def application(release_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    application = Application(tmp_path_factory.mktemp("application"), release_file)
    application.start()
    yield application
    application.kill()


@dataclass
class Edge:
    port: int
    folder: Path
    client: httpx.Client

    def asking_from(self, address: str, **fields: str) -> httpx.Client:
        """A client of another address."""
        transport = httpx.HTTPTransport(local_address=address)
        return httpx.Client(transport=transport, base_url=self.client.base_url, headers=fields)

    def log(self) -> list[dict[str, Any]]:
        """The lines of its log; each is written after its answer was sent."""
        time.sleep(0.1)
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]

    def connect(self, client: str = "127.0.0.1") -> Any:
        """A connection whose other end holds little of what is not read."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.bind((client, 0))
        connection.connect(("127.0.0.1", self.port))
        return closing(connection)


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[None]:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing("nginx")
    # Root would leave the work to a user who may not enter this folder.
    command = [str(program), "-g", "daemon off; user root;", "-p", str(folder), "-c", f"{folder}/nginx.conf"]
    with (folder / "log").open("a") as log, (folder / "errors").open("a") as errors:
        process = subprocess.Popen(command, stdout=log, stderr=errors)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, (folder / "errors").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait()
    assert "[emerg]" not in (folder / "errors").read_text()
    assert "[alert]" not in (folder / "errors").read_text()


def configure(
    folder: Path, port: int, application: Application, examples: tuple[str, ...], more: str
) -> None:
    """Write down deploy/nginx.conf with other addresses, and what is switched on in edge.d."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    for old, new in {
        "listen 8080;": f"listen 127.0.0.1:{port} sndbuf=16k;",  # so that it notices who reads slowly
        "server    atlas:8000;": f"server 127.0.0.1:{application.port};",
    }.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text)
    (folder / "edge.d").mkdir()
    (folder / "edge.d" / "more.conf").write_text(more)
    for name in examples:
        shutil.copy(DEPLOY / "edge.d" / f"{name}.conf.example", folder / "edge.d" / f"{name}.conf")


@contextmanager
def in_front(folder: Path, application: Application, *examples: str, more: str = "") -> Iterator[Edge]:
    """The edge in front of an application, with examples of edge.d and more switched on."""
    port = free_port()
    configure(folder, port, application, examples, more)
    with (
        nginx(folder, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=IDENTITY, timeout=60) as client,
    ):
        yield Edge(port, folder, client)


@pytest.fixture(scope="module")
def edge(application: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with in_front(tmp_path_factory.mktemp("edge"), application, more=QUICK) as edge:
        yield edge


def raw(edge: Edge, request: bytes) -> tuple[http.client.HTTPResponse, bytes]:
    """The answer to a request that no client would send."""
    with edge.connect() as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer, answer.read()


def cut(connection: socket.socket) -> bool:
    """Whether the other side closes the connection, without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def cache_status(answer: httpx.Response) -> str:
    assert answer.status_code < 400
    return str(answer.headers["X-Cache-Status"])


# Answers


@pytest.mark.parametrize(
    "path", ["/inhibitors/tocilizumab", "/cancers?limit=500&format=csv", "/explore", "/"]
)
@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_an_answer_is_that_of_the_application(
    edge: Edge, application: Application, path: str, coding: str
) -> None:
    asked = {"Accept-Encoding": coding, "Host": "atlas.example"}
    direct = httpx.get(f"{application.url}{path}", headers=asked)
    told = edge.client.get(path, headers=asked)
    assert told.content == direct.content
    for name in set(direct.headers) - {"date", "x-request-id"}:
        assert told.headers.get_list(name) == direct.headers.get_list(name), name


def test_what_is_no_200_comes_from_the_application_too(edge: Edge, application: Application) -> None:
    for path, status in (("/nowhere", 404), ("/cancers?limit=x", 422), ("/inhibitors/tocilizumb", 404)):
        told = edge.client.get(path)
        assert told.status_code == status
        assert told.json() == httpx.get(f"{application.url}{path}").json()
    told = edge.client.post("/resolve", json={"terms": ["Actemra"]})
    assert told.json()["items"][0]["match"]["id"] == "tocilizumab"
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    assert edge.client.options("/resolve", headers=asked).headers["Access-Control-Allow-Origin"] == "*"


def test_links_name_the_host_that_was_asked(edge: Edge) -> None:
    for host in ("one.example", "two.example:8443"):
        for _ in range(2):
            told = edge.client.get("/service-info", headers={"Host": host}).json()
            assert told["organization"]["url"] == f"http://{host}/"
        assert cache_status(edge.client.get("/targets/tyk2", headers={"Host": host})) == "MISS"


def test_http_1_0_needs_no_host(edge: Edge) -> None:
    answer, body = raw(edge, b"GET /livez HTTP/1.0\r\n\r\n")
    assert answer.status == 200
    assert json.loads(body) == {"status": "ok"}


def test_every_type_of_the_edge_is_documented_by_the_application(application: Application) -> None:
    """With the title and the status it has there."""
    written = re.findall(
        r'"type":"\$prefix(/problems/.*?)","title":"(.*?)","status":(\d+)',
        (DEPLOY / "nginx.conf").read_text("utf-8"),
    )
    assert len(written) == 7
    for address, title, status in written:
        documented = httpx.get(f"{application.url}{address}")
        assert documented.status_code == 200, address
        assert (documented.json()["title"], documented.json()["status"]) == (title, int(status))


# The cache


def test_an_answer_is_kept_and_then_asked_for_again(edge: Edge, application: Application) -> None:
    path = "/targets/il6r"
    assert cache_status(edge.client.get(path)) == "MISS"
    assert cache_status(edge.client.get(path)) == "HIT"
    time.sleep(2)
    assert cache_status(edge.client.get(path)) == "REVALIDATED"
    assert [line["status"] for line in application.asked(path)] == [200, 304]


def test_head_and_range_and_conditions_are_answered_from_the_cache(
    edge: Edge, application: Application
) -> None:
    path = "/targets/il6"
    client = edge.client
    assert cache_status(client.head(path)) == "MISS"
    whole = client.get(path)
    etag = whole.headers["ETag"]
    size = len(whole.content)
    assert client.head(path).headers["Content-Length"] == str(size)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    for asked, part in (("bytes=2-5", whole.content[2:6]), ("bytes=-7", whole.content[-7:])):
        answer = client.get(path, headers={"Range": asked, "If-Range": etag})
        assert answer.status_code == 206
        assert answer.content == part
        assert answer.headers["Content-Range"].endswith(f"/{size}")
    for fields in ({"Range": "bytes=2-5", "If-Range": '"other"'}, {"Range": "bytes=0-1,4-5"}):
        answer = client.get(path, headers=fields)
        assert answer.status_code == 200
        assert answer.content == whole.content
    assert {line["method"] for line in application.asked(path)} == {"GET"}
    assert len(application.asked(path)) <= 2  # once more, where that took longer than a second


def test_a_range_beyond_the_end_is_416(edge: Edge) -> None:
    size = len(edge.client.get("/targets/il6st").content)
    answer = edge.client.get("/targets/il6st", headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"
    assert_problem(answer.status_code, answer.headers.multi_items(), answer.content)


def test_each_accept_and_coding_has_its_own_answer(edge: Edge) -> None:
    page = {"Accept": "text/html"}
    for _ in range(2):
        types = [
            edge.client.get("/problems/overloaded", headers=each).headers["Content-Type"]
            for each in (page, {})
        ]
        assert types == ["text/html; charset=utf-8", "application/json"]
        codings = [
            edge.client.get("/cancers", headers={"Accept-Encoding": each}).headers.get("Content-Encoding")
            for each in ("gzip", "br", "identity")
        ]
        assert codings == ["gzip", "br", None]


def test_what_may_not_be_kept_is_not_kept(edge: Edge) -> None:
    assert {cache_status(edge.client.get(path)) for path in ("/livez", "/readyz") * 2} == {"MISS"}


def test_of_many_who_ask_at_once_one_asks_the_application(edge: Edge, application: Application) -> None:
    path = "/evidence"
    with ExitStack() as stack:
        crowd = [stack.enter_context(edge.connect()) for _ in range(20)]
        for connection in crowd:
            connection.sendall(b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), HEAD))
        for connection in crowd:
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == 200
            assert json.loads(answer.read())["total"] > 500
    assert len(application.asked(path)) == 1


# What is refused


def assert_problem(status: int, headers: list[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """The problem of an answer, which has the headers that the application sends, each of them once."""
    names = [name.lower() for name, _ in headers]
    assert len(names) == len(set(names)), names
    fields = {name.lower(): value for name, value in headers}
    assert fields["content-type"] == "application/problem+json"
    assert SECURITY_HEADERS.items() <= {name: fields.get(name.lower()) for name in SECURITY_HEADERS}.items()
    if status != 416:  # an answer from the cache
        assert re.fullmatch("[0-9a-f]{32}", fields["x-request-id"])
    problem: dict[str, Any] = json.loads(body)
    assert list(problem) == ["type", "title", "status", "detail", "instance"]
    assert problem["status"] == status
    return problem


HEAD = b"Host: atlas.example\r\n"
POST = b"POST /resolve HTTP/1.1\r\nContent-Type: application/json\r\n" + HEAD
REFUSED = {
    "two hosts": (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad-request"),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", 400, "bad-request"),
    "a host that is none": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "bad-request"),
    "no HTTP": (b"\x16\x03\x01\x02\r\n\r\n", 400, "bad-request"),
    "a version to come": (b"GET / HTTP/4.0\r\n" + HEAD + b"\r\n", 400, "bad-request"),
    "two lengths": (
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "bad-request",
    ),
    "a coding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "bad-request"),
    "a bad chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n", 400, "bad-request"),
    "a NUL": (b"GET /%00 HTTP/1.1\r\n" + HEAD + b"\r\n", 400, "bad-request"),
    "TRACE": (b"TRACE / HTTP/1.1\r\n" + HEAD + b"\r\n", 405, None),
    "a long body": (POST + b"Content-Length: %d\r\n\r\n" % (LARGEST_BODY + 1), 413, "body-too-large"),
    "a long address": (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 414, "address-too-long"),
    "a long field": (
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        431,
        "headers-too-large",
    ),
    "many fields": (
        b"GET / HTTP/1.1\r\n"
        + HEAD
        + b"".join(b"X-%d: %s\r\n" % (i, b"x" * 999) for i in range(150))
        + b"\r\n",
        431,
        "headers-too-large",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_request_is_refused_as_a_problem(edge: Edge, case: str) -> None:
    request, status, slug = REFUSED[case]
    answer, body = raw(edge, request)
    assert answer.status == status
    problem = assert_problem(status, answer.getheaders(), body)
    assert problem["type"] == (f"/problems/{slug}" if slug else "about:blank")
    assert answer.getheader("Allow") == ("GET, HEAD, OPTIONS, POST" if status == 405 else None)


def test_the_limits_are_those_of_the_application(edge: Edge) -> None:
    """What the application takes at the most gets through."""
    body = json.dumps({"terms": ["il6"]}).encode().ljust(LARGEST_BODY)
    answer, _ = raw(edge, POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.status == 200
    for length, status in ((LONGEST_ADDRESS - 100, 422), (LONGEST_ADDRESS + 1, 414)):
        start = b"/search?q="
        address = start + b"x" * (length - len(start) + 1)  # the question mark is not counted
        answer, told = raw(edge, b"GET %s HTTP/1.1\r\nConnection: close\r\n%s\r\n" % (address, HEAD))
        assert answer.status == status
        assert json.loads(told)["type"] in ("/problems/validation", "/problems/address-too-long")


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/metrics?x=1",
        "/metrics/",
        "//metrics",
        "/%6detrics",
        "/metrics%0a",
        "/a/..%2fmetrics",
        "/./metrics",
    ],
)
def test_metrics_are_closed_to_the_outside_however_they_are_spelt(edge: Edge, path: str) -> None:
    answer, body = raw(edge, b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), HEAD))
    assert answer.status == 403
    problem = assert_problem(403, answer.getheaders(), body)
    assert problem["instance"] == path.partition("?")[0]


def test_metrics_are_open_to_who_asks_the_application_itself(application: Application) -> None:
    assert "il6_ready 1.0" in httpx.get(f"{application.url}/metrics").text


def test_an_address_cannot_break_the_json_of_a_problem(edge: Edge) -> None:
    answer, body = raw(edge, b'GET /metrics/"\\\xff/metrics HTTP/1.1\r\n%s\r\n' % HEAD)
    assert answer.status == 403
    assert json.loads(body)["instance"] == "/metrics/"


def test_where_a_problem_is_written_there_is_nothing_to_be_seen(edge: Edge) -> None:
    for path in ("/.problem", "/.range"):
        answer = edge.client.get(path)
        assert answer.status_code == 404
        assert answer.json()["title"] == "Not Found"


def test_an_upgrade_with_a_body_is_one_request_with_its_body(edge: Edge) -> None:
    body = b'{"terms":["Actemra"]}'
    fields = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    with edge.connect() as connection:
        connection.sendall(POST + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        for _ in range(2):
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            told = json.loads(answer.read())
            assert answer.status == 200
            assert told["items"][0]["match"]["id"] == "tocilizumab"
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(body))
            time.sleep(0.1)
            connection.sendall(body)


# Time and number


def test_who_does_not_send_is_cut_off_and_the_others_are_answered(edge: Edge) -> None:
    """However steadily the bytes of a head come."""
    halves = [
        b"GET /livez",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        POST + b"Content-Length: 99\r\n\r\n{",
    ]
    clients = [f"127.0.0.{last}" for last in range(2, 12)] * (60 if FULL else 6)
    with ExitStack() as stack:
        slow = [stack.enter_context(edge.connect(client)) for client in clients]
        for connection, half in zip(slow, halves * (len(slow) // len(halves)), strict=True):
            connection.sendall(half)
        begun = time.monotonic()
        while time.monotonic() < begun + 0.7:
            assert edge.client.get("/livez").status_code == 200
            for connection in slow[1::3]:
                connection.sendall(b"x")
            time.sleep(0.1)
        assert all(cut(connection) for connection in slow)
        assert time.monotonic() < begun + 4


READ = b"GET %s HTTP/1.0\r\n\r\n" % LONG.encode()


def test_who_reads_slowly_gets_everything(edge: Edge) -> None:
    """Longer than one write may take."""
    whole = edge.client.get(LONG).content
    begun = time.monotonic()
    with edge.connect() as connection:
        connection.sendall(READ)
        told = b""
        while part := connection.recv(2**14):
            told += part
            time.sleep(1.8 * len(part) / len(whole))
    assert told.partition(b"\r\n\r\n")[2] == whole
    assert time.monotonic() > begun + 1.5


def test_who_does_not_read_is_cut_off(edge: Edge) -> None:
    told = []
    with edge.connect() as connection:
        connection.sendall(READ)
        time.sleep(1.6)
        with suppress(ConnectionResetError):
            while part := connection.recv(2**16):
                told.append(part)
    assert len(b"".join(told)) < len(edge.client.get(LONG).content)


def test_two_hundred_connections_are_answered(edge: Edge) -> None:
    with ExitStack() as stack:
        clients = [f"127.0.0.{last}" for last in range(2, 6)] * 50  # of one, a hundred may ask at once
        connections = [stack.enter_context(edge.connect(client)) for client in clients]
        for connection in connections:
            connection.sendall(b"GET /cancers/ovarian-cancer HTTP/1.1\r\nHost: x\r\n\r\n")
        for connection in connections:
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == 200
            assert json.loads(answer.read())["id"] == "ovarian-cancer"


def test_one_client_has_so_many_requests_at_once(application: Application, tmp_path: Path) -> None:
    with in_front(tmp_path, application, more="limit_conn connections 5;") as edge, ExitStack() as stack:
        for _ in range(5):
            connection = stack.enter_context(edge.connect())
            connection.sendall(READ)
            assert connection.recv(1) == b"H"
        answer = edge.client.get("/livez")
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"
        with edge.asking_from("127.0.0.2") as other:
            assert other.get("/livez").status_code == 200
            stack.close()
            deadline = time.monotonic() + 5
            while edge.client.get("/livez").status_code == 429:
                assert time.monotonic() < deadline
                time.sleep(0.05)


def test_the_rate_of_one_client_is_limited_where_that_is_switched_on(
    application: Application, tmp_path: Path
) -> None:
    with in_front(tmp_path, application, "rate") as edge:
        answers = [edge.client.get("/targets/jak1") for _ in range(200)]
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[200] >= 101  # the burst and one
        assert statuses[429] > 0
        assert statuses.total() == statuses[200] + statuses[429]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["Retry-After"] == "1"
        time.sleep(0.2)
        problem = assert_problem(429, refused.headers.multi_items(), refused.content)
        assert problem["type"] == "/problems/too-many-requests"
        with edge.asking_from("127.0.0.2") as other:
            assert other.get("/livez").status_code == 200


def test_the_rate_is_not_limited_otherwise(edge: Edge) -> None:
    assert {edge.client.get("/livez").status_code for _ in range(200)} == {200}


def test_an_ipv6_client_is_its_64_bits_and_a_proxy_names_the_client(
    application: Application, tmp_path: Path
) -> None:
    more = "limit_req zone=requests burst=1 nodelay; set_real_ip_from 127.0.0.1;"
    with in_front(tmp_path, application, "proxies", more=more) as edge:

        def ask(*addresses: str) -> list[int]:
            fields = [{"X-Forwarded-For": each, "X-Forwarded-Proto": "https"} for each in addresses]
            return [edge.client.get("/nowhere", headers=each).status_code for each in fields]

        assert ask("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:9::1", "2001:db8:1:2::7") == [404, 404, 429]
        assert ask("2001:db8:1:3:3:4:5:6", "2001:db8::1", "2001:db8::2:0:0:1", "2001:db8::3") == [
            404,
            404,
            404,
            429,
        ]
        assert ask("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.1") == [404, 404, 404, 429]
        told = edge.client.get(
            "/service-info", headers={"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https"}
        )
        assert told.json()["documentationUrl"].startswith("https://127.0.0.1")
        assert application.asked("/nowhere")[-1]["client"] == "192.0.2.1"


# Clients, logs


def test_the_application_is_told_who_asks_and_believes_nobody_else(
    edge: Edge, application: Application
) -> None:
    fields = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.example"}
    with edge.asking_from("127.0.0.5", **fields) as client:
        answer = client.get("/service-info?asked")
        told = client.get("/service-info").json()
    assert told["organization"]["url"] == f"http://127.0.0.1:{edge.port}/"
    (line,) = [line for line in application.asked("/service-info") if line["query"] == "asked"]
    assert line["client"] == "127.0.0.5"
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_a_request_has_one_id_in_both_logs(edge: Edge, application: Application) -> None:
    own = "0f0e6d3c-7a55-4f2e-9f0b-3a3f3d1f5a11"
    for asked, kept in ((own, True), ("not a UUID", False)):
        answer = edge.client.get("/targets/jak1?nothing", headers={"X-Request-ID": asked})
        assert answer.headers.get_list("X-Request-ID") == [answer.headers["X-Request-ID"]]
        assert (answer.headers["X-Request-ID"] == asked) == kept
        assert application.asked("/targets/jak1")[-1]["request_id"] == answer.headers["X-Request-ID"]
        line = edge.log()[-1]
        assert line["request_id"] == answer.headers["X-Request-ID"]
        assert (line["status"], line["application"], line["client"]) == (422, "422", "127.0.0.1")


def test_an_answer_from_the_cache_has_the_id_that_the_client_sent(edge: Edge) -> None:
    own = "0F0E6D3C7A554F2E9F0B3A3F3D1F5A11"
    for fields, told in (
        ({}, ""),
        ({"X-Request-ID": "not a UUID"}, "[0-9a-f]{32}"),
        ({"X-Request-ID": own}, own),
    ):
        answers = (edge.client.get("/targets/jak1?", headers=fields) for _ in range(20))
        answer = next(each for each in answers if each.headers["X-Cache-Status"] == "HIT")
        assert re.fullmatch(told, answer.headers.get("X-Request-ID", ""))
        line = edge.log()[-1]
        assert (line["cache"], line["request_id"]) == ("HIT", answer.headers.get("X-Request-ID", ""))


def test_every_line_of_the_log_is_json(edge: Edge) -> None:
    raw(edge, b'GET /"\\\xff\xfe?"=\\" HTTP/1.1\r\n%s\r\n' % HEAD)
    raw(edge, b"\x16\x03\x01\r\n\r\n")
    with edge.connect() as connection:
        connection.sendall(b"GET /livez\r\n")
        assert connection.recv(2**16).startswith(b"{")  # HTTP/0.9: a body, and nothing else
    for line in edge.log():
        assert isinstance(line["status"], int)
        assert line["seconds"] < 60


# Switched on in edge.d


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    if shutil.which("openssl") is None:
        missing("OpenSSL")
    subprocess.run(
        shlex.split(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
            " -addext subjectAltName=DNS:localhost -keyout key.pem -out certificate.pem"
        ),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


def test_tls_is_spoken_where_it_is_switched_on(
    application: Application, certificate: Path, tmp_path: Path
) -> None:
    port = free_port()
    folder = tmp_path / "edge"
    folder.mkdir()
    plain = free_port()
    configure(folder, plain, application, ("tls",), "")
    path = folder / "edge.d" / "tls.conf"
    assert path.read_text().count("listen 8443 ") == 1
    path.write_text(path.read_text().replace("listen 8443 ", f"listen 127.0.0.1:{port} "))
    for name in ("certificate.pem", "key.pem"):
        shutil.copy(certificate / name, folder / "edge.d")
    trusted = ssl.create_default_context(cafile=str(certificate / "certificate.pem"))
    with nginx(folder, plain), httpx.Client(verify=trusted) as client:
        answer = client.get(f"https://localhost:{port}/service-info").raise_for_status()
        assert answer.json()["organization"]["url"] == f"https://localhost:{port}/"
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        led = client.get(f"http://localhost:{plain}/cancers?limit=1", follow_redirects=False)
        assert (led.status_code, led.headers["Location"]) == (308, "https://localhost/cancers?limit=1")
        trusted.set_alpn_protocols(["h2"])
        with (
            socket.create_connection(("127.0.0.1", port)) as connection,
            trusted.wrap_socket(connection, server_hostname="localhost") as secure,
        ):
            assert secure.selected_alpn_protocol() == "h2"
        misled = client.get(f"http://127.0.0.1:{port}/")
        assert (misled.status_code, misled.headers["Location"]) == (308, "https://127.0.0.1/")


def test_the_atlas_may_lie_under_a_path(application: Application, tmp_path: Path) -> None:
    with in_front(tmp_path, application, "prefix") as edge:
        client = edge.client
        assert client.get("/atlas").headers["Location"] == "/atlas/"
        for path in (
            "/inhibitors/tocilizumab",
            "/publications/10.5301%2Ftj.5000357",
            "/cancers?limit=2",
        ):
            direct = httpx.get(f"{application.url}{path}").raise_for_status()
            assert client.get(f"/atlas{path}").json() == direct.json()
        assert cache_status(client.get("/atlas/inhibitors/tocilizumab")) in ("HIT", "REVALIDATED")
        refused = client.get("/atlas/metrics")
        assert refused.status_code == 403
        assert refused.json()["instance"] == "/atlas/metrics"
        assert client.post("/atlas/resolve", content=bytes(LARGEST_BODY + 1)).json()["type"] == (
            "/atlas/problems/body-too-large"
        )
        assert client.get("/atlas/problems/body-too-large").json()["title"] == "Body too large"


# Faults


ASKED = "/cancers?fields=summary&limit=20"


@dataclass
class Load:
    """What clients saw that asked again and again, over connections that stay open."""

    statuses: Counter[int] = field(default_factory=Counter)
    cached: Counter[str] = field(default_factory=Counter)
    releases: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def judge(self, answer: http.client.HTTPResponse) -> None:
        body = answer.read()
        self.statuses[answer.status] += 1
        self.cached[answer.headers["X-Cache-Status"]] += 1
        if answer.status == 200:
            release = answer.headers["X-Atlas-Release"]
            anew = {each["summary"].startswith("Anew.") for each in json.loads(body)["items"]}
            if anew != {release == NEW}:
                self.wrong.append(f"{release}: {anew}")
            self.releases.append(release)


@contextmanager
def load(edge: Edge, requests: int, clients: int = 4) -> Iterator[Load]:
    """Ask for a list from several clients: until the block has ended, and so many times at least.

    Clients and servers share the processors of one machine, so the clients leave some of them.
    """
    seen = Load()
    ended = threading.Event()
    faults: list[BaseException] = []

    def ask() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30)) as connection:
            while not ended.is_set() or (seen.statuses.total() < requests and not faults):
                try:
                    connection.request("GET", ASKED)
                    seen.judge(connection.getresponse())
                except BaseException as fault:
                    faults.append(fault)
                    return
                time.sleep(0.004)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert seen.wrong == []
    assert seen.statuses.keys() == {200}
    assert seen.statuses[200] >= requests


def another(release_file: Path, folder: Path) -> Path:
    """The file of another release, in which every cancer has another summary."""
    path = Path(shutil.copy(release_file, folder / "another.sqlite"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE release SET version = ?, digest = ?", [NEW, "another"])
        for column in ("item", "record"):
            connection.execute(
                f"UPDATE cancer SET {column} = replace({column}, ?, ?)", ['"summary":"', '"summary":"Anew. ']
            )
    return path


def put(source: Path, path: Path) -> None:
    """Put a file in the place of another as a seeding does: whole, under its name at once."""
    aside = path.with_name(f".{path.name}.put")
    shutil.copy(source, aside)
    aside.replace(path)


def test_a_release_is_switched_under_load(
    edge: Edge, application: Application, release_file: Path, tmp_path: Path
) -> None:
    """The application looks every quarter of a second, and nginx keeps an answer for two at most."""
    new = another(release_file, tmp_path)
    switches = [(new, NEW), (release_file, OLD)] * 5
    try:
        for file, version in switches if FULL else switches[:1]:
            with load(edge, 600) as seen:
                time.sleep(0.3)
                put(file, application.file)
                time.sleep(2.5)
                assert edge.client.get(ASKED).headers["X-Atlas-Release"] == version
            assert len(set(seen.releases)) == 2
            assert seen.releases[-1] == version
    finally:
        put(release_file, application.file)


def test_answers_go_on_while_the_application_is_killed_and_started_again(
    edge: Edge, application: Application
) -> None:
    edge.client.get(ASKED).raise_for_status()
    for _ in range(10 if FULL else 1):
        with load(edge, 300) as seen:
            time.sleep(0.3)
            application.kill()
            time.sleep(2)
            refused = edge.client.get("/targets?limit=1&q=never+asked+for")
            application.start()
        assert seen.cached["STALE"] > 0
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "5"
        problem = assert_problem(503, refused.headers.multi_items(), refused.content)
        assert problem["title"] == "Service Unavailable"
        assert cache_status(edge.client.get(ASKED)) in ("REVALIDATED", "EXPIRED", "HIT")


def test_an_application_that_hangs_is_not_waited_for_and_the_cache_outlives_a_restart_of_nginx(
    application: Application, tmp_path: Path
) -> None:
    with in_front(tmp_path, application, more=QUICK) as edge:
        whole = edge.client.get(ASKED).raise_for_status().content
    application.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(2)
        with nginx(tmp_path, edge.port), edge.asking_from("127.0.0.1", **IDENTITY) as client:
            begun = time.monotonic()
            answer = client.get(ASKED)
            assert cache_status(answer) == "STALE"
            assert answer.content == whole
            assert client.get("/cancers?limit=1&q=never+asked+for").status_code == 503
            assert time.monotonic() < begun + 4
    finally:
        application.process.send_signal(signal.SIGCONT)


# Containers


SERVICES = yaml.safe_load((PROJECT / "compose.yaml").read_text("utf-8"))["services"]


def test_every_service_is_confined() -> None:
    assert set(SERVICES) == {"edge", "atlas", "seed", "database"}
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert "privileged" not in service, name
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["edge"]


def test_a_password_is_asked_for_and_stands_in_no_address() -> None:
    text = (PROJECT / "compose.yaml").read_text("utf-8")
    used = set(re.findall(r"\$\{(\w+PASSWORD)", text))
    assert used == set(re.findall(r"\$\{(\w+PASSWORD):\?", text))
    assert not re.search(r"PASSWORD:?-", text)
    roles = {name: SERVICES[name]["environment"]["IL6_DATABASE_URL"] for name in ("seed", "atlas")}
    assert roles == {
        "seed": "postgresql://atlas_owner@database/atlas",
        "atlas": "postgresql://atlas_reader@database/atlas",
    }


def test_what_is_mounted_is_there() -> None:
    mounts = [each for service in SERVICES.values() for each in service.get("volumes", []) if each[0] == "."]
    assert len(mounts) == 3
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert (PROJECT / source).exists(), source
        assert mode == "ro"
    names = "server    atlas:8000;", "listen 8080;"
    assert all(name in (DEPLOY / "nginx.conf").read_text("utf-8") for name in names)
    assert SERVICES["edge"]["ports"][0].endswith(":8080")


def is_verifier(stored: str, password: str) -> bool:
    """Whether PostgreSQL would take a password by what it stored of it (RFC 5802)."""
    rounds, salt, key = re.fullmatch(r"SCRAM-SHA-256\$(\d+):(.*)\$(.*):.*", stored).groups()  # type: ignore[union-attr]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hashlib.sha256(client_key).digest() == base64.b64decode(key)


@pytest.mark.postgresql
def test_the_role_that_serves_can_read_and_nothing_else(postgresql: PostgreSQL, tmp_path: Path) -> None:
    """The steps of compose.yaml: roles, schema and release by the owner, and a server that reads."""
    passwords = {"ATLAS_OWNER_PASSWORD": "o'w\"n$e@r:/%", "ATLAS_READER_PASSWORD": "r\\e a#d?e&r"}
    url = postgresql.new_database()
    psql = [str(postgresql.programs / "psql"), "--no-psqlrc", "-qtAv", "ON_ERROR_STOP=1"]

    def run(role: str, *commands: str) -> subprocess.CompletedProcess[str]:
        address = url.replace("atlas@", f"{role}@")
        return subprocess.run(
            [*psql, *commands, address],
            env={**os.environ, **passwords},
            capture_output=True,
            text=True,
            check=False,
        )

    done = run("atlas", "-f", str(DEPLOY / "roles.sql"))
    assert done.returncode == 0, done.stderr
    owner = {**unmeasured(), "IL6_DATABASE_URL": url.replace("atlas@", "atlas_owner@")}
    for command in (["alembic", "upgrade", "head"], ["app", "seed"]):
        subprocess.run(
            [sys.executable, "-m", *command], cwd=PROJECT, env=owner, check=True, capture_output=True
        )
    cancers = len(rows("cancers"))
    assert run("atlas_reader", "-c", "SELECT count(*) FROM cancer").stdout.strip() == str(cancers)
    for statement in (
        "DELETE FROM cancer",
        "UPDATE release SET version = 'x'",
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "ALTER ROLE atlas_owner PASSWORD 'x'",
    ):
        denied = run("atlas_reader", "-c", "SET default_transaction_read_only = off", "-c", statement)
        assert denied.returncode, statement
        assert re.search("permission denied|must be", denied.stderr), denied.stderr
    port = free_port()
    reader = {**unmeasured(), "IL6_DATABASE_URL": url.replace("atlas@", "atlas_reader@")}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", str(port)], env=reader, stdout=log, stderr=log
        )
    try:
        until_answering(f"http://127.0.0.1:{port}")
        assert httpx.get(f"http://127.0.0.1:{port}/cancers?prognosis=poor").json()["total"] > 20
    finally:
        server.kill()
        server.wait()
    verifiers = run("atlas", "-c", "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'atlas_%'")
    stored = dict(line.split("|") for line in verifiers.stdout.splitlines())
    for role, password in zip(("atlas_owner", "atlas_reader"), passwords.values(), strict=True):
        assert is_verifier(stored[role], password)
