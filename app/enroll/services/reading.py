"""What pages read: a learner's applications, a run's roster, a bureau's papers to verify. One query per list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app.catalog.models import CourseRevision, CourseRun, RunSeats, RunSession
from app.db import db
from app.enroll.models import (
    EligibilityDecision,
    Enrollment,
    EnrollmentState,
    LearnerProfile,
    PapersState,
    Proof,
    ProofState,
    ReviewRequest,
    WaitlistEntry,
)
from app.notifications import Notice
from app.tenants.models import Tenant

PAGE = 50
ROSTER = (EnrollmentState.APPLIED, EnrollmentState.ADMITTED)
QUEUE = (EnrollmentState.WAITING, EnrollmentState.OFFERED)
ENDED = (
    EnrollmentState.REFUSED,
    EnrollmentState.WITHDRAWN,
    EnrollmentState.EXPIRED,
    EnrollmentState.CANCELLED,
)
TABS = {"roster": ROSTER, "waitlist": QUEUE, "ended": ENDED}


@dataclass(frozen=True, slots=True)
class Mine:
    """One of the learner's own applications."""

    enrollment: Enrollment
    run: CourseRun | None
    institution: str
    place: int | None


def _place() -> sa.ScalarSelect[Any]:
    own, before = aliased(WaitlistEntry), aliased(WaitlistEntry)
    return (
        sa.select(sa.func.count())
        .select_from(own)
        .join(before, sa.and_(before.run_id == own.run_id, before.number <= own.number))
        .where(own.enrollment_id == Enrollment.id)
        .correlate(Enrollment)
        .scalar_subquery()
    )


def my_enrollments(*, user_id: int, enrollment_id: int | None = None) -> list[Mine]:
    """The learner's applications, newest first, with run and place in the waitlist (None: not waiting)."""
    query = (
        sa.select(Enrollment, CourseRun, Tenant.name, _place())
        .outerjoin(CourseRun, CourseRun.id == Enrollment.run_id)
        .outerjoin(Tenant, Tenant.id == Enrollment.tenant_id)
        .where(Enrollment.learner_id == user_id)
        .order_by(Enrollment.id.desc())
    )
    if enrollment_id is not None:
        query = query.where(Enrollment.id == enrollment_id)
    return [Mine(e, run, name or "", place or None) for e, run, name, place in db.session.execute(query)]


def lessons_of(*, run_id: int) -> list[RunSession]:
    """A run's lessons in order, as the public sees them."""
    query = sa.select(RunSession).where(RunSession.run_id == run_id, RunSession.is_public)
    return list(db.session.scalars(query.order_by(RunSession.starts_at)))


def my_proofs(*, user_id: int) -> list[Proof]:
    """The learner's proofs, newest first."""
    return list(db.session.scalars(sa.select(Proof).where(Proof.learner_id == user_id).order_by(Proof.id.desc())))


def my_reviews(*, user_id: int) -> list[ReviewRequest]:
    """The learner's review requests, newest first."""
    query = sa.select(ReviewRequest).where(ReviewRequest.learner_id == user_id)
    return list(db.session.scalars(query.order_by(ReviewRequest.id.desc())))


def my_decisions(*, user_id: int) -> list[EligibilityDecision]:
    """Every decision made about the learner, newest first."""
    query = sa.select(EligibilityDecision).where(EligibilityDecision.learner_id == user_id)
    return list(db.session.scalars(query.order_by(EligibilityDecision.id.desc())))


def decisions_of(*, enrollment_ids: Collection[int]) -> dict[int, list[EligibilityDecision]]:
    """Every decision of some applications, the one in force first."""
    found: dict[int, list[EligibilityDecision]] = {enrollment_id: [] for enrollment_id in enrollment_ids}
    query = sa.select(EligibilityDecision).where(EligibilityDecision.enrollment_id.in_(enrollment_ids))
    for decision in db.session.scalars(query.order_by(EligibilityDecision.id.desc())):
        found[decision.enrollment_id].append(decision)
    return found


