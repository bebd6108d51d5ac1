"""What wraps every request, whoever answers it: a log line, headers, HEAD, and a net for what went wrong."""

import logging

from fastapi import FastAPI
from fastapi_rfc9457 import InternalServerError
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTooLarge, problem_response
from app.headers import PAGE_HEADERS, SECURITY_HEADERS

logger = logging.getLogger(__name__)

LARGEST_BODY = 2**20
"""Bytes of a body: a thousand terms to resolve, with room to spare."""


class Headers:
    """Puts the security headers and the release on every response."""

    def __init__(self, app: ASGIApp, main: FastAPI) -> None:
        self.app = app
        self.main = main

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                page = headers.get("Content-Type", "").startswith("text/html")
                for name, value in (SECURITY_HEADERS | PAGE_HEADERS if page else SECURITY_HEADERS).items():
                    headers.setdefault(name, value)
                # What reads no data names the release last read.
                release = self.main.state.release = state.get("release", self.main.state.release)
                if release is not None:
                    headers["X-Atlas-Release"] = release.version
            await send(message)

        await self.app(scope, receive, complete)


class Preflight(CORSMiddleware):
    """Answers what a browser asks before a request to another origin; the rest has its headers anyway."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class Net:
    """Answers a problem for an exception nobody foresaw; what it was is told to the log alone."""

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
            detail = "Something went wrong here; the log of the service tells it by the X-Request-ID."
            response = problem_response(InternalServerError(detail=detail), scope["path"])
            await response(scope, receive, send)


class BodyLimit:
    """Reads a body as far as the limit, and hands it on whole; a larger one is refused."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        body = b""
        more = True
        while more and len(body) <= LARGEST_BODY:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            problem = BodyTooLarge(detail=f"A body has at most {LARGEST_BODY} bytes.")
            response = problem_response(problem, scope["path"], {"Connection": "close"})
            await response(scope, receive, send)
            return
        whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def replay() -> Message:
            nonlocal whole
            if whole is None:
                return await receive()
            message, whole = whole, None
            return message

        await self.app(scope, replay, send)


class Head:
    """Answers HEAD wherever GET answers: the same headers, no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def silence(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, silence)
