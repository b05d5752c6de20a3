"""The institution's side of a run: planned, opened, changed, cancelled, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.clock import today
from app.tenants.models import Role, TenantState
from tests.catalog.desk import Desk, desk_of, run_form
from tests.factories import Make

Look = Callable[..., list[Any]]


@pytest.fixture
def desk(app: Flask, make: Make, login: Callable[..., None]) -> Desk:
    return desk_of(app, make, login, make.institution())


def args_of(look: Look, name: str) -> list[dict[str, Any]]:
    return [row.args for row in look("select args from procrastinate_jobs where task_name = :name", name=name)]


def plan(desk: Desk, make: Make, course_id: int, **changes: Any) -> int:
    response = desk.client.post(f"/desk/courses/{course_id}/runs/new", data=run_form(make, **changes))
    assert response.status_code == 303
    return int(response.location.rsplit("/", 1)[1])


def test_a_run_is_planned_with_its_sessions(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant)
    run_id = plan(desk, make, course.id)
    (run,) = look("select state, is_public, seats, schedule, starts_at, session_times::text from course_runs")
    assert (run.state, run.is_public, run.seats) == ("draft", False, 30)
    sessions = look("select starts_at, is_public, region_id from run_sessions order by starts_at")
    assert len(sessions) == 8
    assert run.starts_at == sessions[0].starts_at
    assert not any(session.is_public for session in sessions)
    assert run.session_times.count("[") == 8
    assert look("select 1 from run_seats") == []
    page = desk.client.get(f"/desk/runs/{run_id}")
    assert page.status_code == 200
    assert "少于课程的 100 课时" in page.text
    assert run.schedule in page.text


BAD = [
    ({"starts_on": ""}, "请填写"),
    ({"starts_on": "2026-13-45"}, "请填写日期"),
    ({"starts_on": (today() - timedelta(days=1)).isoformat()}, "不能早于今天"),
    ({"starts_on": "9999-12-31", "ends_on": "9999-12-31"}, "日期应在"),
    ({"ends_on": today().isoformat()}, "结束日期不能早于开始日期"),
    ({"ends_on": (today() + timedelta(days=900)).isoformat()}, "最长 400 天"),
    ({"weekdays": []}, "请至少选择一项"),
    ({"weekdays": ["9"]}, "请从给出的选项中选择"),
    ({"starts_at": "25:99"}, "请填写时间"),
    ({"ends_at": "18:00"}, "下课时间要晚于上课时间"),
    ({"second_starts_at": "08:00"}, "要一起填"),
    ({"second_starts_at": "20:00", "second_ends_at": "22:00"}, "重叠"),
    ({"skipped": "元旦"}, "看不懂「元旦」"),
    ({"skipped": "2020-01-01"}, "2020-01-01 不在开班日期之内"),
    ({"teaches": "magic"}, "请从给出的选项中选择"),
    ({"place": ""}, "请填写"),
    ({"region_id": ""}, "请选择一项"),
    ({"region_id": "1000000"}, "请从给出的选项中选择"),
    ({"seats": "0"}, "1 到 500"),
    ({"seats": "501"}, "1 到 500"),
    ({"seats": "many"}, "请填写整数"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_answered_at_its_field_and_nothing_typed_is_lost(
    desk: Desk, make: Make, look: Look, change: dict[str, Any], message: str
) -> None:
    course = make.course(desk.tenant)
    form = run_form(make, **{"place": "这个地址要留着", **change})
    response = desk.client.post(f"/desk/courses/{course.id}/runs/new", data=form)
    assert response.status_code == 422
    assert message in response.text
    if "place" not in change:
        assert "这个地址要留着" in response.text
    for name in ("starts_on", "skipped", "seats"):
        if change.get(name):
            assert change[name] in response.text
    assert look("select 1 from course_runs") == []


def test_opening_shows_the_run_and_its_sessions_and_makes_its_seats_once(
    desk: Desk, make: Make, look: Look
) -> None:
    course = make.course(desk.tenant)
    run_id = plan(desk, make, course.id)
    for _attempt in range(2):
        assert desk.client.post(f"/desk/runs/{run_id}/open").status_code == 303
    (run,) = look("select state, is_public from course_runs")
    assert (run.state, run.is_public) == ("open", True)
    assert all(row.is_public for row in look("select is_public from run_sessions"))
    assert [tuple(row) for row in look("select run_id, capacity, taken from run_seats")] == [(run_id, 30, 0)]
    assert len(args_of(look, "catalog.index_course")) == 1
    assert len(look("select 1 from audit_entries where tag = 'run.opened'")) == 1


def test_a_run_of_a_course_that_is_not_up_stays_closed(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False)
    run_id = plan(desk, make, course.id)
    response = desk.client.post(f"/desk/runs/{run_id}/open")
    assert response.status_code == 409
    assert "上架以后" in response.text
    assert look("select state from course_runs")[0].state == "draft"


def test_an_institution_no_longer_accepted_opens_nothing(
    app: Flask, make: Make, login: Callable[..., None], look: Look
) -> None:
    desk = desk_of(app, make, login, make.institution(state=TenantState.SUSPENDED))
    run = make.run(make.course(desk.tenant), open_=False)
    assert desk.client.post(f"/desk/runs/{run.id}/open").status_code == 409
    assert look("select state from course_runs")[0].state == "draft"


def test_a_run_whose_first_session_has_passed_is_not_opened(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), open_=False, starts_in=-1)
    assert desk.client.post(f"/desk/runs/{run.id}/open").status_code == 409


def edit_form(make: Make, run_id: int, desk: Desk, **changes: Any) -> dict[str, Any]:
    """The edit form as the page offers it, with changes."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(desk.client.get(f"/desk/runs/{run_id}/edit").text, "html.parser")
    form: dict[str, Any] = {}
    for field in soup.select("main form input, main form select"):
        name, kind = str(field.get("name")), field.get("type")
        if name == "csrf_token":
            continue
        if kind == "checkbox":
            if field.has_attr("checked"):
                form.setdefault(name, []).append(field["value"])
        elif field.name == "select":
            chosen = field.select_one("option[selected]")
            form[name] = chosen["value"] if chosen else ""
        else:
            form[name] = field.get("value", "")
    return {**form, **changes}


