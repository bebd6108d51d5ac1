"""Interactions: the edges of the pathway graph."""

from enum import StrEnum
from typing import Any

from sqlmodel import Field

from app.models.base import Answered, Kind, Ref, Slug, Strict, Text, enum_type, link_table, related
from app.models.filters import AnyKind, Leads, make_filters
from app.models.publication import PublicationRef
from app.models.vocabulary import Level, Word


class Predicate(Word):
    """What one thing of the pathway does to another."""

    BINDS = "binds", "Attaches to it."
    ACTIVATES = "activates", "Makes it active."
    PHOSPHORYLATES = "phosphorylates", "Puts phosphate on it, which makes it active."
    INHIBITS = "inhibits", "Makes it less active."
    UPREGULATES = "upregulates", "Makes that there is more of it."
    DOWNREGULATES = "downregulates", "Makes that there is less of it."
    PROMOTES = "promotes", "Makes it happen, or grow."
    SUPPRESSES = "suppresses", "Holds it back."


class Sign(StrEnum):
    """Which way an edge, or a chain of them, moves what it leads to."""

    PROMOTES = "promotes"
    SUPPRESSES = "suppresses"

    def __mul__(self, other: object) -> "Sign":
        return Sign.PROMOTES if self == other else Sign.SUPPRESSES


SIGNS = {
    Predicate.BINDS: Sign.PROMOTES,  # a ligand and its receptors: the complex is what passes the signal on
    Predicate.ACTIVATES: Sign.PROMOTES,
    Predicate.PHOSPHORYLATES: Sign.PROMOTES,
    Predicate.INHIBITS: Sign.SUPPRESSES,
    Predicate.UPREGULATES: Sign.PROMOTES,
    Predicate.DOWNREGULATES: Sign.SUPPRESSES,
    Predicate.PROMOTES: Sign.PROMOTES,
    Predicate.SUPPRESSES: Sign.SUPPRESSES,
}


class InteractionBase(Strict):
    id: Slug
    predicate: Predicate = Field(sa_type=enum_type(Predicate))
    statement: Text = Field(description="what happens, in our own words")


class End(Strict):
    """One end of an edge, in a seed file."""

    kind: Kind
    id: Slug


class InteractionSeed(InteractionBase):
    source: End
    object: End
    publications: list[Slug] = Field(min_length=1)


class Interaction(Answered, InteractionBase, table=True):
    id: Slug = Field(primary_key=True)
    source_kind: Kind = Field(sa_type=enum_type(Kind))
    source_id: Slug = Field(index=True)
    object_kind: Kind = Field(sa_type=enum_type(Kind))
    object_id: Slug = Field(index=True)
    publications: list[Any] = related("Publication", "interaction_publication")


interaction_publication = link_table("interaction", "publication")


class Node(Ref):
    """One end of an edge: a record of any kind."""

    kind: Kind


class Participant(Node):
    """One end of an edge, with what a target is known by."""

    symbol: str | None = Field(description="of a target, its HGNC symbol")
    uniprot: str | None = Field(description="of a target, its UniProt accession")


class InteractionItem(InteractionBase):
    """What one thing in the pathway does to another."""

    source: Participant
    object: Participant
    sign: Sign = Field(description="whether it moves its object up or down; `binds` passes a signal on")
    is_stimulation: bool = Field(description="whether its sign is `promotes`")
    is_inhibition: bool = Field(description="whether its sign is `suppresses`")
    level: Level = Field(description="how strong the best of its publications is, by its kind")
    publications: list[PublicationRef]
    links: dict[str, str]


class Interactions(Strict):
    """The edges that end at a record, and those that leave it."""

    incoming: list[InteractionItem]
    outgoing: list[InteractionItem]


InteractionFilters = make_filters(
    Interaction,
    InteractionItem,
    relations={
        "source": Leads(AnyKind, "source"),
        "object": Leads(AnyKind, "object"),
        "kind": Leads(Kind, "source_kind", "object_kind"),
        "publication": Leads(Kind.PUBLICATION, "publications.id"),
    },
)
