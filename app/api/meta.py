"""What the service says of itself: whether it lives, is ready, and which release it serves."""

from collections.abc import Iterator
from typing import Any, Literal

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from app import __version__
from app.catalog import RESOURCES
from app.exports.kgx import prefix_map
from app.http.addresses import base_of
from app.http.metrics import exposition
from app.http.session import SessionDep, new_router
from app.models.release import ReleaseRead
from app.settings import Settings
from app.store.lists import check_counts
from app.store.release import ReleaseWatch

router = new_router(tags=["service"])


async def not_kept(response: Response) -> None:  # a plain function would need a thread, also for /livez
    """What is true of this moment, or of the host that was asked, is kept by nobody."""
    response.headers["Cache-Control"] = "no-store"


def shown(example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The example of an answer, for the documentation."""
    return {200: {"content": {"application/json": {"example": example}}}}


class Live(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """The service can answer: its database holds a whole release of the schema it reads."""

    status: Literal["ok"]
    release: str
    checks: dict[str, Literal["ok"]]


class ServiceType(BaseModel):
    group: str
    artifact: str
    version: str


class Organization(BaseModel):
    name: str
    url: str


class ServiceInfo(BaseModel):
    """GA4GH service-info 1.0."""

    id: str
    name: str
    type: ServiceType
    description: str
    organization: Organization
    documentationUrl: str  # noqa: N815 - the name in the GA4GH standard
    updatedAt: str  # noqa: N815
    environment: str
    version: str


@router.get(
    "/livez",
    operation_id="get_livez",
    summary="Whether the process answers",
    dependencies=[Depends(not_kept)],
    responses=shown({"status": "ok"}),
)
async def read_livez() -> Live:
    """It touches neither database nor disk: restart the process only if this fails."""
    return Live(status="ok")


@router.get(
    "/readyz",
    operation_id="get_readyz",
    summary="Whether the service can answer",
    dependencies=[Depends(not_kept)],
)
def read_readyz(request: Request, session: SessionDep) -> Ready:
    """Send no traffic here while this answers 503."""
    release: ReleaseRead = request.state.release
    check_counts(session, release)
    return Ready(status="ok", release=release.version, checks={"schema": "ok", "release": "ok", "rows": "ok"})


@router.get("/release", operation_id="get_release", summary="The release that is served")
def read_release(request: Request, _: SessionDep) -> ReleaseRead:
    """Its version, its checksum, what it counts, its licence, and how to cite it."""
    release: ReleaseRead = request.state.release
    return release


@router.get(
    "/service-info",
    operation_id="get_service_info",
    summary="GA4GH service-info",
    dependencies=[Depends(not_kept)],
    responses=shown(
        {
            "id": "il6-atlas",
            "name": "IL-6 Atlas",
            "type": {"group": "il6-atlas", "artifact": "il6-atlas", "version": __version__},
            "description": "Curated, citable knowledge on interleukin-6 inhibitors in cancer",
            "organization": {"name": "IL-6 Atlas", "url": "http://127.0.0.1:8000/"},
            "documentationUrl": "http://127.0.0.1:8000/docs",
            "updatedAt": "2026-11-28T00:00:00Z",
            "environment": "production",
            "version": __version__,
        }
    ),
)
def read_service_info(request: Request, _: SessionDep) -> ServiceInfo:
    """What this service is, in the words of the GA4GH standard service-info 1.0."""
    settings: Settings = request.app.state.settings
    home = f"{base_of(request.scope)}/"
    return ServiceInfo(
        id="il6-atlas",
        name="IL-6 Atlas",
        type=ServiceType(group="il6-atlas", artifact="il6-atlas", version=__version__),
        description=request.app.summary,
        organization=Organization(name="IL-6 Atlas", url=home),
        documentationUrl=f"{home}docs",
        updatedAt=f"{request.state.release.date}T00:00:00Z",
        environment=settings.environment,
        version=__version__,
    )


class PrefixMap(BaseModel):
    """A context of JSON-LD: what the prefixes of CURIEs stand for."""

    context: dict[str, str] = Field(serialization_alias="@context", validation_alias="@context")


@router.get(
    "/prefixes",
    operation_id="get_prefixes",
    summary="What the prefixes of identifiers stand for",
    responses=shown({"@context": {"mondo": "https://bioregistry.io/mondo:"}}),
)
def read_prefixes(request: Request, _: SessionDep) -> PrefixMap:
    """Every prefix that is written here, in records and in tables for other programs. Others are read too."""
    return PrefixMap.model_validate({"@context": prefix_map(base_of(request.scope))})


@router.get(
    "/llms.txt",
    operation_id="get_llms_txt",
    summary="The service in a page, for agents",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "# IL-6 Atlas"}}}},
)
def read_llms_txt(request: Request, _: SessionDep) -> Response:
    """What there is and where, in the form of llms.txt."""
    lines = told_to_agents(request, request.state.release)
    return Response("\n".join(lines) + "\n", media_type="text/plain")


def told_to_agents(request: Request, release: ReleaseRead) -> Iterator[str]:
    base = base_of(request.scope)
    yield f"# {request.app.title}\n"
    yield f"> {request.app.summary}. No IL-6 inhibitor is approved to treat a cancer. A prediction of the"
    yield "> pathway is no result of a trial. Every fact names its source: name it too, and the release.\n"
    yield f"{release.citation}\n"
    yield "## Tools\n"
    yield f"- [MCP]({base}/mcp): tools with short answers, over streamable HTTP; `il6 mcp` over stdio\n"
    yield "## Collections\n"
    for each in sorted(RESOURCES, key=lambda resource: resource.path):
        yield f"- [{each.path}]({base}/{each.path}): {release.counts[each.path]} records. {each.about}"
    yield "\nOne record by any of its names: `/inhibitors/{id}` and so on, short with `?view=brief`.\n"
    yield "## Questions\n"
    listed = {f"/{each.path}{end}" for each in RESOURCES for end in ("", "/{id:name}")}
    for route in request.app.routes:
        if not isinstance(route, APIRoute) or not route.include_in_schema or "service" in route.tags:
            continue
        if route.path not in listed:
            yield f"- `{', '.join(sorted(route.methods or ()))} {route.path_format}`: {route.summary}"
    yield "\n## Documents\n"
    yield f"- [OpenAPI]({base}/openapi.json): every operation, with parameters and examples"
    yield f"- [Downloads]({base}/downloads): the release whole, as tables, SQLite, JSON-LD, KGX and SSSOM"
    yield f"- [Methods]({base}/about): where the data come from, what each word means, what is thin"


EXAMPLE = """\
# HELP il6_http_requests_total Requests, by route, method and status.
# TYPE il6_http_requests_total counter
il6_http_requests_total{method="GET",route="/inhibitors/{id}",status="200"} 128.0
"""


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}}}},
)
async def read_metrics(request: Request) -> Response:
    """In the text format of Prometheus: requests by route and status, latencies, the cache, the release."""
    watch: ReleaseWatch = request.app.state.watch
    return Response(
        exposition(await watch.current()),
        headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
    )
