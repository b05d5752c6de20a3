"""The query log: what was searched for is counted, who searched is not there to be counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from app.catalog.search.log import KEPT_DAYS, masked
from tests.catalog.public import answer, soup, titles
from tests.factories import Make
from tests.support.pages import LintingClient

Look = Callable[..., list[sa.Row[tuple[Any, ...]]]]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("电焊 周末", "电焊 周末"),
        ("".join(chr(ord(digit) + 0xFEE0) for digit in "13800138000") + " 焊工", "# 焊工"),
        ("138-0013-8000", "#"),
        ("138 0013 8000 找我", "# 找我"),
        ("13010219900307123X", "#"),
        ("someone@example.com 焊工", "@ 焊工"),
        ("2026年12月 4级", "2026年12月 4级"),
    ],
)
def test_numbers_that_could_be_somebodys_are_masked(typed: str, kept: str) -> None:
    assert masked(typed) == kept


def entries(look: Look) -> list[Any]:
    return look("select text, trades, filters, hits, engine, clicked, is_wished from search_log order by id")


def test_a_search_is_logged_with_its_words_filters_trades_and_hits(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look
) -> None:
    make.course(title="焊工（五级）")
    reindex()
    soup(client, "/courses", q="电焊 裕华区", level="5")
    (row,) = entries(look)
    assert row.text == "电焊 裕华区"
    assert row.trades == ["6-18-02-04"]
    assert row.filters == {"region": ["130108"], "level": ["5"]}
    assert row.hits == len(titles(soup(client, "/courses", q="电焊 裕华区", level="5")))
    assert row.engine == "postgres"


def test_the_whole_catalog_and_further_pages_are_no_searches(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look
) -> None:
    make.course()
    reindex()
    for params in ({}, {"page": 2}, {"q": "焊工", "page": 2}, {"sort": "price"}):
        soup(client, "/courses", **params)
    assert entries(look) == []


def test_a_page_shown_as_it_was_made_before_is_a_search_too(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look
) -> None:
    make.course()
    reindex()
    for _twice in range(2):
        soup(client, "/courses", q="焊工")
    assert [(row.text, row.hits, row.engine) for row in entries(look)] == [
        ("焊工", 1, "postgres"),
        ("焊工", 1, "kept"),
    ]


def test_the_table_has_no_room_for_a_person(look: Look) -> None:
    columns = look("select column_name from information_schema.columns where table_name = 'search_log'")
    assert {row[0] for row in columns} == {
        "id", "at", "text", "trades", "filters", "hits", "engine", "took_ms", "clicked", "is_wished",
    }  # fmt: skip


def test_neither_answers_nor_a_place_reach_the_log(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look
) -> None:
    make.course()
    reindex()
    answer(client)
    assert client.post("/courses/near", data={"region": "130131", "next": "/courses?q=焊工"}).status_code == 303
    soup(client, "/courses", q="焊工", free="1")
    (row,) = entries(look)
    assert row.filters == {"free": True}
    assert "130131" not in str(row)


def test_opening_a_course_from_the_results_is_counted_without_script(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look
) -> None:
    course = make.course()
    reindex()
    soup(client, "/courses", q="焊工", shortage="1")
    before = "http://localhost/courses?q=%E7%84%8A%E5%B7%A5&shortage=1"
    client.get(f"/courses/{course.id}", headers={"Referer": before})
    assert [row.clicked for row in entries(look)] == [1]


@pytest.mark.parametrize(
    "before",
    [
        "http://elsewhere.example/courses?q=%E7%84%8A%E5%B7%A5",
        "http://localhost/",
        "http://localhost/courses",
        "http://localhost/courses?q=%E7%94%B5%E5%B7%A5",
        "not an address",
    ],
)
def test_opening_a_course_from_anywhere_else_is_not(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look, before: str
) -> None:
    course = make.course()
    reindex()
    soup(client, "/courses", q="焊工")
    assert client.get(f"/courses/{course.id}", headers={"Referer": before}).status_code == 200
    assert [row.clicked for row in entries(look)] == [0]


def test_nobody_waits_for_the_log(app: Flask, make: Make, reindex: Callable[[], None], look: Look) -> None:
    make.course()
    reindex()
    page = FlaskClient(app).get("/courses?q=焊工")
    assert titles(BeautifulSoup(page.get_data(as_text=True), "html.parser")) != []
    assert entries(look) == []
    page.close()
    assert [row.text for row in entries(look)] == ["焊工"]


def test_a_log_that_cannot_be_written_costs_no_page(
    client: LintingClient, make: Make, reindex: Callable[[], None], look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    make.course()
    reindex()
    make.session.execute(sa.text("alter table search_log rename to search_log_gone"))
    make.session.commit()
    try:
        assert titles(soup(client, "/courses", q="焊工")) != []
    finally:
        make.session.execute(sa.text("alter table search_log_gone rename to search_log"))
        make.session.commit()
    assert "a search was not logged" in caplog.text
    assert entries(look) == []


def test_old_searches_are_forgotten(
    make: Make, look: Look, run_jobs: Callable[..., list[str]], in_city: Callable[..., None]
) -> None:
    for days in (KEPT_DAYS + 1, KEPT_DAYS - 1):
        make.session.execute(
            sa.text(
                "insert into search_log (at, text, filters, hits, engine, took_ms) "
                "values (now() - make_interval(days => :days), :text, '{}', 1, 'postgres', 1)"
            ),
            {"days": days, "text": str(days)},
        )
    make.session.commit()
    in_city("catalog.forget_searches")
    assert run_jobs() == ["catalog.forget_searches"]
    assert [row.text for row in entries(look)] == [str(KEPT_DAYS - 1)]
