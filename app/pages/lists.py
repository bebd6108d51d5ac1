"""Lists: which columns the table of a collection has, and which fields its form offers."""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.datastructures import QueryParams

from app.catalog import Resource
from app.models.base import Kind
from app.models.filters import Filters, Format
from app.models.graph import GraphFormat
from app.pages.render import capital, words

Asked = list[tuple[str, str]]

OF_FILES = ("format", "fields", "facets")
"""Parameters of a list that a table has no place for."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, the field it shows, and how; sorted by that field where a list can be."""

    heading: str
    field: str
    shape: str = "text"
    of: str | None = None
    """The collection that references lead to."""


COLUMNS: dict[str, list[Column]] = {
    "inhibitors": [
        Column("Inhibitor", "name", "self"),
        Column("Targets", "targets", "refs", "targets"),
        Column("Scope", "scope", "words"),
        Column("Modality", "modality", "words"),
        Column("Status", "status", "words"),
        Column("First approved", "first_approval_year", "year"),
        Column("For a cancer", "approved_for_cancer", "truth"),
        Column("Evidence", "evidence", "counts"),
    ],
    "targets": [
        Column("Symbol", "symbol", "self"),
        Column("Name", "name"),
        Column("Role", "role", "words"),
        Column("Evidence", "evidence", "counts"),
    ],
    "cancers": [
        Column("Cancer", "name", "self"),
        Column("Group", "group", "words"),
        Column("Site", "site"),
        Column("Prognosis with a high IL-6", "prognosis", "prognosis"),
        Column("Evidence", "evidence", "counts"),
    ],
    "mechanisms": [
        Column("Mechanism", "name", "self"),
        Column("Category", "category", "words"),
        Column("Summary", "summary"),
        Column("Evidence", "evidence", "counts"),
    ],
    "evidence": [
        Column("Claim", "statement", "self"),
        Column("Type", "type", "words"),
        Column("Direction", "direction", "direction"),
        Column("Level", "level", "level"),
        Column("Cancer", "cancer", "ref", "cancers"),
        Column("Inhibitor", "inhibitor", "ref", "inhibitors"),
        Column("Publication", "publication", "publication", "publications"),
    ],
    "trials": [
        Column("Number", "registry_id", "self"),
        Column("Title", "title"),
        Column("Phase", "phase", "year"),
        Column("Status", "status", "words"),
        Column("Outcome", "outcome", "outcome"),
        Column("Inhibitors", "inhibitors", "refs", "inhibitors"),
        Column("Cancers", "cancers", "refs", "cancers"),
        Column("Start", "start_year", "year"),
    ],
    "approvals": [
        Column("Agency", "agency", "self"),
        Column("Inhibitor", "inhibitor", "ref", "inhibitors"),
        Column("Indication", "indication", "ref", "indications"),
        Column("Year", "year", "year"),
        Column("Status", "status", "words"),
        Column("Brand", "brand"),
        Column("For a cancer", "for_cancer", "truth"),
    ],
    "indications": [
        Column("Indication", "name", "self"),
        Column("Area", "area", "words"),
        Column("Inhibitors", "inhibitors", "refs", "inhibitors"),
    ],
    "interactions": [
        Column("What happens", "statement", "self"),
        Column("Source", "source", "node"),
        Column("Predicate", "predicate", "words"),
        Column("Object", "object", "node"),
    ],
    "publications": [
        Column("Title", "title", "self"),
        Column("Authors", "authors", "authors"),
        Column("Journal", "journal"),
        Column("Year", "year", "year"),
        Column("Kind", "kind", "words"),
    ],
}


@dataclass(frozen=True)
class Heading:
    """The heading of a column: where it leads, and how the list is sorted by it now."""

    column: Column
    href: str | None
    sorted: str | None


def headings(resource: Resource, filters: Filters, asked: Asked) -> list[Heading]:
    """A click sorts by a column, a second click the other way round."""
    sortable = {*resource.filters.columns, *resource.filters.references}
    first = filters.sort[0] if filters.sort else "id"
    found = []
    for column in COLUMNS[resource.path]:
        field = column.field
        href = None
        if field in sortable:
            wanted = f"-{field}" if first == field else field
            kept = [(name, value) for name, value in asked if name not in ("sort", "cursor")]
            href = f"/explore/{resource.path}?{urlencode([*kept, ('sort', wanted)])}"
        now = {field: "ascending", f"-{field}": "descending"}.get(first)
        found.append(Heading(column, href, now))
    return found


