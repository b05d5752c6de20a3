"""Titles break between words, and dates are written as each language writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from markupsafe import Markup

from app.i18n import day, hour, moment, phrase, speaking

DAY, AT = date(2026, 12, 5), datetime(2026, 12, 5, 1, 14, tzinfo=UTC)


@pytest.fixture(params=["zh", "en"])
def locale(app: Flask, request: pytest.FixtureRequest) -> Iterator[str]:
    with app.test_request_context(), speaking(request.param):
        yield request.param


def test_a_date_is_written_as_its_reader_writes_dates(locale: str) -> None:
    written = [day(DAY), day(DAY, "short"), day(DAY, "month"), day(DAY, "month_of_year"), moment(AT), hour(AT)]
    assert (
        written
        == {
            "zh": ["12 月 5 日（周六）", "12 月 5 日", "12 月", "2026 年 12 月", "12-05 09:14", "09:14"],
            "en": ["Sat, Dec 5", "Dec 5", "Dec", "Dec 2026", "Dec 5, 09:14", "09:14"],
        }[locale]
    )


@pytest.mark.parametrize(
    ("title", "broken"),
    [
        ("网店运营推广专项培训", "网店|运营|推广|专项|培训"),
        ("养老护理员照护能力训练营", "养老|护理员|照护|能力|训练营"),
        ("等级与岗位", "等级与|岗位"),
        ("焊工（五级）周末", "焊工（五级）周末"),
        ("Welding for 焊工", "Welding for 焊工"),
        ("", ""),
    ],
)
def test_a_title_may_break_between_its_words_and_nowhere_else(title: str, broken: str) -> None:
    assert phrase(title) == broken.replace("|", "<wbr>")
    assert phrase(title).striptags().replace(" ", "") == title.replace(" ", "")


def test_what_people_wrote_stays_text_and_is_escaped_once() -> None:
    assert phrase("<b>培训课程") == "&lt;b&gt;培训<wbr>课程"
    assert phrase(Markup.escape("<b>培训课程")) == "&lt;b&gt;培训<wbr>课程"
