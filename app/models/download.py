"""Files of a whole release."""

from pydantic import BaseModel, Field


class Download(BaseModel):
    """A file of a release, whole: the same release has the same bytes wherever it is made."""

    name: str
    release: str
    about: str = Field(description="what is in it")
    media_type: str
    bytes: int
    sha256: str = Field(description="SHA-256 of the file, as hexadecimal digits")
    licence: str = Field(description="SPDX identifier of the licence of the data")
    url: str


class Downloads(BaseModel):
    """The files of the release that is served, and the data of those before it."""

    release: str
    licence: str = Field(description="SPDX identifier of the licence of the data")
    citation: str = Field(description="how to cite the release")
    items: list[Download]
