"""What a request reads: one session of one release, and the parameters it may name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, get_origin
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Path
from fastapi.routing import APIRoute
from fastapi_rfc9457.server import problems
from sqlmodel import Session
from starlette.convertors import PathConvertor, register_url_convertor

from app.catalog import filter_named, parameters_of
from app.http.problems import ANYWHERE, repeated_parameters, unknown_parameters
from app.store.names import readings
from app.store.release import reading


class NamePath(PathConvertor):
    """A name as the rest of an address: any characters, slashes and line breaks too."""

    regex = "(?s:.*)"


register_url_convertor("name", NamePath())


@contextmanager
def session_of(request: Request) -> Iterator[Session]:
    """A session in which one release is read from beginning to end.

    The response names that release, and what terms were read as that are no names.
    """
    with reading(request.app.state.database) as (session, release):
        request.state.release = release
        request.state.read_as = readings(session)
        yield session


def get_session(request: Request) -> Iterator[Session]:
    """The same as a dependency: it is open until the answer is made."""
    with session_of(request) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def query_parameters(route: APIRoute) -> dict[str, bool]:
    """The query parameters that an operation takes, and whether each takes several values."""
    return {
        each.alias: get_origin(each.field_info.annotation) is list
        for each in get_flat_params(route.dependant)
        if not isinstance(each.field_info, Path)
    }


def takes_more(route: APIRoute) -> Any:
    """What says whether an operation takes a parameter beside those that its document lists."""
    for each in route.dependant.query_params:
        model = getattr(each.field_info.annotation, "of", each.field_info.annotation)
        if hasattr(model, "links"):
            return model
    return None


async def check_parameters(request: Request) -> None:
    """Refuse a parameter that the operation does not take, or takes but once: none is silently ignored."""
    given = request.query_params
    if not given:
        return
    route: APIRoute = request.scope["route"]
    taken: dict[str, Any] = request.app.state.parameters
    if route.unique_id not in taken:
        taken[route.unique_id] = query_parameters(route), takes_more(route)
    known, filters = taken[route.unique_id]
    more = {name for name in given if name not in known and filters and filter_named(filters, name)}
    unknown = [name for name in given if name not in known and name not in more]
    if unknown:
        raise unknown_parameters(unknown, [*known, *(parameters_of(filters) if filters else [])])
    repeated = [name for name in known if not known[name] and len(given.getlist(name)) > 1]
    if repeated:
        raise repeated_parameters(repeated)


def next_address(path: str, asked: list[tuple[str, str]], cursor: str) -> str:
    """The address of the following page: what was asked, from the cursor on."""
    kept = [(name, value) for name, value in asked if name != "cursor"]
    return f"{path}?{urlencode([*kept, ('cursor', cursor)])}"


def new_router(**options: Any) -> APIRouter:
    """A router whose operations refuse what they do not take, and tell of the problems all may answer."""
    return APIRouter(dependencies=[Depends(check_parameters)], responses=problems(*ANYWHERE), **options)
