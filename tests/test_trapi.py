"""TRAPI: graphs of nodes and edges, matched to the atlas; right answers are counted from the seed files."""

import json
import re
from typing import Any

import httpx
import pytest

from app.catalog import RESOURCES
from app.models.base import Kind
from app.models.trapi import MOST_RESULTS
from app.seeding.answers import Facts
from tests.test_project import REQUESTS, part_of

SILTUXIMAB, MYELOMA, IL6 = "UNII:T4H8FMA7IM", "MONDO:0009693", "HGNC:6018"


def post(client: httpx.Client, nodes: Any, edges: Any, **more: Any) -> httpx.Response:
    query_graph = {"nodes": nodes, "edges": edges}
    return client.post("/trapi/query", json={"message": {"query_graph": query_graph, **more}})


def ask(client: httpx.Client, subject: Any, end: Any, **edge: Any) -> Any:
    """The answer to a question of one edge, from `s` to `o`."""
    asked = {"e": {"subject": "s", "object": "o", **edge}}
    answer = post(client, {"s": subject, "o": end}, asked).raise_for_status().json()
    whole(answer)
    return answer


def whole(answer: Any) -> None:
    """All that is bound is there, and nothing else is; each edge joins what its nodes are bound to."""
    message = answer["message"]
    nodes, edges = message["knowledge_graph"]["nodes"], message["knowledge_graph"]["edges"]
    bound: set[str] = set()
    for result in message["results"]:
        ends = {name: each[0]["id"] for name, each in result["node_bindings"].items()}
        assert {*ends} == {*message["query_graph"]["nodes"]}
        assert {*ends.values()} <= {*nodes}
        (analysis,) = result["analyses"]
        assert {*analysis["edge_bindings"]} == {*message["query_graph"]["edges"]}
        for name, bindings in analysis["edge_bindings"].items():
            asked = message["query_graph"]["edges"][name]
            assert bindings
            for each in bindings:
                edge = edges[each["id"]]
                joined = {edge["subject"], edge["object"]}
                assert joined == {ends[asked["subject"]], ends[asked["object"]]}
                bound.add(each["id"])
    assert bound == {*edges}
    assert {edge[end] for edge in edges.values() for end in ("subject", "object")} == {*nodes}
    assert "No IL-6 inhibitor is approved to treat a cancer." in answer["description"]


def edges_of(answer: Any) -> list[Any]:
    return list(answer["message"]["knowledge_graph"]["edges"].values())


def attribute(edge: Any, name: str) -> Any:
    return next((a["value"] for a in edge["attributes"] if a["attribute_type_id"] == f"biolink:{name}"), None)


def said_of(edge: Any) -> str:
    """What the publications of an edge say, in a sentence."""
    (told,) = (a for a in edge["attributes"] if a["attribute_type_id"] == "biolink:publications")
    sentence: str = told["description"]
    return sentence


def claims(facts: Facts, inhibitor: str, cancer: str) -> list[Any]:
    return [
        row
        for row in facts.of(Kind.EVIDENCE).values()
        if (row.type, row.inhibitor, row.cancer) == ("therapeutic", inhibitor, cancer)
    ]


