"""A course's runs: planned, opened, changed, cancelled; whoever is enrolled is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range, distinct_on
from sqlalchemy.exc import IntegrityError

from app import audit, clock, jobs, scope
from app.catalog import rules
from app.catalog.models import (
    Course,
    CourseRevision,
    CourseRun,
    RevisionState,
    RunSeats,
    RunSession,
    RunState,
)
from app.catalog.services import courses, run_changes
from app.db import db
from app.errors import DomainError
from app.tenants.models import Region, RegionKind
from app.tenants.organisations import require_verified

PAGE_SIZE = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """All an institution says about a run."""

    timetable: rules.Timetable
    place: str
    region_id: int
    seats: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the desk's list."""

    run: CourseRun
    title: str
    taken: int
    waiting: int


# --- Reading -----------------------------------------------------------------------------------------------


def own_run(*, run_id: int) -> CourseRun | None:
    """The institution's run, or None: another's open run is public, but not for its desk."""
    return db.session.scalar(run_changes.own(run_id))


def sessions_of(*, run_id: int) -> list[RunSession]:
    """The run's sessions in order."""
    statement = sa.select(RunSession).where(
        RunSession.run_id == run_id, RunSession.tenant_id == scope.require().tenant_id
    )
    return list(db.session.scalars(statement.order_by(RunSession.starts_at)))


def seats_of(*, run_id: int) -> RunSeats | None:
    """The run's seat counter, once it has been opened."""
    return db.session.scalar(sa.select(RunSeats).where(RunSeats.run_id == run_id))


