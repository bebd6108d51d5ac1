"""The switch to a new release: all of it or nothing, on an embedded file or on a server."""

import fcntl
import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, Engine, delete, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import SQLModel

from app import SCHEMA_REVISION
from app.catalog import BY_KIND, RESOURCES, Resource
from app.knowledge.journals import abbreviated
from app.models.base import Kind
from app.models.cancer import Judgement
from app.models.finding import Entry, MatchedOn, Name
from app.models.history import Published, Revision
from app.models.interaction import InteractionSeed
from app.models.release import Release, ReleaseSeed
from app.seeding.answers import Answer, Answers, Facts, curies, judgements, name_of
from app.seeding.check import NAMED_BY, read_facts, uncollected
from app.seeding.releases import Dataset, all_releases, dataset_of, history_of
from app.settings import MIGRATIONS
from app.store.engine import make_engine, sqlite_path
from app.store.names import NAMED, names_of, speaks_of
from app.store.search import RANK, index_row, index_statement, sequence_of, words_of
from app.store.text import squeeze

ADVISORY_LOCK = 0x1106
"""The key of the PostgreSQL advisory lock that a seeding holds."""

ENDS = ("cancer", "indication", "inhibitor", "mechanism", "parent", "publication", "same_study_as", "target")
LINKS = ("cancers", "inhibitors", "publications", "targets")

UNREAD = (
    *("id", "published", "volume", "issue", "pages", "doi", "pmid", "pmcid", "url", "locator"),
    *("results_url", "status_as_of", "unverified"),
)
"""Fields of text that nobody searches for words."""

TOLD = ("agency", "status", "year")
"""Fields of other values that somebody does."""

Say = Callable[[str], None]


class DatabaseFault(Exception):
    """The database cannot take the release: it does not answer, or its schema is another."""


class StorageFault(Exception):
    """The folder or disk of the embedded database cannot take it."""


@dataclass(frozen=True)
class Build:
    """A release, complete in memory: what the tables will hold."""

    release: Release
    facts: Facts
    answers: dict[Kind, dict[str, Answer]]
    newest: Dataset
    published: list[Published]
    revisions: list[Revision]

    def texts(self, kind: Kind, row: Any) -> Iterator[str]:
        """What a record says in words, and the names of the records it names: what the search reads."""
        table = BY_KIND[kind].table.model_fields
        for name in type(row).model_fields:
            value = getattr(row, name)
            if named := NAMED_BY[kind].get(name):
                for each in value if isinstance(value, list) else [value]:
                    if each and named != Kind.PUBLICATION:
                        yield name_of(self.facts.of(named)[each])
            elif name in TOLD and value is not None:
                yield str(value)
            elif name in table and name not in UNREAD:
                yield from (
                    each for each in (value if isinstance(value, list) else [value]) if type(each) is str
                )
        if kind == Kind.PUBLICATION and (journal := abbreviated(row.journal)):
            yield journal

    def referred(self, kind: Kind, row: Any) -> Iterator[tuple[Kind, str]]:
        """The records that a record names by their ids, beside the one above it."""
        for name, named in NAMED_BY[kind].items():
            held = getattr(row, name) if name != "parent" else None
            several = held if isinstance(held, list) else [held]
            yield from ((named, each) for each in several if each)
        if isinstance(row, InteractionSeed):
            yield from ((row.source.kind, row.source.id), (row.object.kind, row.object.id))

    def citations(self) -> Counter[tuple[Kind, str]]:
        """How often other records name each record: what is best known comes first in a search."""
        rows = ((each.kind, row) for each in RESOURCES for row in self.facts.of(each.kind).values())
        return Counter(named for kind, row in rows for named in self.referred(kind, row))


@dataclass(frozen=True)
class Outcome:
    release: Release
    written: bool
    """False where the database held just this release already."""


