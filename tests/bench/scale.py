"""How the time of a question grows with the release.

Makes synthetic releases of any size out of the records of the real one, with fresh ids, names and figures,
and all that a seeding writes. Asks each of them the same questions, in turn, and gives the time relative to
the first.

    python -m tests.bench.scale --inhibitors 30 3000 300000
    python -m tests.bench.scale --engine postgresql --url postgresql://atlas@localhost/ --inhibitors 30 3000
"""

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg
from fastapi_rfc9457 import Problem
from sqlalchemy import JSON, Connection, Table, create_engine, func, insert, make_url, select, text
from sqlmodel import Session, SQLModel, col

from app.answers import Answer, curies, name_of
from app.catalog import BY_KIND, RESOURCES, Resource
from app.db import Database, make_engine, parse_url
from app.models.base import Kind
from app.models.finding import Name, Tally, Term
from app.models.release import Release
from app.names import names_of, resolve
from app.queries import encode_cursor, find_page, get_record, order_of, reading
from app.search import NAMED, RANK, search, terms_of, words_of
from app.seeding.build import (
    LINKS,
    Build,
    columns,
    common_terms,
    fill_pairs,
    fill_tallies,
    migrate,
    prepare,
    properties_of,
)
from app.settings import SEED
from app.text import squeeze

BLOCK = 20_000
"""Rows that are written at once."""

CACHE = 2_000_000
"""Kilobytes that SQLite may hold while it writes: indexes that are written in no order must fit."""

ID, OWN, INHIBITOR, INHIBITOR_NAME, SOURCE_ID, SOURCE, EFFECT = "\x00\x01\x02\x03\x04\x05\x06"
"""Places in a text where a copy differs from what it was made of."""


