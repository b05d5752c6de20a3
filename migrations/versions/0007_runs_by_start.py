"""Open classes by the day they start: the home page shows the next ones, out of any number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_course_runs_starts_on_id_open",
        "course_runs",
        ["starts_on", "id"],
        postgresql_where=sa.text("is_public and state = 'open'"),
    )


def downgrade() -> None:
    op.drop_index("ix_course_runs_starts_on_id_open", table_name="course_runs")