def alembic_config() -> Config:
    """The configuration of migrations; an installed program has no pyproject.toml to read it from."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def migrate(connection: Connection) -> None:
    """Bring the schema of a database up to the newest revision."""
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@uncollected()
def prepare(folder: Path) -> Build:
    """Read and check the seed files and make every answer; raises DataFault."""
    head, facts = read_facts(folder)
    newest = dataset_of(head, facts, folder)
    published, revisions = history_of(all_releases(folder, newest))
    answers: dict[Kind, dict[str, Answer]] = {resource.kind: {} for resource in RESOURCES}
    for resource, record_id, answer in Answers(facts).all():
        answers[resource.kind][record_id] = answer
    release = Release.model_validate(
        {
            **head.model_dump(),
            "checksum": newest.checksum,
            "digest": digest(head, published, answers),
            "counts": newest.counts(),
        }
    )
    return Build(release, facts, answers, newest, published, revisions)


def digest(head: ReleaseSeed, published: list[Published], answers: dict[Kind, dict[str, Answer]]) -> str:
    """SHA-256 over all that the release will say: another version of the program may say it otherwise."""
    told = [head.model_dump_json(), *(each.model_dump_json() for each in published)]
    total = hashlib.sha256(f"{SCHEMA_REVISION} {' '.join(told)}".encode())
    for each in answers.values():
        for answer in each.values():
            total.update(answer.item.encode() + answer.record.encode())
    return total.hexdigest()


def seed(folder: Path, url: URL, *, say: Say = lambda _: None, schema: bool = False) -> Outcome:
    """Make the database hold the release of the seed folder; raises DataFault, DatabaseFault, StorageFault.

    The schema of a server is brought up only where that is asked for: it may be another user's to change.

    Until the last moment the old release is served, and whatever goes wrong before leaves it untouched.
    """
    build = prepare(folder)
    path = sqlite_path(url)
    try:
        written = seed_server(build, url, say, schema) if path is None else seed_file(build, path, say)
    except DBAPIError as error:
        raise DatabaseFault(str(error.orig).strip()) from error
    return Outcome(build.release, written)


def seed_file(build: Build, path: Path, say: Say) -> bool:
    """Build the file aside, check it, and put it in the place of the old one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent, say):
            for stale in path.parent.glob(f".{path.name}.*"):
                stale.unlink()
            if holds(path, build.release):
                return False
            aside = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                write_file(build, aside)
                aside.replace(path)
            finally:
                for left in path.parent.glob(f"{aside.name}*"):
                    left.unlink()
            sync(path.parent)
    except OSError as error:
        raise StorageFault(f"cannot write {path}: {error.strerror or error}") from error
    except OperationalError as error:
        raise StorageFault(f"cannot write {path}: {error.orig}") from error
    return True


@contextmanager
def locked(folder: Path, say: Say) -> Iterator[None]:
    """Hold the folder against other seedings; the lock ends with the process, and leaves no file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another seeding is at work in {folder}; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def holds(path: Path, release: Release) -> bool:
    """Whether a sound file holds just this release."""
    if not path.exists():
        return False
    engine = make_engine(URL.create("sqlite", database=str(path)), read_only=True)
    try:
        with engine.connect() as connection:
            return held_release(connection) == release.digest and (
                connection.scalar(text("PRAGMA quick_check")) == "ok"
            )
    except DBAPIError:
        return False
    finally:
        engine.dispose()


def held_release(connection: Connection) -> str | None:
    return connection.scalar(
        select(Release.digest)  # type: ignore[call-overload]
    )


def write_file(build: Build, path: Path) -> None:
    engine = make_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.begin() as connection:
            migrate(connection)
            fill(connection, build)
        with engine.connect() as connection:
            faults = connection.execute(text("PRAGMA foreign_key_check")).all()
            integrity = connection.scalar(text("PRAGMA integrity_check"))
        if faults or integrity != "ok":
            raise StorageFault(f"the file that was built is not sound: {integrity}, {faults[:3]}")
    finally:
        engine.dispose()
    sync(path)


def sync(path: Path) -> None:
    """Wait until the disk holds a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seed_server(build: Build, url: URL, say: Say, schema: bool) -> bool:
    """Replace the rows in one transaction; readers see the old release until it ends."""
    engine: Engine = make_engine(url).execution_options(isolation_level="READ COMMITTED")
    try:
        with engine.begin() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK}):
                say("another seeding is at work in this database; waiting for it")
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            if schema:
                migrate(connection)
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision != SCHEMA_REVISION:
                raise DatabaseFault(
                    f"the schema of the database is at revision {revision}, and this version needs "
                    f"{SCHEMA_REVISION}: run `il6 seed --migrate`"
                )
            if held_release(connection) == build.release.digest:
                return False
            for table in reversed(SQLModel.metadata.sorted_tables):
                connection.execute(delete(table))
            connection.execute(text("DELETE FROM fts_entry"))
            fill(connection, build)
    finally:
        engine.dispose()
    return True


