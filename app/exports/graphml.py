"""GraphML, written by networkx; lists are joined by `|`, since it knows none."""

from typing import Any

from app.exports.attributes import of_edge, of_graph, of_node
from app.knowledge.graph import Graph, key_of
from app.models.release import ReleaseRead


def flat(attributes: dict[str, Any]) -> dict[str, str]:
    """Attributes that are known, each as one text."""
    joined = {name: "|".join(each) if isinstance(each, list) else each for name, each in attributes.items()}
    return {name: each for name, each in joined.items() if each is not None}


def write(graph: Graph, release: ReleaseRead) -> str:
    """Nodes are named by names that graph programs leave alone: igraph takes `name` for its key."""
    import networkx  # it takes long to import, and this format alone needs it

    written = networkx.MultiDiGraph(**of_graph(release))
    for key in graph.nodes:
        written.add_node(key, name=key, **flat(of_node(graph, key)))
    for edge in graph.edges.values():
        written.add_edge(key_of(edge.source), key_of(edge.object), key=edge.id, **flat(of_edge(edge)))
    return "\n".join([*networkx.generate_graphml(written), ""])
