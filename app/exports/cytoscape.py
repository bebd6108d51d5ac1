"""Cytoscape JSON: elements as cytoscape.js takes them, and what networkx needs to read them back."""

from pydantic import BaseModel, Field

from app.knowledge.graph import Graph, key_of
from app.models.base import Kind
from app.models.graph import Sign
from app.models.interaction import Predicate


class NodeData(BaseModel):
    id: str = Field(description="kind and id of the record")
    kind: Kind
    record: str = Field(description="id of the record")
    name: str
    label: str
    symbol: str | None = Field(description="of a target, its HGNC symbol")
    xrefs: list[str] = Field(description="Bioregistry CURIEs")
    value: str = Field(description="the id again, by which networkx names a node")


class EdgeData(BaseModel):
    id: str
    source: str
    target: str
    predicate: Predicate
    sign: Sign
    statement: str
    publications: list[str] = Field(description="their ids")
    pmids: list[str] = Field(description="of those that PubMed lists")
    key: str = Field(description="the id again, by which networkx tells apart the edges between two nodes")


class CytoscapeNode(BaseModel):
    data: NodeData


class CytoscapeEdge(BaseModel):
    data: EdgeData


class Elements(BaseModel):
    nodes: list[CytoscapeNode]
    edges: list[CytoscapeEdge]


class CytoscapeGraph(BaseModel):
    """A graph as `cytoscape(...)` and `networkx.cytoscape_graph(...)` take it."""

    data: list[str] = Field(default=[], description="of the graph itself: nothing")
    directed: bool = True
    multigraph: bool = True
    elements: Elements


def write(graph: Graph) -> str:
    nodes = [
        {
            "data": {
                **dict(node),
                "id": key,
                "record": node.id,
                "symbol": node.label if node.kind == Kind.TARGET else None,
                "xrefs": graph.xrefs[key],
                "value": key,
            }
        }
        for key, node in graph.nodes.items()
    ]
    edges = [
        {
            "data": {
                **dict(edge),
                "source": key_of(edge.source),
                "target": key_of(edge.object),
                "publications": [each.id for each in edge.publications],
                "pmids": [each.pmid for each in edge.publications if each.pmid],
                "key": edge.id,
            }
        }
        for edge in graph.edges.values()
    ]
    return CytoscapeGraph.model_validate({"elements": {"nodes": nodes, "edges": edges}}).model_dump_json()
