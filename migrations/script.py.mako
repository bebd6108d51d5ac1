"""${message}."""
<%
    import re
    # Models cannot say an order that falls for both databases: it goes along an index of its own.
    orders = re.findall(r"create_index\('ix_(\w+?)_(\w+)_id', \['\2', 'id'\]", upgrades or "")
%>
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None

# Text sorts by code point on every database; a code is the value of an enumeration.
text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
code = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    # The next seeding writes every row anew; until then there is no release to serve.
    op.execute("DELETE FROM release")
    ${upgrades if upgrades else "pass"}
% if orders:
    last = " NULLS LAST" if op.get_bind().dialect.name == "postgresql" else ""
% endif
% for table, name in orders:
    op.execute(f'CREATE INDEX falling_${table}_${name} ON ${table} ("${name}" DESC{last}, id)')
% endfor


def downgrade() -> None:
    op.execute("DELETE FROM release")
% for table, name in orders:
    op.execute("DROP INDEX falling_${table}_${name}")
% endfor
    ${downgrades if downgrades else "pass"}
