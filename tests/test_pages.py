"""The pages: every record and list has one, well formed, cited, linked, and true to the API."""

import html
import json
import math
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from app.catalog import BY_KIND, RESOURCES, Resource
from app.models.base import Kind
from app.models.vocabulary import Significance
from app.pages.forest import RIGHT, Figure, figure_of, forest
from app.pages.render import FOUND, POLICY, figures, json_ld, number, significance_parts
from app.pages.routes import SORTED
from app.store.summary import Dimension
from tests.conftest import counted, serving
from tests.rows import rows

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}

JSON_LD = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)

PATHS = [each.path for each in RESOURCES]


class Page(HTMLParser):
    """A page as a strict reader sees it: every element closed where it should be, no id twice."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fields: list[str] = []
        self.headings: list[int] = []
        self.refers: list[str] = []
        self.said: list[str] = []
        self.stops: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids)), [each for each in self.ids if self.ids.count(each) > 1]
        assert set(self.refers) <= set(self.ids), set(self.refers) - set(self.ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said.append("" if tag == "span" else " ")
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, attrs)
        assert "style" not in names
        assert not any(name.startswith("on") for name in names)
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and given.get("tabindex") != "-1" and given.get("href"):
            self.stops.append(str(given["href"]))
        if tag == "a":
            self.links.append(str(given.get("href") or given.get("xlink:href")))
        if tag in ("input", "select"):
            self.fields.append(str(given.get("name")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("input", "select") and given.get("type") != "hidden":
            assert given["id"], "a field needs a label"
        if tag == "label":
            self.refers.append(str(given["for"]))
        self.refers += str(given.get("aria-labelledby") or "").split()
        if tag == "th":
            assert given["scope"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        self.said.append("" if tag == "span" else " ")
        assert self.open
        assert self.open[-1] == tag, (self.open, tag)
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "script" not in self.open:
            self.said.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.said).split())


def read(client: httpx.Client, address: str, status: int = 200) -> Page:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == POLICY
    page = Page(answer.text)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    for link in page.links:
        assert urlsplit(link).scheme in ("", "http", "https"), link
    return page


def ids(client: httpx.Client, resource: Resource) -> list[str]:
    found: list[str] = []
    following = f"/{resource.path}?limit=500&fields=id"
    while following:
        answer = client.get(following).json()
        found += [each["id"] for each in answer["items"]]
        following = answer["next"]
    return found


TYPES = {
    "inhibitors": {"Drug"},
    "targets": {"Gene"},
    "cancers": {"MedicalCondition"},
    "indications": {"MedicalCondition"},
    "mechanisms": {"DefinedTerm"},
    "trials": {"MedicalTrial"},
    "publications": {"ScholarlyArticle", "WebPage"},
    "evidence": {"Claim"},
    "interactions": {"Claim"},
    "approvals": {"Claim"},
}


FEW = 20
"""Pages of a collection that are read in the short tests."""


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.longer, id="every"), False])
@pytest.mark.parametrize("resource", RESOURCES, ids=PATHS)
def test_every_record_has_a_page(client: httpx.Client, resource: Resource, every: bool) -> None:
    found = ids(client, resource)
    for record_id in found if every else found[:: 1 + len(found) // FEW]:
        own, data = f"/explore/{resource.path}/{record_id}", f"/{resource.path}/{record_id}"
        answer = client.get(own)
        assert answer.status_code == 200, answer.text
        text = answer.text
        assert answer.headers["Content-Location"] == own
        full = f"{str(client.base_url).rstrip('/')}{own}"
        assert f'<link rel="canonical" href="{full}">' in text
        assert f'<link rel="alternate" type="application/json" href="{data}">' in text
        assert f'<a href="{data}" type="application/json">JSON</a>' in text
        assert text.count("<h1>") == 1
        (linked,) = JSON_LD.findall(text)
        described = json.loads(linked)
        assert described["@context"]["@vocab"] == "https://schema.org/"
        assert described["@id"] == full
        assert described["@type"] in TYPES[resource.path]
        assert described["name"]
    for record_id in (found[0], found[-1], resource.example):
        page = read(client, f"/explore/{resource.path}/{record_id}")
        assert f"release {client.get('/release').json()['version']}" in page.words


@pytest.mark.parametrize("resource", RESOURCES, ids=PATHS)
def test_every_list_is_a_table_with_a_form_and_files(client: httpx.Client, resource: Resource) -> None:
    page = read(client, f"/explore/{resource.path}?limit=2")
    order = ",".join(SORTED.get(resource.path, ["id"]))
    listed = client.get(f"/{resource.path}?limit=2&sort={order}").json()
    for item in listed["items"]:
        assert f"/explore/{resource.path}/{item['id']}" in page.links
    assert f"{listed['total']:,}" in page.words
    filters = set(resource.filters.model_fields)
    of_a_list = {"cursor", "fields", "facets", "format", "ids", "sort"}
    bounded = {each.removesuffix("__gte") for each in filters if each.endswith("__gte")}
    assert filters - of_a_list - bounded <= set(page.fields)
    text = client.get(f"/explore/{resource.path}?id__not={resource.example}&sort=-id").text
    assert f'<input type="hidden" name="id__not" value="{resource.example}">' in text, "kept, if not shown"
    assert '<input type="hidden" name="sort" value="-id">' in text
    for ending in ("csv", "tsv", "ndjson", "bibtex", "ris", "csl"):
        assert f"/{resource.path}?format={ending}" in page.links
    assert f"/{resource.path}?limit=2" in page.links


def test_the_next_page_goes_on_and_leads_back(client: httpx.Client) -> None:
    page = read(client, "/explore/cancers?limit=30&sort=-name&prognosis=poor,not-studied")
    (following,) = [each for each in page.links if "cursor=" in each and each.startswith("/explore")]
    second = read(client, following)
    first = [each for each in page.links if each.startswith("/explore/cancers/")]
    assert not set(first) & {each for each in second.links if each.startswith("/explore/cancers/")}
    assert "/explore/cancers?limit=30&prognosis=poor%2Cnot-studied&sort=-name" in second.links
    assert "/cancers?prognosis=poor%2Cnot-studied&sort=-name&format=csv" in second.links


def test_a_heading_sorts_by_its_column_and_back(client: httpx.Client) -> None:
    page = read(client, "/explore/publications?kind=review")
    assert "/explore/publications?kind=review&sort=year" in page.links
    again = client.get("/explore/publications?kind=review&sort=year").text
    assert 'aria-sort="ascending"' in again
    assert "/explore/publications?kind=review&amp;sort=-year" in again
    assert 'aria-sort="descending"' in client.get("/explore/publications?sort=-year").text


def test_fields_that_nobody_filled_in_are_in_no_address(client: httpx.Client) -> None:
    answer = client.get("/explore/inhibitors?q=&scope=direct&status=&year__gte=")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/explore/inhibitors?scope=direct"
    assert client.get("/explore/search?q=").headers["Location"] == "/explore/search"
    page = read(client, "/explore/inhibitors?scope=direct&status=approved,discontinued")
    assert "approved, discontinued" in page.words


def test_any_name_opens_a_page(client: httpx.Client) -> None:
    for name in ("Actemra", "chembl:CHEMBL1237022", "ROACTEMRA"):
        answer = client.get(f"/explore/inhibitors/{name}")
        assert answer.headers["Content-Location"] == "/explore/inhibitors/tocilizumab"
    assert "chen-2022" in client.get("/explore/publications/10.3389/fonc.2022.903800").text


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/explore/inhibitors/tocilizumb", 404, "Did you mean Tocilizumab"),
        ("/explore/cancers?prognosis=bad", 422, "prognosis"),
        ("/explore/cancers?progosis=poor", 422, "did you mean prognosis?"),
        ("/explore/cancers?inhibitor=tocilizumb", 422, "did you mean tocilizumab?"),
        ("/explore/cancers?format=csv", 422, "format"),
        ("/explore/cancers?cursor=x", 422, "cursor"),
        ("/explore/cancers/breast-cancer?x=1", 422, "Unknown parameter"),
        ("/explore/search?q=a&q=b", 422, "Give it once"),
        ("/explore/matrix?by=cancer", 422, "by"),
        ("/explore/pathway?depth=2", 422, "depth"),
        ("/explore/paths?from=tocilizumab", 422, "Say where a path begins and where it ends"),
        ("/explore/paths?from=tocilizumab&to=ovarian-cancr", 422, "did you mean ovarian-cancer?"),
        ("/explore/paths?from=a&to=b&limit=999", 422, "limit"),
        ("/explore/compare?inhibitors=siltuximab", 422, "Name 2 to 20"),
        ("/explore/conflicts?cancer=brest-cancer", 422, "did you mean breast-cancer?"),
        ("/explore/matrx", 404, "did you mean /explore/matrix?"),
        ("/explore/nothing/of/this", 404, "There is no page"),
        ("/?x=1", 422, "Unknown parameter"),
        ("/explore?x=1", 422, "Unknown parameter"),
    ],
)
def test_a_problem_is_a_page_with_its_status(
    client: httpx.Client, address: str, status: int, words: str
) -> None:
    page = read(client, address, status)
    assert words in page.words
    assert "/explore/cancers" in page.links
    assert client.head(address).status_code == status


def test_an_ambiguous_name_offers_its_records(client: httpx.Client) -> None:
    for address in ("/explore/inhibitors/atc:L04AC07", "/explore/evidence?inhibitor=L04AC07"):
        page = read(client, address, 409)
        assert "It may be one of these" in page.words
        assert {"/explore/inhibitors/tocilizumab", "/explore/inhibitors/tocilizumab-bavi"} <= set(page.links)


def test_a_method_that_changes_things_is_refused_with_a_page(client: httpx.Client) -> None:
    answer = client.post("/explore/cancers")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "Method Not Allowed" in Page(answer.text).words


def test_the_api_goes_on_answering_problems_as_json(client: httpx.Client) -> None:
    assert client.get("/cancers?prognosis=bad").headers["Content-Type"] == "application/problem+json"
    assert "/explore" not in "".join(client.get("/openapi.json").json()["paths"])


@pytest.fixture(scope="module")
def uncached(database_url: str) -> Iterator[httpx.Client]:
    """A client of a server that makes every answer anew."""
    with serving(database_url, cache_bytes=0) as client:
        yield client


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/explore/targets/il6", 9),
        ("/explore/cancers/breast-cancer", 5),
        ("/explore/inhibitors/tocilizumab", 5),
        ("/explore/mechanisms/angiogenesis", 5),
        ("/explore/publications/chen-2022", 2),
        ("/explore/evidence/breast-il6-os-meta-lin-2015", 2),
        ("/explore/trials/nct00385827", 6),
        ("/explore/publications", 2),
        ("/explore/matrix", 1),
        ("/explore/pathway", 0),
        ("/about", 9),
        ("/explore/compare?inhibitors=siltuximab,tocilizumab", 12),
        ("/explore/conflicts", 2),
        ("/explore/search?q=il-6", 7),
        ("/", 5),
        ("/explore", 0),
    ],
)
def test_a_page_takes_a_handful_of_statements(uncached: httpx.Client, address: str, most: int) -> None:
    uncached.get(address)
    with counted() as statements:
        uncached.get(address)
    assert len(statements) <= most, statements


def test_home_says_what_this_is_and_counts_it(client: httpx.Client) -> None:
    page = read(client, "/")
    release = client.get("/release").json()
    assert "No IL-6 inhibitor is approved to treat a cancer." in page.words
    assert release["citation"] in page.words
    for path, count in release["counts"].items():
        assert f"{count:,} {path}" in page.words
        assert f"/explore/{path}" in page.links
    assert {"/docs", "/redoc", "/explore/matrix", "/explore/pathway", "/explore/paths"} <= set(page.links)
    assert f"curl -s '{client.base_url}/cancers?prognosis=poor'" in page.words, "of the host that was asked"


def test_a_question_on_the_home_page_has_an_answer(client: httpx.Client) -> None:
    listed = re.findall(r'<ul class="questions">(.*?)</ul>', client.get("/").text, re.DOTALL)
    questions = Page("".join(listed))
    assert len(questions.links) == questions.words.count("?") > 10
    for address in questions.links:
        page = read(client, address)
        assert "Nothing is recorded" not in page.words
        assert "leads from" not in page.words


def test_home_counts_what_the_pathway_predicts_and_trials_did_not_find(client: httpx.Client) -> None:
    tried: dict[tuple[str, str], set[str]] = {}
    for trial in rows("trials"):
        if trial["purpose"] == "anti-tumour":
            for pair in product(trial["inhibitors"], trial["cancers"]):
                tried.setdefault(pair, set()).add(trial["outcome"])
    page = read(client, "/")
    with_result = not_found = 0
    for (drug, cancer), outcomes in tried.items():
        dossier = f"/inhibitors/{drug}/cancers/{cancer}"
        if client.get(dossier).json()["predicted"] == "suppresses":
            assert f"/explore{dossier}" in page.links
            results = outcomes - {"safety-only", "not-reported"}
            with_result += bool(results)
            not_found += results == {"negative"}
    assert 0 < not_found < with_result
    assert f"{not_found} of {with_result} times that the pathway predicts" in page.words


def test_drugs_are_compared_side_by_side(client: httpx.Client) -> None:
    read(client, "/explore/compare")
    for kept in ("", "&cancer=pancreatic+cancer"):
        page = read(
            client, f"/explore/compare?inhibitors=Sylvant&inhibitors=tocilizumab&inhibitors=Jakafi{kept}"
        )
        compared = client.get(f"/compare?inhibitors=siltuximab,tocilizumab,ruxolitinib{kept}").json()
        of = "&cancer=pancreatic-cancer" if kept else ""
        for each in compared["items"]:
            drug = each["inhibitor"]
            assert f"/explore/inhibitors/{drug['id']}" in page.links
            for outcome in each["trials"].get("anti-tumour", {}):
                listed = f"/explore/trials?inhibitor={drug['id']}{of}&purpose=anti-tumour&outcome={outcome}"
                assert listed in page.links
                number = client.get(listed.removeprefix("/explore")).json()["total"]
                assert number == each["trials"]["anti-tumour"][outcome]
            for significance in each["evidence"]["therapeutic"]:
                listed = f"/explore/evidence?inhibitor={drug['id']}{of}&type=therapeutic"
                assert f"{listed}&significance={significance}" in page.links
    assert "/explore/inhibitors/ruxolitinib/cancers/pancreatic-cancer" in page.links
    assert page.fields.count("inhibitors") == 4
    for address in ("inhibitors=siltuximab", "inhibitors=siltuximab,tocilizumb", "cancer=breast-cancer"):
        assert "inhibitors" in read(client, f"/explore/compare?{address}", 422).fields


@pytest.mark.parametrize(
    "asked", ["", "?cancer=ovarian-cancer", "?inhibitor=Actemra", "?cancer=uveal-melanoma"]
)
def test_questions_in_dispute_show_both_sides(client: httpx.Client, asked: str) -> None:
    page = read(client, f"/explore/conflicts{asked}")
    conflicts = client.get(f"/evidence/conflicts{asked}").json()
    assert f"{conflicts['total']} question" in page.words
    assert ("do not disagree" in page.words) is (conflicts["total"] == 0)
    for each in conflicts["items"]:
        assert each["question"] in page.words
        for claim in (claim for side in each["sides"] for claim in side["claims"]):
            assert f"/explore/evidence/{claim['id']}" in page.links


def test_no_link_is_dead(client: httpx.Client) -> None:
    links: set[str] = set()
    records = ("inhibitors/siltuximab", "cancers/uveal-melanoma")
    for address in ("/", "/explore/paths", *(f"/explore/{each}" for each in records)):
        links |= set(read(client, address).links)
    links |= {f"/explore/{each.path}?limit=1" for each in RESOURCES}
    own = sorted(each for each in links if each.startswith("/") and "format=" not in each)
    assert len(own) > 100
    for each in own:
        assert client.get(each).status_code == 200, each
    assert client.get("/static/atlas.css").headers["Content-Type"].startswith("text/css")
    assert client.get("/static/favicon.svg").headers["Content-Type"] == "image/svg+xml"


def test_a_drug_is_plainly_not_approved_for_cancer(client: httpx.Client) -> None:
    page = read(client, "/explore/inhibitors/tocilizumab")
    assert "Tocilizumab is not approved to treat a cancer" in page.words
    record = client.get("/inhibitors/tocilizumab").json()
    for each in record["approvals"]:
        assert f"/explore/approvals/{each['id']}" in page.links
    for each in record["trials"]:
        assert f"/explore/trials/{each['id']}" in page.links
    assert "negative" in page.words
    assert "https://bioregistry.io/chembl:CHEMBL1237022" in page.links
    ruxolitinib = read(client, "/explore/inhibitors/ruxolitinib")
    assert "Ruxolitinib is approved to treat a cancer" in ruxolitinib.words


def test_every_source_of_a_page_is_numbered_and_cited(client: httpx.Client) -> None:
    page = read(client, "/explore/cancers/breast-cancer")
    numbers = [int(each.removeprefix("source-")) for each in page.ids if each.startswith("source-")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {each for each in page.links if each.startswith("#source-")} <= {f"#source-{n}" for n in numbers}
    (bibtex,) = [each for each in page.links if each.startswith("/publications?ids=") and "bibtex" in each]
    assert client.get(bibtex).text.count("\n@") + 1 >= len(numbers)


def test_a_publication_can_be_taken_home_and_shows_what_rests_on_it(client: httpx.Client) -> None:
    page = read(client, "/explore/publications/chen-2022")
    record = client.get("/publications/chen-2022").json()
    assert record["citation"] in page.words
    for each in record["evidence"]:
        assert f"/explore/evidence/{each['id']}" in page.links
    for ending in ("bibtex", "ris", "csl"):
        assert f"/publications?ids=chen-2022&format={ending}" in page.links


def claims(client: httpx.Client, cancer: str) -> dict[str, Any]:
    asked = {"cancer": cancer, "type": "prognostic", "limit": 500}
    return {each["id"]: each for each in client.get("/evidence", params=asked).json()["items"]}


def test_the_forest_plot_shows_every_ratio_and_the_table_every_claim(client: httpx.Client) -> None:
    page = read(client, "/explore/cancers/breast-cancer")
    found = claims(client, "breast-cancer")
    for each in found:
        assert f"/explore/evidence/{each}" in page.links
    assert "Lin 2015 1 meta-analysis" in page.words, "with the number of its source"
    assert "HR 2.15 (1.46 to 3.17)" in page.words
    drawn = [each for each in found.values() if isinstance(figure_of(each), Figure)]
    assert f"{len(drawn)} of {len(found)} claims have a ratio of high against low IL-6" in page.words
    text = client.get("/explore/cancers/breast-cancer").text
    assert text.count('class="interval"') == len([each for each in drawn if each["effect"]["ci_low"]]) == 3
    assert "6 worse 1 divided 7 studies of circulating IL-6" in page.words
    assert "Tumour: better 1 better" in page.words


def test_a_ratio_of_low_against_high_is_turned_and_said_to_be(client: httpx.Client) -> None:
    claim = claims(client, "pancreatic-cancer")["pancreatic-serum-il6-os-biomedicines-2024"]
    figure = figure_of(claim)
    assert isinstance(figure, Figure)
    assert figure.text == "3.03 (1.67 to 5.56)"
    words = read(client, "/explore/cancers/pancreatic-cancer").words
    assert "3.03 (1.67 to 5.56) turned: published as low against high IL-6" in words
    response = claims(client, "renal-cell-carcinoma")["rcc-il6-response-meta-wang-2020"]
    figure = figure_of(response)
    assert isinstance(figure, Figure)
    assert figure.text == "5.11 (2.21 to 11.8)", "to respond is good, so a low IL-6 comes first"
    assert "low against high IL-6" in str(figure.note)


def test_every_ratio_for_a_worse_outcome_lies_on_its_side(client: httpx.Client) -> None:
    """Turned rightly, each ratio that supports a poor outcome is above 1."""
    for cancer in client.get("/cancers?limit=500&fields=id").json()["items"]:
        for claim in claims(client, cancer["id"]).values():
            figure = figure_of(claim)
            if isinstance(figure, Figure) and claim["significance"] == "poor-outcome":
                assert figure.value > 1, claim["id"]


def claim_of(value: float, low: float | None, high: float | None, level: str = "B") -> dict[str, Any]:
    effect = {"measure": "HR", "value": value, "ci_low": low, "ci_high": high, "n": 10}
    effect |= {"endpoint": "overall-survival", "comparison": "high-versus-low", "harmonised": {**effect}}
    own = {"id": "a", "publication": {"id": "a-2020"}, "statement": "A high IL-6 was bad."}
    return {**own, "effect": effect, "level": level, "specimen": "serum", "target": {"id": "il6"}}


def test_the_axis_is_logarithmic_and_cuts_what_goes_beyond() -> None:
    drawn = forest([claim_of(0.5, None, None), claim_of(2, 0.5, 136, "A")])
    ((title, (first, second)),) = drawn.groups
    assert title == "overall-survival"
    assert first.pooled, "a meta-analysis comes first"
    assert math.isclose(first.x - drawn.one, drawn.one - second.x, abs_tol=0.1)
    assert (first.cut_left, first.cut_right) == (False, True)
    assert first.right == RIGHT
    assert second.left is None
    assert forest([{**claim_of(2, 1, 3), "effect": None}]).groups == []


def test_what_is_no_ratio_of_high_against_low_il_6_is_not_drawn(client: httpx.Client) -> None:
    """It is listed below the plot, with the reason."""
    for cancer, claim, why in (
        ("melanoma", "melanoma-serum-il6-plus-ldh-os-2012", "together with another marker."),
        ("solid-and-blood-cancers", "pan-cancer-il6-174-gc-better-os-zhai-2017", "It compares genotypes"),
        ("breast-cancer", "breast-prediagnostic-plasma-il6-os-castro-espin-2024", "It is per step of the"),
        (
            "pancreatic-cancer",
            "pancreatic-serum-il6-sil6r-ratio-os-biomedicines-2024",
            "It is of something else",
        ),
    ):
        text = client.get(f"/explore/cancers/{cancer}").text
        plot, rest = text.split('id="prognosis-table"')
        assert claim not in plot
        assert why in next(row for row in rest.split("<tr>") if claim in row)


def test_a_dossier_sets_prediction_beside_trial(client: httpx.Client) -> None:
    address = "/inhibitors/siltuximab/cancers/multiple-myeloma"
    page, data = read(client, f"/explore{address}"), client.get(address).json()
    assert data["summary"] in page.words
    assert "Siltuximab would suppress multiple myeloma." in page.words
    for each in (*data["trials"], *data["therapeutic"]):
        kind = "trials" if "outcome" in each else "evidence"
        assert f"/explore/{kind}/{each['id']}" in page.links
    for elsewhere in ("/explore/inhibitors/siltuximab", "/explore/cancers/multiple-myeloma"):
        assert f"/explore{address}" in read(client, elsewhere).links
    assert f"/explore{address}" in read(client, "/explore/matrix").links
    paths = read(client, "/explore/paths?from=siltuximab&to=multiple-myeloma")
    assert f"/explore{address}" in paths.links
    assert data["summary"] in paths.words
    assert "Siltuximab suppresses" not in paths.words, "a prediction is no statement"
    nothing = read(client, "/explore/inhibitors/levilimab/cancers/melanoma")
    assert "No trial of it in this cancer is recorded." in nothing.words
    read(client, "/explore/inhibitors/siltuximab/cancers/melanom", 404)


def test_the_matrix_is_what_the_summary_counts(client: httpx.Client) -> None:
    page = read(client, "/explore/matrix")
    cells = client.get("/evidence/summary?by=cancer,inhibitor&type=therapeutic").json()["items"]
    text = client.get("/explore/matrix").text
    assert "Therapeutic evidence by cancer and inhibitor" in page.words
    for cell in cells:
        cancer, inhibitor = cell["cancer"], cell["inhibitor"]
        assert f"/explore/inhibitors/{inhibitor['id']}/cancers/{cancer['id']}" in page.links
        counts = cell["evidence"]["therapeutic"]
        said = ", ".join(f"{each[2]} {each[1]}" for each in significance_parts("therapeutic", counts))
        assert f'aria-label="{cancer["name"]}, {inhibitor["name"]}: {said}"' in text
    narrow = read(client, "/explore/matrix?by=mechanism&by=level&cancer=breast-cancer")
    assert any("cancer=breast-cancer&mechanism=" in each for each in narrow.links)


@pytest.mark.parametrize("dimension", [each for each in Dimension if each != Dimension.CANCER])
def test_the_matrix_takes_any_two_dimensions(client: httpx.Client, dimension: Dimension) -> None:
    page = read(client, f"/explore/matrix?by={dimension}&by=cancer&type=prognostic,therapeutic")
    cells = [each for each in page.links if each.startswith("/explore/evidence?")]
    assert bool(cells) is (dimension != Dimension.YEAR)
    for each in cells[:2]:
        assert "Nothing is recorded" not in read(client, each).words


def test_search_marks_its_hits_and_goes_on(client: httpx.Client) -> None:
    page = read(client, "/explore/search?q=il-6")
    answer = client.get("/search?q=il-6").json()
    for hit in answer["items"]:
        assert f"/explore{hit['url']}" in page.links
    assert "<mark>" in client.get("/explore/search?q=il-6").text
    (following,) = [each for each in page.links if each.startswith("/explore/search") and "cursor" in each]
    assert read(client, following).links != page.links
    assert "/explore/search?q=il-6&kind=trial" in page.links
    assert "No record holds" in read(client, "/explore/search?q=xyzzyplugh").words
    misspelt = read(client, "/explore/search?q=tocilizumb")
    assert "Did you mean Tocilizumab" in misspelt.words
    assert "/explore/inhibitors/tocilizumab" in misspelt.links


def test_what_a_reader_types_stays_text(client: httpx.Client) -> None:
    evil = '"><script>alert(1)</script>'
    for address in ("/explore/search", "/explore/cancers", "/explore/matrix"):
        assert "<script>alert" not in client.get(address, params={"q": evil}).text
    assert "<script>alert" not in client.get("/explore/cancers", params={"inhibitor": evil}).text
    assert "<script>alert" not in client.get("/explore/cancers", params={evil: "1"}).text
    assert "<script>alert" not in client.get(f"/explore/cancers/{evil}").text


def test_the_pathway_is_drawn_and_told(client: httpx.Client) -> None:
    page = read(client, "/explore/pathway?cancer=ovarian+cancer&depth=2")
    graph = client.get("/graph?cancer=ovarian-cancer&depth=2").json()
    assert f"{len(graph['nodes'])} nodes, {len(graph['edges'])} edges" in page.words
    for edge in graph["edges"]:
        assert edge["statement"] in page.words
    assert "/explore/targets/stat3" in page.links
    for ending in ("cytoscape", "cx2", "graphml", "sif", "sifnx", "dot", "svg", "kgx-nodes", "kgx-edges"):
        assert f"/graph?cancer=ovarian+cancer&depth=2&format={ending}" in page.links
    core = read(client, "/explore/pathway")
    proteins = ("il6", "il6r", "il6st", "jak1", "stat3")
    places = [core.links.index(f"/explore/targets/{each}") for each in proteins]
    assert places == sorted(places), "from the ligand down"
    assert {
        f"/explore/inhibitors/{each['id']}" for each in client.get("/inhibitors?limit=500").json()["items"]
    } <= {*core.links}


def test_paths_are_read_out_and_cited(client: httpx.Client) -> None:
    address = "from=tocilizumab&to=ovarian-cancer&via=angiogenesis&limit=2"
    page = read(client, f"/explore/paths?{address}")
    answer = client.get(f"/graph/paths?{address}").json()
    assert len(answer["paths"]) == 2
    for path in answer["paths"]:
        assert path["reading"] in page.words
        for edge in path["edges"]:
            for each in edge["publications"]:
                assert f"/explore/publications/{each['id']}" in page.links
    drawn = [each for each in page.links if "/graph/paths?" in each and "format=svg" in each]
    assert client.get(drawn[0]).text == client.get(f"/graph/paths?{address}&format=svg").text
    none = read(client, "/explore/paths?from=ovarian-cancer&to=tocilizumab")
    assert "No chain of recorded statements leads from" in none.words


def test_a_page_without_a_release_says_so(tmp_path: Any) -> None:
    with serving(f"sqlite:///{tmp_path / 'none.sqlite'}") as empty:
        answer = empty.get("/")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "No release is loaded" in Page(answer.text).words


def test_head_answers_where_get_does(client: httpx.Client) -> None:
    for address in ("/", "/explore/cancers", "/explore/cancers/breast-cancer", "/explore/cancers/x"):
        head, get = client.head(address), client.get(address)
        assert (head.status_code, head.text) == (get.status_code, "")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
        assert head.headers["X-Atlas-Release"]


def test_data_in_a_page_cannot_end_its_element() -> None:
    text = str(json_ld({"name": "</script><script>alert(1)</script>&"}))
    assert "<" not in text
    assert json.loads(text)["name"] == "</script><script>alert(1)</script>&"


def test_figures_are_written_for_people() -> None:
    assert [number(each) for each in (3224, 2.15, 1e-05, 3.0)] == ["3,224", "2.15", "0.00001", "3"]
    effect: dict[str, Any] = {
        "measure": "HR", "value": 2.15, "ci_low": 1.46, "ci_high": 3.17, "unit": None, "comparison": None,
        "p_relation": "<", "p_value": 0.001, "endpoint": "overall-survival", "event": None,
        "horizon_months": 60, "n": 3224, "harmonised": None,
    }  # fmt: skip
    assert (
        figures(effect).replace("\N{NO-BREAK SPACE}", " ")
        == "HR 2.15 (95 % CI 1.46 to 3.17), p < 0.001, overall survival, at 60 months, n = 3,224"
    )
    assert figures(None) == ""
    endpoints = [
        figures({**effect, "endpoint": each}) for each in ("progression-free-survival", "adverse-event")
    ]
    assert "progression-free survival" in endpoints[0]
    assert "adverse event" in endpoints[1]


def test_the_reader_of_pages_can_fail() -> None:
    for text in ("<p><b></p>", '<p id="a"></p><p id="a"></p>', "<th></th>", '<p style="x"></p>'):
        with pytest.raises((AssertionError, KeyError)):
            Page(text)
    assert BY_KIND[Kind.EVIDENCE].path == "evidence"


@pytest.mark.longer
def test_titles_are_short_and_tell_records_apart(client: httpx.Client) -> None:
    titles: dict[str, list[str]] = {}
    for resource in RESOURCES:
        for record_id in (
            ids(client, resource)[:40] if resource.path != "approvals" else ids(client, resource)
        ):
            text = client.get(f"/explore/{resource.path}/{record_id}").text
            (title,) = re.findall("<title>(.*?)</title>", text)
            assert len(html.unescape(title)) < 70, title
            (heading,) = re.findall("<h1>(.*?)</h1>", text)
            titles.setdefault(heading, []).append(record_id)
            assert text.count('<meta property="og:title"') == text.count('name="citation_title"') == 1
    approvals = set(ids(client, BY_KIND[Kind.APPROVAL]))
    assert [each for each in titles.values() if len(each) > 1 and {*each} <= approvals] == []


def test_a_publication_can_be_saved_by_a_reference_manager(client: httpx.Client) -> None:
    text, record = (
        client.get("/explore/publications/chen-2022").text,
        client.get("/publications/chen-2022").json(),
    )
    assert f'<meta name="citation_doi" content="{record["doi"]}">' in text
    assert text.count('<meta name="citation_author"') == len(record["authors"])
    assert f'<meta name="citation_journal_title" content="{record["journal"]}">' in text


def test_robots_and_the_sitemap_name_every_record(client: httpx.Client) -> None:
    assert f"Sitemap: {client.base_url}/sitemap.xml" in client.get("/robots.txt").text
    sitemap = client.get("/sitemap.xml")
    assert sitemap.headers["Content-Type"].startswith("application/xml")
    listed = re.findall("<loc>(.*?)</loc>", sitemap.text)
    assert len(listed) == len({*listed})
    for resource in RESOURCES:
        for record_id in ids(client, resource):
            assert f"{client.base_url}/explore/{resource.path}/{record_id}" in listed
    assert client.get("/favicon.ico").content[:4] == b"\x00\x00\x01\x00"


def test_a_list_says_where_in_it_a_page_lies(client: httpx.Client) -> None:
    total = client.get("/release").json()["counts"]["evidence"]
    page = read(client, "/explore/evidence?limit=50")
    assert f"1 to 50 of {total} claims" in page.words
    (following,) = {each for each in page.links if "cursor=" in each and each.startswith("/explore")}
    assert f"51 to 100 of {total} claims" in read(client, following).words
    assert "1 to" not in read(client, "/explore/evidence?cancer=uveal-melanoma").words


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        (
            "/explore/cancers?inhibitor=tocilizumb&q=survival",
            "/explore/cancers?q=survival&inhibitor=tocilizumab",
        ),
        ("/explore/cancers?progosis=poor", "/explore/cancers?prognosis=poor"),
        ("/explore/matrx", "/explore/matrix"),
    ],
)
def test_what_was_meant_is_a_link(client: httpx.Client, address: str, meant: str) -> None:
    answer = client.get(address)
    assert meant in Page(answer.text).links
    for name, value in parse_qsl(urlsplit(address).query):
        if name in ("inhibitor", "q"):
            assert f'name="{name}"' in answer.text
            assert f'value="{value}"' in answer.text, "a form keeps what was typed"


def test_names_are_completed_without_a_script(client: httpx.Client) -> None:
    text = client.get("/explore/trials").text
    assert 'list="names-inhibitor"' in text
    assert '<option value="Siltuximab"></option>' in text


@pytest.mark.parametrize(
    "address", ["/", "/explore/cancers/breast-cancer", "/explore/evidence", "/explore/matrix"]
)
def test_a_keyboard_meets_each_address_once(client: httpx.Client, address: str) -> None:
    page = read(client, address)
    assert len(page.stops) == len({*page.stops})
    cells = {each for each in page.links if "/cancers/" in each and each.startswith("/explore/inhibitors/")}
    if address == "/explore/matrix":
        assert cells
        assert not cells & {*page.stops}, "the last cell of a row leads to what its cells do"
        rows = client.get("/evidence/summary?by=cancer,inhibitor").json()["items"]
        for cancer in {each["cancer"]["id"] for each in rows}:
            assert f"/explore/evidence?type=therapeutic&cancer={cancer}" in page.stops
    else:
        assert {*page.links} - cells <= {*page.stops}


def test_rows_of_one_study_are_told_apart_in_the_forest_plot(client: httpx.Client) -> None:
    """Two ratios of one study and end point differ in their patients: a row says in which."""
    for cancer in ("ovarian-cancer", "non-small-cell-lung-cancer"):
        plot = client.get(f"/explore/cancers/{cancer}").text.partition('id="prognosis-table"')[0]
        rows = re.findall(r'<th scope="row">(.*?)</th><td>', plot.partition('id="forest"')[2])
        drawn = [claim for claim in claims(client, cancer).values() if isinstance(figure_of(claim), Figure)]
        studies = [(claim["publication"]["id"], claim["effect"]["endpoint"]) for claim in drawn]
        twice = [claim for claim, of in zip(drawn, studies, strict=True) if studies.count(of) > 1]
        assert twice
        for claim in twice:
            (row,) = [each for each in rows if f'/evidence/{claim["id"]}"' in each]
            assert claim["statement"][:30] in re.sub("<[^>]+>", "", row)


def test_a_name_within_a_title_keeps_its_capital_only_if_it_is_of_a_person(client: httpx.Client) -> None:
    for indication, words in {
        "takayasu-arteritis": "for Takayasu arteritis: PMDA",
        "rheumatoid-arthritis": "for rheumatoid arthritis: PMDA",
    }.items():
        (first, *_) = client.get(f"/approvals?indication={indication}&agency=PMDA").json()["items"]
        assert words in read(client, f"/explore/approvals/{first['id']}").words
    assert "Ruxolitinib in Hodgkin lymphoma" in read(client, "/").words


@pytest.mark.parametrize(
    "address",
    [
        "/explore/releases",
        "/explore/releases/{version}",
        "/explore/compare?inhibitors=siltuximab,tocilizumab",
        "/explore/inhibitors/siltuximab",
        "/explore/cancers/breast-cancer",
        *(f"/explore/{path}" for path in PATHS),
    ],
)
def test_a_number_on_a_card_says_what_it_counts(client: httpx.Client, address: str) -> None:
    """A telephone shows no heads of columns; a year says by itself what it is."""
    text = client.get(address.format(version=client.get("/release").json()["version"])).text
    bare = re.findall(r"<td(?![^>]*data-label)[^>]*>\s*(<span[^>]*>)?([\d,]+|[A-E])(</span>)?\s*</td>", text)
    assert [each[1] for each in bare if not re.fullmatch("(19|20)\\d\\d", each[1])] == []


def test_what_was_studied_comes_before_what_was_not(client: httpx.Client) -> None:
    words = read(client, "/explore/cancers/primary-cns-lymphoma").words
    assert words.index("Cerebrospinal fluid: better 1 better") < words.index(
        "not studied No publication here"
    )


def test_trials_against_the_tumour_stand_apart(client: httpx.Client) -> None:
    trials = client.get("/inhibitors/tocilizumab").json()["trials"]
    words = read(client, "/explore/inhibitors/tocilizumab").words
    against = [each for each in trials if each["purpose"] == "anti-tumour"]
    with_result = [each for each in against if each["outcome"] != "not-reported"]
    for title, count in {
        "Against the tumour, with a result": len(with_result),
        "Against the tumour, no result": len(against) - len(with_result),
        "For another purpose": len(trials) - len(against),
    }.items():
        assert count
        assert f"{title}: {count}" in words


def test_no_page_says_that_a_sentence_is_not_supported(client: httpx.Client) -> None:
    """It says what is not: that the drug helps or harms, or that a high IL-6 is worse."""
    told = {
        "therapeutic": "that the drug helps Does not support",
        "safety": "that the drug does harm Does not support",
        "prognostic": "that a high IL-6 is worse Does not support",
        "mechanistic": "that it acts so Does not support",
    }
    for kind, words in told.items():
        listed = client.get(f"/evidence?type={kind}&direction=does-not-support&limit=2&fields=id").json()[
            "items"
        ]
        for each in listed:
            assert words in read(client, f"/explore/evidence/{each['id']}").words
    for address in ("/explore/evidence?direction=does-not-support", "/explore/cancers/breast-cancer"):
        answer = re.sub("<form.*?</form>", "", client.get(address).text, flags=re.DOTALL)
        assert "oes not support" not in answer.partition("<table>")[2]


def test_figures_say_a_thing_once_and_nothing_without_a_figure(client: httpx.Client) -> None:
    for claim in all_claims(client):
        told = figures(claim["effect"])
        effect = claim["effect"]
        if effect and effect["value"] is None and effect["p_value"] is None and effect["n"] is None:
            assert told == "", claim["id"]
        if effect and effect["measure"] and effect["value"] is not None:
            assert told.count(effect["measure"]) <= 1, claim["id"]


def test_a_ratio_published_the_other_way_round_is_told_turned_too(client: httpx.Client) -> None:
    """HR 0.43 beside "worse outcome" is a riddle: whoever reads one line sees high against low as well."""
    turned = "low versus high, overall survival, high versus low: 2.326 (1.695 to 3.226)"
    assert turned in read(client, "/explore/publications/xu-2015").words
    listed = read(client, "/explore/evidence?cancer=pancreatic-cancer&type=prognostic").words
    assert "HR 0.33 (95 % CI 0.18 to 0.6)" in listed
    assert "high versus low: 3.03 (1.667 to 5.556)" in listed


def all_claims(client: httpx.Client) -> Iterator[dict[str, Any]]:
    following = "/evidence?limit=500"
    while following:
        answer = client.get(following).json()
        yield from answer["items"]
        following = answer["next"]


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/about",
        "/explore/cancers/breast-cancer",
        "/explore/inhibitors/tocilizumab",
        "/explore/targets/il6",
        "/explore/matrix",
        "/explore/pathway",
        "/explore/evidence",
        "/explore/conflicts",
        "/explore/compare?inhibitors=siltuximab,tocilizumab,ruxolitinib",
        "/explore/publications/chen-2022",
        "/explore/releases/{version}",
    ],
)
def test_a_page_is_light(client: httpx.Client, address: str) -> None:
    address = address.format(version=client.get("/release").json()["version"])
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    style = client.get("/static/atlas.css", headers={"Accept-Encoding": "gzip"})
    size = sum(int(each.headers["Content-Length"]) for each in (answer, style))
    assert size < 60_000
    loaded = re.findall(r'<(?:link rel="(?:stylesheet|icon)"|img|script src)[^>]*', answer.text)
    assert len(loaded) <= 2, "and the page itself"


def test_one_colour_has_one_meaning() -> None:
    tones: dict[str, set[str]] = {}
    for key, said in FOUND.items():
        tones.setdefault(said.tone, set()).add(key if isinstance(key, str) else key[1])
    assert tones["worse"] == {"poor-outcome"}
    assert tones["better"] == {"better-outcome"}
    assert tones["harm"] == {"harm", "adverse-event"}
    assert not tones["benefit"] & tones["null"]
    assert set(Significance) <= {key for key in FOUND if isinstance(key, str)}


def test_the_documentation_has_a_word_where_no_script_runs(client: httpx.Client) -> None:
    for address in ("/docs", "/redoc"):
        text = client.get(address).text
        assert '<html lang="en-GB">' in text
        assert "<noscript>" in text
        assert '<a href="/">' in text
        assert "fastapi/favicon" not in text


def test_a_search_that_finds_nothing_whole_says_what_was_missing(client: httpx.Client) -> None:
    page = client.get("/explore/search", params={"q": "siltuximb melanoma"})
    text = " ".join(re.sub(r"<[^>]*>", " ", html.unescape(page.text)).split())
    assert 'value="siltuximb melanoma"' in page.text
    assert "No record holds “siltuximb”." in text
    assert '<a href="/explore/inhibitors/siltuximab">Siltuximab</a>' in page.text
    assert "These hold the most of it" in text
    assert "Cancer, without siltuximb" in text
    whole = client.get("/explore/search", params={"q": "siltuximab myeloma"}).text
    assert "No record holds" not in whole
    assert ", without" not in whole
