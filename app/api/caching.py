"""Ready answers: a response is a function of the release and the request, so it is made once and kept.

One middleware stands before the application. It gives every 200 of a GET its ETag, answers If-None-Match and
HEAD, writes each body once per content coding, and keeps what it wrote while its release is the one served.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.api.compression import CODINGS, SMALLEST, compressible, preferred
from app.api.metrics import count_cache
from app.catalog import RESOURCES
from app.db import Database, FileState
from app.errors import NoRelease
from app.models.base import Kind
from app.models.release import ReleaseRead
from app.queries import reading

logger = logging.getLogger(__name__)

FRESH = b"public, max-age=300"
"""How long others may keep an answer without asking whether it still holds."""

GLANCE = 0.25
"""Seconds for which the release is taken to be the one last seen."""

PATIENCE = 0.75
"""Seconds after which nobody is answered before the release was looked at again."""

LONGEST_KEY = 2048
"""Bytes of an address, or of a header, of which an answer is kept."""

OVERHEAD = 3072
"""Bytes that an answer takes beside its bodies: headers, keys, dictionaries."""

MOST_SPELLINGS = 8
"""Ways of asking for one answer that are known again at once."""

CONDITIONS = (b"if-none-match", b"if-modified-since", b"if-range", b"range")
"""Headers that are answered here; the application always gives the whole."""

OF_ONE_RESPONSE = (b"content-length", b"x-request-id")
"""Headers that are not kept: one depends on the coding, the other on the request."""

WARM = (Kind.INHIBITOR, Kind.CANCER, Kind.TARGET, Kind.MECHANISM)
"""Kinds whose first records are made ready before anybody asks for them."""

Spelling = tuple[str, bytes, bytes | None, bytes | None]
"""A request as it comes: path, query, Accept, Accept-Encoding."""

Question = tuple[str, bytes, bytes | None]
"""What it asks: path, canonical query, and Accept, or None where another one would get the same answer."""

Ready = tuple[Message, Message]
"""A response as it is sent: its start and its body. Both are shared, so only copies may be changed."""


@dataclass(eq=False)
class Answer:
    """A 200, ready to be sent in any content coding."""

    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    varies: bool
    """Whether another Accept header could get another answer."""
    compressible: bool
    release: ReleaseRead | None
    not_modified: Ready
    size: int
    codings: dict[str, Ready] = field(default_factory=dict)
    spellings: list[Spelling] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def ready(self, coding: str) -> Ready:
        """The response in a coding; it is written when it is first asked for."""
        made = self.codings.get(coding)
        if made is None:
            body = CODINGS[coding](self.body) if coding else self.body
            length = ((b"content-length", str(len(body)).encode()),)
            encoding = ((b"content-encoding", coding.encode()),) if coding else ()
            made = self.codings[coding] = response(200, (*self.headers, *length, *encoding), body)
        return made


def response(status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> Ready:
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


class Shelf:
    """The answers of one release; where they are too many bytes, the longest unused leaves first."""

    def __init__(self, state: FileState | None, release: ReleaseRead | None, most_bytes: int) -> None:
        self.state = state
        self.release = release
        self.most_bytes = most_bytes
        self.bytes = 0
        self.answers: OrderedDict[bytes, Answer] = OrderedDict()
        self.spellings: dict[Spelling, tuple[Answer, Ready]] = {}
        self.questions: dict[Question, Answer] = {}
        self.in_flight: dict[Question, asyncio.Future[Answer | None]] = {}

    def find(self, path: str, query: bytes, accept: bytes | None) -> Answer | None:
        return self.questions.get((path, query, None)) or self.questions.get((path, query, accept))

    def keep(self, answer: Answer, question: Question) -> Answer:
        """Put an answer on the shelf, if it is of its release; gives the one that stands there."""
        if self.release is None or answer.size > self.most_bytes // 8:
            return answer
        if answer.release is not None and answer.release != self.release:
            return answer
        kept = self.answers.setdefault(answer.etag, answer)
        if kept is answer:
            self.grow(answer.size)
        if answer.etag in self.answers and len(kept.questions) < MOST_SPELLINGS:
            kept.questions.append(question)
            self.questions[question] = kept
        return kept

    def grow(self, size: int) -> None:
        self.bytes += size
        while self.bytes > self.most_bytes:
            _, old = self.answers.popitem(last=False)
            self.bytes -= old.size
            for spelling in old.spellings:
                del self.spellings[spelling]
            for question in old.questions:
                del self.questions[question]

    def remember(self, spelling: Spelling, answer: Answer, coding: str) -> None:
        """Know a request again that asks for an answer on the shelf."""
        if answer.etag not in self.answers or spelling in self.spellings:
            return
        if sum(len(each or b"") for each in spelling[1:]) > LONGEST_KEY:
            return
        if len(answer.spellings) == MOST_SPELLINGS:
            del self.spellings[answer.spellings.pop(0)]
        answer.spellings.append(spelling)
        self.spellings[spelling] = answer, answer.ready(coding)


def canonical(query: bytes) -> bytes:
    """A query in the one form of all that ask the same: decoded, sorted by name, encoded again."""
    if not query:
        return query
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode(sorted(pairs, key=lambda pair: pair[0]), errors="surrogatepass").encode()


def make_etag(release: ReleaseRead | None, path: str, query: bytes, media_type: bytes) -> bytes:
    """A weak validator of what a request is answered, the same wherever the same release is served."""
    of_release = (release.version, release.checksum, release.digest) if release else ()
    parts = (*of_release, __version__, path, query.decode("latin-1"), media_type.decode("latin-1"))
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return b'W/"%s"' % hashlib.blake2b(text, digest_size=12).hexdigest().encode()


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether an If-None-Match header names a validator, by weak comparison (RFC 9110, 13.1.2)."""
    if if_none_match == etag:
        return True
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return b"*" in tags or etag.removeprefix(b"W/") in tags


