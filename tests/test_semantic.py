"""What triple stores and crawlers make of a record and of the release: JSON-LD and Turtle."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from app.catalog import RESOURCES, Resource
from app.settings import SEED
from tests.test_lists import everything, ids
from tests.test_resources import get

THING = {"name", "alternateName", "description", "identifier", "sameAs", "subjectOf", "url"}
WORK = THING | {
    *("about", "author", "citation", "creator", "datePublished", "dateModified", "encoding", "headline"),
    *("isPartOf", "keywords", "license", "publisher", "version", "isAccessibleForFree", "creditText"),
}
PROPERTIES = {
    "Drug": THING | {"mechanismOfAction", "drugClass", "administrationRoute", "manufacturer", "legalStatus"},
    "DrugClass": THING,
    "Gene": THING | {"encodesBioChemEntity"},
    "Protein": THING,
    "MedicalCondition": THING | {"associatedAnatomy", "expectedPrognosis", "drug"},
    "AnatomicalStructure": THING,
    "DefinedTerm": THING | {"inDefinedTermSet"},
    "MedicalTrial": THING | {"status", "sponsor", "studySubject", "healthCondition"},
    "Claim": WORK | {"appearance"},
    "ScholarlyArticle": WORK | {"pagination"},
    "WebPage": WORK,
    "MediaObject": WORK | {"contentUrl", "encodingFormat"},
    "DataDownload": WORK | {"contentUrl", "encodingFormat"},
    "Dataset": WORK | {"distribution", "includedInDataCatalog", "measurementTechnique", "variableMeasured"},
    "DataCatalog": WORK,
    "Periodical": WORK,
    "PublicationVolume": WORK | {"volumeNumber"},
    "Person": THING,
    "Organization": THING,
    "PropertyValue": THING | {"propertyID", "value"},
}
"""The properties of the types of schema.org (30.0) that are used here, inherited ones included."""

DCAT = {
    *("dcat:distribution", "dcat:downloadURL", "dcat:landingPage", "dcat:version"),
    *("dct:conformsTo", "dct:description", "dct:issued", "dct:license", "dct:title"),
}

ALL = [(each.path, each) for each in RESOURCES]
collections = pytest.mark.parametrize("resource", [each for _, each in ALL], ids=[path for path, _ in ALL])


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for name, each in value.items():
            if name != "@context":
                yield from nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from nodes(each)


def check_types(data: dict[str, Any]) -> None:
    """Each node has a type, and no property but those of its type."""
    for node in nodes(data):
        named = node.get("@type", [])
        types = [each for each in ([named] if isinstance(named, str) else named) if ":" not in each]
        fields = {each for each in node if not each.startswith("@")}
        if not types:
            assert not fields, node
            continue
        allowed = set().union(*(PROPERTIES[each] for each in types)) | DCAT
        assert fields <= allowed, (types, fields - allowed)


def expanded(data: dict[str, Any]) -> set[tuple[str, str]]:
    """Each property with its value, as an address or as a text; of nodes within, their ids."""
    context = data["@context"]
    found = set()
    for node in nodes(data):
        for name, held in node.items():
            if name.startswith("@"):
                continue
            prefix, _, local = name.partition(":")
            iri = context[prefix] + local if local else context["@vocab"] + name
            for value in held if isinstance(held, list) else [held]:
                if isinstance(value, dict):
                    if "@id" in value:
                        found.add((iri, f"<{value['@id']}>"))
                elif isinstance(context.get(name), dict):
                    found.add((iri, f"<{value}>"))
                else:
                    found.add((iri, json.dumps(value)))
    return found


IRI = r'<[^<>"{}|^`\\\s]*>|_:b\d+'
TRIPLE = re.compile(rf'({IRI}) (a|\w+:\w+) ({IRI}|\w+:\w+|true|false|"(?:[^"\\\n]|\\.)*") \.')


@collections
def test_a_record_has_only_the_properties_of_its_type(client: httpx.Client, resource: Resource) -> None:
    found = ids(everything(client, resource.path))
    for record_id in found[:: 1 + len(found) // 40]:
        data = get(client, f"/{resource.path}/{record_id}?format=jsonld")
        check_types(data)
        for node in nodes(data):
            for name in ("@id", "url", "contentUrl", "sameAs"):
                for each in [node[name]] if isinstance(node.get(name), str) else node.get(name, []):
                    assert re.match("https?://", each), (record_id, name, each)


@collections
def test_turtle_says_the_same_as_json_ld(client: httpx.Client, resource: Resource) -> None:
    found = ids(everything(client, resource.path))
    for record_id in found[:: 1 + len(found) // 15]:
        address = f"/{resource.path}/{record_id}"
        answer = client.get(address, headers={"Accept": "text/turtle"})
        assert answer.headers["Content-Type"] == "text/turtle; charset=utf-8"
        prefixes = dict(re.findall(r"^@prefix (\w+): <(\S+)> \.$", answer.text, re.MULTILINE))
        said = set()
        for line in answer.text.splitlines():
            if not line or line.startswith("@prefix"):
                continue
            triple = TRIPLE.fullmatch(line)
            assert triple, line
            _, verb, value = triple.groups()
            if verb != "a" and not value.startswith("_:"):
                prefix, _, local = verb.partition(":")
                said.add(
                    (prefixes[prefix] + local, json.dumps(json.loads(value)) if value[0] != "<" else value)
                )
        assert said == expanded(get(client, f"{address}?format=jsonld"))


@pytest.mark.longer
def test_same_as_is_said_of_what_is_the_same_alone(client: httpx.Client) -> None:
    """A class that holds several of our records is the same as none of them."""
    same: dict[str, set[str]] = {}
    for resource in RESOURCES:
        for record_id in ids(everything(client, resource.path)) if resource.path != "publications" else []:
            data = get(client, f"/{resource.path}/{record_id}?format=jsonld")
            for each in data.get("sameAs", []):
                same.setdefault(each, set()).add(f"{resource.path}/{record_id}")
    shared = {
        each: held for each, held in same.items() if len({path.split("/")[0] for path in held}) < len(held)
    }
    assert shared == {}
    assert not [each for each in same if re.search(r"/(atc|icd10|go|wikipathways):", each)]
    assert len(same) > 300


def test_the_release_is_a_dataset_as_crawlers_and_catalogues_want_it(client: httpx.Client) -> None:
    text = client.get("/").raise_for_status().text
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    data = json.loads(found)
    check_types(data)
    release = yaml.safe_load((SEED / "RELEASE").read_text())
    assert {"Dataset", "dcat:Dataset"} == set(data["@type"])
    for name in ("description", "identifier", "keywords", "license", "name", "url", "dct:conformsTo"):
        assert data[name], name  # Bioschemas Dataset 1.0, minimum
    for name in (
        "creator",
        "citation",
        "variableMeasured",
        "includedInDataCatalog",
        "dateModified",
        "distribution",
    ):
        assert data[name], name  # recommended by Google
    assert data["version"] == data["dcat:version"] == release["version"]
    addresses = {each["contentUrl"] for each in data["distribution"]}
    assert {each["@id"] for each in data["dcat:distribution"]} == addresses
    for address in addresses:
        answer = client.head(address)
        assert answer.status_code == 200, address
    told = {each["contentUrl"]: each["encodingFormat"] for each in data["distribution"]}
    for address, media_type in told.items():
        assert client.head(address).headers["Content-Type"].partition(";")[0] == media_type
