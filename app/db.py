"""The database: read-only connections, each to one snapshot of one release, with a limit to every step."""

import itertools
import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from app.embedded import FileState, state_of

logger = logging.getLogger(__name__)

READERS = 8
"""Requests of a process that read at once; more threads would only wait for each other."""

SPARE = 4
"""Connections beside those of the readers: for what does not wait for a turn."""

STEPS = 10_000
"""Instructions of SQLite between two looks at the clock: about a millisecond."""

REST = 5
"""Seconds for which a replica that did not answer is not asked again."""


def parse_url(text: str) -> URL:
    """Read a database URL; `postgresql://` means psycopg 3, the driver that is installed."""
    url = make_url(text)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ValueError(f"{url.drivername} is no database this program can use: sqlite or postgresql is")
    return url


def parse_urls(text: str) -> list[URL]:
    """Read the URLs of replicas, with commas between them."""
    urls = [parse_url(each.strip()) for each in text.split(",") if each.strip()]
    if any(url.drivername == "sqlite" for url in urls):
        raise ValueError("an embedded file has no replicas: postgresql:// URLs are wanted")
    return urls


def sqlite_path(url: URL) -> Path | None:
    """The file of an embedded database; None for a server."""
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def make_engine(url: URL, *, read_only: bool = False, seconds: float = math.inf) -> Engine:
    """An engine whose transactions see one snapshot, and whose foreign keys hold.

    Each step of a query, the statement or a fetch of its rows, may take so many seconds.
    """
    path = sqlite_path(url)
    pool: dict[str, Any] = {}
    if read_only:
        pool = {"pool_size": READERS, "max_overflow": SPARE, "pool_timeout": 10, "pool_use_lifo": True}
    if path is None:
        return create_engine(
            url,
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
            connect_args=server_options(read_only, seconds),
            **pool,
        )
    if read_only:
        url = URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "ro", "uri": "true"})
    options: dict[str, Any] = {"check_same_thread": False}
    if seconds < math.inf:
        options["factory"] = TimedConnection
    engine = create_engine(url, connect_args=options, **pool)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for a snapshot of reads
        connection.execute("PRAGMA foreign_keys=ON")
        if isinstance(connection, TimedConnection):
            connection.limit(seconds)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def server_options(read_only: bool, seconds: float) -> dict[str, Any]:
    """What PostgreSQL is told at the beginning of a connection."""
    options: dict[str, Any] = {"connect_timeout": 5}
    said = []
    if read_only:
        said.append("-c default_transaction_read_only=on")
        options["tcp_user_timeout"] = 10_000  # a server that has gone without a word is seen to be gone
    if seconds < math.inf:
        said.append(f"-c statement_timeout={max(1, round(seconds * 1000))}")
    if said:
        options["options"] = " ".join(said)
    return options


Step = TypeVar("Step", bound=Callable[..., Any])


def timed(step: Step) -> Step:
    """A method of a cursor that sets the time by which it must be done."""

    @wraps(step)
    def limited(self: "TimedCursor", *arguments: Any) -> Any:
        deadline = self.connection.deadline  # type: ignore[attr-defined]
        deadline.at = time.monotonic() + deadline.seconds
        try:
            return step(self, *arguments)
        except UnicodeDecodeError:
            raise damaged() from None

    return limited  # type: ignore[return-value]


def damaged() -> sqlite3.DatabaseError:
    """What the driver should say, and does not, of a damaged text."""
    error = sqlite3.DatabaseError("a text is damaged")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


class TimedCursor(sqlite3.Cursor):
    """Each step has its own time, as with a server: how fast a client reads between them is not counted."""

    execute = timed(sqlite3.Cursor.execute)
    fetchone = timed(sqlite3.Cursor.fetchone)
    fetchmany = timed(sqlite3.Cursor.fetchmany)
    fetchall = timed(sqlite3.Cursor.fetchall)


@dataclass
class Deadline:
    seconds: float
    at: float = math.inf

    def passed(self) -> bool:
        return time.monotonic() > self.at


class TimedConnection(sqlite3.Connection):
    deadline = Deadline(math.inf)

    def limit(self, seconds: float) -> None:
        self.deadline = Deadline(seconds)
        self.set_progress_handler(self.deadline.passed, STEPS)

    def cursor(self, factory: Any = TimedCursor) -> Any:
        return super().cursor(factory)


@dataclass
class Replica:
    engine: Engine
    rests_until: float = 0


class Database:
    """What the service reads from: an embedded file, or a server and its replicas.

    A new release replaces the embedded file as a whole, and an open connection would go on reading the old
    one for ever; so the file is looked at before each session, and a changed one gets a new engine.

    Replicas take turns, as long as they answer; the server itself is read where none of them does.
    """

    def __init__(self, url: URL, replicas: Sequence[URL] = (), seconds: float = math.inf) -> None:
        self.url = url
        self.seconds = seconds
        self._path = sqlite_path(url)
        self._lock = threading.Lock()
        self._current: tuple[FileState | None, Engine] | None = None
        self._replicas = [Replica(make_engine(each, read_only=True, seconds=seconds)) for each in replicas]
        self._turns = itertools.count()

    def state(self) -> FileState | None:
        """What changes with the embedded file; None of a server."""
        if self._path is None:
            return None
        return state_of(self._path)

    def engine(self) -> Engine:
        """The engine of what is there now; raises OSError where there is no embedded file."""
        state = self.state()
        if self._path is not None and (state is None or state[0] is None):
            self._path.stat()  # says why
            state = self.state()
        current = self._current
        if current is None or current[0] != state:
            with self._lock:
                current = self._current
                if current is None or current[0] != state:
                    if current is not None:
                        current[1].dispose()
                    engine = make_engine(self.url, read_only=True, seconds=self.seconds)
                    current = self._current = (state, engine)
        return current[1]

    def connect(self) -> Connection:
        """A connection to whoever answers; raises OSError where there is no embedded file."""
        now = time.monotonic()
        awake = [each for each in self._replicas if each.rests_until <= now]
        first = next(self._turns) % len(awake) if awake else 0
        for replica in awake[first:] + awake[:first]:
            try:
                return replica.engine.connect()
            except OperationalError as error:
                replica.rests_until = time.monotonic() + REST
                logger.warning("the replica at %s does not answer: %s", replica.engine.url.host, error.orig)
        return self.engine().connect()

    def dispose(self) -> None:
        """Close the connections nobody uses; those in use close when they come back."""
        for replica in self._replicas:
            replica.engine.dispose()
        if self._current is not None:
            self._current[1].dispose()
