"""Workbooks: a sheet per table, one that says what the columns mean, and one on the release.

Text stays text: no spreadsheet runs it, or takes it for a number or a date.
"""

import datetime
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from app.exports.archive import archive
from app.exports.citation import ABOUT, MESSAGE, TITLE
from app.exports.columns import columns_of
from app.exports.table import value_of
from app.models.release import ReleaseRead

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

MOST = 32_767
"""Characters of a cell."""

CUT = " ... (cut, since a cell of a workbook holds no more)"

Rows = Iterable[str]


def write(rows: Rows, model: type[BaseModel], release: ReleaseRead) -> bytes:
    """The workbook of one table."""
    return book({"records": (model, rows)}, release)


def book(tables: Mapping[str, tuple[type[BaseModel], Rows]], release: ReleaseRead) -> bytes:
    """The workbook of several tables, by the names of their sheets."""
    import xlsxwriter  # workbooks alone need it

    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, {"in_memory": True})
    midnight = datetime.datetime.combine(release.date, datetime.time())
    made.set_properties({"title": TITLE, "comments": release.citation, "created": midnight})
    bold = made.add_format({"bold": True})
    for name, lines in sheets(tables, release):
        sheet = made.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for row, cells in enumerate(lines):
            for column, value in enumerate(cells):
                write_cell(sheet, row, column, value, None if row else bold)
    made.close()
    with zipfile.ZipFile(buffer) as packed:
        return archive({each: packed.read(each) for each in packed.namelist()}, release.date)


def sheets(
    tables: Mapping[str, tuple[type[BaseModel], Rows]], release: ReleaseRead
) -> Iterator[tuple[str, Iterable[Iterable[Any]]]]:
    """The names of the sheets, and their lines: first the headings."""
    columns = {name: columns_of(model) for name, (model, _) in tables.items()}
    for name, (_, rows) in tables.items():
        records = map(json.loads, rows)
        lines = ([value_of(record, each.path) for each in columns[name]] for record in records)
        yield name, [[each.name for each in columns[name]], *lines]
    meanings = ((name, each) for name, several in columns.items() for each in several)
    yield (
        "columns",
        [
            ["sheet", "column", "type", "meaning", "words"],
            *([name, each.name, each.type, each.about, ", ".join(each.words)] for name, each in meanings),
        ],
    )
    yield (
        "about",
        [
            ["name", "value"],
            ["title", TITLE],
            ["about", " ".join(ABOUT)],
            ["release", release.version],
            ["date", str(release.date)],
            ["licence", release.licence],
            ["citation", release.citation],
            ["how to cite", MESSAGE],
            ["checksum", release.checksum],
        ],
    )


def write_cell(sheet: Any, row: int, column: int, value: Any, form: Any) -> None:
    """A value as what it is: a truth value, a number, or text."""
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value, form)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, form)
    elif value:
        text = value if len(value) <= MOST else value[: MOST - len(CUT)] + CUT
        sheet.write_string(row, column, text, form)
