"""The evidence matrix: how much of it there is per cell, and which way it points."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi_rfc9457.server import problems
from pydantic import BaseModel
from sqlmodel import Session

from app.http.problems import AmbiguousName
from app.http.session import SessionDep
from app.models.base import Ref
from app.models.evidence import EvidenceFilters
from app.models.filters import whole
from app.models.vocabulary import EvidenceType, Level, Significance
from app.store.summary import Dimension, SummaryQuery, summarise

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
    cells = summarise(session, query.by, whole(EvidenceFilters, query))
    return Matrix(by=query.by, items=[Cell.model_validate(cell) for cell in cells])
