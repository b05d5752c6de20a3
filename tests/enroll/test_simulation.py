"""What a draft of the law would change: counted over the current applications, and nothing but counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs, scope
from app.clock import today
from app.enroll.models import EligibilityDecision, EnrollmentState, LearnerProfile
from app.enroll.services import judging
from app.enroll.services.simulating import Decided, Tally
from app.policy import services as policy
from app.policy.models import ShortageList, ShortageListEntry, Version
from app.policy.verdict import Offer
from app.scope import Scope
from app.tenants.identifiers import make_id_number
from tests.enroll.conftest import EMPLOYEE, UNEMPLOYED, VETERAN
from tests.factories import Make
from tests.factories.policy import UNLISTED, WELDER

Login = Callable[..., None]
Simulate = Callable[..., dict[str, Any]]


@pytest.fixture
def everywhere(make: Make) -> Scope:
    """The scope of the city's bureau."""
    ids = make.session.scalars(sa.text("select id from regions order by id")).all()
    return Scope(region_ids=tuple(ids))


@pytest.fixture
def simulate(app: Flask, make: Make, everywhere: Scope) -> Simulate:
    """Run the draft's job in the city bureau's scope and read what it kept."""

    def simulate(draft: Version) -> dict[str, Any]:
        table = type(draft).__tablename__  # type: ignore[attr-defined]
        jobs.queue.tasks["enroll.simulate"].func(scope=everywhere.as_job_args(), table=table, id=draft.id)
        make.session.expire_all()
        return make.session.get_one(type(draft), draft.id).effects or {}

    return simulate


@pytest.fixture
def draft_list(make: Make) -> Callable[..., ShortageList]:
    """A draft of a list with these trades."""

    def draft_list(*codes: str) -> ShortageList:
        region_id = make.session.scalars(sa.select(ShortageList.region_id)).first()
        draft = make.add(
            ShortageList(
                region_id=region_id,
                name="草稿（示例）",
                document_no="示例〔2026〕7号",
                valid_from=today() + timedelta(days=60),
                authored_by=make.user().id,
            )
        )
        for position, code in enumerate(codes, start=1):
            trade = make.trade(code)
            entry = ShortageListEntry(list_id=draft.id, region_id=region_id, trade_id=trade.id)
            entry.position, entry.name = position, trade.name
            make.add(entry)
        return draft

    return draft_list


def test_a_list_without_a_trade_lowers_its_cap(
    make: Make, enroll: Any, simulate: Simulate, draft_list: Any
) -> None:
    enroll(make.run(make.course(fee_fen=240_000)), make.learner(), VETERAN)
    enroll(make.run(make.course(fee_fen=180_000), starts_in=80), make.learner(), UNEMPLOYED)
    enroll(make.run(make.course(fee_fen=240_000)), make.learner(), EMPLOYEE)
    found = simulate(draft_list(UNLISTED))
    assert (found["judged"], found["changed"], found["touched"], found["skipped"]) == (3, 2, 1, 0)
    assert found["fen"] == [420_000, 400_000]
    assert (found["answers"], found["more"], found["less"]) == ([], 0, 1)
    (trade,) = found["trades"]
    assert (trade["code"], trade["zh"], trade["fen"], trade["count"]) == (
        WELDER,
        "焊工",
        [420_000, 400_000],
        [2, 2],
    )
    assert {row["code"]: row["count"] for row in found["rules"]} == {"R2_EMP_SHORT": [2, 0], "R1_EMP_STD": [0, 2]}


def test_an_amount_that_rises_pays_more(make: Make, enroll: Any, simulate: Simulate) -> None:
    enroll(make.run(make.course(fee_fen=300_000)), make.learner(), VETERAN)
    found = simulate(make.amount("R2_EMP_SHORT", 280_000, author=make.user()))
    assert (found["fen"], found["more"], found["less"]) == ([250_000, 280_000], 1, 0)
    assert found["rules"] == [
        {**found["rules"][0], "code": "R2_EMP_SHORT", "fen": [250_000, 280_000], "count": [1, 1]}
    ]


