"""CX2, which Cytoscape and NDEx exchange: what attributes there are, then nodes and edges, by number."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.exports.attributes import of_edge, of_graph, of_node
from app.knowledge.graph import Graph, key_of
from app.models.release import ReleaseRead


def known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in attributes.items() if each is not None}


def declared(several: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Which attributes there are, each with its type."""
    lists = {name: isinstance(each, list) for attributes in several for name, each in attributes.items()}
    return {name: {"d": "list_of_string" if is_list else "string"} for name, is_list in lists.items()}


def write(graph: Graph, release: ReleaseRead) -> str:
    whole = {"name": of_graph(release)["title"], **of_graph(release)}
    nodes = [known({"name": node.label, **of_node(graph, key)}) for key, node in graph.nodes.items()]
    edges = [
        {"name": edge.id, "interaction": edge.predicate, **of_edge(edge)} for edge in graph.edges.values()
    ]
    numbers = {key: number for number, key in enumerate(graph.nodes)}
    aspects: dict[str, list[Any]] = {
        "attributeDeclarations": [
            {"networkAttributes": declared([whole]), "nodes": declared(nodes), "edges": declared(edges)}
        ],
        "networkAttributes": [whole],
        "nodes": [{"id": number, "v": values} for number, values in enumerate(nodes)],
        "edges": [
            {"id": number, "s": numbers[key_of(edge.source)], "t": numbers[key_of(edge.object)], "v": values}
            for number, (edge, values) in enumerate(zip(graph.edges.values(), edges, strict=True))
        ],
    }
    return json.dumps(
        [
            {"CXVersion": "2.0", "hasFragments": False},
            {"metaData": [{"name": name, "elementCount": len(each)} for name, each in aspects.items()]},
            *({name: each} for name, each in aspects.items()),
            {"status": [{"success": True}]},
        ],
        ensure_ascii=False,
    )
