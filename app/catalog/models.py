"""Courses, their revisions, their runs and the document the public searches."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.db import BigRef, Codes, Created, Id, Instant, Model, enum, same_tenant
from app.rls import GLOBAL, OWNED, PUBLISHED


class CourseForm(StrEnum):
    """The policy's three forms of training (§1)."""

    EMPLOYMENT = "employment"
    UPGRADE = "upgrade"
    FOUNDER = "founder"


class CourseMode(StrEnum):
    """When and how a course is held."""

    DAY = "day"
    EVENING = "evening"
    WEEKEND = "weekend"
    ONLINE = "online"
    BLENDED = "blended"


class RevisionState(StrEnum):
    """Where one version of a course's content stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class RunState(StrEnum):
    """Whether a run takes place."""

    DRAFT = "draft"
    OPEN = "open"
    CANCELLED = "cancelled"


class SessionKind(StrEnum):
    """What a session teaches."""

    THEORY = "theory"
    PRACTICE = "practice"


class Course(Model):
    """A course of an institution; what it says is in its revisions, of which at most one is live."""

    __tablename__ = "courses"
    __access__ = PUBLISHED(when="is_live", tenant="tenant_id", read={"bureau": "region_id"})
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "id"),
        sa.CheckConstraint("not (is_live and is_archived)", name="archived_is_not_live"),
        sa.Index("ix_courses_region_id", "region_id"),
    )

    id: Mapped[Id]
    tenant_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("tenants.id"))
    tenant_name: Mapped[str]
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"))
    is_live: Mapped[bool] = mapped_column(default=False)
    is_archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Created]


# Courses of one institution that say the same, but for content, teacher and place, are one card in the search.
CARD_ID = (
    "md5(tenant_id::text || '|' || trade_id::text || '|' || coalesce(level, 0)::text || '|' || form || '|' || mode"
    " || '|' || is_subsidised::text || '|' || fee_fen::text || '|' || theory_hours::text || '|' ||"
    " practice_hours::text || '|' || certificate || '|' || lower(btrim(title)))::uuid"
)


class CourseRevision(Model):
    """One version of a course's content, reviewed by the bureau when it is subsidised."""

    __tablename__ = "course_revisions"
    __access__ = PUBLISHED(when="is_live", tenant="tenant_id", bureau="region_id")
    __table_args__ = (
        same_tenant("courses", "course_id"),
        sa.UniqueConstraint("tenant_id", "id"),
        sa.UniqueConstraint("course_id", "number"),
        sa.Index("uq_course_revisions_live", "course_id", unique=True, postgresql_where=sa.text("is_live")),
        sa.Index(
            "uq_course_revisions_working",
            "course_id",
            unique=True,
            postgresql_where=sa.text("state in ('draft', 'submitted', 'returned')"),
        ),
        sa.Index("ix_course_revisions_region_id_state", "region_id", "state"),
        sa.Index("ix_course_revisions_card_id", "card_id", postgresql_where=sa.text("is_live")),
        sa.CheckConstraint("not is_live or state = 'approved'", name="live_is_approved"),
        sa.CheckConstraint("theory_hours >= 0 and practice_hours >= 0", name="hours"),
        sa.CheckConstraint("fee_fen >= 0", name="fee"),
        sa.CheckConstraint("level between 1 and 5", name="level"),
    )

    id: Mapped[Id]
    course_id: Mapped[BigRef]
    tenant_id: Mapped[BigRef]
    region_id: Mapped[BigRef]
    number: Mapped[int]
    state: Mapped[RevisionState] = mapped_column(enum(RevisionState), default=RevisionState.DRAFT)
    is_live: Mapped[bool] = mapped_column(default=False)
    is_subsidised: Mapped[bool] = mapped_column(default=True)
    title: Mapped[str]
    trade_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("trades.id"), index=True)
    level: Mapped[int | None]
    form: Mapped[CourseForm] = mapped_column(enum(CourseForm))
    mode: Mapped[CourseMode] = mapped_column(enum(CourseMode))
    theory_hours: Mapped[int]
    practice_hours: Mapped[int]
    fee_fen: Mapped[int] = mapped_column(sa.BigInteger)
    content: Mapped[str]
    teacher: Mapped[str]
    place: Mapped[str]
    certificate: Mapped[str] = mapped_column(default="level")
    card_id: Mapped[UUID] = mapped_column(sa.Computed(CARD_ID, persisted=True))
    reason_codes: Mapped[Codes]
    review_note: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[Created]


