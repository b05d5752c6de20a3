"""Registers read by a job, with their progress; an institution is not told who is eligible without an amount."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"
TABLE = "register_imports"


def upgrade() -> None:
    for name in ("lines", "lines_read"):
        op.add_column(TABLE, sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column(TABLE, sa.Column("file", sa.Text(), nullable=True))
    op.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"UPDATE {TABLE} SET lines = rows + jsonb_array_length(errors)")
    op.execute(f"UPDATE {TABLE} SET lines_read = lines")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    for name in ("lines", "lines_read"):
        op.alter_column(TABLE, name, server_default=None)
    op.drop_constraint(op.f("ck_register_imports_importstate"), TABLE, type_="check")
    op.create_check_constraint(
        op.f("ck_register_imports_importstate"), TABLE, "state in ('reading', 'draft', 'in_force', 'ended')"
    )
    cursor = op.get_bind().connection.cursor()
    cursor.execute((SQL / "seat_take_0006.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise NotImplementedError("What was brought in is not thrown away: restore a backup instead.")
