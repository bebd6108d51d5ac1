"""HTTP below the application: what the server cannot read as a request is answered with a problem too."""

import json

from fastapi_rfc9457 import PROBLEM_MEDIA_TYPE, BadRequest, Problem
from fastapi_rfc9457.uris import slug_of
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import AddressTooLong

LONGEST_ADDRESS = 65_535
"""Bytes of an address that the parser of the server can read."""


class Protocol(HttpToolsProtocol):
    """HTTP that answers a problem to what it cannot read as well; no application is asked about that."""

    def send_400_response(self, msg: str) -> None:
        too_long = len(getattr(self, "url", b"")) > LONGEST_ADDRESS
        problem: type[Problem] = AddressTooLong if too_long else BadRequest
        body = {
            "type": f"/problems/{slug_of(problem)}",
            "title": problem.title,
            "status": problem.status,
            "detail": f"An address has at most {LONGEST_ADDRESS} characters." if too_long else msg,
        }
        content = json.dumps(body).encode()
        fields = [
            *self.server_state.default_headers,
            (b"Content-Type", PROBLEM_MEDIA_TYPE.encode()),
            (b"Content-Length", str(len(content)).encode()),
            (b"Connection", b"close"),
        ]
        lines = [
            f"HTTP/1.1 {problem.status} {problem.title}".encode(),
            *(b": ".join(each) for each in fields),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", content]))
        self.transport.close()
