"""The command line: help for everything, and words for everything that goes wrong."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from app.catalog import RESOURCES, Resource
from app.cli import app
from app.models.filters import Format
from app.models.graph import GraphFormat
from app.seeding.answers import Facts
from app.settings import SEED, Settings


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("IL6_DATABASE_URL", f"sqlite:///{tmp_path / 'var' / 'atlas.sqlite'}")
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_every_command_has_help() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    for command in app.registered_commands:
        name = command.name or command.callback.__name__  # type: ignore[union-attr]
        assert name in listed
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
        assert command.help or command.callback.__doc__, name


def test_seed_shows_what_was_loaded(run) -> None:  # type: ignore[no-untyped-def]
    first: Result = run("seed")
    assert first.exit_code == 0
    assert "release 2026.12 loaded, checksum " in first.output
    for path, count in {"evidence": "658", "publications": "676"}.items():
        assert any(path in line and count in line for line in first.output.splitlines())
    assert "release 2026.12 was loaded already" in run("seed").output


def test_what_follows_from_the_rows_is_told_as_the_service_tells_it(  # type: ignore[no-untyped-def]
    run, release_file: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IL6_DATABASE_URL", f"sqlite:///{release_file}")
    answers = {
        ("dossier", "CNTO 328", "myeloma"): "/inhibitors/siltuximab/cancers/multiple-myeloma",
        ("compare", "Actemra", "siltuximab", "--cancer", "myeloma"): (
            "/compare?inhibitors=tocilizumab,siltuximab&cancer=multiple-myeloma"
        ),
        ("conflicts", "--inhibitor", "Actemra"): "/evidence/conflicts?inhibitor=tocilizumab",
        ("conflicts", "--cancer", "prostate cancer"): "/evidence/conflicts?cancer=prostate-cancer",
    }
    for command, address in answers.items():
        answer = client.get(address).raise_for_status().json()
        assert json.loads(run(*command, "--format", "json").stdout) == answer
    dossier = client.get("/inhibitors/siltuximab/cancers/multiple-myeloma").json()
    lines = run("dossier", "siltuximab", "multiple-myeloma").stdout.splitlines()
    assert lines[0] == dossier["summary"]
    parts = ("trials", "therapeutic", "safety", "approvals")
    assert len(lines) == 1 + sum(len(dossier[each]) for each in parts)
    for claim in dossier["therapeutic"]:
        told = f"{claim['significance']}: {claim['statement']} [{claim['publication']['id']}]"
        assert any(line.endswith(told) for line in lines)
    side_by_side = run("compare", "siltuximab", "tocilizumab").stdout
    assert {"Siltuximab", "Tocilizumab", "negative"} <= {*re.findall(r"[\w-]+", side_by_side)}
    disputed = client.get("/evidence/conflicts?inhibitor=tocilizumab").json()
    told = run("conflicts", "--inhibitor", "tocilizumab").stdout.splitlines()
    assert [line for line in told if not line.startswith(" ")] == [
        each["question"] for each in disputed["items"]
    ]
    for wrong, words in {
        ("dossier", "tocilzumab", "myeloma"): "Did you mean tocilizumab,",
        ("dossier", "tocilizumab"): "Missing argument",
        ("compare", "siltuximab"): "Name 2 to 20 different inhibitors",
        ("conflicts", "--cancer", "nobody"): "There is no cancer 'nobody'",
        ("conflicts", "--format", "csv"): "is not one of 'json'",
    }.items():
        said: Result = run(*wrong)
        assert said.exit_code == os.EX_USAGE or said.exit_code == 2
        assert words in said.output, wrong


def test_the_graph_and_its_paths_are_written_in_every_format(  # type: ignore[no-untyped-def]
    run, release_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IL6_DATABASE_URL", f"sqlite:///{release_file}")
    said: Result = run("paths", "actemra", "ovarian cancer", "--via", "stat3,angiogenesis", "--limit", "1")
    assert "by this chain tocilizumab would suppress ovarian cancer." in " ".join(said.output.split())
    assert "Tocilizumab inhibits IL6R. [nishihara-2000" in said.output
    for wanted in GraphFormat:
        assert run("graph", "--cancer", "ovarian cancer", "--format", wanted).exit_code == 0
        assert run("paths", "il6", "angiogenesis", "--format", wanted).exit_code == 0
    assert json.loads(run("graph", "--target", "il6").output)["nodes"]
    for wrong, words in {
        ("graph", "il6"): "give options",
        ("graph", "--cancr", "x"): "did you mean --cancer?",
        ("paths", "il6"): "from where to where?",
        ("paths", "il6", "nobody"): "There is no record 'nobody'",
        ("paths", "il6", "stat3", "--limit", "0"): "--limit: ",
    }.items():
        result: Result = run(*wrong)
        assert result.exit_code == os.EX_USAGE
        assert words in result.output


def test_check_loads_nothing(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result: Result = run("seed", "--check")
    assert (result.exit_code, result.output) == (0, "the data are sound\n")
    assert not (tmp_path / "var").exists()


def test_check_says_what_to_run_for_a_file_out_of_form(run, seed_folder: Path) -> None:  # type: ignore[no-untyped-def]
    path = seed_folder / "targets.yaml"
    path.write_text(path.read_text("utf-8").replace("role: ligand", "role:  ligand"), "utf-8")
    result: Result = run("seed", "--check", "--from", str(seed_folder))
    assert result.exit_code == os.EX_DATAERR
    assert "targets.yaml: canonical form: run `il6 seed --format`" in result.output
    assert (
        "targets.yaml: brought into canonical form"
        in run("seed", "--format", "--from", str(seed_folder)).output
    )
    assert run("seed", "--check", "--from", str(seed_folder)).exit_code == 0
    assert path.read_bytes() == (SEED / "targets.yaml").read_bytes()


def test_a_folder_that_is_not_there_is_named(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result: Result = run("seed", "--from", str(tmp_path / "nowhere"))
    assert result.exit_code == os.EX_DATAERR
    assert "evidence.yaml: a file that can be read (No such file or directory)" in result.output
    assert "11 problems in the data; nothing was loaded" in result.output


def test_a_database_of_another_make_is_named(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    for url, words in {
        "mysql://localhost/atlas": "mysql is no database",
        "atlas": "a database URL is",
    }.items():
        monkeypatch.setenv("IL6_DATABASE_URL", url)
        result: Result = run("seed")
        assert result.exit_code == os.EX_USAGE
        assert words in result.output


def test_settings_are_few_and_described() -> None:
    assert len(Settings.model_fields) <= 12
    assert all(each.description for each in Settings.model_fields.values())


@pytest.fixture
def il6(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The program over the release, as at a wide terminal."""
    monkeypatch.setenv("IL6_DATABASE_URL", database_url)
    monkeypatch.setattr("app.cli.out.width", 200)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_every_collection_is_a_command(il6: Callable[..., Result], facts: Facts, resource: Resource) -> None:
    listed = il6(resource.path)
    assert listed.exit_code == 0, listed.output
    total = len(facts.of(resource.kind))
    assert f"{min(50, total)} of {total} {resource.path}" in listed.output
    record = il6(resource.path, resource.example)
    assert json.loads(record.output)["id"] == resource.example
    help_ = il6(resource.path, "--help").output
    for name in ("--sort", "--format", *(f"--{each}" for each in resource.filters.relations)):
        assert name in help_


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
@pytest.mark.parametrize("wanted", list(Format))
def test_files_are_those_of_the_service(
    il6: Callable[..., Result], client: httpx.Client, resource: Resource, wanted: Format
) -> None:
    options = {"limit": "7", "sort": "-id", "format": wanted}
    printed = il6(resource.path, *(part for name, value in options.items() for part in (f"--{name}", value)))
    assert printed.exit_code == 0, printed.output
    served = client.get(f"/{resource.path}", params=options).raise_for_status()
    if wanted == Format.JSON:
        assert json.loads(printed.output)["items"] == served.json()["items"]
    else:
        assert printed.stdout_bytes == served.content


