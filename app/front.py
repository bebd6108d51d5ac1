"""The door: what stands before the application, and answers without it whatever is ready.

A response is a function of the release and the request, so it is made once and kept. The door gives every 200
of a GET its ETag, answers If-None-Match and HEAD, writes each body once per content coding, and keeps what it
wrote while its release is the one served. A record of an embedded file is ready anyway, as a row: a process
answers before the application is imported, and imports it when somebody asks for more.
"""

import asyncio
import json
import logging
import os
import pickle
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.compression import preferred
from app.embedded import Embedded, Identity, embedded_path, state_of
from app.headers import SECURITY_HEADERS
from app.settings import Settings
from app.shelf import (
    LONGEST_KEY,
    Answer,
    Question,
    Ready,
    Shelf,
    canonical,
    make_answer,
    make_etag,
    matches,
    unchanged_json,
    validated,
)

if TYPE_CHECKING:
    from fastapi import FastAPI

logger = logging.getLogger(__name__)

GLANCE = 0.25
"""Seconds for which the release is taken to be the one last seen."""

PATIENCE = 0.75
"""Seconds after which nobody is answered before the release was looked at again."""

CONDITIONS = (b"if-none-match", b"if-modified-since", b"if-range", b"range")
"""Headers that are answered here; the application always gives the whole."""

OF_A_BODY = {b"content-length", b"transfer-encoding", b"expect"}
"""Headers of a request that goes on behind its head."""

WARM = ("/", "/release", "/graph", "/docs", "/openapi.json", "/explore/matrix", "/explore/pathway")
"""What is asked for most, beside the lists and their pages: it is made ready before anybody asks."""

MOST_WARMING = 300
"""Seconds in which that is done, or left."""

COURTESY = 1.0
"""Seconds that a new process leaves to those who wait for it, before it makes anything ready."""


