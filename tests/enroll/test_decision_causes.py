"""What makes a decision be made again, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import jobs
from app.clock import today
from app.enroll.models import EligibilityDecision, Enrollment, LearnerProfile, PapersState, Proof
from app.policy import services as policy
from tests.enroll.conftest import UNEMPLOYED, VETERAN
from tests.enroll.days import reach_first_day
from tests.enroll.registers import bring_in, number, person
from tests.factories import Make
from tests.support.pages import LintingClient

Login = Callable[..., None]


def chain(make: Make, enrollment: Enrollment) -> list[tuple[str, str | None]]:
    """Each decision of an application as its answer and why it was made."""
    make.session.expire_all()
    found = sa.select(EligibilityDecision).where(EligibilityDecision.enrollment_id == enrollment.id)
    rows = make.session.scalars(found.order_by(EligibilityDecision.id))
    return [(row.answer, json.loads(row.grounds).get("why")) for row in rows]


@pytest.fixture
def night(run_jobs: Any) -> Callable[[], None]:
    """What happens at five past midnight."""

    def night() -> None:
        jobs.queue.tasks["enroll.night"].func(timestamp=0)
        run_jobs()

    return night


def test_a_register_that_comes_and_one_that_goes(
    bureau: Any, make: Make, enroll: Any, run_jobs: Any, night: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner, None)
    run_jobs()
    bring_in(bureau, "veterans", person(make, learner))
    run_jobs()
    bring_in(bureau, "veterans", (number(8), "换了人"))
    run_jobs()
    assert chain(make, enrollment) == [("unknown", None), ("yes", "register")]
    reach_first_day(make, enrollment)
    night()
    assert chain(make, enrollment) == [("unknown", None), ("yes", "register"), ("unknown", "filing")]


def test_an_amount_in_force_before_the_class_begins(make: Make, enroll: Any, night: Any) -> None:
    enrollment = enroll(make.run(make.course(fee_fen=240_000), starts_in=20), make.learner(), VETERAN)
    assert enrollment.subsidy_fen == 240_000
    make.session.execute(sa.update(EligibilityDecision).values(judged_on=today() - timedelta(days=1)))
    make.amount("R2_EMP_SHORT", 200_000, author=make.user(), approver=make.user(), valid_from=today())
    policy.forget_rulebook()
    try:
        night()
        night()
        assert make.again(enrollment).subsidy_fen == 200_000
        assert chain(make, enrollment) == [("yes", None), ("yes", "law")]
    finally:
        policy.forget_rulebook()


def test_an_amount_still_to_come_changes_nothing_yet(make: Make, enroll: Any, night: Any) -> None:
    enrollment = enroll(make.run(make.course(fee_fen=240_000), starts_in=20), make.learner(), VETERAN)
    make.amount(
        "R2_EMP_SHORT", 200_000, author=make.user(), approver=make.user(), valid_from=today() + timedelta(days=1)
    )
    policy.forget_rulebook()
    try:
        night()
        assert chain(make, enrollment) == [("yes", None)]
    finally:
        policy.forget_rulebook()


def test_papers_sent_back_leave_the_verdict_and_tell_the_institution_only_that_they_wait(
    bureau: Any, make: Make, enroll: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner, UNEMPLOYED)
    proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()
    bureau.post(f"/desk/proofs/{proof.id}/return", data={"reason_codes": ["unreadable"], "note": ""})
    assert chain(make, enrollment) == [("yes", None)]
    assert make.again(enrollment).papers is PapersState.RETURNED


def test_a_move_hands_a_copy_to_the_other_countys_bureau(
    client: LintingClient, make: Make, login: Login, enroll: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner, UNEMPLOYED)
    login(client, learner)
    profile = make.session.get_one(LearnerProfile, learner.id)
    form = {"name": profile.name, "id_number": profile.id_number, "phone": profile.phone}
    region = make.region("130102")
    assert client.post("/me/profile", data={**form, "region_id": region.id}).status_code == 303
    assert chain(make, enrollment) == [("yes", None), ("yes", "moved")]
    make.session.expire_all()
    first, second = make.session.scalars(sa.select(EligibilityDecision).order_by(EligibilityDecision.id)).all()
    assert (second.region_id, second.supersedes_id) == (region.id, first.id)
    assert (second.judged_on, second.valid_until, second.subsidy_fen) == (
        first.judged_on,
        first.valid_until,
        first.subsidy_fen,
    )
