"""Answers that are kept: validators, codings, ranges, and the same bytes wherever the release is."""

import asyncio
import gzip
import hashlib
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote

import brotli
import httpx
import pytest
import uvicorn
import zstandard
from fastapi.routing import iter_route_contexts
from fastapi_rfc9457.uris import slug_of
from hypothesis import given
from hypothesis import strategies as some
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from app.catalog import RESOURCES
from app.http.addresses import Addresses
from app.http.cache import Cache
from app.http.compression import LARGEST, SMALLEST, compressible, preferred
from app.http.kept import Answers
from app.http.problems import ANYWHERE, OF_HTTP
from app.http.requests import canonical
from app.main import create_app
from app.models.filters import Format
from app.models.graph import GraphFormat
from app.models.release import ReleaseRead
from app.seeding.build import seed
from app.store.engine import Database, parse_url
from app.store.release import ReleaseWatch
from tests.conftest import NewDatabase, counted, free_port, serving, until_answering

FULL = os.environ.get("IL6_TEST_FAULTS") == "full"

KEPT = [
    "/inhibitors/tocilizumab",
    "/inhibitors/CNTO%20328",
    "/cancers?prognosis=poor",
    "/search?q=il-6+angiogenesis",
    "/evidence/summary?by=cancer,inhibitor",
    "/graph/paths?from=tocilizumab&to=ovarian-cancer",
    "/graph?format=svg&target=il6",
    "/evidence?format=bibtex&inhibitor=siltuximab",
    "/resolve?q=actemra",
    "/release",
    "/openapi.json",
]
"""A question of each sort."""


MOUNTS = [each.original_route for each in iter_route_contexts(create_app().routes)]
FILES = [
    f"{mount.path}/{quote(str(file.relative_to(mount.app.directory)))}"
    for mount in MOUNTS
    if isinstance(mount, Mount)
    for file in sorted(Path(mount.app.directory).rglob("*.*"))
]

LIGHT = [
    *KEPT,
    *(f"/targets?format={form}" for form in Format),
    *(f"{place}/{each.path}" for place in ("", "/explore") for each in RESOURCES),
    *(f"{place}/{each.path}/{each.example}" for place in ("", "/explore") for each in RESOURCES),
    *(f"/graph?cancer=uveal-melanoma&format={each}" for each in GraphFormat),
    *("/", "/explore", "/explore/search?q=gp130", "/explore/matrix", "/explore/pathway", "/docs", "/redoc"),
    *("/releases", "/releases/2026.12", "/releases/2026.12/changes", "/releases.atom", "/explore/releases"),
    *("/explore/releases/2026.12", "/inhibitors/tocilizumab/history"),
    "/releases/2026.12/inhibitors/tocilizumab",
    *(f"{place}/inhibitors/siltuximab/cancers/multiple-myeloma" for place in ("", "/explore")),
    *(f"{place}/compare?inhibitors=siltuximab,tocilizumab" for place in ("", "/explore")),
    *("/evidence/conflicts?cancer=breast-cancer", "/explore/conflicts?cancer=breast-cancer"),
    *("/downloads", "/downloads/il6-atlas-2026.12.sssom.tsv"),
    *("/trapi/meta_knowledge_graph", "/prefixes", "/llms.txt"),
    *("/about", "/robots.txt", "/sitemap.xml", "/favicon.ico", "/apple-touch-icon.png"),
    "/explore/paths?from=tocilizumab&to=ovarian-cancer",
    *(f"/problems/{slug_of(each)}" for each in (*ANYWHERE, *OF_HTTP)),
    *(each for each in FILES if each.endswith((".css", ".svg", ".png"))),
]
"""Every list, record and page, and every format."""

EVERYTHING = [*LIGHT, *(f"/{each.path}?format={form}" for each in RESOURCES for form in Format), *FILES]
"""Every list in every format besides, and every file: it takes seconds."""

OF_A_MOMENT = ["/livez", "/readyz", "/service-info", "/metrics"]

WRONG = ["/inhibitors/nobody", "/cancers?prognosis=bad", "/nowhere", "/explore/cancers/nobody"]

UNCOMPRESSED = ("image/png", "image/x-icon", "image/vnd.microsoft.icon", "font/")

PLAIN = {"Accept-Encoding": "identity"}
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}
STRONG = re.compile(r'"[0-9a-f]{24}"')


def listed(header: str) -> set[str]:
    return {each.strip().lower() for each in header.split(",")}


def hostless(body: bytes) -> bytes:
    """An answer without the port of the server that was asked: pages name it."""
    return re.sub(rb"(?<=//127\.0\.0\.1):\d+", b"", body)


def raw(
    client: httpx.Client, address: str, method: str = "GET", **headers: str
) -> tuple[httpx.Response, bytes]:
    """A response and its bytes as they are sent, in whatever coding."""
    with client.stream(method, address, headers=PLAIN | headers) as response:
        return response, b"".join(response.iter_raw())


@pytest.fixture(scope="module")
def wholes(client: httpx.Client) -> dict[str, tuple[httpx.Headers, bytes]]:
    """What every address is answered, whole and in no coding."""
    found = {}
    for address in EVERYTHING:
        response, body = raw(client, address)
        assert response.status_code == 200, address
        found[address] = response.headers, body
    return found


Wholes = dict[str, tuple[httpx.Headers, bytes]]


def test_every_route_is_among_what_is_tried() -> None:
    def form(path: str) -> re.Pattern[str]:
        return re.compile(
            re.sub(r"{\w+(:\w+)?}", lambda found: ".+" if found[1] == ":path" else "[^/]+", path)
        )

    tried = [each.partition("?")[0] for each in (*EVERYTHING, *OF_A_MOMENT)]
    for route in iter_route_contexts(create_app().routes):
        path = f"{route.path}/.+" if isinstance(route.original_route, Mount) else str(route.path)
        methods = getattr(route.original_route, "methods", None) or {"GET"}
        if "GET" in methods and path != "/explore/{rest:path}":  # where nothing is
            assert any(form(path).fullmatch(each) for each in tried), path


