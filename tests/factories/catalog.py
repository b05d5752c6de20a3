"""Courses, revisions, runs with sessions and seats."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range

from app.catalog.models import (
    Course,
    CourseForm,
    CourseMode,
    CourseRevision,
    CourseRun,
    RevisionState,
    RunSeats,
    RunSession,
    RunState,
    SessionKind,
)
from app.clock import CITY_ZONE, today
from app.policy.models import Designation
from app.tenants.models import Tenant
from tests.factories.base import Factory
from tests.factories.policy import WELDER


class CatalogFactory(Factory):
    """WHAT."""

    def course(
        self,
        tenant: Tenant | None = None,
        *,
        trade_code: str = WELDER,
        live: bool = True,
        designated: bool = True,
        **content: Any,
    ) -> Course:
        """A course with one revision: approved and live, or a draft with `live=False`."""
        tenant = tenant or self.institution()  # type: ignore[attr-defined]
        trade = self.trade(trade_code)  # type: ignore[attr-defined]
        known = sa.select(Designation.id).where(
            Designation.tenant_id == tenant.id, Designation.trade_code == trade_code
        )
        if designated and self.session.scalar(known) is None:
            self.designation(tenant, trade_code)  # type: ignore[attr-defined]
        course = self.add(
            Course(tenant_id=tenant.id, tenant_name=tenant.name, region_id=tenant.region_id, is_live=live)
        )
        self.revision(course, trade_id=trade.id, live=live, **content)
        return course

    def revision(
        self, course: Course, *, trade_id: int, live: bool, number: int = 1, **content: Any
    ) -> CourseRevision:
        """One version of a course's content."""
        values: dict[str, Any] = {
            "title": "焊工（五级）职业技能培训",
            "level": 5,
            "form": CourseForm.EMPLOYMENT,
            "mode": CourseMode.DAY,
            "theory_hours": 40,
            "practice_hours": 60,
            "fee_fen": 180000,
            "content": "手工电弧焊基本操作，焊缝外观检查与返修。",
            "teacher": "示例教师",
            "place": "裕华区示例路 1 号",
            "state": RevisionState.APPROVED if live else RevisionState.DRAFT,
            **content,
        }
        return self.add(
            CourseRevision(
                course_id=course.id,
                tenant_id=course.tenant_id,
                region_id=course.region_id,
                number=number,
                trade_id=trade_id,
                is_live=live,
                reason_codes=[],
                **values,
            )
        )

    def run(
        self,
        course: Course | None = None,
        *,
        seats: int = 30,
        taken: int = 0,
        starts_in: int = 10,
        days: int = 5,
        hour: int = 9,
        open_: bool = True,
    ) -> CourseRun:
        """A run with one three-hour session a day from `starts_in` days ahead; open unless told otherwise."""
        course = course or self.course()
        starts_on = today() + timedelta(days=starts_in)
        times = [
            Range(
                datetime.combine(starts_on + timedelta(days=day), time(hour), CITY_ZONE).astimezone(UTC),
                datetime.combine(starts_on + timedelta(days=day), time(hour + 3), CITY_ZONE).astimezone(UTC),
                bounds="[)",
            )
            for day in range(days)
        ]
        run = self.add(
            CourseRun(
                course_id=course.id,
                tenant_id=course.tenant_id,
                region_id=course.region_id,
                state=RunState.OPEN if open_ else RunState.DRAFT,
                is_public=open_,
                starts_on=starts_on,
                ends_on=starts_on + timedelta(days=days - 1),
                starts_at=times[0].lower,
                place="裕华区示例路 1 号",
                seats=seats,
                session_times=times,
            )
        )
        for number, period in enumerate(times):
            self.session.add(
                RunSession(
                    run_id=run.id,
                    tenant_id=run.tenant_id,
                    region_id=run.region_id,
                    is_public=open_,
                    kind=SessionKind.THEORY if number % 2 else SessionKind.PRACTICE,
                    starts_at=period.lower,
                    ends_at=period.upper,
                )
            )
        if open_:
            self.session.add(RunSeats(run_id=run.id, capacity=seats, taken=taken))
        self.session.commit()
        return run
