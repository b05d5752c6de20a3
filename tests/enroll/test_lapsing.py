"""What runs out before a class begins is the learner's and the bureau's business until its first day (law 8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs
from app.clock import today
from app.enroll.models import EligibilityDecision, Enrollment, LearnerProfile, PapersState, Proof, ProofState
from app.enroll.services.papers import suggested_until
from app.notifications import Notice
from app.policy import services as policy
from app.tenants.identifiers import make_id_number
from app.tenants.models import Tenant, User
from tests.enroll.conftest import EMPLOYEE, UNEMPLOYED, VETERAN
from tests.enroll.days import pass_days, reach_first_day
from tests.enroll.registers import bring_in, number, person
from tests.enroll.watching import as_text
from tests.factories import Make
from tests.support.pages import LintingClient

Login = Callable[..., None]
FOUR_MONTHS = 122
SHORT, LONG = "REG_UNEMPLOYED", "VETERAN"


@pytest.fixture
def night(run_jobs: Any) -> Callable[[], None]:
    """What happens at five past midnight."""

    def night() -> None:
        jobs.queue.tasks["enroll.night"].func(timestamp=0)
        run_jobs()

    return night


@pytest.fixture
def verify(bureau: Any, app: Flask, make: Make) -> Callable[..., Proof]:
    """The bureau verifies a learner's newest papers until the day it is offered."""

    def verify(learner: User, group: str) -> Proof:
        proof = newest(make, learner)
        with app.app_context():
            until = suggested_until([group], on=today())
        field = "groups" if group in proof.claim.split(",") else "other"
        data = {field: group, "valid_until": until.isoformat() if until else ""}
        assert bureau.post(f"/desk/proofs/{proof.id}/verify", data=data).status_code == 303
        return proof

    return verify


def newest(make: Make, learner: User) -> Proof:
    make.session.expire_all()
    query = sa.select(Proof).where(Proof.learner_id == learner.id).order_by(Proof.id.desc()).limit(1)
    return make.session.scalars(query).one()


def chain(make: Make, enrollment: Enrollment) -> list[tuple[str, str | None]]:
    make.session.expire_all()
    found = sa.select(EligibilityDecision).where(EligibilityDecision.enrollment_id == enrollment.id)
    rows = make.session.scalars(found.order_by(EligibilityDecision.id))
    return [(row.answer, json.loads(row.grounds).get("why")) for row in rows]


def told(make: Make, learner: User) -> list[str]:
    make.session.expire_all()
    return list(make.session.scalars(sa.select(Notice.kind).where(Notice.user_id == learner.id)))


@pytest.fixture
def seen(app: Flask, make: Make, login: Login, look: Any) -> Callable[[Enrollment], str]:
    """All the institution sees of a run: its lists in every narrowing, its file, and the rows behind them."""
    desks: dict[int, Any] = {}

    def seen(enrollment: Enrollment) -> str:
        if enrollment.tenant_id not in desks:
            tenant = make.session.get_one(Tenant, enrollment.tenant_id)
            desks[tenant.id] = app.test_client()
            login(desks[tenant.id], make.member(tenant), tenant)
            desks[tenant.id].get("/desk")  # the first page gives a cookie
        desk, base = desks[enrollment.tenant_id], f"/desk/runs/{enrollment.run_id}/roster"
        urls = ("/desk", base, f"{base}?papers=verified", f"{base}?papers=pending", f"{base}.csv")
        pages = [as_text(desk.get(url)) for url in urls]
        rows = look(
            "select to_jsonb(e) as row from enrollments e where run_id = :id order by id", id=enrollment.run_id
        )
        return "\n".join([*pages, *(str(row.row) for row in rows)])

    return seen


