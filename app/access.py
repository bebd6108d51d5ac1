"""The access log: one JSON line on standard output per request."""

import json
import logging
import sys
import time
from datetime import UTC, datetime

from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from starlette.types import ASGIApp, Message, Receive, Scope, Send

access_logger = logging.getLogger("il6.access")


def logged(app: ASGIApp) -> ASGIApp:
    """The application with its log, and an id for every request."""
    access_logger.setLevel(logging.INFO)
    access_logger.propagate = False
    access_logger.handlers = [logging.StreamHandler(sys.stdout)]
    return CorrelationIdMiddleware(AccessLog(app))


class AccessLog:
    """Writes one JSON line per request: when, who, what, with which result, and how long it took."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0
        size = 0

        async def count(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, count)
        finally:
            line = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "request_id": correlation_id.get(),
                "client": scope["client"][0] if scope.get("client") else None,
                "method": scope["method"],
                "path": scope["path"],
                "query": scope["query_string"].decode("latin-1"),
                "status": status,
                "bytes": size,
                "ms": round((time.perf_counter() - begun) * 1000, 2),
            }
            access_logger.info(json.dumps(line))
