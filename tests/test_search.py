"""Search: the same hits on both databases, ranked by what was hit; and no text that is a fault of ours."""

import csv
import html
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.errors import InvalidParameter
from app.models.base import Kind
from app.seeding.answers import Facts, name_of
from app.store.engine import make_engine, parse_url
from app.store.memory import Memory
from app.store.names import NAMED
from app.store.search import found
from app.store.text import fold, index_words, parts, squeeze, stem, word_of
from tests.conftest import RELEASE, PostgreSQL
from tests.test_names import names_of
from tests.test_resources import get, walk

ONE_THING = [
    "IL-6",
    "IL6",
    "il 6",
    "interleukin-6",
    "Interleukin 6",
    "il\u20116",
    "IL\u20106",
    "INTERLEUKIN-6",
]


@pytest.mark.parametrize("spelling", ONE_THING)
def test_spellings_of_one_thing_find_the_same(client: httpx.Client, spelling: str) -> None:
    asked = client.get("/search", params={"q": spelling, "limit": 0}).json()
    assert asked["total"] == get(client, "/search?q=IL-6&limit=0")["total"] > 1000


def test_ranks_names_above_words_in_names_above_text(client: httpx.Client) -> None:
    hits = walk(client, "/search?q=gp130&limit=100")
    assert (hits[0]["kind"], hits[0]["id"], hits[0]["score"]) == ("target", "il6st", 3)
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert set(scores) == {3, 2, 1}
    for hit in hits:
        named = index_words(hit["name"]) | index_words(hit["id"])
        if hit["kind"] in ("publication", "evidence", "interaction"):
            assert "gp130" not in named or hit["score"] == 2 or hit["kind"] != "publication", hit
    statements = [hit for hit in hits if hit["kind"] == "evidence" and "gp130" not in index_words(hit["id"])]
    assert {hit["score"] for hit in statements} == {1}


def test_pages_of_hits_are_all_hits_once(client: httpx.Client) -> None:
    whole = walk(client, "/search?q=tocilizumab&limit=500")
    parts = walk(client, "/search?q=tocilizumab&limit=7")
    assert parts == whole
    assert len({(hit["kind"], hit["id"]) for hit in whole}) == len(whole)
    assert whole[0] | {"snippet": ""} == {
        "kind": "inhibitor",
        "id": "tocilizumab",
        "name": "Tocilizumab",
        "snippet": "",
        "score": 3,
        "url": "/inhibitors/tocilizumab",
    }


def test_kinds_are_counted_and_chosen(client: httpx.Client) -> None:
    all_ = get(client, "/search?q=angiogenesis&limit=500")
    counts = all_["facets"]["kind"]
    assert sum(counts.values()) == all_["total"]
    for asked in ("publications", "publication"):
        chosen = get(client, f"/search?q=angiogenesis&kind={asked}&limit=500")
        assert chosen["total"] == counts["publication"] == len(chosen["items"])
        assert {hit["kind"] for hit in chosen["items"]} == {"publication"}
        assert chosen["facets"]["kind"] == counts
    two = get(client, "/search?q=angiogenesis&kind=publications,evidence&limit=0")
    assert two["total"] == counts["publication"] + counts["evidence"]


def test_every_hit_leads_to_its_record_and_marks_what_was_hit(client: httpx.Client, facts: Facts) -> None:
    angiogenesis = facts.of(Kind.MECHANISM)["angiogenesis"]
    meant = {stem(squeeze(each)) for each in ("ovarian", angiogenesis.name, *angiogenesis.synonyms)}
    for hit in get(client, "/search?q=ovarian%20angiogenesis&limit=20")["items"]:
        assert client.get(hit["url"]).status_code == 200
        marked = re.findall(r"<mark>(.*?)</mark>", hit["snippet"])
        assert marked, hit
        for each in marked:
            assert stem(squeeze(each)) in meant or "-" in each
        bare = re.sub(r"</?mark>", "", hit["snippet"])
        assert "<" not in bare
        assert len(html.unescape(bare)) < 300


