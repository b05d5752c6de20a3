"""The conversation: which question comes next, and what has come out when none is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import answers as kept
from app.policy.conversation import (
    MOST_QUESTIONS,
    Finding,
    findings,
    next_question,
    of_all,
    of_course,
    offers_on,
    put,
)
from app.policy.evaluator import evaluate
from app.policy.rulebook import Question
from app.policy.verdict import Answer
from tests.policy.book import TODAY, book

REFERRED = {"COMMUNITY_CORRECTION", "REENTRY_SUPPORT", "COMPULSORY_DETOX"}
SKIP = ""


@dataclass
class Talk:
    """A conversation held without a browser: `says` chooses an option's code, or skips."""

    says: Callable[[Question], str]
    session: dict[str, Any] = field(default_factory=dict)
    put: list[Question] = field(default_factory=list)

    def hold(self) -> Talk:
        while True:
            given = kept.load(self.session)
            asked = {*kept.asked(self.session), *given}
            question = next_question(book(), self.facts, asked, TODAY)
            if question is None:
                return self
            self.put.append(question)
            assert len(self.put) <= 20, "it does not end"
            code = self.says(question)
            if code == SKIP:
                kept.skip(self.session, book(), question.fact)
            else:
                kept.save(self.session, book(), {question.fact: code})
            kept.keep_asked(self.session, question.fact)

    @property
    def facts(self) -> Any:
        return kept.facts(book(), kept.load(self.session))

    @property
    def asked(self) -> list[str]:
        return [question.fact for question in self.put]

    def finding(self, form: str) -> Finding:
        return next(each for each in findings(book(), self.facts, TODAY) if each.form == form)


def saying(**codes: str) -> Talk:
    """Somebody who answers these and skips the rest."""
    return Talk(lambda question: codes.get(question.fact, SKIP)).hold()


UNEMPLOYED = {
    "situations": "registered_unemployed",
    "age_band": "16_49",
    "residence": "hukou",
    "same_trade_level_before": "never",
}


def test_the_first_question_is_what_the_person_does() -> None:
    first = next_question(book(), {}, (), TODAY)
    assert first is not None
    assert first.fact == "situations"


def test_a_registered_unemployed_person_is_asked_four_questions_and_may_learn_for_free() -> None:
    talk = saying(**UNEMPLOYED)
    assert talk.asked == ["situations", "age_band", "same_trade_level_before", "residence"]
    employment = talk.finding("employment")
    assert [verdict.cap_fen for _offer, verdict in employment.told] == [250_000, 220_000]
    assert employment.best.is_plain_yes
    assert employment.best.is_free


def test_never_having_used_a_subsidy_answers_two_questions_and_taking_it_back_opens_both() -> None:
    talk = saying(**UNEMPLOYED)
    assert talk.facts["used_this_year"] == 0
    kept.save(talk.session, book(), {"same_trade_level_before": "used"})
    assert "used_this_year" not in talk.facts
    assert "same_trade_level_before" not in talk.facts
    assert [c.code for c in talk.finding("employment").best.conditions] == ["same_trade_level", "uses_per_year"]


def test_whoever_used_one_before_is_asked_how_many_and_the_trade_stays_a_condition() -> None:
    talk = saying(**{**UNEMPLOYED, "same_trade_level_before": "used", "used_this_year": "1"})
    assert talk.asked[2:4] == ["same_trade_level_before", "used_this_year"]
    assert [c.code for c in talk.finding("employment").best.conditions] == ["same_trade_level"]


def test_only_who_may_be_paid_for_a_certificate_is_asked_for_months_of_insurance() -> None:
    assert "insured_months" not in saying(**UNEMPLOYED).asked
    talk = saying(**{**UNEMPLOYED, "situations": "employee", "insured_months": "yes"})
    assert "insured_months" in talk.asked
    amounts = [verdict.cap_fen for _offer, verdict in talk.finding("upgrade").told]
    assert amounts == [220_000, 200_000, 165_000, 150_000, 110_000, 100_000]


def test_an_apprentice_sees_the_amount_of_each_level_and_nothing_for_the_lowest() -> None:
    told = saying(**{**UNEMPLOYED, "situations": "apprentice"}).finding("upgrade").told
    assert [v.cap_fen for _o, v in told if v.answer is Answer.YES] == [600_000, 600_000, 400_000, 400_000]
    assert {offer.level for offer, verdict in told if verdict.answer is Answer.NO} == {5}


