"""Indications: conditions a regulator approved an inhibitor for."""

from typing import Annotated, Any

from sqlalchemy import JSON
from sqlmodel import Field

from app.models.approval import Agency, ApprovalItem
from app.models.base import (
    Answered,
    Kind,
    Ref,
    Registries,
    Slug,
    Strict,
    Text,
    enum_type,
    foreign_key,
    related,
)
from app.models.filters import Leads, make_filters
from app.models.vocabulary import Word


class Area(Word):
    """The medical field of a condition."""

    RHEUMATOLOGY = "rheumatology", "Joints, muscles, and what the immune system does to them."
    HAEMATOLOGY = (
        "haematology",
        "Blood and lymph nodes, where it is no cancer, and what follows a transplant of them.",
    )
    IMMUNOLOGY = "immunology", "The immune system at large, transplants included."
    INFECTIOUS_DISEASE = "infectious-disease", "Infections."
    NEUROLOGY = "neurology", "Nerves and brain."
    DERMATOLOGY = "dermatology", "Skin."
    ENDOCRINOLOGY = "endocrinology", "Hormones and metabolism."
    ONCOLOGY = "oncology", "Cancer, and neoplasms of the blood."


class IndicationBase(Strict):
    id: Slug
    name: Text
    synonyms: list[Text] = Field(default_factory=list, sa_type=JSON)
    area: Area = Field(sa_type=enum_type(Area))


class IndicationSeed(IndicationBase):
    cancer: Slug | None = None
    ids: dict[str, str] = Field(default_factory=dict)


class Indication(Answered, IndicationBase, table=True):
    id: Slug = Field(primary_key=True)
    cancer_id: Slug | None = foreign_key("cancer", default=None)
    approvals: list[Any] = related("Approval")


class IndicationItem(IndicationBase):
    """An indication in a list."""

    cancer: Ref | None = Field(description="the same condition among the cancers, if it is one")
    inhibitors: list[Ref] = Field(description="with an approval that stands, or stood, for it")
    xrefs: Annotated[list[str], Registries("doid", "efo", "icd10", "icd10cm", "mesh", "mondo", "ncit")] = (
        Field(description="Bioregistry CURIEs")
    )
    links: dict[str, str]


class IndicationRecord(IndicationItem):
    """An indication, with every approval for it."""

    approvals: list[ApprovalItem]


IndicationFilters = make_filters(
    Indication,
    IndicationItem,
    references={"cancer": Kind.CANCER},
    relations={
        "inhibitor": Leads(Kind.INHIBITOR, "approvals.inhibitor"),
        "agency": Leads(Agency, "approvals.agency"),
        "publication": Leads(Kind.PUBLICATION, "approvals.publication"),
    },
    links={"approval": "approvals"},
)