def ids(client: httpx.Client, query: str, path: str = "evidence") -> set[str]:
    """The ids of all records of a collection that a query finds."""
    response = client.get(f"/{path}", params={"q": query, "format": "ndjson", "fields": "id"})
    assert response.status_code == 200, (query, response.text)
    return {json.loads(line)["id"] for line in response.text.splitlines()}


SAME = [
    ["tumour", "tumor", "tumours", "TUMORS"],
    ["leukaemia", "leukemia"],
    ["signalling", "signaling"],
    ["tumourigenesis", "tumorigenesis"],
    ["centre", "center", "centres"],
    ["metastases", "metastasis"],
    ["thromboses", "thrombosis"],
    ["analysis", "analyses", "analyse", "analyze"],
    ["polarisation", "polarization"],
    ["oesophageal", "esophageal"],
    ["Mei\u00dfner", "Meissner"],
    ["M\u00fcller", "Mueller"],
    ["NF-kB", "NF-\u03baB", "NF-kappa B", "NF kappa B", "NFkappaB", "nf\u03bab"],
    ["TNF-\u03b1", "TNF-alpha", "TNF alpha", "TNF\u03b1", "TNF-a"],
    ["TGF-\u03b21", "TGF-beta1", "TGF beta 1", "TGFB1"],
    ["IL-1\u03b2", "IL-1 beta", "interleukin 1\u03b2", "IL1-beta"],
    ["IFN-\u03b3", "IFN gamma", "IFN\u03b3"],
    ["IL-6R\u03b1", "IL-6R alpha", "IL6Ralpha"],
    ["p-STAT3", "phospho-STAT3", "pSTAT3"],
    ["p-AKT1", "phosphoAKT1", "phospho-AKT1"],
    ["interleukin6", "Interleukin-6", "interleukin 6", "IL6", "IL-6", "il \u20116"],
    ["IL-6/IL-6R", "interleukin-6 / interleukin-6R"],
    ["Hodgkin's lymphoma", "Hodgkin lymphoma", "Hodgkin\u2019s lymphoma"],
    ["breast carcinoma", "breast cancers", "breast tumour", "breast neoplasm"],
    ["pancreas", "pancreatic"],
    ["ovary", "ovarian", "ovaries"],
    ["cervix", "cervical"],
    ["rectum", "rectal"],
    ["endometrium", "endometrial"],
    ["uterus", "uterine"],
    ["testis", "testicular", "testicles"],
    ["esophagus", "oesophagus", "oesophageal"],
    ["larynx", "laryngeal"],
    ["pharynx", "pharyngeal"],
    ["pleura", "pleural"],
    ["prostate", "prostatic"],
]
"""What is one word however it is spelt: Greek letters, umlauts, plurals, British words, organs, symbols."""


@pytest.mark.parametrize("spellings", SAME, ids=lambda each: each[0].encode("ascii", "replace").decode())
def test_the_spellings_of_a_word_find_the_same(client: httpx.Client, spellings: list[str]) -> None:
    first, *others = ({path: ids(client, each, path) for path in SEARCHED} for each in spellings)
    for spelling, found_ids in zip(spellings[1:], others, strict=True):
        assert found_ids == first, spelling


def test_what_is_phosphorylated_is_found_by_its_short_form(client: httpx.Client) -> None:
    said = ids(client, '"phosphorylated STAT3"')
    assert said
    assert ids(client, "pSTAT3") >= said
    assert ids(client, "phosphorylated STAT3") >= said


SEARCHED = ("evidence", "publications", "mechanisms")


def test_names_are_words(client: httpx.Client) -> None:
    for one, other in {
        "Actemra pancreatic": "tocilizumab pancreatic",
        "IL6ST STAT3": "gp130 STAT3",
        "NSCLC tocilizumab": "tocilizumab non-small-cell lung cancer",
        "CNTO328 plasma cell myeloma": "siltuximab multiple myeloma",
        "UniProtKB:P08887 angiogenesis": "IL6R angiogenesis",
    }.items():
        assert ids(client, one) == ids(client, other) != set(), (one, other)
    assert ids(client, "kidney cancer siltuximab", "trials") >= {"nct00265135", "nct00311545"}
    assert ids(client, "PACTO tocilizumab", "trials") == {"nct02767557"}


