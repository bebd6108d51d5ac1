"""GraphML, written by networkx; publications joined by `|`, since it knows no lists."""

from app.knowledge.graph import Graph, Key, key_of
from app.models.base import Kind


def described(graph: Graph, key: Key) -> dict[str, str]:
    """A node by names that graph programs leave alone: igraph takes `name` for its key."""
    node = graph.nodes[key]
    symbol = {"symbol": node.label} if node.kind == Kind.TARGET else {}
    return {
        "name": key,
        "record": node.id,
        "kind": node.kind.value,
        "fullname": node.name,
        "label": node.label,
    } | symbol


def write(graph: Graph) -> str:
    import networkx  # it takes long to import, and this format alone needs it

    written = networkx.MultiDiGraph()
    for key in graph.nodes:
        written.add_node(key, **described(graph, key), xrefs="|".join(graph.xrefs[key]))
    for edge in graph.edges.values():
        written.add_edge(
            key_of(edge.source),
            key_of(edge.object),
            key=edge.id,
            **edge.model_dump(mode="json", include={"predicate", "sign", "statement"}),
            publications="|".join(each.id for each in edge.publications),
            pmids="|".join(each.pmid for each in edge.publications if each.pmid),
        )
    return "\n".join([*networkx.generate_graphml(written), ""])
