"""What a course and a run may do, and when their sessions are: pure, without a database or a clock."""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from app.catalog.models import RevisionState, SessionKind
from app.clock import CITY_ZONE, local
from app.errors import DomainError

# --- A course's content and its review ---------------------------------------------------------------------

CONTENT = (
    "title",
    "is_subsidised",
    "trade_id",
    "level",
    "form",
    "mode",
    "theory_hours",
    "practice_hours",
    "fee_fen",
    "certificate",
    "content",
    "teacher",
    "place",
)
REVIEWED = frozenset({"trade_id", "level", "form", "theory_hours", "practice_hours", "fee_fen"})
WORDED = ("title", "content", "teacher", "place")
LEVELLED_CERTIFICATES = frozenset({"level", "qualification"})
WORKING = frozenset({RevisionState.DRAFT, RevisionState.SUBMITTED, RevisionState.RETURNED})


class Stage(StrEnum):
    """Where a course stands, in one word, for the institution's list."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    LIVE = "live"
    OFF = "off"
    ARCHIVED = "archived"


def stage(*, is_live: bool, is_archived: bool, has_approved: bool, working: RevisionState | None) -> Stage:
    """The course's stage: what the public sees wins over what is being worked on."""
    if is_archived:
        return Stage.ARCHIVED
    if is_live:
        return Stage.LIVE
    if working is RevisionState.SUBMITTED:
        return Stage.SUBMITTED
    if working is RevisionState.RETURNED:
        return Stage.RETURNED
    return Stage.OFF if has_approved else Stage.DRAFT


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The content fields in which two versions differ, in the order of `CONTENT`."""
    return tuple(name for name in CONTENT if old[name] != new[name])


@dataclass(frozen=True, slots=True)
class WordRule:
    """Words that make a reviewer look twice, and why."""

    code: str
    words: tuple[str, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Flag:
    """One flagged word found in one field."""

    field: str
    word: str
    rule: WordRule


@functools.cache
def word_rules() -> tuple[WordRule, ...]:
    """The word list of `wording.toml`, read once."""
    data = tomllib.loads((Path(__file__).parent / "wording.toml").read_text(encoding="utf-8"))
    return tuple(WordRule(**{**rule, "words": tuple(rule["words"])}) for rule in data["rule"])


def find_flags(content: Mapping[str, Any], rules: Iterable[WordRule]) -> tuple[Flag, ...]:
    """Every flagged word in the written fields; blanks put between characters do not hide one."""
    flags: list[Flag] = []
    for field in WORDED:
        text = re.sub(r"\s+", "", str(content[field] or ""))
        flags += [Flag(field, word, rule) for rule in rules for word in rule.words if word in text]
    return tuple(flags)


def needs_review(old: Mapping[str, Any] | None, new: Mapping[str, Any], rules: Iterable[WordRule]) -> bool:
    """Whether the bureau must see `new` before the public does; `old` is the approved version, if there is one.

    Only subsidised courses are reviewed: when new, when they become subsidised, when a reviewed field changes, or
    when a change brings in a flagged word.
    """
    if not new["is_subsidised"]:
        return False
    if old is None or not old["is_subsidised"]:
        return True
    if REVIEWED & set(changed_fields(old, new)):
        return True
    rules = tuple(rules)
    known = {(flag.field, flag.word) for flag in find_flags(old, rules)}
    return any((flag.field, flag.word) not in known for flag in find_flags(new, rules))


def check_content(content: Mapping[str, Any]) -> None:
    """Refuse content that contradicts itself.

    Raises DomainError level_required, hours_required or fee_required, with the field.
    """
    if content["level"] is None and content["certificate"] in LEVELLED_CERTIFICATES:
        raise DomainError("level_required", field="level")
    if content["theory_hours"] + content["practice_hours"] < 1:
        raise DomainError("hours_required", field="theory_hours")
    if content["is_subsidised"] and content["fee_fen"] < 1:
        raise DomainError("fee_required", field="fee_fen")


def can_submit(*, is_archived: bool, is_subsidised: bool, is_verified: bool, is_designated: bool) -> list[str]:
    """What stands between a course and the bureau, as error codes; empty means it can be submitted."""
    problems = []
    if is_archived:
        problems.append("course_archived")
    if not is_subsidised:
        problems.append("no_review_needed")
    if not is_verified:
        problems.append("organisation_unverified")
    if is_subsidised and not is_designated:
        problems.append("not_designated")
    return problems


def can_publish(
    *, is_archived: bool, is_verified: bool, is_approved: bool, is_subsidised: bool, is_designated: bool
) -> list[str]:
    """What stands between a course and the public, as error codes; empty means it can be published."""
    problems = []
    if is_archived:
        problems.append("course_archived")
    if not is_verified:
        problems.append("organisation_unverified")
    if is_subsidised and not is_approved:
        problems.append("not_approved")
    if is_subsidised and not is_designated:
        problems.append("not_designated")
    return problems


# --- A run's sessions --------------------------------------------------------------------------------------

MOST_SEATS = 500
MOST_SESSIONS = 300
LONGEST_RUN_DAYS = 400
LESSON_MINUTES = 45


class Teaches(StrEnum):
    """How a run's sessions divide into theory and practice."""

    THEORY_FIRST = "theory_first"
    THEORY = "theory"
    PRACTICE = "practice"