def referring(facts: Facts, kind: Kind, record_id: str) -> list[Any]:
    """The claims about a record."""
    rows = facts.of(Kind.EVIDENCE).values()
    return [each for each in rows if getattr(each, kind, None) == record_id]


def says(row: Any, word: str) -> bool:
    return re.search(rf"\b{word}\b", row.statement, re.IGNORECASE) is not None


def check_names(client: httpx.Client, facts: Facts, kind: Kind, step: int) -> int:
    """Each name with a word of one of its claims finds what the id and the word find."""
    checked = 0
    of_names = {
        word
        for each in NAMED
        for row in facts.of(each).values()
        for name in names_of(each, row)
        for word in re.findall("[a-z]+", name.lower())
    }
    for row in list(facts.of(kind).values())[::step]:
        claims = referring(facts, kind, row.id)
        if not claims:
            continue
        plain = set(re.findall("[a-z]{4,}", claims[-1].statement)) - of_names
        word = max(sorted(plain), key=len)
        expected = {each.id for each in claims if says(each, word)} | ids(client, f"{row.id} {word}")
        for name in {*names_of(kind, row), *getattr(row, "sought_as", [])}:
            if not name.isdigit():
                assert ids(client, f"{name} {word}") >= expected, (name, word)
                assert ids(client, f"{word} {name.upper()}") >= expected, (name, word)
                checked += 1
    return checked


def test_a_name_finds_what_the_id_finds(client: httpx.Client, facts: Facts) -> None:
    assert sum(check_names(client, facts, kind, 15) for kind in NAMED) > 100


@pytest.mark.longer
def test_every_name_finds_what_the_id_finds(client: httpx.Client, facts: Facts) -> None:
    assert sum(check_names(client, facts, kind, 1) for kind in NAMED) > 1500


def test_a_publication_or_trial_is_a_word_by_its_numbers(client: httpx.Client, facts: Facts) -> None:
    """Its claims are found by its identifiers and a word that they say."""
    rows = [each for each in facts.of(Kind.PUBLICATION).values() if each.doi and each.pmid][::40]
    for row in rows:
        claims = [each for each in facts.of(Kind.EVIDENCE).values() if each.publication == row.id]
        for claim in claims[:1]:
            word = max(re.findall("[a-z]{4,}", claim.statement), key=len)
            for name in (row.id, row.doi, f"https://doi.org/{row.doi}", f"PMID:{row.pmid}", row.pmid):
                assert ids(client, f"{name} {word}") >= {each.id for each in claims if says(each, word)}, name


def finds_titles(client: httpx.Client, facts: Facts, rows: Iterable[Any]) -> None:
    """Each title as it is, and by turns with a full stop or in capitals."""
    bearers = titles(facts)
    forms = cycle((lambda title: f"{title}.", str.upper))
    asking = [(row, asked) for row in rows for asked in (row.title, next(forms)(row.title))]
    for row, asked in asking:
        hits = client.get("/search", params={"q": asked, "limit": 5}).raise_for_status().json()["items"]
        first = [hit["id"] for hit in hits if hit["score"] == hits[0]["score"]]
        assert row.id in first, (asked, hits)
        assert set(first) <= bearers[squeeze(row.title)], asked


def titles(facts: Facts) -> dict[str, set[str]]:
    bearers: dict[str, set[str]] = defaultdict(set)
    for kind in (Kind.PUBLICATION, Kind.TRIAL):
        for row in facts.of(kind).values():
            bearers[squeeze(row.title)].add(row.id)
    return bearers


def test_a_pasted_title_finds_its_publication_first(client: httpx.Client, facts: Facts) -> None:
    rows = sorted(facts.of(Kind.PUBLICATION).values(), key=lambda each: (-len(each.title), each.id))
    signs = [each for each in rows if re.search(r'[(] | -|"|\bOR\b|\bNOT\b', each.title)]
    finds_titles(client, facts, [*rows[::60], *signs])


