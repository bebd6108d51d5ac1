"""Questions on which publications disagree."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from app.knowledge.graph import within_sentence
from app.knowledge.prognosis import SIDES, counts
from app.knowledge.tested import items
from app.models.base import Kind, Ref
from app.models.dossier import Conflict, Conflicts, Side
from app.models.evidence import EvidenceItem, EvidenceSeed
from app.models.publication import Publication
from app.models.vocabulary import CIRCULATING, Direction, EvidenceType, Measured, Significance
from app.store.conditions import ids_of
from app.store.release import remember


class Subject(NamedTuple):
    """What a question is about: claims that have all of it in common can disagree."""

    type: EvidenceType
    cancer: str | None = None
    inhibitor: str | None = None
    mechanism: str | None = None
    target: str | None = None
    specimen: Measured | None = None
    event: str | None = None


def subject_of(row: EvidenceSeed) -> Subject | None:
    """The question that a claim answers; None where it answers none that another one could."""
    match row.type:
        case EvidenceType.PROGNOSTIC if row.specimen is not None and counts(row):
            specimen = Measured.CIRCULATING if row.specimen in CIRCULATING else Measured[row.specimen.name]
            return Subject(row.type, cancer=row.cancer, specimen=specimen)
        case EvidenceType.THERAPEUTIC if row.inhibitor and row.cancer:
            return Subject(row.type, cancer=row.cancer, inhibitor=row.inhibitor)
        case EvidenceType.SAFETY if row.inhibitor and (row.mechanism or (row.effect and row.effect.event)):
            event = row.effect.event if row.effect else None
            return Subject(row.type, inhibitor=row.inhibitor, mechanism=row.mechanism, event=event)
        case EvidenceType.MECHANISTIC if row.mechanism and (row.inhibitor or row.target):
            return Subject(
                row.type,
                cancer=row.cancer,
                inhibitor=row.inhibitor,
                mechanism=row.mechanism,
                target=None if row.inhibitor else row.target,
            )
    return None


def stand(row: EvidenceSeed) -> str:
    """On which side of its question a claim stands."""
    if row.type == EvidenceType.PROGNOSTIC:
        return SIDES[row.significance]
    if row.direction == Direction.DOES_NOT_SUPPORT:
        return "no"
    return "suppresses" if row.significance == Significance.SUPPRESSES else "yes"


@dataclass
class Answers:
    """The claims that answer a question."""

    claims: list[EvidenceItem] = field(default_factory=list)
    stands: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By study, on which sides its claims stand."""

    @property
    def disagree(self) -> bool:
        """Whether two studies stand on different sides."""
        return len(self.stands) > 1 and len(set().union(*self.stands.values())) > 1


def find_conflicts(session: Session, cancer: str | None, inhibitor: str | None) -> Conflicts:
    """The questions about a cancer or an inhibitor, both by any name, on which publications disagree."""
    found = remember(session, "conflicts", lambda: list(all_conflicts(session)))
    for kind, name in {Kind.CANCER: cancer, Kind.INHIBITOR: inhibitor}.items():
        if name is not None:
            wanted = ids_of(session, kind, kind, [name])
            found = [each for each in found if (about := getattr(each, kind)) and about.id in wanted]
    return Conflicts(items=found, total=len(found))


def all_conflicts(session: Session) -> Iterator[Conflict]:
    told = select(col(Publication.id), col(Publication.same_study_as_id))
    studies = {one: other or one for one, other in session.execute(told)}
    answers: dict[Subject, Answers] = defaultdict(Answers)
    for item in items(session, Kind.EVIDENCE, {}):
        row = as_row(json.loads(item))
        if subject := subject_of(row):
            answers[subject].claims.append(EvidenceItem.model_validate_json(item))
            answers[subject].stands[studies[row.publication]].add(stand(row))
    disputed = [each for each in answers.items() if each[1].disagree]
    disputed.sort(key=lambda each: (-len(each[1].stands), tuple(str(part or "") for part in each[0])))
    for subject, each in disputed:
        yield made(subject, each.claims, studies)


def as_row(item: Mapping[str, Any]) -> EvidenceSeed:
    """A claim as its seed row has it: other records by their ids, and figures as published."""
    values = {name: item[name] for name in EvidenceSeed.model_fields if item[name] is not None}
    for name, value in values.items():
        if isinstance(value, dict):
            published = {key: each for key, each in value.items() if "harmonised" not in key}
            values[name] = value.get("id", published)
    return EvidenceSeed.model_validate(values)


def made(subject: Subject, claims: Iterable[EvidenceItem], studies: Mapping[str, str]) -> Conflict:
    """A conflict with its sides, those of one word of what was found together."""
    by_finding: dict[Significance, list[EvidenceItem]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: (claim.level, claim.id)):
        by_finding[claim.significance].append(claim)
    first = next(iter(next(iter(by_finding.values()))))
    named = {
        name: getattr(first, name) if getattr(subject, name) else None
        for name in ("cancer", "inhibitor", "mechanism", "target")
    }
    return Conflict(
        question=asked(subject, **named),
        type=subject.type,
        **named,
        specimen=subject.specimen,
        event=subject.event,
        sides=[
            Side(
                significance=each,
                publications=len({studies[claim.publication.id] for claim in by_finding[each]}),
                claims=by_finding[each],
            )
            for each in Significance
            if each in by_finding
        ],
    )


def asked(
    subject: Subject, cancer: Ref | None, inhibitor: Ref | None, mechanism: Ref | None, target: Ref | None
) -> str:
    """The question in words."""
    disease, drug, process = (
        within_sentence(each.name) if each else "" for each in (cancer, inhibitor, mechanism)
    )
    gene = target.id.upper() if target else ""
    match subject.type:
        case EvidenceType.PROGNOSTIC:
            where = (
                "circulating IL-6"
                if subject.specimen == Measured.CIRCULATING
                else f"IL-6 ({subject.specimen})"
            )
            return f"How does a high {where} go with the outcome in {disease}?"
        case EvidenceType.THERAPEUTIC:
            return f"Does {drug} help in {disease}?"
        case EvidenceType.SAFETY:
            return f"Is {subject.event or process} an unwelcome effect of {drug}?"
        case _:
            return f"Does {drug or gene} act on {process}" + (f" in {disease}?" if disease else "?")
