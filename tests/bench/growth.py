"""How the time of a question grows with the release: today's beside one a hundred times its size.

Both are asked the same questions in this process, on SQLite and on PostgreSQL; the figures are processor
time, that of the server included. A question is cold where nothing that was computed before is remembered.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select, text
from sqlmodel import Session, col

from app.catalog import BY_KIND, RESOURCES, Resource, filter_named, parameters_of
from app.models.base import Kind
from app.models.finding import MatchedOn, Name
from app.store.conditions import Conditions
from app.store.engine import Database, make_engine, parse_url
from app.store.lists import Order, encode_cursor, find_page, get_record
from app.store.memory import Memory
from app.store.names import suggest
from app.store.release import reading
from app.store.search import search
from tests.bench.scale import make
from tests.conftest import PostgreSQL

LIMIT = 20
SAMPLE = 200
"""Records, of each kind, among which those that are asked for are drawn."""

SEARCHES = {
    "rare": "nanobody",
    "common": "il-6",
    "several words": "il-6 angiogenesis ovarian",
    "prefix": "t*",
    "name": "tocilizumab",
}

JOINT: dict[Kind, list[dict[str, Any]]] = {
    Kind.INHIBITOR: [
        {"indication": ["rheumatoid-arthritis"], "agency": ["EMA"]},
        {"approval.year__gte": ["2015"], "agency": ["FDA"]},
        {"agency__not": ["FDA"], "indication": ["rheumatoid-arthritis"]},
        {"trial.outcome": ["negative"], "evidence.type": ["safety"], "target": ["il6r"]},
    ],
    Kind.CANCER: [{"trial.outcome": ["negative"], "trial.inhibitor": ["siltuximab"]}],
    Kind.PUBLICATION: [{"evidence.type": ["safety"], "inhibitor": ["tocilizumab"]}],
}

FLAT = ("record", "record by another name", "first page", "deep page", "sort", "deep page of a sort")
MOST_GROWTH = 2.5
"""Times the time of today's release, where what is remembered is asked again, for what is FLAT."""

MOST_MILLISECONDS = {"SQLite": 150.0, "PostgreSQL": 500.0}
"""Where all else is asked for the first time of the large release."""


class Asked:
    """A release that is asked, and the clock of the processors that work for it."""

    def __init__(self, url: str) -> None:
        self.database = Database(parse_url(url))
        self.dice = random.Random(6)
        self.server: Path | None = None
        self.ids: dict[Kind, list[str]] = {}
        self.names: dict[Kind, list[str]] = {}
        with reading(self.database) as (session, _):
            if self.database.path is None:
                self.server = Path(f"/proc/{session.scalar(select(func.pg_backend_pid()))}/schedstat")
            for kind, resource in BY_KIND.items():
                ids = select(resource.table.id).order_by(func.random()).limit(SAMPLE)
                self.ids[kind] = list(session.scalars(ids))
                self.names[kind] = list(session.scalars(names_of_one(kind).limit(SAMPLE)))

    def time(self, question: "Question", *, cold: bool) -> float:
        """Seconds of processor time, here and in the server."""
        with reading(self.database) as (session, _):
            if cold:
                session.info["memory"] = self.database.memory = Memory()
            begun = self.clock()
            question.ask(session, self)
            return self.clock() - begun

    def clock(self) -> float:
        there = int(self.server.read_text().split()[0]) / 1e9 if self.server else 0
        return time.process_time() + there


def names_of_one(kind: Kind) -> Any:
    """Names that are no ids, and stand for one record of a kind."""
    own = select(Name.key).where(col(Name.kind) == kind)  # type: ignore[call-overload]
    alone = own.group_by(col(Name.key)).having(func.count() == 1)
    named = select(Name.spelling).where(col(Name.kind) == kind, col(Name.matched_on) == MatchedOn.NAME)  # type: ignore[call-overload]
    return named.where(col(Name.key).in_(alone)).order_by(func.random())


@dataclass(frozen=True)
class Question:
    group: str
    asked: str
    ask: Callable[[Session, Asked], Any]


def record(resource: Resource, session: Session, asked: Asked) -> Any:
    return get_record(session, resource, asked.dice.choice(asked.ids[resource.kind]))


def record_by_name(resource: Resource, session: Session, asked: Asked) -> Any:
    return get_record(session, resource, asked.dice.choice(asked.names[resource.kind]))


