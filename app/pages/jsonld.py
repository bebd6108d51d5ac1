"""What a record is, in the words of schema.org, for machines that read pages; nothing has to be fetched."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.models.base import Kind
from app.models.release import ReleaseRead
from app.pages.render import COLLECTIONS, address, registry

Data = dict[str, Any]
Record = Mapping[str, Any]

CONTEXT = {"@vocab": "https://schema.org/"}
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def dataset(release: ReleaseRead, description: str) -> Data:
    """The release, whole."""
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": "/",
        "name": "IL-6 Atlas",
        "description": description,
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
            for each in COLLECTIONS
            for ending, media_type in {"csv": "text/csv", "ndjson": "application/x-ndjson"}.items()
        ],
    }


def described(kind: Kind, record: Record, release: ReleaseRead) -> Data:
    """A record of the release."""
    about = present(TYPES[kind](record))
    xrefs = record.get("xrefs", [])
    return {
        "@context": CONTEXT,
        "@id": address(kind, record["id"]),
        **about,
        **present(
            {
                "identifier": xrefs,
                "sameAs": [registry(each) for each in xrefs],
                "citation": [source(each) for each in record.get("publications", [])],
            }
        ),
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


def present(data: Data) -> Data:
    """The data without what is not known."""
    return {name: value for name, value in data.items() if value not in (None, [], "")}


def named(kind: str, name: str | None) -> Data | None:
    return {"@type": kind, "name": name} if name else None


def thing(kind: str, reference: Record) -> Data:
    return {"@type": TYPE_NAMES[Kind(kind)], "@id": address(kind, reference["id"]), "name": reference["name"]}


def things(kind: Kind, references: Iterable[Record]) -> list[Data]:
    return [thing(kind, each) for each in references]


def source(publication: Record) -> Data:
    return present({**thing(Kind.PUBLICATION, publication), "url": publication["url"]})


def inhibitor(record: Record) -> Data:
    return {
        "@type": "Drug",
        "name": record["name"],
        "alternateName": [*record["synonyms"], *record["brands"]],
        "description": record["summary"],
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
        "@type": "Gene",
        "name": record["symbol"],
        "alternateName": [record["name"], *record["synonyms"]],
        "description": record["summary"],
        "encodesBioChemEntity": {"@type": "Protein", "name": record["name"], "sameAs": proteins},
        "bioChemInteraction": things(Kind.INHIBITOR, record["inhibitors"]),
    }


def cancer(record: Record) -> Data:
    return {
        "@type": "MedicalCondition",
        "name": record["name"],
        "alternateName": record["synonyms"],
        "description": record["summary"],
        "associatedAnatomy": {"@type": "AnatomicalStructure", "name": record["site"]},
    }


def indication(record: Record) -> Data:
    return {
        "@type": "MedicalCondition",
        "name": record["name"],
        "alternateName": record["synonyms"],
        "relevantSpecialty": record["area"],
        "drug": things(Kind.INHIBITOR, record["inhibitors"]),
    }


def mechanism(record: Record) -> Data:
    return {
        "@type": "DefinedTerm",
        "name": record["name"],
        "alternateName": record["synonyms"],
        "description": record["summary"],
        "inDefinedTermSet": "/explore/mechanisms",
    }


def trial(record: Record) -> Data:
    return {
        "@type": "MedicalTrial",
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
        "@type": "WebPage" if record["kind"] == "web-page" else "ScholarlyArticle",
        "name": record["title"],
        "headline": record["title"],
        "author": [{"@type": "Person", "name": each} for each in record["authors"] if each != "et al."],
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
        "@type": "Claim",
        "name": record["statement"],
        "about": [thing(kind, record[kind]) for kind in kinds if record[kind]],
        "appearance": source({**paper, "name": paper["title"]}),
    }


def interaction(record: Record) -> Data:
    ends = (record["source"], record["object"])
    return {
        "@type": "Claim",
        "name": record["statement"],
        "about": [thing(each["kind"], each) for each in ends],
    }


def approval(record: Record) -> Data:
    when = f" in {record['year']}" if record["year"] else ""
    return {
        "@type": "Claim",
        "name": f"{record['agency']} on {record['inhibitor']['name']} for {record['indication']['name']}: "
        f"{record['status']}{when}",
        "about": [thing(Kind.INHIBITOR, record["inhibitor"]), thing(Kind.INDICATION, record["indication"])],
    }


TYPES: dict[Kind, Callable[[Record], Data]] = {
    Kind.INHIBITOR: inhibitor,
    Kind.TARGET: target,
    Kind.CANCER: cancer,
    Kind.INDICATION: indication,
    Kind.MECHANISM: mechanism,
    Kind.TRIAL: trial,
    Kind.PUBLICATION: publication,
    Kind.EVIDENCE: evidence,
    Kind.INTERACTION: interaction,
    Kind.APPROVAL: approval,
}

TYPE_NAMES = {
    Kind.INHIBITOR: "Drug",
    Kind.TARGET: "Gene",
    Kind.CANCER: "MedicalCondition",
    Kind.INDICATION: "MedicalCondition",
    Kind.MECHANISM: "DefinedTerm",
    Kind.TRIAL: "MedicalTrial",
    Kind.PUBLICATION: "ScholarlyArticle",
    Kind.EVIDENCE: "Claim",
    Kind.INTERACTION: "Claim",
    Kind.APPROVAL: "Claim",
}
