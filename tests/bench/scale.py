"""How the time of a question grows with the release.

Makes a release of many times the size out of copies of the real one, asks both the same questions in one
process, and prints the processor time relative to the smaller, and in milliseconds where a question is cold:
asked for the first time, with nothing remembered.

    python -m tests.bench.scale --times 100
    python -m tests.bench.scale --times 100 --url postgresql://atlas@localhost/
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select, text
from sqlmodel import Session

from app.catalog import RESOURCES, Resource, filter_named
from app.models.base import Kind
from app.models.release import Release
from app.seeding.answers import Answers, Facts
from app.seeding.build import Build, fill, migrate
from app.seeding.check import REFERENCES, read_facts
from app.settings import SEED
from app.store.engine import Database, make_engine, parse_url
from app.store.lists import Order, encode_cursor, find_page, get_record
from app.store.memory import Memory
from app.store.names import resolve
from app.store.release import reading
from app.store.search import search

IDENTIFIERS = {"doi": None, "pmid": None, "pmcid": None, "ids": {}}
"""Fields of a row that are of it alone, as a copy has them."""


def enlarge(facts: Facts, times: int) -> Facts:
    """The facts, and copies of all of them that refer to one another."""
    made = Facts()
    for copy in range(times):
        for resource in RESOURCES:
            for row in facts.of(resource.kind).values():
                copied = copy_of(row, f"c{copy}-", f" c{copy}") if copy else row
                made.of(resource.kind)[copied.id] = copied
    return made


def copy_of(row: Any, before: str, behind: str) -> Any:
    fields: dict[str, Any] = {name: value for name, value in IDENTIFIERS.items() if hasattr(row, name)}
    fields["id"] = before + row.id
    for name in ("name", "title", "registry_id"):
        if hasattr(row, name):
            fields[name] = getattr(row, name) + behind
    for name in (*REFERENCES, "parent"):
        held = getattr(row, name, None)
        if held:
            fields[name] = [before + each for each in held] if isinstance(held, list) else before + held
    for name in ("source", "object"):
        if hasattr(row, name):
            end = getattr(row, name)
            fields[name] = end.model_copy(update={"id": before + end.id})
    return row.model_copy(update=fields)


def make(url: str, times: int) -> dict[str, int]:
    """Make a release of so many times the size in a database without a table; how many records it holds."""
    head, small = read_facts(SEED)
    facts = enlarge(small, times)
    answers: dict[Kind, dict[str, Any]] = defaultdict(dict)
    for resource, record_id, answer in Answers(facts).all():
        answers[resource.kind][record_id] = answer
    counts = {each.path: len(facts.of(each.kind)) for each in RESOURCES}
    told = {"checksum": "", "digest": f"{times}", "counts": counts}
    release = Release.model_validate({**head.model_dump(), **told})
    engine = make_engine(parse_url(url))
    with engine.begin() as connection:
        migrate(connection)
        fill(connection, Build(release, facts, answers))
    engine.dispose()
    return counts


LIMIT = 20

SEARCHES = ("il-6", "tocilizumab", "qinghao", "il-6 angiogenesis", "ovarian survival", "toci*", "t*")

JOINT = {
    Kind.INHIBITOR: [
        {"indication": ["rheumatoid-arthritis"], "agency": ["EMA"]},
        {"approval.year__gte": ["2015"], "agency": ["FDA"]},
        {"agency__not": ["FDA"], "indication": ["rheumatoid-arthritis"]},
    ],
    Kind.CANCER: [{"trial.outcome": ["negative"], "trial.inhibitor": ["siltuximab"]}],
    Kind.PUBLICATION: [{"evidence.type": ["safety"], "inhibitor": ["tocilizumab"]}],
}


@dataclass(frozen=True)
class Question:
    group: str
    asked: str
    ask: Callable[[Session, "Asked"], Any]


class Asked:
    """A release that is asked."""

    def __init__(self, url: str) -> None:
        self.database = Database(parse_url(url))
        self.dice = random.Random(6)
        self.server: Path | None = None
        self.ids: dict[Kind, list[str]] = {}
        with reading(self.database) as (session, _):
            if self.database.path is None:
                process = session.scalar(select(func.pg_backend_pid()))
                self.server = Path(f"/proc/{process}/schedstat")
            for resource in RESOURCES:
                self.ids[resource.kind] = list(
                    session.scalars(select(resource.table.id).order_by(func.random()).limit(200))
                )

    def time(self, question: Question, *, cold: bool) -> float:
        """Seconds of processor time, here and in the server, which is on this machine."""
        with reading(self.database) as (session, _):
            if cold:
                session.info["memory"] = self.database.memory = Memory()
            begun = self.clock()
            question.ask(session, self)
            return self.clock() - begun

    def clock(self) -> float:
        there = int(self.server.read_text().split()[0]) / 1e9 if self.server else 0
        return time.process_time() + there


def listed(resource: Resource, group: str, /, **asked: Any) -> Question:
    said = "&".join(f"{name}={each}" for name, each in asked.items())
    filters = resource.filters.model_validate({"limit": LIMIT, **asked})
    return Question(
        group, f"{resource.path}?{said}", lambda session, _: find_page(session, resource, filters)
    )


def deep(resource: Resource, sort: list[str]) -> Question:
    """A page that begins behind a record drawn by chance."""

    def ask(session: Session, asked: Asked) -> Any:
        order = Order.of(resource, sort)
        chosen = select(*(column for column, _ in order.columns)).where(
            resource.table.id == asked.dice.choice(asked.ids[resource.kind])
        )
        cursor = encode_cursor(sort, session.execute(chosen).one())
        return find_page(session, resource, resource.filters(limit=LIMIT, sort=sort, cursor=cursor))

    return Question("deep page", f"{resource.path}?sort={','.join(sort)}", ask)


def by_id(resource: Resource, session: Session, asked: Asked) -> Any:
    return get_record(session, resource, asked.dice.choice(asked.ids[resource.kind]))


def questions(session: Session) -> Iterator[Question]:
    """Every order and every filter of the collections, with the value that most records have."""
    for resource in RESOURCES:
        yield Question("record", resource.path, partial(by_id, resource))
        yield listed(resource, "first page")
        for name in [*resource.filters.columns, *resource.filters.references]:
            for sign in ("", "-"):
                yield listed(resource, "sort", sort=[sign + name])
                yield deep(resource, [sign + name])
        names = [*resource.filters.columns, *resource.filters.references, *resource.filters.members]
        facets = [name for name in (*names, *resource.filters.relations) if name != "id"]
        page = find_page(session, resource, resource.filters(facets=facets, limit=0))
        for name in facets:
            yield listed(resource, "facet", facets=[name], limit=0)
            for value in [*(page.facets or {})[name]][:1]:
                asked = value if resource.filters.columns.get(name) is bool else [value]
                yield listed(resource, "filter", **{name: asked})
                if filter_named(resource.filters, f"{name}__not"):
                    yield listed(resource, "filter", **{f"{name}__not": [value]})
        for name in resource.filters.switches:
            yield listed(resource, "filter", **{name: "true"})
        for each in JOINT.get(resource.kind, ()):
            yield listed(resource, "joint filters", **each)
        yield listed(resource, "filter", q="il-6")
    for words in SEARCHES:
        yield Question("search", words, lambda session, _, q=words: search(session, q, [], LIMIT, None))
    yield Question("search", "il-6, deep", lambda session, _: search(session, "il-6", [], LIMIT, (1, 1000)))
    for term in ("Actemra", "tocilizumb"):
        yield Question("name", term, lambda session, _, t=term: resolve(session, [t]))


def measure(
    releases: list[Asked], asked: list[Question], rounds: int
) -> dict[str, list[tuple[str, list[list[float]]]]]:
    """Per group, of each question the median time cold and remembered in each release."""
    found: dict[str, list[tuple[str, list[list[float]]]]] = defaultdict(list)
    for question in asked:
        times = [[statistics.median(each) for each in zip(*(
            (release.time(question, cold=True), release.time(question, cold=False)) for _ in range(rounds)
        ), strict=True)] for release in releases]  # fmt: skip
        found[question.group].append((question.asked, times))
    return found


def report(found: dict[str, list[tuple[str, list[list[float]]]]]) -> None:
    print("| question | asked | growth, remembered: median, worst | cold, ms: median, worst | the slowest |")
    print("| --- | --- | --- | --- | --- |")
    for group, held in found.items():
        growth = [large[1] / small[1] for _, (small, large) in held]
        cold = [large[0] * 1000 for _, (_, large) in held]
        slowest = max(held, key=lambda each: each[1][1][0])[0]
        print(
            f"| {group} | {len(held)} | {statistics.median(growth):.2f}, {max(growth):.2f} "
            f"| {statistics.median(cold):.1f}, {max(cold):.1f} | `{slowest[:60]}` |"
        )
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--url", help="of a PostgreSQL server on which databases scale_N may be made")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        urls = []
        for times in (1, given.times):
            url = f"sqlite:///{folder}/{times}.sqlite"
            if given.url:
                url = make_url(given.url).set(database=f"scale_{times}").render_as_string(hide_password=False)
                renew(given.url, f"scale_{times}")
            begun = time.monotonic()
            counts = make(url, times)
            print(f"{sum(counts.values()):,} records made in {time.monotonic() - begun:.0f} s\n")
            urls.append(url)
        releases = [Asked(url) for url in urls]
        with reading(releases[0].database) as (session, _):
            asked = list(questions(session))
        report(measure(releases, asked, given.rounds))
        for release in releases:
            release.database.dispose()


def renew(url: str, name: str) -> None:
    engine = make_engine(parse_url(url)).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()


if __name__ == "__main__":
    main()
