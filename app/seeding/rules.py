"""The rules of the knowledge itself, over all rows together; `check` asks them once every row is valid."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from app.catalog import BY_KIND, RESOURCES
from app.knowledge.ratios import RATIOS, WELCOME
from app.models.approval import ApprovalStatus, Proof
from app.models.base import PREFIXES, Kind
from app.models.indication import Area
from app.models.inhibitor import InhibitorStatus, Scope
from app.models.publication import PublicationKind
from app.models.release import ReleaseSeed
from app.models.trial import Outcome, Purpose, TrialStatus
from app.models.vocabulary import FITTING, Comparison, EvidenceType, Level, Significance
from app.seeding.answers import Facts, proof_of
from app.seeding.exceptions import MIRRORED, SECONDARY, UNIDENTIFIED

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

AUTHOR = re.compile(r"^[A-Z]\.|,|\bet al\b|\band others\b|&", re.IGNORECASE)
"""An author that is not written `Family AB`, or is more than one."""

ARTICLES = frozenset(PublicationKind) - {
    PublicationKind.REGULATORY_LABEL,
    PublicationKind.WEB_PAGE,
    PublicationKind.REGISTRY,
}

MIRRORS = {
    "an index of articles that others publish": "acemap.info alljournals.cn arxivlens.com concepedia.online "
    "mendeley.com omgcb.com ovid.com researcher.life reviewer.ly scilit.com scilit.net synapsesocial.com",
    "an address with the name of a publisher that is not its own": "ashpublications.com ashpublications.net "
    "dbpia.nl.go.kr semcs.net",
    "a catalogue of a library": "ersearch2.cvtisr.sk",
    "a place where anybody may upload a document": "docslib.org healthdocbox.com vdocuments.us",
    "a copy of what a regulator published": "120ty.net biomedservice.ru docketalarm.com rxreasoner.com",
    "a copy of a register of trials": "clincosm.com ichgcp.net medpath.com meddatax.com trials.co "
    "withpower.com",
    "a register's server for tests, or one it has left": "classic.clinicaltrials.gov uat.anzctr.org.au",
    "a copy of news or filings of others": "bdlsummit.com reportify.ai yvle.net",
}
"""Hosts that show what others publish, and may change or lose it, by what they are."""

WHAT_HOSTS_ARE = {host: what for what, hosts in MIRRORS.items() for host in hosts.split()}


def texts(value: Any) -> Iterator[str]:
    """Every text within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def identifiers_of(row: Any) -> Iterator[tuple[str, str, str]]:
    """Of each identifier of a row the field, the registry, and the identifier."""
    for name in type(row).model_fields:
        value = getattr(row, name)
        if name in PREFIXES and value is not None:
            yield name, name, value
        elif name == "ids":
            known = ((registry, each) for registry, each in value.items() if registry in PREFIXES)
            yield from ((f"ids.{registry}", registry, each) for registry, each in known)
        elif name in ("registry_id", "other_ids"):
            numbers = [value] if name == "registry_id" else value
            yield from ((name, "nct", each) for each in numbers if each.startswith("NCT"))


def owners(facts: Facts) -> Broken:
    """No two rows of a kind have one identifier of a registry that identifies things."""
    for resource in RESOURCES:
        taken: dict[str, str] = {}
        for row in facts.of(resource.kind).values():
            for _, registry, value in identifiers_of(row):
                prefix = PREFIXES[registry]
                if prefix.identifies and prefix.local(value):
                    curie = prefix.curie(value)
                    owner = taken.setdefault(curie.lower(), row.id)
                    if owner != row.id:
                        expected = f"an identifier of its own ({curie} is that of {owner})"
                        yield resource.kind, row.id, registry, expected


def parents(facts: Facts) -> Broken:
    """No record is above itself."""
    for kind in (Kind.CANCER, Kind.INHIBITOR):
        rows = facts.of(kind)
        sound: set[str] = set()
        for record_id in rows:
            path: dict[str, None] = {}
            above: str | None = record_id
            while above in rows and above not in sound and above not in path:
                path[above] = None
                above = rows[above].parent
            sound |= path.keys()
            if above in path:
                yield kind, above, "parent", "a parent that is not below the row itself"


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


