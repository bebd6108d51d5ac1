"""Releases: each is frozen for good, all are served, and what changed between them is told exactly."""

import csv
import io
import json
import lzma
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from app.catalog import RESOURCES
from app.cli import app as cli
from app.seeding.build import prepare, seed
from app.seeding.files import DataFault
from app.seeding.releases import read_frozen
from app.settings import PROJECT, SEED
from app.store.engine import parse_url
from tests.conftest import NewDatabase, migrated, serving, set_version

PATHS = sorted(each.path for each in RESOURCES)
FIRST, SECOND = "2026.11", "2026.12"

Rows = dict[str, dict[str, dict[str, Any]]]


def rows_of(text_of: Any) -> Rows:
    """The rows of the seed files by plain YAML; an empty value is as good as none."""
    found: Rows = {}
    for path in PATHS:
        rows = yaml.load(text_of(path), yaml.CSafeLoader)
        kept = [{k: v for k, v in row.items() if v not in (None, [], {})} for row in rows]
        found[path] = {row["id"]: row for row in kept}
    return found


@pytest.fixture(scope="module")
def frozen() -> Any:
    """The first release, of its frozen file alone."""
    return json.loads(lzma.decompress((SEED / "releases" / f"{FIRST}.json.xz").read_bytes()))


@pytest.fixture(scope="module")
def first(frozen: Any) -> Rows:
    return {path: {row["id"]: row for row in rows} for path, rows in frozen["collections"].items()}


@pytest.fixture(scope="module")
def second() -> Rows:
    return rows_of(lambda path: (SEED / f"{path}.yaml").read_text("utf-8"))


def leaves(value: Any, name: str = "") -> dict[str, Any]:
    """What a row says, by the dotted names of its fields."""
    if not isinstance(value, dict):
        return {name: value}
    parts = [leaves(each, f"{name}.{key}" if name else key) for key, each in value.items()]
    return {key: each for part in parts for key, each in part.items()}


