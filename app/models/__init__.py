"""What a thing is: one file per entity, with its fields, seed row, table, answers and enumerations.

- `XBase`: the fields that all others share
- `XSeed`: a row of `seed/`, which names other records by id
- `X`: the table
- `XItem`: the answer in a list
- `XRecord`: the answer whole, where it says more than the item
- `XFilters`: what the list can be asked for
"""

from sqlalchemy import String
from sqlmodel import SQLModel

from app.models import (
    approval,
    cancer,
    evidence,
    finding,
    indication,
    inhibitor,
    interaction,
    mechanism,
    publication,
    release,
    target,
    trial,
)

__all__ = [
    "TEXT",
    "approval",
    "cancer",
    "evidence",
    "finding",
    "indication",
    "inhibitor",
    "interaction",
    "mechanism",
    "publication",
    "release",
    "target",
    "trial",
]

TEXT = String().with_variant(String(collation="C"), "postgresql")
"""Text sorts by code point on every database, so that pages are the same on every database."""

for _table in SQLModel.metadata.tables.values():
    for _column in _table.columns:
        if type(_column.type).__name__ == "AutoString":
            _column.type = TEXT