def my_notices(*, user_id: int, page: int) -> tuple[list[Notice], int]:
    """A page of the learner's notices, newest first, and how many there are."""
    mine = Notice.user_id == user_id
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Notice).where(mine)) or 0
    query = sa.select(Notice).where(mine).order_by(Notice.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    return list(db.session.scalars(query)), total


# --- The institution ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RosterPage:
    """A part of a run's applicants with their places in the waitlist, and the number in each tab."""

    rows: list[tuple[Enrollment, int | None]]
    total: int
    counts: dict[str, int]


def own_run(*, run_id: int, tenant_id: int) -> tuple[CourseRun, RunSeats] | None:
    """The institution's own run with its seats; None for a draft or another's."""
    row = db.session.execute(
        sa.select(CourseRun, RunSeats)
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(CourseRun.id == run_id, CourseRun.tenant_id == tenant_id)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def title_of(*, course_id: int) -> str:
    """The live title of a course, else the newest one."""
    query = sa.select(CourseRevision.title).where(CourseRevision.course_id == course_id)
    newest = query.order_by(CourseRevision.is_live.desc(), CourseRevision.number.desc()).limit(1)
    return db.session.scalar(newest) or ""


def roster(
    *,
    run_id: int,
    states: Collection[EnrollmentState],
    papers: bool | None = None,
    answer: str | None = None,
    page: int | None = 1,
) -> RosterPage:
    """A run's applicants in some states, in order; `page=None` gives them all (for an export)."""
    rows = sa.select(Enrollment, WaitlistEntry.number).outerjoin(
        WaitlistEntry, WaitlistEntry.enrollment_id == Enrollment.id
    )
    of_run = Enrollment.run_id == run_id
    wanted = [of_run, Enrollment.state.in_(list(states))]
    if papers is not None:
        is_done = Enrollment.papers.in_([PapersState.VERIFIED, PapersState.NOT_NEEDED])
        wanted.append(is_done if papers else sa.not_(is_done))
    if answer:
        wanted.append(Enrollment.answer == answer)
    by_state: dict[EnrollmentState, int] = {}
    grouped = sa.select(Enrollment.state, sa.func.count()).where(of_run).group_by(Enrollment.state)
    for state, count in db.session.execute(grouped):
        by_state[state] = count
    counts = {tab: sum(by_state.get(state, 0) for state in members) for tab, members in TABS.items()}
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Enrollment).where(*wanted)) or 0
    query = rows.where(*wanted).order_by(sa.nulls_first(WaitlistEntry.number), Enrollment.state, Enrollment.id)
    if page is not None:
        query = query.limit(PAGE).offset((page - 1) * PAGE)
    found: list[Any] = list(db.session.execute(query))
    waiting = db.session.scalars(
        sa.select(WaitlistEntry.number).where(WaitlistEntry.run_id == run_id).order_by(WaitlistEntry.number)
    )
    places = {number: place for place, number in enumerate(waiting, 1)}
    return RosterPage([(e, places.get(n)) for e, n in found], total, counts)


def undecided(*, tenant_id: int) -> list[tuple[int, str, int]]:
    """The institution's runs with applicants to decide on: run id, title, number; soonest start first."""
    query = (
        sa.select(Enrollment.run_id, sa.func.max(Enrollment.course_title), sa.func.count())
        .join(CourseRun, CourseRun.id == Enrollment.run_id)
        .where(Enrollment.tenant_id == tenant_id, Enrollment.state == EnrollmentState.APPLIED)
        .group_by(Enrollment.run_id, CourseRun.starts_on)
        .order_by(CourseRun.starts_on)
        .limit(20)
    )
    return [(run_id, title, count) for run_id, title, count in db.session.execute(query)]


# --- The bureau ---------------------------------------------------------------------------------------------


def proofs_to_verify(*, region_ids: Collection[int], state: ProofState, page: int) -> tuple[list[Any], int]:
    """A page of the proofs of a bureau's regions with the learner's profile (None before they have one)."""
    wanted = [Proof.region_id.in_(list(region_ids)), Proof.state == state]
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Proof).where(*wanted)) or 0
    query = (
        sa.select(Proof, LearnerProfile)
        .outerjoin(LearnerProfile, LearnerProfile.user_id == Proof.learner_id)
        .where(*wanted)
        .order_by(Proof.id if state is ProofState.PENDING else Proof.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return list(db.session.execute(query)), total


def one_proof(*, proof_id: int, region_ids: Collection[int]) -> Any:
    """A proof of the bureau's regions with the learner's profile, or None."""
    return db.session.execute(
        sa.select(Proof, LearnerProfile)
        .outerjoin(LearnerProfile, LearnerProfile.user_id == Proof.learner_id)
        .where(Proof.id == proof_id, Proof.region_id.in_(list(region_ids)))
    ).one_or_none()


def applications_of(*, learner_id: int, region_ids: Collection[int]) -> list[tuple[Enrollment, date | None]]:
    """The latest applications of a learner of the bureau's regions, newest first, and when each class begins."""
    query = (
        sa.select(Enrollment, CourseRun.starts_on)
        .outerjoin(CourseRun, CourseRun.id == Enrollment.run_id)
        .where(Enrollment.learner_id == learner_id, Enrollment.learner_region_id.in_(list(region_ids)))
        .order_by(Enrollment.id.desc())
        .limit(20)
    )
    return [(enrollment, starts_on) for enrollment, starts_on in db.session.execute(query)]


def count_pending(*, region_ids: Collection[int]) -> int:
    """How many proofs wait for the bureau."""
    query = sa.select(sa.func.count()).select_from(Proof)
    waiting = query.where(Proof.region_id.in_(list(region_ids)), Proof.state == ProofState.PENDING)
    return db.session.scalar(waiting) or 0


def reviews_of(*, region_ids: Collection[int], open_only: bool, page: int) -> tuple[list[Any], int]:
    """A page of the review requests of a bureau's regions with the learner's profile, oldest first while open."""
    wanted = [ReviewRequest.region_id.in_(list(region_ids))]
    wanted.append(ReviewRequest.answered_at.is_(None) if open_only else ReviewRequest.answered_at.is_not(None))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(ReviewRequest).where(*wanted)) or 0
    query = (
        sa.select(ReviewRequest, LearnerProfile)
        .outerjoin(LearnerProfile, LearnerProfile.user_id == ReviewRequest.learner_id)
        .where(*wanted)
        .order_by(ReviewRequest.id if open_only else ReviewRequest.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return list(db.session.execute(query)), total


def one_review(*, request_id: int, region_ids: Collection[int]) -> ReviewRequest | None:
    """A review request of the bureau's regions, or None."""
    return db.session.scalar(
        sa.select(ReviewRequest).where(
            ReviewRequest.id == request_id, ReviewRequest.region_id.in_(list(region_ids))
        )
    )