def test_the_first_release_is_what_the_seed_files_were(first: Rows, frozen: Any) -> None:
    def text_of(path: str) -> str:
        command = ["git", "show", f"c8038ad:seed/{path}.yaml"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("this copy of the project does not reach back to the first release")
        return done.stdout

    assert rows_of(text_of) == first
    assert frozen["checksum"] == "cfa6e9fd43a83252db87e6bc4548056667ae2a958d2c165958934b7f450e39aa"


def test_releases_are_listed_the_newest_first(client: httpx.Client, first: Rows, second: Rows) -> None:
    served = client.get("/release").json()
    newest, oldest = client.get("/releases").json()["items"]
    for each in ("version", "date", "checksum", "counts", "licence", "citation"):
        assert newest[each] == served[each]
    assert (newest["since"], oldest["version"], oldest["since"]) == (FIRST, FIRST, None)
    assert oldest["counts"] == {path: len(first[path]) for path in PATHS}
    for path in PATHS:
        assert newest["changes"][path] == {
            "added": len(second[path].keys() - first[path].keys()),
            "changed": sum(
                second[path][each] != first[path][each] for each in second[path].keys() & first[path]
            ),
            "removed": len(first[path].keys() - second[path].keys()),
        }
        assert oldest["changes"][path] == {"added": len(first[path]), "changed": 0, "removed": 0}
    for each in (newest, oldest):
        assert client.get(each["links"]["self"]).json() == each
        assert client.get(each["links"]["changes"]).status_code == 200


def test_changes_are_those_of_the_two_seed_folders(client: httpx.Client, first: Rows, second: Rows) -> None:
    told = client.get(f"/releases/{SECOND}/changes?since={FIRST}").json()
    assert (told["release"], told["since"]) == (SECOND, FIRST)
    assert list(told["collections"]) == PATHS
    for path, part in told["collections"].items():
        old, new = first[path], second[path]
        assert [each["id"] for each in part["added"]] == sorted(new.keys() - old.keys())
        assert [each["id"] for each in part["removed"]] == sorted(old.keys() - new.keys())
        expected = {}
        for each in sorted(old.keys() & new.keys()):
            before, after = leaves(old[each]), leaves(new[each])
            differs = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
            if differs:
                expected[each] = {k: [before.get(k), after.get(k)] for k in differs}
        assert expected == {
            each["id"]: {field["field"]: [field["before"], field["after"]] for field in each["fields"]}
            for each in part["changed"]
        }
    assert client.get(f"/releases/{SECOND}/changes").json() == told
    assert sum(len(each["changed"]) for each in told["collections"].values()) > 500


def test_the_table_of_changes_says_the_same(client: httpx.Client) -> None:
    told = client.get(f"/releases/{SECOND}/changes").json()["collections"]
    answer = client.get(f"/releases/{SECOND}/changes?format=csv")
    assert answer.headers["Content-Disposition"].endswith(f'"il6-atlas-{SECOND}-changes-since-{FIRST}.csv"')
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    fields = sum(len(record["fields"]) for part in told.values() for record in part["changed"])
    moved = sum(len(part["added"]) + len(part["removed"]) for part in told.values())
    assert len(lines) == fields + moved
    by_field = {(each["collection"], each["id"], each["field"]): each for each in lines}
    for path, part in told.items():
        assert {each["id"] for each in part["added"]} == {
            each["id"] for each in lines if (each["collection"], each["change"]) == (path, "added")
        }
        for record in part["changed"]:
            for each in record["fields"]:
                line = by_field[path, record["id"], each["field"]]
                if each["before"] is None:
                    assert line["before"] == ""
                if isinstance(each["after"], int | float) and not isinstance(each["after"], bool):
                    assert float(line["after"]) == each["after"]
    narrow = client.get(f"/releases/{SECOND}/changes?collection=cancers,trials").json()["collections"]
    assert narrow == {path: told[path] for path in ("cancers", "trials")}
    assert client.get(f"/releases/{SECOND}/changes", headers={"Accept": "text/csv"}).text == answer.text


@pytest.mark.longer
def test_every_record_of_a_release_can_be_read_as_it_was(
    client: httpx.Client, first: Rows, second: Rows
) -> None:
    for version, rows in ((FIRST, first), (SECOND, second)):
        for path in PATHS:
            for record_id in [*rows[path]][::17]:
                told = client.get(f"/{path}/{record_id}?release={version}").raise_for_status().json()
                assert told["row"] == rows[path][record_id]
                assert (told["release"], told["id"]) == (version, record_id)
                assert version in told["citation"]
                same = client.get(told["links"]["self"])
                assert same.json() == told
                assert client.get(told["links"]["history"]).status_code == 200


def test_a_history_is_that_of_the_changes(client: httpx.Client) -> None:
    told = client.get(f"/releases/{SECOND}/changes").json()["collections"]
    for path in PATHS:
        for record in told[path]["changed"][:5]:
            newest, oldest = client.get(f"/{path}/{record['id']}/history").json()["items"]
            assert (newest["release"], newest["change"]) == (SECOND, "changed")
            assert newest["fields"] == record["fields"]
            assert (oldest["release"], oldest["change"], oldest["fields"]) == (FIRST, "added", [])
        for record in told[path]["added"][:3]:
            (only,) = client.get(f"/{path}/{record['id']}/history").json()["items"]
            assert (only["release"], only["change"]) == (SECOND, "added")
    doi = client.get("/publications/10.3389/fonc.2022.903800/history").json()
    assert (doi["id"], len(doi["items"])) == ("chen-2022", 1)


def test_what_was_removed_is_found_in_its_release(client: httpx.Client, first: Rows, second: Rows) -> None:
    gone = sorted(first["publications"].keys() - second["publications"].keys())
    assert gone
    for record_id in gone[:5]:
        missing = client.get(f"/publications/{record_id}")
        assert missing.status_code == 404
        assert f"/publications/{record_id}/history" in missing.json()["detail"]
        history = client.get(f"/publications/{record_id}/history").json()
        assert [each["change"] for each in history["items"]] == ["removed", "added"]
        old = client.get(history["items"][1]["links"]["record"]).json()
        assert old["row"] == first["publications"][record_id]
        problem = client.get(f"/publications/{record_id}?release={SECOND}")
        assert problem.status_code == 404
        assert "history" in problem.json()["detail"]


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/releases/2025.01", 404, "2026.12, 2026.11"),
        ("/releases/latest/changes", 404, "There is no release latest"),
        (f"/releases/{SECOND}/changes?since=2027.01", 422, f"one of {FIRST}"),
        (f"/releases/{SECOND}/changes?since={SECOND}", 422, f"one of {FIRST}"),
        (f"/releases/{FIRST}/changes?since={FIRST}", 422, "first release"),
        (f"/releases/{SECOND}/changes?collection=drugs", 422, "collection"),
        (f"/releases/{SECOND}/changes?format=xml", 422, "format"),
        (f"/releases/{SECOND}/changes?page=2", 422, "page"),
        (f"/releases/{SECOND}/drugs/tocilizumab", 404, ""),
        (f"/releases/{SECOND}/inhibitors/tocilizumb", 404, "tocilizumb"),
        ("/inhibitors/tocilizumab?release=2025.01", 404, "There is no release 2025.01"),
        ("/inhibitors/tocilizumb?release=2026.11", 404, "tocilizumb"),
        ("/inhibitors/tocilizumab?release=2026.11&fields=name", 422, "leave out fields"),
        ("/inhibitors/tocilizumab?release=", 422, "release"),
        ("/inhibitors/%00/history", 404, ""),
        ("/inhibitors/L04AC07/history", 409, "several"),
        ("/inhibitors/tocilizumab/history?x=1", 422, "x"),
        ("/inhibitors?release=2026.11", 422, "release"),
    ],
)
def test_a_bad_question_is_answered_plainly(
    client: httpx.Client, address: str, status: int, words: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]


