"""Writes the table of prefixes and addresses by which identifiers are read, from Bioregistry."""

import json
import re
from pathlib import Path

import app.store.names
from app.exports.kgx import PREFIXES as WRITTEN
from app.models.base import PREFIXES

PLACE = Path(app.store.names.__file__).with_name("registries.json")

PARTS = {"chembl": ("chembl.compound", "chembl.target"), "uniprot": ("uniprot.isoform",)}
"""Registries of their own in Bioregistry, whose identifiers are those of another."""

NEWER = {
    "clinicaltrials.gov/study/": "clinicaltrials",
    "genenames.org/data/gene-symbol-report/#!/hgnc_id/": "hgnc",
    "pmc.ncbi.nlm.nih.gov/articles/": "pmc",
    "pubmed.ncbi.nlm.nih.gov/": "pubmed",
    "uniprot.org/uniprotkb/": "uniprot",
    "ensembl.org/homo_sapiens/gene/summary?g=": "ensembl",
    "ebi.ac.uk/chembl/compound_report_card/": "chembl",
    "ebi.ac.uk/chembl/explore/compound/": "chembl",
    "reactome.org/content/detail/": "reactome",
    "monarchinitiative.org/mondo:": "mondo",
}
"""Addresses that browsers show today and Bioregistry does not list."""

RESOLVERS = re.compile(r"(bio2rdf|bioregistry|identifiers|n2t)\.(org|io|net)/")


def table() -> dict[str, dict[str, str]]:
    import bioregistry  # slow to load

    prefixes: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for ours in sorted({each.prefix for each in PREFIXES.values()}):
        for prefix in (ours, *PARTS.get(ours, ())):
            registry = bioregistry.get_resource(prefix)
            assert registry, prefix
            names = {prefix, registry.get_preferred_prefix() or prefix, *registry.get_synonyms()}
            prefixes |= {name.lower(): ours for name in names}
            for address in registry.get_uri_prefixes():
                begin = re.sub(r"^https?://(www\.)?", "", address.lower())
                if not RESOLVERS.match(begin) and not begin.endswith("/pmc"):  # PMC is of the identifier
                    addresses.setdefault(begin, ours)
    prefixes |= {written.lower(): ours for ours, written in WRITTEN.items() if ours in prefixes}
    prefixes |= {key: registry.prefix for key, registry in PREFIXES.items()}
    return {
        "prefixes": dict(sorted(prefixes.items())),
        "addresses": dict(sorted((addresses | NEWER).items())),
    }


def written() -> str:
    return json.dumps(table(), indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(written())