def identified(facts: Facts) -> Broken:
    """An article has a DOI or a PMID."""
    for row in facts.publications.values():
        if row.kind in ARTICLES and not (row.doi or row.pmid) and row.id not in UNIDENTIFIED:
            yield Kind.PUBLICATION, row.id, "doi", f"a DOI or a PMID: every {row.kind} has one"


def mirrors(facts: Facts) -> Broken:
    """An address is that of the place itself, not of a mirror."""
    for kind, field in ((Kind.PUBLICATION, "url"), (Kind.TRIAL, "results_url")):
        for row in facts.of(kind).values():
            host = urlsplit(getattr(row, field) or "").hostname or ""
            what = next(
                (what for name, what in WHAT_HOSTS_ARE.items() if f".{host}".endswith(f".{name}")), ""
            )
            if what and row.id not in MIRRORED:
                yield kind, row.id, field, f"the address of the source itself: {host} is {what}"


def studies(facts: Facts) -> Broken:
    """The publication that counts for a study is another one, which counts for itself."""
    for row in facts.publications.values():
        if row.same_study_as and facts.publications[row.same_study_as].same_study_as:
            expected = "the one publication that counts for its study, which names no other"
            yield Kind.PUBLICATION, row.id, "same_study_as", expected


def unverified(facts: Facts) -> Broken:
    """What was not seen is a field that the row has; a list of authors that is cut has some."""
    for row in facts.publications.values():
        for name in row.unverified:
            if not getattr(row, name, None):
                yield Kind.PUBLICATION, row.id, "unverified", f"fields that the row has (it has no {name})"
        if not row.authors_complete and not row.authors:
            yield Kind.PUBLICATION, row.id, "authors_complete", "some authors, where the list is cut"


def proofs(facts: Facts) -> Broken:
    """An approval rests on a document of the regulator."""
    for row in facts.approvals.values():
        if proof_of(facts, row) == Proof.SECONDARY and row.id not in SECONDARY:
            expected = f"a document of the regulator, of kind {PublicationKind.REGULATORY_LABEL}, among them"
            yield Kind.APPROVAL, row.id, "publications", expected


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
                for each in texts(value):
                    if found := MARKUP.search(each):
                        yield resource.kind, row.id, name, f"plain text (without {found[0]!r})"


def significances(facts: Facts) -> Broken:
    """What a claim means fits its type and its direction."""
    for row in facts.evidence.values():
        fitting = FITTING[row.type][row.direction]
        if row.significance not in fitting:
            words = (
                f"{' or '.join(fitting)}, as this {row.type} claim {row.direction} (it is {row.significance})"
            )
            yield Kind.EVIDENCE, row.id, "significance", words


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


def specimens(facts: Facts) -> Broken:
    """A prognostic claim names its specimen, or says in `locator` why not; no other claim has one."""
    for row in facts.evidence.values():
        prognostic = row.type == EvidenceType.PROGNOSTIC
        if prognostic and not row.specimen and "specimen" not in (row.locator or ""):
            expected = "the specimen, or why there is none in locator, as in 'abstract; specimen not seen'"
            yield Kind.EVIDENCE, row.id, "specimen", expected
        for name in ("specimen", "timing", "analysis"):
            if not prognostic and getattr(row, name):
                yield Kind.EVIDENCE, row.id, name, f"nothing: this {row.type} claim is not on a biomarker"


