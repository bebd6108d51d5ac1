"""What a list can be asked for: filters, order, counts, parts, and only what was asked."""

import csv
import functools
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.base import Kind
from app.models.filters import DATES, AnyKind
from app.seeding.answers import Facts
from app.store.conditions import BODIES
from app.store.cursor import pack
from app.store.engine import Database, parse_url
from app.store.lists import all_items, find_page
from app.store.release import reading
from app.store.text import squeeze
from tests.test_resources import get, walk

collections = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)


def value_of(item: Any, name: str) -> Any:
    """The value of a field by which a list can be sorted and filtered."""
    if name in item:
        value = item[name]
        return (value.get("id") or value["verdict"]) if isinstance(value, dict) else value
    return (item["effect"] or {}).get(name)


def holds(name: str, value: Any, asked: Any) -> bool:
    """Whether a value of a field is one that a filter finds: a month holds its days, a text its companies."""
    if name in DATES:
        return isinstance(value, str) and (value == asked or value.startswith(f"{asked}-"))
    if name in BODIES:
        return (
            isinstance(value, str) and re.search(rf"(?<![\w-]){re.escape(asked)}(?![\w-])", value) is not None
        )
    return bool(value == asked)


@functools.cache
def everything(client: httpx.Client, path: str) -> tuple[Any, ...]:
    return tuple(walk(client, f"/{path}?limit=500"))


def ids(items: Any) -> list[str]:
    return [item["id"] for item in items]


@collections
def test_every_scalar_field_filters_by_each_of_its_values(client: httpx.Client, resource: Resource) -> None:
    items = everything(client, resource.path)
    for name, kind in resource.filters.columns.items():
        counts = Counter(value_of(item, name) for item in items)
        for value, count in counts.most_common(3):
            if value is None:
                continue
            asked = str(value).lower() if kind is bool else value
            page = client.get(f"/{resource.path}", params={name: asked, "limit": 0}).raise_for_status().json()
            assert count <= page["total"]
            assert page["total"] == sum(holds(name, value_of(item, name), value) for item in items), (
                name,
                value,
            )


