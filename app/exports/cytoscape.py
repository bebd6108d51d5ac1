"""Cytoscape.js elements: nodes and edges as its JSON names them."""

from pydantic import BaseModel, Field

from app.graph import Graph, key_of
from app.models.base import Kind
from app.models.graph import Sign
from app.models.interaction import Predicate


class NodeData(BaseModel):
    id: str = Field(description="kind and id of the record")
    kind: Kind
    record: str = Field(description="id of the record")
    name: str
    label: str


class EdgeData(BaseModel):
    id: str
    source: str
    target: str
    predicate: Predicate
    sign: Sign
    statement: str
    publications: list[str] = Field(description="their ids")


class CytoscapeNode(BaseModel):
    data: NodeData


class CytoscapeEdge(BaseModel):
    data: EdgeData


class Elements(BaseModel):
    nodes: list[CytoscapeNode]
    edges: list[CytoscapeEdge]


class CytoscapeGraph(BaseModel):
    """A graph as `cytoscape(...)` takes it."""

    elements: Elements


def write(graph: Graph) -> str:
    nodes = [
        CytoscapeNode(data=NodeData(id=key, kind=node.kind, record=node.id, name=node.name, label=node.label))
        for key, node in graph.nodes.items()
    ]
    edges = [
        CytoscapeEdge(
            data=EdgeData(
                id=edge.id,
                source=key_of(edge.source),
                target=key_of(edge.object),
                predicate=edge.predicate,
                sign=edge.sign,
                statement=edge.statement,
                publications=[each.id for each in edge.publications],
            )
        )
        for edge in graph.edges.values()
    ]
    return CytoscapeGraph(elements=Elements(nodes=nodes, edges=edges)).model_dump_json()