def comparisons(facts: Facts) -> Broken:
    """A ratio says what it compares: on a drug the treated with a control, else patients by a biomarker."""
    treated = Comparison.TREATED_VERSUS_CONTROL
    for row in facts.evidence.values():
        if not row.effect or (row.effect.measure not in RATIOS and row.effect.comparison is None):
            continue
        of_drug = row.type in (EvidenceType.THERAPEUTIC, EvidenceType.SAFETY)
        if row.effect.comparison is None or (row.effect.comparison == treated) != of_drug:
            fitting = [treated] if of_drug else [each for each in Comparison if each != treated]
            expected = f"which group is compared with which: {' or '.join(fitting)}"
            yield Kind.EVIDENCE, row.id, "effect.comparison", expected


CHANGE = re.compile(
    r"\b(?:change|rise|increase|fall|drop|decrease|decline) (?:of|in) (?:\w+ )?(?:IL-6|interleukin)"
)


def changes(facts: Facts) -> Broken:
    """What a change of IL-6 meant is not told as what a high IL-6 means."""
    for row in facts.evidence.values():
        effect = row.effect if row.type == EvidenceType.PROGNOSTIC else None
        if effect and effect.comparison != Comparison.CHANGE and (found := CHANGE.search(row.statement)):
            expected = f"change, since the statement tells of a {found[0]}"
            yield Kind.EVIDENCE, row.id, "effect.comparison", expected


WORSE = (
    Significance.POOR_OUTCOME,
    Significance.ADVERSE_FEATURES,
    Significance.HARM,
    Significance.ADVERSE_EVENT,
)
BETTER = (Significance.BETTER_OUTCOME, Significance.BENEFIT, Significance.FEWER_ADVERSE_EVENTS)
NEITHER = (Significance.NO_ASSOCIATION, Significance.NO_BENEFIT)


def ratios(facts: Facts) -> Broken:
    """A ratio, its interval and its p say the same as the claim that they stand behind."""
    for row in facts.evidence.values():
        x = row.effect
        if not x or x.measure not in RATIOS or x.value is None or x.comparison == Comparison.GENOTYPE:
            continue
        turned = (x.comparison == Comparison.LOW_VERSUS_HIGH) != (x.endpoint in WELCOME)
        side = BETTER if (x.value < 1) != turned else WORSE
        below = x.p_value is not None and (x.p_value < 0.05 or (x.p_value, x.p_relation) == (0.05, "<"))
        apart, told = below if x.p_value is not None else None, f"by its ratio of {x.value}"
        if x.ci_low is not None and x.ci_high is not None:
            apart, told = not x.ci_low <= 1 <= x.ci_high, f"{told} ({x.ci_low} to {x.ci_high})"
        linked = below or apart is not False
        found = row.significance
        sound = not apart if found in NEITHER else linked and found in side
        if found in NEITHER + WORSE + BETTER and not sound:
            wanted = side if linked else NEITHER
            fitting = [each for each in chain(*FITTING[row.type].values()) if each in wanted]
            yield Kind.EVIDENCE, row.id, "significance", f"{' or '.join(fitting)}, {told}"


def drugs(facts: Facts) -> Broken:
    """A drug is approved, in phase 4, since a year, where approvals say so."""
    approvals = defaultdict(list)
    for each in facts.approvals.values():
        approvals[each.inhibitor].append(each)
    for row in facts.inhibitors.values():
        stands = any(each.status == ApprovalStatus.APPROVED for each in approvals[row.id])
        first = min((each.year for each in approvals[row.id] if each.year), default=None)
        if (row.status == InhibitorStatus.APPROVED) != stands:
            expected = "approved" if stands else "another one: no approval stands"
            yield Kind.INHIBITOR, row.id, "status", expected
        if (row.max_phase == 4) != stands:
            yield Kind.INHIBITOR, row.id, "max_phase", "4" if stands else "less than 4: no approval stands"
        if first and (row.first_approval_year is None or row.first_approval_year > first):
            yield Kind.INHIBITOR, row.id, "first_approval_year", f"{first} or earlier, by its approvals"