# Validators


def test_every_answer_has_a_strong_validator_and_is_not_sent_again(
    client: httpx.Client, wholes: Wholes
) -> None:
    for address, (headers, _) in wholes.items():
        etag = headers["ETag"]
        assert STRONG.fullmatch(etag), address
        assert headers["Cache-Control"] == "public, max-age=300"
        assert headers["Accept-Ranges"] == "bytes"
        assert "accept-encoding" in listed(headers["Vary"])
        assert "Last-Modified" not in headers
        for asked in (etag, f"W/{etag}", f'"other", {etag}', f'"other",W/{etag},"more"', "*"):
            again, body = raw(client, address, **{"If-None-Match": asked})
            assert (again.status_code, body) == (304, b""), (address, asked)
            for name in ("ETag", "Cache-Control", "Vary", "Content-Location", "X-Atlas-Release"):
                assert again.headers.get(name) == headers.get(name), (address, name)
            assert again.headers["Access-Control-Allow-Origin"] == "*"
            assert "Content-Type" not in again.headers
        assert raw(client, address, "HEAD", **{"If-None-Match": etag})[0].status_code == 304


def test_a_validator_of_something_else_is_answered_the_whole(client: httpx.Client, wholes: Wholes) -> None:
    other = wholes["/release"][0]["ETag"]
    for address in KEPT[:-2]:
        for asked in ('"other"', other, f"W/{other}", '"x", *', "", "x", wholes[address][0]["ETag"][1:-1]):
            response, body = raw(client, address, **{"If-None-Match": asked})
            assert (response.status_code, body) == (200, wholes[address][1]), (address, asked)


@pytest.mark.parametrize("address", [*WRONG, *OF_A_MOMENT])
def test_a_star_confirms_only_an_answer_that_has_a_validator(client: httpx.Client, address: str) -> None:
    plain = client.get(address)
    assert client.get(address, headers={"If-None-Match": "*"}).status_code == plain.status_code != 304


def test_a_validator_holds_for_all_who_ask_the_same(client: httpx.Client) -> None:
    def etag(address: str, **headers: str) -> str:
        return raw(client, address, **headers)[0].raise_for_status().headers["ETag"]

    plain = etag("/cancers?limit=3&prognosis=poor")
    assert etag("/cancers?prognosis=poor&limit=3") == plain
    assert etag("/cancers?prognosis=p%6For&limit=3") == plain
    assert etag("/cancers?limit=3&prognosis=poor", Accept="application/json") == plain
    assert etag("/cancers?limit=3&prognosis=poor", Accept="text/csv") != plain
    assert etag("/cancers?limit=4&prognosis=poor") != plain
    assert etag("/trials?limit=3") != etag("/targets?limit=3")


def test_no_two_answers_have_one_validator(wholes: Wholes) -> None:
    bodies: dict[str, bytes] = {}
    for headers, body in wholes.values():
        assert bodies.setdefault(headers["ETag"], body) == body
    addresses = {headers["ETag"] for headers, _ in wholes.values()}
    assert len(addresses) == len(set(wholes))


def test_each_media_type_is_an_answer_of_its_own(client: httpx.Client) -> None:
    for _ in range(2):
        for accept, begin in {"text/csv": "id,", "*/*": "{", "application/x-ndjson": '{"id"'}.items():
            response = client.get("/targets?limit=2", headers={"Accept": accept})
            assert response.text.startswith(begin)
            assert "accept" in listed(response.headers["Vary"])
    two = [("Accept", "text/csv;q=0.1"), ("Accept", "text/tab-separated-values")]
    assert client.get("/targets?limit=2", headers=two).headers["Content-Type"].startswith("text/tab-sep")


ACCEPTS = ["text/html,*/*;q=0.5", "text/csv,image/svg+xml;q=0.9,*/*;q=0.1", "application/json"]


@pytest.mark.parametrize("accepts", [ACCEPTS, pytest.param(ACCEPTS[::-1], marks=pytest.mark.longer)])
def test_what_depends_on_accept_says_so_whoever_asked_first(database_url: str, accepts: list[str]) -> None:
    with serving(database_url) as client:
        for address in (*LIGHT, *WRONG):
            answers = [raw(client, address, Accept=accept) for accept in accepts]
            bodies = {body for response, body in answers if response.status_code == 200}
            if len(bodies) > 1:
                for response, _ in answers:
                    assert response.status_code == 406 or "accept" in listed(response.headers["Vary"]), (
                        address
                    )
            types = {
                accept: response.headers["Content-Type"]
                for accept, (response, _) in zip(accepts, answers, strict=True)
            }
            if address.startswith("/problems/"):
                assert types["text/html,*/*;q=0.5"].startswith("text/html"), address
                assert types["application/json"].startswith("application/"), address


