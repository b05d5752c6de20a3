"""Proofs run out by themselves, and nobody is surprised."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import jobs
from app.clock import today
from app.enroll.models import EligibilityDecision, PapersState, Proof, ProofState
from app.enroll.rules import add_months
from app.notifications import Notice
from tests.enroll.days import reach_first_day
from tests.factories import Make
from tests.support.pages import LintingClient

Login = Callable[..., None]


@pytest.fixture
def night(run_jobs: Any) -> Callable[[], None]:
    """What happens at five past midnight."""

    def night() -> None:
        jobs.queue.tasks["enroll.night"].func(timestamp=0)
        run_jobs()

    return night


def verified(make: Make, learner_id: int, until: date | None) -> Proof:
    """The learner's proof as the bureau verified it some time ago."""
    make.session.expire_all()
    proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner_id)).one()
    proof.state, proof.valid_until, proof.claim = ProofState.VERIFIED, until, "REG_UNEMPLOYED"
    make.session.commit()
    return proof


def notices(make: Make, learner_id: int) -> list[str]:
    make.session.expire_all()
    return list(make.session.scalars(sa.select(Notice.kind).where(Notice.user_id == learner_id)))


def test_a_proof_serves_through_its_last_day_and_is_expired_the_night_after(
    make: Make, enroll: Any, night: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner)
    proof = verified(make, learner.id, today())
    night()
    assert make.again(proof).state is ProofState.VERIFIED
    assert make.again(enrollment).papers is PapersState.VERIFIED
    proof.valid_until = today() - timedelta(days=1)
    make.session.commit()
    night()
    assert make.again(proof).state is ProofState.EXPIRED
    assert make.again(enrollment).papers is PapersState.VERIFIED
    assert "enroll.proof_expired" in notices(make, learner.id)
    reach_first_day(make, enrollment)
    night()
    assert make.again(enrollment).papers is PapersState.PENDING


def test_two_weeks_before_its_owner_is_told_once(make: Make, enroll: Any, night: Any) -> None:
    learner = make.learner()
    enroll(make.run(), learner)
    proof = verified(make, learner.id, today() + timedelta(days=15))
    night()
    assert "enroll.proof_ends" not in notices(make, learner.id)
    proof.valid_until = today() + timedelta(days=14)
    make.session.commit()
    night()
    night()
    assert notices(make, learner.id).count("enroll.proof_ends") == 1
    assert make.again(proof).state is ProofState.VERIFIED


def test_what_is_valid_for_good_stays(make: Make, enroll: Any, night: Any) -> None:
    learner = make.learner()
    enroll(make.run(), learner)
    proof = verified(make, learner.id, None)
    night()
    assert make.again(proof).state is ProofState.VERIFIED


def test_an_expired_proof_is_submitted_again_from_its_page(
    client: LintingClient, make: Make, login: Login, enroll: Any, night: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner)
    proof = verified(make, learner.id, today() - timedelta(days=1))
    night()
    login(client, learner)
    page = client.get(f"/me/proofs/{proof.id}").get_data(as_text=True)
    assert "已过期" in page
    assert "重新提交" in page
    assert client.post(f"/me/proofs/{proof.id}/submissions").status_code == 303
    states = make.session.scalars(sa.select(Proof.state).order_by(Proof.id)).all()
    assert states == [ProofState.EXPIRED, ProofState.PENDING]
    assert make.again(enrollment).papers is PapersState.PENDING


def test_what_only_the_bureau_knew_is_unknown_again_when_it_runs_out(make: Make, enroll: Any, night: Any) -> None:
    """The facts a decision is made of again are the person's own word, not what an expired proof once said."""
    learner = make.learner()
    enrollment = enroll(make.run(), learner, None)
    assert enrollment.answer == "unknown"
    proof = verified(make, learner.id, today())
    night()
    assert make.again(enrollment).answer == "yes"
    proof.valid_until = today() - timedelta(days=1)
    make.session.commit()
    night()
    assert make.again(enrollment).answer == "yes"
    reach_first_day(make, enrollment)
    night()
    assert make.again(enrollment).answer == "unknown"
    answers = make.session.scalars(sa.select(EligibilityDecision.answer).order_by(EligibilityDecision.id)).all()
    assert answers == ["unknown", "yes", "unknown"]


def test_the_bureau_is_offered_the_papers_own_validity(
    client: LintingClient, make: Make, login: Login, enroll: Any
) -> None:
    """失业登记 is checked again after three months."""
    learner = make.learner()
    enroll(make.run(), learner)
    make.session.expire_all()
    proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()
    bureau = make.bureau()
    login(client, make.member(bureau), bureau)
    page = client.get(f"/desk/proofs/{proof.id}").get_data(as_text=True)
    assert f'value="{add_months(today(), 3).isoformat()}"' in page


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2026, 1, 15), 0, date(2026, 1, 15)),
    ],
)
def test_months_end_on_the_same_day_or_the_months_last(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected
