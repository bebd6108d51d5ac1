"""The command line: it parses, calls and prints."""

import asyncio
import html
import json
import os
import re
import sys
import tempfile
import time
import typing
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from app.catalog import BY_KIND, RESOURCES, Resource, filter_named
from app.errors import AtlasError, NoRelease, nearest
from app.exports import EXPORTS, GRAPH_EXPORTS
from app.exports.plain import body_of
from app.knowledge.conflicts import find_conflicts
from app.knowledge.dossier import compare, get_dossier
from app.knowledge.graph import Graph, graph_asked_for, paths_asked_for
from app.models.base import Kind
from app.models.filters import Filters, Format
from app.models.graph import GraphFilters, GraphFormat, PathFilters
from app.models.release import ReleaseRead
from app.settings import SEED, Settings
from app.store.engine import Database, parse_url
from app.store.lists import Page, all_items, all_sources, find_page, get_record
from app.store.names import readings_told
from app.store.release import reading
from app.store.search import search

if TYPE_CHECKING:
    from app.seeding.build import Outcome

app = typer.Typer(
    help="IL-6 Atlas: curated, citable knowledge on interleukin-6 inhibitors in cancer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
DRAFTS = Path("drafts")
"""Where drafts of new rows are put if nothing else is said."""

out = Console()
err = Console(stderr=True)


def say(message: str) -> None:
    err.print(message, markup=False, highlight=False, soft_wrap=True)


def fail(message: str, code: int) -> typer.Exit:
    typer.secho(message, fg=typer.colors.RED, err=True)
    return typer.Exit(code)


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        problems = (f"IL6_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        raise fail("; ".join(problems), os.EX_USAGE) from None


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes that answer")] = 1,
) -> None:
    """Serve the release that the database holds; SIGTERM lets running requests end first."""
    import uvicorn

    from app.http.logs import log_config

    settings = read_settings()
    database_url()
    with counted_together() if workers > 1 else nullcontext():
        uvicorn.run(
            "app.main:app",
            host=host or settings.host,
            port=settings.port if port is None else port,
            workers=workers,
            ws="none",
            access_log=False,
            server_header=False,
            log_config=log_config(settings),
            timeout_keep_alive=65,  # longer than what stands in front keeps an idle connection
            timeout_graceful_shutdown=10,
            timeout_worker_healthcheck=60,  # a worker that is starting on a busy machine is not a dead one
        )


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


@app.command(name="seed")
def seed_command(
    source: Annotated[Path, typer.Option("--from", help="folder that holds the seed files")] = SEED,
    check: Annotated[bool, typer.Option("--check", help="check the files, load nothing")] = False,
    schema: Annotated[bool, typer.Option("--migrate", help="bring the schema of a server up first")] = False,
    tidy: Annotated[bool, typer.Option("--format", help="bring the files into canonical form")] = False,
    schemas: Annotated[bool, typer.Option("--schemas", help="write JSON Schemas for an editor")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="check whenever a file changes")] = False,
) -> None:
    """Load the seed files into the database, all or nothing.

    Ends with 0 when the database holds the release; 65 when the data are wrong, and every problem is named;
    69 when the database does not answer or has another schema; 73 when its file cannot be written.
    """
    # Seeding needs libraries that take long to import; no other command waits for them.
    from app.seeding.build import DatabaseFault, StorageFault, seed
    from app.seeding.files import DataFault, format_files
    from app.seeding.schemas import write_schemas

    begun = time.monotonic()
    try:
        if tidy:
            for name in format_files(source):
                say(f"{name}: brought into canonical form")
        elif schemas:
            with writing(source):
                for path in write_schemas(source):
                    say(f"{path}: written")
        elif watch:
            with suppress(KeyboardInterrupt):
                watch_files(source)
        elif check:
            check_files(source)
            say("the data are sound")
        else:
            report(seed(source, database_url(), say=say, schema=schema), time.monotonic() - begun)
    except DataFault as fault:
        for problem in fault.problems:
            say(str(problem))
        raise fail(f"{fault}; nothing was loaded", os.EX_DATAERR) from None
    except DatabaseFault as fault:
        raise fail(f"the database cannot take the release: {fault}", os.EX_UNAVAILABLE) from None
    except StorageFault as fault:
        raise fail(f"{fault}; what was served before is untouched", os.EX_CANTCREAT) from None


