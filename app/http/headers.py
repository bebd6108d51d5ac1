"""Header fields of every response, HEAD, and what browsers ask before a request to another origin."""

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.addresses import Addresses
from app.store.release import ReleaseWatch

SECURITY_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "*",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""On every response that does not bring its own; transport security is the affair of whoever ends TLS.

Whether or not the request named its origin: a shared cache keeps one response for all.
"""

PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""On pages besides: they say how a browser treats a document, and mean nothing for data."""


class Headers:
    """Put the security headers and the release on every response, and write out the addresses in it.

    It names the records, too, that terms were read as which are none of their names.

    What reads no data names the release seen last.
    """

    def __init__(self, app: ASGIApp, watch: ReleaseWatch) -> None:
        self.app = app
        self.watch = watch

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
                if scope["path"].startswith("/problems/"):
                    headers.add_vary_header("Accept")
                if release := state.get("release") or self.watch.release:
                    headers["X-Atlas-Release"] = release.version
                if read_as := state.get("read_as"):
                    records = (f"{each.kind}/{each.id}" for found in read_as.values() for each in found)
                    headers["X-Atlas-Read-As"] = ", ".join(sorted({*records}))
            await send(message)

        addresses: Addresses = scope["app"].state.addresses
        await self.app(scope, receive, addresses.sending(scope, complete))


class Preflight(CORSMiddleware):
    """Answer what a browser asks before a request to another origin; the rest has its headers anyway."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)
