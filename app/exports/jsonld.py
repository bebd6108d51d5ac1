"""What a record is, in the words of schema.org (JSON-LD); nothing has to be fetched to read it."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from app.catalog import RESOURCES
from app.exports.picture import address
from app.models.base import Kind
from app.models.publication import PublicationKind
from app.models.release import ReleaseRead

Data = dict[str, Any]
Record = Mapping[str, Any]

DESCRIPTION = (
    "Curated, citable facts on inhibitors of interleukin-6 in cancer: drugs and their targets, approvals, "
    "trials with their outcome, and single claims from publications, with direction, level and figures."
)
CONTEXT = {"@vocab": "https://schema.org/"}
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def registry(curie: str) -> str:
    """Where a cross-reference leads; Bioregistry knows the registries."""
    return f"https://bioregistry.io/{quote(curie, safe=':/.-_')}"


def dataset(release: ReleaseRead) -> Data:
    """The release, whole."""
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": "/",
        "name": "IL-6 Atlas",
        "description": DESCRIPTION,
        "version": release.version,
        "datePublished": str(release.date),
        "license": LICENCE,
        "isAccessibleForFree": True,
        "creditText": release.citation,
        "creator": {"@type": "Organization", "name": "The IL-6 Atlas maintainers"},
        "keywords": ["interleukin-6", "cancer", "tocilizumab", "siltuximab", "prognosis", "JAK-STAT"],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": each.path,
                "contentUrl": f"/{each.path}?format={ending}",
                "encodingFormat": media_type,
            }
            for each in RESOURCES
            for ending, media_type in {"csv": "text/csv", "ndjson": "application/x-ndjson"}.items()
        ],
    }


def described(kind: Kind, record: Record, release: ReleaseRead) -> Data:
    """A record of the release."""
    type_name, special = TYPES[kind]
    xrefs = record.get("xrefs", [])
    about = {
        "name": record.get("name"),
        "alternateName": record.get("synonyms"),
        "description": record.get("summary"),
        **special(record),
        "identifier": xrefs,
        "sameAs": [registry(each) for each in xrefs],
        "citation": [source(each) for each in record.get("publications", [])],
    }
    return {
        "@context": CONTEXT,
        "@id": address(kind, record["id"]),
        "@type": type_name,
        **present(about),
        "subjectOf": {
            "@type": "DataDownload",
            "contentUrl": record["links"]["self"],
            "encodingFormat": "application/json",
        },
        "isPartOf": {
            "@type": "Dataset",
            "@id": "/",
            "name": "IL-6 Atlas",
            "version": release.version,
        },
    }


def write(release: ReleaseRead, records: Mapping[Kind, Iterable[str]], base: str) -> bytes:
    """The release and all its records as one graph, with ids below a base."""
    nodes = [
        dataset(release),
        *(described(kind, json.loads(each), release) for kind in records for each in records[kind]),
    ]
    for node in nodes:
        for name in ("@context", "distribution", "isPartOf", "subjectOf"):
            node.pop(name, None)
    graph = {"@context": {**CONTEXT, "@base": f"{base}/"}, "@graph": [below_root(each) for each in nodes]}
    return (json.dumps(graph, ensure_ascii=False, indent=1) + "\n").encode()


def below_root(value: Any) -> Any:
    """The same with addresses of ours written without the root: the base says where that is."""
    if isinstance(value, dict):
        return {name: below_root(each) for name, each in value.items()}
    if isinstance(value, list):
        return [below_root(each) for each in value]
    return value.removeprefix("/") if isinstance(value, str) else value


def present(data: Data) -> Data:
    """The data without what is not known."""
    return {name: value for name, value in data.items() if value not in (None, [], "")}


def named(type_name: str, name: str | None) -> Data | None:
    return {"@type": type_name, "name": name} if name else None


def thing(kind: str, reference: Record) -> Data:
    type_name, _ = TYPES[Kind(kind)]
    return {"@type": type_name, "@id": address(kind, reference["id"]), "name": reference["name"]}


def things(kind: Kind, references: Iterable[Record]) -> list[Data]:
    return [thing(kind, each) for each in references]


def source(publication: Record) -> Data:
    return present({**thing(Kind.PUBLICATION, publication), "url": publication["url"]})


def inhibitor(record: Record) -> Data:
    return {
        "alternateName": [*record["synonyms"], *record["brands"]],
        "mechanismOfAction": record["action"],
        "drugClass": record["modality"],
        "administrationRoute": record["routes"],
        "manufacturer": named("Organization", record["developer"]),
        "legalStatus": [
            f"{each['status']}: {each['indication']['name']} ({each['agency']})"
            for each in record["approvals"]
        ],
        "bioChemInteraction": things(Kind.TARGET, record["targets"]),
    }


def target(record: Record) -> Data:
    proteins = [registry(each) for each in record["xrefs"] if each.startswith("uniprot:")]
    return {
        "name": record["symbol"],
        "alternateName": [record["name"], *record["synonyms"]],
        "encodesBioChemEntity": {"@type": "Protein", "name": record["name"], "sameAs": proteins},
        "bioChemInteraction": things(Kind.INHIBITOR, record["inhibitors"]),
    }


def cancer(record: Record) -> Data:
    return {"associatedAnatomy": named("AnatomicalStructure", record["site"])}


def indication(record: Record) -> Data:
    return {"relevantSpecialty": record["area"], "drug": things(Kind.INHIBITOR, record["inhibitors"])}


def mechanism(_record: Record) -> Data:
    return {"inDefinedTermSet": "/explore/mechanisms"}


def trial(record: Record) -> Data:
    return {
        "name": record["title"],
        "alternateName": record["registry_id"],
        "description": record["result"],
        "phase": record["phase"],
        "status": record["status"],
        "trialDesign": record["design"],
        "studySubject": things(Kind.INHIBITOR, record["inhibitors"]),
        "healthCondition": things(Kind.CANCER, record["cancers"]),
    }


def publication(record: Record) -> Data:
    return {
        "@type": "WebPage" if record["kind"] == PublicationKind.WEB_PAGE else "ScholarlyArticle",
        "name": record["title"],
        "headline": record["title"],
        "author": [{"@type": "Person", "name": each} for each in record["authors"]],
        "datePublished": record["published"] or (str(record["year"]) if record["year"] else None),
        "publication": named("Periodical", record["journal"]),
        "pagination": record["pages"],
        "keywords": record["keywords"],
        "url": record["url"],
    }


def evidence(record: Record) -> Data:
    kinds = (Kind.CANCER, Kind.INHIBITOR, Kind.MECHANISM, Kind.TARGET)
    paper = record["publication"]
    return {
        "name": record["statement"],
        "about": [thing(kind, record[kind]) for kind in kinds if record[kind]],
        "appearance": source({**paper, "name": paper["title"]}),
    }


def interaction(record: Record) -> Data:
    ends = (record["source"], record["object"])
    return {"name": record["statement"], "about": [thing(each["kind"], each) for each in ends]}


def approval(record: Record) -> Data:
    when = f" in {record['year']}" if record["year"] else ""
    return {
        "name": f"{record['agency']} on {record['inhibitor']['name']} for {record['indication']['name']}: "
        f"{record['status']}{when}",
        "about": [thing(Kind.INHIBITOR, record["inhibitor"]), thing(Kind.INDICATION, record["indication"])],
    }


TYPES: dict[Kind, tuple[str, Callable[[Record], Data]]] = {
    Kind.INHIBITOR: ("Drug", inhibitor),
    Kind.TARGET: ("Gene", target),
    Kind.CANCER: ("MedicalCondition", cancer),
    Kind.INDICATION: ("MedicalCondition", indication),
    Kind.MECHANISM: ("DefinedTerm", mechanism),
    Kind.TRIAL: ("MedicalTrial", trial),
    Kind.PUBLICATION: ("ScholarlyArticle", publication),
    Kind.EVIDENCE: ("Claim", evidence),
    Kind.INTERACTION: ("Claim", interaction),
    Kind.APPROVAL: ("Claim", approval),
}
"""The type of each kind, and what is said of it beside its name, synonyms, summary and sources."""
