"""What records are found by: their names, and their words.

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
    SOUGHT_AS = "sought-as"


class Name(SQLModel, table=True):
    """One name of one record: `key` is what all spellings of it have in common."""

    key: str = Field(primary_key=True)
    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    record_id: str = Field(primary_key=True)
    phrase: str = Field(index=True, description="what it has in common with its inflections and variants")
    matched_on: MatchedOn = Field(sa_type=enum_type(MatchedOn))
    spelling: str
    label: str
    sought: bool = Field(description="whether a misspelt term is compared with it")


class Entry(SQLModel, table=True):
    """A record as the search sees it; numbers rise, kind after kind, from the best known to the least."""

    number: int = Field(primary_key=True)
    kind: Kind = Field(sa_type=enum_type(Kind))
    record_id: str
    label: str
    text: str
    sequence: str = Field(description="names and text by the stems of their words, for phrases")

    __table_args__ = (Index("ix_entry_kind_record_id", "kind", "record_id", unique=True),)
