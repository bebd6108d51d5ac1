"""The rules of the knowledge itself, over all rows together; `check` asks them once every row is valid."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from app.catalog import BY_KIND, RESOURCES
from app.models.approval import ApprovalStatus
from app.models.base import Kind
from app.models.indication import Area
from app.models.inhibitor import InhibitorStatus, Scope
from app.models.publication import PublicationKind
from app.models.trial import Outcome, TrialStatus
from app.models.vocabulary import FITTING, Comparison, EvidenceType, Level, Significance
from app.seeding.answers import Facts

Broken = Iterator[tuple[Kind, str, str, str]]
"""Of each row that breaks a rule its kind, its id, the field, and what is expected there."""

LEANING = re.compile(
    r"\b(the|these|those) same (patients|women|men|cohort|study|trial|series|group|mice|paper|review)\b"
    r"|\b(these|those) (patients|women|men|data|results|mice)\b"
    r"|\bthis (trial|study|cohort|series|review|paper|analysis|case|publication)\b"
    r"|\b(as|see|described|mentioned) above\b|\baforementioned\b|\bprevious (row|claim|statement)\b",
    re.IGNORECASE,
)
"""Words that lean on another row."""

MARKUP = re.compile(r"</?[a-z]+>|&[a-z]+;|\*\*|  ")

ROOT = "solid-and-blood-cancers"

AUTHOR = re.compile(r"^[A-Z]\. ?|^[A-Z]\.[A-Z]|,")
"""An author that is not written `Family AB`."""


def sources(facts: Facts) -> Broken:
    """Every fact names a source; a wider cancer that is known for its name alone needs none."""
    studied = {e.cancer for e in facts.evidence.values() if e.type == EvidenceType.PROGNOSTIC}
    studied -= {cancer.parent for cancer in facts.cancers.values()}
    for resource in RESOURCES:
        for row in facts.of(resource.kind).values():
            bare = resource.kind == Kind.CANCER and row.id not in studied
            if not getattr(row, "publications", True) and not bare:
                yield resource.kind, row.id, "publications", "a publication that says so"


def orphans(facts: Facts) -> Broken:
    """Every publication is cited, or one of those the atlas was founded on."""
    cited = {each.publication for each in facts.evidence.values()}
    for resource in RESOURCES:
        for row in facts.of(resource.kind).values():
            cited |= set(getattr(row, "publications", []))
    for row in facts.publications.values():
        if row.id not in cited and not row.seed:
            yield Kind.PUBLICATION, row.id, "id", "a publication that some row cites (none cites this one)"


def authors(facts: Facts) -> Broken:
    """An author is written `Family AB`."""
    for row in facts.publications.values():
        for each in row.authors:
            if AUTHOR.search(each):
                yield Kind.PUBLICATION, row.id, "authors", f"`Family AB`, as in Rose-John S (it is {each!r})"


def approvals_for_cancer(facts: Facts) -> Broken:
    """No drug on IL-6 or its receptor is approved to treat a cancer."""
    for row in facts.approvals.values():
        direct = facts.inhibitors[row.inhibitor].scope == Scope.DIRECT
        if direct and facts.indications[row.indication].area == Area.ONCOLOGY:
            yield Kind.APPROVAL, row.id, "indication", "no cancer: no IL-6 inhibitor is approved for one"


def areas(facts: Facts) -> Broken:
    """A condition that is a cancer is of oncology."""
    for row in facts.indications.values():
        if row.cancer and row.area != Area.ONCOLOGY:
            yield Kind.INDICATION, row.id, "area", f"oncology, since it is a cancer ({row.cancer})"


def statements(facts: Facts) -> Broken:
    """A statement is a sentence that stands alone, and is made once."""
    said = Counter(row.statement for row in facts.evidence.values())
    for kind in (Kind.EVIDENCE, Kind.INTERACTION):
        for row in facts.of(kind).values():
            if found := LEANING.search(row.statement):
                yield kind, row.id, "statement", f"a sentence that stands alone (without {found[0]!r})"
            if not row.statement.endswith("."):
                yield kind, row.id, "statement", "a sentence that ends with a stop"
            if said[row.statement] > 1:
                yield kind, row.id, "statement", "a sentence that no other claim has"


def plain_texts(facts: Facts) -> Broken:
    """Texts have neither markup nor stray space."""
    for resource in RESOURCES:
        for row in facts.of(resource.kind).values():
            for name, value in row.model_dump().items():
                for each in value if isinstance(value, list) else [value]:
                    if isinstance(each, str) and (found := MARKUP.search(each)):
                        yield resource.kind, row.id, name, f"plain text (without {found[0]!r})"


def significances(facts: Facts) -> Broken:
    """What a claim means fits its type and its direction."""
    for row in facts.evidence.values():
        fitting = FITTING[row.type][row.direction]
        if row.significance not in fitting:
            said = f"of a {row.type} claim that {row.direction}"
            yield Kind.EVIDENCE, row.id, "significance", f"{' or '.join(fitting)} {said} ({row.significance})"


def levels(facts: Facts) -> Broken:
    """What people saw is not level D, what cells showed not level A to C, a case report is level C."""
    patients = (PublicationKind.RANDOMISED_TRIAL, PublicationKind.META_ANALYSIS)
    for row in facts.evidence.values():
        kind = facts.publications[row.publication].kind
        wrong = (
            (row.level == Level.D and kind in patients)
            or (row.level < Level.D and kind == PublicationKind.IN_VITRO)
            or (row.level != Level.C and kind == PublicationKind.CASE_REPORT)
        )
        if wrong:
            yield Kind.EVIDENCE, row.id, "level", f"a level that a {kind} can have (it is {row.level})"


def subjects(facts: Facts) -> Broken:
    """A claim is about something; a prognostic one about IL-6 or its receptor in a cancer, and no drug."""
    for row in facts.evidence.values():
        if not (row.cancer or row.inhibitor or row.mechanism or row.target):
            yield Kind.EVIDENCE, row.id, "cancer", "a cancer, an inhibitor, a mechanism or a target"
        if row.type == EvidenceType.PROGNOSTIC:
            if not row.cancer:
                yield Kind.EVIDENCE, row.id, "cancer", "the cancer whose prognosis it is"
            if row.target not in ("il6", "il6r"):
                yield Kind.EVIDENCE, row.id, "target", "il6 or il6r, whichever was measured"
            if row.inhibitor:
                yield Kind.EVIDENCE, row.id, "inhibitor", "no drug: prognosis is not the effect of one"


JUDGED = (Significance.POOR_OUTCOME, Significance.BETTER_OUTCOME, Significance.NO_ASSOCIATION)


def hazard_ratios(facts: Facts) -> Broken:
    """A hazard ratio points the way its claim does."""
    for row in facts.evidence.values():
        x = row.effect
        if row.significance not in JUDGED or not x or x.measure != "HR" or not x.ci_low or not x.ci_high:
            continue
        if x.comparison == Comparison.GENOTYPE:
            continue
        worse = (x.ci_low > 1) != (x.comparison == Comparison.LOW_VERSUS_HIGH)
        apart = x.ci_low > 1 or x.ci_high < 1
        if apart and (row.significance == Significance.POOR_OUTCOME) != worse:
            expected = "poor-outcome" if worse else "better-outcome"
            yield Kind.EVIDENCE, row.id, "significance", f"{expected}, by its ratio of {x.value}"


def drugs(facts: Facts) -> Broken:
    """A drug is approved, in phase 4, since a year, where approvals say so; a biosimilar is its original."""
    for row in facts.inhibitors.values():
        own = [each for each in facts.approvals.values() if each.inhibitor == row.id]
        stands = any(each.status == ApprovalStatus.APPROVED for each in own)
        first = min((each.year for each in own if each.year), default=None)
        if (row.status == InhibitorStatus.APPROVED) != stands:
            yield (
                Kind.INHIBITOR,
                row.id,
                "status",
                "approved" if stands else "another one: no approval stands",
            )
        if (row.max_phase == 4) != stands:
            yield Kind.INHIBITOR, row.id, "max_phase", "4" if stands else "less than 4: no approval stands"
        if first and (row.first_approval_year is None or row.first_approval_year > first):
            yield Kind.INHIBITOR, row.id, "first_approval_year", f"{first} or earlier, by its approvals"
        original = facts.inhibitors.get(row.parent or "")
        for name in ("targets", "action", "scope"):
            if original and getattr(row, name) != getattr(original, name):
                yield Kind.INHIBITOR, row.id, name, f"that of its original, {getattr(original, name)}"


def ids(facts: Facts) -> Broken:
    """The id of an approval and of an interaction says what it joins."""
    for row in facts.approvals.values():
        stem = f"{row.inhibitor}-{row.indication}-{row.agency.lower().replace(' ', '-')}"
        if row.id not in (stem, f"{stem}-{row.year}"):
            yield Kind.APPROVAL, row.id, "id", f"{stem}, with the year behind it if there are several"
    for edge in facts.interactions.values():
        stem = f"{edge.source.id}-{edge.predicate}-{edge.object.id}"
        if edge.id != stem:
            yield Kind.INTERACTION, edge.id, "id", stem


def ends(facts: Facts) -> Broken:
    """An interaction joins two things of the pathway, and no target or mechanism stands alone."""
    joined = {(end.kind, end.id) for i in facts.interactions.values() for end in (i.source, i.object)}
    for row in facts.interactions.values():
        if (row.source.kind, row.source.id) == (row.object.kind, row.object.id):
            yield Kind.INTERACTION, row.id, "object", "another record than the source"
        if not {row.source.kind, row.object.kind} <= {Kind.TARGET, Kind.MECHANISM, Kind.CANCER}:
            yield Kind.INTERACTION, row.id, "source.kind", "a target, a mechanism or a cancer at both ends"
    claimed = {(Kind.MECHANISM, row.mechanism) for row in facts.evidence.values()}
    for kind in (Kind.TARGET, Kind.MECHANISM):
        for each in facts.of(kind):
            if (kind, each) not in joined | claimed:
                yield kind, each, "id", "a record that an interaction or a claim names"


def results(facts: Facts) -> Broken:
    """An outcome that was reported comes with the result; what was withdrawn had no success."""
    for row in facts.trials.values():
        if row.outcome != Outcome.NOT_REPORTED and not row.result:
            yield Kind.TRIAL, row.id, "result", f"the result, since the outcome is {row.outcome}"
        if row.status == TrialStatus.WITHDRAWN and row.outcome == Outcome.POSITIVE:
            yield Kind.TRIAL, row.id, "outcome", "no success: the trial was withdrawn"


def roots(facts: Facts) -> Broken:
    """Every cancer but the widest has a wider one."""
    for row in facts.cancers.values():
        if row.parent is None and row.id != ROOT:
            yield Kind.CANCER, row.id, "parent", f"the wider cancer: all but {ROOT} have one"


RULES: tuple[Callable[[Facts], Broken], ...] = (
    *(sources, orphans, authors, approvals_for_cancer, areas, statements, plain_texts, significances),
    *(levels, subjects, hazard_ratios, drugs, ids, ends, results, roots),
)


def broken_rules(facts: Facts) -> Iterator[tuple[str, str, str, str]]:
    """Of each row that breaks a rule its file, its id, the field, and what is expected there."""
    for rule in RULES:
        for kind, record_id, field, expected in rule(facts):
            yield f"{BY_KIND[kind].path}.yaml", record_id, field, expected


def release_faults(release: Any) -> Iterator[tuple[str, str]]:
    """Yield (field, expected) for each rule that the file RELEASE breaks."""
    if release.licence != "CC-BY-4.0":
        yield "licence", "CC-BY-4.0"
    if release.version not in release.citation:
        yield "citation", f"a citation that names the release, {release.version}"
