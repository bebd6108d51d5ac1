"""BibTeX: what LaTeX reads. Texts are encoded for it; identifiers and addresses stay as they are."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from app.exports.csl import name_parts
from app.models.publication import PublicationKind

if TYPE_CHECKING:
    from bibtexparser.model import Entry
    from pylatexenc.latexencode import UnicodeToLatexEncoder

ARTICLES = frozenset(PublicationKind) - {
    PublicationKind.WEB_PAGE,
    PublicationKind.REGISTRY,
    PublicationKind.REGULATORY_LABEL,
}


def write(rows: Iterable[str], _model: type[BaseModel]) -> Iterator[str]:
    from bibtexparser.entrypoint import write_string  # this format alone needs it
    from bibtexparser.library import Library

    return (write_string(Library([entry(json.loads(row))])) + "\n" for row in rows)


def entry(record: dict[str, Any]) -> "Entry":
    from bibtexparser.model import Entry, Field

    year = str(record["year"]) if record["year"] else None
    fields = {
        "title": f"{{{encode(record['title'])}}}",
        "author": " and ".join(author(name) for name in record["authors"]),
        "journal": record["journal"] and encode(record["journal"]),
        "year": year,
        "volume": record["volume"] and encode(record["volume"]),
        "number": record["issue"] and encode(record["issue"]),
        "pages": record["pages"] and encode(record["pages"]).replace("-", "--"),
        "doi": record["doi"],
        "pmid": record["pmid"],
        "url": record["url"],
        "keywords": encode(", ".join(record["keywords"])),
    }
    kind = "article" if PublicationKind(record["kind"]) in ARTICLES else "misc"
    return Entry(kind, record["id"], [Field(key, value) for key, value in fields.items() if value])


def author(name: str) -> str:
    """`Family, A. B.`; a body of several words is kept together by braces."""
    parts = name_parts(name)
    if "literal" in parts:
        return "others" if name.removesuffix(".") == "et al" else f"{{{encode(name)}}}"
    return f"{encode(parts['family'])}, {parts['given']}"


@lru_cache(maxsize=1)
def encoder() -> "UnicodeToLatexEncoder":
    """An encoder whose texts have as many opening as closing braces: BibTeX counts escaped ones too."""
    from pylatexenc.latexencode import RULE_DICT, UnicodeToLatexConversionRule, UnicodeToLatexEncoder

    own = {ord("{"): r"\ensuremath{\lbrace}", ord("}"): r"\ensuremath{\rbrace}", ord('"'): '"'}
    return UnicodeToLatexEncoder(
        conversion_rules=[UnicodeToLatexConversionRule(RULE_DICT, own), "defaults"],
        unknown_char_policy="keep",
        unknown_char_warning=False,
    )


def encode(text: str) -> str:
    return str(encoder().unicode_to_latex(text))
