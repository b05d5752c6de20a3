"""A larger catalog alone: more institutions, large and small, with published courses and their classes to come.

Constant memory: whatever was made is written and forgotten every few thousand courses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import accumulate

import sqlalchemy as sa

from app.catalog import rules
from app.catalog.models import Course, CourseRun, RunSeats, RunSession, RunState
from app.policy.models import Designation, DesignationState
from app.seed import writing
from app.seed.block import Block, Organisation
from app.seed.courses import CourseHistory, Draft, draft
from app.seed.organisations import add_schools
from app.seed.reference import Reference, moment, weighted
from app.seed.rows import multirange
from app.tenants.models import Membership, Role, Tenant, TenantKind, TenantState

CHUNK = 5000
COURSES_PER_SCHOOL = 2000
LARGEST = 8  # the larger this number, the less the largest institutions stand out
_RUNS = ((0, 10), (1, 65), (2, 18), (3, 7))
_BRANCHES = 20  # one course in so many is the one before, held in another street
_SLOTS = {
    "day": (time(9), time(12)),
    "evening": (time(19), time(21)),
    "weekend": (time(9), time(12)),
    "blended": (time(14), time(17)),
    "online": (time(19), time(21)),
}


def read_bureaus(connection: sa.Connection, reference: Reference) -> dict[int, Organisation]:
    """The bureaus by region with the manager who decides; read while the walls are down."""
    places = {place.id: place for place in (reference.city, *reference.counties)}
    rows = connection.execute(
        sa.select(Tenant.id, Tenant.name, Tenant.region_id, sa.func.min(Membership.user_id).label("manager_id"))
        .join(Membership, Membership.tenant_id == Tenant.id)
        .where(Tenant.kind == TenantKind.BUREAU, Membership.role == Role.MANAGER)
        .group_by(Tenant.id)
    )
    return {
        row.region_id: Organisation(
            row.id, row.name, places[row.region_id], TenantState.VERIFIED, 0, row.manager_id
        )
        for row in rows
    }


def grow_schools(connection: sa.Connection, block: Block, courses: int) -> None:
    """Add blocks of institutions until there is one for every so many courses."""
    count = connection.scalar(sa.select(sa.func.count(Tenant.id)).where(Tenant.kind == TenantKind.INSTITUTION))
    known = count or 0
    a_block = 2 * len(block.reference.counties)
    while known < courses // COURSES_PER_SCHOOL:
        block.number = known // a_block
        add_schools(block)
        known += a_block
    block.rows.flush()


def designated_schools(connection: sa.Connection, reference: Reference) -> list[Organisation]:
    """Every verified institution with the trades it may teach today; read while the walls are down."""
    today = reference.today
    places = {place.id: place for place in reference.counties}
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
    block.rng.shuffle(schools)
    weights = list(accumulate(1 / (rank + LARGEST) for rank in range(len(schools))))
    last: dict[int, Draft] = {}
    for first in range(0, count, CHUNK):
        size = min(CHUNK, count - first)
        for school in block.rng.choices(schools, cum_weights=weights, k=size):
            before = last.get(school.id)
            if before is not None and block.rng.randrange(_BRANCHES) == 0:
                content = _elsewhere(block, school, before)
            else:
                content = draft(block, school, 10, block.rng.choice(school.trades), is_subsidised=True)
            last[school.id] = content
            _add_course(block, school, content)
        block.rows.flush()
        yield size


def _elsewhere(block: Block, school: Organisation, content: Draft) -> Draft:
    """The same course in another street, with another teacher: on a page of results they are one."""
    values = dict(content.values)
    mode, level = values["mode"], values["level"]
    values["place"] = writing.address(block.reference, block.rng, school.place, content.trade, mode)
    values["teacher"] = writing.teacher(block.reference, block.rng, level)
    return Draft(content.trade, values)


def _add_course(block: Block, school: Organisation, content: Draft) -> None:
    reference, rng = block.reference, block.rng
    created_at = reference.some_time(rng, -700, -61)
    course_id = block.rows.add(
        Course,
        tenant_id=school.id,
        tenant_name=school.name,
        region_id=school.place.id,
        is_live=True,
        is_archived=False,
        created_at=created_at,
    )
    CourseHistory(block, school, course_id).add_quietly(content, created_at)
    for _turn in range(weighted(rng, _RUNS)):
        _add_run(block, school, course_id, content, reference.today + timedelta(days=rng.randint(3, 200)))


def _add_run(block: Block, school: Organisation, course_id: int, content: Draft, day: date) -> None:
    reference, rng = block.reference, block.rng
    slot = _SLOTS[content.values["mode"]]
    last = day + timedelta(days=1)
    timetable = rules.Timetable(day, last, frozenset({day.weekday(), last.weekday()}), (slot,))
    times = [(moment(each, slot[0].hour), moment(each, slot[1].hour)) for each in (day, last)]
    seats = rng.choice((12, 20, 30))
    run_id = block.rows.add(
        CourseRun,
        course_id=course_id,
        tenant_id=school.id,
        region_id=school.place.id,
        state=RunState.OPEN,
        is_public=True,
        starts_on=day,
        ends_on=last,
        starts_at=times[0][0],
        place=content.values["place"],
        schedule=rules.describe_timetable(timetable),
        seats=seats,
        session_times=multirange(times),
        reason_code=None,
        reason_note=None,
        created_at=reference.some_time(rng, -60, -1),
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
