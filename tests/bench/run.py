"""One interleaved run: every server on the same rows, round after round; the figures as Markdown."""

import argparse
import contextlib
import json
import math
import os
import platform
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from app.seeding.build import seed
from app.settings import SEED
from app.store.engine import parse_url
from tests.bench.measure import (
    CONNECTIONS,
    LOAD_CORE,
    SERVER_CORE,
    Absent,
    Fault,
    Load,
    Running,
    Start,
    running,
)
from tests.bench.servers import (
    ATLAS,
    BARE,
    IDIOMATIC,
    MOST_OF_IDIOMATIC,
    RECORD,
    SERVERS,
    TARGETS,
    Data,
    Question,
    Server,
)

PINS = Path(__file__).with_name("requirements.txt")
OURS = ("uvicorn", "uvloop", "httptools", "fastapi", "pydantic", "sqlmodel", "sqlalchemy")
THEIRS = ("datasette", "roapi", "Django", "djangorestframework", "gunicorn")

LISTED = ("synonyms", "brands", "routes")
"""Columns of an inhibitor that hold lists."""

Cell = tuple[str, str]
"""The names of a server and of a question."""


@dataclass
class Figures:
    """What was measured, round by round."""

    starts: dict[str, list[Start]] = field(default_factory=lambda: defaultdict(list))
    loads: dict[Cell, list[Load]] = field(default_factory=lambda: defaultdict(list))
    sizes: dict[Cell, int] = field(default_factory=dict)
    """Bytes of an answer."""
    absent: dict[Cell, str] = field(default_factory=dict)
    """What could not be asked, and why."""
    idle: dict[str, float] = field(default_factory=dict)
    """MiB before anything was asked, after the load of the first question, and after that of all."""
    loaded: dict[str, float] = field(default_factory=dict)
    loaded_by_all: dict[str, float] = field(default_factory=dict)

    def ratios(self, of: Cell, over: Cell, what: Callable[[Load], float]) -> list[float]:
        """One figure over another of the same round; none where one of them is absent."""
        if of not in self.loads or over not in self.loads:
            return []
        return [what(a) / what(b) for a, b in zip(self.loads[of], self.loads[over], strict=True)]

    def start_ratios(self, name: str, what: Callable[[Start], float]) -> list[float]:
        return [what(a) / what(b) for a, b in zip(self.starts[name], self.starts[BARE.name], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=1, help="of load, per question and round")
    parser.add_argument("--only", nargs="+", default=[], help="servers to measure beside bare ASGI")
    asked = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk makes the load and is not installed; on Debian: apt-get install wrk")
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        sys.exit("it takes two cores: one for the server that is measured, one for the load")
    os.sched_setaffinity(0, {LOAD_CORE})
    chosen = [each for each in SERVERS if each is BARE or not asked.only or each.name in asked.only]
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(Path(folder))
        try:
            measure_starts(chosen, data, figures, asked.rounds, asked.seconds)
            measure_loads(chosen, data, figures, asked.rounds, asked.seconds)
        except Fault as fault:
            sys.exit(str(fault))
    parts = (
        setting(asked.rounds, asked.seconds),
        load_table(chosen, figures),
        start_table(chosen, figures),
        target_table(figures),
    )
    sys.stdout.write("\n\n".join("\n".join(lines) for lines in parts) + "\n")


def say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def prepare(folder: Path) -> Data:
    """The release, in the forms that the servers read."""
    names = ("atlas.sqlite", "rows.sqlite", "inhibitors.ndjson", "record.json")
    data = Data(*(folder / name for name in names))
    seed(SEED, parse_url(f"sqlite:///{data.database}"))
    shutil.copy(data.database, data.rows)
    with contextlib.closing(sqlite3.connect(data.rows)) as connection:
        (record,) = connection.execute("SELECT record FROM inhibitor WHERE id = ?", (RECORD,)).fetchone()
        data.record.write_text(record, "utf-8")
        tables = connection.execute(
            "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE c.name = 'record'"
        )
        for (table,) in tables.fetchall():
            for column in ("label", "item", "record"):
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.commit()
        connection.execute("VACUUM")
        connection.row_factory = sqlite3.Row
        with data.inhibitors.open("w", encoding="utf-8") as lines:
            for row in map(dict, connection.execute("SELECT * FROM inhibitor")):
                lines.write(json.dumps(row | {name: json.loads(row[name]) for name in LISTED}) + "\n")
    return data


def measure_starts(
    servers: Sequence[Server], data: Data, figures: Figures, rounds: int, seconds: int
) -> None:
    for number in range(rounds + 1):
        say(f"starting, round {number} of {rounds}")
        for server in servers:
            with running(server, data) as started:
                if number:  # the first start is not counted: it compiles, and fills the cache of the disk
                    figures.starts[server.name].append(started.start)
                else:
                    started.settle()
                    figures.idle[server.name] = started.mebibytes()
                    started.load(server.questions[0], seconds)
                    started.settle()
                    figures.loaded[server.name] = started.mebibytes()


def measure_loads(servers: Sequence[Server], data: Data, figures: Figures, rounds: int, seconds: int) -> None:
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(running(server, data)) for server in servers]
        for each in started:
            each.settle()
        asked = list(askable(started, figures))
        for each, question in asked:
            each.load(question, 1)
        for number in range(1, rounds + 1):
            say(f"loading, round {number} of {rounds}")
            for each, question in asked:
                figures.loads[each.server.name, question.name].append(each.load(question, seconds))
        for each in started:
            figures.loaded_by_all[each.server.name] = each.mebibytes()
        list(askable(started, figures))


