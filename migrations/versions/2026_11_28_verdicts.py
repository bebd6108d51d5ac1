"""Verdicts on the prognosis by specimen, level and analysis, with the publications behind each."""

import sqlalchemy as sa
from alembic import op

revision = "2026_12_verdicts"
down_revision = "2026_12_history"
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a code is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    # The next seeding writes every row anew; until then there is no release to serve.
    op.execute("DELETE FROM release")
    op.drop_table("judgement")
    make(
        sa.Column("specimen", code, nullable=False),
        sa.Column("min_level", code, nullable=False),
        sa.Column("analysis", text, nullable=False),
        sa.Column("verdict", code, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("publications", "poor", "better")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("no_link", "divided")),
        sa.Column("best_level", code, nullable=False),
        key=("specimen", "min_level", "analysis"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM release")
    op.drop_table("judgement")
    make(
        sa.Column("min_level", code, nullable=False),
        sa.Column("verdict", code, nullable=False),
        sa.Column("publications", sa.Integer(), nullable=False),
        key=("min_level",),
    )


def make(*columns: sa.Column[object], key: tuple[str, ...]) -> None:
    op.create_table(
        "judgement",
        sa.Column("cancer_id", text, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["cancer_id"], ["cancer.id"], name=op.f("fk_judgement_cancer_id_cancer")),
        sa.PrimaryKeyConstraint("cancer_id", *key, name=op.f("pk_judgement")),
    )
