"""GraphML, written by networkx; publications joined by `|`, since it knows no lists."""

from app.knowledge.graph import Graph, key_of


def write(graph: Graph) -> str:
    import networkx  # it takes long to import, and this format alone needs it

    written = networkx.MultiDiGraph()
    for key, node in graph.nodes.items():
        written.add_node(key, **node.model_dump(mode="json"))
    for edge in graph.edges.values():
        written.add_edge(
            key_of(edge.source),
            key_of(edge.object),
            key=edge.id,
            **edge.model_dump(mode="json", include={"predicate", "sign", "statement"}),
            publications="|".join(each.id for each in edge.publications),
        )
    return "\n".join([*networkx.generate_graphml(written), ""])