@pytest.mark.parametrize("address", OF_A_MOMENT)
def test_what_is_true_of_a_moment_is_kept_by_nobody(client: httpx.Client, address: str) -> None:
    response = client.get(address, headers=BROWSER | {"Range": "bytes=0-3"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("address", WRONG)
def test_what_went_wrong_has_no_validator(client: httpx.Client, address: str) -> None:
    response = client.get(address, headers={"If-None-Match": '"x"', "Range": "bytes=0-3"})
    assert response.status_code in (404, 422)
    assert "ETag" not in response.headers
    assert "Cache-Control" not in response.headers


def test_head_has_the_headers_of_get(client: httpx.Client) -> None:
    for address in (*EVERYTHING, *WRONG, *OF_A_MOMENT[:3]):
        for coding in (PLAIN, BROWSER):
            full, _ = raw(client, address, **coding)
            head, nothing = raw(client, address, "HEAD", **coding)
            assert nothing == b""
            assert head.status_code == full.status_code
            fields = [
                [pair for pair in each.headers.multi_items() if pair[0] not in ("date", "x-request-id")]
                for each in (full, head)
            ]
            assert fields[0] == fields[1], address


@pytest.mark.parametrize("address", ["/openapi.json", *FILES])
def test_files_take_no_query(client: httpx.Client, address: str) -> None:
    assert client.get(f"{address}?1").status_code == 422


# Content codings

DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


@pytest.mark.longer
def test_a_body_is_the_same_in_every_coding(client: httpx.Client, wholes: Wholes) -> None:
    for address, (headers, plain) in wholes.items():
        assert "Content-Encoding" not in headers
        assert int(headers["Content-Length"]) == len(plain)
        validators = {headers["ETag"]}
        for coding, decode in DECODE.items():
            for _ in range(2):
                response, body = raw(client, address, **{"Accept-Encoding": coding})
                assert int(response.headers["Content-Length"]) == len(body)
                assert response.headers["Vary"] == headers["Vary"]
                if len(plain) < 512 or headers["Content-Type"].startswith(UNCOMPRESSED):
                    assert body == plain
                    assert "Content-Encoding" not in response.headers
                    assert response.headers["ETag"] == headers["ETag"]
                else:
                    assert response.headers["Content-Encoding"] == coding, address
                    assert decode(body) == plain
                    assert len(body) < len(plain)
                    validators.add(response.headers["ETag"])
        assert len(validators) in (1, 1 + len(DECODE)), address


def test_a_validator_confirms_its_own_coding_alone(client: httpx.Client) -> None:
    address = "/inhibitors/tocilizumab"
    codings = ["identity", *DECODE]
    etags = [raw(client, address, **{"Accept-Encoding": each})[0].headers["ETag"] for each in codings]
    for asked, etag in zip(codings, etags, strict=True):
        for coding in codings:
            response, _ = raw(client, address, **{"Accept-Encoding": coding, "If-None-Match": etag})
            assert (response.status_code == 304) == (coding == asked)


def test_a_body_of_a_few_bytes_or_of_many_is_sent_as_it_is() -> None:
    assert not compressible("application/json", SMALLEST - 1)
    assert compressible("application/json", SMALLEST)
    assert compressible("application/json", LARGEST)
    assert not compressible("application/json", LARGEST + 1)
    assert not compressible("image/png", SMALLEST)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("identity", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("*", "zstd"),
        ("*;q=0", ""),
        ("gzip;q=0.5, identity", ""),
        ("GZIP", "gzip"),
        ("gzip;q=nonsense", ""),
        (f"gzip, {'x' * 300}", ""),
    ],
)
def test_the_coding_is_the_one_that_is_preferred(accepted: str, coding: str) -> None:
    assert preferred(accepted.encode()) == coding


# Ranges


def test_a_download_that_broke_off_goes_on(client: httpx.Client, wholes: Wholes) -> None:
    """As `curl -C -` asks: from the bytes on that are there already, in whatever coding they came."""
    for address in wholes:
        for coding in ("identity", "gzip"):
            whole, body = raw(client, address, **{"Accept-Encoding": coding})
            for kept in {1, len(body) // 3, len(body) - 1}:
                asked = {"Range": f"bytes={kept}-", "If-Range": whole.headers["ETag"]}
                rest, part = raw(client, address, **{"Accept-Encoding": coding, **asked})
                assert rest.status_code == 206, address
                assert rest.headers["Content-Range"] == f"bytes {kept}-{len(body) - 1}/{len(body)}"
                assert int(rest.headers["Content-Length"]) == len(part)
                assert body[:kept] + part == body
                for name in ("ETag", "Vary", "Cache-Control", "Content-Type", "Content-Encoding"):
                    assert rest.headers.get(name) == whole.headers.get(name), (address, name)
            over, _ = raw(client, address, **{"Accept-Encoding": coding, "Range": f"bytes={len(body)}-"})
            assert over.status_code == 416, address
            assert over.headers["Content-Range"] == f"bytes */{len(body)}"


def test_any_part_can_be_asked_for(client: httpx.Client, wholes: Wholes) -> None:
    chance = random.Random(1)
    address = "/evidence?format=csv"
    body = wholes[address][1]
    size = len(body)
    for _ in range(60):
        first = chance.randrange(size)
        last = chance.randrange(first, size + 100)
        tail = chance.randrange(1, 2 * size)
        for asked, expected in {
            f"bytes={first}-{last}": body[first : last + 1],
            f"bytes=-{tail}": body[-tail:],
            f"BYTES={first}-": body[first:],
        }.items():
            response, part = raw(client, address, Range=asked)
            assert (response.status_code, part) == (206, expected), asked


def test_a_range_beyond_the_end_is_a_problem_that_tells_the_size(
    client: httpx.Client, wholes: Wholes
) -> None:
    address = "/inhibitors/tocilizumab"
    size = len(wholes[address][1])
    for asked in (f"bytes={size}-", f"bytes={size}-{size + 9}", "bytes=-0", f"bytes={10**17}-"):
        response = client.get(address, headers=PLAIN | {"Range": asked})
        assert response.status_code == 416
        assert response.headers["Content-Range"] == f"bytes */{size}"
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "ETag" not in response.headers
        problem = response.json()
        assert problem["status"] == 416
        assert problem["size"] == size
        assert client.get(problem["type"]).status_code == 200


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-9", "bytes=", "bytes=-", "bytes=9-5", "bytes=a-b", "items=0-5", "bytes 0-5", "bytes=+1-5"],
)
def test_what_is_no_single_range_is_answered_the_whole(
    client: httpx.Client, wholes: Wholes, asked: str
) -> None:
    response, body = raw(client, "/inhibitors/tocilizumab", Range=asked)
    assert (response.status_code, body) == (200, wholes["/inhibitors/tocilizumab"][1])


def test_a_range_of_another_answer_is_answered_the_whole(client: httpx.Client, wholes: Wholes) -> None:
    headers, whole = wholes["/inhibitors/tocilizumab"]
    packed = raw(client, "/inhibitors/tocilizumab", **BROWSER)[0].headers["ETag"]
    weak, late = f"W/{headers['ETag']}", "Sat, 28 Nov 2099 00:00:00 GMT"
    for known in ('"other"', weak, late, packed, "*", f"{headers['ETag']}, {packed}"):
        asked = {"Range": "bytes=5-9", "If-Range": known}
        response, body = raw(client, "/inhibitors/tocilizumab", **asked)
        assert (response.status_code, body) == (200, whole), known


def test_who_has_the_answer_is_told_so_before_a_range_is_looked_at(
    client: httpx.Client, wholes: Wholes
) -> None:
    etag = wholes["/release"][0]["ETag"]
    for asked, status in ((etag, 304), ('"other"', 206)):
        response, _ = raw(client, "/release", **{"If-None-Match": asked, "Range": "bytes=0-3"})
        assert response.status_code == status
    response, _ = raw(client, "/release", "HEAD", Range="bytes=0-3")
    assert (response.status_code, response.headers["Content-Length"]) == (
        200,
        wholes["/release"][0]["Content-Length"],
    )


# Who asks the same


@contextmanager
def listening(app: ASGIApp) -> Iterator[httpx.Client]:
    """A live server of any application, in a thread, and a client of it."""
    state = SimpleNamespace(addresses=Addresses("", []))

    async def stated(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "app": SimpleNamespace(state=state)}, receive, send)

    server = uvicorn.Server(uvicorn.Config(stated, port=0, log_level="critical", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, headers=PLAIN) as client:
            yield client
    finally:
        server.should_exit = server.force_exit = True  # where a test fails, an answer may still be waited for
        thread.join()


def release(name: str) -> ReleaseRead:
    told = {"checksum": name, "digest": name, "schema": "1", "counts": {}, "licence": "", "citation": ""}
    return ReleaseRead(version=name, date=date(2026, 11, 28), **told)


class Small:
    """An application that does what a test wants, and counts how often it was asked; it reads a release."""

    def __init__(self, response: Callable[[Scope], Response] | None = None) -> None:
        self.response = response or (lambda scope: PlainTextResponse(str(scope["query_string"]) * 100))
        self.asked = 0
        self.release = release("1")
        self.open = threading.Event()
        """Answers wait for it."""
        self.open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        scope["state"]["release"] = self.release
        while not self.open.is_set():
            await asyncio.sleep(0.005)
        await self.response(scope)(scope, receive, send)


def kept(app: ASGIApp, most_bytes: int = 2**20, deadline: float = 10) -> Cache:
    """An application behind a cache of release 1."""
    watch = ReleaseWatch(Database(parse_url("sqlite:///nowhere.sqlite"), 1))
    watch.release = release("1")
    return Cache(app, Answers(watch, most_bytes, "http://atlas.example"), deadline)


def at_once(client: httpx.Client, address: str, number: int) -> list[Any]:
    """Ask the same several times at once; gives what is on its way."""
    pool = ThreadPoolExecutor(number)
    asked = [pool.submit(client.get, address) for _ in range(number)]
    pool.shutdown(wait=False)
    return asked


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def leave(client: httpx.Client, address: str, after: int = 0, headers: str = "") -> None:
    """Ask by a connection that is reset after some bytes of the answer."""
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port)) as connection:
        connection.sendall(f"GET {address} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
        read = 0
        while read < after and (part := connection.recv(after - read)):
            read += len(part)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_those_who_ask_the_same_at_once_wait_for_one_answer(new_release: NewDatabase) -> None:
    url = new_release()
    with serving(url) as client:
        client.get("/cancers?limit=4")
        with counted(url) as executed:
            alone = client.get("/cancers?limit=5")
        once = len(executed)
        with counted(url) as executed:
            answers = [each.result() for each in at_once(client, "/cancers?limit=6", 30)]
        assert once == len(executed) > 0
        assert len({each.content for each in answers}) == 1
        assert alone.status_code == answers[0].status_code == 200
        missed = [each.result() for each in at_once(client, "/cancers/nobody", 5)]
        assert {each.status_code for each in missed} == {404}


@pytest.mark.parametrize("status", [200, 404, 503])
def test_one_run_answers_all_and_goes_on_without_the_client_that_began_it(status: int) -> None:
    def parts() -> Iterator[bytes]:
        for number in range(1000):
            yield b"%0100d" % number

    app = Small(lambda _: StreamingResponse(parts(), status))
    with listening(kept(app)) as client:
        app.open.clear()
        leave(client, "/")
        until(lambda: app.asked == 1)
        waiting = at_once(client, "/", 5)
        time.sleep(0.1)
        leave(client, "/")
        app.open.set()
        for each in waiting:
            assert each.result().status_code == status
            assert each.result().content == b"".join(parts())
        assert app.asked == 1
        assert client.get("/").content == b"".join(parts())
        assert app.asked == (1 if status == 200 else 2)


def test_a_client_that_breaks_off_leaves_nothing_unfinished(database_url: str, client: httpx.Client) -> None:
    """Each export is first asked for by clients that leave, and meanwhile by some that stay."""
    addresses = [f"/{each.path}?format={form}" for each in RESOURCES for form in Format]
    addresses = addresses if FULL else addresses[::4]
    expected = {address: raw(client, address) for address in addresses}
    chance = random.Random(2)
    with serving(database_url) as other:
        for address in addresses:
            gone = [threading.Thread(target=leave, args=(other, address, after)) for after in (0, 1, 3000)]
            for each in gone:
                each.start()
            time.sleep(chance.random() / 100)
            staying = at_once(other, address, 3)
            for each in gone:
                each.join()
            response, whole = expected[address]
            for one in [*(each.result() for each in staying), other.get(address, headers=PLAIN)]:
                assert one.content == whole, address
            assert other.get(address, headers=PLAIN).headers["ETag"] == response.headers["ETag"]


def test_an_answer_that_takes_too_long_is_a_problem_and_ready_for_the_next() -> None:
    app = Small()
    with listening(kept(app, deadline=0.2)) as client:
        app.open.clear()
        for response in [each.result() for each in at_once(client, "/?a=1", 4)]:
            assert response.status_code == 503
            assert response.json()["type"] == "/problems/query-too-long"
            assert int(response.headers["Retry-After"]) > 0
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        app.open.set()
        until(lambda: client.get("/?a=1").status_code == 200)
        assert app.asked == 1


def broken_off(scope: Scope) -> Response:
    def parts() -> Iterator[bytes]:
        yield b"the first part"
        raise ValueError("the rest cannot be read")

    return StreamingResponse(parts())


class Unfinished(Response):
    """Says that more follows, and ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"some", "more_body": True})


class Begun(Response):
    """Begins, and ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})


