"""The home page: one question, one box, and numbers that are true now."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask

from app.catalog.services import browsing
from app.i18n import day
from tests.factories import Make
from tests.support.pages import LintingClient


def home(client: LintingClient) -> BeautifulSoup:
    response = client.get("/")
    assert response.status_code == 200
    return BeautifulSoup(response.get_data(as_text=True), "html.parser")


def test_an_empty_city_still_has_a_home_page_with_next_steps(client: LintingClient) -> None:
    page = home(client)
    assert page.select_one('form[role="search"]') is not None
    assert "急需紧缺的工种现在没有招生的班" in page.get_text()
    assert "两周内的班都满了" in page.get_text()


def test_the_list_is_marked_as_a_sample_with_its_length(client: LintingClient) -> None:
    assert "全部 79 个（示例，非官方目录）" in home(client).get_text()


def test_a_shortage_trade_shows_its_open_classes_and_the_next_start(
    app: Flask, client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    first = make.run(make.course(), starts_in=9)
    make.run(make.course(), starts_in=30)
    reindex()
    (card,) = home(client).select(".trades .card")
    assert "焊工" in card.get_text()
    with app.test_request_context():
        assert f"2 个班 · 最近 {day(first.starts_on, 'short')}开班" in card.get_text()


def test_classes_within_two_weeks_with_seats_are_shown_soonest_first(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.run(make.course(title="后天"), starts_in=9)
    make.run(make.course(title="明天"), starts_in=1)
    make.run(make.course(title="满了"), starts_in=3, seats=2, taken=2)
    make.run(make.course(title="太晚"), starts_in=15)
    reindex()
    page = home(client)
    assert [link.get_text() for link in page.select(".card--dated h3 a")] == ["明天", "后天"]


def test_a_course_with_many_classes_hides_no_other(
    client: LintingClient, make: Make, reindex: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "RUNS_AT_ONCE", 2)
    often = make.course(title="天天开班")
    for days in (1, 2, 3, 4, 5):
        make.run(often, starts_in=days)
    make.run(make.course(title="第六天"), starts_in=6)
    reindex()
    assert [link.get_text() for link in home(client).select(".card--dated h3 a")] == ["天天开班", "第六天"]


def test_seats_on_the_home_page_are_those_of_this_moment(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    run = make.run(seats=10, taken=1)
    reindex()
    assert "余 9 / 10" in home(client).get_text(" ", strip=True).replace("  ", " ")
    make.session.execute(sa.text("update run_seats set taken = 10 where run_id = :id"), {"id": run.id})
    make.session.commit()
    assert not home(client).select(".card--dated")


def test_the_door_quotes_the_cap_of_the_rule_in_force(client: LintingClient) -> None:
    assert "补贴最高 2500 元" in home(client).get_text()


def test_someone_who_answered_gets_their_own_door(client: LintingClient) -> None:
    with client.session_transaction() as session:
        session["answers"] = {"situations": "registered_unemployed"}
    door = home(client).select_one(".door")
    assert door is not None
    assert "看对我免费的课" in door.get_text()
    assert "registered" not in str(door)
