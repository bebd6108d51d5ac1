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
    rf"(?<![\w-])({COLLECTION})/([^/?#]+)/?(?:[?#].*)?"
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


DOI = re.compile(r"10\.\d{4,9}/\S+")

FILE_ENDING = re.compile(r"(?:\.(?:pdf|full|abstract|short|long|html?|text))+$", re.IGNORECASE)
"""What stands behind a DOI in the address of a file."""

MOST_PARTS = 4
"""Of an address, that may each be an identifier, or a part of one."""

SELF_TOLD = re.compile(r"NCT\d{8}|\b\d{4}-\d{6}-\d{2}\b|\b[a-z]+[_:]\d{4,}\b", re.IGNORECASE)
"""What says by itself of which registry it is, wherever it stands in an address."""


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
    yield from dois_in(term)
    if "/" in term:
        yield bare_address(term)
        for each in SELF_TOLD.findall(term)[:MOST_PARTS]:
            if EU_NUMBER.fullmatch(each):
                yield from (each, f"{each}-00")
            else:
                told = f"clinicaltrials:{each}" if each[:3].upper() == "NCT" else each.replace("_", ":")
                yield curie_of(told) or each


def bare_address(address: str) -> str:
    """An address without what differs where the page is the same."""
    return unquote(SCHEME.sub("", address, count=1)).rstrip("/")


def dois_in(term: str) -> Iterator[str]:
    """What may be the DOI within the address that a publisher gave an article, the longest first."""
    if found := DOI.search(term):
        registrant, *parts = re.split(r"[?#&]", found[0])[0].rstrip(".,;/").split("/")
        for end in range(min(len(parts), MOST_PARTS), 0, -1):
            doi = "/".join([registrant, *parts[:end]])
            article = FILE_ENDING.sub("", doi)
            yield from dict.fromkeys((doi, article, re.sub(r"v\d+$", "", article)))  # of some version


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