@pytest.mark.longer
def test_every_pasted_title_finds_its_publication_first(client: httpx.Client, facts: Facts) -> None:
    finds_titles(client, facts, facts.of(Kind.PUBLICATION).values())


def test_a_title_cut_or_mistyped_finds_its_publication_first(client: httpx.Client, facts: Facts) -> None:
    for row in sorted(facts.of(Kind.PUBLICATION).values(), key=lambda each: -len(each.title))[::40]:
        cut = row.title.rsplit(" ", 1)[0]
        if len(cut.split()) > 7:
            hits = get(client, f"/search?q={quote(cut + ' qqqq')}&limit=3")
            assert (hits["total"], hits["missing"]) == (0, ["qqqq"])
            assert row.id in [hit["id"] for hit in hits["items"] if hit["missing"] == ["qqqq"]], cut


PAIRS = [("bone", "survival"), ("serum", "angiogenesis"), ("mice", "growth"), ("randomised", "cachexia")]
"""Words of claims that are no names of records."""


def test_what_is_missing_is_told_as_it_was_typed(client: httpx.Client) -> None:
    for word in (
        "LMT-28",
        "Zzyzx",
        "\u0438\u043d\u0442\u0435\u0440\u043b\u0435\u0439\u043a\u0438\u043d-6",
        "\u767d\u4ecb\u7d20",
    ):
        assert get(client, f"/search?q={quote(f'siltuximab ({word}), growth')}")["missing"] == [word]


def test_operators_mean_what_they_mean_elsewhere(client: httpx.Client, facts: Facts) -> None:
    rows = facts.of(Kind.EVIDENCE)
    for one, other in [*PAIRS, *((b, a) for a, b in PAIRS)]:
        a, b = ids(client, one), ids(client, other)
        for word, found_ids in ((one, a), (other, b)):
            assert found_ids >= {each.id for each in rows.values() if says(each, word)}
            assert found_ids
        assert ids(client, f"{one} {other}") == ids(client, f"{one} AND {other}") == a & b
        assert ids(client, f"{one} OR {other}") == a | b
        assert ids(client, f"{one} -{other}") == ids(client, f"{one} NOT {other}") == a - b
        assert ids(client, f"-{other} {one}") == a - b
        assert ids(client, f"-{other}") == set(rows) - b
        assert ids(client, f"NOT {one} -{other}") == set(rows) - a - b
        il6 = ids(client, "IL-6")
        assert ids(client, f"{one} OR {other} IL-6") == (a | b) & il6
        assert ids(client, f"IL-6 ({one} OR {other})") == (a | b) & il6
    breast, lung = ids(client, "breast cancer"), ids(client, "lung cancer")
    assert ids(client, "breast cancer OR lung cancer") == breast | lung
    assert ids(client, "(breast cancer) OR (lung cancer)") == breast | lung
    assert ids(client, "serum -NSCLC") == ids(client, "serum") - ids(client, "non-small-cell-lung-cancer")
    assert ids(client, "survival -174") == ids(client, "survival 174")  # a place in a gene


def test_a_phrase_does_not_begin_with_what_kind_of_record_it_is(client: httpx.Client) -> None:
    for phrase in ("cancer breast", "cancer ovarian", "inhibitor tocilizumab", "mechanism angiogenesis"):
        assert get(client, f"/search?q=%22{phrase}%22")["total"] == 0, phrase