class Silent(Response):
    """Says nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pass


class Failing(Response):
    """Fails when all is said."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)
        raise ValueError("too late")


@pytest.mark.parametrize(
    "response",
    [broken_off, lambda _: Unfinished(), lambda _: Begun(), lambda _: Silent(), lambda _: Failing("all")],
)
def test_an_answer_that_is_not_finished_is_a_problem_to_all_and_kept_by_nobody(
    response: Callable[[Scope], Response], caplog: pytest.LogCaptureFixture
) -> None:
    app = Small(response)
    with listening(kept(app)) as client:
        app.open.clear()
        waiting = at_once(client, "/", 3)
        until(lambda: app.asked == 1)
        time.sleep(0.1)
        app.open.set()
        for each in waiting:
            assert each.result().status_code == 500
            assert each.result().json()["type"] == "/problems/internal-server"
            assert each.result().headers["Access-Control-Allow-Origin"] == "*"
        assert app.asked == 1
        assert [each.message for each in caplog.records] == ["/ broke off"]
        assert "X-Request-ID" not in waiting[0].result().json()["detail"]  # nobody gave it one
        app.response = lambda _: PlainTextResponse("mended")
        assert client.get("/").text == "mended"


def test_what_names_the_host_that_was_asked_is_answered_to_each_his_own() -> None:
    def of_host(scope: Scope) -> Response:
        host = dict(scope["headers"])[b"host"].decode()
        if scope["path"] == "/moved":
            return RedirectResponse(f"http://{host}/there")
        return PlainTextResponse(host, headers={"Cache-Control": "no-store"})

    app = Small(of_host)
    with listening(kept(app)) as client:
        for path in ("/moved", "/of-a-moment"):
            app.open.clear()
            with ThreadPoolExecutor(4) as pool:
                hosts = [f"host{number}" for number in range(4)]
                asked = [pool.submit(client.get, path, headers={"Host": host}) for host in hosts]
                until(lambda: app.asked % 5 == 1)
                time.sleep(0.1)
                app.open.set()
                for host, each in zip(hosts, asked, strict=True):
                    said = each.result().headers.get("Location", each.result().text)
                    assert host in said
            app.asked = 0


