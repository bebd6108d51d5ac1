"""The limit: an ASGI application that answers the same ready bytes to whatever is asked."""

import os
from pathlib import Path
from typing import Any

BODY = Path(os.environ["BENCH_RECORD"]).read_bytes()
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}
END = {"type": "http.response.body", "body": BODY}


async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send(START)
        await send(END)
