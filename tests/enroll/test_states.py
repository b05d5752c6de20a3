"""Every state an enrollment can reach, over HTTP and through the jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs, scope
from app.catalog.models import CourseRun, RunSession
from app.db import db
from app.enroll.models import Enrollment, EnrollmentState
from app.enroll.rules import offer_ends_at
from app.notifications import Notice
from app.tenants.models import Role
from tests.factories import Make
from tests.support.pages import LintingClient

State = EnrollmentState
Login = Callable[..., None]


def kinds(make: Make, user_id: int) -> list[str]:
    make.session.expire_all()
    return list(make.session.scalars(sa.select(Notice.kind).where(Notice.user_id == user_id).order_by(Notice.id)))


def tags(make: Make) -> list[str]:
    return list(
        make.session.scalars(
            sa.text("select tag from audit_entries where subject_kind = 'enrollment' order by id")
        )
    )


def desk_of(make: Make, app: Flask, login: Login, run: CourseRun, role: Role = Role.OWNER) -> Any:
    from app.tenants.models import Tenant

    tenant = make.session.get_one(Tenant, run.tenant_id)
    client = app.test_client()
    login(client, make.member(tenant, role), tenant)
    return client


def test_the_learner_is_told_and_sees_whose_turn_it_is(
    client: LintingClient, make: Make, login: Login, enroll: Any, run_jobs: Any
) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner)
    run_jobs()
    assert kinds(make, learner.id) == ["enroll.applied"]
    login(client, learner)
    page = client.get("/me").get_data(as_text=True)
    assert "培训机构录取" in page
    assert "轮到你和人社局" in page
    assert client.get(f"/me/enrollments/{enrollment.id}").status_code == 200
    assert "报名成功" in client.get("/me/notices").get_data(as_text=True)
    assert client.post("/me/notices/read").status_code == 303
    assert "未读" not in client.get("/me/notices").get_data(as_text=True)


def test_an_institution_admits_in_bulk_and_the_learner_is_told(
    app: Flask, make: Make, login: Login, enroll: Any, run_jobs: Any
) -> None:
    run, one, two = make.run(), make.learner(), make.learner()
    chosen = [enroll(run, one).id, enroll(run, two).id]
    run_jobs()
    desk = desk_of(make, app, login, run)
    assert desk.get(f"/desk/runs/{run.id}/roster").status_code == 200
    response = desk.post(f"/desk/runs/{run.id}/decisions", data={"action": "admit", "enrollment_id": chosen})
    assert response.status_code == 303
    run_jobs()
    assert [make.again(make.session.get_one(Enrollment, n)).state for n in chosen] == [State.ADMITTED] * 2
    assert kinds(make, one.id) == ["enroll.applied", "enroll.admitted"]
    assert tags(make)[-2:] == ["enrollment.admitted"] * 2


def test_refusing_needs_a_coded_reason_and_frees_the_seat_for_the_next(
    app: Flask, client: LintingClient, make: Make, login: Login, enroll: Any, run_jobs: Any
) -> None:
    run, one, two = make.run(seats=1), make.learner(), make.learner()
    refused, waiting = enroll(run, one), enroll(run, two)
    desk = desk_of(make, app, login, run)
    data = {"action": "refuse", "enrollment_id": [refused.id]}
    assert desk.post(f"/desk/runs/{run.id}/decisions", data=data).status_code == 422
    made_up = desk.post(f"/desk/runs/{run.id}/decisions", data={**data, "reason_codes": "made_up"})
    assert made_up.status_code == 422
    done = desk.post(f"/desk/runs/{run.id}/decisions", data={**data, "reason_codes": "unreachable"})
    assert done.status_code == 303
    run_jobs()
    assert make.again(refused).state is State.REFUSED
    assert refused.reason_codes == ["unreachable"]
    assert make.again(waiting).state is State.OFFERED
    assert kinds(make, one.id)[-1] == "enroll.refused"
    assert kinds(make, two.id)[-1] == "enroll.offered"
    login(client, one)
    assert "多次联系不上本人" in client.get("/me").get_data(as_text=True)


def test_another_reason_needs_words_of_its_own_which_the_learner_reads_and_no_log_keeps(
    app: Flask, client: LintingClient, make: Make, login: Login, enroll: Any, look: Any, run_jobs: Any, caplog: Any
) -> None:
    learner = make.learner()
    run = make.run()
    enrollment = enroll(run, learner)
    desk = desk_of(make, app, login, run)
    words = "名额留给<b>上次</b>落选的人"
    data = {"action": "refuse", "enrollment_id": [enrollment.id], "reason_codes": "other"}
    for note in ("", "   "):
        refused = desk.post(f"/desk/runs/{run.id}/decisions", data={**data, "note": note})
        assert refused.status_code == 422
        assert "请写明原因" in refused.get_data(as_text=True)
    assert desk.post(f"/desk/runs/{run.id}/decisions", data={**data, "note": words}).status_code == 303
    run_jobs()
    assert make.again(enrollment).note == words
    login(client, learner)
    shown = "名额留给&lt;b&gt;上次&lt;/b&gt;落选的人"
    for page in (client.get("/me"), client.get(f"/me/enrollments/{enrollment.id}")):
        text = page.get_data(as_text=True)
        assert shown in text
        assert words not in text
        assert "请在说明里写清楚" not in text
    ended = desk.get(f"/desk/runs/{run.id}/roster?tab=ended").get_data(as_text=True)
    assert shown in ended
    kept = "select t::text from audit_entries t union all select t::text from notices t "
    kept += "union all select args::text from procrastinate_jobs"
    assert not [row for row in look(kept) if "落选" in row[0]]
    assert "落选" not in caplog.text


def test_why_a_class_was_changed_is_kept_and_read_by_its_learners_until_it_is_changed_again(
    app: Flask, client: LintingClient, make: Make, login: Login, enroll: Any, look: Any, run_jobs: Any
) -> None:
    learner, run = make.learner(), make.run(days=3)
    enroll(run, learner)
    desk = desk_of(make, app, login, run)
    lessons = list(make.session.scalars(sa.select(RunSession.id).where(RunSession.run_id == run.id)))
    url = f"/desk/runs/{run.id}/lessons/{lessons[-1]}/remove"
    assert desk.post(url, data={"reason_code": "other", "reason_note": ""}).status_code == 422
    assert desk.post(url, data={"reason_code": "other", "reason_note": "焊机<检修>"}).status_code == 303
    run_jobs()
    login(client, learner)
    assert "焊机&lt;检修&gt;" in client.get("/me").get_data(as_text=True)
    url = f"/desk/runs/{run.id}/lessons/{lessons[-2]}/remove"
    assert desk.post(url, data={"reason_code": "teacher_absent"}).status_code == 303
    page = client.get("/me").get_data(as_text=True)
    assert "焊机" not in page
    assert "教师不能到课" in page
    assert not [row for row in look("select t::text from audit_entries t") if "焊机" in row[0]]


def test_withdrawing_is_confirmed_frees_the_seat_and_offers_it_for_24_hours(
    client: LintingClient, make: Make, login: Login, enroll: Any, run_jobs: Any, look: Any
) -> None:
    run, one, two = make.run(seats=1), make.learner(), make.learner()
    held, waiting = enroll(run, one), enroll(run, two)
    login(client, one)
    assert "要退出这个班吗" in client.get(f"/me/enrollments/{held.id}/withdraw").get_data(as_text=True)
    assert client.post(f"/me/enrollments/{held.id}/withdraw").status_code == 303
    run_jobs()
    assert make.again(held).state is State.WITHDRAWN
    make.again(waiting)
    assert waiting.state is State.OFFERED
    assert waiting.offer_expires_at is not None
    assert abs(waiting.offer_expires_at - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)
    assert look("select taken, waiting from run_seats")[0] == (1, 0)
    again = client.post(f"/me/enrollments/{held.id}/withdraw", follow_redirects=True)
    assert "已经结束" in again.get_data(as_text=True)

    login(client, two)
    assert "有名额了" in client.get("/me").get_data(as_text=True)
    assert client.post(f"/me/enrollments/{waiting.id}/accept-offer").status_code == 303
    assert make.again(waiting).state is State.APPLIED
    assert "offer.accepted" in tags(make)
    late = client.post(f"/me/enrollments/{waiting.id}/accept-offer", follow_redirects=True)
    assert "已过" in late.get_data(as_text=True)


def test_an_offer_that_is_not_answered_expires_and_goes_to_the_next(
    make: Make, login: Login, client: LintingClient, enroll: Any, run_jobs: Any
) -> None:
    run, people = make.run(seats=1), [make.learner() for _ in range(3)]
    held, first, second = (enroll(run, person) for person in people)
    login(client, people[0])
    client.post(f"/me/enrollments/{held.id}/withdraw")
    run_jobs()
    make.session.execute(
        sa.text("update enrollments set offer_expires_at = now() - interval '1 second' where id = :id"),
        {"id": first.id},
    )
    make.session.execute(
        sa.text("update procrastinate_jobs set scheduled_at = now() where task_name = 'enroll.expire_offer'")
    )
    make.session.commit()
    run_jobs()
    assert make.again(first).state is State.EXPIRED
    assert make.again(second).state is State.OFFERED
    assert kinds(make, people[1].id)[-1] == "enroll.offer_expired"
    assert kinds(make, people[2].id)[-1] == "enroll.offered"
    assert "offer.expired" in tags(make)


def test_a_job_that_comes_too_early_comes_again(
    app: Flask, make: Make, login: Login, client: LintingClient, enroll: Any, run_jobs: Any, look: Any
) -> None:
    run, one, two = make.run(seats=1), make.learner(), make.learner()
    held, waiting = enroll(run, one), enroll(run, two)
    login(client, one)
    client.post(f"/me/enrollments/{held.id}/withdraw")
    run_jobs()
    jobs.queue.tasks["enroll.expire_offer"].func(
        scope=scope.Scope(tenant_id=run.tenant_id).as_job_args(), enrollment_id=waiting.id
    )
    assert make.again(waiting).state is State.OFFERED
    due = look("select scheduled_at from procrastinate_jobs where task_name = 'enroll.expire_offer'")
    assert len(due) == 2
    assert all(row[0] == waiting.offer_expires_at for row in due)


def test_cancelling_a_run_tells_everyone_and_frees_their_time(
    client: LintingClient, make: Make, login: Login, enroll: Any, run_jobs: Any, app: Flask, look: Any
) -> None:
    course = make.course()
    run, other, one, two = make.run(course, seats=1), make.run(course), make.learner(), make.learner()
    held, waiting = enroll(run, one), enroll(run, two)
    make.session.execute(
        sa.text("update course_runs set state = 'cancelled', reason_code = 'too_few' where id = :id"),
        {"id": run.id},
    )
    make.session.commit()
    institution = scope.Scope(tenant_id=run.tenant_id, tenant_kind="institution")
    with app.app_context(), scope.opened(institution):
        jobs.enqueue("enroll.run_cancelled", run_id=run.id, reason_code="too_few")
        db.session.commit()
    run_jobs()
    assert [make.again(row).state for row in (held, waiting)] == [State.CANCELLED] * 2
    assert kinds(make, one.id)[-1] == "enroll.run_cancelled"
    assert kinds(make, two.id)[-1] == "enroll.run_cancelled"
    assert look("select taken, waiting from run_seats where run_id = :id", id=run.id)[0] == (0, 0)
    login(client, one)
    assert "报名人数不足" in client.get("/me").get_data(as_text=True)
    assert enroll(other, one).state is State.APPLIED


def test_new_times_reach_every_learner_and_a_clash_is_said(
    make: Make, enroll: Any, run_jobs: Any, app: Flask
) -> None:
    course = make.course()
    run, later, one, two = make.run(course), make.run(course, starts_in=40), make.learner(), make.learner()
    moved, fine, _other = enroll(run, one), enroll(run, two), enroll(later, one)
    old_times = list(run.session_times)
    make.session.execute(
        sa.text(
            "update course_runs set session_times = (select session_times from course_runs where id = :later) "
            "where id = :run"
        ),
        {"run": run.id, "later": later.id},
    )
    make.session.commit()
    with app.app_context(), scope.opened(scope.Scope(tenant_id=run.tenant_id, tenant_kind="institution")):
        jobs.enqueue("enroll.run_changed", run_id=run.id, changes=["sessions"], reason_code=None)
        db.session.commit()
    run_jobs()
    assert kinds(make, one.id)[-1] == "enroll.run_clashes"
    assert kinds(make, two.id)[-1] == "enroll.run_changed"
    assert make.again(fine).busy == later.session_times
    assert make.again(moved).busy == old_times


def test_a_lesson_moved_at_the_desk_reaches_its_learners_and_a_clash_is_said(
    app: Flask, make: Make, login: Login, enroll: Any, run_jobs: Any
) -> None:
    course = make.course()
    run, later, one, two = make.run(course), make.run(course, starts_in=40), make.learner(), make.learner()
    clashing, fine, _other = enroll(run, one), enroll(run, two), enroll(later, one)
    old_times = list(run.session_times)
    lesson_id = make.session.scalar(
        sa.select(RunSession.id).where(RunSession.run_id == run.id).order_by(RunSession.starts_at).limit(1)
    )
    data = {"day": later.starts_on.isoformat(), "starts_at": "10:00", "ends_at": "11:00", "kind": "theory"}
    desk = desk_of(make, app, login, run)
    moved = desk.post(f"/desk/runs/{run.id}/lessons/{lesson_id}", data={**data, "reason_code": "teacher_absent"})
    assert moved.status_code == 303
    run_jobs()
    assert kinds(make, one.id)[-1] == "enroll.run_clashes"
    assert kinds(make, two.id)[-1] == "enroll.run_changed"
    assert make.again(fine).busy == make.again(run).session_times != old_times
    assert make.again(clashing).busy == old_times


def test_offers_end_before_the_start() -> None:
    now = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert offer_ends_at(now, now + timedelta(days=3)) == now + timedelta(hours=24)
    assert offer_ends_at(now, now + timedelta(hours=10)) == now + timedelta(hours=8)
    assert offer_ends_at(now, now + timedelta(hours=2, minutes=20)) is None
    assert offer_ends_at(now, now - timedelta(hours=1)) is None


@pytest.mark.parametrize("role", [Role.TEACHER, Role.AUDITOR])
def test_only_those_who_run_the_place_decide(
    app: Flask, make: Make, login: Login, enroll: Any, role: Role
) -> None:
    run = make.run()
    enrollment = enroll(run, make.learner())
    desk = desk_of(make, app, login, run, role)
    data = {"action": "admit", "enrollment_id": [enrollment.id]}
    assert desk.post(f"/desk/runs/{run.id}/decisions", data=data).status_code == 404
    assert desk.get(f"/desk/runs/{run.id}/roster").status_code == (200 if role is Role.TEACHER else 404)


def test_nobody_touches_anothers_enrollment(
    app: Flask, client: LintingClient, make: Make, login: Login, enroll: Any
) -> None:
    run = make.run()
    enrollment = enroll(run, make.learner())
    login(client, make.learner())
    for path in ("", "/withdraw"):
        assert client.get(f"/me/enrollments/{enrollment.id}{path}").status_code == 404
    for path in ("/withdraw", "/accept-offer"):
        assert client.post(f"/me/enrollments/{enrollment.id}{path}").status_code == 404
    other = desk_of(make, app, login, make.run())
    assert other.get(f"/desk/runs/{run.id}/roster").status_code == 404
    assert other.get(f"/desk/runs/{run.id}/roster.csv").status_code == 404
    data = {"action": "admit", "enrollment_id": [enrollment.id]}
    assert other.post(f"/desk/runs/{run.id}/decisions", data=data).status_code == 404
    assert make.again(enrollment).state is State.APPLIED


def test_the_app_may_not_write_a_state_past_the_seat_functions(app: Flask, make: Make, enroll: Any) -> None:
    learner = make.learner()
    enrollment = enroll(make.run(), learner)
    with app.app_context(), scope.opened(scope.Scope(actor_id=learner.id)):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            db.session.execute(
                sa.text("update enrollments set state = 'admitted' where id = :id"), {"id": enrollment.id}
            )
        db.session.rollback()
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            db.session.execute(sa.text("update run_seats set taken = 0"))
        db.session.rollback()
