"""What a high IL-6 means for the prognosis in a cancer: a verdict over claims that can be compared."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from app.models.cancer import Judgement, Prognosis, Verdict
from app.models.evidence import EvidenceSeed
from app.models.vocabulary import (
    CIRCULATING,
    Analysis,
    Comparison,
    Endpoint,
    EvidenceType,
    Level,
    Measured,
    Significance,
    Specimen,
)

IL6 = "il6"

OUTCOMES = (
    Endpoint.OVERALL_SURVIVAL,
    Endpoint.PROGRESSION_FREE_SURVIVAL,
    Endpoint.DISEASE_FREE_SURVIVAL,
    Endpoint.EVENT_FREE_SURVIVAL,
    Endpoint.RECURRENCE_FREE_SURVIVAL,
    Endpoint.DISEASE_SPECIFIC_SURVIVAL,
    Endpoint.FAILURE_FREE_SURVIVAL,
    Endpoint.TIME_TO_PROGRESSION,
    Endpoint.PROGRESSION,
    Endpoint.RECURRENCE,
    Endpoint.LOCAL_RECURRENCE,
    Endpoint.DISTANT_RECURRENCE,
    Endpoint.BIOCHEMICAL_RECURRENCE,
    Endpoint.MORTALITY,
)
"""End points that are survival, recurrence, progression or death."""

OTHERWISE = (Comparison.GENOTYPE, Comparison.COMPOSITE, Comparison.CHANGE)
"""Comparisons that are not of patients with much IL-6 and patients with little."""

SIDES = {
    Significance.POOR_OUTCOME: "poor",
    Significance.BETTER_OUTCOME: "better",
    Significance.NO_ASSOCIATION: "no_link",
    Significance.NOT_INDEPENDENT: "no_link",
}
"""What a claim says for its study; stage or grade without a figure on the outcome says nothing."""


def counts(claim: EvidenceSeed) -> bool:
    """Whether a claim has a say in a verdict: it is on IL-6 itself, and its end point is an outcome."""
    effect = claim.effect
    return (
        claim.type == EvidenceType.PROGNOSTIC
        and claim.target == IL6
        and claim.specimen != Specimen.GERMLINE
        and claim.level < Level.E
        and claim.significance in SIDES
        and effect is not None
        and effect.endpoint in OUTCOMES
        and effect.comparison not in OTHERWISE
    )


def measured_as(claim: EvidenceSeed) -> Iterator[Measured]:
    """The specimens by which a claim is found: its own, circulating if that is one, and any."""
    if claim.specimen is not None:
        yield Measured[claim.specimen.name]
    if claim.specimen in CIRCULATING:
        yield Measured.CIRCULATING
    yield Measured.ANY


def judge(claims: Iterable[EvidenceSeed], studies: Mapping[str, str]) -> dict[str, object]:
    """The verdict over claims that count, with the number of studies on each side.

    `studies` says of a publication which other one describes the same study: both together count once.
    """
    said: dict[str, set[str]] = defaultdict(set)
    levels: set[Level] = set()
    for claim in claims:
        said[studies.get(claim.publication, claim.publication)].add(SIDES[claim.significance])
        levels.add(claim.level)
    votes = Counter("divided" if len(sides) > 1 else next(iter(sides)) for sides in said.values())
    poor, better, no_link, divided = (votes[side] for side in ("poor", "better", "no_link", "divided"))
    if not said:
        verdict = Verdict.NOT_STUDIED
    elif poor > better + no_link + divided:
        verdict = Verdict.POOR
    elif better > poor + no_link + divided:
        verdict = Verdict.BETTER
    elif no_link == len(said):
        verdict = Verdict.NO_LINK
    else:
        verdict = Verdict.MIXED
    return {
        "verdict": verdict,
        "publications": len(said),
        "poor": poor,
        "better": better,
        "no_link": no_link,
        "divided": divided,
        "best_level": min(levels, default=None),
    }


def assess(evidence: Iterable[EvidenceSeed], studies: Mapping[str, str]) -> Prognosis:
    """The prognosis in a cancer by all its evidence: with a high circulating IL-6, and by each specimen."""
    found = by_specimen(evidence)
    return Prognosis.model_validate(
        {
            "specimen": Measured.CIRCULATING,
            **judge(found[Measured.CIRCULATING], studies),
            "by_specimen": [
                {"specimen": each, **judge(found[each.value], studies)}
                for each in Specimen
                if each.value in found
            ],
        }
    )


def by_specimen(evidence: Iterable[EvidenceSeed]) -> dict[str, list[EvidenceSeed]]:
    """The claims that count, by what they were measured in."""
    found: dict[str, list[EvidenceSeed]] = defaultdict(list)
    for claim in filter(counts, evidence):
        for each in measured_as(claim):
            found[each].append(claim)
    return found


def judgements(
    cancer: str, evidence: Iterable[EvidenceSeed], studies: Mapping[str, str]
) -> Iterator[Judgement]:
    """The verdicts on a cancer by each specimen, level and analysis that some claim of it has."""
    for measured, claims in by_specimen(evidence).items():
        for level in Level:
            for analysis in (None, *Analysis):
                chosen = [each for each in claims if each.level <= level]
                chosen = [each for each in chosen if analysis in (None, each.analysis)]
                if chosen:
                    yield Judgement.model_validate(
                        {
                            "cancer_id": cancer,
                            "specimen": measured,
                            "min_level": level,
                            "analysis": analysis or "any",
                            **judge(chosen, studies),
                        }
                    )
