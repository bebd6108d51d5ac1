"""The command that serves: it starts without waiting for what the other commands import."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer
import uvicorn
from pydantic import ValidationError
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.embedded import embedded_path
from app.settings import Settings


def fail(message: str, code: int) -> typer.Exit:
    typer.secho(message, fg=typer.colors.RED, err=True)
    return typer.Exit(code)


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        problems = (f"IL6_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        raise fail("; ".join(problems), os.EX_USAGE) from None


def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes that answer")] = 1,
) -> None:
    """Serve the release that the database holds; SIGTERM lets running requests end first."""
    settings = read_settings()
    check_serving(settings, workers)
    config = uvicorn.Config(
        "app.front:create_front",
        factory=True,
        http="app.protocol:Protocol",
        ws="none",
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers,
        access_log=False,
        server_header=False,
        limit_concurrency=settings.connections,
        timeout_keep_alive=65,  # longer than what stands in front keeps an idle connection
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=60,  # a worker that is starting on a busy machine is not a dead one
    )
    if workers == 1:
        server = uvicorn.Server(config)
        with suppress(KeyboardInterrupt):
            server.run()
        if not server.started:
            raise typer.Exit(STARTUP_FAILURE)
        return
    with counted_together():
        Workers(config, [config.bind_socket()]).run()


class Workers(Multiprocess):
    """The processes that answer, and the one that minds them."""

    def terminate_all(self) -> None:
        """Take no new connection from now on: left open here, the socket would go on making some."""
        for each in self.sockets:
            each.close()
        super().terminate_all()


def check_serving(settings: Settings, workers: int) -> None:
    """End the program where a setting of the service is no good."""
    if embedded_path(settings.database_url) is not None and not settings.rate_limit + settings.replica_urls:
        return
    # What follows reads URLs with a library that takes long to import; a plain path needs none.
    from sqlalchemy.exc import ArgumentError

    from app.db import parse_url, parse_urls

    try:
        parse_url(settings.database_url)
    except (ArgumentError, ValueError) as error:
        raise fail(f"IL6_DATABASE_URL: {error}", os.EX_USAGE) from None
    try:
        parse_urls(settings.replica_urls)
    except (ArgumentError, ValueError) as error:
        raise fail(f"IL6_REPLICA_URLS: {error}", os.EX_USAGE) from None
    if settings.rate_limit:
        from app.api.limits import check_rate

        try:
            check_rate(settings.rate_limit, settings.rate_limit_storage, workers)
        except ValueError as error:
            raise fail(str(error), os.EX_USAGE) from None


@contextmanager
def counted_together() -> Iterator[None]:
    """A folder in which several workers count, so that each tells Prometheus the numbers of all."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        yield
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="il6-metrics-")
    except OSError as error:
        message = f"several workers need a folder to count in: {error.strerror}; TMPDIR names another"
        raise fail(message, os.EX_CANTCREAT) from None
    with folder as name:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = name
        yield
