"""The full-text index of PostgreSQL takes each row whole, so that `-word` never finds what holds the word.

With its list of pending entries a row that everybody sees reaches the index word by word, whenever the
server tidies up; a query that leaves out a word finds the row until that word has come, and nothing is
checked again. With statistics of more words the server knows a rare word from a common one, and looks it
up instead of reading the entries in their order.
"""

from alembic import op

revision = "2026_12_whole_rows"
down_revision = "2026_12_phrases"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER INDEX fts_entry_words SET (fastupdate = off)")
        op.execute("SELECT gin_clean_pending_list('fts_entry_words')")
        op.execute("ALTER TABLE fts_entry ALTER COLUMN words SET STATISTICS 1000")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER INDEX fts_entry_words RESET (fastupdate)")
        op.execute("ALTER TABLE fts_entry ALTER COLUMN words SET STATISTICS -1")
