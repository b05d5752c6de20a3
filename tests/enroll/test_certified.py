"""What registers certify: no papers, no question, and a word that wins over the person's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import jobs
from app.clock import today
from app.enroll.models import (
    EligibilityDecision,
    ImportState,
    PapersState,
    Proof,
    RegisterImport,
    RegisterRow,
)
from app.enroll.rules import add_months
from tests.enroll.conftest import EMPLOYEE, VETERAN
from tests.enroll.days import reach_first_day
from tests.enroll.registers import PERSON, bring_in, number, person, send
from tests.factories import Make
from tests.support.pages import LintingClient
from tests.support.papers import sheet

Login = Callable[..., None]


def test_a_named_person_needs_no_papers_for_what_the_register_says(bureau: Any, make: Make, enroll: Any) -> None:
    learner = make.learner()
    bring_in(bureau, "unemployment", person(make, learner))
    enrollment = enroll(make.run(), learner, None)
    assert (enrollment.answer, enrollment.papers) == ("yes", PapersState.VERIFIED)
    assert make.session.scalars(sa.select(Proof)).all() == []


def test_an_application_that_runs_is_judged_again_when_the_register_comes_and_on_its_first_day_if_it_went(
    bureau: Any, make: Make, enroll: Any, run_jobs: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner, None)
    assert enrollment.answer == "unknown"
    bring_in(bureau, "veterans", person(make, learner))
    run_jobs()
    make.again(enrollment)
    assert (enrollment.answer, enrollment.papers) == ("yes", PapersState.VERIFIED)
    bring_in(bureau, "veterans", (number(8), "换了人"))
    run_jobs()
    make.again(enrollment)
    assert (enrollment.answer, enrollment.papers) == ("yes", PapersState.VERIFIED)
    reach_first_day(make, enrollment)
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    run_jobs()
    make.again(enrollment)
    assert (enrollment.answer, enrollment.papers) == ("unknown", PapersState.PENDING)


def test_a_register_wins_over_the_persons_own_word_and_says_so(
    client: LintingClient, bureau: Any, make: Make, login: Login, enroll: Any, answering: Any
) -> None:
    learner = make.learner()
    bring_in(bureau, "insurance", (*person(make, learner), 8), header=(*PERSON, "月数"))
    bring_in(bureau, "unemployment", person(make, learner))
    run = make.run()
    login(client, learner)
    answering({**EMPLOYEE, "situations": "employee", "insured_months": "yes"})
    page = client.get(f"/runs/{run.id}/apply").get_data(as_text=True)
    assert "累计缴费 8 个月" in page
    assert page.count("与你的回答不同") == 2
    assert f"/courses/{run.course_id}/review-requests/new" in page
    answering({**EMPLOYEE, "situations": "registered_unemployed", "insured_months": "no"})
    page = client.get(f"/runs/{run.id}/apply").get_data(as_text=True)
    assert "与你的回答不同" not in page
    assert "累计缴费 8 个月" in client.get("/me/data").get_data(as_text=True)


def test_the_day_of_graduation_on_the_schools_list_settles_the_graduation_year(
    client: LintingClient, bureau: Any, make: Make, login: Login, enroll: Any, answering: Any
) -> None:
    header = (*PERSON, "预计毕业日期")
    first, later, undated = (make.learner(name=name) for name in ("甲示例", "乙示例", "丙示例"))
    year = add_months(today(), 6).year  # the graduation year that today is in: from July to June
    days = ((first, f"{year}-06-30"), (later, f"{year + 2}-06-30"), (undated, ""))
    bring_in(bureau, "enrolment", *[(*person(make, each), day) for each, day in days], header=header)
    student = {**EMPLOYEE, "situations": "final_year_student"}
    run, found = make.run(), {}
    for learner, _day in days:
        enrolled = enroll(run, learner, student)
        login(client, learner)
        found[learner.id] = (enrolled.answer, enrolled.papers, client.get("/me/data").get_data(as_text=True))
        assert ("还没有填写" in found[learner.id][2]) is False
    assert found[first.id][:2] == found[undated.id][:2] == ("yes", PapersState.VERIFIED)
    assert found[later.id][:2] == ("no", PapersState.NOT_NEEDED)
    assert f"毕业日期 {year}-06-30" in found[first.id][2]
    assert "与你的回答不同" not in found[first.id][2] + found[undated.id][2]
    assert f"毕业日期 {year + 2}-06-30" in found[later.id][2]
    assert "与你的回答不同" in found[later.id][2]
    open_ = [json.loads(row.grounds)["conditions"] for row in make.session.scalars(
        sa.select(EligibilityDecision).order_by(EligibilityDecision.id)
    )]  # fmt: skip
    assert [any(each["code"] == "graduation_year" for each in conditions) for conditions in open_] == [
        False,
        False,
        True,
    ]


def test_another_person_with_the_same_number_typed_in_is_certified_nothing(
    bureau: Any, make: Make, enroll: Any
) -> None:
    learner = make.learner(name="冒名者")
    bring_in(bureau, "veterans", (person(make, learner)[0], "本人姓名"))
    assert enroll(make.run(), learner, None).answer == "unknown"


def test_a_learner_who_signs_up_after_the_import_is_found_too(
    client: LintingClient, bureau: Any, make: Make, login: Login, run_jobs: Any, look: Any
) -> None:
    bring_in(bureau, "veterans", (number(5), "后来者"))
    learner = make.learner(profile=False)
    login(client, learner)
    identity = {"name": "后来者", "id_number": number(5), "phone": "13800000000", "consent": "y"}
    saved = client.post("/me/profile", data={**identity, "region_id": make.region().id})
    assert saved.status_code == 303
    run_jobs()
    assert look("select learner_id from register_rows")[0].learner_id == learner.id
    assert "退役军人" in client.get("/me/data").get_data(as_text=True)
    renamed = {**identity, "name": "改了名"}
    assert client.post("/me/profile", data={**renamed, "region_id": make.region().id}).status_code == 303
    run_jobs()
    assert look("select learner_id from register_rows")[0].learner_id is None


def test_another_countys_list_does_not_reach_this_countys_learners_but_the_citys_does(
    app: Flask, make: Make, login: Login, look: Any
) -> None:
    learner = make.learner()
    for region, owner in (("130102", None), ("130100", learner.id)):
        tenant, desk = make.bureau(region), app.test_client()
        login(desk, make.member(tenant), tenant)
        bring_in(desk, "veterans", person(make, learner))
        row = look("select learner_id from register_rows order by id desc limit 1")[0]
        assert row.learner_id == owner


def test_lines_and_lists_run_out_by_the_night_and_forgotten_drafts_with_them(
    bureau: Any, make: Make, enroll: Any, run_jobs: Any, look: Any
) -> None:
    learner = make.learner()
    bring_in(bureau, "unemployment", person(make, learner), (number(2), "李示例"))
    send(bureau, "veterans", sheet(PERSON, [(number(3), "王示例")]))
    enrollment = enroll(make.run(), learner, None)
    assert enrollment.papers is PapersState.VERIFIED
    yesterday = today() - timedelta(days=1)
    make.session.execute(
        sa.update(RegisterRow).where(RegisterRow.learner_id == learner.id).values(valid_until=yesterday)
    )
    make.session.execute(
        sa.update(RegisterImport)
        .where(RegisterImport.state == ImportState.DRAFT)
        .values(created_at=RegisterImport.created_at - timedelta(days=2))
    )
    make.session.commit()
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    run_jobs()
    make.again(enrollment)
    assert (enrollment.answer, enrollment.papers) == ("yes", PapersState.VERIFIED)
    states = [(row.state, row.n) for row in look(
        "select i.state, count(r.id) as n from register_imports i left join register_rows r on r.import_id = i.id "
        "group by i.id order by i.id"
    )]  # fmt: skip
    assert states == [("in_force", 1), ("ended", 0)]
    make.session.execute(sa.update(RegisterImport).values(valid_until=yesterday))
    make.session.commit()
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    run_jobs()
    assert look("select 1 from register_rows") == []
    assert [row.state for row in look("select state from register_imports")] == ["ended", "ended"]


def test_the_papers_own_months_are_the_lists_validity(bureau: Any, look: Any) -> None:
    as_of = today() - timedelta(days=10)
    bring_in(bureau, "unemployment", (number(1), "张示例"), as_of=as_of)
    bring_in(bureau, "veterans", (number(1), "张示例"), as_of=as_of)
    rows = look("select register, valid_until from register_imports order by id")
    assert [tuple(row) for row in rows] == [("unemployment", add_months(as_of, 3)), ("veterans", None)]


def test_an_institution_sees_the_same_of_a_certified_person_as_of_any_other(
    bureau: Any, make: Make, enroll: Any
) -> None:
    certified, veteran = make.learner(), make.learner()
    bring_in(bureau, "disability", person(make, certified))
    bring_in(bureau, "veterans", person(make, veteran))
    run = make.run()
    one, two = enroll(run, certified, None), enroll(run, veteran, VETERAN)
    assert (one.answer, one.papers, one.rule_code, one.learner_pays_fen) == (
        two.answer,
        two.papers,
        two.rule_code,
        two.learner_pays_fen,
    )
