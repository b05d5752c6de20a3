"""History, plans of several years, certificates, and what a verdict tells beside its answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.policy.evaluator import Answer, evaluate, evaluate_many
from app.policy.facts import read_facts
from app.policy.loader import PolicyFileError, build_rulebook, load_rulebook, read_entries
from app.policy.rulebook import RuleBook, Standard
from app.policy.texts import near_miss_text, text
from app.policy.verdict import Node, Outcome, Verdict
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

APPRENTICED = replace(UPGRADE, level=4)


def claim(**changes: Any) -> dict[str, Any]:
    return {
        "trade": WELDING.trade_code,
        "level": 5,
        "on": "2026-03-01",
        "state": "paid",
        "rule": "R1_EMP_STD",
        **changes,
    }


def with_claims(facts: dict[str, Any], *claims: dict[str, Any]) -> dict[str, Any]:
    return {**without(facts, "same_trade_level_before", "used_this_year"), "claims": list(claims)}


# --- History ------------------------------------------------------------------------------------------------


def test_a_known_history_answers_both_plain_questions() -> None:
    assert judge(with_claims(UNEMPLOYED)).is_plain_yes
    assert failed(judge(with_claims(UNEMPLOYED, claim()))) == {"same_trade_level"}
    other = [claim(trade="6-05-01-03", on=f"2026-0{month}-01") for month in (1, 2, 3)]
    assert judge(with_claims(UNEMPLOYED, *other[:2])).is_plain_yes
    assert failed(judge(with_claims(UNEMPLOYED, *other))) == {"uses_per_year"}


def test_training_and_the_skill_upgrade_of_one_trade_and_level_exclude_each_other() -> None:
    assert failed(judge(with_claims(UNEMPLOYED, claim(rule="R5_UP_L5")))) == {"same_trade_level"}
    assert failed(judge(with_claims(CERTIFIED, claim(rule="R2_EMP_SHORT")), UPGRADE)) == {"same_trade_level"}
    assert judge(with_claims(CERTIFIED, claim(rule="R2_EMP_SHORT", state="rejected")), UPGRADE).is_plain_yes


def test_what_would_change_a_no_from_history_is_told_one_thing_at_a_time() -> None:
    three = [claim(trade="6-05-01-03", on=f"2026-0{month}-01") for month in (1, 2, 3)]
    (miss,) = judge(with_claims(UNEMPLOYED, *three)).near_misses
    assert (miss.code, miss.is_plain_yes) == ("next_year", True)
    (both,) = judge(with_claims(UNEMPLOYED, claim(), *three)).near_misses
    assert [step.code for step in both.steps] == ["other_trade_or_level", "next_year"]
    assert near_miss_text(both, "zh_CN").count("；同时") == 1


@pytest.mark.parametrize(
    ("used", "listed", "answer"),
    [
        (0, False, Answer.YES),
        (1, False, Answer.NO),
        (1, True, Answer.YES),
        (2, True, Answer.YES),
        (3, True, Answer.NO),
    ],
)
def test_one_a_year_and_two_more_in_shortage_trades_is_written_down_and_can_be_switched_on(
    used: int, listed: bool, answer: Answer
) -> None:
    offer = replace(WELDING, listed=listed)
    assert judge({**UNEMPLOYED, "used_this_year": min(used, 2)}, offer).is_plain_yes
    assert (
        evaluate(
            switched_on("uses_per_year_after_2024"), {**UNEMPLOYED, "used_this_year": used}, offer, TODAY
        ).answer
        is answer
    )


def switched_on(code: str) -> RuleBook:
    entries = read_entries()
    limits = [{**entry, "off": False} if entry["code"] == code else entry for entry in entries["limit"]]
    return build_rulebook({**entries, "limit": limits})


# --- Apprentices --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("completed", "paid", "exception", "subsidy"),
    [
        (1, 0, None, 400_000),
        (2, 0, None, 800_000),
        (2, 1, None, 400_000),
        (3, 0, None, 800_000),
        (3, 0, True, 1_200_000),
        (3, 2, True, 400_000),
    ],
)
def test_an_apprentice_brings_one_payment_for_each_completed_year_not_yet_paid(
    completed: int, paid: int, exception: bool | None, subsidy: int
) -> None:
    instalments = [claim(level=4, rule="R3_APPR_MID", on=f"{2024 + year}-06-01") for year in range(paid)]
    facts = {
        **with_claims(APPRENTICE, *instalments),
        "plan_years_completed": completed,
        "plan_exception": exception,
    }
    verdict = judge(facts, APPRENTICED)
    assert verdict.is_plain_yes
    assert (verdict.rule_code, verdict.subsidy_fen, verdict.cap_fen) == ("R3_APPR_MID", subsidy, subsidy)


def test_before_a_year_is_completed_the_payment_is_a_condition() -> None:
    for completed in (None, 0):
        verdict = judge({**APPRENTICE, "plan_years_completed": completed}, APPRENTICED)
        assert open_conditions(verdict) == {"plan_year"}
        assert verdict.subsidy_fen == 400_000
    instalment = claim(level=4, rule="R3_APPR_MID")
    assert open_conditions(judge(with_claims(APPRENTICE, instalment), APPRENTICED)) == {"plan_year"}


def test_a_plan_is_paid_for_two_years_and_for_a_third_only_by_exception() -> None:
    instalments = [claim(level=4, rule="R3_APPR_MID", on=f"{year}-06-01") for year in (2024, 2025)]
    facts = {**with_claims(APPRENTICE, *instalments), "plan_years_completed": 3}
    assert open_conditions(judge(facts, APPRENTICED)) == {"plan_years"}
    assert failed(judge({**facts, "plan_exception": False}, APPRENTICED)) == {"plan_years"}
    assert judge({**facts, "plan_exception": True}, APPRENTICED).is_plain_yes


def test_in_the_term_of_an_apprenticeship_nothing_else_is_paid() -> None:
    veteran = {**UNEMPLOYED, "situations": ["VETERAN", "APPRENTICE"]}
    assert failed(judge(veteran)) == {"not_apprentice"}
    both = {**CERTIFIED, "situations": ["EMPLOYEE", "APPRENTICE"], "plan_years_completed": 1}
    assert judge(both, APPRENTICED).rule_code == "R3_APPR_MID"
    assert failed(judge(both, UPGRADE)) == {"level"}
    assert "not_apprentice" not in {reason.code for reason in judge(UNEMPLOYED).reasons}


# --- Certificates -------------------------------------------------------------------------------------------


def test_the_list_of_the_day_of_the_certificate_decides_the_uplift() -> None:
    facts = {**CERTIFIED, "certificate_on": "2026-05-01"}
    amounts = {
        listed: judge(facts, replace(UPGRADE, listed_at_certificate=listed)).subsidy_fen
        for listed in (True, False)
    }
    assert amounts == {True: 110_000, False: 100_000}
    unknown = judge(facts, UPGRADE)
    assert open_conditions(unknown) == {"listed_at_certificate"}
    assert unknown.subsidy_fen is None


def test_the_amount_is_that_of_the_day_of_the_certificate() -> None:
    change = date(2026, 6, 1)
    rules = []
    for rule in book().rules:
        is_changed = rule.code == "R5_UP_L5"
        rules.append(replace(rule, valid_to=change) if is_changed else rule)
        if is_changed:
            rules.append(replace(rule, valid_from=change, amount_fen=120_000))
    later = replace(book(), rules=tuple(rules))
    offer = replace(UPGRADE, listed=False, listed_at_certificate=False)
    for issued, amount in (("2026-05-31", 100_000), ("2026-06-01", 120_000)):
        assert evaluate(later, {**CERTIFIED, "certificate_on": issued}, offer, TODAY).subsidy_fen == amount


def test_a_certificate_older_than_the_policy_is_a_no() -> None:
    verdict = judge({**CERTIFIED, "certificate_on": "2019-10-14"}, UPGRADE, date(2019, 12, 1))
    assert failed(verdict) == {"in_force_at_certificate"}
    offer = replace(UPGRADE, listed_at_certificate=True)
    assert judge({**CERTIFIED, "certificate_on": "2019-10-15"}, offer, date(2019, 12, 1)).is_plain_yes


def test_insurance_in_the_month_of_the_certificate_is_asked_only_when_switched_on() -> None:
    assert judge(CERTIFIED, UPGRADE).is_plain_yes
    strict = switched_on("insured_at_certificate")
    assert open_conditions(evaluate(strict, CERTIFIED, UPGRADE, TODAY)) == {"insured_at_certificate"}
    assert failed(evaluate(strict, {**CERTIFIED, "insured_at_certificate": False}, UPGRADE, TODAY)) == {
        "insured_at_certificate"
    }


# --- Groups -------------------------------------------------------------------------------------------------


def test_a_student_trains_free_in_the_graduation_year_and_not_before_it() -> None:
    student = {**UNEMPLOYED, "situations": ["GRAD_YEAR_STUDENT"]}
    assert open_conditions(judge(student)) == {"graduation_year"}
    assert judge({**student, "graduates_on": "2027-06-30"}).is_plain_yes
    assert failed(judge({**student, "graduates_on": "2028-06-30"})) == {"graduation_year"}


def test_the_claim_runs_under_a_group_whose_own_conditions_hold() -> None:
    facts = {**UNEMPLOYED, "situations": ["GRAD_YEAR_STUDENT", "DISABLED"], "graduates_on": "2028-06-30"}
    assert judge({**facts, "recognised": True}).group_code == "DISABLED"
    assert judge({**facts, "graduates_on": "2027-06-30"}).group_code == "GRAD_YEAR_STUDENT"
    assert judge({**facts, "recognised": False}).answer is Answer.NO


# --- Amounts ------------------------------------------------------------------------------------------------


def test_a_published_standard_is_paid_up_to_from_its_first_day() -> None:
    published = date(2026, 11, 1)
    standards = (
        Standard(WELDING.trade_code, 5, 180_000, "示例〔2026〕1号", published),
        Standard(WELDING.trade_code, None, 150_000, "示例〔2026〕1号", published),
    )
    later = replace(book(), standards=standards)
    judged = {level: evaluate(later, UNEMPLOYED, replace(WELDING, level=level), TODAY) for level in (5, 4, None)}
    assert {level: verdict.subsidy_fen for level, verdict in judged.items()} == {
        5: 180_000,
        4: 150_000,
        None: 150_000,
    }
    assert "standard_missing" not in {reason.code for reason in judged[5].reasons}
    assert evaluate(later, UNEMPLOYED, WELDING, date(2026, 10, 31)).subsidy_fen == 250_000
    assert evaluate(later, UNEMPLOYED, SEWING, TODAY).subsidy_fen == 220_000


# --- Beside the answer --------------------------------------------------------------------------------------


def test_alternatives_are_ranked_by_what_the_learner_is_better_off_by() -> None:
    facts = {**CERTIFIED, "situations": ["EMPLOYEE", "RURAL_TRANSFER"]}
    cheap, dear = (judge(facts, replace(UPGRADE, fee_fen=fee, designated=True)) for fee in (50_000, 300_000))
    assert [(each.form, each.benefit_fen) for each in cheap.alternatives] == [("employment", 50_000)]
    assert [(each.form, each.learner_pays_fen) for each in dear.alternatives] == [("employment", 0)]
    back = judge(facts, replace(WELDING, fee_fen=50_000)).alternatives
    assert [(each.form, each.rule_code, each.benefit_fen) for each in back] == [("upgrade", "R5_UP_L5", 110_000)]


def test_a_no_names_the_other_form_among_the_alternatives() -> None:
    (other,) = judge(EMPLOYEE).alternatives
    assert (other.form, other.payee, other.is_plain_yes) == ("upgrade", "worker", False)


def test_the_question_that_settles_most_comes_first_and_those_without_which_there_is_no_answer_before_all() -> (
    None
):
    assert judge({}).next_question == "situations"
    assert judge({"situations": ["VETERAN"]}).next_question == "age_band"
    assert judge({"situations": ["VETERAN"], "age_band": "16_49"}).next_question == "same_trade_level_before"
    assert judge(without(UNEMPLOYED, "residence", "used_this_year")).next_question == "used_this_year"


def test_a_question_nobody_asks_is_never_the_next_one() -> None:
    verdict = judge({**UNEMPLOYED, "situations": ["DISABLED"]})
    assert open_conditions(verdict) == {"recognised"}
    assert verdict.next_question is None


def test_many_people_get_the_verdicts_each_would_get_alone() -> None:
    people = [UNEMPLOYED, EMPLOYEE, APPRENTICE, CERTIFIED, {}, {"situations": ["DISABLED"]}]
    for offer in (WELDING, UPGRADE, FOUNDING):
        alone = [evaluate(book(), facts, offer, TODAY, near_misses=False) for facts in people]
        assert evaluate_many(book(), people, offer, TODAY) == alone
        assert evaluate_many(book(), [read_facts(book(), facts) for facts in people], offer, TODAY) == alone
    assert [v.answer for v in evaluate_many(book(), people, WELDING, date(2019, 1, 1))] == [
        Answer.NOT_IN_FORCE
    ] * 6


# --- The tree -----------------------------------------------------------------------------------------------


def tree_of(facts: dict[str, Any], offer: Any = WELDING) -> tuple[Verdict, Node]:
    verdict = evaluate(book(), facts, offer, TODAY, tree=True)
    assert verdict.tree is not None
    return verdict, verdict.tree


def every(node: Node) -> list[Node]:
    return [node, *(found for part in node.parts for found in every(part))]


@pytest.mark.parametrize(
    ("facts", "offer", "outcome"),
    [
        (UNEMPLOYED, WELDING, Outcome.HELD),
        ({**UNEMPLOYED, "residence": "elsewhere"}, WELDING, Outcome.FAILED),
        (without(UNEMPLOYED, "residence"), WELDING, Outcome.UNKNOWN),
        ({}, WELDING, Outcome.UNKNOWN),
        (EMPLOYEE, WELDING, Outcome.FAILED),
        (CERTIFIED, UPGRADE, Outcome.HELD),
        (APPRENTICE, APPRENTICED, Outcome.HELD),
        (UNEMPLOYED, replace(WELDING, listed=None), Outcome.UNKNOWN),
        (CERTIFIED, replace(UPGRADE, level=2), Outcome.FAILED),
    ],
)
def test_the_tree_comes_out_as_the_verdict_does(facts: dict[str, Any], offer: Any, outcome: Outcome) -> None:
    verdict, tree = tree_of(facts, offer)
    assert tree.outcome is outcome
    assert verdict.is_plain_yes == (outcome is Outcome.HELD)
    assert (verdict.answer is Answer.NO) == (outcome is Outcome.FAILED)


def test_the_tree_holds_every_rule_of_the_form_the_one_used_first_each_with_its_clause() -> None:
    verdict, tree = tree_of(CERTIFIED, UPGRADE)
    assert tree.parts[0].code == verdict.rule_code == "R5_UP_L5"
    assert sorted(node.code[:2] for node in tree.parts) == ["R3", "R4", "R5", "R6", "R7"]
    assert all(node.clause == "三(一)3" for node in tree.parts)
    used = tree.parts[0]
    assert {node.code for node in used.parts if node.kind == "check"} >= {"insured_months", "certificate"}
    assert {node.fact for node in every(used)} >= {"situations", "birth_on", "claims"} - {"claims"}
    assert [node.code for node in used.parts if node.kind == "amount"] == ["R8_UP_SHORT"]
    json.dumps([node.kind for node in every(tree)])


def test_a_branch_of_the_tree_names_the_reading_it_rests_on() -> None:
    _verdict, tree = tree_of({**UNEMPLOYED, "situations": ["MIGRANT_WORKER"]})
    readings = {reading for node in every(tree) for reading in node.readings}
    assert {"A1", "A7", "A8", "A9", "A16", "A17", "A18"} <= readings


def test_the_tree_is_made_only_when_asked_for() -> None:
    assert judge(UNEMPLOYED).tree is None


# --- The files ----------------------------------------------------------------------------------------------


def test_every_ambiguity_has_a_reading_with_value_and_basis_and_a_place_where_it_applies() -> None:
    assert [reading.code for reading in book().readings] == [f"A{number}" for number in range(1, 40)]
    for reading in book().readings:
        assert reading.basis
        assert reading.applied or book().uses_of(reading.code)


def test_a_reading_nobody_uses_is_refused_and_so_is_one_that_says_another_number(tmp_path: Any) -> None:
    from shutil import copytree

    from app.policy.loader import RULES

    for old, new, advice in (
        ('applied = "app/policy/amounts.py: half_up"\n', "", "Nothing uses it"),
        ("minimum_age = 16", "minimum_age = 18", "Make minimum_age 16"),
    ):
        folder = copytree(RULES, tmp_path / advice)
        path = folder / "readings.toml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        with pytest.raises(PolicyFileError, match=advice):
            load_rulebook(folder)


def test_every_limit_can_be_told_in_every_way_it_may_come_out() -> None:
    params = dict.fromkeys(("years", "most", "months"), 7)
    for limit in book().limits:
        if limit.when is None or (limit.when.facts and limit.when.facts[0].startswith("offer.")):
            continue
        says = limit.says or limit.code
        ways = ["held", "unknown"] if says == "plan_year" else ["held", "failed", "unknown"]
        for outcome in ways:
            assert text(f"reason.{says}.{outcome}", "en", **params)
        if limit.if_unknown == "condition":
            assert text(f"condition.{says}", "zh", **params)


def test_the_yearly_targets_make_the_total_of_four_years() -> None:
    targets = {target.code: target for target in book().targets}
    total = targets["T1"]
    assert len(targets) == 14
    assert sum(targets[code].number for code in total.sum_of) * 4 == total.number
    assert len(book().programmes) == 14


def test_permissions_have_no_amount_and_what_is_not_paid_is_there_and_off() -> None:
    assert [support.code for support in book().supports if not support.off] == ["R10_EDU_FUND", "R11_TAX"]
    assert {support.code for support in book().supports if support.off} == {
        "TECHNICIAN",
        "SPECIAL_SKILL",
        "ASSESSMENT_FEE",
        "LIVING_ALLOWANCE",
    }
