"""HTTP below the application: time for each part of a request, room for it, and problems in words of ours.

What comes too slowly, is too large or cannot be read is refused here; no application is asked about it.
"""

import asyncio
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LONGEST_ADDRESS = 65_535
"""Bytes of an address that the parser of the server can read."""

LARGEST_HEADERS = 32_768
"""Bytes of header fields, names and values."""


class Part(Enum):
    """Which part of a request is being waited for."""

    HEAD = 1
    BODY = 2
    NOTHING = 3


class Unreadable(Exception):
    """Stops the parser: the request is to be refused."""


class Protocol(HttpToolsProtocol):
    """HTTP in which nobody can hold a connection for longer than a request, or an answer, needs."""

    head_seconds = 10.0
    """For the head of a request, from the connection or its first byte on."""
    body_seconds = 30.0
    """For the body, from the head on."""
    write_seconds = 20.0
    """For a client that has stopped reading an answer, until it reads on."""
    farewell_seconds = 0.3
    """How long an idle connection stays open once the service is told to end: a request may be on its way."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # The limit of the server counts idle connections too, and answers in plain text.
        self.most_connections = self.limit_concurrency
        self.limit_concurrency = None
        self.since = self.loop.time()
        self.find_ready = getattr(innermost(self.app), "find_ready", None)
        self.refused = False
        self.ending = False
        self.head_size = 0
        self.url = b""
        self.at_fault: Any = None
        self.waiting: asyncio.TimerHandle | None = None
        self.waiting_for = Part.NOTHING
        self.stalled: asyncio.TimerHandle | None = None
        self.running: RequestResponseCycle | None = None

    # From the first byte to the last

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.most_connections and len(self.connections) > self.most_connections:
            self.make_room(self.most_connections)
        self.wait_for(Part.HEAD)

    def make_room(self, most: int) -> None:
        """Close a connection that nobody uses; where there is none, this one is told to come later.

        As many again are told so as are served; beyond that there is not even room for words.
        """
        idle = next((each for each in self.connections if each is not self and is_idle(each)), None)
        if idle is not None:
            idle.transport.close()
            self.connections.discard(idle)
        elif len(self.connections) > 2 * most:
            self.transport.abort()
        else:
            self.refused = True

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        in_body = before is not None and before.more_body
        self.head_size += len(data)
        super().data_received(data)
        cycle = self.cycle
        if self.part() is Part.NOTHING and (cycle is not before or in_body):
            self.head_size = 0
            if self.waiting_for is not Part.NOTHING:
                self.wait_for(Part.NOTHING)
        elif not self.transport.is_closing():
            # What comes where nothing is awaited begins a request, even if it is a line break.
            part = Part.BODY if self.part() is Part.BODY else Part.HEAD
            if part is Part.HEAD and len(self.url) > LONGEST_ADDRESS:
                self.refuse(address_too_long())
            elif part is Part.HEAD and self.head_size > LONGEST_ADDRESS + LARGEST_HEADERS:
                self.refuse(headers_too_large())
            elif part is not self.waiting_for:
                self.wait_for(part)

    def on_headers_complete(self) -> None:
        if self.head_size > LARGEST_HEADERS:  # or else there is nothing to measure
            if len(self.url) > LONGEST_ADDRESS:
                self.stop(address_too_long())
            if sum(len(name) + len(value) for name, value in self.headers) > LARGEST_HEADERS:
                self.stop(headers_too_large())
        super().on_headers_complete()

    def part(self) -> "Part":
        """Which part of a request comes next, by what the parser has made of those before."""
        cycle = self.cycle
        if cycle is None or self.scope is not cycle.scope:
            return Part.HEAD
        return Part.BODY if cycle.more_body else Part.NOTHING

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self.waiting, self.stalled):
            if timer is not None:
                timer.cancel()
        if self.running is not None and not self.running.response_complete:
            # The server tells the last request alone, which need not be the one that is answered.
            self.running.disconnected = True
            self.running.message_event.set()
        super().connection_lost(exc)

    def _should_upgrade(self) -> bool:
        return False  # no address here speaks anything but HTTP

    def answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    # Time

    def wait_for(self, part: "Part") -> None:
        """Have the clock run for what is being waited for, from when that began."""
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None
        self.waiting_for = part
        if part is not Part.NOTHING:
            seconds = self.head_seconds if part is Part.HEAD else self.body_seconds
            self.waiting = self.loop.call_later(seconds, self.too_slow)

    def too_slow(self) -> None:
        if self.transport.is_closing():
            return
        if self.pipeline:
            # It is this side that reads no further, until the request before is answered.
            self.wait_for(self.waiting_for)
        elif self.waiting_for is Part.HEAD and not self.head_size:
            super().shutdown()  # nothing was asked
        else:
            self.refuse(problem("RequestTimeout", "The request did not arrive in time."))

    def pause_writing(self) -> None:
        super().pause_writing()
        self.stalled = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.stalled is not None:
            self.stalled.cancel()
            self.stalled = None

    # Answers without the application

    def stop(self, problem: Any) -> None:
        """Refuse from within the parser, which hands on no problem but ends at any exception."""
        self.at_fault = problem
        raise Unreadable

    def send_400_response(self, msg: str) -> None:
        self.refuse(self.at_fault or problem("BadRequest", msg))

    def refuse(self, problem: Any) -> None:
        """Answer a problem and close; where an answer is being sent already, close after that."""
        begun = self.cycle is not None and self.cycle.response_started
        asked_before = self.part() is not Part.BODY and not self.answered()
        if (begun and not self.answered()) or asked_before or self.pipeline:
            self.cycle.keep_alive = False
        elif begun and self.part() is Part.BODY:
            self.transport.close()  # it is answered; what still comes is of no interest
        else:
            count_refused(problem.status)
            self.transport.write(written(problem, dict(self.server_state.default_headers)))
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        if self.refused and cycle.scope["path"] != "/livez":
            count_refused(503)
            app = overloaded
        if self.ending or self.refused:
            cycle.keep_alive = False
        elif self.find_ready is not None and not (cycle.disconnected or cycle.flow.write_paused):
            ready = self.find_ready(cycle.scope)
            if ready is not None:
                send_at_once(cycle, *ready)
                return
        super()._start_asgi_task(cycle, app)

    # The end

    def shutdown(self) -> None:
        """End the connection: after the answer, or else after a request that may be on its way."""
        self.ending = True
        if self.answered():
            self.loop.call_later(self.farewell_seconds, super().shutdown)
        else:
            super().shutdown()


def innermost(app: Any) -> Any:
    """The application that the server was given, without what the server put around it."""
    while isinstance(app, ProxyHeadersMiddleware):
        app = app.app
    return app


def send_at_once(cycle: RequestResponseCycle, head: bytes, body: bytes) -> None:
    """Write a whole response whose bytes are ready: no task is made for it, and one write is enough."""
    parts = [head]
    for name, value in cycle.default_headers:
        parts += (name, b": ", value, b"\r\n")
    if not cycle.keep_alive:
        parts.append(b"connection: close\r\n")
    parts += (b"\r\n", body)
    cycle.response_started = cycle.response_complete = True
    cycle.more_body = False
    cycle.transport.write(b"".join(parts))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def is_idle(connection: Any) -> bool:
    """Whether all that was asked is answered; or nothing was asked, though there was time for it."""
    if not isinstance(connection, Protocol) or not connection.answered():
        return False
    silent = not connection.head_size and connection.loop.time() - connection.since > 1
    return connection.waiting_for is Part.NOTHING or silent


def problem(name: str, detail: str) -> Any:
    """A problem of app.errors; it is imported when there is one, since a start should not wait for it."""
    from app import errors

    return getattr(errors, name)(detail=detail)


def address_too_long() -> Any:
    return problem("AddressTooLong", f"An address has at most {LONGEST_ADDRESS} characters.")


def headers_too_large() -> Any:
    return problem("HeadersTooLarge", f"Header fields have at most {LARGEST_HEADERS} bytes.")


def count_refused(status: int) -> None:
    from app.api import metrics

    metrics.count_refused(status)


def written(problem: Any, fields: Mapping[bytes, bytes]) -> bytes:
    """A problem as the bytes of an answer, after which the connection is closed."""
    from fastapi_rfc9457 import PROBLEM_MEDIA_TYPE
    from fastapi_rfc9457.problem import sent_headers

    from app.errors import problem_body

    content = json.dumps(problem_body(type(problem), problem.detail or "")).encode()
    every = {
        **{name.decode(): value.decode() for name, value in fields.items()},
        **sent_headers(problem),
        "content-type": PROBLEM_MEDIA_TYPE,
        "content-length": str(len(content)),
        "connection": "close",
    }
    lines = [
        f"HTTP/1.1 {problem.status} {problem.title}",
        *(f"{name}: {each}" for name, each in every.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def overloaded(scope: Scope, receive: Receive, send: Send) -> None:
    from app.errors import problem_response

    said = problem("Overloaded", "All connections are in use.")
    await problem_response(said, scope["path"], {"Connection": "close"})(scope, receive, send)
