"""What is kept of the answers, and the middleware that gives it to whoever asks in known words."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.compression import CODINGS, preferred
from app.http.metrics import Counts, cached, labelled
from app.http.requests import matches
from app.store.release import ReleaseWatch

LONGEST_ACCEPT, LONGEST_KEY = 256, 2048
"""Bytes of an Accept header, and of a path and a query, by which an answer is known again."""

OVERHEAD, OVERHEAD_OF_KEY = 2048, 256
"""Bytes that an answer in one coding takes beside its body and its fields, and a key beside its parts."""

UNCHANGED = b"etag cache-control content-location vary access-control-allow-origin x-atlas-release".split()
"""Fields of a 304 (RFC 9110, 15.4.5), with what lets a page of another origin read it, and the release."""

NO_BODY: Message = {"type": "http.response.body", "body": b""}

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
        """A kept answer, which so becomes the one that was used last."""
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


def too_long(key: Key) -> bool:
    return len(key[0]) + len(key[1]) > LONGEST_KEY or len(key[2] or b"") > LONGEST_ACCEPT


class Answers:
    """What is kept for the release that is served; of one before nothing is known any more."""

    def __init__(self, watch: ReleaseWatch, most_bytes: int, public_url: str = "") -> None:
        self.watch = watch
        self.named_by_host = not public_url
        self.entries = Entries(None, most_bytes)

    def current(self) -> Entries:
        digest = self.watch.release.digest if self.watch.release else None
        if digest != self.entries.digest:
            self.entries = Entries(digest, self.entries.most_bytes)
        return self.entries

    def key(self, scope: Scope, headers: dict[bytes, bytes]) -> Key:
        """By what an answer to a request is known."""
        path = scope["path"]
        if self.named_by_host:  # pages name the host that was asked
            path = f"{scope.get('scheme', 'http')}:{headers.get(b'host', b'').decode('latin-1')}{path}"
        return path, scope["query_string"], headers.get(b"accept", b"*/*")


class Kept:
    """Answer a GET or HEAD that was answered in the same words before; all else is for the application.

    It stands around the application, whose own middleware takes longer than such an answer.
    """

    def __init__(self, app: ASGIApp, answers: Answers, counts: Counts) -> None:
        self.app = app
        self.answers = answers
        self.numbers_of = counts.numbers_of
        self.hit, self.not_modified = (labelled(cached, each).inc for each in ("hit", "not_modified"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        made = self.find(scope, headers)
        if made is None:
            await self.app(scope, receive, send)
            return
        start, body, result = made.start, made.body, self.hit
        if b"if-none-match" in headers and matches(headers[b"if-none-match"], made.etag):
            start, body, result = made.not_modified, NO_BODY, self.not_modified
        await send({**start})  # what stands around may add fields
        await send(body if scope["method"] == "GET" else NO_BODY)
        result()
        count, observe = self.numbers_of(scope["path"], scope["method"], start["status"])
        count()
        observe(time.perf_counter() - begun)

    def find(self, scope: Scope, headers: dict[bytes, bytes]) -> Representation | None:
        """What is kept for a request of one host that repeats no field, and wants no part."""
        if b"host" not in headers or b"range" in headers or len(headers) != len(scope["headers"]):
            return None
        entry = self.answers.current().find(self.answers.key(scope, headers))
        if entry is None:
            return None
        coding = preferred(headers.get(b"accept-encoding", b"")) if entry.compressible else ""
        return entry.made.get(coding)
