"""What follows from the rows about one drug in one cancer, about several drugs, and about one question."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.models.approval import Agency, ApprovalItem
from app.models.base import Ref
from app.models.cancer import Prognosis
from app.models.claim import EvidenceCounts
from app.models.evidence import EvidenceItem
from app.models.filters import Names, Question, Words
from app.models.graph import Path, Tested
from app.models.inhibitor import InhibitorStatus, Scope
from app.models.interaction import Sign
from app.models.trial import Outcome, Purpose, TrialBrief
from app.models.vocabulary import EvidenceType, Measured, Significance


class Dossier(BaseModel):
    """One inhibitor in one cancer: what the pathway predicts, and what came of it where it was tried."""

    inhibitor: Ref
    cancer: Ref
    summary: str = Field(description="one sentence that sets the prediction against the trials")
    predicted: Sign | None = Field(
        description="what the shortest chains imply; null where they disagree, or where there is none"
    )
    tested: Tested
    trials: list[TrialBrief]
    therapeutic: list[EvidenceItem] = Field(description="what it did to the cancer, the strongest first")
    safety: list[EvidenceItem] = Field(description="harms seen, or looked for, in patients with it")
    paths: list[Path] = Field(description="the shortest chains from the inhibitor to the cancer")
    prognosis: Prognosis
    approvals: list[ApprovalItem] = Field(
        description="decisions on the inhibitor for this cancer, a wider or a narrower one"
    )
    links: dict[str, str]


class Compared(BaseModel):
    """An inhibitor beside others."""

    inhibitor: Ref
    scope: Scope
    status: InhibitorStatus
    targets: list[Ref]
    approved_for_cancer: bool
    approvals: dict[Agency, int] = Field(description="approvals that stand, for any indication, by agency")
    trials: dict[Purpose, dict[Outcome, int]] = Field(description="by what it was given for, and by outcome")
    evidence: EvidenceCounts


class ComparedInhibitors(BaseModel):
    """Inhibitors side by side, in the order asked; with a cancer, their trials and claims in it alone."""

    cancer: Ref | None
    items: list[Compared]


class Side(BaseModel):
    """What some publications found on a question."""

    significance: Significance
    publications: int = Field(description="those that describe one study count once")
    claims: list[EvidenceItem]


class Conflict(BaseModel):
    """A question on which publications disagree."""

    question: str
    type: EvidenceType
    cancer: Ref | None
    inhibitor: Ref | None
    mechanism: Ref | None
    target: Ref | None
    specimen: Measured | None = Field(description="of a prognostic question: in what IL-6 was measured")
    event: str | None = Field(description="of a question on safety: which event")
    sides: list[Side]


class Conflicts(BaseModel):
    """Questions on which publications disagree, both sides cited; those that most took up come first."""

    items: list[Conflict]
    total: int


class CompareFilters(Question):
    """Which inhibitors, and in which cancer."""

    model_config = ConfigDict(extra="forbid")

    inhibitors: Names = Field(
        description="the inhibitors to compare, by any of their names",
        examples=[["siltuximab", "tocilizumab"]],
    )
    cancer: Words | None = Field(default=None, description="trials and claims in this cancer alone")
    format: Literal["json", "csv", "tsv"] | None = Field(default=None, description="how it is written")


class ConflictFilters(Question):
    """Questions about what."""

    model_config = ConfigDict(extra="forbid")

    cancer: Words | None = Field(default=None, description="questions on this cancer, by any of its names")
    inhibitor: Words | None = Field(default=None, description="questions on this inhibitor, likewise")