@dataclass(frozen=True)
class Field:
    """A field of a form: a choice where there are options, else a text or a number."""

    name: str
    label: str
    hint: str
    value: str
    options: list[tuple[str, str]] | None = None
    numeric: bool = False
    main: bool = True


LABELS = {
    "doi": "DOI", "pmid": "PMID", "pmcid": "PMCID", "url": "URL", "n": "Patients", "has_trial": "Tried in it",
    "ci_low": "Interval, low end", "ci_high": "Interval, high end", "p_value": "p", "id": "Id",
    "seed": "Founding document",
    "include_descendants": "With narrower cancers", "min_level": "Level, at least", "kind": "Kind",
    "for_cancer": "For a cancer", "approved_for_cancer": "For a cancer", "p_relation": "p lies",
}  # fmt: skip


def label_of(name: str) -> str:
    plain, _, bound = name.partition("__")
    return LABELS.get(plain, capital(words(plain))) + {"gte": ", from", "lte": ", to"}.get(bound, "")


RARE = ("comparison", "p_relation")
"""Choices that few readers look for."""


def fields(filters: type[BaseModel], given: QueryParams) -> list[Field]:
    """The parameters of a question as fields of a form, filled in with what was asked."""
    return [
        field(name, each, filters, given)
        for name, each in filters.model_fields.items()
        if name not in (*OF_FILES, "limit", "cursor", "q", "ids", "sort")
    ]


def field(name: str, parameter: FieldInfo, filters: type[BaseModel], given: QueryParams) -> Field:
    """One parameter; the main ones are choices, other records, and years."""
    value = ",".join(given.getlist(name))
    options = options_of(parameter.annotation)
    if options is not None and value and value not in dict(options):
        options.append((value, ", ".join(map(words, value.split(",")))))
    plain = name.partition("__")[0]
    numeric = scalar_of(parameter.annotation) in (int, float)
    own = issubclass(filters, Filters) and plain in (*filters.columns, *filters.members)
    return Field(
        name=name,
        label=label_of(name),
        hint=parameter.description or "",
        value=value,
        options=options,
        numeric=numeric,
        main=(options is not None and plain not in RARE) or not own or plain.endswith("year"),
    )


def scalar_of(annotation: Any) -> Any:
    """The type of a single value of a parameter."""
    while arguments := typing.get_args(annotation):
        if typing.get_origin(annotation) is Literal:
            return annotation
        annotation = arguments[0]
    return annotation


def options_of(annotation: Any) -> list[tuple[str, str]] | None:
    """The values that a parameter takes, with their labels, if they are few and known."""
    single = scalar_of(annotation)
    if typing.get_origin(single) is Literal:
        return [(each, words(each)) for each in typing.get_args(single)]
    if single is bool:
        return [("true", "yes"), ("false", "no")]
    if issubclass(single, StrEnum):
        return [(each.value, words(each.value)) for each in single]
    return None


FORMATS = {
    Format.CSV: "CSV", Format.TSV: "TSV", Format.NDJSON: "NDJSON",
    Format.BIBTEX: "BibTeX", Format.RIS: "RIS", Format.CSL: "CSL-JSON",
}  # fmt: skip

GRAPH_FORMATS = {
    GraphFormat.CYTOSCAPE: "Cytoscape", GraphFormat.GRAPHML: "GraphML", GraphFormat.SIF: "SIF",
    GraphFormat.DOT: "DOT", GraphFormat.SVG: "SVG", GraphFormat.KGX_NODES: "KGX nodes",
    GraphFormat.KGX_EDGES: "KGX edges",
}  # fmt: skip


def downloads(path: str, asked: Asked, formats: Mapping[Any, str] = FORMATS) -> list[tuple[str, str]]:
    """The whole answer in each format: the name of the format and the address in the API."""
    return [(label, f"{path}?{urlencode([*asked, ('format', name)])}") for name, label in formats.items()]


def noun(resource: Resource, count: int) -> str:
    """What so many records of a collection are called."""
    if resource.kind == Kind.EVIDENCE:
        return "claim" if count == 1 else "claims"
    return resource.kind.value if count == 1 else resource.path


def without_cursor(path: str, asked: Asked) -> str:
    """The address of the first part of a list."""
    kept = [(name, value) for name, value in asked if name != "cursor"]
    return f"{path}?{urlencode(kept)}" if kept else path


def in_words(asked: Asked) -> str:
    """What was asked for, as the end of a title."""
    said = [
        f"{label_of(name).lower()} {words(value)}" if name != "q" else f"“{value}”"
        for name, value in asked
        if name not in ("cursor", "limit", "sort")
    ]
    return ", ".join(said)
