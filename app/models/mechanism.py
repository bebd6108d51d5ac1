"""Mechanisms: how IL-6 acts in cancer, and what limits blocking it."""

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


class Category(Word):
    """Which side of the disease a mechanism belongs to."""

    SIGNALLING = "signalling", "How the signal of IL-6 travels."
    HALLMARK = "hallmark", "What a cancer cell gains by it."
    MICROENVIRONMENT = "microenvironment", "What it does to the tissue around the tumour."
    RESISTANCE = "resistance", "How it makes a treatment fail."
    SYSTEMIC = "systemic", "What it does to the whole body."
    LIMITATION = "limitation", "What holds back the use of inhibitors."


class MechanismBase(Strict):
    id: Slug
    name: Text
    synonyms: list[Text] = Field(default_factory=list, sa_type=JSON)
    category: Category = Field(sa_type=enum_type(Category))
    summary: Text


class MechanismSeed(MechanismBase):
    ids: dict[str, str] = Field(default_factory=dict)
    publications: list[Slug] = Field(min_length=1)


class Mechanism(Answered, MechanismBase, table=True):
    id: Slug = Field(primary_key=True)
    claims: list[Any] = related("Evidence")
    incoming: list[Any] = edges(Kind.MECHANISM, "object")
    outgoing: list[Any] = edges(Kind.MECHANISM, "source")
    publications: list[Any] = related("Publication", "mechanism_publication")


mechanism_publication = link_table("mechanism", "publication")


class MechanismItem(MechanismBase):
    """A mechanism in a list."""

    xrefs: Annotated[list[str], Registries("go", "kegg", "reactome", "wikipathways")] = Field(
        description="Bioregistry CURIEs of what it is related to"
    )
    evidence: EvidenceCounts
    publications: list[PublicationRef]
    links: dict[str, str]


class MechanismRecord(MechanismItem):
    """A mechanism, with its place in the pathway."""

    cancers: list[Ref]
    targets: list[Ref]
    inhibitors: list[Ref]
    interactions: Interactions


MechanismFilters = make_filters(
    Mechanism,
    MechanismItem,
    relations={
        "cancer": Leads(Kind.CANCER, "claims.cancer", *NEIGHBOURS),
        "inhibitor": Leads(Kind.INHIBITOR, "claims.inhibitor", *NEIGHBOURS),
        "target": Leads(Kind.TARGET, "claims.target", *NEIGHBOURS),
        "publication": Leads(Kind.PUBLICATION, "publications.id"),
    },
    links={"evidence": "claims"},
)