def test_once_nothing_can_be_free_or_paid_for_nothing_more_is_asked() -> None:
    talk = saying(situations="none_of_these")
    assert talk.asked == ["situations"]
    assert {each.best.answer for each in findings(book(), talk.facts, TODAY)} == {Answer.NO}
    near = findings(book(), talk.facts, TODAY, near_misses=True)
    assert any(each.best.near_misses for each in near)


def test_the_best_for_the_person_comes_first() -> None:
    assert next(iter(findings(book(), saying(**UNEMPLOYED).facts, TODAY))).form == "employment"
    employee = saying(**{**UNEMPLOYED, "situations": "employee", "insured_months": "yes"})
    assert next(iter(findings(book(), employee.facts, TODAY))).form == "upgrade"
    founder = saying(**{**UNEMPLOYED, "situations": "founder"})
    first = findings(book(), founder.facts, TODAY)[0]
    assert (first.form, first.best.answer, first.best.cap_fen) == ("founder", Answer.ELIGIBLE, None)


def test_every_kind_of_course_the_rules_tell_apart_is_considered() -> None:
    kinds = {(offer.form, offer.level, offer.listed) for offer in offers_on(book(), TODAY)}
    assert {("employment", None, True), ("employment", None, False), ("founder", None, None)} <= kinds
    assert {("upgrade", level, listed) for level in (5, 4, 3) for listed in (True, False)} <= kinds


def test_a_question_of_one_course_is_asked_in_another_way_of_all_training() -> None:
    question = book().question("same_trade_level_before")
    assert question is not None
    general = of_all(question)
    assert general.label != question.label
    assert [option.code for option in general.options] == ["never", "used"]
    assert [option.code for option in of_course(question).options] == ["no", "yes", "not_sure"]


def test_what_tells_nothing_is_said_by_skipping() -> None:
    for question in book().questions:
        codes = {option.code for option in put(question).options}
        assert not codes & {"not_said", "not_sure"}


def test_an_answer_about_one_course_tells_nothing_of_another() -> None:
    session: dict[str, Any] = {}
    kept.save(session, book(), {"residence": "hukou", "same_trade_level_before": "yes"}, 7)
    assert kept.load(session, 7)["same_trade_level_before"] == "yes"
    assert kept.load(session, 8) == kept.load(session) == {"residence": "hukou"}


choices = st.lists(st.integers(0, 40), min_size=12, max_size=12)


def by_numbers(numbers: list[int]) -> Talk:
    """Somebody whose every answer is drawn; each question may be skipped."""
    left = iter(numbers)

    def says(question: Question) -> str:
        codes = [SKIP, *[option.code for option in question.options]]
        return codes[next(left) % len(codes)]

    return Talk(says).hold()


@given(choices)
def test_it_ends_after_at_most_six_questions_none_of_them_twice(numbers: list[int]) -> None:
    talk = by_numbers(numbers)
    assert len(talk.asked) <= MOST_QUESTIONS == 6
    assert len(set(talk.asked)) == len(talk.asked)


@given(choices)
def test_every_path_ends_in_a_verdict_on_every_form_that_says_what_it_depends_on(numbers: list[int]) -> None:
    talk = by_numbers(numbers)
    found = findings(book(), talk.facts, TODAY)
    assert {each.form for each in found} == book().forms
    for each in found:
        for offer, verdict in each.told:
            assert verdict == evaluate(book(), talk.facts, offer, TODAY, near_misses=False)
            assert verdict.answer is not Answer.NOT_IN_FORCE
            unsaid = {"age_band", "residence", "same_trade_level_before"} - talk.facts.keys()
            assert not (verdict.is_plain_yes and unsaid)


@given(choices)
def test_nothing_it_could_still_ask_is_left_open(numbers: list[int]) -> None:
    """What stays open after fewer than six questions was skipped, or is nothing a person is asked for."""
    talk = by_numbers(numbers)
    if len(talk.asked) == MOST_QUESTIONS:
        return
    for each in findings(book(), talk.facts, TODAY):
        for _offer, verdict in each.told:
            assert verdict.next_question is None or verdict.next_question in talk.asked


@given(choices)
def test_groups_that_come_by_referral_are_never_offered(numbers: list[int]) -> None:
    for question in by_numbers(numbers).put:
        for option in question.options:
            if isinstance(option.value, tuple):
                assert not REFERRED & set(option.value)


@pytest.mark.parametrize("option", [o.code for o in put(book().questions[0]).options] + [SKIP])
def test_every_situation_leads_to_an_end(option: str) -> None:
    talk = Talk(lambda question: option if question.fact == "situations" else SKIP).hold()
    assert 1 <= len(talk.asked) <= MOST_QUESTIONS
    assert findings(book(), talk.facts, TODAY)
