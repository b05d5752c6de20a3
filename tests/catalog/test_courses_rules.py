"""The pure rules of courses and timetables."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from app.catalog import rules
from app.catalog.models import CourseForm, CourseMode, RevisionState, SessionKind
from app.clock import local
from app.errors import DomainError

CONTENT: dict[str, Any] = {
    "title": "焊工",
    "is_subsidised": True,
    "trade_id": 1,
    "level": 5,
    "form": CourseForm.EMPLOYMENT,
    "mode": CourseMode.DAY,
    "theory_hours": 40,
    "practice_hours": 60,
    "fee_fen": 180000,
    "certificate": "level",
    "content": "手工电弧焊",
    "teacher": "示例教师",
    "place": "示例路",
}
WORDS = rules.word_rules()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trade_id", 2),
        ("level", 4),
        ("form", CourseForm.UPGRADE),
        ("theory_hours", 41),
        ("practice_hours", 61),
        ("fee_fen", 180001),
    ],
)
def test_a_changed_reviewed_field_needs_review(field: str, value: object) -> None:
    assert rules.needs_review(CONTENT, {**CONTENT, field: value}, WORDS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "别的"),
        ("mode", CourseMode.EVENING),
        ("content", "别的"),
        ("teacher", "另一位"),
        ("place", "别处"),
    ],
)
def test_other_changes_need_no_review(field: str, value: object) -> None:
    assert not rules.needs_review(CONTENT, {**CONTENT, field: value}, WORDS)


def test_a_flagged_word_brought_in_by_an_edit_needs_review_but_an_old_one_does_not() -> None:
    flagged = {**CONTENT, "content": "学完包 过，另收押金"}
    assert rules.needs_review(CONTENT, flagged, WORDS)
    assert not rules.needs_review(flagged, {**flagged, "teacher": "另一位"}, WORDS)


def test_only_subsidised_courses_are_reviewed() -> None:
    market = {**CONTENT, "is_subsidised": False}
    assert not rules.needs_review(None, market, WORDS)
    assert not rules.needs_review(CONTENT, {**market, "fee_fen": 1}, WORDS)
    assert rules.needs_review(None, CONTENT, WORDS)
    assert rules.needs_review(market, CONTENT, WORDS)


@pytest.mark.parametrize("word", ["押金", "考证费", "包过", "挂靠"])
def test_each_word_of_the_list_is_found_even_with_blanks_in_it(word: str) -> None:
    spaced = " ".join(word)
    assert {flag.word for flag in rules.find_flags({**CONTENT, "content": f"说明：{spaced}。"}, WORDS)} == {word}


def test_an_honest_course_raises_no_flag() -> None:
    assert rules.find_flags(CONTENT, WORDS) == ()


@pytest.mark.parametrize(
    ("is_live", "is_archived", "has_approved", "working", "expected"),
    [
        (False, True, True, None, "archived"),
        (True, False, True, RevisionState.RETURNED, "live"),
        (False, False, True, RevisionState.RETURNED, "returned"),
        (False, False, False, RevisionState.SUBMITTED, "submitted"),
        (False, False, True, None, "off"),
        (False, False, False, RevisionState.DRAFT, "draft"),
    ],
)
def test_what_the_public_sees_decides_the_stage(
    is_live: bool, is_archived: bool, has_approved: bool, working: RevisionState | None, expected: str
) -> None:
    found = rules.stage(is_live=is_live, is_archived=is_archived, has_approved=has_approved, working=working)
    assert found == expected


def test_submitting_names_everything_that_is_missing() -> None:
    assert rules.can_submit(is_archived=True, is_subsidised=True, is_verified=False, is_designated=False) == [
        "course_archived",
        "organisation_unverified",
        "not_designated",
    ]
    assert rules.can_submit(is_archived=False, is_subsidised=True, is_verified=True, is_designated=True) == []


def test_an_unsubsidised_course_is_published_without_approval_or_designation() -> None:
    flags = {"is_archived": False, "is_verified": True, "is_approved": False, "is_designated": False}
    assert rules.can_publish(**flags, is_subsidised=False) == []
    assert rules.can_publish(**flags, is_subsidised=True) == ["not_approved", "not_designated"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"level": None}, "level_required"),
        ({"theory_hours": 0, "practice_hours": 0}, "hours_required"),
        ({"fee_fen": 0}, "fee_required"),
    ],
)
def test_contradictory_content_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        rules.check_content({**CONTENT, **change})
    assert refused.value.code == code


MONDAY = date(2026, 11, 30)


def timetable(**changes: Any) -> rules.Timetable:
    values: dict[str, Any] = {
        "starts_on": MONDAY,
        "ends_on": date(2026, 12, 13),
        "weekdays": frozenset({1, 3}),
        "slots": ((time(19), time(21)),),
    }
    return rules.Timetable(**{**values, **changes})


def test_sessions_fall_on_the_chosen_weekdays_at_the_citys_time() -> None:
    lessons = rules.plan_lessons(timetable(), theory_hours=0)
    assert [f"{local(lesson.starts_at):%m-%d %H:%M}" for lesson in lessons] == [
        "12-01 19:00",
        "12-03 19:00",
        "12-08 19:00",
        "12-10 19:00",
    ]
    assert all(lesson.starts_at < lesson.ends_at for lesson in lessons)


def test_theory_comes_first_until_its_hours_are_taught() -> None:
    lessons = rules.plan_lessons(timetable(), theory_hours=4)
    assert [lesson.kind for lesson in lessons] == [
        SessionKind.THEORY,
        SessionKind.THEORY,
        SessionKind.PRACTICE,
        SessionKind.PRACTICE,
    ]


def test_days_without_class_are_left_out() -> None:
    lessons = rules.plan_lessons(timetable(skipped=frozenset({date(2026, 12, 3)})), theory_hours=0)
    assert [local(lesson.starts_at).day for lesson in lessons] == [1, 8, 10]


def test_two_slots_a_day_follow_each_other_whatever_order_they_were_typed_in() -> None:
    slots = ((time(14), time(17)), (time(9), time(12)))
    lessons = rules.plan_lessons(timetable(slots=slots), theory_hours=0)
    assert lessons == tuple(sorted(lessons, key=lambda lesson: lesson.starts_at))
    assert len(lessons) == 8


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"ends_on": date(2026, 11, 29)}, "dates_reversed", "ends_on"),
        ({"ends_on": date(2028, 11, 29)}, "run_too_long", "ends_on"),
        ({"weekdays": frozenset()}, "weekdays_required", "weekdays"),
        ({"slots": ((time(21), time(19)),)}, "slot_reversed", "ends_at"),
        ({"slots": ((time(9), time(9)),)}, "slot_reversed", "ends_at"),
        ({"slots": ((time(9), time(12)), (time(11), time(14)))}, "slots_overlap", "second_starts_at"),
        ({"skipped": frozenset({date(2026, 11, 1)})}, "skipped_outside", "skipped"),
        ({"ends_on": MONDAY}, "no_sessions", "weekdays"),
        (
            {"ends_on": date(2027, 12, 1), "weekdays": frozenset(range(7))},
            "too_many_sessions",
            "ends_on",
        ),
    ],
)
def test_a_timetable_that_cannot_be_held_is_refused_at_its_field(
    change: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        rules.plan_lessons(timetable(**change), theory_hours=0)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_timetable_is_found_again_in_its_sessions() -> None:
    original = timetable(slots=((time(9), time(12)), (time(14), time(17))), skipped=frozenset({date(2026, 12, 3)}))
    lessons = rules.plan_lessons(original, theory_hours=4)
    assert rules.timetable_of(lessons, original.starts_on, original.ends_on) == original


def test_hours_are_counted_in_lessons_of_forty_five_minutes() -> None:
    assert rules.taught_hours(90) == 2
    assert rules.has_too_few_hours(90, 3)
    assert not rules.has_too_few_hours(90, 2)


def test_a_stored_schedule_is_read_in_english_and_other_text_stays() -> None:
    line = rules.describe_timetable(timetable())
    assert line == "周二、周四 19:00-21:00"
    assert rules.schedule_in_english(line) == "Tue, Thu 19:00-21:00"
    assert rules.schedule_in_english("每天上午，国庆停课") == "每天上午，国庆停课"