def fill(connection: Connection, build: Build) -> None:
    """Write the rows of every collection, then the links between them, then the release."""
    for resource in RESOURCES:
        rows = parents_first(build.facts.of(resource.kind))
        values = [columns(resource, row, build.answers[resource.kind][row.id]) for row in rows]
        connection.execute(insert(resource.table), values)
    for resource in RESOURCES:
        for name in LINKS:
            values = [
                {f"{resource.kind}_id": row.id, f"{name.removesuffix('s')}_id": other}
                for row in build.facts.of(resource.kind).values()
                for other in getattr(row, name, [])
            ]
            if values:
                connection.execute(
                    insert(SQLModel.metadata.tables[f"{resource.kind}_{name.removesuffix('s')}"]), values
                )
        for name in resource.filters.members:
            values = [
                {f"{resource.kind}_id": row.id, "key": key, "value": value}
                for row in build.facts.of(resource.kind).values()
                for key, value in {squeeze(value): value for value in getattr(row, name)}.items()
            ]
            if values:
                connection.execute(insert(SQLModel.metadata.tables[f"{resource.kind}_{name}"]), values)
    history = {Judgement: judgements(build.facts), Published: build.published, Revision: build.revisions}
    for table, found in history.items():
        if values := [each.model_dump() for each in found]:
            connection.execute(insert(table), values)
    fill_finding(connection, build)
    connection.execute(insert(Release), [build.release.model_dump()])
    if connection.dialect.name == "postgresql":
        # Its plans follow what it knows of the rows.
        connection.execute(text(f"ANALYZE {', '.join([*SQLModel.metadata.tables, 'fts_entry'])}"))


def fill_finding(connection: Connection, build: Build) -> None:
    """Write what records are found by: names, and the entries of the search."""
    names: list[dict[str, Any]] = []
    known: list[tuple[int, int, str, Kind]] = []
    spellings: dict[tuple[Kind, str], list[str]] = {}
    cited = build.citations()
    brands: dict[str, set[str]] = defaultdict(set)
    for approval in build.facts.of(Kind.APPROVAL).values():
        if approval.brand:
            brands[approval.inhibitor].add(approval.brand)
    for resource in RESOURCES:
        for record_id, row in build.facts.of(resource.kind).items():
            sold_as = sorted(brands[record_id]) if resource.kind == Kind.INHIBITOR else []
            own = names_of(resource.kind, row, name_of(row), curies(row), sold_as)
            names += own
            spellings[resource.kind, record_id] = [name["spelling"] for name in own]
            weight = cited[resource.kind, record_id] if resource.kind in NAMED else 0
            known.append((RANK.index(resource.kind), -weight, record_id, resource.kind))
    numbers = {(kind, record_id): number for number, (*_, record_id, kind) in enumerate(sorted(known), 1)}
    bearers: dict[str, set[int]] = defaultdict(set)
    for name in names:
        if name["matched_on"] != MatchedOn.SOUGHT_AS:  # a text that says it may mean another
            bearers[name["phrase"]].add(numbers[name["kind"], name["record_id"]])
    entries, rows = [], []
    for (kind, record_id), number in numbers.items():
        row = build.facts.of(kind)[record_id]
        called, body = spellings[kind, record_id], list(build.texts(kind, row))
        said = [each for each in called if each != f"{kind}/{record_id}"]  # which nobody says of it
        in_names = {each for text in called for each in speaks_of(text, bearers)}
        referred = [*build.referred(kind, row)]
        if "parent" in NAMED_BY[kind] and row.parent:
            referred.append((kind, row.parent))
        in_all = {numbers[each] for each in referred}
        in_all.update(each for text in body for each in speaks_of(text, bearers))
        entries.append(
            {
                "number": number,
                "kind": kind,
                "record_id": record_id,
                "label": name_of(row),
                "text": " · ".join(body),
                "sequence": sequence_of([*said, *body]),
            }
        )
        rows.append(index_row(connection, number, words_of(called, body, in_names, in_all)))
    connection.execute(insert(Name), names)
    connection.execute(insert(Entry), entries)
    connection.execute(index_statement(connection), rows)


def columns(resource: Resource, row: Any, answer: Answer) -> dict[str, Any]:
    """The row of a table: the fields of the seed row, what it refers to, and its answers."""
    table = resource.table.model_fields
    values: dict[str, Any] = dict.fromkeys(table)
    values |= {name: getattr(row, name) for name in type(row).model_fields if name in table}
    values |= {f"{name}_id": getattr(row, name) for name in ENDS if f"{name}_id" in table}
    if resource.kind == Kind.EVIDENCE and row.effect:
        values |= row.effect.model_dump()
    if resource.kind == Kind.INTERACTION:
        values |= {"source_kind": row.source.kind, "source_id": row.source.id}
        values |= {"object_kind": row.object.kind, "object_id": row.object.id}
    stored = {"label": name_of(row), "item": answer.item, "record": answer.record}
    return values | answer.columns | stored


def parents_first(rows: dict[str, Any]) -> list[Any]:
    """Rows in an order in which each comes after the one it names as its parent."""

    def depth(row: Any) -> int:
        parent = getattr(row, "parent", None)
        return 1 + depth(rows[parent]) if parent else 0

    return sorted(rows.values(), key=depth)
