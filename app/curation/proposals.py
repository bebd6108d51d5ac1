"""Proposals: what a service says otherwise than a row, to be taken one by one or together."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from app.catalog import RESOURCES
from app.curation.drafts import Row, write
from app.seeding.files import DataFault, Dumper, Problem, Rows, load, load_rows
from app.seeding.files import Row as Written

REPLACED = ("unverified", "status_as_of")
"""Fields whose value is no word of a curator: what was not seen, and when something was read."""


@dataclass(frozen=True)
class Change:
    """A value that a service gives, beside the one of a row."""

    collection: str
    id: str
    field: str
    was: Any
    becomes: Any
    source: str

    @property
    def overwrites(self) -> bool:
        """Whether a word of a curator would be lost: not where a value is new, longer or more exact."""
        if self.was in (None, [], "") or self.field in REPLACED or self.was is False:
            return False
        if isinstance(self.was, list):
            return not (isinstance(self.becomes, list) and self.becomes[: len(self.was)] == self.was)
        return not (self.field == "published" and str(self.becomes).startswith(str(self.was)))

    def __str__(self) -> str:
        kept = " (only with --force)" if self.overwrites else ""
        place = f"{self.collection}.yaml, {self.id}, {self.field}"
        return f"{place}: {shown(self.was)} -> {shown(self.becomes)}{kept}, {self.source}"


@dataclass(frozen=True)
class Remark:
    """Something a person has to look at, which no value can say."""

    collection: str
    id: str
    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.collection}.yaml, {self.id}: {self.text}, {self.source}"


Finding = Change | Remark


def shown(value: Any) -> str:
    return (
        "nothing" if value in (None, [], "") else ", ".join(value) if isinstance(value, list) else f"{value}"
    )


def differences(collection: str, row: Row, told: Row, fields: Iterable[str], source: str) -> Iterator[Change]:
    """A change for each of some fields that are told otherwise than a row has them."""
    for field in fields:
        if told.get(field) not in (None, row.get(field)):
            yield Change(collection, row["id"], field, row.get(field), told[field], source)


def as_text(findings: Sequence[Finding], head: str) -> str:
    """A file of proposals, none of them accepted yet; remarks are comments."""
    lines = [
        f"# {head}\n# Say `accept: true` of what is right, then `il6 accept` with the name of this file.\n"
    ]
    lines += [f"# {each}\n" for each in findings if isinstance(each, Remark)]
    rows = (
        Rows([Written({"accept": False, **asdict(each)})]) for each in findings if isinstance(each, Change)
    )
    texts = (yaml.dump(row, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=110) for row in rows)
    return "".join(lines) + "".join(f"\n{text}" for text in texts)


def leave(findings: Sequence[Finding], what: str, day: datetime.date, folder: Path) -> Path:
    """Write a file of proposals beside those that are there; its path."""
    names = (folder / f"{what}-{day}{end}.yaml" for end in ("", *(f"-{number}" for number in range(2, 1000))))
    path = next(each for each in names if not each.exists())
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(findings, f"{what} on {day}"), "utf-8")
    return path


def accepted(path: Path) -> list[Change] | None:
    """The proposals of a file that a person accepted; None where it holds no proposals."""
    content = load(path)
    if not isinstance(content, list):
        return None
    fields, found = {*Change.__dataclass_fields__}, []
    for number, each in enumerate(content, 1):
        if not isinstance(each, dict) or {*each} != {"accept", *fields} or not well_formed(each):
            expected = f"a proposal: accept (true or false), {', '.join(sorted(fields))}"
            raise DataFault([Problem(path.name, f"row {number}", "", expected)])
        if each.pop("accept"):
            found.append(Change(**each))
    return found


def well_formed(proposal: Row) -> bool:
    words = ("collection", "id", "field", "source")
    return type(proposal["accept"]) is bool and all(isinstance(proposal[name], str) for name in words)


def apply(folder: Path, changes: Sequence[Change]) -> None:
    """Change rows of the seed files, all or none; raises DataFault where one is not what it was."""
    by_collection: dict[str, list[Change]] = defaultdict(list)
    for each in changes:
        by_collection[each.collection].append(each)
    rows, problems = {}, []
    for resource in RESOURCES:
        if not (wanted := by_collection.pop(resource.path, [])):
            continue
        file = f"{resource.path}.yaml"
        rows[resource] = load_rows(folder / file)
        known = {row.get("id"): row for row in rows[resource]}
        for each in wanted:
            row = known.get(each.id)
            if row is None or row.get(each.field) != each.was:
                expected = f"what it was when this was proposed, {shown(each.was)}: refresh again"
                problems.append(Problem(file, each.id, each.field, expected))
            else:
                row[each.field] = each.becomes
    problems += [Problem(name, "", "", "a collection of the atlas") for name in by_collection]
    if problems:
        raise DataFault(problems)
    if rows:
        write(folder, rows)