def test_an_inhibitor_affects_its_target_and_the_target_is_affected(client: httpx.Client) -> None:
    """By any identifier; the same edge from both of its ends, with qualifiers, sources and their address."""
    forth = ask(
        client,
        {"ids": ["chembl:CHEMBL1743070"]},
        {"categories": ["biolink:Gene"]},
        predicates=["biolink:affects"],
    )
    back = ask(client, {"ids": [IL6]}, {"ids": [SILTUXIMAB]}, predicates=["biolink:affected_by"])
    (edge,) = edges_of(forth)
    assert edges_of(back) == [edge]
    assert (edge["subject"], edge["predicate"], edge["object"]) == (SILTUXIMAB, "biolink:affects", IL6)
    assert {each["qualifier_type_id"]: each["qualifier_value"] for each in edge["qualifiers"]} == {
        "biolink:qualified_predicate": "biolink:causes",
        "biolink:object_aspect_qualifier": "activity",
        "biolink:object_direction_qualifier": "decreased",
    }
    assert "PMID:25042199" in attribute(edge, "publications")
    assert attribute(edge, "knowledge_level") == "knowledge_assertion"
    assert attribute(edge, "agent_type") == "manual_agent"
    (source,) = edge["sources"]
    assert (source["resource_id"], source["resource_role"]) == (
        "infores:il6-atlas",
        "primary_knowledge_source",
    )
    for address in source["source_record_urls"]:
        assert httpx.get(address).status_code == 200
    (binding,) = forth["message"]["results"][0]["node_bindings"]["s"]
    assert (binding["id"], binding["query_id"]) == (SILTUXIMAB, "chembl:CHEMBL1743070")
    assert "query_id" not in back["message"]["results"][0]["node_bindings"]["s"][0]


def test_every_interaction_and_every_aim_of_an_inhibitor_is_an_edge(
    client: httpx.Client, facts: Facts
) -> None:
    """Asked by the widest predicate from every node, in both directions."""
    drugs, rows = facts.of(Kind.INHIBITOR).values(), facts.of(Kind.INTERACTION).values()
    wanted = sum(len(drug.targets) for drug in drugs) + len(rows)
    kinds = ["Drug", "Gene", "BiologicalProcess", "Disease"]
    found: dict[bool, dict[str, Any]] = {True: {}, False: {}}
    for one in kinds:
        for other in kinds:
            asked = {"categories": [f"biolink:{one}"]}, {"categories": [f"biolink:{other}"]}
            for forth in (True, False):
                ends = asked if forth else asked[::-1]
                told = ask(client, *ends, predicates=["biolink:related_to"])
                assert not told["logs"]
                found[forth] |= told["message"]["knowledge_graph"]["edges"]
    assert found[True] == found[False]
    graph = [each for each in found[True] if not each.startswith(("il6atlas.evidence:", "il6atlas.trial:"))]
    assert len(graph) == wanted


def test_trials_against_a_cancer_and_claims_on_treatment_are_edges(
    client: httpx.Client, facts: Facts
) -> None:
    told = ask(client, {"ids": [SILTUXIMAB]}, {"ids": [MYELOMA]})
    ends = [each for each in edges_of(told) if each["object"] == MYELOMA]
    numbers = {number for each in ends for number in attribute(each, "has_supporting_studies") or ()}
    tried = {
        f"clinicaltrials:{row.registry_id}"
        for row in facts.of(Kind.TRIAL).values()
        if "siltuximab" in row.inhibitors
        and "multiple-myeloma" in row.cancers
        and row.purpose == "anti-tumour"
    }
    assert {each for each in tried if each.startswith("clinicaltrials:NCT")} == numbers
    said = [row.statement for row in claims(facts, "siltuximab", "multiple-myeloma")]
    assert len(said) > 5
    assert {*said} <= {said_of(each) for each in ends}


def test_what_did_no_good_is_negated_and_nothing_is_said_to_treat_a_cancer(
    client: httpx.Client, facts: Facts
) -> None:
    """A question for what treats finds negated edges alone, from either end."""
    told = ask(
        client,
        {"categories": ["biolink:ChemicalEntity"]},
        {"categories": ["biolink:DiseaseOrPhenotypicFeature"]},
        predicates=["biolink:treats"],
    )
    assert all(attribute(each, "negated") is True for each in edges_of(told))
    failed = [
        row.statement
        for row in facts.of(Kind.EVIDENCE).values()
        if (row.type, row.significance) == ("therapeutic", "no-benefit")
        and row.inhibitor and row.cancer and row.study_type not in ("animal", "cell")
    ]  # fmt: skip
    assert len(failed) > 20
    assert sorted(said_of(each) for each in edges_of(told)) == sorted(failed)
    back = ask(
        client,
        {"categories": ["biolink:Disease"]},
        {"categories": ["biolink:Drug"]},
        predicates=["biolink:treated_by"],
    )
    assert sorted(back["message"]["knowledge_graph"]["edges"]) == sorted(
        told["message"]["knowledge_graph"]["edges"]
    )


