"""Is this course free for me: the answers, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.policy.evaluator import Answer, FactError, Offer, evaluate
from app.policy.rulebook import RuleBook, SubsidyRule
from app.policy.texts import answer_text
from tests.policy.book import (
    APPRENTICE,
    CERTIFIED,
    EMPLOYEE,
    FOUNDING,
    SEWING,
    TODAY,
    UNEMPLOYED,
    UPGRADE,
    WELDING,
    book,
    failed,
    judge,
    open_conditions,
    without,
)


@pytest.mark.parametrize(
    ("offer", "rule", "cap", "subsidy"),
    [
        (WELDING, "R2_EMP_SHORT", 250_000, 250_000),
        (SEWING, "R1_EMP_STD", 220_000, 220_000),
        (replace(WELDING, fee_fen=180_000), "R2_EMP_SHORT", 250_000, 180_000),
        (replace(WELDING, standard_fen=150_000), "R2_EMP_SHORT", 250_000, 150_000),
        (replace(WELDING, standard_fen=900_000), "R2_EMP_SHORT", 250_000, 250_000),
        (replace(SEWING, fee_fen=990_000), "R1_EMP_STD", 220_000, 220_000),
        (replace(SEWING, fee_fen=0), "R1_EMP_STD", 220_000, 0),
        (replace(SEWING, level=None), "R1_EMP_STD", 220_000, 220_000),
    ],
)
def test_employment_training_is_free_whatever_the_fee(offer: Offer, rule: str, cap: int, subsidy: int) -> None:
    verdict = judge(UNEMPLOYED, offer)
    assert verdict.is_plain_yes
    assert (verdict.rule_code, verdict.cap_fen, verdict.subsidy_fen) == (rule, cap, subsidy)
    assert (verdict.learner_pays_fen, verdict.payee) == (0, "institution")
    assert ("listed" if offer.listed else "not_listed") in {reason.code for reason in verdict.reasons}


@pytest.mark.parametrize(
    ("level", "listed", "rule", "subsidy"),
    [
        (5, False, "R5_UP_L5", 100_000),
        (4, False, "R6_UP_L4", 150_000),
        (3, False, "R7_UP_L3", 200_000),
        (5, True, "R5_UP_L5", 110_000),
        (4, True, "R6_UP_L4", 165_000),
        (3, True, "R7_UP_L3", 220_000),
    ],
)
def test_the_skill_upgrade_is_paid_to_the_worker_and_ten_percent_more_in_shortage_trades(
    level: int, listed: bool, rule: str, subsidy: int
) -> None:
    verdict = judge(CERTIFIED, replace(UPGRADE, level=level, listed=listed))
    assert verdict.is_plain_yes
    assert (verdict.rule_code, verdict.subsidy_fen, verdict.payee) == (rule, subsidy, "worker")
    assert verdict.learner_pays_fen == UPGRADE.fee_fen


@pytest.mark.parametrize(("level", "rule", "subsidy"), [(4, "R3_APPR_MID", 400_000), (3, "R4_APPR_HIGH", 600_000)])
@pytest.mark.parametrize("listed", [True, False, None])
def test_the_apprenticeship_amount_is_the_same_on_and_off_the_shortage_list(
    level: int, rule: str, subsidy: int, listed: bool | None
) -> None:
    verdict = judge(APPRENTICE, replace(UPGRADE, level=level, listed=listed))
    assert verdict.is_plain_yes
    assert (verdict.rule_code, verdict.subsidy_fen, verdict.payee) == (rule, subsidy, "enterprise")
    assert verdict.learner_pays_fen is None


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"age_band": "under_16"}, "minimum_age"),
        ({"age_band": "63_plus"}, "retirement_age"),
        ({"residence": "elsewhere"}, "residence"),
        ({"same_trade_level_before": "yes"}, "same_trade_level"),
        ({"used_this_year": 3}, "uses_per_year"),
        ({"situations": []}, "group"),
        ({"situations": ["EMPLOYEE"]}, "group_other_form"),
    ],
)
def test_one_failing_fact_is_a_no_and_the_learner_pays_the_fee(change: dict[str, Any], check: str) -> None:
    verdict = judge({**UNEMPLOYED, **change})
    assert verdict.answer is Answer.NO
    assert failed(verdict) == {check}
    assert (verdict.subsidy_fen, verdict.learner_pays_fen, verdict.rule_code) == (0, WELDING.fee_fen, None)
    assert not verdict.conditions


def test_a_group_the_text_names_without_an_amount_is_eligible_and_pays_the_fee() -> None:
    verdict = judge({**UNEMPLOYED, "situations": ["TOURISM_STAFF"]})
    assert (verdict.answer, verdict.is_settled, verdict.is_free) == (Answer.ELIGIBLE, True, False)
    assert (verdict.subsidy_fen, verdict.cap_fen, verdict.rule_code) == (None, None, None)
    assert (verdict.learner_pays_fen, verdict.proofs) == (WELDING.fee_fen, ())
    assert answer_text(verdict, "zh") == "符合条件，金额未定"


def test_what_that_eligibility_depends_on_is_said_with_it_and_a_failing_fact_is_still_a_no() -> None:
    guide = {**UNEMPLOYED, "situations": ["TOURISM_STAFF"]}
    open_ = judge(without(guide, "residence"))
    assert (open_.answer, open_.is_settled, open_.next_question) == (Answer.ELIGIBLE, False, "residence")
    assert open_conditions(open_) == {"residence"}
    assert answer_text(open_, "zh") == "符合条件，金额未定，前提是……"
    assert judge(without(guide, "age_band")).answer is Answer.UNKNOWN
    assert failed(judge({**guide, "residence": "elsewhere"})) == {"residence"}
    assert failed(judge(guide, replace(WELDING, designated=False))) == {"designated"}


def test_who_is_also_in_a_group_that_is_paid_for_gets_the_money() -> None:
    both = judge({**UNEMPLOYED, "situations": ["TOURISM_STAFF", "REG_UNEMPLOYED"]})
    assert (both.is_plain_yes, both.group_codes) == (True, ("REG_UNEMPLOYED",))
    employed = {**UNEMPLOYED, "situations": ["TOURISM_STAFF", "EMPLOYEE"]}
    assert judge(employed).answer is Answer.ELIGIBLE
    assert [each.form for each in judge(employed).alternatives] == ["upgrade"]


def test_an_eligibility_without_an_amount_says_what_would_bring_one() -> None:
    verdict = judge({**UNEMPLOYED, "situations": ["TOURISM_STAFF"]})
    assert [miss.code for miss in verdict.near_misses] == ["register_unemployed"]
    assert all(miss.learner_pays_fen == 0 for miss in verdict.near_misses)


def test_a_course_of_an_institution_without_designation_is_not_subsidised() -> None:
    verdict = judge(UNEMPLOYED, replace(WELDING, designated=False))
    assert verdict.answer is Answer.NO
    assert failed(verdict) == {"designated"}
    assert [miss.code for miss in verdict.near_misses] == ["designated_course"]


@pytest.mark.parametrize(
    ("key", "answer", "condition", "question"),
    [
        ("situations", Answer.UNKNOWN, None, "situations"),
        ("age_band", Answer.UNKNOWN, None, "age_band"),
        ("residence", Answer.YES, "residence", "residence"),
        ("same_trade_level_before", Answer.YES, "same_trade_level", "same_trade_level_before"),
        ("used_this_year", Answer.YES, "uses_per_year", "used_this_year"),
    ],
)
def test_a_fact_not_known_is_never_a_plain_yes_and_is_the_next_question(
    key: str, answer: Answer, condition: str | None, question: str
) -> None:
    for facts in (without(UNEMPLOYED, key), {**UNEMPLOYED, key: "unknown"}):
        verdict = judge(facts)
        assert verdict.answer is answer
        assert not verdict.is_plain_yes
        assert open_conditions(verdict) == ({condition} if condition else set())
        assert verdict.next_question == question


def test_an_unknown_answer_promises_no_amount() -> None:
    verdict = judge(without(UNEMPLOYED, "situations"))
    assert (verdict.cap_fen, verdict.subsidy_fen, verdict.learner_pays_fen) == (250_000, None, None)


def test_the_first_day_of_the_policy_is_in_force_and_the_day_before_is_not() -> None:
    assert judge(UNEMPLOYED, on=date(2019, 10, 15)).is_plain_yes
    before = judge(UNEMPLOYED, on=date(2019, 10, 14))
    assert before.answer is Answer.NOT_IN_FORCE
    assert before.learner_pays_fen is None
    assert before.is_settled


def test_a_new_version_of_a_rule_pays_from_its_first_day_and_the_old_one_until_then() -> None:
    change = date(2027, 1, 1)
    rules: list[SubsidyRule] = []
    for rule in book().rules:
        is_changed = rule.code == "R2_EMP_SHORT"
        rules.append(replace(rule, valid_to=change) if is_changed else rule)
        if is_changed:
            rules.append(replace(rule, valid_from=change, amount_fen=260_000))
    later = replace(book(), rules=tuple(rules))
    caps = [evaluate(later, UNEMPLOYED, WELDING, day).cap_fen for day in (date(2026, 12, 31), change)]
    assert caps == [250_000, 260_000]


def test_a_course_whose_listing_is_not_known_is_free_but_its_amount_waits() -> None:
    verdict = judge(UNEMPLOYED, replace(WELDING, listed=None))
    assert verdict.is_conditional_yes
    assert open_conditions(verdict) == {"listed"}
    assert (verdict.cap_fen, verdict.learner_pays_fen) == (None, 0)
    upgrade = judge(CERTIFIED, replace(UPGRADE, listed=None))
    assert open_conditions(upgrade) == {"listed"}
    assert upgrade.subsidy_fen is None


def test_an_employee_is_told_of_the_skill_upgrade_and_never_to_become_unemployed() -> None:
    verdict = judge(EMPLOYEE)
    (miss,) = verdict.near_misses
    assert (miss.code, miss.rule_code, miss.subsidy_fen) == ("upgrade_course", "R5_UP_L5", 110_000)
    assert not miss.is_plain_yes


def test_a_near_miss_names_the_one_fact_that_would_change_the_answer() -> None:
    misses = judge({**UNEMPLOYED, "residence": "elsewhere"}).near_misses
    assert [(m.fact, m.value, m.learner_pays_fen) for m in misses] == [("residence", "living", 0)]
    two = judge({**UNEMPLOYED, "residence": "elsewhere", "used_this_year": 3}).near_misses
    assert [[step.code for step in miss.steps] for miss in two] == [["next_year", "move_here"]]
    three = {**UNEMPLOYED, "residence": "elsewhere", "used_this_year": 3, "same_trade_level_before": "yes"}
    assert judge(three).near_misses == ()


def test_insurance_that_is_not_known_is_a_condition_and_too_short_is_a_no() -> None:
    unknown = judge(without(CERTIFIED, "insured_months"), UPGRADE)
    assert open_conditions(unknown) == {"insured_months"}
    assert unknown.next_question == "insured_months"
    short = judge({**CERTIFIED, "insured_months": 11}, UPGRADE)
    assert failed(short) == {"insured_months"}
    assert [m.code for m in short.near_misses] == ["insured_long_enough"]
    assert judge({**CERTIFIED, "insured_months": 12}, UPGRADE).is_plain_yes


@pytest.mark.parametrize("certificate_on", [None, "unknown", "2026-11-24"])
def test_without_the_certificate_the_skill_upgrade_stays_a_condition(certificate_on: str | None) -> None:
    verdict = judge({**EMPLOYEE, "certificate_on": certificate_on}, UPGRADE)
    assert open_conditions(verdict) == {"certificate"}


@pytest.mark.parametrize("level", [1, 2])
def test_levels_the_text_gives_no_amount_for_are_not_subsidised(level: int) -> None:
    assert failed(judge(CERTIFIED, replace(UPGRADE, level=level))) == {"level"}


def test_where_no_group_could_help_the_group_need_not_be_known() -> None:
    nobody = without(CERTIFIED, "situations")
    assert failed(judge(nobody, replace(UPGRADE, level=2))) == {"level"}
    assert failed(judge({**nobody, "residence": "elsewhere"}, UPGRADE)) == {"residence"}
    assert judge({**nobody, "insured_months": 11}, replace(UPGRADE, level=4)).answer is Answer.UNKNOWN


def test_what_only_the_paid_groups_are_asked_for_settles_nothing_while_the_group_is_not_known() -> None:
    short = {**without(CERTIFIED, "situations"), "insured_months": 11}
    assert judge(short, UPGRADE).answer is Answer.UNKNOWN
    assert failed(judge({**short, "situations": ["EMPLOYEE"]}, UPGRADE)) == {"insured_months"}
    assert judge({**short, "situations": ["SERVICE_STAFF"]}, UPGRADE).answer is Answer.ELIGIBLE


def test_an_upgrade_course_without_a_level_stays_unknown() -> None:
    verdict = judge(CERTIFIED, replace(UPGRADE, level=None))
    assert len(verdict.citations) == len(set(verdict.citations)) == 2
    assert verdict.answer is Answer.UNKNOWN
    assert verdict.next_question is None


def test_start_up_training_promises_nothing_until_an_amount_is_published() -> None:
    verdict = judge({**UNEMPLOYED, "situations": ["WOULD_BE_FOUNDER"]}, FOUNDING)
    assert (verdict.answer, verdict.subsidy_fen, verdict.learner_pays_fen) == (
        Answer.ELIGIBLE,
        None,
        FOUNDING.fee_fen,
    )
    assert [r.code for r in verdict.reasons if r.outcome == "unknown"] == ["amount_set"]


def test_start_up_training_is_paid_once_an_amount_is_entered() -> None:
    def published(**changes: Any) -> RuleBook:
        return replace(
            book(),
            rules=tuple(replace(r, **changes) if r.code == "R9_FOUNDER" else r for r in book().rules),
        )

    facts = {**UNEMPLOYED, "situations": ["WOULD_BE_FOUNDER"]}
    nameless = evaluate(published(amount_fen=120_000), facts, FOUNDING, TODAY)
    assert (nameless.answer, nameless.subsidy_fen) == (Answer.ELIGIBLE, None)
    verdict = evaluate(published(amount_fen=120_000, amount_document="示例〔2027〕1号"), facts, FOUNDING, TODAY)
    assert (verdict.answer, verdict.subsidy_fen, verdict.learner_pays_fen) == (Answer.YES, 120_000, 0)


@pytest.mark.parametrize(
    "group", ["POOR_FAMILY_CHILD", "HARD_TO_EMPLOY", "REGISTERED_POOR", "RURAL_DIBAO", "DISABLED"]
)
def test_groups_that_need_recognition_are_free_provided_it_exists(group: str) -> None:
    facts = {**UNEMPLOYED, "situations": [group]}
    assert open_conditions(judge(facts)) == {"recognised"}
    assert judge({**facts, "recognised": True}).is_plain_yes
    assert failed(judge({**facts, "recognised": False})) == {"recognised"}


def test_a_person_in_several_groups_claims_under_the_one_the_text_names() -> None:
    verdict = judge({**UNEMPLOYED, "situations": ["DISABLED", "MIGRANT_WORKER", "RURAL_TRANSFER"]})
    assert verdict.is_plain_yes
    assert verdict.group_code == "RURAL_TRANSFER"
    assert verdict.group_codes == ("RURAL_TRANSFER", "MIGRANT_WORKER", "DISABLED")
    assert judge({**UNEMPLOYED, "situations": ["HARD_TO_EMPLOY", "MIGRANT_WORKER"]}).group_code == "MIGRANT_WORKER"
    backwards = replace(book(), groups=book().groups[::-1])
    facts = {**UNEMPLOYED, "situations": ["MIGRANT_WORKER", "RURAL_TRANSFER"]}
    assert evaluate(backwards, facts, WELDING, TODAY).group_code == "RURAL_TRANSFER"


def test_every_yes_cites_the_amount_and_the_group() -> None:
    verdict = judge(UNEMPLOYED)
    assert [c.clause for c in verdict.citations] == ["三(一)2", "三(一)2"]
    assert "2500" in verdict.citations[0].quote
    assert verdict.citations[1].quote == "城镇登记失业人员"
    shortage = judge(CERTIFIED, UPGRADE).citations
    assert any("提高10%" in c.quote for c in shortage)


def test_a_yes_names_the_papers_to_bring_once_each() -> None:
    needs = [tuple(paper.code for paper in need.options) for need in judge(UNEMPLOYED).proofs]
    assert needs == [("ID_CARD",), ("UNEMPLOYMENT_REGISTRATION",), ("HOUSEHOLD_REGISTER",)]
    registered = judge({**UNEMPLOYED, "residence": "registered"}).proofs
    assert [need.options[0].code for need in registered] == ["ID_CARD", "UNEMPLOYMENT_REGISTRATION"]


@pytest.mark.parametrize(
    "facts",
    [
        {"age_band": "about forty"},
        {"situations": ["NOBODY"]},
        {"situations": "REG_UNEMPLOYED"},
        {"residence": "mars"},
        {"used_this_year": -1},
        {"used_this_year": True},
        {"same_trade_level_before": "maybe"},
        {"birth_on": "31/12/1990"},
        {"horoscope": "dragon"},
    ],
)
def test_a_fact_the_book_does_not_know_is_refused_by_name(facts: dict[str, Any]) -> None:
    with pytest.raises(FactError) as caught:
        judge(facts)
    assert caught.value.fact == next(iter(facts))


def test_a_form_the_book_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="form"):
        judge(UNEMPLOYED, replace(WELDING, form="evening"))
