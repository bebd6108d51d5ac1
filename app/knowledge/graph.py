"""The pathway graph in memory: neighbourhoods and paths, as pure functions over nodes and edges."""

import heapq
import json
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from operator import mul
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.catalog import BY_KIND
from app.errors import InvalidParameter
from app.knowledge.tested import look_up
from app.models.base import Kind
from app.models.graph import (
    NODE_KINDS,
    GraphEdge,
    GraphFilters,
    GraphNode,
    GraphRead,
    Path,
    PathFilters,
    Paths,
)
from app.models.interaction import SIGNS, Interaction, InteractionItem, Predicate, Sign
from app.models.publication import LEVELS, Publication
from app.store.conditions import ids_of
from app.store.release import remember

Key = str
"""A node by its kind and id: `target/il6`."""

MOST_WORK = 20_000
"""Beginnings of paths that one question may look at; those over the real release look at some hundreds."""

EPONYMS = ("Castleman", "Hodgkin", "Takayasu")
"""First words of names that keep their capital within a sentence."""


@dataclass(frozen=True)
class Graph:
    """Nodes and edges, each by its key, in the order in which they are written."""

    nodes: dict[Key, GraphNode]
    edges: dict[str, GraphEdge]
    xrefs: dict[Key, list[str]]
    """Bioregistry CURIEs of each node."""

    @cached_property
    def outgoing(self) -> dict[Key, list[GraphEdge]]:
        return grouped(self.edges.values(), lambda edge: key_of(edge.source))

    @cached_property
    def incoming(self) -> dict[Key, list[GraphEdge]]:
        return grouped(self.edges.values(), lambda edge: key_of(edge.object))

    def read(self) -> GraphRead:
        return GraphRead(nodes=list(self.nodes.values()), edges=list(self.edges.values()))

    def of_edges(self, edges: Iterable[GraphEdge], also: Iterable[Key] = ()) -> "Graph":
        """The part of the graph that some edges make, with their ends and other nodes."""
        kept = {edge.id: edge for edge in edges}
        ends = {key_of(end) for edge in kept.values() for end in (edge.source, edge.object)} | {*also}
        return Graph(
            {key: node for key, node in self.nodes.items() if key in ends},
            {each: edge for each, edge in self.edges.items() if each in kept},
            self.xrefs,
        )


def key_of(node: Any) -> Key:
    return f"{node.kind}/{node.id}"


def grouped(edges: Iterable[GraphEdge], key: Callable[[GraphEdge], Key]) -> dict[Key, list[GraphEdge]]:
    groups: dict[Key, list[GraphEdge]] = defaultdict(list)
    for edge in edges:
        groups[key(edge)].append(edge)
    return groups


def graph_of(session: Session) -> Graph:
    """The graph of the release of a session."""
    return remember(session, "graph", lambda: load_graph(session))


def load_graph(session: Session) -> Graph:
    """Every node there may be, and the edges: the interactions, and what each inhibitor inhibits."""
    nodes: dict[Key, GraphNode] = {}
    xrefs: dict[Key, list[str]] = {}
    inhibitors: list[Any] = []
    for kind in NODE_KINDS:
        table = BY_KIND[kind].table
        for row in map(json.loads, session.scalars(select(table.item).order_by(table.id))):
            label = row.get("symbol") or row["name"]
            node = GraphNode(kind=kind, id=row["id"], name=row["name"], label=label)
            nodes[key_of(node)] = node
            xrefs[key_of(node)] = row["xrefs"]
            if kind == Kind.INHIBITOR:
                inhibitors.append(row)
    kinds = {each.id: each.kind for each in session.execute(select(Publication.id, Publication.kind))}  # type: ignore[call-overload]
    edges = [
        GraphEdge(
            id=f"{row['id']}-inhibits-{target['id']}",
            source=nodes[f"{Kind.INHIBITOR}/{row['id']}"],
            predicate=Predicate.INHIBITS,
            object=(aim := nodes[f"{Kind.TARGET}/{target['id']}"]),
            sign=SIGNS[Predicate.INHIBITS],
            level=min(LEVELS[kinds[each["id"]]] for each in row["publications"]),
            statement=f"{row['name']} inhibits {aim.label}.",
            publications=row["publications"],
        )
        for row in inhibitors
        for target in row["targets"]
    ]
    for item in session.scalars(select(col(Interaction.item)).order_by(col(Interaction.id))):
        each = InteractionItem.model_validate_json(item)
        edges.append(
            GraphEdge(
                id=each.id,
                source=nodes[key_of(each.source)],
                predicate=each.predicate,
                object=nodes[key_of(each.object)],
                sign=each.sign,
                level=each.level,
                statement=each.statement,
                publications=each.publications,
            )
        )
    return Graph(nodes, {edge.id: edge for edge in edges}, xrefs)


