"""The policy case by case: written from its text and from how it is read where it is open (cases/*.toml)."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from app.policy.evaluator import Answer, Verdict, evaluate
from tests.policy.book import book, failed, open_conditions
from tests.policy.tables import PEOPLE, Table, course, differences, fen, judged, later_book, person, table

KEYS = {
    "name", "person", "facts", "claims", "said_too", "course", "on", "book", "amounts", "answer", "because",
    "provided", "open", "holds", "rule", "group", "payee", "pays", "learner_pays", "cites", "cites_not",
}  # fmt: skip
NEVER_ASKED = {"COMMUNITY_CORRECTION", "REENTRY_SUPPORT", "COMPULSORY_DETOX"}
READINGS, BOUNDARIES, ELSEWHERE = table("readings"), table("boundaries"), table("elsewhere")
GROUPS = table("groups")["group"]
DAYS = PEOPLE["day"]


def rows(*tables: Table) -> list[Any]:
    return [
        pytest.param(row, id=f"{heading}: {row['name']}")
        for each in tables
        for heading, listed in each.items()
        for row in listed
    ]


@pytest.mark.parametrize("row", rows(READINGS, BOUNDARIES))
def test_a_case_comes_out_as_the_table_says(row: Table) -> None:
    assert row.keys() <= KEYS
    assert differences(row, judged(row)) == {}


# --- The 32 groups, each alone: on and off the list, before the policy, under it, under a later version --------


def member(group: Table, base: str, on: date) -> Table:
    facts = person({"person": base}, on)
    needs = group.get("needs")
    return {**facts, "situations": [group["code"]], **({needs["fact"]: needs["is"]} if needs else {})}


def verdict_on(group: Table, base: str, form: str, listed: bool, on: date) -> Verdict:
    offer = course({"course": {"form": form, "level": 4, "listed": listed}})
    return evaluate(later_book(), member(group, base, on), offer, on)


every_group = pytest.mark.parametrize("group", GROUPS, ids=[group["code"] for group in GROUPS])
every_day = pytest.mark.parametrize("day", list(DAYS))
on_and_off_the_list = pytest.mark.parametrize("listed", [True, False], ids=["listed", "other"])


def assert_paid(verdict: Verdict, day: Table, payee: str, listed: bool) -> None:
    assert verdict.is_plain_yes
    assert verdict.payee == payee
    assert verdict.subsidy_fen == fen(day[payee]["listed" if listed else "other"])


def assert_nothing_is_promised(verdict: Verdict) -> None:
    assert verdict.answer is Answer.ELIGIBLE
    assert verdict.is_settled
    assert not verdict.is_free
    assert (verdict.subsidy_fen, verdict.cap_fen, verdict.payee) == (None, None, None)
    assert verdict.learner_pays_fen == course({}).fee_fen
    assert not failed(verdict)


def assert_eligible_without_amount(verdict: Verdict, group: Table) -> None:
    assert_nothing_is_promised(verdict)
    assert (verdict.group_codes, verdict.rule_code) == ((group["code"],), None)
    assert verdict.reasons[0].code == "group_without_amount"
    (named,) = (each for each in book().groups if each.code == group["code"])
    assert [citation.quote for citation in verdict.citations] == [named.quote]


@every_group
@on_and_off_the_list
@every_day
def test_who_trains_free(group: Table, listed: bool, day: str) -> None:
    verdict = verdict_on(group, "unemployed", "employment", listed, DAYS[day]["on"])
    if day == "before":
        assert verdict.answer is Answer.NOT_IN_FORCE
    elif group.get("free"):
        assert_paid(verdict, DAYS[day], "institution", listed)
        assert (verdict.group_code, verdict.learner_pays_fen) == (group["code"], 0)
        assert verdict.rule_code == ("R2_EMP_SHORT" if listed else "R1_EMP_STD")
    elif group.get("none"):
        assert_eligible_without_amount(verdict, group)
    else:
        assert verdict.answer is Answer.NO
        assert failed(verdict) - {"not_apprentice"} == {"group_other_form"}


@every_group
@on_and_off_the_list
@every_day
def test_whose_certificate_or_apprenticeship_is_paid(group: Table, listed: bool, day: str) -> None:
    base = "apprentice" if group.get("paid") == "enterprise" else "employee"
    verdict = verdict_on(group, base, "upgrade", listed, DAYS[day]["on"])
    if day == "before":
        assert verdict.answer is Answer.NOT_IN_FORCE
    elif "paid" in group:
        assert_paid(verdict, DAYS[day], group["paid"], listed)
        assert verdict.rule_code == ("R3_APPR_MID" if base == "apprentice" else "R6_UP_L4")
    elif group.get("none"):
        assert_eligible_without_amount(verdict, group)
    else:
        assert verdict.answer is Answer.NO
        assert failed(verdict) == {"group_other_form"}


@every_group
@on_and_off_the_list
@every_day
def test_who_is_named_for_start_up_training_which_has_no_amount(group: Table, listed: bool, day: str) -> None:
    verdict = verdict_on(group, "founder", "founder", listed, DAYS[day]["on"])
    if day == "before":
        assert verdict.answer is Answer.NOT_IN_FORCE
    elif group.get("none"):
        assert_eligible_without_amount(verdict, group)
    elif group.get("founder"):
        assert_nothing_is_promised(verdict)
        assert {reason.code for reason in verdict.reasons if reason.outcome == "unknown"} == {"amount_set"}
    else:
        assert verdict.answer is Answer.NO
        assert not verdict.subsidy_fen


@pytest.mark.parametrize("group", [g for g in GROUPS if "needs" in g], ids=lambda group: group["code"])
def test_a_group_that_rests_on_a_record_is_free_on_condition_of_it(group: Table) -> None:
    on = DAYS["in_force"]["on"]
    facts = member(group, "unemployed", on)
    del facts[group["needs"]["fact"]]
    verdict = evaluate(book(), facts, course({}), on)
    assert verdict.is_conditional_yes
    assert open_conditions(verdict) == {group["needs"]["else"]}


# --- The tables themselves ------------------------------------------------------------------------------------


def test_the_tables_hold_every_group_of_the_text_once() -> None:
    assert [group["number"] for group in GROUPS] == list(range(1, 33))
    assert sorted(group["code"] for group in GROUPS) == sorted(group.code for group in book().groups)
    assert all({"free", "paid", "founder", "none"} & group.keys() for group in GROUPS)


def test_every_ambiguity_has_its_cases_or_a_place_elsewhere_and_not_both() -> None:
    decided = Counter([*READINGS, *ELSEWHERE])
    assert set(decided) == {f"A{number}" for number in range(1, 40)}
    assert set(decided.values()) == {1}
    assert all(READINGS.values())
    assert all(ELSEWHERE.values())


def test_every_group_without_an_amount_can_say_so_except_everybody() -> None:
    offered = {
        value
        for option in book().question("situations").options  # type: ignore[union-attr]
        if isinstance(option.value, tuple)
        for value in option.value
    }
    without = {group["code"] for group in GROUPS if group.get("none")}
    assert without - offered == {"ANY_WORKER"}


def test_no_case_is_written_twice() -> None:
    for heading, listed in {**READINGS, **BOUNDARIES}.items():
        assert len({row["name"] for row in listed}) == len(listed), heading


def test_the_groups_that_come_by_referral_are_in_no_question_and_no_suggestion() -> None:
    offered = {
        value
        for question in book().questions
        for option in question.options
        if isinstance(option.value, tuple)
        for value in option.value
    }
    suggested = {value for change in book().changes if isinstance(change.value, tuple) for value in change.value}
    assert not NEVER_ASKED & (offered | suggested)
    assert offered | suggested
