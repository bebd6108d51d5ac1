"""The documentation: an OpenAPI document with true examples, and two readers of it that ask no other host."""

import base64
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from threading import Lock
from typing import Any

import fastapi_standalone_docs
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi_rfc9457 import PROBLEM_MEDIA_TYPE
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app import errors
from app.api.evidence import matrix
from app.api.finding import SearchQuery, Terms, found_by, resolved
from app.api.resources import ListOf
from app.catalog import BY_KIND, RESOURCES
from app.exports.plain import body_of
from app.exports.trapi import answer as trapi_answer
from app.exports.trapi import meta_graph
from app.http.files import Files
from app.http.session import new_router, session_of
from app.knowledge.conflicts import find_conflicts
from app.knowledge.dossier import compare, get_dossier
from app.knowledge.graph import graph_asked_for, paths_asked_for
from app.knowledge.history import (
    changes_between,
    compared_with,
    history_of,
    published,
    record_of,
    summaries,
)
from app.models.base import Kind, Slug, Strict, Text
from app.models.filters import BIGGEST, Names
from app.models.graph import GraphFilters, PathFilters
from app.models.history import Releases
from app.models.release import ReleaseRead
from app.models.trapi import EXAMPLE as QUESTION
from app.models.trapi import TrapiQuery
from app.settings import Settings
from app.store.lists import find_page, get_record
from app.store.release import remember
from app.store.summary import SummaryQuery

ASSETS = Path(fastapi_standalone_docs.__file__).parent / "static"

router = new_router(include_in_schema=False)


def content_security_policy(page: str) -> str:
    """A policy that lets a documentation page run its own scripts, and no others."""
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    sources = " ".join(["'self'", *(f"'sha256-{each}'" for each in hashes)])
    return (
        f"default-src 'none'; script-src {sources}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; worker-src blob:; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'none'"
    )


HEAD = (
    '<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="/static/docs.css">'
    "<script>document.documentElement.classList.toggle("
    '"dark-mode", matchMedia("(prefers-color-scheme: dark)").matches)</script></head>'
)
"""Swagger UI has colours for the dark, and waits to be asked for them."""

BEGIN = (
    '<body><header><a href="/">IL-6 Atlas</a></header>'
    "<noscript><p>This page needs scripts. What it shows is in "
    '<a href="/openapi.json">the OpenAPI document</a>; <a href="/">the pages of the atlas</a> need none.</p>'
    "</noscript>"
)


def page(response: HTMLResponse) -> HTMLResponse:
    """A documentation page in a language, with a way back, and a word where no script runs."""
    text = bytes(response.body).decode()
    for found, written in {"<html>": '<html lang="en-GB">', "</head>": HEAD, "<body>": BEGIN}.items():
        text = text.replace(found, written, 1)
    return HTMLResponse(text, headers={"Content-Security-Policy": content_security_policy(text)})


def public_url(app: FastAPI) -> str:
    """What the addresses of the service begin with; empty if that is the host that was asked."""
    settings: Settings = app.state.settings
    return settings.public_url


@router.get("/docs")
def read_docs(request: Request) -> HTMLResponse:
    return page(
        get_swagger_ui_html(
            openapi_url=f"{public_url(request.app)}/openapi.json",
            title="IL-6 Atlas: try the API",
            swagger_js_url="/docs/swagger-ui-bundle.js",
            swagger_css_url="/docs/swagger-ui.css",
            swagger_favicon_url="/static/favicon.svg",
            swagger_ui_parameters={
                "docExpansion": "list",
                "defaultModelsExpandDepth": -1,
                "deepLinking": False,  # its links lie within buttons, where nobody can use them by keyboard
            },
        )
    )


@router.get("/redoc")
def read_redoc(request: Request) -> HTMLResponse:
    return page(
        get_redoc_html(
            openapi_url=f"{public_url(request.app)}/openapi.json",
            title="IL-6 Atlas: the API",
            redoc_js_url="/redoc/redoc.standalone.js",
            redoc_favicon_url="/static/favicon.svg",
            with_google_fonts=False,
        )
    )


