"""What the service says of itself: whether it lives, is ready, and which release it serves."""

from typing import Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from app import __version__
from app.models.release import ReleaseRead
from app.queries import check_counts, current_release
from app.session import SessionDep
from app.settings import Settings

router = APIRouter(tags=["service"])


def not_kept(response: Response) -> None:
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
def read_livez() -> Live:
    """It touches no database: restart the process only if this fails."""
    return Live(status="ok")


@router.get(
    "/readyz",
    operation_id="get_readyz",
    summary="Whether the service can answer",
    dependencies=[Depends(not_kept)],
    responses=shown(
        {"status": "ok", "release": "2026.11", "checks": {"schema": "ok", "release": "ok", "rows": "ok"}}
    ),
)
def read_readyz(session: SessionDep) -> Ready:
    """Send no traffic here while this answers 503."""
    release = current_release(session)
    check_counts(session, release)
    return Ready(status="ok", release=release.version, checks={"schema": "ok", "release": "ok", "rows": "ok"})


@router.get("/release", operation_id="get_release", summary="The release that is served")
def read_release(session: SessionDep) -> ReleaseRead:
    """Its version, its checksum, what it counts, its licence, and how to cite it."""
    return current_release(session)


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
            "updatedAt": "2026-11-26T00:00:00Z",
            "environment": "production",
            "version": __version__,
        }
    ),
)
def read_service_info(request: Request, session: SessionDep) -> ServiceInfo:
    """What this service is, in the words of the GA4GH standard service-info 1.0."""
    settings: Settings = request.app.state.settings
    home = str(request.base_url)
    return ServiceInfo(
        id="il6-atlas",
        name="IL-6 Atlas",
        type=ServiceType(group="il6-atlas", artifact="il6-atlas", version=__version__),
        description=request.app.summary,
        organization=Organization(name="IL-6 Atlas", url=home),
        documentationUrl=f"{home}docs",
        updatedAt=f"{current_release(session).date}T00:00:00Z",
        environment=settings.environment,
        version=__version__,
    )
