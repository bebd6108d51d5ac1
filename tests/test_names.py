"""Records are found by what people call them, in any spelling; what is misspelt finds what was meant."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.base import PREFIXES, Kind
from app.seeding.answers import Facts, curies, name_of
from app.store.text import squeeze

collections = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)

MISSPELT = [
    ("tocilizumb", "inhibitors", "tocilizumab"),
    ("tocilizamab", "inhibitors", "tocilizumab"),
    ("toclizumab", "inhibitors", "tocilizumab"),
    ("tosilizumab", "inhibitors", "tocilizumab"),
    ("tocillizumab", "inhibitors", "tocilizumab"),
    ("actemera", "inhibitors", "tocilizumab"),
    ("ro-actemera", "inhibitors", "tocilizumab"),
    ("siltuximb", "inhibitors", "siltuximab"),
    ("siltuxamab", "inhibitors", "siltuximab"),
    ("sylvent", "inhibitors", "siltuximab"),
    ("CTNO 328", "inhibitors", "siltuximab"),
    ("sarillumab", "inhibitors", "sarilumab"),
    ("kevsara", "inhibitors", "sarilumab"),
    ("satrilizumab", "inhibitors", "satralizumab"),
    ("enspring", "inhibitors", "satralizumab"),
    ("ruxolitnib", "inhibitors", "ruxolitinib"),
    ("jackafi", "inhibitors", "ruxolitinib"),
    ("tofasitinib", "inhibitors", "tofacitinib"),
    ("zeljanz", "inhibitors", "tofacitinib"),
    ("upadacitnib", "inhibitors", "upadacitinib"),
    ("rinvok", "inhibitors", "upadacitinib"),
    ("barictinib", "inhibitors", "baricitinib"),
    ("olumiat", "inhibitors", "baricitinib"),
    ("fedratnib", "inhibitors", "fedratinib"),
    ("momelotnib", "inhibitors", "momelotinib"),
    ("ojara", "inhibitors", "momelotinib"),
    ("clazikizumab", "inhibitors", "clazakizumab"),
    ("olokizumb", "inhibitors", "olokizumab"),
    ("serukumab", "inhibitors", "sirukumab"),
    ("ziltivekimb", "inhibitors", "ziltivekimab"),
    ("bazodoxifen", "inhibitors", "bazedoxifene"),
    ("ralxoifene", "inhibitors", "raloxifene"),
    ("napabucaisn", "inhibitors", "napabucasin"),
    ("olamkisept", "inhibitors", "olamkicept"),
    ("interlukin 6", "targets", "il6"),
    ("interleukine 6 receptor", "targets", "il6r"),
    ("aromatse", "targets", "cyp19a1"),
    ("hepciden", "targets", "hamp"),
    ("ciclin D1", "targets", "ccnd1"),
    ("STTA3", "targets", "stat3"),
    ("VEFG", "targets", "vegfa"),
    ("RNAKL", "targets", "tnfsf11"),
    ("gelatinaze B", "targets", "mmp9"),
    ("janus kinaze 2", "targets", "jak2"),
    ("C reactive protien", "targets", "crp"),
    ("tirosine kinase 2", "targets", "tyk2"),
    ("NF kapa B", "targets", "nfkb1"),
    ("brest cancer", "cancers", "breast-cancer"),
    ("breast caner", "cancers", "breast-cancer"),
    ("ovarain cancer", "cancers", "ovarian-cancer"),
    ("prostrate cancer", "cancers", "prostate-cancer"),
    ("pancreattic cancer", "cancers", "pancreatic-cancer"),
    ("colorectal canser", "cancers", "colorectal-cancer"),
    ("esophaegal cancer", "cancers", "oesophageal-cancer"),
    ("melenoma", "cancers", "melanoma"),
    ("multiple mieloma", "cancers", "multiple-myeloma"),
    ("smoldering multiple myeloma", "cancers", "smouldering-multiple-myeloma"),
    ("glioblastma", "cancers", "glioblastoma"),
    ("mesotheloma", "cancers", "mesothelioma"),
    ("hodgknis lymphoma", "cancers", "hodgkin-lymphoma"),
    ("cholangocarcinoma", "cancers", "cholangiocarcinoma"),
    ("hepatocelular carcinoma", "cancers", "hepatocellular-carcinoma"),
    ("renal cell carcinona", "cancers", "renal-cell-carcinoma"),
    ("non small cell lung caner", "cancers", "non-small-cell-lung-cancer"),
    ("NSLCC", "cancers", "non-small-cell-lung-cancer"),
    ("ostosarcoma", "cancers", "osteosarcoma"),
    ("thyriod cancer", "cancers", "thyroid-cancer"),
    ("gastic cancer", "cancers", "gastric-cancer"),
    ("cervicle cancer", "cancers", "cervical-cancer"),
    ("endometral cancer", "cancers", "endometrial-cancer"),
    ("acute myeloid lukemia", "cancers", "acute-myeloid-leukaemia"),
    ("chronic lymphocytic leukeamia", "cancers", "chronic-lymphocytic-leukaemia"),
    ("myelodisplastic syndrome", "cancers", "myelodysplastic-syndrome"),
    ("nasopharangeal carcinoma", "cancers", "nasopharyngeal-carcinoma"),
    ("rabdomyosarcoma", "cancers", "rhabdomyosarcoma"),
    ("diffuse large B cell lymphona", "cancers", "diffuse-large-b-cell-lymphoma"),
    ("angiogenisis", "mechanisms", "angiogenesis"),
    ("cahexia", "mechanisms", "cachexia"),
    ("hepatoxicity", "mechanisms", "hepatotoxicity"),
    ("trombosis", "mechanisms", "thrombosis"),
    ("epithelial mesenchimal transition", "mechanisms", "epithelial-mesenchymal-transition"),
    ("immune evation", "mechanisms", "immune-evasion"),
    ("cytokine realease syndrome", "mechanisms", "cytokine-release"),
    ("metastesis", "mechanisms", "invasion-and-metastasis"),
    ("anemia of inflamation", "mechanisms", "anaemia-of-inflammation"),
    ("rheumatoid artritis", "indications", "rheumatoid-arthritis"),
    ("reumatiod arthritis", "indications", "rheumatoid-arthritis"),
    ("castelmans disease", "indications", "castleman-disease"),
    ("giant cell arthritis", "indications", "giant-cell-arteritis"),
    ("takayashu arteritis", "indications", "takayasu-arteritis"),
    ("polymialgia rheumatica", "indications", "polymyalgia-rheumatica"),
    ("alopecia areta", "indications", "alopecia-areata"),
    ("covd-19", "indications", "covid-19"),
    ("post menopausal osteoperosis", "indications", "postmenopausal-osteoporosis"),
]
"""A slip, the collection it is looked up in, and the record that was meant."""

AMBIGUOUS = {
    "approvals": {
        "baricitinib for covid-19 by FDA",
        "tocilizumab for covid-19 by FDA",
        "tocilizumab for giant-cell-arteritis by FDA",
        "tocilizumab for rheumatoid-arthritis by Health Canada",
        "tocilizumab for rheumatoid-arthritis by PMDA",
        "tocilizumab for polyarticular-juvenile-idiopathic-arthritis by FDA",
        "tocilizumab for rheumatoid-arthritis by EMA",
        "tocilizumab for rheumatoid-arthritis by FDA",
        "tocilizumab for systemic-juvenile-idiopathic-arthritis by FDA",
    },
    "cancers": {"icd10:C34", "C34"},
    "inhibitors": {"atc:L04AC07", "L04AC07"},
    "mechanisms": {
        "go:0070102",
        "reactome:R-HSA-1059683",
        "R-HSA-1059683",
        "wikipathways:WP364",
        "WP364",
    },
}
"""Names that several records of one kind share: classes of a registry, and approvals given twice."""

STRONGER_ELSEWHERE = {"cytokine release syndrome", "wikipathways:WP364"}
"""Weak names of one kind that are strong names of another: over all kinds, they stand for the other."""


def names_of(kind: Kind, row: Any) -> Iterator[str]:
    """What a seed row says that it is called, without a look at how the resolver reads it."""
    yield row.id
    if kind not in (Kind.EVIDENCE, Kind.INTERACTION):  # whose statements are no names
        yield name_of(row)
    yield from filter(None, [getattr(row, "symbol", None), getattr(row, "registry_id", None)])
    yield from getattr(row, "synonyms", [])
    for brand in getattr(row, "brands", []):
        yield from (brand, brand.partition(" (")[0])
    yield from identifiers(row)


def identifiers(row: Any) -> Iterator[str]:
    """The cross-references of a seed row: as CURIE, with the key of the seed file, and bare."""
    given = {key: getattr(row, key, None) for key in PREFIXES} | dict(getattr(row, "ids", {}))
    for key, value in given.items():
        if value:
            local = PREFIXES[key].local(value)
            yield from (value, f"{key}:{local}", f"{key.upper()}: {local}")
            if key == "doi":
                yield f"https://doi.org/{local}"
    yield from curies(row)


def findable(name: str) -> bool:
    """A bare number may be of any registry; a title may be longer than a term may be."""
    return len(name) <= 300 and not name.isdigit()


def spellings(name: str) -> set[str]:
    apart = {name.replace("-", " "), name.replace(" ", "-"), re.sub("[ -]", "", name)}
    return {name, name.upper(), name.lower()} | (apart if ":" not in name else set())


def at(collection: str, name: str) -> str:
    return f"/{collection}/{quote(name, safe='')}"


def leads_to(client: httpx.Client, resource: Resource, name: str, record_id: str) -> bool:
    """Whether the address made of a name answers its record, or says that it is one of several."""
    response = client.get(at(resource.path, name))
    if response.status_code == 409:
        return record_id in [each["id"] for each in response.json()["candidates"]]
    return response.headers.get("Content-Location") == f"/{resource.path}/{record_id}"


def resolve(client: httpx.Client, terms: list[str]) -> list[Any]:
    items: list[Any] = client.post("/resolve", json={"terms": terms}).raise_for_status().json()["items"]
    return items


def test_every_name_in_every_spelling_finds_its_record(client: httpx.Client, facts: Facts) -> None:
    meant: dict[str, set[tuple[Kind, str]]] = defaultdict(set)
    for kind in Kind:
        for row in facts.of(kind).values():
            for name in filter(findable, names_of(kind, row)):
                for spelling in filter(findable, spellings(name)):
                    meant[spelling].add((kind, row.id))
    terms = list(meant)
    assert len(terms) > 15_000
    hidden = []
    for start in range(0, len(terms), 1000):
        asked = terms[start : start + 1000]
        for term, item in zip(asked, resolve(client, asked), strict=True):
            assert item["term"] == term
            found = {(each["kind"], each["id"]) for each in [item["match"], *item["candidates"]] if each}
            assert found, term
            assert item["suggestions"] == []
            hidden += [(term, *each) for each in meant[term] - found]
    # What another kind has a stronger claim to is still found in its own collection.
    for term, kind, record_id in hidden:
        assert leads_to(client, BY_KIND[kind], term, record_id), (term, kind, record_id)
    assert {squeeze(term) for term, *_ in hidden} == set(map(squeeze, STRONGER_ELSEWHERE))


@collections
def test_an_address_takes_every_name(client: httpx.Client, facts: Facts, resource: Resource) -> None:
    names = {
        (name, row.id)
        for row in facts.of(resource.kind).values()
        for name in names_of(resource.kind, row)
        if findable(name)
    }
    for name, record_id in sorted(names)[:: len(names) // 20 + 1]:
        for spelling in (name, name.swapcase()):
            assert leads_to(client, resource, spelling, record_id), (spelling, record_id)


@collections
def test_the_names_that_records_share_are_known(
    client: httpx.Client, facts: Facts, resource: Resource
) -> None:
    bearers: dict[str, set[str]] = defaultdict(set)
    for row in facts.of(resource.kind).values():
        for name in filter(findable, names_of(resource.kind, row)):
            bearers[squeeze(name)].add(row.id)
    shared = {key: ids for key, ids in bearers.items() if len(ids) > 1}
    expected = AMBIGUOUS.get(resource.path, set())
    assert set(shared) == set(map(squeeze, expected))
    for name in expected:
        response = client.get(at(resource.path, name))
        assert response.status_code == 409
        assert response.headers["Content-Type"] == "application/problem+json"
        assert {each["id"] for each in response.json()["candidates"]} == shared[squeeze(name)]


@pytest.mark.parametrize(
    ("path", "record_id"),
    [
        ("/inhibitors/tocilizumab", "tocilizumab"),
        ("/inhibitors/TOCILIZUMAB", "tocilizumab"),
        ("/inhibitors/Actemra", "tocilizumab"),
        ("/inhibitors/RoActemra", "tocilizumab"),
        ("/inhibitors/CNTO%20328", "siltuximab"),
        ("/inhibitors/cnto-328", "siltuximab"),
        ("/inhibitors/CNTO328", "siltuximab"),
        ("/inhibitors/cnto%E2%80%91328", "siltuximab"),  # with a hyphen that does not break
        ("/inhibitors/chembl:CHEMBL1237022", "tocilizumab"),
        ("/inhibitors/CHEMBL1237022", "tocilizumab"),
        ("/inhibitors/chembl1237022", "tocilizumab"),
        ("/inhibitors/drugbank:DB06273", "tocilizumab"),
        ("/inhibitors/Duavee", "bazedoxifene"),
        ("/inhibitors/Duavee%20(with%20conjugated%20estrogens)", "bazedoxifene"),
        ("/targets/hgnc:6018", "il6"),
        ("/targets/HGNC:6018", "il6"),
        ("/targets/uniprot:P08887", "il6r"),
        ("/targets/interleukin-6", "il6"),
        ("/targets/IL%206", "il6"),
        ("/targets/NF-%CE%BAB", "nfkb1"),
        ("/targets/NF-%CE%9AB", "nfkb1"),
        ("/targets/HIF-1%CE%B1", "hif1a"),
        ("/cancers/mondo:0007254", "breast-cancer"),
        ("/cancers/MONDO:0005233", "non-small-cell-lung-cancer"),
        ("/cancers/NSCLC", "non-small-cell-lung-cancer"),
        ("/cancers/breast%20carcinoma", "breast-cancer"),
        ("/cancers/m%C3%A9lanoma", "melanoma"),
        ("/cancers/me%CC%81lanoma", "melanoma"),
        ("/cancers/Hodgkin%E2%80%99s%20disease", "hodgkin-lymphoma"),
        ("/publications/pmid:20484019", "dorff-2010"),
        ("/publications/PMID%2020484019", "dorff-2010"),
        ("/publications/pubmed:20484019", "dorff-2010"),
        ("/publications/20484019", "dorff-2010"),
        ("/publications/https://pubmed.ncbi.nlm.nih.gov/20484019/", "dorff-2010"),
        ("/publications/doi:10.3389/fonc.2022.903800", "chen-2022"),
        ("/publications/10.3389/fonc.2022.903800", "chen-2022"),
        ("/publications/10.3389%2FFONC.2022.903800", "chen-2022"),
        ("/publications/https://doi.org/10.3389/fonc.2022.903800", "chen-2022"),
        ("/publications/https%3A%2F%2Fdoi.org%2F10.3389%2Ffonc.2022.903800", "chen-2022"),
        ("/publications/http://dx.doi.org/10.3389/fonc.2022.903800", "chen-2022"),
        ("/trials/nct:NCT00433446", "nct00433446"),
        ("/trials/clinicaltrials:NCT00433446", "nct00433446"),
        ("/trials/NCT00433446", "nct00433446"),
    ],
)
def test_the_spellings_that_the_documentation_promises(
    client: httpx.Client, path: str, record_id: str
) -> None:
    response = client.get(path)
    collection = path.split("/")[1]
    assert response.status_code == 200
    assert response.headers["Content-Location"] == f"/{collection}/{record_id}"
    assert response.json()["id"] == record_id
    assert response.content == client.get(f"/{collection}/{record_id}").content


def test_a_code_that_biosimilars_share_is_ambiguous(client: httpx.Client) -> None:
    for path in ("/inhibitors/atc:L04AC07", "/inhibitors/l04ac07", "/evidence?inhibitor=L04AC07"):
        response = client.get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (409, "application/problem+json")
        assert response.json()["candidates"] == [
            {"kind": "inhibitor", "id": each, "name": each.capitalize(), "matched_on": "xref"}
            for each in ("tocilizumab", "tocilizumab-aazg", "tocilizumab-anoh", "tocilizumab-bavi")
        ]


def test_a_filter_takes_every_spelling(client: httpx.Client) -> None:
    def total(query: str) -> int:
        return int(client.get(f"/evidence?limit=0&{query}").raise_for_status().json()["total"])

    assert total("inhibitor=siltuximab") > 0
    for spelling in ("CNTO 328", "cnto-328", "Sylvant", "SILTUXIMAB", "chembl:CHEMBL1743070"):
        assert total(f"inhibitor={spelling}") == total("inhibitor=siltuximab")
    assert total("cancer=NSCLC,mondo:0007254") == total("cancer=non-small-cell-lung-cancer,breast-cancer")
    assert total("publication=doi:10.3389/fonc.2022.903800") == total("publication=chen-2022")


def test_an_unknown_name_in_a_filter_says_what_was_meant(client: httpx.Client) -> None:
    for query in ("inhibitor=tocilizumb", "inhibitor=siltuximab,tocilizumb"):
        response = client.get(f"/evidence?{query}")
        assert response.status_code == 422
        (error,) = response.json()["errors"]
        assert error["loc"] == ["query", "inhibitor"]
        assert error["detail"] == "There is no inhibitor 'tocilizumb'; did you mean tocilizumab?"


def test_what_is_misspelt_suggests_what_was_meant(client: httpx.Client) -> None:
    assert len({slip for slip, *_ in MISSPELT}) == len(MISSPELT) == 94
    missed = []
    for slip, collection, record_id in MISSPELT:
        response = client.get(at(collection, slip))
        assert response.status_code == 404, slip
        suggestions = response.json()["suggestions"]
        assert 0 < len(suggestions) <= 3, slip
        assert {BY_KIND[Kind(each["kind"])].path for each in suggestions} == {collection}
        ids = [each["id"] for each in suggestions]
        assert len(set(ids)) == len(ids)
        if ids[0] != record_id:
            missed.append((slip, ids))
    assert len(missed) <= 5, missed


def test_two_letters_swapped_are_one_slip(client: httpx.Client) -> None:
    """HNSCC shares as many letters with it."""
    suggestions = client.get("/cancers/NSLCC").json()["suggestions"]
    assert [each["id"] for each in suggestions][:1] == ["non-small-cell-lung-cancer"]


@pytest.mark.parametrize(
    ("term", "meant"),
    [
        ("ccRCC", ["renal-cell-carcinoma"]),
        ("mCRC", ["colorectal-cancer"]),
        ("pSTAT3", ["stat3"]),
        ("rhIL-6", ["il6"]),
        ("MCD", ["idiopathic-multicentric-castleman-disease"]),
        ("MDSC", ["mdsc-recruitment"]),
        ("breast ca", ["breast-cancer"]),
        ("head and nek cancer", ["head-and-neck-squamous-cell-carcinoma"]),
        ("ESCC", []),
        ("Merkel cell carcinoma", []),
        ("psoriatic arthritis", []),
        ("TNF receptor", []),
        ("IL-8 receptor", []),
    ],
)
def test_what_is_only_spelt_alike_is_something_else(
    client: httpx.Client, term: str, meant: list[str]
) -> None:
    found = client.get("/resolve", params={"q": term}).json()
    assert found["match"] is None
    assert [each["id"] for each in found["suggestions"]][:1] == meant


def test_the_word_that_tells_a_cancer_from_all_others_decides(client: httpx.Client, facts: Facts) -> None:
    bearers: dict[str, set[str]] = defaultdict(set)
    for kind in (Kind.CANCER, Kind.TARGET, Kind.INHIBITOR, Kind.MECHANISM, Kind.INDICATION):
        for row in facts.of(kind).values():
            names = [name_of(row), *getattr(row, "synonyms", []), *getattr(row, "sought_as", [])]
            for word in re.findall(r"[a-z]{5,}", " ".join([row.id.replace("-", " "), *names]).lower()):
                bearers[word].add(row.id)
    general = re.compile(
        "cancers?|carcinomas?|neoplasms?|tumou?rs?|malignan.*|disease|system|resistant|acute|adult|.*rectal"
    )
    telling = {
        word: next(iter(ids))
        for word, ids in bearers.items()
        if len(ids) == 1 and ids <= facts.cancers.keys() and not general.fullmatch(word)
    }
    assert {"oesophageal", "gastric", "ovarian", "prostate"} <= telling.keys()
    tried = 0
    for word, cancer in telling.items():
        for rest in ("squamous cell carcinoma", "neuroendocrine carcinoma", "cell carcinoma"):
            found = client.get("/resolve", params={"q": f"{word} {rest}"}).json()
            if found["match"] is None and not found["candidates"]:
                tried += 1
                assert [each["id"] for each in found["suggestions"]][:1] == [cancer], (word, rest)
    assert tried > 60


@pytest.mark.parametrize(
    "nonsense",
    ["xyzzy", "qwertyuiop", "aspirin", "banana", "lorem ipsum dolor", "42", "1234567890", "!?", "中"],
)
def test_nonsense_suggests_nothing(client: httpx.Client, nonsense: str) -> None:
    for resource in RESOURCES:
        response = client.get(at(resource.path, nonsense))
        assert response.status_code == 404
        assert response.json()["suggestions"] == []


@pytest.mark.parametrize(
    ("term", "kind", "record_id", "name", "matched_on"),
    [
        ("tocilizumab", "inhibitor", "tocilizumab", "Tocilizumab", "id"),
        ("actemra", "inhibitor", "tocilizumab", "Tocilizumab", "brand"),
        ("CNTO 328", "inhibitor", "siltuximab", "Siltuximab", "synonym"),
        ("breast carcinoma", "cancer", "breast-cancer", "Breast cancer", "synonym"),
        ("Interleukin 6 receptor", "target", "il6r", "interleukin 6 receptor", "name"),
        ("hgnc:6018", "target", "il6", "interleukin 6", "xref"),
        (
            "25806346",
            "publication",
            "abdul-rahim-2015",
            "The role of interleukin-6 in malignant mesothelioma",
            "xref",
        ),
    ],
)
def test_a_term_resolves_over_all_kinds(
    client: httpx.Client, term: str, kind: str, record_id: str, name: str, matched_on: str
) -> None:
    expected = {
        "term": term,
        "match": {"kind": kind, "id": record_id, "name": name, "matched_on": matched_on},
        "candidates": [],
        "suggestions": [],
    }
    assert client.get("/resolve", params={"q": term}).json() == expected
    assert resolve(client, [term]) == [expected]


def test_a_name_of_several_kinds_has_candidates(client: httpx.Client) -> None:
    (item,) = resolve(client, ["Myelofibrosis"])
    assert item["match"] is None
    assert [(each["kind"], each["id"], each["matched_on"]) for each in item["candidates"]] == [
        ("cancer", "myelofibrosis", "id"),
        ("indication", "myelofibrosis", "id"),
    ]


def test_many_terms_are_answered_one_by_one_in_their_order(client: httpx.Client) -> None:
    terms = ["CNTO 328", "no such thing", "actemra", "tocilizumb", "actemra", "L04AC07", "", "NSCLC"]
    items = resolve(client, terms)
    assert [item["term"] for item in items] == terms
    assert [item["match"] and item["match"]["id"] for item in items] == [
        "siltuximab", None, "tocilizumab", None, "tocilizumab", None, None, "non-small-cell-lung-cancer",
    ]  # fmt: skip
    assert items[2] == items[4]
    assert [len(item["candidates"]) for item in items] == [0, 0, 0, 0, 0, 4, 0, 0]
    assert items[1]["suggestions"] == items[6]["suggestions"] == []
    assert items[3]["suggestions"][0] == {"kind": "inhibitor", "id": "tocilizumab", "name": "Tocilizumab"}


def test_a_thousand_terms_and_no_more(client: httpx.Client) -> None:
    terms = [f"{slip} {number}" for number in range(11) for slip, *_ in MISSPELT][:1000]
    assert [item["term"] for item in resolve(client, terms)] == terms
    assert resolve(client, []) == []
    response = client.post("/resolve", json={"terms": [*terms, "one more"]})
    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["body", "terms"]


@pytest.mark.parametrize(
    "body", [{"terms": ["actemra"], "term": 1}, {"terms": "actemra"}, {"terms": [1]}, {}, []]
)
def test_another_body_is_refused(client: httpx.Client, body: Any) -> None:
    response = client.post("/resolve", json=body)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_body_that_is_no_json_is_named(client: httpx.Client) -> None:
    assert client.post("/resolve").status_code == 415
    assert (
        client.post("/resolve", content="{", headers={"Content-Type": "application/json"}).status_code == 400
    )


ODD = [
    "",
    " ",
    "-",
    "...",
    "%",
    "\\",
    "'; DROP TABLE name; --",
    "😀",
    "\u202e",
    "\u0130",
    "\x7f",
    "*",
    "z" * 300,
]


def test_no_text_is_an_error_of_the_service(client: httpx.Client) -> None:
    assert [(item["match"], item["candidates"]) for item in resolve(client, ODD)] == [(None, [])] * len(ODD)
    for term in ODD:
        assert client.get("/resolve", params={"q": term}).status_code == (200 if term else 422)
        assert client.get("/evidence", params={"inhibitor": term}).status_code == 422
        if term:
            assert client.get(at("inhibitors", term)).status_code == 404
    for path, status in {
        "/resolve?q=%00": 422,
        "/inhibitors/%00": 404,
        "/inhibitors/tocilizumab%00": 200,
        "/evidence?inhibitor=%00": 422,
        "/resolve?q=%ED%A0%80": 200,
        "/inhibitors/%ED%A0%80": 404,
        f"/inhibitors/{'z' * 501}": 422,
    }.items():
        assert client.get(path).status_code == status, path


@pytest.mark.parametrize(
    "raw", [rb"\u0000", rb"\ud800", rb"\udfff\ud800", b"z" * 2000, b"\xed\xa0\x80", b"\xff"]
)
def test_what_is_no_text_spoils_no_other_term(client: httpx.Client, raw: bytes) -> None:
    """Half a character is none, and is put aside; bytes that are no text at all are no JSON."""
    response = client.post(
        "/resolve",
        content=b'{"terms": ["actemra", "%s"]}' % raw,
        headers={"Content-Type": "application/json"},
    )
    if raw != b"\xff":
        first, second = response.raise_for_status().json()["items"]
        assert (first["match"]["id"], second["match"]) == ("tocilizumab", None)
    else:
        assert response.status_code in (400, 422)


@pytest.mark.parametrize(
    ("term", "record"),
    [
        ("Jakavi", "ruxolitinib"),
        ("INCB018424", "ruxolitinib"),
        ("ruxolitinib phosphate", "ruxolitinib"),
        ("Actemra\u2122", "tocilizumab"),
        ("Actemra (tocilizumab)", "tocilizumab"),
        ("IL-6R\u03b1", "il6r"),
        ("P08887-1", "il6r"),
        ("ENSG00000160712.15", "il6r"),
        ("2013-003369-33", "eudract-2013-003369-33"),
        ("PACTO", "nct02767557"),
        ("Hodgkin's lymphoma", "hodgkin-lymphoma"),
        ("breast neoplasm", "breast-cancer"),
        ("myeloma", "multiple-myeloma"),
        ("UniProtKB:P08887", "il6r"),
        ("CHEMBL.COMPOUND:CHEMBL1237022", "tocilizumab"),
        ("il6atlas:tocilizumab", "tocilizumab"),
        ("https://bioregistry.io/uniprot:P08887", "il6r"),
        ("https://identifiers.org/uniprot:P08887", "il6r"),
        ("https://www.uniprot.org/uniprotkb/P08887/entry", "il6r"),
        ("https://doi.org/10.3389/fonc.2022.903800", "chen-2022"),
        ("https://atlas.example/il6/explore/targets/il6r", "il6r"),
    ],
)
def test_what_people_paste_stands_for_its_record(client: httpx.Client, term: str, record: str) -> None:
    (item,) = resolve(client, [term])
    assert item["match"], item
    assert item["match"]["id"] == record


def test_words_that_several_records_share_are_told_with_all_of_them(client: httpx.Client) -> None:
    for term, meant in {
        "lung cancer": {"non-small-cell-lung-cancer", "small-cell-lung-cancer"},
        "liver cancer": {"cholangiocarcinoma", "hepatocellular-carcinoma"},
    }.items():
        (item,) = resolve(client, [term])
        assert {each["id"] for each in item["candidates"]} == meant


def test_what_is_written_is_read(client: httpx.Client, facts: Facts) -> None:
    """The nodes of KGX, and every identifier of a record behind the addresses that resolve CURIEs."""
    nodes = client.get("/graph?format=kgx-nodes").text.splitlines()
    place = nodes[0].split("\t").index("id")
    written = {line.split("\t")[place] for line in nodes[1:]}
    assert len(written) > 100
    for kind in (Kind.INHIBITOR, Kind.TARGET, Kind.CANCER):
        for row in facts.of(kind).values():
            for curie in curies(row):
                written |= {curie, f"https://bioregistry.io/{curie}", f"http://identifiers.org/{curie}"}
    terms = sorted(written)
    for start in range(0, len(terms), 1000):
        asked = terms[start : start + 1000]
        for term, item in zip(asked, resolve(client, asked), strict=True):
            assert item["match"] or item["candidates"], term
