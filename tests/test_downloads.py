"""Files of a whole release: complete, explained, opened by plain readers, the same bytes wherever made."""

import csv
import hashlib
import io
import json
import lzma
import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import yaml

from app.catalog import RESOURCES
from app.exports import table
from app.exports.columns import columns_of
from app.models.vocabulary import vocabularies
from app.settings import PROJECT, SEED
from tests.conftest import unmeasured
from tests.rows import rows

PATHS = sorted(each.path for each in RESOURCES)


@pytest.fixture(scope="module")
def manifest(client: httpx.Client) -> Any:
    return client.get("/downloads").raise_for_status().json()


@pytest.fixture(scope="module")
def files(client: httpx.Client, manifest: Any) -> dict[str, bytes]:
    """The files of the release that is served, by what stands behind its version in their names."""
    stem = f"il6-atlas-{manifest['release']}."
    return {
        each["name"].removeprefix(stem): client.get(each["url"]).raise_for_status().content
        for each in manifest["items"]
        if each["name"].startswith(stem)
    }


@pytest.fixture(scope="module")
def counts(client: httpx.Client) -> dict[str, int]:
    found: dict[str, int] = client.get("/release").json()["counts"]
    return found


def test_the_manifest_is_true_of_every_file(client: httpx.Client, manifest: Any) -> None:
    assert manifest["citation"] == client.get("/release").json()["citation"]
    endings = {each["name"].split(".", 2)[2] for each in manifest["items"]}
    assert endings == {"zip", "xlsx", "sqlite", "jsonld", "json", "nodes.tsv", "edges.tsv", "sssom.tsv"}
    for each in manifest["items"]:
        answer = client.get(each["url"])
        assert len(answer.content) == each["bytes"]
        assert hashlib.sha256(answer.content).hexdigest() == each["sha256"]
        assert answer.headers["Content-Type"].partition(";")[0] == each["media_type"]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{each["name"]}"'
        assert each["licence"] == "CC-BY-4.0"
        part = client.get(each["url"], headers={"Range": "bytes=0-9", "Accept-Encoding": "identity"})
        assert (part.status_code, part.content) == (206, answer.content[:10])


def test_a_file_that_is_not_there_is_404(client: httpx.Client) -> None:
    for name in ("il6-atlas-2026.11.zip", "il6-atlas-2030.01.json", "x", "..%2Frelease"):
        answer = client.get(f"/downloads/{name}")
        assert answer.status_code == 404
    assert "il6-atlas-2026.11.json" in client.get("/downloads/il6-atlas-2026.11.zip").json()["detail"]


def test_an_earlier_release_is_the_file_that_was_frozen(client: httpx.Client) -> None:
    frozen = (SEED / "releases" / "2026.11.json.xz").read_bytes()
    assert client.get("/downloads/il6-atlas-2026.11.json").content == lzma.decompress(frozen)


def test_the_data_are_those_of_the_seed_files(files: dict[str, bytes]) -> None:
    content = json.loads(files["json"])
    for path in PATHS:
        kept = [{k: v for k, v in row.items() if v not in (None, [], {})} for row in rows(path)]
        assert content["collections"][path] == sorted(kept, key=lambda row: row["id"])


# The archive


@pytest.fixture(scope="module")
def archive(files: dict[str, bytes]) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(files["zip"])) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name).decode() for name in opened.namelist()}


@pytest.fixture(scope="module")
def package(archive: dict[str, str]) -> Any:
    return json.loads(archive["datapackage.json"])


def test_the_archive_has_every_collection_and_how_to_cite_it(
    client: httpx.Client, archive: dict[str, str], package: Any, counts: dict[str, int]
) -> None:
    assert set(archive) == {*(f"{path}.csv" for path in PATHS), "datapackage.json", "CITATION.cff"}
    for path in PATHS:
        assert archive[f"{path}.csv"] == client.get(f"/{path}?format=csv").content.decode()
        assert len(list(csv.DictReader(io.StringIO(archive[f"{path}.csv"])))) == counts[path]
    assert archive["CITATION.cff"] == (PROJECT / "CITATION.cff").read_text("utf-8")
    assert [each["name"] for each in package["licenses"]] == ["CC-BY-4.0"]
    assert package["version"] == client.get("/release").json()["version"]


def test_the_package_describes_every_column_in_words(archive: dict[str, str], package: Any) -> None:
    for resource in package["resources"]:
        content = archive[resource["path"]]
        assert resource["hash"] == f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
        assert resource["bytes"] == len(content.encode())
        rows = list(csv.DictReader(io.StringIO(content)))
        fields = resource["schema"]["fields"]
        assert [each["name"] for each in fields] == list(rows[0])
        for each in fields:
            assert len(each["description"].split()) > 1 or each["name"] == "title", each
            held = {row[each["name"]] for row in rows} - {""}
            if each["type"] == "integer":
                assert all(re.fullmatch(r"-?\d+", value) for value in held), each
            if each["type"] == "number":
                assert all(re.fullmatch(r"-?\d+(\.\d+)?(e-\d+)?", value) for value in held), each
            if each["type"] == "boolean":
                assert held <= {"true", "false"}
            if "constraints" in each:
                assert held <= set(each["constraints"]["enum"]), each
        ids = {row["id"] for row in rows}
        assert len(ids) == len(rows)


