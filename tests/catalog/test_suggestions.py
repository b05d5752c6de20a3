"""Suggestions while typing: trades, courses and institutions, by character, pinyin and initials."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.catalog.public import soup, titles
from tests.factories import Make
from tests.support.pages import LintingClient


def suggested(client: LintingClient, typed: str) -> list[tuple[str, str]]:
    page = soup(client, "/courses/suggestions", q=typed)
    return [
        (option.select("span")[0].get_text(), option.select("span")[1].get_text())
        for option in page.select('[role="option"]')
    ]


@pytest.mark.parametrize("typed", ["焊", "hangong", "hang", "hg", "电焊", "HanGong", "welder"])
def test_a_trade_is_suggested_by_character_pinyin_initials_and_what_people_say(
    client: LintingClient, typed: str
) -> None:
    assert ("焊工", "工种") in suggested(client, typed)


def test_courses_and_institutions_are_suggested_and_lead_to_what_they_name(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    tenant = make.institution(name="启明星示例学校")
    make.course(tenant, title="启明焊工班")
    make.course(title="别家的焊工班")
    reindex()
    found = suggested(client, "启明")
    assert ("启明焊工班", "课程") in found
    assert ("启明星示例学校", "机构") in found
    page = soup(client, "/courses/suggestions", q="启明星")
    (option,) = page.select('[role="option"]')
    assert titles(soup(client, str(option["href"]))) == ["启明焊工班"]


def test_every_course_and_institution_suggested_is_found(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    make.course(title="启明焊工班")
    reindex()
    options = soup(client, "/courses/suggestions", q="qm").select('[role="option"]')
    courses = [option for option in options if "课程" in option.get_text()]
    assert courses
    for option in courses:
        assert titles(soup(client, str(option["href"]))) == ["启明焊工班"]


@pytest.mark.parametrize("typed", ["", " ", "\x00", "%", "_", "\\", "'", "焊" * 5000, "<script>", "(((", "🔧"])
def test_anything_may_be_typed(client: LintingClient, typed: str) -> None:
    answer = client.get("/courses/suggestions", query_string={"q": typed})
    assert answer.status_code == 200
    assert "<script" not in answer.get_data(as_text=True)


def test_nothing_typed_suggests_nothing(client: LintingClient) -> None:
    assert suggested(client, "") == []
    assert suggested(client, "  ") == []


def test_the_list_is_short(client: LintingClient, make: Make, reindex: Callable[[], None]) -> None:
    tenant = make.institution()
    for n in range(12):
        make.course(tenant, title=f"焊接第 {n} 课")
    reindex()
    assert 3 < len(suggested(client, "焊")) <= 8


def test_asking_writes_nothing_down(client: LintingClient, look: Callable[..., list[object]]) -> None:
    suggested(client, "焊")
    assert look("select * from search_log") == []