def test_the_edit_form_offers_what_is_there_and_saving_it_changes_nothing(
    desk: Desk, make: Make, look: Look
) -> None:
    course = make.course(desk.tenant)
    skipped = (today() + timedelta(days=14)).isoformat()
    run_id = plan(desk, make, course.id, skipped=skipped, second_starts_at="09:00", second_ends_at="11:30")
    desk.client.post(f"/desk/runs/{run_id}/open")
    before = look("select id from run_sessions order by id")
    form = edit_form(make, run_id, desk)
    assert form["skipped"] == skipped
    assert desk.client.post(f"/desk/runs/{run_id}/edit", data=form).status_code == 303
    assert look("select id from run_sessions order by id") == before
    assert args_of(look, "enroll.run_changed") == []


def test_moving_an_open_run_tells_its_learners_what_changed(desk: Desk, make: Make, look: Look) -> None:
    run_id = plan(desk, make, make.course(desk.tenant).id)
    desk.client.post(f"/desk/runs/{run_id}/open")
    form = edit_form(make, run_id, desk, place="长安区示例街 2 号", starts_at="18:30")
    assert desk.client.post(f"/desk/runs/{run_id}/edit", data=form).status_code == 303
    (args,) = args_of(look, "enroll.run_changed")
    assert args["changes"] == ["sessions", "place"]
    assert args["run_id"] == run_id
    assert args["scope"]["tenant_id"] == desk.tenant.id
    assert args["scope"]["actor_id"] is None
    assert len(look("select 1 from run_sessions")) == 8
    (run,) = look("select starts_at, session_times from course_runs")
    assert run.starts_at == run.session_times[0].lower
    assert all(row.is_public for row in look("select is_public from run_sessions"))


