"""A migrated, seeded database of each kind, and a client of a live server in front of it."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import hypothesis
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine, event, make_url, text

from app.main import create_app
from app.models.release import ReleaseSeed
from app.seeding.answers import Facts
from app.seeding.build import locked, migrate, seed
from app.seeding.check import read_facts
from app.settings import SEED, Settings
from app.store.engine import make_engine, parse_url

EVERYTHING = os.environ.get("CI") == "true"
"""Where continuous integration runs, what a test needs must be there: a skip would hide a fault."""


def missing(what: str) -> None:
    """Skip a test for want of a program; fail it in continuous integration."""
    if EVERYTHING:
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing on this machine")


def unmeasured() -> dict[str, str]:
    """The environment of a process that runs at its own speed: its coverage is not measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PostgreSQL:
    """A server of its own in a temporary folder, on a free port of the loopback.

    It begins empty, as a copy of the data of a server that was stopped, or as a replica of one that runs.
    """

    def __init__(
        self,
        programs: Path,
        folder: Path,
        primary: "PostgreSQL | None" = None,
        data: Path | None = None,
    ) -> None:
        self.programs = programs
        self.folder = folder
        self.port = free_port()
        self.made = 0
        if os.getuid() == 0:
            # The server refuses to run as root; the folders above must let the other user through.
            shutil.chown(folder, "nobody", "nogroup")
            for above in folder.parents[:3]:
                above.chmod(above.stat().st_mode | 0o011)
        if primary:
            copy = ["-d", primary.url(), "-D", "data", "-R", "-c", "fast", "--no-sync"]
            self.run("pg_basebackup", *copy)
            return
        if data:
            subprocess.run(["cp", "-a", str(data), str(folder)], check=True)  # its owner remains
            return
        self.run(
            "initdb",
            "-D",
            "data",
            "-U",
            "atlas",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        environment = {**os.environ, "HOME": str(self.folder)}
        log = self.folder / "commands.log"
        with log.open("a") as output:
            done = subprocess.run(
                command, cwd=self.folder, env=environment, stdout=output, stderr=output, check=False
            )
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        options = f"-p {self.port} -c unix_socket_directories='{self.folder}' -c fsync=off"
        self.run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", "data", "-m", "fast", "-w", "stop")

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://atlas@127.0.0.1:{self.port}/{name}"

    def new_database(self, template: str = "template1") -> str:
        """The URL of one more database: without a table, or a copy of another."""
        self.made += 1
        return self.create(f"atlas_{self.made}", template)

    def create(self, name: str, template: str = "template1") -> str:
        engine = make_engine(parse_url(self.url())).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        return self.url(name)


RELEASE = "release"
"""The database of a server that holds the release of the project, to be copied."""

Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Has a folder filled by the first process of this run that wants it; the others wait for that."""
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent

    def made(name: str, fill: Callable[[Path], object]) -> Path:
        with locked(common, print):
            if not (common / name).exists():
                unfinished = Path(tempfile.mkdtemp(dir=common))
                fill(unfinished)
                unfinished.rename(common / name)
        return common / name

    return made


@pytest.fixture(scope="session")
def release_file(once: Once) -> Path:
    """An embedded file that holds the release of the project, to be copied."""
    folder = once("release", lambda made: seed(SEED, parse_url(f"sqlite:///{made / 'atlas.sqlite'}")))
    return folder / "atlas.sqlite"


@pytest.fixture(scope="session")
def postgresql(once: Once, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """A server that holds, beside what tests put into it, a database with the release of the project."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = shutil.which("initdb")
    if not found and not path:
        missing("PostgreSQL")
    programs = found[-1].parent if found else Path(str(path)).parent

    def fill(folder: Path) -> None:
        first = PostgreSQL(programs, folder)
        first.start()
        try:
            seed(SEED, parse_url(migrated(first.create(RELEASE))))
        finally:
            first.stop()

    data = once("postgresql", fill) / "data"
    server = PostgreSQL(programs, tmp_path_factory.mktemp("postgresql"), data=data)
    server.start()
    yield server
    server.stop()


def until_answering(address: str) -> None:
    """Wait for a service in a process of its own."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/livez").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the program does not answer")


ANY_ENGINE = {
    *("test_addresses", "test_docs", "test_dossier", "test_exports", "test_founding", "test_graph"),
    *("test_mcp", "test_mirror", "test_notebook", "test_pages", "test_pages_browser", "test_project"),
    *("test_ratios", "test_records", "test_schema", "test_vocabulary"),
    *("test_every_name_finds_what_the_id_finds", "test_every_pasted_title_finds_its_publication_first"),
}
"""Tests of what is made of answers, and of thousands of searches. Others show that both engines give the same
answers and find the same, so these ask one of them; `IL6_TEST_ENGINES=all` has them ask both."""


LONGER = ("test_faults", "test_scale", "test_schema")
"""Tests that `make test` leaves out, as it does those that drive a browser."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for each in items:
        if each.path.stem in LONGER or "browser" in getattr(each, "fixturenames", ()):
            each.add_marker(pytest.mark.longer)
    if os.environ.get("IL6_TEST_ENGINES") == "all":
        return
    twice = [
        each
        for each in items
        if {each.path.stem, getattr(each, "originalname", "")} & ANY_ENGINE
        if each.get_closest_marker("postgresql") is not None
    ]
    config.hook.pytest_deselected(items=twice)
    items[:] = [each for each in items if each not in set(twice)]


NewDatabase = Callable[[], str]


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine_name(request: pytest.FixtureRequest) -> str:
    """What the databases are of; the tests run once per engine."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def new_database(
    engine_name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> NewDatabase:
    """Makes the URL of one more database without a table."""

    def make() -> str:
        if engine_name == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database') / 'atlas.sqlite'}"
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database()

    return make


@pytest.fixture(scope="session")
def new_release(new_database: NewDatabase, engine_name: str, request: pytest.FixtureRequest) -> NewDatabase:
    """Makes the URL of one more database that holds the release of the project."""

    def make() -> str:
        if engine_name == "sqlite":
            url = new_database()
            shutil.copy(request.getfixturevalue("release_file"), url.removeprefix("sqlite:///"))
            return url
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database(RELEASE)

    return make


def migrated(url: str) -> str:
    """Bring a server's database to the newest schema; an embedded one is migrated as it is built."""
    if url.startswith("postgresql"):
        engine = make_engine(parse_url(url))
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()
    return url


@pytest.fixture(scope="session")
def database_url(new_release: NewDatabase) -> str:
    """A database that holds the release of the project."""
    return new_release()


@contextmanager
def serving(url: str, **settings: Any) -> Iterator[httpx.Client]:
    """A live server over a database, in a thread, and a client of it."""
    app = create_app(Settings(database_url=url, **{"access_log": False, **settings}))
    config = uvicorn.Config(app, port=0, log_level="warning", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


Result = TypeVar("Result")


def run_async(trial: Coroutine[Any, Any, Result]) -> Result:
    """Run it in a thread of its own: where a browser is driven, a loop is running in this one."""
    with ThreadPoolExecutor() as other:
        return other.submit(asyncio.run, trial).result()


@contextmanager
def counted(url: str = "") -> Iterator[list[str]]:
    """The statements that run meanwhile, of this process or over one database alone.

    Those that ask for the release are left out. Where a test before left somebody waiting, other databases
    may be read meanwhile.
    """
    database = re.compile(re.escape(make_url(url).database or "") + r"(\?|$)" if url else "")
    statements: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        own = database.search(connection.engine.url.database)
        if own and re.search(r"\sFROM (?!release|alembic_version)", statement):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture(scope="session")
def client(database_url: str) -> Iterator[httpx.Client]:
    """A client of a server that serves the release of the project."""
    with serving(database_url) as client:
        yield client


@pytest.fixture(scope="session")
def release_and_facts() -> tuple[ReleaseSeed, Facts]:
    return read_facts(SEED)


@pytest.fixture(scope="session")
def facts(release_and_facts: tuple[ReleaseSeed, Facts]) -> Facts:
    return release_and_facts[1]


@pytest.fixture
def seed_folder(tmp_path: Path) -> Path:
    """A copy of the seed files, to be spoilt."""
    folder = tmp_path / "seed"
    shutil.copytree(SEED, folder)
    return folder


def set_version(folder: Path, version: str) -> None:
    """Make some seed files those of another release."""
    head = folder / "RELEASE"
    head.write_text(re.sub(r"2026\.\d+", version, head.read_text("utf-8")), "utf-8")


EXAMPLES = int(os.environ.get("IL6_TEST_EXAMPLES", "100"))
"""How many examples a property is tried with; `make fuzz` asks for many more."""

hypothesis.settings.register_profile(
    "atlas",
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("atlas")


CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, client: httpx.Client) -> Iterator[Page]:
    """A page that fails its test on any request to another host and any error on the console."""
    host = urlsplit(str(client.base_url)).netloc
    faults: list[str] = []
    page = browser.new_page(base_url=str(client.base_url))
    page.on("request", lambda sent: faults.append(sent.url) if foreign(sent.url, host) else None)
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    page.close()
    assert faults == []


def foreign(address: str, host: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme not in ("data", "blob") and parts.netloc != host
