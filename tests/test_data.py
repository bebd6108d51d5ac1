"""The invariants of the knowledge itself; a failure names the rows that break one."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from app.answers import Facts
from app.catalog import RESOURCES
from app.models.approval import ApprovalStatus
from app.models.base import PREFIXES, Kind
from app.models.claim import Direction, EvidenceType, Level, Significance
from app.models.indication import Area
from app.models.inhibitor import InhibitorStatus, Scope
from app.models.publication import PublicationKind
from app.models.release import ReleaseSeed
from app.models.trial import Outcome, TrialStatus

AT_LEAST = {
    "approvals": 109,
    "cancers": 49,
    "evidence": 637,
    "indications": 20,
    "inhibitors": 37,
    "interactions": 278,
    "mechanisms": 45,
    "publications": 629,
    "targets": 27,
    "trials": 47,
}

FITTING = {
    EvidenceType.PROGNOSTIC: {
        Direction.SUPPORTS: {Significance.POOR_OUTCOME, Significance.ADVERSE_FEATURES},
        Direction.DOES_NOT_SUPPORT: {Significance.BETTER_OUTCOME, Significance.NO_ASSOCIATION},
    },
    EvidenceType.SAFETY: {
        Direction.SUPPORTS: {Significance.ADVERSE_EVENT},
        Direction.DOES_NOT_SUPPORT: {Significance.NO_ASSOCIATION},
    },
    EvidenceType.THERAPEUTIC: {
        Direction.SUPPORTS: {Significance.BENEFIT, Significance.SENSITIVITY, Significance.SUPPRESSES},
        Direction.DOES_NOT_SUPPORT: {Significance.NO_BENEFIT, Significance.NO_ASSOCIATION},
    },
    EvidenceType.REGULATORY: {
        Direction.SUPPORTS: {Significance.APPROVED},
        Direction.DOES_NOT_SUPPORT: {Significance.NOT_APPROVED},
    },
    EvidenceType.MECHANISTIC: {
        Direction.SUPPORTS: {
            Significance.PROMOTES,
            Significance.SUPPRESSES,
            Significance.RESISTANCE,
            Significance.SENSITIVITY,
            Significance.ADVERSE_EVENT,
            Significance.BENEFIT,
        },
        Direction.DOES_NOT_SUPPORT: {Significance.NO_ASSOCIATION, Significance.NO_BENEFIT},
    },
}
"""Which significance a claim of a type can have, for the claim it speaks for or against."""

LEANING = re.compile(
    r"\b(the|these|those) same (patients|women|men|cohort|study|trial|series|group|mice|paper|review)\b"
    r"|\b(these|those) (patients|women|men|data|results|mice)\b"
    r"|\bthis (trial|study|cohort|series|review|paper|analysis|case|publication)\b"
    r"|\b(as|see|described|mentioned) above\b|\baforementioned\b|\bprevious (row|claim|statement)\b",
    re.IGNORECASE,
)


def none(rows: Iterable[Any], rule: str) -> None:
    broken = [str(row) for row in rows]
    assert not broken, f"{rule}: {', '.join(broken)}"


def texts(row: Any) -> Iterable[str]:
    """Every text of a row, lists included."""
    for value in row.model_dump().values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield each


@pytest.mark.parametrize(("path", "count"), AT_LEAST.items())
def test_nothing_was_lost(facts: Facts, path: str, count: int) -> None:
    assert len(getattr(facts, path)) >= count


def test_every_claim_has_its_publication(facts: Facts) -> None:
    none(
        (e.id for e in facts.evidence.values() if e.publication not in facts.publications),
        "a claim has a source",
    )


def test_every_fact_names_a_source(facts: Facts) -> None:
    for resource in RESOURCES:
        if "publications" in resource.seed.model_fields:
            rows = facts.of(resource.kind).values()
            bare = {"cancers": lambda row: not evident(facts, row.id)}.get(resource.path, lambda row: False)
            none(
                (row.id for row in rows if not row.publications and not bare(row)),
                f"{resource.path} name sources",
            )


def evident(facts: Facts, cancer: str) -> bool:
    """Whether a cancer is known for more than its name: a group for trials needs no source of its own."""
    return any(
        e.cancer == cancer and e.type == EvidenceType.PROGNOSTIC for e in facts.evidence.values()
    ) and not any(c.parent == cancer for c in facts.cancers.values())


def test_every_publication_is_cited_or_founding(facts: Facts) -> None:
    cited = {e.publication for e in facts.evidence.values()}
    for resource in RESOURCES:
        for row in facts.of(resource.kind).values():
            cited |= set(getattr(row, "publications", []))
    none(
        (p.id for p in facts.publications.values() if p.id not in cited and not p.seed),
        "a publication is cited",
    )


def test_no_direct_inhibitor_is_approved_to_treat_a_cancer(facts: Facts) -> None:
    none(
        (
            a.id
            for a in facts.approvals.values()
            if facts.inhibitors[a.inhibitor].scope == Scope.DIRECT
            and facts.indications[a.indication].area == Area.ONCOLOGY
        ),
        "no IL-6 inhibitor is approved for a cancer",
    )


def test_a_condition_that_is_a_cancer_is_of_oncology(facts: Facts) -> None:
    none(
        (i.id for i in facts.indications.values() if i.cancer and i.area != Area.ONCOLOGY),
        "an indication that is a cancer has the area oncology",
    )


def test_every_statement_stands_alone(facts: Facts) -> None:
    rows = [*facts.evidence.values(), *facts.interactions.values()]
    none(
        (f"{row.id}: {row.statement}" for row in rows if LEANING.search(row.statement)),
        "a statement stands alone",
    )


def test_the_rule_for_leaning_statements_can_fail() -> None:
    assert LEANING.search("In the same patients IL-6 fell.")
    assert LEANING.search("This trial stopped early.")
    assert not LEANING.search("RANKL raised IL-6, and IL-6 raised RANK on the same cells.")


def test_statements_are_sentences_and_said_once(facts: Facts) -> None:
    for rows in (facts.evidence, facts.interactions):
        none(
            (row.id for row in rows.values() if not row.statement.endswith(".")),
            "a statement ends with a stop",
        )
    said = Counter(e.statement for e in facts.evidence.values())
    none((statement for statement, times in said.items() if times > 1), "a statement is made once")


def test_no_text_has_stray_space_or_markup(facts: Facts) -> None:
    for resource in RESOURCES:
        for row in facts.of(resource.kind).values():
            for each in texts(row):
                assert "  " not in each, (resource.path, row.id, each)
                assert not re.search(r"</?[a-z]+>|&[a-z]+;|\*\*", each), (resource.path, row.id, each)


def test_significance_fits_type_and_direction(facts: Facts) -> None:
    none(
        (e.id for e in facts.evidence.values() if e.significance not in FITTING[e.type][e.direction]),
        "significance fits type and direction",
    )


def test_levels_fit_the_kind_of_publication(facts: Facts) -> None:
    """What people saw is not level D, what mice showed not level A."""
    patients = {PublicationKind.RANDOMISED_TRIAL, PublicationKind.META_ANALYSIS}
    bench = {PublicationKind.IN_VITRO}
    for e in facts.evidence.values():
        kind = facts.publications[e.publication].kind
        if e.level == Level.D:
            assert kind not in patients, e.id
        if e.level in (Level.A, Level.B, Level.C):
            assert kind not in bench, e.id
        if kind == PublicationKind.CASE_REPORT:
            assert e.level == Level.C, e.id


def test_prognostic_claims_name_cancer_and_target(facts: Facts) -> None:
    rows = [e for e in facts.evidence.values() if e.type == EvidenceType.PROGNOSTIC]
    none(
        (e.id for e in rows if not e.cancer or e.target not in ("il6", "il6r")),
        "a prognostic claim is complete",
    )
    none((e.id for e in rows if e.inhibitor), "prognosis is not the effect of a drug")


def test_every_claim_is_about_something(facts: Facts) -> None:
    none(
        (e.id for e in facts.evidence.values() if not (e.cancer or e.inhibitor or e.mechanism or e.target)),
        "a claim names what it is about",
    )


def test_hazard_ratios_point_the_way_the_claim_does(facts: Facts) -> None:
    for e in facts.evidence.values():
        x = e.effect
        if (
            e.type != EvidenceType.PROGNOSTIC
            or not x
            or x.measure != "HR"
            or x.ci_low is None
            or x.ci_high is None
        ):
            continue
        if x.ci_low > 1 or x.ci_high < 1:
            worse = (x.ci_low > 1) != (x.comparison is not None)
            assert (e.significance == Significance.POOR_OUTCOME) == worse, e.id


def test_drugs_are_approved_where_approvals_say_so(facts: Facts) -> None:
    for drug in facts.inhibitors.values():
        rows = [a for a in facts.approvals.values() if a.inhibitor == drug.id]
        stands = any(a.status == ApprovalStatus.APPROVED for a in rows)
        assert (drug.status == InhibitorStatus.APPROVED) == stands, drug.id
        assert (drug.max_phase == 4) == stands, drug.id
        years = [a.year for a in rows if a.year]
        if years:
            # It may have been approved earlier by an agency whose approvals are not among the data.
            assert drug.first_approval_year is not None, drug.id
            assert drug.first_approval_year <= min(years), drug.id


def test_ids_of_links_say_what_they_link(facts: Facts) -> None:
    for a in facts.approvals.values():
        stem = f"{a.inhibitor}-{a.indication}-{a.agency.lower().replace(' ', '-')}"
        assert a.id == stem or a.id == f"{stem}-{a.year}", a.id
    for i in facts.interactions.values():
        assert i.id == f"{i.source.id}-{i.predicate}-{i.object.id}"


def test_biosimilars_hit_what_their_original_hits(facts: Facts) -> None:
    for drug in facts.inhibitors.values():
        if drug.parent:
            original = facts.inhibitors[drug.parent]
            assert (drug.targets, drug.action, drug.scope) == (
                original.targets,
                original.action,
                original.scope,
            )


def test_interactions_join_two_things(facts: Facts) -> None:
    for i in facts.interactions.values():
        assert (i.source.kind, i.source.id) != (i.object.kind, i.object.id), i.id
        assert {i.source.kind, i.object.kind} <= {Kind.TARGET, Kind.MECHANISM, Kind.CANCER}, i.id


def test_every_target_has_a_place_in_the_pathway_and_every_mechanism_is_known_for_something(
    facts: Facts,
) -> None:
    ends = {(end.kind, end.id) for i in facts.interactions.values() for end in (i.source, i.object)}
    none((row for row in facts.targets if (Kind.TARGET, row) not in ends), "a target has an interaction")
    known = {id for kind, id in ends if kind == Kind.MECHANISM} | {
        e.mechanism for e in facts.evidence.values()
    }
    none((row for row in facts.mechanisms if row not in known), "a mechanism has an interaction or a claim")


def test_reported_outcomes_have_a_result(facts: Facts) -> None:
    none(
        (t.id for t in facts.trials.values() if t.outcome != Outcome.NOT_REPORTED and not t.result),
        "an outcome that was reported comes with the result",
    )
    none(
        (
            t.id
            for t in facts.trials.values()
            if t.status == TrialStatus.WITHDRAWN and t.outcome == Outcome.POSITIVE
        ),
        "a trial that was withdrawn had no success",
    )


def test_failures_are_in_the_data_too(facts: Facts) -> None:
    outcomes = Counter(t.outcome for t in facts.trials.values())
    assert outcomes[Outcome.NEGATIVE] >= 17
    assert sum(e.direction == Direction.DOES_NOT_SUPPORT for e in facts.evidence.values()) >= 117


def test_every_cancer_hangs_below_the_root(facts: Facts) -> None:
    roots = [c.id for c in facts.cancers.values() if c.parent is None]
    assert roots == ["solid-and-blood-cancers"]


def test_the_release_is_dated(release_and_facts: tuple[ReleaseSeed, Facts]) -> None:
    release, _ = release_and_facts
    assert release.version.startswith(f"{release.date:%Y.%m}")
    assert release.licence == "CC-BY-4.0"
    assert release.version in release.citation


def test_bioregistry_knows_every_prefix_and_agrees_with_every_identifier(facts: Facts) -> None:
    import bioregistry

    for key, prefix in PREFIXES.items():
        assert bioregistry.normalize_prefix(prefix.prefix) == prefix.prefix, key
    checked = 0
    for resource in RESOURCES:
        for row in facts.of(resource.kind).values():
            own = {key: getattr(row, key, None) for key in PREFIXES} | dict(getattr(row, "ids", {}))
            for key, value in own.items():
                if value is not None:
                    local = PREFIXES[key].local(value)
                    pattern = bioregistry.get_pattern(PREFIXES[key].prefix)
                    assert local is not None
                    assert pattern is None or re.fullmatch(pattern, local), (
                        resource.path,
                        row.id,
                        key,
                        value,
                    )
                    checked += 1
    assert checked > 900