def test_a_planned_run_changes_without_telling_anyone(desk: Desk, make: Make, look: Look) -> None:
    run_id = plan(desk, make, make.course(desk.tenant).id)
    form = edit_form(make, run_id, desk, place="别处", seats="10")
    assert desk.client.post(f"/desk/runs/{run_id}/edit", data=form).status_code == 303
    assert look("select seats, place from course_runs")[0] == (10, "别处")
    assert args_of(look, "enroll.run_changed") == []


def test_shrinking_an_open_run_needs_a_reason_and_tells_its_learners(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), seats=30, taken=12)
    form = edit_form(make, run.id, desk, seats="20")
    refused = desk.client.post(f"/desk/runs/{run.id}/edit", data=form)
    assert refused.status_code == 422
    assert "请选择原因" in refused.text
    other = {**form, "reason_code": "other"}
    assert "请写明原因" in desk.client.post(f"/desk/runs/{run.id}/edit", data=other).text
    assert look("select capacity from run_seats")[0].capacity == 30
    form["reason_code"] = "place_lost"
    assert desk.client.post(f"/desk/runs/{run.id}/edit", data=form).status_code == 303
    assert tuple(look("select capacity, taken from run_seats")[0]) == (20, 12)
    assert look("select seats from course_runs")[0].seats == 20
    (args,) = args_of(look, "enroll.run_changed")
    assert (args["changes"], args["reason_code"]) == (["seats"], "place_lost")


def test_a_run_cannot_shrink_below_the_seats_taken_and_says_how_many_are(
    desk: Desk, make: Make, look: Look
) -> None:
    run = make.run(make.course(desk.tenant), seats=30, taken=12)
    form = edit_form(make, run.id, desk, seats="11", reason_code="place_lost", place="新地址要留着")
    response = desk.client.post(f"/desk/runs/{run.id}/edit", data=form)
    assert response.status_code == 422
    assert "已有 12 人占了名额" in response.text
    assert "新地址要留着" in response.text
    assert look("select seats, place from course_runs")[0] == (30, run.place)
    assert args_of(look, "enroll.run_changed") == []


def test_more_seats_are_offered_to_those_who_wait(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), seats=10, taken=10)
    form = edit_form(make, run.id, desk, seats="12")
    assert desk.client.post(f"/desk/runs/{run.id}/edit", data=form).status_code == 303
    assert look("select capacity from run_seats")[0].capacity == 12
    (args,) = args_of(look, "enroll.offer_seats")
    assert args["run_id"] == run.id
    assert args["scope"]["tenant_id"] == desk.tenant.id


def test_cancelling_needs_a_reason_and_tells_every_learner_once(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), taken=3)
    url = f"/desk/runs/{run.id}/cancel"
    assert "3 人已占名额" in desk.client.get(url).text
    for bad in ({}, {"reason_code": "boredom"}, {"reason_code": "other"}):
        response = desk.client.post(url, data={**bad, "reason_note": ""})
        assert response.status_code == 422
    kept = desk.client.post(url, data={"reason_note": "这句话要留着"})
    assert "这句话要留着" in kept.text
    for _attempt in range(2):
        done = desk.client.post(url, data={"reason_code": "too_few", "reason_note": "只有 3 人"})
        assert done.status_code == 303
    (cancelled,) = look("select state, reason_code, reason_note, is_public from course_runs")
    assert tuple(cancelled) == ("cancelled", "too_few", "只有 3 人", True)
    (args,) = args_of(look, "enroll.run_cancelled")
    assert (args["run_id"], args["reason_code"]) == (run.id, "too_few")
    assert args["scope"]["tenant_id"] == desk.tenant.id


