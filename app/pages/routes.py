"""The pages: each asks the same functions as the API, and never the API itself."""

import json
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from app.catalog import BY_KIND, Resource
from app.cursor import pack, unpack_place
from app.errors import invalid_parameter, nearest
from app.graph import graph_asked_for, paths_asked_for
from app.models.base import Kind
from app.models.evidence import EvidenceFilters
from app.models.filters import Words, choice, whole, without
from app.models.graph import GraphFilters, PathFilters
from app.models.release import ReleaseRead
from app.pages import lists
from app.pages.jsonld import dataset
from app.pages.matrix import Matrix
from app.pages.pictures import picture
from app.pages.records import content, sources_of
from app.pages.render import COLLECTIONS, FOLDER, address, show
from app.plan import Rows
from app.queries import OF_A_LIST, Dimension, Two, count_facets, find_page, summarise
from app.search import search
from app.session import SessionDep, next_address

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ABOUT = (
    "Curated, citable facts on inhibitors of interleukin-6 in cancer: drugs and their targets, approvals, "
    "trials with their outcome, and single claims from publications, with direction, level and figures."
)

QUESTIONS = (
    ("Which cancers have a poor prognosis when IL-6 is high?", "/explore/cancers?prognosis=poor"),
    ("And on meta-analyses alone?", "/explore/cancers?prognosis=poor&min_level=A"),
    ("In which of them has nobody tried an inhibitor?", "/explore/cancers?prognosis=poor&has_trial=false"),
    ("Where does a high IL-6 go with a better prognosis?", "/explore/cancers?prognosis=better"),
    ("What does a high IL-6 mean in breast cancer?", "/explore/cancers/breast-cancer"),
    ("Which drugs block IL-6 or its receptor?", "/explore/inhibitors?scope=direct"),
    ("What is Actemra?", "/explore/inhibitors/Actemra"),
    ("Which trials failed?", "/explore/trials?outcome=negative"),
    ("What speaks against tocilizumab helping?",
     "/explore/evidence?inhibitor=tocilizumab&type=therapeutic&direction=does-not-support"),
    ("What limits blocking IL-6?", "/explore/mechanisms?category=limitation"),
    ("How does IL-6 drive angiogenesis?", "/explore/mechanisms/angiogenesis"),
    ("How does tocilizumab act on ovarian cancer?", "/explore/paths?from=tocilizumab&to=ovarian-cancer"),
    ("What does the founding review say of breast cancer?", "/explore/publications/chen-2022"),
)  # fmt: skip
"""What readers ask first, and the pages that answer."""


def release_of(request: Request) -> ReleaseRead:
    release: ReleaseRead = request.state.release
    return release


@router.get("/", operation_id="show_home")
def show_home(request: Request, session: SessionDep) -> HTMLResponse:
    inhibitors, cancers, trials = (BY_KIND[each] for each in (Kind.INHIBITOR, Kind.CANCER, Kind.TRIAL))

    def tally(resource: Resource, field: str) -> dict[str, int]:
        return (count_facets(Rows(session, resource, []), resource.filters(facets=[field])) or {})[field]

    approved = inhibitors.filters(scope=["direct"], approved_for_cancer=True, limit=0)  # type: ignore[call-arg]
    return show(
        request,
        "home.html",
        about=ABOUT,
        approved=find_page(session, inhibitors, approved).total,
        verdicts=tally(cancers, "prognosis"),
        outcomes=tally(trials, "outcome"),
        questions=QUESTIONS,
        data=dataset(release_of(request), ABOUT),
    )


@router.get("/explore", operation_id="show_collections")
def show_collections(request: Request, _: SessionDep) -> HTMLResponse:
    return show(request, "explore.html")