def test_a_phrase_stands_together(client: httpx.Client, facts: Facts) -> None:
    rows = facts.of(Kind.EVIDENCE).values()
    for phrase in (
        "T cells",
        "overall survival",
        "C-reactive protein",
        "in mice",
        "high il-6",
        "bone loss",
    ):
        first, *others = (re.escape(each) for each in re.split("[ -]", phrase))
        written = re.compile(
            rf"\b{first}" + "".join(rf"[ -]{each}" for each in others) + r"\b", re.IGNORECASE
        )
        near = re.compile(rf"\b{first[:4]}" + "".join(rf"\w*\W+{each[:4]}" for each in others), re.IGNORECASE)
        found_ids = ids(client, f'"{phrase}"')
        exact = {each.id for each in rows if written.search(each.statement)}
        assert exact, phrase
        assert exact <= found_ids
        unsaid = [
            each.id
            for each in rows
            if each.id in found_ids
            and not near.search(f"{each.statement} . {each.id} . {names_near(facts, each)}")
        ]
        assert unsaid == [], phrase
        assert ids(client, f"\u201c{phrase}\u201d") == found_ids
        il6 = ids(client, "mice")
        assert ids(client, f'mice "{phrase}"') == il6 & found_ids
        assert ids(client, f'mice -"{phrase}"') == il6 - found_ids
        assert ids(client, f'mice OR "{phrase}"') == il6 | found_ids
        assert ids(client, f'-"{phrase}"') == {each.id for each in rows} - found_ids
    assert ids(client, '"survival overall"') == set()


def names_near(facts: Facts, row: Any) -> str:
    """What a claim is about, by name."""
    named = (facts.of(kind).get(getattr(row, kind, None) or "") for kind in NAMED[:4])
    return " . ".join(name_of(each) for each in named if each)


def test_words_that_no_record_needs_are_left_out(client: httpx.Client) -> None:
    bare = get(client, "/search?q=siltuximab myeloma&limit=0")["total"]
    asked = get(client, "/search?q=What is siltuximab in the myeloma?&limit=0")
    assert asked["total"] == bare > 0
    assert "missing" not in asked
    assert get(client, "/search?q=of the&limit=0")["total"] > 100  # nothing else was asked
    for said, unsaid in {
        "no benefit": "benefit",
        "phase I siltuximab": "phase siltuximab",
        "WHO siltuximab": "siltuximab",
    }.items():
        both = [get(client, f"/search?q={each}&limit=0")["total"] for each in (said, unsaid)]
        assert both[0] < both[1], said


def test_what_no_record_holds_is_said(client: httpx.Client) -> None:
    answer = get(client, "/search?q=does siltuximab work in myeloma&limit=10")
    assert answer["total"] == 0
    assert answer["facets"] == {"kind": {}}
    assert answer["next"] is None
    assert answer["items"][0]["id"] == "siltuximab"
    for hit in answer["items"]:
        assert (hit["score"], hit["missing"]) == (0, ["work"])
    unknown = get(client, "/search?q=zzyzx myeloma qwertz&limit=500")
    assert unknown["missing"] == ["zzyzx", "qwertz"]
    assert unknown["items"] == []  # a third is not the most of it
    some = get(client, "/search?q=zzyzx myeloma&kind=cancer&limit=500")
    assert {hit["kind"] for hit in some["items"]} == {"cancer"}
    without = get(client, "/search?q=zzyzx myeloma -multiple&limit=500")
    assert not {hit["id"] for hit in without["items"]} & {
        hit["id"] for hit in some["items"] if "multiple" in hit["id"]
    }
    full = get(client, "/search?q=siltuximab&limit=3")
    assert not {"missing", "suggestions"} & (full.keys() | full["items"][0].keys())
    # A kind that holds none of the hits is not all kinds.
    other = get(client, "/search?q=siltuximab myeloma&kind=mechanism")
    assert (other["total"], other["items"]) == (0, [])
    assert sum(other["facets"]["kind"].values()) > 0


@pytest.mark.parametrize(
    "slip", ["siltuximb", "tociluzumab", "melenoma", "bone canser", "reumatoid arthritis"]
)
def test_a_misspelt_search_suggests_what_the_resolver_suggests(client: httpx.Client, slip: str) -> None:
    suggested = get(client, f"/resolve?q={slip}")["suggestions"]
    answer = get(client, f"/search?q={slip}")
    if not answer["total"]:
        assert answer["suggestions"][: len(suggested)] == suggested
    beside = get(client, f"/search?q={slip} zzyzx")
    assert beside["total"] == 0
    if " " not in slip:
        assert suggested
        assert suggested[0] in beside["suggestions"]


