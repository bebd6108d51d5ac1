"""Tools for agents, by the Model Context Protocol: short answers, each with its sources and its release.

The SDK takes seconds to import, so it is imported when a tool is first wanted.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_origin

from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session
from starlette.types import Receive, Scope, Send

from app import __version__
from app.catalog import BY_KIND, RESOURCES, filter_named, parameters_of
from app.errors import AtlasError, InvalidParameter, nearest
from app.knowledge.brief import brief
from app.knowledge.dossier import compare as compare_inhibitors
from app.knowledge.dossier import get_dossier
from app.knowledge.graph import paths_asked_for
from app.models.base import Kind
from app.models.graph import PathFilters
from app.store.cursor import pack, unpack_place
from app.store.engine import Database
from app.store.lists import find_page, get_record
from app.store.names import resolve as resolve_names
from app.store.release import reading
from app.store.search import search as search_words

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

INSTRUCTIONS = (
    "Curated knowledge on IL-6 inhibitors in cancer. No IL-6 inhibitor is approved to treat a cancer. "
    "A prediction of the pathway is no result of a trial. Name the release and the sources of what you tell. "
    "Names may be in any spelling. For one drug in one cancer ask `dossier`; for counts and filters "
    "`list_records`; for words `search`; for the citation of a source `cite`."
)

MOST_CHARACTERS = 5_000
"""Of a short answer as compact JSON: under 2,000 tokens as it is sent, at four characters a token."""

MOST_SOURCES = 8

KindName = Literal[tuple(each.value for each in Kind)]  # type: ignore[valid-type]
Path = Literal[tuple(each.path for each in RESOURCES)]  # type: ignore[valid-type]


class Answer(BaseModel):
    """What a tool answers."""

    release: str = Field(description="version of the data")
    said: str | None = Field(default=None, description="the answer in a sentence")
    total: int | None = Field(default=None, description="how many there are, told or not")
    items: list[dict[str, Any]] = []
    sources: list[str] = Field(default=[], description="ids of publications: `cite` tells what they are")
    more: str | None = Field(default=None, description="how to be told what was left out")


def sources_of(value: Any) -> Iterator[str]:
    """The ids of the publications that a part of an answer names."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name in ("publication", "publications") and isinstance(each, dict | list):
                yield from (ref["id"] for ref in (each if isinstance(each, list) else [each]))
            else:
                yield from sources_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from sources_of(each)


def few(sources: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sources))[:MOST_SOURCES]


def fitted(answer: Answer) -> Answer:
    """An answer with so many of its items as a short one has room for."""
    left = 0
    while len(answer.model_dump_json()) > MOST_CHARACTERS and len(answer.items) > 1:
        answer.items.pop()
        left += 1
    if left:
        answer.more = f"{left} more found were left out: narrow the question" + (
            f"; or {answer.more}" if answer.more else ""
        )
    return answer


def record_of(session: Session, kind: Kind, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get_record(session, BY_KIND[kind], name)[1])
    return found


