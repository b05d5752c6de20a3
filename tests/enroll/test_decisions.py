"""Decisions are superseded, never edited: when they lapse, when the law changes, on the day the class is filed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from threading import Thread
from time import sleep
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs
from app.clock import today
from app.enroll.models import EligibilityDecision, Enrollment, PapersState, Proof, ProofState
from app.enroll.rules import Why, add_months, why_due
from app.notifications import Notice
from app.policy.models import ShortageList, ShortageListEntry
from app.scope import Scope
from tests.enroll.conftest import EMPLOYEE, UNEMPLOYED, VETERAN
from tests.factories import Make
from tests.support.pages import LintingClient

Login = Callable[..., None]
DAY = date(2026, 11, 23)


@pytest.fixture
def night(run_jobs: Any) -> Callable[[], None]:
    """What happens at five past midnight."""

    def night() -> None:
        jobs.queue.tasks["enroll.night"].func(timestamp=0)
        run_jobs()

    return night


@pytest.fixture
def age(make: Make) -> Callable[..., None]:
    """Make an application's decision as old as if so many days had gone by, and its class so much nearer."""

    def age(enrollment: Enrollment, days: int, *, starts_in: int | None = None) -> None:
        make.session.execute(
            sa.update(EligibilityDecision)
            .where(EligibilityDecision.enrollment_id == enrollment.id)
            .values(
                judged_on=EligibilityDecision.judged_on - days, valid_until=EligibilityDecision.valid_until - days
            )
        )
        if starts_in is not None:
            begins = today() + timedelta(days=starts_in)
            make.session.execute(
                sa.text("update course_runs set starts_on = :on, ends_on = :on + 5 where id = :id"),
                {"on": begins, "id": enrollment.run_id},
            )
        make.session.commit()

    return age


def chain(make: Make, enrollment: Enrollment) -> list[EligibilityDecision]:
    make.session.expire_all()
    found = sa.select(EligibilityDecision).where(EligibilityDecision.enrollment_id == enrollment.id)
    return list(make.session.scalars(found.order_by(EligibilityDecision.id)))


def why(decision: EligibilityDecision) -> str | None:
    return json.loads(decision.grounds).get("why")


def told(make: Make, kind: str) -> int:
    make.session.expire_all()
    return make.session.scalar(sa.select(sa.func.count()).select_from(Notice).where(Notice.kind == kind)) or 0


# --- When ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judged_on", "valid_until", "starts_on", "changed_on", "expected"),
    [
        # Nothing happened; today is DAY.
        (DAY, date(2027, 2, 23), date(2027, 1, 4), date(2019, 10, 15), None),
        # It serves through its last day.
        (date(2026, 8, 23), DAY, date(2027, 1, 4), date(2019, 10, 15), None),
        (date(2026, 8, 22), DAY - timedelta(days=1), date(2027, 1, 4), date(2019, 10, 15), Why.LAPSED),
        # The law of today is that of a decision made today, and not of one made yesterday.
        (DAY, date(2027, 2, 23), date(2027, 1, 4), DAY, None),
        (DAY - timedelta(days=1), date(2027, 2, 22), date(2027, 1, 4), DAY, Why.LAW),
        # The day the class begins settles it, whatever else has happened.
        (DAY - timedelta(days=1), date(2026, 11, 1), DAY, DAY, Why.FILING),
        (DAY, date(2027, 2, 23), DAY, DAY, None),
        (DAY - timedelta(days=9), date(2026, 11, 1), DAY - timedelta(days=9), DAY, None),
        (DAY - timedelta(days=10), date(2026, 11, 1), DAY - timedelta(days=9), DAY, Why.FILING),
        # A class nobody can see any more.
        (DAY, date(2027, 2, 23), None, date(2019, 10, 15), None),
    ],
)
def test_when_a_decision_is_made_again_by_itself(
    judged_on: date, valid_until: date, starts_on: date | None, changed_on: date, expected: Why | None
) -> None:
    found = why_due(
        judged_on=judged_on, valid_until=valid_until, starts_on=starts_on, changed_on=changed_on, today=DAY
    )
    assert found is expected


def test_a_decision_serves_three_months(make: Make, enroll: Any) -> None:
    enrollment = enroll(make.run(starts_in=200), make.learner())
    (decision,) = chain(make, enrollment)
    assert (decision.judged_on, decision.valid_until) == (today(), add_months(today(), 3))


# --- It lapses ----------------------------------------------------------------------------------------------


def test_its_owner_is_told_once_before_it_lapses_and_what_to_do(
    client: LintingClient, make: Make, login: Login, enroll: Any, night: Any, age: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=200), learner)
    lasts = (add_months(today(), 3) - today()).days
    age(enrollment, lasts - 15)
    night()
    assert told(make, "enroll.decision_ends") == 0
    age(enrollment, 1)
    night()
    night()
    assert told(make, "enroll.decision_ends") == 1
    assert len(chain(make, enrollment)) == 1
    login(client, learner)
    page = client.get("/me/notices").get_data(as_text=True)
    assert "补贴结论快到期" in page
    assert "更新回答" in page


