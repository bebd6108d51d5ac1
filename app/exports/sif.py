"""Simple interaction format: source, predicate and object, with tabs between; a lone node by itself."""

from app.knowledge.graph import Graph, connected, key_of


def write(graph: Graph) -> str:
    lines = [
        f"{key_of(edge.source)}\t{edge.predicate}\t{key_of(edge.object)}\n" for edge in graph.edges.values()
    ]
    joined = connected(graph).nodes
    return "".join([*lines, *(f"{key}\n" for key in graph.nodes if key not in joined)])
