"""Templates: how values are written for people, and the response that carries a page."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app import __version__
from app.catalog import BY_KIND
from app.exports import EXPORTS, GRAPH_EXPORTS
from app.exports.jsonld import registry
from app.exports.picture import address
from app.models.base import Kind

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What a page may load: the style sheet and pictures of this host. No script runs."""

COLLECTIONS = tuple(
    BY_KIND[kind]
    for kind in (
        Kind.INHIBITOR, Kind.TARGET, Kind.CANCER, Kind.MECHANISM, Kind.EVIDENCE,
        Kind.TRIAL, Kind.APPROVAL, Kind.INDICATION, Kind.INTERACTION, Kind.PUBLICATION,
    )
)  # fmt: skip
"""The collections in the order in which a reader meets them."""


def link(
    path: str, asked: Iterable[tuple[str, str]], without: Collection[str] = (), /, **parameters: str
) -> str:
    """An address with the parameters that were asked for, without some of them, and with others."""
    kept = [each for each in asked if each[0] not in {*without, *parameters}]
    query = urlencode([*kept, *parameters.items()])
    return f"{path}?{query}" if query else path


def number(value: float) -> str:
    """A figure as a person writes it: never with an exponent."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{Decimal(str(value)):,f}".removesuffix(".0")


TIED = "\N{NO-BREAK SPACE}"
"""Between a sign and its number, which stay on one line."""


def p_value(effect: Mapping[str, Any]) -> str:
    if effect["p_value"] is None:
        return ""
    return f"p{TIED}{effect['p_relation'] or '='}{TIED}{number(effect['p_value'])}"


def figures(effect: Mapping[str, Any] | None) -> str:
    """The figures behind a claim, in one line."""
    if effect is None:
        return ""
    parts = []
    if effect["value"] is not None:
        unit = {None: "", "%": " %"}.get(effect["unit"], f" {effect['unit']}")
        parts.append(f"{words(effect['measure'])} {number(effect['value'])}{unit}")
        if effect["ci_low"] is not None:
            parts[-1] += f" (95 % CI {number(effect['ci_low'])} to {number(effect['ci_high'])})"
    if effect["comparison"]:
        parts.append(words(effect["comparison"]))
    if p := p_value(effect):
        parts.append(p)
    if effect["endpoint"]:
        parts.append(words(effect["endpoint"]))
    if effect["event"]:
        parts.append(effect["event"])
    if effect["horizon_months"]:
        parts.append(f"at {effect['horizon_months']} months")
    if effect["n"] is not None:
        parts.append(f"n{TIED}={TIED}{number(effect['n'])}")
    return ", ".join(parts)


def words(token: str) -> str:
    """A value of a vocabulary, as words."""
    return token.replace("-", " ").replace("_", " ") if token.upper() != token else token


def spaced(name: str) -> str:
    """The name of a vocabulary, as words."""
    return capital(re.sub("(?<=[a-z])(?=[A-Z])", " ", name).lower())


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def json_ld(data: Mapping[str, Any]) -> Markup:
    """JSON for a script element: no text in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


@cache
def templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # pages alone need it

    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "capital": capital,
        "figures": figures,
        "json_ld": json_ld,
        "number": number,
        "p_value": p_value,
        "registry": registry,
        "spaced": spaced,
        "words": words,
    }
    made.globals |= {
        "address": address,
        "by_kind": BY_KIND,
        "collections": COLLECTIONS,
        "exports": EXPORTS,
        "graph_exports": GRAPH_EXPORTS,
        "link": link,
        "version": __version__,
    }
    return made


def show(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **content: Any,
) -> HTMLResponse:
    """A page, made of a template and what it says."""
    content |= {
        "path": request.url.path,
        "asked": request.query_params.multi_items(),
        "release": getattr(request.state, "release", None),
    }
    body = templates().get_template(template).render(content)
    return HTMLResponse(body, status, headers={"Content-Security-Policy": POLICY, **(headers or {})})
