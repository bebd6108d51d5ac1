"""The releases there were, what each changed, and what each said of a record."""

import json
import re
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request, Response
from fastapi_rfc9457.server import problems
from starlette.convertors import Convertor, register_url_convertor

from app.api.formats import attachment, negotiate, with_charset
from app.catalog import RESOURCES
from app.errors import InvalidParameter
from app.exports import EXPORTS, atom, changes, citation
from app.http.addresses import base_of
from app.http.problems import AmbiguousName, NotAcceptable, RecordNotFound
from app.http.session import SessionDep, new_router
from app.knowledge.history import (
    changes_between,
    compared_with,
    history_of,
    published,
    record_of,
    summaries,
)
from app.models.filters import Format, Words, choice
from app.models.history import Changes, History, RecordOfRelease, Releases, ReleaseSummary

BY_PATH = {each.path: each for each in RESOURCES}
EXAMPLE = BY_PATH["inhibitors"].example


class CollectionPath(Convertor[str]):
    """The path of a collection, as a part of an address."""

    regex = "|".join(BY_PATH)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("collection", CollectionPath())

router = new_router(tags=["releases"])

Version = Annotated[str, Path(max_length=20, examples=["2026.11"], description="the version of a release")]
Collection = Annotated[str, Path(examples=["inhibitors"], json_schema_extra={"enum": sorted(BY_PATH)})]
Identifier = Annotated[
    str, Path(alias="id", max_length=500, examples=[EXAMPLE], description="its id, or any of its names")
]

Collections: Any = choice(sorted(BY_PATH))

OFFERED = {"application/json": Format.JSON, "text/csv": Format.CSV}
REFERENCES = {"application/json": Format.JSON} | {
    form.media_type: name for name, form in EXPORTS.items() if form.of_sources
}
PART = re.compile(rf"/({'|'.join(BY_PATH)})([/?][^\s<>\"]*)?")
Part = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="cite what the release says at this address of the service, such as a list",
        examples=["/evidence?inhibitor=siltuximab"],
    ),
]


@router.get("/releases", operation_id="get_releases", summary="All releases, the newest first")
def read_releases(session: SessionDep) -> Releases:
    """Which releases of the data there were, and how many records each added, changed and removed."""
    return Releases(items=summaries(session))


@router.get(
    "/releases.atom",
    operation_id="get_releases_feed",
    summary="The releases as an Atom feed",
    response_class=Response,
    responses={200: {"content": {"application/atom+xml": {"schema": {"type": "string"}}}}},
)
def read_feed(session: SessionDep) -> Response:
    """For feed readers: an entry per release, with what it changed."""
    return Response(atom.write(summaries(session)), media_type="application/atom+xml")


@router.get(
    "/releases/{version}",
    operation_id="get_release_of_version",
    summary="One release",
    response_model=ReleaseSummary,
    responses={
        **problems(RecordNotFound, NotAcceptable),
        200: {"content": {each: {"schema": {"type": "string"}} for each in REFERENCES if "json" not in each}},
    },
)
def read_release(
    version: Version,
    session: SessionDep,
    request: Request,
    of: Part = None,
    format: Annotated[
        Literal["json", "bibtex", "ris", "csl"] | None, Query(description="how it is written")
    ] = None,
) -> Any:
    """When a release was made, what it counted and changed, and how to cite it or a part of it."""
    wanted = negotiate(request, format, REFERENCES)
    found = summaries(session)[-published(session, version).number]
    if wanted == Format.JSON:
        if of is not None:
            raise InvalidParameter("of", "A part is cited: say format=bibtex, ris or csl", "format")
        return Response(found.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})
    if of is not None and not PART.fullmatch(of):
        raise InvalidParameter(
            "of", "An address of the service, such as /evidence?inhibitor=siltuximab", "of"
        )
    about = (of or "").strip("/").replace("?", ", ").replace("&", ", ")
    key = re.sub("[^a-z0-9]+", "-", (of or "").lower()).strip("-")
    address = base_of(request.scope) + (of or f"/releases/{version}")
    cited = json.dumps(citation.source(key, about, address, version, found.date))
    form = EXPORTS[wanted]
    return Response(
        form.write([cited], ReleaseSummary, request.state.release),
        media_type=with_charset(form.media_type),
        headers={"Content-Disposition": attachment(version, "citation", form.ending), "Vary": "Accept"},
    )


@router.get(
    "/releases/{version}/changes",
    operation_id="get_changes",
    summary="What a release changed",
    response_model=Changes,
    responses={
        **problems(RecordNotFound, NotAcceptable),
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    },
)
def read_changes(
    version: Version,
    session: SessionDep,
    request: Request,
    since: Annotated[
        Words | None, Query(description="the release to compare with; the one before if not given")
    ] = None,
    collection: Annotated[Collections, Query(description="of these collections alone")] = [],  # noqa: B006
    format: Annotated[Literal["json", "csv"] | None, Query(description="how it is written")] = None,
) -> Any:
    """The records that were added, changed (field by field) and removed since an earlier release."""
    wanted = negotiate(request, format, OFFERED)
    release = published(session, version)
    found = changes_between(session, release, compared_with(session, release, since), collection)
    if wanted == Format.JSON:
        return Response(found.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})
    name = f"changes-since-{found.since}" if found.since else "changes"
    return Response(
        "".join(changes.write(found)),
        media_type=with_charset("text/csv"),
        headers={"Content-Disposition": attachment(version, name, "csv"), "Vary": "Accept"},
    )


@router.get(
    "/releases/{version}/{collection:collection}/{id:name}",
    operation_id="get_record_of_release",
    summary="What a release said of a record",
    responses=problems(RecordNotFound, AmbiguousName),
)
def read_record(
    version: Version, collection: Collection, record_id: Identifier, session: SessionDep
) -> RecordOfRelease:
    """The row of a record as it stood in a release, in the words of that release."""
    return record_of(session, BY_PATH[collection], record_id, version)


@router.get(
    "/{collection:collection}/{id:name}/history",
    operation_id="get_history",
    summary="The history of a record",
    responses=problems(RecordNotFound, AmbiguousName),
)
def read_history(collection: Collection, record_id: Identifier, session: SessionDep) -> History:
    """Which releases added, changed or removed a record, and what each changed, field by field."""
    return history_of(session, BY_PATH[collection], record_id)
