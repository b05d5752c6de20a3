"""A larger catalog alone: more published courses, each with one class to come, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time, timedelta

import sqlalchemy as sa

from app.catalog import rules
from app.catalog.models import Course, CourseRun, RunSeats, RunSession, RunState
from app.policy.models import Designation, DesignationState
from app.seed.block import Block, Organisation
from app.seed.courses import CourseHistory, draft
from app.seed.reference import moment
from app.seed.rows import multirange
from app.tenants.models import Tenant, TenantState

CHUNK = 5000
SLOT = (time(9), time(12))


def designated_schools(connection: sa.Connection, block: Block) -> list[Organisation]:
    """Every verified institution with the trades it may teach today; read while the walls are down."""
    today = block.reference.today
    places = {place.id: place for place in block.reference.counties}
    rows = connection.execute(
        sa.select(Tenant.id, Tenant.name, Tenant.region_id, Designation.trade_code, Designation.levels)
        .join(Designation, Designation.tenant_id == Tenant.id)
        .where(
            Tenant.is_verified,
            Designation.state == DesignationState.ACTIVE,
            Designation.valid_from <= today,
            Designation.valid_to > today,
        )
        .order_by(Tenant.id, Designation.id)
    )
    schools: dict[int, Organisation] = {}
    for row in rows:
        school = schools.get(row.id)
        if school is None:
            school = Organisation(row.id, row.name, places[row.region_id], TenantState.VERIFIED, 0, 0)
            schools[row.id] = school
        school.trades.append((row.trade_code, list(row.levels)))
    return list(schools.values())


def grow_catalog(block: Block, schools: list[Organisation], count: int) -> Iterator[int]:
    """Add `count` published courses; yields how many were written with each chunk."""
    written = 0
    while written < count:
        size = min(CHUNK, count - written)
        for number in range(written, written + size):
            _add_course(block, schools[number % len(schools)], number // len(schools))
        block.rows.flush()
        written += size
        yield size


def _add_course(block: Block, school: Organisation, number: int) -> None:
    reference, rng = block.reference, block.rng
    content = draft(block, school, 10 + number, school.trades[number % len(school.trades)], is_subsidised=True)
    course_id = block.rows.add(
        Course,
        tenant_id=school.id,
        tenant_name=school.name,
        region_id=school.place.id,
        is_live=True,
        is_archived=False,
        created_at=reference.at(-300, 9),
    )
    CourseHistory(block, school, course_id).add_quietly(content, reference.at(-300, 9))
    day = reference.today + timedelta(days=rng.randint(3, 90))
    weekdays = frozenset({day.weekday(), (day.weekday() + 1) % 7})
    timetable = rules.Timetable(day, day + timedelta(days=1), weekdays, (SLOT,))
    times = [(moment(day + timedelta(days=step), 9), moment(day + timedelta(days=step), 12)) for step in range(2)]
    seats = rng.choice((12, 20, 30))
    run_id = block.rows.add(
        CourseRun,
        course_id=course_id,
        tenant_id=school.id,
        region_id=school.place.id,
        state=RunState.OPEN,
        is_public=True,
        starts_on=day,
        ends_on=day + timedelta(days=1),
        starts_at=times[0][0],
        place=content.values["place"],
        schedule=rules.describe_timetable(timetable),
        seats=seats,
        session_times=multirange(times),
        reason_code=None,
        reason_note=None,
        created_at=reference.at(-20, 9),
    )
    for (starts_at, ends_at), kind in zip(times, ("theory", "practice"), strict=True):
        block.rows.add(
            RunSession,
            run_id=run_id,
            tenant_id=school.id,
            region_id=school.place.id,
            is_public=True,
            kind=kind,
            starts_at=starts_at,
            ends_at=ends_at,
        )
    block.rows.add(RunSeats, run_id=run_id, capacity=seats, taken=0, waiting=0, next_number=1)
