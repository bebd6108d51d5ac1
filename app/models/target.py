"""Targets: genes and proteins of the IL-6 pathway."""

from enum import StrEnum

from sqlalchemy import JSON
from sqlmodel import Field

from app.models.base import Answered, Kind, Ref, Slug, Strict, Text, enum_type, link_table
from app.models.claim import EvidenceCounts
from app.models.filters import make_filters
from app.models.interaction import Interactions
from app.models.publication import PublicationRef


class Role(StrEnum):
    """What the protein does in the pathway."""

    LIGAND = "ligand"
    RECEPTOR = "receptor"
    CO_RECEPTOR = "co-receptor"
    KINASE = "kinase"
    TRANSCRIPTION_FACTOR = "transcription-factor"
    EFFECTOR = "effector"
    FEEDBACK_INHIBITOR = "feedback-inhibitor"
    PHOSPHATASE = "phosphatase"


class TargetBase(Strict):
    id: Slug
    symbol: Text = Field(description="approved symbol of the gene (HGNC)")
    name: Text = Field(description="approved name of the gene (HGNC)")
    synonyms: list[Text] = Field(default_factory=list, sa_type=JSON)
    role: Role = Field(sa_type=enum_type(Role))
    summary: Text


class TargetSeed(TargetBase):
    hgnc: Text
    uniprot: Text
    ensembl: Text
    publications: list[Slug] = Field(min_length=1)


class Target(Answered, TargetBase, table=True):
    id: Slug = Field(primary_key=True)


target_publication = link_table("target", "publication")


class TargetItem(TargetBase):
    """A target in a list."""

    xrefs: list[str] = Field(description="Bioregistry CURIEs")
    evidence: EvidenceCounts
    publications: list[PublicationRef]
    links: dict[str, str]


class TargetRecord(TargetItem):
    """A target, with what acts on it and what it acts on."""

    inhibitors: list[Ref]
    mechanisms: list[Ref]
    cancers: list[Ref]
    interactions: Interactions


TargetFilters = make_filters(
    Target,
    TargetItem,
    relations={
        "inhibitor": Kind.INHIBITOR,
        "mechanism": Kind.MECHANISM,
        "cancer": Kind.CANCER,
        "publication": Kind.PUBLICATION,
    },
)
