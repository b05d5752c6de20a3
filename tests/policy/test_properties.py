"""What holds of every judgement, for people whose facts fit together."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.policy.evaluator import Answer, evaluate, evaluate_many
from app.policy.rulebook import RuleBook
from app.policy.verdict import NearMiss, Offer, Step, Verdict
from tests.policy.book import APPRENTICE, CERTIFIED, TODAY, UPGRADE, book, judge
from tests.policy.worlds import TRAINING, Facts, part, worlds

World = tuple[Facts, Offer, date]

REFERRED = {"COMMUNITY_CORRECTION", "REENTRY_SUPPORT", "COMPULSORY_DETOX"}
HIGHEST = {"R1_EMP_STD": 220_000, "R2_EMP_SHORT": 250_000}
FIXED = {"R5_UP_L5": 100_000, "R6_UP_L4": 150_000, "R7_UP_L3": 200_000}
YEARLY = {"R3_APPR_MID": 400_000, "R4_APPR_HIGH": 600_000}
steady = settings(derandomize=True, deadline=None, max_examples=200)
fewer = settings(steady, max_examples=60)


# --- What is not known ----------------------------------------------------------------------------------------


@steady
@given(worlds(), st.data())
def test_more_facts_never_turn_a_settled_verdict(world: World, data: st.DataObject) -> None:
    facts, offer, on = world
    some = part(data, facts)
    early, late = judge(some, offer, on), judge(facts, offer, on)
    if early.is_settled:
        assert (late.answer, late.is_plain_yes) == (early.answer, early.is_plain_yes)
    if early.answer in (Answer.YES, Answer.ELIGIBLE):
        assert late.answer in (early.answer, Answer.NO)
        open_before = {each.code for each in early.conditions}
        if "certificate" in open_before:  # which list counts is a question only once there is a certificate
            open_before.add("listed_at_certificate")
        assert {each.code for each in late.conditions} <= open_before


@steady
@given(worlds(), st.data())
def test_no_fact_later_known_revokes_a_plain_yes(world: World, data: st.DataObject) -> None:
    facts, offer, on = world
    assume(judge(facts, offer, on).answer is Answer.NO)
    assert not judge(part(data, facts), offer, on).is_plain_yes


@pytest.mark.parametrize("form", sorted(book().forms))
def test_of_somebody_of_whom_nothing_is_known_there_is_never_a_yes(form: str) -> None:
    for level in (5, 4, 3):
        verdict = judge({}, replace(UPGRADE, form=form, level=level, designated=True))
        assert verdict.answer is Answer.UNKNOWN
        assert verdict.subsidy_fen is None


@pytest.mark.parametrize("known", [{}, {"situations": []}], ids=["not asked", "none of them"])
def test_not_knowing_the_group_is_never_taken_for_knowing_that_there_is_none(known: Facts) -> None:
    """Whoever was judged before: people alike in all else must not share a verdict."""
    fresh = replace(book())
    other: Facts = {} if known else {"situations": []}
    rest = {code: value for code, value in CERTIFIED.items() if code != "situations"}
    evaluate(fresh, {**rest, **other}, UPGRADE, TODAY)
    verdict = evaluate(fresh, {**rest, **known}, UPGRADE, TODAY)
    assert verdict.answer is (Answer.NO if known else Answer.UNKNOWN)
    assert verdict.next_question == (None if known else "situations")


# --- Order ----------------------------------------------------------------------------------------------------


def shuffled(chance: random.Random) -> RuleBook:
    def mixed(entries: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(entries, len(entries)))

    rules = tuple(replace(rule, applies_to=mixed(rule.applies_to)) for rule in mixed(book().rules))
    return replace(
        book(),
        rules=rules,
        groups=mixed(book().groups),
        limits=mixed(book().limits),
        facts=mixed(book().facts),
    )


@fewer
@given(worlds(), st.integers(0, 2**32), st.data())
def test_a_judgement_does_not_depend_on_the_order_of_rules_groups_or_facts(
    world: World, seed: int, data: st.DataObject
) -> None:
    facts, offer, on = world
    facts = part(data, facts)
    backwards = {code: facts[code] for code in reversed(facts)}
    for listed in ("situations", "claims"):
        if listed in backwards:
            backwards[listed] = backwards[listed][::-1]
    assert evaluate(shuffled(random.Random(seed)), backwards, offer, on, tree=True) == evaluate(
        book(), facts, offer, on, tree=True
    )


def test_a_new_version_of_the_apprenticeship_entered_last_does_not_give_way_to_the_skill_upgrade() -> None:
    old = [replace(r, valid_to=TODAY) if r.opens == "apprentice" else r for r in book().rules]
    new = [replace(r, valid_from=TODAY) for r in book().rules if r.opens == "apprentice"]
    facts = {**CERTIFIED, **APPRENTICE, "situations": ["EMPLOYEE", "APPRENTICE"]}
    later = replace(book(), rules=(*old, *new))
    assert evaluate(later, facts, replace(UPGRADE, level=4), TODAY).rule_code == "R3_APPR_MID"


# --- Money ----------------------------------------------------------------------------------------------------


@steady
@given(worlds(), st.data())
def test_an_amount_never_exceeds_what_the_text_sets(world: World, data: st.DataObject) -> None:
    facts, offer, on = world
    verdict = judge(part(data, facts), offer, on)
    if not verdict.subsidy_fen:
        return
    assert verdict.answer is Answer.YES
    assert verdict.cap_fen is not None
    assert verdict.subsidy_fen <= verdict.cap_fen
    code = str(verdict.rule_code)
    if code in HIGHEST:
        assert verdict.subsidy_fen <= min(HIGHEST[code], offer.fee_fen)
        assert offer.standard_fen is None or verdict.subsidy_fen <= offer.standard_fen
        assert verdict.learner_pays_fen == 0
    elif code in FIXED:
        assert verdict.subsidy_fen in (FIXED[code], FIXED[code] * 110 // 100)
    else:
        assert verdict.subsidy_fen in [YEARLY[code] * years for years in (1, 2, 3)]


# --- Many at once ---------------------------------------------------------------------------------------------


@fewer
@given(st.lists(worlds(), min_size=1, max_size=8), st.data())
def test_a_roster_gets_the_verdicts_each_would_get_alone(people: list[World], data: st.DataObject) -> None:
    _facts, offer, on = people[0]
    known = [part(data, facts) for facts, _offer, _on in people]
    alone = [evaluate(book(), facts, offer, on, near_misses=False) for facts in known]
    assert evaluate_many(book(), known, offer, on) == alone


# --- The next question ----------------------------------------------------------------------------------------


@steady
@given(worlds(), st.data())
def test_the_next_question_is_plain_not_answered_yet_and_never_about_a_referral(
    world: World, data: st.DataObject
) -> None:
    facts, offer, on = world
    known = part(data, facts)
    asked = judge(known, offer, on).next_question
    if asked is None:
        return
    assert asked not in known
    standing_in = {code for fact in book().facts if fact.code in known for code in fact.stands_for}
    assert asked not in standing_in
    question = book().question(asked)
    assert question in book().questions_for(offer.form)
    assert question is not None
    values = [option.value for option in question.options if isinstance(option.value, tuple)]
    assert not REFERRED & {code for value in values for code in value}


@steady
@given(worlds())
def test_the_questions_come_to_an_end_within_six(world: World) -> None:
    facts, offer, on = world
    known: Facts = {}
    for _round in range(7):
        asked = judge(known, offer, on).next_question
        if asked is None:
            return
        known[asked] = facts.get(asked, False)
    raise AssertionError(sorted(known))


def test_what_was_answered_is_not_asked_again_when_something_else_keeps_it_open() -> None:
    early = {**APPRENTICE, "plan_years_completed": 0}
    fifty = {**CERTIFIED, "age_band": "50_54"}
    for facts, open_ in ((early, "plan_year"), (fifty, "retirement_age")):
        verdict = judge(facts, replace(UPGRADE, level=4))
        assert [condition.code for condition in verdict.conditions] == [open_]
        assert verdict.next_question is None


# --- Near misses ----------------------------------------------------------------------------------------------


def changed(facts: Facts, offer: Offer, on: date, steps: tuple[Step, ...]) -> Verdict:
    """The verdict after the changes, made by hand on plain answers."""
    known = dict(facts)
    for step in steps:
        if step.fact.startswith("offer."):
            offer = replace(offer, **{step.fact.removeprefix("offer."): step.value})
        elif step.fact == "situations":
            assert isinstance(step.value, tuple)
            known["situations"] = [*known.get("situations", []), *step.value]
        else:
            known[step.fact] = step.value
    return judge(known, offer, on)


def is_least(facts: Facts, offer: Offer, on: date, miss: NearMiss) -> bool:
    smaller = (each for number in range(len(miss.steps)) for each in combinations(miss.steps, number))
    return all(changed(facts, offer, on, steps).answer is not Answer.YES for steps in smaller)


@steady
@given(worlds(*TRAINING), st.data())
def test_a_near_miss_gives_a_yes_and_nothing_less_of_it_does(world: World, data: st.DataObject) -> None:
    facts, offer, on = world
    facts = part(data, {code: value for code, value in facts.items() if code != "claims"})
    verdict = judge(facts, offer, on)
    assert verdict.answer in (Answer.NO, Answer.ELIGIBLE) or not verdict.near_misses
    for miss in verdict.near_misses:
        after = changed(facts, offer, on, miss.steps)
        assert (after.answer, after.is_plain_yes) == (Answer.YES, miss.is_plain_yes)
        assert (after.rule_code, after.subsidy_fen) == (miss.rule_code, miss.subsidy_fen)
        assert (after.learner_pays_fen) == miss.learner_pays_fen
        assert is_least(facts, offer, on, miss)


@steady
@given(worlds(*TRAINING))
def test_a_near_miss_from_the_record_is_the_one_from_what_an_honest_person_says(world: World) -> None:
    facts, offer, on = world
    said = {code: value for code, value in facts.items() if code != "claims"}
    told = [[step.code for step in miss.steps] for miss in judge(said, offer, on).near_misses]
    held = [[step.code for step in miss.steps] for miss in judge(facts, offer, on).near_misses]
    other_form = [codes for codes in told if not {"upgrade_course", "employment_course"} & set(codes)]
    assert [codes for codes in held if not {"upgrade_course", "employment_course"} & set(codes)] == other_form


def test_a_suggestion_never_names_a_group_that_comes_by_referral() -> None:
    for change in book().changes:
        values = change.value if isinstance(change.value, tuple) else ()
        assert not REFERRED & set(values)