def test_nobody_is_told_of_a_decision_whose_class_begins_before_it_lapses(
    make: Make, enroll: Any, night: Any, age: Any
) -> None:
    enrollment = enroll(make.run(starts_in=5), make.learner())
    age(enrollment, (add_months(today(), 3) - today()).days - 10)
    night()
    assert told(make, "enroll.decision_ends") == 0


def test_lapsed_it_is_made_again_and_the_old_one_stays_as_it_was(
    make: Make, enroll: Any, night: Any, age: Any
) -> None:
    enrollment = enroll(make.run(starts_in=200), make.learner())
    age(enrollment, 120)
    (old,) = chain(make, enrollment)
    kept = (old.judged_on, old.answer, old.subsidy_fen, old.valid_until, old.grounds)
    night()
    night()
    first, second = chain(make, enrollment)
    assert (first.judged_on, first.answer, first.subsidy_fen, first.valid_until, first.grounds) == kept
    assert (second.supersedes_id, second.judged_on, why(second)) == (first.id, today(), "lapsed")
    assert second.valid_until == add_months(today(), 3)
    assert (second.answer, second.subsidy_fen) == (first.answer, first.subsidy_fen)
    assert told(make, "enroll.verdict_changed") == 0


def test_two_at_once_supersede_it_once(make: Make, enroll: Any, age: Any, super_engine: sa.Engine) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=200), learner)
    age(enrollment, 120)
    own = Scope(actor_id=learner.id).as_job_args()
    job = jobs.queue.tasks["enroll.proofs_changed"].func
    with super_engine.connect() as connection:
        lock = sa.text("select pg_advisory_lock(hashtextextended('decisions', :id))")
        connection.execute(lock, {"id": learner.id})
        both = [Thread(target=job, kwargs={"scope": own, "learner_id": learner.id}) for _each in range(2)]
        for thread in both:
            thread.start()
        waiting = sa.text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        for _attempt in range(600):
            if connection.scalar(waiting) == 2:
                break
            sleep(0.05)
        assert connection.scalar(waiting) == 2
        connection.execute(sa.text("select pg_advisory_unlock_all()"))
    for thread in both:
        thread.join()
    assert [why(each) for each in chain(make, enrollment)] == [None, "lapsed"]


def test_a_decision_cannot_be_edited_by_the_app(app: Flask, make: Make, enroll: Any, engine: sa.Engine) -> None:
    enrollment = enroll(make.run(), make.learner())
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        connection.execute(sa.text("update eligibility_decisions set subsidy_fen = 1"))
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        connection.execute(sa.text("delete from eligibility_decisions"))
    assert len(chain(make, enrollment)) == 1


# --- The law changes ----------------------------------------------------------------------------------------


@pytest.fixture
def new_list(make: Make) -> Any:
    """Publish a list with other trades from today on; the list before is put back afterwards."""
    old = make.session.scalars(sa.select(ShortageList).where(ShortageList.is_published)).one()

    def publish(*trade_ids: int) -> None:
        old.valid_to = today()
        make.session.flush()
        listed = ShortageList(
            region_id=old.region_id,
            name="新目录（示例）",
            document_no="示例〔2026〕9号",
            valid_from=today(),
            is_published=True,
        )
        make.session.add(listed)
        make.session.flush()
        for position, trade_id in enumerate(trade_ids, start=1):
            make.session.add(
                ShortageListEntry(
                    list_id=listed.id,
                    region_id=old.region_id,
                    trade_id=trade_id,
                    position=position,
                    name="",
                    is_published=True,
                )
            )
        make.session.commit()

    return publish


def test_under_a_new_list_it_is_made_again_once_and_tells_only_those_it_changes(
    make: Make, enroll: Any, night: Any, age: Any, new_list: Any
) -> None:
    enrollment = enroll(make.run(make.course(fee_fen=240_000), starts_in=40), make.learner(), VETERAN)
    age(enrollment, 10)
    assert enrollment.rule_code == "R2_EMP_SHORT"
    new_list()
    night()
    night()
    first, second = chain(make, enrollment)
    assert (first.rule_code, first.subsidy_fen) == ("R2_EMP_SHORT", 240_000)
    assert (second.rule_code, second.subsidy_fen, why(second)) == ("R1_EMP_STD", 220_000, "law")
    assert make.again(enrollment).subsidy_fen == 220_000
    assert told(make, "enroll.verdict_changed") == 1


# --- The class is filed -------------------------------------------------------------------------------------


def test_on_the_day_its_class_begins_it_is_made_once_more(make: Make, enroll: Any, night: Any, age: Any) -> None:
    enrollment = enroll(make.run(starts_in=20), make.learner())
    age(enrollment, 20, starts_in=0)
    night()
    night()
    first, second = chain(make, enrollment)
    assert (second.judged_on, why(second), second.supersedes_id) == (today(), "filing", first.id)