@collections
def test_every_number_filters_by_bounds(client: httpx.Client, resource: Resource) -> None:
    items = everything(client, resource.path)
    for name, kind in resource.filters.columns.items():
        if kind not in (int, float):
            continue
        held = sorted(value_of(item, name) for item in items if value_of(item, name) is not None)
        middle = held[len(held) // 2]
        for bound, expected in {
            f"{name}__gte": sum(each >= middle for each in held),
            f"{name}__lte": sum(each <= middle for each in held),
        }.items():
            assert get(client, f"/{resource.path}?{bound}={middle}&limit=0")["total"] == expected


def related(resource: Resource) -> Iterator[tuple[str, Kind]]:
    for name, to in ends_of(resource).items():
        if isinstance(to, Kind):
            yield name, to


def ends_of(resource: Resource) -> dict[str, Any]:
    """What the references and relations of a collection lead to."""
    relations = {name: each.to for name, each in resource.filters.relations.items()}
    return {**resource.filters.references, **relations}


@collections
def test_every_relation_finds_something(client: httpx.Client, facts: Facts, resource: Resource) -> None:
    """A filter that finds nothing, whatever it is asked, is dead."""
    for name, to in related(resource):
        everything_of = ",".join(facts.of(to))[:7000].rpartition(",")[0]
        assert get(client, f"/{resource.path}?{name}={everything_of}&limit=0")["total"], name


def test_relations_agree_with_the_records(client: httpx.Client, facts: Facts) -> None:
    for drug in ("tocilizumab", "siltuximab", "ruxolitinib"):
        record = get(client, f"/inhibitors/{drug}")
        assert ids(walk(client, f"/cancers?inhibitor={drug}")) == ids(record["cancers"])
        assert ids(walk(client, f"/mechanisms?inhibitor={drug}")) == ids(record["mechanisms"])
        assert ids(walk(client, f"/trials?inhibitor={drug}")) == ids(record["trials"])
        assert ids(walk(client, f"/approvals?inhibitor={drug}")) == sorted(ids(record["approvals"]))
        assert get(client, f"/evidence?inhibitor={drug}&limit=0")["total"] == record["evidence"]["total"]
    record = get(client, "/publications/chen-2022")
    assert get(client, "/evidence?publication=chen-2022&limit=0")["total"] == len(record["evidence"])
    record = get(client, "/targets/il6")
    incoming, outgoing = record["interactions"]["incoming"], record["interactions"]["outgoing"]
    assert get(client, "/interactions?object=il6&limit=0")["total"] == len(incoming)
    assert get(client, "/interactions?source=IL-6&limit=0")["total"] == len(outgoing)
    assert get(client, "/interactions?kind=cancer&limit=0")["total"] == sum(
        Kind.CANCER in (i.source.kind, i.object.kind) for i in facts.interactions.values()
    )


@collections
def test_links_of_records_lead_to_lists(client: httpx.Client, resource: Resource) -> None:
    for item in everything(client, resource.path)[:3]:
        for path, address in item["links"].items():
            answer = client.get(address)
            assert answer.status_code == 200, address
            if path != "self":
                assert f"{resource.kind}={item['id']}" in address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/inhibitors?approved=true", lambda f: chosen(f.inhibitors, lambda i: i.status == "approved")),
        ("/inhibitors?approved=false", lambda f: chosen(f.inhibitors, lambda i: i.status != "approved")),
        ("/inhibitors?agency=FDA,EMA&scope=direct", None),
        ("/inhibitors?routes=Oral", lambda f: chosen(f.inhibitors, lambda i: "oral" in i.routes)),
        ("/inhibitors?status=approved&status=discontinued", None),
        ("/cancers?has_trial=true", lambda f: tried(f)),
        ("/cancers?has_trial=false", lambda f: set(f.cancers) - tried(f)),
        ("/trials?combination=nab paclitaxel", lambda f: chosen(f.trials, with_("nab-paclitaxel"))),
        ("/evidence?combination=anti-PD-L1", lambda f: chosen(f.evidence, with_("anti-PD-L1"))),
        ("/evidence?min_level=B", lambda f: chosen(f.evidence, lambda e: e.level in ("A", "B"))),
        ("/publications?seed=true", lambda f: chosen(f.publications, lambda p: p.seed)),
        ("/publications?doi=10.3389/FONC.2022.903800", lambda f: {"chen-2022"}),
        (
            "/publications?authors=rose-john S",
            lambda f: chosen(f.publications, lambda p: "Rose-John S" in p.authors),
        ),
        (
            "/publications?published__gte=2025-06-01",
            lambda f: chosen(f.publications, lambda p: (p.published or "") >= "2025-06-01"),
        ),
        ("/inhibitors?developer=UCB, then R-Pharm", lambda f: {"olokizumab"}),
        ("/approvals?for_cancer=true&agency=PMDA", lambda f: {"momelotinib-myelofibrosis-pmda"}),
        ("/cancers?parent=solid-tumours", lambda f: chosen(f.cancers, lambda c: c.parent == "solid-tumours")),
        (
            "/cancers?parent=solid-and-blood-cancers&include_descendants=true",
            lambda f: set(f.cancers) - {"solid-and-blood-cancers"},
        ),
    ],
)
def test_filters_mean_what_they_say(client: httpx.Client, facts: Facts, address: str, expected: Any) -> None:
    found = set(ids(walk(client, f"{address}&limit=500")))
    if expected is not None:
        assert found == expected(facts)
    assert found


def chosen(rows: dict[str, Any], rule: Callable[[Any], bool]) -> set[str]:
    return {row.id for row in rows.values() if rule(row)}


def with_(drug: str) -> Callable[[Any], bool]:
    return lambda row: drug in row.combination


def tried(facts: Facts) -> set[str]:
    return {cancer for trial in facts.trials.values() for cancer in trial.cancers}


def test_different_filters_mean_all_of_them(client: httpx.Client) -> None:
    found = walk(client, "/trials?outcome=negative&inhibitor=siltuximab&phase=2")
    assert found
    for trial in found:
        assert trial["outcome"] == "negative"
        assert trial["phase"] == "2"
        assert "siltuximab" in ids(trial["inhibitors"])


def test_a_cancer_stands_for_its_descendants_only_if_asked_to(client: httpx.Client, facts: Facts) -> None:
    below = {"solid-tumours"}
    while more := {c.id for c in facts.cancers.values() if c.parent in below} - below:
        below |= more
    one = get(client, "/evidence?cancer=solid-tumours&limit=0")["total"]
    all_ = get(client, "/evidence?cancer=solid-tumours&include_descendants=true&limit=0")["total"]
    assert one == sum(e.cancer == "solid-tumours" for e in facts.evidence.values())
    assert all_ == sum(e.cancer in below for e in facts.evidence.values()) > one


