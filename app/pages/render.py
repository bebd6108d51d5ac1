"""Templates: how values are written for people, and the response that carries a page."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app import __version__
from app.catalog import BY_KIND
from app.exports import EXPORTS, GRAPH_EXPORTS
from app.exports.jsonld import registry
from app.exports.picture import address
from app.http.addresses import base_of
from app.knowledge.graph import within_sentence
from app.models.base import Kind

if TYPE_CHECKING:
    from jinja2 import Environment

BY_PATH = {each.path: each for each in BY_KIND.values()}

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


def p_value(effect: Mapping[str, Any]) -> str:
    return "" if effect["p_value"] is None else f"p {effect['p_relation'] or '='} {number(effect['p_value'])}"


def figures(effect: Mapping[str, Any] | None) -> str:
    """The figures behind a claim, in one line; empty where it has an end point alone."""
    if effect is None:
        return ""
    measure = words(effect["measure"] or "")
    parts = []
    if effect["value"] is not None:
        unit = {None: "", "%": " %"}.get(effect["unit"], f" {effect['unit']}")
        parts.append(f"{measure} {number(effect['value'])}{unit}")
        if effect["ci_low"] is not None:
            parts[-1] += f" (95 % CI {number(effect['ci_low'])} to {number(effect['ci_high'])})"
    if p := p_value(effect):
        parts.append(p)
    if not parts and effect["n"] is None:
        return ""
    if effect["comparison"]:
        parts.append(words(effect["comparison"]))
    # A measure such as `median OS` or `ORR` says by itself what it is of.
    if effect["endpoint"] and (not measure or measure in RATIOS):
        parts.append(words(effect["endpoint"]))
    if told := turned(effect):
        parts.append(told)
    if effect["event"]:
        parts.append(effect["event"])
    if effect["horizon_months"]:
        parts.append(f"at {effect['horizon_months']} months")
    if effect["n"] is not None:
        parts.append(f"n = {number(effect['n'])}")
    return ", ".join(parts)


def turned(effect: Mapping[str, Any]) -> str:
    """A ratio as it is compared with others, where it was published the other way round."""
    ratio = effect["harmonised"]
    if ratio is None or ratio["value"] == effect["value"]:
        return ""
    interval = f" ({number(ratio['ci_low'])} to {number(ratio['ci_high'])})" if ratio["ci_low"] else ""
    against = {"low-versus-high": "high versus low", "high-versus-low": "low versus high"}
    how = against.get(effect["comparison"], "turned, as the end point is a good one")
    return f"{how}: {number(ratio['value'])}{interval}"


RATIOS = ("HR", "OR", "RR")

SPELT = {
    **{each: each for each in ("meta-analysis", "co-receptor", "double-blind", "open-label", "single-arm")},
    **{each: each for each in ("non-randomised", "anti-tumour", "pre-diagnosis", "pre-treatment")},
    **{each: each for each in ("on-treatment", "post-treatment", "covid-19", "2/3", "1/2")},
    "cns": "CNS", "other": "another purpose", "human-trial": "trial in patients",
    "human-cohort": "cohort of patients", "animal": "animals", "cell": "cells",
    "crs-treatment": "treatment of cytokine release syndrome",
    "crs-prevention": "prevention of cytokine release syndrome",
    "irae-treatment": "treatment of immune-related adverse events",
    "irae-prevention": "prevention of immune-related adverse events",
}  # fmt: skip
"""Values of vocabularies that are no words as soon as their hyphens are spaces."""


def words(token: str) -> str:
    """A value of a vocabulary, as words."""
    if token in SPELT:
        return SPELT[token]
    return re.sub("-(?!free|specific)|_", " ", token) if token.upper() != token else token


class Said(NamedTuple):
    """What a page says of a value, and the tone of its colour; the empty tone is ink."""

    words: str
    tone: str = ""


FOUND = {
    "poor-outcome": Said("worse outcome", "worse"),
    "better-outcome": Said("better outcome", "better"),
    "no-association": Said("no link", "null"),
    "not-independent": Said("no independent link", "null"),
    "adverse-features": Said("advanced disease"),
    "benefit": Said("benefit", "benefit"),
    "no-benefit": Said("no benefit", "null"),
    "harm": Said("harm", "harm"),
    "mixed": Said("mixed", "mixed"),
    "sensitivity": Said("sensitises", "benefit"),
    "resistance": Said("resistance"),
    "adverse-event": Said("harm reported", "harm"),
    "fewer-adverse-events": Said("fewer harms", "benefit"),
    "promotes": Said("promotes"),
    "suppresses": Said("suppresses"),
    "approved": Said("approved"),
    "not-approved": Said("not approved"),
    ("safety", "no-association"): Said("harm not found", "null"),
    ("mechanistic", "sensitivity"): Said("sensitises"),
    ("mechanistic", "benefit"): Said("benefit"),
    ("mechanistic", "adverse-event"): Said("drives a harm"),
}
"""What a claim found, in words: by its significance, and its type where that matters."""


def found(claim: Mapping[str, Any]) -> Said:
    """What a claim found."""
    key = claim["significance"]
    return FOUND.get((claim["type"], key)) or FOUND[key]


Part = tuple[str, str, int, str]
"""A part of a bar: its tone, what it is, how many there are, and where they are listed."""


def significance_parts(kind: str, counts: Mapping[str, int], address: str = "") -> list[Part]:
    """What claims of a type found, the commonest first, as parts of a bar."""
    parts = []
    for significance, number in sorted(counts.items(), key=lambda each: -each[1]):
        said = found({"type": kind, "significance": significance})
        href = f"{address}&significance={significance}" if address else ""
        parts.append((said.tone, said.words, number, href))
    return parts


def finding_parts(claims: Sequence[Mapping[str, Any]], address: str) -> list[Part]:
    """The same of claims that a page shows."""
    counts = Counter(each["significance"] for each in claims)
    return significance_parts(claims[0]["type"], counts, address)


def vote_parts(votes: Mapping[str, Any]) -> list[Part]:
    """What studies found a high IL-6 to go with, as parts of a bar."""
    sides = (("worse", "worse", "poor"), ("better", "better", "better"), ("null", "no link", "no_link"))
    parts = [(tone, said, votes[name], "") for tone, said, name in sides]
    return [*parts, ("mixed", "divided", votes["divided"], "")]


def trial_parts(against: Mapping[str, int], others: int, address: str) -> list[Part]:
    """What came of trials against a tumour, and how many had another purpose, as parts of a bar."""
    listed = f"{address}{'&' if '?' in address else '?'}purpose="
    parts = [
        (said.tone, said.words, against.get(value, 0), f"{listed}anti-tumour&outcome={value}")
        for value, said in OUTCOMES.items()
    ]
    return [*parts, ("", "for another purpose", others, f"{listed}toxicity-management,cachexia,other")]


def outcome_parts(trials: Sequence[Mapping[str, Any]], address: str) -> list[Part]:
    """The same of trials that a page shows."""
    against = Counter(each["outcome"] for each in trials if each["purpose"] == "anti-tumour")
    return trial_parts(against, len(trials) - against.total(), address)


def tested_parts(tested: Any, address: str) -> list[Part]:
    """The same of a drug in a cancer."""
    shown = tested if isinstance(tested, dict) else tested.model_dump(mode="json")
    others = sum(number for counts in shown["other_trials"].values() for number in counts.values())
    return trial_parts(shown["trials"], others, address)


def compared_parts(trials: Mapping[str, Mapping[str, int]], address: str) -> list[Part]:
    """The same of trials that were counted by purpose and outcome."""
    others = sum(sum(counts.values()) for purpose, counts in trials.items() if purpose != "anti-tumour")
    return trial_parts(trials.get("anti-tumour", {}), others, address)


def side_parts(conflict: Mapping[str, Any]) -> list[Part]:
    """What studies found on a question, as parts of a bar."""
    counts = {each["significance"]: each["publications"] for each in conflict["sides"]}
    return significance_parts(conflict["type"], counts)


def files_of(
    kind: Kind, record: Mapping[str, Any]
) -> list[tuple[str, str, list[tuple[str, str]], list[str]]]:
    """The tables that can be downloaded of a record: a label, an address, its parameters, and formats."""
    asked = [(kind.value, record["id"])]
    return [
        (capital(path), f"/{path}", asked, ["csv", "tsv", "ndjson"])
        for path in ("evidence", "trials", "approvals")
        if record.get(path) and kind.value in BY_PATH[path].filters.model_fields
    ]


VERDICTS = {
    "poor": Said("worse", "worse"),
    "better": Said("better", "better"),
    "mixed": Said("mixed", "mixed"),
    "no-link": Said("no link", "null"),
    "not-studied": Said("not studied"),
}
"""What a high IL-6 goes with in a cancer."""

OUTCOMES = {
    "positive": Said("positive", "benefit"),
    "negative": Said("negative", "null"),
    "mixed": Said("mixed", "mixed"),
    "safety-only": Said("safety only"),
    "not-reported": Said("no result"),
}
"""What came of a trial: what the drug did, by the end point of the trial."""


def option(value: str, field: str) -> str:
    """A value of a field that is chosen, in the words of the pages."""
    chosen: dict[str, Mapping[Any, Said]] = {
        "prognosis": VERDICTS,
        "outcome": OUTCOMES,
        "significance": FOUND,
    }
    said = chosen.get(field, {}).get(value)
    return said.words if said else {"true": "yes", "false": "no"}.get(value) or words(value)


CLASSES = {
    "neutralises-ligand": "Binds IL-6",
    "blocks-receptor": "Binds the IL-6 receptor",
    "traps-complex": "Traps IL-6 with its receptor",
    "blocks-co-receptor": "Blocks gp130",
    "inhibits-kinase": "Inhibits JAK kinases",
    "inhibits-transcription-factor": "Inhibits STAT3",
}
"""What drugs do, from the ligand down the pathway."""

SYMBOLS = {
    "il6": "IL-6", "il6r": "IL-6R", "il6st": "gp130", "tnfsf11": "RANKL", "cd274": "PD-L1", "vegfa": "VEGF-A",
    "bcl2l1": "BCL-XL", "cyp19a1": "aromatase", "hamp": "hepcidin", "ptpn11": "SHP2", "hif1a": "HIF-1\u03b1",
    "nfkb1": "NF-\u03baB1",
}  # fmt: skip
"""What people call a protein, where it is not the symbol of its gene."""


def symbol(target_id: str) -> str:
    """The short name of a target."""
    return SYMBOLS.get(target_id, target_id.upper())


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, cut between words."""
    if len(text) <= most:
        return text
    return text[: most - 1].rpartition(" ")[0].rstrip(" ,;:.(") + "\u2026"


