"""What a record is, in the words of schema.org (JSON-LD); nothing has to be fetched to read it.

A type has no property but those that schema.org gives it: what a page says of a drug beside that, such as its
sources, is said of the page.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from app.catalog import RESOURCES
from app.exports.picture import address
from app.models.base import PREFIXES, Kind
from app.models.publication import PublicationKind
from app.models.release import ReleaseRead

Data = dict[str, Any]
Record = Mapping[str, Any]

DESCRIPTION = (
    "Curated, citable facts on inhibitors of interleukin-6 in cancer: drugs and their targets, approvals, "
    "trials with their outcome, and single claims from publications, with direction, level and figures."
)
SCHEMA = "https://schema.org/"
NAMESPACES = {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}
IRIS = (
    *("contentUrl", "inDefinedTermSet", "license", "propertyID", "sameAs", "url"),
    *("dcat:downloadURL", "dcat:landingPage", "dct:conformsTo", "dct:license"),
)
"""Properties whose values are addresses."""
CONTEXT: Data = {"@vocab": SCHEMA, **NAMESPACES, **{name: {"@type": "@id"} for name in IRIS}}
PROFILE = "https://bioschemas.org/profiles/Dataset/1.0-RELEASE"
REVIEW = "https://doi.org/10.3389/fonc.2022.903800"
"""The review that the atlas was founded on."""
MAKER: Data = {"@type": "Organization", "name": "The IL-6 Atlas maintainers"}
WHOLE = {
    "zip": "application/zip",
    "sqlite": "application/vnd.sqlite3",
    "jsonld": "application/ld+json",
}
"""The downloads that hold a release whole, by the ending of their names."""
WORKS = ("ScholarlyArticle", "Claim")
"""Types that may cite sources and be a part of a dataset themselves."""
IDENTIFYING = {each.prefix for each in PREFIXES.values() if each.identifies}
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def registry(curie: str) -> str:
    """Where a cross-reference leads; Bioregistry knows the registries."""
    return f"https://bioregistry.io/{quote(curie, safe=':/.-_')}"


def identified(curie: str) -> Data:
    prefix, _, value = curie.partition(":")
    return {"@type": "PropertyValue", "propertyID": registry(prefix), "value": value, "url": registry(curie)}


def same(curies: Iterable[str]) -> list[str]:
    """The terms that are the record itself, and no class that holds others beside it."""
    return [registry(each) for each in curies if each.partition(":")[0] in IDENTIFYING]


def dataset(release: ReleaseRead) -> Data:
    """The release, whole: a Dataset as Bioschemas and Google want it, and one of DCAT."""
    files = [
        {
            "@type": ["DataDownload", "dcat:Distribution"],
            "@id": address,
            "name": name,
            "contentUrl": address,
            "encodingFormat": media_type,
            "dcat:downloadURL": address,
            "dct:license": LICENCE,
        }
        for name, address, media_type in distributions(release)
    ]
    return {
        "@context": CONTEXT,
        "@type": ["Dataset", "dcat:Dataset"],
        "@id": "/",
        "dct:conformsTo": PROFILE,
        "identifier": f"il6-atlas-{release.version}",
        "url": "/",
        "name": "IL-6 Atlas",
        "description": DESCRIPTION,
        "version": release.version,
        "datePublished": str(release.date),
        "dateModified": str(release.date),
        "license": LICENCE,
        "isAccessibleForFree": True,
        "creditText": release.citation,
        "citation": {"@type": "ScholarlyArticle", "@id": REVIEW, "url": REVIEW},
        "creator": MAKER,
        "publisher": MAKER,
        "keywords": ["interleukin-6", "cancer", "tocilizumab", "siltuximab", "prognosis", "JAK-STAT"],
        "measurementTechnique": "curation of publications, registers and decisions of agencies",
        "variableMeasured": [each.about for each in sorted(RESOURCES, key=lambda each: each.path)],
        "includedInDataCatalog": {"@type": "DataCatalog", "name": "IL-6 Atlas", "url": "/"},
        "distribution": files,
        "dct:title": "IL-6 Atlas",
        "dct:description": DESCRIPTION,
        "dct:issued": str(release.date),
        "dct:license": LICENCE,
        "dcat:version": release.version,
        "dcat:landingPage": "/",
        "dcat:distribution": [{"@id": each["@id"]} for each in files],
    }


def distributions(release: ReleaseRead) -> Iterable[tuple[str, str, str]]:
    """Each collection as a table, and the files that hold all of them: name, address, media type."""
    for each in RESOURCES:
        for ending, media_type in {"csv": "text/csv", "ndjson": "application/x-ndjson"}.items():
            yield each.path, f"/{each.path}?format={ending}", media_type
    for ending, media_type in WHOLE.items():
        name = f"il6-atlas-{release.version}.{ending}"
        yield name, f"/downloads/{name}", media_type


def described(kind: Kind, record: Record, release: ReleaseRead) -> Data:
    """A record of the release."""
    type_name, special = TYPES[kind]
    xrefs = record.get("xrefs", [])
    about = {
        "name": record.get("name"),
        "alternateName": record.get("synonyms"),
        "description": record.get("summary"),
        **special(record),
        "identifier": [identified(each) for each in xrefs],
        "sameAs": same(xrefs),
    }
    told = {
        "citation": [source(each) for each in record.get("publications", [])],
        "encoding": {
            "@type": "MediaObject",
            "contentUrl": record["links"]["self"],
            "encodingFormat": "application/json",
        },
        "isPartOf": {"@type": "Dataset", "@id": "/", "name": "IL-6 Atlas", "version": release.version},
    }
    page = {} if type_name in WORKS else {"subjectOf": {"@type": "WebPage", **present(told)}}
    return {
        "@context": CONTEXT,
        "@id": address(kind, record["id"]),
        "@type": type_name,
        **present(about),
        **(page or joined(about, present(told))),
    }


def joined(about: Data, told: Data) -> Data:
    """What is said of a work and of its place here; an article is a part of its journal too."""
    parts = [each for each in (about.get("isPartOf"), told["isPartOf"]) if each]
    return told | {"isPartOf": parts if len(parts) > 1 else parts[0]}


def write(release: ReleaseRead, records: Mapping[Kind, Iterable[str]], base: str) -> bytes:
    """The release and all its records as one graph, with ids below a base."""
    nodes = [
        dataset(release),
        *(described(kind, json.loads(each), release) for kind in records for each in records[kind]),
    ]
    for node in nodes:
        for name in ("@context", "distribution", "dcat:distribution"):
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
        "drugClass": named("DrugClass", record["modality"]),
        "administrationRoute": record["routes"],
        "manufacturer": named("Organization", record["developer"]),
        "legalStatus": [
            f"{each['status']}: {each['indication']['name']} ({each['agency']})"
            for each in record["approvals"]
        ],
    }


def target(record: Record) -> Data:
    proteins = [registry(each) for each in record["xrefs"] if each.startswith("uniprot:")]
    return {
        "name": record["symbol"],
        "alternateName": [record["name"], *record["synonyms"]],
        "encodesBioChemEntity": {"@type": "Protein", "name": record["name"], "sameAs": proteins},
    }


def cancer(record: Record) -> Data:
    prognosis = record["prognosis"]
    return {
        "associatedAnatomy": named("AnatomicalStructure", record["site"]),
        "expectedPrognosis": f"with a high {prognosis['specimen']} IL-6: {prognosis['verdict']}, "
        f"by {prognosis['publications']} publications",
    }


def indication(record: Record) -> Data:
    return {"drug": things(Kind.INHIBITOR, record["inhibitors"])}


def mechanism(_record: Record) -> Data:
    return {"inDefinedTermSet": "/explore/mechanisms"}


def trial(record: Record) -> Data:
    return {
        "name": record["title"],
        "alternateName": record["registry_id"],
        "description": ". ".join(
            [f"Phase {record['phase']}, {record['design']}, outcome: {record['outcome']}"]
            + ([record["result"]] if record["result"] else [])
        ),
        "status": record["status"],
        "sponsor": named("Organization", record["sponsor"]),
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
        "isPartOf": volume(record),
        "pagination": record["pages"] if record["kind"] != PublicationKind.WEB_PAGE else None,
        "keywords": record["keywords"],
        "url": record["url"],
    }


def volume(record: Record) -> Data | None:
    journal = named("Periodical", record["journal"])
    if journal and record["volume"]:
        return {"@type": "PublicationVolume", "volumeNumber": record["volume"], "isPartOf": journal}
    return journal


def evidence(record: Record) -> Data:
    kinds = (Kind.CANCER, Kind.INHIBITOR, Kind.MECHANISM, Kind.TARGET)
    paper = record["publication"]
    return {
        "name": record["statement"],
        "description": found(record),
        "about": [thing(kind, record[kind]) for kind in kinds if record[kind]],
        "appearance": source({**paper, "name": paper["title"]}),
    }


def found(record: Record) -> str:
    """What a claim says of its statement, with its figure as published."""
    told = f"{record['direction']}: {record['type']}, {record['significance']}, level {record['level']}"
    effect = record["effect"]
    if not effect or effect["value"] is None:
        return told
    interval = f" ({effect['ci_low']} to {effect['ci_high']})" if effect["ci_low"] is not None else ""
    unit = f" {effect['unit']}" if effect["unit"] else ""
    return f"{told}; {effect['measure']} {effect['value']}{unit}{interval}"


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
