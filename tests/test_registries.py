"""Whatever the atlas writes out it reads back, and identifiers as other programs write them."""

import re
from collections import defaultdict
from collections.abc import Iterator

import httpx
import pytest

from app.catalog import BY_KIND, RESOURCES
from app.exports.jsonld import registry
from app.exports.kgx import biolink_curie
from app.knowledge.journals import abbreviated
from app.models.base import PREFIXES, Kind
from app.seeding.answers import Facts, curies
from app.store.registries import curie_of
from tests.registries import PLACE, written
from tests.test_names import STRONGER_ELSEWHERE

HOMES = {
    "chembl": ["https://www.ebi.ac.uk/chembl/compound_report_card/{}/"],
    "clinicaltrials": [
        "https://clinicaltrials.gov/study/{}?term=x",
        "clinicaltrials.gov/ct2/show/{}",
        "https://classic.clinicaltrials.gov/ct2/show/results/{}?view=results",
        "ClinicalTrials.gov Identifier: {}",
    ],
    "doi": [
        *("https://doi.org/{}", "http://dx.doi.org/{}", "DOI: {}", "doi {}", "doi:{}."),
        "https://www.frontiersin.org/articles/{}/full",
        "https://onlinelibrary.wiley.com/doi/abs/{}?af=R",
        "https://link.springer.com/content/pdf/{}.pdf",
        "https://journals.plos.org/plosone/article?id={}&type=printable",
        "https://www.biorxiv.org/content/{}v2.full",
    ],
    "doid": ["http://purl.obolibrary.org/obo/DOID_{}", "DOID_{}"],
    "ensembl": ["https://www.ensembl.org/Homo_sapiens/Gene/Summary?g={}", "{}.15"],
    "go": ["http://purl.obolibrary.org/obo/GO_{}"],
    "hgnc": ["HGNC ID: {}", "https://www.genenames.org/data/gene-symbol-report/#!/hgnc_id/HGNC:{}"],
    "mondo": [
        "http://purl.obolibrary.org/obo/MONDO_{}",
        "https://purl.obolibrary.org/obo/MONDO_{}",
        "https://www.ebi.ac.uk/ols4/ontologies/mondo/classes?iri=http://purl.obolibrary.org/obo/MONDO_{}",
    ],
    "pmc": [
        "https://pmc.ncbi.nlm.nih.gov/articles/{}/",
        "https://www.ncbi.nlm.nih.gov/pmc/articles/{}",
        "PMCID: {}",
    ],
    "pubmed": [
        "https://pubmed.ncbi.nlm.nih.gov/{}/",
        "PMID:{}",
        "https://www.ncbi.nlm.nih.gov/pubmed/{}",
        "PubMed ID: {}",
    ],
    "ncbigene": ["Entrez Gene ID: {}", "GeneID: {}"],
    "uniprot": ["https://www.uniprot.org/uniprotkb/{}/entry", "UniProtKB:{}", "{}-1"],
}
"""Where people copy identifiers from."""


def forms(curie: str) -> Iterator[str]:
    prefix, _, local = curie.partition(":")
    yield from (curie, biolink_curie(curie), registry(curie), f"https://identifiers.org/{curie}")
    yield from (f"http://identifiers.org/{prefix}/{local}", f"https://bioregistry.io/{curie}")
    yield from (each.format(local) for each in HOMES.get(prefix, []))


def ask(client: httpx.Client, meant: dict[str, set[tuple[Kind, str]]]) -> None:
    terms = list(meant)
    missed = []
    for start in range(0, len(terms), 1000):
        asked = {"terms": terms[start : start + 1000]}
        for item in client.post("/resolve", json=asked).raise_for_status().json()["items"]:
            found = {(each["kind"], each["id"]) for each in [item["match"], *item["candidates"]] if each}
            if not found & meant[item["term"]] or not found <= meant[item["term"]]:
                missed.append((item["term"], found))
    assert missed == []


def test_the_table_is_what_bioregistry_lists() -> None:
    assert PLACE.read_text() == written()


@pytest.mark.longer
def test_every_identifier_is_read_in_every_form(client: httpx.Client, facts: Facts) -> None:
    meant: dict[str, set[tuple[Kind, str]]] = {}
    for kind in Kind:
        for row in facts.of(kind).values():
            for curie in set(curies(row)) - STRONGER_ELSEWHERE:
                for form in forms(curie):
                    meant.setdefault(form, set()).add((kind, row.id))
    assert len(meant) > 7000
    assert {curie.partition(":")[0] for curie in meant} >= set(HOMES) <= {p.prefix for p in PREFIXES.values()}
    ask(client, meant)


