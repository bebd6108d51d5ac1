"""Drafts: rows that are to be added, with what a person has yet to say; and their way into the seed files."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.base import Kind
from app.models.publication import LEVELS, PublicationKind
from app.models.trial import Design, Masking, Purpose, Setting, TrialStatus
from app.models.vocabulary import FITTING, EvidenceType, Significance, Specimen, StudyType
from app.seeding.check import read_facts
from app.seeding.comments import head_of
from app.seeding.files import DataFault, Problem, as_text, load, load_rows, rows_as_text

Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Rows by the path of their collection."""

STUDIES = {
    PublicationKind.RANDOMISED_TRIAL: StudyType.HUMAN_TRIAL,
    PublicationKind.SINGLE_ARM_TRIAL: StudyType.HUMAN_TRIAL,
    PublicationKind.COHORT: StudyType.HUMAN_COHORT,
    PublicationKind.CASE_REPORT: StudyType.CASE,
    PublicationKind.IN_VIVO: StudyType.ANIMAL,
    PublicationKind.IN_VITRO: StudyType.CELL,
}
"""In whom or in what a drug was tested, by the kind of the publication."""


def words(vocabulary: type[StrEnum]) -> str:
    return " ".join(vocabulary)


CLAIM = {
    "statement": "a sentence in your own words that stands alone, and ends with a stop",
    "significance": words(Significance),
    "cancer": "an id of cancers.yaml, as breast-cancer",
    "specimen": f"of a prognostic claim: {words(Specimen)}",
    "inhibitor": "of a claim on a drug, an id of inhibitors.yaml",
    "mechanism": "of a mechanistic claim, an id of mechanisms.yaml",
    "effect": "{measure: HR, value: 1.5, ci_low: 1.1, ci_high: 2.1, endpoint: overall-survival, n: 120, "
    "comparison: high-versus-low}",
    "type": f"where the significance leaves it open: {words(EvidenceType)}",
    "target": "if empty, il6 of a prognostic claim; of a claim on a drug the one target that it has",
    "level": "if empty, by the kind of the publication",
    "timing": "pre-diagnosis pre-treatment on-treatment post-treatment mixed",
    "analysis": "multivariable univariable",
    "combination": "what a drug was given with, as [gemcitabine]",
    "locator": "where in the publication, as abstract",
}
"""What a person says of a publication, and which values there are; the rest follows."""

TRIAL = {
    "status": words(TrialStatus),
    "purpose": words(Purpose),
    "setting": words(Setting),
    "design": words(Design),
    "masking": words(Masking),
    "inhibitors": "ids of inhibitors.yaml, as [tocilizumab]",
    "cancers": "ids of cancers.yaml, as [breast-cancer]",
}
"""What a register does not say, or says in words that nobody here knows."""

ASKED: dict[str, Mapping[str, str]] = {
    "publications": {"kind": words(PublicationKind)},
    "evidence": CLAIM,
    "trials": TRIAL,
}


def rows_of(folder: Path, kind: Kind) -> Sequence[Row]:
    return load_rows(folder / f"{BY_KIND[kind].path}.yaml")


def draft(rows: Rows, source: str, name: str) -> str:
    """A draft as text: rows as the seed files have them, and below each what is left to say."""
    parts = [
        f"# From {source}. Fill in what is empty and asked for; what stays empty is left out.\n"
        f"# Then `il6 accept {name}`.\n"
    ]
    for path, content in rows.items():
        resource = next(each for each in RESOURCES if each.path == path)
        text = rows_as_text(resource, content)
        missing = {key: about for key, about in ASKED[path].items() if not content[0].get(key)}
        width = max(map(len, missing), default=0) + 1
        open_lines = "".join(f"  {f'{key}:':{width}}  # {about}\n" for key, about in missing.items())
        parts.append(f"{path}:\n{text}{open_lines}")
    return "\n".join(parts)


def drafted(drafts: Path, collection: str) -> Iterator[Row]:
    """The rows of a collection that stand in drafts, filled in or not; other files are passed over."""
    for path in sorted(drafts.glob("*.yaml")):
        with suppress(DataFault):
            for row in read_draft(path).get(collection, []):
                if isinstance(row.get("id"), str) and isinstance(row.get("title"), str):
                    yield row