def biosimilars(facts: Facts) -> Broken:
    """A biosimilar acts as its original does."""
    for row in facts.inhibitors.values():
        if original := facts.inhibitors.get(row.parent or ""):
            for name in ("targets", "action", "scope"):
                if getattr(row, name) != getattr(original, name):
                    expected = f"that of its original, {getattr(original, name)}"
                    yield Kind.INHIBITOR, row.id, name, expected


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
    """An interaction joins two things of the pathway."""
    for row in facts.interactions.values():
        if row.source == row.object:
            yield Kind.INTERACTION, row.id, "object", "another record than the source"
        for name, end in (("source", row.source), ("object", row.object)):
            if end.kind not in (Kind.TARGET, Kind.MECHANISM, Kind.CANCER):
                yield (
                    Kind.INTERACTION,
                    row.id,
                    f"{name}.kind",
                    f"target, mechanism or cancer (it is {end.kind})",
                )


def loners(facts: Facts) -> Broken:
    """A target is in an interaction, a mechanism in an interaction or a claim."""
    joined = {(end.kind, end.id) for row in facts.interactions.values() for end in (row.source, row.object)}
    for target in facts.targets:
        if (Kind.TARGET, target) not in joined:
            yield Kind.TARGET, target, "id", "a target that an interaction names"
    claimed = {row.mechanism for row in facts.evidence.values()}
    for mechanism in facts.mechanisms:
        if (Kind.MECHANISM, mechanism) not in joined and mechanism not in claimed:
            yield Kind.MECHANISM, mechanism, "id", "a mechanism that an interaction or a claim names"


def results(facts: Facts) -> Broken:
    """An outcome comes with its result, a positive one with what it is of; what was withdrawn had none."""
    for row in facts.trials.values():
        if row.outcome != Outcome.NOT_REPORTED and not row.result:
            yield Kind.TRIAL, row.id, "result", f"the result, since the outcome is {row.outcome}"
        if row.outcome == Outcome.POSITIVE and not row.outcome_of:
            yield Kind.TRIAL, row.id, "outcome_of", "what the trial was positive about"
        if row.status == TrialStatus.WITHDRAWN and row.outcome == Outcome.POSITIVE:
            yield Kind.TRIAL, row.id, "outcome", "no success: the trial was withdrawn"


def toxicities(facts: Facts) -> Broken:
    """A trial against a harm of treatment says which harm."""
    for row in facts.trials.values():
        if row.purpose == Purpose.TOXICITY_MANAGEMENT and not row.toxicity:
            yield (
                Kind.TRIAL,
                row.id,
                "toxicity",
                f"the harm that it is against, as it is for {row.purpose}",
            )


def roots(facts: Facts) -> Broken:
    """Every cancer but the widest has a wider one."""
    for row in facts.cancers.values():
        if row.parent is None and row.id != ROOT:
            yield Kind.CANCER, row.id, "parent", f"the wider cancer: all but {ROOT} have one"


RULES: tuple[Callable[[Facts], Broken], ...] = (
    *(owners, parents, sources, orphans, authors, identified, mirrors, studies, unverified),
    *(proofs, approvals_for_cancer, areas, statements, plain_texts, significances, levels, subjects),
    *(
        specimens,
        comparisons,
        changes,
        ratios,
        drugs,
        biosimilars,
        ids,
        ends,
        loners,
        results,
        toxicities,
        roots,
    ),
)
"""A rule that is added here is asked of every release, and `tests/test_check.py` wants a breakage of it."""


def broken_rules(facts: Facts) -> Iterator[tuple[str, str, str, str]]:
    """Of each row that breaks a rule its file, its id, the field, and what is expected there."""
    for rule in RULES:
        for kind, record_id, field, expected in rule(facts):
            yield f"{BY_KIND[kind].path}.yaml", record_id, field, expected


def release_faults(release: ReleaseSeed) -> Iterator[tuple[str, str]]:
    """Yield (field, expected) for each rule that the file RELEASE breaks."""
    if release.licence != "CC-BY-4.0":
        yield "licence", "CC-BY-4.0"
    if release.version not in release.citation:
        yield "citation", f"a citation that names the release, {release.version}"