def mount_assets(app: FastAPI) -> None:
    """Serve the files of the two readers from this host; to be called after their pages are routed."""
    app.mount("/docs/fastapi", Files(directory=ASSETS / "fastapi"))
    app.mount("/docs", Files(directory=ASSETS / "swagger"))
    app.mount("/redoc", Files(directory=ASSETS / "redoc"))


EXAMPLES = {
    "compare_inhibitors": "/compare?inhibitors=levilimab,olokizumab",
    "find_paths": "/graph/paths?from=siltuximab&to=il6&limit=1",
    "get_changes": "/releases/{version}/changes?collection=interactions",
    "get_dossier": "/inhibitors/levilimab/cancers/uveal-melanoma",
    "get_graph": "/graph?cancer=uveal-melanoma",
    "get_history": "/inhibitors/levilimab/history",
    "get_record_of_release": "/releases/{version}/inhibitors/levilimab",
    "get_conflicts": "/evidence/conflicts?inhibitor=olamkicept",
    "resolve_term": "/resolve?q=actemra",
    "search": "/search?q=il-6%20angiogenesis&limit=1",
    "summarise_evidence": "/evidence/summary?by=cancer,inhibitor&inhibitor=clazakizumab",
}
"""Questions whose answers the documentation shows, beside a record and a list of each collection."""


SERVED = "http://127.0.0.1:8000"
"""Where the service stands in an example that names it."""

MAKING = Lock()  # FastAPI makes the document when it is first asked for, and not for two at once


@router.get("/openapi.json")
def read_document(request: Request) -> Response:
    try:
        with session_of(request) as session:
            release: ReleaseRead = request.state.release
            body = remember(session, "openapi", lambda: written(request.app, examples(session, release)))
    except (errors.NoRelease, DBAPIError):
        body = written(request.app, {})
    return Response(body, media_type="application/json")


def written(app: FastAPI, answers: Mapping[str, Any]) -> str:
    return json.dumps(document(app, answers), ensure_ascii=False, separators=(",", ":"))