@pytest.mark.parametrize("says", [True, False])
def test_twins_of_whom_one_has_short_papers_stay_the_same_until_the_first_day(
    make: Make, enroll: Any, verify: Any, night: Any, seen: Any, look: Any, says: bool
) -> None:
    institution = make.institution()
    run = make.run(make.course(institution), starts_in=200)
    short, long = make.learner(name="甲示例"), make.learner(name="乙示例")
    one, two = enroll(run, short, UNEMPLOYED if says else None), enroll(run, long, VETERAN if says else None)
    verify(short, SHORT)
    verify(long, LONG)
    night()
    before = seen(one)
    assert before.count("材料已核") > before.count("待核验")
    pass_days(make, FOUR_MONTHS)
    later = seen(one)  # only the class is nearer
    night()
    night()
    states = [row.state for row in look("select state from proofs order by id")]
    assert states == ["expired", "verified", "pending"]
    assert seen(one) == later
    for each in (one, two):
        assert (make.again(each).papers, each.answer, each.subsidy_fen) == (PapersState.VERIFIED, "yes", 180_000)
    reach_first_day(make, one)
    night()
    assert (make.again(one).papers, one.answer) == (PapersState.PENDING, "yes" if says else "unknown")
    assert (make.again(two).papers, two.answer) == (PapersState.VERIFIED, "yes")
    assert chain(make, one)[-1] == ("yes" if says else "unknown", "filing")


def test_neither_do_those_whose_register_ends_by_the_bureaus_hand_or_by_itself(
    bureau: Any, make: Make, enroll: Any, night: Any, run_jobs: Any, seen: Any, look: Any
) -> None:
    institution = make.institution()
    run = make.run(make.course(institution), starts_in=200)
    people = [make.learner(name=name) for name in ("甲示例", "乙示例", "丙示例")]
    bring_in(bureau, "unemployment", person(make, people[0]))
    bring_in(bureau, "disability", person(make, people[1]))
    bring_in(bureau, "veterans", person(make, people[2]))
    enrolled = [enroll(run, learner, None) for learner in people]
    night()
    before = seen(enrolled[0])
    assert before.count("材料已核") > before.count("待核验")
    bring_in(bureau, "disability", (number(8), "换了人"))
    run_jobs()
    assert seen(enrolled[0]) == before
    pass_days(make, FOUR_MONTHS)
    later = seen(enrolled[0])
    night()
    assert look("select count(*) from register_rows where register = 'unemployment'")[0][0] == 0
    assert seen(enrolled[0]) == later
    assert [newest(make, each).state for each in people[:2]] == [ProofState.PENDING] * 2
    reach_first_day(make, enrolled[0])
    night()
    found = [(make.again(each).papers, each.answer, each.learner_pays_fen) for each in enrolled]
    assert found == [(PapersState.PENDING, "unknown", None)] * 2 + [(PapersState.VERIFIED, "yes", 0)]


def test_the_bureau_has_papers_that_run_out_in_its_queue_again_two_weeks_before_and_once(
    bureau: Any, client: LintingClient, make: Make, login: Login, enroll: Any, verify: Any, night: Any, look: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=200), learner)
    other = enroll(make.run(starts_in=160), learner)
    proof = verify(learner, SHORT)
    login(client, learner)
    page = client.get(f"/me/enrollments/{enrollment.id}").get_data(as_text=True)
    assert f"核验过的材料到 {today() + timedelta(days=200)} 开班时已经过期" in page
    pass_days(make, 70)
    night()
    assert len(look("select 1 from proofs")) == 1
    pass_days(make, 15)
    night()
    night()
    assert [row.state for row in look("select state from proofs order by id")] == ["verified", "pending"]
    assert told(make, learner).count("enroll.papers_due") == 1
    page = bureau.get("/desk/proofs").get_data(as_text=True)
    assert "城镇登记失业人员" in page
    assert "要在开班前换新的" in bureau.get(f"/desk/proofs/{proof.id}").get_data(as_text=True)
    verify(learner, SHORT)
    assert [each[1] for each in chain(make, enrollment)] == [None, "papers", "papers"]
    assert {make.again(each).papers for each in (enrollment, other)} == {PapersState.VERIFIED}
    assert "开班时已经过期" in client.get(f"/me/enrollments/{enrollment.id}").get_data(as_text=True)
    assert "开班时已经过期" not in client.get(f"/me/enrollments/{other.id}").get_data(as_text=True)


def test_papers_that_serve_beyond_the_first_day_are_not_asked_for_again(
    client: LintingClient, make: Make, login: Login, enroll: Any, verify: Any, night: Any, look: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=85), learner)
    verify(learner, SHORT)
    pass_days(make, 80)
    night()
    assert len(look("select 1 from proofs")) == 1
    login(client, learner)
    assert "开班时已经过期" not in client.get(f"/me/enrollments/{enrollment.id}").get_data(as_text=True)


