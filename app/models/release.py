"""The release: which state of the data this is."""

import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import JSON
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from app.models.base import Strict, Text


class ReleaseSeed(Strict):
    """The file seed/RELEASE."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]{2}(\.[0-9]+)?$")]
    date: datetime.date
    licence: Text
    citation: Text


class Release(SQLModel, table=True):
    """The one row that says what the other tables hold."""

    version: str = Column(primary_key=True)
    date: datetime.date
    licence: str
    citation: str
    checksum: str
    digest: str
    counts: dict[str, int] = Column(sa_type=JSON)


class ReleaseRead(BaseModel):
    """The release that is served."""

    version: str = Field(description="calendar version of the data")
    date: datetime.date = Field(description="day of the release")
    checksum: str = Field(description="SHA-256 of the seed files, as hexadecimal digits")
    digest: str = Field(exclude=True, description="SHA-256 of all answers")
    schema_revision: str = Field(
        serialization_alias="schema", validation_alias="schema", description="revision of the database schema"
    )
    counts: dict[str, int] = Field(description="records per collection")
    licence: str = Field(description="SPDX identifier of the licence of the data")
    citation: str = Field(description="how to cite this release")
