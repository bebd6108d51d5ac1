"""The log: every line is JSON, names the request it is of, and holds no password."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app as cli
from app.http.logs import MOST_WAITING, Lines, Queued
from app.settings import PROJECT
from app.store.release import INTERVAL
from tests.conftest import free_port, serving, unmeasured, until_answering
from tests.program import SERVE, UVICORN, Program, program

PLANTED = """
import sys, warnings
from app.cli import app as cli
from app.main import app

@app.get("/planted/fault")
def fault():
    raise RuntimeError("no luck with pa55-w0rd")

@app.get("/planted/warning")
def warn():
    warnings.warn("this will go away", FutureWarning)

cli()
"""
"""The program with two addresses more: one has a fault, and one uses what a library warns of."""

ACCESS = {"client", "method", "path", "query", "status", "bytes", "ms"}
ID = "0123456789abcdef0123456789abcdef"


def of(lines: list[dict[str, Any]], **wanted: object) -> list[dict[str, Any]]:
    """The lines with these values."""
    return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]


def check_lines(lines: list[dict[str, Any]]) -> None:
    """Each has what every line has, and nothing that is meant for a terminal."""
    for line in lines:
        assert {"time", "level", "logger", "message", "request_id"} <= line.keys()
        assert datetime.fromisoformat(line["time"]).utcoffset() is not None
        assert line["level"] in ("INFO", "WARNING", "ERROR")
        assert line.keys() - {"time", "level", "logger", "message", "request_id", "exc_info"} in (
            set(),
            ACCESS,
        )
        assert "\x1b" not in str(line)


def ended(served: Program) -> list[dict[str, Any]]:
    """The lines of a program that was told to end."""
    assert served.end() in (0, -signal.SIGTERM)
    lines = served.lines()
    check_lines(lines)
    return lines


@dataclass
class Told:
    """What was asked of a program, and the lines that it wrote."""

    answers: dict[str, httpx.Response]
    lines: list[dict[str, Any]]


@pytest.fixture(scope="module")
def told(release_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The program is asked for what it has and for what fails, and its file breaks; then it ends."""
    placed = tmp_path_factory.mktemp("placed") / "atlas.sqlite"
    placed.write_bytes(release_file.read_bytes())
    command = (sys.executable, "-c", PLANTED, "serve")
    with program(f"sqlite:///{placed}", command=command, PYTHONWARNINGS="default") as served:
        client = served.client
        answers = {
            "first": client.get("/cancers?prognosis=poor", headers={"X-Request-ID": ID}),
            "again": client.get("/cancers?prognosis=poor"),
            "nowhere": client.get("/nowhere"),
            "head": client.head("/inhibitors"),
            "post": client.post("/resolve", json={"terms": ["il6"]}),
            "fault": client.get("/planted/fault"),
            "warning": client.get("/planted/warning"),
            "forged": client.get("/livez", headers={"X-Request-ID": '"}\t{'}),
            "odd": client.get('/inhibitors/a%0Ab"%00%1b[0m'),
        }
        with closing(socket.create_connection(("127.0.0.1", client.base_url.port or 80))) as connection:
            connection.sendall(b"What is this?\r\n\r\n")
            assert b"400" in connection.recv(65536)
        placed.write_bytes(b"no database at all" * 10_000)
        time.sleep(3 * INTERVAL)
        answers["broken"] = client.get("/inhibitors")
        return Told(answers, ended(served))


def test_the_access_log_has_a_line_for_every_request(told: Told) -> None:
    asked = [(line["method"], line["path"], line["status"]) for line in of(told.lines, logger="il6.access")]
    assert [each for each in asked if each[1] != "/livez"] == [
        ("GET", "/cancers", 200),
        ("GET", "/cancers", 200),
        ("GET", "/nowhere", 404),
        ("HEAD", "/inhibitors", 200),
        ("POST", "/resolve", 200),
        ("GET", "/planted/fault", 500),
        ("GET", "/planted/warning", 200),
        ("GET", '/inhibitors/a\nb"\0\x1b[0m', 404),
        ("GET", "/inhibitors", 503),
    ]
    (line,) = of(told.lines, request_id=ID)
    assert line | {"time": "", "ms": 0} == {
        "time": "",
        "level": "INFO",
        "logger": "il6.access",
        "message": "request",
        "request_id": ID,
        "client": "127.0.0.1",
        "method": "GET",
        "path": "/cancers",
        "query": "prognosis=poor",
        "status": 200,
        "bytes": int(told.answers["first"].headers["Content-Length"]),
        "ms": 0,
    }
    assert 0 < line["ms"] < 60_000
    (kept,) = of(told.lines, request_id=told.answers["again"].headers["X-Request-ID"])
    assert kept["bytes"] == line["bytes"]


