"""What the fuzzer of tests/test_schema.py is told of the service beyond its OpenAPI document.

A schema can say how a name or a cursor looks, not which there are, nor which parameters go together. So
most names in valid requests become ones that are there, which else would never come up; and the refusal of
what no schema can exclude, a 422 by the contract, counts as an answer. Any other refusal of a valid request
is a fault.
"""

import random
from typing import Any
from urllib.parse import urlencode

import schemathesis
from schemathesis.checks import CHECKS

from app.catalog import BY_KIND, RESOURCES
from app.http.bounds import LONGEST_ADDRESS
from app.models.base import Kind
from app.models.graph import NODE_KINDS

COLLECTIONS = {resource.path for resource in RESOURCES}

REAL_NAMES = {
    f"/{resource.path}": {
        "ids": resource.example,
        "id": resource.example,
        **{
            name: BY_KIND[kind].example
            for name, kind in {**resource.filters.references, **resource.filters.relations}.items()
            if isinstance(kind, Kind)
        },
    }
    for resource in RESOURCES
}
REAL_NAMES["/evidence/summary"] = REAL_NAMES["/evidence"]
REAL_NAMES["/graph"] = {kind: BY_KIND[kind].example for kind in NODE_KINDS}
REAL_NAMES["/graph/paths"] = {"from": "tocilizumab", "to": "ovarian-cancer", "via": "stat3", "avoid": "jak1"}
"""Per path, what some record is called, for each parameter that names records."""

TOLD_IN_WORDS = ("fields", "format", "release", "view")
"""Parameters that have an answer another form than the one it is documented in."""

BEYOND_SCHEMA = {
    ("unknown_name", None): "there is no such record",
    ("unknown_value", None): "no record of the release has that text",
    ("cursor", "cursor"): "no `next` link gave it",
    ("value_error", "since"): "a release that is not earlier",
    ("value_error", "ids"): "ids together with a sort or a cursor",
    ("format", None): "a parameter together with a format that has no place for what it asks for",
    ("too_long", "q"): "too many words",
    ("empty_value", None): "a value of spaces",
    ("negated_value", None): "a value that begins with a sign",
    ("date", None): "a day that no calendar has",
    ("value_error", "query_graph"): "a graph whose edges end at no node of it",
    ("value_error", "depth"): "a depth without a record to count from",
}
"""By the type of an error, and its parameter where that is always the same: what no schema can exclude."""


@schemathesis.hook
def filter_case(context: Any, case: schemathesis.Case) -> bool:
    """Leave out what no application can answer, and what is an address of another operation, or of none."""
    collection = (case.path_parameters or {}).get("collection")
    if collection is not None and collection not in COLLECTIONS:
        return False
    return len(urlencode(case.query or {}, doseq=True)) <= LONGEST_ADDRESS


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: Any) -> None:
    """Have few valid requests stopped by what is not there, so that most of them reach the database."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for name in TOLD_IN_WORDS:
        (case.query or {}).pop(name, None)
    names = REAL_NAMES.get(case.path)
    if names is None:
        return
    chance = random.Random(repr(case.query))
    for name in ("cursor", "ids"):
        if chance.random() < 0.9:
            case.query.pop(name, None)
    for name in sorted(names.keys() & case.query.keys()):
        if chance.random() < 0.9:
            case.query[name] = [names[name]]
    if case.path not in ("/evidence/summary", "/graph"):
        case.query.setdefault("limit", 3)  # what holds for three records, read sooner, holds for fifty


@schemathesis.check
def valid_data_are_accepted(context: Any, response: schemathesis.Response, case: schemathesis.Case) -> None:
    if response.status_code == 414:
        return  # each value is short enough, but not all of them together
    if response.status_code == 422:
        errors = response.json()["errors"]
        if all({(e["type"], None), (e["type"], e["loc"][-1])} & BEYOND_SCHEMA.keys() for e in errors):
            return
    CHECKS.get_one("positive_data_acceptance")(context, response, case)


@schemathesis.check
def invalid_data_are_refused(context: Any, response: schemathesis.Response, case: schemathesis.Case) -> None:
    if response.status_code != 414:  # a refusal too, which the fuzzer does not know as one
        CHECKS.get_one("negative_data_rejection")(context, response, case)


@schemathesis.check
def answers_have_their_schema(context: Any, response: schemathesis.Response, case: schemathesis.Case) -> None:
    if response.status_code != 200 or not (case.query or {}).keys() & set(TOLD_IN_WORDS):
        CHECKS.get_one("response_schema_conformance")(context, response, case)
