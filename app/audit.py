"""The audit trail: rows the app can only add, written in the transaction of what they record."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import scope
from app.db import Created, Id, Model, db
from app.rls import SHARED


class AuditEntry(Model):
    """Who did what to which row, when; read by the actor, the tenant and the supervising bureau."""

    __tablename__ = "audit_entries"
    __access__ = SHARED(
        actor="actor_id", tenant="tenant_id", read={"bureau": "region_id"}, grants="select, insert"
    )
    __table_args__ = (
        sa.Index("ix_audit_entries_subject", "subject_kind", "subject_id"),
        sa.Index("ix_audit_entries_tenant_id_at", "tenant_id", "at"),
    )

    id: Mapped[Id]
    at: Mapped[Created]
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    tenant_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    region_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    tag: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    data: Mapped[dict[str, Any]]


def record(
    tag: str, *, subject: tuple[str, int], region_id: int | None = None, data: dict[str, Any] | None = None
) -> None:
    """Add one audit row in the open transaction.

    `tag` is past tense ("course.approved"); `subject` is (table noun, id); `data` holds no personal data.
    """
    open_scope = scope.require()
    kind, subject_id = subject
    db.session.add(
        AuditEntry(
            actor_id=open_scope.actor_id,
            tenant_id=open_scope.tenant_id,
            region_id=region_id,
            tag=tag,
            subject_kind=kind,
            subject_id=subject_id,
            data=data or {},
        )
    )
