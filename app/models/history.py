"""The history: every release there was, and what each said of a record, as data and as curators wrote it.

Earlier releases had other fields and other words, so their rows are no answers of today's models.
"""

import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import JSON
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from app.models.base import Kind, Ref, enum_type


class ChangeKind(StrEnum):
    """What a release did to a record."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class ChangeCounts(BaseModel):
    """Records of a collection that a release added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0


class Published(SQLModel, table=True):
    """A release that was published; numbers rise from the first to the one that is served."""

    number: int = Column(primary_key=True)
    version: str = Column(unique=True)
    date: datetime.date
    licence: str
    citation: str
    checksum: str
    counts: dict[str, int] = Column(sa_type=JSON)
    changes: dict[str, dict[str, int]] = Column(sa_type=JSON)


class Revision(SQLModel, table=True):
    """A row of a release that differs from that of the release before; none where it was removed."""

    kind: Kind = Column(primary_key=True, sa_type=enum_type(Kind))
    record_id: str = Column(primary_key=True)
    number: int = Column(primary_key=True, foreign_key="published.number")
    label: str
    row: str | None


class ReleaseSummary(BaseModel):
    """A release, and how many records it changed."""

    version: str = Field(description="calendar version of the data")
    date: datetime.date = Field(description="day of the release")
    since: str | None = Field(description="the release before it; null for the first")
    counts: dict[str, int] = Field(description="records per collection")
    changes: dict[str, ChangeCounts] = Field(description="per collection, since the release before")
    checksum: str = Field(description="SHA-256 of the seed files, as hexadecimal digits")
    licence: str = Field(description="SPDX identifier of the licence of the data")
    citation: str = Field(description="how to cite this release")
    links: dict[str, str]


class Releases(BaseModel):
    """All releases, the newest first."""

    items: list[ReleaseSummary]


class FieldChange(BaseModel):
    """A field of a row that differs; nested fields are written with dots."""

    field: str
    before: Any = Field(description="what the earlier release said; null: nothing")
    after: Any = Field(description="what the later release says; null: nothing")


class ChangedRecord(Ref):
    """A record that two releases describe differently."""

    fields: list[FieldChange]


class CollectionChanges(BaseModel):
    """What differs in a collection, by id."""

    added: list[Ref]
    changed: list[ChangedRecord]
    removed: list[Ref]


class Changes(BaseModel):
    """What differs between two releases, per collection and field by field."""

    release: str
    since: str | None = Field(description="the release it is compared with; null: there is none before it")
    collections: dict[str, CollectionChanges]


class RecordVersion(BaseModel):
    """What a release did to a record."""

    release: str
    date: datetime.date
    change: ChangeKind
    fields: list[FieldChange] = Field(description="what it changed; empty where it added or removed all")
    links: dict[str, str]


class History(BaseModel):
    """The releases that added, changed or removed a record, the newest first."""

    kind: Kind
    id: str
    name: str
    items: list[RecordVersion]
    links: dict[str, str]


class RecordOfRelease(BaseModel):
    """What a release said of a record: its row, as the curators wrote it, with other records by their ids.

    The words are those of that release: fields and vocabularies may have changed since.
    """

    release: str
    date: datetime.date
    kind: Kind
    id: str
    name: str
    row: dict[str, Any]
    citation: str = Field(description="how to cite what this release said of the record")
    links: dict[str, str]
