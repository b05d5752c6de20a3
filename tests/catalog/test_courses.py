"""The institution's side of a course, over HTTP, in the database's two walls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.catalog.models import RevisionState
from app.tenants.models import Role, TenantState
from tests.catalog.desk import Desk, course_form, desk_of
from tests.factories import Make

Look = Callable[..., list[Any]]


@pytest.fixture
def desk(app: Flask, make: Make, login: Callable[..., None]) -> Desk:
    return desk_of(app, make, login, make.institution())


def states(look: Look) -> list[tuple[int, str, bool]]:
    return [tuple(row) for row in look("select number, state, is_live from course_revisions order by id")]


def jobs_named(look: Look, name: str) -> int:
    return len(look("select 1 from procrastinate_jobs where task_name = :name", name=name))


def test_a_draft_is_written_kept_and_shown_only_to_its_institution(desk: Desk, make: Make, look: Look) -> None:
    response = desk.client.post("/desk/courses/new", data=course_form(make))
    assert response.status_code == 303
    assert states(look) == [(1, "draft", False)]
    page = desk.client.get(response.location)
    assert page.status_code == 200
    assert "草稿" in page.text
    (row,) = look("select fee_fen, level, is_subsidised, form, created_by from course_revisions")
    assert tuple(row) == (180000, 5, True, "employment", desk.user.id)
    assert look("select is_live from courses")[0].is_live is False


BAD = [
    ({"title": ""}, "请填写"),
    ({"title": "焊" * 121}, "最多 120 个字"),
    ({"title": "\x00\x00"}, "请填写"),
    ({"is_subsidised": "maybe"}, "请从给出的选项中选择"),
    ({"trade_id": ""}, "请选择一项"),
    ({"trade_id": "999999999"}, "请从给出的选项中选择"),
    ({"trade_id": "9' or 1=1"}, "请选择一项"),
    ({"level": "9"}, "请从给出的选项中选择"),
    ({"level": ""}, "这种证书要写明技能等级"),
    ({"certificate": "phd"}, "请从给出的选项中选择"),
    ({"form": "nonsense"}, "请从给出的选项中选择"),
    ({"mode": ""}, "请选择一项"),
    ({"theory_hours": "-1"}, "0 到 2000"),
    ({"theory_hours": "forty"}, "请填写整数"),
    ({"theory_hours": "0", "practice_hours": "0"}, "至少 1 课时"),
    ({"practice_hours": "99999999999999999999"}, "请填写整数"),
    ({"fee_fen": "1e9"}, "金额"),
    ({"fee_fen": "12.345"}, "请填写金额"),
    ({"fee_fen": "-5"}, "请填写金额"),
    ({"fee_fen": "0"}, "补贴培训要写明学费"),
    ({"content": "太短"}, "至少 10 个字"),
    ({"content": "字" * 4001}, "最多 4000 个字"),
    ({"teacher": ""}, "请填写"),
    ({"place": " \t "}, "请填写"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_answered_at_its_field_and_nothing_typed_is_lost(
    desk: Desk, make: Make, look: Look, change: dict[str, str], message: str
) -> None:
    form = course_form(make, **{"teacher": "这一行要留着", "title": "这个名称要留着", **change})
    response = desk.client.post("/desk/courses/new", data=form)
    assert response.status_code == 422
    assert message in response.text
    if "teacher" not in change:
        assert "这一行要留着" in response.text
    if "title" not in change:
        assert "这个名称要留着" in response.text
    assert look("select 1 from courses") == []


def test_an_empty_form_is_refused_field_by_field(desk: Desk) -> None:
    response = desk.client.post("/desk/courses/new", data={})
    assert response.status_code == 422
    assert response.text.count("请填写。") >= 5


def test_submitting_needs_the_institutions_word_on_full_payment(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False)
    url = f"/desk/courses/{course.id}/submit"
    page = desk.client.get(url)
    assert "2200" in page.text
    assert "2500" in page.text
    assert "1800" in page.text
    assert desk.client.post(url, data={}).status_code == 422
    assert states(look) == [(1, "draft", False)]
    assert desk.client.post(url, data={"accepts": "y"}).status_code == 303
    assert states(look) == [(1, "submitted", False)]
    (entry,) = look("select data from audit_entries where tag = 'course.submitted'")
    assert entry.data["accepts_full_payment"] is True


def test_submitting_twice_is_submitting_once(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False)
    for _attempt in range(2):
        response = desk.client.post(f"/desk/courses/{course.id}/submit", data={"accepts": "y"})
        assert response.status_code == 303
    assert len(look("select 1 from audit_entries where tag = 'course.submitted'")) == 1


def test_a_course_without_a_designation_cannot_be_submitted(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False, designated=False)
    response = desk.client.post(f"/desk/courses/{course.id}/submit", data={"accepts": "y"})
    assert response.status_code == 422
    assert "没有覆盖这个职业和等级的有效定点资格" in response.text
    assert states(look) == [(1, "draft", False)]


def test_a_designation_covers_only_its_levels_and_days(desk: Desk, make: Make) -> None:
    from datetime import timedelta

    from app.clock import today

    make.designation(desk.tenant, levels=(4, 3))
    wrong_level = make.course(desk.tenant, live=False, designated=False)
    assert desk.client.post(f"/desk/courses/{wrong_level.id}/submit", data={"accepts": "y"}).status_code == 422
    make.designation(
        desk.tenant,
        "6-18-03-03",
        valid_from=today() - timedelta(days=30),
        valid_to=today(),
    )
    lapsed = make.course(desk.tenant, live=False, designated=False, trade_code="6-18-03-03")
    assert desk.client.post(f"/desk/courses/{lapsed.id}/submit", data={"accepts": "y"}).status_code == 422


def test_an_unverified_institution_drafts_but_neither_submits_nor_publishes(
    app: Flask, make: Make, login: Callable[..., None], look: Look
) -> None:
    desk = desk_of(app, make, login, make.institution(state=TenantState.UNVERIFIED))
    assert desk.client.post("/desk/courses/new", data=course_form(make)).status_code == 303
    course = make.course(desk.tenant, live=False)
    refused = desk.client.post(f"/desk/courses/{course.id}/submit", data={"accepts": "y"})
    assert refused.status_code == 422
    market = make.course(desk.tenant, live=False, is_subsidised=False)
    refused = desk.client.post(f"/desk/courses/{market.id}/publish")
    assert refused.status_code == 409
    assert "核验" in refused.text
    assert not any(row.is_live for row in look("select is_live from courses"))


def test_a_course_that_is_not_subsidised_goes_up_without_review(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False, designated=False, is_subsidised=False)
    for _attempt in range(2):
        assert desk.client.post(f"/desk/courses/{course.id}/publish").status_code == 303
    assert states(look) == [(1, "approved", True)]
    assert look("select is_live from courses")[0].is_live
    assert jobs_named(look, "catalog.index_course") == 1
    assert len(look("select 1 from audit_entries where tag = 'course.published'")) == 1


def test_a_subsidised_draft_cannot_skip_the_review(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False)
    response = desk.client.post(f"/desk/courses/{course.id}/publish")
    assert response.status_code == 409
    assert "先送审" in response.text
    assert states(look) == [(1, "draft", False)]


@pytest.mark.parametrize(
    "change",
    [
        {"fee_fen": "1900"},
        {"theory_hours": "41"},
        {"practice_hours": "61"},
        {"level": "4"},
        {"form": "upgrade"},
    ],
)
def test_editing_a_reviewed_field_drafts_a_new_version_while_the_approved_one_stays_live(
    desk: Desk, make: Make, look: Look, change: dict[str, str]
) -> None:
    course = make.course(desk.tenant)
    response = desk.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make, **change))
    assert response.status_code == 303
    assert states(look) == [(1, "approved", True), (2, "draft", False)]
    assert jobs_named(look, "catalog.index_course") == 0


def test_other_edits_are_live_at_once_as_a_new_version(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant)
    form = course_form(make, teacher="另一位示例教师", mode="evening", place="长安区示例街 2 号")
    assert desk.client.post(f"/desk/courses/{course.id}/edit", data=form).status_code == 303
    assert states(look) == [(1, "superseded", False), (2, "approved", True)]
    assert jobs_named(look, "catalog.index_course") == 1
    (entry,) = look("select data from audit_entries where tag = 'course.revised'")
    assert set(entry.data["fields"]) == {"teacher", "mode", "place"}


def test_an_edit_that_brings_in_a_flagged_word_goes_to_review(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant)
    form = course_form(make, content="手工电弧焊基本操作，包过，学完返还押金。")
    assert desk.client.post(f"/desk/courses/{course.id}/edit", data=form).status_code == 303
    assert states(look) == [(1, "approved", True), (2, "draft", False)]


def test_saving_without_a_change_makes_no_version(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant)
    assert desk.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make)).status_code == 303
    assert states(look) == [(1, "approved", True)]


def test_editing_a_draft_changes_it_in_place(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False)
    for fee in ("1700", "1600"):
        desk.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make, fee_fen=fee))
    assert states(look) == [(1, "draft", False)]
    assert look("select fee_fen from course_revisions")[0].fee_fen == 160000


def test_a_submitted_version_is_edited_only_after_it_is_withdrawn(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False, state=RevisionState.SUBMITTED)
    refused = desk.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make, teacher="要留着的教师"))
    assert refused.status_code == 422
    assert "先撤回送审" in refused.text
    assert "要留着的教师" in refused.text
    assert desk.client.post(f"/desk/courses/{course.id}/withdraw").status_code == 303
    assert states(look) == [(1, "draft", False)]
    assert desk.client.post(f"/desk/courses/{course.id}/withdraw").status_code == 409


def test_a_course_with_open_runs_cannot_be_taken_down_and_says_which(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant)
    run = make.run(course)
    for action in ("unpublish", "archive"):
        response = desk.client.post(f"/desk/courses/{course.id}/{action}")
        assert response.status_code == 409
        assert f"{run.starts_on:%Y-%m-%d}" in response.text
    assert look("select is_live from courses")[0].is_live


def test_the_subsidy_of_a_course_is_fixed_while_runs_are_open(desk: Desk, make: Make) -> None:
    course = make.course(desk.tenant)
    make.run(course)
    response = desk.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make, is_subsidised="no"))
    assert response.status_code == 422
    assert "不能改变是否补贴培训" in response.text


def test_taking_down_and_putting_up_again_carries_versions_runs_and_sessions(
    desk: Desk, make: Make, look: Look
) -> None:
    course = make.course(desk.tenant)
    run = make.run(course)
    desk.client.post(f"/desk/runs/{run.id}/cancel", data={"reason_code": "too_few"})

    def shown() -> set[bool]:
        return {
            bool(row[0])
            for row in look(
                "select is_live from courses union all select is_live from course_revisions union all "
                "select is_public from course_runs union all select is_public from run_sessions"
            )
        }

    assert desk.client.post(f"/desk/courses/{course.id}/unpublish").status_code == 303
    assert shown() == {False}
    assert desk.client.post(f"/desk/courses/{course.id}/publish").status_code == 303
    assert shown() == {True}


def test_putting_up_again_needs_a_designation_in_force(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, designated=False)
    assert desk.client.post(f"/desk/courses/{course.id}/unpublish").status_code == 303
    assert desk.client.post(f"/desk/courses/{course.id}/publish").status_code == 409
    assert not look("select is_live from courses")[0].is_live


def test_a_copy_is_a_draft_of_its_own(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant)
    response = desk.client.post(f"/desk/courses/{course.id}/copy")
    assert response.status_code == 303
    assert desk.client.get(response.location).status_code == 200
    rows = look("select title, state, number from course_revisions order by id")
    assert [tuple(row) for row in rows] == [
        ("焊工（五级）职业技能培训", "approved", 1),
        ("焊工（五级）职业技能培训（副本）", "draft", 1),
    ]


def test_an_archived_course_is_only_copied(desk: Desk, make: Make, look: Look) -> None:
    course = make.course(desk.tenant, live=False, state=RevisionState.SUBMITTED)
    assert desk.client.post(f"/desk/courses/{course.id}/archive").status_code == 303
    assert states(look) == [(1, "draft", False)]
    assert desk.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make)).status_code == 422
    assert desk.client.post(f"/desk/courses/{course.id}/publish").status_code == 409
    assert desk.client.post(f"/desk/courses/{course.id}/copy").status_code == 303


GETS = ["", "/edit", "/preview", "/submit", "/runs/new"]
POSTS = ["/edit", "/submit", "/withdraw", "/publish", "/unpublish", "/archive", "/copy", "/runs/new"]


def test_another_institution_gets_404_even_for_a_live_course(
    app: Flask, desk: Desk, make: Make, login: Callable[..., None], look: Look
) -> None:
    course = make.course(desk.tenant)
    other = desk_of(app, make, login, make.institution())
    for path in GETS:
        assert other.client.get(f"/desk/courses/{course.id}{path}").status_code == 404
    for path in POSTS:
        response = other.client.post(f"/desk/courses/{course.id}{path}", data=course_form(make))
        assert response.status_code == 404
    assert states(look) == [(1, "approved", True)]
    assert len(look("select 1 from courses")) == 1


def test_a_teacher_reads_but_does_not_write(app: Flask, make: Make, login: Callable[..., None]) -> None:
    tenant = make.institution()
    course = make.course(tenant)
    teacher = desk_of(app, make, login, tenant, Role.TEACHER)
    page = teacher.client.get(f"/desk/courses/{course.id}")
    assert page.status_code == 200
    assert "归档" not in page.text
    assert teacher.client.get(f"/desk/courses/{course.id}/edit").status_code == 404
    assert teacher.client.post(f"/desk/courses/{course.id}/archive").status_code == 404


def test_unknown_courses_are_404(desk: Desk) -> None:
    for path in GETS:
        assert desk.client.get(f"/desk/courses/999999{path}").status_code == 404
    for path in POSTS:
        assert desk.client.post(f"/desk/courses/999999{path}").status_code == 404


def test_the_list_filters_by_where_a_course_stands(desk: Desk, make: Make) -> None:
    make.course(desk.tenant, title="在架的课程")
    make.course(desk.tenant, live=False, title="草稿里的课程")
    make.course(desk.tenant, live=False, title="退回来的课程", state=RevisionState.RETURNED)
    every = desk.client.get("/desk/courses").text
    assert all(title in every for title in ("在架的课程", "草稿里的课程", "退回来的课程"))
    returned = desk.client.get("/desk/courses?state=returned").text
    assert "退回来的课程" in returned
    assert "草稿里的课程" not in returned
    assert desk.client.get("/desk/courses?state=nonsense&page=-7").status_code == 200
    assert "退回来的课程" in desk.client.get("/desk/courses?page=1").text


def test_the_desk_says_what_was_returned(desk: Desk, make: Make) -> None:
    make.course(desk.tenant, live=False, state=RevisionState.RETURNED)
    make.course(desk.tenant, live=False, state=RevisionState.RETURNED)
    assert "2 门课程被退回" in desk.client.get("/desk").text


def test_the_preview_shows_the_working_version(desk: Desk, make: Make) -> None:
    course = make.course(desk.tenant)
    desk.client.post(f"/desk/courses/{course.id}/edit", data=course_form(make, fee_fen="1999"))
    page = desk.client.get(f"/desk/courses/{course.id}/preview")
    assert "1999" in page.text
    assert "1999" not in desk.client.get(f"/courses/{course.id}").text


def test_the_preview_is_the_page_the_public_sees_with_a_word_above_it(desk: Desk, make: Make) -> None:
    course = make.course(desk.tenant)
    make.run(course)
    preview = BeautifulSoup(desk.client.get(f"/desk/courses/{course.id}/preview").text, "html.parser").main
    public = BeautifulSoup(desk.client.get(f"/courses/{course.id}").text, "html.parser").main
    assert preview is not None
    assert public is not None
    notice = preview.find(class_="notice")
    assert notice is not None
    assert notice.parent is not None
    assert "预览" in notice.get_text()
    notice.parent.decompose()
    for token in [*preview.find_all(attrs={"name": "csrf_token"}), *public.find_all(attrs={"name": "csrf_token"})]:
        token.decompose()
    assert preview.get_text(" ", strip=True) == public.get_text(" ", strip=True)
