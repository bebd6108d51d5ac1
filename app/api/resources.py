"""The ten collections: a list and a record each, from the catalog."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi_rfc9457.server import problems
from pydantic import BaseModel, Field, create_model
from starlette.concurrency import run_in_threadpool

from app.api.formats import MEDIA_TYPES, RECORD_MEDIA_TYPES, export, negotiate, shown
from app.catalog import RESOURCES, Resource
from app.errors import InvalidParameter
from app.exports import EXPORTS
from app.exports.plain import body_of
from app.http.addresses import base_of
from app.http.problems import AmbiguousName, NotAcceptable, RecordNotFound
from app.http.session import new_router, next_address, session_of
from app.knowledge.history import record_of
from app.models.filters import Format, Question, RecordFormat, View, choice
from app.store.lists import find_page, get_record
from app.store.names import READ_AS, Readings
from app.store.release import ReleaseWatch

Item = TypeVar("Item")


class ListOf(BaseModel, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    total: int = Field(description="records in the whole list")
    next: str | None = Field(description="address of the next part; null at the end")
    facets: dict[str, dict[str, int]] = Field(
        default={}, description="per field asked for, how many records have each value"
    )
    missing: list[str] = Field(default=[], description="of the ids asked for, those that are no record's")
    read_as: Readings = Field(default={}, description=READ_AS)


def record_query(resource: Resource) -> type[Question]:
    """How a record is told."""
    return create_model(
        f"{resource.record.__name__}Query",
        __base__=Question,
        fields=(
            choice(list(resource.record.model_fields)),
            Field(default=[], description="only these fields, and id; the schema is that of the whole"),
        ),
        view=(
            View | None,
            Field(default=None, description="`brief`: what it is, verdicts and counts, in 1,000 bytes"),
        ),
        format=(
            RecordFormat | None,
            Field(default=None, description="how it is written; else as `Accept` prefers"),
        ),
        release=(str | None, Query(default=None, include_in_schema=False, max_length=20)),
    )


def resource_router(resource: Resource) -> APIRouter:
    router = new_router(prefix=f"/{resource.path}", tags=[resource.path])
    parameters: Any = Annotated[resource.filters, Query()]
    identifier: Any = Annotated[
        str,
        Path(
            alias="id",
            description="its id, or any of its names",
            max_length=500,
            examples=[resource.example],
        ),
    ]
    how: Any = Annotated[record_query(resource), Query()]
    written = {
        each: {"schema": {"type": "string"}} for each in RECORD_MEDIA_TYPES if each != "application/json"
    }
    exported = {each.media_type: {"schema": {"type": "string"}} for each in EXPORTS.values()}

    @router.get(
        "",
        operation_id=f"list_{resource.path}",
        summary=f"List {resource.path}",
        description=resource.about,
        response_model=ListOf[resource.item],  # type: ignore[name-defined]
        responses={**problems(AmbiguousName, NotAcceptable), 200: {"content": exported}},
    )
    def read_list(request: Request, filters: parameters) -> Response:
        wanted = negotiate(request, filters.format, MEDIA_TYPES)
        with session_of(request) as session:  # as a dependency it takes two more hops into a thread
            if wanted != Format.JSON:
                return export(session, request.state.release, resource, filters, wanted)
            page = find_page(session, resource, filters)
        following = None
        if page.next_cursor is not None:
            asked = request.query_params.multi_items()
            following = next_address(f"/{resource.path}", asked, page.next_cursor)
        headers = {"Vary": "Accept"} | ({"Link": f'<{following}>; rel="next"'} if following else {})
        return Response(
            body_of(page, filters.fields, following), media_type="application/json", headers=headers
        )

    @router.get(
        "/{id:name}",
        operation_id=f"get_{resource.kind}",
        summary=f"One {resource.kind}, whole",
        description=(resource.record.__doc__ or "").strip(),
        response_model=resource.record,
        responses={**problems(RecordNotFound, AmbiguousName, NotAcceptable), 200: {"content": written}},
    )
    async def read_record(record_id: identifier, request: Request, query: how) -> Response:
        if query.release is not None:
            if query.fields or query.view or query.format:
                raise InvalidParameter("release", "Its row is told whole: leave out fields, view and format")
            return await run_in_threadpool(find_earlier, request, record_id, query.release)
        wanted = negotiate(request, query.format, RECORD_MEDIA_TYPES)
        # A read by key of the embedded file takes less than a hop into a thread; all else takes the hop.
        watch: ReleaseWatch = request.app.state.watch
        snapshot = watch.snapshot
        known = snapshot.get(resource.kind, record_id) if snapshot else None
        if snapshot and known:
            request.state.release = snapshot.release
            found_id, record = record_id, known
        else:
            found_id, record = await run_in_threadpool(find_record, request, record_id)
        if query.fields or query.view or wanted != RecordFormat.JSON:
            told = (
                request.state.release,
                resource,
                record,
                query.fields,
                query.view,
                wanted,
                base_of(request.scope),
            )
            return await run_in_threadpool(shown, *told)
        headers = {"Content-Location": f"/{resource.path}/{found_id}", "Vary": "Accept"}
        return Response(record, media_type="application/json", headers=headers)

    def find_earlier(request: Request, name: str, version: str) -> Response:
        with session_of(request) as session:
            found = record_of(session, resource, name, version)
        headers = {"Content-Location": found.links["self"]}
        return Response(found.model_dump_json(), media_type="application/json", headers=headers)

    def find_record(request: Request, name: str) -> tuple[str, str]:
        with session_of(request) as session:
            return get_record(session, resource, name)

    return router


ROUTERS = [resource_router(resource) for resource in sorted(RESOURCES, key=lambda each: each.path)]
