"""A large release: it answers as a small one does, and along indexes."""

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlmodel import Session, col

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.base import Kind
from app.models.finding import Entry
from app.store.engine import Database, parse_url
from app.store.lists import all_items, check_counts, find_page, get_record
from app.store.names import resolve
from app.store.query import read_query
from app.store.release import reading
from app.store.search import search
from app.store.text import index_words
from tests.bench.growth import FLAT, Asked, questions
from tests.bench.scale import make
from tests.conftest import NewDatabase
from tests.test_lists import value_of


@dataclass
class Large:
    """A database of many records, and the statements that were run in it."""

    url: str
    database: Database
    statements: list[tuple[str, Any]]


@pytest.fixture(scope="module")
def large(new_database: NewDatabase) -> Iterator[Large]:
    """A release of four times the size."""
    url = new_database()
    make(url, 4)
    database = Database(parse_url(url))
    statements: list[tuple[str, Any]] = []

    @event.listens_for(database.engine(), "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    yield Large(url, database, statements)
    database.dispose()


@pytest.fixture
def session(large: Large) -> Iterator[Session]:
    with reading(large.database) as (session, _):
        large.statements.clear()
        yield session


def test_a_release_is_whole_at_any_size(session: Session, large: Large) -> None:
    with reading(large.database) as (fresh, release):
        check_counts(fresh, release)
        assert release.counts["inhibitors"] == 4 * 37


def test_what_the_growth_is_measured_by_can_be_asked(session: Session, large: Large) -> None:
    asked = Asked(large.url)
    every = list(questions(session, asked))
    assert {each.group for each in every} >= {*FLAT, "facet", "total", "joint filters", "misspelt name"}
    for group in {each.group for each in every}:
        for question in [each for each in every if each.group == group][::9]:
            question.ask(session, asked)
    asked.database.dispose()


@functools.cache
def items_of(database: Database, kind: Kind) -> tuple[Any, ...]:
    with reading(database) as (session, _):
        resource = BY_KIND[kind]
        return tuple(map(json.loads, all_items(session, resource, resource.filters())))


Row = dict[str, Any]


@pytest.mark.parametrize(
    ("kind", "asked", "holds"),
    [
        (Kind.EVIDENCE, {"type": ["prognostic"]}, lambda e: e["type"] == "prognostic"),
        (
            Kind.EVIDENCE,
            {"type": ["therapeutic"], "level": ["B"]},
            lambda e: (e["type"], e["level"]) == ("therapeutic", "B"),
        ),
        (
            Kind.EVIDENCE,
            {"type": ["mechanistic"], "direction": ["does-not-support"], "level": ["A"]},
            lambda e: (e["type"], e["direction"], e["level"]) == ("mechanistic", "does-not-support", "A"),
        ),
        (
            Kind.EVIDENCE,
            {"cancer": ["non-small-cell-lung-cancer"]},
            lambda e: id_of(e["cancer"]) == "non-small-cell-lung-cancer",
        ),
        (Kind.EVIDENCE, {"n__gte": "100"}, lambda e: ((e["effect"] or {}).get("n") or 0) >= 100),
        (
            Kind.EVIDENCE,
            {"n__gte": "100", "n__lte": "300"},
            lambda e: 100 <= ((e["effect"] or {}).get("n") or 0) <= 300,
        ),
        (Kind.INHIBITOR, {"scope": ["direct"], "status": ["approved"]}, None),
        (Kind.INHIBITOR, {"target": ["IL-6R"]}, lambda i: "il6r" in [each["id"] for each in i["targets"]]),
        (Kind.INHIBITOR, {"approved": "false"}, lambda i: i["status"] != "approved"),
        (
            Kind.INHIBITOR,
            {"approved": "true", "routes": ["Oral"]},
            lambda i: i["status"] == "approved" and "oral" in i["routes"],
        ),
        (
            Kind.INHIBITOR,
            {"routes": ["oral", "Subcutaneous"]},
            lambda i: bool({"oral", "subcutaneous"} & set(i["routes"])),
        ),
        (Kind.APPROVAL, {"year__lte": "2015"}, lambda a: (a["year"] or 9999) <= 2015),
    ],
)
def test_totals_and_facets_are_what_one_counts(
    large: Large, session: Session, kind: Kind, asked: dict[str, Any], holds: Callable[[Row], bool] | None
) -> None:
    resource = BY_KIND[kind]
    enum = next(name for name, type_ in resource.filters.columns.items() if issubclass(type_, StrEnum))
    items = items_of(large.database, kind)
    if holds is None:
        holds = lambda item: all(item[name] in values for name, values in asked.items())  # noqa: E731
    expected = [item for item in items if holds(item)]
    page = find_page(session, resource, resource.filters.model_validate({**asked, "facets": [enum]}))
    assert page.total == len(expected)
    assert page.facets == {enum: dict(Counter(item[enum] for item in expected))}
    assert [json.loads(item)["id"] for item in page.items] == [item["id"] for item in expected[:50]]


def id_of(ref: Any) -> str | None:
    return ref and ref["id"]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (Kind.EVIDENCE, {}),
        (Kind.EVIDENCE, {"type": ["mechanistic"]}),
        (Kind.EVIDENCE, {"type": ["prognostic"], "level": ["B"]}),
        (Kind.INHIBITOR, {"agency": ["FDA"]}),
    ],
)
def test_pages_follow_the_order_whichever_way_they_are_found(
    large: Large, session: Session, kind: Kind, asked: dict[str, Any]
) -> None:
    """The first pages and some deep within, in every order, against a plain sort."""
    resource = BY_KIND[kind]
    chosen = {json.loads(item)["id"] for item in all_items(session, resource, resource.filters(**asked))}
    items = [item for item in items_of(large.database, kind) if item["id"] in chosen]
    assert len(items) > 50
    names = [*resource.filters.columns, *resource.filters.references]
    for sort in [[sign + name] for name in names for sign in ("", "-")] + [["-" + names[2], names[3]]]:
        expected = items
        for key in reversed(sort):
            name = key.removeprefix("-")
            held = [item for item in expected if value_of(item, name) is not None]
            held.sort(key=functools.partial(value_of, name=name), reverse=key.startswith("-"))
            expected = held + [item for item in expected if value_of(item, name) is None]
        seen: list[str] = []
        cursor = None
        for limit in (7, 150, 20):
            page = find_page(
                session, resource, resource.filters(**asked, sort=sort, limit=limit, cursor=cursor)
            )
            seen += [json.loads(item)["id"] for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [item["id"] for item in expected[: len(seen)]], sort
        assert len(seen) == min(177, len(expected))


@pytest.mark.parametrize("query", ['"tumour"', '"IL-6"', '"il-6" "tumour"', "toci*", '"uveal" "melanoma"'])
def test_a_search_counts_what_holds_all_its_words(session: Session, query: str) -> None:
    words = [each.alternatives for each in read_query(session, query).units]
    counts: Counter[Kind] = Counter()
    for entry in session.scalars(select(Entry).where(col(Entry.kind).in_([Kind.EVIDENCE, Kind.TRIAL]))):
        terms = index_words(entry.text) | index_words(entry.record_id) | index_words(entry.label)

        def held(term: str, terms: frozenset[str] = terms) -> bool:
            return any(each.startswith(term[:-1]) for each in terms) if term[-1] == "*" else term in terms

        counts[entry.kind] += all(any(all(map(held, each)) for each in word) for word in words)
    hits = search(session, query, [Kind.EVIDENCE, Kind.TRIAL], 20, None)
    assert {kind: hits.kinds.get(kind, 0) for kind in counts} == dict(counts)
    assert hits.total == sum(counts.values())
    listed = find_page(session, BY_KIND[Kind.EVIDENCE], BY_KIND[Kind.EVIDENCE].filters(q=query, limit=20))
    assert listed.total == counts[Kind.EVIDENCE]


@pytest.mark.parametrize("query", ["il-6", "t*", "il-6 t*"])
def test_pages_of_a_search_hold_every_hit_once_the_best_first(session: Session, query: str) -> None:
    after: tuple[int, int] | None = None
    ranked: list[tuple[int, int]] = []
    while not ranked or after:
        hits = search(session, query, [], 500, after)
        ranked += [(-hit.score, hit.entry.number) for hit in hits.items]
        after = hits.after
    assert len(ranked) == hits.total > 500
    assert ranked == sorted(set(ranked))


def test_misspelt_names_are_near_among_thousands_of_names_that_are_alike(session: Session) -> None:
    for term, meant in {"tocilizumb": "tocilizumab", "brest cancer": "breast-cancer"}.items():
        (resolution,) = resolve(session, [term])
        assert meant in [each.id for each in resolution.suggestions]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_every_order_goes_along_an_index(large: Large, session: Session, resource: Resource) -> None:
    """Neither the first page nor a later one is cut from a list that was sorted for it."""
    explain, sorting = "EXPLAIN QUERY PLAN", "B-TREE FOR ORDER BY"
    if large.database.path is None:
        explain, sorting = "EXPLAIN", "Sort"
        session.execute(text("SET LOCAL enable_bitmapscan = off"))  # it takes less time for so few rows
    for name in [*resource.filters.columns, *resource.filters.references]:
        for sign in ("", "-"):
            asked: dict[str, Any] = {"limit": 5, "sort": [sign + name]}
            large.statements.clear()
            with reading(large.database) as (fresh, _):
                first = find_page(fresh, resource, resource.filters(**asked))
                find_page(fresh, resource, resource.filters(**asked, cursor=first.next_cursor))
            pages = [each for each in large.statements if "LIMIT" in each[0] and "item" in each[0]]
            assert pages
            assert len(large.statements) <= 12, large.statements
            for statement, parameters in pages:
                plan = session.connection().exec_driver_sql(f"{explain} {statement}", parameters)
                steps = [row[-1] for row in plan]
                assert not any(sorting in step for step in steps), (asked, statement, steps)


def test_the_words_of_a_search_are_looked_up(large: Large) -> None:
    """Whether few entries hold them or most: PostgreSQL thinks it as cheap to read what each entry holds."""
    explain, looked_up = "EXPLAIN", "on fts_entry_words"
    if large.database.path:
        explain, looked_up = "EXPLAIN QUERY PLAN", "fts_entry VIRTUAL TABLE INDEX"
    trials = BY_KIND[Kind.TRIAL]
    for query in ("il-6", "t*", "nanobody", "il-6 -mice", "siltuximab OR tocilizumab"):
        large.statements.clear()
        with reading(large.database) as (session, _):
            search(session, query, [Kind.TRIAL], 20, None)
            find_page(session, trials, trials.filters(q=query))
            asked = [each for each in large.statements if "fts_entry" in each[0]]
            for statement, parameters in asked:
                plan = session.connection().exec_driver_sql(f"{explain} {statement}", parameters)
                steps = "\n".join(row[-1] for row in plan)
                assert looked_up in steps, (query, statement, steps)
                assert "JIT:" not in steps
        assert len(asked) > 2


def test_a_record_takes_a_statement_beside_those_for_the_release(large: Large) -> None:
    for kind, name, most in [
        (Kind.INHIBITOR, "c3-tocilizumab", 1),
        (Kind.INHIBITOR, "TOCILIZUMAB C3", 3),
        (Kind.CANCER, "breast-cancer", 1),
    ]:
        with reading(large.database) as (session, _):
            large.statements.clear()
            get_record(session, BY_KIND[kind], name)
            assert len(large.statements) <= most, large.statements
