"""Bounds of a request, looked at before anything reads it, and a problem for what nobody foresaw."""

import logging
import re

from fastapi_rfc9457 import BadRequest, Problem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.headers import Headers
from app.http.problems import (
    AddressTooLong,
    BodyTooLarge,
    internal_error,
    problem_response,
    too_many_parameters,
)
from app.store.release import ReleaseWatch

logger = logging.getLogger(__name__)

LARGEST_BODY = 2**20
"""Bytes of a body: a thousand terms to resolve, with room to spare."""

LONGEST_ADDRESS = 65_000
"""Bytes of a path and a query together."""

MOST_PARAMETERS = 1000
"""Query parameters, counted as often as they are given; a list takes 500 values of one."""

HOST = re.compile(rb"([\w.-]+|\[[0-9a-fA-F:.]+\])?(:\d*)?")
"""A name or an address, with a port or without; empty where the address has none (RFC 9110, 7.2)."""


class Bounds:
    """Refuse a request that is too large, or names no host or several (RFC 9112, 3.2)."""

    def __init__(self, app: ASGIApp, watch: ReleaseWatch) -> None:
        self.app = app
        self.watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif problem := out_of_bounds(scope):
            await self.refuse(problem, scope, receive, send)
        elif scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
        else:
            await self.bounded(scope, receive, send)

    async def refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        close = {"Connection": "close"} if isinstance(problem, BodyTooLarge) else {}
        response = problem_response(problem, scope["path"], close)
        await Headers(response, self.watch)(scope, receive, send)

    async def bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a body as far as the limit, and hand it on whole; refuse a larger one."""
        body = b""
        more = int(dict(scope["headers"]).get(b"content-length", 0)) <= LARGEST_BODY
        large = not more
        while more and not large:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            large = len(body) > LARGEST_BODY
        if large:
            problem = BodyTooLarge(detail=f"A body has at most {LARGEST_BODY} bytes.")
            await self.refuse(problem, scope, receive, send)
            return
        whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def replay() -> Message:
            nonlocal whole
            if whole is None:
                return await receive()
            message, whole = whole, None
            return message

        await self.app(scope, replay, send)


def out_of_bounds(scope: Scope) -> Problem | None:
    """What is wrong with the head of a request, if anything is."""
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        return AddressTooLong(detail=f"An address has at most {LONGEST_ADDRESS} bytes.")
    if scope["query_string"].count(b"&") >= MOST_PARAMETERS:
        return too_many_parameters(MOST_PARAMETERS)
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1 or (not hosts and scope["http_version"] == "1.1"):
        return BadRequest(detail="A request names one host.")
    if hosts and not HOST.fullmatch(hosts[0]):
        return BadRequest(detail="What stands in Host is no name of a host.")
    return None


class ErrorBoundary:
    """Answer a problem for an exception nobody foresaw; what it was is told to the log alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception:
            if scope["type"] != "http" or begun:
                raise
            logger.exception("%s %s failed", scope["method"], scope["path"])
            response = problem_response(internal_error(), scope["path"])
            await response(scope, receive, send)
