"""The pages: each asks the same functions as the API, and never the API itself."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from pydantic import ConfigDict, Field
from starlette.exceptions import HTTPException

from app.catalog import BY_KIND, Resource
from app.errors import InvalidParameter, nearest
from app.exports.jsonld import DESCRIPTION, dataset
from app.exports.picture import address, draw
from app.http.files import Files
from app.http.session import SessionDep
from app.knowledge.graph import graph_asked_for, paths_asked_for
from app.knowledge.history import all_published, changes_between, compared_with, published, summaries
from app.models.base import Kind
from app.models.evidence import EvidenceFilters
from app.models.filters import Question, Words, choice, whole, without
from app.models.graph import GraphFilters, PathFilters
from app.models.vocabulary import vocabularies
from app.pages.forms import OF_FILES, fields
from app.pages.matrix import matrix_of
from app.pages.records import content, sources_of
from app.pages.render import COLLECTIONS, FOLDER, show
from app.store.cursor import pack, unpack_place
from app.store.lists import find_page
from app.store.search import search
from app.store.summary import OF_A_LIST, Dimension, Two, summarise

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/", operation_id="show_home")
def show_home(request: Request, session: SessionDep) -> HTMLResponse:
    inhibitors, cancers, trials = (BY_KIND[each] for each in (Kind.INHIBITOR, Kind.CANCER, Kind.TRIAL))

    def tally(resource: Resource, field: str) -> dict[str, int]:
        return (find_page(session, resource, resource.filters(facets=[field], limit=0)).facets or {})[field]

    approved = inhibitors.filters(scope=["direct"], approved_for_cancer=True, limit=0)  # type: ignore[call-arg]
    return show(
        request,
        "home.html",
        about=DESCRIPTION,
        approved=find_page(session, inhibitors, approved).total,
        verdicts=tally(cancers, "prognosis"),
        outcomes=tally(trials, "outcome"),
        data=dataset(request.state.release),
    )


@router.get("/explore", operation_id="show_collections")
def show_collections(request: Request, _: SessionDep) -> HTMLResponse:
    return show(request, "explore.html")


class Search(Question):
    model_config = ConfigDict(extra="forbid")

    q: Words | None = Field(default=None, max_length=200)
    kind: choice([each.value for each in BY_KIND]) = []  # type: ignore[valid-type]
    cursor: str | None = Field(default=None, max_length=200)


@router.get("/explore/search", operation_id="show_search")
def show_search(request: Request, query: Annotated[Search, Query()], session: SessionDep) -> HTMLResponse:
    hits = cursor = None
    if query.q is not None:
        hits = search(session, query.q, {Kind(each) for each in query.kind}, 20, unpack_place(query.cursor))
        cursor = pack(hits.after) if hits.after else None
    return show(request, "search.html", query=query, hits=hits, next_cursor=cursor)


MatrixQuery: Any = without(
    EvidenceFilters, OF_A_LIST, by=(Two, Field(default=[Dimension.CANCER, Dimension.INHIBITOR]))
)


@router.get("/explore/methods", operation_id="show_methods")
def show_methods(request: Request, _: SessionDep) -> HTMLResponse:
    return show(request, "methods.html", vocabularies=vocabularies())


@router.get("/explore/matrix", operation_id="show_matrix")
def show_matrix(
    request: Request, query: Annotated[MatrixQuery, Query()], session: SessionDep
) -> HTMLResponse:
    return show(
        request,
        "matrix.html",
        by=query.by,
        matrix=matrix_of(query.by, summarise(session, query.by, whole(EvidenceFilters, query))),
        dimensions=list(Dimension),
        q=query.q,
        fields=fields(EvidenceFilters, request.query_params),
    )


@router.get("/explore/releases", operation_id="show_releases")
def show_releases(request: Request, session: SessionDep) -> HTMLResponse:
    return show(request, "releases.html", releases=summaries(session))


@router.get("/explore/releases/{version}", operation_id="show_changes")
def show_changes(
    request: Request,
    version: Annotated[str, Path(max_length=20)],
    session: SessionDep,
    since: Annotated[Words | None, Query()] = None,
) -> HTMLResponse:
    """What changed since another release."""
    own = published(session, version)
    return show(
        request,
        "changes.html",
        changes=changes_between(session, own, compared_with(session, own, since)),
        summary=summaries(session)[-own.number],
        earlier=[each.version for each in all_published(session) if each.number < own.number],
    )


PathwayQuery: Any = without(GraphFilters, ["format"])


@router.get("/explore/pathway", operation_id="show_pathway")
def show_pathway(
    request: Request, query: Annotated[PathwayQuery, Query()], session: SessionDep
) -> HTMLResponse:
    graph = graph_asked_for(session, whole(GraphFilters, query))
    return show(
        request,
        "pathway.html",
        graph=graph.read(),
        picture=draw(graph),
        fields=fields(GraphFilters, request.query_params),
    )


PathsQuery: Any = without(
    PathFilters,
    ["format", "from_", "to"],
    from_=(Words | None, Field(default=None, alias="from")),
    to=(Words | None, None),
)


@router.get("/explore/paths", operation_id="show_paths")
def show_paths(request: Request, query: Annotated[PathsQuery, Query()], session: SessionDep) -> HTMLResponse:
    if not request.query_params:
        return show(request, "paths.html", found=None)
    for name, value in {"from": query.from_, "to": query.to}.items():
        if value is None:
            raise InvalidParameter(name, "Say where a path begins and where it ends", "missing")
    filters = PathFilters.model_validate(query.model_dump(by_alias=True, exclude_none=True))
    found, graph = paths_asked_for(session, filters)
    edges = [edge for path in found.paths for edge in path.edges]
    return show(
        request,
        "paths.html",
        found=found,
        picture=draw(graph) if found.paths else None,
        sources=sources_of(session, (each.id for edge in edges for each in edge.publications)),
    )


def add_collection(resource: Resource) -> None:
    """Route the table of a collection, and the page of each of its records."""
    part: Any = Annotated[without(resource.filters, OF_FILES), Query()]
    home = f"/explore/{resource.path}"

    @router.get(home, operation_id=f"show_{resource.path}")
    def show_list(request: Request, part: part, session: SessionDep) -> HTMLResponse:
        filters = whole(resource.filters, part)
        page = find_page(session, resource, filters)
        return show(
            request,
            "list.html",
            resource=resource,
            filters=filters,
            page=page,
            items=[json.loads(item) for item in page.items],
            fields=fields(resource.filters, request.query_params),
        )

    @router.get(f"{home}/{{id:path}}", operation_id=f"show_{resource.kind}")
    def show_record(
        request: Request, record_id: Annotated[str, Path(alias="id", max_length=500)], session: SessionDep
    ) -> HTMLResponse:
        shown = content(session, request.state.release, resource, record_id)
        own = address(resource.kind, shown["record"]["id"])
        return show(
            request, f"records/{resource.kind}.html", headers={"Content-Location": own}, own=own, **shown
        )


for each in COLLECTIONS:
    add_collection(each)

PAGES = [route.path for route in router.routes if isinstance(route, APIRoute) and "{" not in route.path]


@router.get("/explore/{rest:path}", operation_id="show_nothing")
def show_nothing(request: Request) -> HTMLResponse:
    path = request.url.path
    near = nearest(path, PAGES)
    raise HTTPException(404, f"There is no page {path[:200]}" + (f"; did you mean {near}?" if near else "."))


def mount_static(app: FastAPI) -> None:
    app.mount("/static", Files(directory=FOLDER / "static"))
