"""Filters that meet: those over the same linked rows hold of one such row, and an exclusion takes away
what its filter would find. The right answers are worked out from the seed files."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import httpx
import pytest

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.base import Kind
from app.seeding.answers import Facts
from tests.conftest import EXAMPLES
from tests.test_lists import holds
from tests.test_resources import get

Row = dict[str, set[Any]]
"""The values of a linked row, by the names of filters."""

ROWS_OF = {"approval": Kind.APPROVAL, "trial": Kind.TRIAL, "evidence": Kind.EVIDENCE}

PLAIN: dict[str, dict[str, tuple[str, ...]]] = {
    "inhibitors": {
        "indication": ("approval",),
        "agency": ("approval",),
        "cancer": ("trial", "evidence"),
        "mechanism": ("evidence", "edge"),
    },
    "cancers": {
        "target": ("evidence", "edge"),
        "inhibitor": ("trial", "evidence"),
        "mechanism": ("evidence", "edge"),
    },
    "targets": {"mechanism": ("evidence", "edge"), "cancer": ("evidence", "edge")},
    "mechanisms": {
        "cancer": ("evidence", "edge"),
        "inhibitor": ("evidence", "edge"),
        "target": ("evidence", "edge"),
    },
    "indications": {"inhibitor": ("approval",), "agency": ("approval",), "publication": ("approval",)},
    "publications": {
        "cancer": ("evidence", "trial", "own"),
        "inhibitor": ("evidence", "trial", "approval", "own"),
        "mechanism": ("evidence", "own"),
        "target": ("evidence", "own"),
    },
}
"""The filters that lead to linked rows without naming them, and which rows these are."""


def row_of(facts: Facts, kind: Kind, row: Any) -> Row:
    """A row of the seed files by the names of its filters."""
    values: Row = {}
    held = row.model_dump(mode="json")
    held |= held.pop("effect", None) or {}
    for name, value in held.items():
        plain = name if name in ("combination",) else name.removesuffix("s") if name in PLURALS else name
        values[plain] = set(value) if isinstance(value, list) else set() if value is None else {value}
    if kind == Kind.APPROVAL:
        values["for_cancer"] = {facts.indications[row.indication].area == "oncology"}
    return values


PLURALS = ("inhibitors", "cancers", "publications")


def link_everything(facts: Facts, kind: Kind) -> dict[str, dict[str, list[Row]]]:
    """The rows that are linked to each record of a kind."""
    linked: dict[str, dict[str, list[Row]]] = {
        record: {link: [] for link in (*ROWS_OF, "edge", "own")} for record in facts.of(kind)
    }
    for link, of in ROWS_OF.items():
        for row in (row_of(facts, of, each) for each in facts.of(of).values()):
            for record in row.get(kind.value, ()):
                linked[record][link].append(row)
    for edge in facts.interactions.values():
        for here, there in ((edge.source, edge.object), (edge.object, edge.source)):
            if here.kind == kind:
                linked[here.id]["edge"].append({there.kind.value: {there.id}})
    if kind == Kind.PUBLICATION:
        for other in (Kind.CANCER, Kind.INHIBITOR, Kind.MECHANISM, Kind.TARGET):
            for cited in facts.of(other).values():
                for record in cited.publications:
                    linked[record]["own"].append({other.value: {cited.id}})
    return linked


@pytest.fixture(scope="module")
def linked(facts: Facts) -> dict[str, dict[str, dict[str, list[Row]]]]:
    """All linked rows: by collection, record and link."""
    return {path: link_everything(facts, kind_of(path)) for path in PLAIN}


def kind_of(path: str) -> Kind:
    return next(each.kind for each in RESOURCES if each.path == path)


def filters_of(path: str, link: str) -> Iterator[tuple[str, str]]:
    """The filters that lead through a link: as parameters, and as names in its rows."""
    for name, links in PLAIN[path].items():
        if link in links:
            yield name, name
    if link in ROWS_OF:
        filters = BY_KIND[ROWS_OF[link]].filters
        for name in (*filters.columns, *filters.members, *filters.references, *filters.relations):
            yield f"{link}.{name}", name


def values_of(rows: list[Row], name: str) -> list[Any]:
    """The values that most rows have, and one of the least."""
    counted = Counter(value for row in rows for value in row.get(name, ()))
    ordered = sorted(counted, key=lambda value: (-counted[value], str(value)))
    return ordered[:1] + ordered[-1:]


def written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


FEW_CLAIMS = ("inhibitors",)
"""Collections whose claims are tried in the short tests; there are many pairs of filters on claims."""


def case(path: str, link: str) -> Any:
    longer = link == "evidence" and path not in FEW_CLAIMS
    return pytest.param(path, link, marks=[pytest.mark.longer] if longer else [])


CASES = [
    case(path, link)
    for path, filters in PLAIN.items()
    for link in dict.fromkeys(link for links in filters.values() for link in links)
    if link in ROWS_OF
]


@pytest.mark.longer
@pytest.mark.parametrize(("path", "link"), CASES)
def test_every_pair_of_filters_through_one_link_holds_of_one_row(
    client: httpx.Client, linked: dict[str, dict[str, dict[str, list[Row]]]], path: str, link: str
) -> None:
    rows = [row for links in linked[path].values() for row in links[link]]
    asked = 0
    for number, ((one, first), (other, second)) in enumerate(combinations(filters_of(path, link), 2)):
        named = sum("." in each for each in (one, other))
        if number % (1, 8, 40)[named] and EXAMPLES <= 100:
            continue  # all pairs of the filters that name no link; of the others all by `make fuzz`
        common = [link] if "." in one + other else shared(path, one, other)
        for a, b in zip(values_of(rows, first), reversed(values_of(rows, second)), strict=False):
            asked += 1
            expected = {
                record
                for record, links in linked[path].items()
                if any(
                    a in row.get(first, ()) and b in row.get(second, ())
                    for each in common
                    for row in links[each]
                )
            }
            query = {one: written(a), other: written(b), "fields": "id", "limit": "500"}
            found = client.get(f"/{path}", params=query)
            assert found.status_code == 200, (query, found.text)
            assert {item["id"] for item in found.json()["items"]} == expected, query
            held = {
                record
                for record, links in linked[path].items()
                if any(
                    a in row.get(first, ()) for each in PLAIN[path].get(one, (link,)) for row in links[each]
                )
            }
            query = {one: written(a), f"{other}__not": written(b), "fields": "id", "limit": "500"}
            rest = client.get(f"/{path}", params=query).raise_for_status().json()["items"]
            assert {item["id"] for item in rest} == held - expected, query
    assert asked > 3


def shared(path: str, one: str, other: str) -> list[str]:
    """The links that two filters can lead through, both."""
    return [each for each in PLAIN[path][one] if each in PLAIN[path][other]]


def test_an_approval_of_another_condition_is_none_of_this(client: httpx.Client) -> None:
    page = get(client, "/inhibitors?indication=rheumatoid-arthritis&agency=EMA")
    assert {"tocilizumab", "sarilumab", "baricitinib"} <= {item["id"] for item in page["items"]}
    assert get(client, "/inhibitors?indication=rheumatoid-arthritis&agency=MHRA")["items"] == []
    assert "tocilizumab" in {item["id"] for item in get(client, "/inhibitors?agency=MHRA")["items"]}


@pytest.mark.longer
def test_what_is_excluded_and_what_is_kept_are_the_whole(client: httpx.Client) -> None:
    """A list is what holds to one more filter, and what does not."""
    for resource in RESOURCES:
        for name in (*resource.filters.columns, *resource.filters.relations, *resource.filters.references):
            if name == "id":
                continue
            page = get(client, f"/{resource.path}?facets={name}&limit=0")
            for value in [*page["facets"][name]][:2]:
                totals = []
                for asked in (name, f"{name}__not"):
                    answer = client.get(f"/{resource.path}", params={asked: value, "limit": 0})
                    assert answer.status_code == 200, answer.text
                    totals.append(answer.json()["total"])
                counts = page["facets"][name]
                expected = sum(n for each, n in counts.items() if holds(name, each, value))
                assert totals[0] == expected, (resource.path, name)
                assert sum(totals) == page["total"], (resource.path, name)


FACETS = [
    ("/inhibitors?indication=rheumatoid-arthritis", "agency"),
    ("/inhibitors?trial.outcome=negative", "cancer"),
    ("/inhibitors?cancer=multiple-myeloma", "mechanism"),
    ("/cancers?trial.outcome=negative", "inhibitor"),
    ("/cancers?mechanism=angiogenesis", "target"),
    ("/publications?inhibitor=tocilizumab", "cancer"),
    ("/cancers?trial.outcome=negative&evidence.level=B", "inhibitor"),
]


@pytest.mark.parametrize(("address", "name"), FACETS)
def test_a_facet_counts_what_its_value_would_leave(client: httpx.Client, address: str, name: str) -> None:
    facets = get(client, f"{address}&facets={name}&limit=0")["facets"][name]
    assert facets
    for value, records in facets.items():
        assert get(client, f"{address}&{name}={value}&limit=0")["total"] == records, value


def test_linked_rows_take_bounds_and_several_values(client: httpx.Client, facts: Facts) -> None:
    page = get(client, "/inhibitors?approval.year__gte=2020&agency=FDA,EMA&limit=500")
    assert {item["id"] for item in page["items"]} == {
        row.inhibitor
        for row in facts.approvals.values()
        if row.agency in ("FDA", "EMA") and (row.year or 0) >= 2020
    }
    page = get(client, "/cancers?trial.inhibitor=CNTO%20328&trial.outcome=negative,mixed&limit=500")
    assert {item["id"] for item in page["items"]} == {
        cancer
        for row in facts.trials.values()
        if "siltuximab" in row.inhibitors and row.outcome in ("negative", "mixed")
        for cancer in row.cancers
    }


def test_the_order_of_parameters_changes_nothing(client: httpx.Client) -> None:
    one = get(client, "/cancers?mechanism=angiogenesis&trial.outcome=negative&inhibitor=siltuximab")
    other = get(client, "/cancers?inhibitor=siltuximab&trial.outcome=negative&mechanism=angiogenesis")
    assert one["items"] == other["items"]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_every_link_names_a_collection(resource: Resource) -> None:
    for kind, relationship in resource.filters.links.items():
        assert Kind(kind) in BY_KIND
        assert hasattr(resource.table, relationship)
