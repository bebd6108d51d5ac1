"""What a list can be asked for: the parameters every list takes, and the filters a collection offers.

A filter is a field of the collection, or a relation: another record it must belong to, by any of its names.
"""

import re
import types
import typing
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model
from sqlalchemy import Index
from sqlmodel import SQLModel

from app.models.base import Kind

PROSE = ("format", "result", "statement", "summary")
"""Fields that are read, not compared: `q` looks into them."""

BIGGEST = 2**31 - 1

LONGEST = 500
"""Characters of a text that is compared."""

MOST = 500
"""Texts that one parameter may hold."""


class Format(StrEnum):
    """How a list is written."""

    JSON = "json"
    CSV = "csv"
    TSV = "tsv"
    NDJSON = "ndjson"
    BIBTEX = "bibtex"
    RIS = "ris"
    CSL = "csl"


def split_commas(value: object) -> object:
    """Read `a,b` as two values, as if the parameter had been given twice."""
    if isinstance(value, list):
        return [part for each in value for part in (each.split(",") if isinstance(each, str) else [each])]
    return value


def split_text(value: object) -> object:
    """The same for texts, some of which hold a comma themselves: then the whole counts as a value too."""
    parts = split_commas(value)
    if not isinstance(value, list) or not isinstance(parts, list) or len(value) > MOST:
        return value  # of too many none is left out as given before: they are refused
    whole = [each for each in value if isinstance(each, str) and ", " in each and len(each) <= LONGEST]
    return list(dict.fromkeys([*whole, *parts]))


Words = Annotated[str, StringConstraints(max_length=LONGEST, pattern=r"^[^\x00]*$")]
Names = Annotated[list[Words], BeforeValidator(split_text), Field(max_length=MOST)]


Asked = TypeVar("Asked", bound=BaseModel)


class AnyKind:
    """The far end of a relation whose records are of several kinds."""


RelationTo = Kind | type[StrEnum] | type[AnyKind]
"""What a relation leads to: records of a kind, records of any kind, or plain values."""


class Filters(BaseModel):
    """The parameters that every list takes."""

    model_config = ConfigDict(extra="forbid")

    columns: ClassVar[Mapping[str, type]] = {}
    """Scalar fields of the table, with their type: each is a filter, can be sorted by, and be counted."""
    references: ClassVar[Mapping[str, Kind]] = {}
    """Fields that refer to one other record, as columns `x_id`: likewise."""
    members: ClassVar[tuple[str, ...]] = ()
    """Fields that are lists of texts, as properties: each is a filter, and can be counted."""
    relations: ClassVar[Mapping[str, RelationTo]] = {}
    """What belongs to a record, as properties: each is a filter, and can be counted."""
    switches: ClassVar[tuple[str, ...]] = ()
    """Properties that a record has or has not."""

    limit: int = Field(default=50, ge=0, le=500, description="records per page; 0 gives the count alone")
    cursor: str | None = Field(
        default=None, max_length=2000, description="where the page begins: opaque, from `next`"
    )
    q: str | None = Field(
        default=None,
        max_length=200,
        description="words that names, synonyms or text must hold; `toci*` is the beginning of a word",
    )
    ids: Names = Field(
        default=[],
        description="just these records, in the order asked, by any of their names; the rest is in `missing`",
    )
    sort: list[str] = []
    fields: list[str] = []
    facets: list[str] = []
    format: str | None = None


def scalar(annotation: Any) -> Any:
    """The type of a field without `None` and constraints."""
    while typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        (annotation,) = [each for each in typing.get_args(annotation) if each is not type(None)]
        return scalar(annotation)
    return annotation


def choice(values: list[str]) -> Any:
    """A list of values out of a few, by repetition or with commas."""
    return Annotated[list[Literal[tuple(values)]], BeforeValidator(split_commas)]  # type: ignore[misc]


