"""One drug in one cancer: prediction beside trial. And drugs side by side."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from itertools import product
from typing import Any

from sqlmodel import Session

from app.errors import InvalidParameter
from app.knowledge.graph import find_paths, graph_of, within_sentence
from app.knowledge.tested import brief, in_narrower, items, outcomes, read, tested_in
from app.models.approval import ApprovalItem, ApprovalStatus
from app.models.base import Kind, Ref
from app.models.claim import count_claims
from app.models.dossier import Compared, ComparedInhibitors, Dossier
from app.models.evidence import EvidenceItem
from app.models.graph import Path, Tested
from app.models.interaction import Sign
from app.models.trial import Outcome, Purpose, TrialBrief
from app.models.vocabulary import EvidenceType, Significance, StudyType
from app.store.conditions import ids_of, with_descendants
from app.store.release import remember

PATIENTS = (StudyType.HUMAN_TRIAL, StudyType.HUMAN_COHORT, StudyType.CASE)

MOST_PATHS = 5

MOST_COMPARED = 20


def get_dossier(session: Session, inhibitor: str, cancer: str) -> Dossier:
    """What is known of an inhibitor in a cancer, both by any name; raises RecordNotFound or AmbiguousName."""
    drug_id, drug = read(session, Kind.INHIBITOR, inhibitor)
    cancer_id, disease = read(session, Kind.CANCER, cancer)
    about = {"inhibitor": [drug_id], "cancer": [cancer_id]}
    claims = [EvidenceItem.model_validate_json(each) for each in items(session, Kind.EVIDENCE, about)]
    claims.sort(key=lambda claim: (claim.level, claim.id))
    trials = [TrialBrief.model_validate(each) for each in drug["trials"] if named(each, cancer_id)]
    paths = chains(session, drug_id, cancer_id)
    signs = {path.predicted for path in paths}
    tested = tested_in(drug_id, cancer_id, trials, claims, in_narrower(session, about, len(trials)))
    related = lineage(session, cancer_id, disease)
    approvals = [ApprovalItem.model_validate(each) for each in drug["approvals"]]
    return Dossier(
        inhibitor=Ref(id=drug_id, name=drug["name"]),
        cancer=Ref(id=cancer_id, name=disease["name"]),
        summary=set_against(drug["name"], disease["name"], signs, tested),
        predicted=next(iter(signs)) if len(signs) == 1 else None,
        tested=tested,
        trials=trials,
        therapeutic=[claim for claim in claims if claim.type == EvidenceType.THERAPEUTIC],
        safety=[claim for claim in claims if claim.type == EvidenceType.SAFETY],
        paths=paths,
        prognosis=disease["prognosis"],
        approvals=[each for each in approvals if each.indication.id in related],
        links={
            "self": tested.links["dossier"],
            "inhibitor": f"/inhibitors/{drug_id}",
            "cancer": f"/cancers/{cancer_id}",
            "trials": tested.links["trials"],
            "evidence": f"/evidence?inhibitor={drug_id}&cancer={cancer_id}",
            "paths": f"/graph/paths?from={drug_id}&to={cancer_id}",
        },
    )


def chains(session: Session, inhibitor: str, cancer: str) -> list[Path]:
    """The shortest chains of the pathway from an inhibitor to a cancer, both by their ids."""
    start, goal = f"{Kind.INHIBITOR}/{inhibitor}", f"{Kind.CANCER}/{cancer}"
    return find_paths(graph_of(session), start, goal, limit=MOST_PATHS).paths


def predictions_tried(session: Session) -> dict[Outcome, list[tuple[Ref, Ref]]]:
    """The drugs that by all chains suppress a cancer they were tried against, by what came of it.

    Of several trials those without a result have no say, and those that differ are mixed together.
    """
    return remember(session, "predictions tried", lambda: load_predictions_tried(session))


def load_predictions_tried(session: Session) -> dict[Outcome, list[tuple[Ref, Ref]]]:
    tried: dict[tuple[str, str], list[TrialBrief]] = defaultdict(list)
    names: dict[str, Ref] = {}
    for item in items(session, Kind.TRIAL, {"purpose": [Purpose.ANTI_TUMOUR]}):
        trial = TrialBrief.model_validate(brief(item))
        for drug, cancer in product(trial.inhibitors, trial.cancers):
            tried[drug.id, cancer.id].append(trial)
            names |= {drug.id: drug, cancer.id: cancer}
    found: dict[Outcome, list[tuple[Ref, Ref]]] = {each: [] for each in Outcome}
    for (drug_id, cancer_id), trials in sorted(tried.items()):
        if {path.predicted for path in chains(session, drug_id, cancer_id)} == {Sign.SUPPRESSES}:
            found[outcome_of({each.outcome for each in trials})].append((names[drug_id], names[cancer_id]))
    return found


def outcome_of(outcomes: Set[Outcome]) -> Outcome:
    """What several trials found together."""
    results = outcomes & {Outcome.POSITIVE, Outcome.MIXED, Outcome.NEGATIVE}
    if len(results) > 1:
        return Outcome.MIXED
    return next(iter(results or outcomes & {Outcome.SAFETY_ONLY}), Outcome.NOT_REPORTED)


def named(trial: Mapping[str, Any], cancer: str) -> bool:
    return any(each["id"] == cancer for each in trial["cancers"])


def lineage(session: Session, cancer_id: str, cancer: Mapping[str, Any]) -> set[str]:
    """The indications that are the cancer, a wider or a narrower one."""
    found = {*with_descendants(session, [cancer_id])}
    while cancer["parent"]:
        parent, cancer = read(session, Kind.CANCER, cancer["parent"]["id"])
        found.add(parent)
    indications = map(json.loads, items(session, Kind.INDICATION, {"cancer": sorted(found)}))
    return {each["id"] for each in indications}


def set_against(inhibitor: str, cancer: str, predicted: Collection[Sign], tested: Tested) -> str:
    """One sentence: what the pathway predicts of a drug in a cancer, and what came of it in trials."""
    drug, disease = within_sentence(inhibitor), within_sentence(cancer)
    if not predicted:
        sentence = f"No chain of the pathway leads from {drug} to {disease}"
    elif len(predicted) > 1:
        sentence = f"By some chains the pathway predicts that {drug} suppresses {disease}, by others not"
    else:
        sentence = f"The pathway predicts that {drug} {next(iter(predicted))} {disease}"
    others = sum(sum(each.values()) for each in tested.other_trials.values())
    parts = [sentence, told_of_trials(tested.trials)]
    if others:
        parts.append(f"{others} more {verb(others, 'was', 'were')} for another purpose")
    if narrower := tested.narrower_trials:
        parts.append(f"{narrower} more {verb(narrower, 'trial was', 'trials were')} in narrower cancers")
    if told := told_of_claims(tested):
        parts.append(told)
    return "; ".join(parts) + "."


def verb(number: int, one: str, several: str) -> str:
    return one if number == 1 else several


OUTCOMES = {
    Outcome.POSITIVE: ("was positive", "were positive"),
    Outcome.MIXED: ("was mixed", "were mixed"),
    Outcome.NEGATIVE: ("was negative", "were negative"),
    Outcome.SAFETY_ONLY: ("reported safety alone", "reported safety alone"),
    Outcome.NOT_REPORTED: ("has no reported result", "have no reported result"),
}
"""How a sentence tells of one trial of an outcome, and of several."""


def told_of_trials(trials: Mapping[Outcome, int]) -> str:
    """The trials against the cancer, by outcome, as a part of a sentence."""
    total = sum(trials.values())
    if not total:
        return "no trial of it against this cancer is recorded"
    if len(trials) == 1:
        words = verb(total, *OUTCOMES[next(iter(trials))])
        several = "both trials" if total == 2 else f"all {total} trials"
        return f"{verb(total, 'the one trial', several)} against the cancer {words}"
    told = [
        f"{trials[each]} {verb(trials[each], *words)}" for each, words in OUTCOMES.items() if each in trials
    ]
    return f"of {total} trials against the cancer {listed(told)}"


def told_of_claims(tested: Tested) -> str:
    """The therapeutic claims from patients, by what they found; empty where there is none."""
    found: Counter[Significance] = Counter()
    for study in PATIENTS:
        found.update(tested.claims_by_study.get(study, {}))
    total = found.total()
    told = [f"{found[each]} found {words}" for each, words in FOUND.items() if found[each]]
    return f"of {total} {verb(total, 'claim', 'claims')} from patients {listed(told)}" if total else ""


FOUND = {
    Significance.BENEFIT: "a benefit",
    Significance.SENSITIVITY: "that another treatment worked better",
    Significance.MIXED: "a mixed result",
    Significance.NO_BENEFIT: "no benefit",
    Significance.NO_ASSOCIATION: "no link",
    Significance.HARM: "harm",
}
"""How a sentence tells of what therapeutic claims found."""


def listed(parts: Sequence[str]) -> str:
    """Parts of a sentence, one after the other."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def compare(session: Session, inhibitors: list[str], cancer: str | None) -> ComparedInhibitors:
    """Inhibitors side by side, by any names; raises InvalidParameter or AmbiguousName."""
    names = ids_of(session, "inhibitors", Kind.INHIBITOR, inhibitors)
    disease = None
    if cancer is not None:
        (cancer_id,) = ids_of(session, "cancer", Kind.CANCER, [cancer])
        disease = Ref(id=cancer_id, name=read(session, Kind.CANCER, cancer_id)[1]["name"])
    compared = [compared_one(session, each, disease) for each in dict.fromkeys(names)]
    if not 2 <= len(compared) <= MOST_COMPARED:
        raise InvalidParameter("inhibitors", f"Name 2 to {MOST_COMPARED} different inhibitors", "too_few")
    return ComparedInhibitors(cancer=disease, items=compared)


def compared_one(session: Session, inhibitor: str, cancer: Ref | None) -> Compared:
    _, drug = read(session, Kind.INHIBITOR, inhibitor)
    about = {"inhibitor": [inhibitor]} | ({"cancer": [cancer.id]} if cancer else {})
    claims = [json.loads(each) for each in items(session, Kind.EVIDENCE, about)]
    stand = Counter(each["agency"] for each in drug["approvals"] if each["status"] == ApprovalStatus.APPROVED)
    trials = [TrialBrief.model_validate(each) for each in drug["trials"]]
    return Compared(
        inhibitor=Ref(id=inhibitor, name=drug["name"]),
        scope=drug["scope"],
        status=drug["status"],
        targets=drug["targets"],
        approved_for_cancer=drug["approved_for_cancer"],
        approvals=dict(sorted(stand.items())),
        trials=outcomes(each for each in trials if not cancer or cancer in each.cancers),
        evidence=count_claims((each["type"], each["significance"], 1) for each in claims),
    )
