"""What a list can be asked for: the parameters every list takes, and the filters a collection offers.

A filter is a field of the collection, or a relation: another record it must belong to, by any of its names.
A relation leads along paths, such as `approvals.agency`: the relationship to linked rows, and the filter
that such a row must hold to. `name__not` excludes what `name` would find, and `approval.year` is the filter
`year` of linked approvals; models made here allow both beside their fields.
"""

import datetime
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_core import PydanticCustomError
from sqlalchemy import Column, ForeignKey, Index, String, Table
from sqlmodel import SQLModel

from app.models.base import Kind

PROSE = ("format", "outcome_of", "primary_endpoint", "result", "statement", "summary", "why_stopped")
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
    XLSX = "xlsx"
    NDJSON = "ndjson"
    BIBTEX = "bibtex"
    RIS = "ris"
    CSL = "csl"


class RecordFormat(StrEnum):
    """How a record is written."""

    JSON = "json"
    JSONLD = "jsonld"
    TURTLE = "turtle"
    BIBTEX = "bibtex"
    RIS = "ris"
    CSL = "csl"


class View(StrEnum):
    """How much of a record is told."""

    BRIEF = "brief"


def split_commas(value: object) -> object:
    """Read `a,b` as two values, as if the parameter had been given twice; raise ValueError for too many."""
    if not isinstance(value, list):
        return value
    values = [part for each in value for part in (each.split(",") if isinstance(each, str) else [each])]
    if len(values) > MOST:
        raise ValueError(f"At most {MOST} values, these are {len(values)}")
    return values


def split_once(value: object) -> object:
    """The same for values of which none may be given twice."""
    values = split_commas(value)
    if isinstance(values, list) and len(set(map(str, values))) < len(values):
        raise ValueError("Each value once")
    return values


def split_text(value: object) -> object:
    """The same for texts, some of which hold a comma themselves: then the whole counts as a value too."""
    parts = split_commas(value)
    if not isinstance(value, list) or not isinstance(parts, list):
        return value
    whole = [each for each in value if isinstance(each, str) and ", " in each and len(each) <= LONGEST]
    return list(dict.fromkeys([*whole, *parts]))


DATES = ("published", "status_as_of")
"""Fields that hold a day or a month."""


def check_date(text: str) -> str:
    """Refuse what no calendar has."""
    try:
        if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", text):
            raise ValueError
        datetime.date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        raise PydanticCustomError(
            "date", "A date is a day of the calendar, as 2022-07-18, 2022-07 or 2022"
        ) from None
    return text


Date = Annotated[str, AfterValidator(check_date), Field(json_schema_extra={"examples": ["2022-07-18"]})]

Words = Annotated[str, StringConstraints(max_length=LONGEST, pattern=r"^[^\x00]*$")]
Names = Annotated[list[Words], BeforeValidator(split_text), Field(max_length=MOST)]


Asked = TypeVar("Asked", bound=BaseModel)


class AnyKind:
    """The far end of a relation whose records are of several kinds."""


RelationTo = Kind | type[StrEnum] | type[AnyKind]
"""What a relation leads to: records of a kind, records of any kind, or plain values."""


@dataclass(frozen=True, init=False)
class Leads:
    """Where a relation leads, and along which paths: any of them may be the one that a record has."""

    to: RelationTo
    paths: tuple[tuple[str, str], ...]
    """Of each path the relationship, empty for none, and the filter of the rows that it leads to."""

    def __init__(self, to: RelationTo, *paths: str) -> None:
        split = tuple(path.rpartition(".")[::2] for path in paths)
        object.__setattr__(self, "to", to)
        object.__setattr__(self, "paths", split)


@dataclass(frozen=True)
class Switch:
    """Something that a record has or has not, and the condition on its row."""

    about: str
    test: Callable[[Any], Any]


NEIGHBOURS = ("incoming.source", "outgoing.object")
"""The paths to the other ends of interactions."""


