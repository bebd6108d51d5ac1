"""What is to be added, by an identifier or from a file; what the atlas has already is refused."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.curation import publications, trials
from app.curation.drafts import Row, Rows, drafted, rows_of
from app.curation.services import CLINICAL_TRIALS, ServiceFault
from app.models.base import PREFIXES, Kind
from app.store.registries import curie_of

TAKEN = ("nct", "pmcid", "pmid", "doi")
"""Registries whose identifiers can be added."""


class NotAnIdentifier(Exception):
    """What was written stands for nothing that can be looked up or read."""


class Known(Exception):
    """The atlas has it already; the text says where."""


@dataclass(frozen=True)
class Addition:
    """Rows to be added, where they are from, and what the source says is wrong with it."""

    id: str
    rows: Rows
    source: str
    notices: list[str]


def identifier(written: str) -> tuple[str, str] | None:
    """The registry and the local part of an identifier in any spelling; None if it is none of these."""
    prefix, _, local = (curie_of(written) or "").partition(":")
    for key in TAKEN:
        registry = PREFIXES[key]
        for each in (local if prefix == registry.prefix else "", written):
            if held := registry.local(each if key == "doi" else each.upper()):
                return key, held
    return None


def find(written: str, folder: Path, drafts: Path, day: datetime.date) -> Iterator[Addition]:
    """What an identifier or a file stands for; raises ServiceFault, DataFault, Known, NotAnIdentifier."""
    path = Path(written)
    named = identifier(written)
    if named is None and path.suffix in (".nbib", ".ris", ".json"):
        for row in publications.read_file(path):
            yield with_claim(row, path.name, [], folder, drafts)
    elif named is None:
        expected = "a DOI, PMID, PMCID or NCT number, or a file .nbib, .ris or .json"
        raise NotAnIdentifier(f"{written} is none of these: {expected}")
    elif named[0] == "nct":
        yield with_trial(named[1], folder, day)
    else:
        row, source, notices = publications.look_up(*named)
        yield with_claim(row, source, notices, folder, drafts)


def with_claim(row: Row, source: str, notices: list[str], folder: Path, drafts: Path) -> Addition:
    """A publication, and a claim to be filled in."""
    there = [*rows_of(folder, Kind.PUBLICATION), *drafted(drafts, "publications")]
    if same := publications.same_as(row, there):
        raise Known(f"{same[0]} is that publication: it has the same {same[1]}")
    if row.get("journal"):
        journals = dict.fromkeys(each["journal"] for each in there if each.get("journal"))
        row["journal"] = publications.named_alike(row["journal"], journals)
    row["id"] = publications.id_of(row, (each["id"] for each in there))
    claim: dict[str, Any] = {"publication": row["id"]}
    return Addition(row["id"], {"publications": [row], "evidence": [claim]}, source, notices)


def with_trial(number: str, folder: Path, day: datetime.date) -> Addition:
    """A trial, with its entry in the register as the source."""
    for each in rows_of(folder, Kind.TRIAL):
        if number in (each["registry_id"], *each.get("other_ids", [])):
            raise Known(f"{each['id']} is that trial: it has the same number")
    if not (found := trials.find([number])):
        raise ServiceFault(f"{CLINICAL_TRIALS.name} knows no {number}")
    study = found[0]
    rows = trials.new_rows(study, day, rows_of(folder, Kind.INHIBITOR), rows_of(folder, Kind.CANCER))
    entries = {each["id"] for each in rows_of(folder, Kind.PUBLICATION)}
    if rows["publications"][0]["id"] in entries:
        del rows["publications"]
    conditions = ", ".join(study.protocol_section.conditions_module.conditions)
    told = [f"conditions: {conditions}"] if conditions else []
    if study.has_results:
        told.append("it has results: say its outcome and result")
    return Addition(number.lower(), rows, study.address, told)
