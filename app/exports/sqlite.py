"""A release as an SQLite file: a plain table per collection, per list and per link, and views with names."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, Table, select
from sqlmodel import Session, SQLModel

from app.catalog import RESOURCES, Resource
from app.exports.columns import GROUPS, columns_of, described, meaning
from app.exports.table import value_of
from app.models.base import Kind
from app.models.filters import scalar
from app.models.release import ReleaseRead
from app.models.vocabulary import vocabularies

OF_ANSWERS = ("label", "item", "record")
"""Columns that hold answers, not facts."""

COMPUTED: dict[Kind, tuple[tuple[str, tuple[str, ...]], ...]] = {
    Kind.EVIDENCE: (
        ("harmonised_value", ("effect", "harmonised", "value")),
        ("harmonised_ci_low", ("effect", "harmonised", "ci_low")),
        ("harmonised_ci_high", ("effect", "harmonised", "ci_high")),
        ("not_harmonised", ("effect", "not_harmonised")),
    ),
    Kind.INTERACTION: (("sign", ("sign",)), ("level", ("level",))),
}
"""Columns that answers have and rows have not, with their paths in the answers."""

VIEWS = {
    "approvals_named": """
        SELECT approvals.id, inhibitors.name AS inhibitor, indications.name AS indication, approvals.agency,
            approvals.year, approvals.status, approvals.for_cancer, approvals.proof, approvals.brand,
            approvals.population
        FROM approvals JOIN inhibitors ON inhibitors.id = approvals.inhibitor_id
        JOIN indications ON indications.id = approvals.indication_id""",
    "evidence_named": """
        SELECT evidence.id, evidence.type, evidence.direction, evidence.level, evidence.significance,
            cancers.name AS cancer, inhibitors.name AS inhibitor, mechanisms.name AS mechanism,
            targets.symbol AS target, evidence.statement, evidence.measure, evidence.value, evidence.ci_low,
            evidence.ci_high, evidence.comparison, evidence.endpoint, evidence.harmonised_value,
            evidence.harmonised_ci_low, evidence.harmonised_ci_high, publications.title AS publication,
            publications.year, publications.doi, publications.pmid, publications.url
        FROM evidence JOIN publications ON publications.id = evidence.publication_id
        LEFT JOIN cancers ON cancers.id = evidence.cancer_id
        LEFT JOIN inhibitors ON inhibitors.id = evidence.inhibitor_id
        LEFT JOIN mechanisms ON mechanisms.id = evidence.mechanism_id
        LEFT JOIN targets ON targets.id = evidence.target_id""",
    "trials_named": """
        SELECT trials.id, trials.title, inhibitors.name AS inhibitor, cancers.name AS cancer, trials.phase,
            trials.status, trials.purpose, trials.outcome, trials.outcome_of, trials.result
        FROM trials LEFT JOIN trial_inhibitor ON trial_inhibitor.trial_id = trials.id
        LEFT JOIN inhibitors ON inhibitors.id = trial_inhibitor.inhibitor_id
        LEFT JOIN trial_cancer ON trial_cancer.trial_id = trials.id
        LEFT JOIN cancers ON cancers.id = trial_cancer.cancer_id""",
}
"""Questions that people ask first, with names in the place of ids; a trial has a row per drug and cancer."""

VERSION = 3_040_000
"""What the file says wrote it: it would differ from machine to machine, and means nothing to a reader."""


def write(session: Session, release: ReleaseRead) -> bytes:
    """The file."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        database.execute("PRAGMA page_size = 4096")
        database.execute("BEGIN")
        fill(database, session, release)
        database.execute("COMMIT")
        content = bytearray(database.serialize())
    finally:
        database.close()
    content[96:100] = VERSION.to_bytes(4, "big")
    return bytes(content)


def fill(database: sqlite3.Connection, session: Session, release: ReleaseRead) -> None:
    plural = {str(each.kind): each.path for each in RESOURCES}
    owned = SQLModel.metadata.tables
    about = {"version": release.version, "date": str(release.date), "licence": release.licence}
    about |= {"citation": release.citation, "checksum": release.checksum}
    create(database, "about", ["name TEXT PRIMARY KEY", "value TEXT"], about.items())
    words = [(each.__name__, word.value, word.about) for each in vocabularies() for word in each]
    create(database, "words", ["vocabulary TEXT", "word TEXT", "meaning TEXT"], words)
    meanings: list[tuple[str, str, str]] = []
    for resource in RESOURCES:
        meanings += fill_collection(database, session, resource, plural)
    for link in links(owned):
        ends = list(link.columns)
        rows = session.execute(select(*ends).order_by(*ends)).all()
        create(database, link.name, [declared(each, plural) for each in ends], rows)
    create(
        database,
        "xrefs",
        ["kind TEXT", "record_id TEXT", "prefix TEXT", "identifier TEXT"],
        (row for resource in RESOURCES for row in xrefs(session, resource.kind)),
    )
    create(database, "columns", ["table_name TEXT", "column_name TEXT", "meaning TEXT"], meanings)
    for name, question in VIEWS.items():
        database.execute(f"CREATE VIEW {name} AS{question}")


