"""A course's page: the answer for this person, the classes, and the path."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from app.catalog.models import CourseForm
from tests.factories import Make
from tests.factories.policy import UNLISTED
from tests.support.pages import LintingClient

UNEMPLOYED = {
    "situations": "registered_unemployed",
    "age_band": "16_49",
    "residence": "hukou",
    "same_trade_level_before": "no",
    "used_this_year": "0",
}


def answer(client: LintingClient, **answers: str) -> None:
    with client.session_transaction() as session:
        session["answers"] = {**UNEMPLOYED, **answers}


def page_of(client: LintingClient, course_id: int) -> BeautifulSoup:
    response = client.get(f"/courses/{course_id}")
    assert response.status_code == 200
    return BeautifulSoup(response.get_data(as_text=True), "html.parser")


def panel(page: BeautifulSoup) -> str:
    found = page.select_one("#answer")
    assert found is not None
    return found.get_text(" ", strip=True)


def test_somebody_the_text_names_without_an_amount_is_eligible_and_promised_nothing(
    client: LintingClient, make: Make
) -> None:
    run = make.run()
    answer(client, situations="service_staff")
    page = page_of(client, run.course_id)
    assert page.select_one("#answer .answer-word").get_text(strip=True) == "符合条件，金额未定"  # type: ignore[union-attr]
    text = panel(page)
    assert "政策没有写补贴多少，学费 1800 元先自付" in text
    assert "自费报名" in text
    for word in ("免费", "你付 0 元", "要带什么材料", "不符合"):
        assert word not in text
    with client.session_transaction() as session:
        session["locale"] = "en"
    word = page_of(client, run.course_id).select_one("#answer .answer-word")
    assert word is not None
    assert "free" not in word.get_text().lower()


def test_before_any_answer_the_page_asks_and_promises_nothing(client: LintingClient, make: Make) -> None:
    run = make.run()
    text = panel(page_of(client, run.course_id))
    assert "这门课对我免费吗？" in text
    assert "符合条件的人付 0 元" in text
    assert "按今天的目录；以开班备案日为准" in text


def test_the_questions_travel_by_post_with_the_course(client: LintingClient, make: Make) -> None:
    course = make.course()
    form = page_of(client, course.id).select_one('#answer form[method="post"]')
    assert form is not None
    assert form.select_one('input[name="course"]')["value"] == str(course.id)  # type: ignore[index]


def test_a_registered_unemployed_person_pays_nothing_and_reads_why(client: LintingClient, make: Make) -> None:
    run = make.run()
    answer(client)
    page = page_of(client, run.course_id)
    assert page.select_one("#answer .answer-word").get_text(strip=True) == "免费"  # type: ignore[union-attr]
    assert "学费 1800 元，补贴 1800 元（上限 2500 元），你付 0 元" in panel(page)
    assert "不超过2500元" in panel(page).replace(" ", "")
    assert page.select_one(f'#answer a.btn--primary[href="/runs/{run.id}/apply"]') is not None
    assert page.select_one(f'#answer a[href^="/courses/{run.course_id}/review-requests"]') is not None


def test_a_trade_that_is_not_listed_has_the_lower_cap(client: LintingClient, make: Make) -> None:
    course = make.course(trade_code=UNLISTED, fee_fen=300000)
    answer(client)
    page = page_of(client, course.id)
    assert "学费 3000 元，补贴 2200 元（上限 2200 元），你付 0 元" in panel(page)
    assert not page.select(".page-head .tag--zhu")


def test_the_shortage_tag_names_its_place_and_that_the_list_is_a_sample(client: LintingClient, make: Make) -> None:
    tag = page_of(client, make.course().id).select_one(".page-head .tag--zhu")
    assert tag is not None
    assert "示例，非官方目录" in tag.get_text()


def test_what_was_not_asked_is_a_condition_and_never_a_plain_yes(client: LintingClient, make: Make) -> None:
    answer(client, used_this_year="not_sure")
    text = panel(page_of(client, make.course().id))
    assert "可以，前提是" in text
    assert "免费" not in text.split("为什么")[0]


def test_without_a_situation_one_answer_is_missing(client: LintingClient, make: Make) -> None:
    answer(client, situations="not_said")
    text = panel(page_of(client, make.course().id))
    assert "还差一个回答" in text


def test_a_no_says_what_one_fact_would_change(client: LintingClient, make: Make) -> None:
    run = make.run(make.course(designated=False))
    answer(client)
    page = page_of(client, run.course_id)
    assert "不符合" in panel(page)
    assert "差一点的地方" in panel(page)
    assert "自费报名" in panel(page)


def test_a_course_without_a_fee_is_free_whatever_was_answered(client: LintingClient, make: Make) -> None:
    course = make.course(designated=False, is_subsidised=False, fee_fen=0, form=CourseForm.EMPLOYMENT)
    answer(client)
    assert "这门课本来就不收学费" in panel(page_of(client, course.id))


def test_each_open_class_has_its_seats_lessons_and_button(client: LintingClient, make: Make) -> None:
    course = make.course()
    free = make.run(course, seats=30, taken=12, starts_in=5)
    full = make.run(course, seats=20, taken=20, starts_in=9)
    make.session.execute(sa.text("update run_seats set waiting = 4 where run_id = :id"), {"id": full.id})
    make.session.commit()
    make.run(course, open_=False)
    make.run(course, starts_in=-3)
    runs = page_of(client, course.id).select(".run")
    assert [run["id"] for run in runs] == [f"run-{free.id}", f"run-{full.id}"]
    assert "余 18 / 30" in runs[0].get_text(" ", strip=True)
    assert "看每节课的时间（5 节）" in runs[0].get_text()
    assert "已满，候补 4 人" in runs[1].get_text()
    assert runs[0].select_one(f'a[href="/runs/{free.id}/apply"]').get_text() == "报名"  # type: ignore[union-attr]
    assert runs[1].select_one(f'a[href="/runs/{full.id}/apply"]').get_text() == "排候补"  # type: ignore[union-attr]


def test_a_seat_freed_while_others_wait_is_not_offered_to_passers_by(client: LintingClient, make: Make) -> None:
    run = make.run(seats=20, taken=19)
    make.session.execute(sa.text("update run_seats set waiting = 2 where run_id = :id"), {"id": run.id})
    make.session.commit()
    assert "排候补" in page_of(client, run.course_id).select_one(".run").get_text()  # type: ignore[union-attr]


def test_a_course_without_classes_says_so_with_a_next_step(client: LintingClient, make: Make) -> None:
    page = page_of(client, make.course().id)
    assert "现在没有正在招生的班" in page.get_text()


def test_the_path_goes_from_application_to_certificate(client: LintingClient, make: Make) -> None:
    stations = page_of(client, make.course().id).select(".path-station .path-label")
    assert [station.contents[0].strip() for station in stations] == ["报名", "交材料", "上课", "考核", "拿到证书"]  # type: ignore[union-attr]


@pytest.mark.parametrize("course_id", ["0", "999999", "9223372036854775807", "99999999999999999999999"])
def test_an_unknown_course_is_a_page_that_helps(client: LintingClient, course_id: str) -> None:
    response = client.get(f"/courses/{course_id}")
    assert response.status_code == 404
    assert 'role="search"' in response.get_data(as_text=True)


def test_a_draft_is_nobodys_public_page(client: LintingClient, make: Make) -> None:
    assert client.get(f"/courses/{make.course(live=False).id}").status_code == 404


def test_text_of_an_institution_is_shown_as_written_and_never_as_markup(client: LintingClient, make: Make) -> None:
    course = make.course(title="<b>焊</b>", content="<script>alert(1)</script>")
    html = client.get(f"/courses/{course.id}").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_the_page_reads_in_english(client: LintingClient, make: Make) -> None:
    with client.session_transaction() as session:
        session["locale"] = "en"
    assert page_of(client, make.run().course_id).html["lang"] == "en"  # type: ignore[index]