def test_the_references_of_the_package_lead_somewhere(archive: dict[str, str], package: Any) -> None:
    ids = {path: {row["id"] for row in csv.DictReader(io.StringIO(archive[f"{path}.csv"]))} for path in PATHS}
    found = 0
    for resource in package["resources"]:
        for key in resource["schema"]["foreignKeys"]:
            (field,), owner = key["fields"], key["reference"]["resource"]
            rows = csv.DictReader(io.StringIO(archive[resource["path"]]))
            assert {row[field] for row in rows} - {""} <= ids[owner], (resource["name"], field)
            found += 1
    assert found >= 10


def test_pandas_reads_the_types_that_the_package_gives(archive: dict[str, str], package: Any) -> None:
    dtypes = {"integer": "Int64", "number": "float64", "boolean": "boolean", "string": "string"}
    for resource in package["resources"]:
        types = {each["name"]: dtypes[each["type"]] for each in resource["schema"]["fields"]}
        frame = pd.read_csv(
            io.StringIO(archive[resource["path"]]), dtype=types, na_values=[""], keep_default_na=False
        )
        assert len(frame) > 0


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_the_columns_that_are_described_are_those_of_the_table(resource: Any) -> None:
    assert [each.path for each in columns_of(resource.item)] == table.columns_of(resource.item)


def test_the_workbook_has_every_collection_and_pandas_reads_it(
    files: dict[str, bytes], archive: dict[str, str], counts: dict[str, int]
) -> None:
    book = pd.read_excel(io.BytesIO(files["xlsx"]), sheet_name=None, dtype=str, keep_default_na=False)
    assert [*book] == [*(each.path for each in RESOURCES), "columns", "about"]
    for path, count in counts.items():
        heads = archive[f"{path}.csv"].splitlines()[0].split(",")
        assert (len(book[path]), [*book[path].columns]) == (count, heads)
    told = set(zip(book["columns"]["sheet"], book["columns"]["column"], strict=True))
    assert told == {(path, name) for path in counts for name in book[path].columns}
    assert "No IL-6 inhibitor is approved to treat a cancer." in " ".join(book["about"]["value"])
    assert "CC-BY-4.0" in set(book["about"]["value"])


# SQLite


@pytest.fixture(scope="module")
def database(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    path = tmp_path_factory.mktemp("download") / "atlas.sqlite"
    path.write_bytes(files["sqlite"])
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)


def test_the_database_is_sound_and_whole(database: sqlite3.Connection, counts: dict[str, int]) -> None:
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    for path, count in counts.items():
        assert database.execute(f"SELECT count(*) FROM {path}").fetchone() == (count,)
    about = dict(database.execute("SELECT name, value FROM about").fetchall())
    assert about["licence"] == "CC-BY-4.0"
    assert about["version"] in about["citation"]
    words = database.execute("SELECT count(*) FROM words").fetchone()
    assert words == (sum(len(each) for each in vocabularies()),)


def test_every_column_of_a_collection_is_explained(database: sqlite3.Connection) -> None:
    told = {(a, b): c for a, b, c in database.execute("SELECT * FROM columns")}
    for path in PATHS:
        names = [row[1] for row in database.execute(f"PRAGMA table_info({path})")]
        assert not {"item", "record", "label"} & set(names)
        for name in names:
            assert told.get((path, name)), (path, name)
            assert "joined" not in told[path, name]


def test_the_database_says_what_the_lists_say(client: httpx.Client, database: sqlite3.Connection) -> None:
    listed = client.get("/inhibitors?indication=rheumatoid-arthritis&agency=EMA&limit=500").json()["items"]
    asked = """
        SELECT DISTINCT inhibitor_id FROM approvals
        WHERE indication_id = 'rheumatoid-arthritis' AND agency = 'EMA' ORDER BY 1"""
    assert [each["id"] for each in listed] == [row[0] for row in database.execute(asked)]
    named = "SELECT count(*) FROM evidence_named WHERE inhibitor = 'Siltuximab' AND type = 'therapeutic'"
    total = client.get("/evidence?inhibitor=siltuximab&type=therapeutic&limit=0").json()["total"]
    assert database.execute(named).fetchone() == (total,)
    failed = (
        """SELECT DISTINCT id FROM trials_named WHERE inhibitor = 'Siltuximab' AND outcome = 'negative'"""
    )
    told = client.get("/trials?inhibitor=siltuximab&outcome=negative&limit=0").json()["total"]
    assert len(database.execute(failed).fetchall()) == told
    synonyms = [
        row[0]
        for row in database.execute(
            "SELECT value FROM inhibitor_synonyms WHERE inhibitor_id = 'tocilizumab' ORDER BY position"
        )
    ]
    record = client.get("/inhibitors/tocilizumab").json()
    assert synonyms == record["synonyms"]
    xrefs = database.execute(
        "SELECT prefix || ':' || identifier FROM xrefs WHERE kind = 'inhibitor' AND record_id = 'tocilizumab'"
    )
    assert sorted(row[0] for row in xrefs) == sorted(record["xrefs"])


