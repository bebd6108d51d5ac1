"""The program itself, serving in a process of its own, and what it writes."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import free_port, unmeasured, until_answering

SERVE = (sys.executable, "-m", "app", "serve")
UVICORN = (sys.executable, "-m", "uvicorn", "app.main:app", "--ws", "none")


@dataclass
class Program:
    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    def output(self) -> str:
        """All that it has written, to standard output or standard error."""
        return self.log.read_text("utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log, each of which is a JSON object."""
        return [json.loads(line) for line in self.output().splitlines()]

    def end(self, seconds: float = 20) -> int:
        """Have it end by SIGTERM, within so many seconds; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def program(
    url: str, *arguments: str, command: tuple[str, ...] = SERVE, **environment: str
) -> Iterator[Program]:
    """A program that serves the database of a URL until the block ends, and a client of it."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        tempfile.NamedTemporaryFile(suffix=".log") as log,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        process = subprocess.Popen(
            [*command, "--port", str(port), *arguments],
            env={**unmeasured(), "IL6_DATABASE_URL": url, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        made = Program(process, client, Path(log.name))
        try:
            until_answering(address)
            yield made
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the workers too
            process.wait()
