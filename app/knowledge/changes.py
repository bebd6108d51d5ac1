"""What differs between two states of the data: rows as curators wrote them, compared field by field."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.models.history import ChangeKind, FieldChange

Row = Mapping[str, Any]


def order_of(version: str) -> tuple[int, ...]:
    """What versions are sorted by: 2026.12.10 comes after 2026.12.9."""
    return tuple(map(int, version.split(".")))


def flat(row: Row, before: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a row; those of what is nested in it are written with dots."""
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def change_of(before: Row | None, after: Row | None) -> ChangeKind | None:
    """What happened to a row; None where it says the same."""
    if before == after:
        return None
    if before is None:
        return ChangeKind.ADDED
    return ChangeKind.CHANGED if after is not None else ChangeKind.REMOVED


def fields_changed(before: Row | None, after: Row | None) -> list[FieldChange]:
    """The fields that differ between two states of a row; none where there was no row before or after."""
    if before is None or after is None:
        return []
    old, new = dict(flat(before)), dict(flat(after))
    return [
        FieldChange(field=name, before=old.get(name), after=new.get(name))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    ]
