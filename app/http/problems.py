"""Problem details (RFC 9457): the problems this service answers, and the handlers that answer them."""

import logging
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any, ClassVar

from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_rfc9457 import (
    PROBLEM_MEDIA_TYPE,
    BadRequest,
    InternalServerError,
    InvalidParam,
    Problem,
    TooManyRequests,
    ValidationProblem,
)
from fastapi_rfc9457.problem import sent_headers
from fastapi_rfc9457.server import add_problem_handlers
from fastapi_rfc9457.uris import slug_of
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app import errors
from app.errors import Candidate, Suggestion, nearest

logger = logging.getLogger(__name__)


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


class UnsupportedMediaType(Problem):
    """The body is of a media type that is not read here: send JSON, and say so in Content-Type."""

    title: ClassVar[str] = "Unsupported media type"
    status: ClassVar[int] = 415


class AddressTooLong(Problem):
    """The address, filters and all, is longer than can be read. Ask for less at a time."""

    title: ClassVar[str] = "Address too long"
    status: ClassVar[int] = 414


class BodyTooLarge(Problem):
    """The body is larger than a thousand terms need to be. Ask for less at a time."""

    title: ClassVar[str] = "Body too large"
    status: ClassVar[int] = 413


class RangeNotSatisfiable(Problem):
    """The answer has no bytes where the range begins; Content-Range tells how many it has."""

    title: ClassVar[str] = "Range not satisfiable"
    status: ClassVar[int] = 416
    headers: ClassVar[Mapping[str, str]] = {"Content-Range": "How many bytes the answer has."}
    size: int

    def response_headers(self) -> Mapping[str, str]:
        return {"Content-Range": f"bytes */{self.size}"}


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


ANYWHERE: tuple[type[Problem], ...] = (
    ValidationProblem,
    NoRelease,
    DatabaseUnavailable,
    QueryTooLong,
    Overloaded,
)
"""What any question may be answered."""

OF_HTTP: tuple[type[Problem], ...] = (
    AddressTooLong,
    RangeNotSatisfiable,
    TooManyRequests,
    HeadersTooLarge,
    InternalServerError,
)
"""What any request may be answered besides, whatever it asks: of HTTP alone, or a fault of ours."""


LONGEST_PATH = 1000
"""Characters of a path that a problem repeats; no record has a longer one."""


def problem_body(problem: Problem, path: str) -> dict[str, object]:
    """The body of a problem, its own members included."""
    own = [each.name for each in fields(problem) if each.name not in ("detail", "instance")]
    return {
        "type": f"/problems/{slug_of(type(problem))}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail or "",
        "instance": path[:LONGEST_PATH],
        **{name: jsonable_encoder(getattr(problem, name), exclude_none=True) for name in own},
    }