def test_a_limit_turns_a_yes_into_a_no(make: Make, enroll: Any, simulate: Simulate) -> None:
    learner = make.learner()
    profile = make.session.get_one(LearnerProfile, learner.id)
    profile.id_number = make_id_number("130108", today() - timedelta(days=20 * 366), 7)
    make.session.commit()
    enroll(make.run(), learner, VETERAN)
    enroll(make.run(), make.learner(), VETERAN)
    found = simulate(make.limit("minimum_age", 25, author=make.user()))
    assert found["answers"] == [["yes", "no", 1]]
    assert found["fen"] == [360_000, 180_000]


def test_it_counts_what_is_running_and_asks_the_law(
    make: Make, enroll: Any, simulate: Simulate, draft_list: Any
) -> None:
    over, gone, free, old, counted = [
        enroll(make.run(make.course(is_subsidised=subsidised)), make.learner(), VETERAN)
        for subsidised in (True, True, False, True, True)
    ]
    make.session.execute(
        sa.text("update course_runs set starts_on = starts_on - 60, ends_on = ends_on - 60 where id = :id"),
        {"id": over.run_id},
    )
    gone.state = EnrollmentState.WITHDRAWN
    decision = make.session.scalars(
        sa.select(EligibilityDecision).where(EligibilityDecision.enrollment_id == old.id)
    ).one()
    decision.grounds = json.dumps(
        {key: value for key, value in json.loads(decision.grounds).items() if key != "offer"}
    )
    make.session.commit()
    found = simulate(draft_list())
    assert (found["judged"], found["skipped"]) == (1, 1)
    assert (free.answer, counted.answer) == ("no", "yes")


def test_only_the_decision_in_force_counts(
    client: Any, make: Make, login: Login, enroll: Any, answering: Any, simulate: Simulate, draft_list: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner, VETERAN)
    login(client, learner)
    answering(EMPLOYEE)
    client.post(f"/me/enrollments/{enrollment.id}/decisions")
    found = simulate(draft_list())
    assert (found["judged"], found["changed"], found["fen"]) == (1, 0, [0, 0])


def test_it_says_what_judging_each_application_one_by_one_says(
    app: Flask, make: Make, enroll: Any, simulate: Simulate, draft_list: Any, everywhere: Scope
) -> None:
    for number, answers in enumerate((VETERAN, UNEMPLOYED, EMPLOYEE, None, VETERAN, UNEMPLOYED)):
        course = make.course(fee_fen=150_000 + 40_000 * number, trade_code=UNLISTED if number == 1 else WELDER)
        enroll(make.run(course), make.learner(), answers)
    draft = draft_list(UNLISTED)
    found = simulate(draft)
    rows = [json.loads(text) for text in make.session.scalars(sa.select(EligibilityDecision.grounds))]
    sums = [0, 0]
    with app.app_context(), scope.opened(everywhere):
        listed = (policy.listed_trades(draft.valid_from), {UNLISTED: 1})
        for grounds in rows:
            for side in (0, 1):
                place = listed[side].get(grounds["offer"]["trade_code"])
                offer = Offer(**{**grounds["offer"], "listed": place is not None, "list_entry": place})
                verdict = policy.verdict(facts=grounds["facts"], offer=offer, on=draft.valid_from)
                sums[side] += judging.as_decided(verdict)[2]
    assert found["fen"] == sums
    assert sums[0] != sums[1]
    assert found["judged"] == 6


def test_counts_are_kept_though_there_is_nothing_to_judge(make: Make, simulate: Simulate, draft_list: Any) -> None:
    draft = draft_list(UNLISTED)
    assert simulate(draft)["judged"] == 0
    assert make.again(draft).effects_at is not None


