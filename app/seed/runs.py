"""Runs past, running, to come, cancelled and being planned, with their sessions and seat counters."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from app.catalog import rules
from app.catalog.models import CourseRun, RunSeats, RunSession, RunState
from app.seed.block import Block, LiveCourse, OpenRun
from app.seed.rows import multirange

_MORNING, _AFTERNOON = (time(9), time(12)), (time(14), time(17))
_EVENING = (time(19), time(21, 15))
# Mode: the weekdays and the hours of a day a course is held at.
_TIMES: dict[str, tuple[frozenset[int], tuple[rules.Slot, ...]]] = {
    "day": (frozenset({0, 1, 2, 3, 4}), (_MORNING, _AFTERNOON)),
    "evening": (frozenset({0, 2, 4}), (_EVENING,)),
    "weekend": (frozenset({5, 6}), (_MORNING, _AFTERNOON)),
    "online": (frozenset({1, 3}), (_EVENING,)),
    "blended": (frozenset({2, 5}), (_MORNING, _AFTERNOON)),
}
_CANCELLED = (
    ("too_few", None),
    ("teacher_absent", None),
    ("place_lost", None),
    ("other", "设备检修，改在下月开班。"),
)


def add_runs(block: Block) -> None:
    """About three runs for each live course: one over, one to come, and others between."""
    upcoming = 0
    for number, course in enumerate(block.courses):
        _add_run(block, course, "past", -block.rng.randint(100, 200))
        third = ("running", "upcoming", "past", "running", "upcoming")[number % 5]
        if third == "past":
            _add_run(block, course, "past", -block.rng.randint(205, 215))
        elif third == "running":
            _add_run(block, course, "running", 0)
        for _turn in range(2 if third == "upcoming" else 1):
            upcoming += 1
            is_cancelled = upcoming % 23 == 0
            _add_run(block, course, "upcoming", block.rng.randint(4, 75), is_cancelled=is_cancelled)
        if number % 12 == 0:
            _add_run(block, course, "planned", block.rng.randint(30, 90))


def timetable_of(course: LiveCourse, phase: str, today: date, offset: int) -> rules.Timetable:
    """The timetable that gives the course's hours; a running one began before today and ends after it."""
    weekdays, slots = _TIMES[course.mode]
    minutes = sum((end.hour - start.hour) * 60 + end.minute - start.minute for start, end in slots)
    days = -(-course.hours * rules.LESSON_MINUTES // minutes)
    length = -(-days * 7 // len(weekdays))
    first = today + timedelta(days=-(length * 2 // 5) if phase == "running" else offset)
    while first.weekday() not in weekdays:
        first += timedelta(days=1)
    last, left = first, days - 1
    while left:
        last += timedelta(days=1)
        left -= last.weekday() in weekdays
    return rules.Timetable(first, last, weekdays, slots)


def _add_run(block: Block, course: LiveCourse, phase: str, offset: int, *, is_cancelled: bool = False) -> None:
    rng, reference = block.rng, block.reference
    place = course.school.place
    timetable = timetable_of(course, phase, reference.today, offset)
    lessons = rules.plan_lessons(timetable, theory_hours=course.theory_hours)
    is_public = phase != "planned"
    state = RunState.OPEN if is_public else RunState.DRAFT
    code, note = rng.choice(_CANCELLED) if is_cancelled else (None, None)
    seats = rng.choice((10, 12, 16, 20, 24, 30))
    busy = multirange((lesson.starts_at, lesson.ends_at) for lesson in lessons)
    before = min((timetable.starts_on - reference.today).days - 25, -2)
    created_at = reference.at(max(before, -228), 11)
    run_id = block.rows.add(
        CourseRun,
        course_id=course.id,
        tenant_id=course.school.id,
        region_id=place.id,
        state=RunState.CANCELLED if is_cancelled else state,
        is_public=is_public,
        starts_on=timetable.starts_on,
        ends_on=timetable.ends_on,
        starts_at=lessons[0].starts_at,
        place=course.place,
        schedule=rules.describe_timetable(timetable),
        seats=seats,
        session_times=busy,
        reason_code=code,
        reason_note=note,
        created_at=created_at,
    )
    for lesson in lessons:
        block.rows.add(
            RunSession,
            run_id=run_id,
            tenant_id=course.school.id,
            region_id=place.id,
            is_public=is_public,
            kind=lesson.kind,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
        )
    _log_run(block, course, run_id, "run.opened" if is_public else "run.planned", created_at)
    if not is_public:
        return
    if is_cancelled:
        _log_run(block, course, run_id, "run.cancelled", reference.at(-1, 16))
    block.rows.add(RunSeats, run_id=run_id, capacity=seats, taken=0, waiting=0, next_number=1)
    block.runs.append(
        OpenRun(
            id=run_id,
            course=course,
            place=place,
            phase=phase,
            starts_on=timetable.starts_on,
            ends_on=timetable.ends_on,
            starts_at=lessons[0].starts_at,
            busy=busy,
            capacity=seats,
            seats_row=block.rows.last(RunSeats),
            cancel_code=code,
        )
    )


def _log_run(block: Block, course: LiveCourse, run_id: int, tag: str, at: datetime) -> None:
    block.log(
        tag,
        at,
        subject=("run", run_id),
        actor_id=course.school.manager_id,
        tenant_id=course.school.id,
        region_id=course.school.place.id,
    )