def test_the_questions_of_the_service_can_be_asked_here(il6: Callable[..., Result]) -> None:
    csv = il6("inhibitors", "--target", "il6r", "--format", "csv").output
    assert csv.splitlines()[0].startswith("id,name,synonyms")
    assert "tocilizumab,Tocilizumab,atlizumab|MRA|rhPM-1" in csv
    assert "4 of 4 cancers" in il6("cancers", "--prognosis=poor", "--min-level", "A").output
    assert "siltuximab" in il6("inhibitors", "CNTO 328").output
    assert "18 of 18 inhibitors" in il6("inhibitors", "--approved").output
    facets = il6("trials", "--outcome", "negative", "--facets", "phase", "--limit", "0").output
    assert "phase: 2 " in facets
    years = il6("publications", "--year-gte", "2025", "--limit", "0").output
    assert re.search(r"0 of \d+ publications", years)
    assert "not found: nonsense" in il6("inhibitors", "--ids", "Actemra,nonsense").output


def test_ask_searches_everything(il6: Callable[..., Result]) -> None:
    asked = il6("ask", "il-6", "angiogenesis", "--limit", "3")
    assert asked.exit_code == 0
    assert re.search(r"3 of \d+ hits", asked.output)
    assert il6("ask", "actemra").output.splitlines()[3].split()[1:4] == ["inhibitor", "│", "tocilizumab"]
    assert "[" not in il6("ask", "[bold]").output.replace("[bold]", "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("inhibitors", "tocilizumb"),
            os.EX_USAGE,
            "There is no inhibitor 'tocilizumb'. Did you mean tocilizumab",
        ),
        (("inhibitors", "L04AC07"), os.EX_USAGE, "stands for several records"),
        (
            ("inhibitors", "--targt", "il6r"),
            os.EX_USAGE,
            "--targt: there is no such option; did you mean --target?",
        ),
        (("inhibitors", "--target", "il66666"), os.EX_USAGE, "There is no target 'il66666'"),
        (
            ("inhibitors", "--scope", "indirect"),
            os.EX_USAGE,
            "--scope: Input should be 'direct' or 'pathway'",
        ),
        (("inhibitors", "--limit", "many"), os.EX_USAGE, "--limit: Input should be a valid integer"),
        (("inhibitors", "tocilizumab", "--limit", "3"), os.EX_USAGE, "give names or options, not both"),
        (("drugs",), 2, "No such command 'drugs'"),
        (("ask", *map(str, range(101))), os.EX_USAGE, "q: At most 100 words"),
    ],
)
def test_what_cannot_be_asked_is_named(
    il6: Callable[..., Result], arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = il6(*arguments)
    assert result.exit_code == code
    assert words in result.output


def test_without_a_release_the_program_says_what_to_do(run) -> None:  # type: ignore[no-untyped-def]
    result: Result = run("inhibitors")
    assert result.exit_code == os.EX_UNAVAILABLE
    assert "`il6 seed` makes it" in result.output


def test_a_spoilt_database_is_named(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "atlas.sqlite").write_bytes(b"no database" * 1000)
    result: Result = run("ask", "il6")
    assert result.exit_code == os.EX_UNAVAILABLE
    assert "the database does not answer: file is not a database" in result.output


def test_nothing_is_loaded_before_it_is_needed() -> None:
    script = (
        "import sys; import app.cli; assert not {'fastapi', 'uvicorn', 'alembic'} & {*sys.modules};"
        "import app.main; assert not {'mcp', 'jinja2'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
