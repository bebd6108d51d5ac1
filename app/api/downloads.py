"""Files of a whole release, with a manifest."""

from typing import Annotated

from fastapi import Path, Request, Response
from fastapi_rfc9457.server import problems

from app.api.formats import with_charset
from app.api.meta import shown
from app.exports.downloads import FILES, JSON, download, manifest
from app.http.problems import RecordNotFound
from app.http.session import SessionDep, new_router
from app.models.download import Downloads
from app.models.release import ReleaseRead

router = new_router(tags=["releases"])


def base_of(request: Request) -> str:
    """What ids stand below; empty where nobody said where the service stands."""
    public: str = request.app.state.settings.public_url
    return public


@router.get(
    "/downloads",
    operation_id="get_downloads",
    summary="Files of the whole release",
    responses=shown(
        {
            "release": "2026.12",
            "licence": "CC-BY-4.0",
            "citation": "IL-6 Atlas. Release 2026.12 (2026-11-28). Data under CC BY 4.0.",
            "items": [
                {
                    "name": "il6-atlas-2026.12.sqlite",
                    "release": "2026.12",
                    "about": "Plain tables for SQL, with views that name what others refer to by id.",
                    "media_type": "application/vnd.sqlite3",
                    "bytes": 1552384,
                    "sha256": "27920e8de3583420e36842d77116b0868e51c910ae3da2875dc305532877d048",
                    "licence": "CC-BY-4.0",
                    "url": "/downloads/il6-atlas-2026.12.sqlite",
                }
            ],
        }
    ),
)
def read_manifest(request: Request, session: SessionDep) -> Downloads:
    """Each with what is in it, its size, its SHA-256 and its licence. The same release has the same bytes."""
    release: ReleaseRead = request.state.release
    return Downloads(
        release=release.version,
        licence=release.licence,
        citation=release.citation,
        items=manifest(session, release, base_of(request)),
    )


BINARY = {"type": "string", "format": "binary"}


@router.get(
    "/downloads/{name:name}",
    operation_id="get_download",
    summary="A file of the whole release",
    response_class=Response,
    responses={
        **problems(RecordNotFound),
        200: {
            "content": {
                media_type: {"schema": {"type": "object"} if "json" in media_type else BINARY}
                for media_type in sorted({JSON[1], *(each.media_type for each in FILES)})
            }
        },
    },
)
def read_file(
    name: Annotated[str, Path(max_length=100, examples=["il6-atlas-2026.11.json"])],
    request: Request,
    session: SessionDep,
) -> Response:
    """A file that `/downloads` lists."""
    media_type, content = download(session, request.state.release, base_of(request), name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=with_charset(media_type), headers=headers)
