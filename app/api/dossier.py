"""What follows from the rows: one drug in one cancer, drugs side by side, questions in dispute."""

from typing import Annotated

from fastapi import Path, Query, Request, Response
from fastapi_rfc9457.server import problems

from app.api.formats import TABLE, as_table
from app.http.problems import AmbiguousName, NotAcceptable, RecordNotFound
from app.http.session import SessionDep, new_router
from app.knowledge.conflicts import find_conflicts
from app.knowledge.dossier import compare, get_dossier
from app.models.dossier import (
    Compared,
    ComparedInhibitors,
    CompareFilters,
    ConflictFilters,
    Conflicts,
    Dossier,
)

router = new_router()


@router.get(
    "/inhibitors/{id:name}/cancers/{cancer:name}",
    operation_id="get_dossier",
    summary="One inhibitor in one cancer",
    tags=["inhibitors"],
    responses=problems(RecordNotFound, AmbiguousName),
)
def read_dossier(
    inhibitor: Annotated[
        str,
        Path(
            alias="id",
            max_length=500,
            description="the inhibitor, by any of its names",
            examples=["siltuximab"],
        ),
    ],
    cancer: Annotated[
        str,
        Path(max_length=500, description="the cancer, by any of its names", examples=["multiple-myeloma"]),
    ],
    session: SessionDep,
    response: Response,
) -> Dossier:
    """What the pathway predicts, and what came of it where it was tried: trials with their results, claims
    by what they found and in whom, harms, what a high IL-6 means there, and what regulators decided."""
    found = get_dossier(session, inhibitor, cancer)
    response.headers["Content-Location"] = found.links["self"]
    return found


@router.get(
    "/compare",
    operation_id="compare_inhibitors",
    summary="Inhibitors side by side",
    tags=["inhibitors"],
    response_model=ComparedInhibitors,
    responses={**problems(AmbiguousName, NotAcceptable), **TABLE},
)
def read_comparison(
    request: Request, query: Annotated[CompareFilters, Query()], session: SessionDep
) -> Response:
    """Targets, approvals by agency, trials by purpose and outcome, claims by what they found."""
    found = compare(session, query.inhibitors, query.cancer)
    return as_table(request, query.format, "compare", found, found.items, Compared)


@router.get(
    "/evidence/conflicts",
    operation_id="get_conflicts",
    summary="Questions in dispute",
    tags=["evidence"],
    responses=problems(AmbiguousName),
)
def read_conflicts(query: Annotated[ConflictFilters, Query()], session: SessionDep) -> Conflicts:
    """Questions on which publications disagree, with the claims on each side."""
    return find_conflicts(session, query.cancer, query.inhibitor)
