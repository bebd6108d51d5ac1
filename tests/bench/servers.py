"""What is measured: each server, how it is started, and what it is asked."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.settings import PROJECT

PEERS = PROJECT / "var" / "bench" / "bin"
"""Programs of the peers, in an environment of their own."""

RECORD = "levilimab"
"""An inhibitor of the usual size: half of their records are smaller than 3.3 kB, this one has 3.8."""


@dataclass(frozen=True)
class Data:
    """The same release in the forms that the servers read."""

    database: Path
    """What `il6 seed` made."""
    rows: Path
    """`rows.sqlite`: the same tables without the ready answers, which no peer would carry along."""
    inhibitors: Path
    """The rows of the inhibitors, a line of JSON each."""
    record: Path
    """The ready bytes of one record."""


@dataclass(frozen=True)
class Question:
    """An address, and the statement that finds the ids a right answer holds; without one, any will do."""

    name: str
    path: str
    ids: str | None = None
    with_relations: bool = False
    """Whether the answer holds the targets, publications and approvals as well."""
    not_modified: bool = False
    """Whether it is asked by somebody who has the answer already."""


@dataclass(frozen=True)
class Server:
    name: str
    command: Callable[[Data, int], list[str]]
    """From the data and a port."""
    questions: tuple[Question, ...]
    environment: Callable[[Data], dict[str, str]] = lambda data: {"BENCH_DATABASE": str(data.rows)}
    ready: bool = False
    """Whether it answers the bytes that were made at seeding: all such answers are the same."""
    apart: bool = False
    """Whether requests must differ, lest one answer is made for all who wait for it."""
    measured: str = ""
    """The program whose processes are measured, where others serve it."""


def uvicorn(application: str, python: Path = Path(sys.executable)) -> Callable[[Data, int], list[str]]:
    def command(_data: Data, port: int) -> list[str]:
        quiet = ["--no-access-log", "--no-server-header", "--log-level", "warning"]
        return [str(python), "-m", "uvicorn", application, "--port", str(port), *quiet]

    return command


def atlas(name: str, cache: dict[str, str], *, apart: bool) -> Server:
    return Server(
        name,
        lambda _data, port: [sys.executable, "-m", "app", "serve", "--port", str(port)],
        (
            LOOKUP,
            Question("304", LOOKUP.path, not_modified=True),
            Question("list", "/evidence", "SELECT id FROM evidence ORDER BY id LIMIT 50"),
            Question("filter", "/inhibitors?status=approved", APPROVED),
            Question("search", "/search?q=il-6%20angiogenesis"),
            Question("paths", f"/graph/paths?from={RECORD}&to=ovarian-cancer"),
        ),
        lambda data: {"IL6_DATABASE_URL": f"sqlite:///{data.database}", "IL6_ACCESS_LOG": "false", **cache},
        ready=True,
        apart=apart,
    )


ONE = f"SELECT id FROM inhibitor WHERE id = '{RECORD}'"
APPROVED = "SELECT id FROM inhibitor WHERE status = 'approved'"
LOOKUP = Question("lookup", f"/inhibitors/{RECORD}", ONE, with_relations=True)

BARE = Server(
    "bare ASGI",
    uvicorn("tests.bench.peers.bare:app"),
    (LOOKUP,),
    lambda data: {"BENCH_RECORD": str(data.record)},
    ready=True,
)
ATLAS = atlas("atlas", {}, apart=False)
EDGE = Server(
    "atlas at the edge",
    lambda _data, port: [sys.executable, "-m", "tests.bench.edge", str(port)],
    (LOOKUP,),
    lambda data: {"IL6_DATABASE_URL": f"sqlite:///{data.database}", "IL6_ACCESS_LOG": "false"},
    ready=True,
    measured="nginx",
)
UNCACHED = atlas("atlas, uncached", {"IL6_CACHE_BYTES": "0"}, apart=True)
IDIOMATIC = Server("FastAPI + SQLModel", uvicorn("tests.bench.peers.idiomatic:app"), (LOOKUP,))
DATASETTE = Server(
    "Datasette",
    uvicorn("tests.bench.peers.datasette:app", PEERS / "python"),
    (
        Question("flat row", f"/rows/inhibitor/{RECORD}.json?_shape=objects", ONE),
        Question("filter", "/rows/inhibitor.json?_shape=objects&status=approved", APPROVED),
    ),
)
ROAPI = Server(
    "ROAPI",
    lambda data, port: [
        str(PEERS / "roapi"),
        *("--addr-http", f"127.0.0.1:{port}", "--addr-postgres", "127.0.0.1:0"),
        *("--table", f"inhibitor={data.inhibitors}"),
    ],
    (Question("flat row", f"/api/tables/inhibitor?filter[id]=%27{RECORD}%27", ONE),),
)
DRF = Server(
    "Django REST framework",
    lambda _data, port: [
        str(PEERS / "gunicorn"),
        "tests.bench.peers.drf:application",
        *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4"),
        *("--keep-alive", "60", "--log-level", "warning", "--no-control-socket"),
    ],
    (LOOKUP,),
)

SERVERS = (BARE, ATLAS, EDGE, UNCACHED, IDIOMATIC, DATASETTE, ROAPI, DRF)
"""The first is the measure of all."""


@dataclass(frozen=True)
class Target:
    """How many times as often per CPU second one question is answered as another, at least."""

    what: str
    of: tuple[Server, str]
    over: tuple[Server, str]
    least: float


DIRECT, AT_EDGE, LIMIT = (ATLAS, "lookup"), (EDGE, "lookup"), (BARE, "lookup")
ROW_OF_DATASETTE, ROW_OF_ROAPI, LOOKUP_OF_DRF = (DATASETTE, "flat row"), (ROAPI, "flat row"), (DRF, "lookup")
TARGETS = (
    Target("cached record at the edge / bare ASGI", AT_EDGE, LIMIT, 2.0),
    Target("cached record / bare ASGI", DIRECT, LIMIT, 0.75),
    Target("304 / bare ASGI", (ATLAS, "304"), LIMIT, 0.9),
    Target("uncached record / bare ASGI", (UNCACHED, "lookup"), LIMIT, 0.06),
    Target("uncached list / bare ASGI", (UNCACHED, "list"), LIMIT, 0.011),
    Target("uncached search / bare ASGI", (UNCACHED, "search"), LIMIT, 0.004),
    Target("cached record / Datasette, flat row", DIRECT, ROW_OF_DATASETTE, 18),
    Target("cached record / ROAPI, flat row", DIRECT, ROW_OF_ROAPI, 11),
    Target("cached record / Django REST framework", DIRECT, LOOKUP_OF_DRF, 120),
    Target("cached record at the edge / Datasette, flat row", AT_EDGE, ROW_OF_DATASETTE, 50),
    Target("cached record at the edge / ROAPI, flat row", AT_EDGE, ROW_OF_ROAPI, 35),
    Target("cached record at the edge / Django REST framework", AT_EDGE, LOOKUP_OF_DRF, 350),
)
MOST_OF_IDIOMATIC = 1.5
"""Times the start and the memory of the ordinary FastAPI + SQLModel server."""
