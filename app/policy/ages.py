"""Ages and the statutory retirement age, by date.

Source: the retirement age is our reading (the text is silent); it rises step by step from 2025-01-01.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta

from .facts import Known
from .rulebook import RetirementTrack


def age_on(birth_on: date, on: date) -> int:
    """Whole years of age on a day; a birth on 29 February is counted from 1 March in other years."""
    return on.year - birth_on.year - ((on.month, on.day) < (birth_on.month, birth_on.day))


def retires_on(birth_on: date, track: RetirementTrack) -> date:
    """The day a person reaches the statutory retirement age of a track."""
    base = _plus_months(birth_on, track.years * 12)
    since = (base.year - track.rises_from.year) * 12 + base.month - track.rises_from.month
    if since < 0:
        return base
    delay = min(since // track.months_per_step + 1, track.most_months)
    return _plus_months(birth_on, track.years * 12 + delay)


def is_old_enough(known: Known, years: int, on: date) -> bool | None:
    """Whether the person has reached an age; None if what is known does not say."""
    ages = (age_on(known.birth_on, on),) * 2 if known.birth_on else known.ages
    if ages is None:
        return None
    if ages[0] >= years:
        return True
    return False if ages[1] < years else None


def is_before_retirement(known: Known, tracks: Iterable[RetirementTrack], on: date) -> bool | None:
    """Whether the person is below retirement age on every track that may be theirs; None if that is open.

    An age band is judged by its oldest and youngest birth dates.
    """
    births = _births(known, on)
    if births is None:
        return None
    oldest, youngest = births
    own = [t for t in tracks if known.sex in (None, t.sex)]
    if all(on < retires_on(oldest, t) for t in own):
        return True
    return False if all(on >= retires_on(youngest, t) for t in own) else None


def _births(known: Known, on: date) -> tuple[date, date] | None:
    if known.birth_on:
        return known.birth_on, known.birth_on
    if known.ages is None:
        return None
    youngest = _plus_months(on, -12 * known.ages[0])
    oldest = _plus_months(on, -12 * (known.ages[1] + 1)) + timedelta(days=1)
    return oldest, youngest


def _plus_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
