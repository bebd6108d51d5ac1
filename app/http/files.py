"""Files of this host: style sheets, pictures, and the readers of the documentation."""

from urllib.parse import parse_qs

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from app.http.problems import unknown_parameters


class Files(StaticFiles):
    """Files that like every address refuse parameters that mean nothing to them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope["query_string"]:
            raise unknown_parameters(list(parse_qs(scope["query_string"].decode("latin-1"), True)), [])
        return await super().get_response(path, scope)
