"""The seed files as facts: every rule a row can break is checked, and every problem is reported at once."""

import datetime
import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from app.catalog import BY_KIND, RESOURCES, Resource
from app.errors import nearest
from app.models.base import PREFIXES, Kind, registries_of
from app.models.release import ReleaseSeed
from app.seeding.answers import Facts
from app.seeding.files import (
    MOST_PROBLEMS,
    RELEASE,
    DataFault,
    Problem,
    Row,
    bare,
    known_rows,
    load,
    read_text,
)
from app.seeding.rules import broken_rules, identifiers_of, release_faults

REFERENCES = {
    "cancer": Kind.CANCER,
    "cancers": Kind.CANCER,
    "indication": Kind.INDICATION,
    "inhibitor": Kind.INHIBITOR,
    "inhibitors": Kind.INHIBITOR,
    "mechanism": Kind.MECHANISM,
    "publication": Kind.PUBLICATION,
    "publications": Kind.PUBLICATION,
    "same_study_as": Kind.PUBLICATION,
    "target": Kind.TARGET,
    "targets": Kind.TARGET,
}
"""The fields of seed rows that name a record of another kind by its id; `parent` names one of its own."""

NAMED_BY = {
    each.kind: {name: kind for name, kind in REFERENCES.items() if name in each.seed.model_fields}
    | ({"parent": each.kind} if "parent" in each.seed.model_fields else {})
    for each in RESOURCES
}
"""Of each kind of row, the fields that name other records, and of which kind these are."""

YEARS = ("year", "first_approval_year", "start_year")
DAYS = ("published", "status_as_of")

FORMS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lower-case letters, digits and single hyphens, as in rose-john-2017",
    r"^\S(.*\S)?$": "one line that has something in it, without space before or behind",
    r'^https?://[^\s<>"]+$': "an address that begins with https:// or http://",
    r"^[0-9]{4}-(0[1-9]|1[0-2])(-[0-3][0-9])?$": "a day as '2026-11-28', or a month as '2026-11'",
    r"^[0-9]{4}\.[0-9]{2}(\.[0-9]+)?$": "year and month, as in '2026.11'",
}
"""What a pattern of the models asks for, in words."""

SHOWN = 100
"""Characters of a wrong value that are shown."""

Valid = TypeVar("Valid", bound=BaseModel)
RowFaults = Iterator[tuple[str, str]]
"""Of each rule that a row breaks the field, and what is expected there."""


@dataclass(frozen=True)
class Given:
    """What the rules of a row may ask for: the valid rows, the ids of all rows, the day of the release."""

    facts: Facts
    ids: dict[Kind, set[str]]
    day: datetime.date