def problem_response(problem: Problem, path: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response of a problem, raised by the application or answered before it is asked."""
    return JSONResponse(
        problem_body(problem, path),
        problem.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={**sent_headers(problem), **(headers or {})},
    )


def unknown_parameters(unknown: Sequence[str], known: Sequence[str]) -> RequestValidationError:
    """The error of query parameters that an operation does not take; it names what was probably meant."""
    takes = f"this operation takes {', '.join(known[:50])}" if known else "this operation takes no parameters"
    found = []
    for name in unknown[: MOST_REPORTED + 1]:
        near = nearest(name, known)
        message = f"Unknown parameter; did you mean {near}?" if near else f"Unknown parameter; {takes}"
        found.append({"loc": ("query", name[:100]), "msg": message, "type": "unknown_parameter"})
    return RequestValidationError(found)


def too_many_parameters(most: int) -> ValidationProblem:
    """The problem of more query parameters than anybody needs; they are not looked at."""
    detail = f"A query has at most {most} parameters."
    error = InvalidParam(loc=["query"], detail=detail, type="too_many_parameters")
    return ValidationProblem(detail=detail, errors=[error])


def internal_error() -> InternalServerError:
    """The problem of an exception nobody foresaw; what it was is told to the log alone."""
    request_id = correlation_id.get()
    where = f" by the X-Request-ID {request_id}" if request_id else ""
    return InternalServerError(detail=f"Something went wrong here; the log of the service tells what{where}.")


def repeated_parameters(repeated: Sequence[str]) -> RequestValidationError:
    """The error of query parameters that are given twice but mean one value."""
    told = {"msg": "Give it once", "type": "repeated_parameter"}
    return RequestValidationError([{"loc": ("query", name[:100]), **told} for name in repeated])


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
        "instance": request.url.path[:LONGEST_PATH],
        **more,
    }
    return JSONResponse(body, status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)


MOST_REPORTED = 10
"""Errors that one answer names; more than a client can mend at once only cost time."""

LONGEST_LOC = 8
"""Steps from the body to a value in it."""

LONGEST_DETAIL = 500
"""Characters of one error: a choice among many is not written out."""


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Say which parameter is wrong and how, in one sentence and as a list; never echo the input."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if unread := unread_body(request, found[0]):
        return problem_response(unread, request.url.path)
    errors = [
        {"loc": list(each["loc"])[:LONGEST_LOC], "detail": explain(each), "type": each["type"]}
        for each in found[:MOST_REPORTED]
    ]
    named = "; ".join(f"{named_place(each['loc'])}: {each['detail']}" for each in errors)
    if len(found) > MOST_REPORTED:
        named += f"; and {len(found) - MOST_REPORTED} more"
    return _problem(request, ValidationProblem, 422, named[: 4 * LONGEST_DETAIL], errors=errors)


def named_place(loc: Sequence[Any]) -> str:
    """A parameter by its name, a value in a body by the way to it."""
    return ".".join(map(str, loc[1:] if loc[0] == "body" else loc[1:2])) or str(loc[0])


def unread_body(request: Request, error: Mapping[str, Any]) -> Problem | None:
    """What is wrong with a body that could not be read at all."""
    if error["loc"][0] != "body":
        return None
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not re.fullmatch(r"application/([^/]+\+)?json", media_type):
        named = f"is said to be {media_type[:100]}" if media_type else "has no Content-Type"
        detail = f"The body {named}: send JSON, and add the header `Content-Type: application/json`."
        return UnsupportedMediaType(detail=detail)
    if error["type"] == "json_invalid" or (error["loc"] == ("body",) and error["type"] == "missing"):
        return BadRequest(detail="The body is no JSON.")
    return None


def explain(error: Mapping[str, Any]) -> str:
    """What is wrong with a value, and what was probably meant."""
    detail = str(error["msg"])
    if len(detail) > LONGEST_DETAIL:
        detail = f"{detail[:LONGEST_DETAIL]}…"
    if error["type"] in ("enum", "literal_error"):
        expected = str(error.get("ctx", {}).get("expected", ""))
        choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
        if near := nearest(str(error.get("input", "")), choices):
            detail += f"; did you mean {near!r}?"
    return detail


async def _unanswerable(request: Request, error: Exception) -> JSONResponse:
    """Say as a problem what the domain says as an exception."""
    assert isinstance(error, errors.AtlasError)
    match error:
        case errors.RecordNotFound():
            problem: Problem = RecordNotFound(detail=error.detail, suggestions=error.suggestions)
        case errors.AmbiguousName():
            problem = AmbiguousName(detail=error.detail, candidates=error.candidates)
        case errors.NoRelease():
            problem = NoRelease(detail=error.detail)
        case errors.InvalidParameter():
            return await _invalid_request(request, invalid_parameter(error))
        case _:
            raise error
    return problem_response(problem, request.url.path)


def invalid_parameter(error: "errors.InvalidParameter") -> RequestValidationError:
    return RequestValidationError([{"loc": ("query", error.name), "msg": error.message, "type": error.kind}])


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """Say of a path or a method that there is none, and what there is."""
    assert isinstance(error, HTTPException)
    path = request.url.path[:LONGEST_PATH]
    detail = str(error.detail)[:LONGEST_DETAIL]
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return _problem(request, BadRequest, 400, detail)
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        known: list[str] = request.app.state.paths
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
    logger.error("the database holds a damaged text: %s", error)
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
    app.add_exception_handler(errors.AtlasError, _unanswerable)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DBAPIError, _database_fault)
    app.add_exception_handler(JSONDecodeError, _damaged_text)
    app.add_exception_handler(UnicodeDecodeError, _damaged_text)
    app.add_exception_handler(NoFreeConnection, _no_free_connection)