def test_other_methods_and_what_depends_on_other_fields_pass_by() -> None:
    app = Small(lambda scope: PlainTextResponse(scope["method"], headers={"Vary": "Cookie"}))
    with listening(kept(app)) as client:
        for method in ("POST", "OPTIONS", "GET", "GET"):
            response = client.request(method, "/")
            assert response.text == method
            assert "ETag" not in response.headers
            assert response.headers["Vary"] == "Cookie"
    assert app.asked == 4


@pytest.mark.parametrize("access_log", [True, False])
def test_no_answer_bears_the_id_of_another_request(database_url: str, access_log: bool) -> None:
    with serving(database_url, access_log=access_log) as client:
        ids = [client.get("/release").headers.get("X-Request-ID") for _ in range(3)]
        assert len(set(ids) - {None}) == (3 if access_log else 0)


# What is kept


def test_a_known_question_costs_no_statement(new_release: NewDatabase) -> None:
    url = new_release()
    with serving(url) as client:
        etags = {address: raw(client, address)[0].headers["ETag"] for address in KEPT}
        spelled_otherwise = ["/cancers?prognosis=%70oor", "/resolve?q=%61ctemra"]
        until(lambda: client.get("/readyz").status_code == 200)
        with counted(url) as executed:
            for address in [*KEPT, *spelled_otherwise]:
                for _ in range(2):
                    assert client.get(address).status_code == 200
                assert client.head(address).status_code == 200
                assert raw(client, address, Range="bytes=1-2")[0].status_code == 206
            for address, etag in etags.items():
                assert raw(client, address, **{"If-None-Match": etag})[0].status_code == 304
        assert executed == []