@contextmanager
def uncollected() -> Iterator[None]:
    """Make much that stays without a search for garbage in it, which would take a third of the time."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


@uncollected()
def read_facts(folder: Path) -> tuple[ReleaseSeed, Facts]:
    """The release and all its facts; raises DataFault with every problem in every file."""
    problems: list[Problem] = []
    release = read_release(folder / RELEASE, problems)
    given = Given(Facts(), {}, release.date if release else datetime.date.max)
    for resource in RESOURCES:
        try:
            file = f"{resource.path}.yaml"
            rows = known_rows(file, read_text(folder / file))
        except DataFault as fault:
            problems += fault.problems
            continue
        given.ids[resource.kind] = {row["id"] for row in rows if isinstance(row.get("id"), str)}
        problems += first(read_rows(resource, rows, given.facts))
    for resource in RESOURCES:
        problems += first(check_rows(resource, given))
    if not problems:
        written = {f"{BY_KIND[kind].path}.yaml": rows for kind, rows in given.facts.written.items()}
        found = (Problem(*broken) for broken in broken_rules(given.facts))
        problems += first(placed(each, written[each.file].get(each.id)) for each in found)
    if problems or release is None:
        raise DataFault(problems)
    return release, given.facts


def first(problems: Iterator[Problem]) -> Iterator[Problem]:
    """As many problems as a person can mend at once."""
    yield from islice(problems, MOST_PROBLEMS)
    if more := next(problems, None):
        expected = f"the {MOST_PROBLEMS} above mended first: there are more"
        yield replace(more, id="", field="", expected=expected, line=None)


def read_release(path: Path, problems: list[Problem]) -> ReleaseSeed | None:
    """The file RELEASE; what is wrong with it is added to the problems."""
    try:
        release, faults = read_row(ReleaseSeed, load(path), path.name, "")
    except DataFault as fault:
        problems += fault.problems
        return None
    problems += faults
    if release:
        problems += (Problem(path.name, "", *broken) for broken in release_faults(release))
    return release


def read_rows(resource: Resource, rows: Sequence[dict[str, Any]], facts: Facts) -> Iterator[Problem]:
    """Put the valid rows among the facts, sorted by id; yield what is wrong with the others."""
    file = f"{resource.path}.yaml"
    taken: dict[str, Any] = {}
    for number, row in enumerate(rows, 1):
        given = row.get("id")
        name = given[:SHOWN] if given and isinstance(given, str) else f"row {number}"
        valid, faults = read_row(resource.seed, row, file, name)
        yield from (placed(each, row) for each in faults)
        if valid and name in taken:
            yield placed(Problem(file, name, "id", "an id that no other row of the file has"), row)
        if valid:
            taken[name] = valid
            facts.written[resource.kind][name] = row
    facts.of(resource.kind).update(sorted(taken.items()))


def placed(problem: Problem, row: Any) -> Problem:
    """The problem with the line it is in, where the row was read from a file."""
    if not isinstance(row, Row):
        return problem
    return replace(problem, line=row.lines.get(problem.field.partition(".")[0], row.line))


def read_row(model: type[Valid], row: Any, file: str, name: str) -> tuple[Valid | None, list[Problem]]:
    """A row as its model, where it is valid, and what is wrong with it."""
    try:
        valid = model.model_validate(row)
    except ValidationError as error:
        return None, [*explain(error, file, name, model)]
    made = valid.model_dump(mode="json", exclude_unset=True)
    return valid, [Problem(file, name, *misread) for misread in misreadings(row, made)]


def misreadings(written: Any, made: Any, place: str = "") -> RowFaults:
    """Values that the model took for another than what is written, as it takes '5' for a number."""
    if isinstance(written, dict):
        for key in written:
            yield from misreadings(written[key], made[key], f"{place}.{key}".lstrip("."))
    elif isinstance(written, list):
        for one, other in zip(written, made, strict=True):
            yield from misreadings(one, other, place)
    elif (type(written), written) != (type(made), made) and (type(written), type(made)) != (int, float):
        number = isinstance(written, str) and type(made) in (int, float)
        expected = "a number, without quotation marks" if number else json.dumps(made)
        yield place, f"{expected} (it is {shown(written)})"


def shown(value: Any) -> str:
    told = repr(value)
    return told if len(told) <= SHOWN else f"{told[:SHOWN]}..."


def explain(error: ValidationError, file: str, name: str, model: type[BaseModel]) -> Iterator[Problem]:
    """What pydantic found, in the words of those who keep the data."""
    for each in error.errors(include_url=False):
        place = ".".join(part for part in each["loc"] if isinstance(part, str))
        yield Problem(file, name, place, expectation(each, model))


def expectation(fault: Any, model: type[BaseModel]) -> str:
    """What is expected instead of something that pydantic found."""
    given, context = fault["input"], fault.get("ctx", {})
    key = str(fault["loc"][-1]) if fault["loc"] else ""
    match fault["type"]:
        case "extra_forbidden":
            return "a key that these rows have" + near(key, fields(model, fault["loc"][:-1]))
        case "missing":
            return "a value: every row has one"
        case "enum":
            choices = context["expected"].replace(" or ", ", ").split(", ")
            return f"{context['expected']} (it is {shown(given)}{near(repr(given), choices)})"
        case "string_type" if type(given) is int and isinstance(fault["loc"][-1], str):
            return f"a text: write {key}: '{given}'"
        case "string_pattern_mismatch" if context["pattern"] in FORMS:
            expected = FORMS[context["pattern"]]
        case "string_type":
            expected = "a text, in quotation marks where it looks like a number"
        case "list_type":
            expected = f"a list, as in {key}: [{str(given)[:SHOWN]}]"
        case "too_short":
            return "a list of one or more"
        case "model_type" | "model_attributes_type" | "dict_type":
            expected = "keys and their values"
        case "int_type" | "int_from_float" if isinstance(given, float):
            expected = "a whole number"
        case "int_type" | "int_parsing" | "float_type" | "float_parsing":
            expected = "a number, without quotation marks"
        case "bool_type" | "bool_parsing":
            expected = "true or false"
        case "date_type" | "date_from_datetime_parsing" | "date_from_datetime_inexact":
            expected = "a day of the calendar, as in '2026-11-28'"
        case "value_error":
            expected = str(context["error"])
        case _:
            expected = fault["msg"].replace("Input should be", "a value")
    return expected if isinstance(given, dict) else f"{expected} (it is {shown(given)})"


def near(word: str, choices: Sequence[str]) -> str:
    found = nearest(word, choices)
    return f"; {found} is near" if found else ""


def fields(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys that are known at a place within a row."""
    for part in place:
        annotation = model.model_fields[str(part)].annotation
        inner = [each for each in (annotation, *get_args(annotation)) if isinstance(each, type)]
        model = next(each for each in inner if issubclass(each, BaseModel))
    return list(model.model_fields)


