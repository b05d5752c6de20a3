"""The bundled rule book and the people and courses the policy tests speak about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from app.policy.evaluator import Offer, Verdict, evaluate
from app.policy.loader import load_rulebook
from app.policy.rulebook import RuleBook

TODAY = date(2026, 11, 23)

WELDING = Offer("6-18-02-04", "焊工", True, 5, 300_000, "employment", True)
SEWING = replace(WELDING, trade_code="6-05-01-03", trade_name="缝纫工", listed=False)
UPGRADE = replace(WELDING, form="upgrade", designated=False)
FOUNDING = replace(WELDING, form="founder", level=None)

UNEMPLOYED: dict[str, Any] = {
    "situations": ["REG_UNEMPLOYED"],
    "age_band": "16_49",
    "residence": "hukou",
    "same_trade_level_before": "no",
    "used_this_year": 0,
}
EMPLOYEE: dict[str, Any] = {**UNEMPLOYED, "situations": ["EMPLOYEE"], "insured_months": 24}
CERTIFIED: dict[str, Any] = {**EMPLOYEE, "certificate_on": TODAY}
APPRENTICE: dict[str, Any] = {**UNEMPLOYED, "situations": ["APPRENTICE"], "plan_years_completed": 1}


@cache
def book() -> RuleBook:
    return load_rulebook()


def judge(facts: dict[str, Any], offer: Offer = WELDING, on: date = TODAY) -> Verdict:
    return evaluate(book(), facts, offer, on)


def without(facts: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key not in keys}


def failed(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons if reason.outcome == "failed"}


def open_conditions(verdict: Verdict) -> set[str]:
    return {condition.code for condition in verdict.conditions}
