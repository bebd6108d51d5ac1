"""The pages: each asks the same functions as the API, and never the API itself."""

import json
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.routing import APIRoute
from pydantic import ConfigDict, Field
from sqlalchemy import func
from sqlmodel import Session, select
from starlette.exceptions import HTTPException

from app.catalog import BY_KIND, Resource
from app.errors import InvalidParameter, nearest
from app.exports.jsonld import DESCRIPTION, dataset
from app.exports.picture import address, draw
from app.http.addresses import base_of
from app.http.files import Files
from app.http.session import SessionDep, new_router
from app.knowledge.conflicts import find_conflicts
from app.knowledge.dossier import compare, get_dossier, predictions_tried, set_against
from app.knowledge.graph import graph_asked_for, paths_asked_for
from app.knowledge.history import all_published, changes_between, compared_with, published, summaries
from app.models.base import Kind
from app.models.dossier import CompareFilters, ConflictFilters
from app.models.evidence import EvidenceFilters
from app.models.filters import Names, Question, Words, choice, whole, without
from app.models.graph import GraphFilters, PathFilters, Paths
from app.models.vocabulary import vocabularies
from app.pages.forms import OF_FILES, fields, names
from app.pages.matrix import matrix_of
from app.pages.pathway import core_of
from app.pages.problems import is_page
from app.pages.records import cited, content, sources_of
from app.pages.render import COLLECTIONS, FOLDER, OUTCOMES, VERDICTS, link, show
from app.store.cursor import pack, unpack_place
from app.store.lists import find_page, first_number, get_items
from app.store.search import search
from app.store.summary import OF_A_LIST, Dimension, Two, counted_types, summarise

router = new_router(include_in_schema=False, default_response_class=HTMLResponse)


def tally(session: Session, kind: Kind, field: str, **asked: Any) -> dict[str, int]:
    """How many records of a list have each value of a field."""
    resource = BY_KIND[kind]
    page = find_page(session, resource, resource.filters(facets=[field], limit=0, **asked))
    return (page.facets or {})[field]


@router.get("/", operation_id="show_home")
def show_home(request: Request, session: SessionDep) -> HTMLResponse:
    direct = {"scope": ["direct"]}
    statuses = tally(session, Kind.INHIBITOR, "status", **direct)
    verdicts = tally(session, Kind.CANCER, "prognosis")
    outcomes = tally(session, Kind.TRIAL, "outcome", purpose=["anti-tumour"])
    tried = {each.value: found for each, found in predictions_tried(session).items()}
    listed = "/explore/trials?purpose=anti-tumour&outcome="
    predicted = {said: found for value, said in OUTCOMES.items() if (found := tried[value])}
    return show(
        request,
        "home.html",
        about=DESCRIPTION,
        approved=tally(session, Kind.INHIBITOR, "approved_for_cancer", **direct).get("true", 0),
        direct=sum(statuses.values()),
        direct_approved=statuses.get("approved", 0),
        worse=verdicts.get("poor", 0),
        verdicts_found=[
            (said.tone, said.words, verdicts.get(value, 0), f"/explore/cancers?prognosis={value}")
            for value, said in VERDICTS.items()
            if said.tone
        ],
        trials=sum(outcomes.values()),
        outcomes_found=outcomes,
        outcomes_parts=[
            (said.tone, said.words, outcomes.get(value, 0), f"{listed}{value}")
            for value, said in OUTCOMES.items()
        ],
        predicted=predicted,
        predicted_parts=[(said.tone, said.words, len(found), "") for said, found in predicted.items()],
        data=dataset(request.state.release),
    )


@router.get("/about", operation_id="show_about")
def show_about(request: Request, session: SessionDep) -> HTMLResponse:
    publications = BY_KIND[Kind.PUBLICATION].table
    nameless = (publications.doi.is_(None), publications.pmid.is_(None))

    def newest(column: Any) -> str:
        return session.scalar(select(func.max(column))) or "an unknown day"

    def thin(kind: Kind, what: str, field: str, value: str) -> tuple[int, str, str]:
        found = tally(session, kind, field).get(value, 0)
        return found, what, link(f"/explore/{BY_KIND[kind].path}", [(field, value)])

    return show(
        request,
        "about.html",
        about=DESCRIPTION,
        founding=[
            {"id": key, "name": title}
            for key, title in session.execute(
                select(publications.id, publications.title).where(publications.seed).order_by(publications.id)
            )
        ],
        newest=newest(publications.published),
        registers=newest(BY_KIND[Kind.TRIAL].table.status_as_of),
        thin=[
            thin(Kind.TRIAL, "trials without a result", "outcome", "not-reported"),
            thin(
                Kind.CANCER, "cancers in which nobody says what a high IL-6 means", "prognosis", "not-studied"
            ),
            thin(Kind.APPROVAL, "approvals that rest on a secondary source", "proof", "secondary"),
            thin(Kind.EVIDENCE, "claims that rest on animals or cells alone", "level", "D"),
            thin(Kind.PUBLICATION, "publications whose list of authors is cut", "authors_complete", "false"),
            (
                session.scalar(select(func.count()).select_from(publications).where(*nameless)) or 0,
                "publications with neither DOI nor PMID, labels and web pages among them",
                "/explore/publications",
            ),
        ],
        vocabularies=vocabularies(),
        contact=request.app.state.settings.contact,
        contact_link=request.app.state.settings.contact_link,
    )


