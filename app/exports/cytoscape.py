"""Cytoscape JSON: elements as cytoscape.js takes them, and what networkx needs to read them back."""

import json

from app.exports.attributes import of_edge, of_graph, of_node
from app.knowledge.graph import Graph, key_of
from app.models.release import ReleaseRead


def write(graph: Graph, release: ReleaseRead) -> str:
    """`value` and `key` are the ids again, by which networkx names a node and tells apart parallel edges."""
    nodes = []
    for key, node in graph.nodes.items():
        nodes.append({"data": {"id": key, "name": node.name, **of_node(graph, key), "value": key}})
    edges = []
    for edge in graph.edges.values():
        ends = {"source": key_of(edge.source), "target": key_of(edge.object)}
        edges.append({"data": {"id": edge.id, **ends, **of_edge(edge), "key": edge.id}})
    whole = {"directed": True, "multigraph": True, "elements": {"nodes": nodes, "edges": edges}}
    return json.dumps({"data": of_graph(release), **whole}, ensure_ascii=False)
