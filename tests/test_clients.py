"""The programs in docs/clients.md run as they stand, and say what the rows say."""

import io
import os
import re
import shutil
import subprocess
from contextlib import redirect_stdout
from pathlib import Path

import httpx
import pytest

from tests.rows import rows

PAGE = (Path(__file__).parents[1] / "docs" / "clients.md").read_text()
PROGRAMS: dict[str, str] = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))

pytestmark = pytest.mark.longer


def worst() -> str:
    """The cancer with the highest ratio of high IL-6 to low, worked out from the rows."""
    ratios = {}
    for row in rows("evidence"):
        effect = row.get("effect", {})
        if (row["type"], row.get("target")) != ("prognostic", "il6") or "value" not in effect:
            continue
        if effect["measure"] in ("HR", "OR", "RR") and effect["comparison"] in (
            "high-versus-low",
            "low-versus-high",
        ):
            turned = effect["comparison"] == "low-versus-high"
            ratios[row["id"]] = (1 / effect["value"] if turned else effect["value"], row["cancer"])
    cancer = max(ratios.values())[1]
    return str(next(row["name"] for row in rows("cancers") if row["id"] == cancer))


def test_the_page_has_a_program_per_language() -> None:
    assert set(PROGRAMS) == {"python", "r", "ts", "js"}


def test_pandas(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS", str(client.base_url).rstrip("/"))
    said = io.StringIO()
    with redirect_stdout(said):
        exec(PROGRAMS["python"], {})
    assert worst() in said.getvalue().splitlines()[1]


def test_r(client: httpx.Client, tmp_path: Path) -> None:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is missing on this machine")
    script = tmp_path / "program.r"
    script.write_text(PROGRAMS["r"])
    address = str(client.base_url).rstrip("/")
    done = subprocess.run(
        [program, str(script)],
        env={**os.environ, "ATLAS": address},
        capture_output=True,
        text=True,
        check=True,
    )
    assert worst() in done.stdout.splitlines()[1]
