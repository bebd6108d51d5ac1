"""Ready answers: validators, codings, and bytes that are the same wherever the release is."""

import asyncio
import gzip
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest
import zstandard

from app.answers import Facts
from app.catalog import RESOURCES
from app.compression import preferred
from app.db import parse_url
from app.front import WARM, Front
from app.main import create_app
from app.models.base import Kind
from app.models.filters import Format
from app.seeding.build import seed
from app.settings import Settings
from app.shelf import OVERHEAD
from tests.conftest import NewDatabase, counted, free_port, run_async, serving

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

PLAIN = {"Accept-Encoding": "identity"}


@asynccontextmanager
async def inside(url: str, **settings: Any) -> AsyncIterator[tuple[Front, httpx.AsyncClient]]:
    """The door of an application, and a client that calls it without a server."""
    chosen = Settings(database_url=url, **{"access_log": False, "warm_up": False, **settings})
    front = Front(chosen, lambda: create_app(chosen))
    transport = httpx.ASGITransport(front)
    async with httpx.AsyncClient(transport=transport, base_url="http://atlas", headers=PLAIN) as client:
        yield front, client
    await front.close()


# Validators


@pytest.mark.parametrize("address", KEPT)
def test_every_answer_has_a_validator_and_is_not_sent_again(client: httpx.Client, address: str) -> None:
    first = client.get(address).raise_for_status()
    etag = first.headers["ETag"]
    assert etag.startswith('W/"')
    assert first.headers["Cache-Control"] == "public, max-age=300"
    for asked in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = client.get(address, headers={"If-None-Match": asked})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["X-Atlas-Release"] == "2026.11"
        assert "Content-Type" not in again.headers
    assert client.get(address, headers={"If-None-Match": '"other"'}).content == first.content
    assert client.head(address, headers={"If-None-Match": etag}).status_code == 304


def test_a_validator_holds_for_all_who_ask_the_same(client: httpx.Client) -> None:
    def etag(address: str, **headers: str) -> str:
        return client.get(address, headers=headers).raise_for_status().headers["ETag"]

    plain = etag("/cancers?limit=3&prognosis=poor")
    assert etag("/cancers?prognosis=poor&limit=3") == plain
    assert etag("/cancers?prognosis=p%6For&limit=3") == plain
    assert etag("/cancers?limit=3&prognosis=poor", Accept="application/json") == plain
    assert etag("/cancers?limit=3&prognosis=poor", **{"Accept-Encoding": "br"}) == plain
    assert etag("/cancers?limit=3&prognosis=poor", Accept="text/csv") != plain
    assert etag("/cancers?limit=4&prognosis=poor") != plain
    assert etag("/trials?limit=3") != etag("/targets?limit=3")


def test_each_media_type_is_an_answer_of_its_own(client: httpx.Client) -> None:
    for _ in range(2):
        for accept, begin in {"text/csv": "id,", "*/*": "{", "application/x-ndjson": '{"id"'}.items():
            response = client.get("/targets?limit=2", headers={"Accept": accept})
            assert response.text.startswith(begin)
            assert "Accept" in response.headers["Vary"].replace(" ", "").split(",")
    two = [("Accept", "text/csv;q=0.1"), ("Accept", "text/tab-separated-values")]
    assert client.get("/targets?limit=2", headers=two).headers["Content-Type"].startswith("text/tab-sep")


@pytest.mark.parametrize("address", ["/livez", "/readyz", "/service-info"])
def test_what_is_true_of_a_moment_is_kept_by_nobody(client: httpx.Client, address: str) -> None:
    response = client.get(address).raise_for_status()
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


@pytest.mark.parametrize("address", ["/inhibitors/nobody", "/cancers?prognosis=bad", "/nowhere"])
def test_what_went_wrong_has_no_validator(client: httpx.Client, address: str) -> None:
    response = client.get(address, headers={"If-None-Match": '"x"'})
    assert response.status_code in (404, 422)
    assert "ETag" not in response.headers
    assert "Cache-Control" not in response.headers


def test_head_has_the_headers_of_get(client: httpx.Client) -> None:
    for address in KEPT:
        full, head = client.get(address), client.head(address)
        assert head.content == b""
        assert head.headers["Content-Length"] == full.headers["Content-Length"]
        assert head.headers["ETag"] == full.headers["ETag"]


# Content codings

DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


def raw(client: httpx.Client, address: str, encoding: str) -> tuple[str | None, bytes]:
    with client.stream("GET", address, headers={"Accept-Encoding": encoding}) as response:
        body = b"".join(response.iter_raw())
    assert int(response.headers["Content-Length"]) == len(body)
    assert "Accept-Encoding" in response.headers["Vary"]
    return response.headers.get("Content-Encoding"), body


def test_a_body_is_the_same_in_every_coding(client: httpx.Client) -> None:
    for address in ("/inhibitors/tocilizumab", "/publications?format=bibtex", "/graph?format=svg"):
        name, plain = raw(client, address, "identity")
        assert name is None
        for coding, decode in DECODE.items():
            for _ in range(2):
                name, body = raw(client, address, coding)
                assert name == coding
                assert decode(body) == plain
                assert len(body) < len(plain) / 2


