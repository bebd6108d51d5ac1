"""The cache: what the application answered, kept for the release that is served, with validators and ranges.

A release never changes, so each question is answered by one run of the application for all who ask it.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from sys import getsizeof
from typing import Any, NamedTuple

from fastapi_rfc9457 import Problem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.http.compression import CODINGS, compressible, preferred
from app.http.headers import Headers
from app.http.metrics import cached, labelled
from app.http.problems import QueryTooLong, internal_error, problem_response
from app.http.requests import CONDITIONS, canonical, joined, matches, part_of
from app.store.release import ReleaseWatch

logger = logging.getLogger(__name__)

FRESH = b"public, max-age=300"
"""How long others may keep an answer without asking whether it still holds."""

LONGEST_ACCEPT, LONGEST_KEY = 256, 2048
"""Bytes of an Accept header, and of a path and a query, by which an answer is known again."""

OVERHEAD, OVERHEAD_OF_KEY = 2048, 256
"""Bytes that an answer in one coding takes beside its body and its fields, and a key beside its parts."""

REPLACED = (b"etag", b"last-modified", b"accept-ranges", b"vary", b"content-length", b"x-request-id")
"""Fields of a 200 that are said here, or are of one request alone."""

UNCHANGED = b"etag cache-control content-location vary access-control-allow-origin x-atlas-release".split()
"""Fields of a 304 (RFC 9110, 15.4.5), with what lets a page of another origin read it, and the release."""

NO_BODY: Message = {"type": "http.response.body", "body": b""}

Run = Callable[[], Coroutine[Any, Any, Any]]
Key = tuple[str, bytes, bytes | None]
"""Address, query and Accept; None for an answer that is the same whatever Accept says."""


class Representation(NamedTuple):
    """An answer in one coding, as it is sent."""

    etag: bytes
    start: Message
    body: Message
    not_modified: Message

    @property
    def size(self) -> int:
        fields = sum(getsizeof(each) for pair in self.start["headers"] for each in pair)
        return OVERHEAD + fields + getsizeof(self.body["body"])


@dataclass(eq=False)
class Entry:
    """What the application answered; in a coding it is written when that is first asked for."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    seed: bytes = b""
    """What its validators are made of; empty where it has none, and may not be kept."""
    varies: bool = False
    """Whether another Accept could have another answer."""
    compressible: bool = False
    made: dict[str, Representation] = field(default_factory=dict)
    """By content coding; the empty one is always there."""
    keys: list[Key] = field(default_factory=list)
    size: int = 0
    kept: bool = False

    def represent(self, coding: str) -> Representation:
        body = CODINGS[coding](self.body) if coding else self.body
        fields, etag = self.fields, b""
        if self.seed:
            tag = hashlib.blake2b(self.seed + coding.encode(), digest_size=12).hexdigest()
            etag = b'"%s"' % tag.encode()
            fields += ((b"etag", etag), (b"content-length", b"%d" % len(body)))
        if coding:
            fields += ((b"content-encoding", coding.encode()),)
        short = tuple(each for each in fields if each[0] in UNCHANGED)
        start = {"type": "http.response.start", "status": self.status, "headers": fields}
        return Representation(
            etag, start, {**NO_BODY, "body": body}, {**start, "status": 304, "headers": short}
        )


class Entries:
    """The answers of one release, within a bound of memory, and what is being made.

    An answer that takes more than an eighth is not kept; of too many, the longest unused is dropped.
    """

    def __init__(self, digest: str | None, most_bytes: int) -> None:
        self.digest = digest
        self.most_bytes = most_bytes
        self.bytes = 0
        self.known: dict[Key, Entry] = {}
        self.kept: OrderedDict[bytes, Entry] = OrderedDict()
        """By the seed of their validators, the longest unused first."""
        self.running: dict[Hashable, asyncio.Task[Any]] = {}

    def find(self, key: Key) -> Entry | None:
        entry = self.known.get(key)
        if entry is not None:
            self.kept.move_to_end(entry.seed)
        return entry

    def keep(self, question: Key, entry: Entry) -> Entry:
        """Keep an answer; gives the one that is kept already, if it was found by another Accept."""
        key = question if entry.varies else (*question[:2], None)
        if too_long(key):
            return entry
        kept = self.kept.setdefault(entry.seed, entry)
        if kept is entry:
            entry.kept = True
            self.grow(entry, entry.made[""].size)
        self.remember(key, kept)
        return kept

    def remember(self, key: Key, entry: Entry) -> None:
        """Know a question by which a kept answer is found."""
        if entry.kept and key not in self.known and not too_long(key):
            entry.keys.append(key)
            self.known[key] = entry
            self.grow(entry, OVERHEAD_OF_KEY + sum(map(getsizeof, key)))

    def grow(self, entry: Entry, size: int) -> None:
        """Count what a kept answer takes."""
        entry.size += size
        self.bytes += size
        if entry.size > self.most_bytes // 8:
            self.drop(entry)
        while self.bytes > self.most_bytes:
            self.drop(next(iter(self.kept.values())))

    def drop(self, entry: Entry) -> None:
        entry.kept = False
        self.bytes -= entry.size
        del self.kept[entry.seed]
        for key in entry.keys:
            del self.known[key]


class Cache:
    """Answer GET and HEAD from what is kept, or by one run of the application for all who ask the same."""

    def __init__(
        self, app: ASGIApp, watch: ReleaseWatch, most_bytes: int, deadline: float, public_url: str
    ) -> None:
        self.app = app
        self.watch = watch
        self.deadline = deadline
        self.named_by_host = not public_url
        self.entries = Entries(None, most_bytes)
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
        entries = self.entries
        digest = self.watch.release.digest if self.watch.release else None
        if digest != entries.digest:
            entries = self.entries = Entries(digest, entries.most_bytes)
        path = scope["path"]
        if self.named_by_host:  # pages name the host that was asked
            path = f"{scope.get('scheme', 'http')}:{headers.get(b'host', b'').decode('latin-1')}{path}"
        key = path, scope["query_string"], headers.get(b"accept", b"*/*")
        entry, result = entries.find(key), self.hit
        try:
            if entry is None:
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
        await asyncio.wait([task], timeout=self.deadline)
        if not task.done():
            raise QueryTooLong(detail="The answer is not made yet. Ask for it again in a moment.")
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


def too_long(key: Key) -> bool:
    return len(key[0]) + len(key[1]) > LONGEST_KEY or len(key[2] or b"") > LONGEST_ACCEPT


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
