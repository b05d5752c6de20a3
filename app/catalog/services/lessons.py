"""A run's lessons one by one: added, changed, removed; who is enrolled gets the new times and is told."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from app import audit, clock, scope
from app.catalog import rules
from app.catalog.models import CourseRun, RunSession, RunState
from app.catalog.services import courses, run_changes, runs
from app.catalog.services.run_changes import Reason
from app.db import db
from app.errors import DomainError


def own_lesson(*, run_id: int, lesson_id: int) -> RunSession | None:
    """A lesson of the institution's run, or None."""
    return db.session.scalar(
        sa.select(RunSession).where(
            RunSession.id == lesson_id,
            RunSession.run_id == run_id,
            RunSession.tenant_id == scope.require().tenant_id,
        )
    )


def has_learners(*, run_id: int) -> bool:
    """Whether anyone holds a seat of the run or waits for one: then a change of its times needs a reason."""
    seats = runs.seats_of(run_id=run_id)
    return seats is not None and seats.taken + seats.waiting > 0


def add_lesson(*, run_id: int, lesson: rules.Lesson, topic: str, reason: Reason) -> None:
    """Add one lesson.

    Raises DomainError run_cancelled, run_over, reason_required, reason_note_required or of `rules.check_lesson`.
    """
    run = _locked(run_id)
    before = _as_lessons(runs.sessions_of(run_id=run_id))
    rules.check_lesson(lesson, others=before, now=clock.now())
    _check_reason(run, reason)
    db.session.add(
        RunSession(
            run_id=run.id,
            tenant_id=run.tenant_id,
            region_id=run.region_id,
            is_public=run.is_public,
            kind=lesson.kind,
            topic=topic,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
        )
    )
    _retime(run, before, [*before, lesson], tag="run.lesson_added", reason=reason)


def edit_lesson(*, run_id: int, lesson_id: int, lesson: rules.Lesson, topic: str, reason: Reason) -> bool:
    """Change one lesson that has not begun; whether learners are told, which is when its time changed.

    Raises DomainError lesson_begun or what `add_lesson` raises.
    """
    run = _locked(run_id)
    row, old, others = _split(run_id, lesson_id)
    if (old.starts_at, old.ends_at) != (lesson.starts_at, lesson.ends_at):
        rules.check_lesson(lesson, others=others, now=clock.now())
        _check_reason(run, reason)
    row.kind, row.topic, row.starts_at, row.ends_at = lesson.kind, topic, lesson.starts_at, lesson.ends_at
    return _retime(run, [*others, old], [*others, lesson], tag="run.lesson_changed", reason=reason)


def remove_lesson(*, run_id: int, lesson_id: int, reason: Reason) -> None:
    """Drop one lesson that has not begun, but never the last one.

    Raises DomainError lesson_last, lesson_begun, run_cancelled, run_over, reason_required or reason_note_required.
    """
    run = _locked(run_id)
    row, old, others = _split(run_id, lesson_id)
    if not others:
        raise DomainError("lesson_last")
    _check_reason(run, reason)
    db.session.delete(row)
    _retime(run, [*others, old], others, tag="run.lesson_removed", reason=reason)


def _locked(run_id: int) -> CourseRun:
    run = run_changes.locked(run_id)
    run_changes.refuse_if_ended(run)
    return run


def _split(run_id: int, lesson_id: int) -> tuple[RunSession, rules.Lesson, list[rules.Lesson]]:
    """The lesson, which must still be ahead, as a row and as it is, and the others."""
    every = runs.sessions_of(run_id=run_id)
    row = next((each for each in every if each.id == lesson_id), None)
    if row is None or row.starts_at <= clock.now():
        raise DomainError("lesson_begun")
    return row, _as_lessons([row])[0], _as_lessons([each for each in every if each is not row])


def _as_lessons(sessions: Sequence[RunSession]) -> list[rules.Lesson]:
    return [rules.Lesson(each.starts_at, each.ends_at, each.kind) for each in sessions]


def _check_reason(run: CourseRun, reason: Reason) -> None:
    if has_learners(run_id=run.id):
        run_changes.check_reason(reason)


def _retime(
    run: CourseRun, before: Sequence[rules.Lesson], after: Sequence[rules.Lesson], *, tag: str, reason: Reason
) -> bool:
    """Give the run the times of its lessons; learners of an open run are told what that changed."""
    times = sorted((lesson.starts_at, lesson.ends_at) for lesson in after)
    dates = rules.lesson_dates(after)
    changed = {
        "dates": dates != (run.starts_on, run.ends_on),
        "sessions": times != sorted((lesson.starts_at, lesson.ends_at) for lesson in before),
    }
    changes = [name for name, is_changed in changed.items() if is_changed]
    (run.starts_on, run.ends_on), run.starts_at = dates, times[0][0]
    run.session_times = [Range(start, end, bounds="[)") for start, end in times]
    db.session.flush()
    data = {"changes": changes, "reason_code": reason.code}
    audit.record(tag, subject=("run", run.id), region_id=run.region_id, data=data)
    is_told = run.state is RunState.OPEN and bool(changes)
    if is_told:
        run_changes.keep_reason(run, reason=reason)
        run_changes.tell(run, job="enroll.run_changed", changes=changes, reason_code=reason.code)
        courses.index(run.course_id)
    return is_told