def test_a_short_body_is_sent_as_it_is(client: httpx.Client) -> None:
    assert raw(client, "/cancers?limit=0", "gzip") == (None, b'{"items":[],"total":49,"next":null}')


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
    ],
)
def test_the_coding_is_the_one_that_is_preferred(accepted: str, coding: str) -> None:
    assert preferred(accepted) == coding


# What is kept


def test_a_known_question_costs_no_statement(database_url: str) -> None:
    async def trial() -> None:
        async with inside(database_url) as (_, client):
            for address in KEPT:
                await client.get(address)
            spelled_otherwise = ["/cancers?prognosis=%70oor", "/resolve?q=%61ctemra"]
            with counted() as executed:
                for address in [*KEPT, *spelled_otherwise]:
                    assert (await client.get(address)).status_code == 200
                    assert (await client.head(address)).status_code == 200
            assert executed == []

    run_async(trial())


def test_a_validator_is_confirmed_without_a_query_by_a_process_that_was_never_asked(
    database_url: str, client: httpx.Client
) -> None:
    async def trial() -> None:
        async with inside(database_url) as (_, other):
            await other.get("/livez")
            for address in ("/inhibitors/tocilizumab", "/cancers?prognosis=poor"):
                etag = client.get(address).headers["ETag"]
                with counted() as executed:
                    again = await other.get(address, headers={"If-None-Match": etag})
                assert again.status_code == 304
                assert again.headers["ETag"] == etag
                assert executed == []

    run_async(trial())


def test_those_who_ask_the_same_at_once_wait_for_one_answer(database_url: str) -> None:
    async def trial() -> None:
        async with inside(database_url) as (_, client):
            await client.get("/release")
            with counted() as executed:
                alone = await client.get("/cancers?limit=5")
            once = len(executed)
            with counted() as executed:
                answers = await asyncio.gather(*(client.get("/cancers?limit=6") for _ in range(30)))
            assert once == len(executed) > 0
            assert len({each.content for each in answers}) == 1
            assert alone.status_code == answers[0].status_code == 200
            missed = await asyncio.gather(*(client.get("/cancers/nobody") for _ in range(5)))
            assert {each.status_code for each in missed} == {404}

    run_async(trial())


def test_a_flood_of_questions_takes_no_more_than_its_share(database_url: str) -> None:
    async def trial() -> None:
        most = 40 * OVERHEAD
        async with inside(database_url, cache_bytes=most) as (ready, client):
            for number in range(300):
                response = await client.get(f"/targets?limit=0&q={number}")
                assert response.status_code == 200
                await client.get("/release", headers={"Accept": f"application/json;q=0.{number}"})
                shelf = ready.shelf
                assert shelf.bytes <= most
                assert shelf.bytes == sum(each.size for each in shelf.answers.values())
            assert len(shelf.answers) <= 40
            assert len(shelf.spellings) <= 40 * 8
            assert len(shelf.questions) <= 40 * 8
            large = await client.get("/publications?format=ndjson")
            assert large.text.count("\n") == 629
            assert large.headers["ETag"]
            assert shelf.find("/publications", b"format=ndjson", b"*/*") is None

    run_async(trial())


def test_nothing_is_kept_where_nothing_may_be(database_url: str) -> None:
    async def trial() -> None:
        async with inside(database_url, cache_bytes=0) as (ready, client):
            etag = (await client.get("/inhibitors/tocilizumab")).headers["ETag"]
            again = await client.get("/inhibitors/tocilizumab", headers={"If-None-Match": f'"x", {etag}'})
            assert again.status_code == 304
            assert not ready.shelf.answers
            assert not ready.shelf.spellings

    run_async(trial())


def test_what_is_asked_for_most_is_ready_before_it_is_asked(database_url: str, client: httpx.Client) -> None:
    """Another process makes it, so the one that answers needs neither a statement nor the application."""
    lists = [f"{place}/{resource.path}" for place in ("", "/explore") for resource in RESOURCES]
    addresses = [*WARM, *lists]
    made = {address: client.get(address, headers=PLAIN).raise_for_status() for address in addresses}

    async def trial() -> None:
        async with inside(database_url) as (front, within):
            await front.warm()
            for address, expected in made.items():
                with counted() as executed:
                    found = await within.get(address)
                assert executed == []
                assert found.content == expected.content
                assert found.headers["ETag"] == expected.headers["ETag"]
            if database_url.startswith("sqlite"):
                assert front.main is None

    run_async(trial())


