"""Cancers, and what a high IL-6 means for their prognosis."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator
from pydantic import Field as Constraint
from sqlalchemy import JSON, ColumnElement
from sqlmodel import Field, col

from app.models.base import (
    Answered,
    Filters,
    Ref,
    Slug,
    Strict,
    Text,
    enum_type,
    foreign_key,
    link_table,
    split_commas,
)
from app.models.claim import EvidenceCounts, Level
from app.models.interaction import Interactions
from app.models.publication import PublicationRef
from app.models.trial import TrialBrief


class Group(StrEnum):
    CARCINOMA = "carcinoma"
    HAEMATOLOGICAL = "haematological"
    MELANOMA = "melanoma"
    CNS = "cns"
    MESOTHELIOMA = "mesothelioma"
    EMBRYONAL = "embryonal"
    SARCOMA = "sarcoma"
    MIXED = "mixed"


class Verdict(StrEnum):
    """What the prognostic evidence of a cancer adds up to."""

    POOR = "poor"
    BETTER = "better"
    MIXED = "mixed"
    NONE = "none"


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
    verdict: Verdict = Field(sa_type=enum_type(Verdict), index=True)


class CancerFilters(Filters):
    prognosis: Annotated[list[Verdict], BeforeValidator(split_commas)] = Constraint(
        default=[], description="what a high IL-6 means for the prognosis: the verdict over the evidence"
    )

    def clauses(self) -> list[ColumnElement[bool]]:
        return [col(Cancer.verdict).in_(self.prognosis)] if self.prognosis else []


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
