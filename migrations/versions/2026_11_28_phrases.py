"""Names by their words, and entries by the sequence of their words: for names and phrases in a search."""

import sqlalchemy as sa
from alembic import op

revision = "2026_12_phrases"
down_revision = "2026_12_verdicts"
branch_labels = None
depends_on = None

# Text sorts by code point on every database.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    # The next seeding writes every row anew; until then there is no release to serve.
    for table in ("release", "name", "entry"):
        op.execute(f"DELETE FROM {table}")
    op.add_column("name", sa.Column("phrase", text, nullable=False, server_default=""))
    op.create_index(op.f("ix_name_phrase"), "name", ["phrase"])
    op.add_column("entry", sa.Column("sequence", text, nullable=False, server_default=""))


def downgrade() -> None:
    op.execute("DELETE FROM release")
    op.drop_column("entry", "sequence")
    op.drop_index(op.f("ix_name_phrase"), "name")
    op.drop_column("name", "phrase")
