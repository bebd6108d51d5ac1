"""Forms: the parameters of a question as fields that a reader fills in."""

from typing import NamedTuple

from pydantic import BaseModel
from sqlmodel import Session, select
from starlette.datastructures import QueryParams

from app.catalog import BY_KIND
from app.models.base import Kind
from app.models.filters import AnyKind, Filters, options_of, single_of
from app.models.graph import NODE_KINDS, PathFilters
from app.store.release import remember

OF_FILES = ("format", "fields", "facets")
"""Parameters of a list that a table has no place for."""


class Field(NamedTuple):
    """A field of a form: a choice where there are options, else a text or a number."""

    name: str
    hint: str
    value: str
    options: list[str] | None
    numeric: bool
    main: bool
    """Whether it is seen at once; the others are folded."""
    kind: str
    """The kind of record that it names; empty where it names none."""


SEEN = {
    "inhibitors": ("scope", "target", "cancer"),
    "targets": ("role", "inhibitor", "cancer"),
    "cancers": ("prognosis", "inhibitor", "group"),
    "mechanisms": ("category", "cancer", "inhibitor"),
    "evidence": ("cancer", "inhibitor", "type"),
    "trials": ("cancer", "inhibitor", "outcome"),
    "approvals": ("inhibitor", "agency", "for_cancer"),
    "indications": ("area", "inhibitor", "agency"),
    "interactions": ("source", "object", "predicate"),
    "publications": ("cancer", "inhibitor", "kind"),
    "matrix": ("type", "cancer", "inhibitor"),
    "pathway": ("inhibitor", "target", "cancer", "depth"),
    "paths": ("from", "to", "via"),
    "compare": ("inhibitors", "cancer"),
    "conflicts": ("cancer", "inhibitor"),
}
"""The fields that most readers want of each page."""

COMPLETED = (Kind.INHIBITOR, Kind.TARGET, Kind.CANCER, Kind.MECHANISM, Kind.INDICATION)
"""Kinds whose names a browser completes; the others have too many."""


def names(session: Session) -> dict[str, list[str]]:
    """The names that fields are completed from, by kind; `any` are those of all nodes of the graph."""

    def read() -> dict[str, list[str]]:
        found = {}
        for kind in COMPLETED:
            table = BY_KIND[kind].table
            column = table.symbol if kind == Kind.TARGET else table.name
            found[kind.value] = sorted(session.scalars(select(column)))
        return {**found, "any": [each for kind in NODE_KINDS for each in found[kind.value]]}

    return remember(session, "names of forms", read)


def kind_of(filters: type[BaseModel], name: str) -> str:
    """The kind of record that a field names, where a browser completes it."""
    if issubclass(filters, PathFilters):
        return "any" if name in ("from", "to", "via", "avoid") else ""
    if issubclass(filters, Filters):
        to = filters.references.get(name) or getattr(filters.relations.get(name), "to", None)
    else:
        to = name
    return str(to) if to in COMPLETED else "any" if to is AnyKind else ""


def fields(filters: type[BaseModel], given: QueryParams, page: str) -> list[Field]:
    """The parameters of a question as fields, filled in with what was asked."""
    found = []
    for own, parameter in filters.model_fields.items():
        name = parameter.alias or own
        if name in (*OF_FILES, "cursor", "q", "ids", "sort") or (name == "limit" and page != "paths"):
            continue
        value = ",".join(given.getlist(name))
        if not value and f"{name}__gte" in filters.model_fields:
            continue  # a number is asked for from and to; an address takes the number itself too
        single = single_of(parameter.annotation)
        options = options_of(single)
        if options is not None and value and value not in options:
            options.append(value)
        numeric = single in (int, float)
        main = name in SEEN[page]
        hint = parameter.description or ""
        found.append(Field(name, hint, value, options, numeric, main, kind_of(filters, name)))
    order = SEEN[page]
    return sorted(found, key=lambda each: order.index(each.name) if each.main else len(order))