def test_what_cannot_be_had_is_406(client: httpx.Client) -> None:
    answer = client.get(f"/releases/{SECOND}/changes", headers={"Accept": "image/png"})
    assert answer.status_code == 406


def test_the_feed_has_an_entry_for_each_release(client: httpx.Client) -> None:
    answer = client.get("/releases.atom")
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ET.fromstring(answer.text)
    entries = feed.findall(f"{atom}entry")
    assert [each.findtext(f"{atom}title") for each in entries] == [f"Release {SECOND}", f"Release {FIRST}"]
    for each in (feed, *entries):
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", each.findtext(f"{atom}id") or "")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", each.findtext(f"{atom}updated") or "")
    for link in feed.iter(f"{atom}link"):
        assert client.get(link.attrib["href"]).status_code == 200
    assert "26 added" in (entries[0].findtext(f"{atom}summary") or "")


def test_pages_show_what_changed(client: httpx.Client) -> None:
    listed = client.get("/explore/releases").text
    assert f'href="/explore/releases/{SECOND}"' in listed
    page = client.get(f"/explore/releases/{SECOND}").text
    assert f'href="/releases/{SECOND}/changes?format=csv"' in page
    for path, part in client.get(f"/releases/{SECOND}/changes").json()["collections"].items():
        for each in part["added"][:3]:
            assert f'<a href="/explore/{path}/{each["id"]}">' in page
        for each in part["removed"][:3]:
            assert f'<a href="/explore/{path}/{each["id"]}">' not in page
            assert each["id"] in page
    assert "The first release" in client.get(f"/explore/releases/{FIRST}").text
    assert client.get("/explore/releases/2025.01").status_code == 404
    assert client.get(f"/explore/releases/{SECOND}?since={FIRST}").status_code == 200


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, list(arguments))
    return done.exit_code, done.output