@router.get("/robots.txt", operation_id="get_robots")
def read_robots(request: Request) -> PlainTextResponse:
    return PlainTextResponse(
        f"User-agent: *\nDisallow: /explore/search\n\nSitemap: {base_of(request.scope)}/sitemap.xml\n"
    )


@router.get("/sitemap.xml", operation_id="get_sitemap")
def read_sitemap(request: Request, session: SessionDep) -> Response:
    """Every page but the answers to questions, with the day of the release."""
    paths = [*PAGES, *(f"/explore/{each.path}/{key}" for each in COLLECTIONS for key in ids(session, each))]
    day = request.state.release.date
    home = base_of(request.scope)
    lines = "".join(f"<url><loc>{home}{each}</loc><lastmod>{day}</lastmod></url>\n" for each in paths)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{SITEMAP}">\n{lines}</urlset>\n'
    return Response(text, media_type="application/xml")


SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def ids(session: Session, resource: Resource) -> list[str]:
    return list(session.scalars(select(resource.table.id).order_by(resource.table.id)))


@router.get("/favicon.ico", operation_id="get_favicon")
def read_favicon() -> Response:
    return picture("favicon.ico", "image/x-icon")


@router.get("/apple-touch-icon.png", operation_id="get_touch_icon")
def read_touch_icon() -> Response:
    return picture("apple-touch-icon.png", "image/png")


def picture(name: str, media_type: str) -> Response:
    return Response((FOLDER / "static" / name).read_bytes(), media_type=media_type)


@router.get("/explore", operation_id="show_collections")
def show_collections(request: Request, _: SessionDep) -> HTMLResponse:
    return show(request, "explore.html")


class Search(Question):
    model_config = ConfigDict(extra="forbid")

    q: Words | None = None
    kind: choice([each.value for each in BY_KIND]) = []  # type: ignore[valid-type]
    cursor: str | None = Field(default=None, max_length=200)


@router.get("/explore/search", operation_id="show_search")
def show_search(request: Request, query: Annotated[Search, Query()], session: SessionDep) -> HTMLResponse:
    if query.q is None:
        return show(request, "search.html", query=query, hits=None)
    hits = search(session, query.q, {Kind(each) for each in query.kind}, 20, unpack_place(query.cursor))
    claims = {each.entry.record_id for each in hits.items if each.entry.kind == Kind.EVIDENCE}
    return show(
        request,
        "search.html",
        query=query,
        hits=hits,
        claims={
            each: json.loads(item)
            for each, item in get_items(session, BY_KIND[Kind.EVIDENCE], claims).items()
        },
        next_cursor=pack(hits.after) if hits.after else None,
    )


MatrixQuery: Any = without(
    EvidenceFilters, OF_A_LIST, by=(Two, Field(default=[Dimension.CANCER, Dimension.INHIBITOR]))
)


@router.get("/explore/matrix", operation_id="show_matrix")
def show_matrix(
    request: Request, query: Annotated[MatrixQuery, Query()], session: SessionDep
) -> HTMLResponse:
    filters = whole(EvidenceFilters, query)
    types = counted_types(query.by, filters)
    inhibitors = BY_KIND[Kind.INHIBITOR].table
    actions = {key: str(action) for key, action in session.execute(select(inhibitors.id, inhibitors.action))}
    counted = summarise(session, query.by, filters)
    asked = [("by", ",".join(query.by))]
    asked += [each for each in request.query_params.multi_items() if each[0] != "by"]
    return show(
        request,
        "matrix.html",
        by=query.by,
        types=types,
        matrix=matrix_of(query.by, counted, actions),
        matrix_files=[("This table as", "/evidence/summary", asked, ["csv", "tsv"])],
        dimensions=list(Dimension),
        q=query.q,
        fields=fields(EvidenceFilters, request.query_params, "matrix"),
        names=names(session),
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
    graph = picture = core = sources = None
    if request.query_params:
        found = graph_asked_for(session, whole(GraphFilters, query))
        graph, picture = found.read(), draw(found)
        sources = sources_of(session, (each.id for edge in graph.edges for each in edge.publications))
    else:
        core = core_of(session)
    return show(
        request,
        "pathway.html",
        core=core,
        graph=graph,
        picture=picture,
        sources=sources,
        fields=fields(GraphFilters, request.query_params, "pathway"),
        names=names(session),
    )


PathsQuery: Any = without(
    PathFilters,
    ["format", "from_", "to"],
    from_=(Words | None, Field(default=None, alias="from")),
    to=(Words | None, None),
)


@router.get("/explore/paths", operation_id="show_paths")
def show_paths(request: Request, query: Annotated[PathsQuery, Query()], session: SessionDep) -> HTMLResponse:
    form: dict[str, Any] = {
        "fields": fields(PathFilters, request.query_params, "paths"),
        "names": names(session),
    }
    if not request.query_params:
        return show(request, "paths.html", found=None, **form)
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
        summary=summary_of(found),
        **form,
    )


