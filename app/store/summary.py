"""The evidence matrix: how much evidence there is per cell of two dimensions, and which way it points."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy import func, select
from sqlmodel import Session

from app.catalog import BY_KIND
from app.models.base import Kind
from app.models.claim import count_claims
from app.models.evidence import EvidenceFilters
from app.models.filters import Filters, split_commas, without
from app.models.vocabulary import EvidenceType
from app.store.conditions import Clause, find_conditions
from app.store.lists import asked_for
from app.store.release import remember


class Dimension(StrEnum):
    """What the evidence can be counted by."""

    CANCER = "cancer"
    INHIBITOR = "inhibitor"
    MECHANISM = "mechanism"
    TARGET = "target"
    TYPE = "type"
    LEVEL = "level"
    SIGNIFICANCE = "significance"
    YEAR = "year"


def two(dimensions: list[Dimension]) -> list[Dimension]:
    if len(set(dimensions)) != 2 or len(dimensions) != 2:
        raise ValueError("two different dimensions")
    return dimensions


Two = Annotated[list[Dimension], BeforeValidator(split_commas), AfterValidator(two)]

OF_A_LIST = ("limit", "cursor", "sort", "fields", "facets", "format", "ids")
"""Parameters of a list that make no sense of a matrix."""

SummaryQuery = without(
    EvidenceFilters,
    OF_A_LIST,
    by=(
        Two,
        Field(
            description="two dimensions",
            examples=[["cancer", "inhibitor"]],
            json_schema_extra={"minItems": 2, "maxItems": 2, "uniqueItems": True},
        ),
    ),
    format=(Literal["json", "csv", "tsv"] | None, Field(default=None, description="how it is written")),
)


def counted_types(by: list[Dimension], filters: Filters) -> list[EvidenceType]:
    """The types of claim that a summary counts, where it does not count all.

    Of a drug in a cancer a reader asks whether it helps: other claims are counted where they are asked for.
    """
    asked = filters.model_fields_set | (filters.model_extra or {}).keys()
    if {*by} == {Dimension.CANCER, Dimension.INHIBITOR} and not {"type", "type__not"} & asked:
        return [EvidenceType.THERAPEUTIC]
    return list(getattr(filters, "type", []))


def summarise(session: Session, by: list[Dimension], filters: Filters) -> list[dict[str, Any]]:
    """Per cell of the dimensions, the claims by what they found; empty cells are left out."""
    question = ("summary", *by, asked_for(filters))
    clauses = find_conditions(session, BY_KIND[Kind.EVIDENCE], filters).clauses()
    return remember(session, question, lambda: count_cells(session, by, filters, clauses))


def count_cells(
    session: Session, by: list[Dimension], filters: Filters, clauses: list[Clause]
) -> list[dict[str, Any]]:
    resource, types = BY_KIND[Kind.EVIDENCE], counted_types(by, filters)
    table, publications = resource.table, BY_KIND[Kind.PUBLICATION].table
    keys = [
        publications.year
        if each == Dimension.YEAR
        else getattr(table, f"{each}_id" if each in filters.references else each)
        for each in by
    ]
    counted = (
        select(*keys, table.type, table.significance, func.count())
        .select_from(table)
        .join(publications, publications.id == table.publication_id)
        .where(
            *clauses,
            *([table.type.in_(types)] if types else []),
            *(key.is_not(None) for key in keys),
        )
        .group_by(*keys, table.type, table.significance)
        .order_by(*keys)
    )
    rows = session.execute(counted).all()
    cells: dict[tuple[Any, ...], list[Any]] = {}
    for first, second, *found in rows:
        cells.setdefault((first, second), []).append(found)
    labels: dict[tuple[Dimension, str], str] = {}
    for place, each in enumerate(by):
        if each in filters.references:
            named = BY_KIND[filters.references[each]].table
            held = select(named.id, named.label).where(named.id.in_({row[place] for row in rows}))
            labels |= {(each, record_id): label for record_id, label in session.execute(held)}

    def value(each: Dimension, key: Any) -> Any:
        return {"id": key, "name": labels[each, key]} if each in filters.references else key

    return [
        {each: value(each, keys[place]) for place, each in enumerate(by)}
        | {"evidence": count_claims(found).model_dump()}
        for keys, found in cells.items()
    ]
