"""A run's lessons one by one at the institution's desk: added, changed, removed, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask

from app.catalog.models import CourseRun
from app.clock import CITY_ZONE, local, today
from app.tenants.models import Role
from tests.catalog.desk import Desk, desk_of
from tests.factories import Make

Look = Callable[..., list[Any]]


@pytest.fixture
def desk(app: Flask, make: Make, login: Callable[..., None]) -> Desk:
    return desk_of(app, make, login, make.institution())


def lesson_form(**changes: Any) -> dict[str, Any]:
    """A lesson the day after a run of the factories ends: Saturday's class, so to say."""
    form = {
        "day": (today() + timedelta(days=15)).isoformat(),
        "starts_at": "14:00",
        "ends_at": "17:00",
        "kind": "practice",
        "topic": "补课",
    }
    return {**form, **changes}


def lessons_of(look: Look, run: CourseRun) -> list[Any]:
    return look("select * from run_sessions where run_id = :id order by starts_at", id=run.id)


def at(day: int, hour: int) -> datetime:
    return datetime.combine(today() + timedelta(days=day), time(hour), CITY_ZONE).astimezone(UTC)


def told(look: Look) -> list[dict[str, Any]]:
    rows = look("select args from procrastinate_jobs where task_name = 'enroll.run_changed' order by id")
    return [row.args for row in rows]


def test_a_lesson_is_added_and_the_run_grows_by_it(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant))
    response = desk.client.post(f"/desk/runs/{run.id}/lessons/new", data=lesson_form())
    assert response.status_code == 303
    added = lessons_of(look, run)[-1]
    assert (added.starts_at, added.ends_at, added.topic) == (at(15, 14), at(15, 17), "补课")
    assert (added.kind, added.is_public, added.region_id) == ("practice", True, run.region_id)
    (row,) = look("select ends_on, session_times from course_runs")
    assert row.ends_on == today() + timedelta(days=15)
    assert (row.session_times[-1].lower, row.session_times[-1].upper) == (at(15, 14), at(15, 17))
    assert "补课" in desk.client.get(f"/desk/runs/{run.id}").text


def test_one_lesson_moves_and_the_others_stay(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant))
    before = lessons_of(look, run)
    url = f"/desk/runs/{run.id}/lessons/{before[0].id}"
    shown = desk.client.get(url).text
    assert f'value="{local(before[0].starts_at).date().isoformat()}"' in shown
    assert (
        desk.client.post(url, data=lesson_form(day=(today() + timedelta(days=11)).isoformat())).status_code == 303
    )
    after = lessons_of(look, run)
    assert sorted(row.id for row in after) == sorted(row.id for row in before)
    moved = next(row for row in after if row.id == before[0].id)
    assert moved.starts_at == at(11, 14)
    assert [row.starts_at for row in after if row.id != moved.id] == [row.starts_at for row in before[1:]]
    (row,) = look("select starts_on, starts_at, ends_on from course_runs")
    assert tuple(row) == (today() + timedelta(days=11), at(11, 9), run.ends_on)
    assert told(look)[0]["changes"] == ["dates", "sessions"]


def test_one_lesson_is_removed_after_asking(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant))
    last = lessons_of(look, run)[-1]
    url = f"/desk/runs/{run.id}/lessons/{last.id}/remove"
    assert desk.client.get(url).status_code == 200
    assert desk.client.post(url).status_code == 303
    assert last.id not in [row.id for row in lessons_of(look, run)]
    (row,) = look("select ends_on, session_times from course_runs")
    assert row.ends_on == run.ends_on - timedelta(days=1)
    assert len(row.session_times) == 4
    assert desk.client.get(url).status_code == 404


def test_the_last_lesson_stays(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), days=1)
    (only,) = lessons_of(look, run)
    response = desk.client.post(f"/desk/runs/{run.id}/lessons/{only.id}/remove")
    assert response.status_code == 422
    assert "至少要有一节课" in response.text
    assert len(lessons_of(look, run)) == 1


BAD = [
    ({"day": ""}, "请填写"),
    ({"day": "2026-13-45"}, "请填写日期"),
    ({"starts_at": "25:99"}, "请填写时间"),
    ({"ends_at": "14:00"}, "下课时间要晚于上课时间"),
    ({"day": (today() - timedelta(days=1)).isoformat()}, "这个时间已经过了"),
    ({"day": (today() + timedelta(days=12)).isoformat(), "starts_at": "11:30"}, "另一节课时间重叠"),
    ({"day": (today() + timedelta(days=900)).isoformat()}, "最长 400 天"),
    ({"kind": "magic"}, "请从给出的选项中选择"),
    ({"topic": "长" * 81}, "最多 80 个字"),
]


@pytest.mark.parametrize(("change", "said"), BAD)
def test_a_lesson_that_cannot_be_held_is_refused_and_what_was_typed_is_kept(
    desk: Desk, make: Make, look: Look, change: dict[str, str], said: str
) -> None:
    run = make.run(make.course(desk.tenant))
    data = lesson_form(**{"topic": "这句话要留着", **change})
    response = desk.client.post(f"/desk/runs/{run.id}/lessons/new", data=data)
    assert response.status_code == 422
    assert said in response.text
    assert data["topic"] in response.text
    assert len(lessons_of(look, run)) == 5