def own_runs(
    *, course_id: int | None = None, state: RunState | None = None, is_over: bool | None = None, page: int = 1
) -> list[RunRow]:
    """One page of the institution's runs, the next to start first (past ones: the latest first)."""
    newest = (
        sa.select(CourseRevision.course_id, CourseRevision.title)
        .where(CourseRevision.tenant_id == scope.require().tenant_id)
        .where(CourseRevision.state != RevisionState.SUPERSEDED)
        .ext(distinct_on(CourseRevision.course_id))
        .order_by(CourseRevision.course_id, CourseRevision.is_live.desc(), CourseRevision.number.desc())
        .subquery()
    )
    statement = (
        sa.select(CourseRun, newest.c.title, RunSeats.taken, RunSeats.waiting)
        .join(newest, newest.c.course_id == CourseRun.course_id)
        .outerjoin(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(*_filters(course_id, state, is_over))
    )
    order = CourseRun.starts_on.desc() if is_over or course_id else CourseRun.starts_on
    statement = statement.order_by(order, CourseRun.id).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return [
        RunRow(run, title, taken or 0, waiting or 0)
        for run, title, taken, waiting in db.session.execute(statement).all()
    ]


def count_runs(*, course_id: int | None = None, state: RunState | None = None, is_over: bool | None = None) -> int:
    """How many runs `own_runs` would list."""
    statement = sa.select(sa.func.count(CourseRun.id)).where(*_filters(course_id, state, is_over))
    return db.session.scalar(statement) or 0


def _filters(course_id: int | None, state: RunState | None, is_over: bool | None) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [CourseRun.tenant_id == scope.require().tenant_id]
    if course_id is not None:
        found.append(CourseRun.course_id == course_id)
    if state is not None:
        found.append(CourseRun.state == state)
    if is_over is not None:
        today = clock.today()
        found.append(CourseRun.ends_on < today if is_over else CourseRun.ends_on >= today)
    return found


def teaching_regions() -> list[Region]:
    """The counties a run can be held in."""
    return list(db.session.scalars(sa.select(Region).where(Region.kind != RegionKind.CITY).order_by(Region.code)))


def course_hours(*, course_id: int) -> tuple[int, int]:
    """Theory and practice hours of the version in force, else of the newest."""
    revisions = courses.own_revisions(course_id=course_id)
    revision = courses.approved_of(revisions) or revisions[0]
    return revision.theory_hours, revision.practice_hours


# --- Writing -----------------------------------------------------------------------------------------------


def create_run(*, course_id: int, plan: Plan) -> CourseRun:
    """Plan a run, not yet open.

    Raises DomainError course_archived, starts_in_past, place_region_unknown or those of `rules.plan_lessons`.
    """
    course = courses.own_course(course_id=course_id)
    assert course is not None
    if course.is_archived:
        raise DomainError("course_archived")
    lessons = _lessons(course_id, plan)
    run = CourseRun(
        course_id=course.id,
        tenant_id=course.tenant_id,
        region_id=plan.region_id,
        state=RunState.DRAFT,
        is_public=False,
        seats=plan.seats,
        place=plan.place,
    )
    _set_times(run, plan, lessons)
    db.session.add(run)
    db.session.flush()
    _add_sessions(run, lessons)
    audit.record("run.planned", subject=("run", run.id), region_id=run.region_id)
    return run


def edit_run(
    *, run_id: int, plan: Plan, reason_code: str | None = None, reason_note: str | None = None
) -> tuple[str, ...]:
    """Change a run and say what changed; learners of an open run are told.

    Fewer seats on an open run need a reason. Raises DomainError run_cancelled, run_over, starts_in_past,
    place_region_unknown, reason_required, reason_note_required, seats_taken or of `rules`.
    """
    run = run_changes.locked(run_id)
    run_changes.refuse_if_ended(run)
    old = sessions_of(run_id=run.id)
    lessons = _lessons(run.course_id, plan, run=run, old=old)
    changes = _changes(run, plan, old, lessons)
    if not changes:
        return ()
    is_open, reason = run.state is RunState.OPEN, run_changes.Reason(reason_code, reason_note)
    if is_open and plan.seats < run.seats:
        run_changes.check_reason(reason)
    if {"dates", "sessions", "kinds"} & set(changes):
        db.session.execute(
            sa.delete(RunSession)
            .where(RunSession.run_id == run.id, RunSession.tenant_id == run.tenant_id)
            .execution_options(synchronize_session=False)
        )
        _set_times(run, plan, lessons)
        _add_sessions(run, lessons)
    elif run.region_id != plan.region_id:
        db.session.execute(
            sa.update(RunSession)
            .where(RunSession.run_id == run.id, RunSession.tenant_id == run.tenant_id)
            .values(region_id=plan.region_id)
            .execution_options(synchronize_session=False)
        )
    run.place, run.region_id = plan.place, plan.region_id
    db.session.flush()
    grew = plan.seats > run.seats
    if "seats" in changes:
        if is_open:
            _resize(run, plan.seats)
        else:
            run.seats = plan.seats
    audit.record(
        "run.changed",
        subject=("run", run.id),
        region_id=run.region_id,
        data={"changes": list(changes), "seats": plan.seats, "reason_code": reason_code},
    )
    if is_open:
        told = [change for change in changes if change != "kinds"]
        if told:
            run_changes.keep_reason(run, reason=reason)
            run_changes.tell(run, job="enroll.run_changed", changes=told, reason_code=reason_code)
        if grew:
            jobs.enqueue("enroll.offer_seats", scope=run_changes.institution_of(run), run_id=run.id)
        courses.index(run.course_id)
    return changes


def open_run(*, run_id: int) -> None:
    """Let learners apply; opening twice is opening once.

    Raises DomainError run_cancelled, organisation_unverified, course_not_live or run_started.
    """
    run = run_changes.locked(run_id)
    if run.state is RunState.OPEN:
        return
    if run.state is RunState.CANCELLED:
        raise DomainError("run_cancelled")
    require_verified(run.tenant_id)
    # Under the course's lock: taking the course down waits for this, or is seen here.
    is_live = db.session.scalar(
        sa.select(Course.is_live)
        .where(Course.id == run.course_id, Course.tenant_id == run.tenant_id)
        .with_for_update()
    )
    if not is_live:
        raise DomainError("course_not_live")
    if run.starts_at <= clock.now():
        raise DomainError("run_started")
    run.state = RunState.OPEN
    run.is_public = True
    db.session.execute(
        sa.update(RunSession)
        .where(RunSession.run_id == run.id, RunSession.tenant_id == run.tenant_id)
        .values(is_public=True)
        .execution_options(synchronize_session=False)
    )
    db.session.flush()
    _resize(run, run.seats)
    audit.record("run.opened", subject=("run", run.id), region_id=run.region_id)
    courses.index(run.course_id)


def cancel_run(*, run_id: int, reason_code: str | None, reason_note: str | None = None) -> None:
    """Cancel a run with a reason and tell every learner; cancelling twice is cancelling once.

    Raises DomainError run_over, reason_required or reason_note_required.
    """
    run = run_changes.locked(run_id)
    if run.state is RunState.CANCELLED:
        return
    run_changes.refuse_if_ended(run)
    reason = run_changes.Reason(reason_code, reason_note)
    run_changes.check_reason(reason)
    was_open = run.state is RunState.OPEN
    run.state = RunState.CANCELLED
    run_changes.keep_reason(run, reason=reason)
    audit.record(
        "run.cancelled", subject=("run", run.id), region_id=run.region_id, data={"reason_code": reason_code}
    )
    if was_open:
        run_changes.tell(run, job="enroll.run_cancelled", reason_code=reason_code)
        courses.index(run.course_id)


# --- Parts -------------------------------------------------------------------------------------------------


def _lessons(
    course_id: int, plan: Plan, *, run: CourseRun | None = None, old: Sequence[RunSession] = ()
) -> tuple[rules.Lesson, ...]:
    keeps_start = run is not None and run.starts_on == plan.timetable.starts_on
    if plan.timetable.starts_on < clock.today() and not keeps_start:
        raise DomainError("starts_in_past", field="starts_on")
    if (
        db.session.scalar(sa.select(Region.id).where(Region.id == plan.region_id, Region.kind != RegionKind.CITY))
        is None
    ):
        raise DomainError("place_region_unknown", field="region_id")
    kept = tuple(rules.Lesson(session.starts_at, session.ends_at, session.kind) for session in old)
    if run is not None and plan.timetable == rules.timetable_of(kept, run.starts_on, run.ends_on):
        return kept  # the timetable was left as it was: lessons changed one by one stay
    theory_hours, _practice = course_hours(course_id=course_id)
    return rules.plan_lessons(plan.timetable, theory_hours=theory_hours)


def _set_times(run: CourseRun, plan: Plan, lessons: Sequence[rules.Lesson]) -> None:
    run.starts_on, run.ends_on = plan.timetable.starts_on, plan.timetable.ends_on
    run.starts_at = lessons[0].starts_at
    run.schedule = rules.describe_timetable(plan.timetable)
    run.session_times = [Range(lesson.starts_at, lesson.ends_at, bounds="[)") for lesson in lessons]


def _add_sessions(run: CourseRun, lessons: Sequence[rules.Lesson]) -> None:
    db.session.add_all(
        RunSession(
            run_id=run.id,
            tenant_id=run.tenant_id,
            region_id=run.region_id,
            is_public=run.is_public,
            kind=lesson.kind,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
        )
        for lesson in lessons
    )
    db.session.flush()


def _changes(
    run: CourseRun, plan: Plan, old: Sequence[RunSession], lessons: Sequence[rules.Lesson]
) -> tuple[str, ...]:
    before: list[tuple[datetime, datetime]] = [(session.starts_at, session.ends_at) for session in old]
    after: list[tuple[datetime, datetime]] = [(lesson.starts_at, lesson.ends_at) for lesson in lessons]
    found = {
        "dates": (run.starts_on, run.ends_on) != (plan.timetable.starts_on, plan.timetable.ends_on),
        "sessions": before != after,
        "kinds": [session.kind for session in old] != [lesson.kind for lesson in lessons],
        "place": (run.place, run.region_id) != (plan.place, plan.region_id),
        "seats": run.seats != plan.seats,
    }
    return tuple(name for name, is_changed in found.items() if is_changed)


def _resize(run: CourseRun, seats: int) -> None:
    try:
        with db.session.begin_nested():
            db.session.execute(
                sa.text("select seat_resize(:run_id, :capacity)"), {"run_id": run.id, "capacity": seats}
            )
    except IntegrityError as error:
        counter = seats_of(run_id=run.id)
        raise DomainError("seats_taken", field="seats", taken=counter.taken if counter else 0) from error
    db.session.refresh(run, ["seats"])
