"""Which format a client wants, and the response that streams it."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import mimeparse
from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import create_model
from sqlmodel import Session

from app.catalog import BY_KIND, Resource
from app.errors import NotAcceptable, invalid_parameter
from app.exports import EXPORTS
from app.models.base import Kind
from app.models.filters import Filters, Format
from app.models.release import ReleaseRead
from app.queries import stream, stream_sources

MEDIA_TYPES = {"application/json": Format.JSON} | {each.media_type: name for name, each in EXPORTS.items()}

BLOCK = 2**16
"""Characters of a file that are sent together."""


def negotiate(request: Request, asked: str | None) -> Format:
    """The format of the parameter, or else the one that the Accept header prefers; raises NotAcceptable."""
    if asked is not None:
        return Format(asked)
    accept = ", ".join(request.headers.getlist("Accept")).strip().lower() or "*/*"
    try:
        # Of media types that are liked alike, the last one is taken.
        best = mimeparse.best_match([*reversed(MEDIA_TYPES)], accept)
    except mimeparse.MimeTypeParseException:
        best = ""
    if not best:
        raise NotAcceptable(detail=f"A list can be had as {', '.join(MEDIA_TYPES)}; or say format=.")
    return MEDIA_TYPES[best]


def export(
    session: Session, release: ReleaseRead, resource: Resource, filters: Filters, wanted: Format
) -> StreamingResponse:
    """A list as a file, whole, or the publications behind it; refuses what the file has no place for."""
    form = EXPORTS[wanted]
    fields = filters.fields
    for name in ("facets", "fields") if form.of_sources else ("facets",):
        if getattr(filters, name, []):
            raise invalid_parameter(name, f"A list as {wanted} has no place for it: leave it out", "format")
    rows = (stream_sources if form.of_sources else stream)(session, resource, filters)
    model = BY_KIND[Kind.PUBLICATION].item if form.of_sources else resource.item
    if fields:
        chosen = {"id", *fields}
        rows = (narrowed(row, chosen) for row in rows)
        columns: Any = {name: (each.annotation, each) for name, each in model.model_fields.items()}
        model = create_model(model.__name__, **{name: columns[name] for name in columns if name in chosen})
    name = (
        f"{resource.path}-sources" if form.of_sources and resource.kind != Kind.PUBLICATION else resource.path
    )
    disposition = f'attachment; filename="il6-atlas-{release.version}-{name}.{form.ending}"'
    return StreamingResponse(
        begun(form.write(rows, model)),
        media_type=f"{form.media_type}; charset=utf-8"
        if form.media_type.startswith("text/")
        else form.media_type,
        headers={"Content-Disposition": disposition, "Vary": "Accept"},
    )


def narrowed(item: str, fields: Collection[str]) -> str:
    """The JSON of an item with some of its fields alone."""
    return json.dumps(
        {name: value for name, value in json.loads(item).items() if name in fields},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def begun(parts: Iterator[str]) -> Iterator[str]:
    """Make the first part at once: what goes wrong at the start is still an error of its own.

    The others follow in blocks: to send every record by itself takes longer than to write it.
    """
    first = next(parts, "")

    def rest() -> Iterator[str]:
        block = [first]
        size = len(first)
        for part in parts:
            block.append(part)
            size += len(part)
            if size > BLOCK:
                yield "".join(block)
                block, size = [], 0
        yield "".join(block)

    return rest()
