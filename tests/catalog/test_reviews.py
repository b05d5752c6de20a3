"""The bureau's review: what waits, what it sees beside the live version, approving and returning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.catalog.models import Course, CourseRevision, RevisionState
from app.catalog.texts import RETURN_REASONS
from app.clock import now
from app.tenants.models import Role, TenantState
from tests.catalog.desk import Desk, course_form, desk_of, publish_approved
from tests.factories import Make

Look = Callable[..., list[Any]]


@pytest.fixture
def bureau(app: Flask, make: Make, login: Callable[..., None]) -> Desk:
    return desk_of(app, make, login, make.bureau())


@pytest.fixture
def institution(app: Flask, make: Make, login: Callable[..., None]) -> Desk:
    return desk_of(app, make, login, make.institution())


def submitted(desk: Desk, make: Make, *, days_ago: int = 0, **content: Any) -> tuple[Course, int]:
    """A course that waits for review, and its version's id."""
    course = make.course(
        desk.tenant,
        live=False,
        **{
            "state": RevisionState.SUBMITTED,
            "submitted_at": now() - timedelta(days=days_ago),
            "created_by": desk.user.id,
            **content,
        },
    )
    return course, revision_id(make, course)


def revision_id(make: Make, course: Course, number: int = 1) -> int:
    import sqlalchemy as sa

    statement = sa.select(CourseRevision.id).where(
        CourseRevision.course_id == course.id, CourseRevision.number == number
    )
    return make.session.scalars(statement).one()


def states(look: Look) -> list[tuple[int, str, bool]]:
    return [tuple(row) for row in look("select number, state, is_live from course_revisions order by id")]


def test_there_are_enough_coded_reasons() -> None:
    assert len(RETURN_REASONS) >= 8


def test_what_has_waited_longest_comes_first(bureau: Desk, institution: Desk, make: Make) -> None:
    submitted(institution, make, days_ago=1, title="昨天送来的")
    submitted(institution, make, days_ago=9, title="九天前送来的")
    page = bureau.client.get("/desk/course-reviews").text
    assert page.index("九天前送来的") < page.index("昨天送来的")
    assert "9 天" in page
    desk_page = bureau.client.get("/desk").text
    assert "2 门课程等待审核，最久的等了 9 天" in desk_page


def test_approving_puts_the_course_up_tells_the_submitter_and_is_recorded(
    app: Flask, bureau: Desk, institution: Desk, make: Make, look: Look
) -> None:
    course, revision = submitted(institution, make)
    page = bureau.client.get(f"/desk/course-reviews/{revision}")
    assert "定点资格覆盖这个职业和等级" in page.text
    for _attempt in range(2):
        response = bureau.client.post(f"/desk/course-reviews/{revision}", data={"decision": "approve"})
        assert response.status_code == 303
    assert states(look) == [(1, "approved", True)]
    (review,) = look("select decision, decided_by, region_id from course_reviews")
    assert tuple(review) == ("approved", bureau.user.id, institution.tenant.region_id)
    assert len(look("select 1 from audit_entries where tag = 'course.approved'")) == 1
    names = [row.task_name for row in look("select task_name from procrastinate_jobs order by id")]
    assert names.count("catalog.publish_approved") == 1
    (notice,) = look("select args from procrastinate_jobs where task_name = 'notifications.deliver'")
    assert (notice.args["user_id"], notice.args["kind"]) == (institution.user.id, "course_approved")
    assert look("select is_live from courses")[0].is_live is False
    for _attempt in range(2):
        publish_approved(app, institution.tenant.id, course.id)
    assert look("select is_live from courses")[0].is_live is True
    assert len(look("select 1 from audit_entries where tag = 'course.published'")) == 1