def connected(graph: Graph) -> Graph:
    """The graph without the nodes that no edge ends at."""
    return graph.of_edges(graph.edges.values())


def with_predicates(graph: Graph, predicates: Collection[Predicate]) -> Graph:
    """The graph with edges of some predicates alone."""
    kept = {each: edge for each, edge in graph.edges.items() if edge.predicate in predicates}
    return Graph(graph.nodes, kept, graph.xrefs)


def neighbourhood(graph: Graph, around: Collection[Key], depth: int) -> Graph:
    """What leads to some nodes and what they lead to, within a number of edges; with all edges between."""
    near = {*around}
    for edges, end in ((graph.outgoing, "object"), (graph.incoming, "source")):
        near |= steps(edges, end, around, depth).keys()
    between = [e for e in graph.edges.values() if key_of(e.source) in near and key_of(e.object) in near]
    return graph.of_edges(between, near)


def steps(
    edges: dict[Key, list[GraphEdge]],
    end: str,
    begin: Iterable[Key],
    most: int,
    without: Collection[Key] = (),
) -> dict[Key, int]:
    """How many edges away each node is that can be reached within so many."""
    distance = dict.fromkeys(begin, 0)
    queue = deque(distance)
    while queue:
        key = queue.popleft()
        if distance[key] < most:
            for edge in edges.get(key, ()):
                other = key_of(getattr(edge, end))
                if other not in distance and other not in without:
                    distance[other] = distance[key] + 1
                    queue.append(other)
    return distance


@dataclass(frozen=True)
class Search:
    """What a search for paths found, and at what cost."""

    paths: list[Path]
    complete: bool
    """Whether it ended by itself, not at the bound of its work."""
    work: int
    """Beginnings of paths that were looked at."""


def find_paths(
    graph: Graph,
    start: Key,
    goal: Key,
    *,
    via: Collection[Key] = (),
    avoid: Collection[Key] = (),
    max_length: int = 8,
    limit: int = 5,
) -> Search:
    """The shortest simple paths first, of one length those that most publications speak for, then those
    through molecules; each passes all of `via`.

    A best-first search (A*) over beginnings of paths: the least length that each can still come to is known
    from distances to the goal and to what it must pass, so beginnings that cannot end in time are dropped.
    """
    if start == goal or {start, goal} & {*avoid}:
        return Search([], True, 0)

    def distances(to: Key) -> dict[Key, int]:
        return steps(graph.incoming, "source", [to], max_length, avoid)

    to_goal = distances(goal)
    ways = {each: distances(each) for each in {*via} - {start, goal}}
    far = max_length + 1

    def least(key: Key, missing: frozenset[Key]) -> int:
        if not missing:
            return to_goal.get(key, far)
        return max(ways[each].get(key, far) + to_goal.get(each, far) for each in missing)

    paths: list[Path] = []
    missing = frozenset(ways)
    place = {key: number for number, key in enumerate(graph.nodes)}  # targets stand before mechanisms
    heap: list[tuple[int, tuple[int, ...], tuple[Key, ...], frozenset[Key]]]
    heap = [(least(start, missing), (place[start],), (start,), missing)]
    work = 0
    # All paths as long as the last one wanted are found: the best supported of them is to come first.
    while heap and heap[0][0] <= (max_length if len(paths) < limit else paths[-1].length):
        if work == MOST_WORK:
            break
        work += 1
        _, places, nodes, missing = heapq.heappop(heap)
        if nodes[-1] == goal:
            if not missing:
                paths.extend(paths_along(graph, nodes))
            continue
        for key in {key_of(edge.object): None for edge in graph.outgoing.get(nodes[-1], ())}:
            if key in nodes or key in avoid:
                continue
            rest = missing - {key}
            bound = len(nodes) + least(key, rest)
            if bound <= max_length:
                heapq.heappush(heap, (bound, (*places, place[key]), (*nodes, key), rest))
    paths.sort(key=lambda path: (path.length, -support(path)))
    return Search(paths[:limit], work < MOST_WORK, work)