def test_a_fault_is_told_by_the_id_that_its_answer_names(told: Told) -> None:
    answer = told.answers["fault"]
    assert answer.status_code == 500
    assert f"X-Request-ID {answer.headers['X-Request-ID']}" in answer.json()["detail"]
    (error,) = of(told.lines, level="ERROR", request_id=answer.headers["X-Request-ID"])
    assert error["message"] == "GET /planted/fault failed"
    assert "Traceback" in error["exc_info"]
    assert "RuntimeError: no luck" in error["exc_info"]


def test_what_a_library_warns_of_is_a_line_of_its_request(told: Told) -> None:
    (warning,) = of(told.lines, logger="py.warnings")
    assert warning["level"] == "WARNING"
    assert "FutureWarning: this will go away" in warning["message"]
    assert warning["request_id"] == told.answers["warning"].headers["X-Request-ID"]


def test_what_the_database_says_is_told_to_the_log_alone(told: Told) -> None:
    answer = told.answers["broken"]
    assert answer.status_code == 503
    assert "not a database" not in answer.text
    (error,) = of(told.lines, level="ERROR", request_id=answer.headers["X-Request-ID"])
    assert "file is not a database" in error["message"]
    assert of(told.lines, level="WARNING", logger="app.store.release", request_id=None)


def test_the_lines_of_the_server_are_like_all_others(told: Told) -> None:
    assert re.fullmatch("[0-9a-f]{32}", told.answers["forged"].headers["X-Request-ID"])
    for message in ("Application startup complete.", "Application shutdown complete."):
        assert of(told.lines, message=message, level="INFO", logger="uvicorn.error", request_id=None)
    assert of(told.lines, message="Invalid HTTP request received.", level="WARNING", logger="uvicorn.error")


@pytest.mark.longer
def test_two_workers_write_one_log_of_json_lines_and_end_in_order(release_file: Path) -> None:
    with program(f"sqlite:///{release_file}", "--workers", "2") as served:
        for number in range(8):  # each a new connection, which any of them may take
            httpx.get(f"{served.client.base_url}/inhibitors?limit={number}").raise_for_status()
        begun = time.monotonic()
        lines = ended(served)
        assert time.monotonic() - begun < 10
        assert served.process.returncode == 0
    assert len(of(lines, logger="il6.access", path="/inhibitors", status=200)) == 8
    assert len(of(lines, message="Application startup complete.")) == 2
    assert len(of(lines, message="Application shutdown complete.")) == 2
    assert lines[-1]["message"].startswith("Stopping parent process")
    assert not of(lines, level="WARNING")
    assert not of(lines, level="ERROR")


