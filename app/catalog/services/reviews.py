"""The bureau's review of subsidised courses: approve, or return with coded reasons."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app import audit, clock, jobs, notifications, scope
from app.catalog import texts
from app.catalog.models import Course, CourseReview, CourseRevision, RevisionState
from app.catalog.services import courses
from app.db import db
from app.errors import DomainError
from app.policy.models import Designation, Trade
from app.tenants.models import Region, Tenant
from app.tenants.organisations import require_verified

PAGE_SIZE = 30


def waiting_reviews(*, page: int = 1) -> list[sa.Row[CourseRevision, str, Trade, Region, bool]]:
    """One page of what waits in the bureau's regions, waiting longest first.

    Rows: revision, institution, trade, region, whether an earlier version is live.
    """
    live = aliased(CourseRevision)
    statement = (
        sa.select(CourseRevision, Course.tenant_name, Trade, Region, live.id.is_not(None))
        .join(Course, Course.id == CourseRevision.course_id)
        .join(Trade, Trade.id == CourseRevision.trade_id)
        .join(Region, Region.id == CourseRevision.region_id)
        .outerjoin(live, sa.and_(live.course_id == CourseRevision.course_id, live.is_live))
        .where(*_waiting())
        .order_by(CourseRevision.submitted_at, CourseRevision.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return list(db.session.execute(statement).all())


def count_waiting() -> int:
    """How many courses wait for this bureau."""
    return db.session.scalar(sa.select(sa.func.count(CourseRevision.id)).where(*_waiting())) or 0


def longest_wait_days() -> int:
    """How many days the oldest submission has waited."""
    oldest = db.session.scalar(sa.select(sa.func.min(CourseRevision.submitted_at)).where(*_waiting()))
    return (clock.now() - oldest).days if oldest is not None else 0


def review_subject(*, revision_id: int) -> CourseRevision | None:
    """A submitted or decided version in the bureau's regions, or None; drafts are the institution's own."""
    return db.session.scalar(_subject(revision_id))


def live_version(*, revision: CourseRevision) -> CourseRevision | None:
    """The version the public sees, to compare with."""
    return db.session.scalar(
        sa.select(CourseRevision).where(
            CourseRevision.course_id == revision.course_id,
            CourseRevision.is_live,
            CourseRevision.id != revision.id,
        )
    )


def institution_of(*, revision: CourseRevision) -> Tenant:
    """The institution whose course it is; its bureau sees it whatever its state."""
    return db.session.scalars(sa.select(Tenant).where(Tenant.id == revision.tenant_id)).one()


def designation_of(*, revision: CourseRevision) -> Designation | None:
    """The institution's newest designation for the version's trade, whether or not it covers it today."""
    statement = (
        sa.select(Designation)
        .join(Trade, Trade.code == Designation.trade_code)
        .where(Trade.id == revision.trade_id, Designation.tenant_id == revision.tenant_id)
        .order_by(Designation.valid_to.desc())
    )
    return db.session.scalar(statement.limit(1))


def earlier_reviews(*, course_id: int) -> list[CourseReview]:
    """Every decision on the course's versions that the scope may see, newest first."""
    statement = (
        sa.select(CourseReview)
        .join(CourseRevision, CourseRevision.id == CourseReview.revision_id)
        .where(CourseRevision.course_id == course_id)
        .order_by(CourseReview.id.desc())
        .limit(20)
    )
    return list(db.session.scalars(statement))


def approve_course(*, revision_id: int, note: str | None = None) -> None:
    """Approve a submitted version: it is live at once; approving twice is approving once.

    The course itself is shown by a job in the institution's scope, whose row it is. Raises DomainError
    review_decided, organisation_unverified or not_designated.
    """
    revision = _locked(revision_id)
    if revision.state is RevisionState.APPROVED:
        return
    if revision.state is not RevisionState.SUBMITTED:
        raise DomainError("review_decided")
    require_verified(revision.tenant_id)
    if not courses.is_designated(tenant_id=revision.tenant_id, trade_id=revision.trade_id, level=revision.level):
        raise DomainError("not_designated")
    in_force = db.session.scalar(
        sa.select(CourseRevision).where(
            CourseRevision.course_id == revision.course_id,
            CourseRevision.region_id == revision.region_id,
            CourseRevision.state == RevisionState.APPROVED,
        )
    )
    courses.put_in_force(revision, old=in_force, is_live=True)
    _decide(revision, "approved", [], note)
    jobs.enqueue(
        "catalog.publish_approved",
        scope=scope.Scope(tenant_id=revision.tenant_id, tenant_kind="institution"),
        course_id=revision.course_id,
    )
    courses.index(revision.course_id)


def return_course(*, revision_id: int, reason_codes: list[str], note: str | None = None) -> None:
    """Send a submitted version back with coded reasons; what is live stays live.

    Raises DomainError review_decided, reasons_required or reason_note_required.
    """
    revision = _locked(revision_id)
    if revision.state is not RevisionState.SUBMITTED:
        raise DomainError("review_decided")
    codes = [code for code in texts.RETURN_REASONS if code in reason_codes]
    if not codes:
        raise DomainError("reasons_required", field="reasons")
    if "other" in codes and not note:
        raise DomainError("reason_note_required", field="note")
    revision.state = RevisionState.RETURNED
    _decide(revision, "returned", codes, note)


def _decide(revision: CourseRevision, decision: str, codes: list[str], note: str | None) -> None:
    actor_id = scope.require().actor_id
    assert actor_id is not None
    revision.reason_codes = codes
    revision.review_note = note
    revision.reviewed_at = clock.now()
    revision.reviewed_by = actor_id
    review = CourseReview(
        revision_id=revision.id,
        tenant_id=revision.tenant_id,
        region_id=revision.region_id,
        decision=decision,
        reason_codes=codes,
        note=note,
        decided_by=actor_id,
    )
    db.session.add(review)
    db.session.flush()
    audit.record(
        f"course.{decision}",
        subject=("course", revision.course_id),
        region_id=revision.region_id,
        data={"revision_id": revision.id, "reason_codes": codes},
    )
    if revision.created_by is not None:
        notifications.send(
            revision.created_by, f"course_{decision}", dedupe=f"course-review:{review.id}", title=revision.title
        )


def _waiting() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        CourseRevision.state == RevisionState.SUBMITTED,
        CourseRevision.region_id.in_(scope.require().region_ids),
    )


def _subject(revision_id: int) -> sa.Select[CourseRevision]:
    return sa.select(CourseRevision).where(
        CourseRevision.id == revision_id,
        CourseRevision.region_id.in_(scope.require().region_ids),
        CourseRevision.submitted_at.is_not(None),
        CourseRevision.state != RevisionState.DRAFT,
    )


def _locked(revision_id: int) -> CourseRevision:
    return db.session.scalars(
        _subject(revision_id).with_for_update().execution_options(populate_existing=True)
    ).one()
