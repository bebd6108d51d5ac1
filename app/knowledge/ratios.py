"""Ratios turned alike: high IL-6 against low, or a drug against its control; more than 1 is always worse."""

from app.models.claim import Effect, Harmonised, ShownEffect
from app.models.vocabulary import Comparison, Endpoint, EvidenceType, NotHarmonised

RATIOS = ("HR", "OR", "RR", "ratio")

WELCOME = (
    Endpoint.RESPONSE,
    Endpoint.OBJECTIVE_RESPONSE,
    Endpoint.COMPLETE_RESPONSE,
    Endpoint.PATHOLOGICAL_COMPLETE_RESPONSE,
    Endpoint.PSA_RESPONSE,
    Endpoint.CLINICAL_BENEFIT,
    Endpoint.STABLE_DISEASE,
    Endpoint.HAEMATOLOGICAL_IMPROVEMENT,
    Endpoint.BODY_COMPOSITION,
    Endpoint.SYMPTOM_RELIEF,
    Endpoint.ADVERSE_EVENT_RESOLUTION,
)
"""End points that are good to reach; of all others a ratio compares what is bad: death, relapse, harm."""

LEVELS = (Comparison.HIGH_VERSUS_LOW, Comparison.LOW_VERSUS_HIGH)
"""Comparisons of much IL-6 and little."""

OTHER = {
    Comparison.PER_UNIT: NotHarmonised.PER_UNIT,
    Comparison.CHANGE: NotHarmonised.CHANGE,
    Comparison.COMPOSITE: NotHarmonised.COMPOSITE,
    Comparison.GENOTYPE: NotHarmonised.GENOTYPE,
}


def harmonise(kind: EvidenceType, target: str | None, effect: Effect) -> Harmonised | NotHarmonised:
    """The ratio of a claim so turned that ratios of its type can be compared, or why it cannot be.

    Of a prognostic claim: high IL-6 against low, more than 1 is worse. Of a claim on a drug: treated against
    control, less than 1 favours the drug. A ratio that is turned is one divided by the published one, to four
    significant digits, and its interval likewise, end for end.
    """
    if effect.measure not in RATIOS or effect.value is None:
        return NotHarmonised.NO_RATIO
    if effect.comparison in OTHER:
        return OTHER[effect.comparison]
    of_drug = kind in (EvidenceType.THERAPEUTIC, EvidenceType.SAFETY)
    fitting = (Comparison.TREATED_VERSUS_CONTROL,) if of_drug else LEVELS
    if effect.comparison not in fitting or not (of_drug or kind == EvidenceType.PROGNOSTIC):
        return NotHarmonised.OTHER_COMPARISON
    if kind == EvidenceType.PROGNOSTIC and target != "il6":
        return NotHarmonised.OTHER_BIOMARKER
    if effect.endpoint is None:
        return NotHarmonised.NO_ENDPOINT
    turned = (effect.comparison == Comparison.LOW_VERSUS_HIGH) != (effect.endpoint in WELCOME)
    value, low, high = effect.value, effect.ci_low, effect.ci_high
    if turned:
        # An interval that reaches 0 has no other end.
        value, low, high = inverse(value), *(inverse(end) if end else None for end in (high, low))
    return Harmonised(measure=effect.measure, value=value, ci_low=low, ci_high=high)


def inverse(figure: float) -> float:
    return float(f"{1 / figure:.4g}")


def shown(kind: EvidenceType, target: str | None, effect: Effect | None) -> ShownEffect | None:
    """The figures of a claim as an answer gives them."""
    if effect is None:
        return None
    found = harmonise(kind, target, effect)
    harmonised, why = (found, None) if isinstance(found, Harmonised) else (None, found)
    return ShownEffect(**effect.model_dump(), harmonised=harmonised, not_harmonised=why)
