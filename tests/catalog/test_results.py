"""The catalog page beyond its list: corrections, ways out of an empty result, one card for many, the order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import QueuePool

from app.catalog.asking import Asked
from app.catalog.models import CourseMode
from app.catalog.search import contract
from app.catalog.search.contract import WINDOW, Page, Sort
from app.catalog.services import searching
from app.catalog.services.searching import Answer
from app.catalog.views.narrowing import address, page_addresses
from app.db import db
from app.tenants.models import TenantKind
from tests.catalog.public import answer, chips, soup, titles
from tests.factories import Make
from tests.factories.policy import UNLISTED
from tests.support.pages import LintingClient

Reindex = Callable[[], None]
Login = Callable[..., None]


def one(page: BeautifulSoup | Tag, selector: str) -> Tag:
    found = page.select(selector)
    assert len(found) == 1, [str(tag)[:200] for tag in found]
    return found[0]


def link(page: BeautifulSoup | Tag, text: str) -> str:
    found = [tag for tag in page.select("a") if text in tag.get_text()]
    assert len(found) == 1, [tag.get_text() for tag in page.select("a")]
    return str(found[0]["href"])


def query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


@pytest.mark.parametrize("asked", [Asked(), Asked(q="焊工 &", region=("130108",), page=7), Asked(sort=Sort.PRICE)])
def test_the_addresses_of_pages_are_those_of_the_search(app: Flask, asked: Asked) -> None:
    with app.test_request_context():
        of = page_addresses(asked)
        assert [of(number) for number in (1, 2, 500)] == [address(asked, page=n) for n in (1, 2, 500)]


def test_the_transaction_of_a_page_that_only_read_ends_when_it_was_sent(app: Flask, reindex: Reindex) -> None:
    with app.app_context():
        pool = cast(QueuePool, db.engine.pool)
    idle = pool.checkedout()
    with FlaskClient(app, app.response_class) as plain:  # reads nothing by itself
        for address in ("/courses?q=焊工", "/courses?q=焊工", "/courses"):
            response = plain.get(address)
            assert response.status_code == 200
            assert pool.checkedout() == idle + 1
            assert "门课" in response.text
            response.close()
            assert pool.checkedout() == idle


# --- What was understood -----------------------------------------------------------------------------------


def test_a_word_that_was_corrected_can_be_searched_for_as_it_was_typed(
    client: LintingClient, make: Make, reindex: Reindex
) -> None:
    make.course(title="焊工（五级）")
    reindex()
    page = soup(client, "/courses", q="汉工")
    assert titles(page) == ["焊工（五级）"]
    assert "按“焊工”找" in one(page, "#understood").get_text()
    exactly = link(page, "仍要找“汉工”")
    assert query(exactly) == {"q": ["汉工"], "exact": ["1"]}
    page = soup(client, exactly)
    assert titles(page) == []
    assert "按“焊工”找" not in page.get_text()


def test_words_no_course_has_are_named_and_the_rest_is_found(
    client: LintingClient, make: Make, reindex: Reindex
) -> None:
    make.course(title="焊工（五级）")
    reindex()
    page = soup(client, "/courses", q="焊工 鲸鱼")
    assert titles(page) == ["焊工（五级）"]
    assert "没有课提到“鲸鱼”" in one(page, "#understood").get_text()


def test_an_institution_is_a_removable_choice_like_any_other(
    client: LintingClient, make: Make, reindex: Reindex
) -> None:
    mine = make.course()
    make.course()
    reindex()
    page = soup(client, "/courses", institution=str(mine.tenant_id))
    assert len(titles(page)) == 1
    (chip,) = page.select("#understood .chip")
    assert one(page, ".result").select("p.muted")[0].get_text().startswith(chip.get_text()[:6])
    assert query(str(chip["href"])) == {}
    assert one(page, '#filters input[name="institution"]')["value"] == str(mine.tenant_id)


# --- Nothing found -----------------------------------------------------------------------------------------


def test_nothing_found_offers_to_drop_the_least_important_that_helps(
    client: LintingClient, make: Make, reindex: Reindex
) -> None:
    make.run(make.course(make.institution(region="130102"), mode=CourseMode.DAY))
    reindex()
    page = soup(client, "/courses", q="焊工 周末", start="30d")
    assert chips(page) == ["工种：焊工", "周末", "30 天内"]
    way = one(one(page, ".empty"), ".btn--primary")
    assert way.get_text() == "去掉“周末”再找"  # without 30 days there would still be nothing
    page = soup(client, str(way["href"]))
    assert len(titles(page)) == 1
    assert chips(page) == ["工种：焊工", "30 天内"]


def test_several_are_dropped_at_once_where_one_is_not_enough_and_no_more_than_needed(
    client: LintingClient, make: Make, reindex: Reindex
) -> None:
    make.run(make.course(make.institution(region="130102"), mode=CourseMode.DAY))
    reindex()
    page = soup(client, "/courses", q="焊工", mode="weekend", region="130108", start="30d", level="5")
    way = one(one(page, ".empty"), ".btn--primary")
    assert way.get_text() == "去掉“周末、裕华区”再找"
    page = soup(client, str(way["href"]))
    assert chips(page) == ["工种：焊工", "五级（初级工）", "30 天内"]
    assert len(titles(page)) == 1


def test_a_word_is_dropped_where_no_filter_helps(client: LintingClient, make: Make, reindex: Reindex) -> None:
    make.course(title="焊工（五级）")
    make.course(title="收银核算", trade_code=UNLISTED)
    reindex()
    page = soup(client, "/courses", q="焊工 核算")
    assert titles(soup(client, str(one(one(page, ".empty"), ".btn--primary")["href"]))) == ["焊工（五级）"]


def test_nothing_at_all_offers_no_way_that_leads_nowhere(client: LintingClient) -> None:
    page = soup(client, "/courses", q="焊工", mode="weekend")
    assert "去掉“周末”再找" not in page.get_text()
    assert "登录后，有新课时通知我" in one(page, ".empty").get_text()


def test_a_visitor_signs_in_first_and_comes_back_to_the_search(client: LintingClient) -> None:
    url = link(soup(client, "/courses", q="焊工", mode="weekend"), "登录后，有新课时通知我")
    assert urlsplit(url).path == "/sign-in"
    back = query(url)["next"][0]
    assert (urlsplit(back).path, query(back)) == ("/courses", {"q": ["焊工"], "mode": ["weekend"]})


# --- One card for courses that say the same ----------------------------------------------------------------


def test_courses_that_say_the_same_are_one_card_whose_classes_lead_to_their_own_courses(
    client: LintingClient, make: Make, reindex: Reindex
) -> None:
    tenant = make.institution()
    runs = [make.run(make.course(tenant, title="焊工（五级）"), starts_in=9 + at) for at in range(3)]
    reindex()
    page = soup(client, "/courses")
    assert titles(page) == ["焊工（五级）"]
    places = one(page, ".result-places")
    assert "在 3 处开班" in places.get_text()
    assert [str(a["href"]) for a in places.select("a")] == [
        f"/courses/{run.course_id}#run-{run.id}" for run in runs
    ]
    assert page.select_one(f"#course-{min(run.course_id for run in runs)}") is not None


def test_classes_of_one_course_are_not_said_to_be_in_several_places(
    client: LintingClient, make: Make, reindex: Reindex
) -> None:
    course = make.course()
    make.run(course, starts_in=9)
    make.run(course, starts_in=19)
    reindex()
    page = soup(client, "/courses")
    assert not page.select(".result-places")
    assert "共 2 个班" in one(page, ".result").get_text()


# --- Why this order ----------------------------------------------------------------------------------------


def test_every_card_says_what_it_has_its_points_for(client: LintingClient, make: Make, reindex: Reindex) -> None:
    make.run(make.course(title="焊工（五级）"), seats=5)
    make.course(title="给焊工的收银课", trade_code=UNLISTED, designated=False, is_subsidised=False)
    reindex()
    answer(client)
    asked = one(soup(client, "/courses", q="焊工"), ".why-order")
    assert not asked.select("li")
    page = soup(client, link(asked, "看每门课的分数"))
    lines = [line.get_text() for line in one(page, ".why-order").select("li")]
    assert [line.split("：")[0] for line in lines] == titles(page)
    for said in ("工种完全符合 400", "急需紧缺 32", "对你免费 16", "有名额 8", "30 天内开班 4"):
        assert said in lines[0]
        assert said not in lines[1]
    for line in lines:
        parts, total = line.split("：")[1].split(" = ")
        assert sum(int(part.split()[-1]) for part in parts.split(" + ")) == int(total)


def test_the_page_says_that_no_place_can_be_bought(client: LintingClient, make: Make, reindex: Reindex) -> None:
    make.course()
    reindex()
    for sort in contract.Sort:
        assert "没有机构可以花钱排在前面" in one(soup(client, "/courses", sort=sort), ".why-order").get_text()


# --- How far one can turn, and who answered ----------------------------------------------------------------


def _answers_with(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    real = searching.search

    def search(**asked: Any) -> Answer:
        found = real(**asked)
        page = {name: getattr(found.page, name) for name in Page.__slots__}
        return Answer(Page(**{**page, **values}), found.query, found.unknown)

    monkeypatch.setattr(searching, "search", search)


def test_paging_past_the_window_is_a_clear_message(
    client: LintingClient, make: Make, reindex: Reindex, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.course()
    reindex()
    last = WINDOW // contract.PER_PAGE
    _answers_with(monkeypatch, total=WINDOW + 1, page=last)
    assert f"只能翻到第 {last} 页" in soup(client, "/courses", page=last).get_text()
    past = soup(client, "/courses", page=last + 7)
    assert f"这就是第 {last} 页" in past.get_text()
    assert not past.select('.pager a[rel="next"]')
    _answers_with(monkeypatch, total=WINDOW, page=last)
    assert "只能翻到第" not in soup(client, "/courses", page=last, sort="price").get_text()


@pytest.mark.parametrize(
    ("kind", "is_told"), [(TenantKind.BUREAU, True), (TenantKind.INSTITUTION, False), (None, False)]
)
def test_only_operators_learn_that_another_engine_stood_in(
    client: LintingClient,
    make: Make,
    reindex: Reindex,
    login: Login,
    monkeypatch: pytest.MonkeyPatch,
    kind: TenantKind | None,
    is_told: bool,
) -> None:
    make.course()
    reindex()
    if kind:
        tenant = make.tenant(kind)
        login(client, make.member(tenant), tenant)
    _answers_with(monkeypatch, is_fallback=True)
    assert ("Elasticsearch 没有按时回答" in soup(client, "/courses", q="焊工").get_text()) is is_told


# --- Near me -----------------------------------------------------------------------------------------------


@pytest.fixture
def far_and_near(make: Make, reindex: Reindex) -> None:
    make.run(make.course(make.institution(region="130102"), title="长安区的班"), starts_in=8)
    make.run(make.course(make.institution(region="130131"), title="平山县的班"), starts_in=9)
    reindex()


@pytest.mark.usefixtures("far_and_near")
def test_a_place_is_told_by_post_and_orders_the_results(client: LintingClient) -> None:
    assert titles(soup(client, "/courses")) == ["长安区的班", "平山县的班"]
    url = link(soup(client, "/courses", shortage="1"), "离我近的靠前")
    page = soup(client, url)
    back = str(one(page, 'form:has(#region) input[name="next"]')["value"])
    sent = client.post("/courses/near", data={"region": "130131", "next": back})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/courses?shortage=1")
    page = soup(client, sent.headers["Location"])
    assert titles(page) == ["平山县的班", "长安区的班"]
    assert "离平山县近的靠前" in one(page, ".near").get_text()
    page = soup(client, link(page, "看每门课的分数"))
    assert "离你近 3" in one(page, ".why-order").get_text()
    assert client.post("/courses/near/forget", data={"next": back}).status_code == 303
    assert titles(soup(client, "/courses", shortage="1")) == ["长安区的班", "平山县的班"]


@pytest.mark.usefixtures("far_and_near")
def test_a_devices_place_is_kept_roughly_and_in_the_session_only(client: LintingClient) -> None:
    sent = client.post("/courses/near", data={"latitude": "38.2567", "longitude": "114.1963", "next": "/courses"})
    assert sent.status_code == 303
    page = soup(client, "/courses")
    assert titles(page)[0] == "平山县的班"
    assert "离你的位置近的靠前" in page.get_text()
    with client.session_transaction() as session:
        assert session["spot"] == [38.26, 114.2]
    everywhere = unquote(str(page)) + sent.headers["Location"]
    assert "38.2" not in everywhere
    assert "114.1" not in everywhere


@pytest.mark.usefixtures("far_and_near")
def test_a_place_does_not_reach_the_page_of_a_stranger(client: LintingClient, app: Any) -> None:
    soup(client, "/courses")
    client.post("/courses/near", data={"region": "130131"})
    assert titles(soup(client, "/courses"))[0] == "平山县的班"
    assert titles(soup(app.test_client(), "/courses"))[0] == "长安区的班"


@pytest.mark.parametrize(
    "data", [{}, {"region": "999999"}, {"latitude": "x", "longitude": "1"}, {"region": "\x00"}]
)
def test_a_place_that_is_none_is_refused_in_words(client: LintingClient, data: dict[str, str]) -> None:
    refused = client.post("/courses/near", data=data)
    assert refused.status_code == 422
    assert "请选择区县" in refused.get_data(as_text=True)


def test_the_way_back_leads_nowhere_else(client: LintingClient) -> None:
    sent = client.post("/courses/near", data={"region": "130131", "next": "//elsewhere.example/"})
    assert sent.headers["Location"] == "/courses"
