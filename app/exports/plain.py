"""Answers as JSON: a page of a list, or some fields of a record."""

import json
from collections.abc import Collection
from typing import Any

from app.store.lists import Page


def body_of(page: Page, fields: list[str], following: str | None) -> str:
    """The JSON of a page; its items are JSON already, and are read only to leave fields out."""
    items = page.items
    if fields:
        items = [narrowed(item, {"id", *fields}) for item in items]
    rest: dict[str, Any] = {"total": page.total, "next": following}
    if page.facets is not None:
        rest["facets"] = page.facets
    if page.missing is not None:
        rest["missing"] = page.missing
    if page.read_as:
        rest["read_as"] = {
            term: [each.model_dump() for each in records] for term, records in page.read_as.items()
        }
    return f'{{"items":[{",".join(items)}],{compact(rest)[1:]}'


def narrowed(item: str, fields: Collection[str]) -> str:
    """The JSON of an item with some of its fields alone."""
    return compact({name: value for name, value in json.loads(item).items() if name in fields})


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
