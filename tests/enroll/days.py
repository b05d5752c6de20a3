"""Days that go by: what was decided grows older, what serves runs out sooner, and classes come nearer."""

from __future__ import annotations

import json
from datetime import date, timedelta

import sqlalchemy as sa

from app.catalog.models import CourseRun
from app.clock import today
from app.enroll.models import EligibilityDecision, Enrollment
from tests.factories import Make

AGES = (
    "update eligibility_decisions set judged_on = judged_on - :n, valid_until = valid_until - :n",
    "update proofs set valid_until = valid_until - :n",
    "update register_imports set as_of = as_of - :n, valid_until = valid_until - :n",
    "update register_rows set valid_until = valid_until - :n",
    "update course_runs set starts_on = starts_on - :n, ends_on = ends_on - :n",
)


def pass_days(make: Make, days: int) -> None:
    """As if so many days had gone by and no night."""
    for sql in AGES:
        make.session.execute(sa.text(sql), {"n": days})
    make.session.expire_all()
    for decision in make.session.scalars(sa.select(EligibilityDecision)):
        grounds = json.loads(decision.grounds)
        kept = grounds["proved"]["groups"]
        for code, until in kept.items():
            kept[code] = until and (date.fromisoformat(until) - timedelta(days=days)).isoformat()
        decision.grounds = json.dumps(grounds)
    make.session.commit()


def reach_first_day(make: Make, enrollment: Enrollment) -> None:
    """As if the day had come on which the class begins."""
    make.session.expire_all()
    pass_days(make, (make.session.get_one(CourseRun, enrollment.run_id).starts_on - today()).days)
