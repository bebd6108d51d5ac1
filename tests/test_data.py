"""The invariants of the knowledge itself; a failure names the rows that break one."""

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest

from app.catalog import RESOURCES
from app.models.base import PREFIXES
from app.models.trial import Outcome
from app.models.vocabulary import Direction
from app.seeding.answers import Facts
from app.seeding.exceptions import MIRRORED, SECONDARY, UNIDENTIFIED
from app.seeding.rules import WHAT_HOSTS_ARE, broken_rules

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


def test_only_rows_that_need_it_are_excepted_from_a_rule_and_no_more_than_there_were(facts: Facts) -> None:
    articles = {
        row.id
        for row in facts.publications.values()
        if row.kind not in ("regulatory-label", "web-page", "registry") and not (row.doi or row.pmid)
    }
    addresses = [(row.id, row.url) for row in facts.publications.values()]
    addresses += [(row.id, row.results_url) for row in facts.trials.values()]
    hosts = [(row_id, f".{urlsplit(address or '').hostname}") for row_id, address in addresses]
    mirrored = {row_id for row_id, host in hosts if any(host.endswith(f".{each}") for each in WHAT_HOSTS_ARE)}
    secondary = {
        row.id
        for row in facts.approvals.values()
        if not any(facts.publications[each].kind == "regulatory-label" for each in row.publications)
    }
    assert (articles, mirrored, secondary) == (UNIDENTIFIED, MIRRORED, SECONDARY)
    assert (len(articles) <= 42, len(mirrored) <= 41, len(secondary) <= 16) == (True, True, True)


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
