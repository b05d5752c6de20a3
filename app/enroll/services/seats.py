"""What becomes of a seat: withdrawn, offered, accepted, admitted, refused, expired, closed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import audit, clock, jobs, notifications
from app.catalog.models import CourseRun
from app.db import db
from app.enroll import rules, texts
from app.enroll.models import Enrollment, EnrollmentState
from app.errors import DomainError
from app.scope import VISITOR, Scope

SEATS_SETTLE = timedelta(seconds=10)
_FREE = sa.text("SELECT seat_free(:id, :state, CAST(:reasons AS text[]), :note)")


def institution_scope(tenant_id: int) -> Scope:
    """The scope in which a job works for an institution: nobody acts, the institution is the party."""
    return Scope(tenant_id=tenant_id, tenant_kind="institution", role="owner")


def _get(enrollment_id: int) -> Enrollment | None:
    query = sa.select(Enrollment).where(Enrollment.id == enrollment_id)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _free(
    enrollment_id: int, state: EnrollmentState, reasons: Collection[str] = (), note: str | None = None
) -> str:
    values = {"id": enrollment_id, "state": state.value, "reasons": list(reasons), "note": note}
    return str(db.session.execute(_FREE, values).scalar() or "")


def seats_changed(*, run_id: int, course_id: int, tenant_id: int, freed: bool) -> None:
    """Tell the catalog, and the waitlist if a seat was freed."""
    _index_soon(course_id)
    if freed:
        jobs.enqueue(
            "enroll.offer_seats", scope=institution_scope(tenant_id), once=f"offer:{run_id}", run_id=run_id
        )


def _index_soon(course_id: int) -> None:
    """Have the search learn of changed seats, once for all that change meanwhile: cards show them as they are."""
    jobs.enqueue(
        "catalog.index_course",
        scope=VISITOR,
        at=clock.now() + SEATS_SETTLE,
        once=f"seats:{course_id}",
        course_id=course_id,
    )


def _tell(enrollment: Enrollment, kind: str, **params: object) -> None:
    dedupe = f"{kind}:{enrollment.id}:{params.get('mark', '')}"
    params.pop("mark", None)
    notifications.send(enrollment.learner_id, kind, dedupe=dedupe, title=enrollment.course_title, **params)


def _ended(enrollment: Enrollment, was: str) -> None:
    seats_changed(
        run_id=enrollment.run_id,
        course_id=enrollment.course_id,
        tenant_id=enrollment.tenant_id,
        freed=was != EnrollmentState.WAITING,
    )


# --- The learner --------------------------------------------------------------------------------------------


def withdraw(*, enrollment_id: int) -> None:
    """The learner gives back a seat, an offer or a place; raises DomainError not_withdrawable."""
    enrollment = _get(enrollment_id)
    was = _free(enrollment_id, EnrollmentState.WITHDRAWN)
    if enrollment is None or not was:
        raise DomainError("not_withdrawable")
    audit.record(
        "enrollment.withdrawn",
        subject=("enrollment", enrollment_id),
        region_id=enrollment.region_id,
        data={"run_id": enrollment.run_id, "was": was},
    )
    _tell(enrollment, "enroll.withdrawn")
    _ended(enrollment, was)


def accept_offer(*, enrollment_id: int) -> None:
    """The learner takes the offered seat; raises DomainError offer_late or run_overlaps (title)."""
    row = db.session.execute(
        sa.text("SELECT outcome, conflict_id FROM seat_accept(:id)"), {"id": enrollment_id}
    ).one()
    if row.outcome == "overlap":
        other = _get(row.conflict_id)
        raise DomainError("run_overlaps", title=other.course_title if other else "…")
    enrollment = _get(enrollment_id)
    if row.outcome != "accepted" or enrollment is None:
        raise DomainError("offer_late")
    audit.record(
        "offer.accepted",
        subject=("enrollment", enrollment_id),
        region_id=enrollment.region_id,
        data={"run_id": enrollment.run_id},
    )
    _tell(enrollment, "enroll.applied")


# --- The institution ----------------------------------------------------------------------------------------


def admit(*, run_id: int, enrollment_ids: Collection[int]) -> int:
    """Admit applicants of a run; the number admitted. Raises DomainError nobody_chosen or nothing_changed."""
    if not enrollment_ids:
        raise DomainError("nobody_chosen")
    admitted = list(
        db.session.execute(
            sa.text("SELECT enrollment_id, learner_id FROM seat_admit(:run_id, CAST(:ids AS bigint[]))"),
            {"run_id": run_id, "ids": list(enrollment_ids)},
        )
    )
    if not admitted:
        raise DomainError("nothing_changed")
    starts_on = db.session.scalar(sa.select(CourseRun.starts_on).where(CourseRun.id == run_id))
    for enrollment in _many([row.enrollment_id for row in admitted]):
        audit.record(
            "enrollment.admitted", subject=("enrollment", enrollment.id), region_id=enrollment.region_id,
            data={"run_id": run_id},
        )  # fmt: skip
        _tell(enrollment, "enroll.admitted", starts_on=starts_on.isoformat() if starts_on else "")
    return len(admitted)


def refuse(
    *, run_id: int, enrollment_ids: Collection[int], reason_codes: Collection[str], note: str | None
) -> int:
    """Refuse applicants or waiting people of a run; the number refused.

    Raises DomainError nobody_chosen, reason_missing, reason_note_required or nothing_changed.
    """
    if not enrollment_ids:
        raise DomainError("nobody_chosen")
    if not reason_codes or not set(reason_codes) <= texts.REFUSALS.keys():
        raise DomainError("reason_missing", field="reason_codes")
    note = (note or "").strip() or None
    if "other" in reason_codes and note is None:
        raise DomainError("reason_note_required", field="note")
    refused = 0
    for enrollment in _many(enrollment_ids):
        if enrollment.run_id != run_id:
            continue
        was = _free(enrollment.id, EnrollmentState.REFUSED, reason_codes, note)
        if not was:
            continue
        refused += 1
        audit.record(
            "enrollment.refused", subject=("enrollment", enrollment.id), region_id=enrollment.region_id,
            data={"run_id": run_id, "was": was, "reasons": list(reason_codes)},
        )  # fmt: skip
        _tell(enrollment, "enroll.refused")
        _ended(enrollment, was)
    if not refused:
        raise DomainError("nothing_changed")
    return refused


def _many(enrollment_ids: Collection[int]) -> list[Enrollment]:
    # In order of application: rows lie in the order of their last change, and papers change them.
    query = sa.select(Enrollment).where(Enrollment.id.in_(list(enrollment_ids))).order_by(Enrollment.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


# --- The jobs: in the institution's scope -------------------------------------------------------------------


def offer_seats(*, run_id: int) -> int:
    """Offer every free seat to the head of the waitlist; the number offered (0 when it is too late)."""
    run = db.session.scalar(sa.select(CourseRun).where(CourseRun.id == run_id))
    until = rules.offer_ends_at(clock.now(), run.starts_at) if run is not None else None
    if run is None or until is None:
        return 0
    offered = list(
        db.session.execute(
            sa.text("SELECT enrollment_id, learner_id FROM seat_offer(:run_id, :until)"),
            {"run_id": run_id, "until": until},
        )
    )
    for enrollment in _many([row.enrollment_id for row in offered]):
        audit.record(
            "seat.offered", subject=("enrollment", enrollment.id), region_id=enrollment.region_id,
            data={"run_id": run_id, "until": until.isoformat()},
        )  # fmt: skip
        shown = f"{clock.local(until):%Y-%m-%d %H:%M}"
        _tell(enrollment, "enroll.offered", until=shown)
        _expire_later(enrollment.id, run.tenant_id, until)
    if offered:
        seats_changed(run_id=run_id, course_id=run.course_id, tenant_id=run.tenant_id, freed=False)
    return len(offered)


def _expire_later(enrollment_id: int, tenant_id: int, at: datetime) -> None:
    jobs.enqueue("enroll.expire_offer", scope=institution_scope(tenant_id), at=at, enrollment_id=enrollment_id)


def expire_offer(*, enrollment_id: int) -> bool:
    """Take back an offer whose time is over and offer the seat on; False if it was answered in time."""
    enrollment = _get(enrollment_id)
    if enrollment is None or enrollment.state is not EnrollmentState.OFFERED:
        return False
    if not _free(enrollment_id, EnrollmentState.EXPIRED):
        again = _get(enrollment_id)
        if again is not None and again.state is EnrollmentState.OFFERED and again.offer_expires_at is not None:
            _expire_later(enrollment_id, again.tenant_id, again.offer_expires_at)  # we were early
        return False
    audit.record(
        "offer.expired", subject=("enrollment", enrollment_id), region_id=enrollment.region_id,
        data={"run_id": enrollment.run_id},
    )  # fmt: skip
    _tell(enrollment, "enroll.offer_expired")
    _ended(enrollment, EnrollmentState.OFFERED)
    return True


def announce(*, enrollment_id: int) -> None:
    """Tell the learner what their application became, and the catalog that seats changed."""
    enrollment = _get(enrollment_id)
    if enrollment is None:
        return
    if enrollment.state is EnrollmentState.APPLIED:
        _tell(enrollment, "enroll.applied")
    elif enrollment.state is EnrollmentState.WAITING:
        _tell(enrollment, "enroll.waitlisted")
    _index_soon(enrollment.course_id)


def close_run(*, run_id: int, reason_code: str | None) -> int:
    """End every application to a cancelled run and tell each learner; the number told."""
    closed = list(
        db.session.execute(
            sa.text("SELECT enrollment_id, learner_id FROM seat_close(:run_id, :reason)"),
            {"run_id": run_id, "reason": reason_code},
        )
    )
    for enrollment in _many([row.enrollment_id for row in closed]):
        audit.record(
            "enrollment.cancelled", subject=("enrollment", enrollment.id), region_id=enrollment.region_id,
            data={"run_id": run_id},
        )  # fmt: skip
        _tell(enrollment, "enroll.run_cancelled")
    return len(closed)


def retime_run(*, run_id: int, changes: Collection[str]) -> int:
    """Give a changed run's learners its new times and tell each of them; the number told.

    A learner whose other class is now in the way is told so.
    """
    rows = list(
        db.session.execute(sa.text("SELECT enrollment_id, clashes FROM seat_retime(:run_id)"), {"run_id": run_id})
    )
    clashes = {row.enrollment_id for row in rows if row.clashes}
    mark = f"{'-'.join(sorted(changes))}:{clock.now():%Y%m%d%H%M}"
    for enrollment in _many([row.enrollment_id for row in rows]):
        _tell(enrollment, "enroll.run_clashes" if enrollment.id in clashes else "enroll.run_changed", mark=mark)
    run = db.session.scalar(sa.select(CourseRun).where(CourseRun.id == run_id))
    if run is not None:
        offer_seats(run_id=run_id)
    return len(rows)