def make_filters(
    table: type[SQLModel],
    item: type[BaseModel],
    *,
    references: Mapping[str, Kind] | None = None,
    relations: Mapping[str, RelationTo] | None = None,
    switches: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    formats: tuple[Format, ...] = tuple(Format),
) -> type[Filters]:
    """The parameters of a collection: those of every list, its own fields, and what belongs to it."""
    references, relations, switches = references or {}, relations or {}, switches or {}
    about = {name: each.description for name, each in table.model_fields.items()}
    types_ = {name: scalar(each.annotation) for name, each in table.model_fields.items()}
    hidden = {"label", "item", "record", *PROSE, *(name for name in types_ if re.search("_(id|kind)$", name))}
    hidden -= {"registry_id"}
    columns = {name: kind for name, kind in types_.items() if isinstance(kind, type) and name not in hidden}
    members = tuple(name for name, kind in types_.items() if typing.get_origin(kind) is list)
    definitions: dict[str, Any] = {}
    for name, kind in columns.items():
        definitions |= filter_fields(name, kind, about[name])
    for name in members:
        definitions[name] = (Names, Field(default=[], description=about[name]))
    for name, to in {**references, **relations}.items():
        if isinstance(to, type) and issubclass(to, StrEnum):
            definitions[name] = (choices(to), Field(default=[], description=f"of any of these, {name}"))
        else:
            kind_of = "record" if to is AnyKind else str(to)
            definitions[name] = (Names, Field(default=[], description=f"the {kind_of}, by any of its names"))
    for name, words in switches.items():
        definitions[name] = (bool | None, Field(default=None, description=words))
    if {"cancer", "parent"} & {*references, *relations} and Kind.CANCER in {
        **references,
        **relations,
    }.values():
        definitions["include_descendants"] = (
            bool,
            Field(default=False, description="the cancer that is named stands for all narrower ones too"),
        )
    countable = list(dict.fromkeys([*columns, *members, *references, *relations]))
    countable.remove("id")
    definitions |= {
        "sort": (
            choice([sign + name for name in (*columns, *references) for sign in ("", "-")]),
            Field(
                default=[],
                description="fields to sort by, `-` for descending; ties fall by id, nulls come last",
            ),
        ),
        "fields": (
            choice(list(item.model_fields)),
            Field(default=[], description="only these fields, and id"),
        ),
        "facets": (
            choice(countable),
            Field(default=[], description="count the values of these fields over the whole filtered list"),
        ),
        "format": (
            Literal[tuple(each.value for each in formats)] | None,
            Field(
                default=None,
                description="how the list is written; exports stream, up to a limit that is given",
            ),
        ),
    }
    for name in [*columns, *(f"{reference}_id" for reference in references)]:
        if name != "id":  # an order goes along an index, and its ties fall by id
            Index(f"ix_{table.__name__.lower()}_{name}_id", table.__table__.c[name], table.__table__.c.id)  # type: ignore[attr-defined]
    model = create_model(f"{table.__name__}Filters", __base__=Filters, **definitions, **(extra or {}))
    model.columns, model.references, model.members = columns, references, members
    model.relations, model.switches = relations, tuple(switches)
    return model


def without(filters: type[BaseModel], left_out: Collection[str], **more: Any) -> Any:
    """The parameters of a question without some, and with more: a model that `whole` reads."""
    kept = {
        name: (each.annotation, each) for name, each in filters.model_fields.items() if name not in left_out
    }
    forbid = ConfigDict(extra="forbid")
    return create_model(f"{filters.__name__}Part", __config__=forbid, **{**kept, **more})


def whole(filters: type[Asked], part: BaseModel) -> Asked:
    """The parameters that a part of them gives; they were validated when the part was read."""
    given = {name: getattr(part, name) for name in part.model_fields_set if name in filters.model_fields}
    return filters.model_construct(_fields_set=set(given), **given)


def choices(enum: type[StrEnum]) -> Any:
    return Annotated[list[enum], BeforeValidator(split_commas)]  # type: ignore[valid-type]


def filter_fields(name: str, kind: type, about: str | None) -> dict[str, Any]:
    """The parameters by which one scalar field is filtered."""
    if issubclass(kind, StrEnum):
        return {name: (choices(kind), Field(default=[], description=about))}
    if issubclass(kind, bool):
        return {name: (bool | None, Field(default=None, description=about))}
    if issubclass(kind, (int, float)):
        number: Any = (
            Annotated[int, Field(ge=-BIGGEST, le=BIGGEST)]
            if issubclass(kind, int)
            else Annotated[float, Field(allow_inf_nan=False)]
        )
        return {
            name: (
                Annotated[list[number], BeforeValidator(split_commas)],
                Field(default=[], description=about),
            ),
            f"{name}__gte": (number | None, Field(default=None, description=f"{name} at least")),
            f"{name}__lte": (number | None, Field(default=None, description=f"{name} at most")),
        }
    bounds = {
        f"{name}__{end}": (Words | None, Field(default=None, description=f"{name} {words}"))
        for end, words in {"gte": "from this day on", "lte": "up to this day"}.items()
        if name == "published"
    }
    return {name: (Names, Field(default=[], description=about))} | bounds
