"""What the words of a release mean, and that each is told where it is needed."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import BaseModel

from app.catalog import RESOURCES, Resource
from app.models.base import PREFIXES
from app.models.filters import PROSE
from app.models.vocabulary import FITTING, Significance, Word, vocabularies
from app.pages.render import FOUND, OUTCOMES
from app.pages.render import words as words_of
from app.seeding.answers import Facts
from app.seeding.check import REFERENCES

words = pytest.mark.parametrize("vocabulary", vocabularies(), ids=lambda each: each.__name__)


@words
def test_every_word_has_a_sentence_of_its_own(vocabulary: type[Word]) -> None:
    said = [each.about for each in vocabulary]
    assert len(set(said)) == len(said) > 1
    assert all(each[0].isupper() and each.endswith(".") for each in said)
    assert str(vocabulary.__doc__).endswith(".")


def enums(schema: Any) -> Iterator[str]:
    """The names of the enumerations that a model takes values from."""
    definitions = schema.get("$defs", {})
    return (name for name, each in definitions.items() if "enum" in each)


def test_every_closed_vocabulary_of_the_data_says_what_its_words_mean() -> None:
    found = {name for resource in RESOURCES for name in enums(resource.seed.model_json_schema())}
    assert found - {each.__name__ for each in vocabularies()} == {"Kind", "Relation"}
    assert len(found) > 25


def test_the_document_tells_what_each_word_means(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    told = [each for each in vocabularies() if each.__name__ in schemas]
    assert {"Specimen", "Endpoint", "Comparison", "Significance", "Purpose", "Proof"} <= {
        each.__name__ for each in told
    }
    for each in told:
        schema = schemas[each.__name__]
        assert schema["enum"] == [word.value for word in each]
        for word in each:
            assert f"`{word}`: {word.about}" in schema["description"]


def test_the_page_of_methods_tells_what_each_word_means(client: httpx.Client) -> None:
    shown = html.unescape(client.get("/about").raise_for_status().text)
    shown = re.sub("</?span[^>]*>", "", shown)  # what keeps IL-6 on one line
    for each in vocabularies():
        assert str(each.__doc__) in shown
        for word in each:
            assert f"<dd>{word.about}</dd>" in shown


def test_every_significance_fits_some_type() -> None:
    fitting = {each for ways in FITTING.values() for found in ways.values() for each in found}
    assert fitting == set(Significance)


def fields(row: BaseModel, within: str = "") -> Iterator[tuple[str, Any]]:
    """Each field that has a value, those of the figures with what they are within."""
    for name in type(row).model_fields:
        value = getattr(row, name)
        if isinstance(value, BaseModel):
            yield from fields(value, f"{name}.")
        elif value not in (None, [], {}, False):
            yield within + name, value


IDENTIFIERS = {*PREFIXES, "ids"}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_every_field_of_a_row_is_in_its_table_among_the_filters_and_on_its_page(
    client: httpx.Client, facts: Facts, resource: Resource
) -> None:
    """Identifiers are CURIEs there; prose is found by its words; references are tried with the relations."""
    some = {name: (row.id, value) for row in facts.of(resource.kind).values() for name, value in fields(row)}
    columns = client.get(f"/{resource.path}?format=csv&limit=1").text.splitlines()[0].split(",")
    parameters = {each.alias or name for name, each in resource.filters.model_fields.items()}
    for name, (row_id, value) in some.items():
        if name.split(".")[0] in REFERENCES or name in ("parent", *IDENTIFIERS) or value is True:
            continue
        assert name in columns, name
        if name in PROSE:
            asked = quote(" ".join(re.findall(r"\w+", value)[:4]))
            found = get(client, f"/{resource.path}?q={asked}&limit=500&fields=id")["items"]
            assert row_id in {each["id"] for each in found}, name
        else:
            assert name.split(".")[-1] in parameters, name
        page = client.get(f"/explore/{resource.path}/{row_id}").text
        plain = re.sub("<[^>]+>", " ", re.sub("</?span[^>]*>", "", page))
        shown = " ".join(html.unescape(plain).split()).lower()
        told = str(value[0] if isinstance(value, list) else value).removesuffix(".0")
        said = {told, words_of(told), *(each.words for key, each in FOUND.items() if told in key)}
        said |= {OUTCOMES[told].words} if told in OUTCOMES else set()
        assert any(each.lower() in shown for each in said), (name, said)


def get(client: httpx.Client, path: str) -> Any:
    return client.get(path).raise_for_status().json()


def test_what_people_call_a_cancer_finds_it_where_no_name_does(client: httpx.Client, facts: Facts) -> None:
    known = {each.lower() for row in facts.cancers.values() for each in (row.name, *row.synonyms)}
    sought = Counter(each for row in facts.cancers.values() for each in row.sought_as)
    assert {"kidney cancer", "lung cancer"} <= set(sought)
    for term, times in sought.items():
        answer = client.get(f"/cancers/{term}")
        if term.lower() in known or times == 1:
            assert answer.status_code == 200, term
        else:
            assert answer.status_code == 409, term
            bearers = {row.id for row in facts.cancers.values() if term in row.sought_as}
            assert {each["id"] for each in answer.json()["candidates"]} == bearers
    match = get(client, "/resolve?q=colon+cancer")["match"]
    assert (match["id"], match["matched_on"]) == ("colorectal-cancer", "sought-as")


def test_a_trial_is_found_by_each_of_its_numbers(client: httpx.Client, facts: Facts) -> None:
    asked = 0
    for row in facts.trials.values():
        for number in row.other_ids:
            trial = get(client, f"/trials/{number}")
            assert trial["id"] == row.id
            if number.startswith("NCT"):
                assert f"clinicaltrials:{number}" in trial["xrefs"]
            asked += 1
    assert asked >= 17


def test_an_approval_says_whether_it_rests_on_the_regulator(client: httpx.Client, facts: Facts) -> None:
    expected = {
        row.id: any(facts.publications[each].kind == "regulatory-label" for each in row.publications)
        for row in facts.approvals.values()
    }
    for proof, wanted in {"regulator": True, "secondary": False}.items():
        found = get(client, f"/approvals?proof={proof}&limit=500")["items"]
        assert {each["id"] for each in found} == {each for each, held in expected.items() if held == wanted}
        assert all(each["proof"] == proof for each in found)
    facets = get(client, "/approvals?facets=proof&limit=0")["facets"]
    assert facets == {"proof": {"regulator": 119, "secondary": 16}}


def test_authors_are_complete_only_where_all_are_named(client: httpx.Client, facts: Facts) -> None:
    found = {each["id"] for each in get(client, "/publications?authors_complete=false&limit=500")["items"]}
    cut = {row.id for row in facts.publications.values() if row.authors and not row.authors_complete}
    assert len(cut) == 10
    assert found == cut | {row.id for row in facts.publications.values() if not row.authors}
    citation = get(client, "/publications/hua-2021")["citation"]
    assert citation.startswith("Hua X, et al. ")


def test_a_publication_names_the_one_that_counts_for_its_study(client: httpx.Client) -> None:
    publication = get(client, "/publications/chen-2023-pacto")
    assert publication["same_study_as"]["id"] == "chen-2025"
    reports = get(client, "/publications?same_study_as=van-rhee-2014&fields=id")["items"]
    assert [each["id"] for each in reports] == ["deisseroth-2015", "van-rhee-2022"]


def test_a_day_that_a_status_was_read_bounds_a_list(client: httpx.Client, facts: Facts) -> None:
    found = get(client, "/trials?status_as_of__gte=2025&fields=id&limit=500")["items"]
    expected = {row.id for row in facts.trials.values() if (row.status_as_of or "") >= "2025"}
    assert {each["id"] for each in found} == expected
    assert len(expected) > 5
