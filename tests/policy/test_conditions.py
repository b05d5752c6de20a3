"""The words of the rule language, each alone: what holds, what fails, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy.conditions import All, AnyOf, Compare, Condition, Not, View
from app.policy.facts import FactError, read_facts
from app.policy.grammar import ConditionError, read_condition
from tests.policy.book import TODAY, WELDING, book


def holds(written: Any, facts: dict[str, Any], on: date = TODAY, **entry: Any) -> bool | None:
    return read_condition(written, entry).holds(View(read_facts(book(), facts), WELDING, on))


def claim(**changes: Any) -> dict[str, Any]:
    return {
        "trade": WELDING.trade_code,
        "level": 5,
        "on": "2026-03-01",
        "state": "paid",
        "rule": "R1_EMP_STD",
        **changes,
    }


outcomes = st.sampled_from([True, False, None])


class Said:
    """A condition that comes out as told."""

    facts: tuple[str, ...] = ()
    parts: tuple[Condition, ...] = ()
    word = "said"

    def __init__(self, outcome: bool | None) -> None:
        self.outcome = outcome

    def holds(self, view: View) -> bool | None:
        return self.outcome


NOTHING = View({}, WELDING, TODAY)


@given(st.lists(outcomes, min_size=1, max_size=5))
def test_all_any_and_not_are_the_three_valued_ones_whatever_the_order(said: list[bool | None]) -> None:
    parts = tuple(Said(outcome) for outcome in said)
    every = False if False in said else None if None in said else True
    some = True if True in said else None if None in said else False
    for order in (parts, parts[::-1]):
        assert All(order).holds(NOTHING) is every
        assert AnyOf(order).holds(NOTHING) is some
    assert Not(All(parts)).holds(NOTHING) is (None if every is None else not every)


@pytest.mark.parametrize(
    ("written", "facts", "outcome"),
    [
        ({"fact": "recognised", "is": True}, {"recognised": True}, True),
        ({"fact": "recognised", "is": True}, {"recognised": "no"}, False),
        ({"fact": "recognised", "is": True}, {}, None),
        ({"fact": "residence", "in": ["hukou", "living"]}, {"residence": "living"}, True),
        ({"fact": "residence", "in": ["hukou", "living"]}, {"residence": "elsewhere"}, False),
        ({"fact": "situations", "has": "VETERAN"}, {"situations": ["VETERAN", "DISABLED"]}, True),
        ({"fact": "situations", "has": "VETERAN"}, {"situations": []}, False),
        ({"fact": "situations", "has": "VETERAN"}, {}, None),
        ({"fact": "insured_months", "at_least": 12}, {"insured_months": 12}, True),
        ({"fact": "insured_months", "at_least": 12}, {"insured_months": 11}, False),
        ({"fact": "insured_months", "at_least": 12, "otherwise": "unknown"}, {"insured_months": 11}, None),
        ({"fact": "insured_months", "at_most": 12}, {"insured_months": 13}, False),
        ({"fact": "used_this_year", "below": 3}, {"used_this_year": 2}, True),
        ({"fact": "used_this_year", "below": 3}, {"used_this_year": 3}, False),
        ({"offer": "designated", "is": True}, {}, True),
        ({"offer": "level", "is": 4}, {}, False),
        ({"offer": "standard_fen", "at_least": 1}, {}, None),
        ({"age_at_least": 16}, {"birth_on": "2010-11-23"}, True),
        ({"age_at_least": 16}, {"birth_on": "2010-11-24"}, False),
        ({"age_at_least": 16}, {"age_band": "16_49"}, True),
        ({"age_at_least": 16}, {}, None),
    ],
)
def test_a_fact_or_a_field_is_compared_with_a_value(
    written: dict[str, Any], facts: dict[str, Any], outcome: bool | None
) -> None:
    assert holds(written, facts) is outcome


@pytest.mark.parametrize(
    ("issued", "on", "outcome"),
    [
        ("2025-03-01", date(2026, 3, 1), True),  # day 365
        ("2025-03-01", date(2026, 3, 2), False),  # day 366
        ("2023-03-01", date(2024, 3, 1), True),  # day 366 of a leap year, the same day of the month
        ("2023-03-01", date(2024, 3, 2), False),
        ("2024-02-29", date(2025, 2, 28), True),
        ("2024-02-29", date(2025, 3, 1), False),
        ("2026-11-23", TODAY, True),
        ("2026-11-24", TODAY, None),  # not issued yet
        (None, TODAY, None),
    ],
)
def test_a_window_runs_to_the_same_day_of_the_month(issued: str | None, on: date, outcome: bool | None) -> None:
    facts = {"certificate_on": issued}
    assert holds({"fact": "certificate_on", "within_months": 12}, facts, on) is outcome


@pytest.mark.parametrize(
    ("on", "outcome"),
    [
        (date(2026, 6, 30), False),
        (date(2026, 7, 1), True),
        (date(2027, 6, 30), True),
        (date(2027, 7, 1), False),
    ],
)
def test_the_graduation_year_begins_on_the_first_of_july_before_graduation(on: date, outcome: bool) -> None:
    for graduates_on in ("2027-01-10", "2027-06-20", "2027-12-31"):
        assert (
            holds({"fact": "graduates_on", "in_year_from": "07-01"}, {"graduates_on": graduates_on}, on) is outcome
        )
    assert holds({"fact": "graduates_on", "in_year_from": "07-01"}, {}, on) is None


ONCE = {
    "count": "claims",
    "same_trade": True,
    "level": "same_or_higher",
    "below": 1,
    "asked": "same_trade_level_before",
}
THREE_A_YEAR = {"count": "claims", "this_year": True, "below": 3, "asked": "used_this_year"}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, False),
        ({"rule": "R5_UP_L5"}, False),
        ({"state": "filed"}, False),
        ({"state": "approved"}, False),
        ({"state": "rejected"}, True),
        ({"state": "withdrawn"}, True),
        ({"level": 4}, False),  # a higher one: no downgrade
        ({"level": 1}, False),
        ({"level": None}, True),
        ({"trade": "6-05-01-03"}, True),
    ],
)
def test_a_trade_counts_once_at_its_level_or_a_higher_one(changes: dict[str, Any], outcome: bool) -> None:
    assert holds(ONCE, {"claims": [claim(**changes)]}) is outcome


def test_a_lower_level_does_not_count_against_a_higher_one() -> None:
    view = View(read_facts(book(), {"claims": [claim(level=5)]}), replace(WELDING, level=4), TODAY)
    assert read_condition(ONCE, {}).holds(view) is True


def test_instalments_of_the_same_level_do_not_count_and_a_higher_level_does() -> None:
    once = {**ONCE, "except_rules": ["R4_APPR_HIGH"]}
    assert holds(once, {"claims": [claim(rule="R4_APPR_HIGH")]}) is True
    assert holds(once, {"claims": [claim(rule="R4_APPR_HIGH", level=3)]}) is False


@pytest.mark.parametrize(
    ("days", "outcome"),
    [
        ([], True),
        (["2026-01-01", "2026-12-31"], True),
        (["2026-01-01", "2026-05-01", "2026-11-23"], False),
        (["2025-12-31", "2026-05-01", "2026-11-23"], True),
        (["2025-12-31", "2025-12-30", "2025-12-29", "2024-01-01"], True),
    ],
)
def test_claims_count_in_the_calendar_year_of_their_day(days: list[str], outcome: bool) -> None:
    assert holds(THREE_A_YEAR, {"claims": [claim(on=day) for day in days]}) is outcome


def test_the_plain_answer_serves_only_while_no_history_is_known() -> None:
    assert holds(ONCE, {}) is None
    assert holds(ONCE, {"same_trade_level_before": "yes"}) is False
    assert holds(ONCE, {"same_trade_level_before": "no"}) is True
    assert holds(ONCE, {"same_trade_level_before": "yes", "claims": []}) is True
    assert holds(THREE_A_YEAR, {"used_this_year": 3}) is False
    assert holds(THREE_A_YEAR, {"used_this_year": 3, "claims": [claim()]}) is True


def test_a_count_may_be_held_against_another_fact() -> None:
    due = {**ONCE, "below": "plan_years_completed", "otherwise": "unknown"}
    assert holds(due, {"claims": []}) is None
    assert holds(due, {"claims": [], "plan_years_completed": 1}) is True
    assert holds(due, {"claims": [claim()], "plan_years_completed": 1}) is None


def test_a_word_stands_for_a_value_of_the_entry() -> None:
    assert holds({"age_at_least": "number"}, {"birth_on": "2000-01-01"}, number=18) is True
    assert holds({"fact": "insured_months", "at_least": "few"}, {"insured_months": 2}, numbers={"few": 3}) is False
    assert holds({"fact": "residence", "in": "accepts"}, {"residence": "hukou"}, accepts=["hukou"]) is True


def test_a_list_of_conditions_wants_them_all_and_they_may_be_nested() -> None:
    written = [
        {"not": {"fact": "situations", "has": "APPRENTICE"}},
        {"any": [{"fact": "recognised", "is": True}, {"fact": "insured_months", "at_least": 1}]},
    ]
    condition = read_condition(written, {})
    assert condition.facts == ("situations", "recognised", "insured_months")
    assert holds(written, {"situations": ["VETERAN"], "insured_months": 0}) is None
    assert holds(written, {"situations": ["VETERAN"], "insured_months": 0, "recognised": True}) is True


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("residence", "as a table"),
        ({}, "Begin the condition with one of all, any, not"),
        ({"fact": "residence"}, "Give the comparison of 'residence'"),
        ({"fact": "residence", "equals": "hukou"}, "Remove 'equals'"),
        ({"fact": "insured_months", "at_least": "twelve"}, "'twelve' is neither"),
        ({"fact": "insured_months", "at_least": True}, "whole number"),
        ({"fact": "graduates_on", "in_year_from": "13-40"}, "Correct the condition"),
        ({"offer": "colour", "is": "red"}, "no field 'colour'"),
        ({"any": []}, "at least one part"),
        ({"count": "claims", "below": 1}, "Correct the condition with 'count'"),
        ({**ONCE, "level": "any"}, "same or same_or_higher"),
        ({"before_retirement": "tracks"}, "at least one track"),
    ],
)
def test_a_mistake_in_a_condition_says_what_to_do(written: Any, advice: str) -> None:
    with pytest.raises(ConditionError, match=advice):
        read_condition(written, {})


@pytest.mark.parametrize(
    "facts",
    [
        {"claims": "none"},
        {"claims": [claim(level=6)]},
        {"claims": [claim(state="lost")]},
        {"claims": [claim(on="yesterday")]},
        {"claims": [claim(colour="red")]},
        {"claims": [{"trade": "6-18-02-04"}]},
        {"certificate_on": "soon"},
        {"situations": [["VETERAN"]]},
        {"recognised": []},
    ],
)
def test_a_fact_that_cannot_be_read_is_named_and_its_value_is_not_told(facts: dict[str, Any]) -> None:
    with pytest.raises(FactError) as caught:
        read_facts(book(), facts)
    assert caught.value.fact == next(iter(facts))
    assert str(next(iter(facts.values()))) not in str(caught.value)


def test_facts_read_once_are_not_read_again() -> None:
    known = read_facts(book(), {"birth_on": "2000-01-01"})
    assert read_facts(book(), known) is known
    assert isinstance(read_condition({"fact": "birth_on", "is": "x"}, {}), Compare)
