"""A claim without its source: what is said, which way, how strongly, with which figures."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, model_validator
from sqlalchemy import JSON
from sqlmodel import Field

from app.models.base import Ref, Slug, Strict, Text, enum_type
from app.models.vocabulary import (
    FITTING,
    Analysis,
    Comparison,
    Direction,
    Endpoint,
    EvidenceType,
    Level,
    NotHarmonised,
    Significance,
    Specimen,
    StudyType,
    Timing,
)


class Relation(StrEnum):
    """Where p lies, seen from `p_value`."""

    LESS = "<"
    GREATER = ">"


class Effect(Strict):
    """The figures behind a claim."""

    measure: Text | None = Field(default=None, description="HR, OR, RR, ORR, median-OS ...")
    value: float | None = None
    ci_low: float | None = Field(default=None, description="lower end of the 95 % confidence interval")
    ci_high: float | None = Field(default=None, description="upper end of the 95 % confidence interval")
    unit: Text | None = None
    p_relation: Relation | None = Field(default=None, description="null: p equals p_value")
    p_value: float | None = Field(default=None, ge=0, le=1)
    endpoint: Endpoint | None = Field(default=None, description="what the figure is about")
    event: Text | None = Field(default=None, description="which event, response or measure the end point is")
    horizon_months: int | None = Field(default=None, ge=1, description="the time at which a rate was taken")
    n: int | None = Field(default=None, ge=1, description="patients in the analysis, or what `unit` names")
    comparison: Comparison | None = Field(
        default=None, description="which group a ratio compares with which; null: there is no ratio"
    )

    @model_validator(mode="after")
    def check_figures(self) -> Self:
        """Refuse figures that cannot stand together."""
        if (self.ci_low is None) != (self.ci_high is None):
            raise ValueError("ci_low and ci_high come together")
        if self.ci_low is not None and self.ci_high is not None:
            if self.value is None:
                raise ValueError("a confidence interval needs its value")
            if not self.ci_low <= self.value <= self.ci_high:
                raise ValueError(f"the interval {self.ci_low} to {self.ci_high} does not hold {self.value}")
        if self.p_relation is not None and self.p_value is None:
            raise ValueError("p_relation needs a p_value")
        if self.value is not None and self.measure is None:
            raise ValueError("a value needs its measure")
        if self.measure in ("HR", "OR", "RR") and self.value is not None and self.value <= 0:
            raise ValueError(f"a ratio is above 0, not {self.value}")
        if self.unit == "%" and self.value is not None and not -100 <= self.value <= 100:
            raise ValueError(f"a share in percent lies within 100, not at {self.value}")
        return self


class Harmonised(BaseModel):
    """A ratio so turned that claims can be compared.

    Of a prognostic claim: high IL-6 against low, and more than 1 is worse. Of a claim on a drug: treated
    against control, and less than 1 favours the drug.
    """

    measure: str = Field(description="HR, OR, RR or ratio, as published")
    value: float = Field(description="the ratio, turned where it was published the other way round")
    ci_low: float | None = Field(description="lower end of its interval")
    ci_high: float | None = Field(description="upper end of its interval")


class ShownEffect(Effect):
    """The figures behind a claim as published, and its ratio turned like those of other claims."""

    harmonised: Harmonised | None = Field(description="null where there is none; `not_harmonised` says why")
    not_harmonised: NotHarmonised | None = Field(description="why the ratio cannot be compared with others")


class ClaimBase(Strict):
    id: Slug
    type: EvidenceType = Field(sa_type=enum_type(EvidenceType))
    direction: Direction = Field(sa_type=enum_type(Direction))
    level: Level = Field(sa_type=enum_type(Level))
    significance: Significance = Field(sa_type=enum_type(Significance))
    statement: Text = Field(description="the claim, in our own words")
    combination: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="what the inhibitor was given with"
    )
    locator: Text | None = Field(default=None, description="where in the publication")
    specimen: Specimen | None = Field(
        default=None,
        sa_type=enum_type(Specimen),
        description="in what the biomarker was measured; null: the row does not say",
    )
    timing: Timing | None = Field(
        default=None, sa_type=enum_type(Timing), description="when the sample was taken; null: not said"
    )
    analysis: Analysis | None = Field(
        default=None,
        sa_type=enum_type(Analysis),
        description="whether it was tested beside other factors; null: not said",
    )
    study_type: StudyType | None = Field(
        default=None, sa_type=enum_type(StudyType), description="in whom or in what a drug was tested"
    )


class Claim(ClaimBase):
    """A claim as the publication it rests on lists it."""

    cancer: Ref | None
    inhibitor: Ref | None
    mechanism: Ref | None
    target: Ref | None
    effect: ShownEffect | None


def words_of(kind: EvidenceType) -> Any:
    """What claims of a type can have found, as the keys of their counts."""
    words = [each for found in FITTING[kind].values() for each in found]
    return dict[Literal[tuple(words)], int]  # type: ignore[misc]


class EvidenceCounts(BaseModel):
    """How many claims there are, by what they found; claims of different types are never added up."""

    total: int = Field(description="claims of all types")
    therapeutic: words_of(EvidenceType.THERAPEUTIC) = Field(  # type: ignore[valid-type]
        description="claims on what a drug did to a cancer, by what they found"
    )
    safety: words_of(EvidenceType.SAFETY) = Field(  # type: ignore[valid-type]
        description="claims on harms, by what they found"
    )
    prognostic: words_of(EvidenceType.PROGNOSTIC) = Field(  # type: ignore[valid-type]
        description="claims on how patients with much of a biomarker fare, by what they found"
    )
    mechanistic: words_of(EvidenceType.MECHANISTIC) = Field(  # type: ignore[valid-type]
        description="claims on what the pathway does, by what they found"
    )
    regulatory: words_of(EvidenceType.REGULATORY) = Field(  # type: ignore[valid-type]
        description="claims on decisions of regulators, by what they found"
    )


def count_claims(found: Iterable[tuple[EvidenceType, Significance, int]]) -> EvidenceCounts:
    """The counts of claims that are given by type and by what they found."""
    counts: dict[str, Any] = {each.value: {} for each in EvidenceType}
    total = 0
    for kind, significance, number in found:
        counts[kind][significance] = counts[kind].get(significance, 0) + number
        total += number
    for kind, directions in FITTING.items():
        words = [each for found_ in directions.values() for each in found_]
        counts[kind] = {each: counts[kind][each] for each in words if each in counts[kind]}
    return EvidenceCounts(total=total, **counts)
