"""What the README says of adding to the project is so: its recipes are followed in a copy of the project."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import PROJECT
from tests.conftest import Once, unmeasured
from tests.program import program

pytestmark = pytest.mark.longer

CHAPTER = (PROJECT / "README.md").read_text("utf-8").split("## Add to it\n")[1].split("\n## ")[0]
RECIPES = {part.splitlines()[0]: part for part in CHAPTER.split("\n### ")[1:]}
STEP = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Copy:
    """A copy of the project, in which programs run as they would in a checkout."""

    folder: Path

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def environment(self) -> dict[str, str]:
        """An environment in which `app` is the copy, whatever is installed."""
        kept = {name: each for name, each in unmeasured().items() if not name.startswith(("PYTEST_", "IL6_"))}
        return {**kept, "PYTHONPATH": str(self.folder)}

    def follow(self, recipe: str) -> None:
        for kind, step in STEP.findall(recipe):
            if kind == "diff":
                self.edit(step)
            else:
                for command in step.splitlines():
                    # The packages are there already, in the environment that runs this.
                    self.run("sh", "-c", command.replace("make ", "make -o .venv/test ", 1))

    def edit(self, step: str) -> None:
        """Change each place of each file that a step shows; it must be there, and once."""
        for part in re.split(r"^--- ", step, flags=re.MULTILINE)[1:]:
            name, _, hunks = part.partition("\n")
            for hunk in hunks.split("@@\n"):
                lines = hunk.splitlines()
                old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
                new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
                text = (self.folder / name).read_text("utf-8")
                assert text.count(old) == 1, f"{name} does not have once what README shows:\n{old}"
                (self.folder / name).write_text(text.replace(old, new), "utf-8")


def copied(folder: Path) -> None:
    """Put the project as it is now into a folder, and all that the recipes add."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in files:
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    with suppress(OSError):  # there may be none, or one that mypy is writing
        shutil.copytree(PROJECT / ".mypy_cache", folder / ".mypy_cache")
    for recipe in RECIPES.values():
        Copy(folder).follow(recipe)


@pytest.fixture(scope="module")
def copy(once: Once) -> Copy:
    """The project with all that the recipes add."""
    return Copy(once("recipes", copied))


def test_there_are_four_recipes() -> None:
    assert list(RECIPES) == ["A field", "A filter", "An endpoint", "A format"]
    assert all(STEP.search(recipe) for recipe in RECIPES.values())


def test_what_the_recipes_add_passes_every_check(copy: Copy) -> None:
    copy.run("make", "-o", ".venv/test", "check")


def test_what_the_recipes_add_passes_the_tests_that_walk_registries(copy: Copy, tmp_path: Path) -> None:
    copy.run(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'tests'}"),
        *("-m", "not postgresql and not longer", "-k", "every or newest or match"),
        *(f"tests/test_{name}.py" for name in ("project", "docs", "exports", "models", "migrations")),
    )


@pytest.fixture(scope="module")
def added(copy: Copy) -> Iterator[httpx.Client]:
    """A client of the program in the copy."""
    il6 = str(Path(sys.prefix) / "bin" / "il6")
    copy.run(il6, "seed")
    url = f"sqlite:///{copy.folder / 'var' / 'atlas.sqlite'}"
    with program(url, command=(il6, "serve"), PYTHONPATH=str(copy.folder)) as running:
        yield running.client


def test_the_service_has_what_the_recipes_add(added: httpx.Client) -> None:
    addresses = re.findall(r"`(/[^`]+\?[^`]+)`", CHAPTER)
    assert len(addresses) >= len(RECIPES)
    for address in addresses:
        assert added.get(address).raise_for_status().content, address
    dose = "6 mg/kg every 2 weeks"

    def get(address: str, **query: str) -> Any:
        return added.get(address, params=query).raise_for_status().json()

    assert get("/trials/nct00385827")["dose"] == dose
    assert [each["id"] for each in get("/trials", dose=dose)["items"]] == ["nct00385827"]
    assert get("/trials", facets="dose", limit="0")["facets"]["dose"] == {dose: 1}
    assert get("/trials", sort="-dose", limit="1")["items"][0]["dose"] == dose
    drugs = {each["id"] for each in get("/inhibitors", target="il6r", fields="id", limit="500")["items"]}
    trials = get("/trials", limit="500")["items"]
    expected = {each["id"] for each in trials if drugs & {drug["id"] for drug in each["inhibitors"]}}
    assert expected
    assert {each["id"] for each in get("/trials", target="IL-6R", limit="500")["items"]} == expected
    cancers = get("/cancers", parent="solid-tumours", include_descendants="true", fields="id", limit="500")
    below = {"solid-tumours", *(each["id"] for each in cancers["items"])}
    assert get("/descendants", of="solid-tumours") == {"ids": sorted(below)}
    sequence = added.get("/trials", params={"format": "jsonseq"}).raise_for_status().text
    assert [json.loads(each) for each in sequence.split("\x1e")[1:]] == trials