def test_a_wider_cancer_finds_the_narrower_and_says_so(client: httpx.Client, facts: Facts) -> None:
    (wide,) = (row for row in facts.of(Kind.CANCER).values() if row.id == "solid-and-blood-cancers")
    narrower = {row.id for row in facts.of(Kind.CANCER).values() if row.parent == wide.id}
    assert "multiple-myeloma" in narrower
    name = f"il6atlas.cancer:{wide.id}"
    told = ask(client, {"ids": [SILTUXIMAB]}, {"ids": [name]})
    bound = {
        each["node_bindings"]["o"][0]["id"]: each["node_bindings"]["o"][0]
        for each in told["message"]["results"]
    }
    assert bound[MYELOMA]["query_id"] == name
    both = ask(client, {"ids": [SILTUXIMAB, "CHEMBL.COMPOUND:CHEMBL1743070"]}, {"ids": [name, MYELOMA]})
    (one,) = (
        each["node_bindings"]
        for each in both["message"]["results"]
        if each["node_bindings"]["o"][0]["id"] == MYELOMA
    )
    assert "query_id" not in one["o"][0]
    assert "query_id" not in one["s"][0]
    assert both["logs"] == []


def test_two_edges_lead_through_a_node(client: httpx.Client) -> None:
    nodes = {"drug": {"ids": [SILTUXIMAB]}, "gene": {"categories": ["biolink:Gene"]}, "next": {}}
    edges = {
        "first": {"subject": "drug", "object": "gene", "predicates": ["biolink:affects"]},
        "second": {"subject": "gene", "object": "next"},
    }
    answer = post(client, nodes, edges).raise_for_status().json()
    whole(answer)
    for result in answer["message"]["results"]:
        bound = [each[0]["id"] for each in result["node_bindings"].values()]
        assert bound[:2] == [SILTUXIMAB, IL6]
        assert len({*bound}) == 3
    receptors = {result["node_bindings"]["next"][0]["id"] for result in answer["message"]["results"]}
    assert {"HGNC:6019", "HGNC:6021"} <= receptors


def test_qualifiers_narrow_with_the_wider_values_and_turn_with_the_edge(client: httpx.Client) -> None:
    def count(subject: Any, end: Any, **qualifiers: str) -> int:
        wanted = [
            {"qualifier_type_id": f"biolink:{name}_qualifier", "qualifier_value": value}
            for name, value in qualifiers.items()
        ]
        told = ask(client, subject, end, qualifier_constraints=[{"qualifier_set": wanted}])
        return len(edges_of(told))

    drug, gene = {"categories": ["biolink:Drug"]}, {"categories": ["biolink:Gene"]}
    every = count(drug, gene, object_direction="decreased")
    assert every > 30
    assert count(drug, gene, object_direction="decreased", object_aspect="activity_or_abundance") == every
    assert count(drug, gene, object_direction="increased") == 0
    assert count(drug, gene, subject_direction="decreased") == 0
    assert count(gene, drug, subject_direction="decreased") == every


@pytest.mark.parametrize(
    ("subject", "end", "code"),
    [
        ({"ids": ["HGNC:99999"]}, {}, "UnknownId"),
        ({"ids": ["\0 no \uffff name"]}, {}, "UnknownId"),
        ({"ids": [IL6]}, {"categories": ["biolink:SmallMolecule"]}, "UnknownCategory"),
    ],
)
def test_what_is_not_there_is_an_empty_answer_that_says_why(
    client: httpx.Client, subject: Any, end: Any, code: str
) -> None:
    told = ask(client, subject, end)
    assert told["message"]["results"] == edges_of(told) == []
    assert [each["code"] for each in told["logs"]] == [code]