def test_cancers_of_poor_prognosis_in_which_nobody_tried_an_inhibitor(client: httpx.Client) -> None:
    found = walk(client, "/cancers?prognosis=poor&has_trial=false&limit=500")
    assert found
    for cancer in found:
        record = get(client, f"/cancers/{cancer['id']}")
        assert record["trials"] == []
        assert record["prognosis"]["verdict"] == "poor"


@collections
def test_fields_are_just_those_asked_for(client: httpx.Client, resource: Resource) -> None:
    name = list(resource.item.model_fields)[1]
    for item in get(client, f"/{resource.path}?fields={name}&limit=5")["items"]:
        assert list(item) == ["id", name]


@collections
def test_facets_count_the_whole_filtered_list(client: httpx.Client, resource: Resource) -> None:
    items = everything(client, resource.path)
    for name in resource.filters.columns:
        if name == "id":
            continue
        facets = get(client, f"/{resource.path}?facets={name}&limit=1")["facets"][name]
        counts = Counter(value_of(item, name) for item in items)
        del counts[None]
        assert facets == {str(v).lower() if isinstance(v, bool) else str(v): n for v, n in counts.items()}, (
            name
        )
        assert list(facets.values()) == sorted(facets.values(), reverse=True)
    for name in resource.filters.members:
        facets = get(client, f"/{resource.path}?facets={name}&limit=0")["facets"][name]
        counts = Counter(key for item in items for key in {squeeze(each) for each in item[name]})
        assert {squeeze(value): records for value, records in facets.items()} == counts, name


def test_facets_of_relations(client: httpx.Client) -> None:
    facets = get(client, "/trials?outcome=negative&facets=cancer,inhibitor,phase&limit=0")["facets"]
    trials = walk(client, "/trials?outcome=negative")
    for name in ("cancer", "inhibitor"):
        assert facets[name] == dict(Counter(each["id"] for trial in trials for each in trial[f"{name}s"]))
    assert set(facets) == {"cancer", "inhibitor", "phase"}
    assert "facets" not in get(client, "/trials?limit=0")


def test_batch_lookup_keeps_the_order_and_names_what_is_missing(client: httpx.Client) -> None:
    page = get(client, "/inhibitors?ids=Kevzara,nonsense,CNTO 328,tocilizumab,siltuximab,L04AC07")
    assert ids(page["items"]) == ["sarilumab", "siltuximab", "tocilizumab"]
    assert page["missing"] == ["nonsense", "L04AC07"]
    assert page["next"] is None
    assert ids(get(client, "/inhibitors?ids=Kevzara,tocilizumab&limit=1")["items"]) == ["sarilumab"]
    narrowed = get(client, "/inhibitors?ids=sarilumab,siltuximab&target=il6")
    assert (ids(narrowed["items"]), narrowed["missing"], narrowed["total"]) == (["siltuximab"], [], 1)
    assert get(client, "/publications?ids=10.3389/fonc.2022.903800,20484019")["total"] == 2