def headings(html: str) -> list[tuple[str, str]]:
    """The sections of a page: their anchors and titles, for its table of contents."""
    found = re.findall(r'<h2 id="([^"]+)"[^>]*>(.*?)</h2>', html, re.DOTALL)
    return [(anchor, Markup(title).striptags()) for anchor, title in found]


MARKUP = re.compile(r"(<(svg|pre|select|datalist|title)\b.*?</\2>|<[^>]*>)", re.DOTALL)
TIED = re.compile(r"\d %(?: CI)?|\b[np] (?:=|&lt;|&gt;) (?=\d)")
WHOLE = re.compile(
    r"(?<!\w)(?:s?IL|[Ii]nterleukin|PD|CTLA|COVID|JAK|STAT|NF|HIF|CAR|VEGF|BCL)-[\w\u03b1\u03ba]+"
)


LINK = re.compile(r'<a\b[^>]*? href="([^"]*)"')


def typeset(page: str) -> str:
    """A page whose lines break neither within a figure nor within a name such as IL-6.

    By keyboard each address is met once: of links to the same, the first alone is a tab stop.
    """
    head, body, rest = page.partition("<body>")
    met: set[str] = set()

    def tied(text: str) -> str:
        text = TIED.sub(lambda each: each[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
        return WHOLE.sub(r'<span class="n">\g<0></span>', text)

    def stop(tag: str) -> str:
        link = LINK.match(tag)
        if link is None or " tabindex=" in tag:
            return tag
        if link[1] in met:
            return f'<a tabindex="-1"{tag[2:]}'
        met.add(link[1])
        return tag

    pieces, end = [], 0
    for each in MARKUP.finditer(rest):
        pieces += [tied(rest[end : each.start()]), stop(each[0])]
        end = each.end()
    return "".join([head, body, *pieces, tied(rest[end:])])


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
        "found": found,
        "headings": headings,
        "json_ld": json_ld,
        "lower_first": within_sentence,
        "number": number,
        "option": option,
        "registry": registry,
        "shortened": shortened,
        "spaced": spaced,
        "symbol": symbol,
        "words": words,
    }
    made.globals |= {
        "address": address,
        "by_kind": BY_KIND,
        "classes": CLASSES,
        "collections": COLLECTIONS,
        "compared_parts": compared_parts,
        "exports": EXPORTS,
        "files_of": files_of,
        "finding_parts": finding_parts,
        "graph_exports": GRAPH_EXPORTS,
        "kinds": {each.path: each.kind for each in COLLECTIONS},
        "link": link,
        "outcome_parts": outcome_parts,
        "side_parts": side_parts,
        "significance_parts": significance_parts,
        "tested_parts": tested_parts,
        "vote_parts": vote_parts,
        "outcomes": OUTCOMES,
        "verdicts": VERDICTS,
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
        "origin": base_of(request.scope),
        "path": request.url.path,
        "asked": request.query_params.multi_items(),
        "release": getattr(request.state, "release", None),
        "read_as": getattr(request.state, "read_as", {}),
    }
    body = typeset(templates().get_template(template).render(content))
    return HTMLResponse(body, status, headers={"Content-Security-Policy": POLICY, **(headers or {})})
