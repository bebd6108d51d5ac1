"""Inhibitors: the drugs, on IL-6 and its receptor or further down the pathway."""

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
    Year,
    edges,
    enum_type,
    foreign_key,
    link_table,
    related,
)
from app.models.claim import EvidenceCounts
from app.models.filters import NEIGHBOURS, Leads, Switch, make_filters
from app.models.publication import PublicationRef
from app.models.trial import TrialBrief
from app.models.vocabulary import Word


class Scope(Word):
    """`direct` binds IL-6, its receptor or their complex; `pathway` acts on gp130, a JAK or STAT3."""

    DIRECT = "direct", "Binds IL-6, its receptor, or the complex of both."
    PATHWAY = "pathway", "Acts further down: on gp130, a JAK or STAT3."


class Action(Word):
    """How a drug keeps the signal of IL-6 from going on."""

    NEUTRALISES_LIGAND = "neutralises-ligand", "Binds IL-6, so that it cannot bind its receptor."
    BLOCKS_RECEPTOR = "blocks-receptor", "Binds the IL-6 receptor, so that IL-6 cannot."
    TRAPS_COMPLEX = "traps-complex", "Binds IL-6 together with its soluble receptor."
    BLOCKS_CO_RECEPTOR = "blocks-co-receptor", "Acts on gp130."
    INHIBITS_KINASE = "inhibits-kinase", "Acts on one or several JAKs."
    INHIBITS_TRANSCRIPTION_FACTOR = "inhibits-transcription-factor", "Acts on STAT3, or on its making."


class Modality(Word):
    """What kind of substance a drug is."""

    MONOCLONAL_ANTIBODY = "monoclonal-antibody", "An antibody of one kind, whole."
    NANOBODY = "nanobody", "The binding part of an antibody of camels."
    FUSION_PROTEIN = "fusion-protein", "A receptor joined to a part of an antibody."
    SMALL_MOLECULE = "small-molecule", "A chemical compound."
    ANTISENSE_OLIGONUCLEOTIDE = "antisense-oligonucleotide", "A strand that makes an mRNA useless."


class InhibitorStatus(Word):
    """`approved` means by some agency for some indication: see `approvals` for which."""

    APPROVED = "approved", "Some agency allows it for some condition; `approvals` say which."
    INVESTIGATIONAL = "investigational", "It is tested, and allowed nowhere."
    DISCONTINUED = "discontinued", "Its development has ended."


class InhibitorBase(Strict):
    id: Slug
    name: Text
    synonyms: list[Text] = Field(default_factory=list, sa_type=JSON, description="other names and codes")
    brands: list[Text] = Field(default_factory=list, sa_type=JSON, description="names it is sold under")
    scope: Scope = Field(sa_type=enum_type(Scope))
    action: Action = Field(sa_type=enum_type(Action))
    modality: Modality = Field(sa_type=enum_type(Modality))
    format: Text | None = Field(
        default=None, description="of an antibody, its species and isotype; else its class"
    )
    developer: Text | None = None
    status: InhibitorStatus = Field(sa_type=enum_type(InhibitorStatus))
    max_phase: int = Field(
        ge=0, le=4, description="highest phase of trial reached, 0 to 4, for any condition"
    )
    first_approval_year: Year | None = None
    routes: list[Text] = Field(default_factory=list, sa_type=JSON, description="how it is given")
    summary: Text


class InhibitorSeed(InhibitorBase):
    parent: Slug | None = None
    targets: list[Slug] = Field(min_length=1)
    ids: dict[str, str] = Field(default_factory=dict)
    publications: list[Slug] = Field(min_length=1)


class Inhibitor(Answered, InhibitorBase, table=True):
    id: Slug = Field(primary_key=True)
    parent_id: Slug | None = foreign_key("inhibitor", default=None)
    approved_for_cancer: bool = Field(description="whether an agency approved it to treat a cancer")
    targets: list[Any] = related("Target", "inhibitor_target")
    approvals: list[Any] = related("Approval")
    trials: list[Any] = related("Trial", "trial_inhibitor")
    claims: list[Any] = related("Evidence")
    incoming: list[Any] = edges(Kind.INHIBITOR, "object")
    outgoing: list[Any] = edges(Kind.INHIBITOR, "source")
    publications: list[Any] = related("Publication", "inhibitor_publication")


inhibitor_target = link_table("inhibitor", "target")
inhibitor_publication = link_table("inhibitor", "publication")


class InhibitorItem(InhibitorBase):
    """An inhibitor in a list."""

    targets: list[Ref]
    parent: Ref | None = Field(description="the original of a biosimilar")
    approved_for_cancer: bool = Field(
        description="true only with an approval that stands in an indication whose area is oncology"
    )
    xrefs: Annotated[
        list[str], Registries("atc", "chembl", "drugbank", "iuphar", "pubchem_cid", "rxcui", "unii")
    ] = Field(description="Bioregistry CURIEs")
    evidence: EvidenceCounts
    publications: list[PublicationRef]
    links: dict[str, str]


class InhibitorRecord(InhibitorItem):
    """An inhibitor, with its approvals by agency, its trials and what it was seen to do."""

    biosimilars: list[Ref]
    approvals: list[ApprovalItem]
    trials: list[TrialBrief]
    cancers: list[Ref] = Field(description="in which it was tried or studied")
    mechanisms: list[Ref]


InhibitorFilters = make_filters(
    Inhibitor,
    InhibitorItem,
    references={"parent": Kind.INHIBITOR},
    relations={
        "target": Leads(Kind.TARGET, "targets.id"),
        "indication": Leads(Kind.INDICATION, "approvals.indication"),
        "agency": Leads(Agency, "approvals.agency"),
        "cancer": Leads(Kind.CANCER, "trials.cancer", "claims.cancer"),
        "mechanism": Leads(Kind.MECHANISM, "claims.mechanism", *NEIGHBOURS),
        "publication": Leads(Kind.PUBLICATION, "publications.id"),
    },
    links={"approval": "approvals", "trial": "trials", "evidence": "claims"},
    switches={
        "approved": Switch(
            "whether some agency approved it for some indication",
            lambda inhibitor: inhibitor.status == InhibitorStatus.APPROVED,
        )
    },
)
