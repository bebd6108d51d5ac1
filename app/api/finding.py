"""Finding records: what a name stands for, and what words are found in."""

from typing import Annotated, Literal

from fastapi import Query, Request, Response
from fastapi_rfc9457 import BadRequest
from fastapi_rfc9457.server import problems
from pydantic import BaseModel, BeforeValidator, Field, model_validator
from sqlmodel import Session

from app.api.formats import LINES, as_table, negotiate
from app.catalog import BY_KIND
from app.errors import Candidate, Suggestion
from app.http.problems import BodyTooLarge, NotAcceptable, UnsupportedMediaType
from app.http.session import SessionDep, new_router, next_address
from app.models.base import Kind
from app.models.filters import Format, Question, Words, split_commas
from app.store.cursor import pack, unpack_place
from app.store.names import READ_AS, Readings, readings, resolve
from app.store.search import Hit, search

router = new_router(tags=["finding"])


class Resolved(BaseModel):
    """What a term stands for."""

    term: str
    match: Candidate | None = Field(description="the one record of that name")
    candidates: list[Candidate] = Field(description="the records of that name, if they are several")
    suggestions: list[Suggestion] = Field(description="if there is none: what was probably meant")


class ResolvedTerms(BaseModel):
    items: list[Resolved] = Field(description="in the order asked")


def whole(term: object) -> object:
    """A text without half characters, which JSON can hold and no database."""
    return term.encode("utf-8", "replace").decode() if isinstance(term, str) else term


MOST_KEYS = 10
"""Keys of a body that are looked at: one is known."""

Term = Annotated[str, BeforeValidator(whole)]


class Terms(BaseModel):
    """Terms to resolve."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {"examples": [{"terms": ["actemra", "CNTO 328"]}]},
    }

    terms: list[Term] = Field(max_length=1000, description="names, codes or identifiers, in any spelling")

    @model_validator(mode="before")
    @classmethod
    def has_few_keys(cls, given: object) -> object:
        """Refuse many unknown keys at once: each would be an error of its own."""
        if isinstance(given, dict) and len(given) > MOST_KEYS:
            raise ValueError(f"At most {MOST_KEYS} keys")
        return given


class Found(BaseModel):
    """A hit of a search."""

    kind: Kind
    id: str
    name: str
    snippet: str = Field(description="HTML: hits in <mark>, all else escaped")
    score: int = Field(
        description="3: the query is one of its names; 2: its words are in names; 1: in text; 0: not all are"
    )
    url: str
    missing: list[str] = Field(
        default=[], description="of a hit that holds not all of the query: what it does not hold"
    )


class FoundFacets(BaseModel):
    kind: dict[Kind, int] = Field(description="hits per kind, whichever kinds were asked for")


class FoundList(BaseModel):
    """A part of what a search found, best first."""

    items: list[Found]
    total: int = Field(description="records that hold all of the query; of 0, `items` hold the most of it")
    next: str | None = Field(description="address of the next part; null at the end")
    facets: FoundFacets
    missing: list[str] = Field(
        default=[], description="where no record holds all of the query: what no record holds of it"
    )
    suggestions: list[Suggestion] = Field(
        default=[], description="where no record holds all of the query: what was probably meant"
    )
    read_as: Readings = Field(default={}, description=READ_AS)


KINDS = {name: resource.kind for resource in BY_KIND.values() for name in (resource.path, str(resource.kind))}
KindName = Literal[tuple(KINDS)]  # type: ignore[valid-type]


class SearchQuery(Question):
    q: Words = Field(
        min_length=1,
        description="names and words, all of which must be there; `toci*` is the beginning of a word, "
        '`"bone loss"` a phrase, `breast OR lung` either, `-mice` what must not be there',
        examples=["il-6 angiogenesis"],
    )
    kind: Annotated[list[KindName], BeforeValidator(split_commas)] = Field(  # type: ignore[valid-type]
        default=[], description="only records of these kinds"
    )
    limit: int = Field(default=20, ge=0, le=500, description="hits per page; 0 gives the counts alone")
    cursor: str | None = Field(
        default=None, max_length=200, description="where the page begins: opaque, from `next`"
    )
    format: Literal["json", "csv", "tsv", "ndjson"] | None = Field(
        default=None, description="how it is written; all hits, unless there is a limit"
    )


@router.get(
    "/resolve",
    operation_id="resolve_term",
    summary="What a name stands for",
)
def read_resolution(
    q: Annotated[Words, Query(min_length=1, description="a name, in any spelling", examples=["actemra"])],
    session: SessionDep,
) -> Resolved:
    """Over all kinds: a name, brand, development code, CURIE or bare identifier."""
    return resolved(session, [q]).items[0]


@router.post(
    "/resolve",
    operation_id="resolve_terms",
    summary="What many names stand for",
    responses=problems(BadRequest, BodyTooLarge, UnsupportedMediaType),
)
def read_resolutions(terms: Terms, session: SessionDep) -> ResolvedTerms:
    """Up to 1,000 terms, each with a verdict of its own: one that is unknown spoils no other."""
    return resolved(session, terms.terms)


def resolved(session: Session, terms: list[str]) -> ResolvedTerms:
    return ResolvedTerms(items=[Resolved(**vars(each)) for each in resolve(session, terms)])


@router.get(
    "/search",
    operation_id="search",
    summary="Search every kind",
    response_model=FoundList,
    responses={
        **problems(NotAcceptable),
        200: {
            "content": {each: {"schema": {"type": "string"}} for each in LINES if each != "application/json"}
        },
    },
)
def read_search(request: Request, query: Annotated[SearchQuery, Query()], session: SessionDep) -> Response:
    """The best hits first: a record of that name, then words in names, then words in text.

    A name stands for its record, whichever of its names it is. Where no record holds all of the query, the
    hits are those that hold at least half of it; each says what it is missing.
    """
    whole = negotiate(request, query.format, LINES) != Format.JSON and "limit" not in query.model_fields_set
    hits = found_by(session, query, request.query_params.multi_items(), None if whole else query.limit)
    response = as_table(request, query.format, "search", hits, hits.items, Found, LINES)
    if hits.next:
        response.headers["Link"] = f'<{hits.next}>; rel="next"'
    return response


def found_by(
    session: Session, query: SearchQuery, asked: list[tuple[str, str]], limit: int | None
) -> FoundList:
    """The answer to a search, and the address of its next part, which repeats what was asked."""
    kinds = {KINDS[name] for name in query.kind}
    hits = search(session, query.q, kinds, limit, unpack_place(query.cursor))
    found = FoundList(
        items=[found_as(hit) for hit in hits.items],
        total=hits.total,
        next=next_address("/search", asked, pack(hits.after)) if hits.after else None,
        facets=FoundFacets(kind=hits.kinds),
    )
    if not hits.kinds:
        found.missing, found.suggestions = hits.missing, hits.suggestions
    if read_as := readings(session):
        found.read_as = read_as
    return found


def found_as(hit: Hit) -> Found:
    kind, record_id = hit.entry.kind, hit.entry.record_id
    found = Found(
        kind=kind,
        id=record_id,
        name=hit.entry.label,
        snippet=hit.snippet,
        score=hit.score,
        url=f"/{BY_KIND[kind].path}/{record_id}",
    )
    if hit.missing:
        found.missing = hit.missing
    return found
