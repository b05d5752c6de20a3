"""Ages by date, and the retirement age that rises from 2025."""

from __future__ import annotations

from datetime import date

import pytest

from app.policy.ages import age_on, is_before_retirement, is_old_enough, retires_on
from app.policy.conditions import BeforeRetirement
from app.policy.rulebook import RetirementTrack
from tests.policy.book import book


def tracks() -> dict[str, RetirementTrack]:
    limit = book().limit("retirement_age", date(2026, 1, 1))
    assert limit is not None
    assert isinstance(limit.when, BeforeRetirement)
    return {track.code: track for track in limit.when.tracks}


@pytest.mark.parametrize(
    ("track", "born", "retires"),
    [
        ("male", date(1964, 12, 31), date(2024, 12, 31)),
        ("male", date(1965, 1, 10), date(2025, 2, 10)),
        ("male", date(1965, 4, 30), date(2025, 5, 30)),
        ("male", date(1965, 5, 1), date(2025, 7, 1)),
        ("male", date(1976, 12, 1), date(2039, 12, 1)),
        ("male", date(1990, 1, 31), date(2053, 1, 31)),
        ("female_staff", date(1970, 1, 1), date(2025, 2, 1)),
        ("female_staff", date(1990, 6, 1), date(2048, 6, 1)),
        ("female_worker", date(1975, 1, 31), date(2025, 2, 28)),
        ("female_worker", date(1975, 3, 1), date(2025, 5, 1)),
        ("female_worker", date(1990, 6, 1), date(2045, 6, 1)),
    ],
)
def test_the_retirement_age_rises_month_by_month(track: str, born: date, retires: date) -> None:
    assert retires_on(born, tracks()[track]) == retires


@pytest.mark.parametrize(
    ("ages", "sex", "on", "below"),
    [
        ((16, 49), None, date(2026, 11, 23), True),
        ((50, 54), None, date(2026, 11, 23), None),
        ((50, 54), "male", date(2026, 11, 23), True),
        ((55, 59), "male", date(2026, 11, 23), True),
        ((60, 62), None, date(2026, 11, 23), None),
        ((60, 62), None, date(2024, 12, 31), False),
        ((45, 49), None, date(2024, 12, 31), True),
        ((45, 50), None, date(2024, 12, 31), None),
        ((63, 120), None, date(2026, 11, 23), False),
    ],
)
def test_a_band_settles_retirement_only_when_everyone_in_it_agrees(
    ages: tuple[int, int], sex: str | None, on: date, below: bool | None
) -> None:
    assert is_before_retirement({"age_band": ages, "sex": sex}, tracks().values(), on) is below


def test_a_birth_date_settles_what_a_band_leaves_open() -> None:
    on = date(2026, 11, 23)
    assert is_before_retirement({"birth_on": date(1966, 1, 1), "sex": "male"}, tracks().values(), on) is False
    assert is_before_retirement({"birth_on": date(1966, 11, 1), "sex": "male"}, tracks().values(), on) is True


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2010, 11, 23), date(2026, 11, 22), 15),
        (date(2010, 11, 23), date(2026, 11, 23), 16),
        (date(2008, 2, 29), date(2025, 2, 28), 16),
        (date(2008, 2, 29), date(2025, 3, 1), 17),
    ],
)
def test_an_age_is_reached_on_the_birthday(born: date, on: date, age: int) -> None:
    assert age_on(born, on) == age


def test_sixteen_is_old_enough_and_unknown_stays_unknown() -> None:
    on = date(2026, 11, 23)
    assert is_old_enough({"birth_on": date(2010, 11, 23)}, 16, on) is True
    assert is_old_enough({"age_band": (0, 15)}, 16, on) is False
    assert is_old_enough({"age_band": (15, 17)}, 16, on) is None
    assert is_old_enough({}, 16, on) is None
