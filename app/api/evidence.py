"""The evidence matrix: how much of it there is per cell, and which way it points."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi_rfc9457.server import problems
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, create_model
from sqlmodel import Session

from app.api.session import SessionDep
from app.errors import AmbiguousName
from app.models.base import Ref
from app.models.claim import EvidenceType, Level, Significance
from app.models.evidence import EvidenceFilters
from app.models.filters import split_commas
from app.queries import Dimension, summarise

router = APIRouter(tags=["evidence"])


class Cell(BaseModel):
    """A cell of the matrix: its place in both dimensions, and the claims that speak for and against."""

    cancer: Ref | None = None
    inhibitor: Ref | None = None
    mechanism: Ref | None = None
    target: Ref | None = None
    type: EvidenceType | None = None
    level: Level | None = None
    significance: Significance | None = None
    year: int | None = None
    supports: int
    does_not_support: int


class Matrix(BaseModel):
    """The cells that hold a claim; a claim that lacks one of the dimensions is in none."""

    by: list[Dimension]
    items: list[Cell]


def two(dimensions: list[Dimension]) -> list[Dimension]:
    if len(set(dimensions)) != 2 or len(dimensions) != 2:
        raise ValueError("two different dimensions")
    return dimensions


UNFIT = ("limit", "cursor", "sort", "fields", "facets", "format", "ids")
"""Parameters of a list that make no sense of a matrix."""

DEFINITIONS: dict[str, Any] = {
    name: (field.annotation, field)
    for name, field in EvidenceFilters.model_fields.items()
    if name not in UNFIT
}
DEFINITIONS["by"] = (
    Annotated[list[Dimension], BeforeValidator(split_commas), AfterValidator(two)],
    Field(
        description="two dimensions",
        examples=[["cancer", "inhibitor"]],
        json_schema_extra={"minItems": 2, "maxItems": 2, "uniqueItems": True},
    ),
)
SummaryQuery: Any = create_model("SummaryQuery", **DEFINITIONS)


@router.get(
    "/evidence/summary",
    operation_id="summarise_evidence",
    summary="The evidence matrix",
    responses=problems(AmbiguousName),
    response_model_exclude_unset=True,
)
def read_summary(query: Annotated[SummaryQuery, Query()], session: SessionDep) -> Matrix:
    """Counts of claims per cell of two dimensions, over the filtered evidence."""
    return matrix(session, query)


def matrix(session: Session, query: Any) -> Matrix:
    given = {name: getattr(query, name) for name in query.model_fields_set if name != "by"}
    cells = summarise(session, query.by, EvidenceFilters.model_construct(_fields_set=set(given), **given))
    return Matrix(by=query.by, items=[Cell.model_validate(cell) for cell in cells])