def test_a_search_is_a_file_too(client: httpx.Client) -> None:
    whole = get(client, "/search?q=tocilizumab pancreatic&limit=500")
    response = client.get("/search?q=tocilizumab pancreatic&format=csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].endswith('-search.csv"')
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["id"] for row in rows] == [hit["id"] for hit in whole["items"]]
    assert [*rows[0]] == ["kind", "id", "name", "snippet", "score", "url", "missing"]
    lines = client.get("/search?q=tocilizumab pancreatic", headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line) for line in lines.text.splitlines()] == [
        {**hit, "missing": []} for hit in whole["items"]
    ]
    few = client.get("/search?q=tocilizumab&format=tsv&limit=2")
    assert len(few.text.splitlines()) == 3
    assert 'rel="next"' in few.headers["Link"]
    part = client.get("/search?q=does siltuximab work in myeloma&format=csv&limit=3").text
    assert [row["missing"] for row in csv.DictReader(io.StringIO(part))] == ["work"] * 3


def test_status_agency_and_year_are_words(client: httpx.Client, facts: Facts) -> None:
    approvals = facts.of(Kind.APPROVAL).values()
    assert (
        ids(client, "tocilizumab EMA 2009", "approvals")
        >= {
            each.id
            for each in approvals
            if (each.inhibitor, each.agency, each.year) == ("tocilizumab", "EMA", 2009)
        }
        != set()
    )
    trials = facts.of(Kind.TRIAL).values()
    for status in {each.status for each in trials}:
        assert ids(client, str(status), "trials") >= {each.id for each in trials if each.status == status}


def test_the_beginning_of_a_word(client: httpx.Client) -> None:
    assert get(client, "/search?q=tocil&limit=0")["total"] == 0
    assert (
        get(client, "/search?q=tocil*&limit=0")["total"]
        >= get(client, '/search?q="tocilizumab"&limit=0')["total"]
    )


def test_identifiers_and_codes_are_found(client: httpx.Client) -> None:
    for query, record in {
        "CHEMBL1237022": "tocilizumab",
        "cnto 328": "siltuximab",
        "NCT00433446": "nct00433446",
        "10.3389/fonc.2022.903800": "chen-2022",
        "GP-130": "il6st",
    }.items():
        first = client.get("/search", params={"q": query}).json()["items"][0]
        assert (first["id"], first["score"]) == (record, 3)


def test_q_narrows_a_list(client: httpx.Client, facts: Facts) -> None:
    listed = {each["id"] for each in walk(client, "/evidence?q=tocilizumab&limit=500")}
    assert listed == {hit["id"] for hit in walk(client, "/search?q=tocilizumab&kind=evidence&limit=500")}
    assert listed >= {e.id for e in facts.evidence.values() if e.inhibitor == "tocilizumab"}
    both = get(client, "/evidence?q=tocilizumab&type=safety&limit=0")["total"]
    assert 0 < both < len(listed)


@pytest.mark.parametrize(
    "query",
    [
        "((",
        "NEAR(a b)",
        "STAT3 OR",
        "OR",
        "OR OR",
        '""',
        "? !",
        "*",
        '"',
        "'; DROP TABLE entry; --",
        "a:b",
        "-",
        "🧬",
        "\u202e",
        "il-6 AND NOT",
        "{}",
        "names : x",
        "^il6",
        "il6 + jak",
        "%",
        "\\",
        "<script>alert(1)</script>",
        "&amp;",
        "中文",
        "\ufffd",
    ],
)
def test_no_text_is_a_fault_of_ours(client: httpx.Client, query: str) -> None:
    for path in ("/search", "/inhibitors", "/resolve"):
        response = client.get(path, params={"q": query})
        assert response.status_code == 200, (path, response.text)
        assert response.headers["Content-Type"] == "application/json"
        if path == "/search":
            assert "<script" not in response.text
            found_by_it = response.json()
            assert found_by_it["total"] or found_by_it["items"] or found_by_it["missing"], (
                "and nothing says why"
            )


