"""How migrations reach the database: the connection of the caller, or else the one the settings name."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection, Enum, String
from sqlmodel import SQLModel

import app.models  # noqa: F401 - puts every table into the metadata
from app.settings import Settings
from app.store.engine import make_engine, parse_url, sqlite_path


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what models cannot say: what search engines keep beside the tables, and falling orders."""
    return not (kind in ("table", "index") and name is not None and name.startswith(("fts_", "falling_")))


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write the types of text and of enumerations by the names a migration gives them."""
    if kind == "type" and isinstance(item, Enum):
        return "code"
    return "text" if kind == "type" and isinstance(item, String) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        include_name=include_name,
        render_as_batch=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations run against a database: `alembic upgrade head`, without --sql")
given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = parse_url(Settings().database_url)
    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(url)
    with engine.begin() as connection:
        run(connection)
    engine.dispose()
