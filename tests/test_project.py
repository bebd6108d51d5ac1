"""The project keeps its word: what README, docs/, citation, pins and container files say is so."""

import json
import re
import shlex
import subprocess
import tomllib
from typing import Any

import httpx
import pytest
import yaml
from alembic.script import ScriptDirectory
from typer.testing import CliRunner

from app import __version__
from app.api.finding import Terms
from app.catalog import RESOURCES
from app.cli import app as cli
from app.http.bounds import LARGEST_BODY, LONGEST_ADDRESS, MOST_PARAMETERS
from app.main import create_app
from app.models.filters import LONGEST, MOST, Filters, Format
from app.models.graph import GraphFormat
from app.models.release import ReleaseSeed
from app.seeding.answers import Facts
from app.seeding.build import alembic_config
from app.seeding.files import RELEASE
from app.settings import PROJECT, Settings
from app.store.engine import READERS

PAGES = {
    str(path.relative_to(PROJECT)): path.read_text("utf-8")
    for path in [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
}
README, REQUESTS, DATA, RUNNING = (
    PAGES[name] for name in ("README.md", "docs/requests.md", "docs/data.md", "docs/running.md")
)
BEFORE_RECIPES, _, RECIPES = README.partition("## Add to it\n")
WRITTEN = "\n".join([BEFORE_RECIPES, RECIPES.partition("## The rest\n")[2], *list(PAGES.values())[1:]])
"""All pages but the recipes, which tests/test_recipes.py follows in a copy of the project."""

EXAMPLE = re.compile(r"```console\n\$ curl -s '?localhost:8000([^\s']+)'?\n(.*?)```", re.DOTALL)
EXAMPLES = EXAMPLE.findall(WRITTEN)


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


def table(page: str, *heading: str) -> list[list[str]]:
    """The rows of the tables of a page whose first headings are these, cell by cell."""
    begin = re.escape(f"| {' | '.join(heading)} |") + r".*\n\|[ |-]+\n"
    found = re.findall(rf"^{begin}((?:\|.*\n?)+)", page, re.MULTILINE)
    assert found, heading
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in "".join(found).splitlines()]


def quoted(text: str) -> list[str]:
    """What stands in a text as code."""
    return re.findall(r"`([^`\n]+)`", text)


