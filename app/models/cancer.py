"""Cancers, and what a high IL-6 means for their prognosis."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel
from pydantic import Field as Parameter
from sqlalchemy import JSON, func, literal, select
from sqlmodel import Field, SQLModel

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
    foreign_key,
    link_table,
    related,
)
from app.models.claim import EvidenceCounts
from app.models.filters import NEIGHBOURS, Leads, Switch, make_filters
from app.models.interaction import Interactions
from app.models.publication import PublicationRef
from app.models.trial import TrialBrief
from app.models.vocabulary import Analysis, Level, Measured, Word


class Group(Word):
    """From which tissue a cancer comes."""

    CARCINOMA = "carcinoma", "Of epithelium."
    HAEMATOLOGICAL = "haematological", "Of blood, lymph or plasma cells."
    MELANOMA = "melanoma", "Of pigment cells."
    CNS = "cns", "Of brain or spine."
    MESOTHELIOMA = "mesothelioma", "Of pleura or peritoneum."
    EMBRYONAL = "embryonal", "Of tissue that never matured."
    SARCOMA = "sarcoma", "Of bone or soft tissue."
    MIXED = "mixed", "Cancers of several groups together."


class Verdict(Word):
    """What the prognostic evidence of a cancer adds up to."""

    POOR = "poor", "More publications link a high IL-6 to a worse outcome than say otherwise."
    BETTER = "better", "More publications link a high IL-6 to a better outcome than say otherwise."
    MIXED = "mixed", "The publications disagree, or as many found no link."
    NO_LINK = "no-link", "It was looked for, and no publication found a link."
    NOT_STUDIED = "not-studied", "No publication here looked for a link."


class Votes(BaseModel):
    """A verdict, and the publications behind it; those that describe one study count once."""

    verdict: Verdict
    specimen: Measured = Field(description="in what IL-6 was measured; others are left out")
    publications: int = Field(description="publications that count")
    poor: int = Field(description="of these, that link a high IL-6 to a poor outcome")
    better: int = Field(description="that link it to a better outcome")
    no_link: int = Field(description="that found no link, or none beside other factors")
    divided: int = Field(description="whose claims point different ways")
    best_level: Level | None = Field(description="the strongest level among the claims that count")


class Prognosis(Votes):
    """Prognosis when IL-6 is high, by claims on survival, recurrence, progression or death."""

    model_config = {"json_schema_serialization_defaults_required": True}

    min_level: Level | None = Field(default=None, description="claims of a lower level are left out")
    analysis: Analysis | None = Field(default=None, description="claims of another analysis are left out")
    by_specimen: list[Votes] = Field(description="the same for each specimen that was studied")


class CancerBase(Strict):
    id: Slug
    name: Text
    synonyms: list[Text] = Field(default_factory=list, sa_type=JSON)
    sought_as: list[Text] = Field(
        default_factory=list, sa_type=JSON, description="what people call it, and other cancers too"
    )
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
    prognosis: Verdict = Field(
        sa_type=enum_type(Verdict),
        description="what a high IL-6 means for the prognosis: the verdict",
    )
    trials: list[Any] = related("Trial", "trial_cancer")
    claims: list[Any] = related("Evidence")
    incoming: list[Any] = edges(Kind.CANCER, "object")
    outgoing: list[Any] = edges(Kind.CANCER, "source")
    publications: list[Any] = related("Publication", "cancer_publication")


class Judgement(SQLModel, table=True):
    """A verdict on a cancer over the claims of a specimen, a level or better, and an analysis."""

    cancer_id: str = Field(primary_key=True, foreign_key="cancer.id")
    specimen: Measured = Field(primary_key=True, sa_type=enum_type(Measured))
    min_level: Level = Field(primary_key=True, sa_type=enum_type(Level))
    analysis: str = Field(primary_key=True, description="`any`, or the one analysis that counts")
    verdict: Verdict = Field(sa_type=enum_type(Verdict))
    publications: int
    poor: int
    better: int
    no_link: int
    divided: int
    best_level: Level = Field(sa_type=enum_type(Level))


NOT_STUDIED = {
    "verdict": Verdict.NOT_STUDIED,
    **dict.fromkeys(("publications", "poor", "better", "no_link", "divided"), 0),
    "best_level": None,
}
"""The verdict on a cancer without a judgement."""


def asks_otherwise(filters: Any) -> bool:
    """Whether a list asks for another verdict than the one on all evidence of circulating IL-6."""
    return any(getattr(filters, name) is not None for name in ("specimen", "min_level", "analysis"))


def judgement_of(filters: Any) -> tuple[Measured, Level, str]:
    """The specimen, the level and the analysis of the verdicts that a list asks for."""
    return filters.specimen or Measured.CIRCULATING, filters.min_level or Level.E, filters.analysis or "any"


def judged(name: str, otherwise: Any) -> Callable[[Any], Any]:
    """A column of the judgement that a list asks for; a cancer without one was not studied."""

    def column(filters: Any) -> Any:
        held = Judgement.__table__.c  # type: ignore[attr-defined]
        specimen, level, analysis = judgement_of(filters)
        chosen = select(held[name]).where(
            held.cancer_id == Cancer.id,
            held.specimen == specimen,
            held.min_level == level,
            held.analysis == analysis,
        )
        own = chosen.correlate(Cancer).scalar_subquery()
        return func.coalesce(own, literal(otherwise, held[name].type), type_=held[name].type)

    return column


def verdict(filters: Any) -> Any:
    """The verdict that a list asks for: the one that the table holds, or another judgement."""
    return judged("verdict", Verdict.NOT_STUDIED)(filters) if asks_otherwise(filters) else Cancer.prognosis


cancer_publication = link_table("cancer", "publication")


class CancerItem(CancerBase):
    """A cancer in a list."""

    parent: Ref | None = Field(description="the wider cancer that holds this one")
    prognosis: Prognosis
    xrefs: Annotated[
        list[str], Registries("doid", "icd10", "icd10cm", "mesh", "mondo", "ncit", "oncotree")
    ] = Field(description="Bioregistry CURIEs")
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


CancerFilters = make_filters(
    Cancer,
    CancerItem,
    references={"parent": Kind.CANCER},
    relations={
        "target": Leads(Kind.TARGET, "claims.target", *NEIGHBOURS),
        "inhibitor": Leads(Kind.INHIBITOR, "trials.inhibitor", "claims.inhibitor"),
        "mechanism": Leads(Kind.MECHANISM, "claims.mechanism", *NEIGHBOURS),
        "publication": Leads(Kind.PUBLICATION, "publications.id"),
    },
    links={"trial": "trials", "evidence": "claims"},
    switches={
        "has_trial": Switch("whether an inhibitor was tried in it", lambda cancer: cancer.trials.any()),
    },
    extra={
        "specimen": (
            Measured | None,
            Parameter(
                default=None, description="judge the prognosis by IL-6 in this; `circulating` if not said"
            ),
        ),
        "min_level": (
            Level | None,
            Parameter(default=None, description="judge it on claims of this level or better alone"),
        ),
        "analysis": (
            Analysis | None,
            Parameter(default=None, description="judge it on claims of this analysis alone"),
        ),
    },
    computed={
        "prognosis": verdict,
        "prognosis.poor": judged("poor", 0),
        "prognosis.publications": judged("publications", 0),
    },
)