def check_rows(resource: Resource, given: Given) -> Iterator[Problem]:
    """What is wrong with valid rows, each by itself."""
    for row in given.facts.of(resource.kind).values():
        for rule in ROW_RULES:
            for field, expected in rule(resource, row, given):
                problem = Problem(f"{resource.path}.yaml", row.id, field, expected)
                yield placed(problem, given.facts.written[resource.kind].get(row.id))


def references(resource: Resource, row: Any, given: Given) -> RowFaults:
    """A row that names another names one that is there."""
    for name, kind in NAMED_BY[resource.kind].items():
        held: Any = getattr(row, name)
        for each in held if isinstance(held, list) else [held]:
            if each is not None:
                yield from unknown(name, kind, each, given)


def known_ends(resource: Resource, row: Any, given: Given) -> RowFaults:
    """Both ends of an interaction are there."""
    if resource.kind == Kind.INTERACTION:
        for name, end in (("source.id", row.source), ("object.id", row.object)):
            yield from unknown(name, end.kind, end.id, given)


def unknown(field: str, kind: Kind, record_id: str, given: Given) -> RowFaults:
    """Complain of an id that no row has; where its file could not be read, nothing is known."""
    known = given.ids.get(kind, {record_id})
    if record_id not in known:
        meant = near(record_id, sorted(known))
        yield field, f"the id of a row of {BY_KIND[kind].path}.yaml (there is no {record_id}{meant})"


def values_once(resource: Resource, row: Any, given: Given) -> RowFaults:
    """A list names each value once; two authors may have one name."""
    for name in type(row).model_fields:
        value: Any = getattr(row, name)
        if isinstance(value, list) and name != "authors" and len(set(value)) < len(value):
            yield name, "each value once"


def past_years(resource: Resource, row: Any, given: Given) -> RowFaults:
    """No year is after that of the release."""
    for name in (each for each in YEARS if each in type(row).model_fields):
        year = getattr(row, name)
        if year is not None and year > given.day.year:
            yield name, f"a year up to that of the release, {given.day.year} (it is {year})"


def past_days(resource: Resource, row: Any, given: Given) -> RowFaults:
    """Nothing was published or read after the day of the release."""
    for name in (each for each in DAYS if each in type(row).model_fields):
        day = getattr(row, name)
        if day and day > str(given.day)[: len(day)]:
            yield name, f"a day up to that of the release, {given.day} (it is {day})"


def known_registries(resource: Resource, row: Any, given: Given) -> RowFaults:
    """Other identifiers are of registries that name records of the collection."""
    keys = registries_of(resource.item).keys
    for registry in getattr(row, "ids", {}):
        if registry not in keys:
            yield f"ids.{registry}", f"one of the registries {', '.join(keys)}{near(registry, list(keys))}"


def identifiers(resource: Resource, row: Any, given: Given) -> RowFaults:
    """An identifier has the form that its registry gives it."""
    for field, registry, value in identifiers_of(row):
        if PREFIXES[registry].local(value) is None:
            yield field, malformed(registry, value, given.facts)


def malformed(registry: str, value: str, facts: Facts) -> str:
    prefix = PREFIXES[registry]
    if (alone := bare(registry, value)) != value:
        return f"the identifier alone: write {alone} (it is {shown(value)}; `il6 seed --format` does it)"
    rows = (row for resource in RESOURCES for row in facts.of(resource.kind).values())
    others = (held for row in rows for _, key, held in identifiers_of(row) if key == registry)
    example = next((each for each in others if prefix.local(each)), prefix.pattern.pattern)
    return f"an identifier of the form {example} (it is {shown(value)})"


def target_ids(resource: Resource, row: Any, given: Given) -> RowFaults:
    """The id of a target is its symbol."""
    if resource.kind == Kind.TARGET and row.id != row.symbol.lower():
        yield "id", f"the symbol in lower case, {row.symbol.lower()}"


def trial_ids(resource: Resource, row: Any, given: Given) -> RowFaults:
    """The id of a trial is its number in the register."""
    if resource.kind == Kind.TRIAL and row.id != row.registry_id.lower().replace(" ", "-"):
        yield "id", "the number in the register, in lower case and with hyphens"


def sources_open(resource: Resource, row: Any, given: Given) -> RowFaults:
    """A publication has a DOI, a PMID or an address."""
    if resource.kind == Kind.PUBLICATION and not (row.doi or row.pmid or row.url):
        yield "doi", "a DOI, a PMID or a URL: a source that nobody can open is none"


ROW_RULES: tuple[Callable[[Resource, Any, Given], RowFaults], ...] = (
    *(references, known_ends, values_once, past_years, past_days, known_registries, identifiers),
    *(target_ids, trial_ids, sources_open),
)
"""The rules of a row by itself; they are asked of valid rows, even if others are not."""