def test_the_publishing_job_does_nothing_for_a_course_that_was_put_away_meanwhile(
    app: Flask, bureau: Desk, institution: Desk, make: Make, look: Look
) -> None:
    course, revision = submitted(institution, make)
    bureau.client.post(f"/desk/course-reviews/{revision}", data={"decision": "approve"})
    institution.client.post(f"/desk/courses/{course.id}/archive")
    publish_approved(app, institution.tenant.id, course.id)
    assert look("select is_live from courses")[0].is_live is False


def test_returning_needs_a_reason_and_the_institution_reads_it_and_tries_again(
    app: Flask, bureau: Desk, institution: Desk, make: Make, look: Look
) -> None:
    course, revision = submitted(institution, make)
    url = f"/desk/course-reviews/{revision}"
    refused = bureau.client.post(url, data={"decision": "return", "note": "这句话要留着"})
    assert refused.status_code == 422
    assert "至少选一个原因" in refused.text
    assert "这句话要留着" in refused.text
    assert bureau.client.post(url, data={"decision": "return", "reasons": ["other"]}).status_code == 422
    assert states(look) == [(1, "submitted", False)]
    done = bureau.client.post(
        url, data={"decision": "return", "reasons": ["hours_too_few", "other"], "note": "实操课时写错了"}
    )
    assert done.status_code == 303
    (row,) = look("select state, reason_codes, review_note from course_revisions")
    assert tuple(row) == ("returned", ["hours_too_few", "other"], "实操课时写错了")
    (notice,) = look("select args from procrastinate_jobs where task_name = 'notifications.deliver'")
    assert (notice.args["user_id"], notice.args["kind"]) == (institution.user.id, "course_returned")
    page = institution.client.get(f"/desk/courses/{course.id}").text
    assert "课时不足" in page
    assert "实操课时写错了" in page
    institution.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make, practice_hours="80"))
    again = institution.client.post(f"/desk/courses/{course.id}/submit", data={"accepts": "y"})
    assert again.status_code == 303
    assert states(look) == [(1, "submitted", False)]
    assert "实操课时写错了" in bureau.client.get(url).text
    bureau.client.post(url, data={"decision": "approve"})
    assert states(look) == [(1, "approved", True)]
    decisions = [row.decision for row in look("select decision from course_reviews order by id")]
    assert decisions == ["returned", "approved"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"decision": "maybe"},
        {"decision": "return", "reasons": ["nonsense"]},
        {"decision": "return", "reasons": ["other"], "note": ""},
        {"decision": "approve", "note": "字" * 1001},
    ],
)
def test_bad_input_changes_nothing(
    bureau: Desk, institution: Desk, make: Make, look: Look, form: dict[str, Any]
) -> None:
    _course, revision = submitted(institution, make)
    assert bureau.client.post(f"/desk/course-reviews/{revision}", data=form).status_code == 422
    assert states(look) == [(1, "submitted", False)]
    assert look("select 1 from course_reviews") == []


def test_a_decided_version_is_not_decided_again(bureau: Desk, institution: Desk, make: Make, look: Look) -> None:
    _course, revision = submitted(institution, make)
    url = f"/desk/course-reviews/{revision}"
    bureau.client.post(url, data={"decision": "approve"})
    refused = bureau.client.post(url, data={"decision": "return", "reasons": ["place_unfit"]})
    assert refused.status_code == 422
    assert "已经有结果" in refused.text
    assert states(look) == [(1, "approved", True)]


def test_a_new_version_is_compared_with_the_live_one_which_stays_until_approval(
    bureau: Desk, institution: Desk, make: Make, look: Look
) -> None:
    course = make.course(institution.tenant)
    institution.client.post(
        f"/desk/courses/{course.id}/edit", data=course_form(make, fee_fen="2100", practice_hours="80")
    )
    institution.client.post(f"/desk/courses/{course.id}/submit", data={"accepts": "y"})
    assert states(look) == [(1, "approved", True), (2, "submitted", False)]
    url = f"/desk/course-reviews/{revision_id(make, course, 2)}"
    page = bureau.client.get(url).text
    assert "<del" in page
    assert "1800" in page
    assert "2100" in page
    bureau.client.post(url, data={"decision": "approve"})
    assert states(look) == [(1, "superseded", False), (2, "approved", True)]


