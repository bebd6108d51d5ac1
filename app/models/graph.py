"""The pathway graph: what acts on what, which way, and who says so."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.models.base import Kind
from app.models.filters import Names, Question, Words, split_commas
from app.models.interaction import Node, Predicate, Sign
from app.models.publication import PublicationRef
from app.models.trial import Outcome, Purpose
from app.models.vocabulary import Level, Significance, StudyType

NODE_KINDS = (Kind.INHIBITOR, Kind.TARGET, Kind.MECHANISM, Kind.CANCER)
"""What may stand in the graph, in the order in which an effect runs through it."""

LONGEST_PATH = 12
"""Edges of a path; what is further away hangs together by everything."""

MOST_PATHS = 50


Studied = StudyType | Literal["not-said"]
"""In whom or in what a drug was tested, where the row says so."""


class GraphNode(Node):
    """An inhibitor, a target, a mechanism or a cancer."""

    label: str = Field(description="what a picture writes: the HGNC symbol of a target, else the name")


class GraphEdge(BaseModel):
    """What one node does to another, and the publications that say so."""

    id: str = Field(description="of the interaction; `x-inhibits-y` for an inhibitor and its target")
    source: GraphNode
    predicate: Predicate
    object: GraphNode
    sign: Sign = Field(description="whether it moves its object up or down")
    level: Level = Field(description="how strong the best of its publications is, by its kind")
    statement: str
    publications: list[PublicationRef]


class GraphRead(BaseModel):
    """The pathway graph, or a part of it."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]


class Path(BaseModel):
    """A chain of edges that passes no node twice."""

    length: int = Field(description="edges")
    predicted: Sign = Field(description="the product of the signs of its edges; no result of a trial")
    reading: str = Field(description="the chain in words")
    nodes: list[GraphNode]
    edges: list[GraphEdge]


class Tested(BaseModel):
    """What came of an inhibitor where it was tried in a cancer."""

    trials: dict[Outcome, int] = Field(description="trials of it against the cancer, by outcome")
    other_trials: dict[Purpose, dict[Outcome, int]] = Field(
        description="trials of it in patients with the cancer for another purpose, by outcome"
    )
    narrower_trials: int = Field(
        description="trials of it in narrower cancers alone, which are counted nowhere else here"
    )
    claims: dict[Significance, int] = Field(description="therapeutic claims, by what they found")
    claims_by_study: dict[Studied, dict[Significance, int]] = Field(
        description="the same claims, by in whom or in what it was tested"
    )
    links: dict[str, str]


class Paths(BaseModel):
    """The chains that lead from one node to another, the shortest first."""

    from_: GraphNode = Field(serialization_alias="from", validation_alias="from")
    to: GraphNode
    paths: list[Path]
    complete: bool = Field(
        description="false where the question was so wide that the search was stopped: name a `via`, "
        "or a smaller `max_length`"
    )
    tested: Tested | None = Field(
        default=None, description="from an inhibitor to a cancer: what came of it where it was tried"
    )


class GraphFormat(StrEnum):
    """How a graph is written."""

    JSON = "json"
    CYTOSCAPE = "cytoscape"
    CX2 = "cx2"
    GRAPHML = "graphml"
    SIF = "sif"
    SIFNX = "sifnx"
    DOT = "dot"
    SVG = "svg"
    KGX_NODES = "kgx-nodes"
    KGX_EDGES = "kgx-edges"


def named(kind: str) -> str:
    return f"narrow to what lies around the {kind}, by any of its names"


class GraphFilters(Question):
    """Which part of the graph: what lies around some records, or edges of some predicates."""

    model_config = ConfigDict(extra="forbid")

    cancer: Names = Field(default=[], description=named("cancer"))
    inhibitor: Names = Field(default=[], description=named("inhibitor"))
    mechanism: Names = Field(default=[], description=named("mechanism"))
    target: Names = Field(default=[], description=named("target"))
    predicate: Annotated[list[Predicate], BeforeValidator(split_commas)] = Field(
        default=[], description="edges of these alone"
    )
    depth: int | None = Field(
        default=None,
        ge=0,
        le=LONGEST_PATH,
        description="how many edges up and down from the records that were named; 1 if not said",
    )
    format: GraphFormat | None = Field(
        default=None,
        description="how the graph is written; `svg` is drawn by Graphviz, `kgx-` are tables of KGX",
    )


class PathFilters(Question):
    """From where to where, by which ways."""

    model_config = ConfigDict(extra="forbid")

    from_: Words = Field(
        alias="from", description="where a path begins, by any name", examples=["tocilizumab"]
    )
    to: Words = Field(description="where a path ends, by any name", examples=["ovarian-cancer"])
    via: Names = Field(default=[], max_length=10, description="what a path passes, in any order")
    avoid: Names = Field(default=[], max_length=50, description="what a path does not pass")
    max_length: int = Field(default=8, ge=1, le=LONGEST_PATH, description="edges of the longest path")
    limit: int = Field(default=5, ge=1, le=MOST_PATHS, description="paths at most")
    format: GraphFormat | None = Field(
        default=None,
        description="how the graph is written; `svg` is drawn by Graphviz, `kgx-` are tables of KGX",
    )
