"""The seed files as facts: every rule a row can break is checked, and every problem is reported at once."""

import datetime
import gc
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.catalog import BY_KIND, RESOURCES, Resource
from app.errors import nearest
from app.models.base import PREFIXES, Kind
from app.models.release import ReleaseSeed
from app.seeding.answers import Facts
from app.seeding.files import RELEASE, DataFault, Problem, load, load_rows
from app.seeding.rules import broken_rules, release_faults

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

IDENTIFIERS = ("doi", "ensembl", "hgnc", "ncbigene", "pmcid", "pmid", "uniprot")
"""Fields that hold an identifier of a registry, beside those in `ids`."""


ADDRESS = re.compile(r"^(https?://[^/]*/|[a-z]+:\s*)(\?term=)?", re.IGNORECASE)
"""What is often pasted along with an identifier."""


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
    release = None
    try:
        release = ReleaseSeed.model_validate(load(folder / RELEASE))
    except DataFault as fault:
        problems += fault.problems
    except ValidationError as error:
        problems += explain(error, RELEASE, "")
    facts = Facts()
    known: dict[Kind, set[str]] = {}
    for resource in RESOURCES:
        try:
            rows = load_rows(folder / f"{resource.path}.yaml")
        except DataFault as fault:
            problems += fault.problems
            continue
        known[resource.kind] = {str(row.get("id")) for row in rows}
        problems += read_rows(resource, rows, facts)
    day = release.date if release else datetime.date.max
    for resource in RESOURCES:
        for row in facts.of(resource.kind).values():
            problems += (
                Problem(f"{resource.path}.yaml", row.id, name, expected)
                for name, expected in check_row(resource, row, known, day)
            )
        problems += check_curies(resource, facts)
        problems += check_parents(resource, facts)
    if release is not None:
        problems += (Problem(RELEASE, "", *fault) for fault in release_faults(release))
    if not problems:
        problems += (Problem(*broken) for broken in broken_rules(facts))
    if problems or release is None:
        raise DataFault(problems)
    return release, facts


def explain(
    error: ValidationError, file: str, record_id: str, known: Sequence[str] = ()
) -> Iterator[Problem]:
    """What pydantic found, in our terms."""
    for each in error.errors():
        given, place = each["input"], ".".join(map(str, each["loc"]))
        expected = f"{each['msg']} (it is {given!r})"
        match each["type"]:
            case "extra_forbidden":
                near = nearest(str(each["loc"][-1]), known)
                expected = "a key that these rows have" + (f"; {near} is near" if near else "")
            case "missing":
                expected = "a value: every row has one"
            case "enum":
                near = nearest(str(given), each["ctx"]["expected"].replace(" or ", ", ").split(", "))
                expected = f"{each['ctx']['expected']} (it is {given!r}{f'; {near} is near' if near else ''})"
            case "string_type" if isinstance(given, (int, float)) and not isinstance(given, bool):
                expected = f"a text: write {each['loc'][-1]}: '{given}'"
            case "int_type" | "int_parsing" | "float_type" if isinstance(given, str):
                expected = f"a number, without quotation marks (it is {given!r})"
            case _ if isinstance(given, dict):
                expected = each["msg"]
        yield Problem(file, record_id, place, expected[:500])


def read_rows(resource: Resource, rows: list[dict[str, Any]], facts: Facts) -> Iterator[Problem]:
    """Put the valid rows among the facts, sorted by id; yield what is wrong with the others."""
    file = f"{resource.path}.yaml"
    taken: dict[str, Any] = {}
    for number, row in enumerate(rows, 1):
        record_id = str(row.get("id", f"row {number}"))
        try:
            valid = resource.seed.model_validate(row)
        except ValidationError as error:
            yield from explain(error, file, record_id, list(resource.seed.model_fields))
            continue
        if record_id in taken:
            yield Problem(file, record_id, "id", "an id that no other row of the file has")
        taken[record_id] = valid
        facts.written[resource.kind][record_id] = row
    facts.of(resource.kind).update(sorted(taken.items()))


