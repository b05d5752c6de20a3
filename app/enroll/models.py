"""Learners, what makes them eligible, and their enrollments.

Who may see what: an institution reads `Enrollment` (verdict, rule, papers verified) and nothing else; facts,
proofs and decisions are read by the learner and the supervising bureau only (law 8).
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.db import BigRef, Codes, Created, Id, Model, enum
from app.pii import Encrypted
from app.rls import GLOBAL, OWNED, SHARED
from app.uploads import UploadKind


class EnrollmentState(StrEnum):
    """Where an enrollment stands; `HOLDING` states hold a seat."""

    APPLIED = "applied"
    ADMITTED = "admitted"
    OFFERED = "offered"
    WAITING = "waiting"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


HOLDING = (EnrollmentState.APPLIED, EnrollmentState.ADMITTED)
ACTIVE = (*HOLDING, EnrollmentState.OFFERED, EnrollmentState.WAITING)
_holding = "state in ('applied', 'admitted')"
_active = "state in ('applied', 'admitted', 'offered', 'waiting')"


class PapersState(StrEnum):
    """All an institution learns of a learner's papers."""

    NOT_NEEDED = "not_needed"
    PENDING = "pending"
    VERIFIED = "verified"
    RETURNED = "returned"


class ProofState(StrEnum):
    """Where the verification of one proof stands."""

    PENDING = "pending"
    VERIFIED = "verified"
    RETURNED = "returned"
    EXPIRED = "expired"


class RegisterKind(StrEnum):
    """The state's registers a bureau brings in, each with a line for a person."""

    UNEMPLOYMENT = "unemployment"
    INSURANCE = "insurance"
    VETERANS = "veterans"
    DISABILITY = "disability"
    ENROLMENT = "enrolment"


class ImportState(StrEnum):
    """Where an import stands; a large one is read by a job first, and of a region's register one is in force."""

    READING = "reading"
    DRAFT = "draft"
    IN_FORCE = "in_force"
    ENDED = "ended"


class LearnerProfile(Model):
    """A learner's identity, given with notice and consent; only the learner and the bureau read it."""

    __tablename__ = "learner_profiles"
    __access__ = OWNED(actor="user_id", read={"bureau": "region_id"}, grants="select, insert, update")

    user_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"), primary_key=True)
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"), index=True)
    name: Mapped[str] = mapped_column(Encrypted("learner.name"))
    id_number: Mapped[str] = mapped_column(Encrypted("learner.id_number"))
    id_number_index: Mapped[bytes] = mapped_column(sa.LargeBinary, unique=True)
    phone: Mapped[str] = mapped_column(Encrypted("learner.phone"))
    facts: Mapped[str | None] = mapped_column(Encrypted("learner.facts"))
    consent_version: Mapped[str]
    consented_at: Mapped[Created]


class Proof(Model):
    """A learner's claim to a fact and the bureau's word on it; once verified it serves every application."""

    __tablename__ = "proofs"
    __access__ = SHARED(actor="learner_id", bureau="region_id")
    __table_args__ = (
        sa.UniqueConstraint("id", "learner_id", "region_id"),  # what its files carry along
        sa.Index("ix_proofs_region_id_state", "region_id", "state"),
        sa.Index("ix_proofs_learner_id", "learner_id"),
    )

    id: Mapped[Id]
    learner_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"))
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"))
    claim: Mapped[str] = mapped_column(Encrypted("proof.claim"))
    is_referral: Mapped[bool] = mapped_column(default=False)
    state: Mapped[ProofState] = mapped_column(enum(ProofState), default=ProofState.PENDING)
    reason_codes: Mapped[Codes]
    note: Mapped[str | None] = mapped_column(Encrypted("proof.note"))
    valid_until: Mapped[date | None]
    decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    decided_at: Mapped[datetime | None]
    created_at: Mapped[Created]


class ProofFile(Model):
    """A photo or document of a proof; `name` is where `app.storage` keeps it, `sha256` is of its content."""

    __tablename__ = "proof_files"
    __access__ = SHARED(
        actor="learner_id", read={"bureau": "region_id"}, grants="select, insert, update (proof_id), delete"
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["proof_id", "learner_id", "region_id"],
            ["proofs.id", "proofs.learner_id", "proofs.region_id"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("name"),
        sa.Index("ix_proof_files_proof_id", "proof_id"),
    )

    id: Mapped[Id]
    proof_id: Mapped[BigRef]
    learner_id: Mapped[BigRef]
    region_id: Mapped[BigRef]
    name: Mapped[str]
    kind: Mapped[UploadKind] = mapped_column(enum(UploadKind))
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[Created]


class RegisterImport(Model):
    """One import of a state register by a bureau, as numbers; its lines are gone once it has ended.

    While a job reads it, `lines_read` of its `lines` are done and `file` is where `app.storage` keeps it.
    """

    __tablename__ = "register_imports"
    __access__ = OWNED(bureau="region_id")
    __table_args__ = (
        sa.UniqueConstraint("id", "region_id"),
        sa.Index(
            "uq_register_imports_region_id_register_in_force",
            "region_id",
            "register",
            unique=True,
            postgresql_where=sa.text("state = 'in_force'"),
        ),
    )

    id: Mapped[Id]
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"))
    register: Mapped[RegisterKind] = mapped_column(enum(RegisterKind))
    state: Mapped[ImportState] = mapped_column(enum(ImportState), default=ImportState.DRAFT)
    as_of: Mapped[date]
    valid_until: Mapped[date | None]
    lines: Mapped[int] = mapped_column(default=0)
    lines_read: Mapped[int] = mapped_column(default=0)
    file: Mapped[str | None]
    rows: Mapped[int]
    errors: Mapped[list[dict[str, Any]]]
    matched: Mapped[int] = mapped_column(default=0)
    differing: Mapped[int] = mapped_column(default=0)
    imported_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[Created]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class RegisterRow(Model):
    """A person's line of an import, found by the blind index of the ID number; `learner_id` says whose it is."""

    __tablename__ = "register_rows"
    __access__ = OWNED(bureau="region_id", read={"actor": "learner_id"})
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["import_id", "region_id"], ["register_imports.id", "register_imports.region_id"], ondelete="CASCADE"
        ),
        sa.UniqueConstraint("import_id", "id_number_index"),
        sa.Index("ix_register_rows_id_number_index", "id_number_index"),
        sa.Index("ix_register_rows_learner_id", "learner_id", postgresql_where=sa.text("learner_id is not null")),
    )

    id: Mapped[Id]
    import_id: Mapped[BigRef]
    region_id: Mapped[BigRef]
    register: Mapped[RegisterKind] = mapped_column(enum(RegisterKind))
    id_number_index: Mapped[bytes] = mapped_column(sa.LargeBinary)
    record: Mapped[str] = mapped_column(Encrypted("register.record"))
    valid_until: Mapped[date | None]
    learner_id: Mapped[int | None] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"))


