"""Changes between two releases as a table: a line per field that changed, and per record added or removed."""

from collections.abc import Iterator

from app.exports.table import cell, line
from app.models.history import ChangeKind, Changes

COLUMNS = ("collection", "id", "name", "change", "field", "before", "after")


def write(changes: Changes) -> Iterator[str]:
    yield line(COLUMNS, "excel")
    for path, part in changes.collections.items():
        for change, refs in ((ChangeKind.ADDED, part.added), (ChangeKind.REMOVED, part.removed)):
            for ref in refs:
                yield line((path, ref.id, cell(ref.name, ()), change, "", "", ""), "excel")
        for record in part.changed:
            for each in record.fields:
                told = (each.field, cell(each.before, ()), cell(each.after, ()))
                yield line((path, record.id, cell(record.name, ()), ChangeKind.CHANGED, *told), "excel")
