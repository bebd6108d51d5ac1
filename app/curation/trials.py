"""Trials as ClinicalTrials.gov knows them, as rows of the seed files."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from app.curation.publications import key_of, plain
from app.curation.services import CLINICAL_TRIALS, Answer, ask
from app.models.publication import PublicationKind
from app.models.trial import Design, Masking, Outcome, Phase, TrialStatus

Row = dict[str, Any]

STATUSES = {
    "RECRUITING": TrialStatus.RECRUITING,
    "ENROLLING_BY_INVITATION": TrialStatus.RECRUITING,
    "ACTIVE_NOT_RECRUITING": TrialStatus.ACTIVE,
    "COMPLETED": TrialStatus.COMPLETED,
    "TERMINATED": TrialStatus.TERMINATED,
    "WITHDRAWN": TrialStatus.WITHDRAWN,
    "UNKNOWN": TrialStatus.UNKNOWN,
}
"""The words of the register that have one of ours; NOT_YET_RECRUITING and SUSPENDED have none."""

PHASES = {
    ("EARLY_PHASE1",): Phase.PHASE_1,
    ("PHASE1",): Phase.PHASE_1,
    ("PHASE1", "PHASE2"): Phase.PHASE_1_2,
    ("PHASE2",): Phase.PHASE_2,
    ("PHASE2", "PHASE3"): Phase.PHASE_2_3,
    ("PHASE3",): Phase.PHASE_3,
    ("PHASE4",): Phase.PHASE_4,
}
DESIGNS = {
    "RANDOMIZED": Design.RANDOMISED,
    "NON_RANDOMIZED": Design.NON_RANDOMISED,
    "NA": Design.SINGLE_ARM,
}
MASKINGS = {
    "NONE": Masking.OPEN_LABEL,
    "DOUBLE": Masking.DOUBLE_BLIND,
    "TRIPLE": Masking.DOUBLE_BLIND,
    "QUADRUPLE": Masking.DOUBLE_BLIND,
}
DRUGS = ("DRUG", "BIOLOGICAL", "COMBINATION_PRODUCT")


class Identification(Answer):
    nct_id: str
    brief_title: str
    acronym: str | None = None


class Start(Answer):
    date: str = Field(pattern=r"^\d{4}")


class Status(Answer):
    overall_status: str
    why_stopped: str | None = None
    start_date_struct: Start | None = None


class Sponsor(Answer):
    name: str


class Sponsors(Answer):
    lead_sponsor: Sponsor


class MaskingInfo(Answer):
    masking: str | None = None


class DesignInfo(Answer):
    allocation: str | None = None
    masking_info: MaskingInfo = MaskingInfo()


class Enrolment(Answer):
    count: int | None = None


class DesignModule(Answer):
    phases: list[str] = []
    design_info: DesignInfo = DesignInfo()
    enrollment_info: Enrolment = Enrolment()


class Intervention(Answer):
    type: str | None = None
    name: str
    other_names: list[str] = []


class Interventions(Answer):
    interventions: list[Intervention] = []


class Conditions(Answer):
    conditions: list[str] = []


class Measured(Answer):
    measure: str


class Outcomes(Answer):
    primary_outcomes: list[Measured] = []


class Protocol(Answer):
    identification_module: Identification
    status_module: Status
    sponsor_collaborators_module: Sponsors | None = None
    design_module: DesignModule = DesignModule()
    arms_interventions_module: Interventions = Interventions()
    conditions_module: Conditions = Conditions()
    outcomes_module: Outcomes = Outcomes()


class Study(Answer):
    """A study of ClinicalTrials.gov, https://clinicaltrials.gov/data-api/about-api/study-data-structure."""

    protocol_section: Protocol
    has_results: bool = False

    @property
    def number(self) -> str:
        return self.protocol_section.identification_module.nct_id

    @property
    def address(self) -> str:
        return f"https://clinicaltrials.gov/study/{self.number}"

    def row(self, day: datetime.date) -> Row:
        """The fields of a trial, as far as they are told."""
        protocol = self.protocol_section
        status, design = protocol.status_module, protocol.design_module
        known = STATUSES.get(status.overall_status)
        measures = [each.measure for each in protocol.outcomes_module.primary_outcomes]
        sponsors = protocol.sponsor_collaborators_module
        fields = {
            "registry_id": self.number,
            "title": protocol.identification_module.brief_title,
            "phase": PHASES.get(tuple(design.phases)),
            "status": known,
            "status_as_of": str(day) if known else None,
            "why_stopped": status.why_stopped,
            "design": DESIGNS.get(design.design_info.allocation or ""),
            "masking": MASKINGS.get(design.design_info.masking_info.masking or ""),
            "primary_endpoint": "; ".join(measures[:3]),
            "results_url": f"{self.address}?tab=results" if self.has_results else None,
            "enrolment": design.enrollment_info.count,
            "start_year": int(status.start_date_struct.date[:4]) if status.start_date_struct else None,
            "sponsor": sponsors.lead_sponsor.name if sponsors else None,
        }
        return {
            name: plain(str(value) if isinstance(value, str) else value)
            for name, value in fields.items()
            if value not in (None, "")
        }


class Studies(Answer):
    """An answer of ClinicalTrials.gov."""

    studies: list[Study]
    next_page_token: str | None = None


def find(numbers: Sequence[str]) -> list[Study]:
    """The studies with some numbers; those that the register has not are left out."""
    found = ask(CLINICAL_TRIALS, "/studies", Studies, {"filter.ids": "|".join(numbers), "pageSize": "1000"})
    return found.studies if found else []


def new_rows(
    study: Study, day: datetime.date, inhibitors: Iterable[Row], cancers: Iterable[Row]
) -> dict[str, list[Row]]:
    """A trial that is to be added, and its entry in the register as the source."""
    protocol = study.protocol_section
    row_id = study.number.lower()
    names = names_of(inhibitors)
    drugs, others = [], []
    for each in protocol.arms_interventions_module.interventions:
        held = [names[key] for name in (each.name, *each.other_names) if (key := key_of(name)) in names]
        if held:
            drugs.append(held[0])
        elif each.type in DRUGS and "placebo" not in each.name.lower():
            others.append(plain(each.name))
    known = names_of(cancers)
    found = [known[key] for name in protocol.conditions_module.conditions if (key := key_of(name)) in known]
    trial = {
        "id": row_id,
        **study.row(day),
        "outcome": str(Outcome.NOT_REPORTED),
        "combination": [*dict.fromkeys(others)],
        "inhibitors": [*dict.fromkeys(drugs)],
        "cancers": [*dict.fromkeys(found)],
        "publications": [row_id],
    }
    entry = {
        "id": row_id,
        "kind": str(PublicationKind.REGISTRY),
        "title": trial["title"],
        "journal": CLINICAL_TRIALS.name,
        "url": study.address,
    }
    return {"publications": [entry], "trials": [trial]}


def names_of(rows: Iterable[Row]) -> Mapping[str, str]:
    """The ids of rows by each of their names."""
    found: dict[str, str] = {}
    for row in rows:
        for name in (row["id"], row["name"], *row.get("synonyms", []), *row.get("brands", [])):
            found.setdefault(key_of(name), row["id"])
    return found
