"""The database: one engine, read-only sessions of one snapshot each."""

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

FileState = tuple[tuple[int, int, int] | None, ...]
"""Inode, time of change and size of a file and of its log: what differs when it was replaced or written."""


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


def file_state(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


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

    @property
    def is_file(self) -> bool:
        return self._path is not None

    def state(self) -> FileState | None:
        """What changes with the embedded file; None of a server."""
        if self._path is None:
            return None
        return tuple(map(file_state, (self._path, self._path.with_name(f"{self._path.name}-wal"))))

    def engine(self) -> Engine:
        """The engine of what is there now; raises FileNotFoundError where there is no embedded file."""
        state = self.state()
        if state is not None and state[0] is None:
            raise FileNotFoundError(self._path)
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