def single_of(annotation: Any) -> Any:
    """The type of a single value of a parameter."""
    while typing.get_origin(annotation) is not Literal and (arguments := typing.get_args(annotation)):
        annotation = arguments[0]
    return annotation


def options_of(single: Any) -> list[str] | None:
    """The values of a type, if they are few and known."""
    if typing.get_origin(single) is Literal:
        return list(typing.get_args(single))
    if single is bool:
        return ["true", "false"]
    return [*single] if issubclass(single, StrEnum) else None


def word_key(word: str) -> str:
    """What the spellings of a word of a vocabulary have in common: `Health_Canada` is `health canada`."""
    return re.sub(r"[_\s]+", "-", word.strip().lower())


class Question(BaseModel):
    """Parameters none of whose values is read as something else than it says."""

    @field_validator("*", mode="before")
    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> object:
        """A value as the atlas writes it, where there are few; refuse one that says nothing or `not`."""
        name = str(info.field_name)
        single = single_of(cls.model_fields[name].annotation)
        spelt = {word_key(each): each for each in options_of(single) or []}
        signs = {"cursor": "", "q": "", "sort": "!~"}.get(name, "!~" if single in (int, float) else "!~-")

        def read_one(text: object) -> object:
            if not isinstance(text, str):
                return text
            if not text.strip():
                raise PydanticCustomError("empty_value", "An empty value asks for nothing: leave it out")
            parts = text.split(",", MOST)
            if signed := next((each for each in parts if each.lstrip().startswith(tuple(signs))), None):
                detail = cls.negation(name, signed.lstrip()[0])
                raise PydanticCustomError("negated_value", "{detail}", {"detail": detail})
            return ",".join(spelt.get(word_key(each), each) for each in parts) if spelt else text

        return [read_one(each) for each in value] if isinstance(value, list) else read_one(value)

    @classmethod
    def negation(cls, name: str, sign: str) -> str:
        """What to say instead of a value that begins with a sign."""
        filters = getattr(cls, "of", cls)
        kinds = ("columns", "references", "members", "relations", "switches", "aliases")
        if not any(name in getattr(filters, kind, ()) for kind in kinds):
            return f"No value begins with {sign}"
        return f"No value begins with {sign}; {name}__not= leaves out what {name}= finds"


