"""What operators are given: alerts, manifests, a contact, and the way from one version to the next."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import ValidationError

from app.cli import app as cli
from app.settings import PROJECT, Settings
from tests.conftest import (
    NewDatabase,
    PostgreSQL,
    free_port,
    serving,
    set_version,
    unmeasured,
    until_answering,
)
from tests.program import program

ALERTS = PROJECT / "deploy" / "alerts.yaml"
RULES = [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]
MANIFESTS = [*yaml.safe_load_all((PROJECT / "deploy" / "kubernetes.yaml").read_text("utf-8"))]
RUNNING, DEPLOYMENT = (
    (PROJECT / "docs" / f"{name}.md").read_text("utf-8") for name in ("running", "deployment")
)


def plain(expression: str) -> str:
    return " ".join(expression.split())


def test_alerts_ask_for_metrics_that_there_are_and_say_what_to_do(client: httpx.Client) -> None:
    client.get("/release")
    shown = set(re.findall(r"^([a-z0-9_]+)(?:{| )", client.get("/metrics").text, re.MULTILINE))
    assert len(RULES) >= 5
    for rule in RULES:
        asked = set(re.findall(r"\b(?:il6|process)_\w+", rule["expr"]))
        assert asked, rule["alert"]
        assert asked <= shown, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.fullmatch(r"\d+m", rule["for"])
        assert all(rule["annotations"][name].endswith(".") for name in ("summary", "description"))
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_the_alerts_are_those_that_are_told() -> None:
    told = re.findall(
        r"^\| `(.*?)` \| [^|]+ \|$", RUNNING.split("| expression |")[1].split("\n\n")[0], re.MULTILINE
    )
    assert sorted(told) == sorted(plain(rule["expr"]) for rule in RULES)


@pytest.mark.longer
def test_prometheus_reads_the_alerts() -> None:
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("promtool is missing on this machine")
    subprocess.run([promtool, "check", "rules", str(ALERTS)], check=True)


def containers() -> Iterator[dict[str, Any]]:
    for each in MANIFESTS:
        if "template" in each["spec"]:
            yield from each["spec"]["template"]["spec"]["containers"]


def test_manifests_name_commands_settings_and_addresses_that_there_are(client: httpx.Client) -> None:
    commands = {each.name or each.callback.__name__ for each in cli.registered_commands}  # type: ignore[union-attr]
    found = [*containers()]
    assert [each["args"][1] for each in found] == ["seed", "serve"]
    for each in found:
        assert each["args"][0] == "il6"
        assert each["args"][1] in commands
        known = {f"IL6_{name.upper()}" for name in Settings.model_fields} | {"PGPASSWORD"}
        assert {given["name"] for given in each["env"]} <= known
        confined = each["securityContext"]
        assert confined["readOnlyRootFilesystem"]
        assert confined["capabilities"] == {"drop": ["ALL"]}
        probes = [each[name]["httpGet"] for name in each if name.endswith("Probe")]
        assert all(client.get(probe["path"]).status_code == 200 for probe in probes)
        assert each["resources"]["limits"]["memory"]


def test_manifests_fit_together() -> None:
    by_kind = {each["kind"]: each for each in MANIFESTS}
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert by_kind["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert by_kind["Service"]["spec"]["selector"] == labels
    assert by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert by_kind["Job"]["spec"]["template"]["metadata"]["labels"] != labels
    assert by_kind["Service"]["spec"]["ports"][0]["targetPort"] == "http"
    user = re.findall(r"^USER (\d+):(\d+)$", (PROJECT / "Dockerfile").read_text("utf-8"), re.MULTILINE)[0]
    for name in ("Job", "Deployment"):
        pod = by_kind[name]["spec"]["template"]["spec"]
        given = pod["securityContext"]
        assert (given["runAsNonRoot"], str(given["runAsUser"]), str(given["runAsGroup"])) == (True, *user)
        volumes = {each["name"] for each in pod["volumes"]}
        mounts = {each["name"] for one in pod["containers"] for each in one["volumeMounts"]}
        assert volumes == mounts


@pytest.mark.parametrize(
    ("contact", "told", "link"),
    [
        ("atlas@example.org", {"email": "atlas@example.org"}, "mailto:atlas@example.org"),
        ("https://example.org/issues", {"url": "https://example.org/issues"}, "https://example.org/issues"),
    ],
)
def test_the_contact_is_shown(
    new_release: NewDatabase, contact: str, told: dict[str, str], link: str
) -> None:
    with serving(new_release(), contact=contact) as client:
        document = client.get("/openapi.json").json()
        assert document["info"]["contact"] == {"name": "The IL-6 Atlas maintainers", **told}
        assert f'<a href="{link}">{contact}</a>' in client.get("/about").text


def test_without_a_contact_none_is_made_up(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json()["info"]["contact"] == {"name": "The IL-6 Atlas maintainers"}
    assert "mailto:" not in client.get("/about").text


@pytest.mark.parametrize(
    "contact", ["somebody", "javascript:alert(1)", "a@b", "a b@example.org", '"@example.org']
)
def test_a_contact_that_is_none_is_refused(contact: str) -> None:
    with pytest.raises(ValidationError, match=r"a mail address, or that of a page|without quotation marks"):
        Settings(contact=contact)


@pytest.mark.postgresql
def test_the_next_version_takes_over_without_a_pause(postgresql: PostgreSQL, seed_folder: Path) -> None:
    """The commands of docs/deployment.md, as they stand there; the next version brings another release."""
    (block,) = [
        each for each in re.findall(r"```sh\n(.*?)```", DEPLOYMENT, re.DOTALL) if "atlas_next" in each
    ]
    *before, serve = block.splitlines()
    set_version(seed_folder, "2027.01")
    port = free_port()
    environment = {
        **unmeasured(),
        **{
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgresql.port),
            "PGUSER": "atlas",
            "PGDATABASE": "postgres",
        },
        **{"ATLAS_OWNER_PASSWORD": "a'b", "ATLAS_READER_PASSWORD": "c"},
        "PATH": f"{postgresql.programs}:{os.environ['PATH']}",
    }

    def here(command: str) -> str:
        command = command.replace("@localhost/", f"@127.0.0.1:{postgresql.port}/")
        command = command.replace(".venv/bin/il6 seed", f".venv/bin/il6 seed --from {seed_folder}")
        return command.replace(".venv/bin/il6", f"{sys.executable} -m app").replace("8001", str(port))

    with program(postgresql.new_database("release"), "--workers", "1") as old:
        answers: list[int] = []
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                answers.append(old.client.get("/inhibitors/siltuximab").status_code)
                time.sleep(0.02)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            for command in before:
                subprocess.run(["sh", "-ec", here(command)], env=environment, cwd=PROJECT, check=True)
        finally:
            done.set()
            asking.join()
        assert len(answers) > 10
        assert set(answers) == {200}, "the version that runs goes on"
        with subprocess.Popen(["sh", "-ec", f"exec env {here(serve)}"], env=environment, cwd=PROJECT) as new:
            try:
                address = f"http://127.0.0.1:{port}"
                until_answering(address)
                assert httpx.get(f"{address}/readyz").status_code == 200
                assert httpx.get(f"{address}/release").json()["version"] == "2027.01"
                assert old.client.get("/release").json()["version"] != "2027.01", "and can be gone back to"
            finally:
                new.terminate()
        assert old.client.get("/readyz").status_code == 200
