"""Lists, amounts and limits are versions alike: drafted by one, approved by another, never changed after."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"
KEYED = ("subsidy_rules", "policy_parameters")
TABLES = ("shortage_lists", *KEYED)


def _add_columns() -> None:
    """What was there is published; a column a list has already under another name is renamed."""
    yes, no = sa.text("true"), sa.text("false")
    op.alter_column("shortage_lists", "published_by", new_column_name="approved_by")
    op.add_column("policy_parameters", sa.Column("document_no", sa.Text(), nullable=False, server_default=""))
    op.alter_column("policy_parameters", "document_no", server_default=None)
    for table in TABLES:
        op.add_column(table, sa.Column("is_repeal", sa.Boolean(), nullable=False, server_default=no))
        op.alter_column(table, "is_repeal", server_default=None)
        op.add_column(table, sa.Column("authored_by", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("effects", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
        op.add_column(table, sa.Column("effects_at", sa.DateTime(timezone=True), nullable=True))
    for table in KEYED:
        op.add_column(table, sa.Column("is_published", sa.Boolean(), nullable=False, server_default=yes))
        op.alter_column(table, "is_published", server_default=None)
        now = sa.text("now()")
        op.add_column(
            table, sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=now)
        )
        op.add_column(table, sa.Column("approved_by", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))


def _add_names() -> None:
    """A list keeps each trade's name as its document writes it; for those there are, the classification's."""
    op.add_column("shortage_list_entries", sa.Column("name", sa.Text(), nullable=True))
    op.execute("ALTER TABLE shortage_list_entries NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE shortage_list_entries e SET name = t.name FROM trades t WHERE t.id = e.trade_id")
    op.execute("ALTER TABLE shortage_list_entries FORCE ROW LEVEL SECURITY")
    op.alter_column("shortage_list_entries", "name", nullable=False)


def _add_constraints() -> None:
    for table in KEYED:
        name = f"ex_{table}_in_force_once"
        op.drop_constraint(name, table)
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist (region_id WITH =, code WITH =, "
            "daterange(valid_from, valid_to, '[)') WITH &&) WHERE (is_published)"
        )
        op.create_check_constraint(op.f(f"ck_{table}_period"), table, "valid_to is null or valid_to > valid_from")
    for table in TABLES:
        op.create_check_constraint(
            op.f(f"ck_{table}_two_people"),
            table,
            "not is_published or authored_by is null "
            "or (coalesce(approved_by <> authored_by, false) and document_no <> '')",
        )


def upgrade() -> None:
    _add_columns()
    _add_names()
    _add_constraints()
    cursor = op.get_bind().connection.cursor()
    cursor.execute((SQL / "versions_0005.sql").read_text(encoding="utf-8"))
    cursor.execute((SQL / "policies_0005.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise NotImplementedError("What was published is not thrown away: restore a backup instead.")
