"""Tables: one line per record, nested fields as columns with dots, as pandas names them.

Of a list of records each part is a column, its values joined by `|`; what is not known is left out. The
cross-references have a column for each registry too, such as `xref.chembl`.
"""

import csv
import io
import json
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from app.models.base import registries_of
from app.models.filters import scalar

LEFT_OUT = ("links",)
JOIN = "|"
XREF = "xref"


def columns_of(model: type[BaseModel], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The paths of all columns of a model, in the order of its fields."""
    paths: list[tuple[str, ...]] = []
    for name, field in model.model_fields.items():
        if name in LEFT_OUT:
            continue
        kind = scalar(field.annotation)
        if typing.get_origin(kind) is list:
            kind = scalar(typing.get_args(kind)[0])
        if typing.get_origin(kind) is dict:
            paths += [(*before, name, *rest) for rest in keys_of(kind)]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            paths += columns_of(kind, (*before, name))
        else:
            paths.append((*before, name))
            if name == "xrefs":
                paths += [(XREF, prefix) for prefix in registries_of(model).prefixes]
    return paths


def keys_of(kind: Any) -> list[tuple[str, ...]]:
    """The paths of a dictionary whose keys are words of a vocabulary, and of those within it."""
    keys, values = typing.get_args(kind)
    members = typing.get_args(keys) if typing.get_origin(keys) is typing.Literal else keys
    inner = keys_of(values) if typing.get_origin(values) is dict else [()]
    return [(member.value, *rest) for member in members for rest in inner]


def value_of(value: Any, path: tuple[str, ...]) -> Any:
    """What a record has at a path: a single value, or the text of several."""
    if path[:1] == (XREF,):
        return joined(each.partition(":")[2] for each in value["xrefs"] if each.partition(":")[0] == path[1])
    for depth, name in enumerate(path):
        if isinstance(value, list):
            return joined(value_of(each, path[depth:]) for each in value)
        if value is None:
            return None
        value = value.get(name)
    return joined(value) if isinstance(value, list) else value


def joined(values: Iterable[Any]) -> str:
    return JOIN.join(filter(None, map(as_text, values)))


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def cell(record: Any, path: tuple[str, ...]) -> str:
    """The text of one cell."""
    value = value_of(record, path)
    return neutral(value) if isinstance(value, str) else as_text(value)


def neutral(text: str) -> str:
    """A text that a spreadsheet shows and does not run."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def write(rows: Iterable[str], model: type[BaseModel], dialect: str) -> Iterator[str]:
    """The header and a line per record, in a dialect of the csv module: RFC 4180, or with tabs."""
    paths = columns_of(model)
    yield line((".".join(path) for path in paths), dialect)
    for row in rows:
        record = json.loads(row)
        yield line((cell(record, path) for path in paths), dialect)


def line(cells: Iterable[str], dialect: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, dialect).writerow(cells)
    return buffer.getvalue()