def fill_collection(
    database: sqlite3.Connection, session: Session, resource: Resource, plural: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    """The table of a collection and those of its lists; gives what each column means."""
    own = SQLModel.metadata.tables[resource.kind]
    plain = [each for each in own.columns if each.name not in OF_ANSWERS and not is_list(each)]
    plain.sort(key=lambda each: not each.primary_key)
    computed = [(name, described(resource.item, path)) for name, path in COMPUTED.get(resource.kind, ())]
    columns = [declared(each, plural) for each in plain]
    columns += [f"{name} {'REAL' if each.type == 'number' else 'TEXT'}" for name, each in computed]
    rows = []
    for item, *values in session.execute(select(own.c.item, *plain).order_by(own.c.id)):
        answer = json.loads(item)
        rows.append([*values, *(value_of(answer, each.path) for _, each in computed)])
    create(database, resource.path, columns, rows)
    yield from ((resource.path, each.name, meaning_of(resource, each.name)) for each in plain)
    yield from ((resource.path, name, each.about) for name, each in computed)
    for each in filter(is_list, own.columns):
        columns = [f"{resource.kind}_id TEXT REFERENCES {resource.path}(id)", "position INTEGER"]
        held = session.execute(select(own.c.id, each).order_by(own.c.id)).all()
        listed = [(key, n, text) for key, texts in held for n, text in enumerate(texts or [], 1)]
        name = f"{resource.kind}_{each.name}"
        create(database, name, [*columns, "value TEXT"], listed)
        yield name, "value", meaning_of(resource, each.name)


def create(database: sqlite3.Connection, name: str, columns: list[str], rows: Any) -> None:
    database.execute(f'CREATE TABLE "{name}" ({", ".join(columns)})')
    marks = ", ".join("?" * len(columns))
    database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', [tuple(row) for row in rows])
    for each in columns:
        column, _, rest = each.partition(" ")
        if "REFERENCES" in rest:
            column = column.strip('"')
            database.execute(f'CREATE INDEX "{name}_{column}" ON "{name}" ("{column}")')


def is_list(column: Column[Any]) -> bool:
    return type(column.type).__name__ == "JSON"


def declared(column: Column[Any], plural: dict[str, str]) -> str:
    """How a column is declared, with what it refers to."""
    type_ = {Boolean: "INTEGER", Integer: "INTEGER", Float: "REAL"}.get(type(column.type), "TEXT")
    told = f'"{column.name}" {type_}'
    if column.primary_key and len(column.table.primary_key) == 1:
        return f"{told} PRIMARY KEY"
    for each in column.foreign_keys:
        told += f" REFERENCES {plural[each.column.table.name]}(id)"
    return told


def links(tables: Any) -> Iterator[Table]:
    """The tables that join two collections."""
    for name in sorted(tables):
        columns = tables[name].columns
        if len(columns) == 2 and all(each.foreign_keys for each in columns):
            yield tables[name]


def xrefs(session: Session, kind: str) -> Iterator[tuple[str, str, str, str]]:
    table = SQLModel.metadata.tables[kind]
    for record_id, item in session.execute(select(table.c.id, table.c.item).order_by(table.c.id)):
        for curie in json.loads(item).get("xrefs", []):
            prefix, _, identifier = curie.partition(":")
            yield kind, record_id, prefix, identifier


def meaning_of(resource: Resource, name: str) -> str:
    """What a column means, in words."""
    plain, _, end = name.rpartition("_")
    if plain and end in ("id", "kind") and name != "registry_id":
        return f"{end} of the {plain.replace('_', ' ')}"
    parts = (each for each in columns_of(resource.item) if each.path[0] in GROUPS)
    told = {key: each.about for each in parts for key in (each.path[-1], each.path[0])}
    field = resource.table.model_fields[name]
    return meaning(name, scalar(field.annotation), field.description or told.get(name))
