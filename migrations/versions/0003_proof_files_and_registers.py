"""Files of proofs, proofs that run out, and the state's registers as bureaus bring them in."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).parent.parent / "sql"
REGISTERS = ("unemployment", "insurance", "veterans", "disability", "enrolment")


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_proofs_proofstate"), "proofs", type_="check")
    op.create_check_constraint(
        op.f("ck_proofs_proofstate"), "proofs", "state in ('pending', 'verified', 'returned', 'expired')"
    )
    op.create_unique_constraint(
        op.f("uq_proofs_id_learner_id_region_id"), "proofs", ["id", "learner_id", "region_id"]
    )
    op.create_table(
        "proof_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("proof_id", sa.BigInteger(), nullable=False),
        sa.Column("learner_id", sa.BigInteger(), nullable=False),
        sa.Column("region_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", _words("uploadkind", "photo", "pdf"), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["proof_id", "learner_id", "region_id"],
            ["proofs.id", "proofs.learner_id", "proofs.region_id"],
            name=op.f("fk_proof_files_proof_id_learner_id_region_id_proofs"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_files")),
        sa.UniqueConstraint("name", name=op.f("uq_proof_files_name")),
    )
    op.create_index("ix_proof_files_proof_id", "proof_files", ["proof_id"])
    op.create_table(
        "register_imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("region_id", sa.BigInteger(), nullable=False),
        sa.Column("register", _words("registerkind", *REGISTERS), nullable=False),
        sa.Column("state", _words("importstate", "draft", "in_force", "ended"), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_register_imports_region_id_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_imports")),
        sa.UniqueConstraint("id", "region_id", name=op.f("uq_register_imports_id_region_id")),
    )
    op.create_index(
        "uq_register_imports_region_id_register_in_force",
        "register_imports",
        ["region_id", "register"],
        unique=True,
        postgresql_where=sa.text("state = 'in_force'"),
    )
    op.create_table(
        "register_rows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("region_id", sa.BigInteger(), nullable=False),
        sa.Column("register", _words("registerkind", *REGISTERS), nullable=False),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("learner_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id", "region_id"],
            ["register_imports.id", "register_imports.region_id"],
            name=op.f("fk_register_rows_import_id_region_id_register_imports"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["learner_id"], ["users.id"], name=op.f("fk_register_rows_learner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_rows")),
        sa.UniqueConstraint(
            "import_id", "id_number_index", name=op.f("uq_register_rows_import_id_id_number_index")
        ),
    )
    op.create_index("ix_register_rows_id_number_index", "register_rows", ["id_number_index"])
    op.create_index(
        "ix_register_rows_learner_id",
        "register_rows",
        ["learner_id"],
        postgresql_where=sa.text("learner_id is not null"),
    )
    cursor = op.get_bind().connection.cursor()
    cursor.execute((SQL / "policies_0003.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise NotImplementedError("What was handed in is not thrown away: restore a backup instead.")
