"""The cache: what the application answered, kept for the release that is served, with validators and ranges.

A release never changes, so each question is answered by one run of the application for all who ask it.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Coroutine, Hashable, Sequence
from functools import partial
from typing import Any

from fastapi_rfc9457 import Problem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.http.compression import compressible, preferred
from app.http.headers import Headers
from app.http.kept import NO_BODY, Answers, Entries, Entry, Key, Representation
from app.http.metrics import cached, labelled
from app.http.problems import NoRelease, QueryTooLong, internal_error, problem_response
from app.http.requests import CONDITIONS, canonical, joined, matches, part_of
from app.store.release import INTERVAL, SILENT

logger = logging.getLogger(__name__)

FRESH = b"public, max-age=300"
"""How long others may keep an answer without asking whether it still holds."""

REPLACED = (b"etag", b"last-modified", b"accept-ranges", b"vary", b"content-length", b"x-request-id")
"""Fields of a 200 that are said here, or are of one request alone."""

Run = Callable[[], Coroutine[Any, Any, Any]]


class Cache:
    """Answer GET and HEAD from what is kept, or by one run of the application for all who ask the same."""

    def __init__(self, app: ASGIApp, answers: Answers, deadline: float) -> None:
        self.app = app
        self.answers = answers
        self.watch = answers.watch
        self.deadline = deadline
        self.hit, self.miss, self.not_modified = map(
            partial(labelled, cached), ("hit", "miss", "not_modified")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if len(headers) < len(scope["headers"]):
            headers = joined(scope["headers"])
        entries, key = self.answers.current(), self.answers.key(scope, headers)
        try:
            entry, result = await self.ask(entries, key, scope)
            coding = preferred(headers.get(b"accept-encoding", b"")) if entry.compressible else ""
            made = entry.made.get(coding) or await self.write(entries, entry, coding)
            start, body = made.start, made.body
            if b"if-none-match" in headers and matches(headers[b"if-none-match"], made.etag):
                start, body, result = made.not_modified, NO_BODY, self.not_modified
            elif b"range" in headers and scope["method"] == "GET" and made.etag:
                start, body = part_of(start, body, made.etag, headers)
        except Problem as problem:
            await Headers(problem_response(problem, scope["path"]), self.watch)(scope, receive, send)
            return
        result.inc()
        await send({**start})  # what stands around may add fields
        await send(body if scope["method"] == "GET" else NO_BODY)

    async def ask(self, entries: Entries, key: Key, scope: Scope) -> tuple[Entry, Any]:
        """The answer to a question that is not known in these words, and how it was found."""
        path, raw, accept = key
        query = canonical(raw)
        question, result = (path, query, accept), self.hit
        entry = entries.find((path, query, None)) or entries.find(question)
        if entry is None:
            result = self.miss
            run = partial(self.run, entries, question, scope)
            entry, own = await self.once(entries, question, run)
            if not own and not entry.seed and entry.status < 400:  # it may name the host that was asked
                entry, _ = await self.once(entries, object(), run)
        entries.remember(key, entry)
        return entry, result

    async def write(self, entries: Entries, entry: Entry, coding: str) -> Representation:
        """An answer in a coding in which it was not asked for yet; a large one takes its time."""

        async def run() -> Representation:
            made = entry.made[coding] = await asyncio.to_thread(entry.represent, coding)
            if entry.kept:
                entries.grow(entry, made.size)
            return made

        made: Representation = (await self.once(entries, (entry, coding), run))[0]
        return made

    async def once(self, entries: Entries, what: Hashable, run: Run) -> tuple[Any, bool]:
        """What one run gives to all who ask for it meanwhile, and whether it was begun by this one.

        It is a task of its own: whoever leaves, or is told that it is late, leaves it running.
        """
        task = entries.running.get(what)
        own = task is None
        if task is None:
            task = entries.running[what] = asyncio.create_task(run())
            task.add_done_callback(lambda _: entries.running.pop(what))
        given_up = time.monotonic() + self.deadline
        await asyncio.wait([task], timeout=min(self.deadline, INTERVAL))
        while not task.done():
            if self.watch.database.silent:
                raise NoRelease(detail=SILENT)
            if time.monotonic() > given_up:
                raise QueryTooLong(detail="The answer is not made yet. Ask for it again in a moment.")
            await asyncio.wait([task], timeout=INTERVAL)
        return task.result(), own

    async def run(self, entries: Entries, question: Key, scope: Scope) -> Entry:
        """Ask the application, and keep what it answers if that may be kept."""
        path, query = scope["path"], question[1]
        state = dict(scope.get("state", {}))
        own = [each for each in scope["headers"] if each[0] not in CONDITIONS]
        inner = {**scope, "method": "GET", "query_string": query, "headers": own, "state": state}
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        try:
            await self.app({**inner, "extensions": {}}, patient(), collect)
            if not messages or "status" in messages[-1] or messages[-1].get("more_body", False):
                raise RuntimeError("the application ended before its answer")
        except Exception:
            logger.exception("%s broke off", path)
            messages.clear()
            broken = problem_response(internal_error(), path)
            await Headers(broken, self.watch)(inner, patient(), collect)
        release = state.get("release") or self.watch.release
        digest = release.digest if release else None
        entry = entry_of(messages, path, query, digest)
        return entries.keep(question, entry) if entry.seed and digest == entries.digest else entry


def patient() -> Receive:
    """What a GET receives: that it has no body, and no word of a client that leaves."""
    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(messages, None) or await asyncio.get_running_loop().create_future()

    return receive


def entry_of(messages: Sequence[Message], path: str, query: bytes, digest: str | None) -> Entry:
    """A response, with what others may do with it if it is a 200 that says nothing of that itself."""
    start, *parts = messages
    entry = Entry(start["status"], tuple(start["headers"]), b"".join(each.get("body", b"") for each in parts))
    named = joined(entry.fields)
    depends = {each.strip().lower() for each in named.get(b"vary", b"accept-encoding").split(b",")}
    if entry.status == 200 and b"cache-control" not in named and depends <= {b"accept", b"accept-encoding"}:
        media_type = named.get(b"content-type", b"").decode("latin-1")
        told = "\0".join([digest or "", __version__, path, query.decode(), media_type, ""])
        entry.seed = hashlib.blake2b(told.encode() + entry.body).digest()
        entry.varies = b"accept" in depends
        entry.compressible = compressible(media_type, len(entry.body))
        entry.fields = (
            *(each for each in entry.fields if each[0] not in REPLACED),
            (b"cache-control", FRESH),
            (b"vary", b"Accept, Accept-Encoding" if entry.varies else b"Accept-Encoding"),
            (b"accept-ranges", b"bytes"),
        )
    entry.made[""] = entry.represent("")
    return entry
