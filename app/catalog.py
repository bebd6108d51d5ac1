"""What is served: one line per collection. Lists, records, seed files and documentation come from it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel

from app.models.approval import Approval, ApprovalFilters, ApprovalItem, ApprovalSeed
from app.models.base import Kind, Strict
from app.models.cancer import Cancer, CancerFilters, CancerItem, CancerRecord, CancerSeed
from app.models.evidence import Evidence, EvidenceFilters, EvidenceItem, EvidenceRecord, EvidenceSeed
from app.models.filters import Filters
from app.models.indication import (
    Indication,
    IndicationFilters,
    IndicationItem,
    IndicationRecord,
    IndicationSeed,
)
from app.models.inhibitor import Inhibitor, InhibitorFilters, InhibitorItem, InhibitorRecord, InhibitorSeed
from app.models.interaction import Interaction, InteractionFilters, InteractionItem, InteractionSeed
from app.models.mechanism import Mechanism, MechanismFilters, MechanismItem, MechanismRecord, MechanismSeed
from app.models.publication import (
    Publication,
    PublicationFilters,
    PublicationItem,
    PublicationRecord,
    PublicationSeed,
)
from app.models.target import Target, TargetFilters, TargetItem, TargetRecord, TargetSeed
from app.models.trial import Trial, TrialFilters, TrialItem, TrialSeed


@dataclass(frozen=True)
class Resource:
    """A collection: its path, its kind of record, and the models of its rows and answers."""

    path: str
    kind: Kind
    seed: type[Strict]
    table: Any
    item: type[BaseModel]
    record: type[BaseModel]
    filters: type[Filters]
    example: str
    """The id of a short record that documentation shows."""
    about: str

    @property
    def article(self) -> str:
        return "an" if self.kind.value[0] in "aeiou" else "a"


RESOURCES = (
    Resource(
        "publications", Kind.PUBLICATION, PublicationSeed, Publication, PublicationItem, PublicationRecord,
        PublicationFilters,
        "agarwal-2008", "What every fact rests on: articles, labels, registers, pages.",
    ),
    Resource(
        "targets", Kind.TARGET, TargetSeed, Target, TargetItem, TargetRecord, TargetFilters,
        "tyk2", "Genes and proteins of the IL-6 pathway, by HGNC symbol.",
    ),
    Resource(
        "cancers", Kind.CANCER, CancerSeed, Cancer, CancerItem, CancerRecord, CancerFilters,
        "uveal-melanoma", "Cancers, and what a high IL-6 means for their prognosis.",
    ),
    Resource(
        "mechanisms", Kind.MECHANISM, MechanismSeed, Mechanism, MechanismItem, MechanismRecord,
        MechanismFilters,
        "cluster-signalling", "How IL-6 acts in cancer, and what limits blocking it.",
    ),
    Resource(
        "indications", Kind.INDICATION, IndicationSeed, Indication, IndicationItem, IndicationRecord,
        IndicationFilters,
        "takayasu-arteritis", "Conditions that a regulator approved an inhibitor for, by area.",
    ),
    Resource(
        "inhibitors", Kind.INHIBITOR, InhibitorSeed, Inhibitor, InhibitorItem, InhibitorRecord,
        InhibitorFilters,
        "levilimab", "Drugs on IL-6 and its receptor, or further down the pathway.",
    ),
    Resource(
        "approvals", Kind.APPROVAL, ApprovalSeed, Approval, ApprovalItem, ApprovalItem, ApprovalFilters,
        "siltuximab-idiopathic-multicentric-castleman-disease-fda",
        "Which agency allowed which inhibitor for which indication, and when.",
    ),
    Resource(
        "interactions", Kind.INTERACTION, InteractionSeed, Interaction, InteractionItem, InteractionItem,
        InteractionFilters,
        "il6-binds-il6r", "The edges of the pathway graph, each with its sources.",
    ),
    Resource(
        "trials", Kind.TRIAL, TrialSeed, Trial, TrialItem, TrialItem, TrialFilters,
        "nct00433446", "Registered studies of an inhibitor in a cancer, with their outcome, failures too.",
    ),
    Resource(
        "evidence", Kind.EVIDENCE, EvidenceSeed, Evidence, EvidenceItem, EvidenceRecord, EvidenceFilters,
        "ovarian-serum-il6-os-tempfer-1997",
        "Single claims, each from one publication, with direction, level and figures.",
    ),
)  # fmt: skip
"""In an order in which rows can be inserted: what is referred to comes first."""

BY_KIND = {resource.kind: resource for resource in RESOURCES}


class Named(NamedTuple):
    """A filter as a parameter names it."""

    link: str
    """The relationship to the rows it is asked of; empty for the records themselves."""
    filters: type[Filters]
    name: str
    excluded: bool


def filter_named(filters: type[Filters], name: str) -> Named | None:
    """The filter that a parameter names: `year`, `year__not`, `approval.year__gte`; None if it is none."""
    kind, of_linked, plain = name.rpartition(".")
    if of_linked and kind not in filters.links:
        return None
    owner = BY_KIND[Kind(kind)].filters if of_linked else filters
    plain, excluded, rest = plain.partition("__not")
    field = plain.partition("__")[0]
    kinds = (owner.columns, owner.members, owner.references, owner.relations, owner.switches, owner.aliases)
    known: set[str] = set().union(*kinds)
    if rest or plain not in owner.model_fields or field not in known | {*owner.extras}:
        return None
    if excluded and (field != plain or field in {*owner.extras} - known):
        return None
    return Named(filters.links[kind] if of_linked else "", owner, plain, bool(excluded))


def parameters_of(filters: type[Filters]) -> list[str]:
    """All filters that a list takes, by the names of their parameters."""
    own = [f"{name}{end}" for name in filters.model_fields for end in ("", "__not")]
    linked = [
        f"{kind}.{name}"
        for kind in filters.links
        for name in parameters_of(BY_KIND[Kind(kind)].filters)
        if "." not in name
    ]
    return [each for each in (*own, *linked) if filter_named(filters, each)]