def test_a_returned_new_version_leaves_the_live_one_alone(
    bureau: Desk, institution: Desk, make: Make, look: Look
) -> None:
    course = make.course(institution.tenant)
    institution.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make, fee_fen="2100"))
    institution.client.post(f"/desk/courses/{course.id}/submit", data={"accepts": "y"})
    url = f"/desk/course-reviews/{revision_id(make, course, 2)}"
    bureau.client.post(url, data={"decision": "return", "reasons": ["fee_unclear"]})
    assert states(look) == [(1, "approved", True), (2, "returned", False)]
    assert look("select is_live from courses")[0].is_live
    page = institution.client.get("/desk/courses?state=returned").text
    assert "新版本：被退回" in page


def test_flagged_words_are_shown_to_the_reviewer(bureau: Desk, institution: Desk, make: Make) -> None:
    _course, revision = submitted(institution, make, content="保证包过，只收押金和考证费。")
    page = bureau.client.get(f"/desk/course-reviews/{revision}").text
    for word in ("包过", "押金", "考证费"):
        assert f"「{word}」" in page


def test_nothing_is_approved_without_a_designation_or_for_an_unverified_institution(
    app: Flask, bureau: Desk, institution: Desk, make: Make, login: Callable[..., None], look: Look
) -> None:
    _course, revision = submitted(institution, make, designated=False)
    url = f"/desk/course-reviews/{revision}"
    assert "没有这个职业的定点资格" in bureau.client.get(url).text
    assert bureau.client.post(url, data={"decision": "approve"}).status_code == 422
    suspended = desk_of(app, make, login, make.institution(state=TenantState.SUSPENDED))
    _course, revision = submitted(suspended, make)
    assert bureau.client.get(f"/desk/course-reviews/{revision}").status_code == 200
    assert bureau.client.post(f"/desk/course-reviews/{revision}", data={"decision": "approve"}).status_code == 422
    assert {state for _number, state, _live in states(look)} == {"submitted"}


def test_the_bureau_of_another_county_gets_404_and_the_citys_does_not(
    app: Flask, institution: Desk, make: Make, login: Callable[..., None], look: Look
) -> None:
    _course, waiting = submitted(institution, make)
    live = revision_id(make, make.course(institution.tenant))
    elsewhere = desk_of(app, make, login, make.bureau("130102"))
    for revision in (waiting, live, 999999):
        url = f"/desk/course-reviews/{revision}"
        assert elsewhere.client.get(url).status_code == 404
        assert elsewhere.client.post(url, data={"decision": "approve"}).status_code == 404
    assert "焊工" not in elsewhere.client.get("/desk/course-reviews").text
    city = desk_of(app, make, login, make.bureau("130100"))
    assert city.client.get(f"/desk/course-reviews/{waiting}").status_code == 200
    assert states(look)[0] == (1, "submitted", False)


def test_drafts_are_not_for_the_bureau(bureau: Desk, institution: Desk, make: Make) -> None:
    draft = revision_id(make, make.course(institution.tenant, live=False))
    assert bureau.client.get(f"/desk/course-reviews/{draft}").status_code == 404


def test_institutions_learners_and_auditors_review_nothing(
    app: Flask, institution: Desk, make: Make, login: Callable[..., None]
) -> None:
    _course, revision = submitted(institution, make)
    auditor = desk_of(app, make, login, make.bureau(), Role.AUDITOR)
    learner = app.test_client()
    login(learner, make.learner())
    for client in (institution.client, auditor.client, learner):
        assert client.get("/desk/course-reviews").status_code == 404
        assert client.post(f"/desk/course-reviews/{revision}", data={"decision": "approve"}).status_code == 404
