"""What the columns of a table mean: the type of each, and a description in words."""

import datetime
import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from app.exports import table
from app.models.base import Kind
from app.models.filters import scalar

WORDS = {
    "action": "what it does to its target",
    "agency": "the regulator that decided",
    "area": "the field of medicine",
    "category": "what kind of mechanism it is",
    "design": "how the study was designed",
    "developer": "who develops or developed it",
    "doi": "digital object identifier",
    "first_approval_year": "the year of its first approval anywhere, for whatever indication",
    "group": "solid tumours or cancers of the blood",
    "id": "identifier: unique in its collection, the same in every release",
    "issue": "issue of the journal",
    "journal": "name of the journal, in full",
    "kind": "which kind of record it is",
    "masking": "who did not know the treatment",
    "modality": "which kind of drug it is",
    "name": "what it is called",
    "p_value": "the p value as printed",
    "pages": "pages, or the number of the article",
    "phase": "phase of the trial",
    "pmcid": "identifier in PubMed Central",
    "pmid": "identifier in PubMed",
    "predicate": "what the source does to the object",
    "role": "what the protein does in the pathway",
    "sponsor": "who is responsible for the trial",
    "start_year": "the year in which it began",
    "status": "where it stands",
    "summary": "what it is, in a sentence or two",
    "synonyms": "other names",
    "title": "title",
    "unit": "unit of the value",
    "url": "web address",
    "value": "the figure as printed",
    "verdict": "what a high IL-6 means for the prognosis",
    "volume": "volume of the journal",
    "year": "year of publication",
}
"""What a field means that neither its model nor its vocabulary says in words."""

GROUPS = ("effect", "evidence", "prognosis")
"""Fields whose parts mean what they say without it."""

TYPES = {bool: "boolean", int: "integer", float: "number", datetime.date: "date"}


@dataclass(frozen=True)
class Column:
    """A column: its path, the type of a value, what it means, and the words it may hold."""

    path: tuple[str, ...]
    type: str
    about: str
    words: tuple[str, ...]
    several: bool
    """Whether a cell holds several values, joined."""

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def refers_to(self) -> str | None:
        """Of a column that holds the id of one other record, the field that names it."""
        one = len(self.path) == 2 and self.path[1] == "id" and not self.several
        return self.path[0] if one else None


def columns_of(model: type[BaseModel]) -> list[Column]:
    """The columns of the table of a model, in the order in which the table has them."""
    return [described(model, path) for path in table.columns_of(model)]


def described(model: type[BaseModel], path: tuple[str, ...]) -> Column:
    """A column, by the fields along its path."""
    if path[0] == table.XREF:
        about = f"identifier in {path[1]}, by its Bioregistry prefix; several are joined by {table.JOIN}"
        return Column(path, "string", about, (), True)
    kind: Any = model
    about, several = "", False
    for name in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields[name]
            kind = scalar(field.annotation)
            if typing.get_origin(kind) is list:
                kind, several = scalar(typing.get_args(kind)[0]), True
            if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
                about = meaning(name, kind, field.description)
        else:  # a mapping, by the keys it has
            kind, about = typing.get_args(kind)[1], f"{about}: {name}"
    if path[-1] in ("id", "name") and len(path) > 1:
        about = path[-1]
    if len(path) > 1 and path[0] not in GROUPS:
        about = f"{about}, of {'each of the' if several else 'the'} {path[-2].replace('_', ' ')}"
    if several:
        about = f"{about}; several are joined by {table.JOIN}"
    words = tuple(kind) if issubclass(kind, StrEnum) and not several else ()
    return Column(path, "string" if several else TYPES.get(kind, "string"), about, words, several)


def meaning(name: str, kind: Any, description: str | None) -> str:
    """What a field means: by its own description, that of its vocabulary, or the words above."""
    if description:
        return description
    told = kind.__dict__.get("__doc__") if isinstance(kind, type) and issubclass(kind, StrEnum) else None
    if told and kind is not Kind:
        return str(told).splitlines()[0].rstrip(".")
    return WORDS[name]