class Sink:
    """Writes rows past the ORM, without indexes."""

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.sqlite = self.url.drivername == "sqlite"
        self.waiting: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.columns = {
            name: [column.name for column in table.columns]
            for name, table in SQLModel.metadata.tables.items()
        }
        self.columns["fts_entry"] = ["rowid" if self.sqlite else "number", "words"]
        raw = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.raw: Any = None if self.sqlite else psycopg.connect(raw)
        if self.sqlite:
            engine = create_engine(self.url)
            self.raw = engine.raw_connection().driver_connection
            for setting in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF"):
                self.raw.execute(f"PRAGMA {setting}")
            self.raw.execute(f"PRAGMA cache_size=-{CACHE}")
        else:
            self.raw.execute("SET session_replication_role = replica")  # foreign keys are right by the making

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        waiting = self.waiting[table]
        waiting.append(row)
        if len(waiting) >= BLOCK:
            self.write(table)

    def write(self, table: str) -> None:
        rows, names = self.waiting.pop(table), self.columns[table]
        named = ", ".join(f'"{name}"' for name in names)
        if self.sqlite:
            places = ", ".join("?" * len(names))
            self.raw.executemany(f"INSERT INTO {table} ({named}) VALUES ({places})", rows)
        else:
            with self.raw.cursor().copy(f"COPY {table} ({named}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

    def close(self) -> None:
        for table in list(self.waiting):
            self.write(table)
        self.raw.commit()
        self.raw.close()


def primitive(table: Table, values: dict[str, Any], *, sqlite: bool) -> dict[str, Any]:
    """The row of a table as its driver takes it."""
    made = {}
    for column in table.columns:
        value = values[column.name]
        if isinstance(value, StrEnum):
            value = value.value
        elif isinstance(column.type, JSON):
            value = json.dumps(value)
        elif isinstance(value, bool) and sqlite:
            value = int(value)
        made[column.name] = value
    return made


def marked(body: str, texts: Iterable[str | None], before: str = "", behind: str = "") -> str:
    """A JSON text with marks where one of the texts stands as a whole value or address."""
    for each in sorted({each for each in texts if each}, key=len, reverse=True):
        written = re.escape(json.dumps(each, ensure_ascii=False)[1:-1])
        body = re.sub(f'(?<=["/=:]){written}(?=")', lambda found: before + found[0] + behind, body)
    return body


class Original:
    """A record of the real release, ready to be copied."""

    def __init__(self, build: Build, resource: Resource, row: Any, *, sqlite: bool) -> None:
        answer: Answer = build.answers[resource.kind][row.id]
        self.row, self.kind, self.resource = row, resource.kind, resource
        values = resource.table.model_validate(columns(resource, row, answer)).model_dump()
        self.values = primitive(resource.table.__table__, values, sqlite=sqlite)
        names = names_of(resource.kind, row, name_of(row), curies(row))
        self.names = [
            (each["key"], each["spelling"], each["matched_on"].value, bool(each["backwards"]))
            for each in names
        ]
        self.properties = [
            (each["name"], each["key"], each["value"]) for each in properties_of(resource, row, answer)
        ]
        self.links = [
            (f"{resource.kind}_{name.removesuffix('s')}", other)
            for name in LINKS
            for other in getattr(row, name, [])
        ]
        body = list(build.texts(resource.kind, row))
        self.body = " · ".join(body)
        self.words = words_of([each["spelling"] for each in names], body)
        self.indexed = " ".join(self.words)
        self.terms = {term for word in self.words for term in terms_of(word)}
        self.inhibitor = getattr(row, "inhibitor", None) or next(iter(getattr(row, "inhibitors", [])), None)
        self.fresh = [
            name
            for name in ("name", "title", "registry_id", "doi", "pmid", "label")
            if name in self.values
            and not (name == "label" and self.kind in (Kind.EVIDENCE, Kind.INTERACTION))
        ]
        for field in ("item", "record"):
            self.values[field] = self.mark(build, self.values[field])

    def mark(self, build: Build, body: str) -> str:
        facts = build.facts
        body = marked(body, [self.row.id], before=ID)
        body = marked(body, [self.values[name] for name in self.fresh], behind=OWN)
        if self.kind in (Kind.EVIDENCE, Kind.APPROVAL, Kind.TRIAL) and self.inhibitor:
            ref = f'{{"id":"{self.inhibitor}","name":{json.dumps(facts.inhibitors[self.inhibitor].name)}}}'
            body = body.replace(ref, f'{{"id":"{INHIBITOR}","name":"{INHIBITOR_NAME}"}}')
        if self.kind == Kind.EVIDENCE:
            source = facts.publications[self.row.publication]
            body = marked(body, [source.id], before=SOURCE_ID)
            body = marked(body, [source.title, source.doi, source.pmid], behind=SOURCE)
            if self.row.effect:
                body = re.sub(r'"effect":\{.*?\}', f'"effect":{EFFECT}', body, count=1)
        return body


class Maker:
    """Writes a release of a number of inhibitors, with as much evidence per inhibitor as is asked for."""

    def __init__(self, build: Build, sink: Sink, inhibitors: int, evidence: int) -> None:
        self.build, self.sink = build, sink
        self.inhibitors, self.evidence = inhibitors, evidence
        self.originals = {
            resource.kind: [
                Original(build, resource, row, sqlite=sink.sqlite)
                for row in build.facts.of(resource.kind).values()
            ]
            for resource in RESOURCES
        }
        claims = inhibitors * evidence
        copies = -(-claims // len(self.originals[Kind.EVIDENCE]))
        self.wanted = {kind: len(originals) for kind, originals in self.originals.items()}
        self.wanted |= {
            Kind.INHIBITOR: inhibitors,
            Kind.EVIDENCE: claims,
            Kind.APPROVAL: inhibitors,
            Kind.TRIAL: inhibitors // 2,
            Kind.PUBLICATION: self.wanted[Kind.PUBLICATION] * max(1, -(-copies // evidence)),
        }
        self.counts: Counter[Kind] = Counter()
        self.terms: Counter[tuple[str, Kind]] = Counter()
        self.copy, self.copied = 0, set[str]()

    def write(self) -> None:
        place = 0
        for kind in RANK:
            originals = self.originals[kind]
            copies = sorted(
                (
                    -len(original.properties) if kind in NAMED else 0,
                    f"c{copy}-{original.row.id}" if copy else original.row.id,
                    which,
                    copy,
                )
                for which, original in enumerate(originals)
                for copy in range(-(-(self.wanted[kind] - which) // len(originals)))
            )
            for *_, which, copy in copies:
                place += 1
                self.counts[kind] += 1
                self.write_copy(originals[which], copy, which + copy * len(originals), place)
            for which, number in Counter(which for *_, which, _ in copies).items():
                for term in originals[which].terms:
                    self.terms[term, kind] += number
        self.sink.close()

    def inhibitor(self, number: int) -> tuple[str, str]:
        originals = self.originals[Kind.INHIBITOR]
        copy, place = divmod(number, len(originals))
        row = originals[place].row
        return (f"c{copy}-{row.id}", f"{row.name}-c{copy}") if copy else (row.id, row.name)

    def write_copy(self, original: Original, copy: int, number: int, place: int) -> None:
        kind, values, add = original.kind, original.values.copy(), self.sink.add
        prefix, suffix, digits = (f"c{copy}-", f"-c{copy}", f"c{copy}") if copy else ("", "", "")
        for name in original.fresh if copy else ():
            if values[name] is not None:
                values[name] += suffix
        own_id = values["id"] = prefix + values["id"]
        changes = {ID: prefix, OWN: suffix}
        inhibitor = None
        if kind == Kind.INHIBITOR and values["parent_id"]:
            above = list(self.build.facts.inhibitors).index(values["parent_id"])
            values["parent_id"] = values["parent_id"] if above < self.inhibitors else None
        elif kind in (Kind.EVIDENCE, Kind.APPROVAL, Kind.TRIAL) and original.inhibitor:
            whose = {Kind.EVIDENCE: number // self.evidence, Kind.TRIAL: number * 2}.get(kind, number)
            inhibitor, changes[INHIBITOR_NAME] = self.inhibitor(whose)
            changes[INHIBITOR] = inhibitor
            if kind != Kind.TRIAL:
                values["inhibitor_id"] = inhibitor
            if kind == Kind.APPROVAL:
                values["label"] = f"{inhibitor} for {values['indication_id']} by {values['agency']}"
        if kind == Kind.EVIDENCE:
            sources = copy // self.evidence
            changes[SOURCE_ID], changes[SOURCE] = (f"c{sources}-", f"-c{sources}") if sources else ("", "")
            values["publication_id"] = changes[SOURCE_ID] + values["publication_id"]
            if original.row.effect:
                changes[EFFECT] = self.effect(original, number, values)
        for field in ("item", "record"):
            body = values[field]
            for mark, change in changes.items():
                body = body.replace(mark, change)
            values[field] = body
        add(original.resource.table.__tablename__, tuple(values.values()))
        for table, other in original.links:
            named = inhibitor if table == "trial_inhibitor" and other == original.inhibitor else other
            add(table, (own_id, named))
        label = values["label"]
        code = kind.value
        for key, spelling, matched_on, backwards in original.names:
            if matched_on == "id":
                key, spelling = digits + key, own_id
            elif matched_on == "name" and kind == Kind.APPROVAL:
                key, spelling = squeeze(label), label
            else:
                key, spelling = key + digits, spelling + suffix
            add("name", (key, code, own_id, matched_on, spelling, label, key[::-1] if backwards else None))
        for name, key, value in original.properties:
            if inhibitor and name == "inhibitor" and key == original.inhibitor:
                key = value = inhibitor
            add("property", (code, name, key, own_id, value))
        add("entry", (place, code, own_id, label, original.body))
        words = original.indexed
        if copy:
            fresh = {digits, squeeze(own_id)}
            words = " ".join([words, *fresh, *(f"_{word}" for word in fresh)])
            if copy != self.copy:
                # What begins like the copy and goes on is too rare to be counted.
                self.copy, self.copied = copy, {*terms_of(digits), *terms_of(f"_{digits}")}
            for term in self.copied - original.terms:
                self.terms[term, kind] += 1
        add("fts_entry", (place, words))

    def effect(self, original: Original, number: int, values: dict[str, Any]) -> str:
        """Fresh figures, the same in the row and in its text."""
        share = 0.5 + (number * 2654435761 % 2**32) / 2**32
        figures = original.row.effect.model_dump(mode="json")
        for name in ("value", "ci_low", "ci_high", "p_value"):
            if figures[name] is not None:
                figures[name] = round(figures[name] * share / (1.5 if name == "p_value" else 1), 5)
        if figures["n"] is not None:
            figures["n"] += number % 997
        values.update(figures)
        return json.dumps(figures, separators=(",", ":"), ensure_ascii=False)


def indexes() -> Iterator[Any]:
    for table in SQLModel.metadata.sorted_tables:
        yield from sorted(table.indexes, key=lambda each: str(each.name))


def make(url: str, inhibitors: int, evidence: int, build: Build | None = None) -> dict[str, int]:
    """Make a release in a database without a table; the answer says how many records it holds."""
    build = build or prepare(SEED)
    engine = make_engine(parse_url(url))
    with engine.begin() as connection:
        migrate(connection)
        for index in indexes():
            index.drop(connection)
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP INDEX fts_entry_words"))
    sink = Sink(url)
    maker = Maker(build, sink, inhibitors, evidence)
    maker.write()
    counts = {resource.path: maker.counts[resource.kind] for resource in RESOURCES}
    with engine.begin() as connection:
        finish(connection, build, counts, maker.terms)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return counts


def finish(
    connection: Connection, build: Build, counts: dict[str, int], terms: Counter[tuple[str, Kind]]
) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA cache_size=-{CACHE}"))
    else:
        connection.execute(text("SET maintenance_work_mem = '1GB'"))
        connection.execute(text("CREATE INDEX fts_entry_words ON fts_entry USING gin (words)"))
    for index in indexes():
        index.create(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE"))
    fill_tallies(connection)
    fill_pairs(connection)
    connection.execute(insert(Term), common_terms(terms))
    connection.execute(insert(Release), [build.release.model_dump() | {"counts": counts}])


# Questions

LIMIT = 20
"""Records of a page: as many as the smallest release has, for most questions."""

SEARCHED = {
    "common word": ("il-6", "patients", "cancer", "tumour"),
    "name": ("tocilizumab", "uveal"),
    "rare word": ("qinghao", "nct00385827"),
    "several words": ("il-6 angiogenesis", "ovarian survival", "anti-PD-L1"),
    "beginning of a word": ("t*", "toci*", "tumou*", "interleuk*"),
}


class Asked:
    """A release that is asked, and what is asked for in it."""

    def __init__(self, url: str) -> None:
        self.database = Database(parse_url(url))
        self.server: Path | None = None
        self.dice = random.Random(6)
        self.ids: dict[Kind, list[str]] = {}
        with reading(self.database) as (session, release):
            if self.database.state() is None:
                process = session.scalar(select(func.pg_backend_pid()))
                self.server = Path(f"/proc/{process}/schedstat")
            for resource in RESOURCES:
                ids, total = resource.table.id, release.counts[resource.path]
                place = func.row_number().over(order_by=ids).label("place")
                placed = select(ids, place).subquery()
                chosen = select(placed.c.id).where(placed.c.place % max(1, total // 200) == 0)
                self.ids[resource.kind] = list(session.scalars(chosen))
            drugs = self.ids[Kind.INHIBITOR]
            known = select(Name.spelling).where(col(Name.record_id).in_(drugs), col(Name.matched_on) != "id")
            self.names = list(session.scalars(known))
            self.cursors: dict[tuple[Kind, tuple[str, ...]], list[str]] = {}
            for kind, sort in (each for of in ASKED for each in deep_orders(BY_KIND[of])):
                order = order_of(BY_KIND[kind], BY_KIND[kind].filters(sort=list(sort)))
                placed = select(*(column for column, _ in order.columns)).where(
                    BY_KIND[kind].table.id.in_(self.ids[kind])
                )
                rows = session.execute(placed).all()
                self.cursors[kind, sort] = [encode_cursor(list(sort), row) for row in rows]

    def clock(self) -> float:
        """Seconds of processor time, here and in the server, which is on this machine."""
        there = int(self.server.read_text().split()[0]) / 1e9 if self.server else 0
        return time.process_time() + there

    def ask(self, question: "Question") -> Any:
        with reading(self.database) as (session, _):
            try:
                return question.ask(session, self)
            except Problem as problem:
                return problem


@dataclass(frozen=True)
class Question:
    group: str
    asked: str
    ask: Callable[[Session, Asked], Any]


ASKED = (Kind.EVIDENCE, Kind.INHIBITOR, Kind.PUBLICATION, Kind.APPROVAL, Kind.TRIAL)
"""The kinds of which there are more in a larger release."""


def deep_orders(resource: Resource) -> Iterator[tuple[Kind, tuple[str, ...]]]:
    """Orders in which a page deep within is asked for: by id, by few values, by many, both ways."""
    types = resource.filters.columns
    few = next(name for name, type_ in types.items() if issubclass(type_, StrEnum))
    many = next((name for name, type_ in types.items() if type_ in (int, float)), "id")
    for sort in ((), ("-id",), (few,), (f"-{few}",), (many,), (f"-{many}",), (few, f"-{many}")):
        yield resource.kind, sort


def values_of(session: Session, resource: Resource, name: str) -> list[str]:
    """A value of a field that most records hold, and one that fewest do."""
    held = select(Tally.value).where(  # type: ignore[call-overload]
        col(Tally.kind) == resource.kind, col(Tally.name) == name, col(Tally.value) != ""
    )
    values = list(session.scalars(held.order_by(col(Tally.records).desc(), col(Tally.value))))
    return list(dict.fromkeys([values[0], values[-1]])) if values else []


def listed(resource: Resource, group: str, **asked: Any) -> Question:
    said = "&".join(f"{name}={each}" for name, each in asked.items())
    filters = resource.filters.model_validate({"limit": LIMIT, **asked})
    return Question(
        group, f"{resource.path}?{said}", lambda session, _: find_page(session, resource, filters)
    )


def questions(session: Session) -> Iterator[Question]:
    """What is asked, made of the smallest release, whose values the others hold too."""
    yield from named_questions()
    for kind in ASKED:
        resource = BY_KIND[kind]
        yield listed(resource, "list")
        yield from filtered_questions(session, resource)
        for _, sort in deep_orders(resource):
            yield deep(resource, sort)
        for words in ("il-6", "tumour growth"):
            yield listed(resource, "list with words", q=words)
    evidence = BY_KIND[Kind.EVIDENCE]
    yield listed(evidence, "two filters", type=["prognostic"], level=["B"])
    yield listed(evidence, "two filters", type=["therapeutic"], cancer=["breast-cancer"])
    for group, searches in SEARCHED.items():
        for words in searches:
            yield Question(f"search, {group}", words, searched(words))
    yield Question("search, of a kind", "tumour", searched("tumour", Kind.EVIDENCE))
    yield Question("search, deep page", "tumour", searched("tumour", after=(1, 1000)))


def searched(words: str, *kinds: Kind, after: tuple[int, int] | None = None) -> Callable[..., Any]:
    return lambda session, _: search(session, words, kinds, LIMIT, after)


def filtered_questions(session: Session, resource: Resource) -> Iterator[Question]:
    """Every filter with a common and with a rare value, every order, and orders of what filters leave."""
    filters = resource.filters
    narrowing: list[tuple[str, str, Any]] = []
    for name in [*filters.columns, *filters.references, *filters.members, *filters.relations]:
        for which, value in zip(("common", "rare"), values_of(session, resource, name), strict=False):
            asked = value if filters.columns.get(name) is bool else [value]
            yield listed(resource, f"filter, {which} value", **{name: asked})
            if (name in filters.columns and len(narrowing) < 2) or name == "publication":
                narrowing.append((which, name, asked))
        if filters.columns.get(name) in (int, float):
            middle = values_of(session, resource, name)[0]
            for bound in ("gte", "lte"):
                yield listed(resource, "filter, bound", **{f"{name}__{bound}": middle})
    for name in filters.switches:
        for value in ("true", "false"):
            yield listed(resource, "filter, switch", **{name: value})
    for name in [*filters.columns, *filters.references]:
        for order in (name, f"-{name}"):
            yield listed(resource, "sort", sort=[order])
            for which, field, asked in narrowing:
                yield listed(resource, f"sort and filter, {which} value", sort=[order], **{field: asked})
        if filters.columns.get(name) in (int, float, bool) or issubclass(
            filters.columns.get(name, str), StrEnum
        ):
            yield listed(resource, "facets", facets=[name])


def deep(resource: Resource, sort: tuple[str, ...]) -> Question:
    def ask(session: Session, asked: Asked) -> Any:
        cursor = asked.dice.choice(asked.cursors[resource.kind, sort])
        return find_page(session, resource, resource.filters(limit=LIMIT, sort=list(sort), cursor=cursor))

    return Question("deep page", f"{resource.path}?sort={','.join(sort)}", ask)


def named_questions() -> Iterator[Question]:
    for kind in ASKED:
        yield Question("record by id", BY_KIND[kind].path, by_id(BY_KIND[kind]))
    inhibitors = BY_KIND[Kind.INHIBITOR]
    yield Question(
        "record by another name",
        inhibitors.path,
        lambda session, asked: get_record(session, inhibitors, asked.dice.choice(asked.names).upper()),
    )
    yield Question(
        "what a name stands for",
        "resolve",
        lambda session, asked: resolve(session, [asked.dice.choice(asked.names)]),
    )
    for term in ("tocilizumb", "brest cancer", "no such thing"):
        yield Question("misspelt name", term, misspelt(term))


def by_id(resource: Resource) -> Callable[[Session, Asked], Any]:
    return lambda session, asked: get_record(session, resource, asked.dice.choice(asked.ids[resource.kind]))


def misspelt(term: str) -> Callable[[Session, Asked], Any]:
    return lambda session, _: resolve(session, [term])


# Measuring

Growth = dict[Question, list[list[float]]]
"""Per question and round, the time in each release, relative to the first."""


def measure(releases: list[Asked], asked: list[Question], rounds: int) -> Growth:
    """The time of each question in each release, relative to the first, round by round."""
    ratios: Growth = defaultdict(list)
    for question in asked:
        for release in releases:
            release.ask(question)
            release.ask(question)
        for _ in range(rounds):
            times = []
            for release in releases:
                begun = release.clock()
                for _ in range(3):
                    release.ask(question)
                times.append(release.clock() - begun)
            ratios[question].append([each / times[0] for each in times])
    return ratios


def report(ratios: Growth, sizes: list[str], *, every: bool) -> None:
    """Per kind of question: the median growth of its questions, and the worst, with the spread of rounds."""
    groups: dict[str, list[tuple[Question, list[float], list[float], list[float]]]] = defaultdict(list)
    for question, rounds in ratios.items():
        columns_ = list(zip(*rounds, strict=True))
        groups[question.group].append(
            (
                question,
                [statistics.median(each) for each in columns_],
                list(map(min, columns_)),
                list(map(max, columns_)),
            )
        )
    print("| question | asked |", " | ".join(sizes[1:]), "| most grown |")
    print("| --- | --- |", " | ".join("---" for _ in sizes[1:]), "| --- |")
    for group, held in groups.items():
        cells = []
        for place in range(1, len(sizes)):
            middle = statistics.median(each[1][place] for each in held)
            worst = max(held, key=lambda each: each[1][place])
            cells.append(
                f"{middle:.2f}, worst {worst[1][place]:.2f} [{worst[2][place]:.2f}..{worst[3][place]:.2f}]"
            )
        worst = max(held, key=lambda each: each[1][-1])
        print(f"| {group} | {len(held)} |", " | ".join(cells), f"| {worst[0].asked} |")
    if every:
        for question, rounds in sorted(
            ratios.items(), key=lambda each: -statistics.median(r[-1] for r in each[1])
        ):
            middles = (statistics.median(each) for each in zip(*rounds, strict=True))
            print(question.group, question.asked, *(f"{each:.2f}" for each in middles), sep="\t")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inhibitors", type=int, nargs="+", default=[30, 3000])
    parser.add_argument("--evidence", type=int, default=10, help="claims per inhibitor")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--url", help="of a PostgreSQL server on which databases scale_N may be made")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/scale"), help="where SQLite files go")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--only", default="", help="questions of a kind that begins so")
    parser.add_argument("--every", action="store_true", help="show every question, not kinds alone")
    parser.add_argument(
        "--keep", action="store_true", help="keep the databases, and use those that were kept"
    )
    given = parser.parse_args()
    build = prepare(SEED)
    urls = [database(given, number, build) for number in given.inhibitors]
    releases = [Asked(url) for url in urls]
    with reading(releases[0].database) as (session, _):
        asked = [each for each in questions(session) if each.group.startswith(given.only)]
    ratios = measure(releases, asked, given.rounds)
    report(ratios, [f"{number:,}" for number in given.inhibitors], every=given.every)
    for release in releases:
        release.database.dispose()
    if not given.keep:
        for url in urls:
            drop(given, url)


def database(given: argparse.Namespace, number: int, build: Build) -> str:
    """The URL of a release of a number of inhibitors, made now or kept from before; says what it took."""
    name = f"scale_{number}_{given.evidence}"
    begun = time.monotonic()
    if given.engine == "sqlite":
        given.folder.mkdir(parents=True, exist_ok=True)
        path: Path = given.folder / f"{name}.sqlite"
        url, there = f"sqlite:///{path}", path.exists()
    else:
        url = make_url(given.url).set(database=name).render_as_string(hide_password=False)
        with server(given) as connection:
            known = text("SELECT 1 FROM pg_database WHERE datname = :name")
            there = bool(connection.scalar(known, {"name": name}))
            if not there:
                connection.execute(text(f"CREATE DATABASE {name}"))
    if not there:
        counts = make(url, number, given.evidence, build)
        held = ", ".join(f"{count:,} {path}" for path, count in counts.items())
        print(
            f"{number:,} inhibitors: made in {time.monotonic() - begun:.0f} seconds,",
            f"{size(given, url):,} MB: {held}",
        )
        sys.stdout.flush()
    return url


@contextmanager
def server(given: argparse.Namespace) -> Iterator[Connection]:
    engine = make_engine(parse_url(given.url)).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def size(given: argparse.Namespace, url: str) -> int:
    if given.engine == "sqlite":
        return Path(url.removeprefix("sqlite:///")).stat().st_size // 10**6
    with server(given) as connection:
        held: int = (
            connection.scalar(text("SELECT pg_database_size(:name)"), {"name": url.rpartition("/")[2]}) or 0
        )
    return held // 10**6


def drop(given: argparse.Namespace, url: str) -> None:
    if given.engine == "sqlite":
        Path(url.removeprefix("sqlite:///")).unlink()
    else:
        with server(given) as connection:
            connection.execute(text(f"DROP DATABASE {url.rpartition('/')[2]}"))


if __name__ == "__main__":
    main()
