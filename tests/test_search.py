"""Search: the same hits on both databases, ranked by what was hit; and no text that is a fault of ours."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.models.base import Kind
from app.models.finding import Entry
from app.seeding.answers import Facts
from app.store.engine import make_engine, parse_url
from app.store.search import found
from app.store.text import fold, index_words, query_words, squeeze, stem
from tests.conftest import RELEASE, PostgreSQL
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
            assert ("gp130" in named) == (hit["score"] == 2) or hit["kind"] != "publication", hit
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


def test_every_hit_leads_to_its_record_and_marks_what_was_hit(client: httpx.Client) -> None:
    for hit in get(client, "/search?q=ovarian%20angiogenesis&limit=20")["items"]:
        assert client.get(hit["url"]).status_code == 200
        marked = re.findall(r"<mark>(.*?)</mark>", hit["snippet"])
        assert marked, hit
        for each in marked:
            assert stem(squeeze(each)) in {"ovarian", "angiogenesi"} or "-" in each
        bare = re.sub(r"</?mark>", "", hit["snippet"])
        assert "<" not in bare
        assert len(html.unescape(bare)) < 300


def test_british_and_american_words_find_the_same(client: httpx.Client) -> None:
    for british, american in {"tumour": "tumor", "leukaemia": "leukemia", "signalling": "signaling"}.items():
        one, other = (get(client, f"/search?q={word}&limit=0")["total"] for word in (british, american))
        assert one == other > 0


def test_the_beginning_of_a_word(client: httpx.Client) -> None:
    assert get(client, "/search?q=tocil&limit=0")["total"] == 0
    assert (
        get(client, "/search?q=tocil*&limit=0")["total"]
        >= get(client, "/search?q=tocilizumab&limit=0")["total"]
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


def test_what_a_search_cannot_be_asked(client: httpx.Client) -> None:
    for address, meant in {
        "/search": "q: Field required",
        "/search?q=": "q: An empty value",
        "/search?q=x&kind=drug": "kind: Input should be",
        "/search?q=x&kind=inhibitr": "did you mean 'inhibitor'?",
        "/search?q=x&cursor=abc": "cursor: This is no cursor",
        "/search?q=x&cursor=WzksOV0": "cursor: This is no cursor",
        "/search?q=a b c d e f g h i j k l m": "q: At most 12 words, these are 13",
        "/search?query=x": "query: Unknown parameter",
    }.items():
        response = client.get(address)
        assert response.status_code == 422
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


def numbers(engine: Engine, query: str) -> set[int]:
    with Session(engine) as session:
        return set(session.scalars(found(session, query)))


@pytest.mark.postgresql
@given(query=texts)
@example(query="IL-6")
@example(query="anti-IL-6R")
def test_both_databases_find_the_same(both: list[Engine], query: str) -> None:
    if len(query_words(query, set())) <= 12:
        assert numbers(both[0], query) == numbers(both[1], query)


@pytest.mark.postgresql
def test_a_search_finds_what_holds_all_its_words(both: list[Engine]) -> None:
    """Held against the words themselves, without an index."""
    with Session(both[0]) as session:
        entries = session.scalars(select(Entry).where(col(Entry.kind) == Kind.EVIDENCE)).all()
    held = {entry.number: index_words(entry.text) | index_words(entry.record_id) for entry in entries}
    for query in [
        "ovarian survival",
        "IL-6 angiogenesis",
        "anti-PD-L1",
        "mice",
        "il 6 tumour growth",
        "STAT3",
    ]:
        words = query_words(query, {"il6"})
        expected = {
            number
            for number, terms in held.items()
            if all(any(set(alternative) <= terms for alternative in word) for word in words)
        }
        assert expected
        assert numbers(both[0], query) & set(held) == expected, query


@given(text=st.text(max_size=80))
def test_keys_and_words_are_plain(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]*", squeeze(text))
    assert fold(text).isascii()
    assert all(re.fullmatch(r"[a-z0-9]+", word) for word in index_words(text))
    assert squeeze(squeeze(text)) == squeeze(text)


@given(text=st.text(alphabet="abcil6 -jakst\u03b1/", max_size=40))
def test_a_text_is_found_by_itself(text: str) -> None:
    terms = index_words(text)
    for word in query_words(text, set()):
        assert any(set(alternative) <= terms for alternative in word), (text, word, terms)
