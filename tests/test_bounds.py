"""Bounds: what asks for too much is told so before it is looked at, and takes nothing from the others."""

import json
import math
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import app as cli
from app.http.bounds import LARGEST_BODY
from app.store.engine import make_engine, parse_url
from tests.conftest import NewDatabase, serving
from tests.program import program
from tests.test_docs import resolved

LARGEST_REFUSAL = 16_000
"""Bytes of an answer to a bad request."""

LARGEST_PAGE = 20_000
"""Bytes of a page that says so: it has a form, with the names there are."""

HELD_UP = 0.05
"""Seconds for which one request may hold up the others."""


def raw(client: httpx.Client, request: bytes) -> tuple[int, bytes]:
    """The status and the whole of the answer to bytes as they are sent."""
    address = str(client.base_url.host), client.base_url.port or 80
    with closing(socket.create_connection(address, timeout=30)) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer


@pytest.fixture(scope="module")
def apart(release_file: Path) -> Iterator[httpx.Client]:
    """A client of a server in a process of its own: what holds that up, holds up no test."""
    with program(f"sqlite:///{release_file}", IL6_ACCESS_LOG="false") as served:
        yield served.client


PLACES = {"{version}": "2026.12", "{collection}": "inhibitors"}
"""What stands in a path where not anything may."""

TRIES = 10
"""How often something is asked again because something else on this machine may have held up the server."""


def held_up(
    client: httpx.Client, ask: Callable[[], httpx.Response], bound: float
) -> tuple[httpx.Response, float]:
    """An answer, and the longest that /livez took until it was there, in seconds: of some tries the least.

    Where that is beyond the bound, what it takes for as long without a question is taken from it.
    """
    least = math.inf
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=client.base_url, timeout=60) as other:

        def longest(going_on: Callable[[], bool]) -> float:
            waits = [0.0]
            while going_on():
                begun = time.perf_counter()
                other.get("/livez").raise_for_status()
                waits.append(time.perf_counter() - begun)
            return max(waits)

        for _ in range(TRIES):
            begun = time.perf_counter()
            answer = pool.submit(ask)
            waited = longest(lambda: not answer.done())  # noqa: B023 - it is called within this round
            if waited >= bound:
                ended = time.perf_counter()
                waited -= longest(lambda: time.perf_counter() < 2 * ended - begun)  # noqa: B023
            least = min(least, waited)
            if least < bound:
                break
    return answer.result(), least


def check_refusals(client: httpx.Client, addresses: list[str]) -> None:
    """Each is refused in few words, and the others hardly wait for that."""
    assert len(addresses) > 20
    for address in addresses:
        response, seconds = held_up(client, lambda address=address: client.get(address), HELD_UP)  # type: ignore[misc]
        told = f"{address[:80]}: {response.status_code}, {len(response.content)} bytes, {seconds:.3f} s"
        assert response.status_code == 422, told
        assert response.headers["Content-Type"] == "application/problem+json", told
        assert len(response.content) <= LARGEST_REFUSAL, told
        assert 0 < len(response.json()["errors"]) <= 10, told
        assert seconds < HELD_UP, told


def lists_of_parameters(client: httpx.Client) -> dict[str, list[str]]:
    """The parameters that take several values, of each operation that is asked by GET."""
    document = client.get("/openapi.json").json()
    return {
        path: [
            each["name"]
            for each in (resolved(document, one) for one in methods["get"].get("parameters", []))
            if each["in"] == "query" and each["schema"].get("type") == "array"
        ]
        for path, methods in document["paths"].items()
        if "get" in methods
    }


@pytest.mark.longer
def test_no_answer_to_a_bad_request_is_large_or_holds_up_the_others(apart: httpx.Client) -> None:
    """All parameters of an operation that take several values have too many at once."""
    addresses = []
    for path, names in lists_of_parameters(apart).items():
        queries = [[f"a{number}=1" for number in range(999)], ["a"] * 30_000]
        if names:
            values = "x," * (30_000 // len(names))
            queries += [[f"{name}={values}" for name in names], [f"{names[0]}=x"] * 999]
        place = re.sub(r"{\w+}", lambda found: PLACES.get(found[0], "x"), path)
        addresses += [f"{place}?{'&'.join(query)}" for query in queries]
    check_refusals(apart, addresses)


def test_no_long_path_or_query_of_a_page_is_answered_at_length(client: httpx.Client) -> None:
    many = ",".join(["x"] * 30_000)
    nowhere = [f"{path}/{'x' * 60_000}" for path in ("", "/explore", "/static", "/docs", "/problems")]
    named = [f"{path}/{'%00' * 20_000}" for path in ("/inhibitors", "/explore/inhibitors")]
    asked = [f"{path}?a={many}" for path in ("/", "/static/atlas.css", "/explore/paths", "/release")]
    asked += [f"/explore/inhibitors?sort={many}", f"/explore/search?q={many}", f"/explore/matrix?by={many}"]
    for address in (*nowhere, *named, *asked):
        response = client.get(address)
        assert response.status_code == (404 if address in nowhere else 422), address[:40]
        assert len(response.content) <= LARGEST_PAGE, address[:40]


@pytest.mark.longer
def test_no_parameter_takes_so_much_that_the_others_wait(apart: httpx.Client) -> None:
    addresses = []
    for path, names in lists_of_parameters(apart).items():
        for name in names:
            many = (
                ",".join(["x"] * 30_000),
                "x" * 60_000,
                ",".join(f"{number}-{'y' * 120}" for number in range(495)),
            )
            if name == "ids":  # of few enough names, each that is none is reported among the missing
                many = many[:1]
            addresses += [f"{path}?{name}={values}" for values in many]
    check_refusals(apart, addresses)


BODIES = {
    "many keys": b"{%s}" % b",".join(b'"k%d":1' % number for number in range(90_000)),
    "numbers": b'{"terms":[%s]}' % b",".join([b"1"] * 500_000),
    "terms": b'{"terms":[%s]}' % b",".join([b'"x"'] * 250_000),
    "depth": b"[" * 500_000,
    "no object": b"[%s]" % b",".join([b"1"] * 500_000),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_no_body_is_answered_at_length_or_holds_up_the_others(apart: httpx.Client, body: bytes) -> None:
    """Reading a megabyte of JSON alone takes its time, and it is read where all requests are."""

    def ask() -> httpx.Response:
        return apart.post("/resolve", content=body, headers={"Content-Type": "application/json"})

    assert len(body) <= LARGEST_BODY
    response, seconds = held_up(apart, ask, 2 * HELD_UP)
    assert response.status_code in (400, 422)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert len(response.content) < 2_000
    assert seconds < 2 * HELD_UP


@pytest.mark.longer
def test_a_thousand_unknown_terms_hold_up_nobody(apart: httpx.Client) -> None:
    terms = [f"zz{number}abc" for number in range(1000)]
    response, seconds = held_up(apart, lambda: apart.post("/resolve", json={"terms": terms}), HELD_UP)
    assert [each["term"] for each in response.json()["items"]] == terms
    assert seconds < HELD_UP


@pytest.mark.longer
def test_looking_for_garbage_holds_up_nobody() -> None:
    """What the start made is passed over: that is most of what there is."""
    looking = """
import gc, time
import app.main
def look():
    begun = time.perf_counter()
    gc.collect()
    return time.perf_counter() - begun
look()
passing_over = min(look() for _ in range(5))
gc.unfreeze()
print(min(look() for _ in range(5)) / passing_over)
"""
    done = subprocess.run([sys.executable, "-c", looking], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 5


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
        assert len([first, *lines]) == 658


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