Slot = tuple[time, time]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timetable:
    """When a run is held: every chosen weekday from the first to the last date, except the days without class."""

    starts_on: date
    ends_on: date
    weekdays: frozenset[int]
    slots: tuple[Slot, ...]
    skipped: frozenset[date] = frozenset()
    teaches: Teaches = Teaches.THEORY_FIRST


@dataclass(frozen=True, slots=True)
class Lesson:
    """One session to be: aware instants in UTC."""

    starts_at: datetime
    ends_at: datetime
    kind: SessionKind

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


def check_timetable(timetable: Timetable) -> None:
    """Refuse a timetable that cannot be held.

    Raises DomainError dates_reversed, run_too_long, weekdays_required, slot_reversed, slots_overlap or
    skipped_outside, with the form's field.
    """
    if timetable.ends_on < timetable.starts_on:
        raise DomainError("dates_reversed", field="ends_on")
    if (timetable.ends_on - timetable.starts_on).days > LONGEST_RUN_DAYS:
        raise DomainError("run_too_long", field="ends_on", days=LONGEST_RUN_DAYS)
    if not timetable.weekdays:
        raise DomainError("weekdays_required", field="weekdays")
    fields = ("ends_at", "second_ends_at")
    for (start, end), field in zip(timetable.slots, fields, strict=False):
        if end <= start:
            raise DomainError("slot_reversed", field=field)
    ordered = sorted(timetable.slots)
    if any(later[0] < earlier[1] for earlier, later in itertools.pairwise(ordered)):
        raise DomainError("slots_overlap", field="second_starts_at")
    for day in timetable.skipped:
        if not timetable.starts_on <= day <= timetable.ends_on:
            raise DomainError("skipped_outside", field="skipped", day=day.isoformat())


def plan_lessons(timetable: Timetable, *, theory_hours: int) -> tuple[Lesson, ...]:
    """The sessions of a timetable, in order; theory comes first until the course's theory hours are taught.

    Raises what `check_timetable` raises, and no_sessions or too_many_sessions.
    """
    check_timetable(timetable)
    lessons: list[Lesson] = []
    taught = 0
    day = timetable.starts_on
    while day <= timetable.ends_on:
        if day.weekday() in timetable.weekdays and day not in timetable.skipped:
            for start, end in sorted(timetable.slots):
                is_theory = timetable.teaches is Teaches.THEORY or (
                    timetable.teaches is Teaches.THEORY_FIRST and taught < theory_hours * LESSON_MINUTES
                )
                lesson = Lesson(
                    datetime.combine(day, start, CITY_ZONE).astimezone(UTC),
                    datetime.combine(day, end, CITY_ZONE).astimezone(UTC),
                    SessionKind.THEORY if is_theory else SessionKind.PRACTICE,
                )
                taught += lesson.minutes if is_theory else 0
                lessons.append(lesson)
        day += timedelta(days=1)
    if not lessons:
        raise DomainError("no_sessions", field="weekdays")
    if len(lessons) > MOST_SESSIONS:
        raise DomainError("too_many_sessions", field="ends_on", most=MOST_SESSIONS)
    return tuple(lessons)


