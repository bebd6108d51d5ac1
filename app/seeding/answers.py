"""The answers: what each record says, with what belongs to it, put together from all the facts at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from app.catalog import BY_KIND, RESOURCES, Resource
from app.knowledge.prognosis import assess
from app.knowledge.prognosis import judgements as judge_all
from app.knowledge.ratios import shown
from app.models.approval import ApprovalItem, ApprovalSeed, ApprovalStatus, Proof
from app.models.base import PREFIXES, Kind, Ref
from app.models.cancer import CancerRecord, CancerSeed, Judgement, StudiedInhibitor
from app.models.claim import Claim, EvidenceCounts, count_claims
from app.models.evidence import EvidenceItem, EvidenceRecord, EvidenceSeed
from app.models.indication import Area, IndicationRecord, IndicationSeed
from app.models.inhibitor import InhibitorRecord, InhibitorSeed
from app.models.interaction import (
    SIGNS,
    End,
    InteractionItem,
    Interactions,
    InteractionSeed,
    Participant,
    Sign,
)
from app.models.mechanism import MechanismRecord, MechanismSeed
from app.models.publication import (
    LEVELS,
    CitedBy,
    PublicationItem,
    PublicationKind,
    PublicationRecord,
    PublicationRef,
    PublicationSeed,
)
from app.models.target import TargetRecord, TargetSeed
from app.models.trial import TrialBrief, TrialItem, TrialSeed

Made = TypeVar("Made", bound=BaseModel)


@dataclass
class Facts:
    """Every row of the seed files, by collection and id."""

    inhibitors: dict[str, InhibitorSeed] = field(default_factory=dict)
    targets: dict[str, TargetSeed] = field(default_factory=dict)
    indications: dict[str, IndicationSeed] = field(default_factory=dict)
    approvals: dict[str, ApprovalSeed] = field(default_factory=dict)
    cancers: dict[str, CancerSeed] = field(default_factory=dict)
    mechanisms: dict[str, MechanismSeed] = field(default_factory=dict)
    interactions: dict[str, InteractionSeed] = field(default_factory=dict)
    trials: dict[str, TrialSeed] = field(default_factory=dict)
    publications: dict[str, PublicationSeed] = field(default_factory=dict)
    evidence: dict[str, EvidenceSeed] = field(default_factory=dict)
    written: dict[Kind, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    """The same rows as they stand in the files."""

    def of(self, kind: Kind) -> dict[str, Any]:
        rows: dict[str, Any] = getattr(self, BY_KIND[kind].path)
        return rows


@dataclass(frozen=True)
class Answer:
    """The two answers of one record: JSON in a list, and JSON whole."""

    item: str
    record: str
    columns: dict[str, Any] = field(default_factory=dict)
    """What the answer settles and filters ask for: columns of the table that no seed row has."""


def name_of(row: Any) -> str:
    """What a person calls a record."""
    for attribute in ("name", "title", "statement"):
        if name := getattr(row, attribute, None):
            return str(name)
    return f"{row.inhibitor} for {row.indication} by {row.agency}"


def curies(row: Any) -> list[str]:
    """The cross-references of a seed row, as Bioregistry CURIEs, in the order of their registries."""
    fields = type(row).model_fields
    own = {key: getattr(row, key) for key in PREFIXES if key in fields} | dict(getattr(row, "ids", {}))
    found = [PREFIXES[key].curie(value) for key, value in own.items() if value]
    if isinstance(row, TrialSeed):
        numbers = [row.registry_id, *row.other_ids]
        found += [PREFIXES["nct"].curie(each) for each in numbers if each.startswith("NCT")]
    return sorted(found)


def citation(row: PublicationSeed) -> str:
    """A reference in one line: authors, title, journal, year, volume, pages, identifier."""
    names = [name.removesuffix(".") for name in row.authors]
    shown = names[:6] + (["et al"] if len(names) > 6 or (names and not row.authors_complete) else [])
    place = row.journal or ""
    if row.year:
        place = f"{place}. {row.year}" if place else str(row.year)
    if row.volume:
        place += (
            f";{row.volume}"
            + (f"({row.issue})" if row.issue else "")
            + (f":{row.pages}" if row.pages else "")
        )
    source = f"doi:{row.doi}" if row.doi else f"PMID {row.pmid}" if row.pmid else row.url
    parts = [", ".join(shown), row.title.removesuffix("."), place, source or ""]
    return ". ".join(part for part in parts if part)


def web_address(row: PublicationSeed) -> str:
    """Where a publication can be read; every publication has a DOI, a PMID or a URL."""
    if row.url:
        return row.url
    return (
        f"https://doi.org/{quote(row.doi, safe='/:;()')}"
        if row.doi
        else f"https://pubmed.ncbi.nlm.nih.gov/{row.pmid}"
    )


def proof_of(facts: Facts, row: ApprovalSeed) -> Proof:
    """What an approval rests on: one document of the regulator will do."""
    kinds = (facts.publications[each].kind for each in row.publications)
    return Proof.REGULATOR if PublicationKind.REGULATORY_LABEL in kinds else Proof.SECONDARY


ONE = {each.value: each for each in Kind}
"""The fields of an answer that name one other record, or none."""

SEVERAL = {BY_KIND[each].path: each for each in Kind if each != Kind.PUBLICATION}
"""The fields of an answer that name several."""


class Answers:
    """Makes the answers of every record of a set of facts; one function per kind."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._evidence: dict[tuple[Kind, str], list[EvidenceSeed]] = defaultdict(list)
        self._incoming: dict[tuple[Kind, str], list[InteractionSeed]] = defaultdict(list)
        self._outgoing: dict[tuple[Kind, str], list[InteractionSeed]] = defaultdict(list)
        self._studies = studies_of(facts)
        self._citing: dict[str, dict[str, list[Ref]]] = defaultdict(lambda: defaultdict(list))
        for claim in facts.evidence.values():
            for kind in (Kind.CANCER, Kind.INHIBITOR, Kind.MECHANISM, Kind.TARGET, Kind.PUBLICATION):
                if about := getattr(claim, kind):
                    self._evidence[kind, about].append(claim)
        for edge in facts.interactions.values():
            self._outgoing[edge.source.kind, edge.source.id].append(edge)
            self._incoming[edge.object.kind, edge.object.id].append(edge)
        for resource in RESOURCES:
            for row in facts.of(resource.kind).values():
                for publication in getattr(row, "publications", []):
                    self._citing[publication][resource.path].append(self.ref(resource.kind, row.id))

    def all(self) -> Iterator[tuple[Resource, str, Answer]]:
        """The answers of every record, collection by collection."""
        for resource in RESOURCES:
            make: Callable[[Any], Answer] = getattr(self, resource.kind)
            for row in self.facts.of(resource.kind).values():
                yield resource, row.id, make(row)

    # What the answers are made of

    def ref(self, kind: Kind, record_id: str) -> Ref:
        return Ref(id=record_id, name=name_of(self.facts.of(kind)[record_id]))

    def refs(self, kind: Kind, ids: Iterable[str | None]) -> list[Ref]:
        """References in the order of their ids, each once."""
        return [self.ref(kind, each) for each in sorted({each for each in ids if each})]

    def having(self, kind: Kind, test: Callable[[Any], bool]) -> list[Ref]:
        """References to the records of a kind that pass a test."""
        return self.refs(kind, (each.id for each in self.facts.of(kind).values() if test(each)))

    def optional_ref(self, kind: Kind, record_id: str | None) -> Ref | None:
        return self.ref(kind, record_id) if record_id else None

    def sources(self, ids: Iterable[str]) -> list[PublicationRef]:
        """Publications in the order the curators gave them."""
        return [self.source(each) for each in ids]

    def source(self, record_id: str) -> PublicationRef:
        row = self.facts.publications[record_id]
        return PublicationRef(
            id=row.id, name=row.title, year=row.year, doi=row.doi, pmid=row.pmid, url=web_address(row)
        )

    def participant(self, end: End) -> Participant:
        target = self.facts.targets[end.id] if end.kind == Kind.TARGET else None
        return Participant(
            kind=end.kind,
            symbol=target.symbol if target else None,
            uniprot=target.uniprot if target else None,
            **self.ref(end.kind, end.id).model_dump(),
        )

    def links(self, kind: Kind, record_id: str) -> dict[str, str]:
        links = {"self": f"/{BY_KIND[kind].path}/{record_id}"}
        for resource in RESOURCES:
            if kind in {**resource.filters.references, **resource.filters.relations}:
                links[resource.path] = f"/{resource.path}?{kind}={record_id}"
        return links

    def counts(self, kind: Kind, record_id: str) -> EvidenceCounts:
        return count_claims((row.type, row.significance, 1) for row in self._evidence[kind, record_id])

    def neighbours(self, kind: Kind, record_id: str, other: Kind) -> list[Ref]:
        """Records of another kind that evidence or an interaction names together with this one."""
        ids = {getattr(row, other) for row in self._evidence[kind, record_id]}
        ids |= {e.source.id for e in self._incoming[kind, record_id] if e.source.kind == other}
        ids |= {e.object.id for e in self._outgoing[kind, record_id] if e.object.kind == other}
        return self.refs(other, ids)

    def approvals_of(self, chosen: Callable[[ApprovalSeed], bool]) -> list[ApprovalItem]:
        """Approvals from the first to the last; those of an unknown year come last."""
        rows = sorted(
            filter(chosen, self.facts.approvals.values()), key=lambda row: (row.year or 9999, row.id)
        )
        return [self.permit(row) for row in rows]

    def trials_of(self, chosen: Callable[[TrialSeed], bool]) -> list[TrialBrief]:
        rows = filter(chosen, self.facts.trials.values())
        return [self.compose(TrialBrief, Kind.TRIAL, row) for row in rows]

    def compose(self, model: type[Made], kind: Kind, row: Any, **special: Any) -> Made:
        """An answer: what is special about it, what all kinds have, and the fields of the row itself."""
        values = {
            name: special[name] if name in special else self.part(name, kind, row)
            for name in model.model_fields
        }
        return model(**values)

    def part(self, name: str, kind: Kind, row: Any) -> Any:
        """What a field of an answer says, where the kind of record makes no difference."""
        match name:
            case "links":
                return self.links(kind, row.id)
            case "xrefs":
                return curies(row)
            case "evidence":
                return self.counts(kind, row.id)
            case "publications":
                return self.sources(row.publications)
            case "interactions":
                return Interactions(
                    incoming=[self.edge(each) for each in self._incoming[kind, row.id]],
                    outgoing=[self.edge(each) for each in self._outgoing[kind, row.id]],
                )
            case "parent":
                return self.optional_ref(kind, row.parent)
            case "effect":
                return shown(row.type, row.target, row.effect)
            case "same_study_as":
                return self.optional_ref(kind, row.same_study_as)
            case _ if name in ONE and hasattr(row, name):
                return self.optional_ref(ONE[name], getattr(row, name))
            case _ if name in SEVERAL and hasattr(row, name):
                return self.refs(SEVERAL[name], getattr(row, name))
            case _ if name in SEVERAL:
                return self.neighbours(kind, row.id, SEVERAL[name])
        return getattr(row, name)

    def permit(self, row: ApprovalSeed) -> ApprovalItem:
        oncology = self.facts.indications[row.indication].area == Area.ONCOLOGY
        told = {"for_cancer": oncology, "proof": proof_of(self.facts, row)}
        return self.compose(ApprovalItem, Kind.APPROVAL, row, **told)

    def edge(self, row: InteractionSeed) -> InteractionItem:
        sign = SIGNS[row.predicate]
        return self.compose(
            InteractionItem,
            Kind.INTERACTION,
            row,
            source=self.participant(row.source),
            object=self.participant(row.object),
            sign=sign,
            is_stimulation=sign == Sign.PROMOTES,
            is_inhibition=sign == Sign.SUPPRESSES,
            level=min(LEVELS[self.facts.publications[each].kind] for each in row.publications),
        )

    def reference(self, row: PublicationSeed) -> PublicationItem:
        named = row.authors_complete and bool(row.authors)
        told = {"url": web_address(row), "citation": citation(row), "authors_complete": named}
        return self.compose(PublicationItem, Kind.PUBLICATION, row, **told)

    def approved_for_cancer(self, inhibitor: str) -> bool:
        """Whether an approval of the inhibitor stands in an indication whose area is oncology."""
        return any(
            row.inhibitor == inhibitor
            and row.status == ApprovalStatus.APPROVED
            and self.facts.indications[row.indication].area == Area.ONCOLOGY
            for row in self.facts.approvals.values()
        )

    # One function per kind

    def inhibitor(self, row: InhibitorSeed) -> Answer:
        approved_for_cancer = self.approved_for_cancer(row.id)
        trials = self.trials_of(lambda trial: row.id in trial.inhibitors)
        tried = [cancer.id for trial in trials for cancer in trial.cancers]
        studied = [claim.cancer for claim in self._evidence[Kind.INHIBITOR, row.id]]
        record = self.compose(
            InhibitorRecord,
            Kind.INHIBITOR,
            row,
            targets=[self.ref(Kind.TARGET, each) for each in row.targets],
            approved_for_cancer=approved_for_cancer,
            biosimilars=self.having(Kind.INHIBITOR, lambda other: other.parent == row.id),
            approvals=self.approvals_of(lambda approval: approval.inhibitor == row.id),
            trials=trials,
            cancers=self.refs(Kind.CANCER, [*tried, *studied]),
        )
        return answer(record, approved_for_cancer=approved_for_cancer)

    def target(self, row: TargetSeed) -> Answer:
        inhibitors = self.having(Kind.INHIBITOR, lambda drug: row.id in drug.targets)
        return answer(self.compose(TargetRecord, Kind.TARGET, row, inhibitors=inhibitors))

    def indication(self, row: IndicationSeed) -> Answer:
        approvals = self.approvals_of(lambda approval: approval.indication == row.id)
        inhibitors = self.refs(Kind.INHIBITOR, (each.inhibitor.id for each in approvals))
        return answer(
            self.compose(IndicationRecord, Kind.INDICATION, row, inhibitors=inhibitors, approvals=approvals)
        )

    def approval(self, row: ApprovalSeed) -> Answer:
        permit = self.permit(row)
        return answer(permit, for_cancer=permit.for_cancer, proof=permit.proof)

    def cancer(self, row: CancerSeed) -> Answer:
        claims = self._evidence[Kind.CANCER, row.id]
        prognosis = assess(claims, self._studies)
        trials = self.trials_of(lambda trial: row.id in trial.cancers)
        tried = [each for trial in trials for each in trial.inhibitors]
        inhibitors = self.refs(Kind.INHIBITOR, [*(each.inhibitor for each in claims), *ids(tried)])
        record = self.compose(
            CancerRecord,
            Kind.CANCER,
            row,
            prognosis=prognosis,
            children=self.having(Kind.CANCER, lambda other: other.parent == row.id),
            indications=self.having(Kind.INDICATION, lambda other: other.cancer == row.id),
            trials=trials,
            inhibitors=[
                StudiedInhibitor(
                    **each.model_dump(),
                    trials=sum(each in trial.inhibitors for trial in trials),
                    evidence=sum(claim.inhibitor == each.id for claim in claims),
                )
                for each in inhibitors
            ],
        )
        return answer(record, prognosis=prognosis.verdict)

    def mechanism(self, row: MechanismSeed) -> Answer:
        return answer(self.compose(MechanismRecord, Kind.MECHANISM, row))

    def interaction(self, row: InteractionSeed) -> Answer:
        return answer(self.edge(row))

    def trial(self, row: TrialSeed) -> Answer:
        return answer(self.compose(TrialItem, Kind.TRIAL, row))

    def publication(self, row: PublicationSeed) -> Answer:
        cited_by = CitedBy(**{name: self._citing[row.id][name] for name in CitedBy.model_fields})
        claims = self._evidence[Kind.PUBLICATION, row.id]
        record = self.compose(
            PublicationRecord,
            Kind.PUBLICATION,
            row,
            **self.reference(row).model_dump(include={"url", "citation", "authors_complete"}),
            evidence=[self.compose(Claim, Kind.EVIDENCE, each) for each in claims],
            cited_by=cited_by,
        )
        return answer(record, url=record.url, authors_complete=record.authors_complete)

    def evidence(self, row: EvidenceSeed) -> Answer:
        source = self.facts.publications[row.publication]
        item = self.compose(EvidenceItem, Kind.EVIDENCE, row, publication=self.source(row.publication))
        record = self.compose(EvidenceRecord, Kind.EVIDENCE, row, publication=self.reference(source))
        return Answer(item.model_dump_json(), record.model_dump_json())


def ids(refs: Iterable[Ref]) -> list[str]:
    return [each.id for each in refs]


def answer(record: Any, **columns: Any) -> Answer:
    """The answers of a record whose item is its beginning: the fields that the item model has."""
    item = next(each.item for each in RESOURCES if each.record is type(record))
    return Answer(record.model_dump_json(include=set(item.model_fields)), record.model_dump_json(), columns)


def judgements(facts: Facts) -> Iterator[Judgement]:
    """Every verdict that a list of cancers can ask for."""
    claims: dict[str, list[EvidenceSeed]] = defaultdict(list)
    for claim in facts.evidence.values():
        if claim.cancer:
            claims[claim.cancer].append(claim)
    studies = studies_of(facts)
    for cancer in facts.cancers:
        yield from judge_all(cancer, claims[cancer], studies)


def studies_of(facts: Facts) -> dict[str, str]:
    """Of publications that describe the same study as another one: that one."""
    return {each.id: each.same_study_as for each in facts.publications.values() if each.same_study_as}
