"""Content codings: which one a client prefers, and how a body is written in it."""

import gzip
from collections.abc import Callable
from functools import lru_cache

import brotli
import zstandard

SMALLEST = 512
"""Bytes; a shorter body would hardly become shorter."""

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=12).compress(body),
    "br": lambda body: brotli.compress(body, quality=9),
    "gzip": lambda body: gzip.compress(body, compresslevel=9, mtime=0),
}
"""How a body is written in each coding, once per answer; of those a client likes alike the first is taken."""

COMPRESSIBLE = ("text/", "application/", "image/svg+xml")


def compressible(media_type: str) -> bool:
    return media_type.startswith(COMPRESSIBLE)


@lru_cache(maxsize=256)
def preferred(accept_encoding: str) -> str:
    """The coding that an Accept-Encoding header prefers (RFC 9110, 12.5.3); empty for none."""
    wishes: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.partition(";")
        weight = parameters.replace(" ", "").removeprefix("q=")
        try:
            wishes[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            continue
    rest = wishes.get("*", 0.0)
    best = max(CODINGS, key=lambda coding: wishes.get(coding, rest))
    weight_of_best = wishes.get(best, rest)
    return best if weight_of_best > 0 and weight_of_best >= wishes.get("identity", 0.0) else ""
