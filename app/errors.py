"""What can go wrong, as RFC 9457 problem details, and the handlers that say so."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import field
from http import HTTPStatus
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_rfc9457 import (
    PROBLEM_MEDIA_TYPE,
    BadRequest,
    InvalidParam,
    Problem,
    ValidationProblem,
)
from fastapi_rfc9457.server import add_problem_handlers
from fastapi_rfc9457.uris import slug_of
from pydantic import BaseModel
from rapidfuzz import fuzz, process, utils
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

logger = logging.getLogger(__name__)


class Suggestion(BaseModel):
    """A record that was probably meant."""

    kind: str
    id: str
    name: str


class Candidate(Suggestion):
    """A record that a term may stand for, and which of its names the term is."""

    matched_on: str


class RecordNotFound(Problem):
    """The collection holds no record of that name."""

    title: ClassVar[str] = "Record not found"
    status: ClassVar[int] = 404
    suggestions: list[Suggestion] = field(default_factory=list)


class AmbiguousName(Problem):
    """The name stands for several records; each can be asked for by its id."""

    title: ClassVar[str] = "Ambiguous name"
    status: ClassVar[int] = 409
    candidates: list[Candidate] = field(default_factory=list)


class NotAcceptable(Problem):
    """None of the media types that the client accepts can be had here."""

    title: ClassVar[str] = "Not acceptable"
    status: ClassVar[int] = 406


class AddressTooLong(Problem):
    """The address, filters and all, is longer than can be read. Ask for less at a time."""

    title: ClassVar[str] = "Address too long"
    status: ClassVar[int] = 414


class BodyTooLarge(Problem):
    """The body is larger than a thousand terms need to be. Ask for less at a time."""

    title: ClassVar[str] = "Body too large"
    status: ClassVar[int] = 413


class NoRelease(Problem):
    """No release of the data is loaded, or the database does not answer. Try again later."""

    title: ClassVar[str] = "No release is loaded"
    status: ClassVar[int] = 503
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "Seconds to wait before the next try."}

    def response_headers(self) -> Mapping[str, str]:
        return {"Retry-After": "5"}


def nearest(word: str, choices: Sequence[str]) -> str | None:
    """The choice that was probably meant by a misspelt word, if one is near."""
    found = process.extractOne(
        word, choices, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=60
    )
    return found[0] if found else None


def invalid_parameter(name: str, message: str, kind: str = "value_error") -> ValidationProblem:
    """The 422 of one query parameter."""
    return ValidationProblem(
        detail=f"{name}: {message}",
        errors=[InvalidParam(loc=["query", name], detail=message, type=kind)],
    )


def unknown_parameters(unknown: Sequence[str], known: Sequence[str]) -> RequestValidationError:
    """The error of query parameters that an operation does not take; it names what was probably meant."""
    takes = f"this operation takes {', '.join(known)}" if known else "this operation takes no parameters"
    errors = []
    for name in unknown:
        near = nearest(name, known)
        message = f"Unknown parameter; did you mean {near}?" if near else f"Unknown parameter; {takes}"
        errors.append({"loc": ("query", name), "msg": message, "type": "unknown_parameter"})
    return RequestValidationError(errors)


def repeated_parameters(repeated: Sequence[str]) -> RequestValidationError:
    """The error of query parameters that are given twice but mean one value."""
    return RequestValidationError(
        [{"loc": ("query", name), "msg": "Give it once", "type": "repeated_parameter"} for name in repeated]
    )


def _problem(
    request: Request,
    kind: type[Problem] | None,
    status: int,
    detail: object,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """The response of a problem that no code of ours raised: of a kind, or of its status alone."""
    slug = slug_of(kind) if kind else None
    body = {
        "type": str(request.app.url_path_for("problem-doc", slug=slug)) if slug else "about:blank",
        "title": kind.title if kind else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **more,
    }
    return JSONResponse(body, status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Say which parameter is wrong and how, in one sentence and as a list; never echo the input."""
    assert isinstance(error, RequestValidationError)
    errors = []
    for each in error.errors():
        detail = each["msg"]
        expected = str(each.get("ctx", {}).get("expected", ""))
        near = nearest(str(each.get("input", "")), expected.replace(" or ", ", ").split(", "))
        if each["type"] in ("enum", "literal_error") and near:
            detail += f"; did you mean {near}?"
        errors.append({"loc": list(each["loc"]), "detail": detail, "type": each["type"]})
    named = "; ".join(f"{'.'.join(map(str, each['loc'][1:2]))}: {each['detail']}" for each in errors)
    return _problem(request, ValidationProblem, 422, named, errors=errors)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """Say of a path or a method that there is none, and what there is."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    detail = error.detail
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return _problem(request, BadRequest, 400, detail)
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        known: list[str] = request.app.state.paths
        collection = path.removeprefix("/").partition("/")[0]
        if f"/{collection}/{{id}}" in known:
            # The router takes everything for a name but a line break.
            return _problem(request, RecordNotFound, 404, "No name holds a line break.", suggestions=[])
        near = nearest(path, [each for each in known if "{" not in each])
        detail = f"There is nothing at {path}; " + (f"did you mean {near}?" if near else "see /docs.")
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(methods_of(request))
        detail = f"{path} answers {headers['Allow']}, not {request.method}."
    return _problem(request, None, error.status_code, detail, headers)


def methods_of(request: Request) -> list[str]:
    """Every method that the path answers; the router itself names those of the first route alone."""
    routes = [each for each in request.app.router.routes if not isinstance(each, Mount)]
    answered = [
        method
        for method in ("GET", "POST")
        if any(each.matches({**request.scope, "method": method})[0] == Match.FULL for each in routes)
    ] or ["GET"]  # of a file
    return [*answered, "HEAD"] if "GET" in answered else answered


async def _database_fault(request: Request, error: Exception) -> JSONResponse:
    """Hide what the driver says from the client, but not from the log."""
    logger.error("the database does not answer", exc_info=error)
    detail = "The database does not answer, or holds no release of this version; see /readyz."
    return _problem(request, NoRelease, 503, detail, {"Retry-After": "5"})


def add_handlers(app: FastAPI) -> None:
    add_problem_handlers(app, strip_debug=True)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DBAPIError, _database_fault)
