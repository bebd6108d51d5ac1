"""The schema: up and down on both engines, and nothing that the models and the migrations disagree on."""

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlmodel import SQLModel

from app import SCHEMA_REVISION
from app.seeding.build import alembic_config
from app.store.engine import make_engine, parse_url
from tests.conftest import NewDatabase


def test_the_service_reads_the_newest_schema() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [SCHEMA_REVISION]


def test_migrations_go_up_down_and_up_and_match_the_models(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()
    monkeypatch.setenv("IL6_DATABASE_URL", url)
    config = alembic_config()
    engine = make_engine(parse_url(url))

    def tables() -> set[str]:
        with engine.connect() as connection:
            return set(inspect(connection).get_table_names())

    command.upgrade(config, "head")
    assert set(SQLModel.metadata.tables) <= tables()
    command.check(config)
    command.downgrade(config, "base")
    assert tables() == {"alembic_version"}
    command.upgrade(config, "head")
    command.check(config)
    with engine.connect() as connection:
        names = [
            constraint["name"]
            for table in SQLModel.metadata.tables
            for constraint in inspect(connection).get_foreign_keys(table)
        ]
    assert names
    assert all(str(name).startswith("fk_") for name in names)
    engine.dispose()


def test_migrations_need_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="without --sql"):
        command.upgrade(alembic_config(), "head", sql=True)
