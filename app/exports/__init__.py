"""Out of the house: a list in the formats that other programs read. One file per format."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from app.exports import bibtex, csl, ndjson, ris, table
from app.models.filters import Format

Rows = Iterable[str]
"""Records as JSON: the items of a collection, or publications."""


@dataclass(frozen=True)
class Export:
    """How a format is written: its media type, the ending of its files, and what it is written from."""

    media_type: str
    ending: str
    write: Callable[[Rows, type[BaseModel]], Iterator[str]]
    of_sources: bool = False
    """Whether it is written from the publications behind a list."""


EXPORTS: dict[Format, Export] = {
    Format.CSV: Export("text/csv", "csv", table.write_csv),
    Format.TSV: Export("text/tab-separated-values", "tsv", table.write_tsv),
    Format.NDJSON: Export("application/x-ndjson", "ndjson", ndjson.write),
    Format.BIBTEX: Export("application/x-bibtex", "bib", bibtex.write, of_sources=True),
    Format.RIS: Export("application/x-research-info-systems", "ris", ris.write, of_sources=True),
    Format.CSL: Export("application/vnd.citationstyles.csl+json", "csl.json", csl.write, of_sources=True),
}
"""Every format but JSON, which is the answer itself."""

__all__ = ["EXPORTS", "Export"]
