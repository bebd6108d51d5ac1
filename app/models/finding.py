"""What records are found by: their names, the values of their lists and relations, and their words.

These tables say nothing that the answers do not; they are made from them when a release is built.
The words themselves stand in tables of the search engine, named fts_..., which migrations alone know.
"""

from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.models.base import Kind, enum_type


class MatchedOn(StrEnum):
    """Which name of a record a term is, from the strongest to the weakest."""

    ID = "id"
    NAME = "name"
    SYMBOL = "symbol"
    BRAND = "brand"
    SYNONYM = "synonym"
    XREF = "xref"


class Name(SQLModel, table=True):
    """One name of one record: `key` is what all spellings of it have in common."""

    key: str = Field(primary_key=True)
    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    record_id: str = Field(primary_key=True)
    matched_on: MatchedOn = Field(sa_type=enum_type(MatchedOn))
    spelling: str
    label: str


class Property(SQLModel, table=True):
    """One value of a list or a relation of a record: filters compare `key`, facets show `value`."""

    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    record_id: str = Field(primary_key=True)
    value: str

    __table_args__ = (Index("ix_property_record_id", "kind", "record_id", "name"),)


class Entry(SQLModel, table=True):
    """A record as the search sees it; numbers rise from the best known record to the least."""

    number: int = Field(primary_key=True)
    kind: Kind = Field(sa_type=enum_type(Kind), index=True)
    record_id: str
    label: str
    text: str

    __table_args__ = (Index("ix_entry_kind_record_id", "kind", "record_id", unique=True),)