def test_a_conditional_question_that_comes_first_spoils_nothing(
    database_url: str, client: httpx.Client, wholes: Wholes
) -> None:
    """Nor under another Accept, nor after the answer was dropped."""
    with serving(database_url, cache_bytes=2**19) as other:
        for _ in range(2):
            for address in KEPT:
                headers, body = wholes[address]
                for accept in ("*/*", "application/json", "text/html, */*"):
                    for asked in (headers["ETag"], '"x", *', "*"):
                        raw(other, address, **{"If-None-Match": asked, "Accept": accept})
                    response, found = raw(other, address, Accept=accept)
                    assert response.status_code == 200
                    assert found == raw(client, address, Accept=accept)[1]
                assert raw(other, address)[1] == body
            for number in range(40):
                other.get(f"/evidence?limit=30&q={number}").raise_for_status()


def test_nothing_is_kept_where_nothing_may_be(database_url: str, wholes: Wholes) -> None:
    with serving(database_url, cache_bytes=0) as client:
        for address in KEPT:
            headers, whole = wholes[address]
            assert raw(client, address)[0].headers["ETag"] == headers["ETag"]
            again, _ = raw(client, address, **{"If-None-Match": f'"x", {headers["ETag"]}'})
            assert again.status_code == 304
            assert raw(client, address, Range="bytes=1-4")[1] == whole[1:5]
            packed, body = raw(client, address, **{"Accept-Encoding": "br"})
            assert (brotli.decompress(body) if "Content-Encoding" in packed.headers else body) == whole
            head, nothing = raw(client, address, "HEAD")
            assert (head.headers["Content-Length"], nothing) == (str(len(whole)), b"")
        with counted(database_url) as executed:
            client.get("/cancers?prognosis=poor")
        assert executed


def test_what_is_large_is_sent_but_not_kept() -> None:
    app = Small(lambda scope: PlainTextResponse("x" * int(scope["path"][1:])))
    with listening(kept(app, most_bytes=800_000)) as client:
        for size, runs in ((90_000, 1), (100_000, 2)):
            app.asked = 0
            for _ in range(2):
                assert len(client.get(f"/{size}").content) == size
            assert app.asked == runs


def test_what_is_asked_in_many_words_is_not_kept_by_them() -> None:
    def varying(scope: Scope) -> Response:
        return PlainTextResponse(
            "the same", headers={"Vary": "Accept"} if scope["path"] == "/varying" else {}
        )

    app = Small(varying)
    long, short = "a/" + "b" * 255, "a/" + "b" * 254
    asked = [
        (f"/{'p' * 2048}", short, 2),
        (f"/{'p' * 2000}?q={'q' * 45}", short, 1),
        (f"/{'p' * 2000}?q={'q' * 46}", short, 2),
        ("/varying", long, 2),
        ("/varying", short, 1),
        ("/plain", long, 1),
    ]
    with listening(kept(app)) as client:
        for address, accept, runs in asked:
            app.asked = 0
            for _ in range(2):
                assert client.get(address, headers={"Accept": accept}).text == "the same"
            assert app.asked == runs, (address[:20], len(accept))


async def nothing(*_: Any) -> None:
    pass


def flood(cache: Cache, number: int) -> None:
    """Ask for many addresses, and with many Accept headers, in all codings, without a server."""

    async def ask(path: str, query: str, accept: str, coding: str) -> None:
        headers = [(b"accept", accept.encode()), (b"accept-encoding", coding.encode())]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode()}
        await cache({**scope, "headers": headers, "state": {}}, nothing, nothing)

    async def trial() -> None:
        for each in range(number):
            coding = ("", "gzip", "br", "zstd")[each % 4] if each % 10 == 0 else ""
            await ask("/kept", f"q={each}", "*/*", coding)
            await ask("/kept", "", f"a/{each:0250}", coding)
            await ask("/varying", "", f"a/{each:0250}", coding)
            await ask("/hot", f"q={each % 50}", "*/*", coding)

    asyncio.run(trial())


def test_a_flood_of_questions_takes_no_more_memory_than_was_given() -> None:
    def response(scope: Scope) -> Response:
        own = {"Vary": "Accept"} if scope["path"] == "/varying" else {}
        return PlainTextResponse(f"{scope['path']} {dict(scope['headers'])}"[:100] * 10, headers=own)

    most = 2**21
    cache = kept(Small(response), most_bytes=most)
    flood(cache, 50)
    tracemalloc.start()
    flood(cache, 30_000 if FULL else 2_000)
    taken, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < most
    assert peak < 1.2 * most
    entries = cache.answers.entries
    assert entries.bytes <= most
    assert entries.bytes > most // 2
    assert entries.bytes == sum(each.size for each in entries.kept.values())
    assert sorted(map(repr, entries.known)) == sorted(
        repr(key) for entry in entries.kept.values() for key in entry.keys
    )


STATUS = Path("/proc/self/status")


@contextmanager
def process(database_url: str, *command: str, **environment: str) -> Iterator[tuple[httpx.Client, int]]:
    """A server in a process of its own, by either of the two ways to start one."""
    port = free_port()
    running = subprocess.Popen(
        [sys.executable, "-m", *command, "--port", str(port)],
        env={**os.environ, "IL6_DATABASE_URL": database_url, "IL6_ACCESS_LOG": "false", **environment},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        until_answering(f"http://127.0.0.1:{port}")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, headers=PLAIN) as client:
            yield client, running.pid
    finally:
        running.terminate()
        running.wait()


SERVERS = {"il6": ("app", "serve"), "uvicorn": ("uvicorn", "app.main:app")}


