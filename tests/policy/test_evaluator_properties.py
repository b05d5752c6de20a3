"""What holds for every person, course and day."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.policy.evaluator import Answer, Offer
from app.policy.texts import answer_text, condition_text, near_miss_text, reason_text
from tests.policy.book import book, judge

ALWAYS_ASKED = ("situations", "age_band", "residence", "same_trade_level_before", "used_this_year")


def values(fact: str) -> st.SearchStrategy[Any]:
    question = book().question(fact)
    assert question is not None
    return st.sampled_from([o.value for o in question.options if o.value is not None])


complete_facts = st.fixed_dictionaries(
    {
        "situations": st.lists(st.sampled_from([g.code for g in book().groups]), max_size=3),
        "residence": values("residence"),
        "same_trade_level_before": st.sampled_from(["yes", "no"]),
        "used_this_year": st.integers(0, 4),
        "insured_months": st.integers(0, 30),
        "certificate_on": st.dates(date(2019, 1, 1), date(2040, 12, 31)),
        "graduates_on": st.dates(date(2019, 1, 1), date(2040, 12, 31)),
        "plan_years_completed": st.integers(0, 4),
        "plan_exception": st.booleans(),
        "recognised": st.booleans(),
        "sex": st.sampled_from(["male", "female"]),
    }
).flatmap(
    lambda facts: st.one_of(
        values("age_band").map(lambda band: {**facts, "age_band": band}),
        st.dates(date(1940, 1, 1), date(2012, 12, 31)).map(lambda day: {**facts, "birth_on": day}),
    )
)
offers = st.builds(
    Offer,
    trade_code=st.just("6-18-02-04"),
    trade_name=st.just("焊工"),
    listed=st.sampled_from([True, False, None]),
    level=st.sampled_from([5, 4, 3, 2, 1, None]),
    fee_fen=st.integers(0, 1_000_000),
    form=st.sampled_from(["employment", "upgrade", "founder"]),
    designated=st.booleans(),
    standard_fen=st.none() | st.integers(0, 500_000),
)
days = st.dates(date(2019, 1, 1), date(2040, 12, 31))


@given(complete_facts, offers, days, st.data())
def test_more_facts_never_turn_a_settled_verdict(
    facts: dict[str, Any], offer: Offer, on: date, data: st.DataObject
) -> None:
    fewer = {key: facts[key] for key in data.draw(st.sets(st.sampled_from(sorted(facts))))}
    early, late = judge(fewer, offer, on), judge(facts, offer, on)
    if early.is_settled:
        assert late.answer is early.answer
        assert late.is_plain_yes == early.is_plain_yes
        assert late.subsidy_fen == early.subsidy_fen
    if early.answer in (Answer.YES, Answer.ELIGIBLE):
        assert late.answer in (early.answer, Answer.NO)
        assert {c.code for c in late.conditions} <= {c.code for c in early.conditions}


@given(complete_facts, offers, days)
def test_the_subsidy_never_exceeds_the_cap(facts: dict[str, Any], offer: Offer, on: date) -> None:
    verdict = judge(facts, offer, on)
    if verdict.subsidy_fen and verdict.cap_fen is not None:
        assert 0 < verdict.subsidy_fen <= verdict.cap_fen <= 1_800_000
    if verdict.payee == "institution" and verdict.subsidy_fen:
        assert verdict.subsidy_fen <= offer.fee_fen
        assert verdict.learner_pays_fen == 0


@given(complete_facts, offers, days, st.sampled_from(ALWAYS_ASKED))
def test_an_unknown_fact_never_yields_a_plain_yes(
    facts: dict[str, Any], offer: Offer, on: date, missing: str
) -> None:
    fewer = {key: value for key, value in facts.items() if key != missing}
    if missing == "age_band":
        fewer.pop("birth_on", None)
    assert not judge(fewer, offer, on).is_plain_yes


@given(complete_facts, offers, days)
def test_only_a_yes_carries_money_and_only_an_open_verdict_asks_on(
    facts: dict[str, Any], offer: Offer, on: date
) -> None:
    verdict = judge(facts, offer, on)
    if verdict.answer is not Answer.YES:
        assert not verdict.subsidy_fen
    if verdict.is_settled:
        assert verdict.next_question is None
    if verdict.answer in (Answer.NO, Answer.ELIGIBLE):
        assert verdict.learner_pays_fen == offer.fee_fen
    if verdict.answer is Answer.ELIGIBLE:
        assert (verdict.subsidy_fen, verdict.cap_fen, verdict.is_free) == (None, None, False)


@given(complete_facts, offers, days, st.data())
def test_every_code_of_a_verdict_has_a_text_in_both_languages(
    facts: dict[str, Any], offer: Offer, on: date, data: st.DataObject
) -> None:
    known = {key: facts[key] for key in data.draw(st.sets(st.sampled_from(sorted(facts))))}
    verdict = judge(known, offer, on)
    for locale in ("zh_CN", "en"):
        assert answer_text(verdict, locale)
        assert all(reason_text(reason, locale) for reason in verdict.reasons)
        assert all(condition_text(condition, locale) for condition in verdict.conditions)
        assert all(near_miss_text(miss, locale) for miss in verdict.near_misses)
