"""Faults: whatever breaks, nothing is lost, no answer is wrong, and the service recovers by itself.

Each is tried for a moment; `make faults` tries it at full length.
"""

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.seeding.build import StorageFault, seed
from app.settings import SEED
from app.store.engine import Database, parse_url
from app.store.release import INTERVAL, reading
from tests.conftest import (
    RELEASE,
    NewDatabase,
    Once,
    PostgreSQL,
    free_port,
    serving,
    set_version,
    unmeasured,
    until_answering,
)

FULL = os.environ.get("IL6_TEST_FAULTS") == "full"

OLD, NEW = "2026.12", "2027.01"
CANCERS = "/cancers?limit=500"
NUMBER = len(re.findall(r"^- id:", (SEED / "cancers.yaml").read_text("utf-8"), re.MULTILINE))
"""Cancers of the release."""


@dataclass
class Load:
    """What clients saw that asked without a pause, over connections that stay open."""

    statuses: Counter[int] = field(default_factory=Counter)
    releases: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that are none: cut short, of two releases, or no problem where they are no success."""
    lost: list[str] = field(default_factory=list)
    """Requests on an open connection of which no answer was begun."""
    refused: int = 0
    """Connections that could not be made."""

    def judge(self, status: int, headers: http.client.HTTPMessage, body: bytes) -> None:
        self.statuses[status] += 1
        if status != 200:
            if headers["Content-Type"] != "application/problem+json" or not headers["Retry-After"]:
                self.wrong.append(f"{status} {headers['Content-Type']}")
            return
        release = headers["X-Atlas-Release"]
        self.releases[release] += 1
        items = json.loads(body)["items"]
        changed = {each["summary"].startswith("Anew.") for each in items if each["id"] in CHANGED}
        if changed != {release == NEW} or len(items) != NUMBER:
            self.wrong.append(f"{len(items)} items of release {release}: {changed}")


@contextmanager
def load(client: httpx.Client, clients: int = 4) -> Iterator[Load]:
    """Ask for the list of all cancers from several clients, until the block ends."""
    seen = Load()
    stop = threading.Event()
    host, port = client.base_url.host, client.base_url.port

    def ask() -> None:
        while not stop.is_set():
            with closing(http.client.HTTPConnection(host, port, timeout=60)) as connection:
                try:
                    connection.connect()
                except OSError:
                    seen.refused += 1
                    time.sleep(0.05)
                    continue
                ask_over(connection)

    def ask_over(connection: http.client.HTTPConnection) -> None:
        """Until the connection is closed, which the answer before has to announce."""
        answered = 0
        while not stop.is_set():
            try:
                connection.request("GET", CANCERS)
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                if answered:
                    seen.lost.append(repr(error))
                else:
                    seen.refused += 1  # the system had made the connection, and no process had taken it yet
                return
            try:
                seen.judge(answer.status, answer.headers, answer.read())
            except (OSError, http.client.HTTPException) as error:
                seen.wrong.append(repr(error))
                return
            answered += 1
            if answer.will_close:
                return

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


CHANGED = set(
    re.findall(
        r"^- id: (\S+)\n(?:  .*\n)*?  summary: (?=[A-Z])",
        (SEED / "cancers.yaml").read_text("utf-8"),
        re.MULTILINE,
    )
)
"""The cancers whose summary another release begins otherwise."""


@pytest.fixture(scope="session")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seed files of another release, in which nearly every cancer has another summary."""
    folder = tmp_path_factory.mktemp("another") / "seed"
    shutil.copytree(SEED, folder)
    set_version(folder, NEW)
    path = folder / "cancers.yaml"
    anew = re.sub("^  summary: (?=[A-Z])", "  summary: Anew. ", path.read_text("utf-8"), flags=re.MULTILINE)
    path.write_text(anew, "utf-8")
    assert len(CHANGED) > 40
    return folder


@pytest.fixture(scope="session")
def files(release_file: Path, another: Path, once: Once) -> tuple[Path, Path]:
    """Embedded files of the two releases, to be copied."""
    new = once("new", lambda folder: seed(another, parse_url(f"sqlite:///{folder / 'atlas.sqlite'}")))
    return release_file, new / "atlas.sqlite"


@pytest.fixture
def placed(files: tuple[Path, Path], tmp_path: Path) -> Path:
    """An embedded file of its own, to be spoilt."""
    return Path(shutil.copy(files[0], tmp_path / "atlas.sqlite"))


