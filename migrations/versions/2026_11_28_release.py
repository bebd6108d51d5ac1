"""What release 2026.12 tells more: specimens, settings, proofs, and which publications are of one study."""

import sqlalchemy as sa
from alembic import op

revision = "2026_12"
down_revision = "2026_11_links"
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a code is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")

COLUMNS = {
    "approval": {"proof": code},
    "evidence": {
        **dict.fromkeys(("specimen", "timing", "analysis", "study_type", "endpoint"), code),
        "event": text,
        "horizon_months": sa.Integer(),
    },
    "publication": {"authors_complete": sa.Boolean(), "same_study_as_id": text},
    "trial": {
        **dict.fromkeys(("purpose", "toxicity", "setting", "masking"), code),
        **dict.fromkeys(("status_as_of", "results_url", "sponsor"), text),
    },
}
"""Fields that lists are filtered and sorted by."""

READ = {"trial": ("why_stopped", "primary_endpoint", "outcome_of")}
"""Fields that are read alone."""

REQUIRED = ("proof", "authors_complete", "purpose", "setting", "masking")

LISTS = {"cancer": "sought_as", "publication": "unverified", "trial": "other_ids"}
"""Fields that are lists of texts."""

ANSWERS = ("item", "record")
"""They stay behind the fields, where a database that reads a field does not come past them."""


def upgrade() -> None:
    # The next seeding writes every row anew; until then there is no release to serve.
    op.execute("DELETE FROM release")
    drop("evidence", "endpoint")  # it was free text, and is a word of a vocabulary now
    for table in sorted({*COLUMNS, *LISTS}):
        for name in ANSWERS:
            op.drop_column(table, name)
        if table in LISTS:
            add_list(table, LISTS[table])
        for name, type_ in COLUMNS.get(table, {}).items():
            add(table, name, type_)
            index(table, name)
        for name in READ.get(table, ()):
            add(table, name, text)
        for name in ANSWERS:
            op.add_column(table, sa.Column(name, text, nullable=False, server_default=""))


def index(table: str, name: str) -> None:
    last = " NULLS LAST" if op.get_bind().dialect.name == "postgresql" else ""
    op.create_index(f"ix_{table}_{name}_id", table, [name, "id"])
    op.execute(f'CREATE INDEX falling_{table}_{name} ON {table} ("{name}" DESC{last}, id)')


def drop(table: str, name: str) -> None:
    op.execute(f"DROP INDEX falling_{table}_{name}")
    op.drop_index(f"ix_{table}_{name}_id", table)
    op.drop_column(table, name)


def add(table: str, name: str, type_: sa.types.TypeEngine[object]) -> None:
    required = name in REQUIRED
    empty = sa.false() if isinstance(type_, sa.Boolean) else ""
    column = sa.Column(name, type_, nullable=not required, server_default=empty if required else None)
    op.add_column(table, column)


def add_list(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        f"{table}_{name}",
        sa.Column(f"{table}_id", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.ForeignKeyConstraint(
            [f"{table}_id"], [f"{table}.id"], name=op.f(f"fk_{table}_{name}_{table}_id_{table}")
        ),
        sa.PrimaryKeyConstraint(f"{table}_id", "key", name=op.f(f"pk_{table}_{name}")),
    )
    op.create_index(f"ix_{table}_{name}_key", f"{table}_{name}", ["key"])


def downgrade() -> None:
    op.execute("DELETE FROM release")
    for table, name in LISTS.items():
        op.drop_table(f"{table}_{name}")
        op.drop_column(table, name)
    for table, columns in COLUMNS.items():
        for name in columns:
            drop(table, name)
    for table, names in READ.items():
        for name in names:
            op.drop_column(table, name)
    add("evidence", "endpoint", text)
    index("evidence", "endpoint")
