"""The site and its data as files, which any server of files can serve; what needs a question is left out.

Every address without a query that a page leads to becomes a file; so do pages with a query that such a page
names, and whatever can be had in another format. Links between pages lead from file to file, so a mirror may
lie anywhere; a link to what is not in it is text. Data are as the service sends them.
"""

import hashlib
import html
import json
import mimetypes
import re
from collections.abc import Iterable
from pathlib import Path
from posixpath import dirname, relpath
from typing import NamedTuple

from fastapi import FastAPI
from starlette.types import Message

from app.catalog import RESOURCES

HOST = "mirror.invalid"
OWN = f"http://{HOST}"
"""Where the service stands while it is asked, if nobody said where it stands for clients."""

MARKUP = ("text/html", "image/svg+xml", "application/atom+xml")
TAG = re.compile(r"<(?:a|link|img|image)\b[^>]*>")
ADDRESS = re.compile(r'(\s(?:xlink:)?(?:href|src))="([^"]*)"')
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
ONE_FORMAT = re.compile(r"format=[\w-]+")
MAIN = re.compile(r"<main\b[^>]*>")
LIVE = (
    "/docs",
    "/redoc",
    "/livez",
    "/readyz",
    "/metrics",
    "/service-info",
    "/search",
    "/resolve",
    "/problems",
)
"""What only a service can answer."""

BEGIN = ("/", "/explore", "/about", "/releases", "/releases.atom", "/openapi.json", "/downloads")


class MirrorFault(Exception):
    """The mirror cannot be written."""


class Answer(NamedTuple):
    media_type: str
    disposition: str
    body: bytes


async def ask(app: FastAPI, address: str) -> Answer:
    """What the service answers to a GET; raises MirrorFault for a problem."""
    path, _, query = address.partition("?")
    scope = {
        **{
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
        },
        **{"path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": ""},
        **{"headers": [(b"host", HOST.encode())], "server": (HOST, 80), "client": ("127.0.0.1", 1)},
    }
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start, *parts = messages
    body = b"".join(each.get("body", b"") for each in parts)
    if start["status"] != 200:
        raise MirrorFault(f"{address} is answered {start['status']}: {body[:200].decode(errors='replace')}")
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    media_type = headers.get("content-type", "").partition(";")[0]
    return Answer(media_type, headers.get("content-disposition", ""), body)


def file_of(address: str, answer: Answer, version: str) -> str:
    """The name of the file of an address."""
    path, _, query = address.partition("?")
    stem = path.strip("/") or "index"
    ending = answer.disposition.partition(version)[2].partition(".")[2].rstrip('"')
    if ending and ONE_FORMAT.fullmatch(query):
        return f"{stem}.{ending}"
    if query:
        words = re.sub(r"[^a-z0-9]+", "-", query.lower()).strip("-")[:60]
        stem += f"--{words}-{hashlib.sha256(query.encode()).hexdigest()[:8]}"
    if answer.media_type == "text/html":
        return f"{stem}.html"
    if query and ending:
        return f"{stem}.{ending}"
    if answer.media_type == "application/json" and not stem.endswith(".json"):
        return f"{stem}.json"
    return stem + (mimetypes.guess_extension(answer.media_type) or "") if query else stem


class Mirror:
    """The files of a service: it is asked from link to link, then written with links from file to file."""

    def __init__(self, app: FastAPI, version: str) -> None:
        self.app = app
        self.version = version
        self.base: str = app.state.settings.public_url or OWN
        self.files: dict[str, str] = {}
        """The name of the file of each address."""
        self.pages: dict[str, str] = {}
        """The text of the files that hold links, by address."""

    async def write(self, folder: Path) -> int:
        """Write the mirror into a folder; the number of its files."""
        await self.collect(folder, BEGIN)
        for address, text in self.pages.items():
            put(folder / self.files[address], self.linked(address, text).encode())
        return len(self.files)

    async def collect(self, folder: Path, begin: Iterable[str]) -> None:
        waiting = list(begin)
        seen = set(waiting)
        lists = {f"/{each.path}" for each in RESOURCES}
        while waiting:
            address = waiting.pop()
            answer = await (self.whole_list(address) if address in lists else ask(self.app, address))
            name = self.files[address] = file_of(address, answer, self.version)
            found: Iterable[str] = ()
            if answer.media_type in MARKUP:
                text = self.pages[address] = answer.body.decode()
                found = [each for each in self.named(text) if self.follows(address, each)]
            else:
                put(folder / name, answer.body)
                if address == "/downloads":
                    found = [self.own(each["url"]) or "" for each in json.loads(answer.body)["items"]]
            for each in found:
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)

    async def whole_list(self, address: str) -> Answer:
        """A list with all its items, where the service gives it in parts."""
        following: str | None = f"{address}?limit=500"
        items: list[object] = []
        while following:
            part = json.loads((await ask(self.app, self.own(following) or following)).body)
            items += part["items"]
            following = part["next"]
        told = {"items": items, "total": len(items), "next": None}
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        return Answer("application/json", "", body)

    def own(self, link: str) -> str | None:
        """The address that a link leads to, if it is of this service."""
        address = html.unescape(link).partition("#")[0]
        if address.startswith(f"{self.base}/") or address == self.base:
            address = address.removeprefix(self.base) or "/"
        return address if address.startswith("/") and not address.startswith("//") else None

    def named(self, text: str) -> list[str]:
        links = (link for tag in TAG.findall(FORM.sub("", text)) for _, link in ADDRESS.findall(tag))
        return [each for each in map(self.own, links) if each]

    def follows(self, page: str, address: str) -> bool:
        """Whether an address that a page names is in the mirror."""
        path, _, query = address.partition("?")
        if path.startswith(LIVE):
            return False
        if query and not path.startswith("/explore/"):
            return bool(ONE_FORMAT.fullmatch(query))
        return not query or "?" not in page or whole(address) == whole(page)

    def linked(self, address: str, text: str) -> str:
        """A page with its links from file to file, and without its forms."""
        here = dirname(self.files[address])
        cite = self.base != OWN

        def lead(found: re.Match[str]) -> str:
            target = self.own(found[2])
            if target is None:
                return found[0]
            if target not in self.files:
                return ""
            fragment = "#" + found[2].partition("#")[2] if "#" in found[2] else ""
            return f'{found[1]}="{relpath(self.files[target], here or ".")}{fragment}"'

        def rewrite(tag: re.Match[str]) -> str:
            if cite and 'rel="canonical"' in tag[0]:
                return tag[0]
            changed = ADDRESS.sub(lead, tag[0])
            return "" if tag[0].startswith("<link") and " href=" not in changed else changed

        text = MAIN.sub(lambda found: found[0] + self.notice(), FORM.sub("", text), count=1)
        return TAG.sub(rewrite, text).replace(OWN, "")

    def notice(self) -> str:
        where = (
            f' at <a href="{html.escape(self.base)}/" rel="external">{self.base}</a>'
            if self.base != OWN
            else ""
        )
        told = f"Files of release {self.version}: what is searched and filtered needs the service{where}."
        return f'\n<p class="notice">{told}</p>'


def whole(address: str) -> str:
    """The address of a list from its beginning."""
    return re.sub(r"(?<=[?&])cursor=[^&]*&?", "", address).rstrip("?&")


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def write(app: FastAPI, folder: Path) -> int:
    """Write the site and its data as files; raises MirrorFault, and OSError where they cannot be written."""
    async with app.router.lifespan_context(app):
        release = await app.state.watch.current()
        if release is None:
            raise MirrorFault("the database holds no release; `il6 seed` loads one")
        return await Mirror(app, release.version).write(folder)
