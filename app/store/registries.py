"""Identifiers as other people write them: CURIEs with any prefix, and addresses of registries and of ours.

The prefixes and addresses stand in `registries.json`, which `make registries` writes from Bioregistry.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from urllib.parse import unquote

from app.catalog import RESOURCES

SCHEME = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)
RESOLVER = re.compile(r"(?:bioregistry\.io|identifiers\.org|n2t\.net)/(?:registry/)?", re.IGNORECASE)
"""Addresses that any CURIE follows."""

KINDS = {name: each.kind for each in RESOURCES for name in (each.path, str(each.kind))}
COLLECTION = "|".join(each.path for each in RESOURCES)
KIND = "|".join(each.kind for each in RESOURCES)
OURS = re.compile(
    rf"(?:(?:https?://[^/]+|urn:x-il6-atlas:)(?:/(?!(?:{COLLECTION})/)[^/?#]+)*?)?/?(?:explore/)?"
    rf"({COLLECTION})/([^/?#]+)/?(?:[?#].*)?"
    rf"|il6atlas:(?:({KIND})/)?([^/]+)|il6atlas\.({KIND}):(.+)",
    re.IGNORECASE,
)
"""A record as our pages, JSON-LD, KGX and SSSOM name it."""

VERSION = re.compile(r"(?P<uniprot>[OPQ]\d[A-Z\d]{3}\d)-\d+|(?P<ensembl>ENSG\d{11})\.\d+", re.IGNORECASE)
"""An isoform of a protein, a version of a gene."""


LABELS = {
    *("eudract", "euctr", "eu", "ct", "ctis", "nci", "registry", "registration"),
    *("trial", "gene", "accession", "identifier", "id", "number", "no.", "nr.", "#"),
}
"""Words that stand before an identifier, beside the prefixes of registries."""

NUMBER = re.compile(r"(?:[a-z]+-?)?\d{4}-\d{5,}(?:-\d+)*")
"""Of a trial in a register that has no prefix."""

EU_NUMBER = re.compile(
    r"(?:eudract|euctr?|ctis)?-?(\d{4}-\d{6}-\d{2})(?:-\d{2})?(?:-[a-z]{2,3})?", re.IGNORECASE
)
"""The number of a trial in the European Union, with what registers put around it."""


@cache
def known() -> tuple[dict[str, str], dict[str, str]]:
    """Prefixes and beginnings of addresses, in lower case, with the prefix that Bioregistry prefers."""
    table = json.loads(files("app.store").joinpath("registries.json").read_text())
    return table["prefixes"], table["addresses"]


def identifiers(term: str) -> Iterator[str]:
    """What a term may be as an identifier of ours, the likeliest first."""
    term = unquote(term.strip())
    if ours := OURS.fullmatch(term):
        collection, by_path, kind, by_kind, prefix, by_prefix = ours.groups()
        named = collection or kind or prefix
        record = by_path or by_kind or by_prefix
        yield f"{KINDS[named.lower()]}/{record}" if named else record
    *labels, last = re.split(r"[\s:]+", term.lower().replace("clinicaltrials.gov", "clinicaltrials"))
    named = [known()[0][each] for each in labels if each in known()[0]]
    if all(each in LABELS or each in known()[0] for each in labels):
        if named:
            yield curie(named[0], last)
        elif labels and NUMBER.fullmatch(last):
            yield last
    if number := EU_NUMBER.fullmatch(last):
        yield from (number[1], f"{number[1]}-00")
    written = curie_of(term)
    for each in filter(None, (written, term)):
        if versioned := VERSION.fullmatch(each.partition(":")[2] or each):
            yield from filter(None, versioned.groups())
    if written:
        yield written


def curie_of(term: str) -> str | None:
    """The CURIE with the prefix that Bioregistry prefers, for one with another or an address."""
    prefixes, addresses = known()
    bare = SCHEME.sub("", term, count=1)
    rest = RESOLVER.sub("", bare, count=1)
    if rest == bare:
        lower = bare.lower()
        begin = max((each for each in addresses if lower.startswith(each)), key=len, default=None)
        if begin:
            return curie(addresses[begin], bare[len(begin) :])
    prefix, _, local = rest.partition(":")
    if not local or "/" in prefix:
        prefix, _, local = rest.partition("/")
    prefix = prefixes.get(prefix.lower(), "")
    return curie(prefix, local) if prefix and local else None


def curie(prefix: str, local: str) -> str:
    """A CURIE without what stands twice (`mondo:MONDO:0005233`), and without what follows in an address."""
    first, colon, rest = local.partition(":")
    if colon and known()[0].get(first.lower()) == prefix:
        local = rest
    end = "[?#]" if prefix == "doi" else "[/?#&]"
    return f"{prefix}:{re.split(end, local.strip())[0].rstrip('/')}"
