"""The answers: what each record says, with what belongs to it, put together from all the facts at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.approval import ApprovalBase, ApprovalItem, ApprovalSeed, ApprovalStatus
from app.models.base import PREFIXES, Kind, Ref, Strict
from app.models.cancer import CancerBase, CancerRecord, CancerSeed, StudiedInhibitor
from app.models.claim import Claim, ClaimBase, Direction, EvidenceCounts, EvidenceType, Level
from app.models.evidence import EvidenceItem, EvidenceRecord, EvidenceSeed
from app.models.indication import Area, IndicationBase, IndicationRecord, IndicationSeed
from app.models.inhibitor import InhibitorBase, InhibitorRecord, InhibitorSeed, InhibitorStatus
from app.models.interaction import End, InteractionBase, InteractionItem, Interactions, InteractionSeed, Node
from app.models.mechanism import MechanismBase, MechanismRecord, MechanismSeed
from app.models.publication import (
    CitedBy,
    PublicationBase,
    PublicationItem,
    PublicationRecord,
    PublicationRef,
)
from app.models.target import TargetBase, TargetRecord, TargetSeed
from app.models.trial import TrialBase, TrialBrief, TrialItem, TrialSeed
from app.prognosis import assess


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
    publications: dict[str, PublicationBase] = field(default_factory=dict)
    evidence: dict[str, EvidenceSeed] = field(default_factory=dict)

    def of(self, kind: Kind) -> dict[str, Any]:
        rows: dict[str, Any] = getattr(self, BY_KIND[kind].path)
        return rows


Related = dict[str, Iterable[str | None]]


@dataclass(frozen=True)
class Answer:
    """The two answers of one record: JSON in a list, and JSON whole."""

    item: str
    record: str
    columns: dict[str, Any] = field(default_factory=dict)
    """What the answer settles and filters ask for: columns of the table that no seed row has."""
    related: Related = field(default_factory=dict)
    """What belongs to the record, by the name of the relation."""


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
    if isinstance(row, TrialSeed):
        own["nct"] = row.registry_id if row.registry_id.startswith("NCT") else None
    return sorted(PREFIXES[key].curie(value) for key, value in own.items() if value)


def citation(row: PublicationBase) -> str:
    """A reference in one line: authors, title, journal, year, volume, pages, identifier."""
    names = [name.removesuffix(".") for name in row.authors]
    shown = names if len(names) <= 6 else [*names[:6], "et al"]
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


def web_address(row: PublicationBase) -> str:
    """Where a publication can be read; every publication has a DOI, a PMID or a URL."""
    if row.url:
        return row.url
    return (
        f"https://doi.org/{quote(row.doi, safe='/:;()')}"
        if row.doi
        else f"https://pubmed.ncbi.nlm.nih.gov/{row.pmid}"
    )


def own_fields(row: Strict, base: type[Strict]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in base.model_fields}


class Answers:
    """Makes the answers of every record of a set of facts; one function per kind."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._evidence: dict[tuple[Kind, str], list[EvidenceSeed]] = defaultdict(list)
        self._incoming: dict[tuple[Kind, str], list[InteractionSeed]] = defaultdict(list)
        self._outgoing: dict[tuple[Kind, str], list[InteractionSeed]] = defaultdict(list)
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

    def node(self, end: End) -> Node:
        return Node(kind=end.kind, **self.ref(end.kind, end.id).model_dump())

    def links(self, kind: Kind, record_id: str) -> dict[str, str]:
        links = {"self": f"/{BY_KIND[kind].path}/{record_id}"}
        for resource in RESOURCES:
            if kind in {**resource.filters.references, **resource.filters.relations}:
                links[resource.path] = f"/{resource.path}?{kind}={record_id}"
        return links

    def counts(self, kind: Kind, record_id: str) -> EvidenceCounts:
        rows = self._evidence[kind, record_id]
        supports = sum(row.direction == Direction.SUPPORTS for row in rows)
        by_type = {each: sum(row.type == each for row in rows) for each in EvidenceType}
        return EvidenceCounts(
            total=len(rows),
            supports=supports,
            does_not_support=len(rows) - supports,
            by_type={each: count for each, count in by_type.items() if count},
        )

    def neighbours(self, kind: Kind, record_id: str, other: Kind) -> list[Ref]:
        """Records of another kind that evidence or an interaction names together with this one."""
        ids = {getattr(row, other) for row in self._evidence[kind, record_id]}
        ids |= {e.source.id for e in self._incoming[kind, record_id] if e.source.kind == other}
        ids |= {e.object.id for e in self._outgoing[kind, record_id] if e.object.kind == other}
        return self.refs(other, ids)

    def interactions(self, kind: Kind, record_id: str) -> Interactions:
        return Interactions(
            incoming=[self.edge(each) for each in self._incoming[kind, record_id]],
            outgoing=[self.edge(each) for each in self._outgoing[kind, record_id]],
        )

    def approvals_of(self, chosen: Callable[[ApprovalSeed], bool]) -> list[ApprovalItem]:
        """Approvals from the first to the last; those of an unknown year come last."""
        rows = sorted(
            filter(chosen, self.facts.approvals.values()), key=lambda row: (row.year or 9999, row.id)
        )
        return [self.permit(row) for row in rows]

    def trials_of(self, chosen: Callable[[TrialSeed], bool]) -> list[TrialBrief]:
        return [
            TrialBrief(
                id=row.id,
                title=row.title,
                phase=row.phase,
                status=row.status,
                outcome=row.outcome,
                inhibitors=self.refs(Kind.INHIBITOR, row.inhibitors),
                cancers=self.refs(Kind.CANCER, row.cancers),
            )
            for row in self.facts.trials.values()
            if chosen(row)
        ]

    def permit(self, row: ApprovalSeed) -> ApprovalItem:
        return ApprovalItem(
            **own_fields(row, ApprovalBase),
            inhibitor=self.ref(Kind.INHIBITOR, row.inhibitor),
            indication=self.ref(Kind.INDICATION, row.indication),
            for_cancer=self.facts.indications[row.indication].area == Area.ONCOLOGY,
            publications=self.sources(row.publications),
            links=self.links(Kind.APPROVAL, row.id),
        )

    def edge(self, row: InteractionSeed) -> InteractionItem:
        return InteractionItem(
            **own_fields(row, InteractionBase),
            source=self.node(row.source),
            object=self.node(row.object),
            publications=self.sources(row.publications),
            links=self.links(Kind.INTERACTION, row.id),
        )

    def claim(self, row: EvidenceSeed) -> dict[str, Any]:
        return own_fields(row, ClaimBase) | {
            "cancer": self.optional_ref(Kind.CANCER, row.cancer),
            "inhibitor": self.optional_ref(Kind.INHIBITOR, row.inhibitor),
            "mechanism": self.optional_ref(Kind.MECHANISM, row.mechanism),
            "target": self.optional_ref(Kind.TARGET, row.target),
            "effect": row.effect,
        }

    def reference(self, row: PublicationBase) -> dict[str, Any]:
        return own_fields(row, PublicationBase) | {
            "url": web_address(row),
            "citation": citation(row),
            "xrefs": curies(row),
            "links": self.links(Kind.PUBLICATION, row.id),
        }

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
        approvals = self.approvals_of(lambda approval: approval.inhibitor == row.id)
        cancers = self.refs(Kind.CANCER, [*tried, *studied])
        mechanisms = self.neighbours(Kind.INHIBITOR, row.id, Kind.MECHANISM)
        return answer(
            InhibitorRecord(
                **own_fields(row, InhibitorBase),
                targets=[self.ref(Kind.TARGET, each) for each in row.targets],
                parent=self.optional_ref(Kind.INHIBITOR, row.parent),
                approved_for_cancer=approved_for_cancer,
                xrefs=curies(row),
                evidence=self.counts(Kind.INHIBITOR, row.id),
                publications=self.sources(row.publications),
                links=self.links(Kind.INHIBITOR, row.id),
                biosimilars=self.refs(
                    Kind.INHIBITOR,
                    (each.id for each in self.facts.inhibitors.values() if each.parent == row.id),
                ),
                approvals=approvals,
                trials=trials,
                cancers=cancers,
                mechanisms=mechanisms,
            ),
            {
                "target": row.targets,
                "indication": [each.indication.id for each in approvals],
                "agency": [each.agency for each in approvals],
                "cancer": ids(cancers),
                "mechanism": ids(mechanisms),
                "approved": ["true"] if row.status == InhibitorStatus.APPROVED else [],
            },
            approved_for_cancer=approved_for_cancer,
        )

    def target(self, row: TargetSeed) -> Answer:
        inhibitors = self.refs(
            Kind.INHIBITOR, (each.id for each in self.facts.inhibitors.values() if row.id in each.targets)
        )
        mechanisms = self.neighbours(Kind.TARGET, row.id, Kind.MECHANISM)
        cancers = self.neighbours(Kind.TARGET, row.id, Kind.CANCER)
        return answer(
            TargetRecord(
                **own_fields(row, TargetBase),
                xrefs=curies(row),
                evidence=self.counts(Kind.TARGET, row.id),
                publications=self.sources(row.publications),
                links=self.links(Kind.TARGET, row.id),
                inhibitors=inhibitors,
                mechanisms=mechanisms,
                cancers=cancers,
                interactions=self.interactions(Kind.TARGET, row.id),
            ),
            {"inhibitor": ids(inhibitors), "mechanism": ids(mechanisms), "cancer": ids(cancers)},
        )

    def indication(self, row: IndicationSeed) -> Answer:
        approvals = self.approvals_of(lambda approval: approval.indication == row.id)
        return answer(
            IndicationRecord(
                **own_fields(row, IndicationBase),
                cancer=self.optional_ref(Kind.CANCER, row.cancer),
                inhibitors=self.refs(Kind.INHIBITOR, (each.inhibitor.id for each in approvals)),
                xrefs=curies(row),
                links=self.links(Kind.INDICATION, row.id),
                approvals=approvals,
            ),
            {
                "inhibitor": [each.inhibitor.id for each in approvals],
                "agency": [each.agency for each in approvals],
                "publication": [source.id for each in approvals for source in each.publications],
            },
        )

    def approval(self, row: ApprovalSeed) -> Answer:
        permit = self.permit(row)
        return answer(permit, {}, for_cancer=permit.for_cancer)

    def cancer(self, row: CancerSeed) -> Answer:
        claims = self._evidence[Kind.CANCER, row.id]
        prognosis = assess(claims)
        trials = self.trials_of(lambda trial: row.id in trial.cancers)
        inhibitors = self.refs(
            Kind.INHIBITOR,
            [claim.inhibitor for claim in claims]
            + [each.id for trial in trials for each in trial.inhibitors],
        )
        mechanisms = self.neighbours(Kind.CANCER, row.id, Kind.MECHANISM)
        targets = self.neighbours(Kind.CANCER, row.id, Kind.TARGET)
        by_level = {level: assess(claim for claim in claims if claim.level <= level) for level in Level}
        return answer(
            CancerRecord(
                **own_fields(row, CancerBase),
                parent=self.optional_ref(Kind.CANCER, row.parent),
                prognosis=prognosis,
                xrefs=curies(row),
                evidence=self.counts(Kind.CANCER, row.id),
                publications=self.sources(row.publications),
                links=self.links(Kind.CANCER, row.id),
                children=self.refs(
                    Kind.CANCER, (each.id for each in self.facts.cancers.values() if each.parent == row.id)
                ),
                indications=self.refs(
                    Kind.INDICATION,
                    (each.id for each in self.facts.indications.values() if each.cancer == row.id),
                ),
                trials=trials,
                inhibitors=[
                    StudiedInhibitor(
                        **each.model_dump(),
                        trials=sum(each in trial.inhibitors for trial in trials),
                        evidence=sum(claim.inhibitor == each.id for claim in claims),
                    )
                    for each in inhibitors
                ],
                mechanisms=mechanisms,
                targets=targets,
                interactions=self.interactions(Kind.CANCER, row.id),
            ),
            {
                "target": ids(targets),
                "inhibitor": ids(inhibitors),
                "mechanism": ids(mechanisms),
                "has_trial": ["true"] if trials else [],
                "min_level": [level for level, judged in by_level.items() if judged.best_level],
                "prognosis": [f"{level} {judged.verdict}" for level, judged in by_level.items()],
            },
            prognosis=prognosis.verdict,
        )

    def mechanism(self, row: MechanismSeed) -> Answer:
        cancers = self.neighbours(Kind.MECHANISM, row.id, Kind.CANCER)
        targets = self.neighbours(Kind.MECHANISM, row.id, Kind.TARGET)
        inhibitors = self.neighbours(Kind.MECHANISM, row.id, Kind.INHIBITOR)
        return answer(
            MechanismRecord(
                **own_fields(row, MechanismBase),
                xrefs=curies(row),
                evidence=self.counts(Kind.MECHANISM, row.id),
                publications=self.sources(row.publications),
                links=self.links(Kind.MECHANISM, row.id),
                cancers=cancers,
                targets=targets,
                inhibitors=inhibitors,
                interactions=self.interactions(Kind.MECHANISM, row.id),
            ),
            {"cancer": ids(cancers), "target": ids(targets), "inhibitor": ids(inhibitors)},
        )

    def interaction(self, row: InteractionSeed) -> Answer:
        return answer(
            self.edge(row),
            {
                "source": [f"{row.source.kind}/{row.source.id}"],
                "object": [f"{row.object.kind}/{row.object.id}"],
                "kind": [row.source.kind, row.object.kind],
            },
        )

    def trial(self, row: TrialSeed) -> Answer:
        return answer(
            TrialItem(
                **own_fields(row, TrialBase),
                inhibitors=self.refs(Kind.INHIBITOR, row.inhibitors),
                cancers=self.refs(Kind.CANCER, row.cancers),
                xrefs=curies(row),
                publications=self.sources(row.publications),
                links=self.links(Kind.TRIAL, row.id),
            ),
            {"inhibitor": row.inhibitors, "cancer": row.cancers},
        )

    def publication(self, row: PublicationBase) -> Answer:
        citing = self._citing[row.id]
        claims = self._evidence[Kind.PUBLICATION, row.id]
        cited_by = CitedBy(**{name: citing[name] for name in CitedBy.model_fields})
        trials = [self.facts.trials[each.id] for each in cited_by.trials]
        approvals = [self.facts.approvals[each.id] for each in cited_by.approvals]
        return answer(
            PublicationRecord(
                **self.reference(row),
                evidence=[Claim(**self.claim(each)) for each in claims],
                cited_by=cited_by,
            ),
            {
                "cancer": [
                    *(each.cancer for each in claims),
                    *ids(cited_by.cancers),
                    *(cancer for each in trials for cancer in each.cancers),
                ],
                "inhibitor": [
                    *(each.inhibitor for each in claims),
                    *ids(cited_by.inhibitors),
                    *(each.inhibitor for each in approvals),
                    *(drug for each in trials for drug in each.inhibitors),
                ],
                "mechanism": [*(each.mechanism for each in claims), *ids(cited_by.mechanisms)],
                "target": [*(each.target for each in claims), *ids(cited_by.targets)],
            },
            url=web_address(row),
        )

    def evidence(self, row: EvidenceSeed) -> Answer:
        claim = self.claim(row) | {"links": self.links(Kind.EVIDENCE, row.id)}
        item = EvidenceItem(**claim, publication=self.source(row.publication))
        record = EvidenceRecord(
            **claim, publication=PublicationItem(**self.reference(self.facts.publications[row.publication]))
        )
        return Answer(item.model_dump_json(), record.model_dump_json())


def ids(refs: Iterable[Ref]) -> list[str]:
    return [each.id for each in refs]


def answer(record: Any, related: Related, **columns: Any) -> Answer:
    """The answers of a record whose item is its beginning: the fields that the item model has."""
    item = next(each.item for each in RESOURCES if each.record is type(record))
    related = {"publication": ids(getattr(record, "publications", [])), **related}
    return Answer(
        record.model_dump_json(include=set(item.model_fields)), record.model_dump_json(), columns, related
    )
