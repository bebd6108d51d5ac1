"""The invariants of the knowledge itself; a failure names the rows that break one."""

import re
from collections import Counter

import pytest

from app.catalog import RESOURCES
from app.models.base import PREFIXES
from app.models.trial import Outcome
from app.models.vocabulary import Direction
from app.seeding.answers import Facts
from app.seeding.rules import broken_rules

AT_LEAST = {
    "approvals": 135,
    "cancers": 51,
    "evidence": 658,
    "indications": 20,
    "inhibitors": 37,
    "interactions": 278,
    "mechanisms": 45,
    "publications": 676,
    "targets": 27,
    "trials": 78,
}


@pytest.mark.parametrize(("path", "count"), AT_LEAST.items())
def test_nothing_was_lost(facts: Facts, path: str, count: int) -> None:
    assert len(getattr(facts, path)) >= count


def test_the_data_keep_every_rule(facts: Facts) -> None:
    """Reading them did not fail, and the rules of the knowledge find nothing."""
    assert [*broken_rules(facts)] == []


def test_failures_are_in_the_data_too(facts: Facts) -> None:
    outcomes = Counter(t.outcome for t in facts.trials.values())
    assert outcomes[Outcome.NEGATIVE] >= 17
    assert sum(e.direction == Direction.DOES_NOT_SUPPORT for e in facts.evidence.values()) >= 117


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