def test_a_predicate_that_no_edge_has_is_named(client: httpx.Client) -> None:
    strange = ["biolink:subclass_of", "biolink:superclass_of"]
    told = ask(client, {"ids": [IL6]}, {}, predicates=strange)
    assert told["message"]["results"] == []
    ((code, message),) = ((each["code"], each["message"]) for each in told["logs"])
    assert code == "UnknownPredicate"
    assert ", ".join(strange) in message
    both = ask(client, {"ids": [IL6]}, {}, predicates=["biolink:affected_by", strange[0]])
    assert both["message"]["results"]
    assert strange[0] in both["logs"][0]["message"]
    assert "affected_by" not in both["logs"][0]["message"]


def test_a_known_category_and_predicate_without_an_edge_is_an_empty_answer(client: httpx.Client) -> None:
    told = ask(client, {"ids": [SILTUXIMAB]}, {"ids": [IL6]}, predicates=["biolink:treats"])
    assert (told["message"]["results"], told["logs"]) == ([], [])


def test_too_many_results_are_cut_and_the_answer_says_so(client: httpx.Client) -> None:
    nodes: dict[str, Any] = {"a": {}, "b": {}, "c": {}}
    edges = {"e": {"subject": "a", "object": "b"}, "f": {"subject": "b", "object": "c"}}
    answer = post(client, nodes, edges).raise_for_status().json()
    assert len(answer["message"]["results"]) == MOST_RESULTS
    assert [each["code"] for each in answer["logs"]] == ["TooManyResults"]
    assert "there are more" in answer["description"]


EDGE = {"e": {"subject": "a", "object": "b"}}


