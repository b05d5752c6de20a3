"""Ages and the statutory retirement age, by date.

Source: the retirement age is our reading (the text is silent); it rises step by step from 2025-01-01.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from .rulebook import RetirementTrack


def age_on(birth_on: date, on: date) -> int:
    """Whole years of age on a day; a birth on 29 February is counted from 1 March in other years."""
    return on.year - birth_on.year - ((on.month, on.day) < (birth_on.month, birth_on.day))


def retires_on(birth_on: date, track: RetirementTrack) -> date:
    """The day a person reaches the statutory retirement age of a track."""
    base = plus_months(birth_on, track.years * 12)
    since = (base.year - track.rises_from.year) * 12 + base.month - track.rises_from.month
    if since < 0:
        return base
    delay = min(since // track.months_per_step + 1, track.most_months)
    return plus_months(birth_on, track.years * 12 + delay)


def is_old_enough(facts: Mapping[str, Any], years: int, on: date) -> bool | None:
    """Whether the person has reached an age; None if what is known does not say.

    `facts` as read by `read_facts`: `birth_on`, or `age_band` as its first and last age.
    """
    birth_on = facts.get("birth_on")
    ages = (age_on(birth_on, on),) * 2 if birth_on else facts.get("age_band")
    if ages is None:
        return None
    if ages[0] >= years:
        return True
    return False if ages[1] < years else None


def is_before_retirement(facts: Mapping[str, Any], tracks: Collection[RetirementTrack], on: date) -> bool | None:
    """Whether the person is below retirement age on every track that may be theirs; None if that is open.

    An age band is judged by its oldest and youngest birth dates.
    """
    births = _births(facts, on)
    if births is None:
        return None
    oldest, youngest = births
    # Nobody retires before the years of a track: most people need no calendar.
    years = on.year - oldest.year
    if all(years < track.years for track in tracks):
        return True
    sex = facts.get("sex")
    own = [track for track in tracks if sex in (None, track.sex)]
    if all(on < retires_on(oldest, track) for track in own):
        return True
    return False if all(on >= retires_on(youngest, track) for track in own) else None


def _births(facts: Mapping[str, Any], on: date) -> tuple[date, date] | None:
    birth_on = facts.get("birth_on")
    if birth_on:
        return birth_on, birth_on
    ages = facts.get("age_band")
    if ages is None:
        return None
    youngest = plus_months(on, -12 * ages[0])
    oldest = plus_months(on, -12 * (ages[1] + 1)) + timedelta(days=1)
    return oldest, youngest


def plus_months(day: date, months: int) -> date:
    """The day so many months later, or the last of its month if it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if day.day <= 28:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
