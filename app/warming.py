"""The process that makes ready what is asked for most, by asking the application, and ends.

    python -m app.warming PATH...

writes the answers to standard output, as `app.front` reads them.
"""

import asyncio
import dataclasses
import logging
import os
import pickle
import sys

from starlette.types import Message, Scope

from app.front import Front, create_front
from app.shelf import Answer, Question

logger = logging.getLogger(__name__)

MODESTY = 5
"""By how much others are more urgent to the scheduler, in steps of nice(2)."""


async def make(front: Front, paths: list[str]) -> list[tuple[Question, Answer]]:
    """What the paths are answered; a path that cannot be answered is left out, and the log tells why."""
    for path in paths:
        try:
            await ask(front, path)
        except Exception:
            logger.exception("%s could not be made ready", path)
    await front.close()
    found = [front.shelf.find(path, b"", b"*/*") for path in paths]
    return [
        (answer.questions[0], dataclasses.replace(answer, spellings=[], questions=[]))
        for answer in found
        if answer is not None
    ]


async def ask(front: Front, path: str) -> None:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": None,
        "server": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        """Nobody waits for it; it stays on the shelf."""

    await front(scope, receive, send)


def main() -> None:
    os.nice(MODESTY)
    pickle.dump(asyncio.run(make(create_front(), sys.argv[1:])), sys.stdout.buffer)


if __name__ == "__main__":
    main()