def test_a_cancelled_run_is_neither_edited_nor_opened(desk: Desk, make: Make) -> None:
    run = make.run(make.course(desk.tenant))
    form = edit_form(make, run.id, desk, place="别处")
    desk.client.post(f"/desk/runs/{run.id}/cancel", data={"reason_code": "too_few"})
    assert desk.client.post(f"/desk/runs/{run.id}/edit", data=form).status_code == 422
    assert desk.client.post(f"/desk/runs/{run.id}/open").status_code == 409


def test_a_run_that_is_over_stays_as_it_was(desk: Desk, make: Make) -> None:
    run = make.run(make.course(desk.tenant), starts_in=-20)
    form = edit_form(make, run.id, desk, place="别处")
    assert desk.client.post(f"/desk/runs/{run.id}/edit", data=form).status_code == 422
    assert desk.client.post(f"/desk/runs/{run.id}/cancel", data={"reason_code": "too_few"}).status_code == 422


def test_a_run_under_way_may_change_its_place(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), starts_in=-1)
    form = edit_form(make, run.id, desk, place="教室换到隔壁")
    assert desk.client.post(f"/desk/runs/{run.id}/edit", data=form).status_code == 303
    assert args_of(look, "enroll.run_changed")[0]["changes"] == ["place"]


def test_another_institution_gets_404_even_for_an_open_run(
    app: Flask, desk: Desk, make: Make, login: Callable[..., None], look: Look
) -> None:
    run = make.run(make.course(desk.tenant))
    other = desk_of(app, make, login, make.institution())
    for path in ("", "/edit", "/cancel"):
        assert other.client.get(f"/desk/runs/{run.id}{path}").status_code == 404
        assert desk.client.get(f"/desk/runs/999999{path}").status_code == 404
    for path in ("/edit", "/cancel", "/open"):
        data = run_form(make, reason_code="too_few")
        assert other.client.post(f"/desk/runs/{run.id}{path}", data=data).status_code == 404
        assert desk.client.post(f"/desk/runs/999999{path}", data=data).status_code == 404
    assert look("select state, place from course_runs")[0] == ("open", run.place)


def test_the_list_shows_runs_by_where_they_stand(desk: Desk, make: Make) -> None:
    course = make.course(desk.tenant)
    make.run(course, taken=7)
    make.run(course, open_=False)
    make.run(course, starts_in=-30)
    page = desk.client.get("/desk/runs").text
    assert "7 / 30" in page
    for state in ("open", "draft", "over", "cancelled", "nonsense"):
        assert desk.client.get(f"/desk/runs?state={state}").status_code == 200


def test_the_lists_take_as_many_statements_for_thirty_rows_as_for_three(
    desk: Desk, make: Make, app: Flask
) -> None:
    import sqlalchemy as sa

    from app.db import db

    def statements(path: str) -> int:
        with app.app_context():
            engine = db.engine
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            assert desk.client.get(path).status_code == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    for _n in range(3):
        make.run(make.course(desk.tenant))
    few = {path: statements(path) for path in ("/desk/courses", "/desk/runs")}
    for _n in range(20):
        make.run(make.course(desk.tenant))
    assert {path: statements(path) for path in few} == few


def test_the_roster_is_one_tap_from_the_run_and_from_the_list(
    app: Flask, desk: Desk, make: Make, login: Callable[..., None]
) -> None:
    run = make.run(make.course(desk.tenant))
    link = f'href="/desk/runs/{run.id}/roster"'
    for path in ("/desk/runs", f"/desk/runs/{run.id}"):
        assert link in desk.client.get(path).text
    assert desk.client.get(f"/desk/runs/{run.id}/roster").status_code == 200
    finance = desk_of(app, make, login, desk.tenant, Role.FINANCE)
    for path in ("/desk/runs", f"/desk/runs/{run.id}"):
        assert link not in finance.client.get(path).text
