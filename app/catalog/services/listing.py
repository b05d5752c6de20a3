"""What an institution's desk lists: its courses by where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from app import clock, scope
from app.catalog import rules
from app.catalog.models import Course, CourseRevision, CourseRun, RevisionState, RunState
from app.db import db
from app.policy.models import Trade

PAGE_SIZE = 30
FILTERS = ("returned", "draft", "submitted", "live", "off", "archived")


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A course in the desk's list; `working` is the state of the version being worked on."""

    course: Course
    shown: CourseRevision
    stage: rules.Stage
    working: RevisionState | None
    trade: Trade
    open_runs: int


_working = aliased(CourseRevision)
_approved = aliased(CourseRevision)


def _conditions() -> dict[str, sa.ColumnElement[bool]]:
    kept = ~Course.is_archived
    return {
        "returned": kept & (_working.state == RevisionState.RETURNED),
        "draft": kept & (_working.state == RevisionState.DRAFT),
        "submitted": kept & (_working.state == RevisionState.SUBMITTED),
        "live": Course.is_live.is_(True),
        "off": kept & ~Course.is_live & _approved.id.is_not(None),
        "archived": Course.is_archived.is_(True),
    }


def _mine(statement: Any) -> Any:
    return (
        statement.select_from(Course)
        .outerjoin(_working, sa.and_(_working.course_id == Course.id, _working.state.in_(rules.WORKING)))
        .outerjoin(_approved, sa.and_(_approved.course_id == Course.id, _approved.state == RevisionState.APPROVED))
        .where(Course.tenant_id == scope.require().tenant_id)
    )


def count_courses() -> dict[str, int]:
    """How many courses stand where, in one statement; "all" leaves out the archived."""
    columns = [sa.func.count().filter(condition).label(name) for name, condition in _conditions().items()]
    columns.append(sa.func.count().filter(~Course.is_archived).label("all"))
    row = db.session.execute(_mine(sa.select(*columns))).one()
    return dict(row._mapping)


def list_courses(*, state: str | None = None, page: int = 1) -> list[CourseRow]:
    """One page of the institution's courses, newest first; `state` is one of `FILTERS`."""
    runs = (
        sa.select(sa.func.count(CourseRun.id))
        .where(
            CourseRun.course_id == Course.id,
            CourseRun.tenant_id == Course.tenant_id,
            CourseRun.state == RunState.OPEN,
            CourseRun.ends_on >= clock.today(),
        )
        .scalar_subquery()
    )
    statement = _mine(sa.select(Course, _working, _approved, Trade, runs)).join(
        Trade, Trade.id == sa.func.coalesce(_approved.trade_id, _working.trade_id)
    )
    statement = statement.where(_conditions()[state] if state else ~Course.is_archived)
    statement = statement.order_by(Course.id.desc()).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return [
        CourseRow(
            course,
            approved or working,
            rules.stage(
                is_live=course.is_live,
                is_archived=course.is_archived,
                has_approved=approved is not None,
                working=working.state if working else None,
            ),
            working.state if working else None,
            trade,
            open_count or 0,
        )
        for course, working, approved, trade, open_count in db.session.execute(statement).all()
    ]


def count_live_without_runs() -> int:
    """How many live courses have no run that learners could still join."""
    joinable = sa.exists().where(
        CourseRun.course_id == Course.id,
        CourseRun.tenant_id == Course.tenant_id,
        CourseRun.state == RunState.OPEN,
        CourseRun.starts_at > clock.now(),
    )
    statement = sa.select(sa.func.count(Course.id)).where(
        Course.tenant_id == scope.require().tenant_id, Course.is_live, ~joinable
    )
    return db.session.scalar(statement) or 0


def all_trades() -> list[Trade]:
    """Every trade, for the picker."""
    return list(db.session.scalars(sa.select(Trade).order_by(Trade.category, Trade.code, Trade.variant)))


def trade_of(trade_id: int) -> Trade:
    """A trade by id."""
    return db.session.scalars(sa.select(Trade).where(Trade.id == trade_id)).one()