def askable(started: Iterable[Running], figures: Figures) -> Iterator[tuple[Running, Question]]:
    """The questions that are answered right; answers made ready at seeding must agree to the byte."""
    ready: dict[str, bytes] = {}
    for each in started:
        for question in each.server.questions:
            cell = each.server.name, question.name
            try:
                answer = each.ask(question)
            except Absent as absent:
                figures.absent[cell] = str(absent)
                continue
            figures.sizes[cell] = len(answer)
            if (
                each.server.ready
                and not question.not_modified
                and ready.setdefault(question.path, answer) != answer
            ):
                raise Fault(f"{cell} is answered with other bytes than another server sent")
            yield each, question


def spread(values: Sequence[float]) -> str:
    """The median, the least and the greatest."""
    return f"{median(values):.3g} [{min(values):.3g}..{max(values):.3g}]"


def setting(rounds: int, seconds: int) -> list[str]:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    processor = found[1] if found else platform.machine()
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", PINS.read_text("utf-8"), re.MULTILINE))
    ours = ", ".join(f"{name} {version(name)}" for name in OURS)
    theirs = ", ".join(f"{name} {pins[name]}" for name in THEIRS)
    return [
        f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.release()}. "
        f"Python {platform.python_version()}, {ours}; SQLite {sqlite3.sqlite_version}. Peers: {theirs}.",
        "",
        f"{rounds} rounds; in each, every question was asked for {seconds} seconds over {CONNECTIONS} kept "
        "connections. One worker per server, on a core of its own; the load came from another. Figures are "
        f"the median [least..greatest] of the rounds, relative to {BARE.name} in the same round.",
    ]


def load_table(servers: Sequence[Server], figures: Figures) -> list[str]:
    lines = [
        "| server | question | answer, kB | requests per CPU second | requests per second | p99 / p50 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    measure = BARE.name, BARE.questions[0].name
    for server in servers:
        for question in server.questions:
            cell = server.name, question.name
            if why := figures.absent.get(cell):
                lines.append(f"| {server.name} | {question.name} | not measured: {why} | | | |")
                continue
            cpu = figures.ratios(cell, measure, lambda load: load.per_cpu_second)
            wall = figures.ratios(cell, measure, lambda load: load.per_second)
            tail = [load.spread for load in figures.loads[cell]]
            size = f"{figures.sizes[cell] / 1000:.1f}"
            shown = (server.name, question.name, size, spread(cpu), spread(wall), spread(tail))
            lines.append(f"| {' | '.join(shown)} |")
    return lines


def start_table(servers: Sequence[Server], figures: Figures) -> list[str]:
    return [
        "| server | start to first right answer | CPU time of it | MiB idle | after lookups | after all |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {each.name} | {spread(figures.start_ratios(each.name, lambda start: start.seconds))} "
            f"| {spread(figures.start_ratios(each.name, lambda start: start.cpu_seconds))} "
            f"| {figures.idle[each.name]:.0f} | {figures.loaded[each.name]:.0f} "
            f"| {figures.loaded_by_all[each.name]:.0f} |"
            for each in servers
        ),
    ]


def target_table(figures: Figures) -> list[str]:
    lines = ["| target | measured | |", "| --- | --- | --- |"]
    for target in TARGETS:
        of, over = ((server.name, question) for server, question in (target.of, target.over))
        ratios = figures.ratios(of, over, lambda load: load.per_cpu_second)
        lines.append(verdict(f"{target.what} >= {target.least:g}", ratios, least=target.least))
    if IDIOMATIC.name in figures.loaded_by_all:
        most = MOST_OF_IDIOMATIC
        pairs = zip(figures.starts[ATLAS.name], figures.starts[IDIOMATIC.name], strict=True)
        starts = [ours.seconds / theirs.seconds for ours, theirs in pairs]
        memory = [figures.loaded_by_all[ATLAS.name] / figures.loaded_by_all[IDIOMATIC.name]]
        lines.append(verdict(f"start / {IDIOMATIC.name} <= {most}", starts, most=most))
        lines.append(verdict(f"memory after all was asked / {IDIOMATIC.name} <= {most}", memory, most=most))
    return lines


def verdict(what: str, values: Sequence[float], *, least: float = 0, most: float = math.inf) -> str:
    if not values:
        return f"| {what} | not measured | |"
    return f"| {what} | {spread(values)} | {'pass' if least <= median(values) <= most else 'fail'} |"


if __name__ == "__main__":
    main()
