"""Applying to a run: what it shows, what it stores, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from app.enroll.models import EligibilityDecision, Enrollment, EnrollmentState, LearnerProfile, PapersState, Proof
from app.tenants.identifiers import make_id_number
from tests.enroll.conftest import EMPLOYEE, UNEMPLOYED
from tests.factories import Make
from tests.support.pages import LintingClient

Login = Callable[..., None]


def profile_data(make: Make, seq: int = 501) -> dict[str, Any]:
    return {
        "name": "示例新学员",
        "id_number": make_id_number("130108", date(1991, 2, 3), seq),
        "phone": "13900000000",
        "region_id": make.region().id,
        "consent": "y",
    }


def test_the_page_says_what_it_costs_why_and_what_is_missing(
    client: LintingClient, make: Make, login: Login, answering: Any
) -> None:
    run = make.run()
    login(client, make.user())
    answering(UNEMPLOYED)
    page = client.get(f"/runs/{run.id}/apply").get_data(as_text=True)
    for text in ("免费", "示例机构", "告知", "证件号码", "单独同意"):
        assert text in page


def test_a_first_application_stores_profile_decision_proof_and_holds_a_seat(
    client: LintingClient, make: Make, login: Login, answering: Any, look: Any
) -> None:
    run, user = make.run(), make.user()
    login(client, user)
    answering(UNEMPLOYED)
    response = client.post(f"/runs/{run.id}/apply", data=profile_data(make))
    assert response.status_code == 303
    enrollment = make.session.scalars(sa.select(Enrollment).where(Enrollment.learner_id == user.id)).one()
    assert enrollment.state is EnrollmentState.APPLIED
    assert (enrollment.answer, enrollment.learner_pays_fen, enrollment.papers) == ("yes", 0, PapersState.PENDING)
    assert enrollment.rule_code == "R2_EMP_SHORT"
    assert enrollment.learner_name == "示例新学员"
    assert enrollment.course_title == "焊工（五级）职业技能培训"
    decision = make.session.scalars(sa.select(EligibilityDecision)).one()
    grounds = json.loads(decision.grounds)
    assert "REG_UNEMPLOYED" in grounds["groups"]
    assert grounds["rule_version"].startswith("R2_EMP_SHORT@")
    proof = make.session.scalars(sa.select(Proof)).one()
    assert proof.claim == "REG_UNEMPLOYED"
    assert look("select taken from run_seats")[0][0] == 1
    raw = look("select grounds, (select claim from proofs) from eligibility_decisions")[0]
    assert all(b"REG_UNEMPLOYED" not in bytes(value) for value in raw)


def test_a_verdict_of_no_is_said_and_recorded_as_self_paid(
    client: LintingClient, make: Make, login: Login, answering: Any, enroll: Any
) -> None:
    run, learner = make.run(), make.learner()
    login(client, learner)
    answering(EMPLOYEE)
    page = client.get(f"/runs/{run.id}/apply").get_data(as_text=True)
    assert "自费报名" in page
    enrollment = enroll(run, learner, EMPLOYEE)
    assert (enrollment.answer, enrollment.learner_pays_fen, enrollment.rule_code) == ("no", 180000, None)
    assert enrollment.papers is PapersState.NOT_NEEDED
    assert make.session.scalar(sa.select(sa.func.count()).select_from(Proof)) == 0


def test_without_answers_one_may_apply_and_the_amount_stays_open(make: Make, enroll: Any) -> None:
    enrollment = enroll(make.run(), make.learner(), None)
    assert (enrollment.answer, enrollment.learner_pays_fen) == ("unknown", None)
    assert enrollment.papers is PapersState.PENDING


def test_pressing_twice_makes_one_application(client: LintingClient, make: Make, login: Login) -> None:
    run, learner = make.run(), make.learner()
    login(client, learner)
    first = client.post(f"/runs/{run.id}/apply")
    second = client.post(f"/runs/{run.id}/apply", follow_redirects=True)
    assert first.status_code == 303
    assert "没有重复报名" in second.get_data(as_text=True)
    assert make.session.scalar(sa.select(sa.func.count()).select_from(Enrollment)) == 1


def test_an_overlapping_class_is_named(client: LintingClient, make: Make, login: Login, enroll: Any) -> None:
    course = make.course()
    first, second, learner = make.run(course), make.run(course), make.learner()
    enroll(first, learner)
    login(client, learner)
    response = client.post(f"/runs/{second.id}/apply")
    assert response.status_code == 422
    assert "上课时间与你已报的班重叠：焊工（五级）职业技能培训" in response.get_data(as_text=True)


def test_a_full_run_gives_a_visible_place(client: LintingClient, make: Make, login: Login, enroll: Any) -> None:
    run = make.run(seats=1)
    enroll(run, make.learner())
    enroll(run, make.learner())
    learner = make.learner()
    enrollment = enroll(run, learner)
    assert enrollment.state is EnrollmentState.WAITING
    login(client, learner)
    assert "候补第 2 位" in client.get("/me").get_data(as_text=True)


@pytest.mark.parametrize("started", [-1, 0])
def test_a_run_that_has_begun_or_is_not_public_takes_nobody(
    client: LintingClient, make: Make, login: Login, started: int
) -> None:
    run = make.run(starts_in=started, hour=0)
    login(client, make.learner())
    response = client.post(f"/runs/{run.id}/apply")
    assert response.status_code == 422
    assert "不能报名" in response.get_data(as_text=True)
    draft = make.run(open_=False)
    assert client.get(f"/runs/{draft.id}/apply").status_code == 404
    assert client.post(f"/runs/{draft.id}/apply").status_code == 404
    assert client.get("/runs/999999999/apply").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "请填写"),
        ("id_number", "", "请填写"),
        ("id_number", "130108199102030000", "校验码"),
        ("id_number", "123456789012345", "15位的旧身份证号已停用"),
        ("phone", "12345", "11位"),
        ("region_id", "", "请选择"),
        ("region_id", "99999999", "请从给出的选项中选择"),
        ("consent", "", "请先阅读告知"),
        ("name", "长" * 80, "最多"),
        ("id_number", "\x00<script>", "证件号码"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_nothing_typed_is_lost(
    client: LintingClient, make: Make, login: Login, field: str, value: str, says: str
) -> None:
    run = make.run()
    login(client, make.user())
    typed = {**profile_data(make), "name": "王示例", field: value}
    if field == "consent":
        typed.pop("consent")
    response = client.post(f"/runs/{run.id}/apply", data=typed)
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert says in page
    assert "13900000000" in page or field == "phone"
    assert make.session.scalar(sa.select(sa.func.count()).select_from(LearnerProfile)) == 0


def test_a_number_under_another_account_is_refused_without_saying_whose(
    client: LintingClient, make: Make, login: Login
) -> None:
    other = make.learner(name="别人的名字")
    number = make.session.get_one(LearnerProfile, other.id).id_number
    login(client, make.user())
    run = make.run()
    response = client.post(f"/runs/{run.id}/apply", data={**profile_data(make), "id_number": number})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "已经登记过" in page
    assert "窗口" in page
    assert "别人的名字" not in page


def test_an_application_costs_few_statements(
    client: LintingClient, make: Make, login: Login, app: Any, look: Any
) -> None:
    run = make.run()
    warm, learner = make.learner(), make.learner()
    login(client, warm)
    client.post(f"/runs/{run.id}/apply")
    login(client, learner)
    statements: list[str] = []
    with app.app_context():
        from app.db import db

        engine = db.engine

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.post(f"/runs/{run.id}/apply").status_code == 303
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert len(statements) <= 5, "\n".join(statements)
