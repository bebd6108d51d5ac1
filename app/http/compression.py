"""Content codings: which one a client prefers, and how a body is written in it."""

import gzip
from collections.abc import Callable
from functools import lru_cache

import brotli
import zstandard

SMALLEST, LARGEST = 512, 8 * 2**20
"""Bytes; a shorter body would hardly become shorter, and a longer one takes longer to write than to send."""

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=12).compress(body),
    "br": lambda body: brotli.compress(body, quality=9),
    "gzip": lambda body: gzip.compress(body, compresslevel=9, mtime=0),
}
"""How a body is written in each coding, once per answer; of those a client likes alike the first is taken."""

COMPRESSIBLE = ("text/", "application/", "image/svg+xml")

LONGEST_WISH = 256
"""Bytes of an Accept-Encoding header; no client sends a longer one."""


def compressible(media_type: str, size: int) -> bool:
    return SMALLEST <= size <= LARGEST and media_type.startswith(COMPRESSIBLE)


def preferred(accept_encoding: bytes) -> str:
    """The coding that an Accept-Encoding header prefers (RFC 9110, 12.5.3); empty for none."""
    return best(accept_encoding) if len(accept_encoding) <= LONGEST_WISH else ""


@lru_cache(maxsize=256)
def best(accept_encoding: bytes) -> str:
    wishes: dict[str, float] = {}
    for part in accept_encoding.decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        weight = parameters.replace(" ", "").removeprefix("q=")
        try:
            wishes[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            continue
    rest = wishes.get("*", 0.0)
    liked = max(CODINGS, key=lambda coding: wishes.get(coding, rest))
    weight_of_best = wishes.get(liked, rest)
    return liked if weight_of_best > 0 and weight_of_best >= wishes.get("identity", 0.0) else ""
