"""Numbers for Prometheus: what was asked, how long it took, what was refused, and which release is served."""

import os
import time
from collections.abc import Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.models.release import ReleaseRead

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

dropped_lines = Counter("il6_log_dropped", "Lines of the log that nobody read in time.", registry=registry)

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
NOWHERE = "none"
"""The route of what no route answers: the label has few values, whatever is asked."""


@cache
def labelled(metric: Any, *labels: object) -> Any:
    """The number of these labels; to find it by the library takes longer than to count."""
    return metric.labels(*labels)


class Routes:
    """The template of the route of a path, found without the router."""

    def __init__(self, main: FastAPI) -> None:
        self.exact: dict[str, str] = {}
        self.below: dict[str, str] = {}
        for route in iter_route_contexts(main.routes):
            path = str(route.path).replace(":name}", "}")
            fixed, parameter, _ = path.partition("/{")
            if not fixed and parameter:
                continue  # of all collections: counted as what is asked of their records
            if parameter or isinstance(route.original_route, Mount):
                # Of several below one path, the shortest stands for all.
                self.below[fixed] = min(path, self.below.get(fixed, path), key=len)
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


class Counts:
    """What is counted of every answer, and of how long it takes."""

    def __init__(self, main: FastAPI) -> None:
        self.routes = Routes(main)
        self.numbers_of = lru_cache(maxsize=4096)(self.find_numbers)

    def find_numbers(self, path: str, method: str, status: int | str) -> tuple[Any, Any]:
        """What counts the answers of this kind, and what their time is told to."""
        route = self.routes.find(path)
        method = method if method in METHODS else NOWHERE
        return labelled(requests, route, method, status).inc, labelled(seconds, route).observe

    def tell(self, scope: Scope, status: int | str, taken: float) -> None:
        """Count an answer that took some seconds."""
        count, observe = self.numbers_of(scope["path"], scope["method"], status)
        count()
        observe(taken)


class Metrics:
    """Count every answer of the application, and how long it takes."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self.app = app
        self.counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status: int | str = NOWHERE

        async def watch(message: Message) -> None:
            nonlocal status
            if "status" in message:
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            self.counts.tell(scope, status, time.perf_counter() - begun)


class ReleaseCollector(Collector):
    """What is true at the moment it is asked, whichever worker is asked."""

    def __init__(self, release: ReleaseRead | None) -> None:
        self.release = release

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("il6_ready", "Whether a release can be read: 1, or else 0.")
        ready.add_metric([], float(self.release is not None))
        yield ready
        code = InfoMetricFamily("il6_code", "The version of the program.")
        code.add_metric([], {"version": __version__})
        yield code
        if self.release is not None:
            info = InfoMetricFamily("il6_release", "The release that is served.")
            info.add_metric([], {"version": self.release.version, "checksum": self.release.checksum})
            yield info


class Processes(Collector):
    """Processor time, memory and open files of the process, or of all workers together."""

    def collect(self) -> Iterator[Metric]:
        found: dict[str, list[Metric]] = {}
        for pid in process_ids():
            for metric in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                found.setdefault(metric.name, []).append(metric)
        for name, told in found.items():
            together = min if name == "process_start_time_seconds" else sum
            first = told[0].samples[0]
            value = together(metric.samples[0].value for metric in told)
            told[0].samples = [Sample(first.name, first.labels, value)]
            yield told[0]


def process_ids() -> set[str]:
    """Whose numbers are told: this process, or the workers that count together; what has ended has none."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return {each.stem.rpartition("_")[2] for each in Path(folder).glob("*.db")} if folder else {"self"}


def exposition(release: ReleaseRead | None) -> bytes:
    """All numbers, in the text format of Prometheus; of several workers those of all."""
    counted = registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    now.register(ReleaseCollector(release))
    now.register(Processes())
    return generate_latest(counted) + generate_latest(now)
