"""Simple interaction format: source, predicate and object, with tabs between; a lone node by itself.

The extended form is that of Pathway Commons: a table of edges, an empty line, and a table of nodes.
"""

from app.exports.attributes import of_edge, of_graph, of_node
from app.exports.kgx import table
from app.knowledge.graph import Graph, connected, key_of
from app.models.release import ReleaseRead

SEPARATOR = ";"


def write(graph: Graph) -> str:
    lines = [
        f"{key_of(edge.source)}\t{edge.predicate}\t{key_of(edge.object)}\n" for edge in graph.edges.values()
    ]
    joined = connected(graph).nodes
    return "".join([*lines, *(f"{key}\n" for key in graph.nodes if key not in joined)])


EDGE_COLUMNS = (
    "PARTICIPANT_A", "INTERACTION_TYPE", "PARTICIPANT_B",
    "INTERACTION_DATA_SOURCE", "INTERACTION_PUBMED_ID", "SIGN", "LEVEL",
)  # fmt: skip

NODE_COLUMNS = ("PARTICIPANT", "PARTICIPANT_TYPE", "PARTICIPANT_NAME", "UNIFICATION_XREF")


def write_extended(graph: Graph, release: ReleaseRead) -> str:
    whole = of_graph(release)
    source = f"IL-6 Atlas {whole['release']} ({whole['licence']})"
    edges = []
    for edge in graph.edges.values():
        told = of_edge(edge)
        ends = {"PARTICIPANT_A": key_of(edge.source), "PARTICIPANT_B": key_of(edge.object)}
        pmids = SEPARATOR.join(told["pmids"])
        edges.append(
            {
                **ends,
                "INTERACTION_TYPE": told["predicate"],
                "INTERACTION_DATA_SOURCE": source,
                "INTERACTION_PUBMED_ID": pmids,
                "SIGN": told["sign"],
                "LEVEL": told["level"],
            }
        )
    nodes = []
    for key in graph.nodes:
        told = of_node(graph, key)
        xrefs = SEPARATOR.join(told["xrefs"])
        names = {"PARTICIPANT_TYPE": told["kind"], "PARTICIPANT_NAME": told["label"]}
        nodes.append({"PARTICIPANT": key, **names, "UNIFICATION_XREF": xrefs})
    return f"{table(EDGE_COLUMNS, edges)}\n{table(NODE_COLUMNS, nodes)}"