def document(app: FastAPI, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI document, with what the service answers now as the example of each operation."""
    with MAKING:
        made = deepcopy(app.openapi())
    made["servers"][0]["url"] = public_url(app) or "/"
    complete(made)
    for path in made["paths"].values():
        for operation in path.values():
            answer = answers.get(operation["operationId"])
            if answer is not None and len(json.dumps(answer)) <= MOST_OF_EXAMPLE:
                operation["responses"]["200"]["content"]["application/json"]["example"] = answer
    return made


MOST_OF_EXAMPLE = 1_600
"""Characters of an example; the document is read by programs whose window is small."""

ALWAYS = ("type", "title", "status", "detail")
"""Members of a problem that are always sent."""


def complete(document: dict[str, Any]) -> None:
    """Say what the models cannot, and say it once: nobody signs in, and problems are the same everywhere."""
    document["security"] = []
    schemas = document["components"]["schemas"]
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    for operation in operations:
        files = operation["responses"]["200"]["content"]
        if "application/json" in files and len(files) > 1:
            others = ", ".join(each for each in files if each != "application/json")
            operation["responses"]["200"]["description"] = (
                f"As JSON; or, by `format` or `Accept`, as {others}."
            )
            operation["responses"]["200"]["content"] = {"application/json": files["application/json"]}
        for answer in operation["responses"].values():
            content = answer["content"].get(PROBLEM_MEDIA_TYPE, {})
            for each in content.get("examples", {}).values():
                each["value"].setdefault("detail", each["value"]["title"])
            problem = content.get("schema", {})
            if "oneOf" in problem:  # problems of one status have one shape: what is one may pass as another
                problem["anyOf"] = problem.pop("oneOf")
            for each in problem.get("anyOf", [problem]):
                if name := each.get("$ref", "").rpartition("/")[2]:
                    own = schemas[name].get("required", [])
                    schemas[name]["required"] = [*ALWAYS, *(each for each in own if each not in ALWAYS)]
                    for member in ("detail", "instance"):
                        schemas[name]["properties"][member] = {"type": "string"}
    schemas["InvalidParam"]["description"] = "What is wrong with one value."
    del schemas["ProblemDetail"]  # what every problem is made from, and no answer refers to
    for operation in operations:
        for each in operation.get("parameters", []):
            if each["schema"].get("description") == each.get("description"):
                each["schema"].pop("description", None)
            if not each["required"]:
                del each["required"]
            if each["name"] == "sort" and "enum" in each["schema"]["items"]:  # each field twice is long
                names = [name for name in each["schema"]["items"]["enum"] if not name.startswith("-")]
                pattern = "|".join(names).replace(".", r"\.")
                each["schema"]["items"] = {"type": "string", "pattern": f"^-?({pattern})$"}
            match each["schema"].get("anyOf"):
                case [own, {"type": "null"}]:  # a query has no null
                    each["schema"] = own
    document["paths"] = plain(document["paths"])
    document["components"]["schemas"] = schemas = plain(schemas) | COMMON
    extended(schemas)
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    share(document, "responses", [each for operation in operations for each in problems_of(operation)])
    share(document, "parameters", [each for operation in operations for each in parameters_of(operation)])


LINE = TypeAdapter(Text).json_schema()["pattern"]

COMMON: dict[str, Any] = {
    "Texts": TypeAdapter(Names).json_schema(),
    "Integer": {"type": "integer", "maximum": BIGGEST, "minimum": -BIGGEST},
    "Slug": TypeAdapter(Slug).json_schema(),
}
"""Schemas that stand in many places, by the name that they have as components."""


def plain(schema: Any) -> Any:
    """A schema without what says nothing, and with the common ones by their names.

    Titles repeat the name of what they are of; a list or a table is empty by default; that a text is one
    line is of no use to who reads it.
    """
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    own = {name: each if name == "examples" else plain(each) for name, each in schema.items()}
    if isinstance(own.get("title"), str):
        del own["title"]
    if own.get("default") in ([], {}) or "const" in own:
        own.pop("default", None)
    if own.get("pattern") == LINE:
        del own["pattern"]
    for name, common in COMMON.items():
        if own == common:
            return {"$ref": f"#/components/schemas/{name}"}
    return own


LISTED = TypeAdapter(ListOf[Any]).json_schema(
    mode="serialization", ref_template="#/components/schemas/{model}"
)["properties"]
COMMON |= {
    name.title().replace("_", ""): plain(LISTED[name]) for name in ("facets", "missing", "next", "read_as")
}


def models(base: type[BaseModel] = Strict) -> Iterator[type[BaseModel]]:
    """The models of answers, those first that others are made from."""
    for each in base.__subclasses__():
        yield each
        yield from models(each)


def extended(schemas: dict[str, Any]) -> None:
    """Say of what is another answer and more that it is; and of no answer that it can have no more."""
    for name, schema in schemas.items():
        if name != Terms.__name__ and schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
    whole = deepcopy(schemas)
    for model in models():
        base = next((each.__name__ for each in model.__mro__[1:] if each.__name__ in schemas), None)
        more = schemas.get(model.__name__)
        if more is None or base is None or "allOf" in more:
            continue
        if not whole[base]["properties"].items() <= more["properties"].items():
            continue
        for name in whole[base]["properties"]:
            del more["properties"][name]
        required = [each for each in more.pop("required") if each in more["properties"]]
        part = {"type": more.pop("type"), "properties": more.pop("properties"), "required": required}
        more["allOf"] = [{"$ref": f"#/components/schemas/{base}"}, part]


Place = tuple[Any, Any, str]
"""Where something stands: what holds it, its key there, and the name that it would have as a component."""


def problems_of(operation: dict[str, Any]) -> Iterator[Place]:
    for code, answer in operation["responses"].items():
        if code != "200":
            schema = answer["content"][PROBLEM_MEDIA_TYPE]["schema"]
            name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else f"Status{code}"
            yield operation["responses"], code, name


def parameters_of(operation: dict[str, Any]) -> Iterator[Place]:
    for place, parameter in enumerate(operation.get("parameters", [])):
        yield operation["parameters"], place, parameter["name"]


def share(document: dict[str, Any], kind: str, places: Sequence[Place]) -> None:
    """Make a component of what stands in several places; what differs by one name has numbers."""
    alike: dict[str, dict[str, list[Place]]] = defaultdict(lambda: defaultdict(list))
    for place in places:
        alike[place[2]][json.dumps(place[0][place[1]])].append(place)
    for name, variants in alike.items():
        shared = sorted((each for each in variants.values() if len(each) > 1), key=len, reverse=True)
        for number, same in enumerate(shared, 1):
            own = name if number == 1 else f"{name}{number}"
            document["components"].setdefault(kind, {})[own] = same[0][0][same[0][1]]
            for holder, key, _ in same:
                holder[key] = {"$ref": f"#/components/{kind}/{own}"}


def releases(session: Session, version: str) -> dict[str, Any]:
    """What the release says of itself and of those before it."""
    inhibitors = BY_KIND[Kind.INHIBITOR]
    own = published(session, version)
    of_release = {
        "get_releases": Releases(items=summaries(session)),
        "get_release_of_version": summaries(session)[0],
        "get_changes": changes_between(session, own, compared_with(session, own, None), ["interactions"]),
        "get_history": history_of(session, inhibitors, inhibitors.example),
        "get_record_of_release": record_of(session, inhibitors, inhibitors.example, version),
    }
    return {name: each.model_dump(mode="json") for name, each in of_release.items()}


def examples(session: Session, release: ReleaseRead) -> dict[str, Any]:
    """Per operation id, what the release answers: a short record, or a list of one."""
    found: dict[str, Any] = {}
    found["get_release"] = release.model_dump(mode="json", by_alias=True)
    checks = {"schema": "ok", "release": "ok", "rows": "ok"}
    found["get_readyz"] = {"status": "ok", "release": release.version, "checks": checks}
    for resource in RESOURCES:
        shortest = select(resource.table.id).order_by(func.length(resource.table.record), resource.table.id)
        short: str = session.scalars(shortest.limit(1)).one()
        found[f"get_{resource.kind}"] = json.loads(get_record(session, resource, short)[1])
        listed = find_page(session, resource, resource.filters(ids=[short]))
        found[f"list_{resource.path}"] = json.loads(body_of(listed, [], None))
    found |= releases(session, release.version)
    paths = PathFilters.model_validate({"from": "siltuximab", "to": "il6", "limit": 1})
    shown, _ = paths_asked_for(session, paths)
    found["find_paths"] = shown.model_dump(mode="json", by_alias=True)
    around = graph_asked_for(session, GraphFilters(cancer=["uveal-melanoma"]))
    found["get_graph"] = around.read().model_dump(mode="json")
    found["resolve_term"] = resolved(session, ["actemra"]).items[0].model_dump(mode="json")
    found["resolve_terms"] = resolved(session, ["actemra", "CNTO 328"]).model_dump(mode="json")
    hits = found_by(
        session,
        SearchQuery(q="il-6 angiogenesis", limit=1),
        [("limit", "1"), ("q", "il-6 angiogenesis")],
        1,
    )
    found["search"] = hits.model_dump(mode="json", exclude_unset=True)
    cells = matrix(session, SummaryQuery(by=["cancer", "inhibitor"], inhibitor=["clazakizumab"]))
    found["summarise_evidence"] = cells.model_dump(mode="json", exclude_unset=True)
    found["get_dossier"] = get_dossier(session, "levilimab", "uveal-melanoma").model_dump(mode="json")
    found["compare_inhibitors"] = compare(session, ["levilimab", "olokizumab"], None).model_dump(mode="json")
    asked = TrapiQuery.model_validate(QUESTION).message.query_graph
    found["query_trapi"] = trapi_answer(session, asked, SERVED).model_dump(mode="json", exclude_none=True)
    found["get_trapi_meta"] = meta_graph(session).model_dump(mode="json")
    found["get_conflicts"] = find_conflicts(session, None, "olamkicept").model_dump(mode="json")
    return found
