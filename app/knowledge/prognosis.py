"""What a high IL-6 means for the prognosis in a cancer: a verdict over its prognostic evidence."""

from collections.abc import Iterable

from app.models.cancer import Prognosis, Verdict
from app.models.evidence import EvidenceSeed
from app.models.vocabulary import EvidenceType, Significance


def assess(evidence: Iterable[EvidenceSeed]) -> Prognosis:
    """Count the publications on each side, and judge.

    Poor where the publications that say so outnumber all others, better likewise; none where neither side
    has a publication; else mixed. Stage or grade without a figure on survival counts on no side.
    """
    rows = [row for row in evidence if row.type == EvidenceType.PROGNOSTIC]

    def of(significance: Significance) -> list[EvidenceSeed]:
        return [row for row in rows if row.significance == significance]

    sides = [of(Significance.POOR_OUTCOME), of(Significance.BETTER_OUTCOME), of(Significance.NO_ASSOCIATION)]
    poor, better, no_association = (len({row.publication for row in side}) for side in sides)
    if poor > better + no_association:
        verdict = Verdict.POOR
    elif better > poor + no_association:
        verdict = Verdict.BETTER
    elif poor == better == 0:
        verdict = Verdict.NONE
    else:
        verdict = Verdict.MIXED
    return Prognosis(
        verdict=verdict,
        poor=poor,
        better=better,
        no_association=no_association,
        best_level=min((row.level for side in sides for row in side), default=None),
    )
