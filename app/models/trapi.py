"""Questions and answers of the Translator Reasoner API (TRAPI) 1.5: small graphs, and what fits them."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

MOST_IDS = 200
MOST_RESULTS = 500

Category = Annotated[str, StringConstraints(pattern=r"^biolink:[A-Z][A-Za-z]*$", max_length=100)]
Slot = Annotated[str, StringConstraints(pattern=r"^biolink:[a-z][a-z_]*$", max_length=100)]
Key = Annotated[str, StringConstraints(max_length=100)]
Nothing = Annotated[list[Any] | None, Field(max_length=0)]
"""What TRAPI has a place for, and no question may ask here: it would be passed over in silence."""


class QualifierOfQuestion(BaseModel):
    qualifier_type_id: Slot
    qualifier_value: Annotated[str, StringConstraints(max_length=100)]


class QualifierSet(BaseModel):
    """Qualifiers that an edge has, all of them."""

    qualifier_set: list[QualifierOfQuestion] = Field(min_length=1, max_length=10)


class QueryNode(BaseModel):
    """What a node may be: one of some identifiers, and of one of some categories."""

    ids: list[Annotated[str, StringConstraints(max_length=500)]] | None = Field(
        default=None, min_length=1, max_length=MOST_IDS, description="CURIEs; narrower cancers count too"
    )
    categories: list[Category] | None = Field(default=None, min_length=1, max_length=50)
    set_interpretation: Literal["BATCH"] | None = None
    constraints: Nothing = None


class QueryEdge(BaseModel):
    """How two nodes hang together."""

    subject: Key
    object: Key
    predicates: list[Slot] | None = Field(
        default=None, min_length=1, max_length=50, description="with all that are narrower"
    )
    knowledge_type: Literal["lookup"] | None = None
    qualifier_constraints: list[QualifierSet] | None = Field(default=None, max_length=10)
    attribute_constraints: Nothing = None


class QueryGraph(BaseModel):
    """Two nodes and the edge between them, or three nodes in a row."""

    nodes: dict[Key, QueryNode] = Field(min_length=2, max_length=3)
    edges: dict[Key, QueryEdge] = Field(min_length=1, max_length=2)

    @model_validator(mode="after")
    def hangs_together(self) -> Self:
        """Refuse edges that end at no node, and nodes at which no edge ends."""
        for name, edge in self.edges.items():
            for end in (edge.subject, edge.object):
                if end not in self.nodes:
                    raise ValueError(f"edge {name} ends at {end}, which is no node of the question")
            if edge.subject == edge.object:
                raise ValueError(f"edge {name} begins and ends at {edge.subject}")
        ends = {end for edge in self.edges.values() for end in (edge.subject, edge.object)}
        if alone := self.nodes.keys() - ends:
            raise ValueError(f"no edge ends at {', '.join(sorted(alone))}")
        if len(self.edges) == len(self.nodes):
            raise ValueError("two edges join three nodes, in a row")
        return self


class QuestionMessage(BaseModel):
    query_graph: QueryGraph


class Step(BaseModel):
    id: Literal["lookup"]


EXAMPLE: Any = {
    "message": {
        "query_graph": {
            "nodes": {
                "drug": {"ids": ["CHEMBL.COMPOUND:CHEMBL1743070"]},
                "gene": {"categories": ["biolink:Gene"]},
            },
            "edges": {
                "acts": {"subject": "drug", "object": "gene", "predicates": ["biolink:affects"]},
            },
        }
    }
}


class TrapiQuery(BaseModel):
    """A question of TRAPI: which nodes and edges of the atlas fit a small graph."""

    model_config = {"json_schema_extra": {"examples": [EXAMPLE]}}

    message: QuestionMessage
    workflow: list[Step] | None = Field(default=None, max_length=1)


class Attribute(BaseModel):
    attribute_type_id: str
    value: Any
    value_url: str | None = None
    attribute_source: str | None = None
    description: str | None = None


class KnowledgeNode(BaseModel):
    name: str
    categories: list[str]
    attributes: list[Attribute]


class Qualifier(BaseModel):
    qualifier_type_id: str
    qualifier_value: str


class Source(BaseModel):
    resource_id: str
    resource_role: Literal["primary_knowledge_source"]
    source_record_urls: list[str] | None = None


class KnowledgeEdge(BaseModel):
    """A statement; `biolink:negated` among its attributes says that it is not so."""

    subject: str
    predicate: str
    object: str
    qualifiers: list[Qualifier] | None = None
    attributes: list[Attribute]
    sources: list[Source]


class KnowledgeGraph(BaseModel):
    nodes: dict[str, KnowledgeNode]
    edges: dict[str, KnowledgeEdge]


class NodeBinding(BaseModel):
    id: str
    query_id: str | None = Field(default=None, description="what was asked, where the node has another id")
    attributes: list[Attribute] = []


class EdgeBinding(BaseModel):
    id: str
    attributes: list[Attribute] = []


class TrapiAnalysis(BaseModel):
    resource_id: str
    edge_bindings: dict[str, list[EdgeBinding]]


class Result(BaseModel):
    node_bindings: dict[str, list[NodeBinding]]
    analyses: list[TrapiAnalysis]


class AnswerMessage(BaseModel):
    query_graph: dict[str, Any] = Field(description="as it was asked")
    knowledge_graph: KnowledgeGraph
    results: list[Result]


class LogLevel(StrEnum):
    INFO = "INFO"
    WARNING = "WARNING"


class LogEntry(BaseModel):
    level: LogLevel
    code: str
    message: str


class TrapiAnswer(BaseModel):
    """What fits a question of TRAPI."""

    message: AnswerMessage
    status: Literal["Success"] = "Success"
    description: str
    schema_version: str
    biolink_version: str
    logs: list[LogEntry]


class MetaNode(BaseModel):
    id_prefixes: list[str]


class MetaQualifier(BaseModel):
    qualifier_type_id: str
    applicable_values: list[str]


class MetaEdge(BaseModel):
    subject: str
    predicate: str
    object: str
    knowledge_types: list[Literal["lookup"]]
    qualifiers: list[MetaQualifier]


class MetaKnowledgeGraph(BaseModel):
    """Which categories of nodes there are, and which edges between them."""

    nodes: dict[str, MetaNode]
    edges: list[MetaEdge]
