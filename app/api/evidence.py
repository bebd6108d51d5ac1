"""The evidence matrix: how much of it there is per cell, and which way it points."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi_rfc9457.server import problems
from pydantic import BaseModel, Field, create_model
from sqlmodel import Session

from app.api.formats import TABLE, as_table
from app.http.problems import AmbiguousName, NotAcceptable
from app.http.session import SessionDep, new_router
from app.models.base import Ref
from app.models.claim import EvidenceCounts
from app.models.evidence import EvidenceFilters
from app.models.filters import whole
from app.models.vocabulary import EvidenceType, Level, Significance
from app.store.names import READ_AS, Readings, readings
from app.store.summary import Dimension, SummaryQuery, counted_types, summarise

router = new_router(tags=["evidence"])


class Cell(BaseModel):
    """A cell of the matrix: its place in both dimensions, and its claims by what they found."""

    cancer: Ref | None = None
    inhibitor: Ref | None = None
    mechanism: Ref | None = None
    target: Ref | None = None
    type: EvidenceType | None = None
    level: Level | None = None
    significance: Significance | None = None
    year: int | None = None
    evidence: EvidenceCounts


class Matrix(BaseModel):
    """The cells that hold a claim; a claim that lacks one of the dimensions is in none."""

    by: list[Dimension]
    type: list[EvidenceType] = Field(description="the types of claim that are counted; empty: all")
    items: list[Cell]
    read_as: Readings = Field(default={}, description=READ_AS)


@router.get(
    "/evidence/summary",
    operation_id="summarise_evidence",
    summary="The evidence matrix",
    response_model=Matrix,
    responses={**problems(AmbiguousName, NotAcceptable), **TABLE},
    response_model_exclude_unset=True,
)
def read_summary(request: Request, query: Annotated[SummaryQuery, Query()], session: SessionDep) -> Response:
    """Counts of claims per cell of two dimensions, over the filtered evidence.

    Between cancers and inhibitors they are therapeutic claims alone, unless `type` says otherwise.
    """
    found = matrix(session, query)
    columns: Any = {name: (each.annotation, each) for name, each in Cell.model_fields.items()}
    row = create_model("Row", **{name: columns[name] for name in (*query.by, "evidence")})
    return as_table(request, query.format, "summary", found, found.items, row)


def matrix(session: Session, query: Any) -> Matrix:
    filters = whole(EvidenceFilters, query)
    cells = summarise(session, query.by, filters)
    found = Matrix(
        by=query.by,
        type=counted_types(query.by, filters),
        items=[Cell.model_validate(cell) for cell in cells],
    )
    if read_as := readings(session):
        found.read_as = read_as
    return found