def hits(words: str, after: tuple[int, int] | None, session: Session, _: Asked) -> Any:
    return search(session, words, [], LIMIT, after)


def near(term: str, session: Session, _: Asked) -> Any:
    return suggest(session, [term], tuple(Kind))


def listed(group: str, resource: Resource, /, **given: Any) -> Question:
    said = "&".join(f"{name}={each}" for name, each in given.items())
    filters = resource.filters.model_validate({"limit": LIMIT, **given})
    return Question(
        group, f"{resource.path}?{said}", lambda session, _: find_page(session, resource, filters)
    )


def deep(group: str, resource: Resource, sort: list[str]) -> Question:
    """A page that begins behind a record drawn by chance."""

    def ask(session: Session, asked: Asked) -> Any:
        order = Order.of(Conditions(resource), sort)
        last = select(*(column for column, _ in order.columns))
        last = last.where(resource.table.id == asked.dice.choice(asked.ids[resource.kind]))
        cursor = encode_cursor(sort, session.execute(last).one())
        return find_page(session, resource, resource.filters(limit=LIMIT, sort=sort, cursor=cursor))

    return Question(group, f"{resource.path}?sort={','.join(sort)}&cursor=", ask)


def questions(session: Session, asked: Asked) -> Iterator[Question]:
    """Every order, filter and facet of the collections; the values are those that most records have."""
    frequent = {each.kind: frequent_values(session, each) for each in RESOURCES}
    for resource in RESOURCES:
        yield Question("record", resource.path, partial(record, resource))
        if asked.names[resource.kind]:
            yield Question("record by another name", resource.path, partial(record_by_name, resource))
        yield listed("first page", resource)
        yield deep("deep page", resource, [])
        for name in (*resource.filters.columns, *resource.filters.references):
            for sort in ([name], [f"-{name}"]):
                yield listed("sort", resource, sort=sort)
                yield deep("deep page of a sort", resource, sort)
        for name in frequent[resource.kind]:
            yield listed("facet", resource, facets=[name], limit=0)
        for name, value in filters_of(resource, frequent):
            yield listed("filtered page", resource, **{name: value})
            yield listed("total", resource, **{name: value}, limit=0)
        for joint in JOINT.get(resource.kind, ()):
            yield listed("joint filters", resource, **joint)
            facets = list(resource.filters.relations)
            yield listed("facets of joint filters", resource, **joint, facets=facets)
        yield listed("filtered page", resource, q="il-6")
    for name, words in SEARCHES.items():
        yield Question(f"search, {name}", words, partial(hits, words, None))
    yield Question("search, deep page", "il-6", partial(hits, "il-6", (1, 1000)))
    for term in ("tocilizumb", "multiple mieloma"):
        yield Question("misspelt name", term, partial(near, term))


def frequent_values(session: Session, resource: Resource) -> dict[str, str]:
    """Of each field that can be counted, the value that most records have."""
    filters = resource.filters
    names = [*filters.columns, *filters.references, *filters.members, *filters.relations]
    names.remove("id")
    facets = find_page(session, resource, filters(facets=names, limit=0)).facets or {}
    return {name: next(iter(counts)) for name, counts in facets.items() if counts}


def filters_of(
    resource: Resource, frequent: dict[Kind, dict[str, str]]
) -> Iterator[tuple[str, str | list[str]]]:
    """Every filter that a list takes, those of linked records and exclusions too, each with a value."""
    for name in parameters_of(resource.filters):
        named = filter_named(resource.filters, name)
        assert named
        kind = Kind(name.rpartition(".")[0] or resource.kind)
        plain = named.name.partition("__")[0]
        constant = "true" if plain in named.filters.switches else {"min_level": "B"}.get(plain)
        value = constant or frequent[kind].get(plain)
        if value is not None:
            takes_list = isinstance(named.filters.model_fields[named.name].default, list)
            yield name, [value] if takes_list else value


@dataclass(frozen=True)
class Growth:
    """What a question took: milliseconds when it was cold and when not, in today's release and the large."""

    question: Question
    cold: tuple[float, float]
    remembered: tuple[float, float]

    @property
    def ratio(self) -> float:
        return self.remembered[1] / self.remembered[0]