def check_files(source: Path) -> None:
    """Raise DataFault with everything that keeps the files from being released."""
    from app.seeding.check import read_facts
    from app.seeding.files import DataFault, Problem, canonical
    from app.seeding.releases import all_releases, dataset_of, frozen_faults

    *_, newest = all_releases(source, dataset_of(*read_facts(source), source))
    paths = [source / f"{resource.path}.yaml" for resource in RESOURCES]
    crooked = [path.name for path in paths if canonical(path) != path.read_text(encoding="utf-8")]
    problems = [Problem(name, "", "", "canonical form: run `il6 seed --format`") for name in crooked]
    if problems := problems or list(frozen_faults(source, newest)):
        raise DataFault(problems)


def watch_files(source: Path) -> None:
    """Check the files whenever one has changed, until the program is interrupted."""
    from app.seeding.files import DataFault

    seen: dict[str, int] = {}
    while True:
        found = {each.name: each.stat().st_mtime_ns for each in os.scandir(source) if each.is_file()}
        if found != seen:
            seen = found
            try:
                check_files(source)
                say(f"{datetime.now():%H:%M:%S} the data are sound")
            except DataFault as fault:
                for problem in fault.problems:
                    say(str(problem))
                say(f"{datetime.now():%H:%M:%S} {fault}")
        time.sleep(0.5)


@app.command(name="release")
def release_command(
    version: Annotated[
        str | None, typer.Argument(help="calendar version; that of RELEASE if not given")
    ] = None,
    source: Annotated[Path, typer.Option("--from", help="folder that holds the seed files")] = SEED,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="its day; today")
    ] = None,
) -> None:
    """Release what the seed files hold: freeze it, and write what it changed into the changelog of the data.

    Ends with 0 when the release is frozen; 65 when the data are wrong, or were released and differ now.
    """
    from app.seeding.files import DataFault
    from app.seeding.releases import freeze

    try:
        files = freeze(source, version, (day or datetime.now()).date())
    except DataFault as fault:
        for problem in fault.problems:
            say(str(problem))
        raise fail(f"{fault}; nothing was released", os.EX_DATAERR) from None
    for path in files:
        say(f"{path}: written")
    if not files:
        say("it was released already, and nothing has changed since")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """End the program with a clear word where something cannot be written."""
    try:
        yield
    except OSError as error:
        raise fail(f"cannot write {error.filename or path}: {error.strerror}", os.EX_CANTCREAT) from None


@app.command()
def add(
    what: Annotated[
        list[str], typer.Argument(help="doi:..., pmid:..., nct..., or a file .nbib, .ris or .json (CSL)")
    ],
    source: Annotated[Path, typer.Option("--from", help="folder that holds the seed files")] = SEED,
    to: Annotated[Path, typer.Option(help="folder for the drafts")] = DRAFTS,
) -> None:
    """Draft rows for papers and trials, from Europe PMC, Crossref, ClinicalTrials.gov or a file.

    Ends with 0 when every draft is written; 65 when something is there already or is wrong; 69 when a
    service does not answer or does not know it. The seed files are not touched: `il6 accept` does that.
    """
    from app.curation.additions import Known, NotAnIdentifier, find
    from app.curation.drafts import draft
    from app.curation.services import ServiceFault
    from app.seeding.check import read_facts
    from app.seeding.files import DataFault

    code = 0
    for written in what:
        try:
            read_facts(source)
            for found in find(written, source, to, date.today()):
                path = to / f"{found.id}.yaml"
                if path.exists():
                    raise Known(f"{path} is a draft of it already")
                with writing(path):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(draft(found.rows, found.source, str(path)), "utf-8")
                say(f"{path}: drafted from {found.source}")
                for notice in found.notices:
                    say(f"  {notice}")
        except NotAnIdentifier as fault:
            raise fail(str(fault), os.EX_USAGE) from None
        except (Known, DataFault) as fault:
            code = os.EX_DATAERR
            say(f"{written}: {'; '.join(map(str, getattr(fault, 'problems', [fault])))}")
        except ServiceFault as fault:
            code = os.EX_UNAVAILABLE
            say(f"{written}: {fault}")
    if code:
        raise fail("not all was drafted; the seed files are as they were", code)