def test_nothing_but_counts_is_kept(make: Make, enroll: Any, simulate: Simulate, draft_list: Any) -> None:
    learner = make.learner(name="张示例")
    enroll(make.run(make.course(fee_fen=240_000)), learner, VETERAN)
    found = simulate(draft_list())
    text = json.dumps(found, ensure_ascii=False)
    for hidden in ("VETERAN", "退役", "张", "hukou", "birth", "situations"):
        assert hidden not in text


def test_again_it_says_the_same_and_a_draft_that_is_gone_or_published_is_left_alone(
    make: Make, enroll: Any, simulate: Simulate, look: Any
) -> None:
    enroll(make.run(make.course(fee_fen=300_000)), make.learner(), VETERAN)
    draft = make.amount("R2_EMP_SHORT", 280_000, author=make.user())
    assert simulate(draft) == simulate(draft)
    published = make.amount(
        "R1_EMP_STD", 200_000, author=make.user(), approver=make.user(), valid_from=today() + timedelta(days=9)
    )
    assert simulate(published) == {}
    make.session.execute(sa.text("delete from subsidy_rules where id = :id"), {"id": draft.id})
    make.session.commit()
    jobs.queue.tasks["enroll.simulate"].func(scope=Scope().as_job_args(), table="subsidy_rules", id=draft.id)


def test_every_night_drafts_are_counted_anew(make: Make, enroll: Any, run_jobs: Any) -> None:
    draft = make.amount("R2_EMP_SHORT", 280_000, author=make.user())
    enroll(make.run(make.course(fee_fen=300_000)), make.learner(), VETERAN)
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    run_jobs()
    assert make.again(draft).effects["judged"] == 1
    assert draft.effects_at is not None


def test_large_changes_come_first_and_the_many_small_ones_are_a_number() -> None:
    tally = Tally()
    for number in range(40):
        before, after = Decided("yes", "R1", 100), Decided("yes", "R1", 100 + number)
        tally.add(f"T{number:02}", before, after, is_touched=True)
    found = tally.effects(today())
    assert [row["code"] for row in found["trades"][:2]] == ["T39", "T38"]
    assert (len(found["trades"]), found["more_trades"]) == (30, 9)
    assert (found["judged"], found["changed"], found["more"]) == (40, 39, 39)


def test_the_desk_shows_it_before_approval(
    app: Flask, make: Make, login: Login, enroll: Any, simulate: Simulate, draft_list: Any
) -> None:
    enroll(make.run(make.course(fee_fen=240_000)), make.learner(), VETERAN)
    draft = draft_list(UNLISTED)
    simulate(draft)
    city = make.bureau(region="130100")
    desk: Any = app.test_client()
    login(desk, make.member(city), city)
    page = desk.get(f"/desk/policy-versions/lists/{draft.id}").get_data(as_text=True)
    assert "1 份里有 1 份会变，补贴合计由 2400 元变为 2200 元（少 200 元）" in page
    assert "焊工" in page


def test_published_it_keeps_no_counts_that_anyone_could_read_and_the_record_has_the_sums(
    app: Flask, make: Make, login: Login, enroll: Any, simulate: Simulate, draft_list: Any, look: Any
) -> None:
    enroll(make.run(make.course(fee_fen=240_000)), make.learner(), VETERAN)
    draft = draft_list(UNLISTED)
    simulate(draft)
    city = make.bureau(region="130100")
    desk: Any = app.test_client()
    login(desk, make.member(city), city)
    assert desk.post(f"/desk/policy-versions/lists/{draft.id}/approve").status_code == 303
    (kept,) = look("select is_published, effects, effects_at from shortage_lists where id = :id", id=draft.id)
    assert tuple(kept) == (True, None, None)
    (record,) = look("select data from audit_entries where tag = 'shortage_list.published'")
    assert (record.data["judged"], record.data["changed"], record.data["fen"]) == (1, 1, [240_000, 220_000])