@pytest.mark.longer
@pytest.mark.skipif(not FULL, reason="it takes minutes: make faults")
@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell what memory a process takes")
def test_a_process_stays_within_what_it_was_given(database_url: str) -> None:
    """Resident memory after a flood, beside that of the same process after a tenth of it."""

    def memory(pid: int) -> int:
        (kibibytes,) = re.findall(r"VmRSS:\s+(\d+) kB", (STATUS.parents[1] / str(pid) / "status").read_text())
        return int(kibibytes) * 1024

    most = 4 * 2**20
    with process(database_url, *SERVERS["il6"], IL6_CACHE_BYTES=str(most)) as (client, pid):

        def ask(number: int) -> None:
            client.get(f"/targets?limit=1&q={number}").raise_for_status()
            client.get("/targets", headers={"Accept": f"application/json;q=0.{number:0200}"})
            client.get("/release", headers={"Accept": f"application/json;q=0.{number:0200}"})

        for address in KEPT:
            client.get(address).raise_for_status()
        number = 30_000
        for each in range(number // 10):
            ask(each)
        before = memory(pid)
        for each in range(number // 10, number):
            ask(each)
        assert memory(pid) - before < 2 * most + 8 * 2**20


@pytest.mark.longer
def test_answers_are_right_while_others_push_them_out(database_url: str, wholes: Wholes) -> None:
    addresses = EVERYTHING if FULL else LIGHT

    def ask(client: httpx.Client, chance: random.Random) -> None:
        address = chance.choice(addresses)
        headers, whole = wholes[address]
        coding = chance.choice(["identity", *DECODE])
        asked = {"Accept-Encoding": coding}
        if chance.random() < 0.3:
            asked["If-None-Match"] = chance.choice([headers["ETag"], "*", '"x", *', '"x"'])
        response, body = raw(client, address, **asked)
        if response.status_code == 304:
            assert asked["If-None-Match"] in ("*", response.headers["ETag"])
            return
        assert response.status_code == 200, (address, asked)
        decode = DECODE.get(response.headers.get("Content-Encoding", ""), bytes)
        assert hostless(decode(body)) == hostless(whole), (address, asked)

    def some_time(client: httpx.Client, start: int) -> None:
        chance = random.Random(start)
        for _ in range(1_200 if FULL else 40):
            ask(client, chance)

    with serving(database_url, cache_bytes=700_000) as client, ThreadPoolExecutor(10) as pool:
        for each in [pool.submit(some_time, client, start) for start in range(10)]:
            each.result()


@given(some.text(max_size=30).map(lambda text: quote(text, safe="&=%+")))
def test_a_query_in_its_one_form_asks_the_same(query: str) -> None:
    one = canonical(query.encode())
    assert canonical(one) == one
    pairs, again = (parse_qsl(each, keep_blank_values=True) for each in (query, one.decode()))
    names = {name for name, _ in pairs}
    assert [name for name, _ in again] == sorted(name for name, _ in pairs)
    for name in names:
        assert [pair for pair in pairs if pair[0] == name] == [pair for pair in again if pair[0] == name]


# Beside a server that keeps nothing


def asked_by_chance(chance: random.Random, etags: list[str]) -> tuple[str, str, dict[str, str]]:
    """A method, an address and headers."""
    address = chance.choice([*(EVERYTHING if FULL else LIGHT), *WRONG, *OF_A_MOMENT[:3]])
    path, _, query = address.partition("?")
    pairs = query.split("&") if query else []
    if chance.random() < 0.5:
        pairs += chance.choice(
            [["limit=3"], ["limit=3", "sort=id"], ["q=il6"], ["limit=3", "limit=3"], ["x"]]
        )
    if chance.random() < 0.5:
        chance.shuffle(pairs)
    if chance.random() < 0.2:
        pairs = [f"%{ord(each[0]):02x}{each[1:]}" if each[0].isalpha() else each for each in pairs]
    headers = {"Accept-Encoding": chance.choice(["identity", "gzip", "br", "zstd", "*", "gzip;q=0", ""])}
    if chance.random() < 0.5:
        headers["Accept"] = chance.choice(
            [*ACCEPTS, "text/tab-separated-values, text/csv;q=0.5", "nonsense", "audio/*"]
        )
    if chance.random() < 0.3:
        one = chance.choice(etags or ['"x"'])
        headers["If-None-Match"] = chance.choice([one, f"W/{one}", f'"x", {one}', "*", '"x", *', '"x"'])
    if chance.random() < 0.3:
        headers["Range"] = chance.choice(
            ["bytes=0-", "bytes=5-99", "bytes=-7", "bytes=1-2,4-5", f"bytes={10**9}-"]
        )
        if chance.random() < 0.5:
            headers["If-Range"] = chance.choice([*etags[-3:], '"x"', "Sat, 28 Nov 2099 00:00:00 GMT"])
    if chance.random() < 0.3:
        strange = {
            "X-Forwarded-Host": "elsewhere.example",
            "X-Forwarded-Proto": "https",
            "Origin": "https://elsewhere.example",
            "Cookie": "a=b",
            "Cache-Control": "no-cache",
            "If-Modified-Since": "Sat, 28 Nov 2099 00:00:00 GMT",
        }
        name = chance.choice(list(strange))
        headers[name] = strange[name]
    method = chance.choices(["GET", "HEAD", "POST", "OPTIONS"], [80, 15, 3, 2])[0]
    return method, path + ("?" + "&".join(pairs) if pairs else ""), headers


@pytest.mark.longer
def test_a_server_that_keeps_answers_says_what_one_says_that_keeps_none(database_url: str) -> None:
    chance = random.Random(20261128)
    etags: list[str] = []
    with (
        serving(database_url, cache_bytes=3 * 2**20) as keeping,
        serving(database_url, cache_bytes=0) as other,
    ):
        host = {"Host": "atlas.example"}
        for _ in range(20_000 if FULL else 400):
            method, address, headers = asked_by_chance(chance, etags)
            (first, body), (second, whole) = (
                raw(each, address, method, **headers | host) for each in (keeping, other)
            )
            asked = method, address, headers
            assert first.status_code == second.status_code, asked
            assert body == whole, asked
            fields = [
                [pair for pair in each.headers.multi_items() if pair[0] not in ("date", "x-request-id")]
                for each in (first, second)
            ]
            assert fields[0] == fields[1], asked
            if "ETag" in first.headers:
                etags.append(first.headers["ETag"])
                del etags[:-20]


# Releases


def test_another_release_is_seen_within_a_second(new_release: NewDatabase, seed_folder: Path) -> None:
    url = new_release()
    with serving(url) as client:
        old = client.get("/cancers/breast-cancer")
        listed = client.get("/cancers")
        assert client.get("/cancers/breast-cancer").content == old.content
        rename_breast_cancer(seed_folder)
        seed(seed_folder, parse_url(url))
        time.sleep(1)
        new = client.get("/cancers/breast-cancer", headers={"If-None-Match": old.headers["ETag"]})
        assert new.status_code == 200
        assert new.json()["name"] == "Cancer of the breast"
        assert new.headers["ETag"] != old.headers["ETag"]
        rest = client.get("/cancers", headers={"Range": "bytes=9-", "If-Range": listed.headers["ETag"]})
        assert rest.status_code == 200
        assert "Cancer of the breast" in rest.text
        assert "Cancer of the breast" not in listed.text


def rename_breast_cancer(folder: Path, version: str | None = None) -> None:
    path = folder / "cancers.yaml"
    text = path.read_text("utf-8").replace("name: Breast cancer", "name: Cancer of the breast")
    path.write_text(text, "utf-8")
    if version:
        head = folder / "RELEASE"
        head.write_text(re.sub(r"2026\.12\b", version, head.read_text("utf-8")), "utf-8")


@pytest.mark.longer
def test_a_response_is_of_one_release_while_releases_change(
    release_file: Path, seed_folder: Path, tmp_path: Path
) -> None:
    """Every address that names breast cancer or the release, the documentation among them."""
    later = tmp_path / "later.sqlite"
    rename_breast_cancer(seed_folder, "2027.01")
    seed(seed_folder, parse_url(f"sqlite:///{later}"))
    served = tmp_path / "served.sqlite"
    shutil.copy(release_file, served)
    addresses = [
        *(
            "/cancers/breast-cancer",
            "/cancers?limit=200",
            "/cancers?format=csv",
            "/explore/cancers/breast-cancer",
        ),
        *("/release", "/search?q=breast", "/openapi.json", "/explore/cancers?limit=49"),
    ]
    of_old, of_new = re.compile("Breast cancer"), re.compile("Cancer of the breast")
    known: dict[tuple[str, str], str] = {}
    seen: dict[tuple[str, str], int] = {}
    over = threading.Event()

    def change() -> None:
        for number in range(200 if FULL else 6):
            shutil.copy((later, release_file)[number % 2], tmp_path / "next")
            (tmp_path / "next").rename(served)
            time.sleep(0.35)
        over.set()

    def ask(client: httpx.Client, start: int) -> None:
        chance = random.Random(start)
        while not over.is_set():
            address = chance.choice(addresses)
            response = client.get(address).raise_for_status()
            version, text = response.headers["X-Atlas-Release"], response.text
            if address == "/release":
                assert response.json()["version"] == version
            elif address != "/openapi.json":
                assert bool(of_new.search(text)) == (version == "2027.01"), address
                assert bool(of_old.search(text)) == (version == "2026.12"), address
            else:
                assert f'"version":"{version}"' in text
            digest = hashlib.sha256(response.content).hexdigest()
            assert known.setdefault((address, response.headers["ETag"]), version + digest) == version + digest
            seen[address, version] = seen.get((address, version), 0) + 1

    with serving(f"sqlite:///{served}") as client, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, client, start) for start in range(3)]
        pool.submit(change).result()
        for each in asking:
            each.result()
    assert {version for _, version in seen} == {"2026.12", "2027.01"}
    assert len(known) <= 2 * len(addresses)  # each has one validator of each release