AROUND = {
    "EudraCT": [
        "EudraCT number: {}",
        "EudraCT No. {}",
        "EUCTR{}",
        "EUCTR{}-BE",
        "{}-DE",
        "https://www.clinicaltrialsregister.eu/ctr-search/trial/{}/DK",
    ],
    "CTIS": [
        "EU CT number: {}",
        "CTIS number {}",
        "CTIS{}-BE",
        "https://euclinicaltrials.eu/search-for-clinical-trials/?EUCT={}",
    ],
}
"""What registers put around the number of a trial in the European Union."""


def test_every_number_of_a_european_trial_is_read_with_what_stands_around_it(
    client: httpx.Client, facts: Facts
) -> None:
    meant: dict[str, set[tuple[Kind, str]]] = defaultdict(set)
    for row in facts.of(Kind.TRIAL).values():
        for number in (row.registry_id, *row.other_ids):
            register, _, digits = number.partition(" ")
            for form in AROUND.get(register, []):
                meant[form.format(digits)].add((Kind.TRIAL, row.id))
                found = client.get("/search", params={"q": form.format(digits), "limit": 1}).json()
                assert [each["id"] for each in found["items"]] == [row.id], form
            if register == "CTIS":
                meant[digits.removesuffix("-00")].add((Kind.TRIAL, row.id))
    assert len(meant) > 40
    ask(client, meant)


@pytest.mark.parametrize("query", ["gene STAT3", "trial siltuximab", "ID IL-6", "NCI siltuximab", "GO IL-6"])
def test_a_word_before_a_name_is_a_word(client: httpx.Client, query: str) -> None:
    assert client.get("/resolve", params={"q": query}).json()["match"] is None
    _, _, name = query.partition(" ")
    whole, part = (client.get("/search", params={"q": each}).json()["total"] for each in (name, query))
    assert part < whole


def test_every_paper_is_found_as_it_is_cited(client: httpx.Client, facts: Facts) -> None:
    """Its id is that of an author and a year; there may be several of them, which their ids tell apart."""
    meant: dict[str, set[tuple[Kind, str]]] = {}
    for row in facts.of(Kind.PUBLICATION).values():
        if cited := re.fullmatch(r"([a-z-]+)-(\d{4}[a-z]?)", row.id):
            author, year = cited[1].replace("-", " ").title(), cited[2]
            for form in ("{} et al. {}", "{} et al., {}", "{} et al ({})", "({} et al., {})"):
                meant[form.format(author, year)] = {(Kind.PUBLICATION, row.id)}
    assert len(meant) > 1000
    ask(client, meant)
    for term in [*meant][::60]:
        hit = client.get("/search", params={"q": term, "limit": 1}).json()["items"][0]
        assert {(hit["kind"], hit["id"])} == meant[term], term


def test_every_page_is_found_by_its_address(client: httpx.Client, facts: Facts) -> None:
    """In a query too; that of a registry stands for what is registered."""
    pages: dict[str, set[tuple[Kind, str]]] = {}
    for row in facts.of(Kind.PUBLICATION).values():
        bare = re.sub(r"^https?://(www\.)?", "", row.url or "")
        if row.url and not curie_of(row.url) and not re.search(r"10\.\d{4}|NCT\d{8}", row.url):
            for form in (row.url, bare, f"http://{bare}", f"https://www.{bare}", f"{row.url}/"):
                pages[form] = {(Kind.PUBLICATION, row.id)}
    assert len(pages) > 1000
    ask(client, pages)
    for address in [*pages][::200]:
        for query in (address, f"{address}.", f"({address})"):
            found = client.get("/search", params={"q": query, "limit": 1}).json()["items"]
            assert {(each["kind"], each["id"]) for each in found} == pages[address], query


