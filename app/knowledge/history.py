"""The history: which releases there were, what changed between two of them, and how a record changed."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.catalog import BY_KIND, RESOURCES, Resource
from app.errors import InvalidParameter, RecordNotFound
from app.knowledge.changes import change_of, fields_changed
from app.models.base import Kind, Ref
from app.models.history import (
    ChangedRecord,
    ChangeKind,
    Changes,
    CollectionChanges,
    History,
    Published,
    RecordOfRelease,
    RecordVersion,
    ReleaseSummary,
    Revision,
)
from app.store.lists import UNFIT
from app.store.names import find_id

Row = dict[str, Any] | None


def all_published(session: Session) -> list[Published]:
    """Every release, the newest first."""
    return list(session.scalars(select(Published).order_by(col(Published.number).desc())))


def summaries(session: Session) -> list[ReleaseSummary]:
    """Every release with what it changed, the newest first."""
    found = all_published(session)
    before = [each.version for each in found[1:]]
    return [
        ReleaseSummary(**each.model_dump(), since=since, links=links_of(each.version))
        for each, since in zip(found, [*before, None], strict=True)
    ]


def links_of(version: str) -> dict[str, str]:
    own = f"/releases/{version}"
    return {"self": own, "changes": f"{own}/changes"}


def published(session: Session, version: str) -> Published:
    """The release of a version; raises RecordNotFound."""
    found = all_published(session)
    for each in found:
        if each.version == version:
            return each
    raise RecordNotFound(f"There is no release {version[:100]}; there are {versions(found)}.")


def versions(found: Iterable[Published]) -> str:
    return ", ".join(each.version for each in found)


def compared_with(session: Session, release: Published, since: str | None) -> Published | None:
    """The release to compare with: the one named, or the one before; raises InvalidParameter."""
    earlier = [each for each in all_published(session) if each.number < release.number]
    if since is None:
        return earlier[0] if earlier else None
    for each in earlier:
        if each.version == since:
            return each
    expected = f"one of {versions(earlier)}" if earlier else "nothing: this is the first release"
    raise InvalidParameter("since", f"An earlier release than {release.version} is expected: {expected}")


def states(rows: Sequence[Revision], number: int) -> tuple[str, Row]:
    """What the revisions of one record say it was in a release: its name, and its row."""
    held = [each for each in rows if each.number <= number]
    last = held[-1] if held else None
    return (last.label if last else "", json.loads(last.row) if last and last.row else None)


def changes_between(
    session: Session, release: Published, since: Published | None, paths: Collection[str] = ()
) -> Changes:
    """What differs between two releases, per collection and field by field: all collections or some."""
    kinds = {each.path: each.kind for each in sorted(RESOURCES, key=lambda each: each.path)}
    kinds = {path: kind for path, kind in kinds.items() if path in paths or not paths}
    start = since.number if since else 0
    asked = select(Revision).where(
        col(Revision.number) <= release.number, col(Revision.kind).in_(kinds.values())
    )
    order = (col(Revision.kind), col(Revision.record_id), col(Revision.number))
    records: dict[tuple[Kind, str], list[Revision]] = {}
    for each in session.scalars(asked.order_by(*order)):
        records.setdefault((each.kind, each.record_id), []).append(each)
    found = {path: CollectionChanges(added=[], changed=[], removed=[]) for path in kinds}
    for (kind, record_id), rows in records.items():
        if rows[-1].number <= start:
            continue
        (old_name, before), (name, after) = states(rows, start), states(rows, release.number)
        part = found[BY_KIND[kind].path]
        match change_of(before, after):
            case ChangeKind.ADDED:
                part.added.append(Ref(id=record_id, name=name))
            case ChangeKind.REMOVED:
                part.removed.append(Ref(id=record_id, name=old_name))
            case ChangeKind.CHANGED:
                fields = fields_changed(before, after)
                part.changed.append(ChangedRecord(id=record_id, name=name, fields=fields))
    return Changes(release=release.version, since=since.version if since else None, collections=found)


def revisions_of(session: Session, resource: Resource, name: str) -> tuple[str, list[Revision]]:
    """The id and the revisions of a record, by any of its names, or by an id that was removed."""
    asked = select(Revision).where(col(Revision.kind) == resource.kind).order_by(col(Revision.number))
    if not UNFIT.search(name) and (
        rows := list(session.scalars(asked.where(col(Revision.record_id) == name)))
    ):
        return name, rows
    record_id = find_id(session, resource.kind, name)
    return record_id, list(session.scalars(asked.where(col(Revision.record_id) == record_id)))


def history_of(session: Session, resource: Resource, name: str) -> History:
    """The releases that changed a record, the newest first; raises RecordNotFound or AmbiguousName."""
    record_id, rows = revisions_of(session, resource, name)
    releases = {each.number: each for each in all_published(session)}
    own = f"/{resource.path}/{record_id}"
    items = []
    before: Row = None
    for each in rows:
        after = json.loads(each.row) if each.row else None
        change = change_of(before, after)
        assert change is not None, "a revision differs from the one before"
        release = releases[each.number]
        links = {"record": f"{own}?release={release.version}"} if after else {}
        fields = fields_changed(before, after)
        items.append(
            RecordVersion(
                release=release.version, date=release.date, change=change, fields=fields, links=links
            )
        )
        before = after
    links = {"self": f"{own}/history"} | ({"record": own} if before else {})
    return History(kind=resource.kind, id=record_id, name=rows[-1].label, items=items[::-1], links=links)


def record_of(session: Session, resource: Resource, name: str, version: str) -> RecordOfRelease:
    """What a release said of a record; raises RecordNotFound or AmbiguousName."""
    release = published(session, version)
    record_id, rows = revisions_of(session, resource, name)
    label, row = states(rows, release.number)
    own = f"/{resource.path}/{record_id}"
    if row is None:
        raise RecordNotFound(
            f"Release {version} has no {resource.kind} {record_id}; {own}/history says when it was there."
        )
    return RecordOfRelease(
        release=version,
        date=release.date,
        kind=resource.kind,
        id=record_id,
        name=label,
        row=row,
        citation=f"{label.removesuffix('.')}. {release.citation}",
        links={
            "self": f"/releases/{version}{own}",
            "history": f"{own}/history",
            "release": f"/releases/{version}",
        },
    )


def dataset_of(session: Session, release: Published) -> dict[str, Any]:
    """A release as data: its head, and every row of it, as the frozen file has them."""
    asked = select(Revision).where(col(Revision.number) <= release.number)
    order = (col(Revision.kind), col(Revision.record_id), col(Revision.number))
    held: dict[tuple[Kind, str], str | None] = {
        (each.kind, each.record_id): each.row for each in session.scalars(asked.order_by(*order))
    }
    collections: dict[str, list[Any]] = {path: [] for path in sorted(each.path for each in RESOURCES)}
    for (kind, _), row in held.items():
        if row is not None:
            collections[BY_KIND[kind].path].append(json.loads(row))
    head = {"version": release.version, "date": str(release.date), "licence": release.licence}
    return {**head, "citation": release.citation, "checksum": release.checksum, "collections": collections}