def test_ratios_of_the_database_are_turned_alike(database: sqlite3.Connection) -> None:
    """By arithmetic of its own, from the seed files."""
    welcome = {"response", "objective-response", "complete-response", "pathological-complete-response"}
    welcome |= {"psa-response", "clinical-benefit", "stable-disease", "haematological-improvement"}
    welcome |= {"body-composition", "symptom-relief", "adverse-event-resolution"}
    figures = "harmonised_value, harmonised_ci_low, harmonised_ci_high"
    told = {
        row[0]: row[1:] for row in database.execute(f"SELECT id, {figures}, not_harmonised FROM evidence")
    }
    turned = 0
    for row in rows("evidence"):
        effect = row.get("effect") or {}
        *ratio, why = told[row["id"]]
        if not effect or why:
            assert ratio == [None, None, None]
            assert bool(why) == bool(effect)
            continue
        right = [effect["value"], effect.get("ci_low"), effect.get("ci_high")]
        if (effect["comparison"] == "low-versus-high") != (effect["endpoint"] in welcome):
            right = [each and 1 / each for each in (right[0], right[2], right[1])]
            turned += 1
        assert [each is None for each in ratio] == [each is None for each in right], row["id"]
        assert list(filter(None, ratio)) == pytest.approx(list(filter(None, right)), rel=5e-4), row["id"]
    assert turned > 3
    named = "SELECT count(*) FROM evidence_named WHERE harmonised_value > 1 AND type = 'prognostic'"
    plain = "SELECT count(*) FROM evidence WHERE harmonised_value > 1 AND type = 'prognostic'"
    assert database.execute(named).fetchone() == database.execute(plain).fetchone()


# Graphs


def test_the_graph_is_that_of_the_service(client: httpx.Client, files: dict[str, bytes]) -> None:
    assert files["nodes.tsv"] == client.get("/graph?format=kgx-nodes").content
    assert files["edges.tsv"] == client.get("/graph?format=kgx-edges").content


def test_every_record_is_a_node_of_the_linked_data(files: dict[str, bytes], counts: dict[str, int]) -> None:
    graph = json.loads(files["jsonld"])
    nodes = graph["@graph"]
    assert len(nodes) == 1 + sum(counts.values())
    assert len({each["@id"] for each in nodes}) == len(nodes)
    assert nodes[0]["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert all(each["name"] and each["@type"] for each in nodes)


def test_every_cross_reference_is_a_mapping_that_claims_no_more_than_it_may(
    client: httpx.Client, files: dict[str, bytes]
) -> None:
    lines = files["sssom.tsv"].decode().splitlines()
    head = yaml.safe_load("\n".join(line[1:] for line in lines if line.startswith("#")))
    assert head["license"] == "https://creativecommons.org/licenses/by/4.0/"
    rows = list(csv.DictReader([line for line in lines if not line.startswith("#")], delimiter="\t"))
    expected = set()
    for path in sorted({*PATHS} - {"publications"}):
        for item in client.get(f"/{path}?limit=500").json()["items"]:
            expected |= {
                (f"il6atlas.{next(r.kind for r in RESOURCES if r.path == path)}:{item['id']}", each)
                for each in item.get("xrefs", [])
            }
    assert {(each["subject_id"], each["object_id"]) for each in rows} == expected
    prefixes = {each[name].split(":")[0] for each in rows for name in ("subject_id", "object_id")}
    assert prefixes <= set(head["curie_map"])
    exact = [each for each in rows if each["predicate_id"] == "skos:exactMatch"]
    once = {(each["subject_category"], each["object_id"]) for each in exact}
    assert len(once) == len(exact)
    codes = {each["object_id"]: each["predicate_id"] for each in rows}
    assert codes["atc:L04AC07"] == "skos:broadMatch"
    assert codes["chembl:CHEMBL1237022"] == "skos:exactMatch"
    assert {each["predicate_id"] for each in rows} == {
        "skos:exactMatch",
        "skos:broadMatch",
        "skos:relatedMatch",
    }


def digests(url: str, seed: str) -> str:
    """The checksums of all files, made by a process of its own whose hashes fall in another order."""
    program = (
        "import sys\n"
        "from app.exports.downloads import manifest\n"
        "from app.store.engine import Database, parse_url\n"
        "from app.store.release import reading\n"
        "with reading(Database(parse_url(sys.argv[1]))) as (session, release):\n"
        "    for each in manifest(session, release, ''): print(each.name, each.sha256)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, url],
        env={**unmeasured(), "PYTHONHASHSEED": seed, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.longer
def test_the_same_release_has_the_same_bytes(release_file: Path, manifest: Any) -> None:
    """In every process, and of the database that this test run has: of the other engine too."""
    expected = "".join(f"{each['name']} {each['sha256']}\n" for each in manifest["items"])
    for seed in ("0", "1", "2"):
        assert digests(f"sqlite:///{release_file}", seed) == expected