def edit(path: Path, old: str, new: str) -> None:
    content = path.read_text("utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), "utf-8")


@pytest.mark.longer
def test_a_release_is_frozen_once_and_for_all(seed_folder: Path, new_database: NewDatabase) -> None:
    citation = seed_folder.parent / "CITATION.cff"
    citation.write_bytes((PROJECT / "CITATION.cff").read_bytes())
    edit(seed_folder / "cancers.yaml", "name: Breast cancer", "name: Breast carcinoma")
    code, told = run("release", "2027.01", "--from", str(seed_folder), "--date", "2027-01-05")
    assert code == 0, told
    assert yaml.safe_load((seed_folder / "RELEASE").read_text("utf-8"))["version"] == "2027.01"
    assert yaml.safe_load(citation.read_text("utf-8"))["date-released"] == "2027-01-05"
    log = (seed_folder / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (\S+)", log, re.MULTILINE)[0] == "2027.01"
    assert re.search(r"- changed: .*\bname of 1\b", log)
    path = seed_folder / "releases" / "2027.01.json.xz"
    first_bytes = path.read_bytes()
    content = json.loads(lzma.decompress(first_bytes))
    assert content["version"] == "2027.01"
    assert {each["id"]: each for each in content["collections"]["cancers"]}["breast-cancer"]["name"] == (
        "Breast carcinoma"
    )
    code, told = run("release", "--from", str(seed_folder))
    assert (code, path.read_bytes()) == (0, first_bytes), told
    assert run("seed", "--check", "--from", str(seed_folder))[0] == 0

    url = migrated(new_database())
    seed(seed_folder, parse_url(url))
    with serving(url) as client:
        assert client.get("/releases").json()["items"][0]["version"] == "2027.01"
        changes = client.get("/releases/2027.01/changes?since=2026.11").json()["collections"]["cancers"]
        (renamed,) = [each for each in changes["changed"] if each["id"] == "breast-cancer"]
        assert {"field": "name", "before": "Breast cancer", "after": "Breast carcinoma"} in renamed["fields"]

    edit(seed_folder / "cancers.yaml", "name: Breast carcinoma", "name: Breast cancer")
    for arguments in (("seed", "--check"), ("release",)):
        code, told = run(*arguments, "--from", str(seed_folder))
        assert code == 65
        assert "RELEASE, version: a new version: 2027.01 was released" in told
    assert path.read_bytes() == first_bytes


def test_a_frozen_release_that_changed_is_refused(seed_folder: Path) -> None:
    path = seed_folder / "releases" / f"{FIRST}.json.xz"
    content = path.read_bytes()
    other = lzma.compress(lzma.decompress(content).replace(b"Chugai", b"Roche", 1))
    for spoilt in (other, content[:-1], b"", None):
        if spoilt is None:
            path.unlink()
        else:
            path.write_bytes(spoilt)
        with pytest.raises(DataFault) as caught:
            read_frozen(seed_folder)
        (problem,) = caught.value.problems
        assert str(problem).startswith(f"releases/{FIRST}.json.xz: the file whose SHA-256 is in SHA256SUMS")
    path.write_bytes(content)
    (seed_folder / "releases" / "SHA256SUMS").write_text("")
    with pytest.raises(DataFault):
        read_frozen(seed_folder)


def test_a_release_is_later_than_those_before_it(seed_folder: Path) -> None:
    set_version(seed_folder, "2026.10")
    with pytest.raises(DataFault) as caught:
        prepare(seed_folder)
    assert "a version later than 2026.1" in str(caught.value.problems[0])
    code, told = run("release", "yesterday", "--from", str(seed_folder))
    assert (code, "RELEASE, version: year and month" in told) == (65, True)


@pytest.mark.longer
def test_a_folder_without_releases_has_one(seed_folder: Path, new_database: NewDatabase) -> None:
    for path in (seed_folder / "releases").iterdir():
        path.unlink()
    url = migrated(new_database())
    seed(seed_folder, parse_url(url))
    with serving(url) as client:
        (only,) = client.get("/releases").json()["items"]
        assert (only["version"], only["since"]) == (SECOND, None)
        assert client.get("/openapi.json").status_code == 200
        assert client.get("/inhibitors/tocilizumab?release=2026.11").status_code == 404


def test_the_changelog_of_the_data_has_every_frozen_release() -> None:
    log = (SEED / "CHANGELOG.md").read_text("utf-8")
    versions = [path.name.removesuffix(".json.xz") for path in (SEED / "releases").glob("*.xz")]
    assert re.findall(r"^## (\S+)", log, re.MULTILINE) == sorted(versions, reverse=True)
