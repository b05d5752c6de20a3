"""Search for two engines: one document a card, changes for Elasticsearch, synonyms, log, saved searches."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    cursor = op.get_bind().connection.cursor()
    for name in ("search_0002.sql", "policies_0002.sql"):
        cursor.execute((SQL / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    raise NotImplementedError("Documents of the old form are not kept: restore a backup instead.")
