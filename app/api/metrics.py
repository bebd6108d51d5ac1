"""Numbers for Prometheus: what was asked, how long it took, what was refused, and which release is served."""

import os
import time
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import Database
from app.errors import NoRelease
from app.models.release import ReleaseRead
from app.queries import reading

router = APIRouter(tags=["service"])

disable_created_metrics()  # type: ignore[no-untyped-call]

registry = CollectorRegistry()
requests = Counter(
    "il6_http_requests",
    "Requests, by route, method and status.",
    ["route", "method", "status"],
    registry=registry,
)
seconds = Histogram(
    "il6_http_request_seconds",
    "Seconds from a request to the end of its answer, by route.",
    ["route"],
    registry=registry,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
cached = Counter(
    "il6_cache_answers", "Requests that the cache was asked, by result.", ["result"], registry=registry
)

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
NOWHERE = "none"
"""The route of what no route answers: the label has few values, whatever is asked."""


@cache
def labelled(metric: Any, *labels: object) -> Any:
    """The number of these labels; to find it by the library takes longer than to count."""
    return metric.labels(*labels)


def count_refused(status: int) -> None:
    """Count a request that was refused before the application could be asked."""
    labelled(requests, NOWHERE, NOWHERE, status).inc()


def count_answers(main: FastAPI, tally: Mapping[tuple[str | None, str, int, str], int]) -> None:
    """Count what was answered without the application: path, method, status, and what was ready."""
    for (path, method, status, result), number in tally.items():
        labelled(cached, result).inc(number)
        if path is not None:
            labelled(requests, routes_of(main).find(path), method, status).inc(number)


class Routes:
    """The template of the route of a path, found without the router."""

    def __init__(self, main: FastAPI) -> None:
        self.exact: dict[str, str] = {}
        self.below: dict[str, str] = {}
        for route in iter_route_contexts(main.routes):
            path = str(route.path).replace(":path}", "}")
            fixed, parameter, _ = path.partition("/{")
            if parameter or isinstance(route.original_route, Mount):
                self.below.setdefault(fixed, path)
            else:
                self.exact[path] = path

    def find(self, path: str) -> str:
        if path in self.exact:
            return self.exact[path]
        while path:
            path = path.rpartition("/")[0]
            if path in self.below:
                return self.below[path]
        return NOWHERE


@lru_cache(maxsize=1)
def routes_of(main: FastAPI) -> Routes:
    return Routes(main)


class Metrics:
    """Counts what the application answers, and how long it takes.

    What it hands to the door, to be kept there, the door counts as it is sent.
    """

    def __init__(self, app: ASGIApp, main: FastAPI) -> None:
        self.app = app
        self.main = main

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status: int | str = NOWHERE

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route = routes_of(self.main).find(scope["path"])
            method = scope["method"] if scope["method"] in METHODS else NOWHERE
            if not scope.get("state", {}).get("collected"):
                labelled(requests, route, method, status).inc()
            labelled(seconds, route).observe(time.perf_counter() - begun)


class ReleaseCollector(Collector):
    """What is true at the moment it is asked, whichever worker is asked."""

    def __init__(self, release: ReleaseRead | None) -> None:
        self.release = release

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("il6_ready", "Whether a release can be read: 1, or else 0.")
        ready.add_metric([], float(self.release is not None))
        yield ready
        if self.release is not None:
            info = InfoMetricFamily("il6_release", "The release that is served.")
            info.add_metric([], {"version": self.release.version, "checksum": self.release.checksum})
            yield info


def current(database: Database) -> ReleaseRead | None:
    try:
        with reading(database) as (_, release):
            return release
    except (NoRelease, DBAPIError):
        return None


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
def read_metrics(request: Request) -> Response:
    """In the text format of Prometheus: requests by route and status, latencies, the cache, the release."""
    counted = registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    now.register(ReleaseCollector(current(request.app.state.database)))
    return Response(
        generate_latest(counted) + generate_latest(now),
        headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"},
    )
