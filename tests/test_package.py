"""The project as a package: installed into an empty environment it seeds and serves from any folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app import __version__
from app.settings import MIGRATIONS, PROJECT, SEED
from tests.conftest import free_port, until_answering

pytestmark = pytest.mark.longer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*built, "--wheel-dir", str(folder), str(PROJECT)], check=True)
    (made,) = folder.iterdir()
    return made


@dataclass(frozen=True)
class Installed:
    """The program in an environment of its own, and a working folder with traps in it."""

    program: Path
    folder: Path
    home: Path

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)}

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.folder,
            env=self.environment(),
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
    python = environment / "bin" / "python"
    install = [
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run([sys.executable, *install], check=True)
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


@pytest.fixture(scope="module")
def client(installed: Installed) -> Iterator[httpx.Client]:
    assert "loaded" in installed.run("seed")
    port = free_port()
    service = subprocess.Popen(
        [str(installed.program), "serve", "--port", str(port), "--workers", "2"],
        cwd=installed.folder,
        env=installed.environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        until_answering(f"http://127.0.0.1:{port}")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        service.terminate()
        service.wait()


@pytest.mark.parametrize(
    "path", ["/inhibitors/Actemra", "/explore/cancers", "/openapi.json", "/docs", "/readyz"]
)
def test_it_serves_from_any_folder(client: httpx.Client, path: str) -> None:
    client.get(path).raise_for_status()


def test_it_answers_in_the_terminal_from_any_folder(client: httpx.Client, installed: Installed) -> None:
    assert '"id": "tocilizumab"' in installed.run("inhibitors", "Actemra")


def test_the_data_are_kept_in_the_folder_of_the_user(client: httpx.Client, installed: Installed) -> None:
    kept = [path for path in installed.home.rglob("*") if path.is_file()]
    assert [path.name for path in kept] == ["atlas.sqlite"]
    assert sorted(path.name for path in installed.folder.iterdir()) == ["app", "migrations", "seed"]
