"""BibTeX in UTF-8: what LaTeX takes for a command is escaped; identifiers and addresses stay as they are."""

import datetime
from collections.abc import Mapping
from typing import Any

from app.exports.csl import ARTICLE, accessed, name_parts, publisher, type_of


def entry(record: Mapping[str, Any], read: datetime.date) -> str:
    from bibtexparser.entrypoint import write_string  # this format alone needs it
    from bibtexparser.library import Library
    from bibtexparser.model import Entry, Field

    fields = {
        "title": f"{{{encode(record['title'])}}}",
        "author": " and ".join([*map(author, record["authors"]), *others(record)]),
        "journal": encode(record["journal"]),
        "year": record["year"] and str(record["year"]),
        "month": month(record["published"]),
        "volume": encode(record["volume"]),
        "number": encode(record["issue"]),
        "pages": encode(record["pages"]).replace("-", "--"),
        "doi": record["doi"],
        "pmid": record["pmid"],
        "pmcid": record["pmcid"],
        "url": record["url"],
        "urldate": accessed(record, read),
        "version": record.get("version"),
        "publisher": encode(publisher(record)),
        "key": "" if record["authors"] else encode(publisher(record) or record["title"].partition(" ")[0]),
        "keywords": encode(", ".join(record["keywords"])),
    }
    kind = "article" if type_of(record) == ARTICLE else "misc"
    given = [Field(key, value) for key, value in fields.items() if value]
    return write_string(Library([Entry(kind, record["id"], given)])) + "\n"


def author(name: str) -> str:
    """`Family, A. B.`; a body of several words is kept together by braces."""
    parts = name_parts(name)
    if "literal" in parts:
        return f"{{{encode(name)}}}"
    return f"{encode(parts['family'])}, {parts['given']}"


def others(record: Mapping[str, Any]) -> list[str]:
    """BibTeX's word for the authors who are not named."""
    return ["others"] if record["authors"] and not record["authors_complete"] else []


def month(published: str | None) -> str:
    """The number of the month, as biblatex and pandoc read it."""
    return str(int(published.split("-")[1])) if published else ""


ESCAPES = str.maketrans(
    {each: f"\\{each}" for each in "%&#$_"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"{": r"\lbrace{}", "}": r"\rbrace{}"}  # BibTeX counts escaped braces too
)
"""What LaTeX does not print as it stands; all else is UTF-8."""


def encode(text: str | None) -> str:
    return text.translate(ESCAPES) if text else ""