def test_renewed_in_time_an_application_stands_on_its_first_day(
    make: Make, enroll: Any, verify: Any, night: Any, seen: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=130), learner, None)
    verify(learner, SHORT)
    pass_days(make, FOUR_MONTHS)
    night()
    before = seen(enrollment)
    verify(learner, SHORT)
    night()
    assert seen(enrollment) == before
    assert [why for _answer, why in chain(make, enrollment)] == [None, "papers", "lapsed", "papers"]
    reach_first_day(make, enrollment)
    night()
    assert (make.again(enrollment).papers, enrollment.answer) == (PapersState.VERIFIED, "yes")
    assert chain(make, enrollment)[-1] == ("yes", "filing")


def test_new_papers_sent_back_are_the_learners_business_until_the_first_day(
    bureau: Any, make: Make, enroll: Any, verify: Any, night: Any, seen: Any
) -> None:
    """Whoever has papers returned again is one of those whose papers are short."""
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=200), learner)
    verify(learner, SHORT)
    pass_days(make, FOUR_MONTHS)
    night()
    before, proof = seen(enrollment), newest(make, learner)
    bureau.post(f"/desk/proofs/{proof.id}/return", data={"reason_codes": ["not_in_group"], "note": ""})
    night()
    assert seen(enrollment) == before
    assert newest(make, learner).id == proof.id
    reach_first_day(make, enrollment)
    night()
    assert make.again(enrollment).papers is PapersState.RETURNED


def test_the_law_and_the_learners_own_word_still_show_while_papers_have_run_out(
    client: LintingClient, make: Make, login: Login, enroll: Any, verify: Any, night: Any, answering: Any
) -> None:
    short, long = make.learner(), make.learner()
    run = make.run(make.course(fee_fen=240_000), starts_in=200)
    found = [enroll(run, short, None), enroll(run, long, None)]
    verify(short, SHORT)
    verify(long, LONG)
    pass_days(make, 100)
    night()
    pass_days(make, 1)
    make.amount("R2_EMP_SHORT", 200_000, author=make.user(), approver=make.user(), valid_from=today())
    policy.forget_rulebook()
    try:
        night()
        assert [(make.again(e).papers, e.answer, e.subsidy_fen) for e in found] == [
            (PapersState.VERIFIED, "yes", 200_000)
        ] * 2
        for learner, enrollment in zip((short, long), found, strict=True):
            login(client, learner)
            answering(EMPLOYEE)
            assert client.post(f"/me/enrollments/{enrollment.id}/decisions").status_code == 303
        assert [(make.again(e).papers, e.answer) for e in found] == [(PapersState.VERIFIED, "yes")] * 2
    finally:
        policy.forget_rulebook()


def test_a_first_day_whose_night_did_not_come_is_made_up_for_without_what_had_run_out(
    make: Make, enroll: Any, verify: Any, night: Any
) -> None:
    short, long = make.learner(), make.learner()
    run = make.run(starts_in=120)
    one, two = enroll(run, short, None), enroll(run, long, None)
    verify(short, SHORT)
    verify(long, LONG)
    pass_days(make, 119)
    night()
    assert make.again(one).papers is PapersState.VERIFIED
    pass_days(make, 3)
    night()
    assert (make.again(one).papers, one.answer) == (PapersState.PENDING, "unknown")
    assert (make.again(two).papers, two.answer) == (PapersState.VERIFIED, "yes")
    assert chain(make, one)[-1] == ("unknown", "filing")


def test_an_age_that_goes_by_does_not_show_when_a_decision_lapses(
    make: Make, enroll: Any, night: Any, seen: Any
) -> None:
    """What lapses is made again by the day's age; what comes of it waits for the first day like all else."""
    learner = make.learner()
    enrollment = enroll(make.run(starts_in=200), learner)
    profile = make.session.get_one(LearnerProfile, learner.id)
    pass_days(make, 100)
    before = seen(enrollment)
    profile.id_number = make_id_number("130108", today() - timedelta(days=70 * 366), 77)
    make.session.commit()
    night()
    assert seen(enrollment) == before
    assert chain(make, enrollment)[-1] == ("no", "lapsed")
    assert "enroll.verdict_changed" in told(make, learner)
    reach_first_day(make, enrollment)
    night()
    assert (make.again(enrollment).answer, enrollment.papers) == ("no", PapersState.NOT_NEEDED)
