"""Trials: registered studies of an inhibitor in a cancer, with their outcome, failures too."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from app.models.base import Answered, Kind, Ref, Slug, Strict, Text, Year, enum_type, link_table, related
from app.models.filters import Leads, make_filters
from app.models.publication import PublicationRef


class Phase(StrEnum):
    PHASE_1 = "1"
    PHASE_1_2 = "1/2"
    PHASE_2 = "2"
    PHASE_2_3 = "2/3"
    PHASE_3 = "3"
    PHASE_4 = "4"


class TrialStatus(StrEnum):
    """As the register gave it on the day it was read."""

    RECRUITING = "recruiting"
    ACTIVE = "active"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What came of it, against its primary end point where one was stated."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    MIXED = "mixed"
    SAFETY_ONLY = "safety-only"
    NOT_REPORTED = "not-reported"


class Design(StrEnum):
    SINGLE_ARM = "single-arm"
    RANDOMISED = "randomised"


class TrialBase(Strict):
    id: Slug
    registry_id: Text = Field(description="the number in its register: NCT, EudraCT, CTIS or NCI")
    title: Text
    phase: Phase | None = Field(default=None, sa_type=enum_type(Phase))
    status: TrialStatus = Field(sa_type=enum_type(TrialStatus))
    design: Design = Field(sa_type=enum_type(Design))
    outcome: Outcome = Field(sa_type=enum_type(Outcome))
    result: Text | None = Field(default=None, description="the result in figures")
    combination: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="what the inhibitor was given with"
    )
    enrolment: int | None = Field(default=None, ge=0, description="patients enrolled")
    start_year: Year | None = None


class TrialSeed(TrialBase):
    inhibitors: list[Slug] = Field(min_length=1)
    cancers: list[Slug] = Field(min_length=1)
    publications: list[Slug] = Field(min_length=1)


class Trial(Answered, TrialBase, table=True):
    id: Slug = Field(primary_key=True)
    inhibitors: list[Any] = related("Inhibitor", "trial_inhibitor")
    cancers: list[Any] = related("Cancer", "trial_cancer")
    publications: list[Any] = related("Publication", "trial_publication")


trial_inhibitor = link_table("trial", "inhibitor")
trial_cancer = link_table("trial", "cancer")
trial_publication = link_table("trial", "publication")


class TrialBrief(Strict):
    """A trial as the record of an inhibitor or a cancer lists it."""

    id: Slug
    title: str
    phase: Phase | None
    status: TrialStatus
    outcome: Outcome
    inhibitors: list[Ref]
    cancers: list[Ref]


class TrialItem(TrialBase):
    """A trial."""

    inhibitors: list[Ref]
    cancers: list[Ref]
    xrefs: list[str] = Field(description="Bioregistry CURIEs")
    publications: list[PublicationRef]
    links: dict[str, str]


TrialFilters = make_filters(
    Trial,
    TrialItem,
    relations={
        "inhibitor": Leads(Kind.INHIBITOR, "inhibitors.id"),
        "cancer": Leads(Kind.CANCER, "cancers.id"),
        "publication": Leads(Kind.PUBLICATION, "publications.id"),
    },
)
