"""Addresses: those that are asked for, and those that answers name.

Below this, a path is the application's own, without a slash at its end, and addresses begin at its root. With
IL6_PUBLIC_URL they are written out in full. Without, they follow the host that was asked, and only those are
written out that name a thing wherever they are read: ids of JSON-LD, and canonical addresses.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON = re.compile(r"application/([\w.+-]+\+)?(json|x-ndjson)\b")
TURTLE = re.compile(r"text/turtle\b")
LINKED = re.compile(r"application/ld\+json\b")
MARKUP = re.compile(r"(text/html|image/svg\+xml|application/atom\+xml)\b")

ATTRIBUTE = re.compile(rb'(?<=\s)((?:xlink:)?href|src|action)="(?=/)')
CANONICAL = re.compile(rb'(<link rel="canonical" href=")(?=/)')
IDENTIFIER = re.compile(
    rb'("(?:@id|contentUrl|dcat:downloadURL|dcat:landingPage|inDefinedTermSet|url)": ?")(?=/)'
)
"""Addresses that name a thing wherever they are read."""
INSTANCE = re.compile(rb'(?<="instance":)"(?=/)')
"""What was asked for, there or not."""


def base_of(scope: Scope) -> str:
    """The address of the service, without a slash at its end: as it was set, or as it was asked."""
    public: str = scope["app"].state.settings.public_url
    return public or str(Request(scope).base_url).rstrip("/")


class Paths:
    """Take the prefix of IL6_PUBLIC_URL and slashes at the end from the path that is asked for."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        self.prefix = urlsplit(public_url).path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if self.prefix and f"{path}/".startswith(f"{self.prefix}/"):
                path = path[len(self.prefix) :]
            if path[-1:] == "/" or not path:
                path = path.rstrip("/") or "/"
            if path != scope["path"]:
                scope = {**scope, "path": path, "raw_path": quote(path).encode()}
        await self.app(scope, receive, send)


class Addresses:
    """Writes out the addresses that an answer names; `segments` are what paths of the service begin with."""

    def __init__(self, public_url: str, segments: Iterable[str]) -> None:
        self.public_url = public_url.encode()
        known = "|".join(sorted(map(re.escape, segments)))
        self.value = re.compile(rb'(?<=[:\[,])"(?=/(?:%s)[/?"])' % known.encode())
        """A text of JSON that is an address of ours."""

    def sending(self, scope: Scope, send: Send) -> Send:
        """What sends an answer with its addresses written out."""
        begun: Message | None = None
        body = b""

        async def write(message: Message) -> None:
            nonlocal begun, body
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                self.write_headers(headers)
                if self.names_addresses(headers.get("Content-Type", "")):
                    begun = message
                else:
                    await send(message)
            elif begun is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                headers = MutableHeaders(scope=begun)
                written = self.written(body, headers["Content-Type"], base_of(scope).encode())
                if "Content-Length" in headers:
                    headers["Content-Length"] = str(len(written))
                await send(begun)
                await send({"type": "http.response.body", "body": written})

        return write

    def names_addresses(self, media_type: str) -> bool:
        """Whether what an answer of this type names is to be written out."""
        own = MARKUP.match(media_type) or LINKED.match(media_type) or TURTLE.match(media_type)
        return bool(own or (self.public_url and JSON.match(media_type)))

    def write_headers(self, headers: MutableHeaders) -> None:
        if not self.public_url:
            return
        base = self.public_url.decode()
        for name in ("Location", "Content-Location"):
            if headers.get(name, "").startswith("/"):
                headers[name] = base + headers[name]
        if "Link" in headers:
            headers["Link"] = headers["Link"].replace("</", f"<{base}/")

    def written(self, body: bytes, media_type: str, base: bytes) -> bytes:
        if TURTLE.match(media_type):
            return body.replace(b"</", b"<%s/" % base)
        body = CANONICAL.sub(rb"\g<1>" + base, IDENTIFIER.sub(rb"\g<1>" + base, body))
        if not self.public_url:
            return body
        if MARKUP.match(media_type):
            return ATTRIBUTE.sub(rb'\g<1>="' + base, body)
        return INSTANCE.sub(b'"' + base, self.value.sub(b'"' + base, body))