def test_learners_are_told_and_a_reason_is_asked_for(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), taken=3)
    first, *_rest, last = lessons_of(look, run)
    changes = {
        f"/desk/runs/{run.id}/lessons/new": lesson_form(),
        f"/desk/runs/{run.id}/lessons/{first.id}": lesson_form(day=(today() + timedelta(days=16)).isoformat()),
        f"/desk/runs/{run.id}/lessons/{last.id}/remove": {},
    }
    for url, data in changes.items():
        assert 'name="reason_code"' in desk.client.get(url).text
        refused = desk.client.post(url, data=data)
        assert refused.status_code == 422
        assert "请选择原因" in refused.text
        assert desk.client.post(url, data={**data, "reason_code": "other"}).status_code == 422
    assert told(look) == []
    assert [row.id for row in lessons_of(look, run)] == [first.id, *[row.id for row in _rest], last.id]
    for url, data in changes.items():
        assert desk.client.post(url, data={**data, "reason_code": "teacher_absent"}).status_code == 303
    assert [args["reason_code"] for args in told(look)] == ["teacher_absent"] * 3
    assert all("sessions" in args["changes"] and args["run_id"] == run.id for args in told(look))


def test_what_a_lesson_teaches_changes_without_a_reason_or_a_notice(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), taken=3)
    first = lessons_of(look, run)[0]
    start, end = local(first.starts_at), local(first.ends_at)
    data = lesson_form(
        day=start.date().isoformat(), starts_at=f"{start:%H:%M}", ends_at=f"{end:%H:%M}", topic="安全"
    )
    assert desk.client.post(f"/desk/runs/{run.id}/lessons/{first.id}", data=data).status_code == 303
    assert lessons_of(look, run)[0].topic == "安全"
    assert told(look) == []


def test_a_lesson_that_was_held_stays_as_it_was(desk: Desk, make: Make, look: Look) -> None:
    run = make.run(make.course(desk.tenant), starts_in=-2)
    held = lessons_of(look, run)[0]
    url = f"/desk/runs/{run.id}/lessons/{held.id}"
    assert url not in desk.client.get(f"/desk/runs/{run.id}").text
    for path in (url, f"{url}/remove"):
        refused = desk.client.post(path, data=lesson_form(reason_code="weather"))
        assert refused.status_code == 422
        assert "已经开始或上完" in refused.text
    assert lessons_of(look, run)[0] == held
    assert desk.client.post(f"/desk/runs/{run.id}/lessons/new", data=lesson_form()).status_code == 303


def test_saving_the_run_leaves_a_lesson_that_was_moved_where_it_is(desk: Desk, make: Make, look: Look) -> None:
    from tests.catalog.test_runs import edit_form

    run = make.run(make.course(desk.tenant), days=6)
    first = lessons_of(look, run)[0]
    data = lesson_form(day=(today() + timedelta(days=12)).isoformat())
    assert desk.client.post(f"/desk/runs/{run.id}/lessons/{first.id}", data=data).status_code == 303
    before = lessons_of(look, run)
    form = edit_form(make, run.id, desk, place="换个地方")
    assert desk.client.post(f"/desk/runs/{run.id}/edit", data=form).status_code == 303
    assert lessons_of(look, run) == before
    assert told(look)[-1]["changes"] == ["place"]


def test_a_cancelled_run_and_a_past_one_take_no_lessons(desk: Desk, make: Make, look: Look) -> None:
    cancelled, over = make.run(make.course(desk.tenant)), make.run(make.course(desk.tenant), starts_in=-20)
    desk.client.post(f"/desk/runs/{cancelled.id}/cancel", data={"reason_code": "too_few"})
    for run in (cancelled, over):
        assert "/lessons/" not in desk.client.get(f"/desk/runs/{run.id}").text
        assert desk.client.post(f"/desk/runs/{run.id}/lessons/new", data=lesson_form()).status_code == 422
        assert len(lessons_of(look, run)) == 5


def test_nobody_else_touches_a_lesson(
    app: Flask, desk: Desk, make: Make, login: Callable[..., None], look: Look
) -> None:
    run, second = make.run(make.course(desk.tenant)), make.run(make.course(desk.tenant))
    lesson = lessons_of(look, run)[0]
    other = desk_of(app, make, login, make.institution())
    teacher = desk_of(app, make, login, desk.tenant, Role.TEACHER)
    for path in ("new", str(lesson.id), f"{lesson.id}/remove"):
        for client in (other.client, teacher.client):
            assert client.get(f"/desk/runs/{run.id}/lessons/{path}").status_code == 404
            assert client.post(f"/desk/runs/{run.id}/lessons/{path}", data=lesson_form()).status_code == 404
    for path in (str(lesson.id), f"{lesson.id}/remove"):
        assert desk.client.post(f"/desk/runs/{second.id}/lessons/{path}", data=lesson_form()).status_code == 404
    assert "/lessons/" not in teacher.client.get(f"/desk/runs/{run.id}").text
    assert lessons_of(look, run)[0] == lesson
