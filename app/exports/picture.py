"""The graph as a picture, drawn by Graphviz: from drugs on the left to cancers on the right."""

import re
from html import escape
from textwrap import fill
from threading import Lock
from typing import Any

from app.catalog import BY_KIND
from app.knowledge.graph import Graph, key_of
from app.models.base import Kind
from app.models.graph import NODE_KINDS, GraphEdge
from app.models.interaction import Predicate, Sign

DRAWING = Lock()  # Graphviz keeps its state in globals

INK = "#1f2933"

STYLES = {
    Kind.INHIBITOR: {"shape": "box", "style": "filled,rounded", "fillcolor": "#fde2c8", "color": "#b45309"},
    Kind.TARGET: {"shape": "ellipse", "style": "filled", "fillcolor": "#d6e6fa", "color": "#1d5fa8"},
    Kind.MECHANISM: {"shape": "box", "style": "filled", "fillcolor": "#e4ecd9", "color": "#56791f"},
    Kind.CANCER: {"shape": "octagon", "style": "filled", "fillcolor": "#f3d9e4", "color": "#a03263"},
}
"""How each kind looks; shapes differ too, for those who cannot tell the colours apart."""

PLAIN = {"color": "#5b6b7a", "arrowhead": "normal"}
TEE = {"color": "#b3261e", "arrowhead": "tee"}

LINE = 24
"""Characters of a line in a node."""


def address(kind: str, record_id: str) -> str:
    """The page of a record: made from its id, never from a text that could hold another scheme."""
    return f"/explore/{BY_KIND[Kind(kind)].path}/{record_id}"


def write_dot(graph: Graph) -> str:
    with DRAWING:
        text: str = agraph(graph).to_string()
    return text


def draw(graph: Graph) -> str:
    """An SVG with a title and a description; the same bytes for the same graph."""
    with DRAWING:
        drawn: bytes = agraph(graph).draw(format="svg", prog="dot")
    svg = drawn.decode()
    svg = re.sub(r"<!--.*?-->\n?", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    title = "Pathway graph: what acts on what, from inhibitors to cancers"
    about = (
        f"{len(graph.nodes)} nodes and {len(graph.edges)} edges. A pointed arrow raises what it leads to, "
        "a red one with a bar holds it back."
    )
    svg = re.sub(r"<title>[^<]*</title>", "", svg, count=1)  # the name that Graphviz gave the whole
    return re.sub(
        r"(<svg\b[^>]*)>",
        rf'\1 role="img" aria-labelledby="graph-title graph-about">'
        rf'<title id="graph-title">{title}</title><desc id="graph-about">{about}</desc>',
        svg,
        count=1,
    )


def agraph(graph: Graph) -> Any:
    """The graph as Graphviz takes it."""
    import pygraphviz  # it brings the whole of Graphviz, which pictures alone need

    made = pygraphviz.AGraph(directed=True, strict=False, name="il6-atlas")
    made.graph_attr.update(
        rankdir="LR",
        bgcolor="white",
        fontname="Helvetica",
        fontsize="11",
        nodesep="0.12",
        ranksep="0.7",
        pad="0.2",
        outputorder="edgesfirst",
        label=legend(graph),
        labelloc="b",
    )
    made.node_attr.update(
        fontname="Helvetica", fontsize="11", fontcolor=INK, margin="0.1,0.05", height="0.32", penwidth="1.2"
    )
    made.edge_attr.update(arrowsize="0.7", penwidth="1.1")
    for key, node in graph.nodes.items():
        made.add_node(
            key,
            label=escape(folded(node.label)),
            tooltip=escape(f"{node.name} ({node.kind})"),
            URL=address(node.kind, node.id),
            **STYLES[node.kind],
        )
    for kind, rank in ((Kind.INHIBITOR, "min"), (Kind.CANCER, "max")):
        members = [key for key, node in graph.nodes.items() if node.kind == kind]
        if members:
            made.add_subgraph(members, rank=rank)
    for edge in graph.edges.values():
        made.add_edge(
            key_of(edge.source),
            key_of(edge.object),
            key=edge.id,
            tooltip=escape(said(edge)),
            URL=address(Kind.INHIBITOR, edge.source.id)
            if edge.source.kind == Kind.INHIBITOR
            else address(Kind.INTERACTION, edge.id),
            style="dashed" if edge.predicate == Predicate.BINDS else "solid",
            constraint=str(runs_forward(edge)).lower(),
            **(TEE if edge.sign == Sign.SUPPRESSES else PLAIN),
        )
    return made


def runs_forward(edge: GraphEdge) -> bool:
    """Whether an edge runs with the layers; one that runs back must not pull its ends apart."""
    return NODE_KINDS.index(edge.source.kind) <= NODE_KINDS.index(edge.object.kind)


def said(edge: GraphEdge) -> str:
    """What an edge says, with its sources."""
    sources = ", ".join(each.id for each in edge.publications)
    return f"{edge.source.label} {edge.predicate} {edge.object.label}: {edge.statement} [{sources}]"


def folded(label: str) -> str:
    """A label in short lines."""
    return fill(label.replace("\\", "/"), LINE, break_long_words=False, break_on_hyphens=False)


def legend(graph: Graph) -> str:
    """What colours and arrows mean: the kinds that are there, and the two signs."""
    there = {node.kind for node in graph.nodes.values()}
    cells = [
        f'<TD BGCOLOR="{STYLES[kind]["fillcolor"]}" COLOR="{STYLES[kind]["color"]}" BORDER="1">{kind}</TD>'
        for kind in NODE_KINDS
        if kind in there
    ]
    for words, style in {"\u2192 promotes": PLAIN, "\u22a3 suppresses": TEE}.items():
        cells.append(f'<TD><FONT COLOR="{style["color"]}">{words}</FONT></TD>')
    return f'<<TABLE BORDER="0" CELLSPACING="6" CELLPADDING="4"><TR>{"".join(cells)}</TR></TABLE>>'
