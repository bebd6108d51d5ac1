"""The same statements as JSON-LD, in Turtle (RDF 1.1)."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from app.exports.jsonld import IRIS, NAMESPACES, SCHEMA, Data


def write(data: Data) -> str:
    prefixes = {"schema": SCHEMA, **NAMESPACES}
    lines = [f"@prefix {name}: <{iri}> ." for name, iri in prefixes.items()]
    return "\n".join([*lines, "", *triples(data, count(1))]) + "\n"


def triples(node: Data, numbers: Iterator[int], subject: str = "") -> Iterator[str]:
    """What is said of a node, and of the nodes within it."""
    subject = subject or name_of(node, numbers)
    for key, held in node.items():
        if key in ("@context", "@id"):
            continue
        for value in held if isinstance(held, list) else [held]:
            if isinstance(value, dict):
                inner = name_of(value, numbers)
                yield f"{subject} {term(key)} {inner} ."
                yield from triples(value, numbers, inner)
            elif key == "@type":
                yield f"{subject} a {term(value)} ."
            else:
                yield f"{subject} {term(key)} {written(key, value)} ."


def name_of(node: Data, numbers: Iterator[int]) -> str:
    return f"<{node['@id']}>" if "@id" in node else f"_:b{next(numbers)}"


def term(name: str) -> str:
    return name if ":" in name else f"schema:{name}"


def written(key: str, value: Any) -> str:
    """An address in brackets, all else as a literal; an opening bracket within one is none of an address."""
    if key in IRIS:
        return f"<{value}>"
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003C")