def il6(*arguments: str, url: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        env={**unmeasured(), "IL6_DATABASE_URL": url, "IL6_ACCESS_LOG": "false", "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def put(source: Path, path: Path) -> None:
    """Put a file in the place of another as a seeding does: whole, under its name at once."""
    aside = path.with_name(f".{path.name}.put")
    shutil.copy(source, aside)
    aside.replace(path)


# Of the embedded file


def test_a_file_replaced_under_load_gives_answers_of_one_release_each(
    placed: Path, files: tuple[Path, Path]
) -> None:
    wanted = 10_000 if FULL else 300
    with serving(f"sqlite:///{placed}") as client, load(client) as seen:
        turn = 0
        chance = random.Random(6)
        while seen.statuses.total() < wanted or rarest(seen) <= wanted / 20:
            turn += 1
            put(files[turn % 2], placed)
            time.sleep(chance.choice([0.01, 0.1, 0.4]))  # a new file is seen within a quarter of a second
            assert turn < 1000
    assert not seen.wrong
    assert not seen.lost
    assert set(seen.statuses) == {200}
    assert set(seen.releases) == {OLD, NEW}


def rarest(seen: Load) -> int:
    """How often the release was answered that was answered less."""
    return min(seen.releases.values()) if len(seen.releases) == 2 else 0


def damage(content: bytearray, dice: random.Random) -> bytearray:
    """What disks and people do to a file; a letter that has become another is what SQLite cannot see."""
    match dice.choice(["page", "page", "page", "truncate", "head"]):
        case "page":
            for _ in range(dice.choice([1, 20, 200])):
                start = dice.randrange(len(content) // 4096) * 4096
                content[start : start + 4096] = dice.choice([bytes(4096), dice.randbytes(4096)])
        case "truncate":
            del content[dice.randrange(len(content)) :]
        case "head":
            content[dice.randrange(100) : 100] = b""
    return content


ASKED = [
    "/readyz",
    "/release",
    "/search?q=il-6",
    "/resolve?q=actemra",
    "/evidence/summary?by=cancer,inhibitor",
    "/evidence?facets=type,cancer&sort=-n",
    "/inhibitors?format=csv",
    "/publications?format=bibtex",
    "/inhibitors/tocilizumab",
    "/trials?q=siltuximab",
    "/openapi.json",
    "/metrics",
]


def test_a_damaged_file_is_never_a_fault_of_ours(placed: Path, files: tuple[Path, Path]) -> None:
    """Where damage is noticed the answer is 503, or a file that breaks off; and a sound file mends all."""
    dice = random.Random(6)
    sound = placed.read_bytes()
    seen: Counter[int] = Counter()
    with serving(f"sqlite:///{placed}") as client:
        for _ in range(300 if FULL else 12):
            # In place, as a disk does it: connections are open, and the file stays the same one.
            placed.write_bytes(damage(bytearray(sound), dice))
            for path in ASKED:
                try:
                    answer = client.get(path)
                except httpx.RemoteProtocolError:
                    assert "format=" in path
                    continue
                seen[answer.status_code] += 1
                assert answer.status_code in (200, 503), (path, answer.text)
                if answer.status_code == 503:
                    assert answer.headers["Retry-After"]
                    assert answer.json()["type"] in ("/problems/no-release", "/problems/database-unavailable")
        assert seen[503] > 20
        put(files[0], placed)
        for path in ASKED:
            assert client.get(path).status_code == 200


def test_a_file_that_is_none_is_named_and_mended_by_a_seeding(placed: Path, files: tuple[Path, Path]) -> None:
    url = f"sqlite:///{placed}"
    spoilings: list[Callable[[], object]] = [
        lambda: os.truncate(placed, 0),
        lambda: placed.write_bytes(b"no database at all" * 5000),
        lambda: os.truncate(placed, 2**14),
    ]
    with serving(url) as client:
        for spoil in spoilings:
            put(files[0], placed)
            time.sleep(3 * INTERVAL)
            assert client.get(CANCERS).status_code == 200
            spoil()
            time.sleep(3 * INTERVAL)
            for path in (CANCERS, "/readyz"):
                answer = client.get(path)
                assert answer.status_code == 503, (path, answer.text)
                assert "il6 seed" in answer.json()["detail"] or "no release" in answer.json()["detail"]
            assert client.get("/livez").status_code == 200
        seed(SEED, parse_url(url))
        assert client.get("/readyz").status_code == 200
        assert client.get(CANCERS).json()["total"] == NUMBER


def test_a_full_disk_leaves_what_was_served(files: tuple[Path, Path], another: Path, tmp_path: Path) -> None:
    """A real one, where this machine lets us have a disk; elsewhere test_seeding.py has a stand-in."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = files[0].stat().st_size + 2**20
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        path = disk / "atlas.sqlite"
        shutil.copy(files[0], path)
        with serving(f"sqlite:///{path}") as client, load(client, 1) as seen:
            for _ in range(5 if FULL else 1):
                process = il6("seed", "--from", str(another), url=f"sqlite:///{path}")
                said, _ = process.communicate(timeout=120)
                assert process.returncode == os.EX_CANTCREAT, said
                assert "disk is full" in said or "No space left" in said
        assert set(seen.releases) == {OLD}
        assert not seen.wrong
        assert not seen.lost
        assert [each.name for each in disk.iterdir()] == ["atlas.sqlite"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not write")
def test_a_folder_that_may_only_be_read_is_served_and_not_changed(
    files: tuple[Path, Path], another: Path
) -> None:
    folder = Path("/var/tmp") / f"il6-atlas-faults-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        url = parse_url(f"sqlite:///{shutil.copy(files[0], folder / 'atlas.sqlite')}")
        shutil.copytree(another, folder / "seed")
        child = os.fork()
        if child == 0:
            os.setuid(65534)
            with suppress(BaseException):
                seed(folder / "seed", url)
                os._exit(1)
            try:
                seed(folder / "seed", url)
            except StorageFault:
                with reading(Database(url)) as (_, release):
                    os._exit(0 if release.version == OLD else 2)
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sorted(each.name for each in folder.iterdir()) == ["atlas.sqlite", "seed"]
    finally:
        shutil.rmtree(folder)


def test_a_file_that_may_not_be_read_is_503(placed: Path) -> None:
    """Root may read anything, so a folder stands in the way."""
    placed.unlink()
    placed.mkdir()
    with serving(f"sqlite:///{placed}") as client:
        answer = client.get(CANCERS)
        assert answer.status_code == 503
        assert "no regular file" in answer.json()["detail"]
    with serving(f"sqlite:///{placed / 'atlas.sqlite'}/below") as client:
        assert client.get(CANCERS).status_code == 503


# Of a seeding


def test_a_seeding_killed_under_load_loses_nothing(new_release: NewDatabase, another: Path) -> None:
    """Here under load, and fifty times at full length; test_seeding.py kills more often, without load."""
    url = new_release()
    dice = random.Random(11)
    with serving(url) as client, load(client, 1) as seen:
        for _ in range(50 if FULL else 1):
            process = il6("seed", "--from", str(another), url=url)
            time.sleep(dice.uniform(1, 6))
            process.kill()
            process.communicate()
            if client.get("/release").json()["version"] == NEW:
                seed(SEED, parse_url(url))
        assert client.get("/readyz").status_code == 200
    assert not seen.wrong
    assert not seen.lost
    assert set(seen.statuses) == {200}
    if url.startswith("sqlite"):
        seed(another, parse_url(url))
        folder = Path(url.removeprefix("sqlite:///")).parent
        assert [each.name for each in folder.iterdir()] == ["atlas.sqlite"]


# Of the process


@pytest.mark.parametrize("workers", [1, 2])
def test_every_answer_that_was_begun_is_whole_when_the_service_is_told_to_end(
    files: tuple[Path, Path], workers: int
) -> None:
    """A connection may close on a request that nobody has read yet: the client, or the edge, asks again."""
    for _ in range(10 if FULL else 1):
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        process = il6("serve", "--port", str(port), "--workers", str(workers), url=f"sqlite:///{files[0]}")
        try:
            until_answering(address)
            with httpx.Client(base_url=address) as client, load(client, 8) as seen:
                time.sleep(1)
                process.send_signal(signal.SIGTERM)
                said, _ = process.communicate(timeout=30)
                time.sleep(0.2)
        finally:
            process.kill()
        assert "Traceback" not in said
        assert not seen.wrong
        assert set(seen.statuses) == {200}
        assert len(seen.lost) <= 8 * workers  # a client that comes back may come to a worker that ends too
        assert seen.refused
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


# Of the server


def stops(server: PostgreSQL) -> list[Callable[[], None]]:
    """A stop in order, and one that leaves the log to be replayed."""
    return [server.stop, lambda: server.run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")]


def until_not_ready(client: httpx.Client) -> None:
    """Wait until the numbers tell of no release: they name the one that was seen last."""
    deadline = time.monotonic() + 5
    while "il6_ready 0.0" not in client.get("/metrics").text:
        assert time.monotonic() < deadline, "the release is gone, and the numbers do not tell"
        time.sleep(INTERVAL)


def until_answered(client: httpx.Client) -> None:
    """Wait until nobody hears any more what those hear who asked before the server was there again."""
    deadline = time.monotonic() + 2
    while (answer := client.get(CANCERS)).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.01)


@pytest.mark.postgresql
def test_a_server_may_be_stopped_and_started(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database(RELEASE)
    with serving(url, cache_bytes=0) as client:
        for round_ in range(20 if FULL else 2):
            with load(client, 2) as seen:
                time.sleep(0.5)
                stops(postgresql)[round_ % 2]()
                try:
                    answer = client.get(CANCERS)
                    assert answer.status_code == 503
                    assert answer.json()["type"] == "/problems/database-unavailable"
                    assert answer.headers["Retry-After"] == "5"
                    assert client.get("/readyz").status_code == 503
                    assert client.get("/livez").status_code == 200
                    until_not_ready(client)
                finally:
                    postgresql.start()
                until_answered(client)
                assert client.get("/readyz").status_code == 200
            assert not seen.wrong
            assert not seen.lost
            assert set(seen.statuses) == {200, 503}