@pytest.mark.longer
def test_a_reference_finds_its_publication(client: httpx.Client, facts: Facts) -> None:
    """As we write it, and as a list of references has it, with a journal by its short name."""
    first, tried = 0, 0
    for row in [*facts.of(Kind.PUBLICATION).values()][::4]:
        references = [client.get(f"/publications/{row.id}").json()["citation"]]
        if row.authors and row.year and (journal := abbreviated(row.journal)):
            references.append(f"{row.authors[0].rpartition(' ')[0]} et al., {journal} {row.year}")
        for reference in references:
            found = client.get("/search", params={"q": reference[:500], "limit": 5}).json()
            ids = [each["id"] for each in found["items"]]
            assert row.id in ids, reference
            first, tried = first + (ids[0] == row.id), tried + 1
    assert tried > 200
    assert first > 0.95 * tried


@pytest.mark.longer
def test_every_record_is_found_by_what_we_call_it(client: httpx.Client, facts: Facts) -> None:
    meant = {}
    for resource in RESOURCES:
        for record_id in facts.of(resource.kind):
            for form in (
                f"/{resource.path}/{record_id}",
                f"http://127.0.0.1:8000/{resource.path}/{record_id}",
                f"https://atlas.example.org/il6/explore/{resource.path}/{record_id}?utm_source=x",
                f"il6atlas:{resource.kind}/{record_id}",
                f"il6atlas.{resource.kind}:{record_id}",
                f"urn:x-il6-atlas:/{resource.path}/{record_id}",
            ):
                meant[form] = {(resource.kind, record_id)}
    ask(client, meant)


def test_what_tables_for_other_programs_hold_is_read_back(client: httpx.Client) -> None:
    nodes = client.get("/graph?format=kgx-nodes").raise_for_status().text.splitlines()
    edges = client.get("/graph?format=kgx-edges").raise_for_status().text.splitlines()
    written = {line.split("\t")[0] for line in [*nodes[1:], *edges[1:]]}
    written = {each for each in written if not each.startswith("urn:uuid:")}  # of no record of its own
    written |= {each["id"] for each in client.get("/graph").json()["edges"]}
    place = nodes[0].split("\t").index("xref")
    written |= {each for line in nodes[1:] for each in line.split("\t")[place].split("|") if each}
    place = edges[0].split("\t").index("publications")
    written |= {each for line in edges[1:] for each in line.split("\t")[place].split("|") if each}
    assert len(written) > 400
    terms = sorted(written)
    for start in range(0, len(terms), 1000):
        items = client.post("/resolve", json={"terms": terms[start : start + 1000]}).json()["items"]
        assert [each["term"] for each in items if not each["match"] and not each["candidates"]] == []


@pytest.mark.parametrize(
    ("name", "path", "record_id"),
    [
        ("Jakavi", "inhibitors", "ruxolitinib"),
        ("INCB018424", "inhibitors", "ruxolitinib"),
        ("ruxolitinib phosphate", "inhibitors", "ruxolitinib"),
        ("Actemra\u2122", "inhibitors", "tocilizumab"),
        ("Sylvant\u00ae", "inhibitors", "siltuximab"),
        ("Actemra (tocilizumab)", "inhibitors", "tocilizumab"),
        ("interleukin 6 receptor [IL6R]", "targets", "il6r"),
        ("IL-6R\u03b1", "targets", "il6r"),
        ("P08887-1", "targets", "il6r"),
        ("ENSG00000160712.15", "targets", "il6r"),
        ("Hodgkin's lymphoma", "cancers", "hodgkin-lymphoma"),
        ("Hodgkin\u2019s lymphoma", "cancers", "hodgkin-lymphoma"),
        ("breast neoplasm", "cancers", "breast-cancer"),
        ("ovarian tumours", "cancers", "ovarian-cancer"),
        ("gastric malignancy", "cancers", "gastric-cancer"),
        ("pancreas cancer", "cancers", "pancreatic-cancer"),
        ("ovary cancer", "cancers", "ovarian-cancer"),
        ("cervix carcinoma", "cancers", "cervical-cancer"),
        ("myelodysplastic syndromes", "cancers", "myelodysplastic-syndrome"),
        ("hodgkins lymphoma", "cancers", "hodgkin-lymphoma"),
        ("raloxifen", "inhibitors", "raloxifene"),
        ("chemoresistence", "mechanisms", "chemoresistance"),
        ("dyslipidemia", "mechanisms", "dyslipidaemia"),
        ("macrophage polarization", "mechanisms", "macrophage-polarisation"),
        ("JAK/STAT3 signaling", "mechanisms", "jak-stat3-signalling"),
        ("bone remodeling", "mechanisms", "bone-remodelling"),
        ("PI3K/AKT signaling", "mechanisms", "pi3k-akt-signalling"),
    ],
)
def test_a_name_is_read_as_people_write_it(
    client: httpx.Client, name: str, path: str, record_id: str
) -> None:
    response = client.get(f"/{path}/{name}")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Location"] == f"/{path}/{record_id}"


