"""The switch to a new release: all of it or nothing, on an embedded file or on a server."""

import fcntl
import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby, islice, permutations
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import URL, Connection, Engine, delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import SQLModel, col

from app import SCHEMA_REVISION
from app.answers import Answer, Answers, Facts, curies, name_of
from app.catalog import BY_KIND, RESOURCES, Resource
from app.db import make_engine, sqlite_path
from app.models.base import Kind
from app.models.finding import Entry, Name, Pair, Property, Tally, Term
from app.models.release import Release, ReleaseSeed
from app.names import names_of
from app.plan import MANY
from app.search import COMMON, NAMED, RANK, index_row, index_statement, terms_of, words_of
from app.seeding.check import REFERENCES, read_facts, uncollected
from app.seeding.files import checksum
from app.settings import PROJECT
from app.text import lower_ascii, plain, squeeze

ADVISORY_LOCK = 0x1106
"""The key of the PostgreSQL advisory lock that a seeding holds."""

ENDS = ("cancer", "indication", "inhibitor", "mechanism", "parent", "publication", "target")
LINKS = ("cancers", "inhibitors", "publications", "targets")

UNREAD = ("id", "published", "volume", "issue", "pages", "doi", "pmid", "pmcid", "url", "locator")
"""Fields of text that nobody searches for words."""

Say = Callable[[str], None]
Step = Callable[[str, int, int], None]
"""Told what is being written: the collection, rows done, rows in all."""


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

    def texts(self, kind: Kind, row: Any) -> Iterator[str]:
        """What a record says in words, and the names of the records it names: what the search reads."""
        table = BY_KIND[kind].table.model_fields
        for name in type(row).model_fields:
            value = getattr(row, name)
            if name in REFERENCES or name == "parent":
                named = REFERENCES.get(name, kind)
                for each in value if isinstance(value, list) else [value]:
                    if each and named != Kind.PUBLICATION:
                        yield name_of(self.facts.of(named)[each])
            elif name in table and name not in UNREAD:
                yield from (
                    each for each in (value if isinstance(value, list) else [value]) if type(each) is str
                )


@dataclass(frozen=True)
class Outcome:
    release: Release
    written: bool
    """False where the database held just this release already."""


def alembic_config() -> Config:
    return Config(toml_file=str(PROJECT / "pyproject.toml"))


def migrate(connection: Connection) -> None:
    """Bring the schema of a database up to the newest revision."""
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@uncollected()
def prepare(folder: Path) -> Build:
    """Read and check the seed files and make every answer; raises DataFault."""
    head, facts = read_facts(folder)
    answers: dict[Kind, dict[str, Answer]] = {resource.kind: {} for resource in RESOURCES}
    for resource, record_id, answer in Answers(facts).all():
        answers[resource.kind][record_id] = answer
    release = Release.model_validate(
        {
            **head.model_dump(),
            "checksum": checksum(folder),
            "digest": digest(head, answers),
            "counts": {
                each.path: len(answers[each.kind]) for each in sorted(RESOURCES, key=lambda r: r.path)
            },
        }
    )
    return Build(release, facts, answers)


def digest(head: ReleaseSeed, answers: dict[Kind, dict[str, Answer]]) -> str:
    """SHA-256 over all that the release will say: another version of the program may say it otherwise."""
    total = hashlib.sha256(f"{SCHEMA_REVISION} {head.model_dump_json()}".encode())
    for each in answers.values():
        for answer in each.values():
            total.update(answer.item.encode() + answer.record.encode())
    return total.hexdigest()


def seed(folder: Path, url: URL, *, say: Say = lambda _: None, step: Step = lambda *_: None) -> Outcome:
    """Make the database hold the release of the seed folder; raises DataFault, DatabaseFault, StorageFault.

    Until the last moment the old release is served, and whatever goes wrong before leaves it untouched.
    """
    build = prepare(folder)
    path = sqlite_path(url)
    try:
        written = seed_server(build, url, say, step) if path is None else seed_file(build, path, say, step)
    except DBAPIError as error:
        raise DatabaseFault(str(error.orig).strip()) from error
    return Outcome(build.release, written)


def seed_file(build: Build, path: Path, say: Say, step: Step) -> bool:
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
                write_file(build, aside, step)
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


def write_file(build: Build, path: Path, step: Step) -> None:
    engine = make_engine(URL.create("sqlite", database=str(path)))
    try:
        with engine.begin() as connection:
            migrate(connection)
            fill(connection, build, step)
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


