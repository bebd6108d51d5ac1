"""Filters read link tables: the values of lists, and the verdicts by level; stored counts and pairs go.

An order that falls goes along an index of its own, in which ties still rise by id.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_links"
down_revision = "2026_11_counts"
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a code is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")

LISTS = {
    "cancer": ("synonyms",),
    "evidence": ("combination",),
    "indication": ("synonyms",),
    "inhibitor": ("synonyms", "brands", "routes"),
    "mechanism": ("synonyms",),
    "publication": ("authors", "keywords"),
    "target": ("synonyms",),
    "trial": ("combination",),
}
"""Fields that are lists of texts."""

FALLING = {
    "approval": (
        *("agency", "year", "status", "population", "route", "brand", "inhibitor_id", "indication_id"),
        "for_cancer",
    ),
    "cancer": ("name", "site", "group", "parent_id", "prognosis"),
    "evidence": (
        *("type", "direction", "level", "significance", "locator", "cancer_id", "inhibitor_id"),
        *("mechanism_id", "target_id", "publication_id", "measure", "value", "ci_low", "ci_high", "unit"),
        *("p_relation", "p_value", "endpoint", "n", "comparison"),
    ),
    "indication": ("name", "area", "cancer_id"),
    "inhibitor": (
        *("name", "scope", "action", "modality", "developer", "status", "max_phase"),
        *("first_approval_year", "parent_id", "approved_for_cancer"),
    ),
    "interaction": ("predicate",),
    "mechanism": ("name", "category"),
    "publication": (
        *("kind", "title", "journal", "year", "published", "volume", "issue", "pages", "doi", "pmid"),
        *("pmcid", "url", "seed"),
    ),
    "target": ("symbol", "name", "role"),
    "trial": ("registry_id", "title", "phase", "status", "design", "outcome", "enrolment", "start_year"),
}
"""Fields by which each table is sorted."""


def upgrade() -> None:
    # The next seeding writes every row anew; until then there is no release to serve.
    op.execute("DELETE FROM release")
    for table in ("term", "pair", "tally", "property"):
        op.drop_table(table)
    op.drop_index("ix_name_kind_key", "name")
    op.drop_index("ix_name_kind_backwards_key", "name")
    op.drop_column("name", "backwards")
    op.add_column("name", sa.Column("sought", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "judgement",
        sa.Column("cancer_id", text, nullable=False),
        sa.Column("min_level", code, nullable=False),
        sa.Column("verdict", code, nullable=False),
        sa.Column("publications", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cancer_id"], ["cancer.id"], name=op.f("fk_judgement_cancer_id_cancer")),
        sa.PrimaryKeyConstraint("cancer_id", "min_level", name=op.f("pk_judgement")),
    )
    for table, fields in LISTS.items():
        for name in fields:
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
    last = " NULLS LAST" if op.get_bind().dialect.name == "postgresql" else ""
    for table, fields in FALLING.items():
        for name in fields:
            op.execute(f'CREATE INDEX falling_{table}_{name} ON {table} ("{name}" DESC{last}, id)')


def downgrade() -> None:
    op.execute("DELETE FROM release")
    for table, fields in FALLING.items():
        for name in fields:
            op.execute(f"DROP INDEX falling_{table}_{name}")
    for table, fields in LISTS.items():
        for name in fields:
            op.drop_table(f"{table}_{name}")
    op.drop_table("judgement")
    op.drop_column("name", "sought")
    op.add_column("name", sa.Column("backwards", text, nullable=True))
    op.create_index("ix_name_kind_backwards_key", "name", ["kind", "backwards", "key"])
    sought = sa.text("backwards IS NOT NULL")
    op.create_index("ix_name_kind_key", "name", ["kind", "key"], sqlite_where=sought, postgresql_where=sought)

    def keyed() -> list[sa.Column[str]]:
        names = {"kind": code, "name": text, "key": text}
        return [sa.Column(name, type_, primary_key=True) for name, type_ in names.items()]

    op.create_table(
        "property",
        *keyed(),
        sa.Column("record_id", text, primary_key=True),
        sa.Column("value", text, nullable=False),
    )
    op.create_index("ix_property_record_id", "property", ["kind", "record_id", "name"])
    op.create_table(
        "tally",
        *keyed(),
        sa.Column("value", text, primary_key=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("below", sa.Integer(), nullable=True),
    )
    op.create_index("ix_tally_kind_name_number", "tally", ["kind", "name", "number"])
    op.create_table(
        "pair",
        *keyed(),
        sa.Column("other", text, primary_key=True),
        sa.Column("other_key", text, primary_key=True),
        sa.Column("records", sa.Integer(), nullable=False),
    )
    op.create_table(
        "term",
        sa.Column("word", text, primary_key=True),
        sa.Column("kind", code, primary_key=True),
        sa.Column("records", sa.Integer(), nullable=False),
    )
