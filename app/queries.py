"""Rows: pages of a collection, single records, and the release they belong to."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rapidfuzz import fuzz, process
from sqlalchemy import func, select, text
from sqlmodel import Session

from app.catalog import RESOURCES, Resource
from app.db import Database
from app.errors import NoRelease, RecordNotFound, Suggestion, invalid_parameter
from app.models.base import Filters
from app.models.release import SCHEMA_REVISION, Release, ReleaseRead

IS_SLUG = re.compile(r"[a-z0-9-]+").fullmatch
"""Whether a text could be an id; what could not is never asked of a database, which may refuse it."""


@dataclass(frozen=True)
class Page:
    """A part of a list: each item is the JSON of a record."""

    items: list[str]
    total: int
    next_cursor: str | None


def encode_cursor(last_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([last_id]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The id after which the page begins; raises a ValidationProblem if it is no cursor of ours."""
    try:
        content = json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        )
    except (binascii.Error, ValueError):
        content = None
    match content:
        case [str(last_id)] if IS_SLUG(last_id):
            return last_id
    raise invalid_parameter("cursor", "This is no cursor that a `next` link gave", "cursor")


def find_page(session: Session, resource: Resource, filters: Filters) -> Page:
    """The records that hold to the filters, in the order of their ids, from the cursor on."""
    table = resource.table
    clauses = filters.clauses()
    total = session.scalar(select(func.count()).select_from(table).where(*clauses)) or 0
    page = select(table.id, table.item).where(*clauses).order_by(table.id).limit(filters.limit + 1)
    if filters.cursor is not None:
        page = page.where(table.id > decode_cursor(filters.cursor))
    rows = session.execute(page).all() if filters.limit else []
    more = len(rows) > filters.limit
    rows = rows[: filters.limit]
    return Page([row.item for row in rows], total, encode_cursor(rows[-1].id) if more else None)


def get_record(session: Session, resource: Resource, record_id: str) -> str:
    """The JSON of one record; raises RecordNotFound with up to three suggestions."""
    table = resource.table
    if IS_SLUG(record_id):
        record = session.scalar(select(table.record).where(table.id == record_id))
        if record is not None:
            return str(record)
    ids = session.scalars(select(table.id)).all()
    near = [
        each
        for each, _, _ in process.extract(record_id.lower(), ids, scorer=fuzz.ratio, score_cutoff=70, limit=3)
    ]
    labels = dict(session.execute(select(table.id, table.label).where(table.id.in_(near))).all())
    raise RecordNotFound(
        detail=f"There is no {resource.kind} {record_id[:100]!r}.",
        suggestions=[Suggestion(kind=resource.kind, id=each, name=labels[each]) for each in near],
    )


@contextmanager
def reading(database: Database) -> Iterator[tuple[Session, ReleaseRead]]:
    """A session that reads one release from beginning to end, and that release; raises NoRelease."""
    try:
        engine = database.engine()
    except FileNotFoundError:
        raise NoRelease(detail="The embedded database does not exist yet; `il6 seed` makes it.") from None
    with Session(engine) as session:
        yield session, current_release(session)


def current_release(session: Session) -> ReleaseRead:
    """The release that the session reads; raises NoRelease where there is none."""
    release = session.scalars(select(Release)).one_or_none()
    if release is None:
        raise NoRelease(detail="The database holds no release yet; `il6 seed` loads one.")
    revision = session.scalar(text("SELECT version_num FROM alembic_version"))
    if revision != SCHEMA_REVISION:
        raise NoRelease(
            detail=f"The schema of the database is {revision}, this version reads {SCHEMA_REVISION}."
        )
    return ReleaseRead.model_validate({**release.model_dump(), "schema": revision})


def check_counts(session: Session, release: ReleaseRead) -> None:
    """Raise NoRelease where a collection does not hold as many records as the release says."""
    for resource in RESOURCES:
        count = session.scalar(select(func.count()).select_from(resource.table))
        if count != release.counts[resource.path]:
            raise NoRelease(
                detail=f"{resource.path} has {count} rows, the release says {release.counts[resource.path]}."
            )
