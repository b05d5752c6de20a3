"""The public catalog: what a visitor types and chooses, and what the page makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from app.catalog.models import CourseMode
from app.clock import today
from app.db import db
from tests.catalog.public import answer, chips, soup, titles
from tests.factories import Make
from tests.factories.policy import UNLISTED
from tests.support.pages import LintingClient

ELECTRICIAN = "6-31-01-03"


def test_a_course_is_found_by_what_people_call_its_trade(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course(title="焊工（五级）")
    make.course(title="高级电工培训课程", trade_code=ELECTRICIAN)
    reindex()
    page = soup(client, "/courses", q="电焊")
    assert titles(page) == ["焊工（五级）"]
    assert chips(page) == ["工种：焊工"]
    assert titles(soup(client, "/courses", q="电工")) == ["高级电工培训课程"]
    assert titles(soup(client, "/courses", q="welder")) == ["焊工（五级）"]


def test_words_that_mean_a_choice_become_removable_chips(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course(title="周末的焊工", mode=CourseMode.WEEKEND)
    make.course(title="白天的焊工", mode=CourseMode.DAY)
    reindex()
    page = soup(client, "/courses", q="电焊 周末")
    assert titles(page) == ["周末的焊工"]
    assert chips(page) == ["工种：焊工", "周末"]
    removed = {
        chip.get_text(" ", strip=True): parse_qs(urlsplit(str(chip["href"])).query)
        for chip in page.select("#understood .chip")
    }
    assert removed["周末 ×"] == {"q": ["电焊"]}
    assert removed["工种：焊工 ×"] == {"q": ["周末"]}
    assert page.select_one('#filters input[name="mode"][value="weekend"]')["checked"] == ""  # type: ignore[index]
    assert page.select_one('#filters input[name="q"]')["value"] == "电焊"  # type: ignore[index]


@pytest.mark.parametrize(
    "q", ["焊" * 10_000, "\x00", "%", "'; drop table courses; --", "🔧", "(((", "a b " * 3000]
)
def test_hostile_questions_get_a_page(client: LintingClient, q: str) -> None:
    assert client.get("/courses", query_string={"q": q}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=99999999999999999999",
        "page=x",
        "level=9&level=x",
        "mode=nonsense",
        "start=2026-99&start=x&start=9999-12",
        "region=1;drop",
        "sort=nonsense",
        "category=%00&category=x",
        "&".join(f"region={n}" for n in range(500)),
        "q=%ff%fe",
    ],
)
def test_parameters_that_mean_nothing_are_ignored(client: LintingClient, query: str) -> None:
    assert client.get(f"/courses?{query}").status_code == 200


def test_regions_are_facets_with_counts(client: LintingClient, make: Make, reindex: Callable[[], None]) -> None:
    make.run(make.course(make.institution(region="130102")))
    make.run(make.course(make.institution(region="130108")))
    reindex()
    page = soup(client, "/courses", region="130102")
    found = {
        label.select_one("span").get_text(): label.select_one(".count").get_text()  # type: ignore[union-attr]
        for label in page.select('label:has(input[name="region"])')
    }
    assert found == {"长安区": "1", "裕华区": "1"}
    assert len(titles(page)) == 1


def test_without_answers_a_card_says_what_may_be_and_promises_nothing(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course()
    reindex()
    card = soup(client, "/courses").select_one(".result-pay")
    assert card is not None
    assert "符合条件可免费" in card.get_text()
    assert "学费 1800 元" in card.get_text()


def test_with_answers_each_card_has_its_price(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course(title="有定点资格")
    make.course(title="没有定点资格", designated=False, is_subsidised=False)
    reindex()
    answer(client)
    page = soup(client, "/courses")
    said = {
        card.select_one("h3").get_text(): card.select_one(".result-pay").get_text()
        for card in page.select(".result")
    }  # type: ignore[union-attr]
    assert "对你免费" in said["有定点资格"]
    assert "0 元" in said["有定点资格"]
    assert "不符合" in said["没有定点资格"]
    assert titles(soup(client, "/courses", free="1")) == ["有定点资格"]


def test_to_whom_the_text_sets_no_amount_a_card_says_so_and_none_is_free(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course(title="有定点资格")
    reindex()
    answer(client, situations="training_staff")
    text = soup(client, "/courses").select_one(".result-pay").get_text()  # type: ignore[union-attr]
    assert "符合条件，金额未定" in text
    assert "1800 元" in text
    assert "免费" not in text
    assert titles(soup(client, "/courses", free="1")) == []


def test_what_was_not_asked_is_never_a_plain_free(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course()
    reindex()
    answer(client, used_this_year="not_sure")
    text = soup(client, "/courses").select_one(".result-pay").get_text()  # type: ignore[union-attr]
    assert "对你免费" not in text
    assert "可以，有前提" in text


def test_free_for_me_without_answers_lists_everything_and_says_why(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course(designated=False, is_subsidised=False)
    reindex()
    page = soup(client, "/courses", free="1")
    assert len(titles(page)) == 1
    assert "还不知道你的情况" in page.get_text()


def test_answers_never_appear_in_an_address(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course()
    reindex()
    answer(client)
    page = soup(client, "/courses", q="电焊 免费")
    addresses = [str(tag.get("href") or tag.get("action")) for tag in page.select("a[href], form[action]")]
    assert not [url for url in addresses for secret in ("unemployed", "16_49", "hukou") if secret in url]


def test_an_empty_result_names_what_to_drop(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course()
    reindex()
    page = soup(client, "/courses", q="焊工", mode="online")
    empty = page.select_one(".empty")
    assert empty is not None
    assert "去掉“线上”" in empty.get_text()
    assert "看全部课程" in empty.get_text()


def test_every_page_of_results_shows_every_course_once(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    tenant = make.institution()
    made = [make.course(tenant, title=f"焊工第 {n} 种").id for n in range(43)]
    reindex()
    shown = []
    for number in (1, 2, 3):
        page = soup(client, "/courses", sort="price", page=number)
        shown += [int(str(card["id"]).removeprefix("course-")) for card in page.select(".result")]
    assert sorted(shown) == sorted(made)


def test_seats_on_a_card_are_those_of_this_moment(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    run = make.run(seats=30, taken=10)
    reindex()
    assert "余 20 / 30" in soup(client, "/courses").select_one(".seats").get_text()  # type: ignore[union-attr]
    make.session.execute(sa.text("update run_seats set taken = 29 where run_id = :id"), {"id": run.id})
    make.session.commit()
    assert "余 1 / 30" in soup(client, "/courses").select_one(".seats").get_text()  # type: ignore[union-attr]


def test_the_shortage_tag_follows_the_list_and_not_the_course(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course(title="在目录里")
    make.course(title="不在目录里", trade_code=UNLISTED)
    reindex()
    assert titles(soup(client, "/courses", shortage="1")) == ["在目录里"]


def test_starts_are_facets(client: LintingClient, make: Make, reindex: Callable[[], None]) -> None:
    make.run(make.course(title="快开班"), starts_in=5)
    make.run(make.course(title="晚开班"), starts_in=80)
    reindex()
    assert titles(soup(client, "/courses", start="30d")) == ["快开班"]
    month = (today() + timedelta(days=80)).strftime("%Y-%m")
    assert titles(soup(client, "/courses", start=month)) == ["晚开班"]


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every statement the app sends."""
    sent: list[str] = []

    def record(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", record)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", record)


@pytest.mark.parametrize("has_answers", [False, True])
@pytest.mark.parametrize("path", ["/", "/courses", "/courses?q=焊工"])
def test_three_and_nineteen_courses_cost_the_same_number_of_statements(
    client: LintingClient,
    make: Make,
    reindex: Callable[[], None],
    statements: list[str],
    path: str,
    has_answers: bool,
) -> None:
    if has_answers:
        answer(client)
    tenant = make.institution()
    costs = []
    for more in (3, 16):
        for n in range(more):
            make.run(make.course(tenant, title=f"焊工 {more}-{n}"))
        reindex()
        client.get(path)
        statements.clear()
        page = client.get(path).get_data(as_text=True)
        assert page.count("/courses/") >= min(more, 6)
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert costs[0] <= 14


def test_operators_build_the_search_again_by_a_command(app: Flask, client: LintingClient, make: Make) -> None:
    make.course(title="焊工重建索引班")
    assert titles(soup(client, "/courses", q="重建索引")) == []
    done = app.test_cli_runner().invoke(args=["reindex"])
    assert done.exit_code == 0, done.output
    assert "1 courses can be found." in done.output
    assert titles(soup(client, "/courses", q="重建索引")) == ["焊工重建索引班"]
