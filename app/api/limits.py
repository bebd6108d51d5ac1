"""What one client, or all of them together, may ask at once: turns, and a quota per address."""

import asyncio
import ipaddress
import logging
import math
import time
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.middleware import Headers
from app.errors import TooManyRequests, problem_response

logger = logging.getLogger(__name__)

PROBES = ("/livez", "/readyz", "/metrics")
"""What is asked by those who look after the service: it counts towards no quota."""

UNTOUCHED = ("/livez", "/metrics")
"""What waits for no turn: that it answers in time says how busy the service is."""


class Turns:
    """Lets so many requests in at once; the others wait in line, without a thread or a connection."""

    def __init__(self, app: ASGIApp, at_once: int) -> None:
        self.app = app
        self.free = asyncio.Semaphore(at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTOUCHED:
            await self.app(scope, receive, send)
            return
        async with self.free:
            await self.app(scope, receive, send)


def check_rate(rate: str, storage: str, workers: int = 1) -> tuple[Any, Any, Any]:
    """The limit of the settings, the limiter, and its connections; raises ValueError for no good ones."""
    # Imported here, since most instances limit nobody, and each worker would hold it in memory.
    from limits import parse
    from limits.aio.strategies import FixedWindowRateLimiter
    from limits.errors import ConfigurationError
    from limits.storage import storage_from_string

    try:
        limit = parse(rate)
    except ValueError:
        raise ValueError(f"IL6_RATE_LIMIT: {rate!r} is no limit such as 100/minute") from None
    options: dict[str, Any] = {}
    if storage.startswith(("redis://", "rediss://")):
        options = {"implementation": "redispy"}
    elif storage != "memory://":
        raise ValueError(f"IL6_RATE_LIMIT_STORAGE: {storage!r} is neither memory:// nor redis://HOST")
    elif workers > 1:
        raise ValueError(
            f"IL6_RATE_LIMIT_STORAGE: each of {workers} workers would count for itself in memory://; "
            "give them a redis://HOST in common, or let one worker serve"
        )
    try:
        if options:
            from redis.asyncio import ConnectionPool

            # The count is not worth waiting for: a slow store must not make the service slow.
            options["connection_pool"] = ConnectionPool.from_url(
                storage, socket_timeout=0.5, socket_connect_timeout=0.5
            )
        store = storage_from_string(f"async+{storage}", **options)
    except (ConfigurationError, ValueError) as error:
        raise ValueError(f"IL6_RATE_LIMIT_STORAGE: {error}") from None
    return limit, FixedWindowRateLimiter(store), options.get("connection_pool")


class RateLimit:
    """A quota of requests per address, told on every answer by the fields of an IETF draft."""

    def __init__(self, app: ASGIApp, main: FastAPI, rate: str, storage: str) -> None:
        self.app = app
        self.main = main
        self.limit, self.limiter, self.connections = check_rate(rate, storage)
        self.policy = f'"default";q={self.limit.amount};w={self.limit.get_expiry()}'

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        client = subscriber(scope)
        try:
            granted = await self.limiter.hit(self.limit, client)
            stats = await self.limiter.get_window_stats(self.limit, client)
        except Exception:
            # An answer too many does less harm than none.
            logger.exception("requests cannot be counted, and are not limited")
            await self.app(scope, receive, send)
            return
        reset = max(0, math.ceil(stats.reset_time - time.time()))
        told = {
            "RateLimit-Policy": self.policy,
            "RateLimit": f'"default";r={max(0, stats.remaining)};t={reset}',
        }
        if not granted:
            quota = f"{self.limit.amount} requests in {self.limit.get_expiry()} seconds"
            problem = TooManyRequests(detail=f"Each address may send {quota}.")
            headers = {"Retry-After": str(max(1, reset)), **told}
            refusal = problem_response(problem, scope["path"], headers)
            await Headers(refusal, self.main)(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        await self.app(scope, receive, tell)

    async def close(self) -> None:
        if self.connections is not None:
            await self.connections.aclose()


def subscriber(scope: Scope) -> str:
    """Who is counted: an address, or the network of 64 bits that one subscriber has of IPv6."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
