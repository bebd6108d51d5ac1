"""What wraps the pages: addresses without the empty fields of a form, and problems that people can read."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import mimeparse
from fastapi_rfc9457 import PROBLEM_MEDIA_TYPE
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.models.dossier import CompareFilters, ConflictFilters
from app.models.evidence import EvidenceFilters
from app.models.graph import GraphFilters, PathFilters
from app.pages.forms import fields
from app.pages.render import COLLECTIONS, link, show


def is_page(path: str) -> bool:
    return path in ("/", "/explore", "/about") or path.startswith("/explore/")


TRACKING = re.compile(r"utm_.*|mc_.*|fbclid|gclid|msclkid|_ga|_")
"""Parameters that others put behind an address which is passed on; pages pay no heed to them."""


def is_browser(scope: Scope) -> bool:
    """Whether a request prefers a page to JSON."""
    accept = ", ".join(Headers(scope=scope).getlist("accept")) or "*/*"
    try:
        page, data = (mimeparse.quality(each, accept) for each in ("text/html", "application/json"))
    except mimeparse.MimeTypeParseException:
        return False
    return bool(page > data)


class Pages:
    """Serves people: a problem of a page is a page, and so is one that a browser meets elsewhere.

    A browser sends the fields of a form that nobody filled in too. The address that is shown, kept and cited
    has none of them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (is_page(scope["path"]) or is_browser(scope)):
            await self.app(scope, receive, send)
            return
        if not is_page(scope["path"]):
            await self.app(scope, receive, self.readable(scope, send))
            return
        given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        fields = [each for each in given if not TRACKING.fullmatch(each[0])]
        if fields != given:
            scope = {**scope, "query_string": urlencode(fields).encode()}
        filled = [(name, value) for name, value in fields if value.strip()]
        if filled != fields and scope["method"] == "GET":
            tidy = RedirectResponse(link(Request(scope).url.path, filled), 303)
            await tidy(scope, receive, send)
            return
        await self.app(scope, receive, self.readable(scope, send))

    def readable(self, scope: Scope, send: Send) -> Send:
        """What sends a problem as a page, and all else as it is."""
        begun: Message | None = None
        body = b""

        async def sent(message: Message) -> None:
            nonlocal begun, body
            if message["type"] == "http.response.start":
                if Headers(raw=message["headers"]).get("Content-Type") != PROBLEM_MEDIA_TYPE:
                    await send(message)
                    return
                begun = message
            elif begun is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await explain(Request(scope), begun, body, send)

        return sent


FORMS: dict[str, type[BaseModel]] = {
    **{each.path: each.filters for each in COLLECTIONS},
    "matrix": EvidenceFilters,
    "pathway": GraphFilters,
    "paths": PathFilters,
    "compare": CompareFilters,
    "conflicts": ConflictFilters,
}
"""The pages with a form, which a problem keeps as it was filled in."""


class Fault(NamedTuple):
    """What is wrong with a field, and the address with what was probably meant."""

    name: str
    detail: str
    meant: str
    address: str


def meant(detail: str) -> str:
    found = re.search(r"did you mean ([^?]+)\?", detail)
    return found[1] if found else ""


def fault(request: Request, error: Mapping[str, Any]) -> Fault:
    """An error of the answer to a question, for the reader who asked it."""
    name = str(error["loc"][-1] if len(error["loc"]) == 1 else error["loc"][1])
    near = meant(error["detail"])
    asked = request.query_params.multi_items()
    if not near:
        return Fault(name, error["detail"], "", "")
    if error["type"] == "unknown_parameter":
        renamed = [(near if each == name else each, value) for each, value in asked]
        return Fault(name, error["detail"], near, link(request.url.path, renamed))
    return Fault(name, error["detail"], near, link(request.url.path, asked, **{name: near}))


async def explain(request: Request, begun: Message, body: bytes, send: Send) -> None:
    """Send a problem as a page, with its status and its headers."""
    kept = {
        name: value
        for name, value in Headers(raw=begun["headers"]).items()
        if name not in ("content-type", "content-length")
    }
    problem = json.loads(body)
    kept["vary"] = "Accept"
    named = request.url.path.removeprefix("/explore/")
    form = fields(FORMS[named], request.query_params, named) if named in FORMS else []
    page = show(
        request,
        "problem.html",
        status=begun["status"],
        headers=kept,
        problem=problem,
        faults=[fault(request, each) for each in problem.get("errors", [])],
        meant=meant(problem["detail"]),
        form=form,
    )
    await send({"type": "http.response.start", "status": page.status_code, "headers": page.raw_headers})
    await send({"type": "http.response.body", "body": bytes(page.body)})
