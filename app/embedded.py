"""The embedded file, read by key with nothing but the driver: no more than a lookup and a release need."""

import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

from app import SCHEMA_REVISION

FileState = tuple[tuple[int, int, int] | None, ...]
"""Inode, time of change and size of a file and of its log: what differs when it was replaced or written."""

RECORD = re.compile(r"/([a-z]+)/([a-z0-9]+(?:-[a-z0-9]+)*)")
"""The address of a record by its id."""


class Identity(NamedTuple):
    """Which release, and which answers were made of it."""

    version: str
    checksum: str
    digest: str


def embedded_path(url: str) -> Path | None:
    """The file that a database URL names; None of a server, or of more than a plain path."""
    path = url.removeprefix("sqlite:///")
    return Path(path) if path not in (url, "", ":memory:") and "?" not in path else None


def state_of(path: Path) -> FileState:
    return tuple(map(file_state, (path, path.with_name(f"{path.name}-wal"))))


def file_state(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


class Embedded:
    """One open file of one release. Whatever is wrong with it is left to others: they can say so."""

    def __init__(self, path: Path) -> None:
        self.state = state_of(path)
        self.release: Identity | None = None
        self.tables: dict[str, str] = {}
        self._connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro",
                uri=True,
                timeout=0,
                isolation_level=None,
                check_same_thread=False,  # the next one is opened in a thread, and is read by the loop alone
            )
        except sqlite3.Error:
            return
        try:
            row = connection.execute(
                "SELECT r.version, r.checksum, r.digest, r.counts FROM release r, alembic_version a "
                "WHERE a.version_num = ?",
                [SCHEMA_REVISION],
            ).fetchone()
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        except sqlite3.Error:
            row, names = None, set()
        if row is None:
            connection.close()
            return
        self._connection = connection
        self.release = Identity(*row[:3])
        collections = re.findall(r'"([a-z]+)":', row[3])
        self.tables = {each: name for each in collections if (name := each.removesuffix("s")) in names}

    def find(self, address: str) -> str | None:
        """The JSON of a record by its id, of this release and no other; None where it takes more to say."""
        asked = RECORD.fullmatch(address)
        table = self.tables.get(asked[1]) if asked else None
        if asked is None or table is None or self._connection is None or self.release is None:
            return None
        try:
            row = self._connection.execute(
                f"SELECT t.record FROM {table} t, release r WHERE t.id = ? AND r.digest = ?",
                [asked[2], self.release.digest],
            ).fetchone()
        except (sqlite3.Error, UnicodeDecodeError):
            return None
        return row[0] if row else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
