"""The releases there were, and what each said of a record where it differs from the one before."""

import sqlalchemy as sa
from alembic import op

revision = "2026_12_history"
down_revision = "2026_12"
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a kind is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    # The next seeding writes the history too; until then there is no release to serve.
    op.execute("DELETE FROM release")
    op.create_table(
        "published",
        sa.Column("number", sa.Integer(), nullable=False),
        *(sa.Column(name, text, nullable=False) for name in ("version", "licence", "citation", "checksum")),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_published")),
        sa.UniqueConstraint("version", name=op.f("uq_published_version")),
    )
    op.create_table(
        "revision",
        sa.Column("kind", code, nullable=False),
        sa.Column("record_id", text, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("row", text, nullable=True),
        sa.ForeignKeyConstraint(["number"], ["published.number"], name=op.f("fk_revision_number_published")),
        sa.PrimaryKeyConstraint("kind", "record_id", "number", name=op.f("pk_revision")),
    )


def downgrade() -> None:
    op.drop_table("revision")
    op.drop_table("published")
