"""From the filters of a list to the conditions of a query.

Filters that lead through the same linked rows hold of one such row: `indication` and `agency` of an
inhibitor are of one approval. Where linked rows are named, as in `trial.outcome`, the other filters that can
lead through them do; the rest share the links that all of a group can lead through. What `name__not` excludes
is what `name` would find among the rest.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    func,
    inspect,
    not_,
    or_,
    select,
    true,
    type_coerce,
    union,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from app.catalog import RESOURCES, Resource, filter_named
from app.errors import AmbiguousName, InvalidParameter, nearest
from app.models.base import PREFIXES, Kind
from app.models.cancer import Cancer, Verdict
from app.models.filters import DATES, AnyKind, Filters, Leads, RelationTo
from app.models.finding import Entry
from app.models.vocabulary import Level
from app.store.names import resolve
from app.store.release import remember
from app.store.search import found
from app.store.text import fold, lower_ascii, squeeze

Clause = ColumnElement[bool]
RowClause = Callable[[Any], Clause]
"""What a linked row must hold to."""

Alternatives = dict[str, RowClause]
"""By the relationship that leads to linked rows, what one of them must hold to; any of them will do."""

BY_TABLE = {each.table: each for each in RESOURCES}


@dataclass
class Conditions:
    """What the filters ask of a record: by itself, through linked rows that are named, and through others."""

    resource: Resource
    own: list[Clause] = field(default_factory=list)
    named: dict[str, list[RowClause]] = field(default_factory=dict)
    shared: list[Alternatives] = field(default_factory=list)
    computed: dict[str, Any] = field(default_factory=dict)
    """Columns that the parameters made."""

    def column(self, name: str) -> Any:
        """What a record has of a field: a column of its table, or what the parameters made of it."""
        return self.computed[name] if name in self.computed else end_column(self.resource.table, name)

    def joint(self) -> tuple[dict[str, list[RowClause]], list[Alternatives]]:
        """The linked rows that are named, with all that leads through them; and groups of the rest."""
        named = {link: list(rows) for link, rows in self.named.items()}
        groups: list[Alternatives] = []
        for each in self.shared:
            if links := [link for link in each if link in named]:
                for link in links:
                    named[link].append(each[link])
            else:
                place = next((n for n, group in enumerate(groups) if group.keys() & each.keys()), None)
                if place is None:
                    groups.append(each)
                else:
                    groups[place] = merged(groups[place], each)
        return named, groups

    def clauses(self) -> list[Clause]:
        """The conditions on the table of the collection."""
        named, groups = self.joint()
        ways = [{link: all_of(rows)} for link, rows in named.items()] + groups
        return self.own + [any_of(self.resource, each)(self.resource.table) for each in ways]

    def links_of(self, leads: Leads) -> tuple[dict[str, RowClause], bool]:
        """The links that one more relation would lead through, with what their rows hold to already.

        And whether a record must have the same value through all of them, not through any.
        """
        named, groups = self.joint()
        own = dict.fromkeys(link for link, _ in leads.paths)
        if links := [link for link in own if link in named]:
            return {link: all_of(named[link]) for link in links}, True
        for group in groups:
            if group.keys() & own.keys():
                return {link: row for link, row in group.items() if link in own}, False
        return {link: lambda _: true() for link in own}, False


def merged(one: Alternatives, other: Alternatives) -> Alternatives:
    return {link: all_of([row, other[link]]) for link, row in one.items() if link in other}


def all_of(rows: Sequence[RowClause]) -> RowClause:
    return lambda linked: and_(*(row(linked) for row in rows))


def linked_table(resource: Resource, link: str) -> type[SQLModel]:
    table: type[SQLModel] = inspect(resource.table).relationships[link].mapper.class_
    return table


def find_conditions(session: Session, resource: Resource, filters: Filters) -> Conditions:
    """What the filters ask; raises InvalidParameter or AmbiguousName for names and values that are none."""
    reader = Reader(session, bool(getattr(filters, "include_descendants", False)))
    found_ = Conditions(
        resource, computed={name: make(filters) for name, make in resource.filters.computed.items()}
    )
    excluded: list[tuple[str, RowClause | Alternatives]] = []
    order = list(type(filters).model_fields)
    given = sorted(filters.model_fields_set, key=lambda n: (order.index(n) if n in order else len(order), n))
    for name in given:
        value = getattr(filters, name)
        if value is None or value == []:
            continue
        named = filter_named(type(filters), name)
        if named is None:
            continue
        if name not in order:
            value = read_value(named.filters, named.name, name, value)
        owner = resource if not named.link else BY_TABLE[linked_table(resource, named.link)]
        asked = reader.asked(owner, named.name, value, name, filters)
        if named.excluded:
            excluded.append((named.link, asked))
        else:
            add(found_, named.link, asked)
    for link, asked in excluded:
        more = Conditions(resource, [], {k: list(v) for k, v in found_.named.items()}, list(found_.shared))
        add(more, link, asked)
        found_.own.append(and_(*more.clauses()).is_not(true()))
    if filters.q is not None:
        found_.own.append(holding(session, resource, filters.q))
    return found_


def add(conditions: Conditions, link: str, asked: "RowClause | Alternatives") -> None:
    """Put one more filter among the conditions."""
    if link:
        row = asked if callable(asked) else any_of(BY_TABLE[linked_table(conditions.resource, link)], asked)
        conditions.named.setdefault(link, []).append(row)
    elif callable(asked):
        conditions.own.append(asked(conditions.resource.table))
    else:
        conditions.shared.append(asked)


def any_of(resource: Resource, asked: Alternatives) -> RowClause:
    """A row of a collection has a linked row, by any of some relationships, that holds to something."""

    def held(row: Any) -> Clause:
        return or_(*(row.id.in_(joined_to(resource, link, test)[0]) for link, test in asked.items()))

    return held


def joined_to(resource: Resource, link: str, test: RowClause) -> tuple[Select[Any], Any]:
    """The ids of the records that have a linked row which holds to something; and that row."""
    root, linked = aliased(resource.table), aliased(linked_table(resource, link))
    chosen = select(root.id.label("id")).join(getattr(root, link).of_type(linked)).where(test(linked))
    return chosen, linked


def read_value(filters: type[Filters], name: str, given_as: str, value: Any) -> Any:
    """The value of a filter that is no field of the model of its list, as its own model reads it."""
    takes_list = isinstance(filters.model_fields[name].default, list)
    given = value if isinstance(value, list) else [value]
    if not takes_list and len(given) > 1:
        raise InvalidParameter(given_as, "Give it once", "repeated_parameter")
    try:
        return getattr(filters.model_validate({name: given if takes_list else given[0]}), name)
    except ValidationError as error:
        first = error.errors()[0]
        expected = str(first.get("ctx", {}).get("expected", ""))
        near = nearest(str(first["input"]), expected.replace("'", "").replace(" or ", ", ").split(", "))
        meant = f"; did you mean {near}?" if near and first["type"] in ("enum", "literal_error") else ""
        raise InvalidParameter(given_as, first["msg"] + meant, first["type"]) from None


@dataclass(frozen=True)
class Reader:
    """Reads the values of filters: names of records as ids, texts as they are spelt in the release."""

    session: Session
    descend: bool

    def asked(
        self, resource: Resource, name: str, value: Any, given_as: str, filters: Filters
    ) -> "RowClause | Alternatives":
        """What a filter asks of a row of its collection, or of rows that are linked to it."""
        own = resource.filters
        name = own.aliases.get(name, name)
        plain_name, _, bound = name.partition("__")
        if bound == "gte":
            return lambda row: getattr(row, plain_name) >= value
        if bound:
            return lambda row: or_(getattr(row, plain_name) <= value, within(row, plain_name, value))
        if name == "id":
            ids = self.ids(given_as, resource.kind, value)
            return lambda row: row.id.in_(ids)
        if name in own.extras:
            return self.extra(resource, value, filters)
        if name in own.computed:
            return lambda _: own.computed[name](filters).in_(value)
        if name in own.columns:
            return self.column(resource, name, value, given_as)
        if name in own.members:
            return self.member(resource, name, value, given_as)
        if name in own.references:
            ids = self.ids(given_as, own.references[name], value)
            return lambda row: getattr(row, f"{name}_id").in_(ids)
        if name in own.switches:
            test = own.switches[name].test
            return lambda row: test(row) if value else not_(test(row))
        return self.relation(own.relations[name], value, given_as)

    def extra(self, resource: Resource, value: Any, filters: Filters) -> RowClause:
        """What a parameter asks by itself: claims of a level or better, or cancers that have a verdict."""
        if resource.kind == Kind.EVIDENCE:
            return lambda row: row.level.in_([each for each in Level if each <= value])
        verdict = resource.filters.computed["prognosis"](filters)
        judged = getattr(filters, "prognosis", None) or "prognosis__not" in (filters.model_extra or {})
        return lambda _: true() if judged else verdict != Verdict.NOT_STUDIED

    def column(self, resource: Resource, name: str, value: Any, given_as: str) -> RowClause:
        values = list(dict.fromkeys(value)) if isinstance(value, list) else [value]
        kind = resource.filters.columns[name]
        if name in DATES:
            return lambda row: or_(*(within(row, name, each) for each in values))
        if issubclass(kind, str) and not issubclass(kind, StrEnum):
            return self.text(resource, name, values, given_as)
        return lambda row: getattr(row, name).in_(values)

    def member(self, resource: Resource, name: str, value: Any, given_as: str) -> RowClause:
        members, key = members_of(resource, name)
        if name == "authors":
            value = [author for each in value for author in self.authors(resource, each)]
        keys = {squeeze(each): each for each in value}
        held = select(members.c.key).where(members.c.key.in_(keys)).distinct()
        self.check(resource, name, keys, set(self.session.scalars(held)), given_as)
        return lambda row: row.id.in_(select(key).where(members.c.key.in_(keys)))

    def authors(self, resource: Resource, asked: str) -> list[str]:
        """The authors of a family name; a text that is none as it is."""
        return self.families(resource).get(squeeze(asked), [asked])

    def families(self, resource: Resource) -> dict[str, list[str]]:
        """The authors of the release by the key of their family name."""
        texts = texts_of(self.session, resource, "authors")
        return remember(self.session, "families", lambda: by_family(texts))

    def text(self, resource: Resource, name: str, value: Any, given_as: str) -> RowClause:
        """A text is compared without regard to the case of ASCII letters, which databases fold alike."""
        column = getattr(resource.table, name)
        if name in PREFIXES or name == "registry_id":
            value = [self.identifier(resource, name, each) for each in value]
        if name in BODIES:
            texts = texts_of(self.session, resource, name)
            value = [text for each in value for text in naming(each, texts) or [each]]
        keys = {lower_ascii(each): each for each in value}
        spelt = list(self.session.scalars(select(column).where(func.lower(column).in_(keys)).distinct()))
        known = set(map(lower_ascii, spelt))
        self.check(resource, name, keys, known, given_as)
        parts = {part for whole in known for part in whole.split(",") if part != whole}
        return lambda row: getattr(row, name).in_([each for each in spelt if lower_ascii(each) not in parts])

    def check(
        self, resource: Resource, name: str, asked: dict[str, str], known: set[str], given_as: str
    ) -> None:
        """Refuse texts that are in no record of the release, and name what is near."""
        unknown = [each for key, each in asked.items() if key not in known]
        for each in unmeant(unknown, [each for key, each in asked.items() if key in known]):
            meant = near_text(each, texts_of(self.session, resource, name))
            if name == "authors" and (family := nearest(squeeze(each), list(self.families(resource)))):
                meant = f"; did you mean {self.families(resource)[family][0]}?"
            raise InvalidParameter(given_as, f"No record has {each[:100]!r} there{meant}", "unknown_value")

    def identifier(self, resource: Resource, name: str, term: str) -> str:
        """An identifier as the release writes it, whichever way it was pasted; what is none as it is."""
        column, named = getattr(resource.table, name), resolve(self.session, [term], [resource.kind])[0]
        ids = [each.id for each in [named.match, *named.candidates] if each]
        held = self.session.scalars(select(column).where(resource.table.id.in_(ids), column.is_not(None)))
        return next((each for each in held if squeeze(term).endswith(squeeze(each))), term)

    def relation(self, leads: Leads, value: Any, given_as: str) -> "RowClause | Alternatives":
        """What linked rows must hold to, along each path."""
        values = [str(each) for each in value]
        if isinstance(leads.to, Kind) or leads.to is AnyKind:
            values = self.ids(given_as, leads.to if isinstance(leads.to, Kind) else None, value)
        if not leads.paths[0][0]:
            return lambda row: or_(*(end_column(row, end).in_(values) for _, end in leads.paths))
        return {link: self.row_clause(end, leads.to, values) for link, end in leads.paths}

    def row_clause(self, end: str, to: RelationTo, values: list[str]) -> RowClause:
        """A linked row has one of some values at the end of a path."""

        def held(linked: Any) -> Clause:
            resource = BY_TABLE[inspect(linked).mapper.class_]
            leads = resource.filters.relations.get(end)
            if leads is None:
                return end_column(linked, end).in_(values)  # type: ignore[no-any-return]
            if leads.to is AnyKind:
                return end_column(linked, end).in_([f"{to}/{each}" for each in values])  # type: ignore[no-any-return]
            return any_of(resource, {link: self.row_clause(last, to, values) for link, last in leads.paths})(
                linked
            )

        return held

    def ids(self, name: str, kind: Kind | None, terms: list[str]) -> list[str]:
        found_ids = ids_of(self.session, name, kind, terms)
        if self.descend and kind == Kind.CANCER:
            found_ids = with_descendants(self.session, found_ids)
        return list(dict.fromkeys(found_ids))


def within(row: Any, name: str, value: Any) -> Clause:
    """A field has a value, or a day that lies in a month or a year."""
    column = getattr(row, name)
    clause: Clause = column == value
    return clause | column.startswith(f"{value}-") if name in DATES else clause


BODIES = ("developer", "sponsor")
"""Fields that may name several companies in one text: each of them finds it."""


def naming(body: str, texts: Sequence[str]) -> list[str]:
    """The texts that hold the words of a name, one after the other."""

    def words(text: str) -> str:
        return f" {' '.join(re.findall('[a-z0-9-]+', fold(text)))} "

    asked = words(body)
    return [each for each in texts if asked.strip() and asked in words(each)]


def by_family(authors: Sequence[str]) -> dict[str, list[str]]:
    """Authors by the key of their family name, which is all but the initials."""
    families: dict[str, list[str]] = defaultdict(list)
    for each in authors:
        family, _, initials = each.rpartition(" ")
        if family and initials.isupper():
            families[squeeze(family)].append(each)
    return families


FEW = 12
"""Values that are all named where none is near."""


def near_text(asked: str, texts: Sequence[str]) -> str:
    """What was probably meant by a text that no record has: those that hold it, or one alike, or the few."""
    holding = naming(asked, texts)[:3]
    near = nearest(asked, texts)
    found = holding or ([near] if near else [])
    if found:
        return f"; did you mean {' or '.join(each[:100] for each in found)}?"
    return f"; there are {', '.join(texts)}" if len(texts) <= FEW else ""


def end_column(row: Any, end: str) -> Any:
    """The column of a linked row at the end of a path; both parts of a node are one text."""
    if end in ("source", "object"):
        return type_coerce(getattr(row, f"{end}_kind"), String) + "/" + getattr(row, f"{end}_id")
    return getattr(row, f"{end}_id" if hasattr(row, f"{end}_id") else end)


def members_of(resource: Resource, name: str) -> tuple[Table, Any]:
    """The values of a field that is a list, and the column of the records that have them."""
    table = SQLModel.metadata.tables[f"{resource.kind}_{name}"]
    return table, table.c[f"{resource.kind}_id"]


def texts_of(session: Session, resource: Resource, name: str) -> list[str]:
    """The texts that stand in a field of the release."""
    is_list = name in resource.filters.members
    column = members_of(resource, name)[0].c.value if is_list else getattr(resource.table, name)
    chosen = select(column).where(column.is_not(None)).distinct().order_by(column)
    return remember(session, ("texts", resource.path, name), lambda: list(session.scalars(chosen)))


def unmeant(unknown: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """Of values that are unknown, those that are no part or whole of one that is known.

    A name may hold a comma itself: where the whole is known its parts need not be, and the other way round.
    """
    whole = [each for each in known if "," in each]
    several = len(unknown) + len(known) > 1
    for each in unknown:
        if not any(each in term.split(",") for term in whole) and ("," not in each or not several):
            yield each


def ids_of(
    session: Session,
    name: str,
    kind: Kind | None,
    terms: list[str],
    among: Collection[Kind] = tuple(Kind),
) -> list[str]:
    """The ids that the terms of a filter stand for; `kind/id` where they may be of several kinds."""
    resolutions = resolve(session, terms, [kind] if kind else among)
    for each in resolutions:
        if each.candidates:
            raise AmbiguousName(
                f"{name}: {each.term[:100]!r} stands for several records; name one of them by its id.",
                each.candidates,
            )
    known = {each.term: each.match for each in resolutions if each.match}
    near = {each.term: each.suggestions for each in resolutions}
    for term in unmeant([each.term for each in resolutions if each.match is None], list(known)):
        meant = f"; did you mean {near[term][0].id}?" if near[term] else ""
        raise InvalidParameter(name, f"There is no {kind or 'record'} {term[:100]!r}{meant}", "unknown_name")
    return [each.id if kind else f"{each.kind}/{each.id}" for each in known.values()]


def with_descendants(session: Session, cancers: list[str]) -> list[str]:
    """The cancers, and all that they hold, however deep."""
    held = select(col(Cancer.id)).where(col(Cancer.id).in_(cancers)).cte(recursive=True)
    held = held.union(select(col(Cancer.id)).join(held, col(Cancer.parent_id) == held.c.id))
    return list(session.scalars(select(held.c.id)))


def holding(session: Session, resource: Resource, query: str) -> Clause:
    """The record is one that a search finds."""
    entries = select(Entry.record_id).where(  # type: ignore[call-overload]
        col(Entry.kind) == resource.kind, col(Entry.number).in_(found(session, query, resource.kind))
    )
    return resource.table.id.in_(entries)  # type: ignore[no-any-return]


def count_values(session: Session, conditions: Conditions, name: str) -> list[tuple[Any, int]]:
    """How many of the records that hold to conditions have each value of a field or relation."""
    resource, table, filters = conditions.resource, conditions.resource.table, conditions.resource.filters
    clauses = conditions.clauses()
    if name in filters.columns or name in filters.references:
        value = conditions.column(name)
        counted = select(value, func.count()).select_from(table).group_by(value)
        counted = counted.where(value.is_not(None), *clauses)
    elif name in filters.members:
        members, key = members_of(resource, name)
        spelt, listed = func.min(members.c.value), select(table.id).where(*clauses)
        counted = select(spelt, func.count()).group_by(members.c.key)
        counted = counted.where(key.in_(listed)) if clauses else counted
    else:
        among = select(table.id).where(*clauses) if clauses else None
        pairs = pairs_of(conditions, filters.relations[name], among).subquery()
        counted = select(pairs.c.value, func.count()).group_by(pairs.c.value)
    return [(value, records) for value, records in session.execute(counted)]


def pairs_of(conditions: Conditions, leads: Leads, listed: Any) -> Any:
    """The ids of listed records with each value that they have along the paths of a relation."""
    resource = conditions.resource
    if not leads.paths[0][0]:
        own = resource.table
        ways = [
            select(own.id, type_coerce(end_column(own, end), String).label("value")) for _, end in leads.paths
        ]
        return union(*(each if listed is None else each.where(own.id.in_(listed)) for each in ways))
    links, same = conditions.links_of(leads)
    parts = []
    for link, row in links.items():
        chosen, linked = joined_to(resource, link, row)
        if listed is not None:
            chosen = chosen.where(chosen.selected_columns.id.in_(listed))
        parts.append(with_value(chosen, linked, dict(leads.paths)[link], leads.to))
    first, *others = parts
    if not others:
        return first.distinct()
    return first.intersect(*others) if same else union(first, *others)


def with_value(chosen: Any, linked: Any, end: str, to: RelationTo) -> Any:
    """A selection with the value that a linked row has at the end of a path."""
    resource = BY_TABLE[inspect(linked).mapper.class_]
    leads = resource.filters.relations.get(end)
    if leads is None:
        value = end_column(linked, end)
        return chosen.add_columns(type_coerce(value, String).label("value")).where(value.is_not(None))
    if leads.to is AnyKind:
        value = getattr(linked, f"{end}_id")
        return chosen.add_columns(value.label("value")).where(getattr(linked, f"{end}_kind") == to)
    ((link, last),) = leads.paths
    further = aliased(linked_table(resource, link))
    return with_value(chosen.join(getattr(linked, link).of_type(further)), further, last, to)


def sources_of(resource: Resource, ids: Sequence[str]) -> Any:
    """The statement that selects the ids of the publications behind some records."""
    table = resource.table
    if "publication" in resource.filters.references:
        return select(table.publication_id).where(table.id.in_(ids))
    pairs = pairs_of(Conditions(resource), resource.filters.relations["publication"], ids).subquery()
    return select(pairs.c.value)
