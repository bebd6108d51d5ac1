"""The pathway graph: the chains it holds, their sources, and what other programs read of it."""

import csv
import io
import random
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from operator import mul
from typing import Any

import httpx
import networkx
import pygraphviz
import pytest

from app.exports import GRAPH_EXPORTS, kgx
from app.knowledge.graph import MOST_WORK, Graph, find_paths, graph_of, key_of
from app.models.base import Kind
from app.models.graph import NODE_KINDS, GraphFormat
from app.models.interaction import SIGNS, Predicate, Sign
from app.seeding.answers import Facts
from app.settings import PROJECT
from app.store.engine import Database, parse_url
from app.store.release import reading as read_release

CHAIN = ("il6r", "il6st", "jak1", "stat3", "vegfa", "angiogenesis", "ovarian-cancer")
QUESTION = {"to": "ovarian-cancer", "via": "stat3,angiogenesis"}


def get(client: httpx.Client, path: str, **parameters: Any) -> Any:
    return client.get(path, params=parameters).raise_for_status().json()


@pytest.fixture(scope="module")
def graph(database_url: str) -> Iterator[Graph]:
    database = Database(parse_url(database_url))
    with read_release(database) as (session, _):
        yield graph_of(session)
    database.dispose()


@pytest.fixture(scope="module")
def whole(client: httpx.Client) -> Any:
    return get(client, "/graph")


# Paths


@pytest.mark.parametrize("drug", ["tocilizumab", "Actemra", "ACTEMRA", "chembl:CHEMBL1237022"])
def test_how_tocilizumab_could_slow_angiogenesis_in_ovarian_cancer(client: httpx.Client, drug: str) -> None:
    answer = get(client, "/graph/paths", **{"from": drug}, **QUESTION)
    assert answer["from"]["id"] == "tocilizumab"
    assert answer["to"]["id"] == "ovarian-cancer"
    chains = {tuple(node["id"] for node in path["nodes"]): path for path in answer["paths"]}
    for kinase in ("jak1", "jak2"):
        path = chains["tocilizumab", *(kinase if each == "jak1" else each for each in CHAIN)]
        assert path["predicted"] == "suppresses"
        assert path["length"] == len(CHAIN) == len(path["edges"])
        assert all(edge["publications"] for edge in path["edges"])
        assert all(each["url"] for edge in path["edges"] for each in edge["publications"])
    assert answer["paths"][0]["reading"].startswith(
        "Tocilizumab inhibits IL6R, which activates IL6ST, which "
    )
    assert answer["paths"][0]["reading"].endswith(
        "; by this chain tocilizumab would suppress ovarian cancer."
    )


def test_shortest_paths_come_first_and_the_best_supported_of_one_length(client: httpx.Client) -> None:
    paths = get(client, "/graph/paths", **{"from": "siltuximab", "to": "breast-cancer", "limit": 50})["paths"]
    assert len(paths) == 50
    support = [sum(len(edge["publications"]) for edge in path["edges"]) for path in paths]
    ranks = [(path["length"], -count) for path, count in zip(paths, support, strict=True)]
    assert ranks == sorted(ranks)


def test_no_path_is_an_empty_list(client: httpx.Client) -> None:
    answer = get(client, "/graph/paths", **{"from": "ovarian-cancer", "to": "tocilizumab"})
    assert answer["paths"] == []
    assert answer["complete"] is True
    assert get(client, "/graph/paths", **{"from": "il6", "to": "IL-6"})["paths"] == []
    short = get(client, "/graph/paths", **{"from": "tocilizumab", **QUESTION, "max_length": 5})
    assert short["paths"] == []


def test_what_is_avoided_is_on_no_path(client: httpx.Client) -> None:
    answer = get(client, "/graph/paths", **{"from": "tocilizumab", **QUESTION, "avoid": "jak1,JAK-2"})
    assert answer["paths"]
    for path in answer["paths"]:
        passed = {node["id"] for node in path["nodes"]}
        assert passed.isdisjoint({"jak1", "jak2"})
        assert passed >= {"stat3", "angiogenesis"}


