"""The project keeps its word: what README, citation, pins and container files say is so."""

import json
import re
import subprocess
import tomllib
from typing import Any

import httpx
import pytest
import yaml
from alembic.script import ScriptDirectory

from app import __version__
from app.api.meta import router as meta
from app.catalog import RESOURCES
from app.cli import app as cli
from app.main import create_app
from app.models.release import ReleaseSeed
from app.seeding.build import alembic_config
from app.settings import PROJECT, Settings

README = (PROJECT / "README.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"```sh\ncurl -s '?localhost:8000([^\s']+)'?\n```\n```json\n(.*?)```", README, re.DOTALL
)


def part_of(excerpt: Any, whole: Any) -> bool:
    """Whether an excerpt leaves out, but changes nothing: keys of objects, members of lists in order."""
    if isinstance(excerpt, dict):
        return isinstance(whole, dict) and all(
            k in whole and part_of(v, whole[k]) for k, v in excerpt.items()
        )
    if isinstance(excerpt, list):
        rest = iter(whole)
        return all(any(part_of(each, other) for other in rest) for each in excerpt)
    return bool(excerpt == whole)


def test_readme_has_eleven_examples() -> None:
    assert len(EXAMPLES) == 11
    assert README.count("```json") == 11


@pytest.mark.parametrize(("address", "excerpt"), EXAMPLES, ids=[address for address, _ in EXAMPLES])
def test_an_example_of_the_readme_is_true(client: httpx.Client, address: str, excerpt: str) -> None:
    answer = client.get(address).raise_for_status().json()
    assert part_of(json.loads(excerpt), answer), address


QUESTIONS = re.findall(r"^\| [^|]+\? \| `(/[^`]+)` \|$", README, re.MULTILINE)


def test_readme_has_twenty_questions() -> None:
    assert len(QUESTIONS) == 20


@pytest.mark.parametrize("address", QUESTIONS)
def test_a_question_of_the_readme_has_an_answer(client: httpx.Client, address: str) -> None:
    answer = client.get(address).raise_for_status()
    if "format=" in address:
        assert len(answer.text.splitlines()) > 20
    elif "approved_for_cancer" in address:
        assert answer.json()["total"] == 0
    elif address.startswith("/resolve"):
        assert answer.json()["match"]["id"] == "non-small-cell-lung-cancer"
    elif "items" in answer.json():
        assert answer.json()["items"], "a question without an answer"
    else:
        assert answer.json()["id"] in ("tocilizumab", "siltuximab", "chen-2022")


def test_an_excerpt_that_is_wrong_is_seen() -> None:
    whole = {"a": 1, "b": [{"c": 1, "d": 2}, {"c": 3}]}
    assert part_of({"b": [{"c": 1}, {"c": 3}]}, whole)
    assert not part_of({"b": [{"c": 3}, {"c": 1}]}, whole)
    assert not part_of({"a": 2}, whole)
    assert not part_of({"e": None}, whole)


def test_readme_names_every_command_setting_target_and_service_path() -> None:
    for command in cli.registered_commands:
        name = command.name or command.callback.__name__  # type: ignore[union-attr]
        assert f"il6 {name}" in README or name in {resource.path for resource in RESOURCES}
    for setting in Settings.model_fields:
        assert f"`IL6_{setting.upper()}`" in README
    targets = re.findall(r"^([a-z]+):.*## ", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for target in targets:
        assert target == "help" or f"`make {target}`" in README or f"make {target}" in README
    assert set(re.findall(r"\bmake ([a-z]+)[`\s]", README.replace("makes", ""))) - {"us"} <= set(targets)
    for route in meta.routes:
        assert f"`{route.path}`" in README or f"localhost:8000{route.path}" in README  # type: ignore[attr-defined]


def test_the_first_lines_of_the_readme_are_the_two_commands() -> None:
    first = README.split("```sh\n")[1].split("```")[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make serve", "make test"]


def test_the_citation_is_that_of_the_release(release_and_facts: tuple[ReleaseSeed, object]) -> None:
    release, _ = release_and_facts
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == release.version
    assert citation["date-released"] == str(release.date)
    assert citation["license"] == release.licence
    assert release.citation.startswith(citation["title"])


def test_the_changelog_has_the_version() -> None:
    assert f"## {__version__} " in (PROJECT / "CHANGELOG.md").read_text("utf-8")
    assert create_app(Settings()).version == __version__


def pins(name: str) -> dict[str, str]:
    content = (PROJECT / name).read_text("utf-8")
    assert "--hash=sha256:" in content
    assert "://" not in content, f"{name} names a host"
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]+\])?==([^\s;]+)", content, re.MULTILINE))


def test_pins_cover_the_dependencies_and_agree() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    for requirement in project["project"]["dependencies"] + project["dependency-groups"]["build"]:
        name = re.split(r"[\[><=;]", requirement)[0].lower()
        assert name in runtime, f"run `make lock`: {requirement}"
    for requirement in project["dependency-groups"]["dev"]:
        if isinstance(requirement, str):
            assert requirement.lower() in development, f"run `make lock`: {requirement}"
    for name, version in runtime.items():
        assert development[name] == version, f"run `make lock`: {name}"


def test_every_revision_says_what_it_is_for() -> None:
    for revision in ScriptDirectory.from_config(alembic_config()).walk_revisions():
        assert revision.doc
        assert len(revision.doc) > 10


def test_compose_names_postgresql_15_and_settings_that_are_there() -> None:
    services = yaml.safe_load((PROJECT / "compose.yaml").read_text("utf-8"))["services"]
    assert services["database"]["image"] == "postgres:15"
    known = {f"IL6_{name.upper()}" for name in Settings.model_fields}
    assert set(services["atlas"]["environment"]) <= known


def test_the_project_speaks_of_itself_alone() -> None:
    """No line names a package registry's host or a path of somebody's machine."""
    hosts = "py" + r"(pi|thonhosted)\.org|registry\." + r"npm|deb\." + r"debian"
    hosts += r"|(^|[^a-z0-9./-])/(home|Users|work)/"
    found = subprocess.run(
        ["git", "grep", "-nIE", hosts, "--", "."], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
