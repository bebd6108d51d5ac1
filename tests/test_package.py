"""The project as a package: installed into an empty environment it seeds and serves from any folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app import __version__
from app.settings import MIGRATIONS, PROJECT, SEED
from tests.conftest import PostgreSQL, free_port, until_answering

pytestmark = pytest.mark.longer


def pip(arguments: str, *paths: Path) -> None:
    """Run pip on what is at hand alone."""
    command = [sys.executable, "-m", "pip", *arguments.split(), "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, *map(str, paths)], check=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip(f"wheel --no-build-isolation --wheel-dir {folder}", PROJECT)
    (made,) = folder.iterdir()
    return made


@dataclass(frozen=True)
class Installed:
    """The program in an environment of its own, and a working folder with traps in it."""

    program: Path
    folder: Path
    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), **more}

    def run(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("installed")
    environment = root / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    pip(f"--python {environment / 'bin' / 'python'} install", wheel)
    # What the program depends on is at hand already; the project itself is not found along this path.
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    folder, home = root / "folder", root / "home"
    home.mkdir()
    for trap in ("app", "seed", "migrations"):
        (folder / trap).mkdir(parents=True)
        (folder / trap / "__init__.py").write_text(
            "raise SystemExit('this is no part of the program')\n", "utf-8"
        )
    return Installed(environment / "bin" / "il6", folder, home)


def test_the_package_holds_the_program_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.split("/")[0] for name in names} == {"app", f"il6_atlas-{__version__}.dist-info"}
    assert not any("__pycache__" in name for name in names)
    for folder in (SEED, MIGRATIONS):
        kept = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert {f"app/{path.relative_to(PROJECT)}" for path in kept} == {
            name for name in names if name.startswith(f"app/{folder.name}/")
        }


def test_it_seeds_serves_and_answers_from_any_folder(installed: Installed) -> None:
    assert "loaded" in installed.run("seed")
    assert '"id": "tocilizumab"' in installed.run("inhibitors", "Actemra")
    port = free_port()
    service = subprocess.Popen(
        [str(installed.program), "serve", "--port", str(port), "--workers", "2"],
        cwd=installed.folder,
        env=installed.environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        until_answering(address)
        for path in ("/readyz", "/inhibitors/Actemra", "/explore/cancers", "/openapi.json", "/docs"):
            httpx.get(address + path, timeout=60).raise_for_status()
    finally:
        service.terminate()
        service.wait()
    kept = [path.name for path in installed.home.rglob("*") if path.is_file()]
    assert kept == ["atlas.sqlite"]  # in the folder of the user for data
    assert sorted(path.name for path in installed.folder.iterdir()) == ["app", "migrations", "seed"]


@pytest.mark.postgresql
def test_it_makes_the_schema_of_a_server_and_loads_the_release(
    installed: Installed, postgresql: PostgreSQL
) -> None:
    url = postgresql.new_database()
    assert "loaded" in installed.run("seed", "--migrate", IL6_DATABASE_URL=url)
    assert "was loaded already" in installed.run("seed", "--migrate", IL6_DATABASE_URL=url)
    assert '"id": "tocilizumab"' in installed.run("inhibitors", "Actemra", IL6_DATABASE_URL=url)