def test_readme_fits_its_two_hundred_lines_and_begins_with_the_two_commands() -> None:
    assert len(README.splitlines()) <= 200
    first = README.split("```sh\n")[1].split("```")[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make serve", "make test"]


def test_every_example_can_be_read() -> None:
    assert len(EXAMPLE.findall(BEFORE_RECIPES)) == 11
    assert len(EXAMPLES) == WRITTEN.count("```console")


@pytest.mark.parametrize(("address", "excerpt"), EXAMPLES, ids=[address for address, _ in EXAMPLES])
def test_an_example_is_what_the_service_answers(client: httpx.Client, address: str, excerpt: str) -> None:
    answer, expected = client.get(address), json.loads(excerpt)
    assert answer.status_code == expected.get("status", 200)
    assert part_of(expected, answer.json()), address


def is_address(code: str, paths: list[str]) -> bool:
    """Whether code stands for a request, and not for a file or a pattern."""
    known = {path.split("/")[1] for path in paths} | {"docs", "redoc", "openapi.json", "explore", "problems"}
    return bool(re.fullmatch(r"/[^\s{}*]*", code)) and re.split("[/?]", code)[1] in {*known, ""}


def test_every_address_is_answered(client: httpx.Client) -> None:
    paths = create_app(Settings()).state.paths
    addresses = {each for each in quoted(WRITTEN) if is_address(each, paths)}
    assert len(addresses) > 50
    for address in addresses:
        answer = client.get(address)
        if answer.status_code == 405:
            assert answer.headers["Allow"] == "POST", address
        elif "?" not in address:
            assert answer.status_code in (200, 422), address  # some cannot be asked without parameters
        else:
            assert answer.status_code == 200, address
        if (
            "?" in address
            and answer.headers["Content-Type"] == "application/json"
            and "limit=0" not in address
        ):
            assert answer.json().get("items", True), f"{address}: a question without an answer"


QUESTIONS = table(REQUESTS, "question", "request")


def test_there_are_twenty_questions() -> None:
    assert len(QUESTIONS) == 20
    assert all(question.endswith("?") for question, _ in QUESTIONS)


@pytest.mark.parametrize("address", [address.strip("`") for _, address in QUESTIONS])
def test_a_question_has_an_answer(client: httpx.Client, address: str) -> None:
    answer = client.get(address).raise_for_status()
    if "format=" in address:
        assert len(answer.text.splitlines()) > 20
    elif "approved_for_cancer" in address:
        assert answer.json()["total"] == 0
    elif address.startswith("/resolve"):
        assert answer.json()["match"]["id"] == "non-small-cell-lung-cancer"
    elif "items" in answer.json():
        assert answer.json()["items"], "a question without an answer"
    elif "/cancers/" in address[1:]:
        assert "7 trials" in answer.json()["summary"]
    else:
        assert answer.json()["id"] in ("tocilizumab", "siltuximab", "chen-2022")


def test_an_excerpt_that_is_wrong_is_seen() -> None:
    whole = {"a": 1, "b": [{"c": 1, "d": 2}, {"c": 3}]}
    assert part_of({"b": [{"c": 1}, {"c": 3}]}, whole)
    assert not part_of({"b": [{"c": 3}, {"c": 1}]}, whole)
    assert not part_of({"a": 2}, whole)
    assert not part_of({"e": None}, whole)


def test_every_command_is_there_and_told() -> None:
    commands = {each.name or each.callback.__name__ for each in cli.registered_commands}  # type: ignore[union-attr]
    assert set(re.findall(r"\bil6 ([a-z]+)", WRITTEN)) <= commands
    for command in commands - {resource.path for resource in RESOURCES}:
        assert f"il6 {command}`" in RUNNING, command


def test_every_target_of_make_is_there_and_told() -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    named = {word for each in quoted(WRITTEN) for word in re.findall(r"^make ([a-z-]+)", each)}
    named |= set(re.findall(r"^make ([a-z-]+)", "\n".join(PAGES.values()), re.MULTILINE))
    assert named == targets - {"help"}
    assert named == {row[0].strip("`").split()[-1] for row in table(RUNNING, "command") if "make" in row[0]}


COMMANDS = re.findall(r"^(?:\$ )?\.venv/bin/il6 ((?!seed|serve).+?)(?: > .*| #.*)?$", WRITTEN, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_it_says(database_url: str, command: str) -> None:
    done = CliRunner().invoke(cli, shlex.split(command), env={"IL6_DATABASE_URL": database_url})
    assert done.exit_code == 0, done.output
    assert len(done.output) > 100


def test_every_setting_is_told_with_its_default() -> None:
    told = {row[0].strip("`"): row[1] for row in table(RUNNING, "setting", "default")}
    assert set(told) == {f"IL6_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        if name != "database_url":
            assert told[f"IL6_{name.upper()}"] == (f"`{default}`" if default else "")
    named = {each for page in PAGES.values() for each in re.findall(r"\bIL6_(?!TEST)[A-Z_]+", page)}
    assert named <= set(told)


def test_every_operation_is_told() -> None:
    told = {path for row in table(REQUESTS, "request", "answer") for path in quoted(row[0])}
    any_collection = "|".join(resource.path for resource in RESOURCES)
    paths = create_app(Settings()).state.paths
    named = {
        re.sub(rf"^/({any_collection})(?=$|/{{(?!.*/cancers/))", "/{collection}", path) for path in paths
    }
    assert told == {path.replace(":path", "") for path in named}
    assert {f"/{resource.path}" for resource in RESOURCES} <= set(quoted(REQUESTS))


def test_every_format_is_told() -> None:
    told = {name for row in table(REQUESTS, "format") for name in quoted(row[0])}
    assert told == {*Format, *GraphFormat}


def test_a_file_has_the_name_that_is_told(client: httpx.Client) -> None:
    name, address = re.findall(r"`(il6-atlas-[^`]+)` of `([^`]+)`", REQUESTS)[0]
    assert client.get(address).headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_every_parameter_of_a_list_is_told() -> None:
    told = {row[0].strip("`") for row in table(REQUESTS, "parameter", "meaning")}
    assert told == set(Filters.model_fields)


def test_every_metric_is_told(client: httpx.Client) -> None:
    client.get("/release")
    shown = client.get("/metrics").text
    names = set(re.findall(r"^(il6_\w+?)(?:_bucket|_sum|_count)?[{ ]", shown, re.MULTILINE))
    told = {row[0].split("`")[1]: quoted(row[1]) for row in table(RUNNING, "metric", "by")}
    assert {name for name in told if name.startswith("il6_")} == names
    for name, labels in told.items():
        (sample, *_) = re.findall(rf"^{name}(?:_bucket)?(?:{{(.*)}})? ", shown, re.MULTILINE)
        assert set(re.findall(r'(\w+)="', sample)) - {"le"} == set(labels), name
    for expression in table(RUNNING, "expression", "means"):
        for name in re.findall(r"il6_\w+", expression[0]):
            assert name.removesuffix("_bucket") in names


def test_the_limits_are_those_of_the_code() -> None:
    limits = "\n".join(" | ".join(row) for row in table(RUNNING, "what", "how much"))
    longest = max(get_max_length(each) for each in Terms.model_fields["terms"].metadata)
    page = next(each.le for each in Filters.model_fields["limit"].metadata if hasattr(each, "le"))
    words = next(
        each.max_length for each in Filters.model_fields["q"].metadata if hasattr(each, "max_length")
    )
    for told in (
        f"{LONGEST_ADDRESS:,} bytes | 414",
        f"{LARGEST_BODY:,} bytes | 413",
        f"{MOST_PARAMETERS:,}, {MOST} | 422",
        f"{LONGEST}, {words} | 422",
        f"{page}, {longest:,} | 422",
    ):
        assert told in limits
    assert f"at most {READERS} connections" in RUNNING


def get_max_length(constraint: Any) -> int:
    return getattr(constraint, "max_length", 0)


def test_the_seed_files_are_told_with_their_rows(facts: Facts) -> None:
    told = {row[0].strip("`"): row[1] for row in table(DATA, "file", "rows")}
    counted = {f"seed/{each.path}.yaml": str(len(facts.of(each.kind))) for each in RESOURCES}
    assert told == {f"seed/{RELEASE}": "", **counted}


def test_the_row_that_is_shown_is_a_row() -> None:
    ((place, shown),) = re.findall(r"```yaml\n# (\S+)\n(.*?)```", DATA, re.DOTALL)
    (row,) = yaml.safe_load(shown)
    assert part_of([row], yaml.load((PROJECT / place).read_text("utf-8"), yaml.CSafeLoader))


def test_the_layers_are_those_that_are_checked() -> None:
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = [name for layer in contracts["contracts"][0]["layers"] for name in layer.split(" | ")]
    told = [name for row in table(README, "layers of `app/`") for name in quoted(row[0])]
    assert ["__main__", *told] == layers


FILES = re.compile(
    r"(?:\.ci|app|deploy|docs|migrations|pictures|seed|tests)/[\w./-]*|[A-Z]\w+\.\w+|\w+\.(?:toml|yaml)"
)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_link_of_a_page_leads_somewhere(page: str) -> None:
    for code in quoted(PAGES[page]):
        if FILES.fullmatch(code) and not re.search(r"\bx\.\w+$", code):
            assert (PROJECT / code).exists() or (PROJECT / "seed" / code).exists(), code
    for link in re.findall(r"\]\(([^)#]+)", PAGES[page]):
        if "://" not in link:
            assert (PROJECT / page).parent.joinpath(link).exists(), link


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
    given = {name for each in services.values() for name in each.get("environment", {})}
    known = {f"IL6_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in given if name.startswith("IL6_")} <= known


def test_the_project_speaks_of_itself_alone() -> None:
    """No line names a package registry's host or a path of somebody's machine."""
    hosts = "py" + r"(pi|thonhosted)\.org|registry\." + r"npm|deb\." + r"debian"
    hosts += r"|(^|[^a-z0-9./-])/(home|Users|work)/"
    found = subprocess.run(
        ["git", "grep", "--untracked", "-nIE", hosts, "--", "."],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
