"""Which records are which terms of other registries, in the form of SSSOM.

A registry whose codes stand for several of our records names a class that a record belongs to, or a pathway
that it is about: such a code is no exact match.
"""

import json
from collections.abc import Iterable, Mapping

from app.catalog import BY_KIND
from app.exports.jsonld import IDENTIFYING, LICENCE, registry
from app.exports.kgx import table
from app.models.base import Kind
from app.models.release import ReleaseRead

CLASSES = ("atc", "icd10", "icd10cm")

COLUMNS = (
    *("subject_id", "subject_label", "subject_category", "predicate_id", "object_id"),
    *("mapping_justification", "subject_source_version"),
)


def predicate(prefix: str) -> str:
    """How a record and a term of a registry go together."""
    if prefix in IDENTIFYING:
        return "skos:exactMatch"
    return "skos:broadMatch" if prefix in CLASSES else "skos:relatedMatch"


def write(release: ReleaseRead, items: Mapping[Kind, Iterable[str]], base: str) -> str:
    """The table, with its metadata in front as comments; publications are left out: their DOI says it."""
    rows = []
    for kind, held in items.items():
        for record in map(json.loads, held):
            for curie in record.get("xrefs", []) if kind != Kind.PUBLICATION else []:
                rows.append(
                    {
                        "subject_id": f"il6atlas.{kind}:{record['id']}",
                        "subject_label": record.get("name") or record.get("title") or record["id"],
                        "subject_category": str(kind),
                        "predicate_id": predicate(curie.partition(":")[0]),
                        "object_id": curie,
                        "mapping_justification": "semapv:ManualMappingCuration",
                        "subject_source_version": release.version,
                    }
                )
    return "".join(f"#{line}\n" for line in head(release, rows, base)) + table(COLUMNS, rows)


def head(release: ReleaseRead, rows: Iterable[Mapping[str, str]], base: str) -> Iterable[str]:
    home = base or "urn:x-il6-atlas:"
    used = {row[name].partition(":")[0] for row in rows for name in ("subject_id", "object_id")}
    own = {f"il6atlas.{each.kind}": f"{home}/{each.path}/" for each in BY_KIND.values()}
    yield f"mapping_set_id: {home}/downloads/il6-atlas-{release.version}.sssom.tsv"
    yield "mapping_set_title: IL-6 Atlas, cross-references"
    yield f"mapping_set_version: '{release.version}'"
    yield f"mapping_date: '{release.date}'"
    yield f"license: {LICENCE}"
    yield "creator_label:"
    yield "  - The IL-6 Atlas maintainers"
    yield "curie_map:"
    yield "  semapv: https://w3id.org/semapv/vocab/"
    yield "  skos: http://www.w3.org/2004/02/skos/core#"
    for prefix in sorted(used):
        yield f'  {prefix}: "{own.get(prefix) or registry(prefix) + ":"}"'