def test_a_slow_answer_of_the_last_release_is_not_kept_for_this_one() -> None:
    def named(scope: Scope) -> Response:
        return PlainTextResponse(scope["state"]["release"].version)

    app = Small(named)
    cache = kept(app)
    with listening(cache) as client:
        app.open.clear()
        (early,) = at_once(client, "/", 1)
        until(lambda: app.asked == 1)
        cache.watch.release = app.release = release("2")
        late = at_once(client, "/", 3)
        until(lambda: app.asked == 2)
        app.open.set()
        assert early.result().text == "1"
        assert {each.result().text for each in late} == {"2"}
        assert client.get("/").text == "2"
        assert app.asked == 2
        cache.watch.release = release("1")  # the application has seen another release than the watch
        for _ in range(2):
            assert client.get("/").text == "2"
        assert app.asked == 4
        cache.watch.release = None
        assert client.get("/").text == "2"
        assert app.asked == 5


@pytest.mark.longer
@pytest.mark.parametrize(("server", "hash_seed"), [("il6", "1"), ("uvicorn", "2")])
def test_the_same_bytes_and_validators_in_every_process(
    database_url: str, client: httpx.Client, server: str, hash_seed: str
) -> None:
    with process(database_url, *SERVERS[server], PYTHONHASHSEED=hash_seed) as (other, _):
        for address in KEPT:
            for coding in ("identity", "zstd"):
                response, body = raw(client, address, **{"Accept-Encoding": coding})
                found, bytes_found = raw(other, address, **{"Accept-Encoding": coding})
                assert found.headers["ETag"] == response.headers["ETag"]
                assert bytes_found == body, address