def support(path: Path) -> int:
    """How many publications speak for a path, counted once for each of its edges."""
    return sum(len(edge.publications) for edge in path.edges)


def paths_along(graph: Graph, nodes: Sequence[Key]) -> list[Path]:
    """The paths along some nodes: one, unless two neighbours are joined by edges of both signs.

    Of edges that say the same of two nodes, the one that says most stands for all: `binds` says least.
    """
    chains: list[list[GraphEdge]] = [[]]
    for source, target in pairwise(nodes):
        edges = [edge for edge in graph.outgoing[source] if key_of(edge.object) == target]
        edges.sort(key=lambda edge: (edge.predicate == Predicate.BINDS, edge.id))
        by_sign = {edge.sign: edge for edge in reversed(edges)}
        chains = [[*chain, by_sign[sign]] for chain in chains for sign in sorted(by_sign)]
    return [make_path(chain) for chain in chains]


def make_path(edges: Sequence[GraphEdge]) -> Path:
    sign: Sign = reduce(mul, (edge.sign for edge in edges))
    return Path(
        length=len(edges),
        predicted=sign,
        reading=read_out(edges, sign),
        nodes=[edges[0].source, *(edge.object for edge in edges)],
        edges=list(edges),
    )


def read_out(edges: Sequence[GraphEdge], sign: Sign) -> str:
    """A chain as one sentence; of what the curated edges imply it says that it would be so, and no more."""
    first, last = edges[0].source, edges[-1].object
    chain = ", which ".join(f"{edge.predicate} {within_sentence(edge.object.label)}" for edge in edges)
    sentence = f"{first.label[0].upper()}{first.label[1:]} {chain}"
    if len(edges) > 1:
        would = {Sign.PROMOTES: "promote", Sign.SUPPRESSES: "suppress"}[sign]
        sentence += (
            f"; by this chain {within_sentence(first.label)} would {would} {within_sentence(last.label)}"
        )
    return f"{sentence}."


def within_sentence(label: str) -> str:
    """What a record is called in the middle of a sentence."""
    plain = label[1:2].islower() and not label.startswith(EPONYMS)
    return label[0].lower() + label[1:] if plain else label


def graph_asked_for(session: Session, filters: GraphFilters) -> Graph:
    """The part of the graph that the filters ask for; raises InvalidParameter or AmbiguousName."""
    graph = graph_of(session)
    around: list[Key] = []
    for kind in NODE_KINDS:
        if terms := getattr(filters, kind):
            around += [f"{kind}/{each}" for each in ids_of(session, kind, kind, terms)]
    if filters.predicate:
        graph = with_predicates(graph, filters.predicate)
    if around:
        return neighbourhood(graph, around, 1 if filters.depth is None else filters.depth)
    if filters.depth is not None:
        raise InvalidParameter("depth", f"Name a record too, from which it counts: {', '.join(NODE_KINDS)}")
    return connected(graph)


def paths_asked_for(session: Session, filters: PathFilters) -> tuple[Paths, Graph]:
    """The paths that the filters ask for, and the part of the graph they run through."""
    graph = graph_of(session)

    def keys(name: str, terms: list[str]) -> list[Key]:
        return ids_of(session, name, None, terms, among=NODE_KINDS) if terms else []

    (start,), (goal,) = keys("from", [filters.from_]), keys("to", [filters.to])
    search = find_paths(
        graph,
        start,
        goal,
        via=keys("via", filters.via),
        avoid=keys("avoid", filters.avoid),
        max_length=filters.max_length,
        limit=filters.limit,
    )
    first, last = graph.nodes[start], graph.nodes[goal]
    drug_in_cancer = (first.kind, last.kind) == (Kind.INHIBITOR, Kind.CANCER)
    paths = Paths.model_validate(
        {
            "from": first,
            "to": last,
            "paths": search.paths,
            "complete": search.complete,
            "tested": look_up(session, first.id, last.id) if drug_in_cancer else None,
        }
    )
    edges = [edge for path in search.paths for edge in path.edges]
    return paths, graph.of_edges(edges, [start, goal])
