"""Lists as files: whole, and read by the programs that people read such files with."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bibtexparser
import httpx
import openpyxl
import pandas as pd
import pytest
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware, SeparateCoAuthors
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from pydantic import BaseModel, Field

from app.catalog import BY_KIND, RESOURCES, Resource
from app.exports import EXPORTS, xlsx
from app.exports.bibtex import encode
from app.exports.table import neutral
from app.models.base import Kind
from app.models.filters import Format
from app.models.release import ReleaseRead
from app.seeding.answers import Facts
from app.seeding.build import seed
from app.store.engine import parse_url
from tests.conftest import NewDatabase, migrated, serving

collections = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
formats = pytest.mark.parametrize("wanted", EXPORTS, ids=str)


def ids_of_lines(file: bytes) -> list[str]:
    return [json.loads(line)["id"] for line in file.splitlines()]


def ids_of_table(delimiter: str) -> Callable[[bytes], list[str]]:
    return lambda file: [row["id"] for row in csv.DictReader(io.StringIO(file.decode()), delimiter=delimiter)]


def ids_of_workbook(file: bytes) -> list[str]:
    first = openpyxl.load_workbook(io.BytesIO(file), read_only=True).worksheets[0]
    return [str(row[0]) for row in first.iter_rows(min_row=2, max_col=1, values_only=True)]


IDS: dict[Format, Callable[[bytes], list[str]]] = {
    Format.CSV: ids_of_table(","),
    Format.TSV: ids_of_table("\t"),
    Format.XLSX: ids_of_workbook,
    Format.NDJSON: ids_of_lines,
    Format.BIBTEX: lambda file: re.findall(r"^@\w+\{(.*),$", file.decode(), re.MULTILINE),
    Format.RIS: lambda file: re.findall(r"^ID  - (.*)\r$", file.decode(), re.MULTILINE),
    Format.CSL: lambda file: [each["id"] for each in json.loads(file)],
}
"""The ids of the records of a file, in their order."""


def fetch(client: httpx.Client, path: str) -> bytes:
    return client.get(path).raise_for_status().content


def get(client: httpx.Client, path: str) -> str:
    return fetch(client, path).decode()


def items(client: httpx.Client, path: str) -> list[Any]:
    """Every item of a list, page by page."""
    found: list[Any] = []
    following: str | None = path + ("&" if "?" in path else "?") + "limit=500"
    while following:
        body = client.get(following).raise_for_status().json()
        found += body["items"]
        following = body["next"]
    assert len(found) == body["total"]
    return found


def behind(client: httpx.Client, resource: Resource, listed: list[Any]) -> list[str]:
    """The ids of the publications behind the records of a list, as the records themselves name them."""
    if resource.kind == Kind.PUBLICATION:
        return [each["id"] for each in listed]
    if resource.kind == Kind.INDICATION:
        listed = [
            approval for each in listed for approval in items(client, f"/approvals?indication={each['id']}")
        ]
    return sorted(
        {
            source["id"]
            for each in listed
            for source in ([each["publication"]] if "publication" in each else each["publications"])
        }
    )


@collections
def test_every_list_comes_whole_in_every_format(client: httpx.Client, resource: Resource) -> None:
    listed = items(client, f"/{resource.path}")
    sources = behind(client, resource, listed)
    release = client.get("/release").json()["version"]
    for wanted, form in EXPORTS.items():
        response = client.get(f"/{resource.path}?format={wanted}").raise_for_status()
        whose = sources if form.of_sources else [each["id"] for each in listed]
        assert IDS[wanted](response.content) == whose, wanted
        assert len(whose) > 0
        assert response.headers["Content-Type"].partition(";")[0] == form.media_type
        name = resource.path
        if form.of_sources and resource.kind != Kind.PUBLICATION:
            name += "-sources"
        assert response.headers["Content-Disposition"] == (
            f'attachment; filename="il6-atlas-{release}-{name}.{form.ending}"'
        )
        assert response.headers["X-Atlas-Release"] == release
        assert "Accept" in response.headers["Vary"].split(", ")
        part = client.get(f"/{resource.path}?format={wanted}&limit=3")
        accepted = client.get(f"/{resource.path}?limit=3", headers={"Accept": form.media_type})
        assert accepted.content == part.content
        assert accepted.headers["Content-Type"] == part.headers["Content-Type"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("text/*", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/csv;q=0.3, application/json;q=0.2", "text/csv"),
        ("application/json;q=0.2, text/csv;q=0.3", "text/csv"),
        ("application/json;q=0, */*;q=0.1", "text/csv"),
        ("text/csv;q=0, text/*", "text/tab-separated-values"),
        ("application/x-ndjson;q=0.5, text/tab-separated-values;q=0.9", "text/tab-separated-values"),
        ("image/png, application/x-bibtex;q=0.1", "application/x-bibtex"),
        ("image/png", None),
        ("text/csv;q=0", None),
        ("application/problem+json", None),
        ("csv", None),
    ],
)
def test_the_accept_header_chooses_the_format(
    client: httpx.Client, accept: str, media_type: str | None
) -> None:
    response = client.get("/inhibitors?limit=1", headers={"Accept": accept})
    kind = response.headers["Content-Type"].partition(";")[0]
    if media_type:
        assert (response.status_code, kind) == (200, media_type)
        assert "Accept" in response.headers["Vary"].split(", ")
    else:
        assert (response.status_code, kind) == (406, "application/problem+json")
        assert "text/csv" in response.json()["detail"]


def test_accept_headers_add_up_and_the_parameter_wins_over_them(client: httpx.Client) -> None:
    both = [("Accept", "image/png"), ("Accept", "text/csv")]
    assert client.get("/inhibitors?limit=1", headers=both).headers["Content-Type"].startswith("text/csv")
    for accept in ("text/csv", "image/png"):
        response = client.get("/inhibitors?limit=1&format=json", headers={"Accept": accept})
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@formats
def test_a_file_has_no_limit_but_one_that_is_given(client: httpx.Client, wanted: Format) -> None:
    ids = IDS[wanted]
    everything = ids(fetch(client, f"/publications?format={wanted}"))
    assert len(everything) > 500
    assert ids(fetch(client, f"/publications?format={wanted}&limit=7")) == everything[:7]
    assert ids(fetch(client, f"/publications?format={wanted}&limit=0")) == []
    following = client.get("/publications?limit=7").json()["next"]
    cursor = following.partition("cursor=")[2]
    assert ids(fetch(client, f"/publications?format={wanted}&cursor={cursor}")) == everything[7:]
    newest = [each["id"] for each in items(client, "/publications?sort=-year,title&kind=cohort")]
    assert ids(fetch(client, f"/publications?format={wanted}&sort=-year,title&kind=cohort")) == newest
    asked = "dorff-2010,20484019,chen-2022,agarwal-2008"
    assert ids(fetch(client, f"/publications?format={wanted}&ids={asked}")) == [
        "dorff-2010",
        "chen-2022",
        "agarwal-2008",
    ]


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@collections
@pytest.mark.parametrize(("wanted", "separator"), [("csv", ","), ("tsv", "\t")])
def test_a_table_holds_what_the_items_hold(
    client: httpx.Client, resource: Resource, wanted: str, separator: str
) -> None:
    table = get(client, f"/{resource.path}?format={wanted}")
    frame = pd.read_csv(io.StringIO(table), sep=separator, dtype=str, keep_default_na=False)
    listed = items(client, f"/{resource.path}")
    assert len(frame) == len(listed)
    held = {name.partition(".")[0] for name in frame.columns} - {"xref"}
    assert [name for name in resource.item.model_fields if name not in held] == ["links"]
    for column in frame.columns:
        if column.startswith("xref."):
            continue
        name, *path = column.split(".")
        for cell, item in zip(frame[column], listed, strict=True):
            value = item[name]
            for key in path:
                if isinstance(value, list):
                    value = [each[key] for each in value]
                else:
                    value = None if value is None else value.get(key)
            values = [as_text(each) for each in (value if isinstance(value, list) else [value])]
            assert cell == "|".join(filter(None, values)), (item["id"], column)


@collections
def test_each_registry_is_a_column(client: httpx.Client, resource: Resource) -> None:
    table = get(client, f"/{resource.path}?format=csv")
    rows = list(csv.DictReader(io.StringIO(table)))
    columns = [name for name in rows[0] if name.startswith("xref.")]
    held = set()
    for row, item in zip(rows, items(client, f"/{resource.path}"), strict=True):
        curies = [f"{name.removeprefix('xref.')}:{each}" for name in columns for each in row[name].split("|")]
        known = [each for each in curies if not each.endswith(":")]
        assert sorted(known) == item.get("xrefs", [])
        held |= {each.partition(":")[0] for each in known}
    assert [f"xref.{each}" for each in sorted(held)] == sorted(columns)
    assert ("xref.chembl" in columns) == (resource.path == "inhibitors")


def test_interactions_are_a_table_that_network_programs_take(client: httpx.Client, facts: Facts) -> None:
    """Symbols and accessions of both ends, the sign as two flags, PubMed ids."""
    frame = pd.read_csv(io.BytesIO(fetch(client, "/interactions?format=tsv")), sep="\t", index_col="id")
    holding_back = {"inhibits", "downregulates", "suppresses"}
    assert len(frame) == len(facts.interactions)
    for row in facts.interactions.values():
        found = frame.loc[row.id]
        for end, name in ((row.source, "source"), (row.object, "object")):
            target = facts.targets[end.id] if end.kind == Kind.TARGET else None
            for column in ("symbol", "uniprot"):
                value = found[f"{name}.{column}"]
                assert (None if pd.isna(value) else value) == (target and getattr(target, column))
        assert found["is_inhibition"] == (row.predicate in holding_back)
        assert found["is_stimulation"] != found["is_inhibition"]
        assert found["sign"] == ("suppresses" if row.predicate in holding_back else "promotes")
        pmids = [facts.publications[each].pmid for each in row.publications]
        told = str(found["publications.pmid"]).removesuffix(".0")
        assert told == ("|".join(filter(None, pmids)) or "nan")
    proteins = frame.dropna(subset=["source.uniprot", "object.uniprot"])
    edges = set(zip(proteins["source.symbol"], proteins["object.symbol"], strict=True))
    assert {("IL6", "IL6R"), ("JAK1", "STAT3"), ("STAT3", "SOCS3")} <= edges


# Workbooks


def sheets_of(file: bytes) -> dict[str, list[dict[str, Any]]]:
    """The rows of every sheet, as openpyxl reads them: what is text is text."""
    book = openpyxl.load_workbook(io.BytesIO(file))
    tables = {}
    for sheet in book.worksheets:
        heads, *rows = sheet.iter_rows(values_only=True)
        tables[sheet.title] = [dict(zip(map(str, heads), row, strict=True)) for row in rows]
        kinds = {cell.data_type for line in sheet.iter_rows() for cell in line}
        assert kinds <= {"s", "n", "b"}, sheet.title  # no formula, no date, no error
    return tables


@collections
def test_a_workbook_holds_what_the_items_hold(client: httpx.Client, resource: Resource) -> None:
    sheets = sheets_of(fetch(client, f"/{resource.path}?format=xlsx"))
    assert list(sheets) == ["records", "columns", "about"]
    plain = get(client, f"/{resource.path}?format=csv")
    lines = list(csv.DictReader(io.StringIO(plain)))
    assert len(sheets["records"]) == len(lines) > 0
    for row, line, item in zip(sheets["records"], lines, items(client, f"/{resource.path}"), strict=True):
        assert list(row) == list(line)
        for name, value in row.items():
            if "." not in name and not isinstance(item[name], list):
                assert (value, type(value)) == (item[name], type(item[name])), (item["id"], name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert value == pytest.approx(float(line[name]), rel=1e-15)
            else:
                assert as_text(value) == line[name].removeprefix("'")
    told = {each["column"]: each for each in sheets["columns"]}
    assert list(told) == list(lines[0])
    assert all(each["sheet"] == "records" and each["meaning"] for each in told.values())
    release = client.get("/release").json()
    about = {each["name"]: each["value"] for each in sheets["about"]}
    for name, key in {"release": "version", "licence": "licence", "citation": "citation"}.items():
        assert about[name] == release[key]


def test_a_workbook_takes_no_text_for_something_else(client: httpx.Client) -> None:
    (trial,) = sheets_of(fetch(client, "/trials?ids=NCT00841191&format=xlsx"))["records"]
    assert trial["phase"] == "1/2"
    phases = {row["phase"] for row in sheets_of(fetch(client, "/trials?format=xlsx"))["records"]}
    assert {"1", "2", "1/2"} <= phases
    sources = sheets_of(fetch(client, "/publications?format=xlsx"))["records"]
    whole = {each["id"]: each for each in items(client, "/publications")}
    for row in sources:
        for name in ("volume", "issue", "pages", "pmid", "published"):
            assert row[name] == whole[row["id"]][name]
    assert any(re.fullmatch(r"\d+-\d+", row["pages"] or "") for row in sources)
    (columns,) = (
        each
        for each in sheets_of(fetch(client, "/trials?format=xlsx"))["columns"]
        if each["column"] == "outcome"
    )
    assert "negative" in columns["words"].split(", ")


def test_a_workbook_is_the_same_twice_and_has_just_the_fields_asked_for(client: httpx.Client) -> None:
    path = "/inhibitors?ids=tocilizumab&fields=targets,name&format=xlsx"
    assert sheets_of(fetch(client, path))["records"] == [
        {
            "id": "tocilizumab",
            "name": "Tocilizumab",
            "targets.id": "il6r",
            "targets.name": "interleukin 6 receptor",
        }
    ]
    assert sheets_of(fetch(client, "/trials?q=nosuchword&format=xlsx"))["records"] == []


def test_a_text_too_long_for_a_cell_says_that_it_is_cut() -> None:
    class Row(BaseModel):
        id: str
        name: str = Field(description="what it is called")

    release = ReleaseRead.model_validate(
        {
            "version": "2030.01",
            "date": "2030-01-01",
            "checksum": "0",
            "digest": "0",
            "schema": "x",
            "counts": {},
            "licence": "CC-BY-4.0",
            "citation": "x",
        }
    )
    rows = [json.dumps({"id": str(size), "name": "x" * size}) for size in (32_767, 32_768)]
    whole, cut = sheets_of(xlsx.write(rows, Row, release))["records"]
    assert len(whole["name"]) == len(cut["name"]) == 32_767
    assert "cut" in cut["name"]
    assert "cut" not in whole["name"]


def test_a_table_has_numbers_and_truth_values(client: httpx.Client) -> None:
    def frame(path: str) -> pd.DataFrame:
        return pd.read_csv(io.StringIO(get(client, f"{path}?format=csv")), index_col="id")

    evidence = frame("/evidence")
    for column in ("effect.value", "effect.p_value", "effect.n", "publication.year"):
        assert pd.api.types.is_numeric_dtype(evidence[column]), column
    assert evidence.loc["ovarian-serum-il6-os-tempfer-1997", "effect.p_value"] == 0.01
    assert frame("/inhibitors")["approved_for_cancer"].dtype == bool
    assert frame("/cancers").loc["breast-cancer", "prognosis.poor"] == 6


def test_ndjson_is_the_items(client: httpx.Client) -> None:
    for query in ("/evidence?inhibitor=siltuximab", "/cancers?sort=-name", "/trials?ids=NCT00433446"):
        lines = get(client, f"{query}&format=ndjson")
        assert [json.loads(line) for line in lines.splitlines()] == client.get(f"{query}&limit=500").json()[
            "items"
        ]


def test_bibtex_is_read_as_it_was_meant(client: httpx.Client) -> None:
    text = get(client, "/publications?format=bibtex")
    plain = bibtexparser.parse_string(text, append_middleware=[SeparateCoAuthors()])
    decoded = bibtexparser.parse_string(text, append_middleware=[LatexDecodingMiddleware()])
    publications = items(client, "/publications")
    assert plain.failed_blocks == decoded.failed_blocks == []
    assert [entry.key for entry in plain.entries] == [each["id"] for each in publications]
    kinds = {"web-page": "misc", "registry": "misc", "regulatory-label": "misc"}
    for raw, entry, publication in zip(plain.entries, decoded.entries, publications, strict=True):
        assert raw.entry_type == kinds.get(publication["kind"], "article")
        for name in ("doi", "pmid", "pmcid", "url", "year"):
            assert raw.get(name, default_none()).value == (publication[name] and str(publication[name]))
        told = {"title": "title", "journal": "journal", "volume": "volume", "number": "issue"}
        for field, name in told.items():
            assert entry.get(field, default_none()).value == publication[name], publication["id"]
        assert entry.get("keywords", default_none()).value == (", ".join(publication["keywords"]) or None)
        day = publication["published"]
        assert raw.get("month", default_none()).value == (day and str(int(day[5:7])))
        assert (raw.get("key") is None) == bool(publication["authors"])
        authors = raw.get("author", default_none()).value or []
        cut = bool(publication["authors"]) and not publication["authors_complete"]
        assert len(authors) == len(publication["authors"]) + cut
        assert ("others" in authors) == cut
    by_id = {entry.key: entry for entry in plain.entries}
    assert by_id["hua-2021"]["author"] == ["Hua, X.", "others"]
    assert by_id["abdul-rahim-2015"]["pages"] == "55--66"
    assert "ensuremath" not in text
    assert any("\u03b1" in each["title"] for each in publications)
    assert "\u03b1" in text


def test_what_is_no_article_names_who_published_it(client: httpx.Client) -> None:
    publications = items(client, "/publications")
    labels = [each for each in publications if each["kind"] == "regulatory-label" and not each["journal"]]
    told = {each["id"]: each for each in json.loads(get(client, "/publications?format=csl"))}
    ris = {each["id"]: each for each in rispy.loads(get(client, "/publications?format=ris"))}
    hosts = {"ema.europa.eu": "European Medicines Agency", "fda.gov": "U.S. Food and Drug Administration"}
    seen = set()
    for each in labels:
        host = (urlsplit(each["url"] or "").hostname or "").removeprefix("www.")
        if host in hosts:
            seen.add(host)
            assert told[each["id"]]["publisher"] == ris[each["id"]]["publisher"] == hosts[host]
    assert seen == {*hosts}
    assert not [
        each["id"] for each in told.values() if each["type"] == "article-journal" and "publisher" in each
    ]
    names = [name for each in told.values() for name in each.get("author", [])]
    assert not [name for name in names if "et al" in " ".join(name.values()).lower()]


def default_none() -> bibtexparser.model.Field:
    return bibtexparser.model.Field("", None)


@pytest.mark.parametrize(
    "text",
    [
        '100 % of "IL-6" & TNF_\u03b1: #1 ~ $5 \\input{x}',
        "a } closes and a { opens",
        "M\u00fcller\u2013\u0141ukasz\u2019s \u201c\u03b2\u201d-\u00df",
        "\u2265 \u00bd \u00d7 10\u00b3 \u00b1 2 \u00b0C\u00ae",
    ],
)
def test_latex_takes_a_text_and_gives_it_back(text: str) -> None:
    encoded = encode(text)
    assert encoded.count("{") == encoded.count("}")
    assert not re.search(r"(?<!\\)[%&#$]", encoded)
    entry = f"@misc{{a, title = {{{{{encoded}}}}}}}\n@misc{{b, title = {{c}}}}"
    library = bibtexparser.parse_string(entry, append_middleware=[LatexDecodingMiddleware()])
    assert [each["title"] for each in library.entries] == [text, "c"]


def test_ris_is_read_as_it_was_meant(client: httpx.Client) -> None:
    entries = rispy.loads(get(client, "/publications?format=ris"))
    for entry, publication in zip(entries, items(client, "/publications"), strict=True):
        assert entry["id"] == publication["id"]
        assert entry["title"] == publication["title"]
        assert entry.get("secondary_title") == publication["journal"]
        assert entry.get("doi") == publication["doi"]
        assert entry.get("accession_number") == publication["pmid"]
        assert entry.get("year") == (publication["year"] and str(publication["year"]))
        address = publication["url"] and publication["url"].replace(";", "%3B")  # which parts addresses
        assert entry.get("urls", []) == ([address] if address else [])
        assert len(entry.get("authors", [])) == len(publication["authors"])
        assert entry.get("keywords", []) == publication["keywords"]
        pages = [entry.get("start_page"), entry.get("end_page")]
        assert "-".join(filter(None, pages)) == (publication["pages"] or "")
    by_id = {entry["id"]: entry for entry in entries}
    assert by_id["abaurrea-2021"]["authors"] == ["Abaurrea, A.", "Araujo, A. M.", "Caffarel, M. M."]
    assert {entry["type_of_reference"] for entry in entries} == {"JOUR", "ELEC", "RPRT"}


def test_csl_makes_a_bibliography(client: httpx.Client) -> None:
    query = "/evidence?inhibitor=siltuximab"
    references = json.loads(get(client, f"{query}&format=csl"))
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, CiteProcJSON(references), formatter.plain)
    for each in references:
        bibliography.register(Citation([CitationItem(each["id"])]))
    lines = [str(line) for line in bibliography.bibliography()]
    assert len(lines) == len(references) > 10
    for line, reference in zip(lines, references, strict=True):
        assert reference["title"].rstrip(".") in line
        if "issued" in reference:
            assert str(reference["issued"]["date-parts"][0][0]) in line
        if reference.get("author"):
            first = reference["author"][0]
            assert line.startswith(first.get("family") or first["literal"])
    dorff = next(line for line in lines if line.startswith("Dorff"))
    assert dorff.endswith("https://doi.org/10.1158/1078-0432.ccr-09-3122.")


@pytest.mark.parametrize("wanted", [Format.BIBTEX, Format.RIS, Format.CSL], ids=str)
@pytest.mark.parametrize(
    "query",
    [
        "evidence?inhibitor=siltuximab",
        "evidence?cancer=solid-tumours&include_descendants=true&level=A",
        "evidence?ids=ovarian-serum-il6-os-tempfer-1997",
        "approvals?inhibitor=Actemra&agency=FDA",
        "trials?cancer=prostate-cancer",
        "inhibitors?status=discontinued",
        "inhibitors?ids=CNTO 328,actemra,no-such-drug",
        "targets?q=kinase",
        "cancers?prognosis=better&specimen=any",
        "mechanisms?q=resistance",
        "interactions?predicate=binds",
        "indications?area=oncology",
        "publications?inhibitor=olamkicept",
    ],
)
def test_the_sources_of_a_list_are_just_those_behind_it(
    client: httpx.Client, query: str, wanted: Format
) -> None:
    resource = next(each for each in RESOURCES if query.startswith(f"{each.path}?"))
    sources = behind(client, resource, items(client, f"/{query}"))
    assert 0 < len(sources) < 400
    assert IDS[wanted](fetch(client, f"/{query}&format={wanted}")) == sources


@formats
def test_an_empty_list_is_a_file_too(client: httpx.Client, wanted: Format) -> None:
    file = fetch(client, f"/trials?q=nosuchword&format={wanted}")
    assert IDS[wanted](file) == []
    begin = {"csv": b"id,registry_id,", "tsv": b"id\tregistry_id\t", "csl": b"[]"}
    assert file.startswith(begin.get(wanted, b""))


def test_a_table_and_lines_have_just_the_fields_asked_for(client: httpx.Client) -> None:
    query = "/inhibitors?ids=tocilizumab&fields=targets,name"
    assert get(client, f"{query}&format=csv").splitlines() == [
        "id,name,targets.id,targets.name",
        "tocilizumab,Tocilizumab,il6r,interleukin 6 receptor",
    ]
    (item,) = client.get(query).json()["items"]
    assert json.loads(get(client, f"{query}&format=ndjson")) == item
    assert list(item) == ["id", "name", "targets"]


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [
        ("format=ods", 422, "format"),
        ("format=xlsx&inhibitor=tocilizumb", 422, "inhibitor"),
        ("format=xlsx&facets=level", 422, "facets"),
        ("format=", 422, "format"),
        ("format=csv&format=tsv", 422, "format"),
        ("format=csv&inhibitor=tocilizumb", 422, "inhibitor"),
        ("format=csv&inhibitor=L04AC07", 409, None),
        ("format=ndjson&level=F", 422, "level"),
        ("format=bibtex&cursor=nonsense&publication=nobody-1900", 422, "publication"),
        ("format=csl&nosuch=1", 422, "nosuch"),
        ("format=tsv&cursor=nonsense", 422, "cursor"),
        ("format=csv&facets=level", 422, "facets"),
        ("format=ris&facets=level", 422, "facets"),
        ("format=bibtex&fields=statement", 422, "fields"),
    ],
)
def test_an_error_is_a_problem_and_no_broken_file(
    client: httpx.Client, query: str, status: int, parameter: str | None
) -> None:
    response = client.get(f"/evidence?{query}")
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert "Content-Disposition" not in response.headers
    if parameter:
        assert [each["loc"][:2] for each in response.json()["errors"]] == [["query", parameter]]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_is_no_formula(begin: str) -> None:
    assert neutral(f"{begin}1+1") == f"'{begin}1+1"
    for harmless in ("", "1+1", "a=b", "'=1", "IL-6", " =1"):
        assert neutral(harmless) == harmless


def test_hostile_texts_stay_texts(new_database: NewDatabase, seed_folder: Path) -> None:
    title = 'Trials, "100 %" of {them} }, author = {x}, $1 \\input{x} | ER -'
    formula = '=HYPERLINK("http://example.org";"x")'
    changes = {
        "inhibitors.yaml": {
            "  developer: AstraZeneca\n": f"  developer: {json.dumps(formula)}\n",
            "  routes: [oral]\n": "  routes: ['+oral', '-oral', '@oral']\n",
        },
        "publications.yaml": {
            "title: The role of interleukin-6 in malignant mesothelioma\n": f"title: {json.dumps(title)}\n",
            "  issue: '15'\n": "  issue: '-15_x'\n",
        },
    }
    for file, edits in changes.items():
        path = seed_folder / file
        content = path.read_text(encoding="utf-8")
        for old, new in edits.items():
            assert old in content
            content = content.replace(old, new, 1)
        path.write_text(content, encoding="utf-8")
    url = migrated(new_database())
    seed(seed_folder, parse_url(url))
    with serving(url) as client:
        for wanted, separator in (("csv", ","), ("tsv", "\t")):
            drugs = pd.read_csv(
                io.StringIO(get(client, f"/inhibitors?format={wanted}")), sep=separator, index_col="id"
            )
            assert drugs.loc["azd1480", "developer"] == f"'{formula}"
            assert drugs.loc["azd1480", "routes"] == "'+oral|-oral|@oral"
            sources = pd.read_csv(
                io.StringIO(get(client, f"/publications?format={wanted}")), sep=separator, index_col="id"
            )
            assert sources.loc["abdul-rahim-2015", "title"] == title
            assert sources.loc["abaurrea-2021", "issue"] == "'-15_x"
            cells = [each for frame in (drugs, sources) for each in frame.to_numpy().ravel()]
            assert not [each for each in cells if isinstance(each, str) and each[0] in "=+-@\t\r\n"]
        for path, key, field, value in (
            ("inhibitors", "azd1480", "developer", formula),
            ("publications", "abdul-rahim-2015", "title", title),
            ("publications", "abaurrea-2021", "issue", "-15_x"),
        ):
            (row,) = sheets_of(fetch(client, f"/{path}?ids={key}&format=xlsx"))["records"]
            assert row[field] == value
        query = "/publications?ids=abdul-rahim-2015,abaurrea-2021"
        assert client.get(query).json()["items"][0]["title"] == title
        library = bibtexparser.parse_string(
            get(client, f"{query}&format=bibtex"), append_middleware=[LatexDecodingMiddleware()]
        )
        assert [each["title"] for each in library.entries][:1] == [title]
        assert [each["number"] for each in library.entries] == ["1", "-15_x"]
        assert [each["title"] for each in rispy.loads(get(client, f"{query}&format=ris"))][:1] == [title]
        assert [each["title"] for each in json.loads(get(client, f"{query}&format=csl"))][:1] == [title]


def test_every_format_is_documented(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for resource in BY_KIND.values():
        answer = document["paths"][f"/{resource.path}"]["get"]["responses"]["200"]
        assert list(answer["content"]) == ["application/json"]
        assert all(form.media_type in answer["description"] for form in EXPORTS.values())


@pytest.mark.parametrize(
    "query", ["evidence?sort=-level", "approvals?agency=FDA", "interactions?sort=predicate"]
)
def test_the_sources_of_a_part_of_a_list(client: httpx.Client, query: str) -> None:
    resource = next(each for each in RESOURCES if query.startswith(f"{each.path}?"))
    ids, path = IDS[Format.CSL], f"/{query}&format=csl"
    part = client.get(f"/{query}&limit=5").json()
    assert ids(fetch(client, f"{path}&limit=5")) == behind(client, resource, part["items"])
    assert ids(fetch(client, f"{path}&limit=0")) == []
    cursor = part["next"].partition("cursor=")[2]
    rest = items(client, f"/{query}")[5:]
    assert ids(fetch(client, f"{path}&cursor={cursor}")) == behind(client, resource, rest)
    assert client.get(f"{path}&cursor=nonsense").status_code == 422