@pytest.mark.parametrize(
    ("address", "named", "meant"),
    [
        ("/inhibitors?sort=nmae", "sort", "did you mean 'name'?"),
        ("/inhibitors?sort=-summary", "sort", "Input should be"),
        ("/inhibitors?fields=brand", "fields", "did you mean 'brands'?"),
        ("/inhibitors?facets=statu", "facets", "did you mean 'status'?"),
        ("/inhibitors?scope=indirect", "scope", "did you mean 'direct'?"),
        ("/inhibitors?format=exel", "format", "Input should be"),
        ("/inhibitors?approved=perhaps", "approved", "valid boolean"),
        ("/inhibitors?max_phase=9999999999", "max_phase", "less than or equal"),
        ("/evidence?value__gte=nan", "value__gte", "finite number"),
        ("/evidence?value__gte=1e400", "value__gte", "finite number"),
        ("/evidence?year__gte=2015", "year__gte", "Unknown parameter"),
        ("/publications?year__gt=2015", "year__gt", "did you mean year__gte?"),
        ("/evidence?cancer=brest cancer", "cancer", "did you mean breast-cancer?"),
        ("/evidence?cancer=breast-cancer,brest-cancer", "cancer", "did you mean breast-cancer?"),
        ("/evidence?cancer=", "cancer", "leave it out"),
        ("/inhibitors?q=" + "a" * 501, "q", "at most 500 characters"),
        (f"/inhibitors?q={' '.join(map(str, range(101)))}", "q", "At most 100 words, these are 101"),
        ("/inhibitors?ids=tocilizumab&sort=name", "ids", "leave out sort and cursor"),
        ("/inhibitors?name=%00", "name", "should match pattern"),
        ("/inhibitors?name=tocilizumb", "name", "did you mean Tocilizumab?"),
        ("/inhibitors?routes=IV", "routes", "No record has 'IV' there"),
        ("/inhibitors?sort=name,name", "sort", "Each value once"),
        ("/inhibitors?developer__not=Roch", "developer__not", "did you mean Roche"),
        ("/inhibitors?approval.agency=fad", "approval.agency", "did you mean FDA?"),
        ("/inhibitors?approval.year__gte=x", "approval.year__gte", "valid integer"),
        ("/inhibitors?approval.year__gte__not=2000", "approval.year__gte__not", "Unknown parameter"),
        ("/cancers?trial.inhibitor=tocilizumb", "trial.inhibitor", "did you mean tocilizumab?"),
        ("/cancers?trial.outcom=negative", "trial.outcom", "did you mean trial.outcome?"),
        ("/cancers?approval.agency=FDA", "approval.agency", "Unknown parameter"),
        ("/evidence/summary?by=cancer", "by", "two different dimensions"),
        ("/evidence/summary?by=cancer,cancer", "by", "two different dimensions"),
        ("/evidence/summary?by=cancer,inhibitr", "by", "did you mean 'inhibitor'?"),
        ("/evidence/summary", "by", "Field required"),
        ("/evidence/summary?by=type,level&limit=3", "limit", "Unknown parameter"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_named(client: httpx.Client, address: str, named: str, meant: str) -> None:
    response = client.get(address)
    assert response.status_code == 422, response.text
    detail = response.json()["detail"]
    assert detail.startswith(f"{named}: "), detail
    assert meant in detail


def test_a_cursor_of_another_order_is_refused(client: httpx.Client) -> None:
    following = get(client, "/inhibitors?sort=name&limit=2")["next"]
    assert client.get(following).status_code == 200
    other = client.get(following.replace("sort=name", "sort=-name"))
    assert other.status_code == 422
    assert "another order" in other.json()["detail"]


@pytest.fixture(scope="session")
def database(database_url: str) -> Iterator[Database]:
    database = Database(parse_url(database_url))
    yield database
    database.dispose()


@st.composite
def questions(draw: st.DrawFn) -> tuple[Resource, dict[str, Any]]:
    """A collection, an order over any of its fields, a filter now and then, and a size of page."""
    resource = draw(st.sampled_from(RESOURCES))
    names = [*resource.filters.columns, *resource.filters.references]
    signed = st.tuples(st.sampled_from(["", "-"]), st.sampled_from(names))
    order = draw(st.lists(signed, max_size=3, unique=True))
    asked: dict[str, Any] = {"limit": draw(st.integers(7, 200))}
    asked["sort"] = [sign + name for sign, name in order]
    enums = [name for name, kind in resource.filters.columns.items() if hasattr(kind, "__members__")]
    if enums and draw(st.booleans()):
        name = draw(st.sampled_from(enums))
        members = list(resource.filters.columns[name])  # type: ignore[call-overload]
        asked[name] = draw(st.lists(st.sampled_from(members), min_size=1, max_size=3))
    if draw(st.booleans()):
        asked["q"] = draw(st.sampled_from(["il-6", "tumour", "cancer", "tocilizumab", "jak2", "zzz"]))
    return resource, asked


@given(question=questions())
def test_pages_in_any_order_are_the_whole_list_once_in_order(
    database: Database, question: tuple[Resource, dict[str, Any]]
) -> None:
    resource, asked = question
    with reading(database) as (session, _):
        unsorted = {name: value for name, value in asked.items() if name not in ("sort", "limit")}
        rows = [json.loads(row) for row in all_items(session, resource, resource.filters(**unsorted))]
        for key in reversed([*asked["sort"], "id"]):
            name = key.removeprefix("-")
            held = [row for row in rows if value_of(row, name) is not None]
            held.sort(key=functools.partial(value_of, name=name), reverse=key.startswith("-"))
            rows = held + [row for row in rows if value_of(row, name) is None]
        seen: list[str] = []
        cursor = None
        while True:
            page = find_page(session, resource, resource.filters(**asked, cursor=cursor))
            assert page.total == len(rows)
            assert len(page.items) <= asked["limit"]
            seen += [json.loads(item)["id"] for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [row["id"] for row in rows]


def test_every_relation_leads_to_a_kind_or_to_values() -> None:
    for resource in RESOURCES:
        for name, to in ends_of(resource).items():
            assert isinstance(to, Kind) or to is AnyKind or issubclass(to, str), (resource.path, name)
            if isinstance(to, Kind) and name not in ("parent", "same_study_as"):
                assert BY_KIND[to].kind == name


def test_the_evidence_matrix_adds_up(client: httpx.Client, facts: Facts) -> None:
    """Of a drug in a cancer it counts what the drug does to it, and what `type` asks for beside that."""
    for asked, types in {
        "": ["therapeutic"],
        "&type=safety": ["safety"],
        "&type=safety,therapeutic": ["safety", "therapeutic"],
        "&type__not=mechanistic": ["prognostic", "therapeutic", "safety", "regulatory"],
    }.items():
        matrix = get(client, f"/evidence/summary?by=cancer,inhibitor{asked}")
        assert matrix["by"] == ["cancer", "inhibitor"]
        assert matrix["type"] == ([] if "not" in asked else types)
        counted = Counter(
            (e.cancer, e.inhibitor, e.type, e.significance)
            for e in facts.evidence.values()
            if e.cancer and e.inhibitor and e.type in types
        )
        told = {
            (cell["cancer"]["id"], cell["inhibitor"]["id"], kind, significance): number
            for cell in matrix["items"]
            for kind, found in cell["evidence"].items()
            if kind != "total"
            for significance, number in found.items()
        }
        assert told == counted
        for cell in matrix["items"]:
            assert list(cell) == ["cancer", "inhibitor", "evidence"]
            assert set(cell["cancer"]) == {"id", "name"}


def test_the_evidence_matrix_as_a_table(client: httpx.Client) -> None:
    query = "/evidence/summary?by=cancer,inhibitor&inhibitor=siltuximab"
    cells = get(client, query)["items"]
    lines = list(csv.DictReader(io.StringIO(client.get(f"{query}&format=csv").raise_for_status().text)))
    assert [line["cancer.id"] for line in lines] == [cell["cancer"]["id"] for cell in cells]
    for line, cell in zip(lines, cells, strict=True):
        for significance, number in cell["evidence"]["therapeutic"].items():
            assert line[f"evidence.therapeutic.{significance}"] == str(number)
        assert line["evidence.total"] == str(cell["evidence"]["total"])
    assert not any(name.startswith(("mechanism.", "year")) for name in lines[0])


@pytest.mark.parametrize("by", ["type,level", "significance,year", "mechanism,target", "level,cancer"])
def test_the_evidence_matrix_by_any_two(client: httpx.Client, facts: Facts, by: str) -> None:
    matrix = get(client, f"/evidence/summary?by={by}&inhibitor=siltuximab&min_level=B")
    first, second = by.split(",")

    def value(e: Any, name: str) -> Any:
        return facts.publications[e.publication].year if name == "year" else getattr(e, name)

    chosen = [
        (value(e, first), value(e, second))
        for e in facts.evidence.values()
        if e.inhibitor == "siltuximab" and e.level in ("A", "B")
    ]
    counts = Counter(pair for pair in chosen if None not in pair)
    found = {
        (value_of(cell, first), value_of(cell, second)): cell["evidence"]["total"] for cell in matrix["items"]
    }
    assert found == dict(counts)


def test_a_cursor_may_hold_any_text_that_a_field_may(client: httpx.Client) -> None:
    """A space that does not break is no printable character, and yet stands in titles."""
    after = pack([["title"], ["A title\u00a0of\u00adtwo", "chen-2022"]])
    assert client.get(f"/publications?sort=title&cursor={after}").status_code == 200
    half = pack([["title"], ["\x00", "chen-2022"]])
    assert client.get(f"/publications?sort=title&cursor={half}").status_code == 422
