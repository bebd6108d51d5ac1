"""What came of an inhibitor where it was tried in a cancer: trials by outcome, claims by what they found."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session

from app.catalog import BY_KIND
from app.models.base import Kind
from app.models.evidence import EvidenceItem
from app.models.graph import Studied, Tested
from app.models.trial import Outcome, Purpose, TrialBrief
from app.models.vocabulary import EvidenceType, Significance, StudyType
from app.store.lists import all_items, get_record


def look_up(session: Session, inhibitor: str, cancer: str) -> Tested:
    """What came of an inhibitor where it was tried in a cancer, both by their ids."""
    about = {"inhibitor": [inhibitor], "cancer": [cancer]}
    trials = [TrialBrief.model_validate(brief(each)) for each in items(session, Kind.TRIAL, about)]
    claims = [EvidenceItem.model_validate_json(each) for each in items(session, Kind.EVIDENCE, about)]
    return tested_in(inhibitor, cancer, trials, claims, in_narrower(session, about, len(trials)))


def in_narrower(session: Session, about: Mapping[str, list[str]], own: int) -> int:
    """How many trials there are in narrower cancers alone, beside those in the cancer itself."""
    return len(items(session, Kind.TRIAL, {**about, "include_descendants": True})) - own


def brief(trial: str) -> dict[str, Any]:
    """The JSON of a trial in a list, as other records show it."""
    return {name: value for name, value in json.loads(trial).items() if name in TrialBrief.model_fields}


def tested_in(
    inhibitor: str,
    cancer: str,
    trials: Iterable[TrialBrief],
    claims: Iterable[EvidenceItem],
    narrower_trials: int,
) -> Tested:
    """Trials by purpose and outcome, and therapeutic claims by what they found and in whom."""
    by_purpose = outcomes(trials)
    therapeutic = [claim for claim in claims if claim.type == EvidenceType.THERAPEUTIC]
    by_study: dict[Studied, list[EvidenceItem]] = {}
    for claim in therapeutic:
        by_study.setdefault(claim.study_type or "not-said", []).append(claim)
    named = f"inhibitor={inhibitor}&cancer={cancer}"
    return Tested(
        trials=by_purpose.pop(Purpose.ANTI_TUMOUR, {}),
        other_trials=by_purpose,
        narrower_trials=narrower_trials,
        claims=findings(therapeutic),
        claims_by_study={
            each: findings(by_study[each]) for each in (*StudyType, "not-said") if each in by_study
        },
        links={
            "trials": f"/trials?{named}",
            "narrower_trials": f"/trials?{named}&include_descendants=true",
            "evidence": f"/evidence?{named}&type={EvidenceType.THERAPEUTIC}",
            "dossier": f"/inhibitors/{inhibitor}/cancers/{cancer}",
        },
    )


def outcomes(trials: Iterable[TrialBrief]) -> dict[Purpose, dict[Outcome, int]]:
    """How many trials there are, by purpose and outcome."""
    counted = Counter((trial.purpose, trial.outcome) for trial in trials)
    found = {
        purpose: {each: counted[purpose, each] for each in Outcome if counted[purpose, each]}
        for purpose in Purpose
    }
    return {purpose: each for purpose, each in found.items() if each}


def findings(claims: Iterable[EvidenceItem]) -> dict[Significance, int]:
    counted = Counter(claim.significance for claim in claims)
    return {each: counted[each] for each in Significance if counted[each]}


def read(session: Session, kind: Kind, name: str) -> tuple[str, dict[str, Any]]:
    record_id, text = get_record(session, BY_KIND[kind], name)
    return record_id, json.loads(text)


def items(session: Session, kind: Kind, about: Mapping[str, object]) -> list[str]:
    """The items of a list under filters, all of them."""
    resource = BY_KIND[kind]
    return all_items(session, resource, resource.filters(**about))  # type: ignore[arg-type]


def ids(refs: Iterable[Mapping[str, str]]) -> set[str]:
    return {each["id"] for each in refs}
