"""Which format a client wants, and the response that streams it."""

from collections.abc import Iterator

import mimeparse
from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from app.catalog import BY_KIND, Resource
from app.errors import NotAcceptable
from app.exports import EXPORTS
from app.models.base import Kind
from app.models.filters import Filters, Format
from app.models.release import ReleaseRead
from app.queries import stream, stream_sources

MEDIA_TYPES = {"application/json": Format.JSON} | {each.media_type: name for name, each in EXPORTS.items()}


def negotiate(request: Request, asked: str | None) -> Format:
    """The format of the parameter, or else the one that the Accept header prefers; raises NotAcceptable."""
    if asked is not None:
        return Format(asked)
    accept = request.headers.get("Accept", "*/*").strip() or "*/*"
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
    """A list as a file, whole, or the publications behind it."""
    form = EXPORTS[wanted]
    rows = (stream_sources if form.of_sources else stream)(session, resource, filters)
    model = BY_KIND[Kind.PUBLICATION].item if form.of_sources else resource.item
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


def begun(parts: Iterator[str]) -> Iterator[str]:
    """Make the first part at once: what goes wrong at the start is still an error of its own."""
    first = next(parts, "")

    def rest() -> Iterator[str]:
        yield first
        yield from parts

    return rest()