def test_a_class_that_has_begun_keeps_its_verdict_when_papers_run_out_or_the_law_changes(
    make: Make, enroll: Any, night: Any, age: Any, new_list: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(make.course(fee_fen=240_000), starts_in=3), learner, None)
    proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()
    proof.state, proof.valid_until, proof.claim = ProofState.VERIFIED, today() + timedelta(days=30), "VETERAN"
    make.session.commit()
    age(enrollment, 3, starts_in=0)
    night()
    assert (make.again(enrollment).answer, enrollment.papers) == ("yes", PapersState.VERIFIED)
    count = len(chain(make, enrollment))
    age(enrollment, 40, starts_in=-40)
    proof.valid_until = today() - timedelta(days=1)
    make.session.commit()
    new_list()
    night()
    assert make.again(proof).state is ProofState.EXPIRED
    assert (make.again(enrollment).answer, enrollment.papers) == ("yes", PapersState.VERIFIED)
    assert len(chain(make, enrollment)) == count


def test_papers_seen_after_the_class_began_count_by_the_law_of_its_first_day(
    bureau: Any, make: Make, enroll: Any, age: Any, new_list: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(make.course(fee_fen=240_000), starts_in=10), learner, None)
    assert enrollment.answer == "unknown"
    age(enrollment, 20, starts_in=-10)
    new_list()
    proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()
    done = bureau.post(f"/desk/proofs/{proof.id}/verify", data={"other": "VETERAN", "valid_until": ""})
    assert done.status_code == 303
    *_, last = chain(make, enrollment)
    assert last.judged_on == today() - timedelta(days=10)
    assert (last.answer, last.rule_code, last.subsidy_fen) == ("yes", "R2_EMP_SHORT", 240_000)


# --- The learner says something else ------------------------------------------------------------------------


def test_the_learner_has_it_made_again_by_other_answers_and_sees_the_chain(
    client: LintingClient, make: Make, login: Login, enroll: Any, answering: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=40), learner, UNEMPLOYED)
    assert enrollment.answer == "yes"
    login(client, learner)
    answering(EMPLOYEE)
    assert client.post(f"/me/enrollments/{enrollment.id}/decisions").status_code == 303
    first, second = chain(make, enrollment)
    assert (first.answer, second.answer, why(second)) == ("yes", "no", "answers")
    assert make.again(enrollment).learner_pays_fen == 180_000
    assert enrollment.papers is PapersState.NOT_NEEDED
    page = client.get(f"/me/enrollments/{enrollment.id}").get_data(as_text=True)
    assert "以前的结论（1 个）" in page
    assert "本人更新了回答" in page
    assert '<span class="muted small">本人报名</span>' in page
    client.post(f"/me/enrollments/{enrollment.id}/decisions")
    assert len(chain(make, enrollment)) == 2


def test_answers_that_need_other_papers_ask_the_bureau_for_them(
    client: LintingClient, make: Make, login: Login, enroll: Any, answering: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=40), learner, EMPLOYEE)
    assert make.session.scalar(sa.select(sa.func.count()).select_from(Proof)) == 0
    login(client, learner)
    answering(VETERAN)
    client.post(f"/me/enrollments/{enrollment.id}/decisions")
    make.session.expire_all()
    proof = make.session.scalars(sa.select(Proof)).one()
    assert (proof.claim, proof.state) == ("VETERAN", ProofState.PENDING)
    assert (make.again(enrollment).answer, enrollment.papers) == ("yes", PapersState.PENDING)


def test_without_answers_they_are_asked_for_and_a_class_that_has_begun_is_settled(
    client: LintingClient, make: Make, login: Login, enroll: Any, answering: Any, age: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=40), learner, UNEMPLOYED)
    login(client, learner)
    done = client.post(f"/me/enrollments/{enrollment.id}/decisions")
    assert done.location.endswith(f"/eligibility/answers?course={enrollment.course_id}")
    age(enrollment, 0, starts_in=0)
    answering(EMPLOYEE)
    client.post(f"/me/enrollments/{enrollment.id}/decisions")
    assert len(chain(make, enrollment)) == 1
    other = make.learner()
    login(client, other)
    assert client.post(f"/me/enrollments/{enrollment.id}/decisions").status_code == 404


# --- Who sees it --------------------------------------------------------------------------------------------


def test_the_bureau_sees_the_chain_and_the_institution_only_what_came_of_it(
    bureau: Any, app: Flask, make: Make, login: Login, enroll: Any, answering: Any
) -> None:
    learner = make.learner()
    institution = make.institution()
    run = make.run(make.course(institution), starts_in=40)
    enrollment = enroll(run, learner, None)
    proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()
    bureau.post(f"/desk/proofs/{proof.id}/verify", data={"other": "VETERAN", "valid_until": ""})
    page = bureau.get(f"/desk/proofs/{proof.id}").get_data(as_text=True)
    assert "以前的结论（1 个）" in page
    assert "材料有了核验结果" in page
    desk: Any = app.test_client()
    login(desk, make.member(institution), institution)
    roster = desk.get(f"/desk/runs/{run.id}/roster").get_data(as_text=True)
    assert "R2_EMP_SHORT" in roster
    assert "材料已核" in roster
    for hidden in ("以前的结论", "材料有了核验结果", "退役", "VETERAN"):
        assert hidden not in roster
    assert make.again(enrollment).papers is PapersState.VERIFIED