def seed_server(build: Build, url: URL, say: Say, step: Step) -> bool:
    """Replace the rows in one transaction; readers see the old release until it ends."""
    engine: Engine = make_engine(url).execution_options(isolation_level="READ COMMITTED")
    try:
        with engine.begin() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK}):
                say("another seeding is at work in this database; waiting for it")
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision != SCHEMA_REVISION:
                raise DatabaseFault(
                    f"the schema of the database is at revision {revision}, and this version needs "
                    f"{SCHEMA_REVISION}: run `alembic upgrade head`"
                )
            if held_release(connection) == build.release.digest:
                return False
            for table in reversed(SQLModel.metadata.sorted_tables):
                connection.execute(delete(table))
            connection.execute(text("DELETE FROM fts_entry"))
            fill(connection, build, step)
    finally:
        engine.dispose()
    return True


def fill(connection: Connection, build: Build, step: Step) -> None:
    """Write the rows of every collection, then the links between them, then the release."""
    for resource in RESOURCES:
        rows = build.facts.of(resource.kind)
        step(resource.path, 0, len(rows))
        values = [
            resource.table.model_validate(
                columns(resource, row, build.answers[resource.kind][row.id])
            ).model_dump()
            for row in parents_first(rows)
        ]
        connection.execute(insert(resource.table), values)
        step(resource.path, len(rows), len(rows))
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
    fill_finding(connection, build)
    fill_tallies(connection)
    fill_pairs(connection)
    connection.execute(insert(Release), [build.release.model_dump()])
    if connection.dialect.name == "postgresql":
        # Its plans follow what it knows of the rows.
        connection.execute(text(f"ANALYZE {', '.join([*SQLModel.metadata.tables, 'fts_entry'])}"))


def fill_finding(connection: Connection, build: Build) -> None:
    """Write what records are found by: names, properties, and the entries of the search."""
    names: list[dict[str, Any]] = []
    properties: list[dict[str, Any]] = []
    known: list[tuple[int, int, str, Kind]] = []
    spellings: dict[tuple[Kind, str], list[str]] = {}
    for resource in RESOURCES:
        for record_id, row in build.facts.of(resource.kind).items():
            answer = build.answers[resource.kind][record_id]
            own = names_of(resource.kind, row, name_of(row), curies(row))
            names += own
            spellings[resource.kind, record_id] = [name["spelling"] for name in own]
            held = list(properties_of(resource, row, answer))
            properties += held
            weight = len(held) if resource.kind in NAMED else 0
            known.append((RANK.index(resource.kind), -weight, record_id, resource.kind))
    entries, rows = [], []
    words: list[tuple[Kind, set[str]]] = []
    for number, (_, _, record_id, kind) in enumerate(sorted(known), 1):
        row = build.facts.of(kind)[record_id]
        body = list(build.texts(kind, row))
        entries.append(
            {
                "number": number,
                "kind": kind,
                "record_id": record_id,
                "label": name_of(row),
                "text": " · ".join(body),
            }
        )
        words.append((kind, words_of(spellings[kind, record_id], body)))
        rows.append(index_row(connection, number, words[-1][1]))
    connection.execute(insert(Name), names)
    connection.execute(insert(Property), properties)
    connection.execute(insert(Entry), entries)
    connection.execute(index_statement(connection), rows)
    connection.execute(insert(Term), common_terms(count_terms(words)))


def count_terms(words: list[tuple[Kind, set[str]]]) -> Counter[tuple[str, Kind]]:
    """How many records of a kind hold a term, given the words of each; without terms that are rare."""
    held = Counter(chain.from_iterable(own for _, own in words))
    found_by = {word: terms_of(word) for word in held}
    most: dict[str, int] = defaultdict(int)
    for word, records in held.items():
        for term in found_by[word]:
            most[term] += records
    common = {word: [each for each in found if most[each] >= COMMON] for word, found in found_by.items()}
    terms: Counter[tuple[str, Kind]] = Counter()
    for kind, own in words:
        terms.update((term, kind) for term in set(chain.from_iterable(map(common.__getitem__, own))))
    return terms


def common_terms(terms: Mapping[tuple[str, Kind], int]) -> list[dict[str, Any]]:
    """The rows of the terms that many records hold."""
    totals: Counter[str] = Counter()
    for (term, _), records in terms.items():
        totals[term] += records
    return [
        {"word": term, "kind": kind, "records": records}
        for (term, kind), records in terms.items()
        if totals[term] >= COMMON
    ]