class CourseRun(Model):
    """A class of a course: dates, place, seats; its seat count lives in `RunSeats`."""

    __tablename__ = "course_runs"
    __access__ = PUBLISHED(when="is_public", tenant="tenant_id", read={"bureau": "region_id"})
    __table_args__ = (
        same_tenant("courses", "course_id"),
        sa.UniqueConstraint("tenant_id", "id"),
        sa.Index("ix_course_runs_course_id_starts_on", "course_id", "starts_on"),
        sa.Index(
            "ix_course_runs_starts_on_id_open",
            "starts_on",
            "id",
            postgresql_where=sa.text("is_public and state = 'open'"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name="dates"),
        sa.CheckConstraint("not is_public or state <> 'draft'", name="public_is_not_draft"),
    )

    id: Mapped[Id]
    course_id: Mapped[BigRef]
    tenant_id: Mapped[BigRef]
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"))
    state: Mapped[RunState] = mapped_column(enum(RunState), default=RunState.DRAFT)
    is_public: Mapped[bool] = mapped_column(default=False)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    starts_at: Mapped[Instant]
    place: Mapped[str]
    schedule: Mapped[str] = mapped_column(default="")
    seats: Mapped[int]
    session_times: Mapped[list[Range[datetime]]] = mapped_column(TSTZMULTIRANGE, server_default="{}")
    reason_code: Mapped[str | None]
    reason_note: Mapped[str | None]
    created_at: Mapped[Created]


class RunSession(Model):
    """One lesson of a run (课); the run's `session_times` is made of these."""

    __tablename__ = "run_sessions"
    __access__ = PUBLISHED(when="is_public", tenant="tenant_id", read={"bureau": "region_id"})
    __table_args__ = (
        same_tenant("course_runs", "run_id"),
        sa.CheckConstraint("ends_at > starts_at", name="times"),
        sa.Index("ix_run_sessions_run_id_starts_at", "run_id", "starts_at"),
    )

    id: Mapped[Id]
    run_id: Mapped[BigRef]
    tenant_id: Mapped[BigRef]
    region_id: Mapped[BigRef]
    is_public: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[SessionKind] = mapped_column(enum(SessionKind))
    topic: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]


class RunSeats(Model):
    """A run's seat counter: no personal data, written only by the seat functions in the database."""

    __tablename__ = "run_seats"
    __access__ = GLOBAL()
    __table_args__ = (
        sa.CheckConstraint("taken between 0 and capacity", name="never_oversold"),
        sa.CheckConstraint("waiting >= 0", name="waiting"),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    run_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("course_runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default="0")
    waiting: Mapped[int] = mapped_column(server_default="0")
    next_number: Mapped[int] = mapped_column(server_default="1")


class CourseReview(Model):
    """What the bureau decided on a revision, kept for good."""

    __tablename__ = "course_reviews"
    __access__ = OWNED(bureau="region_id", read={"tenant": "tenant_id"}, grants="select, insert")
    __table_args__ = (same_tenant("course_revisions", "revision_id"),)

    id: Mapped[Id]
    revision_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    tenant_id: Mapped[BigRef]
    region_id: Mapped[BigRef]
    decision: Mapped[str]
    reason_codes: Mapped[Codes]
    note: Mapped[str | None]
    decided_by: Mapped[BigRef]
    decided_at: Mapped[Created]
