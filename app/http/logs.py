"""The log: JSON lines with time, level and request id, of the service and of the libraries it uses."""

import atexit
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from logging.handlers import QueueHandler, QueueListener
from queue import Full, Queue
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.metrics import dropped_lines
from app.settings import Settings
from app.store.engine import parse_url

access_logger = logging.getLogger("il6.access")


def passwords(database_url: str) -> list[str]:
    """The password of the database, wherever its URL has one."""
    url = parse_url(database_url)
    return [str(each) for each in (url.password, url.query.get("password")) if each]


class Lines(JsonFormatter):
    """One JSON object per event, on one line; a password is struck out of every text in it."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__(
            ["levelname", "name", "correlation_id", "message"],
            rename_fields={"levelname": "level", "name": "logger", "correlation_id": "request_id"},
            timestamp="time",
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],  # what the server would write to a terminal
        )
        self.secrets = secrets

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {name: self.without_secrets(value) for name, value in log_data.items()}

    def without_secrets(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self.secrets:
                value = value.replace(secret, "***")
        return value


MOST_WAITING = 1000
"""Lines that wait for whoever reads the log; of more, the newest are dropped and counted."""

LAST_WORDS = 2.0
"""Seconds that a process waits at its end for its log to be read."""


class Writing(logging.Handler):
    """Write lines to a file descriptor. Nothing is locked while that waits: a process ends nevertheless."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.getMessage()}\n".encode()
        with suppress(OSError):  # nobody is there to read it
            while line:
                line = line[os.write(self.descriptor, line) :]


class Queued(QueueHandler):
    """Hand lines to a thread that writes them: a log that nobody reads keeps no request waiting."""

    queue: "Queue[logging.LogRecord]"

    def __init__(self, descriptor: int) -> None:
        super().__init__(Queue(MOST_WAITING))
        self.dropped = 0
        QueueListener(self.queue, Writing(descriptor)).start()

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self.dropped:
                told = {"name": __name__, "levelname": "WARNING", "msg": f"{self.dropped} lines were dropped"}
                self.queue.put_nowait(self.prepare(logging.makeLogRecord(told)))
                self.dropped = 0
            self.queue.put_nowait(record)
        except Full:
            self.dropped += 1
            dropped_lines.inc()

    def finish(self) -> None:
        """Wait for what is still to be written, but not for ever."""
        deadline = time.monotonic() + LAST_WORDS
        while self.queue.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)


def standard_output() -> logging.Handler:
    """The handler of all events; the warnings of libraries become events too."""
    logging.captureWarnings(True)
    handler = Queued(sys.stdout.fileno())

    def end(number: int, _frame: object) -> None:
        handler.finish()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    atexit.register(handler.finish)
    signal.signal(signal.SIGTERM, end)  # the server raises it again when all is answered
    return handler


def log_config(settings: Settings) -> dict[str, Any]:
    """The configuration of logging for a server: one JSON line on standard output per event."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "asgi_correlation_id.CorrelationIdFilter"}},
        "formatters": {"json": {"()": Lines, "secrets": passwords(settings.database_url)}},
        "handlers": {"out": {"()": standard_output, "formatter": "json", "filters": ["request_id"]}},
        "root": {"level": "INFO", "handlers": ["out"]},
    }


class AccessLog:
    """Log each request: who, what, with which result, and how long it took in milliseconds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0
        size = 0

        async def watch(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            told = {
                "client": scope["client"][0] if scope.get("client") else None,
                "method": scope["method"],
                "path": scope["path"],
                "query": scope["query_string"].decode("latin-1"),
                "status": status,
                "bytes": size,
                "ms": round((time.perf_counter() - begun) * 1000, 2),
            }
            access_logger.info("request", extra=told)
