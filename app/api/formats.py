"""Which format a client wants, and the response that carries it."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import mimeparse
from fastapi import Request, Response
from pydantic import BaseModel, create_model
from sqlmodel import Session

from app.catalog import BY_KIND, Resource
from app.errors import InvalidParameter
from app.exports import EXPORTS, GRAPH_EXPORTS, RECORD_EXPORTS
from app.exports.plain import compact, narrowed
from app.http.problems import NotAcceptable
from app.knowledge.brief import brief
from app.models.base import Kind
from app.models.filters import Filters, Format, RecordFormat, View
from app.models.graph import GraphFormat
from app.models.release import ReleaseRead
from app.store.lists import all_items, all_sources

MEDIA_TYPES = {"application/json": Format.JSON} | {each.media_type: name for name, each in EXPORTS.items()}

GRAPH_MEDIA_TYPES = {"application/json": GraphFormat.JSON}
for _name, _form in GRAPH_EXPORTS.items():
    GRAPH_MEDIA_TYPES.setdefault(_form.media_type, _name)


RECORD_MEDIA_TYPES = {"application/json": RecordFormat.JSON} | {
    each.media_type: name for name, each in RECORD_EXPORTS.items()
}


Offered = TypeVar("Offered", Format, GraphFormat, RecordFormat)

LONGEST_KNOWN = 256
"""Bytes of an Accept header whose meaning is remembered."""


@lru_cache(maxsize=1024)
def best_known(offered: tuple[str, ...], accept: str) -> str:
    """The media type that an Accept header prefers, the first of those it likes alike; empty for none."""
    try:
        # Of media types that are liked alike, the library takes the last one.
        best: str = mimeparse.best_match([*reversed(offered)], accept)
    except mimeparse.MimeTypeParseException:
        return ""
    return best


def negotiate(request: Request, asked: str | None, media_types: Mapping[str, Offered]) -> Offered:
    """The format of the parameter, or else the one that the Accept header prefers; raises NotAcceptable."""
    if asked is not None:
        return type(media_types["application/json"])(asked)
    accept = ", ".join(request.headers.getlist("Accept")).strip().lower() or "*/*"
    find = best_known if len(accept) <= LONGEST_KNOWN else best_known.__wrapped__
    best = find(tuple(media_types), accept)
    if not best:
        raise NotAcceptable(detail=f"It can be had as {', '.join(media_types)}; or say format=.")
    return media_types[best]


def export(
    session: Session, release: ReleaseRead, resource: Resource, filters: Filters, wanted: Format
) -> Response:
    """A list as a file, whole, or the publications behind it; refuses what the file has no place for."""
    form = EXPORTS[wanted]
    fields = filters.fields
    for name in ("facets", "fields") if form.of_sources else ("facets",):
        if getattr(filters, name, []):
            raise InvalidParameter(name, f"A list as {wanted} has no place for it: leave it out", "format")
    rows = (all_sources if form.of_sources else all_items)(session, resource, filters)
    model = BY_KIND[Kind.PUBLICATION].item if form.of_sources else resource.item
    if fields:
        chosen = {"id", *fields}
        rows = [narrowed(row, chosen) for row in rows]
        columns: Any = {name: (each.annotation, each) for name, each in model.model_fields.items()}
        model = create_model(model.__name__, **{name: columns[name] for name in columns if name in chosen})
    name = (
        f"{resource.path}-sources" if form.of_sources and resource.kind != Kind.PUBLICATION else resource.path
    )
    return Response(
        form.write(rows, model, release),
        media_type=with_charset(form.media_type),
        headers={"Content-Disposition": attachment(release.version, name, form.ending), "Vary": "Accept"},
    )


def shown(
    release: ReleaseRead,
    resource: Resource,
    record: str,
    fields: list[str],
    view: View | None,
    wanted: str,
    base: str,
) -> Response:
    """A record in the format and to the extent that was asked for."""
    known = json.loads(record)
    headers = {"Vary": "Accept"}
    media_type = "application/json"
    if wanted != RecordFormat.JSON:
        if fields or view:
            name = "fields" if fields else "view"
            raise InvalidParameter(name, f"A record as {wanted} has no place for it: leave it out", "format")
        form = RECORD_EXPORTS[RecordFormat(wanted)]
        media_type, part = form.media_type, f"format={wanted}"
        body = form.write(resource.kind, record, release, base)
        if wanted not in (RecordFormat.JSONLD, RecordFormat.TURTLE):
            headers["Content-Disposition"] = attachment(release.version, known["id"], form.ending)
    elif view:
        if fields:
            raise InvalidParameter("fields", "A view has fields of its own: leave one of them out", "format")
        body, part = compact(brief(resource.kind, known)), f"view={view}"
    else:
        body, part = narrowed(record, {"id", *fields}), f"fields={','.join(fields)}"
    headers["Content-Location"] = f"/{resource.path}/{known['id']}?{part}"
    return Response(body, media_type=with_charset(media_type), headers=headers)


TABLES = {"application/json": Format.JSON, "text/csv": Format.CSV, "text/tab-separated-values": Format.TSV}


LINES = TABLES | {"application/x-ndjson": Format.NDJSON}


def as_table(
    request: Request,
    asked: str | None,
    name: str,
    whole: BaseModel,
    rows: Sequence[BaseModel],
    row: Any,
    media_types: Mapping[str, Format] = TABLES,
) -> Response:
    """An answer as JSON, or its rows as a table."""
    wanted = negotiate(request, asked, media_types)
    if wanted == Format.JSON:
        body = whole.model_dump_json(exclude_unset=True, by_alias=True)
        return Response(body, media_type="application/json", headers={"Vary": "Accept"})
    form = EXPORTS[wanted]
    release: ReleaseRead = request.state.release
    return Response(
        form.write((each.model_dump_json() for each in rows), row, release),
        media_type=with_charset(form.media_type),
        headers={
            "Content-Disposition": attachment(release.version, name, form.ending),
            "Vary": "Accept",
        },
    )


TABLE: dict[int | str, Any] = {
    200: {"content": {each: {"schema": {"type": "string"}} for each in TABLES if each != "application/json"}}
}
"""What the documentation says of an answer that may be a table."""


def with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def attachment(version: str, name: str, ending: str) -> str:
    """The Content-Disposition of a file that names what it holds."""
    return f'attachment; filename="il6-atlas-{version}-{name}.{ending}"'
