"""What this platform itself can count towards the targets the city set, from what everyone may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.catalog.models import CourseForm, CourseRevision, CourseRun, RunSeats, RunState
from app.db import db


@dataclass(frozen=True, slots=True)
class Begun:
    """Classes that have begun, and the seats taken in them."""

    classes: int
    seats: int


def begun_since(*, since: date, on: date) -> dict[CourseForm, Begun]:
    """The published classes of each form of course that began from one day to another and were not cancelled."""
    rows = db.session.execute(
        sa.select(CourseRevision.form, sa.func.count(), sa.func.sum(RunSeats.taken))
        .join(CourseRun, sa.and_(CourseRun.course_id == CourseRevision.course_id, CourseRevision.is_live))
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(CourseRun.is_public, CourseRun.state == RunState.OPEN, CourseRun.starts_on.between(since, on))
        .group_by(CourseRevision.form)
    )
    return {form: Begun(classes, int(seats)) for form, classes, seats in rows}
