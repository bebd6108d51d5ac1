"""What wraps the pages: addresses without the empty fields of a form, and problems that people can read."""

import json
from urllib.parse import parse_qsl

from fastapi_rfc9457 import PROBLEM_MEDIA_TYPE
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.pages.render import link, show


def is_page(path: str) -> bool:
    return path == "/" or path == "/explore" or path.startswith("/explore/")


class Pages:
    """Serves people: a problem of a page is a page, and so is every address that a form makes.

    A browser sends the fields of a form that nobody filled in too. The address that is shown, kept and cited
    has none of them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_page(scope["path"]):
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        fields = parse_qsl(query, keep_blank_values=True)
        filled = [(name, value) for name, value in fields if value.strip()]
        if filled != fields and scope["method"] == "GET":
            tidy = RedirectResponse(link(Request(scope).url.path, filled), 303)
            await tidy(scope, receive, send)
            return
        begun: Message | None = None
        body = b""

        async def readable(message: Message) -> None:
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

        await self.app(scope, receive, readable)


async def explain(request: Request, begun: Message, body: bytes, send: Send) -> None:
    """Send a problem as a page, with its status and its headers."""
    kept = {
        name: value
        for name, value in Headers(raw=begun["headers"]).items()
        if name not in ("content-type", "content-length")
    }
    problem = json.loads(body)
    page = show(request, "problem.html", status=begun["status"], headers=kept, problem=problem)
    await send({"type": "http.response.start", "status": page.status_code, "headers": page.raw_headers})
    await send({"type": "http.response.body", "body": bytes(page.body)})
