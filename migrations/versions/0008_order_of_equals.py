"""Equals come in the order of their cards' ids: the index walked by the next start goes on with them."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INDEX = "ix_course_documents_next_starts_on"


def upgrade() -> None:
    op.drop_index(_INDEX, table_name="course_documents")
    op.create_index(_INDEX, "course_documents", ["next_starts_on", "card_id"])


def downgrade() -> None:
    op.drop_index(_INDEX, table_name="course_documents")
    op.create_index(_INDEX, "course_documents", ["next_starts_on", "course_id"])
