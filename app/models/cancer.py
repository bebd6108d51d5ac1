"""Cancers, and what a high IL-6 means for their prognosis."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic import Field as Parameter
from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from app.models.base import (
    Answered,
    Kind,
    Ref,
    Slug,
    Strict,
    Text,
    edges,
    enum_type,
    foreign_key,
    link_table,
    related,
)
from app.models.claim import EvidenceCounts
from app.models.filters import NEIGHBOURS, Leads, Switch, make_filters
from app.models.interaction import Interactions
from app.models.publication import PublicationRef
from app.models.trial import TrialBrief
from app.models.vocabulary import Level, Word


class Group(StrEnum):
    CARCINOMA = "carcinoma"
    HAEMATOLOGICAL = "haematological"
    MELANOMA = "melanoma"
    CNS = "cns"
    MESOTHELIOMA = "mesothelioma"
    EMBRYONAL = "embryonal"
    SARCOMA = "sarcoma"
    MIXED = "mixed"


class Verdict(Word):
    """What the prognostic evidence of a cancer adds up to."""

    POOR = "poor", "More publications link a high IL-6 to a worse outcome than say otherwise."
    BETTER = "better", "More publications link a high IL-6 to a better outcome than say otherwise."
    MIXED = "mixed", "The publications disagree, or as many found no link."
    NONE = "none", "No publication links a high IL-6 to an outcome."


class Prognosis(BaseModel):
    """Prognosis when IL-6 is high, by prognostic evidence; each count is of distinct publications."""

    verdict: Verdict
    poor: int = Field(description="publications that link a high IL-6 to a poor outcome")
    better: int = Field(description="publications that link it to a better outcome")
    no_association: int = Field(description="publications that found no link")
    best_level: Level | None = Field(description="the strongest level among the publications counted")


class CancerBase(Strict):
    id: Slug
    name: Text
    synonyms: list[Text] = Field(default_factory=list, sa_type=JSON)
    sought_as: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="what people call it, and other cancers too"
    )
    site: Text = Field(description="where in the body")
    group: Group = Field(sa_type=enum_type(Group))
    summary: Text


class CancerSeed(CancerBase):
    parent: Slug | None = None
    ids: dict[str, str] = Field(default_factory=dict)
    publications: list[Slug] = Field(default_factory=list)


class Cancer(Answered, CancerBase, table=True):
    id: Slug = Field(primary_key=True)
    parent_id: Slug | None = foreign_key("cancer", default=None)
    prognosis: Verdict = Field(
        sa_type=enum_type(Verdict),
        description="what a high IL-6 means for the prognosis: the verdict",
    )
    judgements: list[Any] = related("Judgement")
    trials: list[Any] = related("Trial", "trial_cancer")
    claims: list[Any] = related("Evidence")
    incoming: list[Any] = edges(Kind.CANCER, "object")
    outgoing: list[Any] = edges(Kind.CANCER, "source")
    publications: list[Any] = related("Publication", "cancer_publication")


class Judgement(SQLModel, table=True):
    """The verdict on a cancer over the evidence of a level or better, and the publications it counts."""

    cancer_id: str = Field(primary_key=True, foreign_key="cancer.id")
    min_level: Level = Field(primary_key=True, sa_type=enum_type(Level))
    verdict: Verdict = Field(sa_type=enum_type(Verdict))
    publications: int


cancer_publication = link_table("cancer", "publication")


class CancerItem(CancerBase):
    """A cancer in a list."""

    parent: Ref | None = Field(description="the wider cancer that holds this one")
    prognosis: Prognosis
    xrefs: list[str] = Field(description="Bioregistry CURIEs")
    evidence: EvidenceCounts
    publications: list[PublicationRef]
    links: dict[str, str]


class StudiedInhibitor(Ref):
    """An inhibitor that was tried or studied in a cancer."""

    trials: int = Field(description="trials of it in this cancer")
    evidence: int = Field(description="claims on it in this cancer")


class CancerRecord(CancerItem):
    """A cancer, with its trials and the inhibitors studied in it."""

    children: list[Ref] = Field(description="the narrower cancers it holds")
    indications: list[Ref] = Field(description="the same condition, where a regulator approved a drug for it")
    trials: list[TrialBrief]
    inhibitors: list[StudiedInhibitor]
    mechanisms: list[Ref]
    targets: list[Ref]
    interactions: Interactions


CancerFilters = make_filters(
    Cancer,
    CancerItem,
    references={"parent": Kind.CANCER},
    relations={
        "target": Leads(Kind.TARGET, "claims.target", *NEIGHBOURS),
        "inhibitor": Leads(Kind.INHIBITOR, "trials.inhibitor", "claims.inhibitor"),
        "mechanism": Leads(Kind.MECHANISM, "claims.mechanism", *NEIGHBOURS),
        "publication": Leads(Kind.PUBLICATION, "publications.id"),
    },
    links={"trial": "trials", "evidence": "claims"},
    switches={
        "has_trial": Switch("whether an inhibitor was tried in it", lambda cancer: cancer.trials.any()),
    },
    extra={
        "min_level": (
            Level | None,
            Parameter(
                default=None, description="judge the prognosis on evidence of this level or better alone"
            ),
        )
    },
)