def test_every_brand_of_an_approval_is_a_name_of_its_drug(client: httpx.Client, facts: Facts) -> None:
    meant: dict[str, set[tuple[Kind, str]]] = {}
    for row in facts.of(Kind.APPROVAL).values():
        if row.brand:
            plain = row.brand.partition(" (")[0]
            for spelling in (row.brand, plain, f"{plain}\u00ae", f"{plain} ({row.inhibitor})"):
                meant.setdefault(spelling, set()).add((Kind.INHIBITOR, row.inhibitor))
    ask(client, meant)


def test_two_names_that_are_not_one_record_are_none(client: httpx.Client) -> None:
    for name in ("Actemra (siltuximab)", "tocilizumab (nonsense)"):
        assert client.get("/resolve", params={"q": name}).json()["match"] is None
    for address in ("/inhibitors/tocilizumab/cancers/breast-cancer", "https://example.org/x.html"):
        assert client.get("/resolve", params={"q": address}).json()["match"] is None


def test_suggestions_hold_the_word_that_was_typed(client: httpx.Client) -> None:
    for word in ("sarcoma", "pancreatic", "oesophageal", "receptor", "signalling", "arthritis"):
        near = client.get("/resolve", params={"q": word}).raise_for_status().json()
        assert near["match"] is None
        assert near["suggestions"], word
        for each in near["suggestions"]:
            record = client.get(f"/{BY_KIND[Kind(each['kind'])].path}/{each['id']}").json()
            names = [each["id"], each["name"], *record.get("synonyms", []), *record.get("sought_as", [])]
            assert any(word in name.lower() for name in names), (word, each)


def test_a_suggestion_holds_a_word_as_a_word(client: httpx.Client) -> None:
    for term, never in {"bone cancer": "bonetto", "work": "network"}.items():
        near = client.get("/resolve", params={"q": term}).json()["suggestions"]
        assert not [each["id"] for each in near if never in each["id"]], term


@pytest.mark.parametrize(
    ("term", "wanted"),
    [
        ("IL6R gene", "il6r"),
        ("anti-IL6R mAb", "il6r"),
        ("tocilizumab/Actemra", "tocilizumab"),
        ("clear cell renal cell carcinoma", "renal-cell-carcinoma"),
        ("mCRC", "colorectal-cancer"),
        ("COVID", "covid-19"),
        ("SARS-CoV-2 COVID-19", "covid-19"),
    ],
)
def test_a_term_that_holds_a_name_suggests_it_first(client: httpx.Client, term: str, wanted: str) -> None:
    answer = client.get("/resolve", params={"q": term}).json()
    assert answer["match"] is None  # it says more than the name
    assert answer["suggestions"][0]["id"] == wanted


def test_a_cancer_that_spread_suggests_the_cancer(client: httpx.Client, facts: Facts) -> None:
    terms = {}
    for row in facts.of(Kind.CANCER).values():
        terms[f"metastatic {row.name}"] = row.id
        for acronym in (each for each in row.synonyms if re.fullmatch("[A-Z]{3,}", each)):
            terms[f"m{acronym}"] = row.id
    items = client.post("/resolve", json={"terms": [*terms]}).json()["items"]
    assert len(items) > 70
    for item in items:
        if item["match"]:  # as mCRPC is a name itself
            assert item["match"]["id"] == terms[item["term"]], item
        else:
            assert item["suggestions"][0]["id"] == terms[item["term"]], item


def test_an_organ_is_not_another_organ(client: httpx.Client) -> None:
    for asked, never in {"liver cancer": "bladder", "brain cancer": "breast", "bone cancer": "colon"}.items():
        answer = client.get(f"/cancers/{asked}")
        body = answer.json()
        named = [each["id"] for each in [*body.get("candidates", []), *body.get("suggestions", [])]]
        assert not any(never in each for each in named), (asked, named)
    assert client.get("/cancers/lung cancer").status_code in (200, 409)