class ReadyAnswers:
    """The middleware: it answers from the shelf of the release, or lets the application answer."""

    def __init__(self, app: ASGIApp, main: FastAPI, most_bytes: int, warm_up: bool) -> None:
        self.app = app
        self.main = main
        self.database: Database = main.state.database
        self.most_bytes = most_bytes
        self.warm_up = warm_up and most_bytes > 0
        self.shelf = Shelf(None, None, most_bytes)
        self.seen = float("-inf")
        self.look: asyncio.Task[None] | None = None
        self.warming: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, self.lifespan(receive) if scope["type"] == "lifespan" else receive, send)
            return
        age = time.monotonic() - self.seen
        if age > GLANCE:
            await self.glance(age)
        shelf = self.shelf
        headers = dict(scope["headers"])
        known = shelf.spellings.get(
            (scope["path"], scope["query_string"], headers.get(b"accept"), headers.get(b"accept-encoding"))
        )
        if known is None or len(headers) < len(scope["headers"]):
            await self.find(shelf, scope, receive, send)
            return
        answer, ready = known
        shelf.answers.move_to_end(answer.etag)
        asked = headers.get(b"if-none-match")
        if asked is not None and matches(asked, answer.etag):
            count_cache("not_modified")
            ready = answer.not_modified
        else:
            count_cache("hit")
        await deliver(ready, scope, send)

    async def find(self, shelf: Shelf, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not yet known in these words."""
        headers = Headers(scope=scope)

        def joined(name: str) -> bytes | None:
            return ", ".join(headers.getlist(name)).encode("latin-1") or None

        accept, encodings, asked = joined("accept"), joined("accept-encoding"), joined("if-none-match")
        path, query = scope["path"], canonical(scope["query_string"])
        question = (path, query, accept or b"*/*")
        if asked is not None and unchanged_json(shelf.release, question, asked):
            count_cache("not_modified")
            etag = make_etag(shelf.release, path, query, b"application/json")
            await deliver(not_modified(etag, b"Accept, Accept-Encoding", shelf.release), scope, send)
            return
        answer = shelf.find(*question)
        if answer is None:
            count_cache("miss")
            answer = await self.answer_of(shelf, question, scope, receive, send)
            if answer is None:
                return
        else:
            count_cache("hit")
        coding = preferred((encodings or b"").decode("latin-1")) if answer.compressible else ""
        if coding not in answer.codings:
            ready = await run_in_threadpool(answer.ready, coding) if coding else answer.ready(coding)
            if coding:
                answer.size += len(ready[1]["body"])
                if answer.etag in shelf.answers:
                    shelf.grow(len(ready[1]["body"]))
        shelf.remember((path, scope["query_string"], accept, encodings), answer, coding)
        ready = answer.not_modified if asked and matches(asked, answer.etag) else answer.ready(coding)
        await deliver(ready, scope, send)

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
            if answer is not None and self.most_bytes:
                answer = shelf.keep(answer, question if answer.varies else (*question[:2], None))
        finally:
            del shelf.in_flight[question]
            running.set_result(answer)
        return answer

    async def ask(
        self, shelf: Shelf, question: Question, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """The answer of the application. What cannot be kept is sent as it comes, and None is given."""
        path, query, _ = question
        inner = {
            **scope,
            "method": "GET",
            "query_string": query,
            "headers": [pair for pair in scope["headers"] if pair[0] not in CONDITIONS],
            "state": dict(scope.get("state", {})),
        }
        start: Message | None = None
        etag = b""
        parts: list[bytes] = []
        size = 0
        sent = False

        async def release_parts() -> None:
            nonlocal sent
            sent = True
            assert start is not None
            await send(start)
            if parts:
                await relay({"type": "http.response.body", "body": b"".join(parts), "more_body": True})
                parts.clear()

        async def relay(message: Message) -> None:
            await send({**message, "body": b""} if scope["method"] == "HEAD" else message)

        async def collect(message: Message) -> None:
            nonlocal start, etag, size
            if message["type"] == "http.response.start":
                start = message
                headers = Headers(raw=list(message["headers"]))
                if message["status"] != 200 or "cache-control" in headers:
                    await release_parts()
                    return
                media_type = headers.get("content-type", "").partition(";")[0].encode("latin-1")
                read = inner["state"].get("release", shelf.release)
                etag = make_etag(read, path, query, media_type)
                start = {**message, "headers": validated(message["headers"], etag)}
            elif sent:
                await relay(message)
            else:
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > max(self.most_bytes, 2**20) // 8:
                    await release_parts()

        await self.app(inner, receive, collect)
        if sent or start is None:
            return None
        headers = Headers(raw=list(start["headers"]))
        body = b"".join(parts)
        release = inner["state"].get("release")
        vary = headers["vary"].encode("latin-1")
        return Answer(
            etag=etag,
            headers=tuple(pair for pair in start["headers"] if pair[0] not in OF_ONE_RESPONSE),
            body=body,
            varies="accept" in [each.strip().lower() for each in headers["vary"].split(",")],
            compressible=len(body) >= SMALLEST and compressible(headers.get("content-type", "")),
            release=release,
            not_modified=not_modified(etag, vary, release or shelf.release),
            size=len(body) + OVERHEAD,
        )

    def lifespan(self, receive: Receive) -> Receive:
        """Begin to warm up when the service starts; leave nothing running when it ends."""

        async def watch() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup" and self.warm_up:
                self.look = asyncio.create_task(self.see())
            elif message["type"] == "lifespan.shutdown":
                running = [task for task in (self.warming, self.look) if task is not None]
                if self.warming is not None:
                    self.warming.cancel()
                await asyncio.gather(*running, return_exceptions=True)
            return message

        return watch

    async def glance(self, age: float) -> None:
        """Make sure that the shelf is that of the release that is there."""
        if self.database.is_file:
            if self.shelf.release is not None and self.database.state() == self.shelf.state:
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
        state, release = await run_in_threadpool(release_now, self.database)
        if release != self.shelf.release or state != self.shelf.state:
            self.shelf = Shelf(state, release, self.most_bytes)
            if self.warm_up and release is not None:
                self.warming = asyncio.create_task(self.warm())
        self.seen = begun

    async def warm(self) -> None:
        """Ask for what is asked for most, so that it is ready; whoever asks meanwhile comes first."""
        shelf = self.shelf
        for path in ("/", "/release", "/graph", "/docs", "/openapi.json"):
            await self.ask_self(path)
        for resource in RESOURCES:
            listed = await self.ask_self(f"/{resource.path}")
            if resource.kind in WARM and listed is not None:
                for item in json.loads(listed.body)["items"]:
                    if self.shelf is not shelf:
                        return
                    await self.ask_self(f"/{resource.path}/{item['id']}")

    async def ask_self(self, path: str) -> Answer | None:
        scope: Scope = {
            "type": "http",
            "app": self.main,
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"localhost")],
            "client": None,
            "server": None,
        }

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def drop(message: Message) -> None:
            """Nobody waits for it; it stays on the shelf."""

        try:
            await self.find(self.shelf, scope, nothing, drop)
        except Exception:
            logger.exception("%s could not be made ready", path)
        return self.shelf.find(path, b"", b"*/*")


async def deliver(ready: Ready, scope: Scope, send: Send) -> None:
    start, body = ready
    await send({**start})  # what stands around this middleware may add headers
    await send(body if scope["method"] == "GET" else {**body, "body": b""})


def release_now(database: Database) -> tuple[FileState | None, ReleaseRead | None]:
    """The release that the database holds, if any, and the state of its file before it was read."""
    state = database.state()
    try:
        with reading(database) as (_, release):
            return state, release
    except (NoRelease, DBAPIError):
        return state, None


def unchanged_json(release: ReleaseRead | None, question: Question, asked: bytes) -> bool:
    """Whether the client holds the JSON that answers a question: its validator says so by itself."""
    path, query, accept = question
    if release is None or accept not in (b"*/*", b"application/json") or b"format=" in query or asked == b"*":
        return False
    return matches(asked, make_etag(release, path, query, b"application/json"))


def validated(headers: list[tuple[bytes, bytes]], etag: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a 200 with its validator, and with what it depends on and how long it may be kept."""
    left_out = (b"etag", b"last-modified", b"accept-ranges", b"vary")
    vary = [value for name, value in headers if name == b"vary"]
    return [
        *(pair for pair in headers if pair[0] not in left_out),
        (b"etag", etag),
        (b"cache-control", FRESH),
        (b"vary", b", ".join([*vary, b"Accept-Encoding"])),
    ]


def not_modified(etag: bytes, vary: bytes, release: ReleaseRead | None) -> Ready:
    headers = ((b"etag", etag), (b"cache-control", FRESH), (b"vary", vary))
    of_release = ((b"x-atlas-release", release.version.encode()),) if release else ()
    return response(304, (*headers, *of_release, (b"access-control-allow-origin", b"*")), b"")
