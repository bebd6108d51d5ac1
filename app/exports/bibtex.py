"""BibTeX: what LaTeX reads. Texts are encoded for it; identifiers and addresses stay as they are."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from app.exports.csl import ARTICLE, name_parts, type_of


def entry(record: Mapping[str, Any]) -> str:
    from bibtexparser.entrypoint import write_string  # this format alone needs it
    from bibtexparser.library import Library
    from bibtexparser.model import Entry, Field

    fields = {
        "title": f"{{{encode(record['title'])}}}",
        "author": " and ".join([*map(author, record["authors"]), *others(record)]),
        "journal": encode(record["journal"]),
        "year": record["year"] and str(record["year"]),
        "volume": encode(record["volume"]),
        "number": encode(record["issue"]),
        "pages": encode(record["pages"]).replace("-", "--"),
        "doi": record["doi"],
        "pmid": record["pmid"],
        "url": record["url"],
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


@cache
def encoder() -> Any:
    """An encoder whose texts have as many opening as closing braces: BibTeX counts escaped ones too."""
    from pylatexenc.latexencode import RULE_DICT, UnicodeToLatexConversionRule, UnicodeToLatexEncoder

    own = {ord("{"): r"\ensuremath{\lbrace}", ord("}"): r"\ensuremath{\rbrace}", ord('"'): '"'}
    return UnicodeToLatexEncoder(
        conversion_rules=[UnicodeToLatexConversionRule(RULE_DICT, own), "defaults"],
        unknown_char_policy="keep",
        unknown_char_warning=False,
    )


def encode(text: str | None) -> str:
    return str(encoder().unicode_to_latex(text)) if text else ""
