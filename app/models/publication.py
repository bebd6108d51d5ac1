"""Publications: what every fact rests on."""

import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, StringConstraints
from sqlalchemy import JSON
from sqlmodel import Field

from app.models.base import Answered, Kind, Ref, Registries, Slug, Strict, Text, Year, enum_type, related
from app.models.claim import Claim
from app.models.filters import Leads, make_filters
from app.models.vocabulary import Level, Word


class PublicationKind(Word):
    """What kind of source it is, and of which study."""

    REVIEW = "review", "An article that sums up others."
    META_ANALYSIS = "meta-analysis", "Studies that are pooled by figures."
    RANDOMISED_TRIAL = "randomised-trial", "Patients in groups by lot."
    SINGLE_ARM_TRIAL = "single-arm-trial", "A trial in which groups are not by lot."
    COHORT = "cohort", "Patients who are followed, or looked back at, outside a trial."
    CASE_REPORT = "case-report", "Single patients."
    IN_VIVO = "in-vivo", "Animals."
    IN_VITRO = "in-vitro", "Cells or molecules."
    REGULATORY_LABEL = "regulatory-label", "A document of a regulator, or a label that it allowed."
    WEB_PAGE = "web-page", "A page, such as news, of whoever publishes it."
    REGISTRY = "registry", "An entry in a register, such as one of trials."


LEVELS = {
    PublicationKind.META_ANALYSIS: Level.A,
    PublicationKind.REGULATORY_LABEL: Level.A,
    PublicationKind.RANDOMISED_TRIAL: Level.B,
    PublicationKind.SINGLE_ARM_TRIAL: Level.B,
    PublicationKind.COHORT: Level.B,
    PublicationKind.CASE_REPORT: Level.C,
    PublicationKind.IN_VIVO: Level.D,
    PublicationKind.IN_VITRO: Level.D,
    PublicationKind.REVIEW: Level.E,
    PublicationKind.WEB_PAGE: Level.E,
    PublicationKind.REGISTRY: Level.E,
}
"""How strong a source of each kind is, where no claim says it of its own."""

Url = Annotated[str, StringConstraints(pattern=r'^https?://[^\s<>"]+$')]


def check_day(text: str) -> str:
    """Refuse a day that no calendar has."""
    if len(text) == len("2022-07-18"):
        datetime.date.fromisoformat(text)
    return text


IsoDate = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])(-[0-3][0-9])?$"), AfterValidator(check_day)
]


class PublicationBase(Strict):
    id: Slug
    kind: PublicationKind = Field(sa_type=enum_type(PublicationKind))
    title: Text
    authors: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="as `Family AB`; empty if not seen"
    )
    journal: Text | None = None
    year: Year | None = Field(default=None, description="year of publication; null if not seen")
    published: IsoDate | None = Field(default=None, description="day or month of publication, ISO 8601")
    volume: Text | None = None
    issue: Text | None = None
    pages: Text | None = None
    doi: Text | None = None
    pmid: Text | None = None
    pmcid: Text | None = None
    url: Url | None = Field(default=None, description="where it can be read")
    authors_complete: bool = Field(default=True, description="whether `authors` names all of them")
    unverified: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="fields that were entered without having been seen"
    )
    keywords: list[Text] = Field(default_factory=list, sa_type=JSON, description="as the source lists them")
    seed: bool = Field(default=False, description="one of the documents the atlas was founded on")


class PublicationSeed(PublicationBase):
    same_study_as: Slug | None = None


class Publication(Answered, PublicationBase, table=True):
    id: Slug = Field(primary_key=True)
    same_study_as_id: Slug | None = None
    claims: list[Any] = related("Evidence")
    approvals: list[Any] = related("Approval", "approval_publication")
    trials: list[Any] = related("Trial", "trial_publication")
    cancers: list[Any] = related("Cancer", "cancer_publication")
    inhibitors: list[Any] = related("Inhibitor", "inhibitor_publication")
    mechanisms: list[Any] = related("Mechanism", "mechanism_publication")
    targets: list[Any] = related("Target", "target_publication")


class PublicationRef(Ref):
    """A source: enough to cite it and to open it. `name` is the title."""

    year: int | None
    doi: str | None
    pmid: str | None
    url: str


class PublicationItem(PublicationBase):
    """A publication in a list."""

    same_study_as: Ref | None = Field(description="the publication that describes the same study, and counts")
    citation: str = Field(description="the reference in one line")
    xrefs: Annotated[list[str], Registries("doi", "pmcid", "pmid")] = Field(description="Bioregistry CURIEs")
    links: dict[str, str]


class CitedBy(BaseModel):
    """The records that name the publication as a source."""

    inhibitors: list[Ref]
    targets: list[Ref]
    cancers: list[Ref]
    mechanisms: list[Ref]
    approvals: list[Ref]
    trials: list[Ref]
    interactions: list[Ref]


class PublicationRecord(PublicationItem):
    """A publication, and everything in the atlas that rests on it."""

    evidence: list[Claim] = Field(description="the claims that rest on it")
    cited_by: CitedBy


PublicationFilters = make_filters(
    Publication,
    PublicationItem,
    references={"same_study_as": Kind.PUBLICATION},
    relations={
        "cancer": Leads(Kind.CANCER, "claims.cancer", "trials.cancer", "cancers.id"),
        "inhibitor": Leads(
            Kind.INHIBITOR, "claims.inhibitor", "trials.inhibitor", "approvals.inhibitor", "inhibitors.id"
        ),
        "mechanism": Leads(Kind.MECHANISM, "claims.mechanism", "mechanisms.id"),
        "target": Leads(Kind.TARGET, "claims.target", "targets.id"),
    },
    links={"approval": "approvals", "trial": "trials", "evidence": "claims"},
    aliases={"author": "authors"},
)