class Enrollment(Model):
    """A learner's application to a run and everything that became of it."""

    __tablename__ = "enrollments"
    __access__ = SHARED(
        actor="learner_id",
        tenant="tenant_id",
        bureau=("region_id", "learner_region_id"),
        # No insert, and no update of the state: seats are taken and freed by the seat functions alone.
        grants="select, update (answer, rule_code, subsidy_fen, learner_pays_fen, papers, learner_region_id, "
        "learner_name, id_number_masked, phone, updated_at)",
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["tenant_id", "run_id"], ["course_runs.tenant_id", "course_runs.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "course_id"], ["courses.tenant_id", "courses.id"]),
        sa.Index(
            "uq_enrollments_run_id_learner_id_active",
            "run_id",
            "learner_id",
            unique=True,
            postgresql_where=sa.text(_active),
        ),
        ExcludeConstraint(
            (sa.text("learner_id"), "="),
            (sa.text("busy"), "&&"),
            name="ex_enrollments_learner_in_one_place",
            where=sa.text(_holding),
        ),
        sa.Index("ix_enrollments_tenant_id_run_id_state", "tenant_id", "run_id", "state"),
        sa.Index("ix_enrollments_learner_region_id_papers", "learner_region_id", "papers"),
        sa.Index("ix_enrollments_learner_id", "learner_id"),
    )

    id: Mapped[Id]
    run_id: Mapped[BigRef]
    course_id: Mapped[BigRef]
    tenant_id: Mapped[BigRef]
    region_id: Mapped[BigRef]
    learner_region_id: Mapped[BigRef]
    learner_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"))
    learner_name: Mapped[str] = mapped_column(Encrypted("enrollment.learner_name"))
    id_number_masked: Mapped[str]
    phone: Mapped[str] = mapped_column(Encrypted("enrollment.phone"))
    course_title: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[EnrollmentState] = mapped_column(enum(EnrollmentState))
    busy: Mapped[list[Range[datetime]]] = mapped_column(TSTZMULTIRANGE, server_default="{}")
    answer: Mapped[str]
    rule_code: Mapped[str | None]
    subsidy_fen: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    learner_pays_fen: Mapped[int | None] = mapped_column(sa.BigInteger)
    papers: Mapped[PapersState] = mapped_column(enum(PapersState), default=PapersState.NOT_NEEDED)
    offer_expires_at: Mapped[datetime | None]
    reason_codes: Mapped[Codes]
    note: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    decided_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    updated_at: Mapped[Created]


class WaitlistEntry(Model):
    """The order of a run's waitlist: numbers only, so that everyone can see their place."""

    __tablename__ = "waitlist_entries"
    __access__ = GLOBAL()
    __table_args__ = (sa.UniqueConstraint("run_id", "number"),)

    enrollment_id: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey("enrollments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    run_id: Mapped[BigRef]
    number: Mapped[int]


class EligibilityDecision(Model):
    """The verdict given at application, with its facts; superseded by a later one, never edited."""

    __tablename__ = "eligibility_decisions"
    __access__ = SHARED(actor="learner_id", bureau="region_id", grants="select, insert")
    __table_args__ = (sa.Index("ix_eligibility_decisions_learner_id", "learner_id"),)

    id: Mapped[Id]
    enrollment_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("enrollments.id"), index=True)
    learner_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"))
    region_id: Mapped[BigRef]
    supersedes_id: Mapped[int | None] = mapped_column(sa.BigInteger, sa.ForeignKey("eligibility_decisions.id"))
    judged_on: Mapped[date]
    answer: Mapped[str]
    rule_code: Mapped[str | None]
    subsidy_fen: Mapped[int] = mapped_column(sa.BigInteger)
    grounds: Mapped[str] = mapped_column(Encrypted("decision.grounds"))
    valid_until: Mapped[date]
    created_at: Mapped[Created]


class ReviewRequest(Model):
    """申请人工复核: a person asks the bureau to look at a verdict, of a course or of all (PIPL art. 24)."""

    __tablename__ = "review_requests"
    __access__ = SHARED(actor="learner_id", bureau="region_id", grants="select, insert, update")

    id: Mapped[Id]
    learner_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("users.id"), index=True)
    region_id: Mapped[int] = mapped_column(sa.BigInteger, sa.ForeignKey("regions.id"), index=True)
    course_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    message: Mapped[str] = mapped_column(Encrypted("review.message"))
    answer: Mapped[str | None] = mapped_column(Encrypted("review.answer"))
    answered_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    answered_at: Mapped[datetime | None]
    created_at: Mapped[Created]