class Search(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: Words | None = Field(default=None, max_length=200)
    kind: choice([each.value for each in BY_KIND]) = []  # type: ignore[valid-type]
    cursor: str | None = Field(default=None, max_length=200)


@router.get("/explore/search", operation_id="show_search")
def show_search(request: Request, query: Annotated[Search, Query()], session: SessionDep) -> HTMLResponse:
    hits = following = None
    asked = request.query_params.multi_items()
    if query.q is not None:
        hits = search(session, query.q, {Kind(each) for each in query.kind}, 20, unpack_place(query.cursor))
        if hits.after:
            following = next_address("/explore/search", asked, pack(hits.after))
    own = f"/search?{urlencode(asked)}"
    return show(request, "search.html", query=query, hits=hits, following=following, json=own)


MatrixQuery: Any = without(
    EvidenceFilters, OF_A_LIST, by=(Two, Field(default=[Dimension.CANCER, Dimension.INHIBITOR]))
)


@router.get("/explore/matrix", operation_id="show_matrix")
def show_matrix(
    request: Request, query: Annotated[MatrixQuery, Query()], session: SessionDep
) -> HTMLResponse:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "by"]
    return show(
        request,
        "matrix.html",
        matrix=Matrix.of(query.by, summarise(session, query.by, whole(EvidenceFilters, query)), asked),
        dimensions=list(Dimension),
        fields=[each for each in lists.fields(EvidenceFilters, request.query_params) if each.main],
        q=query.q,
        json=f"/evidence/summary?{urlencode([('by', ','.join(query.by)), *asked])}",
    )


PathwayQuery: Any = without(GraphFilters, ["format"])


@router.get("/explore/pathway", operation_id="show_pathway")
def show_pathway(
    request: Request, query: Annotated[PathwayQuery, Query()], session: SessionDep
) -> HTMLResponse:
    asked = request.query_params.multi_items()
    graph = graph_asked_for(session, release_of(request), whole(GraphFilters, query))
    return show(
        request,
        "pathway.html",
        graph=graph.read(),
        picture=picture(graph),
        fields=lists.fields(GraphFilters, request.query_params),
        words_asked=lists.in_words(asked),
        downloads=lists.downloads("/graph", asked, lists.GRAPH_FORMATS),
        json=f"/graph{f'?{urlencode(asked)}' if asked else ''}",
    )


PathsQuery: Any = without(
    PathFilters,
    ["format", "from_", "to"],
    from_=(Words | None, Field(default=None, alias="from")),
    to=(Words | None, None),
)


@router.get("/explore/paths", operation_id="show_paths")
def show_paths(request: Request, query: Annotated[PathsQuery, Query()], session: SessionDep) -> HTMLResponse:
    asked = request.query_params.multi_items()
    found = drawn = sources = None
    if asked:
        for name, value in {"from": query.from_, "to": query.to}.items():
            if value is None:
                raise invalid_parameter(name, "Say where a path begins and where it ends", "missing")
        filters = PathFilters.model_validate(query.model_dump(by_alias=True, exclude_none=True))
        found, graph = paths_asked_for(session, release_of(request), filters)
        drawn = picture(graph) if found.paths else None
        edges = [edge for path in found.paths for edge in path.edges]
        sources = sources_of(session, (each.id for edge in edges for each in edge.publications))
    return show(
        request,
        "paths.html",
        found=found,
        picture=drawn,
        sources=sources,
        given=request.query_params,
        downloads=lists.downloads("/graph/paths", asked, lists.GRAPH_FORMATS),
        json=f"/graph/paths?{urlencode(asked)}",
    )


def add_collection(resource: Resource) -> None:
    """Route the table of a collection, and the page of each of its records."""
    part: Any = Annotated[without(resource.filters, lists.OF_FILES), Query()]
    home = f"/explore/{resource.path}"

    @router.get(home, operation_id=f"show_{resource.path}")
    def show_list(request: Request, part: part, session: SessionDep) -> HTMLResponse:
        filters = whole(resource.filters, part)
        page = find_page(session, resource, filters)
        asked = request.query_params.multi_items()
        return show(
            request,
            "list.html",
            resource=resource,
            items=[json.loads(item) for item in page.items],
            total=page.total,
            noun=lists.noun(resource, page.total),
            missing=page.missing,
            headings=lists.headings(resource, filters, asked),
            fields=lists.fields(resource.filters, request.query_params),
            q=filters.q,
            kept=[(name, value) for name, value in asked if name in ("sort", "limit", "ids")],
            words_asked=lists.in_words(asked),
            downloads=lists.downloads(
                f"/{resource.path}", [each for each in asked if each[0] not in ("cursor", "limit")]
            ),
            json=f"/{resource.path}{f'?{urlencode(asked)}' if asked else ''}",
            first=lists.without_cursor(home, asked) if filters.cursor else None,
            following=next_address(home, asked, page.next_cursor) if page.next_cursor else None,
        )

    @router.get(f"{home}/{{id:path}}", operation_id=f"show_{resource.kind}")
    def show_record(
        request: Request, record_id: Annotated[str, Path(alias="id", max_length=500)], session: SessionDep
    ) -> HTMLResponse:
        release = release_of(request)
        shown = content(session, release, resource, record_id)
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
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