def taught_hours(minutes: int) -> int:
    """Minutes as whole lesson hours (课时 of 45 minutes)."""
    return minutes // LESSON_MINUTES


def has_too_few_hours(minutes: int, course_hours: int) -> bool:
    """Whether the sessions are shorter than the course's hours: a warning, as a class may add hours later."""
    return taught_hours(minutes) < course_hours


def check_lesson(lesson: Lesson, *, others: Sequence[Lesson], now: datetime) -> None:
    """Refuse a lesson that cannot be held beside the run's others.

    Raises DomainError slot_reversed, lesson_in_past, lessons_overlap, run_too_long or too_many_sessions.
    """
    if lesson.ends_at <= lesson.starts_at:
        raise DomainError("slot_reversed", field="ends_at")
    if lesson.starts_at <= now:
        raise DomainError("lesson_in_past", field="day")
    if any(lesson.starts_at < other.ends_at and other.starts_at < lesson.ends_at for other in others):
        raise DomainError("lessons_overlap", field="starts_at")
    starts_on, ends_on = lesson_dates([*others, lesson])
    if (ends_on - starts_on).days > LONGEST_RUN_DAYS:
        raise DomainError("run_too_long", field="day", days=LONGEST_RUN_DAYS)
    if len(others) >= MOST_SESSIONS:
        raise DomainError("too_many_sessions", field="day", most=MOST_SESSIONS)


def lesson_dates(lessons: Iterable[Lesson]) -> tuple[date, date]:
    """The first and the last day of some lessons."""
    days = {local(lesson.starts_at).date() for lesson in lessons}
    return min(days), max(days)


def timetable_of(lessons: Sequence[Lesson], starts_on: date, ends_on: date) -> Timetable:
    """The timetable that made these lessons, to fill the form again; of lessons changed one by one, the rule."""
    slots = Counter((local(lesson.starts_at).time(), local(lesson.ends_at).time()) for lesson in lessons)
    weekdays = frozenset(_usual(Counter(local(lesson.starts_at).weekday() for lesson in lessons)))
    first, *rest = _usual(slots)
    second = next((slot for slot in rest if slot[0] >= first[1] or slot[1] <= first[0]), None)
    days = {local(lesson.starts_at).date() for lesson in lessons}
    every = (starts_on + timedelta(days=n) for n in range((ends_on - starts_on).days + 1))
    kinds = {lesson.kind for lesson in lessons}
    teaches = Teaches.THEORY_FIRST
    if len(kinds) == 1:
        teaches = Teaches.THEORY if kinds == {SessionKind.THEORY} else Teaches.PRACTICE
    return Timetable(
        starts_on,
        ends_on,
        weekdays,
        tuple(sorted([first, second] if second else [first])),
        frozenset(day for day in every if day.weekday() in weekdays and day not in days),
        teaches,
    )


def _usual(counts: Counter[T]) -> list[T]:
    """What comes at least a third as often as what comes most, the most frequent first."""
    ordered = counts.most_common()
    return [value for value, count in ordered if count * 3 >= ordered[0][1]]


_WEEKDAYS = "一二三四五六日"


def describe_timetable(timetable: Timetable) -> str:
    """The timetable in a line, as it is stored and shown: 周二、周四 19:00-21:00."""
    days = "、".join(f"周{_WEEKDAYS[day]}" for day in sorted(timetable.weekdays))
    slots = "、".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in sorted(timetable.slots))
    return f"{days} {slots}"


_STORED = re.compile(r"周([一二三四五六日])")
_ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def schedule_in_english(text: str) -> str:
    """A stored timetable line for English readers; other text stays as it was written."""
    if not re.fullmatch(r"(周[一二三四五六日]、?)+ [\d:、-]+", text):
        return text
    return _STORED.sub(lambda match: _ENGLISH_DAYS[_WEEKDAYS.index(match[1])], text).replace("、", ", ")


# --- Files -------------------------------------------------------------------------------------------------


def safe_cell(value: object) -> str:
    """Text for a spreadsheet that no program takes for a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
