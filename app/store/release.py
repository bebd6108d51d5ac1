"""Which release is there: read in each session, noticed when it changes, and what was computed from it."""

import asyncio
import logging
import stat
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from app import SCHEMA_REVISION
from app.catalog import RESOURCES
from app.errors import NoRelease
from app.models.base import Kind
from app.models.release import Release, ReleaseRead
from app.store.engine import Database, FileState
from app.store.memory import Memory

logger = logging.getLogger(__name__)

REVISION = text("SELECT version_num FROM alembic_version")
RELEASE = select(Release)

INTERVAL = 0.25
"""Seconds between two looks at which release is there."""

DEADLINE = 1.0
"""Seconds that a statement of a look may take."""

PATIENCE = 1.75
"""Seconds after which a server that has not answered a look is held for silent; a busy machine takes one."""

SILENT = "The database does not answer."

Answer = TypeVar("Answer")


def remember(session: Session, question: Hashable, compute: Callable[[], Answer]) -> Answer:
    """The answer to a question about the release of a session, computed once per release."""
    memory: Memory = session.info["memory"]
    digest: str = session.info["digest"]
    return memory.remember(digest, question, compute)


@contextmanager
def reading(database: Database) -> Iterator[tuple[Session, ReleaseRead]]:
    """A session that reads one release from beginning to end, and that release; raises NoRelease."""
    with connected(database) as connection, Session(connection) as session:
        release = release_of(connection)
        session.info.update(memory=database.memory, digest=release.digest)
        yield session, release


@contextmanager
def connected(database: Database) -> Iterator[Connection]:
    """A connection to the database; raises NoRelease where there is no embedded file, or no answer."""
    if database.silent:
        raise NoRelease(SILENT)
    try:
        if database.path is not None and not stat.S_ISREG(database.path.stat().st_mode):
            raise NoRelease("The embedded database is no regular file; `il6 seed` makes one.")
        connection = database.engine().connect()
    except FileNotFoundError:
        raise NoRelease("The embedded database does not exist yet; `il6 seed` makes it.") from None
    except OSError as error:
        raise NoRelease(f"The embedded database cannot be read: {error.strerror}.") from None
    try:
        yield connection
    finally:
        with suppress(DBAPIError):  # what was read is read, even if the server has gone since
            connection.close()


def release_of(connection: Connection) -> ReleaseRead:
    """The release that a connection reads; raises NoRelease where there is none of this schema."""
    revision = connection.scalar(REVISION)
    if revision != SCHEMA_REVISION:
        raise NoRelease(
            f"The schema of the database is {revision}, this version reads {SCHEMA_REVISION}; "
            "`il6 seed --migrate` brings it up."
        )
    release = connection.execute(RELEASE).mappings().one_or_none()
    if release is None:
        raise NoRelease("The database holds no release yet; `il6 seed` loads one.")
    return ReleaseRead.model_validate({**release, "schema": revision})


HELD = select(col(Release.digest)).scalar_subquery()

KEYED = {
    each.kind: select(each.table.record).where(each.table.id == bindparam("id"), bindparam("digest") == HELD)
    for each in RESOURCES
}
"""The statement that reads a record by its id, where a release is still there."""


class Snapshot:
    """An embedded file of one release, held open: a record is read by its id within the event loop."""

    def __init__(self, connection: Connection, release: ReleaseRead) -> None:
        self.connection = connection
        self.release = release

    def get(self, kind: Kind, record_id: str) -> str | None:
        record: str | None = self.connection.scalar(
            KEYED[kind], {"id": record_id, "digest": self.release.digest}
        )
        return record

    def close(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()


class ReleaseWatch:
    """Notices which release is there: a task looks at it every quarter of a second.

    Nobody waits for a look but those who ask before the first one has ended, and they a second at most.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        # A server is looked at over a connection of its own: those of requests may all be in use.
        self.looked_at = database if database.path else Database(database.url, DEADLINE)
        self.release: ReleaseRead | None = None
        """The release seen last; None where there is none."""
        self.snapshot: Snapshot | None = None
        """The same of an embedded file, held open."""
        self._state: FileState | None = None
        self._looked = False
        self._look: asyncio.Task[None] | None = None
        self._begun = 0.0

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(INTERVAL)

    async def look(self) -> None:
        """See which release is there; of several who ask for that at once, one looks for all."""
        if self._look is None or self._look.done():
            self._look, self._begun = asyncio.create_task(self._see()), time.monotonic()
        waiting, worked = time.monotonic(), time.process_time()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._look), PATIENCE)
        now = time.monotonic()
        busy = now - waiting > PATIENCE + INTERVAL or time.process_time() - worked > (now - waiting) / 2
        if self.database.path is None and not busy:  # who is busy cannot tell whether another is
            self.database.silent = now - self._begun >= PATIENCE and not self._look.done()

    async def current(self) -> ReleaseRead | None:
        """The release seen last, or seen now if nobody has looked yet."""
        if not self._looked:
            await self.look()
        return self.release

    async def _see(self) -> None:
        state = await asyncio.to_thread(self.database.state)
        if self._looked and state is not None and state == self._state and self.release is not None:
            return
        release, snapshot = await asyncio.to_thread(self._read)
        old, self.snapshot = self.snapshot, snapshot
        self.release, self._state, self._looked = release, state, True
        if old is not None:
            old.close()

    def _read(self) -> tuple[ReleaseRead | None, Snapshot | None]:
        try:
            with reading(self.looked_at) as (_, release):
                if self.database.path is None:
                    return release, None
            connection = self.database.held_open(self.database.path)
            return release, Snapshot(connection, release)
        except (NoRelease, DBAPIError, UnicodeDecodeError, ValueError) as error:
            if self.release is not None or not self._looked:
                logger.warning("no release can be read: %s", getattr(error, "orig", error))
            return None, None

    async def close(self) -> None:
        """Leave nothing open."""
        if self._look is not None:
            await asyncio.wait([self._look], timeout=5 * DEADLINE)  # it has a connection
        if self.snapshot is not None:
            self.snapshot.close()
            self.snapshot = None
        self.looked_at.dispose()