class Tools:
    """The tools over the database of a service."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def opened(self) -> Iterator[tuple[Session, str]]:
        with reading(self.database) as (session, release):
            yield session, release.version

    def search(
        self,
        words: Annotated[str, Field(min_length=1, max_length=200)],
        kind: KindName | None = None,  # type: ignore[valid-type]
        cursor: str | None = None,
    ) -> Answer:
        """Find records by words, best first. Use it when you do not know what a thing is called here."""
        with self.opened() as (session, release):
            hits = search_words(session, words, [Kind(kind)] if kind else [], 10, unpack_place(cursor))
            items = [
                {
                    "kind": hit.entry.kind,
                    "id": hit.entry.record_id,
                    "name": hit.entry.label,
                    "snippet": hit.snippet,
                }
                for hit in hits.items
            ]
            more = f"cursor={pack(hits.after)}" if hits.after else None
            return fitted(Answer(release=release, total=hits.total, items=items, more=more))

    def resolve(self, names: Annotated[list[str], Field(min_length=1, max_length=20)]) -> Answer:
        """What names, brands, codes or identifiers stand for; what was meant if they stand for none."""
        with self.opened() as (session, release):
            items = [
                {
                    "term": each.term,
                    "match": each.match and each.match.model_dump(),
                    "candidates": [one.model_dump() for one in each.candidates],
                    "suggestions": [one.model_dump() for one in each.suggestions],
                }
                for each in resolve_names(session, names)
            ]
            return fitted(Answer(release=release, total=len(items), items=items))

    def get(self, kind: KindName, name: str, whole: bool = False) -> Answer:  # type: ignore[valid-type]
        """One record by any name. Brief, with verdicts and counts, unless `whole`, which may be long."""
        with self.opened() as (session, release):
            record = record_of(session, Kind(kind), name)
            told = record if whole else brief(Kind(kind), record)
            more = None if whole else "whole=true"
            own = [record["id"]] if kind == Kind.PUBLICATION else []
            sources = few([*own, *sources_of(record)])
            return Answer(release=release, total=1, items=[told], sources=sources, more=more)

    def list_records(
        self,
        collection: Path,  # type: ignore[valid-type]
        filters: Annotated[
            dict[str, str | int | bool],
            Field(description='such as {"inhibitor": "Actemra", "agency": "FDA", "year__gte": 2010}'),
        ] = {},  # noqa: B006 - it is read alone
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
        cursor: str | None = None,
    ) -> Answer:
        """Count and list records under filters: trials by inhibitor, cancer, outcome; approvals by inhibitor,
        agency; evidence by cancer, inhibitor, type, level; cancers by prognosis (poor, better, mixed).
        `name__not` excludes; several values stand with commas."""
        resource = next(each for each in RESOURCES if each.path == collection)
        for name in filters:
            if name not in resource.filters.model_fields and not filter_named(resource.filters, name):
                near = nearest(name, parameters_of(resource.filters))
                raise InvalidParameter(name, "no such filter" + (f"; did you mean {near}?" if near else ""))
        fields = resource.filters.model_fields
        single = {each for each, field in fields.items() if get_origin(field.annotation) is not list}
        words = {each: str(value).lower() if isinstance(value, bool) else str(value)
                 for each, value in filters.items()}  # fmt: skip
        given = {each: value if each in single else [value] for each, value in words.items()}
        asked = resource.filters.model_validate({**given, "limit": limit, "cursor": cursor})
        with self.opened() as (session, release):
            page = find_page(session, resource, asked)
            whole = [json.loads(each) for each in page.items]
            more = f"cursor={page.next_cursor}" if page.next_cursor else None
            items = [brief(resource.kind, each) for each in whole]
            sources = few(sources_of(whole))
            return fitted(Answer(release=release, total=page.total, items=items, sources=sources, more=more))

    def dossier(self, inhibitor: str, cancer: str) -> Answer:
        """One drug in one cancer: what the pathway predicts beside what came of it in trials and patients."""
        with self.opened() as (session, release):
            found = get_dossier(session, inhibitor, cancer).model_dump(mode="json")
            items = [
                {
                    "kind": kind,
                    "id": each["id"],
                    "said": each.get("statement") or each.get("result") or each.get("title"),
                    "found": each.get("significance") or each.get("outcome") or each.get("status"),
                }
                for kind, part in (("trial", "trials"), ("evidence", "therapeutic"), ("evidence", "safety"),
                                   ("approval", "approvals"))
                for each in found[part]
            ]  # fmt: skip
            sources = few(sources_of([found["trials"], found["therapeutic"], found["paths"]]))
            return fitted(
                Answer(release=release, said=found["summary"], total=len(items), items=items, sources=sources)
            )

    def paths(self, start: str, goal: str, via: list[str] | None = None) -> Answer:
        """How one thing acts on another by the pathway, in words. What would follow; no result of a trial."""
        asked = PathFilters.model_validate({"from": start, "to": goal, "via": via or []})
        with self.opened() as (session, release):
            found, _ = paths_asked_for(session, asked)
            items = [
                {
                    "predicted": each.predicted,
                    "reading": each.reading,
                    "sources": few(ref.id for edge in each.edges for ref in edge.publications),
                }
                for each in found.paths
            ]
            sources = few(ref.id for one in found.paths for edge in one.edges for ref in edge.publications)
            more = None if found.complete else "name a `via`: there is more than could be looked at"
            return fitted(Answer(release=release, total=len(items), items=items, sources=sources, more=more))

    def compare(self, inhibitors: list[str], cancer: str | None = None) -> Answer:
        """Drugs side by side: targets, approvals by agency, trials by outcome, claims by what they found."""
        with self.opened() as (session, release):
            found = compare_inhibitors(session, inhibitors, cancer)
            items = [each.model_dump(mode="json", exclude_defaults=True) for each in found.items]
            more = "each drug by `get`, with its sources"
            return fitted(Answer(release=release, total=len(items), items=items, more=more))

    def cite(self, kind: KindName, name: str) -> Answer:  # type: ignore[valid-type]
        """What stands behind a record: its publications, as they are cited, with DOI and PMID."""
        with self.opened() as (session, release):
            record = record_of(session, Kind(kind), name)
            ids = [record["id"]] if kind == Kind.PUBLICATION else list(dict.fromkeys(sources_of(record)))
            fields = ("id", "citation", "doi", "pmid", "url", "unverified")
            items = []
            for each in ids[:20]:
                whole = record_of(session, Kind.PUBLICATION, each)
                items.append({field: whole[field] for field in fields if whole.get(field)})
            return fitted(Answer(release=release, total=len(ids), items=items, sources=few(ids)))

    @property
    def all(self) -> tuple[Callable[..., Answer], ...]:
        return (
            self.search,
            self.resolve,
            self.get,
            self.list_records,
            self.dossier,
            self.paths,
            self.compare,
            self.cite,
        )


def explained(tool: Callable[..., Answer]) -> Callable[..., Answer]:
    """A tool whose faults say what was meant, as an agent is told them."""
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    def told(*given: Any, **named: Any) -> Answer:
        try:
            return tool(*given, **named)
        except ValidationError as error:
            faults = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise ToolError("; ".join(faults)) from None
        except AtlasError as error:
            near = [*getattr(error, "candidates", []), *getattr(error, "suggestions", [])]
            meant = f" Did you mean {', '.join(f'{each.kind} {each.id}' for each in near)}?" if near else ""
            raise ToolError(f"{error}{meant}") from None

    return told


def make_server(database: Database) -> "MCPServer":
    from mcp.server.mcpserver import MCPServer
    from mcp_types import ToolAnnotations

    server = MCPServer("il6-atlas", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    for tool in Tools(database).all:
        server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))(explained(tool))
    return server


class Endpoint:
    """The tools over HTTP, each request by itself; they are made for the first one."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.server: MCPServer | None = None
        self.running: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.running is None:
            self.running = asyncio.create_task(self.run())
        waiting = asyncio.create_task(self.ready.wait())
        await asyncio.wait([waiting, self.running], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.server is None or self.running.done():
            self.running.result()
            raise RuntimeError("the tools have ended")
        await self.server.session_manager.handle_request(scope, receive, send)

    async def run(self) -> None:
        """Answer until it is cancelled."""
        server = await asyncio.to_thread(self.make)
        async with server.session_manager.run():
            self.server = server
            self.ready.set()
            await asyncio.Event().wait()

    def make(self) -> "MCPServer":
        from mcp.server.transport_security import TransportSecuritySettings

        server = make_server(self.database)
        # All is public and nobody signs in, so it matters to nobody by which name the host was asked.
        anyone = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        server.streamable_http_app(json_response=True, stateless_http=True, transport_security=anyone)
        return server

    async def close(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.wait([self.running])
