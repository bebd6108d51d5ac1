"""The atlas as a source of TRAPI: interactions, claims on treatment and trials, matched to a question.

Categories, identifiers and predicates are those of KGX. What a drug did in patients is never said to treat:
no IL-6 inhibitor is approved to treat a cancer. It was studied or applied; that it did no good is negated.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlmodel import Session

from app.exports.kgx import CATEGORIES, SOURCE, edge_id, identifiers, own_curie, publication_curie, qualified
from app.knowledge.graph import Graph, Key, graph_of, key_of
from app.knowledge.tested import items
from app.models.base import Kind
from app.models.evidence import EvidenceItem
from app.models.graph import NODE_KINDS
from app.models.publication import PublicationRef
from app.models.trapi import (
    MOST_RESULTS,
    AnswerMessage,
    Attribute,
    EdgeBinding,
    KnowledgeEdge,
    KnowledgeGraph,
    KnowledgeNode,
    LogEntry,
    LogLevel,
    MetaEdge,
    MetaKnowledgeGraph,
    MetaNode,
    MetaQualifier,
    NodeBinding,
    Qualifier,
    QualifierSet,
    QueryEdge,
    QueryGraph,
    QueryNode,
    Result,
    Source,
    TrapiAnalysis,
    TrapiAnswer,
)
from app.models.trial import Purpose, TrialItem
from app.models.vocabulary import EvidenceType, Significance, StudyType
from app.store.conditions import with_descendants
from app.store.names import resolve
from app.store.release import remember

TRAPI = "1.5.0"
BIOLINK = "4.4.6"
"""The versions of the two vocabularies that are spoken here."""

ANCESTORS = {
    "biolink:Drug": (
        *("biolink:MolecularMixture", "biolink:ChemicalMixture", "biolink:ChemicalEntity"),
        *("biolink:PhysicalEssence", "biolink:PhysicalEssenceOrOccurrent", "biolink:OntologyClass"),
        *("biolink:ChemicalOrDrugOrTreatment", "biolink:ChemicalEntityOrGeneOrGeneProduct"),
        *("biolink:ChemicalEntityOrProteinOrPolypeptide", "biolink:NamedThing", "biolink:Entity"),
    ),
    "biolink:Gene": (
        *("biolink:BiologicalEntity", "biolink:GeneOrGeneProduct", "biolink:MacromolecularMachineMixin"),
        *("biolink:GeneOrGeneProductOrGeneFamily", "biolink:GenomicEntity", "biolink:PhysicalEssence"),
        *("biolink:ChemicalEntityOrGeneOrGeneProduct", "biolink:PhysicalEssenceOrOccurrent"),
        *("biolink:ThingWithTaxon", "biolink:OntologyClass", "biolink:NamedThing", "biolink:Entity"),
    ),
    "biolink:BiologicalProcess": (
        *("biolink:BiologicalProcessOrActivity", "biolink:BiologicalEntity", "biolink:Occurrent"),
        *("biolink:ThingWithTaxon", "biolink:PhysicalEssenceOrOccurrent", "biolink:OntologyClass"),
        *("biolink:NamedThing", "biolink:Entity"),
    ),
    "biolink:Disease": (
        *("biolink:DiseaseOrPhenotypicFeature", "biolink:BiologicalEntity", "biolink:ThingWithTaxon"),
        *("biolink:OntologyClass", "biolink:NamedThing", "biolink:Entity"),
    ),
}
"""What else a node of a category is."""

RELATED = "biolink:related_to_at_instance_level"
STUDIED = "biolink:treats_or_applied_or_studied_to_treat"

PARENTS: dict[str, tuple[str, ...]] = {
    RELATED: ("biolink:related_to",),
    STUDIED: (RELATED,),
    "biolink:affects": (RELATED,),
    "biolink:affects_likelihood_of": (RELATED,),
    "biolink:ameliorates_condition": ("biolink:affects", "biolink:treats"),
    "biolink:applied_to_treat": (STUDIED,),
    "biolink:beneficial_in_models_for": ("biolink:in_preclinical_trials_for",),
    "biolink:causes": ("biolink:contributes_to",),
    "biolink:contributes_to": (RELATED,),
    "biolink:directly_physically_interacts_with": ("biolink:physically_interacts_with",),
    "biolink:disrupts": ("biolink:affects",),
    "biolink:exacerbates_condition": ("biolink:affects", "biolink:promotes_condition"),
    "biolink:in_clinical_trials_for": ("biolink:studied_to_treat",),
    "biolink:in_preclinical_trials_for": ("biolink:studied_to_treat",),
    "biolink:interacts_with": (RELATED,),
    "biolink:physically_interacts_with": ("biolink:interacts_with",),
    "biolink:promotes_condition": ("biolink:affects_likelihood_of",),
    "biolink:studied_to_treat": (STUDIED,),
    "biolink:treats": (STUDIED,),
}
"""The next wider predicates of those that edges have, and of the wider ones."""

INVERSES = {
    STUDIED: "biolink:subject_of_treatment_application_or_study_for_treatment_by",
    "biolink:affects": "biolink:affected_by",
    "biolink:affects_likelihood_of": "biolink:likelihood_affected_by",
    "biolink:ameliorates_condition": "biolink:condition_ameliorated_by",
    "biolink:applied_to_treat": "biolink:treatment_applications_from",
    "biolink:beneficial_in_models_for": "biolink:models_demonstrating_benefits_for",
    "biolink:causes": "biolink:caused_by",
    "biolink:contributes_to": "biolink:contribution_from",
    "biolink:disrupts": "biolink:disrupted_by",
    "biolink:exacerbates_condition": "biolink:condition_exacerbated_by",
    "biolink:in_clinical_trials_for": "biolink:tested_by_clinical_trials_of",
    "biolink:in_preclinical_trials_for": "biolink:tested_by_preclinical_trials_of",
    "biolink:promotes_condition": "biolink:condition_promoted_by",
    "biolink:studied_to_treat": "biolink:treated_in_studies_by",
    "biolink:treats": "biolink:treated_by",
}
SYMMETRIC = (
    *("biolink:related_to", RELATED, "biolink:interacts_with", "biolink:physically_interacts_with"),
    "biolink:directly_physically_interacts_with",
)

WIDER_VALUES = {
    "abundance": "activity_or_abundance",
    "activity": "activity_or_abundance",
    "expression": "abundance",
    "phosphorylation": "molecular_modification",
}
"""The next wider aspects of those that edges have."""

PATIENTS = {
    StudyType.HUMAN_TRIAL: "biolink:in_clinical_trials_for",
    StudyType.HUMAN_COHORT: "biolink:applied_to_treat",
    StudyType.CASE: "biolink:applied_to_treat",
    None: "biolink:studied_to_treat",
}
"""How a drug and a cancer hang together by a claim on treatment, by in whom it was tested."""

HELPED = (Significance.BENEFIT, Significance.SENSITIVITY)


@dataclass(frozen=True)
class Statement:
    """An edge, before its nodes are named as TRAPI names them."""

    id: str
    subject: Key
    object: Key
    predicate: str
    text: str
    publications: list[PublicationRef]
    page: str
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    negated: bool = False
    studies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Knowledge:
    """All that can be asked for: the graph, how its nodes are named, and the edges."""

    graph: Graph
    names: dict[Key, str]
    statements: dict[str, Statement]
    between: dict[tuple[Key, Key], list[Statement]]
    beside: dict[Key, dict[Key, None]]
    """The nodes that edges lead to and come from."""


def knowledge_of(session: Session) -> Knowledge:
    return remember(session, "trapi", lambda: load_knowledge(session))


def load_knowledge(session: Session) -> Knowledge:
    graph = graph_of(session)
    found = [*interactions(graph), *claims(session), *trials(session)]
    between: dict[tuple[Key, Key], list[Statement]] = defaultdict(list)
    beside: dict[Key, dict[Key, None]] = defaultdict(dict)
    for each in found:
        between[each.subject, each.object].append(each)
        beside[each.subject][each.object] = None
        beside[each.object][each.subject] = None
    return Knowledge(
        graph, identifiers(graph), {each.id: each for each in found}, dict(between), dict(beside)
    )


def interactions(graph: Graph) -> Iterator[Statement]:
    for edge in graph.edges.values():
        words = qualified(edge)
        inhibits = edge.source.kind == Kind.INHIBITOR
        yield Statement(
            id=edge_id(edge),
            subject=key_of(edge.source),
            object=key_of(edge.object),
            predicate=words["predicate"],
            qualifiers={
                f"biolink:{name}": words[name] for name in words if name.startswith(("qualified", "object_"))
            },
            text=edge.statement,
            publications=edge.publications,
            page=f"/inhibitors/{edge.source.id}" if inhibits else f"/interactions/{edge.id}",
        )


def claims(session: Session) -> Iterator[Statement]:
    """What claims on treatment found of a drug in a cancer."""
    for item in items(session, Kind.EVIDENCE, {"type": [EvidenceType.THERAPEUTIC]}):
        claim = EvidenceItem.model_validate_json(item)
        if claim.inhibitor is None or claim.cancer is None:
            continue
        predicate, negated = found_by(claim)
        yield Statement(
            id=own_curie(Kind.EVIDENCE, claim.id),
            subject=f"{Kind.INHIBITOR}/{claim.inhibitor.id}",
            object=f"{Kind.CANCER}/{claim.cancer.id}",
            predicate=predicate,
            negated=negated,
            text=claim.statement,
            publications=[claim.publication],
            page=f"/evidence/{claim.id}",
        )


def found_by(claim: EvidenceItem) -> tuple[str, bool]:
    """The predicate of a claim on treatment, and whether it is negated."""
    if claim.study_type in (StudyType.ANIMAL, StudyType.CELL):
        helped = claim.significance in (*HELPED, Significance.NO_BENEFIT)
        predicate = "biolink:beneficial_in_models_for" if helped else "biolink:in_preclinical_trials_for"
        return predicate, claim.significance == Significance.NO_BENEFIT
    if claim.significance == Significance.NO_BENEFIT:
        return "biolink:ameliorates_condition", True
    if claim.significance == Significance.HARM:
        return "biolink:exacerbates_condition", False
    return PATIENTS[claim.study_type], False


def trials(session: Session) -> Iterator[Statement]:
    """Which drug was tried against which cancer, and what came of it."""
    for item in items(session, Kind.TRIAL, {"purpose": [Purpose.ANTI_TUMOUR]}):
        trial = TrialItem.model_validate_json(item)
        for drug in trial.inhibitors:
            for cancer in trial.cancers:
                yield Statement(
                    id=f"{own_curie(Kind.TRIAL, trial.id)}-{drug.id}-{cancer.id}",
                    subject=f"{Kind.INHIBITOR}/{drug.id}",
                    object=f"{Kind.CANCER}/{cancer.id}",
                    predicate="biolink:in_clinical_trials_for",
                    text=f"{trial.title}: {trial.outcome}." + (f" {trial.result}" if trial.result else ""),
                    publications=trial.publications,
                    page=f"/trials/{trial.id}",
                    studies=tuple(trial.xrefs),
                )


def with_ancestors(predicate: str) -> set[str]:
    """A predicate, and all that are wider."""
    return {predicate}.union(*(with_ancestors(each) for each in PARENTS.get(predicate, ())))


def wider(value: str) -> Iterator[str]:
    """A value of a qualifier, and all that are wider."""
    if value.startswith("biolink:"):
        yield from with_ancestors(value)
        return
    while value:
        yield value
        value = WIDER_VALUES.get(value, "")


def says(statement: Statement, edge: QueryEdge, forth: bool) -> bool:
    """Whether a statement says what is asked, read from its subject or, by the inverse, from its object."""
    known = with_ancestors(statement.predicate)
    if not forth:
        known = {INVERSES[each] for each in known if each in INVERSES} | {*SYMMETRIC} & known
    if edge.predicates and not known & {*edge.predicates}:
        return False
    wanted = edge.qualifier_constraints
    return not wanted or any(has_qualifiers(statement, each, forth) for each in wanted)


def has_qualifiers(statement: Statement, wanted: QualifierSet, forth: bool) -> bool:
    for each in wanted.qualifier_set:
        name = each.qualifier_type_id
        if not forth:  # what is the object of a statement is the subject of its inverse
            name = swapped(name)
        value = statement.qualifiers.get(name)
        if value is None or each.qualifier_value not in wider(value):
            return False
    return True


def swapped(name: str) -> str:
    for one, other in (("biolink:subject_", "biolink:object_"), ("biolink:object_", "biolink:subject_")):
        if name.startswith(one):
            return other + name.removeprefix(one)
    return name


@dataclass(frozen=True)
class Fitting:
    """What fits a node of the question: nodes of some kinds, and if it has ids, those that they name."""

    kinds: frozenset[Kind]
    asked: dict[Key, str] | None
    """By what each was asked."""
    unknown: list[str]
    """Ids that name nothing."""

    def __contains__(self, key: Key) -> bool:
        kind = key.partition("/")[0]
        return kind in self.kinds and (self.asked is None or key in self.asked)


def fitting(session: Session, node: QueryNode) -> Fitting:
    """Which nodes of the atlas fit one of the question; of a cancer the narrower ones too."""
    wanted = {*(node.categories or ["biolink:Entity"])}
    kinds = frozenset(kind for kind, each in CATEGORIES.items() if wanted & {each, *ANCESTORS[each]})
    if node.ids is None:
        return Fitting(kinds, None, [])
    asked: dict[Key, str] = {}
    unknown = []
    for each in resolve(session, dict.fromkeys(node.ids), NODE_KINDS):
        named = [each.match] if each.match else each.candidates
        asked = {f"{one.kind}/{one.id}": each.term for one in named} | asked
        if not named:
            unknown.append(each.term)
    for key, term in list(asked.items()):
        kind, _, record = key.partition("/")
        if kind == Kind.CANCER:
            for narrower in sorted(with_descendants(session, [record])):
                asked.setdefault(f"{kind}/{narrower}", term)
    return Fitting(kinds, asked, unknown)


Found = dict[str, Key]
"""A node of the atlas for each node of the question."""


def matched(knowledge: Knowledge, question: QueryGraph, fits: Mapping[str, Fitting]) -> Iterator[Found]:
    """The nodes that fit the question, all of them different."""
    named = [name for name in question.nodes if fits[name].asked is not None]
    first = min(named, key=lambda name: len(fits[name].asked or ()), default=next(iter(question.nodes)))
    asked = fits[first].asked
    begin = knowledge.beside if asked is None else asked
    for key in begin:
        if key in fits[first]:
            yield from followed(knowledge, question, fits, {first: key})


def followed(
    knowledge: Knowledge, question: QueryGraph, fits: Mapping[str, Fitting], found: Found
) -> Iterator[Found]:
    """The ways to find a node for each that has none yet."""
    for edge in question.edges.values():
        known, new = (edge.subject, edge.object) if edge.subject in found else (edge.object, edge.subject)
        if known not in found or new in found:
            continue
        for key in knowledge.beside.get(found[known], ()):
            more = {**found, new: key}
            if (
                key in fits[new]
                and key not in found.values()
                and any(True for _ in said(knowledge, edge, more))
            ):
                yield from followed(knowledge, question, fits, more)
        return
    yield found


def said(knowledge: Knowledge, edge: QueryEdge, found: Found) -> Iterator[Statement]:
    """The statements that an edge of the question asks for, between nodes that were found."""
    subject, end = found[edge.subject], found[edge.object]
    for each in knowledge.between.get((subject, end), ()):
        if says(each, edge, forth=True):
            yield each
    for each in knowledge.between.get((end, subject), ()):
        if says(each, edge, forth=False):
            yield each


def answer(session: Session, question: QueryGraph, base: str) -> TrapiAnswer:
    """What fits a question; `base` is where the service stands."""
    knowledge = knowledge_of(session)
    fits = {name: fitting(session, node) for name, node in question.nodes.items()}
    found = list(islice(matched(knowledge, question, fits), MOST_RESULTS + 1))
    logs = [*unknown(question, fits)]
    if len(found) > MOST_RESULTS:
        text = f"There are more than {MOST_RESULTS} results, the others were left out: name more ids"
        logs.append(LogEntry(level=LogLevel.WARNING, code="TooManyResults", message=text))
    results = [result_of(knowledge, question, fits, each) for each in found[:MOST_RESULTS]]
    edges = {
        binding.id: knowledge.statements[binding.id]
        for result in results
        for bindings in result.analyses[0].edge_bindings.values()
        for binding in bindings
    }
    keys = dict.fromkeys(key for each in found[:MOST_RESULTS] for key in each.values())
    told = f"{len(results)} results" + ("; there are more" if len(found) > MOST_RESULTS else "")
    return TrapiAnswer(
        message=AnswerMessage(
            query_graph=question.model_dump(exclude_unset=True),
            knowledge_graph=KnowledgeGraph(
                nodes={knowledge.names[key]: node_of(knowledge, key) for key in keys},
                edges={name: edge_of(knowledge, each, base) for name, each in edges.items()},
            ),
            results=results,
        ),
        description=f"{told}. No IL-6 inhibitor is approved to treat a cancer.",
        schema_version=TRAPI,
        biolink_version=BIOLINK,
        logs=logs,
    )


def unknown(question: QueryGraph, fits: Mapping[str, Fitting]) -> Iterator[LogEntry]:
    """What of the question stands for nothing here."""
    for name in question.nodes:
        if not fits[name].kinds:
            text = (
                f"No node is of a category that {name} asks for; there are {', '.join(CATEGORIES.values())}"
            )
            yield LogEntry(level=LogLevel.WARNING, code="UnknownCategory", message=text)
        for term in fits[name].unknown:
            text = f"{name}: {term} names no node"
            yield LogEntry(level=LogLevel.WARNING, code="UnknownId", message=text)
    known = {*PARENTS, *SYMMETRIC, *INVERSES.values()}
    for name, edge in question.edges.items():
        if strange := [each for each in edge.predicates or () if each not in known]:
            text = (
                f"{name}: no edge is {', '.join(strange)}; /trapi/meta_knowledge_graph lists what edges are"
            )
            yield LogEntry(level=LogLevel.WARNING, code="UnknownPredicate", message=text)


def result_of(
    knowledge: Knowledge, question: QueryGraph, fits: Mapping[str, Fitting], found: Found
) -> Result:
    nodes = {}
    for name, key in found.items():
        own, asked = knowledge.names[key], (fits[name].asked or {}).get(key)
        nodes[name] = [NodeBinding(id=own, query_id=asked if asked != own else None)]
    edges = {
        name: [EdgeBinding(id=each.id) for each in said(knowledge, edge, found)]
        for name, edge in question.edges.items()
    }
    return Result(node_bindings=nodes, analyses=[TrapiAnalysis(resource_id=SOURCE, edge_bindings=edges)])


def node_of(knowledge: Knowledge, key: Key) -> KnowledgeNode:
    node = knowledge.graph.nodes[key]
    return KnowledgeNode(
        name=node.label if node.kind == Kind.TARGET else node.name,
        categories=[CATEGORIES[node.kind]],
        attributes=[],
    )


def edge_of(knowledge: Knowledge, statement: Statement, base: str) -> KnowledgeEdge:
    qualifiers = [
        Qualifier(qualifier_type_id=name, qualifier_value=value)
        for name, value in statement.qualifiers.items()
    ]
    source = Source(
        resource_id=SOURCE,
        resource_role="primary_knowledge_source",
        source_record_urls=[f"{base}{statement.page}"],
    )
    return KnowledgeEdge(
        subject=knowledge.names[statement.subject],
        predicate=statement.predicate,
        object=knowledge.names[statement.object],
        qualifiers=qualifiers or None,
        attributes=attributes_of(statement),
        sources=[source],
    )


def attributes_of(statement: Statement) -> list[Attribute]:
    """What is known of a statement; the sentence that its publications say stands with them."""
    told: dict[str, Any] = {
        "biolink:knowledge_level": "knowledge_assertion",
        "biolink:agent_type": "manual_agent",
        "biolink:publications": [publication_curie(each) for each in statement.publications],
    }
    if statement.negated:
        told["biolink:negated"] = True
    if statement.studies:
        told["biolink:has_supporting_studies"] = list(statement.studies)
    described = {"biolink:publications": statement.text}
    return [
        Attribute(
            attribute_type_id=name, value=value, attribute_source=SOURCE, description=described.get(name)
        )
        for name, value in told.items()
    ]


def meta_graph(session: Session) -> MetaKnowledgeGraph:
    """Which nodes and edges there are, by category."""
    knowledge = knowledge_of(session)
    prefixes: dict[str, dict[str, None]] = defaultdict(dict)
    for key, curie in knowledge.names.items():
        prefixes[CATEGORIES[knowledge.graph.nodes[key].kind]][curie.partition(":")[0]] = None
    edges: dict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    for each in knowledge.statements.values():
        ends = (CATEGORIES[knowledge.graph.nodes[key].kind] for key in (each.subject, each.object))
        edges[next(ends), each.predicate, next(ends)].append(each)
    return MetaKnowledgeGraph(
        nodes={name: MetaNode(id_prefixes=sorted(each)) for name, each in prefixes.items()},
        edges=[
            MetaEdge(
                subject=subject,
                predicate=predicate,
                object=end,
                knowledge_types=["lookup"],
                qualifiers=qualifiers_among(statements),
            )
            for (subject, predicate, end), statements in sorted(edges.items())
        ],
    )


def qualifiers_among(statements: Iterable[Statement]) -> list[MetaQualifier]:
    values: dict[str, set[str]] = defaultdict(set)
    for each in statements:
        for name, value in each.qualifiers.items():
            values[name].add(value)
    return [
        MetaQualifier(qualifier_type_id=name, applicable_values=sorted(values[name]))
        for name in sorted(values)
    ]