def summary_of(found: Paths) -> str:
    """What chains from an inhibitor to a cancer predict, beside what came of it."""
    if found.tested is None:
        return ""
    signs = {path.predicted for path in found.paths}
    return set_against(found.from_.name, found.to.name, signs, found.tested)


@router.get("/explore/inhibitors/{id:name}/cancers/{cancer:name}", operation_id="show_dossier")
def show_dossier(
    request: Request,
    inhibitor: Annotated[str, Path(alias="id", max_length=500)],
    cancer: Annotated[str, Path(max_length=500)],
    session: SessionDep,
) -> HTMLResponse:
    dossier = get_dossier(session, inhibitor, cancer)
    shown = dossier.model_dump(mode="json")
    own = f"/explore/inhibitors/{dossier.inhibitor.id}/cancers/{dossier.cancer.id}"
    return show(
        request,
        "dossier.html",
        headers={"Content-Location": own},
        own=own,
        dossier=shown,
        sources=sources_of(session, cited(shown)),
    )


CompareQuery: Any = without(CompareFilters, ["format", "inhibitors"], inhibitors=(Names, Field(default=[])))

FORM_OF_COMPARISON = 4
"""Drugs that the form has a field for."""


@router.get("/explore/compare", operation_id="show_comparison")
def show_comparison(
    request: Request, query: Annotated[CompareQuery, Query()], session: SessionDep
) -> HTMLResponse:
    named = query.inhibitors
    compared = compare(session, named, query.cancer) if request.query_params else None
    return show(
        request,
        "compare.html",
        compared=compared and compared.model_dump(mode="json"),
        named=[*named, *[""] * (FORM_OF_COMPARISON - len(named))],
        fields=fields(CompareFilters, request.query_params, "compare"),
        names=names(session),
    )


ConflictQuery: Any = without(ConflictFilters, [])


@router.get("/explore/conflicts", operation_id="show_conflicts")
def show_conflicts(
    request: Request, query: Annotated[ConflictQuery, Query()], session: SessionDep
) -> HTMLResponse:
    conflicts = find_conflicts(session, query.cancer, query.inhibitor).model_dump(mode="json")
    return show(
        request,
        "conflicts.html",
        conflicts=conflicts,
        sources=sources_of(session, cited(conflicts)),
        fields=fields(ConflictFilters, request.query_params, "conflicts"),
        names=names(session),
    )


def add_collection(resource: Resource) -> None:
    """Route the table of a collection, and the page of each of its records."""
    part: Any = Annotated[without(resource.filters, OF_FILES), Query()]
    home = f"/explore/{resource.path}"

    @router.get(home, operation_id=f"show_{resource.path}")
    def show_list(request: Request, part: part, session: SessionDep) -> HTMLResponse:
        filters = whole(resource.filters, part)
        if not filters.sort and not filters.ids:
            filters = filters.model_copy(update={"sort": SORTED.get(resource.path, ["id"])})
        page = find_page(session, resource, filters)
        items = [json.loads(item) for item in page.items]
        named = [each["id"] for each in items] if resource.path == "publications" else []
        if resource.path == "evidence":
            named = [each["publication"]["id"] for each in items]
        return show(
            request,
            "list.html",
            resource=resource,
            filters=filters,
            page=page,
            first=first_number(session, resource, filters, page.total),
            items=items,
            sources=sources_of(session, named),
            fields=fields(resource.filters, request.query_params, resource.path),
            names=names(session),
        )

    @router.get(f"{home}/{{id:name}}", operation_id=f"show_{resource.kind}")
    def show_record(
        request: Request, record_id: Annotated[str, Path(alias="id", max_length=500)], session: SessionDep
    ) -> HTMLResponse:
        shown = content(session, request.state.release, resource, record_id)
        own = address(resource.kind, shown["record"]["id"])
        return show(
            request, f"records/{resource.kind}.html", headers={"Content-Location": own}, own=own, **shown
        )


SORTED = {
    "inhibitors": ["scope", "action", "name"],
    "targets": ["symbol"],
    "cancers": ["name"],
    "mechanisms": ["name"],
    "evidence": ["level"],
    "trials": ["-start_year"],
    "approvals": ["inhibitor", "-year"],
    "indications": ["name"],
    "publications": ["-year"],
}
"""In which order a list stands when nobody asked for one."""

for each in COLLECTIONS:
    add_collection(each)

PAGES = [
    route.path
    for route in router.routes
    if isinstance(route, APIRoute) and "{" not in route.path and is_page(route.path)
]


@router.get("/explore/{rest:name}", operation_id="show_nothing")
def show_nothing(request: Request) -> HTMLResponse:
    path = request.url.path
    near = nearest(path, PAGES)
    raise HTTPException(404, f"There is no page {path[:200]}" + (f"; did you mean {near}?" if near else "."))


def mount_static(app: FastAPI) -> None:
    app.mount("/static", Files(directory=FOLDER / "static"))
