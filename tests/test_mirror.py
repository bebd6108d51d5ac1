"""The mirror: the site and its data as files, in which every link leads somewhere, served by nginx."""

import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from typer.testing import CliRunner

from app.catalog import RESOURCES
from app.cli import app as cli
from app.settings import PROJECT
from tests.conftest import Once, free_port, serving, unmeasured
from tests.test_edge import nginx


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if given.get("rel") == "canonical":
            return
        self.links |= {str(given[name]) for name in ("href", "xlink:href", "src") if given.get(name)}
        if given.get("id"):
            self.ids.add(str(given["id"]))


@pytest.fixture(scope="module")
def folder(once: Once, release_file: Path) -> Path:
    def fill(made: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "app", "mirror", str(made / "files")],
            env={**unmeasured(), "IL6_DATABASE_URL": f"sqlite:///{release_file}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return once("mirror", fill) / "files"


@pytest.mark.longer
def test_every_link_of_every_page_leads_somewhere(folder: Path) -> None:
    pages = {path: Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}
    assert len(pages) > 2_000
    for path, page in pages.items():
        assert "form" not in page.tags
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in ("http", "https", "data"), (path, link)
                assert parts.hostname not in ("mirror.invalid", "localhost", "127.0.0.1"), (path, link)
                continue
            assert not link.startswith("/"), (path, link)
            target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            assert target.is_file(), (path, link)
            if parts.fragment and target in pages:
                assert parts.fragment in pages[target].ids, (path, link)
    assert "mirror.invalid" not in "".join(path.read_text("utf-8") for path in pages)


@pytest.mark.longer
def test_the_data_are_those_of_the_service(folder: Path, release_file: Path) -> None:
    with serving(f"sqlite:///{release_file}") as client:
        counts = client.get("/release").json()["counts"]
        for path, count in counts.items():
            listed = json.loads((folder / f"{path}.json").read_text("utf-8"))
            assert len(listed["items"]) == listed["total"] == count
            assert listed["next"] is None
            for item in listed["items"][::40]:
                record = (folder / path / f"{item['id']}.json").read_bytes()
                assert record == client.get(f"/{path}/{item['id']}").content
                assert (folder / "explore" / path / f"{item['id']}.html").is_file()
                assert (folder / path / item["id"] / "history.json").is_file()
            for ending in ("csv", "tsv", "ndjson", "bib", "ris", "csl.json"):
                assert (folder / f"{path}.{ending}").stat().st_size > 100
            assert (folder / f"{path}.csv").read_bytes() == client.get(f"/{path}?format=csv").content
        manifest = json.loads((folder / "downloads.json").read_text("utf-8"))
        for each in manifest["items"]:
            content = (folder / "downloads" / each["name"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == each["sha256"]


@pytest.mark.longer
def test_nginx_serves_it_and_the_addresses_of_the_service_work(folder: Path, tmp_path: Path) -> None:
    port = free_port()
    config = (PROJECT / "deploy" / "mirror.conf").read_text("utf-8")
    (tmp_path / "nginx.conf").write_text(
        config.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("/srv/il6-atlas", str(folder))
    )
    with nginx(tmp_path, port), httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        seen, waiting = set(), ["/"]
        while waiting and len(seen) < 400:
            address = waiting.pop(0)
            if address in seen:
                continue
            seen.add(address)
            answer = client.get(address)
            assert answer.status_code == 200, address
            if answer.headers["Content-Type"].startswith("text/html"):
                for link in Page(answer.text).links:
                    if not urlsplit(link).scheme:
                        waiting.append(
                            str(answer.url.join(link))
                            .partition("#")[0]
                            .removeprefix(str(client.base_url).rstrip("/"))
                        )
        assert len(seen) == 400
        for path in sorted(each.path for each in RESOURCES):
            assert client.get(f"/{path}").json()["next"] is None
            example = next(each.example for each in RESOURCES if each.path == path)
            assert client.get(f"/{path}/{example}").json()["id"] == example
            assert client.get(f"/explore/{path}/{example}").headers["Content-Type"].startswith("text/html")
        assert client.get("/releases/2026.12/changes").json()["release"] == "2026.12"
        assert client.get("/inhibitors.csv").headers["Content-Type"] == "text/csv; charset=utf-8"
        assert client.get("/nowhere").status_code == 404


def test_a_folder_that_holds_something_is_left_alone(database_url: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")
    environment = {"IL6_DATABASE_URL": database_url}
    done = CliRunner().invoke(cli, ["mirror", str(tmp_path)], env=environment)
    assert (done.exit_code, kept.read_text()) == (73, "mine")
    assert "is not empty" in done.output
    done = CliRunner().invoke(cli, ["mirror", str(kept)], env=environment)
    assert done.exit_code == 73
    none = {"IL6_DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite"}
    done = CliRunner().invoke(cli, ["mirror", str(tmp_path / "new")], env=none)
    assert done.exit_code == 69
    assert re.search("no release", done.output)
