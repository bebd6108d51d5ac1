"""The shelf: the answers of one release that are ready to be sent, and their validators."""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.types import Message, Scope

from app import __version__
from app.compression import CODINGS, SMALLEST, compressible
from app.embedded import FileState, Identity

FRESH = b"public, max-age=300"
"""How long others may keep an answer without asking whether it still holds."""

LONGEST_KEY = 2048
"""Bytes of an address, or of a header, of which an answer is kept."""

OVERHEAD = 3072
"""Bytes that an answer takes beside its bodies: headers, keys, dictionaries."""

MOST_SPELLINGS = 8
"""Ways of asking for one answer that are known again at once."""

OF_ONE_RESPONSE = (b"content-length", b"x-request-id")
"""Headers that are not kept: one depends on the coding, the other on the request."""

Spelling = tuple[str, bytes, bytes | None, bytes | None]
"""A request as it comes: path, query, Accept, Accept-Encoding."""

Question = tuple[str, bytes, bytes | None]
"""What it asks: path, canonical query, and Accept, or None where another one would get the same answer."""


class Ready(NamedTuple):
    """A response as it is sent, to any server and to ours; it is shared, so only copies may be changed."""

    start: Message
    body: Message
    head: bytes
    """Status line and fields, but those that the server adds."""


@dataclass(eq=False)
class Answer:
    """A 200, ready to be sent in any content coding."""

    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    varies: bool
    """Whether another Accept header could get another answer."""
    compressible: bool
    release: Identity | None
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
    lines = b"".join(b"%s: %s\r\n" % pair for pair in headers)
    return Ready(
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
        b"HTTP/1.1 %d %s\r\n%s" % (status, HTTPStatus(status).phrase.encode(), lines),
    )


class Shelf:
    """The answers of one release; where they are too many bytes, the longest unused leaves first."""

    def __init__(
        self,
        state: FileState | None,
        release: Identity | None,
        most_bytes: int,
        collections: tuple[str, ...] = (),
    ) -> None:
        self.state = state
        self.release = release
        self.most_bytes = most_bytes
        self.collections = collections
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

    def recall(self, scope: Scope, headers: dict[bytes, bytes]) -> tuple[Answer, Ready] | None:
        """The answer of a request that is known in these words; none where a header is given twice."""
        known = self.spellings.get(
            (scope["path"], scope["query_string"], headers.get(b"accept"), headers.get(b"accept-encoding"))
        )
        if known is None or len(headers) < len(scope["headers"]):
            return None
        self.answers.move_to_end(known[0].etag)
        return known

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


def make_etag(release: Identity | None, path: str, query: bytes, media_type: bytes) -> bytes:
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


def make_answer(
    etag: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    release: Identity | None,
    served: Identity | None,
) -> Answer:
    named = dict(headers)
    vary = named[b"vary"]
    media_type = named.get(b"content-type", b"").decode("latin-1")
    return Answer(
        etag=etag,
        headers=tuple(pair for pair in headers if pair[0] not in OF_ONE_RESPONSE),
        body=body,
        varies=b"accept" in [each.strip().lower() for each in vary.split(b",")],
        compressible=len(body) >= SMALLEST and compressible(media_type),
        release=release,
        not_modified=not_modified(etag, vary, release or served),
        size=len(body) + OVERHEAD,
    )


def unchanged_json(release: Identity | None, question: Question, asked: bytes | None) -> Answer | None:
    """What confirms the JSON that a client holds: its validator says by itself that it is the answer."""
    path, query, accept = question
    if asked is None or release is None or asked == b"*":
        return None
    if accept not in (b"*/*", b"application/json") or b"format=" in query:
        return None
    etag = make_etag(release, path, query, b"application/json")
    headers = [(b"vary", b"Accept, Accept-Encoding")]
    return make_answer(etag, headers, b"", release, release) if matches(asked, etag) else None


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


def not_modified(etag: bytes, vary: bytes, release: Identity | None) -> Ready:
    headers = ((b"etag", etag), (b"cache-control", FRESH), (b"vary", vary))
    of_release = ((b"x-atlas-release", release.version.encode()),) if release else ()
    return response(304, (*headers, *of_release, (b"access-control-allow-origin", b"*")), b"")
