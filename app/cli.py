"""The command line: it parses, calls and prints."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError

from app.catalog import RESOURCES
from app.db import parse_url
from app.seeding.build import DatabaseFault, Outcome, StorageFault, prepare, seed
from app.seeding.files import SEED, DataFault, canonical, format_files
from app.settings import Settings

app = typer.Typer(
    help="IL-6 Atlas: curated, citable knowledge on interleukin-6 inhibitors in cancer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
out = Console()
err = Console(stderr=True)


def fail(message: str, code: int) -> typer.Exit:
    err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(code)


def say(message: str) -> None:
    err.print(message, markup=False, highlight=False, soft_wrap=True)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes that answer")] = 1,
) -> None:
    """Serve the release that the database holds; SIGTERM lets running requests end first."""
    settings = Settings()
    database_url()
    uvicorn.run(
        "app.main:app",
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


@app.command(name="seed")
def seed_command(
    source: Annotated[Path, typer.Option("--from", help="folder that holds the seed files")] = SEED,
    check: Annotated[bool, typer.Option("--check", help="check the files, load nothing")] = False,
    tidy: Annotated[bool, typer.Option("--format", help="bring the files into canonical form")] = False,
) -> None:
    """Load the seed files into the database, all or nothing.

    Ends with 0 when the database holds the release; 65 when the data are wrong, and every problem is named;
    69 when the database does not answer or has another schema; 73 when its file cannot be written.
    """
    begun = time.monotonic()
    try:
        if tidy:
            for name in format_files(source):
                say(f"{name}: brought into canonical form")
        elif check:
            prepare(source)
            check_form(source)
            say("the data are sound")
        else:
            report(load(source), time.monotonic() - begun)
    except DataFault as fault:
        for problem in fault.problems:
            say(str(problem))
        raise fail(f"{fault}; nothing was loaded", os.EX_DATAERR) from None
    except DatabaseFault as fault:
        raise fail(f"the database cannot take the release: {fault}", os.EX_UNAVAILABLE) from None
    except StorageFault as fault:
        raise fail(f"{fault}; what was served before is untouched", os.EX_CANTCREAT) from None


def check_form(source: Path) -> None:
    paths = [source / f"{resource.path}.yaml" for resource in RESOURCES]
    crooked = [path.name for path in paths if canonical(path) != path.read_text(encoding="utf-8")]
    if crooked:
        raise fail(f"not in canonical form: {', '.join(crooked)}; run `il6 seed --format`", os.EX_DATAERR)


def database_url() -> URL:
    try:
        return parse_url(Settings().database_url)
    except (ArgumentError, ValueError) as error:
        raise fail(f"IL6_DATABASE_URL: {error}", os.EX_USAGE) from None


def load(source: Path) -> Outcome:
    url = database_url()
    columns = TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        tasks = {resource.path: progress.add_task(resource.path, total=None) for resource in RESOURCES}
        return seed(
            source,
            url,
            say=say,
            step=lambda path, done, total: progress.update(tasks[path], completed=done, total=total),
        )


def report(outcome: Outcome, seconds: float) -> None:
    release = outcome.release
    table = Table("collection", "rows")
    table.columns[1].justify = "right"
    for path, count in release.counts.items():
        table.add_row(path, str(count))
    out.print(table)
    state = "loaded" if outcome.written else "was loaded already"
    out.print(
        f"release {release.version} {state}, checksum {release.checksum}, {seconds:.1f} seconds",
        highlight=False,
        soft_wrap=True,
    )


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service, with examples from the release the database holds."""
    database_url()
    from app.main import app as service

    json.dump(service.openapi(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    app()
