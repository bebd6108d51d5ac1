"""The rows of the seed files by plain YAML, from which right answers are worked out."""

from functools import cache
from typing import Any

import yaml

from app.settings import SEED


@cache
def rows(name: str) -> list[dict[str, Any]]:
    """Those of a collection, as they stand in its file; they are shared, and changed by nobody."""
    read: list[dict[str, Any]] = yaml.load((SEED / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return read
