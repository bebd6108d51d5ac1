"""Whatever the OpenAPI document allows or forbids, the service answers as the document says."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import PROJECT
from tests.conftest import EXAMPLES, serving, unmeasured
from tests.program import UVICORN, program

FEW = EXAMPLES <= 100
"""Whether to be quick; `make fuzz` is thorough."""

CHANCE = 3 if FEW else EXAMPLES // 5
"""How many chance requests each operation gets; `make fuzz` sends 200."""

OWN = ("positive_data_acceptance", "negative_data_rejection", "response_schema_conformance")

QUICKLY = {
    "sqlite": "^list_(approvals|cancers)|^(?!list_)",
    "postgresql": "^list_(inhibitors|interactions)|^resolve_|^search",
}
"""The operations whose parameters are tried one by one, at every border, when it must be quick, by engine:
what judges the many parameters of lists is the same code for all lists and both engines."""


@pytest.fixture(scope="module")
def address(database_url: str) -> Iterator[str]:
    """The address of a server in a process of its own, so that it and the fuzzer need not take turns."""
    with program(database_url, command=UVICORN, IL6_ACCESS_LOG="false") as served:
        yield str(served.client.base_url).rstrip("/")
        assert "Traceback" not in served.output()


def fuzz(address: str, folder: Path, phases: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the fuzzer with all its checks; those it is run without have a finer form in the hooks."""
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{address}/openapi.json",
            f"--phases={phases}",
            f"--max-examples={CHANCE}",
            f"--exclude-checks={','.join(OWN)}",
            "--warnings=off",
            "--workers=1",  # two threads that read source code at once trip over a fault of CPython 3.11
            "--seed=1",
            "--generation-database=none",
            "--no-color",
            *arguments,
        ],
        cwd=folder,
        env={**unmeasured(), "SCHEMATHESIS_HOOKS": str(PROJECT / "tests" / "schema_hooks.py")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_no_chance_request_is_answered_otherwise_than_documented(address: str, tmp_path: Path) -> None:
    done = fuzz(address, tmp_path, "examples,fuzzing,stateful")
    assert done.returncode == 0, done.stdout


def test_no_borderline_request_is_answered_otherwise_than_documented(
    address: str, database_url: str, tmp_path: Path
) -> None:
    few = QUICKLY[database_url.partition(":")[0]]
    chosen = [f"--include-operation-id-regex={few}"] if FEW else []
    done = fuzz(address, tmp_path, "coverage", *chosen)
    assert done.returncode == 0, done.stdout


def test_the_fuzzer_sees_a_fault(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.meta.check_counts", lambda *_: 1 / 0)
    with serving(database_url, cache_bytes=0) as client:
        address = str(client.base_url).rstrip("/")
        done = fuzz(address, tmp_path, "coverage", "--include-operation-id=get_readyz")
    assert done.returncode == 1
    assert "Server error" in done.stdout