def without_empty(value: Any) -> Any:
    """A row without the keys that were not filled in."""
    if isinstance(value, dict):
        kept = {key: without_empty(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in (None, "", [], {})}
    return value


def accept(folder: Path, path: Path) -> dict[Resource, list[Row]]:
    """Put the rows of a draft into the seed files, all or none; raises DataFault with every fault."""
    added = read_draft(path)
    if misshapen := [*shapes(added, path.name)]:
        raise DataFault(misshapen)
    known = {kind: {row["id"]: row for row in rows_of(folder, kind)} for kind in Kind}
    for row in added.get(BY_KIND[Kind.EVIDENCE].path, []):
        complete(row, added, known)
    problems: list[Problem] = []
    for resource in chosen(added):
        for row in added[resource.path]:
            if row.get("id") in known[resource.kind]:
                problems.append(Problem(path.name, str(row["id"]), "id", "an id that no row has yet"))
            known[resource.kind][row.get("id", "")] = row
    if problems:
        raise DataFault(problems)
    write(folder, {resource: list(known[resource.kind].values()) for resource in chosen(added)})
    return {resource: added[resource.path] for resource in chosen(added)}


def shapes(rows: Rows, file: str) -> Iterator[Problem]:
    """What is no text or no mapping where the rest of a row is derived from it."""
    for each in chain.from_iterable(rows.values()):
        for name in ("id", "kind", "publication", *CLAIM):
            wanted = {"effect": dict, "combination": list}.get(name, str)
            if name in each and not isinstance(each[name], wanted):
                told = "keys and their values" if wanted is dict else "a list" if wanted is list else "a text"
                yield Problem(file, str(each.get("id", "")), name, told)


def chosen(rows: Iterable[str]) -> list[Resource]:
    return [resource for resource in RESOURCES if resource.path in rows]


def read_draft(path: Path) -> Rows:
    content = load(path)
    paths = [resource.path for resource in RESOURCES]
    if not isinstance(content, dict) or not content or not {*content} <= {*paths}:
        raise DataFault([Problem(path.name, "", "", f"lists of rows under {', '.join(paths)}")])
    for name, rows in content.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataFault([Problem(path.name, name, "", "a list of rows")])
    return {name: [without_empty(row) for row in rows] for name, rows in content.items()}


def write(folder: Path, rows: Mapping[Resource, Sequence[Row]]) -> None:
    """Replace whole seed files, if with them all rules hold; else raises DataFault, and writes nothing."""
    with tempfile.TemporaryDirectory() as name:
        trial = Path(name) / "seed"
        shutil.copytree(folder, trial)
        for resource, content in rows.items():
            path = trial / f"{resource.path}.yaml"
            path.write_text(as_text(resource, content, head_of(path.read_text("utf-8"))), "utf-8")
        read_facts(trial)
        for resource in rows:
            file = f"{resource.path}.yaml"
            fresh = folder / f".{file}.new"
            shutil.copyfile(trial / file, fresh)
            fresh.replace(folder / file)


def complete(claim: Row, added: Rows, known: Mapping[Kind, Mapping[str, Row]]) -> None:
    """Say what follows from the rest of a claim: its type and direction, its level, its target, its id."""
    cited = claim.get("publication", "")
    sources = [*added.get(BY_KIND[Kind.PUBLICATION].path, []), *known[Kind.PUBLICATION].values()]
    kind = next((row.get("kind") for row in sources if row.get("id") == cited), None)
    found = claim.get("significance")
    types = [each for each, fitting in FITTING.items() if any(found in some for some in fitting.values())]
    if len(types) == 1:
        claim.setdefault("type", str(types[0]))
    for direction, fitting in FITTING.get(claim.get("type", ""), {}).items():
        if found in fitting:
            claim.setdefault("direction", str(direction))
    if kind in LEVELS:
        claim.setdefault("level", str(LEVELS[kind]))
    if claim.get("type") == EvidenceType.THERAPEUTIC and kind in STUDIES:
        claim.setdefault("study_type", str(STUDIES[kind]))
    targets = known[Kind.INHIBITOR].get(claim.get("inhibitor", ""), {}).get("targets", [])
    if claim.get("type") == EvidenceType.PROGNOSTIC:
        claim.setdefault("target", "il6")
    elif len(targets) == 1:
        claim.setdefault("target", targets[0])
    claim.setdefault("id", id_of(claim, known[Kind.EVIDENCE]))


LONGEST_ID = 100


def id_of(claim: Row, taken: Iterable[str]) -> str:
    """What a claim is on, in what, what about it, and who says so: `bladder-cancer-serum-il6-os-shi-2026`."""
    effect = claim.get("effect") or {}
    found = str(effect.get("endpoint") or claim.get("significance") or "claim")
    if found.endswith("-survival"):
        found = "".join(word[0] for word in found.split("-"))
    names = [claim.get(name) for name in ("cancer", "specimen", "inhibitor", "mechanism")]
    if not claim.get("inhibitor"):
        names.insert(2, claim.get("target"))
    parts = [*map(str, filter(None, names)), found, str(claim.get("publication", ""))]
    while len("-".join(parts)) > LONGEST_ID - 3 and len(parts) > 2:
        del parts[-3]
    stem, known = "-".join(parts), set(taken)
    return next(each for each in (stem, *(f"{stem}-{n}" for n in range(2, 99))) if each not in known)
