"""Forms: the parameters of a question as fields that a reader fills in."""

from typing import NamedTuple

from pydantic import BaseModel
from starlette.datastructures import QueryParams

from app.models.filters import Filters, options_of, single_of

OF_FILES = ("format", "fields", "facets")
"""Parameters of a list that a table has no place for."""

RARE = ("comparison", "p_relation")
"""Choices that few readers look for."""


class Field(NamedTuple):
    """A field of a form: a choice where there are options, else a text or a number."""

    name: str
    hint: str
    value: str
    options: list[str] | None
    numeric: bool
    main: bool
    """Whether it is seen at once: choices, other records, and years are."""


def fields(filters: type[BaseModel], given: QueryParams) -> list[Field]:
    """The parameters of a question as fields, filled in with what was asked."""
    found = []
    for name, parameter in filters.model_fields.items():
        if name in (*OF_FILES, "limit", "cursor", "q", "ids", "sort"):
            continue
        value = ",".join(given.getlist(name))
        single = single_of(parameter.annotation)
        options = options_of(single)
        if options is not None and value and value not in options:
            options.append(value)
        plain = name.partition("__")[0]
        own = issubclass(filters, Filters) and plain in (*filters.columns, *filters.members)
        main = (options is not None and plain not in RARE) or not own or plain.endswith("year")
        numeric = single in (int, float)
        found.append(Field(name, parameter.description or "", value, options, numeric, main))
    return found
