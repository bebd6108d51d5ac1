"""The pathway graph and the paths through it, as JSON and in the formats of graph programs."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi_rfc9457.server import problems
from pydantic import BaseModel

from app.api.formats import GRAPH_MEDIA_TYPES, attachment, negotiate, with_charset
from app.exports import GRAPH_EXPORTS
from app.http.problems import AmbiguousName, NotAcceptable
from app.http.session import SessionDep, new_router
from app.knowledge.graph import Graph, graph_asked_for, paths_asked_for
from app.models.graph import GraphFilters, GraphFormat, GraphRead, PathFilters, Paths
from app.models.release import ReleaseRead

router = new_router(prefix="/graph", tags=["graph"])

SHOWN = (GraphFormat.CYTOSCAPE, GraphFormat.SVG)
"""What a browser or a script shows as it is; the others are files."""

WRITTEN: dict[int | str, Any] = {
    200: {
        "content": {
            each.media_type: {"schema": {"type": "string"}}
            for each in GRAPH_EXPORTS.values()
            if each.media_type != "application/json"
        }
    }
}


@router.get(
    "",
    operation_id="get_graph",
    summary="The pathway graph",
    response_model=GraphRead,
    responses={**problems(AmbiguousName, NotAcceptable), **WRITTEN},
)
def read_graph(request: Request, filters: Annotated[GraphFilters, Query()], session: SessionDep) -> Response:
    """What acts on what, from inhibitors to cancers: the whole, or what lies around some records.

    Each edge is an interaction, or an inhibitor that inhibits its target, with its sign and its sources.
    """
    release = request.state.release
    part = graph_asked_for(session, filters)
    return written(request, release, "graph", part, part.read(), filters.format)


@router.get(
    "/paths",
    operation_id="find_paths",
    summary="How one thing acts on another",
    response_model=Paths,
    responses={**problems(AmbiguousName, NotAcceptable), **WRITTEN},
)
def read_paths(request: Request, filters: Annotated[PathFilters, Query()], session: SessionDep) -> Response:
    """The chains of edges that lead from one record to another, none passing a node twice.

    The shortest come first, and of one length those that most publications speak for. Each has its net
    sign, one sentence in words, and the publications behind every edge. No path is an empty list.
    """
    release = request.state.release
    paths, part = paths_asked_for(session, filters)
    return written(request, release, "paths", part, paths, filters.format)


def written(
    request: Request, release: ReleaseRead, name: str, part: Graph, answer: BaseModel, asked: str | None
) -> Response:
    """The answer in the format that was asked for."""
    wanted = negotiate(request, asked, GRAPH_MEDIA_TYPES)
    headers = {"Vary": "Accept"}
    if wanted == GraphFormat.JSON:
        return Response(answer.model_dump_json(by_alias=True), media_type="application/json", headers=headers)
    form = GRAPH_EXPORTS[wanted]
    if wanted not in SHOWN:
        headers["Content-Disposition"] = attachment(release.version, name, form.ending)
    return Response(form.write(part, release), media_type=with_charset(form.media_type), headers=headers)
