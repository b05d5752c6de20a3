"""The bureau's page of what people look for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from app.tenants.models import Role
from tests.catalog.public import soup
from tests.factories import Make
from tests.support.pages import LintingClient

WELDER = "6-18-02-04"


@pytest.fixture
def asked(make: Make) -> Callable[..., None]:
    """Have had searches: `asked("焊工", 3, hits=0)`."""

    def asked(text: str, times: int = 1, **values: Any) -> None:
        row = {
            "text": text, "hits": 5, "clicked": 0, "is_wished": False, "took_ms": 10, "engine": "postgres",
            "trades": [], "filters": {}, "days_ago": 0, **values,
        }  # fmt: skip
        statement = sa.text(
            "insert into search_log (at, text, trades, filters, hits, engine, took_ms, clicked, is_wished) values "
            "(now() - make_interval(days => :days_ago), :text, :trades, :filters, :hits, :engine, :took_ms, "
            ":clicked, :is_wished)"
        ).bindparams(sa.bindparam("filters", type_=sa.dialects.postgresql.JSONB))
        for _ in range(times):
            make.session.execute(statement, row)
        make.session.commit()

    return asked


@pytest.fixture
def bureau(client: LintingClient, make: Make, login: Callable[..., None]) -> LintingClient:
    """An auditor's browser at a county's desk."""
    tenant = make.bureau()
    login(client, make.member(tenant, Role.AUDITOR), tenant)
    return client


def table(page: BeautifulSoup, name: str) -> list[list[str]]:
    return [
        [cell.get_text(strip=True) for cell in row.select("th, td")] for row in page.select(f"#{name} tbody tr")
    ]


def test_top_words_come_with_what_became_of_them(bureau: LintingClient, asked: Callable[..., None]) -> None:
    asked("焊工", 3, clicked=2)
    asked("焊工", 1)
    asked("电工", 3, hits=0)
    page = soup(bureau, "/desk/searches")
    assert table(page, "top") == [["焊工", "4", "0", "3", "0"], ["电工", "3", "3", "0", "0"]]
    assert table(page, "nothing") == [["电工", "3", "3", "0", "0"]]


def test_a_text_typed_once_or_twice_is_counted_but_never_shown(
    bureau: LintingClient, asked: Callable[..., None]
) -> None:
    asked("张三的课", 2, hits=0)
    asked("焊工", 3)
    page = soup(bureau, "/desk/searches")
    assert "张三" not in page.get_text()
    assert "张三" not in bureau.get("/desk/searches.csv").get_data(as_text=True)
    assert page.select_one(".stat-value").get_text() == "5"  # type: ignore[union-attr]


def test_demand_is_counted_by_trade_and_by_region(bureau: LintingClient, asked: Callable[..., None]) -> None:
    asked("a", 2, trades=[WELDER], filters={"region": ["130108", "130102"]})
    asked("b", 1, trades=[WELDER, "no-such-code"], filters={"region": ["130108"]}, hits=0, is_wished=True)
    page = soup(bureau, "/desk/searches")
    assert table(page, "trades") == [["焊工", "3", "1", "0", "1"], ["no-such-code", "1", "1", "0", "1"]]
    assert table(page, "regions") == [["裕华区", "3", "1", "0", "1"], ["长安区", "2", "0", "0", "0"]]


def test_wished_for_comes_first_among_what_is_not_found(bureau: LintingClient, asked: Callable[..., None]) -> None:
    asked("很多人搜", 9, hits=0)
    asked("有人要通知", 3, hits=0, is_wished=True)
    assert [row[0] for row in table(soup(bureau, "/desk/searches"), "nothing")] == ["有人要通知", "很多人搜"]


@pytest.mark.parametrize(("days", "expected"), [("7", "1"), ("30", "2"), ("90", "3"), ("9999", "2"), ("x", "2")])
def test_the_days_can_be_chosen(
    bureau: LintingClient, asked: Callable[..., None], days: str, expected: str
) -> None:
    for ago in (1, 20, 60, 120):
        asked("焊工", days_ago=ago)
    page = soup(bureau, "/desk/searches", days=days)
    assert page.select_one(".stat-value").get_text() == expected  # type: ignore[union-attr]


def test_latency_is_shown_for_each_engine(bureau: LintingClient, asked: Callable[..., None]) -> None:
    for ms in range(1, 101):
        asked("焊工", took_ms=ms)
    asked("焊工", engine="kept", took_ms=1)
    assert table(soup(bureau, "/desk/searches"), "speed") == [
        ["PostgreSQL", "100", "50", "95"],
        ["做好的页面", "1", "1", "1"],
    ]


def test_the_export_holds_the_same_and_no_formula(bureau: LintingClient, asked: Callable[..., None]) -> None:
    asked("=1+1", 3, hits=0)
    answer = bureau.get("/desk/searches.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="searches-30-days.csv"'
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[1:] == [
        ["搜索词", "'=1+1", "", "3", "3", "0", "0"],
        ["没有结果的搜索词", "'=1+1", "", "3", "3", "0", "0"],
    ]


def test_days_without_searches_say_so(bureau: LintingClient) -> None:
    assert "这些天没有人搜索" in soup(bureau, "/desk/searches").get_text()
