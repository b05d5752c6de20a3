"""What every change of a run goes through: its lock, the refusals, the reason, and telling its learners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import clock, jobs, scope
from app.catalog import texts
from app.catalog.models import CourseRun, RunState
from app.db import db
from app.errors import DomainError


@dataclass(frozen=True, slots=True)
class Reason:
    """Why learners' plans are changed, and in the institution's words if no reason of the list fits."""

    code: str | None = None
    note: str | None = None


def own(run_id: int) -> sa.Select[CourseRun]:
    """The institution's run: another's open run is public, but not for its desk."""
    return sa.select(CourseRun).where(CourseRun.id == run_id, CourseRun.tenant_id == scope.require().tenant_id)


def locked(run_id: int) -> CourseRun:
    """The institution's run as it is now; nobody else changes it until this transaction ends."""
    # Not FOR UPDATE: an applicant holds the seat lock while its foreign key asks for this row (deadlock).
    return db.session.scalars(
        own(run_id).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one()


def refuse_if_ended(run: CourseRun) -> None:
    """Raise DomainError run_cancelled or run_over."""
    if run.state is RunState.CANCELLED:
        raise DomainError("run_cancelled")
    if run.ends_on < clock.today():
        raise DomainError("run_over")


def check_reason(reason: Reason) -> None:
    """Raise DomainError reason_required or reason_note_required."""
    if reason.code not in texts.RUN_REASONS:
        raise DomainError("reason_required", field="reason_code")
    if reason.code == "other" and not reason.note:
        raise DomainError("reason_note_required", field="reason_note")


def keep_reason(run: CourseRun, *, reason: Reason) -> None:
    """Keep why the run was last changed for its learners to read; a change without a reason leaves none."""
    run.reason_code, run.reason_note = reason.code or None, reason.note or None


def institution_of(run: CourseRun) -> scope.Scope:
    """The scope in which the run's jobs work."""
    return scope.Scope(tenant_id=run.tenant_id, tenant_kind="institution")


def tell(run: CourseRun, *, job: str, **args: Any) -> None:
    """Have the run's learners told."""
    jobs.enqueue(job, scope=institution_of(run), run_id=run.id, **args)
