"""Servers as processes: started on one core, asked from another, and watched through /proc."""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.settings import PROJECT
from tests.bench.servers import RECORD, Data, Question, Server

SERVER_CORE, LOAD_CORE = 0, 1
CONNECTIONS = 16
PATIENCE = 60
"""Seconds after which a server that has not answered right is taken for broken."""

TICKS = os.sysconf("SC_CLK_TCK")
REPORT = Path(__file__).with_name("report.lua")


class Fault(Exception):
    """A measurement that says nothing: a wrong answer, or a failed request."""


class Absent(Exception):
    """The server has no such address, or offers no such answer."""


def on(core: int) -> Callable[[], None]:
    return lambda: os.sched_setaffinity(0, {core})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Start:
    """What it took to the first right answer."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Load:
    """What a while of load on one question showed."""

    per_cpu_second: float
    per_second: float
    spread: float
    """The 99th percentile of the times to answer, over the median."""


class Running:
    """A server that answers, its processes and a client of it."""

    def __init__(self, server: Server, data: Data) -> None:
        self.server = server
        self.data = data
        self.port = free_port()
        environment = {**os.environ, **server.environment(data)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is served is compiled once, not at each start
        log = data.database.with_name("log")
        with log.open("wb") as output:
            begun = time.perf_counter()
            self.process = subprocess.Popen(
                server.command(data, self.port),
                cwd=PROJECT,
                env=environment,
                stdout=output,
                stderr=output,
                preexec_fn=on(SERVER_CORE),
            )
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Accept-Encoding": "identity"},
            timeout=PATIENCE,
        )
        while not self.answers():
            if self.process.poll() is not None or time.perf_counter() - begun > PATIENCE:
                self.stop()
                raise Fault(f"{server.name} does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.002)
        self.start = Start(time.perf_counter() - begun, self.cpu_seconds())
        try:
            self.ask(server.questions[0])
        except Exception:
            self.stop()
            raise

    def answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.client.get(self.server.questions[0].path).is_success
        return False

    def headers(self, question: Question) -> dict[str, str]:
        if not question.not_modified:
            return {}
        tag = self.client.get(question.path).headers.get("ETag")
        if tag is None:
            raise Absent("no ETag")
        return {"If-None-Match": tag}

    def ask(self, question: Question) -> bytes:
        """The answer, if it is a right one."""
        response = self.client.get(question.path, headers=self.headers(question))
        if response.status_code == 404:
            raise Absent("404")
        if response.status_code != (304 if question.not_modified else 200):
            raise Fault(f"{self.server.name}, {question.name}: {response.status_code} {response.text[:500]}")
        if not question.not_modified:
            check(f"{self.server.name}, {question.name}", question, response.json(), self.data)
        return response.content

    def processes(self) -> list[Path]:
        """The folders in /proc of the server and of all it started."""
        tree = [Path(f"/proc/{self.process.pid}")]
        for each in tree:
            for children in each.glob("task/*/children"):
                tree.extend(Path(f"/proc/{child}") for child in children.read_text().split())
        return tree

    def measured(self) -> list[Path]:
        """Those of its processes that are measured."""
        name = self.server.measured
        return [
            each
            for each in self.processes()
            if not name or each.joinpath("comm").read_text().startswith(name)
        ]

    def cpu_seconds(self) -> float:
        fields = (each.joinpath("stat").read_text().rpartition(")")[2].split() for each in self.measured())
        return sum(int(user) + int(system) for user, system in (each[11:13] for each in fields)) / TICKS

    def settle(self) -> None:
        """Wait until the server rests: some go on with their start behind the first answer."""
        before, now = -1.0, self.cpu_seconds()
        while now != before:
            time.sleep(1.5)  # longer than a worker waits before it makes anything ready
            before, now = now, self.cpu_seconds()

    def mebibytes(self) -> float:
        """Resident memory; what processes share counts once for each."""
        pages = (int(each.joinpath("statm").read_text().split()[1]) for each in self.measured())
        return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def load(self, question: Question, seconds: int) -> Load:
        headers = [part for each in self.headers(question).items() for part in ("-H", ": ".join(each))]
        address = str(self.client.base_url.join(question.path))
        command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", f"{PATIENCE}s"]
        before = self.cpu_seconds()
        done = subprocess.run(
            [*command, *headers, "-s", str(REPORT), address, "--", "apart" if self.server.apart else ""],
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=on(LOAD_CORE),
        )
        cpu = self.cpu_seconds() - before
        seen = json.loads(done.stdout.splitlines()[-1])
        if seen["failed"] or not seen["requests"] or not cpu:
            raise Fault(f"{self.server.name}, {question.name}, {seconds} seconds of load: {done.stdout}")
        return Load(
            per_cpu_second=seen["requests"] / cpu,
            per_second=seen["requests"] / seen["microseconds"] * 1e6,
            spread=seen["p99"] / max(seen["p50"], 1),
        )

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(server: Server, data: Data) -> Iterator[Running]:
    started = Running(server, data)
    try:
        yield started
    finally:
        started.stop()


def check(where: str, question: Question, answer: Any, data: Data) -> None:
    """Raise a Fault for an answer that does not hold what the database does."""
    if question.ids is None:
        return
    rows: Any = answer
    if isinstance(answer, dict):
        rows = answer.get("items") or answer.get("rows") or [answer]
    with contextlib.closing(sqlite3.connect(data.database)) as connection:
        found = {"ids": (rows, {each[0] for each in connection.execute(question.ids)})}
        if question.with_relations:
            for name, statement in RELATIONS.items():
                related = {each[0] for each in connection.execute(statement, (RECORD,))}
                found[name] = (rows[0].get(name, []), related)
    for name, (given, wanted) in found.items():
        if {each["id"] for each in given} != wanted or not wanted:
            raise Fault(f"{where}: {name} are {given}, not {wanted}")


RELATIONS = {
    "targets": "SELECT target_id FROM inhibitor_target WHERE inhibitor_id = ?",
    "publications": "SELECT publication_id FROM inhibitor_publication WHERE inhibitor_id = ?",
    "approvals": "SELECT id FROM approval WHERE inhibitor_id = ?",
}