class Filters(Question):
    """The parameters that every list takes."""

    model_config = ConfigDict(extra="allow")  # filters of linked rows, and exclusions

    columns: ClassVar[Mapping[str, type]] = {}
    """Scalar fields of the table, with their type: each is a filter, can be sorted by, and be counted."""
    references: ClassVar[Mapping[str, Kind]] = {}
    """Fields that refer to one other record, as columns `x_id`: likewise."""
    members: ClassVar[tuple[str, ...]] = ()
    """Fields that are lists of texts: each is a filter, and can be counted."""
    aliases: ClassVar[Mapping[str, str]] = {}
    """Other names of filters."""
    relations: ClassVar[Mapping[str, Leads]] = {}
    """What belongs to a record: each is a filter, and can be counted."""
    links: ClassVar[Mapping[str, str]] = {}
    """The relationships whose rows have filters too, by the kind of the rows: `approval.year`."""
    switches: ClassVar[Mapping[str, "Switch"]] = {}
    """What a record has or has not."""
    extras: ClassVar[tuple[str, ...]] = ()
    """Parameters that say how others are meant; alone, that there is something of that sort."""
    computed: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    """Columns that are made of the parameters: what is filtered, sorted or counted by them."""

    limit: int = Field(default=50, ge=0, le=500, description="records per page; 0 gives the count alone")
    cursor: str | None = Field(
        default=None, max_length=2000, description="where the page begins: opaque, from `next`"
    )
    q: str | None = Field(
        default=None,
        max_length=LONGEST,
        description="names, words and phrases that a record must hold, as in `/search`",
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
    """A list of different values out of a few, by repetition or with commas."""
    once = Field(json_schema_extra={"uniqueItems": True})
    return Annotated[list[Literal[tuple(values)]], BeforeValidator(split_once), once]  # type: ignore[misc]


def make_filters(
    table: type[SQLModel],
    item: type[BaseModel],
    *,
    references: Mapping[str, Kind] | None = None,
    relations: Mapping[str, Leads] | None = None,
    links: Mapping[str, str] | None = None,
    switches: Mapping[str, Switch] | None = None,
    aliases: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    computed: Mapping[str, Callable[[Any], Any]] | None = None,
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
    ends = {**references, **{name: each.to for name, each in relations.items()}}
    for name, to in ends.items():
        if isinstance(to, type) and issubclass(to, StrEnum):
            definitions[name] = (choices(to), Field(default=[], description=f"of any of these, {name}"))
        else:
            kind_of = "record" if to is AnyKind else str(to)
            definitions[name] = (Names, Field(default=[], description=f"the {kind_of}, by any of its names"))
    for name, switch in switches.items():
        definitions[name] = (bool | None, Field(default=None, description=switch.about))
    for alias, name in (aliases or {}).items():
        definitions[alias] = definitions[name]
    if any(name in ("cancer", "parent") and to == Kind.CANCER for name, to in ends.items()):
        definitions["include_descendants"] = (
            bool,
            Field(default=False, description="the cancer that is named stands for all narrower ones too"),
        )
    sortable = dict.fromkeys([*columns, *references, *(computed or {})])
    countable = list(dict.fromkeys([*columns, *members, *references, *relations]))
    countable.remove("id")
    definitions |= {
        "sort": (
            choice([sign + name for name in sortable for sign in ("", "-")]),
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
    for name in members:
        member_table(table, name)
    model = create_model(f"{table.__name__}Filters", __base__=Filters, **definitions, **(extra or {}))
    model.columns, model.references, model.members = columns, references, members
    model.relations, model.links, model.switches = relations, links or {}, switches
    model.aliases = aliases or {}
    model.extras, model.computed = tuple(extra or {}), computed or {}
    return model


def member_table(table: type[SQLModel], name: str) -> Table:
    """The values of a field that is a list of texts: filters compare `key`, which all spellings share."""
    left = table.__name__.lower()
    return Table(
        f"{left}_{name}",
        SQLModel.metadata,
        Column(f"{left}_id", ForeignKey(f"{left}.id"), primary_key=True),
        Column("key", String(), primary_key=True, index=True),
        Column("value", String(), nullable=False),
    )


class Part(Question):
    """The parameters of a question without some."""

    model_config = ConfigDict(extra="allow")

    of: ClassVar[type[BaseModel]]
    """The question."""


def without(filters: type[BaseModel], left_out: Collection[str], **more: Any) -> Any:
    """The parameters of a question without some, and with more: a model that `whole` reads."""
    kept = {
        name: (each.annotation, each) for name, each in filters.model_fields.items() if name not in left_out
    }
    model = create_model(f"{filters.__name__}Part", __base__=Part, **{**kept, **more})
    model.of = filters
    return model


def whole(filters: type[Asked], part: BaseModel) -> Asked:
    """The parameters that a part of them gives; they were validated when the part was read."""
    own = {name: getattr(part, name) for name in part.model_fields_set if name in filters.model_fields}
    given = own | (part.model_extra or {})
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
    if name not in DATES:
        return {name: (Names, Field(default=[], description=about))}
    return {
        name: (
            Annotated[list[Date], BeforeValidator(split_commas)],
            Field(default=[], description=f"{about}; a month or a year stands for all its days"),
        ),
        f"{name}__gte": (Date | None, Field(default=None, description=f"{name} from then on")),
        f"{name}__lte": (Date | None, Field(default=None, description=f"{name} up to then")),
    }
