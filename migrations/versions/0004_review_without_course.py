"""A review of a verdict may be asked for without a course."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("review_requests", "course_id", existing_type=sa.BigInteger(), nullable=True)


def downgrade() -> None:
    raise NotImplementedError("A question without a course has none to be given back: restore a backup instead.")