@app.command()
def accept(
    files: Annotated[list[Path], typer.Argument(help="drafts that are filled in, proposals")],
    source: Annotated[Path, typer.Option("--from", help="folder that holds the seed files")] = SEED,
) -> None:
    """Put drafts and accepted proposals into the seed files, where all rules hold with them.

    Ends with 0 when all are in; 65 when something is wrong with one: it and those behind it are not in.
    """
    from app.curation.drafts import accept as accept_draft
    from app.curation.proposals import accepted, apply
    from app.seeding.check import read_facts
    from app.seeding.files import DataFault, rows_as_text

    for path in files:
        try:
            read_facts(source)
            with writing(source):
                if (changes := accepted(path)) is not None:
                    apply(source, changes)
                    say(f"{path}: {len(changes)} changes made")
                    continue
                for resource, rows in accept_draft(source, path).items():
                    say(f"{resource.path}.yaml:\n{rows_as_text(resource, rows)}")
        except DataFault as fault:
            for problem in fault.problems:
                say(str(problem))
            raise fail(f"{path}: {fault}; nothing was added", os.EX_DATAERR) from None


@app.command()
def refresh(
    what: Annotated[str, typer.Argument(help="publications, trials or approvals")],
    source: Annotated[Path, typer.Option("--from", help="folder that holds the seed files")] = SEED,
    to: Annotated[Path, typer.Option(help="folder for the file of proposals")] = DRAFTS,
    write: Annotated[bool, typer.Option("--write", help="take what overwrites no word of a curator")] = False,
    force: Annotated[bool, typer.Option("--force", help="with --write: take the rest, too")] = False,
) -> None:
    """Say what Europe PMC, ClinicalTrials.gov or openFDA tell otherwise than the seed files, both values.

    What is not taken is left as a file of proposals: say `accept: true` of some, and call `il6 accept`. Ends
    with 0 when all was looked at; 65 when a rule forbids what was to be written; 69 when a service does not
    answer: what was found until then is proposed, and nothing is written.
    """
    from app.curation.proposals import Change, Finding, apply, leave
    from app.curation.refresh import REFRESH
    from app.curation.services import ServiceFault
    from app.seeding.check import read_facts
    from app.seeding.files import DataFault

    if what not in REFRESH:
        raise fail(f"{what} cannot be refreshed: {', '.join(REFRESH)} can", os.EX_USAGE)
    found: list[Finding] = []
    problem: ServiceFault | DataFault | None = None
    try:
        read_facts(source)
        for each in REFRESH[what](source, date.today()):
            found.append(each)
            say(str(each))
        taken = [
            each for each in found if write and isinstance(each, Change) and (force or not each.overwrites)
        ]
        with writing(source):
            apply(source, taken)
        found = [each for each in found if each not in taken]
        say(f"{len(taken)} changes made")
    except ServiceFault as fault:
        problem = fault
    except DataFault as fault:
        problem = fault
        for broken in fault.problems:
            say(str(broken))
    if found:
        with writing(to):
            path = leave(found, what, date.today(), to)
        say(f"{path}: {len(found)} proposals and remarks")
    if problem:
        code = os.EX_UNAVAILABLE if isinstance(problem, ServiceFault) else os.EX_DATAERR
        raise fail(f"{problem}; nothing was changed", code)


@app.command()
def mirror(folder: Annotated[Path, typer.Argument(help="a folder that is empty or not there yet")]) -> None:
    """Write the site and its data as files, which any server of files can serve.

    Ends with 0 when they are written; 69 when there is no release; 73 when they cannot be written.
    """
    from app.main import create_app
    from app.pages.mirror import MirrorFault, write

    settings = read_settings().model_copy(update={"access_log": False})
    database_url()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise fail(f"{folder} is not empty", os.EX_CANTCREAT)
        say(f"{asyncio.run(write(create_app(settings), folder))} files written to {folder}")
    except MirrorFault as fault:
        raise fail(str(fault), os.EX_UNAVAILABLE) from None
    except OSError as error:
        raise fail(f"cannot write {folder}: {error.strerror}", os.EX_CANTCREAT) from None