def test_a_cycle_is_walked_once_at_most(client: httpx.Client) -> None:
    """STAT3 raises SOCS3, which holds JAK1 back, which STAT3 depends on."""
    paths = get(client, "/graph/paths", **{"from": "stat3", "to": "jak1"})["paths"]
    chains = [[node["id"] for node in path["nodes"]] for path in paths]
    assert ["stat3", "socs3", "jak1"] in chains
    assert all(len(set(chain)) == len(chain) for chain in chains)
    assert paths[chains.index(["stat3", "socs3", "jak1"])]["predicted"] == "suppresses"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"from": "tocilizumab"}, "to"),
        ({"from": "tocilizumab", "to": "nothing of that name"}, "to"),
        ({"from": "tocilizumap", "to": "il6"}, "from"),
        ({"from": "tocilizumab", "to": "il6", "via": "stat33"}, "via"),
        ({"from": "tocilizumab", "to": "il6", "avoid": "xyzzy"}, "avoid"),
        ({"from": "tocilizumab", "to": "il6", "max_length": 13}, "max_length"),
        ({"from": "tocilizumab", "to": "il6", "limit": 0}, "limit"),
        ({"from": "tocilizumab", "to": "il6", "format": "gif"}, "format"),
        ({"from": "tocilizumab", "to": "il6", "max_lenght": 3}, "max_lenght"),
        ({"from": "NCT00433446", "to": "il6"}, "from"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(
    client: httpx.Client, parameters: dict[str, Any], named: str
) -> None:
    response = client.get("/graph/paths", params=parameters)
    assert response.status_code == 422
    assert response.json()["detail"].startswith(f"{named}: ")


def test_a_misspelt_name_is_told_what_was_meant(client: httpx.Client) -> None:
    problem = client.get("/graph/paths", params={"from": "tocilizumap", "to": "il6"}).json()
    assert "did you mean tocilizumab?" in problem["detail"]


@pytest.mark.longer
def test_ten_thousand_random_questions_stay_under_the_bound(graph: Graph) -> None:
    chance = random.Random(6)
    keys = list(graph.nodes)
    found = 0
    for _ in range(10_000):
        start, goal = chance.choice(keys), chance.choice(keys)
        via = chance.sample(keys, chance.choice([0, 0, 0, 1, 2]))
        avoid = chance.sample(keys, chance.choice([0, 0, 1, 3]))
        most, limit = chance.randint(1, 12), chance.randint(1, 50)
        search = find_paths(graph, start, goal, via=via, avoid=avoid, max_length=most, limit=limit)
        assert search.complete
        assert search.work < MOST_WORK
        assert len(search.paths) <= limit
        for path in search.paths:
            nodes = [key_of(node) for node in path.nodes]
            assert (nodes[0], nodes[-1]) == (start, goal)
            assert len(set(nodes)) == len(nodes) == path.length + 1 <= most + 1
            assert set(via) <= set(nodes)
            assert not set(avoid) & set(nodes)
            ends = [(key_of(edge.source), key_of(edge.object)) for edge in path.edges]
            assert ends == list(pairwise(nodes))
            assert path.predicted == reduce(mul, (SIGNS[edge.predicate] for edge in path.edges))
        found += bool(search.paths)
    assert found > 500


def test_paths_are_those_that_networkx_finds(graph: Graph) -> None:
    other = networkx.DiGraph((key_of(e.source), key_of(e.object)) for e in graph.edges.values())
    for start, goal in [
        ("inhibitor/tocilizumab", "cancer/ovarian-cancer"),
        ("target/stat3", "target/il6r"),
        ("target/il6", "cancer/breast-cancer"),
    ]:
        expected = {tuple(path) for path in networkx.all_simple_paths(other, start, goal, cutoff=6)}
        search = find_paths(graph, start, goal, max_length=6, limit=10**6)
        assert {tuple(map(key_of, path.nodes)) for path in search.paths} == expected
        assert len(expected) > 3


def test_a_question_that_is_too_wide_ends_at_the_bound_and_says_so(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.knowledge.graph.MOST_WORK", 30)
    search = find_paths(graph, "inhibitor/tocilizumab", "cancer/breast-cancer", max_length=12, limit=50)
    assert not search.complete
    assert search.work == 30


# The graph


def test_the_graph_holds_every_interaction_and_what_inhibitors_inhibit(whole: Any, facts: Facts) -> None:
    drugs = {(each.id, target) for each in facts.inhibitors.values() for target in each.targets}
    edges = {edge["id"]: edge for edge in whole["edges"]}
    assert set(edges) == {*facts.interactions, *(f"{drug}-inhibits-{target}" for drug, target in drugs)}
    for drug, target in drugs:
        edge = edges[f"{drug}-inhibits-{target}"]
        assert (edge["predicate"], edge["sign"], edge["object"]["id"]) == ("inhibits", "suppresses", target)
        assert [each["id"] for each in edge["publications"]] == facts.inhibitors[drug].publications
    for row in facts.interactions.values():
        assert edges[row.id]["statement"] == row.statement
        assert [each["id"] for each in edges[row.id]["publications"]] == row.publications
    ends = {(end["kind"], end["id"]) for edge in edges.values() for end in (edge["source"], edge["object"])}
    assert {(node["kind"], node["id"]) for node in whole["nodes"]} == ends


def test_every_predicate_has_a_sign(whole: Any) -> None:
    assert set(SIGNS) == set(Predicate)
    for edge in whole["edges"]:
        assert edge["sign"] == SIGNS[Predicate(edge["predicate"])]
    assert Sign.SUPPRESSES * Sign.SUPPRESSES == Sign.PROMOTES
    assert Sign.SUPPRESSES * Sign.PROMOTES == Sign.SUPPRESSES


def test_a_neighbourhood_is_what_leads_to_a_record_and_what_it_leads_to(
    client: httpx.Client, whole: Any
) -> None:
    near = get(client, "/graph", cancer="ovarian cancer")
    leading = {e["source"]["id"] for e in whole["edges"] if e["object"]["id"] == "ovarian-cancer"}
    assert {node["id"] for node in near["nodes"]} == {"ovarian-cancer", *leading}
    further = get(client, "/graph", cancer="ovarian cancer", depth=2)
    assert len(further["nodes"]) > len(near["nodes"])
    assert {node["kind"] for node in further["nodes"]} == {"target", "mechanism", "cancer"}
    alone = get(client, "/graph", inhibitor="Actemra", depth=0)
    assert [node["id"] for node in alone["nodes"]] == ["tocilizumab"]
    assert alone["edges"] == []


def test_edges_of_a_predicate(client: httpx.Client) -> None:
    binding = get(client, "/graph", predicate="binds")
    assert [edge["id"] for edge in binding["edges"]] == ["il6-binds-il6r", "il6r-binds-il6st"]
    assert [node["id"] for node in binding["nodes"]] == ["il6", "il6r", "il6st"]
    both = get(client, "/graph", predicate="binds", target="il6")
    assert [edge["id"] for edge in both["edges"]] == ["il6-binds-il6r"]


def test_a_cancer_without_an_edge_is_a_node_by_itself(client: httpx.Client) -> None:
    lone = get(client, "/graph", cancer="uveal melanoma", depth=3)
    assert [node["id"] for node in lone["nodes"]] == ["uveal-melanoma"]


def test_a_depth_needs_a_record_to_count_from(client: httpx.Client) -> None:
    response = client.get("/graph", params={"depth": 2})
    assert response.status_code == 422
    assert "Name a record" in response.json()["detail"]


# Formats: each is read back by a program that knows it


def text_of(client: httpx.Client, wanted: str, **parameters: Any) -> str:
    response = client.get("/graph", params={"format": wanted, **parameters}).raise_for_status()
    media_type = GRAPH_EXPORTS[GraphFormat(wanted)].media_type
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    return response.text


def test_every_format_is_there_and_is_the_same_twice(client: httpx.Client) -> None:
    assert {*GRAPH_EXPORTS} == {*GraphFormat} - {GraphFormat.JSON}
    for wanted in GRAPH_EXPORTS:
        assert text_of(client, wanted) == text_of(client, wanted)
        paths = {"from": "tocilizumab", **QUESTION, "format": wanted}
        assert client.get("/graph/paths", params=paths).raise_for_status().text


@pytest.mark.parametrize(
    "media_type", ["application/graphml+xml", "text/vnd.graphviz", "image/svg+xml", "text/plain"]
)
def test_a_format_may_be_asked_for_by_accept(client: httpx.Client, media_type: str) -> None:
    response = client.get("/graph?target=il6", headers={"Accept": media_type}).raise_for_status()
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    assert client.get("/graph", headers={"Accept": "image/gif"}).status_code == 406


def test_graphml_is_read_by_networkx(client: httpx.Client, whole: Any) -> None:
    read = networkx.parse_graphml(text_of(client, "graphml"), force_multigraph=True)
    assert read.number_of_nodes() == len(whole["nodes"])
    assert read.number_of_edges() == len(whole["edges"])
    edge = read.get_edge_data("target/jak1", "target/stat3")["jak1-phosphorylates-stat3"]
    assert edge["predicate"] == "phosphorylates"
    assert edge["publications"].split("|") == sources(whole, "jak1-phosphorylates-stat3")
    pmids = edge["pmids"].split("|")
    assert pmids == [each["pmid"] for each in cited(whole, "jak1-phosphorylates-stat3") if each["pmid"]]
    node = read.nodes["target/il6st"]
    assert (node["name"], node["symbol"], node["label"]) == ("target/il6st", "IL6ST", "IL6ST")
    assert "uniprot:P40189" in node["xrefs"].split("|")
    assert all(key == data["name"] and data["fullname"] for key, data in read.nodes(data=True))

    assert edge["level"] == "D"
    assert (read.graph["release"], read.graph["licence"]) == ("2026.12", "CC-BY-4.0")


def test_a_file_says_which_release_it_is_of(client: httpx.Client) -> None:
    release = get(client, "/release")
    of_file = {"release": release["version"], "licence": release["licence"], "citation": release["citation"]}
    (declared,), (stated,) = (
        next(aspect[name] for aspect in get(client, "/graph", format="cx2") if name in aspect)
        for name in ("attributeDeclarations", "networkAttributes")
    )
    assert stated.items() >= of_file.items()
    assert declared["networkAttributes"].keys() == stated.keys()
    assert get(client, "/graph", format="cytoscape")["data"].items() >= of_file.items()
    line = text_of(client, "sifnx").splitlines()[1]
    assert f"IL-6 Atlas {release['version']} (CC-BY-4.0)" in line


def test_cx2_holds_the_graph(client: httpx.Client, whole: Any) -> None:
    aspects: dict[str, Any] = {}
    for each in get(client, "/graph", format="cx2"):
        aspects |= each
    assert aspects["CXVersion"] == "2.0"
    assert {each["name"]: each["elementCount"] for each in aspects["metaData"]} == {
        name: len(aspects[name]) for name in ("attributeDeclarations", "networkAttributes", "nodes", "edges")
    }
    nodes = {each["id"]: each["v"] for each in aspects["nodes"]}
    assert [(each["kind"], each["record"]) for each in nodes.values()] == [
        (each["kind"], each["id"]) for each in whole["nodes"]
    ]
    (declared,) = aspects["attributeDeclarations"]
    for row, edge in zip(aspects["edges"], whole["edges"], strict=True):
        for number, end in ((row["s"], edge["source"]), (row["t"], edge["object"])):
            assert (nodes[number]["kind"], nodes[number]["record"]) == (end["kind"], end["id"])
        assert row["v"]["interaction"] == edge["predicate"]
        assert row["v"]["pmids"] == [each["pmid"] for each in edge["publications"] if each["pmid"]]
    for kind in ("nodes", "edges"):
        for each in aspects[kind]:
            for name, value in each["v"].items():
                is_list = declared[kind][name]["d"] == "list_of_string"
                assert isinstance(value, list) == is_list
                assert value is not None
    assert aspects["status"] == [{"success": True}]


def test_an_edge_is_as_strong_as_the_best_of_its_sources(whole: Any, facts: Facts) -> None:
    kinds = {each.id: each.kind for each in facts.publications.values()}
    best = {
        "meta-analysis": "A",
        "regulatory-label": "A",
        "case-report": "C",
        "in-vivo": "D",
        "in-vitro": "D",
    }
    best |= dict.fromkeys(("randomised-trial", "single-arm-trial", "cohort"), "B")
    for edge in whole["edges"]:
        assert edge["level"] == min(best.get(kinds[each["id"]], "E") for each in edge["publications"])
    assert {edge["level"] for edge in whole["edges"]} == {"A", "B", "D", "E"}


def sources(whole: Any, edge_id: str) -> list[str]:
    return [each["id"] for each in cited(whole, edge_id)]


def cited(whole: Any, edge_id: str) -> Any:
    (edge,) = (edge for edge in whole["edges"] if edge["id"] == edge_id)
    return edge["publications"]


def test_dot_is_read_by_graphviz(client: httpx.Client, whole: Any) -> None:
    read = pygraphviz.AGraph(text_of(client, "dot"))
    assert read.number_of_nodes() == len(whole["nodes"])
    assert read.number_of_edges() == len(whole["edges"])


def test_sif_has_a_line_per_edge(client: httpx.Client, whole: Any) -> None:
    lines = [line.split("\t") for line in text_of(client, "sif").splitlines()]
    assert len(lines) == len(whole["edges"])
    assert ["target/jak1", "phosphorylates", "target/stat3"] in lines
    assert text_of(client, "sif", cancer="uveal-melanoma") == "cancer/uveal-melanoma\n"


def test_extended_sif_is_a_table_of_edges_and_one_of_nodes(client: httpx.Client, whole: Any) -> None:
    edges, nodes = (
        list(csv.DictReader(io.StringIO(part), dialect=csv.excel_tab))
        for part in text_of(client, "sifnx").split("\n\n")
    )
    plain = [line.split("\t") for line in text_of(client, "sif").splitlines()]
    assert [[*each.values()][:3] for each in edges] == plain
    assert [each["PARTICIPANT"] for each in nodes] == [f"{n['kind']}/{n['id']}" for n in whole["nodes"]]
    by_key = {each["PARTICIPANT"]: each for each in nodes}
    assert by_key["target/il6st"]["PARTICIPANT_NAME"] == "IL6ST"
    assert "uniprot:P40189" in by_key["target/il6st"]["UNIFICATION_XREF"].split(";")
    for row, edge in zip(edges, whole["edges"], strict=True):
        pmids = [each["pmid"] for each in edge["publications"] if each["pmid"]]
        assert (row["SIGN"], row["LEVEL"]) == (edge["sign"], edge["level"])
        assert row["INTERACTION_PUBMED_ID"] == ";".join(pmids)


def test_cytoscape_elements_hang_together(client: httpx.Client, whole: Any) -> None:
    elements = get(client, "/graph", format="cytoscape")["elements"]
    ids = [each["data"]["id"] for group in elements.values() for each in group]
    assert len(set(ids)) == len(ids) == len(whole["nodes"]) + len(whole["edges"])
    nodes = {each["data"]["id"] for each in elements["nodes"]}
    assert {each["data"][end] for each in elements["edges"] for end in ("source", "target")} == nodes
    data = {each["data"]["id"]: each["data"] for each in elements["nodes"]}
    assert data["target/il6st"]["symbol"] == "IL6ST"
    assert "uniprot:P40189" in data["target/il6st"]["xrefs"]
    assert {each["symbol"] for each in data.values() if each["kind"] != "target"} == {None}
    arrows = {each["data"]["id"]: each["data"] for each in elements["edges"]}
    wanted = [each["pmid"] for each in cited(whole, "jak1-phosphorylates-stat3") if each["pmid"]]
    assert arrows["jak1-phosphorylates-stat3"]["pmids"] == wanted


def test_networkx_reads_cytoscape_json_back(client: httpx.Client, whole: Any) -> None:
    read = networkx.cytoscape_graph(get(client, "/graph", format="cytoscape"))
    assert read.is_multigraph()
    assert read.is_directed()
    assert {*read} == {f"{each['kind']}/{each['id']}" for each in whole["nodes"]}
    assert sorted(key for _, _, key in read.edges) == sorted(each["id"] for each in whole["edges"])


def test_kgx_tables_hang_together(client: httpx.Client, whole: Any) -> None:
    nodes = list(csv.DictReader(io.StringIO(text_of(client, "kgx-nodes")), dialect=csv.excel_tab))
    edges = list(csv.DictReader(io.StringIO(text_of(client, "kgx-edges")), dialect=csv.excel_tab))
    assert (len(nodes), len(edges)) == (len(whole["nodes"]), len(whole["edges"]))
    named = Counter(node["id"] for node in nodes)
    assert max(named.values()) == 1
    assert {edge[end] for edge in edges for end in ("subject", "object")} == set(named)
    assert {"HGNC:6018", "MONDO:0008170"} <= set(named)
    assert {node["category"] for node in nodes} == set(kgx.CATEGORIES.values())
    for edge in edges:
        assert edge["predicate"].startswith("biolink:")
        assert edge["publications"].startswith(("PMID:", "doi:", "il6atlas.publication:"))
    by_id = {edge["id"]: edge for edge in edges}
    assert len(by_id) == len(edges)
    phosphorylation = by_id["il6atlas.interaction:jak1-phosphorylates-stat3"]
    assert phosphorylation["object_aspect_qualifier"] == "phosphorylation"
    assert phosphorylation["object_direction_qualifier"] == "increased"
    assert phosphorylation["category"] == "biolink:GeneToGeneAssociation"


def test_the_words_of_kgx_say_which_way_an_edge_goes(client: httpx.Client, whole: Any) -> None:
    """By its predicate, or by a qualifier that is legal in the class of the edge."""
    edges = list(csv.DictReader(io.StringIO(text_of(client, "kgx-edges")), dialect=csv.excel_tab))
    for edge, row in zip(whole["edges"], edges, strict=True):
        ends = (edge["source"]["kind"], edge["object"]["kind"])
        direction = row["object_direction_qualifier"]
        assert bool(direction) == (row["predicate"] == "biolink:affects")
        if direction:
            assert ends in {("inhibitor", "target"), ("target", "target")}
        told = {
            "biolink:contributes_to": "promotes",
            "biolink:disrupts": "suppresses",
            "biolink:affects": {"increased": "promotes", "decreased": "suppresses"}.get(direction),
            "biolink:directly_physically_interacts_with": "promotes",
        }
        assert told[row["predicate"]] == edge["sign"]
        assert row["category"] == kgx.ASSOCIATIONS.get(tuple(map(Kind, ends)), "biolink:Association")
        assert row["knowledge_level"] == "knowledge_assertion"
        assert row["agent_type"] == "manual_agent"
        assert row["primary_knowledge_source"] == "infores:il6-atlas"


def test_every_identifier_that_kgx_tables_hold_is_read_back(client: httpx.Client, whole: Any) -> None:
    nodes = list(csv.DictReader(io.StringIO(text_of(client, "kgx-nodes")), dialect=csv.excel_tab))
    edges = list(csv.DictReader(io.StringIO(text_of(client, "kgx-edges")), dialect=csv.excel_tab))
    meant: dict[str, set[tuple[str, str]]] = {}
    for node, row in zip(whole["nodes"], nodes, strict=True):
        for each in filter(None, (row["id"], *row["xref"].split("|"))):
            meant.setdefault(each, set()).add((node["kind"], node["id"]))
    for edge, row in zip(whole["edges"], edges, strict=True):
        if edge["source"]["kind"] == "inhibitor":
            assert row["id"].startswith("urn:uuid:")  # it is no record
        else:
            meant[row["id"]] = {("interaction", edge["id"])}
        for each, source in zip(row["publications"].split("|"), edge["publications"], strict=True):
            meant[each] = {("publication", source["id"])}
    del meant["WIKIPATHWAYS:WP364"]  # a publication has this for its id
    terms = list(meant)
    found: list[Any] = []
    for begin in range(0, len(terms), 1000):
        body = {"terms": terms[begin : begin + 1000]}
        found += client.post("/resolve", json=body).raise_for_status().json()["items"]
    assert len(terms) > 500
    for each in found:
        records = [each["match"]] if each["match"] else each["candidates"]
        assert {(one["kind"], one["id"]) for one in records} >= meant[each["term"]], each


def test_every_registry_that_nodes_are_known_by_has_its_biolink_name(graph: Graph) -> None:
    prefixes = {curie.partition(":")[0] for curies in graph.xrefs.values() for curie in curies}
    assert prefixes - set(kgx.PREFIXES) <= {"atc", "oncotree", "iuphar.ligand", "icd10cm"}


SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_says_what_it_shows_and_links_to_pages_alone(client: httpx.Client, whole: Any) -> None:
    root = ElementTree.fromstring(text_of(client, "svg"))
    assert root.get("role") == "img"
    labels = str(root.get("aria-labelledby")).split()
    assert [root.find(f"*[@id='{each}']") is not None for each in labels] == [True, True]
    links = {value for each in root.iter(f"{SVG}a") for name, value in each.items() if name.endswith("}href")}
    paths = {kind: f"{kind}s" for kind in NODE_KINDS}
    assert {f"/explore/{paths[Kind(node['kind'])]}/{node['id']}" for node in whole["nodes"]} <= links
    assert all(link.startswith("/explore/") for link in links)
    shown = Counter(each.get("class") for each in root.iter(f"{SVG}g"))
    assert (shown["node"], shown["edge"]) == (len(whole["nodes"]), len(whole["edges"]))
    assert not list(root.iter(f"{SVG}script"))
    words = "".join(root.itertext())
    assert all(kind in words for kind in NODE_KINDS)


def test_inhibition_ends_in_a_bar(client: httpx.Client) -> None:
    """Graphviz draws a pointed arrow as a triangle, and a bar as a rectangle with a line."""

    def corners(predicate: str) -> set[int]:
        root = ElementTree.fromstring(text_of(client, "svg", predicate=predicate))
        edges = [each for each in root.iter(f"{SVG}g") if each.get("class") == "edge"]
        heads = [head for edge in edges for head in edge.iter(f"{SVG}polygon")]
        return {len(str(head.get("points")).split()) for head in heads}

    assert corners("inhibits").isdisjoint(corners("activates"))


def test_kinds_of_nodes_are_told_apart_by_shape_and_colour() -> None:
    from app.exports.picture import STYLES

    assert set(STYLES) == set(NODE_KINDS)
    looks = {(each["shape"], each["style"]) for each in STYLES.values()}
    assert len(looks) == len(STYLES) == len({each["fillcolor"] for each in STYLES.values()})


@pytest.mark.parametrize(
    ("name", "address", "parameters"),
    [
        ("tocilizumab-to-ovarian-cancer", "/graph/paths", {"from": "tocilizumab", **QUESTION}),
        ("ovarian-cancer", "/graph", {"cancer": "ovarian-cancer", "depth": 2}),
    ],
)
def test_a_picture_of_the_readme_shows_what_the_program_draws(
    client: httpx.Client, name: str, address: str, parameters: dict[str, Any]
) -> None:
    """All but the measures, which depend on the fonts of a machine."""

    def shown(svg: str) -> set[tuple[str | None, str, str]]:
        parts = ElementTree.fromstring(svg).iter(f"{SVG}g")
        return {
            (each.get("class"), str(each.findtext(f"{SVG}title")), "".join(each.itertext())) for each in parts
        }

    drawn = client.get(address, params={**parameters, "format": "svg"}).raise_for_status().text
    assert shown((PROJECT / "pictures" / f"{name}.svg").read_text("utf-8")) == shown(drawn)
