"""Tools for agents, by the Model Context Protocol: short answers, each with its sources and its release.

The SDK takes seconds to import, so it is imported when a tool is first wanted.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_origin

from fastapi_rfc9457 import Problem
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlmodel import Session
from starlette.types import Receive, Scope, Send

from app import __version__
from app.catalog import BY_KIND, RESOURCES, filter_named, parameters_of
from app.errors import AtlasError, InvalidParameter, RecordNotFound, nearest
from app.exports.plain import compact
from app.http.problems import damaged_problem, database_problem
from app.knowledge.brief import brief
from app.knowledge.dossier import compare as compare_inhibitors
from app.knowledge.dossier import get_dossier
from app.knowledge.graph import paths_asked_for
from app.models.base import Kind
from app.models.filters import LONGEST
from app.models.graph import PathFilters
from app.store.cursor import pack, unpack_place
from app.store.engine import Database
from app.store.lists import find_page, get_record
from app.store.names import readings_told
from app.store.names import resolve as resolve_names
from app.store.release import reading
from app.store.search import Hits
from app.store.search import search as search_words

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

logger = logging.getLogger(__name__)

Told = TypeVar("Told")

INSTRUCTIONS = (
    "Curated knowledge on IL-6 inhibitors in cancer. No IL-6 inhibitor is approved to treat a cancer. "
    "A prediction of the pathway is no result of a trial. Name the release and the sources of what you tell. "
    "Names may be in any spelling. For one drug in one cancer ask `dossier`; for counts and filters "
    "`list_records`; for words `search`; for the citation of a source `cite`."
)

MOST_CHARACTERS = 5_000
"""Of a short answer as compact JSON: under 2,000 tokens as it is sent, at four characters a token."""

MOST_WHOLE = 16_000
"""Characters of a record that is told whole, as compact JSON; the resource of a record has no bound."""

MOST_SOURCES = 8

MOST_CITED = 20

KindName = Literal[tuple(each.value for each in Kind)]  # type: ignore[valid-type]
Path = Literal[tuple(each.path for each in RESOURCES)]  # type: ignore[valid-type]


class Answer(BaseModel):
    """What a tool answers."""

    release: str = Field(description="version of the data")
    said: str | None = Field(default=None, description="the answer in a sentence")
    total: int | None = Field(default=None, description="how many there are, told or not")
    items: list[dict[str, Any]] = []
    sources: list[str] = Field(default=[], description="ids of publications: `cite` tells what they are")
    more: str | None = Field(default=None, description="what was left out, and how to be told it")


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


def answer_of(
    session: Session,
    release: str,
    items: Iterable[dict[str, Any]],
    sources: Iterable[str],
    *,
    said: str | None = None,
    total: int | None = None,
    rest: str = "narrow the question",
) -> Answer:
    """An answer with so many items and sources as a short one has room for; it says what it leaves out."""
    shown, named = list(items), list(dict.fromkeys(sources))
    told = " ".join([*readings_told(session), *([said] if said else [])]) or None
    answer = Answer(release=release, said=told, items=shown[:], sources=named[:MOST_SOURCES])
    answer.total = len(shown) if total is None else total
    while len(answer.model_dump_json()) > MOST_CHARACTERS and len(answer.items) > 1:
        answer.items.pop()
    left = []
    if number := len(shown) - len(answer.items):
        left.append(f"{number} more found were left out: {rest}")
    if number := len(named) - len(answer.sources):
        left.append(f"{number} more sources: `cite` a record")
    answer.more = "; ".join(left) or None
    return answer


def paged(ask: Callable[[int], tuple[Answer, str | None]], limit: int) -> Answer:
    """A part of a list that is short enough, and the cursor of what follows its last item."""
    answer, cursor = ask(limit)
    if len(answer.items) < limit and answer.more and answer.items:
        answer, cursor = ask(len(answer.items))
    follows = f"cursor={cursor}" if cursor else None
    answer.more = "; ".join(filter(None, (follows, answer.more))) or None
    return answer


def shorten(record: dict[str, Any], most: int) -> list[str]:
    """Halve the longest list of a record until it is short enough; what was left out."""
    places = {name: (record, name) for name, each in record.items() if isinstance(each, list)}
    for name, each in record.items():
        if isinstance(each, dict):
            places |= {f"{name}.{part}": (each, part) for part in each if isinstance(each[part], list)}
    whole = {name: len(holder[key]) for name, (holder, key) in places.items()}
    while len(compact(record)) > most:
        holder, key = max(places.values(), key=lambda place: len(compact(place[0][place[1]])))
        if not holder[key]:
            break
        del holder[key][len(holder[key]) // 2 :]
    kept = {name: len(holder[key]) for name, (holder, key) in places.items()}
    return [
        f"{whole[name] - kept[name]} of {whole[name]} {name}" for name in whole if kept[name] < whole[name]
    ]


def nothing_said(hits: Hits) -> str:
    """What is to be said where no record holds all the words of a search."""
    said = (
        "No record holds all of that; what is told holds part of it." if hits.items else "Nothing was found."
    )
    if hits.missing:
        said += f" No record holds {', '.join(hits.missing)}."
    if hits.suggestions:
        said += f" Meant was perhaps {', '.join(f'{each.kind} {each.id}' for each in hits.suggestions)}."
    return said


def record_of(session: Session, kind: Kind, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get_record(session, BY_KIND[kind], name)[1])
    return found


def sources_behind(session: Session, kind: Kind, name: str) -> list[str]:
    """The publications that a record rests on; one of them is what it rests on itself."""
    record = record_of(session, kind, name)
    own = [record["id"]] if kind == Kind.PUBLICATION else []
    return list(dict.fromkeys([*own, *sources_of(record)]))


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
        words: Annotated[str, Field(min_length=1, max_length=LONGEST)],
        kind: KindName | None = None,  # type: ignore[valid-type]
        cursor: str | None = None,
    ) -> Answer:
        """Find records by words, best first. Use it when you do not know what a thing is called here."""
        with self.opened() as (session, release):

            def ask(limit: int) -> tuple[Answer, str | None]:
                hits = search_words(session, words, [Kind(kind)] if kind else [], limit, unpack_place(cursor))
                items = [
                    {
                        "kind": hit.entry.kind,
                        "id": hit.entry.record_id,
                        "name": hit.entry.label,
                        "snippet": hit.snippet,
                        "sources": sources_behind(session, hit.entry.kind, hit.entry.record_id)[:2],
                        **({"missing": hit.missing} if hit.missing else {}),
                    }
                    for hit in hits.items
                ]
                said = None if hits.kinds else nothing_said(hits)
                sources = [each for item in items for each in item["sources"]]
                answer = answer_of(session, release, items, sources, said=said, total=hits.total)
                return answer, pack(hits.after) if hits.after else None

            return paged(ask, 10)

    def resolve(self, names: Annotated[list[str], Field(min_length=1, max_length=20)]) -> Answer:
        """What names, brands, codes or identifiers stand for; what was meant if they stand for none."""
        with self.opened() as (session, release):
            items: list[dict[str, Any]] = []
            for each in resolve_names(session, names):
                match = each.match
                items.append(
                    {
                        "term": each.term,
                        "match": match and match.model_dump(),
                        "candidates": [one.model_dump() for one in each.candidates],
                        "suggestions": [one.model_dump() for one in each.suggestions],
                        "sources": sources_behind(session, Kind(match.kind), match.id)[:2] if match else [],
                    }
                )
            sources = [each for item in items for each in item["sources"]]
            return answer_of(session, release, items, sources, rest="ask for fewer names at a time")

    def get(self, kind: KindName, name: str, whole: bool = False) -> Answer:  # type: ignore[valid-type]
        """One record by any name. Brief, with verdicts and counts, unless `whole`: up to 7,000 tokens."""
        with self.opened() as (session, release):
            record = record_of(session, Kind(kind), name)
            told = brief(Kind(kind), record)
            sources = sources_behind(session, Kind(kind), record["id"])
            left: list[str] = []
            if whole:
                told = record
                left = shorten(told, MOST_WHOLE)
            said = " ".join(readings_told(session)) or None
            answer = Answer(release=release, said=said, total=1, items=[told], sources=few(sources))
            if left:
                answer.more = (
                    f"left out: {', '.join(left)}; `list_records` lists them under filters; "
                    f"the resource {RECORD.format(kind=kind, name=record['id'])} has all"
                )
            elif not whole:
                answer.more = "whole=true"
            return answer

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
        with self.opened() as (session, release):

            def ask(most: int) -> tuple[Answer, str | None]:
                asked = resource.filters.model_validate({**given, "limit": most, "cursor": cursor})
                page = find_page(session, resource, asked)
                whole = [json.loads(each) for each in page.items]
                items = [brief(resource.kind, each) for each in whole]
                sources = list(sources_of(whole))
                if not sources:  # the list names none, its records do
                    behind = [sources_behind(session, resource.kind, each["id"])[:2] for each in whole]
                    sources = [each for some in behind for each in some]
                answer = answer_of(session, release, items, sources, total=page.total)
                return answer, page.next_cursor

            return paged(ask, limit)

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
            parts = ("therapeutic", "safety", "approvals", "paths")
            return answer_of(
                session,
                release,
                items,
                sources_of([found[each] for each in parts]),
                said=found["summary"],
                rest="`list_records` of trials and of evidence, under inhibitor and cancer",
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
            sources = [ref.id for one in found.paths for edge in one.edges for ref in edge.publications]
            answer = answer_of(session, release, items, sources, rest="name a `via`")
            if not found.complete:
                answer.more = "name a `via`: there is more than could be looked at"
            return answer

    def compare(self, inhibitors: list[str], cancer: str | None = None) -> Answer:
        """Drugs side by side: targets, approvals by agency, trials by outcome, claims by what they found."""
        with self.opened() as (session, release):
            found = compare_inhibitors(session, inhibitors, cancer)
            items = [
                {
                    **each.model_dump(mode="json", exclude_defaults=True),
                    "sources": sources_behind(session, Kind.INHIBITOR, each.inhibitor.id)[:4],
                }
                for each in found.items
            ]
            sources = [each for item in items for each in item["sources"]]
            return answer_of(session, release, items, sources, rest="compare fewer at a time")

    def cite(
        self,
        kind: KindName,  # type: ignore[valid-type]
        name: str,
        skip: Annotated[int, Field(ge=0, description="how many to leave out at the beginning")] = 0,
    ) -> Answer:
        """What stands behind a record: its publications, as they are cited, with DOI and PMID."""
        with self.opened() as (session, release):
            ids = sources_behind(session, Kind(kind), name)
            if kind == Kind.PUBLICATION:
                ids = ids[:1]
            fields = ("id", "citation", "doi", "pmid", "url", "unverified")
            items = []
            for each in ids[skip : skip + MOST_CITED]:
                whole = record_of(session, Kind.PUBLICATION, each)
                items.append({field: whole[field] for field in fields if whole.get(field)})
            answer = answer_of(session, release, items, ids, total=len(ids))
            told = skip + len(answer.items)
            answer.sources = [each["id"] for each in answer.items]
            answer.more = f"{len(ids) - told} more: skip={told}" if told < len(ids) else None
            return answer

    def record(self, kind: str, name: str) -> str:
        """A record as the service has it, whole, however long."""
        if kind not in tuple(Kind):
            raise RecordNotFound(f"There is no kind {kind}; there are {', '.join(Kind)}.")
        with self.opened() as (session, _):
            return get_record(session, BY_KIND[Kind(kind)], name)[1]

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


RECORD = "il6atlas://{kind}/{name}"


def explained(error: Exception) -> str | None:
    """What an agent is told of a fault, with what was meant; None where nobody foresaw it."""
    match error:
        case ValidationError():
            return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        case AtlasError():
            near = [*getattr(error, "candidates", []), *getattr(error, "suggestions", [])]
            meant = f" Did you mean {', '.join(f'{each.kind} {each.id}' for each in near)}?" if near else ""
            return f"{error}{meant}"
        case DBAPIError():
            return told_of(database_problem(error), error)
        case json.JSONDecodeError() | UnicodeDecodeError():
            return told_of(damaged_problem(), error)
        case NoFreeConnection():
            return "All connections to the database are in use; ask again in a moment."
    return None


def told_of(problem: Problem, error: Exception) -> str:
    """The words of a problem; the log is told those of the driver."""
    logger.error("a tool had no answer: %s", getattr(error, "orig", error))
    return str(problem.detail)


def telling(answer: Callable[..., Told], fault: type[Exception]) -> Callable[..., Told]:
    """A function whose faults are told in words, as the protocol tells faults."""

    @wraps(answer)
    def told(*given: Any, **named: Any) -> Told:
        try:
            return answer(*given, **named)
        except Exception as error:
            if (words := explained(error)) is None:
                raise
            raise fault(words) from None

    return told


def cited_dossier(inhibitor: str, cancer: str) -> str:
    """What is known of a drug in a cancer, for people, every sentence with its source."""
    return (
        f"Tell what is known of {inhibitor} in {cancer}. Ask `dossier` for both, and `cite` for each claim "
        "that you tell. Set what the pathway predicts beside what came of trials, failures too; keep them "
        "apart. End with the release and the list of publications. No IL-6 inhibitor is approved to treat "
        "a cancer: say so."
    )


def make_server(database: Database) -> "MCPServer":
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ResourceError, ToolError
    from mcp_types import ToolAnnotations

    server = MCPServer("il6-atlas", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    tools = Tools(database)
    for tool in tools.all:
        hints = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        server.tool(annotations=hints)(telling(tool, ToolError))
    record = server.resource(RECORD, mime_type="application/json")
    record(telling(tools.record, ResourceError))
    server.prompt()(cited_dossier)
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
