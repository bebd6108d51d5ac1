"""The database: one engine, read-only sessions of one snapshot each."""

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

FileState = tuple[int, int, int]
"""Inode, time of change and size: what differs when a file was replaced or written."""


def parse_url(text: str) -> URL:
    """Read a database URL; `postgresql://` means psycopg 3, the driver that is installed."""
    url = make_url(text)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ValueError(f"{url.drivername} is no database this program can use: sqlite or postgresql is")
    return url


def sqlite_path(url: URL) -> Path | None:
    """The file of an embedded database; None for a server."""
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def make_engine(url: URL, *, read_only: bool = False) -> Engine:
    """An engine whose transactions see one snapshot, and whose foreign keys hold."""
    path = sqlite_path(url)
    if path is None:
        return create_engine(
            url,
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5},
        )
    if read_only:
        url = URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "ro", "uri": "true"})
    engine = create_engine(url, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for a snapshot of reads
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


class Database:
    """What the service reads from.

    A new release replaces the embedded file as a whole, and an open connection would go on reading the old
    one for ever; so the file is looked at before each session, and a changed one gets a new engine.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self._path = sqlite_path(url)
        self._lock = threading.Lock()
        self._current: tuple[FileState | None, Engine] | None = None

    def _state(self) -> FileState | None:
        if self._path is None:
            return None
        stat = self._path.stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def engine(self) -> Engine:
        """The engine of what is there now; raises FileNotFoundError where there is no embedded file."""
        state = self._state()
        current = self._current
        if current is None or current[0] != state:
            with self._lock:
                current = self._current
                if current is None or current[0] != state:
                    self.dispose()
                    current = self._current = (state, make_engine(self.url, read_only=True))
        return current[1]

    def dispose(self) -> None:
        """Close the connections nobody uses; those in use close when they come back."""
        if self._current is not None:
            self._current[1].dispose()
