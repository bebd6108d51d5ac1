"""Approvals: which agency allowed which inhibitor for which indication, and when."""

from enum import StrEnum
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


class Agency(StrEnum):
    """The regulator that decided."""

    FDA = "FDA"
    EMA = "EMA"
    PMDA = "PMDA"
    NMPA = "NMPA"
    MHRA = "MHRA"
    HEALTH_CANADA = "Health Canada"
    TGA = "TGA"
    SWISSMEDIC = "Swissmedic"
    MINZDRAV = "Minzdrav"


class ApprovalStatus(StrEnum):
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    EMERGENCY_USE = "emergency-use"


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
    publications: list[Any] = related("Publication", "approval_publication")


approval_publication = link_table("approval", "publication")


class ApprovalItem(ApprovalBase):
    """An approval; `for_cancer` where the area of its indication is oncology."""

    inhibitor: Ref
    indication: Ref
    for_cancer: bool = Field(description="the area of the indication is oncology")
    publications: list[PublicationRef]
    links: dict[str, str]


ApprovalFilters = make_filters(
    Approval,
    ApprovalItem,
    references={"inhibitor": Kind.INHIBITOR, "indication": Kind.INDICATION},
    relations={"publication": Leads(Kind.PUBLICATION, "publications.id")},
)
