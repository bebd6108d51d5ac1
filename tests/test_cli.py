"""The command line: help for everything, and words for everything that goes wrong."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.seeding.files import SEED
from app.settings import Settings


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
        assert command.callback.__doc__, name


def test_seed_shows_what_was_loaded(run) -> None:  # type: ignore[no-untyped-def]
    first: Result = run("seed")
    assert first.exit_code == 0
    assert "release 2026.11 loaded, checksum " in first.output
    for path, count in {"evidence": "637", "publications": "629"}.items():
        assert any(path in line and count in line for line in first.output.splitlines())
    assert "release 2026.11 was loaded already" in run("seed").output


def test_check_loads_nothing(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result: Result = run("seed", "--check")
    assert (result.exit_code, result.output) == (0, "the data are sound\n")
    assert not (tmp_path / "var").exists()


def test_check_says_what_to_run_for_a_file_out_of_form(run, seed_folder: Path) -> None:  # type: ignore[no-untyped-def]
    path = seed_folder / "targets.yaml"
    path.write_text(path.read_text("utf-8").replace("role: ligand", "role:  ligand"), "utf-8")
    result: Result = run("seed", "--check", "--from", str(seed_folder))
    assert result.exit_code == os.EX_DATAERR
    assert "targets.yaml; run `il6 seed --format`" in result.output
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
    for url, words in {"mysql://localhost/atlas": "mysql is no database", "atlas": "parse"}.items():
        monkeypatch.setenv("IL6_DATABASE_URL", url)
        result: Result = run("seed")
        assert result.exit_code == os.EX_USAGE
        assert words in result.output


def test_settings_are_few_and_described() -> None:
    assert len(Settings.model_fields) <= 10
    assert all(each.description for each in Settings.model_fields.values())