def check_row(
    resource: Resource, row: Any, known: dict[Kind, set[str]], day: datetime.date
) -> Iterator[tuple[str, str]]:
    """Yield (field, expected) for each rule that a valid row breaks."""
    for name, kind in (REFERENCES | {"parent": resource.kind}).items():
        held: Any = getattr(row, name, None)
        for each in held if isinstance(held, list) else [held]:
            if each is not None and each not in known.get(kind, {each}):
                yield name, reference(each, kind, known)
    if resource.kind == Kind.INTERACTION:
        for name in ("source", "object"):
            end = getattr(row, name)
            if end.id not in known.get(end.kind, {end.id}):
                yield f"{name}.id", reference(end.id, end.kind, known)
    for name in type(row).model_fields:
        value: Any = getattr(row, name)
        if isinstance(value, list) and name != "authors" and len(set(value)) < len(value):
            yield name, "each value once"
        if name in ("year", "first_approval_year", "start_year") and value is not None and value > day.year:
            yield name, f"a year up to that of the release, {day.year} (it is {value})"
        if name in IDENTIFIERS and value is not None and PREFIXES[name].local(value) is None:
            yield name, malformed(name, value)
    for registry, value in getattr(row, "ids", {}).items():
        if registry not in PREFIXES:
            yield f"ids.{registry}", f"one of the registries {', '.join(PREFIXES)}"
        elif PREFIXES[registry].local(value) is None:
            yield f"ids.{registry}", malformed(registry, value)
    if resource.kind == Kind.TARGET and row.id != row.symbol.lower():
        yield "id", f"the symbol in lower case, {row.symbol.lower()}"
    if resource.kind == Kind.TRIAL:
        if row.registry_id.startswith("NCT") and PREFIXES["nct"].local(row.registry_id) is None:
            yield "registry_id", malformed("nct", row.registry_id)
        if row.id != row.registry_id.lower().replace(" ", "-"):
            yield "id", "the number in the register, in lower case and with hyphens"
    if resource.kind == Kind.PUBLICATION:
        if not (row.doi or row.pmid or row.url):
            yield "doi", "a DOI, a PMID or a URL: a source that nobody can open is none"
        if row.published and row.published > str(day)[: len(row.published)]:
            yield "published", f"a day up to that of the release, {day} (it is {row.published})"


def reference(value: str, kind: Kind, known: dict[Kind, set[str]]) -> str:
    near = nearest(value, sorted(known[kind]))
    meant = f"; {near} is near" if near else ""
    return f"the id of a row of {BY_KIND[kind].path}.yaml (there is no {value}{meant})"


def malformed(registry: str, value: str) -> str:
    prefix = PREFIXES[registry]
    if (bare := ADDRESS.sub("", value)) != value and prefix.local(bare):
        return f"the identifier alone: write {bare}"
    return f"an identifier of the form {prefix.banana}{prefix.pattern.pattern} (it is {value!r})"


def check_curies(resource: Resource, facts: Facts) -> Iterator[Problem]:
    """Two rows of a kind must not be the same thing in a registry that identifies things."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in facts.of(resource.kind).values():
        own = {name: getattr(row, name, None) for name in IDENTIFIERS} | dict(getattr(row, "ids", {}))
        for registry, value in own.items():
            prefix = PREFIXES.get(registry)
            if value and prefix and prefix.identifies and prefix.local(value):
                holders[registry, prefix.curie(value).lower()].append(row.id)
    for (registry, curie), ids in holders.items():
        for record_id in ids[1:]:
            yield Problem(
                f"{resource.path}.yaml",
                record_id,
                registry,
                f"an identifier of its own ({curie} is that of {ids[0]})",
            )


def check_parents(resource: Resource, facts: Facts) -> Iterator[Problem]:
    """A record must not be above itself."""
    rows = facts.of(resource.kind)
    for record_id, row in rows.items():
        above = getattr(row, "parent", None)
        seen = {record_id}
        while above in rows and above not in seen:
            seen.add(above)
            above = rows[above].parent
        if above == record_id:
            yield Problem(
                f"{resource.path}.yaml", record_id, "parent", "a parent that is not below the row itself"
            )
