"""What files for graph programs say of a node, of an edge, and of the whole."""

from typing import Any

from app.knowledge.graph import Graph, Key
from app.models.base import Kind
from app.models.graph import GraphEdge
from app.models.release import ReleaseRead


def of_graph(release: ReleaseRead) -> dict[str, str]:
    return {
        "title": "IL-6 Atlas: the pathway graph",
        "release": release.version,
        "licence": release.licence,
        "citation": release.citation,
    }


def of_node(graph: Graph, key: Key) -> dict[str, Any]:
    """`record` is the id, `symbol` the HGNC symbol of a target, `xrefs` are Bioregistry CURIEs."""
    node = graph.nodes[key]
    return {
        "kind": node.kind.value,
        "record": node.id,
        "fullname": node.name,
        "label": node.label,
        "symbol": node.label if node.kind == Kind.TARGET else None,
        "xrefs": graph.xrefs[key],
    }


def of_edge(edge: GraphEdge) -> dict[str, Any]:
    """`publications` are ids, `pmids` of those that PubMed lists."""
    return {
        **edge.model_dump(mode="json", include={"predicate", "sign", "level", "statement"}),
        "publications": [each.id for each in edge.publications],
        "pmids": [each.pmid for each in edge.publications if each.pmid],
    }
