"""What a GET asks: its query in one form, its fields, its conditions and its range (RFC 9110, 13 and 14)."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from starlette.types import Message

from app.http.problems import RangeNotSatisfiable

CONDITIONS = (b"if-none-match", b"if-modified-since", b"if-range", b"range")
"""Fields of a request that are answered here; the application always gives the whole."""

RANGE = re.compile(rb"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.IGNORECASE)


def joined(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header fields by name; those that are given several times as one (RFC 9110, 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = b"%s, %s" % (found[name], value) if name in found else value
    return found


def canonical(query: bytes) -> bytes:
    """A query in the one form of all that ask the same: decoded, sorted by name, encoded again."""
    if not query:
        return query
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode(sorted(pairs, key=lambda pair: pair[0])).encode()


def matches(asked: bytes, etag: bytes) -> bool:
    """Whether an If-None-Match names what there is, by weak comparison (RFC 9110, 13.1.2)."""
    tags = [each.strip().removeprefix(b"W/") for each in asked.split(b",")]
    return etag != b"" and (asked == b"*" or etag in tags)


def span(asked: bytes, size: int) -> range | None:
    """The bytes that a Range asks for; None for several ranges, and for what is no range."""
    found = RANGE.fullmatch(asked)
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix:
        return range(max(size - int(suffix), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def part_of(
    start: Message, body: Message, etag: bytes, headers: Mapping[bytes, bytes]
) -> tuple[Message, Message]:
    """The part of a response that Range asks for; the whole where If-Range knows another one.

    Raises RangeNotSatisfiable.
    """
    whole = body["body"]
    part = span(headers[b"range"], len(whole))
    if part is None or headers.get(b"if-range", etag) != etag:
        return start, body
    if not part:
        raise RangeNotSatisfiable(detail=f"The answer has {len(whole)} bytes.", size=len(whole))
    fields = [each for each in start["headers"] if each[0] != b"content-length"]
    place = b"bytes %d-%d/%d" % (part.start, part.stop - 1, len(whole))
    fields += [(b"content-length", b"%d" % len(part)), (b"content-range", place)]
    return {**start, "status": 206, "headers": fields}, {**body, "body": whole[part.start : part.stop]}
