"""Targets: genes and proteins of the IL-6 pathway."""

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
    edges,
    enum_type,
    link_table,
    related,
)
from app.models.claim import EvidenceCounts
from app.models.filters import NEIGHBOURS, Leads, make_filters
from app.models.interaction import Interactions
from app.models.publication import PublicationRef
from app.models.vocabulary import Word


class Role(Word):
    """What the protein does in the pathway."""

    LIGAND = "ligand", "Binds a receptor from outside the cell."
    RECEPTOR = "receptor", "Binds the ligand."
    CO_RECEPTOR = "co-receptor", "Joins ligand and receptor, and carries the signal into the cell."
    KINASE = "kinase", "Puts phosphate on other proteins."
    TRANSCRIPTION_FACTOR = "transcription-factor", "Switches genes on or off."
    EFFECTOR = "effector", "Does what the signal calls for."
    FEEDBACK_INHIBITOR = "feedback-inhibitor", "Is made upon the signal, and ends it."
    PHOSPHATASE = "phosphatase", "Takes phosphate off other proteins."


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
    ncbigene: Text
    publications: list[Slug] = Field(min_length=1)


class Target(Answered, TargetBase, table=True):
    id: Slug = Field(primary_key=True)
    inhibitors: list[Any] = related("Inhibitor", "inhibitor_target")
    claims: list[Any] = related("Evidence")
    incoming: list[Any] = edges(Kind.TARGET, "object")
    outgoing: list[Any] = edges(Kind.TARGET, "source")
    publications: list[Any] = related("Publication", "target_publication")


target_publication = link_table("target", "publication")


class TargetItem(TargetBase):
    """A target in a list."""

    xrefs: Annotated[list[str], Registries("ensembl", "hgnc", "ncbigene", "uniprot")] = Field(
        description="Bioregistry CURIEs"
    )
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
        "inhibitor": Leads(Kind.INHIBITOR, "inhibitors.id"),
        "mechanism": Leads(Kind.MECHANISM, "claims.mechanism", *NEIGHBOURS),
        "cancer": Leads(Kind.CANCER, "claims.cancer", *NEIGHBOURS),
        "publication": Leads(Kind.PUBLICATION, "publications.id"),
    },
    links={"evidence": "claims"},
)