def test_what_a_search_cannot_be_asked(client: httpx.Client) -> None:
    for address, meant in {
        "/search": "q: Field required",
        "/search?q=": "q: An empty value",
        "/search?q=x&kind=drug": "kind: Input should be",
        "/search?q=x&kind=inhibitr": "did you mean 'inhibitor'?",
        "/search?q=x&cursor=abc": "cursor: This is no cursor",
        "/search?q=x&cursor=WzksOV0": "cursor: This is no cursor",
        f"/search?q={'x' * 501}": "q: String should have at most 500 characters",
        f"/search?q={' '.join(f'q{n}' for n in range(101))}": "q: At most 100 words, these are 101",
        "/search?q=breast OR -lung": "q: OR stands between what is sought",
        "/search?q=-lung OR breast": "q: OR stands between what is sought",
        "/search?q=(mice survival) OR (rat growth)": "q: Brackets group no words",
        "/search?q=il-6 -(mice rats)": "q: Brackets group no words",
        "/search?q=x&format=xml": "format: Input should be",
        "/search?query=x": "query: Unknown parameter",
    }.items():
        response = client.get(address)
        assert response.status_code == 422, address
        assert meant in response.json()["detail"], response.json()["detail"]


texts = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "IL-6",
                "il",
                "6",
                "JAK1/JAK2",
                "tumour",
                "anti-PD-L1",
                "TNF-\u03b1",
                "cancers",
                "OR",
                "AND",
                "NOT",
                "-mice",
                '"il-6 receptor"',
                '-"in mice"',
                "NSCLC",
                "renal cell carcinoma",
                "toci*",
                "*",
                '"',
                "(",
                ")",
                "-",
                "stat3",
                "in 73 women",
                "73",
                "women",
                "Crohn's",
                "naïve",
                "II",
                "p<0.001",
            ]
        ),
        max_size=6,
    ).map(" ".join),
)


@pytest.fixture(scope="module")
def both(release_file: Path, postgresql: PostgreSQL) -> Iterator[list[Engine]]:
    """The same release in both databases."""
    urls = [f"sqlite:///{release_file}", postgresql.new_database(RELEASE)]
    engines = [make_engine(parse_url(url), read_only=True) for url in urls]
    yield engines
    for engine in engines:
        engine.dispose()


def numbers(engine: Engine, query: str) -> set[int] | str:
    with Session(engine) as session:
        session.info.update(memory=Memory(), digest=RELEASE)
        try:
            return set(session.scalars(found(session, query)))
        except InvalidParameter as error:
            return str(error)


@pytest.mark.postgresql
@given(query=texts)
@example(query="IL-6")
@example(query="anti-IL-6R")
@example(query='-mice "il-6 receptor" OR NSCLC')
@example(query='-"in mice" -tumour')
def test_both_databases_find_the_same(both: list[Engine], query: str) -> None:
    assert numbers(both[0], query) == numbers(both[1], query)


@pytest.mark.postgresql
def test_a_word_is_left_out_while_the_server_tidies_its_index(postgresql: PostgreSQL) -> None:
    engine = make_engine(parse_url(postgresql.new_database(RELEASE)))
    query = '-mice "il-6 receptor" OR NSCLC'

    def tidy() -> int:
        with engine.begin() as connection:
            pages: int = connection.scalar(text("SELECT gin_clean_pending_list('fts_entry_words')"))
        return pages

    wanted = numbers(engine, query)
    with ThreadPoolExecutor(1) as pool:
        tidied = pool.submit(tidy)
        asked = [numbers(engine, query)]
        while not tidied.done():
            asked.append(numbers(engine, query))
    engine.dispose()
    assert all(each == wanted for each in asked)
    assert tidied.result() == 0, "rows that everybody sees wait for their words"


@given(text=st.text(max_size=80))
def test_keys_and_words_are_plain(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]*", squeeze(text))
    assert fold(text).isascii()
    assert all(re.fullmatch(r"[a-z0-9]+", word) for word in index_words(text))
    assert squeeze(squeeze(text)) == squeeze(text)


@given(text=st.text(alphabet="abcil6 -jakst\u03b1/", max_size=40))
def test_a_text_is_found_by_itself(text: str) -> None:
    terms = index_words(text)
    for group in parts(text):
        assert any(set(alternative) <= terms for alternative in word_of(group)), (text, group, terms)
