"""What runs out by itself: proofs and decisions, two weeks after their owners were told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app import audit, clock, notifications
from app.catalog.models import CourseRevision, CourseRun
from app.db import db
from app.enroll.models import ACTIVE, EligibilityDecision, Enrollment, Proof, ProofState
from app.enroll.rules import TOLD_BEFORE
from app.enroll.services import deciding
from app.policy import services as policy

FILED_LATE = timedelta(days=7)  # so long a decision is still made that the night its class began was not


def _ending(on: date) -> sa.ColumnElement[bool]:
    return sa.and_(Proof.state == ProofState.VERIFIED, Proof.valid_until <= on + TOLD_BEFORE)


def learners_concerned(*, on: date) -> set[int]:
    """Whose proofs or decisions run out, now or soon, or are to be made again; in the scope of every region."""
    proofs = db.session.scalars(sa.select(Proof.learner_id).where(_ending(on)).distinct())
    return {*proofs, *db.session.scalars(_to_decide(on))}


def _to_decide(on: date) -> sa.Select[Any]:
    """The learners with a decision in force that `rules.why_due` has made again, or that soon runs out."""
    latest = (
        sa.select(
            Enrollment.learner_id,
            EligibilityDecision.judged_on,
            EligibilityDecision.valid_until,
            CourseRun.starts_on,
        )
        .join(EligibilityDecision, EligibilityDecision.enrollment_id == Enrollment.id)
        .join(CourseRun, CourseRun.id == Enrollment.run_id)
        .join(CourseRevision, sa.and_(CourseRevision.course_id == Enrollment.course_id, CourseRevision.is_live))
        .where(Enrollment.state.in_(ACTIVE), CourseRun.starts_on >= on - FILED_LATE, CourseRevision.is_subsidised)
        .ext(distinct_on(Enrollment.id))
        .order_by(Enrollment.id, EligibilityDecision.id.desc())
        .subquery()
    )
    found = latest.c
    is_filed = sa.and_(found.starts_on <= on, found.judged_on < found.starts_on)
    lapses = sa.and_(found.valid_until <= on + TOLD_BEFORE, found.valid_until < found.starts_on)
    is_outdated = sa.and_(found.judged_on < policy.changed_on(on), found.starts_on > on)
    return sa.select(found.learner_id).where(sa.or_(is_filed, lapses, is_outdated)).distinct()


def run_out(*, learner_id: int) -> None:
    """Expire what has run out and announce what will; in the learner's scope, as often as one likes."""
    today = clock.today()
    proofs = db.session.scalars(sa.select(Proof).where(Proof.learner_id == learner_id, _ending(today))).all()
    for proof in proofs:
        assert proof.valid_until is not None
        until = proof.valid_until.isoformat()
        if proof.valid_until >= today:
            notifications.send(
                learner_id, "enroll.proof_ends", dedupe=f"enroll.proof_ends:{proof.id}:{until}", until=until
            )
            continue
        proof.state = ProofState.EXPIRED
        audit.record("proof.expired", subject=("proof", proof.id), region_id=proof.region_id)
        notifications.send(
            learner_id, "enroll.proof_expired", dedupe=f"enroll.proof_expired:{proof.id}:{until}", until=until
        )
    db.session.flush()
    deciding.refresh(learner_id=learner_id)
    db.session.flush()
    for enrollment, decision in deciding.ending(learner_id=learner_id, today=today, before=today + TOLD_BEFORE):
        notifications.send(
            learner_id,
            "enroll.decision_ends",
            dedupe=f"enroll.decision_ends:{decision.id}",
            title=enrollment.course_title,
            until=decision.valid_until.isoformat(),
        )
