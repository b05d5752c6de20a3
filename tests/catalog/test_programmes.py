"""The page of the city's targets and named actions: every one with its sentence, and only what we can count."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.catalog.models import CourseForm, RunState
from app.catalog.services import counting
from app.clock import today
from app.policy.loader import load_rulebook
from app.scope import VISITOR, opened
from tests.factories import Make
from tests.support.pages import LintingClient


def test_every_target_and_every_action_stands_there_with_its_sentence_and_clause(client: LintingClient) -> None:
    page = client.get("/public/programmes").get_data(as_text=True)
    book = load_rulebook()
    assert len(book.targets) == 14
    for entry in (*book.targets, *book.programmes):
        assert entry.quote in page, entry.code
        assert entry.clause in page
    for words in ("200,000 人次", "30%", "2019—2022 年，每年", "Y1 + Y2 四年合计（我们的理解）", "服务业从业人员"):
        assert words in page, words
    assert "/public/programmes" in client.get("/public").get_data(as_text=True)


def test_the_page_speaks_english(client: LintingClient) -> None:
    with client.session_transaction() as session:
        session["locale"] = "en"
    page = client.get("/public/programmes").get_data(as_text=True)
    assert "Company and modern apprenticeship" in page
    assert "Highly skilled people" in page


def counted(app: Any) -> dict[CourseForm, counting.Begun]:
    with app.app_context(), opened(VISITOR):
        return counting.begun_since(since=today() - timedelta(days=30), on=today())


def test_our_own_data_are_classes_that_began_and_seats_taken_and_nothing_else(app: Any, make: Make) -> None:
    founding = make.course(form=CourseForm.FOUNDER)
    make.run(starts_in=-3, taken=7)
    make.run(starts_in=0, taken=4)
    make.run(founding, starts_in=-1, taken=9)
    make.run(starts_in=1, taken=2)
    make.run(starts_in=-31, taken=8)
    make.run(starts_in=-2, taken=3, open_=False)
    cancelled = make.run(starts_in=-2, taken=3)
    cancelled.state = RunState.CANCELLED
    make.session.commit()
    assert counted(app) == {CourseForm.EMPLOYMENT: counting.Begun(2, 11), CourseForm.FOUNDER: counting.Begun(1, 9)}


def test_our_own_data_stand_beside_the_two_targets_they_belong_to_and_are_no_completions(
    client: LintingClient, make: Make
) -> None:
    make.run(starts_in=0, taken=4)
    make.run(starts_in=0, taken=7)
    page = client.get("/public/programmes").get_data(as_text=True)
    assert "2 个班，11 人报名" in page
    assert "0 个班，0 人报名" in page  # start-up training
    assert page.count("本平台不统计") == 12
    assert "不是考核合格的人次" in page
