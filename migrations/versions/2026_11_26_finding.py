"""What records are found by: names, properties, entries, and the full-text index of each database."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_finding"
down_revision = "2026_11"
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a code is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    # The next seeding writes every row anew; until then there is no release to serve.
    op.execute("DELETE FROM release")
    op.add_column(
        "approval", sa.Column("for_cancer", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.drop_index("ix_cancer_verdict", "cancer")
    op.execute("ALTER TABLE cancer RENAME COLUMN verdict TO prognosis")
    op.create_index("ix_cancer_prognosis", "cancer", ["prognosis"])
    op.create_table(
        "name",
        sa.Column("key", text, nullable=False),
        sa.Column("kind", code, nullable=False),
        sa.Column("record_id", text, nullable=False),
        sa.Column("matched_on", code, nullable=False),
        sa.Column("spelling", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.PrimaryKeyConstraint("key", "kind", "record_id", name=op.f("pk_name")),
    )
    op.create_table(
        "property",
        sa.Column("kind", code, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("record_id", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "key", "record_id", name=op.f("pk_property")),
    )
    op.create_index("ix_property_record_id", "property", ["kind", "record_id", "name"])
    op.create_table(
        "entry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", code, nullable=False),
        sa.Column("record_id", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("text", text, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_entry")),
    )
    op.create_index("ix_entry_kind", "entry", ["kind"])
    op.create_index("ix_entry_kind_record_id", "entry", ["kind", "record_id"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE fts_entry USING fts5"
            "(names, words, content='', columnsize=0, detail=column, tokenize='ascii')"
        )
    else:
        op.execute("CREATE TABLE fts_entry (number integer PRIMARY KEY, names tsvector, words tsvector)")
        op.execute("CREATE INDEX fts_entry_names ON fts_entry USING gin (names)")
        op.execute("CREATE INDEX fts_entry_words ON fts_entry USING gin (words)")


def downgrade() -> None:
    op.execute("DELETE FROM release")
    op.execute("DROP TABLE fts_entry")
    op.drop_table("entry")
    op.drop_table("property")
    op.drop_table("name")
    op.drop_index("ix_cancer_prognosis", "cancer")
    op.execute("ALTER TABLE cancer RENAME COLUMN prognosis TO verdict")
    op.create_index("ix_cancer_verdict", "cancer", ["verdict"])
    op.execute("ALTER TABLE approval DROP COLUMN for_cancer")
