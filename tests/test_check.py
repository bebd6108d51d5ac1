"""What `il6 seed --check` refuses: each rule, each way of writing what is no data, and in which words."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.catalog import BY_KIND, RESOURCES
from app.models.base import Kind
from app.seeding.answers import Facts
from app.seeding.check import read_facts
from app.seeding.files import DataFault, load
from app.seeding.rules import RULES

Change = tuple[Kind, str, dict[str, Any]]

DRUG = Kind.INHIBITOR, "tocilizumab"
DOI = "10.3389/fonc.2022.903800"

CLAIM = Kind.EVIDENCE, "breast-il6-os-meta-lin-2015"

BREAKAGES: dict[str, list[Change]] = {
    "sources": [(Kind.CANCER, "breast-cancer", {"publications": []})],
    "orphans": [(Kind.TRIAL, "ctis-2022-501130-33-00", {"publications": ["chen-2022"]})],
    "authors": [(Kind.PUBLICATION, "chen-2022", {"authors": ["A. Abaurrea"]})],
    "approvals_for_cancer": [],
    "areas": [(Kind.INDICATION, "polycythaemia-vera", {"area": "dermatology"})],
    "statements": [
        (*CLAIM, {"statement": "In the same patients IL-6 fell."}),
        (*CLAIM, {"statement": "IL-6 fell"}),
    ],
    "plain_texts": [(*CLAIM, {"locator": "in <b>bold</b>"}), (*CLAIM, {"locator": "two  spaces"})],
    "significances": [(*CLAIM, {"significance": "benefit"})],
    "levels": [(*CLAIM, {"level": "D"})],
    "subjects": [
        (*CLAIM, {"target": None}),
        (*CLAIM, {"cancer": None}),
        (*CLAIM, {"inhibitor": "siltuximab"}),
    ],
    "hazard_ratios": [],
    "drugs": [
        (*DRUG, {"status": "investigational"}),
        (*DRUG, {"max_phase": 3}),
        (*DRUG, {"first_approval_year": 2015}),
    ],
    "ids": [],
    "ends": [],
    "results": [(Kind.TRIAL, "nct00385827", {"result": None})],
    "roots": [(Kind.CANCER, "breast-cancer", {"parent": None})],
}
"""For each rule, changes to rows that break it and no other; those without are broken below, by two rows."""


def changed(facts: Facts, *changes: Change) -> Facts:
    """The facts with some fields of some rows changed."""
    made = replace(facts)
    for kind, record_id, fields in changes:
        rows = dict(made.of(kind))
        rows[record_id] = BY_KIND[kind].seed.model_validate(rows[record_id].model_dump() | fields)
        setattr(made, BY_KIND[kind].path, rows)
    return made


def broken(facts: Facts) -> set[str]:
    return {rule.__name__ for rule in RULES if [*rule(facts)]}


def test_every_rule_says_what_it_asks_and_is_tried() -> None:
    assert {rule.__name__ for rule in RULES} == BREAKAGES.keys()
    assert all(rule.__doc__ for rule in RULES)


CHANGES = [(name, change) for name, changes in BREAKAGES.items() for change in changes]


@pytest.mark.parametrize(
    ("name", "change"), CHANGES, ids=[f"{name}-{n}" for n, (name, _) in enumerate(CHANGES)]
)
def test_a_rule_names_what_breaks_it(facts: Facts, name: str, change: Change) -> None:
    assert broken(changed(facts, change)) == {name}


def test_rules_that_two_rows_break(facts: Facts) -> None:
    approval = "siltuximab-idiopathic-multicentric-castleman-disease-fda"
    condition = facts.approvals[approval].indication
    assert "approvals_for_cancer" in broken(
        changed(facts, (Kind.INDICATION, condition, {"area": "oncology"}))
    )
    turned = facts.evidence["breast-il6-os-meta-lin-2015"].model_dump()
    turned["effect"] = {**turned["effect"], "value": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    assert broken(changed(facts, (*CLAIM, turned))) == {"hazard_ratios"}
    approval_row = facts.approvals[approval].model_dump() | {"agency": "EMA"}
    assert "ids" in broken(changed(facts, (Kind.APPROVAL, approval, approval_row)))
    edge = facts.interactions["il6-binds-il6r"].model_dump()
    edge["object"] = edge["source"]
    assert "ends" in broken(changed(facts, (Kind.INTERACTION, "il6-binds-il6r", edge)))


WRITTEN = {
    "an alias": ("- &a {id: x}\n- *a\n", "anchors and aliases are not read"),
    "aliases that explode": (
        "".join(
            f"- &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "well-formed YAML",
    ),
    "a tag of Python": ("- !!python/object/apply:os.system ['true']\n", "without a tag"),
    "a tag on another node": ("- !!map [1]\n", "mapping"),
    "a number that is none": ("- {id: x, year: !!int 'many'}\n", "without a tag"),
    "a truth that is none": ("- {id: x, seed: !!bool 'perhaps'}\n", "without a tag"),
    "a day that is none": ("- {id: x, year: !!timestamp 'never'}\n", "without a tag"),
    "an enormous number": (f"- {{id: x, year: {'9' * 5000}}}\n", "at most 25 characters"),
    "no number": ("- {id: x, value: .nan}\n", "a finite number"),
    "a key that is a list": ("- ? [a]\n  : b\n", "a key that is a word"),
    "a key that is a number": ("- {1: b}\n", "a key that is a word"),
    "a key that stands twice": ("- {id: x, id: y}\n", "stands twice"),
    "a NUL": ('- {id: "x\\0y"}\n', "U+0000"),
    "an escape": ('- {id: "x\\ey"}\n', "U+001B"),
    "a carriage return": ('- {id: "x\\ry"}\n', "U+000D"),
    "a raw control character": ("- {id: x\x1by}\n", "well-formed YAML"),
    "a change of direction": ("- {id: x\u202ey}\n", "U+202E"),
    "a space without width": ("- {id: x\u200by}\n", "U+200B"),
    "full-width digits": ("- {id: x, version: '\uff12\uff10\uff12\uff16'}\n", "usual width"),
    "lists within lists": ("[" * 50_000, "nesting depth"),
    "maps within maps": ("{a: " * 50_000, "nesting depth"),
    "two documents": ("- {id: x}\n--- \n- {id: y}\n", "another document"),
    "broken YAML": ("- {id: x\n", "well-formed YAML"),
    "rows that are none": ("- x\n", "a mapping of keys"),
    "no list": ("id: x\n", "a list of rows"),
    "nothing": ("", "a list of rows"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_no_data_is_named_in_every_file_within_a_second(seed_folder: Path, name: str) -> None:
    content, expected = WRITTEN[name]
    for resource in RESOURCES:
        (seed_folder / f"{resource.path}.yaml").write_text(content, encoding="utf-8")
    begun = time.monotonic()
    with pytest.raises(DataFault) as caught:
        read_facts(seed_folder)
    assert time.monotonic() - begun < 1 * len(RESOURCES)
    for resource in RESOURCES:
        own = [str(each) for each in caught.value.problems if each.file == f"{resource.path}.yaml"]
        assert any(expected in each for each in own), (resource.path, own[:3])


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "large", "no text"])
def test_what_is_no_file_is_named(seed_folder: Path, kind: str) -> None:
    path = seed_folder / "trials.yaml"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(60 * 2**20)
    elif kind == "no text":
        path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataFault) as caught:
        load(path)
    assert str(caught.value.problems[0]).startswith("trials.yaml: ")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("date: ", "date: 2020-02-30 #", "RELEASE, date: "),
        ("CC-BY-4.0", "CC-BY-3.0", "RELEASE, licence: CC-BY-4.0"),
        ("Release 2026.12", "Release 2027.01", "RELEASE, citation: "),
    ],
)
def test_the_release_has_rules_too(seed_folder: Path, old: str, new: str, expected: str) -> None:
    path = seed_folder / "RELEASE"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFault) as caught:
        read_facts(seed_folder)
    assert any(str(each).startswith(expected) for each in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("publications.yaml", f"doi: {DOI}", f"doi: https://doi.org/{DOI}", f"alone: write {DOI}"),
        ("publications.yaml", "year: 2022", "year: '2022'", "a number, without quotation marks"),
        ("publications.yaml", "published: '2021-08-03'", "published: '2021-02-30'", "out of range"),
        ("publications.yaml", "volume: '12'", "volume: 12", "a text: write volume: '12'"),
        ("inhibitors.yaml", "modality: nanobody", "modality: nanobdy", "nanobody"),
        ("inhibitors.yaml", "developer: ", "develoer: ", "a key that these rows have; developer is near"),
        ("trials.yaml", "outcome: negative", "outcome: failed", "(it is 'failed')"),
        ("evidence.yaml", "level: B", "level: F", "'A', 'B', 'C', 'D' or 'E' (it is 'F'"),
    ],
)  # fmt: skip
def test_a_curator_is_told_what_to_write(
    seed_folder: Path, file: str, old: str, new: str, expected: str
) -> None:
    path = seed_folder / file
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFault) as caught:
        read_facts(seed_folder)
    assert any(expected in str(each) for each in caught.value.problems), [*map(str, caught.value.problems)][
        :3
    ]
