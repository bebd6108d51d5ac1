"""Out of the house: lists and graphs in the formats that other programs read. One file per format."""

import datetime
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel

from app.exports import (
    bibtex,
    citation,
    csl,
    cx2,
    cytoscape,
    graphml,
    jsonld,
    kgx,
    picture,
    ris,
    sif,
    table,
    turtle,
    xlsx,
)
from app.knowledge.graph import Graph
from app.models.base import Kind
from app.models.filters import Format, RecordFormat
from app.models.graph import GraphFormat
from app.models.release import ReleaseRead

Rows = Iterable[str]
"""Records as JSON: the items of a collection, or publications."""

Write = Callable[[Rows, type[BaseModel], ReleaseRead], bytes]


@dataclass(frozen=True)
class Export:
    """How a format is written: its media type, the ending of its files, and what it is written from."""

    media_type: str
    ending: str
    write: Write
    of_sources: bool = False
    """Whether it is written from the publications behind a list."""


def text(parts: Callable[[Rows, type[BaseModel]], Iterator[str]]) -> Write:
    """A file of text, by its parts."""
    return lambda rows, model, _release: "".join(parts(rows, model)).encode()


def one_by_one(entry: Callable[[Any, datetime.date], str]) -> Write:
    """A file that is nothing but its records, one after the other."""
    return lambda rows, _model, release: "".join(
        entry(json.loads(row), release.date) for row in rows
    ).encode()


EXPORTS: dict[Format, Export] = {
    Format.CSV: Export("text/csv", "csv", text(partial(table.write, dialect="excel"))),
    Format.TSV: Export("text/tab-separated-values", "tsv", text(partial(table.write, dialect="excel-tab"))),
    Format.XLSX: Export(xlsx.MEDIA_TYPE, "xlsx", xlsx.write),
    Format.NDJSON: Export("application/x-ndjson", "ndjson", text(lambda rows, _: map("{}\n".format, rows))),
    Format.BIBTEX: Export("application/x-bibtex", "bib", one_by_one(bibtex.entry), of_sources=True),
    Format.RIS: Export("application/x-research-info-systems", "ris", one_by_one(ris.entry), of_sources=True),
    Format.CSL: Export("application/vnd.citationstyles.csl+json", "csl.json", csl.write, of_sources=True),
}
"""Every format but JSON, which is the answer itself."""


@dataclass(frozen=True)
class GraphExport:
    """A format of graphs: its media type, the ending of its files, and how it is written."""

    media_type: str
    ending: str
    write: Callable[[Graph, ReleaseRead], str]


def alone(write: Callable[[Graph], str]) -> Callable[[Graph, ReleaseRead], str]:
    """A format that has no place for what the release says of itself."""
    return lambda graph, _release: write(graph)


GRAPH_EXPORTS: dict[GraphFormat, GraphExport] = {
    GraphFormat.CYTOSCAPE: GraphExport("application/json", "cyjs", cytoscape.write),
    GraphFormat.CX2: GraphExport("application/json", "cx2", cx2.write),
    GraphFormat.GRAPHML: GraphExport("application/graphml+xml", "graphml", graphml.write),
    GraphFormat.SIF: GraphExport("text/plain", "sif", alone(sif.write)),
    GraphFormat.SIFNX: GraphExport("text/plain", "sifnx", sif.write_extended),
    GraphFormat.DOT: GraphExport("text/vnd.graphviz", "dot", alone(picture.write_dot)),
    GraphFormat.SVG: GraphExport("image/svg+xml", "svg", alone(picture.draw)),
    GraphFormat.KGX_NODES: GraphExport("text/tab-separated-values", "nodes.tsv", alone(kgx.write_nodes)),
    GraphFormat.KGX_EDGES: GraphExport("text/tab-separated-values", "edges.tsv", alone(kgx.write_edges)),
}
"""Likewise, of graphs."""


WriteRecord = Callable[[Kind, str, ReleaseRead, str], str]
"""From the kind of a record, its JSON, the release, and the address of the service."""


@dataclass(frozen=True)
class RecordExport:
    """A format of single records: its media type, the ending of its files, and how it is written."""

    media_type: str
    ending: str
    write: WriteRecord


def as_reference(wanted: Format) -> RecordExport:
    """A publication as itself, and what the release says of anything else as a dataset."""
    form = EXPORTS[wanted]

    def write(kind: Kind, record: str, release: ReleaseRead, base: str) -> str:
        if kind != Kind.PUBLICATION:
            known = json.loads(record)
            name = known.get("name") or known.get("title") or known.get("statement") or known["id"]
            about, address = f"{name} ({kind})", f"{base}{known['links']['self']}"
            key = f"{kind}-{known['id']}"
            record = json.dumps(citation.source(key, about, address, release.version, release.date))
        return form.write([record], BaseModel, release).decode()

    return RecordExport(form.media_type, form.ending, write)


def linked_data(kind: Kind, record: str, release: ReleaseRead, _base: str) -> str:
    return json.dumps(jsonld.described(kind, json.loads(record), release), ensure_ascii=False)


def as_turtle(kind: Kind, record: str, release: ReleaseRead, _base: str) -> str:
    return turtle.write(jsonld.described(kind, json.loads(record), release))


RECORD_EXPORTS: dict[RecordFormat, RecordExport] = {
    RecordFormat.JSONLD: RecordExport("application/ld+json", "jsonld", linked_data),
    RecordFormat.TURTLE: RecordExport("text/turtle", "ttl", as_turtle),
    **{RecordFormat(each): as_reference(each) for each in (Format.BIBTEX, Format.RIS, Format.CSL)},
}
"""Likewise, of single records."""