def fill_tallies(connection: Connection) -> None:
    """Count, from the rows as they are written, how many records have each value."""
    for resource in RESOURCES:
        table = resource.table.__table__
        fields = {name: name for name in resource.filters.columns if name != "id"}
        fields |= {name: f"{name}_id" for name in resource.filters.references}
        for name, field in fields.items():
            column = table.c[field]
            counted = select(column, func.count()).group_by(column).order_by(column)
            rows = tally_rows(resource.kind, name, connection.execute(counted))
            while part := list(islice(rows, 10_000)):
                connection.execute(insert(Tally), part)
    of_value = (Property.kind, Property.name, Property.key, Property.value)
    connection.execute(
        insert(Tally).from_select(
            ["kind", "name", "key", "value", "records"],
            select(*of_value, func.count()).group_by(*of_value),  # type: ignore[call-overload]
        )
    )


def fill_pairs(connection: Connection) -> None:
    """Count how many records have two values at once, of values that more than MANY have.

    Records that are alike in all these values are counted as one, so often as there are.
    """
    for resource in RESOURCES:
        table, kind = resource.table.__table__, resource.kind
        held = (
            select(Tally.name, Tally.key, func.max(Tally.below))  # type: ignore[call-overload]
            .where(col(Tally.kind) == kind)
            .group_by(col(Tally.name), col(Tally.key))
            .having(func.sum(Tally.records) > MANY)
        )
        common: dict[str, set[str]] = defaultdict(set)
        of_fields = set()
        for name, key, below in connection.execute(held):
            common[name].add(key)
            if below is not None:
                of_fields.add(name)
        fields = sorted(of_fields)
        lists = sorted(common.keys() - of_fields)
        if not common:
            continue
        listed = select(Property.record_id, Property.name, Property.key).where(  # type: ignore[call-overload]
            col(Property.kind) == kind, col(Property.name).in_(lists)
        )
        of_records = groupby(
            connection.execute(listed.order_by(col(Property.record_id)), execution_options=STREAMED),
            key=lambda each: each[0],
        )
        columns_ = [table.c[f"{each}_id" if each in resource.filters.references else each] for each in fields]
        rows = connection.execute(
            select(table.c.id, *columns_).order_by(table.c.id), execution_options=STREAMED
        )
        alike: Counter[tuple[tuple[str, str], ...]] = Counter()
        listed_id, own = next(of_records, (None, iter(())))
        for record_id, *values in rows:
            marks = [
                (name, key)
                for name, value in zip(fields, values, strict=True)
                if (key := key_of(value)) in common[name]
            ]
            if listed_id == record_id:
                marks += ((name, key) for _, name, key in own if key in common[name])
                listed_id, own = next(of_records, (None, iter(())))
            alike[tuple(marks)] += 1
        pairs: Counter[tuple[tuple[str, str], tuple[str, str]]] = Counter()
        for marks_, records in alike.items():
            for pair in permutations(marks_, 2):
                pairs[pair] += records
        made = [
            {
                "kind": kind,
                "name": one[0],
                "key": one[1],
                "other": other[0],
                "other_key": other[1],
                "records": records,
            }
            for (one, other), records in pairs.items()
        ]
        if made:
            connection.execute(insert(Pair), made)


STREAMED = {"yield_per": 5_000}


@lru_cache(maxsize=10_000, typed=True)
def key_of(value: Any) -> str:
    """What filters compare of a value, or of none."""
    return "" if value is None else lower_ascii(plain(value))


def tally_rows(kind: Kind, name: str, counted: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """The rows for the values of a field, given in their order with the records of each."""
    below = 0
    for value, records in counted:
        written = "" if value is None else plain(value)
        yield {
            "kind": kind,
            "name": name,
            "key": lower_ascii(written),
            "value": written,
            "number": None if isinstance(value, (str, bool)) else value,
            "records": records,
            "below": 0 if value is None else below,
        }
        below += 0 if value is None else records


def properties_of(resource: Resource, row: Any, answer: Answer) -> Iterator[dict[str, Any]]:
    """The values of the lists and relations of a record, each once."""
    filters = resource.filters
    values = {name: [(squeeze(each), each) for each in getattr(row, name)] for name in filters.members}
    values |= {name: [(each, each) for each in held if each] for name, held in answer.related.items()}
    for name, pairs in values.items():
        if name not in filters.model_fields:
            continue
        for key, value in {str(key): str(value) for key, value in pairs}.items():
            yield {"kind": resource.kind, "name": name, "key": key, "record_id": row.id, "value": value}


def columns(resource: Resource, row: Any, answer: Answer) -> dict[str, Any]:
    """The row of a table: the fields of the seed row, what it refers to, and its answers."""
    table = resource.table.model_fields
    values = {name: getattr(row, name) for name in type(row).model_fields if name in table}
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
