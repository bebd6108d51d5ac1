"""What `il6 seed --check` refuses: each rule, each way of writing what is no data, and in which words."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from app.catalog import BY_KIND, RESOURCES
from app.cli import app
from app.models.base import Kind
from app.models.release import ReleaseSeed
from app.seeding.answers import Facts
from app.seeding.check import FORMS, ROW_RULES, Given, read_facts
from app.seeding.files import LARGEST, MOST_PROBLEMS, DataFault, Problem, load
from app.seeding.rules import RULES
from tests.conftest import unmeasured

FILES = [*(f"{resource.path}.yaml" for resource in RESOURCES), "RELEASE"]

Change = tuple[Kind, str, dict[str, Any]]
"""Fields of a row that are changed; with an id among them, a copy of the row is changed instead."""

CLAIM = Kind.EVIDENCE, "breast-il6-os-meta-lin-2015"
DRUG = Kind.INHIBITOR, "tocilizumab"
EDGE = Kind.INTERACTION, "il6-binds-il6r"
SOURCE = Kind.PUBLICATION, "abaurrea-2021"
PAGE = Kind.PUBLICATION, "dizal-2024"
TRIAL = Kind.TRIAL, "nct00385827"
FIGURES = {
    "measure": "HR",
    "value": 2.15,
    "ci_low": 1.46,
    "ci_high": 3.17,
    "endpoint": "overall-survival",
    "comparison": "high-versus-low",
}

BREAKAGES: dict[str, list[Change]] = {
    "references": [
        (*CLAIM, {"cancer": "breast-cancre"}),
        (*TRIAL, {"inhibitors": ["siltuximap"]}),
        (Kind.CANCER, "melanoma", {"parent": "solid-tumuors"}),
    ],
    "known_ends": [(*EDGE, {"id": "il6-binds-il7r", "object": {"kind": "target", "id": "il7r"}})],
    "values_once": [(*SOURCE, {"keywords": ["IL-6", "IL-6"]})],
    "past_years": [
        (Kind.INHIBITOR, "azd1480", {"first_approval_year": 2027}),
        (*TRIAL, {"start_year": 2027}),
        (Kind.APPROVAL, "baricitinib-alopecia-areata-fda", {"year": 2027}),
    ],
    "past_days": [
        (*SOURCE, {"published": "2026-11-29"}),
        (*SOURCE, {"published": "2026-12"}),
        (*TRIAL, {"status_as_of": "2026-12"}),
    ],
    "known_registries": [
        (*DRUG, {"ids": {"chemble": "CHEMBL1237022"}}),
        (*DRUG, {"ids": {"oncotree": "BRCA"}}),  # which names cancers
    ],
    "identifiers": [
        (*SOURCE, {"doi": "11.3390/ijms22158334"}),
        (*DRUG, {"ids": {"chembl": "1237022"}}),
        (*TRIAL, {"id": "nct385827", "registry_id": "NCT385827"}),
        (*TRIAL, {"other_ids": ["NCT385827"]}),
    ],
    "target_ids": [(Kind.TARGET, "il6", {"symbol": "IL6X"})],
    "trial_ids": [(Kind.TRIAL, "nci-2017-02497", {"id": "nci-2017-02498"})],
    "sources_open": [(*PAGE, {"url": None})],
    "owners": [
        (*SOURCE, {"pmid": "19723038"}),
        (*DRUG, {"ids": {"chembl": "CHEMBL2105759"}}),
        (*TRIAL, {"other_ids": ["NCT00401843"]}),
    ],
    "parents": [
        (Kind.CANCER, "solid-tumours", {"parent": "solid-tumours"}),
        (Kind.CANCER, "solid-tumours", {"parent": "gastrointestinal-cancer"}),
    ],
    "sources": [(Kind.CANCER, "breast-cancer", {"publications": []})],
    "orphans": [(*PAGE, {"id": "dizal-2023"})],
    "authors": [
        (*SOURCE, {"authors": ["A. Abaurrea"]}),
        (*SOURCE, {"authors": ["Abaurrea, A"]}),
        (*SOURCE, {"authors": ["Abaurrea A", "et al."]}),
        (*SOURCE, {"authors": ["Abaurrea A et al"]}),
        (*SOURCE, {"authors": ["Abaurrea A and others"]}),
    ],
    "identified": [(*SOURCE, {"doi": None, "pmid": None})],
    "mirrors": [
        (*SOURCE, {"url": "https://www.scilit.net/publications/1"}),
        (*TRIAL, {"results_url": "http://meddatax.com/clinical-trials/NCT00385827/results"}),
    ],
    "studies": [
        (*SOURCE, {"same_study_as": "abaurrea-2021"}),
        (*SOURCE, {"same_study_as": "chen-2023-pacto"}),
    ],
    "unverified": [
        (*SOURCE, {"unverified": ["sponsor"]}),
        (*PAGE, {"authors": [], "authors_complete": False}),
    ],
    "proofs": [
        (
            Kind.APPROVAL,
            "siltuximab-idiopathic-multicentric-castleman-disease-fda",
            {
                "id": "siltuximab-idiopathic-multicentric-castleman-disease-fda-2014",
                "year": 2014,
                "publications": ["chen-2022"],
            },
        )
    ],
    "approvals_for_cancer": [
        (
            Kind.APPROVAL,
            "siltuximab-idiopathic-multicentric-castleman-disease-fda",
            {"id": "siltuximab-myelofibrosis-fda", "indication": "myelofibrosis"},
        )
    ],
    "areas": [(Kind.INDICATION, "polycythaemia-vera", {"area": "dermatology"})],
    "statements": [
        (*CLAIM, {"statement": "In the same patients IL-6 fell."}),
        (*CLAIM, {"statement": "IL-6 fell"}),
        (*CLAIM, {"id": "breast-il6-os-again"}),
        (*EDGE, {"statement": "This trial stopped early."}),
    ],
    "plain_texts": [
        (*CLAIM, {"locator": "in <b>bold</b>"}),
        (*SOURCE, {"keywords": ["two  spaces"]}),
        (*CLAIM, {"effect": {"event": "death &amp; relapse"}}),
    ],
    "significances": [
        (Kind.EVIDENCE, "breast-il6-poor-prognosis-seed-cancer-science", {"significance": "benefit"})
    ],
    "levels": [
        (*CLAIM, {"level": "D"}),
        (Kind.EVIDENCE, "bazedoxifene-pancreatic-cells", {"level": "B"}),
        (Kind.EVIDENCE, "bazedoxifene-thrombosis", {"level": "B"}),
    ],
    "subjects": [
        (*CLAIM, {"target": None}),
        (*CLAIM, {"cancer": None}),
        (*CLAIM, {"inhibitor": "siltuximab"}),
        (Kind.EVIDENCE, "anti-il6-safe-review", {"inhibitor": None, "target": None}),
    ],
    "specimens": [
        (*CLAIM, {"specimen": None}),
        (Kind.EVIDENCE, "siltuximab-rrmm-bortezomib-os", {"specimen": "serum"}),
    ],
    "comparisons": [
        (*CLAIM, {"effect": {**FIGURES, "comparison": None}}),
        (*CLAIM, {"effect": {**FIGURES, "comparison": "treated-versus-control"}}),
        (
            Kind.EVIDENCE,
            "siltuximab-rrmm-bortezomib-os",
            {"effect": {"measure": "HR", "value": 1.3, "p_value": 0.1, "comparison": "low-versus-high"}},
        ),
    ],
    "changes": [
        (*CLAIM, {"statement": "In 100 women with breast cancer, a fall in plasma IL-6 went with death."}),
        (
            Kind.EVIDENCE,
            "prostate-il6-change-docetaxel-mahon-2015",
            {"effect": {"endpoint": "progression", "comparison": None, "n": 55}},
        ),
    ],
    "ratios": [
        (*CLAIM, {"effect": {**FIGURES, "value": 0.5, "ci_low": 0.4, "ci_high": 0.6}}),
        (*CLAIM, {"effect": {**FIGURES, "value": 0.5, "ci_low": 0.0, "ci_high": 0.6}}),
        (*CLAIM, {"effect": {**FIGURES, "value": 0.5, "ci_low": None, "ci_high": None}}),
        (*CLAIM, {"effect": {**FIGURES, "ci_low": 0.9}}),
        (*CLAIM, {"effect": {**FIGURES, "ci_low": None, "ci_high": None, "p_value": 0.3}}),
        (*CLAIM, {"effect": {**FIGURES, "comparison": "low-versus-high"}}),
        (*CLAIM, {"effect": {**FIGURES, "endpoint": "objective-response"}}),
        (*CLAIM, {"direction": "does-not-support", "significance": "no-association"}),
        (
            Kind.EVIDENCE,
            "hnc-preop-il6-os-reconstruction",
            {"direction": "does-not-support", "significance": "no-association"},
        ),
        (*CLAIM, {"direction": "does-not-support", "significance": "better-outcome"}),
        (
            Kind.EVIDENCE,
            "siltuximab-crpc-mitoxantrone-pfs",
            {"direction": "supports", "significance": "benefit"},
        ),
        (
            Kind.EVIDENCE,
            "ruxolitinib-pancreatic-recap-crp",
            {"direction": "does-not-support", "significance": "harm"},
        ),
        (
            Kind.EVIDENCE,
            "tcz-diverticulitis",
            {"direction": "does-not-support", "significance": "no-association"},
        ),
    ],
    "drugs": [
        (*DRUG, {"status": "investigational"}),
        (*DRUG, {"max_phase": 3}),
        (*DRUG, {"first_approval_year": 2015}),
        (*DRUG, {"first_approval_year": None}),
    ],
    "biosimilars": [(Kind.INHIBITOR, "tocilizumab-aazg", {"targets": ["il6"]})],
    "ids": [
        (*EDGE, {"id": "il6-binds-il6"}),
        (Kind.APPROVAL, "baricitinib-alopecia-areata-fda", {"agency": "EMA"}),
    ],
    "ends": [
        (*EDGE, {"id": "il6-binds-il6", "object": {"kind": "target", "id": "il6"}}),
        (*EDGE, {"id": "siltuximab-binds-il6r", "source": {"kind": "inhibitor", "id": "siltuximab"}}),
    ],
    "loners": [
        (Kind.MECHANISM, "angiogenesis", {"id": "vascular-mimicry"}),
        (
            Kind.TARGET,
            "bcl2",
            {
                "id": "il99",
                "symbol": "IL99",
                "ncbigene": "999999999",
                "hgnc": "HGNC:99999",
                "uniprot": "P99999",
                "ensembl": "ENSG00000999999",
            },
        ),
    ],
    "results": [
        (*TRIAL, {"result": None}),
        (*TRIAL, {"outcome": "positive"}),
        (Kind.TRIAL, "nct01266811", {"outcome": "positive", "outcome_of": "Response"}),
    ],
    "toxicities": [(Kind.TRIAL, "ctis-2022-501130-33-00", {"toxicity": None})],
    "roots": [(Kind.CANCER, "breast-cancer", {"parent": None})],
}
"""For each rule, changes to a row that break this rule and no other; the first are tried in files too."""

CHANGES = [
    pytest.param(name, change, id=f"{name}-{number}")
    for name, changes in BREAKAGES.items()
    for number, change in enumerate(changes, 1)
]


def changed(row: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """The row with other fields; one that is None is left out."""
    return {name: value for name, value in {**row, **fields}.items() if value is not None}


def with_change(facts: Facts, change: Change) -> Facts:
    kind, record_id, fields = change
    rows = dict(facts.of(kind))
    row = changed(rows[record_id].model_dump(exclude_none=True), fields)
    rows[row["id"]] = BY_KIND[kind].seed.model_validate(row)
    return replace(facts, **{BY_KIND[kind].path: rows})


def broken(facts: Facts, release: ReleaseSeed, kind: Kind, record_id: str) -> set[str]:
    """The names of the rules that the facts break, those of a row by itself asked of one row."""
    given = Given(facts, {each.kind: set(facts.of(each.kind)) for each in RESOURCES}, release.date)
    row = facts.of(kind)[record_id]
    alone = {rule.__name__ for rule in ROW_RULES if [*rule(BY_KIND[kind], row, given)]}
    return alone | {rule.__name__ for rule in RULES if [*rule(facts)]}


def faults(folder: Path) -> list[Problem]:
    with pytest.raises(DataFault) as caught:
        read_facts(folder)
    return caught.value.problems


def edit(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert old in content, f"{path.name} has no {old!r}"
    path.write_text(content.replace(old, new, 1), encoding="utf-8")


def test_every_rule_says_what_it_asks_and_is_broken_here() -> None:
    rules: list[Callable[..., Any]] = [*ROW_RULES, *RULES]
    assert [rule.__name__ for rule in rules] == list(BREAKAGES)
    assert all(rule.__doc__ and rule.__doc__.count(".\n") == 0 for rule in rules)
    assert all(BREAKAGES.values())


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_a_rule_alone_names_what_breaks_it(
    release_and_facts: tuple[ReleaseSeed, Facts], name: str, change: Change
) -> None:
    release, facts = release_and_facts
    kind, record_id, fields = change
    assert broken(with_change(facts, change), release, kind, fields.get("id", record_id)) == {name}


@pytest.mark.parametrize("rules", [ROW_RULES, RULES], ids=["of-a-row", "of-all-rows"])
def test_what_breaks_a_rule_is_found_in_the_files(
    seed_folder: Path, rules: tuple[Callable[..., Any], ...]
) -> None:
    changes = [BREAKAGES[rule.__name__][0] for rule in rules]
    for kind, record_id, fields in changes:
        path = seed_folder / f"{BY_KIND[kind].path}.yaml"
        rows = {row["id"]: {**row} for row in load(path)}
        row = deepcopy(changed(rows[record_id], fields))
        path.write_text(yaml.dump([*{**rows, row["id"]: row}.values()], Dumper=yaml.CSafeDumper), "utf-8")
    found = {(problem.file, problem.id) for problem in faults(seed_folder)}
    for kind, record_id, fields in changes:
        assert (f"{BY_KIND[kind].path}.yaml", fields.get("id", record_id)) in found, found


WRITTEN = {
    "an alias": ("- &a {id: x}\n- *a\n", "line 2: a value of its own: anchors and aliases"),
    "an anchor that is not used": ("- &a {id: x}\n", "line 1: a value of its own: anchors and aliases"),
    "a tag of Python": ("- !!python/object/apply:os.system ['true']\n", "without a tag"),
    "a tag of its own": ("- !row {id: x}\n", "without a tag"),
    "a tag on another node": ("- !!map [1]\n", "without a tag"),
    "a tag that fits": ("- !!map {id: !!str x}\n", "without a tag"),
    "a number that is none": ("- {id: x, year: !!int 'many'}\n", "without a tag"),
    "a truth that is none": ("- {id: x, seed: !!bool 'perhaps'}\n", "without a tag"),
    "a day that is none": ("- {id: x, year: !!timestamp 'never'}\n", "without a tag"),
    "an enormous number": (f"- {{id: x, year: {'9' * 5000}}}\n", "a number in plain digits"),
    "a large number": ("- {id: x, n: 2000000000}\n", "a number up to 1000000000"),
    "a large decimal": ("- {id: x, value: 1.0e+300}\n", "a number up to 1000000000"),
    "a number beyond all": ("- {id: x, value: 1.0e+999}\n", "a number up to 1000000000"),
    "no number": ("- {id: x, value: .nan}\n", "a number in plain digits"),
    "no finite number": ("- {id: x, value: -.inf}\n", "a number in plain digits"),
    "an octal number": ("- {id: x, volume: 012}\n", "or a text in quotation marks: '012'"),
    "a number of sixties": ("- {id: x, pages: 12:34}\n", "or a text in quotation marks: '12:34'"),
    "a number with a line within": ("- {id: x, year: 2_022}\n", "or a text in quotation marks: '2_022'"),
    "a no that is a truth value": ("- {id: x, name: no}\n", "or a text in quotation marks: 'no'"),
    "a key that is a list": ("- ? [a]\n  : b\n", "a key that is a word"),
    "a key that is a mapping": ("- ? {a: b}\n  : b\n", "a key that is a word"),
    "a key that is a number": ("- {1: b}\n", "a key that is a word"),
    "a key that is nothing": ("- {~: b}\n", "a key that is a word"),
    "a key that is a truth value": ("- {true: b}\n", "a key that is a word"),
    "a key that stands twice": ("- {id: x, id: y}\n", "stands twice"),
    "a NUL": ('- {id: "x\\0y"}\n', "U+0000"),
    "an escape": ('- {id: "x\\ey"}\n', "U+001B"),
    "a carriage return": ('- {id: "x\\ry"}\n', "U+000D"),
    "a line end": ("- id: |\n    x\n    y\n", "U+000A"),
    "a control character as it is": ("- id: x\n- {id: x\x1by}\n", "line 2: a text without invisible"),
    "half a letter": ('- {id: "\\ud800"}\n', "well-formed YAML"),
    "a change of direction": ("- {id: x\u202ey}\n", "U+202E, right-to-left override"),
    "an isolated direction": ("- {id: x\u2066y}\n", "U+2066"),
    "a space without width": ("- {id: x\u200by}\n", "U+200B"),
    "a space that does not break": ("- {id: x\u00a0y}\n", "U+00A0, no-break space"),
    "a hyphen that is not seen": ("- {id: x\u00ady}\n", "U+00AD"),
    "a letter that is not seen": ("- {id: x\u3164y}\n", "U+3164"),
    "a tag that is not seen": ("- {id: x\U000e0041y}\n", "U+E0041"),
    "an invisible key": ("- {i\u200bd: x}\n", "U+200B"),
    "full-width digits": ("- {id: x, version: '\uff12\uff10\uff12\uff16'}\n", "usual width"),
    "digits of another script": ("- {id: x, version: '\u0662\u0660\u0662\u0666'}\n", "usual width"),
    "an accent of its own": ("- {id: x, name: 'Ku\u0308hn'}\n", "with their accents in one"),
    "an endless text": (f"- {{id: x, name: {'a' * 5001}}}\n", "at most 5000 characters (it has 5001)"),
    "lists within lists": ("[" * 50, "at most 10 values within one another"),
    "lists without end": ("[" * 50_000, "well-formed YAML (exceeded maximum nesting depth)"),
    "maps within maps": ("{a: " * 50_000, "at most 10 values within one another"),
    "keys within keys": ("? " * 50_000, "at most 10 values within one another"),
    "a long list": (f"- {{id: [{'a, ' * 1001}]}}\n", "at most 1000 values in a list"),
    "many keys": (f"- {{{', '.join(f'k{n}: 1' for n in range(1001))}}}\n", "at most 1000 keys"),
    "two documents": ("- {id: x}\n--- \n- {id: y}\n", "line 2: one document (another document begins here)"),
    "broken YAML": ("- {id: x\n", "well-formed YAML"),
    "a text that never ends": ("- {id: 'x}\n", "well-formed YAML"),
    "an alias of nothing": ("- *nowhere\n", "anchors and aliases"),
}
"""Texts that are YAML or nearly, and what is said of them in every file."""

ELSEWHERE = {
    "rows that are none": ("- x\n", "a mapping of keys"),
    "no list": ("id: x\n", "a list of rows"),
    "nothing": ("", "a list of rows"),
    "a comment alone": ("# nothing\n", "a list of rows"),
}
"""What only a file of rows must not be."""


@pytest.mark.parametrize("name", [*WRITTEN, *ELSEWHERE])
def test_what_is_no_data_is_named_in_every_file(seed_folder: Path, name: str) -> None:
    content, expected = {**WRITTEN, **ELSEWHERE}[name]
    files = FILES if name in WRITTEN else FILES[:-1]
    for file in files:
        (seed_folder / file).write_text(content, encoding="utf-8")
    found = faults(seed_folder)
    for file in files:
        own = [str(each) for each in found if each.file == file]
        assert any(expected in each for each in own), (file, own[:3])


@pytest.mark.parametrize("content", ["", "[1, 2]\n", "words\n", "version: 2026.11\n"])
def test_a_release_that_is_none_is_named(seed_folder: Path, content: str) -> None:
    (seed_folder / "RELEASE").write_text(content, encoding="utf-8")
    found = faults(seed_folder)
    assert {each.file for each in found} == {"RELEASE"}


HUGE = {
    "aliases that explode": "- &a [x, x]\n"
    + "".join(f"- &{chr(n)} [*{chr(n - 1)}, *{chr(n - 1)}]\n" for n in range(98, 123)),
    "many values": "[" + "a," * (LARGEST // 2 - 2) + "]",
    "many lists": "- []\n" * (LARGEST // 5),
    "many empty rows": "- {}\n" * (LARGEST // 5),
    "many rows": "".join(f"- {{id: x{n}}}\n" for n in range(60_000)),
    "many keys": "{" + ",".join(f"k{n}" for n in range(300_000)) + "}",
    "many faults": "- &a\n" * (LARGEST // 5),
    "one text": "- " + "a" * (LARGEST - 3),
    "one text of all scripts": "- \U0001f600" + "a" * (LARGEST - 7),
    "one number": "- " + "9" * (LARGEST - 3),
    "one text that is not seen": "- " + "\u200b" * (LARGEST // 3 - 2),
    "one comment": "#" * LARGEST,
    "many brackets": "[" * LARGEST,
    "many quotation marks": "'" * LARGEST,
    "many documents": "---\n" * (LARGEST // 4),
}
"""Files as large as may be, that would take more than they have."""

READING = """
import json, resource, sys, time
from pathlib import Path
from app.seeding.check import read_facts
from app.seeding.files import DataFault

pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 100 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for folder in sorted(Path(sys.argv[1]).iterdir()):
    begun = time.process_time()
    try:
        read_facts(folder)
    except DataFault as fault:
        told = [str(each) for each in fault.problems if each.file == "trials.yaml"]
    print(json.dumps([folder.name, time.process_time() - begun, told]))
"""


def test_a_huge_file_costs_a_second_and_a_hundred_megabytes_at_most(tmp_path: Path) -> None:
    for name, content in HUGE.items():
        assert LARGEST // 8 < len(content.encode()) <= LARGEST or name == "aliases that explode"
        (tmp_path / name).mkdir()
        (tmp_path / name / "trials.yaml").write_text(content, encoding="utf-8")
    command = [sys.executable, "-c", READING, str(tmp_path)]
    output = subprocess.check_output(command, env=unmeasured(), text=True, timeout=60)
    answers = [json.loads(line) for line in output.splitlines()]
    assert [name for name, _, _ in answers] == sorted(HUGE)
    for name, seconds, told in answers:
        assert seconds < 1, name
        assert 0 < len(told) <= MOST_PROBLEMS + 1, name
        assert max(map(len, told)) < 700, name


def test_problems_are_told_as_many_as_can_be_mended(seed_folder: Path) -> None:
    path = seed_folder / "evidence.yaml"
    path.write_text(path.read_text("utf-8").replace("\n  publication: ", "\n  publication: x"), "utf-8")
    found = [str(each) for each in faults(seed_folder)]
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1] == f"evidence.yaml: the {MOST_PROBLEMS} above mended first: there are more"


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device", "loop", "large", "no text"])
def test_what_is_no_file_is_named(seed_folder: Path, file: str, kind: str) -> None:
    path = seed_folder / file
    path.unlink()
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "loop":
            path.symlink_to(path)
        case "large":
            with path.open("wb") as made:
                made.truncate(LARGEST + 1)
        case "no text":
            path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataFault) as caught:
        load(path)
    assert str(caught.value.problems[0]).startswith(f"{file}: ")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("'2026-11-28'", "2020-02-30", "RELEASE, date: a day of the calendar"),
        ("'2026-11-28'", "2026-11-28T00:00:00", 'RELEASE, date: "2026-11-28"'),
        ("'2026-11-28'", "20261128", "RELEASE, date: a day of the calendar"),
        ("'2026.12'", "2026.12", "RELEASE, version: a text, in quotation marks"),
        ("'2026.12'", "november", "RELEASE, version: year and month, as in '2026.11'"),
        ("CC-BY-4.0", "CC-BY-3.0", "RELEASE, licence: CC-BY-4.0"),
        ("licence:", "license:", "RELEASE, license: a key that these rows have; licence is near"),
        ("Release 2026.12", "Release 2027.01", "RELEASE, citation: a citation that names"),
    ],
)
def test_the_release_has_rules_too(seed_folder: Path, old: str, new: str, expected: str) -> None:
    edit(seed_folder / "RELEASE", old, new)
    found = [str(each) for each in faults(seed_folder)]
    assert any(each.startswith(expected) for each in found), found


DOI = "10.3390/ijms22158334"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("publications", f"doi: {DOI}", f"doi: 'doi: {DOI}'", f"alone: write {DOI}"),
        ("publications", "pmid: '", "pmid: 'https://pubmed.ncbi.nlm.nih.gov/", "alone: write 34361105"),
        ("publications", "pmid: '34361105'", "pmid: 'PMID: 34361105/'", "alone: write 34361105"),
        ("publications", "pmcid: ", "pmcid: https://pmc.ncbi.nlm.nih.gov/articles/", ": write PMC8347315"),
        ("publications", f"doi: {DOI}", "doi: none", "doi: an identifier of the form 10."),
        ("publications", "volume: '22'", "volume: 22.10", "volume: a text, in quotation marks"),
        ("publications", "volume: '22'", "volume: true", "volume: a text, in quotation marks"),
        ("publications", "volume: '22'", "volume: ''", "volume: one line that has something in it"),
        ("publications", "year: 2021", "year: 2021.5", "year: a whole number (it is 2021.5)"),
        ("publications", "year: 2021", "year: 202", "a value greater than or equal to 1900 (it is 202)"),
        ("publications", "'2021-08-03'", "'2021-02-30'", "published: day is out of range for month"),
        ("publications", "'2021-08-03'", "3 August", "published: a day as '2026-11-28', or a month"),
        ("publications", "'2021-08-03'", "2021", "published: a text: write published: '2021'"),
        ("publications", "authors: [Abaurrea A, Araujo AM", "authors: A B #[", "as in authors: [A B]"),
        ("publications", "url: https://pmc", "url: pmc", "url: an address that begins with https://"),
        ("publications", "seed: true", "seed: 1", "seed: true (it is 1)"),
        ("publications", "seed: true", "seed: 'yes'", "seed: true (it is 'yes')"),
        ("publications", "id: abaurrea-2021", "id: Abaurrea 2021", "id: lower-case letters, digits"),
        ("publications", "id: abaurrea-2021", "id: 2021", "id: a text: write id: '2021'"),
        ("inhibitors", "targets: [jak1, jak2]", "targets: []", "azd1480, targets: a list of one or more"),
        ("inhibitors", "{chembl: CHEMBL1231124", "{chemble: CHEMBL1231124", "; chembl is near"),
        ("trials", "outcome: negative", "outcome: failed", "'positive', 'negative', 'mixed', 'safety-only'"),
        ("trials", "enrolment: ", "enrolment: -", "enrolment: a value greater than or equal to 0"),
        ("evidence", "level: B", "level: F", "level: 'A', 'B', 'C', 'D' or 'E' (it is 'F'"),
        ("evidence", "p_value: 0.0003", "p_value: '0.0003'", "p_value: a number, without quotation marks"),
        ("evidence", "p_value: 0.0003", "p_valu: 0.0003", "effect.p_valu: a key that these rows have; p_v"),
        ("evidence", "value: 2.15, ci_low: 1.46, ci_high: 3.17", "value: 'nan'", "effect.value: a number,"),
        ("evidence", "value: 2.15,", "value: about 2,", "effect.value: a number, without quotation marks"),
        ("evidence", "effect: {measure: HR, value: 2.15", "effect: 2 #", "effect: keys and their values"),
    ],
)  # fmt: skip
def test_a_curator_is_told_what_to_write(
    seed_folder: Path, file: str, old: str, new: str, expected: str
) -> None:
    edit(seed_folder / f"{file}.yaml", old, new)
    found = [str(each) for each in faults(seed_folder)]
    assert any(expected in each for each in found), found[:3]


MISTAKES = {
    "a source that is not there": (
        ("evidence", "publication: tempfer-1997", "publication: tempfer-1979"),
        "publication: the id of a row of publications.yaml (there is no tempfer-1979; tempfer-1997 is near)",
    ),
    "a file that is no YAML": (("evidence", "- id: ", "- id: ["), "evidence.yaml, line 4: well-formed YAML"),
    "a key that is misspelt": (
        ("inhibitors", "developer: ", "develoer: "),
        "develoer: a key that these rows have; developer is near",
    ),
    "a word that is misspelt": (
        ("inhibitors", "modality: nanobody", "modality: nanobdy"),
        "'nanobody' is near",
    ),
    "a key that is missing": (("evidence", "  level: B\n", ""), "level: a value: every row has one"),
    "an id that another row has": (
        ("inhibitors", "id: baricitinib", "id: azd1480"),
        "azd1480, id: an id that no other row of the file has",
    ),
    "a number as a text": (
        ("publications", "year: 2021", "year: '2021'"),
        "a number, without quotation marks",
    ),
    "a text as a number": (
        ("publications", "volume: '22'", "volume: 22"),
        "volume: a text: write volume: '22'",
    ),
    "a PMID as a number": (("publications", "pmid: '34361105'", "pmid: 34361105"), "write pmid: '34361105'"),
    "a DOI as an address": (
        ("publications", f"doi: {DOI}", f"doi: https://doi.org/{DOI}"),
        f"publications.yaml, line 20, abaurrea-2021, doi: the identifier alone: write {DOI}",
    ),
    "a DOI that another row has": (
        ("publications", f"doi: {DOI}", "doi: 10.5301/tj.5000357"),
        "lin-2015, doi: an identifier of its own (doi:10.5301/tj.5000357 is that of abaurrea-2021)",
    ),
    "a year to come": (
        ("publications", "year: 2021\n", "year: 2031\n"),
        "abaurrea-2021, year: a year up to that of the release, 2026 (it is 2031)",
    ),
    "an interval without its value": (
        ("evidence", "value: 2.15,", "value: 5.15,"),
        "breast-il6-os-meta-lin-2015, effect: the interval 1.46 to 3.17 does not hold 5.15",
    ),
    "a p that is none": (("evidence", "p_value: 0.0003", "p_value: 1.0003"), "less than or equal to 1"),
    "a ratio that contradicts its claim": (
        ("evidence", "value: 2.15, ci_low: 1.46, ci_high: 3.17", "value: 0.5, ci_low: 0.4, ci_high: 0.6"),
        "breast-il6-os-meta-lin-2015, significance: better-outcome, by its ratio of 0.5 (0.4 to 0.6)",
    ),
    "an interval that contradicts its claim": (
        ("evidence", "ci_low: 1.46, ci_high: 3.17", "ci_low: 0.9, ci_high: 3.17"),
        "significance: no-association, by its ratio of 2.15 (0.9 to 3.17)",
    ),
    "a ratio of unknown groups": (
        ("evidence", "3224, comparison: high-versus-low}", "3224}"),
        "effect.comparison: which group is compared with which: high-versus-low or low-versus-high or",
    ),
    "a drug's word for a prognosis": (
        ("evidence", "  significance: poor-outcome\n", "  significance: benefit\n"),
        "significance: poor-outcome or adverse-features, as this prognostic claim supports (it is benefit)",
    ),
    "a prognosis measured in nothing": (
        ("evidence", "  locator: abstract\n  specimen: mixed\n", "  locator: abstract\n"),
        "specimen: the specimen, or why there is none in locator",
    ),
    "a source that nobody cites": (
        (
            "publications",
            "- id: abaurrea-2021\n",
            "- {id: aa, kind: web-page, title: A, url: 'https://x.org'}\n- id: abaurrea-2021\n",
        ),
        "publications.yaml, line 10, aa, id: a publication that some row cites (none cites this one)",
    ),
    "an author by initials": (
        ("publications", "[Abaurrea A, ", "[A. Abaurrea, "),
        "abaurrea-2021, authors: `Family AB`, as in Rose-John S (it is 'A. Abaurrea')",
    ),
    "authors that are not named": (("publications", "[Abaurrea A, ", "[et al., "), "(it is 'et al.')"),
    "an article without an identifier": (
        ("publications", f"  doi: {DOI}\n  pmid: '34361105'\n", ""),
        "abaurrea-2021, doi: a DOI or a PMID: every review has one",
    ),
    "the address of a mirror": (
        ("publications", "https://pmc.ncbi.nlm.nih.gov/articles/PMC8347315", "https://www.scilit.net/1"),
        "abaurrea-2021, url: the address of the source itself: www.scilit.net is an index of articles",
    ),
    "a success in nothing": (
        ("trials", "  outcome: negative\n", "  outcome: positive\n"),
        "outcome_of: what the trial was positive about",
    ),
    "an approval without its proof": (
        (
            "approvals",
            "publications: [fda-olumiant-letter-2022, fda-olumiant-label-2022]",
            "publications: [abaurrea-2021]",
        ),
        "baricitinib-alopecia-areata-fda, publications: a document of the regulator",
    ),
    "a drug for a cancer": (
        ("indications", "area: rheumatology", "area: oncology"),
        "indication: no cancer: no IL-6 inhibitor is approved for one",
    ),
    "a comment behind a value": (("evidence", "  level: B\n", "  level: B  # really?\n"), "canonical form"),
    "a file out of form": (("evidence", "  level: B\n", "  level:  B\n"), "run `il6 seed --format`"),
}
"""What curators get wrong: how it gets into a file, and what they are told."""


@pytest.mark.parametrize("name", MISTAKES)
def test_the_check_refuses_what_curators_get_wrong(seed_folder: Path, name: str) -> None:
    (file, old, new), expected = MISTAKES[name]
    edit(seed_folder / f"{file}.yaml", old, new)
    done = CliRunner().invoke(app, ["seed", "--check", "--from", str(seed_folder)])
    assert done.exit_code == os.EX_DATAERR
    assert expected in done.output


def patterns(schema: Any) -> Iterator[str]:
    """Every pattern within a JSON Schema."""
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key == "pattern":
            yield value
        elif isinstance(value, (dict, list)):
            yield from patterns(value)


def test_every_pattern_of_the_models_has_words_and_knows_the_usual_digits_alone() -> None:
    models: list[Any] = [ReleaseSeed, *(resource.seed for resource in RESOURCES)]
    found = {each for model in models for each in patterns(model.model_json_schema())}
    assert found == FORMS.keys()
    assert not [each for each in found if re.search(r"\\d|\\w", each)]