def test_a_release_that_cannot_be_read_is_not_made_ready(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong is told to those who ask; making ready neither fails nor waits."""

    async def trial() -> None:
        async with inside(f"sqlite:///{tmp_path / 'none.sqlite'}") as (front, within):
            await front.warm()
            assert (await within.get("/inhibitors")).status_code == 503

    run_async(trial())
    assert not caplog.records


STATUS = Path("/proc/self/status")


@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell what memory a process takes")
def test_a_worker_is_as_small_as_what_it_is_asked_for(database_url: str, facts: Facts) -> None:
    """Resident memory of the process in MiB: records of a file need no application, all else does."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port)],
        env={**os.environ, "IL6_DATABASE_URL": database_url, "IL6_ACCESS_LOG": "false"},
        stderr=subprocess.DEVNULL,
    )

    def memory() -> float:
        told = (STATUS.parents[1] / str(process.pid) / "status").read_text()
        (kibibytes,) = re.findall(r"VmRSS:\s+(\d+) kB", told)
        return int(kibibytes) / 1024

    try:
        until_started = httpx.HTTPTransport(retries=7)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=until_started, timeout=60) as client:
            for resource in RESOURCES:
                for record_id in list(facts.of(resource.kind))[::4]:
                    client.get(f"/{resource.path}/{record_id}").raise_for_status()
            if database_url.startswith("sqlite"):
                assert memory() < 80
            for address in KEPT:
                client.get(address).raise_for_status()
            assert memory() < 160
    finally:
        process.terminate()
        process.wait()


# Releases


def test_another_release_is_seen_within_a_second(new_release: NewDatabase, seed_folder: Path) -> None:
    url = new_release()
    with serving(url) as client:
        old = client.get("/cancers/breast-cancer")
        listed = client.get("/cancers")
        assert client.get("/cancers/breast-cancer").content == old.content
        path = seed_folder / "cancers.yaml"
        path.write_text(
            path.read_text("utf-8").replace("name: Breast cancer", "name: Cancer of the breast"), "utf-8"
        )
        seed(seed_folder, parse_url(url))
        time.sleep(1)
        new = client.get("/cancers/breast-cancer", headers={"If-None-Match": old.headers["ETag"]})
        assert new.status_code == 200
        assert new.json()["name"] == "Cancer of the breast"
        assert new.headers["ETag"] != old.headers["ETag"]
        assert "Cancer of the breast" in client.get("/cancers").text
        assert "Cancer of the breast" not in listed.text


DIGESTS = """
import asyncio, hashlib, sys
import httpx
from app.front import create_front

async def main():
    transport = httpx.ASGITransport(create_front())
    async with httpx.AsyncClient(transport=transport, base_url="http://atlas") as client:
        for address in sys.argv[1:]:
            answer = (await client.get(address)).raise_for_status()
            print(address, answer.headers["ETag"], hashlib.sha256(answer.content).hexdigest())

asyncio.run(main())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_bytes_and_validators_in_every_process(
    database_url: str, client: httpx.Client, hash_seed: str
) -> None:
    environment = {
        **os.environ,
        "IL6_ACCESS_LOG": "false",
        "PYTHONHASHSEED": hash_seed,
        "IL6_DATABASE_URL": database_url,
    }
    told = subprocess.run(
        [sys.executable, "-c", DIGESTS, *KEPT], env=environment, capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in told.stdout.splitlines()]
    assert [line[0] for line in lines] == KEPT

    for address, etag, digest in lines:
        answer = client.get(address)
        assert answer.headers["ETag"] == etag
        assert hashlib.sha256(answer.content).hexdigest() == digest, address


def test_every_format_can_be_kept(client: httpx.Client) -> None:
    for wanted in Format:
        first = client.get("/trials", params={"format": wanted}).raise_for_status()
        assert client.get("/trials", params={"format": wanted}).content == first.content
        assert first.headers["ETag"]


def test_a_record_is_the_same_whoever_answers(database_url: str, facts: Facts) -> None:
    """The door reads a row, the application goes its own way: field by field, byte by byte alike."""

    async def trial() -> None:
        async with inside(database_url) as (front, client):
            await client.get("/release")
            transport = httpx.ASGITransport(front.main)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://atlas") as behind:
                for resource in RESOURCES:
                    for record_id in list(facts.of(resource.kind))[
                        :: 1 if resource.kind in (Kind.INHIBITOR, Kind.TARGET) else 40
                    ]:
                        address = f"/{resource.path}/{record_id}"
                        made, read = await behind.get(address), await client.get(address)
                        assert made.content == read.content
                        own = {"etag", "cache-control", "vary", "x-request-id"}
                        there = [pair for pair in made.headers.multi_items() if pair[0] not in own]
                        here = [pair for pair in read.headers.multi_items() if pair[0] not in own]
                        assert sorted(there) == sorted(here)

    run_async(trial())


def test_a_record_of_an_embedded_file_needs_no_application(release_file: Path) -> None:
    url = f"sqlite:///{release_file}"

    async def trial() -> None:
        async with inside(url) as (front, client):
            for address in ("/inhibitors/tocilizumab", "/cancers/breast-cancer"):
                assert (await client.get(address)).json()["id"] == address.rpartition("/")[2]
            assert front.main is None
            assert (await client.get("/inhibitors/Actemra")).json()["id"] == "tocilizumab"
            assert front.main is not None

    run_async(trial())
