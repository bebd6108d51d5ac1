"""Questions of the Translator Reasoner API (TRAPI): which nodes and edges fit a small graph."""

from fastapi import Request, Response
from fastapi_rfc9457 import BadRequest
from fastapi_rfc9457.server import problems

from app.exports.trapi import answer, meta_graph
from app.http.addresses import base_of
from app.http.problems import BodyTooLarge, UnsupportedMediaType
from app.http.session import SessionDep, new_router
from app.models.trapi import MetaKnowledgeGraph, TrapiAnswer, TrapiQuery

router = new_router(prefix="/trapi", tags=["trapi"])


@router.post(
    "/query",
    operation_id="query_trapi",
    summary="What fits a graph of TRAPI",
    response_model=TrapiAnswer,
    responses=problems(BadRequest, BodyTooLarge, UnsupportedMediaType),
)
def read_answer(request: Request, query: TrapiQuery, session: SessionDep) -> Response:
    """Interactions, claims on treatment and trials, by identifiers, categories, predicates and qualifiers;
    wider predicates find the narrower, inverse ones the same edges from their other end."""
    found = answer(session, query.message.query_graph, base_of(request.scope))
    return Response(found.model_dump_json(exclude_none=True), media_type="application/json")


@router.get("/meta_knowledge_graph", operation_id="get_trapi_meta", summary="What can be asked by TRAPI")
def read_meta_graph(session: SessionDep) -> MetaKnowledgeGraph:
    """The categories of nodes with the prefixes of their identifiers, and the predicates between them."""
    return meta_graph(session)
