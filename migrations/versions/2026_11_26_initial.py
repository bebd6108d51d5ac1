"""The ten collections, their links, and the release."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11"
down_revision = None
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a code is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "cancer",
        sa.Column("id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("site", text, nullable=False),
        sa.Column("group", code, nullable=False),
        sa.Column("summary", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.Column("parent_id", text, nullable=True),
        sa.Column("verdict", code, nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["cancer.id"], name=op.f("fk_cancer_parent_id_cancer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancer")),
    )
    with op.batch_alter_table("cancer", schema=None) as batch_op:
        batch_op.create_index("ix_cancer_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_cancer_verdict", ["verdict"], unique=False)

    op.create_table(
        "inhibitor",
        sa.Column("id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("brands", sa.JSON(), nullable=False),
        sa.Column("scope", code, nullable=False),
        sa.Column("action", code, nullable=False),
        sa.Column("modality", code, nullable=False),
        sa.Column("format", text, nullable=True),
        sa.Column("developer", text, nullable=True),
        sa.Column("status", code, nullable=False),
        sa.Column("max_phase", sa.Integer(), nullable=False),
        sa.Column("first_approval_year", sa.Integer(), nullable=True),
        sa.Column("routes", sa.JSON(), nullable=False),
        sa.Column("summary", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.Column("parent_id", text, nullable=True),
        sa.Column("approved_for_cancer", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["inhibitor.id"], name=op.f("fk_inhibitor_parent_id_inhibitor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inhibitor")),
    )
    with op.batch_alter_table("inhibitor", schema=None) as batch_op:
        batch_op.create_index("ix_inhibitor_parent_id", ["parent_id"], unique=False)

    op.create_table(
        "interaction",
        sa.Column("id", text, nullable=False),
        sa.Column("predicate", code, nullable=False),
        sa.Column("statement", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.Column("source_kind", code, nullable=False),
        sa.Column("source_id", text, nullable=False),
        sa.Column("object_kind", code, nullable=False),
        sa.Column("object_id", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
    )
    with op.batch_alter_table("interaction", schema=None) as batch_op:
        batch_op.create_index("ix_interaction_object_id", ["object_id"], unique=False)
        batch_op.create_index("ix_interaction_source_id", ["source_id"], unique=False)

    op.create_table(
        "mechanism",
        sa.Column("id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("category", code, nullable=False),
        sa.Column("summary", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mechanism")),
    )
    op.create_table(
        "publication",
        sa.Column("id", text, nullable=False),
        sa.Column("kind", code, nullable=False),
        sa.Column("title", text, nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("journal", text, nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("published", text, nullable=True),
        sa.Column("volume", text, nullable=True),
        sa.Column("issue", text, nullable=True),
        sa.Column("pages", text, nullable=True),
        sa.Column("doi", text, nullable=True),
        sa.Column("pmid", text, nullable=True),
        sa.Column("pmcid", text, nullable=True),
        sa.Column("url", text, nullable=True),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Boolean(), nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_table(
        "release",
        sa.Column("version", text, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("licence", text, nullable=False),
        sa.Column("citation", text, nullable=False),
        sa.Column("checksum", text, nullable=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_release")),
    )
    op.create_table(
        "target",
        sa.Column("id", text, nullable=False),
        sa.Column("symbol", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("role", code, nullable=False),
        sa.Column("summary", text, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
    )
    op.create_table(
        "trial",
        sa.Column("id", text, nullable=False),
        sa.Column("registry_id", text, nullable=False),
        sa.Column("title", text, nullable=False),
        sa.Column("phase", code, nullable=True),
        sa.Column("status", code, nullable=False),
        sa.Column("design", code, nullable=False),
        sa.Column("outcome", code, nullable=False),
        sa.Column("result", text, nullable=True),
        sa.Column("combination", sa.JSON(), nullable=False),
        sa.Column("enrolment", sa.Integer(), nullable=True),
        sa.Column("start_year", sa.Integer(), nullable=True),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
    )
    op.create_table(
        "cancer_publication",
        sa.Column("cancer_id", text, nullable=False),
        sa.Column("publication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["cancer_id"], ["cancer.id"], name=op.f("fk_cancer_publication_cancer_id_cancer")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_cancer_publication_publication_id_publication"),
        ),
        sa.PrimaryKeyConstraint("cancer_id", "publication_id", name=op.f("pk_cancer_publication")),
    )
    with op.batch_alter_table("cancer_publication", schema=None) as batch_op:
        batch_op.create_index("ix_cancer_publication_publication_id", ["publication_id"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("id", text, nullable=False),
        sa.Column("type", code, nullable=False),
        sa.Column("direction", code, nullable=False),
        sa.Column("level", code, nullable=False),
        sa.Column("significance", code, nullable=False),
        sa.Column("statement", text, nullable=False),
        sa.Column("combination", sa.JSON(), nullable=False),
        sa.Column("locator", text, nullable=True),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.Column("cancer_id", text, nullable=True),
        sa.Column("inhibitor_id", text, nullable=True),
        sa.Column("mechanism_id", text, nullable=True),
        sa.Column("target_id", text, nullable=True),
        sa.Column("publication_id", text, nullable=False),
        sa.Column("measure", text, nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("ci_low", sa.Float(), nullable=True),
        sa.Column("ci_high", sa.Float(), nullable=True),
        sa.Column("unit", text, nullable=True),
        sa.Column("p_relation", code, nullable=True),
        sa.Column("p_value", sa.Float(), nullable=True),
        sa.Column("endpoint", text, nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("comparison", code, nullable=True),
        sa.ForeignKeyConstraint(["cancer_id"], ["cancer.id"], name=op.f("fk_evidence_cancer_id_cancer")),
        sa.ForeignKeyConstraint(
            ["inhibitor_id"], ["inhibitor.id"], name=op.f("fk_evidence_inhibitor_id_inhibitor")
        ),
        sa.ForeignKeyConstraint(
            ["mechanism_id"], ["mechanism.id"], name=op.f("fk_evidence_mechanism_id_mechanism")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name=op.f("fk_evidence_publication_id_publication")
        ),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name=op.f("fk_evidence_target_id_target")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index("ix_evidence_cancer_id", ["cancer_id"], unique=False)
        batch_op.create_index("ix_evidence_inhibitor_id", ["inhibitor_id"], unique=False)
        batch_op.create_index("ix_evidence_mechanism_id", ["mechanism_id"], unique=False)
        batch_op.create_index("ix_evidence_publication_id", ["publication_id"], unique=False)
        batch_op.create_index("ix_evidence_target_id", ["target_id"], unique=False)

    op.create_table(
        "indication",
        sa.Column("id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("synonyms", sa.JSON(), nullable=False),
        sa.Column("area", code, nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.Column("cancer_id", text, nullable=True),
        sa.ForeignKeyConstraint(["cancer_id"], ["cancer.id"], name=op.f("fk_indication_cancer_id_cancer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indication")),
    )
    with op.batch_alter_table("indication", schema=None) as batch_op:
        batch_op.create_index("ix_indication_cancer_id", ["cancer_id"], unique=False)

    op.create_table(
        "inhibitor_publication",
        sa.Column("inhibitor_id", text, nullable=False),
        sa.Column("publication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["inhibitor_id"], ["inhibitor.id"], name=op.f("fk_inhibitor_publication_inhibitor_id_inhibitor")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_inhibitor_publication_publication_id_publication"),
        ),
        sa.PrimaryKeyConstraint("inhibitor_id", "publication_id", name=op.f("pk_inhibitor_publication")),
    )
    with op.batch_alter_table("inhibitor_publication", schema=None) as batch_op:
        batch_op.create_index("ix_inhibitor_publication_publication_id", ["publication_id"], unique=False)

    op.create_table(
        "inhibitor_target",
        sa.Column("inhibitor_id", text, nullable=False),
        sa.Column("target_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["inhibitor_id"], ["inhibitor.id"], name=op.f("fk_inhibitor_target_inhibitor_id_inhibitor")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_inhibitor_target_target_id_target")
        ),
        sa.PrimaryKeyConstraint("inhibitor_id", "target_id", name=op.f("pk_inhibitor_target")),
    )
    with op.batch_alter_table("inhibitor_target", schema=None) as batch_op:
        batch_op.create_index("ix_inhibitor_target_target_id", ["target_id"], unique=False)

    op.create_table(
        "interaction_publication",
        sa.Column("interaction_id", text, nullable=False),
        sa.Column("publication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["interaction_id"],
            ["interaction.id"],
            name=op.f("fk_interaction_publication_interaction_id_interaction"),
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_interaction_publication_publication_id_publication"),
        ),
        sa.PrimaryKeyConstraint("interaction_id", "publication_id", name=op.f("pk_interaction_publication")),
    )
    with op.batch_alter_table("interaction_publication", schema=None) as batch_op:
        batch_op.create_index("ix_interaction_publication_publication_id", ["publication_id"], unique=False)

    op.create_table(
        "mechanism_publication",
        sa.Column("mechanism_id", text, nullable=False),
        sa.Column("publication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["mechanism_id"], ["mechanism.id"], name=op.f("fk_mechanism_publication_mechanism_id_mechanism")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_mechanism_publication_publication_id_publication"),
        ),
        sa.PrimaryKeyConstraint("mechanism_id", "publication_id", name=op.f("pk_mechanism_publication")),
    )
    with op.batch_alter_table("mechanism_publication", schema=None) as batch_op:
        batch_op.create_index("ix_mechanism_publication_publication_id", ["publication_id"], unique=False)

    op.create_table(
        "target_publication",
        sa.Column("target_id", text, nullable=False),
        sa.Column("publication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_target_publication_publication_id_publication"),
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_target_publication_target_id_target")
        ),
        sa.PrimaryKeyConstraint("target_id", "publication_id", name=op.f("pk_target_publication")),
    )
    with op.batch_alter_table("target_publication", schema=None) as batch_op:
        batch_op.create_index("ix_target_publication_publication_id", ["publication_id"], unique=False)

    op.create_table(
        "trial_cancer",
        sa.Column("trial_id", text, nullable=False),
        sa.Column("cancer_id", text, nullable=False),
        sa.ForeignKeyConstraint(["cancer_id"], ["cancer.id"], name=op.f("fk_trial_cancer_cancer_id_cancer")),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_trial_cancer_trial_id_trial")),
        sa.PrimaryKeyConstraint("trial_id", "cancer_id", name=op.f("pk_trial_cancer")),
    )
    with op.batch_alter_table("trial_cancer", schema=None) as batch_op:
        batch_op.create_index("ix_trial_cancer_cancer_id", ["cancer_id"], unique=False)

    op.create_table(
        "trial_inhibitor",
        sa.Column("trial_id", text, nullable=False),
        sa.Column("inhibitor_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["inhibitor_id"], ["inhibitor.id"], name=op.f("fk_trial_inhibitor_inhibitor_id_inhibitor")
        ),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_trial_inhibitor_trial_id_trial")),
        sa.PrimaryKeyConstraint("trial_id", "inhibitor_id", name=op.f("pk_trial_inhibitor")),
    )
    with op.batch_alter_table("trial_inhibitor", schema=None) as batch_op:
        batch_op.create_index("ix_trial_inhibitor_inhibitor_id", ["inhibitor_id"], unique=False)

    op.create_table(
        "trial_publication",
        sa.Column("trial_id", text, nullable=False),
        sa.Column("publication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_trial_publication_publication_id_publication"),
        ),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_trial_publication_trial_id_trial")),
        sa.PrimaryKeyConstraint("trial_id", "publication_id", name=op.f("pk_trial_publication")),
    )
    with op.batch_alter_table("trial_publication", schema=None) as batch_op:
        batch_op.create_index("ix_trial_publication_publication_id", ["publication_id"], unique=False)

    op.create_table(
        "approval",
        sa.Column("id", text, nullable=False),
        sa.Column("agency", code, nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("status", code, nullable=False),
        sa.Column("population", text, nullable=True),
        sa.Column("route", text, nullable=True),
        sa.Column("brand", text, nullable=True),
        sa.Column("label", text, nullable=False),
        sa.Column("item", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.Column("inhibitor_id", text, nullable=False),
        sa.Column("indication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["indication_id"], ["indication.id"], name=op.f("fk_approval_indication_id_indication")
        ),
        sa.ForeignKeyConstraint(
            ["inhibitor_id"], ["inhibitor.id"], name=op.f("fk_approval_inhibitor_id_inhibitor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index("ix_approval_indication_id", ["indication_id"], unique=False)
        batch_op.create_index("ix_approval_inhibitor_id", ["inhibitor_id"], unique=False)

    op.create_table(
        "approval_publication",
        sa.Column("approval_id", text, nullable=False),
        sa.Column("publication_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approval.id"], name=op.f("fk_approval_publication_approval_id_approval")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publication.id"],
            name=op.f("fk_approval_publication_publication_id_publication"),
        ),
        sa.PrimaryKeyConstraint("approval_id", "publication_id", name=op.f("pk_approval_publication")),
    )
    with op.batch_alter_table("approval_publication", schema=None) as batch_op:
        batch_op.create_index("ix_approval_publication_publication_id", ["publication_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("approval_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_publication_publication_id"))

    op.drop_table("approval_publication")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_inhibitor_id"))
        batch_op.drop_index(batch_op.f("ix_approval_indication_id"))

    op.drop_table("approval")
    with op.batch_alter_table("trial_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trial_publication_publication_id"))

    op.drop_table("trial_publication")
    with op.batch_alter_table("trial_inhibitor", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trial_inhibitor_inhibitor_id"))

    op.drop_table("trial_inhibitor")
    with op.batch_alter_table("trial_cancer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trial_cancer_cancer_id"))

    op.drop_table("trial_cancer")
    with op.batch_alter_table("target_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_target_publication_publication_id"))

    op.drop_table("target_publication")
    with op.batch_alter_table("mechanism_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mechanism_publication_publication_id"))

    op.drop_table("mechanism_publication")
    with op.batch_alter_table("interaction_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interaction_publication_publication_id"))

    op.drop_table("interaction_publication")
    with op.batch_alter_table("inhibitor_target", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inhibitor_target_target_id"))

    op.drop_table("inhibitor_target")
    with op.batch_alter_table("inhibitor_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inhibitor_publication_publication_id"))

    op.drop_table("inhibitor_publication")
    with op.batch_alter_table("indication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_indication_cancer_id"))

    op.drop_table("indication")
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_evidence_target_id"))
        batch_op.drop_index(batch_op.f("ix_evidence_publication_id"))
        batch_op.drop_index(batch_op.f("ix_evidence_mechanism_id"))
        batch_op.drop_index(batch_op.f("ix_evidence_inhibitor_id"))
        batch_op.drop_index(batch_op.f("ix_evidence_cancer_id"))

    op.drop_table("evidence")
    with op.batch_alter_table("cancer_publication", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cancer_publication_publication_id"))

    op.drop_table("cancer_publication")
    op.drop_table("trial")
    op.drop_table("target")
    op.drop_table("release")
    op.drop_table("publication")
    op.drop_table("mechanism")
    with op.batch_alter_table("interaction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interaction_source_id"))
        batch_op.drop_index(batch_op.f("ix_interaction_object_id"))

    op.drop_table("interaction")
    with op.batch_alter_table("inhibitor", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inhibitor_parent_id"))

    op.drop_table("inhibitor")
    with op.batch_alter_table("cancer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cancer_verdict"))
        batch_op.drop_index(batch_op.f("ix_cancer_parent_id"))

    op.drop_table("cancer")