def measure(small: Asked, large: Asked, asked: Sequence[Question], rounds: int) -> list[Growth]:
    """The medians of some rounds, in which both releases are asked in turn; a first one is not counted."""
    found = []
    for question in asked:
        times: dict[tuple[Asked, bool], list[float]] = defaultdict(list)
        for _ in range(rounds + 1):
            for release in (small, large):
                for cold in (True, False):
                    times[release, cold].append(release.time(question, cold=cold) * 1000)
        middle = {key: statistics.median(held[1:]) for key, held in times.items()}
        cold_and_not = ((middle[small, cold], middle[large, cold]) for cold in (True, False))
        found.append(Growth(question, *cold_and_not))
    return found


def report(found: dict[str, list[Growth]]) -> Iterator[str]:
    """The table, and the questions that miss a bound."""
    head = [f"{engine}, {what}" for engine in found for what in ("growth", "cold, ms")]
    yield f"| question | asked | {' | '.join(head)} |"
    yield f"| --- | --- |{' --- |' * len(head)}"
    groups = dict.fromkeys(each.question.group for each in next(iter(found.values())))
    for group in groups:
        cells = []
        for growths in found.values():
            own = [each for each in growths if each.question.group == group]
            for values in ([each.ratio for each in own], [each.cold[1] for each in own]):
                cells.append(f"{statistics.median(values):.2f}, {max(values):.2f}")
        yield f"| {group} | {len(own)} | {' | '.join(cells)} |"
    for engine, growths in found.items():
        for each in growths:
            if each.question.group in FLAT:
                missed = each.ratio > MOST_GROWTH
            else:
                missed = each.cold[1] > MOST_MILLISECONDS[engine]
            if missed:
                yield (
                    f"\nMissed on {engine}: {each.question.group}, `{each.question.asked}`: "
                    f"{each.ratio:.2f}, {each.cold[1]:.1f} ms"
                )


@contextmanager
def own_server() -> Iterator[str]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        sys.exit("PostgreSQL is not installed; --engines SQLite does without")
    with tempfile.TemporaryDirectory() as folder:
        server = PostgreSQL(programs[-1], Path(folder))
        server.start()
        yield server.url()
        server.stop()


def embedded(folder: Path, times: int) -> str:
    """The address of a release in a file; one that is there already is used as it is."""
    path = folder / f"{times}.sqlite"
    if not path.exists():
        make_release(f"sqlite:///{path}", times)
    return f"sqlite:///{path}"


def on_server(server: str, times: int) -> str:
    """The address of a release in a database of a server; one that is there already is used as it is."""
    name = f"growth_{times}"
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    if create(server, name):
        make_release(url, times)
    return url


def make_release(url: str, times: int) -> None:
    begun = time.monotonic()
    counts = make(url, times)
    say(f"{sum(counts.values()):,} records made in {time.monotonic() - begun:.0f} s")


def create(server: str, name: str) -> bool:
    """Make a database, in which a query runs in one process, that is measured; false if it is there."""
    engine = make_engine(parse_url(server)).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
        if not known:
            connection.execute(text(f"CREATE DATABASE {name}"))
            connection.execute(text(f"ALTER DATABASE {name} SET max_parallel_workers_per_gather = 0"))
    engine.dispose()
    return not known


def say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="today's release")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], help="groups of questions")
    parser.add_argument("--engines", nargs="+", choices=MOST_MILLISECONDS, default=list(MOST_MILLISECONDS))
    parser.add_argument("--folder", type=Path, help="where the embedded files are made, and stay")
    parser.add_argument("--server", help="URL of a PostgreSQL server, instead of one of its own")
    given = parser.parse_args()
    found: dict[str, list[Growth]] = {}
    with ExitStack() as stack:
        for engine in given.engines:
            if engine == "SQLite":
                folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
                place = partial(embedded, folder)
            else:
                place = partial(on_server, given.server or stack.enter_context(own_server()))
            small, large = (Asked(place(times)) for times in (1, given.times))
            with reading(small.database) as (session, _):
                asked = [
                    each for each in questions(session, small) if not given.only or each.group in given.only
                ]
            say(f"{len(asked)} questions on {engine}")
            found[engine] = measure(small, large, asked, given.rounds)
            small.database.dispose()
            large.database.dispose()
    print("\n".join(report(found)))


if __name__ == "__main__":
    main()
