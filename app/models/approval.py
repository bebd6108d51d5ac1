"""Approvals: which agency allowed which inhibitor for which indication, and when."""

from typing import Any

from sqlmodel import Field

from app.models.base import (
    Answered,
    Kind,
    Ref,
    Slug,
    Strict,
    Text,
    Year,
    enum_type,
    foreign_key,
    link_table,
    related,
)
from app.models.filters import Leads, make_filters
from app.models.publication import PublicationRef
from app.models.vocabulary import Word


class Agency(Word):
    """The regulator that decided."""

    FDA = "FDA", "Food and Drug Administration, United States."
    EMA = "EMA", "European Medicines Agency; the European Commission decides."
    PMDA = "PMDA", "Pharmaceuticals and Medical Devices Agency, Japan."
    NMPA = "NMPA", "National Medical Products Administration, China."
    MHRA = "MHRA", "Medicines and Healthcare products Regulatory Agency, United Kingdom."
    HEALTH_CANADA = "Health Canada", "Health Canada."
    TGA = "TGA", "Therapeutic Goods Administration, Australia."
    SWISSMEDIC = "Swissmedic", "Swiss Agency for Therapeutic Products."
    MINZDRAV = "Minzdrav", "Ministry of Health, Russia."


class ApprovalStatus(Word):
    """Whether an approval stands."""

    APPROVED = "approved", "It may be sold for that."
    WITHDRAWN = "withdrawn", "It may no longer."
    EMERGENCY_USE = "emergency-use", "It may be used for that during an emergency, without a full approval."


class Proof(Word):
    """What an approval rests on."""

    REGULATOR = "regulator", "A document of the regulator, or a label that it allowed."
    SECONDARY = "secondary", "What others wrote of the decision: a company, a journal, a newspaper."


class ApprovalBase(Strict):
    id: Slug
    agency: Agency = Field(sa_type=enum_type(Agency))
    year: Year | None = Field(default=None, description="year of the decision; null if not seen")
    status: ApprovalStatus = Field(sa_type=enum_type(ApprovalStatus))
    population: Text | None = Field(default=None, description="the patients it was approved for")
    route: Text | None = Field(default=None, description="how it is given")
    brand: Text | None = Field(default=None, description="the name it is sold under")


class ApprovalSeed(ApprovalBase):
    inhibitor: Slug
    indication: Slug
    publications: list[Slug] = Field(min_length=1)


class Approval(Answered, ApprovalBase, table=True):
    id: Slug = Field(primary_key=True)
    inhibitor_id: Slug = foreign_key("inhibitor")
    indication_id: Slug = foreign_key("indication")
    for_cancer: bool = Field(description="whether the area of the indication is oncology")
    proof: Proof = Field(sa_type=enum_type(Proof), description="whether it rests on the regulator's own word")
    publications: list[Any] = related("Publication", "approval_publication")


approval_publication = link_table("approval", "publication")


class ApprovalItem(ApprovalBase):
    """An approval; `for_cancer` where the area of its indication is oncology."""

    inhibitor: Ref
    indication: Ref
    for_cancer: bool = Field(description="the area of the indication is oncology")
    proof: Proof = Field(description="whether it rests on a document of the regulator")
    publications: list[PublicationRef]
    links: dict[str, str]


ApprovalFilters = make_filters(
    Approval,
    ApprovalItem,
    references={"inhibitor": Kind.INHIBITOR, "indication": Kind.INDICATION},
    relations={"publication": Leads(Kind.PUBLICATION, "publications.id")},
)
