"""The application: state, middleware, handlers and routers put together; nothing else."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi_rfc9457.server import get_problem_docs_router, problems
from starlette.routing import Route
from starlette.types import ASGIApp

from app import __version__
from app.api import docs, dossier, downloads, evidence, finding, graph, meta, releases, trapi
from app.api.resources import ROUTERS
from app.http.addresses import Addresses, Paths
from app.http.bounds import Bounds, ErrorBoundary
from app.http.cache import Cache
from app.http.headers import Headers, Preflight
from app.http.kept import Answers, Kept
from app.http.logs import AccessLog
from app.http.metrics import Counts, Metrics
from app.http.problems import OF_HTTP, add_handlers
from app.mcp import Endpoint
from app.pages.problems import Pages
from app.pages.render import COLLECTIONS
from app.pages.routes import mount_static
from app.pages.routes import router as pages
from app.settings import Settings
from app.store.engine import Database, parse_url
from app.store.release import ReleaseWatch

DESCRIPTION = """
Inhibitors of interleukin-6 and its pathway, their targets and approvals, cancers and what a high IL-6
means for their prognosis, mechanisms, trials with their outcome, publications, and evidence: single claims,
each from one publication. **No IL-6 inhibitor is approved to treat a cancer.** Every fact names its source.

Data under CC BY 4.0; `/release` says how to cite them.
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    sys.setswitchinterval(0.001)  # a thread that computes gives way to the loop five times as soon
    looking = asyncio.create_task(app.state.watch.run())
    yield
    looking.cancel()
    await app.state.tools.close()
    await app.state.watch.close()
    app.state.database.dispose()


class Application(FastAPI):
    """FastAPI, with what is kept answered before its own middleware is asked, and the log around both."""

    def build_middleware_stack(self) -> ASGIApp:
        stack: ASGIApp = Kept(super().build_middleware_stack(), self.state.answers, self.state.counts)
        return CorrelationIdMiddleware(AccessLog(stack)) if self.state.settings.access_log else stack


def contact_of(settings: Settings) -> dict[str, str]:
    """Whom to write to, in the words of OpenAPI."""
    named = {"name": "The IL-6 Atlas maintainers"}
    if not settings.contact:
        return named
    return {**named, "url" if settings.contact_link == settings.contact else "email": settings.contact}


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    app = Application(
        title="IL-6 Atlas",
        summary="Curated, citable knowledge on interleukin-6 inhibitors in cancer",
        description=DESCRIPTION,
        version=__version__,
        contact=contact_of(settings),
        license_info={"name": "MIT", "identifier": "MIT"},
        openapi_tags=[{"name": each.path, "description": each.about} for each in COLLECTIONS]
        + [
            {
                "name": "graph",
                "description": "What acts on what, from inhibitors to cancers.",
            },
            {"name": "finding", "description": "What a name stands for, and what words are found in."},
            {
                "name": "trapi",
                "description": "The pathway and what came of trials, to other services: TRAPI 1.5.",
            },
            {"name": "releases", "description": "Which releases there were, and what each changed."},
            {"name": "service", "description": "What the service says of itself."},
        ],
        servers=[{"url": "/", "description": "this instance"}],
        telemetry={"tracing": False, "metrics": False, "logs": False},  # /metrics and the log tell
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.database = Database(parse_url(settings.database_url), settings.query_seconds)
    app.state.watch = ReleaseWatch(app.state.database)
    app.state.answers = Answers(app.state.watch, settings.cache_bytes, settings.public_url)
    app.state.parameters = {}
    add_handlers(app)
    routers = [
        dossier.router,
        evidence.router,
        releases.router,
        downloads.router,
        *ROUTERS,
        finding.router,
        graph.router,
        trapi.router,
        meta.router,
    ]
    routes = [each for router in routers for each in router.routes if isinstance(each, APIRoute)]
    app.state.paths = [each.path_format for each in routes]
    for router in [*routers, docs.router, pages]:
        app.router.routes += router.routes  # include_router would make each operation once more
    described = get_problem_docs_router()
    app.include_router(described, prefix="/problems", include_in_schema=False, responses=problems(*OF_HTTP))
    app.state.tools = Endpoint(app.state.database)
    app.router.routes.append(Route("/mcp", app.state.tools, methods=["POST"], include_in_schema=False))
    docs.mount_assets(app)
    mount_static(app)
    segments = {str(each.path).split("/")[1] for each in iter_route_contexts(app.routes)} - {""}
    app.state.addresses = Addresses(settings.public_url, segments)
    app.state.counts = Counts(app)
    add_middleware(app, settings)
    return app


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """From the innermost to the outermost."""
    app.add_middleware(ErrorBoundary)
    app.add_middleware(Pages)
    app.add_middleware(
        Preflight,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["*"],
    )
    if not settings.access_log:
        app.add_middleware(CorrelationIdMiddleware)  # what is kept has none, as no line of a log would
    app.add_middleware(Headers, watch=app.state.watch)
    app.add_middleware(Cache, answers=app.state.answers, deadline=4 * settings.query_seconds)
    app.add_middleware(Bounds, watch=app.state.watch)
    app.add_middleware(Metrics, counts=app.state.counts)
    app.add_middleware(Paths, public_url=settings.public_url)


app = create_app()
gc.freeze()  # models and routes stay: who looks for garbage passes them over, and holds up nobody
