"""A release whole, as files to take home."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from app.catalog import RESOURCES
from app.errors import RecordNotFound
from app.exports import jsonld, kgx, package, sqlite, sssom, xlsx
from app.knowledge.graph import graph_asked_for
from app.knowledge.history import all_published, dataset_of
from app.models.base import Kind
from app.models.download import Download
from app.models.graph import GraphFilters
from app.models.history import Published
from app.models.release import ReleaseRead
from app.store.release import remember

JSON = (
    "json",
    "application/octet-stream",  # nothing in it is an answer of this service
    "The rows of all collections as curators wrote them, as one JSON document.",
)


@dataclass(frozen=True)
class File:
    """A file that is made of the release that is served."""

    ending: str
    media_type: str
    about: str
    write: Callable[[Session, ReleaseRead, str], bytes]
    """The bytes, of a release; ids of records stand below an address where one is given."""


def held(session: Session, column: str) -> dict[Kind, list[str]]:
    """The answers of all records, by kind: `item` or `record`."""
    return {
        each.kind: list(session.scalars(select(getattr(each.table, column)).order_by(each.table.id)))
        for each in sorted(RESOURCES, key=lambda each: each.path)
    }


def write_package(session: Session, release: ReleaseRead, _base: str) -> bytes:
    items = held(session, "item")
    return package.write(release, {each.path: items[each.kind] for each in RESOURCES})


def write_xlsx(session: Session, release: ReleaseRead, _base: str) -> bytes:
    items = held(session, "item")
    return xlsx.book({each.path: (each.item, items[each.kind]) for each in RESOURCES}, release)


def write_sqlite(session: Session, release: ReleaseRead, _base: str) -> bytes:
    return sqlite.write(session, release)


def write_jsonld(session: Session, release: ReleaseRead, base: str) -> bytes:
    return jsonld.write(release, held(session, "record"), base)


def write_kgx(write: Callable[[Any], str], session: Session, _release: ReleaseRead, _base: str) -> bytes:
    return write(graph_asked_for(session, GraphFilters())).encode()


def write_sssom(session: Session, release: ReleaseRead, base: str) -> bytes:
    return sssom.write(release, held(session, "item"), base).encode()


FILES = (
    File(
        "zip",
        "application/zip",
        "A CSV table per collection, with a Frictionless data package that describes every column.",
        write_package,
    ),
    File(
        "xlsx",
        xlsx.MEDIA_TYPE,
        "A workbook: a sheet per collection, and one that says what the columns mean.",
        write_xlsx,
    ),
    File(
        "sqlite",
        "application/vnd.sqlite3",
        "Plain tables for SQL, with views that name what others refer to by id.",
        write_sqlite,
    ),
    File(
        "jsonld",
        "application/ld+json",
        "Every record in the words of schema.org.",
        write_jsonld,
    ),
    File(
        "nodes.tsv",
        "text/tab-separated-values",
        "The nodes of the pathway graph for KGX, in the words of the Biolink Model.",
        partial(write_kgx, kgx.write_nodes),
    ),
    File(
        "edges.tsv",
        "text/tab-separated-values",
        "Its edges.",
        partial(write_kgx, kgx.write_edges),
    ),
    File(
        "sssom.tsv",
        "text/tab-separated-values",
        "Which records are which terms of other registries (SSSOM).",
        write_sssom,
    ),
)


def name_of(version: str, ending: str) -> str:
    return f"il6-atlas-{version}.{ending}"


def write_data(session: Session, release: Published) -> bytes:
    """A release as data: just what its frozen file holds."""
    return (json.dumps(dataset_of(session, release), ensure_ascii=False, indent=1) + "\n").encode()


def manifest(session: Session, release: ReleaseRead, base: str) -> list[Download]:
    """All files with their sizes and checksums, for which each of them is made once per release."""
    return remember(session, ("downloads", base), lambda: list(listed(session, release, base)))


def listed(session: Session, release: ReleaseRead, base: str) -> Any:
    for each in FILES:
        yield entry(release, each.ending, each.media_type, each.about, each.write(session, release, base))
    for earlier in all_published(session):
        yield entry(earlier, *JSON, write_data(session, earlier))


def entry(
    release: ReleaseRead | Published, ending: str, media_type: str, about: str, content: bytes
) -> Download:
    name = name_of(release.version, ending)
    return Download(
        name=name,
        release=release.version,
        about=about,
        media_type=media_type,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence=release.licence,
        url=f"/downloads/{name}",
    )


def download(session: Session, release: ReleaseRead, base: str, name: str) -> tuple[str, bytes]:
    """The media type and the bytes of a file; raises RecordNotFound."""
    for each in FILES:
        if name == name_of(release.version, each.ending):
            return each.media_type, each.write(session, release, base)
    releases = all_published(session)
    for earlier in releases:
        if name == name_of(earlier.version, JSON[0]):
            return JSON[1], write_data(session, earlier)
    raise RecordNotFound(
        f"There is no file {name[:100]}; /downloads lists them. Of releases before {release.version} "
        f"there is {', '.join(name_of(each.version, JSON[0]) for each in releases[1:]) or 'none'}."
    )
