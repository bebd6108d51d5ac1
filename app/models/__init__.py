"""What a thing is: one file per entity, with its fields, seed row, table, answers and enumerations.

- `XBase`: the fields that all others share
- `XSeed`: a row of `seed/`, which names other records by id
- `X`: the table
- `XItem`: the answer in a list
- `XRecord`: the answer whole, where it says more than the item
- `XFilters`: what the list can be asked for
"""

from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy import String
from sqlmodel import SQLModel

TEXT = String().with_variant(String(collation="C"), "postgresql")
"""Text sorts by code point on every database, so that pages are the same on every database."""

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")  # every table is in the metadata

for _table in SQLModel.metadata.tables.values():
    for _column in _table.columns:
        if type(_column.type).__name__ in ("AutoString", "String"):
            _column.type = TEXT