def database_url() -> URL:
    try:
        return parse_url(read_settings().database_url)
    except ValueError as error:
        raise fail(f"IL6_DATABASE_URL: {error}", os.EX_USAGE) from None


def report(outcome: "Outcome", seconds: float) -> None:
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


Parameters = TypeVar("Parameters", bound=BaseModel)


def parse(tokens: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Names, and options with their values: `--target il6r`, `--target=il6r`, `--approved`, `--n-gte 90`."""
    names: list[str] = []
    options: dict[str, list[str]] = {}
    waiting = None
    for token in tokens:
        if token.startswith("--"):
            name, given, value = token[2:].partition("=")
            name = re.sub(r"_(gte|lte|not)$", r"__\1", name.replace("-", "_").replace("__", "_"))
            options.setdefault(name, []).extend([value] if given else [])
            waiting = None if given else name
        elif waiting:
            options[waiting].append(token)
            waiting = None
        else:
            names.append(token)
    return names, {name: values or ["true"] for name, values in options.items()}


def read_options(model: type[Parameters], options: dict[str, list[str]]) -> Parameters:
    """The options as the parameters of a question; ends the program where they are none."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    filters = model if issubclass(model, Filters) else None
    for name in options:
        if name not in fields and not (filters and filter_named(filters, name)):
            near = nearest(name, list(fields))
            raise fail(
                f"--{name}: there is no such option" + (f"; did you mean --{near}?" if near else ""),
                os.EX_USAGE,
            )
    single = {name for name, field in fields.items() if typing.get_origin(field.annotation) is not list}
    try:
        return model.model_validate(
            {name: values[-1] if name in single else values for name, values in options.items()}
        )
    except ValidationError as error:
        problems = (f"--{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise fail("; ".join(dict.fromkeys(problems)), os.EX_USAGE) from None


@contextmanager
def opened() -> Iterator[tuple[Session, ReleaseRead]]:
    """The release in the database; what is wrong with a question ends the program with its own words."""
    database = Database(database_url())
    try:
        with reading(database) as (session, release):
            yield session, release
            for told in readings_told(session):
                say(told)
    except AtlasError as error:
        near = [*getattr(error, "candidates", []), *getattr(error, "suggestions", [])]
        meant = f" Did you mean {', '.join(each.id for each in near)}?" if near else ""
        code = os.EX_UNAVAILABLE if isinstance(error, NoRelease) else os.EX_USAGE
        raise fail(f"{error}{meant}", code) from None
    except DBAPIError as error:
        raise fail(
            f"the database does not answer: {error.orig}; `il6 seed` builds an embedded one anew",
            os.EX_UNAVAILABLE,
        ) from None
    finally:
        database.dispose()


def answer(resource: Resource, tokens: list[str]) -> None:
    """Print a record for each name, or else the list that the options ask for."""
    names, options = parse(tokens)
    with opened() as (session, release):
        if names:
            if options:
                raise fail("give names or options, not both", os.EX_USAGE)
            for name in names:
                out.print_json(get_record(session, resource, name)[1])
            return
        filters = read_options(resource.filters, options)
        wanted = Format(filters.format) if filters.format else None
        if wanted in EXPORTS:
            form = EXPORTS[wanted]
            rows = (all_sources if form.of_sources else all_items)(session, resource, filters)
            model = BY_KIND[Kind.PUBLICATION].item if form.of_sources else resource.item
            sys.stdout.buffer.write(form.write(rows, model, release))
            return
        page = find_page(session, resource, filters)
        if wanted == Format.JSON:
            out.print_json(body_of(page, filters.fields, None))
            return
        show(resource, filters, page)


def show(resource: Resource, filters: Filters, page: Page) -> None:
    """A list as a table: what the fields are, or else the short ones."""
    short = [
        name
        for name, kind in filters.columns.items()
        if not issubclass(kind, str) or issubclass(kind, StrEnum)
    ]
    title = [name for name in ("name", "title", "statement") if name in resource.item.model_fields]
    columns = [
        "id",
        *(filters.fields or [*title, *[name for name in short if name in resource.item.model_fields]][:6]),
    ]
    columns = list(dict.fromkeys(columns))
    table = Table(*columns)
    for item in map(json.loads, page.items):
        table.add_row(*(plain_cell(item.get(name)) for name in columns))
    out.print(table)
    out.print(f"{len(page.items)} of {page.total} {resource.path}", highlight=False)
    for name, counts in (page.facets or {}).items():
        out.print(
            f"{name}: " + ", ".join(f"{value} {count}" for value, count in counts.items()), highlight=False
        )
    if page.missing:
        say(f"not found: {', '.join(page.missing)}")


def plain_cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(plain_cell(each) for each in value)
    if isinstance(value, dict):
        return str(value.get("name") or value.get("verdict") or json.dumps(value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def add_collection(resource: Resource) -> None:
    @app.command(
        name=resource.path,
        help=f"{resource.about} With names those records, with options the list that they ask for.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        epilog="Options: "
        + ", ".join(f"--{name.replace('__', '-')}" for name in resource.filters.model_fields),
        options_metavar="[NAME ...] [OPTION VALUE ...]",
    )
    def command(context: typer.Context) -> None:
        answer(resource, context.args)


for each in sorted(RESOURCES, key=lambda resource: resource.path):
    add_collection(each)


def options_of(model: type[BaseModel]) -> str:
    names = (field.alias or name for name, field in model.model_fields.items())
    return "Options: " + ", ".join(f"--{name.replace('_', '-')}" for name in names)


ANY_OPTION = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(
    context_settings=ANY_OPTION, epilog=options_of(GraphFilters), options_metavar="[OPTION VALUE ...]"
)
def graph(context: typer.Context) -> None:
    """The pathway graph, or what lies around some records: as JSON, as a picture, as a file."""
    names, options = parse(context.args)
    if names:
        raise fail("give options: `il6 graph --cancer ovarian-cancer`", os.EX_USAGE)
    filters = read_options(GraphFilters, options)
    with opened() as (session, release):
        part = graph_asked_for(session, filters)
        print_graph(part, release, part.read(), filters.format)


@app.command(
    context_settings=ANY_OPTION, epilog=options_of(PathFilters), options_metavar="FROM TO [OPTION VALUE ...]"
)
def paths(context: typer.Context) -> None:
    """How one record acts on another: the shortest chains, each with its sign and its sources."""
    names, options = parse(context.args)
    if len(names) != 2:
        raise fail("from where to where? `il6 paths tocilizumab ovarian-cancer`", os.EX_USAGE)
    filters = read_options(PathFilters, {**options, "from": [names[0]], "to": [names[1]]})
    with opened() as (session, release):
        found, part = paths_asked_for(session, filters)
        if filters.format is not None:
            print_graph(part, release, found, filters.format)
            return
        for path in found.paths:
            line(path.reading)
            for edge in path.edges:
                line(f"  {edge.statement}", [each.id for each in edge.publications])
        if not found.complete:
            say("there is more than could be looked at: name --via, or a smaller --max-length")
        say(f"{len(found.paths)} paths")


def print_graph(part: Graph, release: ReleaseRead, read: BaseModel, wanted: GraphFormat | None) -> None:
    if wanted in GRAPH_EXPORTS:
        sys.stdout.write(GRAPH_EXPORTS[wanted].write(part, release))
    else:
        out.print_json(read.model_dump_json(by_alias=True))


AsJson = Annotated[Literal["json"] | None, typer.Option("--format", help="whole, as the service has it")]


def line(text: str, sources: Iterable[str] = ()) -> None:
    """A line as it is, with the publications behind it."""
    cited = f" [{', '.join(sources)}]" if sources else ""
    out.print(text + cited, highlight=False, markup=False, soft_wrap=True)


@app.command()
def dossier(
    inhibitor: Annotated[str, typer.Argument(help="by any of its names")],
    cancer: Annotated[str, typer.Argument(help="likewise")],
    wanted: AsJson = None,
) -> None:
    """One inhibitor in one cancer: what the pathway predicts beside what came of it in trials."""
    with opened() as (session, _):
        found = get_dossier(session, inhibitor, cancer)
        if wanted:
            out.print_json(found.model_dump_json(by_alias=True))
            return
        line(found.summary)
        for trial in found.trials:
            line(f"  trial {trial.id}, {trial.purpose}: {trial.outcome}. {trial.result or trial.title}")
        for claim in (*found.therapeutic, *found.safety):
            told = f"  level {claim.level}, {claim.significance}: {claim.statement}"
            line(told, [claim.publication.id])
        for each in found.approvals:
            told = f"  {each.agency} {each.year or ''}, {each.status}: {each.indication.name}"
            line(told, [source.id for source in each.publications])


@app.command(name="compare")
def compare_command(
    inhibitors: Annotated[list[str], typer.Argument(help="two or more, by any of their names")],
    cancer: Annotated[str | None, typer.Option(help="trials and claims in this cancer alone")] = None,
    wanted: AsJson = None,
) -> None:
    """Inhibitors side by side: targets, approvals by agency, trials by outcome, claims by what they found."""
    with opened() as (session, _):
        found = compare(session, inhibitors, cancer)
        if wanted:
            out.print_json(found.model_dump_json())
            return
        table = Table("", *(escape(each.inhibitor.name) for each in found.items))
        columns = [each.model_dump(mode="json", exclude={"inhibitor"}) for each in found.items]
        for name in columns[0]:
            table.add_row(name.replace("_", " "), *(escape(counted(each[name])) for each in columns))
        out.print(table)


def counted(value: object) -> str:
    """A value in a cell; of counts, those that are not empty."""
    if not isinstance(value, dict):
        return plain_cell(value)
    parts = (f"{name} {counted(each)}" for name, each in value.items() if each)
    return "\n".join(parts) if any(isinstance(each, dict) for each in value.values()) else ", ".join(parts)


@app.command()
def conflicts(
    cancer: Annotated[str | None, typer.Option(help="questions on this cancer, by any of its names")] = None,
    inhibitor: Annotated[str | None, typer.Option(help="questions on this inhibitor, likewise")] = None,
    wanted: AsJson = None,
) -> None:
    """Questions on which publications disagree, both sides cited; those that most took up come first."""
    with opened() as (session, _):
        found = find_conflicts(session, cancer, inhibitor)
        if wanted:
            out.print_json(found.model_dump_json())
            return
        for each in found.items:
            line(each.question)
            for side in each.sides:
                sources = dict.fromkeys(claim.publication.id for claim in side.claims)
                line(f"  {side.publications} found {side.significance}", sources)
        say(f"{found.total} questions")


@app.command()
def ask(
    words: Annotated[list[str], typer.Argument(help="a name, a code, an identifier, or words")],
    limit: Annotated[int, typer.Option(min=1, max=500, help="hits to show")] = 20,
) -> None:
    """Search every kind of record, best hits first."""
    with opened() as (session, _):
        hits = search(session, " ".join(words), [], limit, None)
        table = Table("kind", "id", "what is said")
        for hit in hits.items:
            marked = html.unescape(hit.snippet.replace("<mark>", "\0").replace("</mark>", "\1"))
            table.add_row(
                hit.entry.kind,
                hit.entry.record_id,
                escape(marked).replace("\0", "[bold]").replace("\1", "[/bold]"),
            )
        out.print(table)
        if hits.total:
            out.print(f"{len(hits.items)} of {hits.total} hits", highlight=False)
        else:
            part = "; these hold part of it" if hits.items else ""
            out.print(f"No record holds all of that{part}", highlight=False)
            if hits.suggestions:
                out.print(
                    f"Did you mean {' or '.join(each.id for each in hits.suggestions)}?", highlight=False
                )


@app.command()
def mcp() -> None:
    """Tools for agents over standard input and output; a server has them at /mcp."""
    from app.mcp import make_server

    database = Database(database_url())
    try:
        make_server(database).run("stdio")
    finally:
        database.dispose()


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the service, with examples from the release the database holds."""
    from app.api.docs import document, examples
    from app.main import app as service

    with opened() as (session, release):
        made = document(service, examples(session, release))
    json.dump(made, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
