"""Evidence: one claim from one publication."""

from pydantic import Field as Parameter
from sqlmodel import Field

from app.models.base import Answered, Kind, Slug, enum_type, foreign_key
from app.models.claim import Claim, ClaimBase, Effect, Relation
from app.models.filters import make_filters
from app.models.publication import PublicationItem, PublicationRef
from app.models.vocabulary import Comparison, Endpoint, Level


class EvidenceSeed(ClaimBase):
    cancer: Slug | None = None
    inhibitor: Slug | None = None
    mechanism: Slug | None = None
    target: Slug | None = None
    effect: Effect | None = None
    publication: Slug


class Evidence(Answered, ClaimBase, table=True):
    id: Slug = Field(primary_key=True)
    cancer_id: Slug | None = foreign_key("cancer", default=None)
    inhibitor_id: Slug | None = foreign_key("inhibitor", default=None)
    mechanism_id: Slug | None = foreign_key("mechanism", default=None)
    target_id: Slug | None = foreign_key("target", default=None)
    publication_id: Slug = foreign_key("publication")
    measure: str | None = None
    value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    unit: str | None = None
    p_relation: Relation | None = Field(default=None, sa_type=enum_type(Relation))
    p_value: float | None = None
    endpoint: Endpoint | None = Field(default=None, sa_type=enum_type(Endpoint))
    event: str | None = None
    horizon_months: int | None = None
    n: int | None = None
    comparison: Comparison | None = Field(default=None, sa_type=enum_type(Comparison))


class EvidenceItem(Claim):
    """A claim and its source."""

    publication: PublicationRef
    links: dict[str, str]


class EvidenceRecord(Claim):
    """A claim and its source, whole."""

    publication: PublicationItem
    links: dict[str, str]


EvidenceFilters = make_filters(
    Evidence,
    EvidenceItem,
    references={
        "cancer": Kind.CANCER,
        "inhibitor": Kind.INHIBITOR,
        "mechanism": Kind.MECHANISM,
        "target": Kind.TARGET,
        "publication": Kind.PUBLICATION,
    },
    extra={"min_level": (Level | None, Parameter(default=None, description="of this level or better"))},
)