class Front:
    """The application as a server runs it: it answers what is ready, and has the rest answered."""

    def __init__(self, settings: Settings, load: Callable[[], "FastAPI"]) -> None:
        self.settings = settings
        self.load = load
        self.main: FastAPI | None = None
        self.loading = asyncio.Lock()
        self.running = AsyncExitStack()
        self.begun = False
        self.path = embedded_path(settings.database_url)
        self.embedded: Embedded | None = None
        self.shelf = Shelf(None, None, settings.cache_bytes)
        self.seen = float("-inf")
        self.look: asyncio.Task[None] | None = None
        self.warming: asyncio.Task[None] | None = None
        self.tally: Counter[tuple[str | None, str, int, str]] = Counter()
        """How often a path was asked, by method, status, and what was ready; no path where others count."""
        self.hits: dict[tuple[str, int], int] = defaultdict(int)
        """The same of GET alone, by path and status, where what was ready was sent at once."""
        self.counting = False
        self.outer: ASGIApp = self.answer
        if settings.rate_limit:
            from app.api.limits import RateLimit

            self.main = load()
            self.outer = quota = RateLimit(
                self.outer, main=self.main, rate=settings.rate_limit, storage=settings.rate_limit_storage
            )
            self.running.push_async_callback(quota.close)
        if settings.access_log:
            from app.access import logged

            self.outer = logged(self.outer)
        self.plain = self.outer == self.answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            await self.outer(scope, receive, send)

    def find_ready(self, scope: Scope) -> tuple[bytes, bytes] | None:
        """The head and the body of a response that is ready, for a server that can write them at once.

        None where it is not known in these words, or where something stands around that would see it.
        """
        if scope["method"] != "GET" or not self.plain or time.monotonic() - self.seen > GLANCE:
            return None
        headers = dict(scope["headers"])
        known = self.shelf.recall(scope, headers)
        if known is None or not headers.keys().isdisjoint(OF_A_BODY):
            return None
        answer, ready = known
        asked = headers.get(b"if-none-match")
        if asked is not None and matches(asked, answer.etag):
            ready = answer.not_modified
        start, body, head = ready
        if not self.counting:
            self.count_soon()
        self.hits[scope["path"], start["status"]] += 1
        return head, body["body"]

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await (await self.application())(scope, receive, send)
            return
        age = time.monotonic() - self.seen
        if age > GLANCE:
            await self.glance(age)
        shelf = self.shelf
        headers = dict(scope["headers"])
        known = shelf.recall(scope, headers)
        if known is None:
            await self.find(shelf, scope, receive, send)
            return
        answer, ready = known
        await self.deliver(answer, ready, headers.get(b"if-none-match"), "hit", scope, send)

    async def find(self, shelf: Shelf, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not yet known in these words."""

        def joined(name: bytes) -> bytes | None:
            return b", ".join(value for each, value in scope["headers"] if each == name) or None

        accept, encodings, asked = joined(b"accept"), joined(b"accept-encoding"), joined(b"if-none-match")
        path, query = scope["path"], canonical(scope["query_string"])
        question = (path, query, accept or b"*/*")
        result = "hit"
        answer = shelf.find(*question) or unchanged_json(shelf.release, question, asked)
        if answer is None:
            result = "miss"
            answer = self.row(shelf, question) or await self.answer_of(shelf, question, scope, receive, send)
            if answer is None:
                self.note(None, scope["method"], 0, result)
                return
        coding = preferred((encodings or b"").decode("latin-1")) if answer.compressible else ""
        if coding not in answer.codings:
            ready = await asyncio.to_thread(answer.ready, coding) if coding else answer.ready(coding)
            if coding:
                answer.size += len(ready.body["body"])
                if answer.etag in shelf.answers:
                    shelf.grow(len(ready.body["body"]))
        shelf.remember((path, scope["query_string"], accept, encodings), answer, coding)
        await self.deliver(answer, answer.ready(coding), asked, result, scope, send)

    async def deliver(
        self, answer: Answer, ready: Ready, asked: bytes | None, result: str, scope: Scope, send: Send
    ) -> None:
        if asked is not None and matches(asked, answer.etag):
            ready = answer.not_modified
            result = "not_modified"
        start, body, _ = ready
        self.note(scope["path"], scope["method"], start["status"], result)
        await send({**start})  # what stands around may add headers
        await send(body if scope["method"] == "GET" else {**body, "body": b""})

    def row(self, shelf: Shelf, question: Question) -> Answer | None:
        """A record by its id, as the embedded file holds it: what the application would answer, sooner."""
        path, query, _ = question
        if self.embedded is None or query or self.embedded.release != shelf.release:
            return None
        record = self.embedded.find(path)
        if record is None or shelf.release is None:
            return None
        etag = make_etag(shelf.release, path, query, b"application/json")
        headers = [
            (b"content-location", path.encode()),
            (b"content-type", b"application/json"),
            *((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()),
            (b"x-atlas-release", shelf.release.version.encode()),
        ]
        answer = make_answer(etag, validated(headers, etag), record.encode(), shelf.release, shelf.release)
        return shelf.keep(answer, (path, query, None))

    async def answer_of(
        self, shelf: Shelf, question: Question, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """The answer of the application, once for all who ask the same meanwhile; None where it was sent."""
        running = shelf.in_flight.get(question)
        if running is not None:
            answer = await asyncio.shield(running)
            return answer or await self.ask(shelf, question, scope, receive, send)
        if len(question[0]) + len(question[1]) > LONGEST_KEY:
            return await self.ask(shelf, question, scope, receive, send)
        running = shelf.in_flight[question] = asyncio.get_running_loop().create_future()
        answer = None
        try:
            answer = await self.ask(shelf, question, scope, receive, send)
            if answer is not None:
                answer = shelf.keep(answer, question if answer.varies else (*question[:2], None))
        finally:
            del shelf.in_flight[question]
            running.set_result(answer)
        return answer

    async def ask(
        self, shelf: Shelf, question: Question, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """The answer of the application. What cannot be kept is sent as it comes, and None is given."""
        application = await self.application()
        path, query, _ = question
        if path == "/metrics":
            self.count()
        state: dict[str, Any] = dict(scope.get("state", {}))
        inner = {
            **scope,
            "method": "GET",
            "query_string": query,
            "headers": [pair for pair in scope["headers"] if pair[0] not in CONDITIONS],
            "state": state,
        }
        start: Message | None = None
        etag = b""
        parts: list[bytes] = []
        size = 0
        sent = False

        async def relay(message: Message) -> None:
            await send({**message, "body": b""} if scope["method"] == "HEAD" else message)

        async def send_on() -> None:
            """Send what was collected: it is no answer to be kept."""
            nonlocal sent
            sent = True
            assert start is not None
            await send(start)
            if parts:
                await relay({"type": "http.response.body", "body": b"".join(parts), "more_body": True})
                parts.clear()

        async def collect(message: Message) -> None:
            nonlocal start, etag, size
            if message["type"] == "http.response.start":
                start = message
                headers = dict(message["headers"])
                if message["status"] != 200 or b"cache-control" in headers:
                    await send_on()
                    return
                state["collected"] = True
                media_type = headers.get(b"content-type", b"").partition(b";")[0]
                etag = make_etag(identity(state) or shelf.release, path, query, media_type)
                start = {**message, "headers": validated(message["headers"], etag)}
            elif sent:
                await relay(message)
            else:
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > max(self.settings.cache_bytes, 2**20) // 8:
                    await send_on()

        try:
            await application(inner, receive, collect)
        except Exception as error:
            if sent or start is None:
                raise
            await broken_off(error, path, application)(scope, receive, send)
            return None
        if sent or start is None:
            return None
        return make_answer(etag, start["headers"], b"".join(parts), identity(state), shelf.release)

    # The application

    async def application(self) -> "FastAPI":
        """The application; it is imported when it is first needed."""
        if self.main is None or not self.begun:
            async with self.loading:
                if self.main is None:
                    self.main = await asyncio.to_thread(self.load)
                if not self.begun:
                    await self.running.enter_async_context(self.main.router.lifespan_context(self.main))
                    self.begun = True
        return self.main

    async def live(self, receive: Receive, send: Send) -> None:
        """From the start of the server to its end."""
        await receive()
        if self.path is None or self.main is not None or "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            await self.application()
        if self.settings.warm_up and self.settings.cache_bytes:
            self.warming = asyncio.create_task(self.warm())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def close(self) -> None:
        """Leave nothing running and nothing open."""
        if self.warming is not None:
            self.warming.cancel()
        running = [task for task in (self.warming, self.look) if task is not None]
        await asyncio.gather(*running, return_exceptions=True)
        await self.running.aclose()
        if self.embedded is not None:
            self.embedded.close()

    async def warm(self) -> None:
        """Have made ready what is asked for most; whoever asks meanwhile comes first."""
        await asyncio.sleep(COURTESY)
        shelf = None
        while shelf is not self.shelf:
            await self.glance(time.monotonic() - self.seen)
            shelf = self.shelf
            if shelf.release is not None:
                lists = [f"{place}/{each}" for place in ("", "/explore") for each in shelf.collections]
                for question, answer in await made_ready(self.settings, [*WARM, *lists]):
                    shelf.keep(answer, question)

    # The release

    async def glance(self, age: float) -> None:
        """Make sure that the shelf is that of the release that is there."""
        if self.path is not None:
            if self.shelf.release is not None and state_of(self.path) == self.shelf.state:
                self.seen = time.monotonic()
                return
            age = float("inf")
        if self.look is None or self.look.done():
            self.look = asyncio.create_task(self.see())
        if age > PATIENCE:
            await asyncio.shield(self.look)

    async def see(self) -> None:
        """Read which release is there; another one gets a shelf of its own, by one assignment."""
        begun = time.monotonic()
        if self.path is not None:
            embedded = await asyncio.to_thread(Embedded, self.path)
            old, self.embedded = self.embedded, embedded
            if old is not None:
                old.close()
            state, release, collections = embedded.state, embedded.release, tuple(embedded.tables)
        else:
            main = await self.application()
            state = None
            release, collections = await asyncio.to_thread(release_of_server, main)
        if release != self.shelf.release or state != self.shelf.state:
            self.shelf = Shelf(state, release, self.settings.cache_bytes, collections)
            if self.warming is not None and self.warming.done() and release is not None:
                self.warming = asyncio.create_task(self.warm())
        self.seen = begun

    def note(self, path: str | None, method: str, status: int, result: str) -> None:
        if not self.counting:
            self.count_soon()
        self.tally[path, method, status, result] += 1

    def count_soon(self) -> None:
        self.counting = True
        asyncio.get_running_loop().call_later(GLANCE, self.count)

    def count(self) -> None:
        """Tell the metrics what was answered; as long as they are not imported, nobody asked for them."""
        self.counting = False
        metrics = sys.modules.get("app.api.metrics")
        hits, self.hits = self.hits, defaultdict(int)
        for (path, status), number in hits.items():
            self.tally[path, "GET", status, "hit" if status == HTTPStatus.OK else "not_modified"] += number
        if metrics is not None and self.main is not None and self.tally:
            tally, self.tally = self.tally, Counter()
            metrics.count_answers(self.main, tally)


def broken_off(error: Exception, path: str, application: "FastAPI") -> ASGIApp:
    """What says that an answer could not be finished, of which nothing was sent yet."""
    from fastapi_rfc9457 import InternalServerError, Problem
    from sqlalchemy.exc import DBAPIError

    from app.api.middleware import Headers
    from app.errors import damaged_problem, database_problem, problem_response

    # The framework wraps what it can handle, but no longer once it believes an answer to be begun.
    fault = error.__cause__ if isinstance(error, RuntimeError) else error
    problem: Problem
    if isinstance(fault, DBAPIError):
        logger.error("an answer broke off: %s", fault.orig)
        problem = database_problem(fault)
    elif isinstance(fault, json.JSONDecodeError):
        logger.error("an answer broke off: the database holds what is no JSON: %s", fault)
        problem = damaged_problem()
    else:
        logger.error("an answer broke off", exc_info=error)
        problem = InternalServerError(detail="Something went wrong here; the log of the service tells what.")
    return Headers(problem_response(problem, path), application)


def release_of_server(main: "FastAPI") -> tuple[Identity | None, tuple[str, ...]]:
    """The release that a database server holds, if any, and its collections."""
    from sqlalchemy.exc import DBAPIError

    from app.errors import NoRelease
    from app.queries import reading

    try:
        with reading(main.state.database) as (_, release):
            return Identity(release.version, release.checksum, release.digest), tuple(release.counts)
    except (NoRelease, DBAPIError):
        return None, ()


def identity(state: dict[str, Any]) -> Identity | None:
    """The release that the application read for an answer."""
    release = state.get("release")
    return Identity(release.version, release.checksum, release.digest) if release else None


async def made_ready(settings: Settings, paths: Sequence[str]) -> list[tuple[Question, Answer]]:
    """What paths are answered, made by a process that ends: so its memory is given back, all of it."""
    own = settings.model_dump() | {"access_log": False, "rate_limit": ""}
    environment = {**os.environ, **{f"IL6_{name.upper()}": str(value) for name, value in own.items()}}
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)  # it asks for nobody, so it is not counted
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.warming", *paths),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is for the server, which ends it
    )
    try:
        async with asyncio.timeout(MOST_WARMING):
            made, _ = await process.communicate()
    except TimeoutError:
        logger.warning("what is asked for most was not made ready within %d seconds", MOST_WARMING)
        return []
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        logger.warning("what is asked for most could not be made ready")
        return []
    answers: list[tuple[Question, Answer]] = pickle.loads(made)
    return answers


def create_front() -> Front:
    """What a server runs: the application of the environment behind its door."""

    def load() -> "FastAPI":
        from app.main import app

        return app

    return Front(Settings(), load)
