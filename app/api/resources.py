"""The ten collections: a list and a record each, from the catalog."""

from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi_rfc9457.server import problems
from pydantic import BaseModel, Field

from app.api.session import SessionDep
from app.catalog import RESOURCES, Resource
from app.errors import RecordNotFound
from app.queries import find_page, get_record

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    total: int = Field(description="records in the whole list")
    next: str | None = Field(description="address of the next part; null at the end")


def resource_router(resource: Resource) -> APIRouter:
    router = APIRouter(prefix=f"/{resource.path}", tags=[resource.path])
    parameters: Any = Annotated[resource.filters, Query()]
    identifier: Any = Annotated[
        str, Path(alias="id", description="its id", max_length=200, examples=[resource.example])
    ]

    @router.get(
        "",
        operation_id=f"list_{resource.path}",
        summary=f"List {resource.path}",
        description=resource.about,
        response_model=Page[resource.item],  # type: ignore[name-defined]
    )
    def read_list(request: Request, filters: parameters, session: SessionDep) -> Response:
        page = find_page(session, resource, filters)
        following = None
        if page.next_cursor is not None:
            kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
            following = f"/{resource.path}?{urlencode([*kept, ('cursor', page.next_cursor)])}"
        body = f'{{"items":[{",".join(page.items)}],"total":{page.total},"next":'
        body += f'"{following}"}}' if following else "null}"
        link = {"Link": f'<{following}>; rel="next"'} if following else None
        return Response(body, media_type="application/json", headers=link)

    @router.get(
        "/{id}",
        operation_id=f"get_{resource.kind}",
        summary=f"One {resource.kind}, whole",
        description=(resource.record.__doc__ or "").strip(),
        response_model=resource.record,
        responses=problems(RecordNotFound),
    )
    def read_record(record_id: identifier, session: SessionDep) -> Response:
        return Response(get_record(session, resource, record_id), media_type="application/json")

    return router


ROUTERS = [resource_router(resource) for resource in sorted(RESOURCES, key=lambda each: each.path)]
