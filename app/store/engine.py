"""The database: read-only connections, each to one snapshot of one release, with a limit to every query."""

import math
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from app.store.memory import Memory

READERS = 8
"""Connections that a process reads with at once; more would only wait for each other."""

STEPS = 10_000
"""Instructions of SQLite between two looks at the clock: about a millisecond."""

FileState = tuple[tuple[int, int, int] | None, ...]
"""Inode, time of change and size of a file and of its log: what differs when it was replaced or written."""


def parse_url(text: str) -> URL:
    """Read a database URL; `postgresql://` means psycopg 3, the driver that is installed.

    Raise ValueError, which does not repeat the text: it may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("a database URL is sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ValueError(f"{url.drivername} is no database this program can use: sqlite or postgresql is")
    if url.drivername != "sqlite" and text.count("@") > 1:  # a part of a password would pass for the host
        raise ValueError("an @ in the name or the password of a user is written %40")
    return url


def sqlite_path(url: URL) -> Path | None:
    """The file of an embedded database; None for a server."""
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def file_state(path: Path) -> FileState:
    """What changes when an embedded database is replaced or written."""
    return tuple(map(_stat, (path, path.with_name(f"{path.name}-wal"))))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def make_engine(url: URL, *, read_only: bool = False, seconds: float = math.inf) -> Engine:
    """An engine whose transactions see one snapshot, and whose foreign keys hold.

    A statement may take so many seconds.
    """
    path = sqlite_path(url)
    pool: dict[str, Any] = {}
    if read_only:
        pool = {"pool_size": READERS, "max_overflow": 0, "pool_timeout": 10, "pool_use_lifo": True}
    if path is None:
        return create_engine(
            url,
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
            connect_args=server_options(read_only, seconds),
            **pool,
        )
    if read_only:
        url = read_only_url(path)
    engine = create_engine(url, connect_args={"check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for a snapshot of reads
        connection.execute("PRAGMA foreign_keys=ON")
        deadline = record.info["deadline"] = [math.inf]
        connection.set_progress_handler(lambda: time.monotonic() > deadline[0], STEPS)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "before_cursor_execute")
    def _execute(connection: Connection, *_: Any) -> None:
        connection.info["deadline"][0] = time.monotonic() + seconds

    return engine


def read_only_url(path: Path) -> URL:
    return URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "ro", "uri": "true"})


def server_options(read_only: bool, seconds: float) -> dict[str, Any]:
    """What PostgreSQL is told at the beginning of a connection."""
    options: dict[str, Any] = {"connect_timeout": 2}
    said = []
    if read_only:
        said.append("-c default_transaction_read_only=on")
        # Else the words of every entry are read, which are long; and what is cut at a page is compiled first.
        said += ["-c enable_seqscan=off", "-c jit=off"]
        options["tcp_user_timeout"] = 3_000  # a server that has gone without a word is seen to be gone
    if seconds < math.inf:
        said.append(f"-c statement_timeout={max(1, round(seconds * 1000))}")
    if said:
        options["options"] = " ".join(said)
    return options


class Database:
    """What the service reads from: an embedded file, or a server.

    A new release replaces the embedded file as a whole, and an open connection would go on reading the old
    one for ever; so the file is looked at before each session, and a changed one gets a new engine.
    """

    def __init__(self, url: URL, seconds: float = math.inf) -> None:
        self.url = url
        self.seconds = seconds
        self.path = sqlite_path(url)
        self.memory = Memory()
        self.silent = False
        """Whether a server has not answered in time to the last question which release is there."""
        self._lock = threading.Lock()
        self._current: tuple[FileState | None, Engine] | None = None

    def state(self) -> FileState | None:
        """What changes with the embedded file; None for a server."""
        return None if self.path is None else file_state(self.path)

    def engine(self) -> Engine:
        """The engine of what is there now; raises OSError where there is no embedded file."""
        state = self.state()
        if self.path is not None and (state is None or state[0] is None):
            self.path.stat()  # says why
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

    def held_open(self, path: Path) -> Connection:
        """A connection to an embedded file, to be kept: each statement is a transaction of its own."""
        options = {"isolation_level": "AUTOCOMMIT", "connect_args": {"check_same_thread": False}}
        return create_engine(read_only_url(path), **options).connect()

    def dispose(self) -> None:
        """Close the connections nobody uses; those in use close when they come back."""
        if self._current is not None:
            self._current[1].dispose()
