"""The core of the pathway: drugs, the signal from IL-6 to STAT3, what it drives, and cancers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlmodel import Session, select

from app.catalog import BY_KIND
from app.models.base import Kind
from app.pages.render import CLASSES, capital, words
from app.store.release import remember

Group = tuple[str, list[Mapping[str, str]]]
"""A title, and the records under it."""

STAGES = (
    (("neutralises-ligand",), ("il6",)),
    (("blocks-receptor", "traps-complex"), ("il6r",)),
    (("blocks-co-receptor",), ("il6st",)),
    (("inhibits-kinase",), ("jak1", "jak2", "tyk2")),
    (("inhibits-transcription-factor",), ("stat3",)),
)
"""From the ligand down: what drugs do there, and the proteins."""

DRIVEN = ("hallmark", "microenvironment", "resistance", "systemic", "limitation")
"""The groups of mechanisms, in the order in which they are told."""

TITLES = {
    "hallmark": "Hallmarks of cancer", "microenvironment": "The microenvironment",
    "resistance": "Resistance to treatment", "systemic": "The whole body",
    "limitation": "What limits blocking it",
    "cns": "Of the nervous system", "haematological": "Of blood and lymph", "mixed": "Several kinds",
}  # fmt: skip


class Stage(NamedTuple):
    drugs: list[Group]
    proteins: tuple[str, ...]


class Core(NamedTuple):
    stages: list[Stage]
    mechanisms: list[Group]
    cancers: list[Group]


def core_of(session: Session) -> Core:
    """The core map of a release."""
    return remember(session, "core", lambda: load_core(session))


def load_core(session: Session) -> Core:
    def groups(kind: Kind, field: str) -> dict[str, list[Mapping[str, str]]]:
        table = BY_KIND[kind].table
        found: dict[str, list[Mapping[str, str]]] = {}
        chosen = select(table.id, table.name, getattr(table, field)).order_by(table.name)
        for record_id, name, value in session.execute(chosen):
            found.setdefault(str(value.value), []).append({"id": record_id, "name": name})
        return found

    drugs = groups(Kind.INHIBITOR, "action")
    mechanisms, cancers = groups(Kind.MECHANISM, "category"), groups(Kind.CANCER, "group")

    def titled(found: Mapping[str, list[Any]], value: str) -> Group:
        return TITLES.get(value, capital(words(value))), found[value]

    return Core(
        [
            Stage([(CLASSES[each], drugs[each]) for each in actions if each in drugs], proteins)
            for actions, proteins in STAGES
        ],
        [titled(mechanisms, each) for each in DRIVEN if each in mechanisms],
        [titled(cancers, each) for each in sorted(cancers, key=lambda each: -len(cancers[each]))],
    )