def test_the_access_log_can_be_turned_off(release_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for access_log, lines in ((False, 0), (True, 2)):
        with serving(f"sqlite:///{release_file}", access_log=access_log) as client:
            for _ in range(2):
                client.get("/inhibitors/tocilizumab").raise_for_status()
        assert sum(record.name == "il6.access" for record in caplog.records) == lines


# Passwords


@pytest.fixture
def nowhere() -> Iterator[int]:
    """A port on which nobody listens, as long as it is held."""
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize(
    "template",
    [
        "postgresql://atlas:pa55-w0rd@127.0.0.1:{}/atlas",
        pytest.param("postgresql://atlas@127.0.0.1:{}/atlas?password=pa55-w0rd", marks=pytest.mark.longer),
        pytest.param("postgresql://atlas:pa55%2Dw0rd@127.0.0.1:{}/atlas", marks=pytest.mark.longer),
    ],
)
def test_no_password_is_in_the_log(nowhere: int, template: str) -> None:
    """Not even where somebody asks for it, or a fault has it in its words."""
    url = template.format(nowhere)
    with program(url, command=(sys.executable, "-c", PLANTED, "serve")) as served:
        for path in ("/readyz", "/inhibitors/pa55-w0rd?q=pa55-w0rd", "/planted/fault", "/service-info"):
            assert served.client.get(path).status_code in (422, 500, 503)
        lines = ended(served)
        assert of(lines, level="ERROR")
        assert of(lines, path="/inhibitors/***")
        assert "no luck with ***" in str(lines)
        assert "w0rd" not in served.output()


MALFORMED = [
    "postgresql://u:pa@55:w0rd@host:54x2/db",
    "postgresql://u:pa@55w0rd@host/db",
    "postgresql://u:pa55@w0rd:5432@host/db",
    "postgresql://u:pa55w0rd@host:54x2/db",
    "postgresql:/u:pa55w0rd@host/db",
    "postgres//u:pa55w0rd@host/db",
    "mysql://u:pa55w0rd@host/db",
    "u:pa55w0rd@host",
]
"""URLs with a password that are none that can be used."""


@pytest.mark.parametrize("url", MALFORMED)
@pytest.mark.parametrize("command", ["serve", "seed", "inhibitors"])
def test_no_part_of_a_password_is_said_of_a_url_that_is_none(
    monkeypatch: pytest.MonkeyPatch, url: str, command: str
) -> None:
    monkeypatch.setenv("IL6_DATABASE_URL", url)
    result = CliRunner().invoke(cli, [command])
    assert result.exit_code == os.EX_USAGE
    assert result.output.startswith("IL6_DATABASE_URL: ")
    assert "55" not in result.output
    assert "w0rd" not in result.output


ALEMBIC = (str(Path(sys.executable).with_name("alembic")), "upgrade", "head")
SEEDING = (*SERVE[:3], "seed")
NOT_THERE = "postgresql://u:pa55w0rd@127.0.0.1:{}/db"


@pytest.mark.longer
@pytest.mark.parametrize(
    ("command", "url"),
    [(ALEMBIC, MALFORMED[0]), (UVICORN, MALFORMED[0]), (ALEMBIC, NOT_THERE), (SEEDING, NOT_THERE)],
    ids=["alembic", "uvicorn", "alembic without a server", "seed without a server"],
)
def test_no_part_of_a_password_is_said_by_a_program_that_ends(
    nowhere: int, command: tuple[str, ...], url: str
) -> None:
    """Those that import the application end with a traceback where it cannot be used."""
    environment = {**unmeasured(), "IL6_DATABASE_URL": url.format(nowhere)}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode > 0
    said = done.stdout + done.stderr
    assert "database" in said or "connection" in said
    assert "a55" not in said
    assert "w0rd" not in said


@pytest.fixture
def unread() -> Iterator[tuple[logging.Logger, int]]:
    """A logger whose lines go into a pipe, and the end of it that is to be read."""
    reading, writing = os.pipe()
    handler = Queued(writing)
    handler.setFormatter(Lines([]))
    logger = logging.Logger("unread")
    logger.addHandler(handler)
    yield logger, reading
    os.close(reading)  # what still waits to be written fails
    handler.finish()
    os.close(writing)


def test_a_log_that_nobody_reads_keeps_nobody_waiting(unread: tuple[logging.Logger, int]) -> None:
    logger, reading = unread
    begun = time.monotonic()
    for number in range(3 * MOST_WAITING):
        logger.info("line %d %s", number, "x" * 200)
    assert time.monotonic() - begun < 5
    text = b""
    while text.count(b"\n") < MOST_WAITING:
        text += os.read(reading, 2**16)
    logger.info("read again")
    while b"read again" not in text:
        text += os.read(reading, 2**16)
    *told, last = [json.loads(line)["message"] for line in text.splitlines()]
    assert last == "read again"
    dropped = [each for each in told if "dropped" in each]
    assert dropped
    lost = sum(int(each.split()[0]) for each in dropped)
    assert lost + len(told) - len(dropped) == 3 * MOST_WAITING


@pytest.mark.longer
def test_a_service_whose_log_is_not_read_answers_and_ends(release_file: Path) -> None:
    port = free_port()
    environment = {**unmeasured(), "IL6_DATABASE_URL": f"sqlite:///{release_file}"}
    service = subprocess.Popen(
        [*SERVE, "--port", str(port)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            until_answering(str(client.base_url).rstrip("/"))
            for number in range(2 * MOST_WAITING):
                client.get(f"/inhibitors?limit={number % 500}").raise_for_status()
            metrics = client.get("/metrics").text
        assert int(float(metrics.partition("\nil6_log_dropped_total ")[2].partition("\n")[0])) > 100
        service.terminate()
        assert service.wait(15) == -signal.SIGTERM
    finally:
        service.kill()
        service.communicate()
