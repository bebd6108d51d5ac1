"""What can go wrong, as RFC 9457 problem details, and the handlers that say so."""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import field
from difflib import get_close_matches
from http import HTTPStatus
from json import JSONDecodeError
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_rfc9457 import (
    PROBLEM_MEDIA_TYPE,
    BadRequest,
    InternalServerError,
    InvalidParam,
    Problem,
    ValidationProblem,
)
from fastapi_rfc9457.problem import sent_headers
from fastapi_rfc9457.server import add_problem_handlers
from fastapi_rfc9457.uris import slug_of
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
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


class RequestTimeout(Problem):
    """The request did not arrive in time. Send it anew, and at once."""

    title: ClassVar[str] = "Request timeout"
    status: ClassVar[int] = 408


class HeadersTooLarge(Problem):
    """The header fields are larger than this service needs. Send fewer cookies and other fields."""

    title: ClassVar[str] = "Header fields too large"
    status: ClassVar[int] = 431


class TryLater(Problem, abstract=True):
    """What is not possible now may be possible in a moment."""

    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "Seconds to wait before the next try."}
    wait: ClassVar[int] = 5

    def response_headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.wait)}


class NoRelease(TryLater):
    """No release of the data is loaded. Try again later."""

    title: ClassVar[str] = "No release is loaded"
    status: ClassVar[int] = 503


class DatabaseUnavailable(TryLater):
    """The database does not answer, or what it holds cannot be read. Try again later."""

    title: ClassVar[str] = "Database unavailable"
    status: ClassVar[int] = 503


class QueryTooLong(TryLater):
    """The database took too long over the question. Ask for less at a time, or try again later."""

    title: ClassVar[str] = "Query too long"
    status: ClassVar[int] = 503


class Overloaded(TryLater):
    """More is asked at once than the service can answer. Try again in a moment."""

    title: ClassVar[str] = "Overloaded"
    status: ClassVar[int] = 503
    wait: ClassVar[int] = 1


class TooManyRequests(Problem):
    """This address has asked more often than the service allows. Wait, or take home whole lists as files."""

    title: ClassVar[str] = "Too many requests"
    status: ClassVar[int] = 429
    headers: ClassVar[Mapping[str, str]] = {
        "Retry-After": "Seconds to wait before the next try.",
        "RateLimit": "What is left of the quota, and the seconds until it is whole again.",
        "RateLimit-Policy": "The quota, and the seconds it is for.",
    }


ANYWHERE: tuple[type[Problem], ...] = (
    RequestTimeout,
    AddressTooLong,
    ValidationProblem,
    TooManyRequests,
    HeadersTooLarge,
    InternalServerError,
    NoRelease,
    DatabaseUnavailable,
    QueryTooLong,
    Overloaded,
)
"""What any request may be answered."""


def problem_body(kind: type[Problem], detail: str, path: str | None = None) -> dict[str, object]:
    """The body of a problem, where there is no application to raise it in."""
    body = {
        "type": f"/problems/{slug_of(kind)}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
    }
    return body if path is None else {**body, "instance": path}


def problem_response(problem: Problem, path: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response of a problem that is answered before the application is asked."""
    return JSONResponse(
        problem_body(type(problem), problem.detail or "", path),
        problem.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={**sent_headers(problem), **(headers or {})},
    )


def nearest(word: str, choices: Sequence[str]) -> str | None:
    """The choice that was probably meant by a misspelt word, if one is near."""
    folded = {choice.lower(): choice for choice in choices}
    found = get_close_matches(word.lower(), folded, n=1)
    return folded[found[0]] if found else None


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


UNREADABLE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)
QUERY_CANCELED = "57014"
"""The SQLSTATE of a query that PostgreSQL ended."""


def database_problem(error: DBAPIError) -> Problem:
    """What a fault of the database means to a client, who is not told the words of the driver."""
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT or getattr(error.orig, "sqlstate", None) == QUERY_CANCELED:
        return QueryTooLong(detail="The database took too long over it. Ask for less at a time.")
    if code in UNREADABLE:
        detail = "The embedded database is damaged or cannot be read; `il6 seed` builds it anew."
        return DatabaseUnavailable(detail=detail)
    return DatabaseUnavailable(
        detail="The database does not answer, or holds no release of this version; see /readyz."
    )


def damaged_problem() -> Problem:
    """The problem of a text in the database that was JSON when the release was built."""
    return DatabaseUnavailable(detail="The database is damaged; `il6 seed` builds it anew.")


async def _damaged_text(request: Request, error: Exception) -> JSONResponse:
    logger.error("the database holds what is no JSON: %s", error)
    return problem_response(damaged_problem(), request.url.path)


async def _database_fault(request: Request, error: Exception) -> JSONResponse:
    """Tell the log what the driver says."""
    assert isinstance(error, DBAPIError)
    problem = database_problem(error)
    if isinstance(problem, QueryTooLong):
        logger.warning("%s took too long", request.url)
    else:
        logger.error("the database does not answer: %s", error.orig)
    return problem_response(problem, request.url.path)


async def _no_free_connection(request: Request, error: Exception) -> JSONResponse:
    logger.error("no connection to the database came free", exc_info=error)
    detail = "All connections to the database are in use."
    return problem_response(Overloaded(detail=detail), request.url.path)


def add_handlers(app: FastAPI) -> None:
    add_problem_handlers(app, strip_debug=True)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DBAPIError, _database_fault)
    app.add_exception_handler(JSONDecodeError, _damaged_text)
    app.add_exception_handler(NoFreeConnection, _no_free_connection)
