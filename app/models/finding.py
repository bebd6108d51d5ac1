"""What records are found by: their names, the values of their fields and relations, and their words.

These tables say nothing that the answers do not; they are made from them when a release is built.
The words themselves stand in tables of the search engine, named fts_..., which migrations alone know.
"""

from enum import StrEnum

from sqlalchemy import Index, text
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
    """One name of one record: `key` is what all spellings of it have in common.

    A name that may be misspelt is stored from its end, too: a slip at one end leaves its place at the other.
    """

    key: str = Field(primary_key=True)
    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    record_id: str = Field(primary_key=True)
    matched_on: MatchedOn = Field(sa_type=enum_type(MatchedOn))
    spelling: str
    label: str
    backwards: str | None = None

    __table_args__ = (
        Index("ix_name_kind_backwards_key", "kind", "backwards", "key"),
        Index(
            "ix_name_kind_key",
            "kind",
            "key",
            sqlite_where=text("backwards IS NOT NULL"),
            postgresql_where=text("backwards IS NOT NULL"),
        ),
    )


class Property(SQLModel, table=True):
    """One value of a list or a relation of a record: filters compare `key`, facets show `value`."""

    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    record_id: str = Field(primary_key=True)
    value: str

    __table_args__ = (Index("ix_property_record_id", "kind", "record_id", "name"),)


class Tally(SQLModel, table=True):
    """How many records of a kind have a value, in a field or as a property: totals are read, not counted.

    `key` is what filters compare, `value` what facets show. Of a field `below` says how many records have
    less: what lies between two bounds is a difference. How many have none stands under the empty text.
    """

    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    number: float | None = None
    records: int
    below: int | None = None

    __table_args__ = (Index("ix_tally_kind_name_number", "kind", "name", "number"),)


class Pair(SQLModel, table=True):
    """How many records of a kind have two values at once, of values that each are in very many records."""

    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    other: str = Field(primary_key=True)
    other_key: str = Field(primary_key=True)
    records: int


class Term(SQLModel, table=True):
    """How many records of a kind hold a word, or with a star one that begins so; with a mark, in a name.

    Only what many records hold is counted.
    """

    word: str = Field(primary_key=True)
    kind: Kind = Field(primary_key=True, sa_type=enum_type(Kind))
    records: int


class Entry(SQLModel, table=True):
    """A record as the search sees it; numbers rise, kind after kind, from the best known to the least."""

    number: int = Field(primary_key=True)
    kind: Kind = Field(sa_type=enum_type(Kind))
    record_id: str
    label: str
    text: str

    __table_args__ = (Index("ix_entry_kind_record_id", "kind", "record_id", unique=True),)
