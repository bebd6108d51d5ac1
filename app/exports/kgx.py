"""KGX tables of nodes and edges: categories and predicates are those of the Biolink Model."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import NAMESPACE_URL, uuid5

from app.catalog import RESOURCES
from app.knowledge.graph import Graph, Key, key_of
from app.models.base import PREFIXES as REGISTRIES
from app.models.base import Kind
from app.models.graph import GraphEdge
from app.models.interaction import Predicate, Sign
from app.models.publication import PublicationRef

SOURCE = "infores:il6-atlas"

OWN = "il6atlas"
"""The prefix of what no registry has an identifier for, before the kind of the record."""

CATEGORIES = {
    Kind.INHIBITOR: "biolink:Drug",
    Kind.TARGET: "biolink:Gene",
    Kind.MECHANISM: "biolink:BiologicalProcess",
    Kind.CANCER: "biolink:Disease",
}

IDENTIFIERS = {
    Kind.INHIBITOR: ("unii", "chembl", "drugbank"),
    Kind.TARGET: ("hgnc",),
    Kind.MECHANISM: ("go",),
    Kind.CANCER: ("mondo", "doid", "ncit"),
}
"""The registries that name a node, the best first; by their Bioregistry prefixes."""

PREFIXES = {
    "chembl": "CHEMBL.COMPOUND",
    "ncbigene": "NCBIGene",
    "reactome": "REACT",
    "rxnorm": "RXCUI",
    "uniprot": "UniProtKB",
} | {
    each: each.upper()
    for each in (
        "doid", "drugbank", "efo", "ensembl", "go", "hgnc", "icd10", "kegg.pathway", "mesh", "mondo", "ncit",
        "pubchem.compound", "unii", "wikipathways",
    )
}  # fmt: skip
"""What the Biolink Model calls a registry that names nodes, by its Bioregistry prefix."""

ASSOCIATIONS = {
    (Kind.INHIBITOR, Kind.TARGET): "biolink:ChemicalAffectsGeneAssociation",
    (Kind.TARGET, Kind.TARGET): "biolink:GeneToGeneAssociation",
    (Kind.TARGET, Kind.CANCER): "biolink:EntityToDiseaseAssociation",
    (Kind.MECHANISM, Kind.CANCER): "biolink:EntityToDiseaseAssociation",
}
"""What the Biolink Model calls an edge, by its ends; others are `biolink:Association`."""

ASPECTS = {
    Predicate.ACTIVATES: "activity",
    Predicate.INHIBITS: "activity",
    Predicate.PHOSPHORYLATES: "phosphorylation",
    Predicate.UPREGULATES: "expression",
    Predicate.DOWNREGULATES: "expression",
    Predicate.PROMOTES: "activity_or_abundance",
    Predicate.SUPPRESSES: "activity_or_abundance",
}
"""What of its object an edge moves, from a drug or a gene to a gene."""


def biolink_curie(curie: str) -> str:
    prefix, _, local = curie.partition(":")
    return f"{PREFIXES.get(prefix, prefix)}:{local}"


def own_curie(kind: Kind, record_id: str) -> str:
    return f"{OWN}.{kind}:{record_id}"


def identifiers(graph: Graph) -> dict[Key, str]:
    """A CURIE for each node; one that several nodes share names none of them."""
    named: dict[Key, str] = {}
    for key, node in graph.nodes.items():
        wanted = IDENTIFIERS[node.kind]
        known = {curie.partition(":")[0]: curie for curie in reversed(graph.xrefs[key])}
        best = next((known[prefix] for prefix in wanted if prefix in known), None)
        named[key] = biolink_curie(best) if best else own_curie(node.kind, node.id)
    shared = Counter(named.values())
    return {
        key: each if shared[each] == 1 else own_curie(graph.nodes[key].kind, graph.nodes[key].id)
        for key, each in named.items()
    }


def prefix_map(base: str) -> dict[str, str]:
    """What the prefixes of CURIEs stand for, as records and tables write them; ours stand under `base`."""
    ours = {f"{OWN}.{each.kind}": f"{base}/{each.path}/" for each in RESOURCES}
    known = {each.prefix: f"https://bioregistry.io/{each.prefix}:" for each in REGISTRIES.values()}
    written = {PREFIXES[each]: address for each, address in known.items() if each in PREFIXES}
    written["PMID"] = known["pubmed"]
    return dict(sorted((ours | known | written).items()))


def publication_curie(each: PublicationRef) -> str:
    if each.pmid:
        return f"PMID:{each.pmid}"
    return f"doi:{each.doi}" if each.doi else own_curie(Kind.PUBLICATION, each.id)


def edge_id(edge: GraphEdge) -> str:
    """The CURIE of an interaction; what an inhibitor does to its target is no record, and has a UUID."""
    if edge.source.kind == Kind.INHIBITOR:
        return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{OWN}:{edge.id}')}"
    return own_curie(Kind.INTERACTION, edge.id)


def qualified(edge: GraphEdge) -> dict[str, str]:
    """What an edge says in the words of the Biolink Model, which takes qualifiers where it ends at a gene."""
    if edge.predicate == Predicate.BINDS:
        return {"predicate": "biolink:directly_physically_interacts_with"}
    raises = edge.sign == Sign.PROMOTES
    if edge.object.kind != Kind.TARGET or edge.source.kind == Kind.MECHANISM:
        return {"predicate": "biolink:contributes_to" if raises else "biolink:disrupts"}
    return {
        "predicate": "biolink:affects",
        "qualified_predicate": "biolink:causes",
        "object_aspect_qualifier": ASPECTS[edge.predicate],
        "object_direction_qualifier": "increased" if raises else "decreased",
    }


def write_nodes(graph: Graph) -> str:
    names = identifiers(graph)
    return table(
        ("id", "category", "name", "symbol", "xref", "provided_by"),
        (
            {
                "id": names[key],
                "category": CATEGORIES[node.kind],
                "name": node.name,
                "symbol": node.label if node.kind == Kind.TARGET else "",
                "xref": "|".join(each for each in map(biolink_curie, graph.xrefs[key]) if each != names[key]),
                "provided_by": SOURCE,
            }
            for key, node in graph.nodes.items()
        ),
    )


EDGE_COLUMNS = (
    "id", "subject", "predicate", "object", "category",
    "qualified_predicate", "object_aspect_qualifier", "object_direction_qualifier",
    "description", "publications", "knowledge_level", "agent_type", "primary_knowledge_source",
)  # fmt: skip


def write_edges(graph: Graph) -> str:
    names = identifiers(graph)
    return table(
        EDGE_COLUMNS,
        (
            {
                "id": edge_id(edge),
                "subject": names[key_of(edge.source)],
                "object": names[key_of(edge.object)],
                "category": ASSOCIATIONS.get((edge.source.kind, edge.object.kind), "biolink:Association"),
                **qualified(edge),
                "description": edge.statement,
                "publications": "|".join(map(publication_curie, edge.publications)),
                "knowledge_level": "knowledge_assertion",
                "agent_type": "manual_agent",
                "primary_knowledge_source": SOURCE,
            }
            for edge in graph.edges.values()
        ),
    )


def table(columns: Sequence[str], rows: Iterable[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", dialect="excel-tab", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
