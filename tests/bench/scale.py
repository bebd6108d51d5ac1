"""A release of any size, out of copies of the real one."""

from collections import defaultdict
from typing import Any

from app.catalog import RESOURCES
from app.models.base import Kind
from app.models.release import Release
from app.seeding.answers import Answers, Facts
from app.seeding.build import Build, fill, migrate
from app.seeding.check import REFERENCES, read_facts
from app.seeding.releases import dataset_of, history_of
from app.settings import SEED
from app.store.engine import make_engine, parse_url

IDENTIFIERS: dict[str, Any] = {"doi": None, "pmid": None, "pmcid": None, "ids": {}}
"""Fields of a row that are of it alone, as a copy has them."""

NAMES = (
    *("name", "title", "registry_id", "symbol", "brand"),
    *("synonyms", "brands", "sought_as", "other_ids"),
)
"""Fields by which a row is called: a name that every copy had would be one that nobody could use."""


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
    for name in NAMES:
        if held := getattr(row, name, None):
            fields[name] = [each + behind for each in held] if isinstance(held, list) else held + behind
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
    newest = dataset_of(head, facts, SEED)
    engine = make_engine(parse_url(url))
    with engine.begin() as connection:
        migrate(connection)
        fill(connection, Build(release, facts, answers, newest, *history_of([newest])))
    engine.dispose()
    return counts
