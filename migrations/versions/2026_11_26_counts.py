"""Totals that are stored, an index for every order, words of names beside words of texts.

An order goes along an index of its field and the id, so no list is sorted to be cut. The answers of a record
move behind its fields, where a database that reads a field does not come past them.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_counts"
down_revision = "2026_11_finding"
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a code is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")

ORDERS = {
    "approval": (
        "agency",
        "year",
        "status",
        "population",
        "route",
        "brand",
        "inhibitor_id",
        "indication_id",
        "for_cancer",
    ),
    "cancer": ("name", "site", "group", "parent_id", "prognosis"),
    "evidence": (
        "type",
        "direction",
        "level",
        "significance",
        "locator",
        "cancer_id",
        "inhibitor_id",
        "mechanism_id",
        "target_id",
        "publication_id",
        "measure",
        "value",
        "ci_low",
        "ci_high",
        "unit",
        "p_relation",
        "p_value",
        "endpoint",
        "n",
        "comparison",
    ),
    "indication": ("name", "area", "cancer_id"),
    "inhibitor": (
        "name",
        "scope",
        "action",
        "modality",
        "developer",
        "status",
        "max_phase",
        "first_approval_year",
        "parent_id",
        "approved_for_cancer",
    ),
    "interaction": ("predicate",),
    "mechanism": ("name", "category"),
    "publication": (
        "kind",
        "title",
        "journal",
        "year",
        "published",
        "volume",
        "issue",
        "pages",
        "doi",
        "pmid",
        "pmcid",
        "url",
        "seed",
    ),
    "target": ("symbol", "name", "role"),
    "trial": ("registry_id", "title", "phase", "status", "design", "outcome", "enrolment", "start_year"),
}
"""Fields by which each table is sorted and filtered."""

SINGLE = {
    "approval": ("indication_id", "inhibitor_id"),
    "cancer": ("parent_id", "prognosis"),
    "evidence": ("cancer_id", "inhibitor_id", "mechanism_id", "publication_id", "target_id"),
    "indication": ("cancer_id",),
    "inhibitor": ("parent_id",),
}
"""Fields whose index did not hold the id."""


def upgrade() -> None:
    # The next seeding writes every row anew; until then there is no release to serve.
    op.execute("DELETE FROM release")
    op.execute("DROP TABLE fts_entry")
    op.drop_index("ix_entry_kind", "entry")
    for table, fields in SINGLE.items():
        for name in fields:
            op.drop_index(f"ix_{table}_{name}", table)
    for table, fields in ORDERS.items():
        for name in ("item", "record"):
            op.drop_column(table, name)
            op.add_column(table, sa.Column(name, text, nullable=False, server_default=""))
        for name in fields:
            op.create_index(f"ix_{table}_{name}_id", table, [name, "id"])
    op.add_column("name", sa.Column("backwards", text, nullable=True))
    op.create_index("ix_name_kind_backwards_key", "name", ["kind", "backwards", "key"])
    sought = sa.text("backwards IS NOT NULL")
    op.create_index("ix_name_kind_key", "name", ["kind", "key"], sqlite_where=sought, postgresql_where=sought)
    op.create_table(
        "tally",
        sa.Column("kind", code, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("value", text, nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("below", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "name", "key", "value", name=op.f("pk_tally")),
    )
    op.create_index("ix_tally_kind_name_number", "tally", ["kind", "name", "number"])
    op.create_table(
        "pair",
        sa.Column("kind", code, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("other", text, nullable=False),
        sa.Column("other_key", text, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "key", "other", "other_key", name=op.f("pk_pair")),
    )
    op.create_table(
        "term",
        sa.Column("word", text, nullable=False),
        sa.Column("kind", code, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", "kind", name=op.f("pk_term")),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE fts_entry USING fts5(words, content='', columnsize=0, detail=none, "
            "prefix='1 2 3 4 5 6 7 8 9 10', tokenize=\"ascii tokenchars '_'\")"
        )
    else:
        op.execute("CREATE TABLE fts_entry (number integer PRIMARY KEY, words tsvector)")
        op.execute("CREATE INDEX fts_entry_words ON fts_entry USING gin (words)")


def downgrade() -> None:
    op.execute("DELETE FROM release")
    op.execute("DROP TABLE fts_entry")
    op.drop_table("term")
    op.drop_table("pair")
    op.drop_table("tally")
    op.drop_index("ix_name_kind_key", "name")
    op.drop_index("ix_name_kind_backwards_key", "name")
    op.drop_column("name", "backwards")
    for table, fields in ORDERS.items():
        for name in fields:
            op.drop_index(f"ix_{table}_{name}_id", table)
    for table, fields in SINGLE.items():
        for name in fields:
            op.create_index(f"ix_{table}_{name}", table, [name])
    op.create_index("ix_entry_kind", "entry", ["kind"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE fts_entry USING fts5"
            "(names, words, content='', columnsize=0, detail=column, tokenize='ascii')"
        )
    else:
        op.execute("CREATE TABLE fts_entry (number integer PRIMARY KEY, names tsvector, words tsvector)")
        op.execute("CREATE INDEX fts_entry_names ON fts_entry USING gin (names)")
        op.execute("CREATE INDEX fts_entry_words ON fts_entry USING gin (words)")
