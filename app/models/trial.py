"""Trials: registered studies of an inhibitor in a cancer, with their outcome, failures too."""

from typing import Annotated, Any

from sqlalchemy import JSON
from sqlmodel import Field

from app.models.base import (
    Answered,
    Kind,
    Ref,
    Registries,
    Slug,
    Strict,
    Text,
    Year,
    enum_type,
    link_table,
    related,
)
from app.models.filters import Leads, make_filters
from app.models.publication import IsoDate, PublicationRef, Url
from app.models.vocabulary import Word


class Phase(Word):
    """How far along the tests of a drug a trial is."""

    PHASE_1 = "1", "Safety and dose, in few."
    PHASE_1_2 = "1/2", "Dose first, then first signs of effect."
    PHASE_2 = "2", "Signs of effect, in some."
    PHASE_2_3 = "2/3", "Signs of effect first, then proof."
    PHASE_3 = "3", "Proof against a control, in many."
    PHASE_4 = "4", "After approval."


class TrialStatus(Word):
    """As the register gave it on the day it was read."""

    RECRUITING = "recruiting", "It takes patients."
    ACTIVE = "active", "It is under way, and takes none."
    COMPLETED = "completed", "It ended as planned."
    TERMINATED = "terminated", "It ended early."
    WITHDRAWN = "withdrawn", "It ended before the first patient."
    UNKNOWN = "unknown", "The register has not heard of it for long, or the word was not seen."


class Outcome(Word):
    """What came of it, against its primary end point where one was stated; `outcome_of` says of what."""

    POSITIVE = "positive", "It reached its end point."
    NEGATIVE = "negative", "It did not reach its end point, or was stopped as it would not."
    MIXED = "mixed", "It reached a part, or its success did not last in a later trial."
    SAFETY_ONLY = "safety-only", "It reported safety alone."
    NOT_REPORTED = "not-reported", "No result was seen."


class Design(Word):
    """How patients came to their treatment."""

    SINGLE_ARM = "single-arm", "All had the same treatment: nothing to compare it with."
    NON_RANDOMISED = "non-randomised", "Several groups, not by lot: doses, cohorts, or a choice."
    RANDOMISED = "randomised", "Several groups by lot."


class Purpose(Word):
    """What the inhibitor was given for."""

    ANTI_TUMOUR = "anti-tumour", "To treat the cancer."
    TOXICITY_MANAGEMENT = "toxicity-management", "To prevent or treat a harm of another treatment."
    CACHEXIA = "cachexia", "Against wasting."
    OTHER = "other", "For something else that patients with cancer have."


class Toxicity(Word):
    """Which harm or complication it was given against."""

    CRS_TREATMENT = "crs-treatment", "Cytokine release syndrome that is there."
    CRS_PREVENTION = "crs-prevention", "Cytokine release syndrome that may come."
    IRAE_TREATMENT = "irae-treatment", "Immune-related adverse events that are there."
    IRAE_PREVENTION = "irae-prevention", "Immune-related adverse events that may come."
    INFUSION_REACTION_PREVENTION = "infusion-reaction-prevention", "Reactions to an infusion."
    MUCOSITIS_PREVENTION = "mucositis-prevention", "Inflammation of the mouth."
    TRANSPLANT_SYMPTOMS = "transplant-symptoms", "Symptoms after a transplant of stem cells."
    COVID_19 = "covid-19", "COVID-19 in patients with cancer."


class Masking(Word):
    """Who knew which treatment was given."""

    OPEN_LABEL = "open-label", "Everybody."
    DOUBLE_BLIND = "double-blind", "Neither patients nor those who treat and assess them."


class Setting(Word):
    """Where in the course of the disease it was given."""

    PRECURSOR = "precursor", "In a condition that may become a cancer."
    NEOADJUVANT = "neoadjuvant", "Before surgery."
    ADJUVANT = "adjuvant", "After surgery."
    FIRST_LINE = "first-line", "As the first treatment of advanced disease."
    LATER_LINE = "later-line", "After another treatment of advanced disease."
    FIRST_OR_LATER_LINE = "first-or-later-line", "As the first treatment or a later one."
    ANY_LINE = "any-line", "Whatever came before, or not said."
    TRANSPLANT = "transplant", "With a transplant of stem cells."
    SUPPORTIVE = "supportive", "Beside the treatment of the cancer."


class TrialBase(Strict):
    id: Slug
    registry_id: Text = Field(description="the number in its register: NCT, EudraCT, CTIS or NCI")
    other_ids: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="its numbers in other registers, and with its sponsor"
    )
    title: Text
    phase: Phase | None = Field(default=None, sa_type=enum_type(Phase))
    status: TrialStatus = Field(sa_type=enum_type(TrialStatus))
    status_as_of: IsoDate | None = Field(default=None, description="day or month on which that was read")
    why_stopped: Text | None = Field(default=None, description="why it ended early or never began")
    purpose: Purpose = Field(sa_type=enum_type(Purpose))
    toxicity: Toxicity | None = Field(default=None, sa_type=enum_type(Toxicity))
    setting: Setting = Field(sa_type=enum_type(Setting))
    design: Design = Field(sa_type=enum_type(Design))
    masking: Masking = Field(sa_type=enum_type(Masking))
    primary_endpoint: Text | None = Field(default=None, description="as the source has it; null if not seen")
    outcome: Outcome = Field(sa_type=enum_type(Outcome))
    outcome_of: Text | None = Field(default=None, description="what the word in `outcome` is about")
    result: Text | None = Field(default=None, description="the result in figures")
    results_url: Url | None = Field(default=None, description="where its register shows results")
    combination: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="what the inhibitor was given with"
    )
    enrolment: int | None = Field(default=None, ge=0, description="patients enrolled, or planned")
    start_year: Year | None = None
    sponsor: Text | None = None


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
    purpose: Purpose
    setting: Setting
    design: Design
    outcome: Outcome
    outcome_of: str | None
    result: str | None
    enrolment: int | None
    inhibitors: list[Ref]
    cancers: list[Ref]


class TrialItem(TrialBase):
    """A trial."""

    inhibitors: list[Ref]
    cancers: list[Ref]
    xrefs: Annotated[list[str], Registries("nct")] = Field(description="Bioregistry CURIEs")
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