@pytest.mark.parametrize(
    ("nodes", "edges", "where", "said"),
    [
        ({"a": {}}, EDGE, "nodes", "at least 2"),
        ({"a": {}, "b": {}, "c": {}, "d": {}}, EDGE, "nodes", "at most 3"),
        ({"a": {}, "b": {}}, {}, "edges", "at least 1"),
        ({"a": {}, "b": {}}, {"e": {"subject": "a", "object": "z"}}, "query_graph", "z, which is no node"),
        ({"a": {}, "b": {}}, {"e": {"subject": "a", "object": "a"}}, "query_graph", "begins and ends at a"),
        ({"a": {}, "b": {}, "c": {}}, EDGE, "query_graph", "no edge ends at c"),
        ({"a": {}, "b": {}}, EDGE | {"f": {"subject": "b", "object": "a"}}, "query_graph", "in a row"),
        ({"a": {"ids": []}, "b": {}}, EDGE, "ids", "at least 1"),
        ({"a": {"ids": ["x"] * 201}, "b": {}}, EDGE, "ids", "at most 200"),
        ({"a": {"categories": ["Gene"]}, "b": {}}, EDGE, "categories", "pattern"),
        ({"a": {"constraints": [{"id": "x"}]}, "b": {}}, EDGE, "constraints", "at most 0"),
        ({"a": {"set_interpretation": "ALL"}, "b": {}}, EDGE, "set_interpretation", "BATCH"),
        ({"a": {}, "b": {}}, {"e": {**EDGE["e"], "knowledge_type": "inferred"}}, "knowledge_type", "lookup"),
        ({"a": {}, "b": {}}, {"e": {**EDGE["e"], "predicates": ["treats"]}}, "predicates", "pattern"),
    ],
)
def test_a_malformed_question_is_refused_with_what_is_wrong(
    client: httpx.Client, nodes: Any, edges: Any, where: str, said: str
) -> None:
    refused = post(client, nodes, edges)
    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    (error,) = refused.json()["errors"]
    assert where in error["loc"]
    assert where in refused.json()["detail"]
    assert said in error["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"{}", 422),
        (b"null", 422),
        (b'{"message": {}}', 422),
        (b'{"message": {"query_graph": {"nodes": {"\\ud800": {}, "b": {}}, "edges": {}}}}', 422),
    ],
)
def test_what_is_no_question_is_a_problem(client: httpx.Client, body: bytes, status: int) -> None:
    refused = client.post("/trapi/query", content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == refused.json()["status"] == status
    assert not refused.json()["detail"].startswith(":")
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_the_meta_graph_tells_all_that_can_be_asked(client: httpx.Client) -> None:
    """Each of its edges is found by its own categories and predicate, and there are no others."""
    meta = client.get("/trapi/meta_knowledge_graph").raise_for_status().json()
    told = {(each["subject"], each["predicate"], each["object"]) for each in meta["edges"]}
    found = set()
    for subject in meta["nodes"]:
        for end in meta["nodes"]:
            answer = ask(client, {"categories": [subject]}, {"categories": [end]})
            nodes = answer["message"]["knowledge_graph"]["nodes"]
            for edge in edges_of(answer):
                ends = [nodes[edge[one]]["categories"][0] for one in ("subject", "object")]
                found.add((ends[0], edge["predicate"], ends[1]))
                for one in ("subject", "object"):
                    prefix = edge[one].partition(":")[0]
                    assert prefix in meta["nodes"][nodes[edge[one]]["categories"][0]]["id_prefixes"]
    assert found == told


def test_every_prefix_that_is_written_is_explained_and_read_back(client: httpx.Client) -> None:
    """Of nodes, cross-references and publications in KGX: the address behind each names the same record."""
    prefixes = client.get("/prefixes").raise_for_status().json()["@context"]
    base = str(client.base_url).rstrip("/")
    assert {f"il6atlas.{each.kind}": f"{base}/{each.path}/" for each in RESOURCES}.items() <= prefixes.items()
    written: set[str] = set()
    for form, columns in (("kgx-nodes", ("id", "xref")), ("kgx-edges", ("publications",))):
        head, *rows = client.get(f"/graph?format={form}").text.splitlines()
        for column in columns:
            place = head.split("\t").index(column)
            written |= {each for row in rows for each in row.split("\t")[place].split("|") if each}
    for each in RESOURCES:
        for item in client.get(f"/{each.path}?limit=500").json()["items"]:
            written |= {*item.get("xrefs", ())}
    assert len(written) > 1000
    addresses = {}
    for curie in sorted(written):
        prefix, _, local = curie.partition(":")
        addresses[curie] = prefixes[prefix] + local
    terms = [*addresses, *addresses.values()]
    found: dict[str, Any] = {}
    for start in range(0, len(terms), 1000):
        items = client.post("/resolve", json={"terms": terms[start : start + 1000]}).json()["items"]
        found |= {each["term"]: (each["match"], each["candidates"]) for each in items}
    for curie, address in addresses.items():
        assert found[curie] == found[address] != (None, []), curie


def test_the_example_of_the_documentation_is_answered_as_it_says(client: httpx.Client) -> None:
    ((asked, told),) = re.findall(
        r"/trapi/query .*? -d '(\{.*?)'\n```\n```json\n(.*?)```", REQUESTS, re.DOTALL
    )
    answer = client.post("/trapi/query", json=json.loads(asked)).raise_for_status().json()
    assert part_of(json.loads(told), answer)


def test_llms_txt_leads_to_what_there_is(client: httpx.Client) -> None:
    answer = client.get("/llms.txt").raise_for_status()
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = answer.text
    assert text.startswith("# IL-6 Atlas\n\n> ")
    assert "No IL-6 inhibitor is approved to treat a cancer." in text
    assert client.get("/release").json()["version"] in text
    assert len(text) < 6_000
    paths = {path for path in client.get("/openapi.json").json()["paths"] if path.count("/") == 1}
    service = {"/livez", "/readyz", "/metrics", "/service-info", "/release", "/prefixes", "/llms.txt"}
    for path in paths - service:
        assert path in text, path
    links = [line.partition("](")[2].partition(")")[0] for line in text.splitlines() if "](" in line]
    assert len(links) > 12
    for link in links:
        assert client.get(link).status_code == (405 if link.endswith("/mcp") else 200), link
