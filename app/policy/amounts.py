"""Which rule pays for a course, and how much. Integer fen throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .conditions import Count, View
from .rulebook import Limit, SubsidyRule
from .verdict import Condition, Offer, Outcome, Reason

Standards = Mapping[tuple[str, int | None], int]


@dataclass(frozen=True, slots=True)
class Award:
    """What the rules would pay: `rule` None while several are possible, amounts None while not known.

    `possible` are the rules not ruled out by the course, `cited` those to quote; `reasons` what the course met or
    lacked, `open` what a yes would still depend on; `failed`: no rule pays; `blocked`: no answer yet.
    """

    rule: SubsidyRule | None
    payee: str | None
    cap_fen: int | None
    subsidy_fen: int | None
    possible: tuple[SubsidyRule, ...]
    cited: tuple[SubsidyRule, ...]
    reasons: tuple[Reason, ...] = ()
    open: tuple[Condition, ...] = ()
    failed: bool = False
    blocked: bool = False
    is_unset: bool = False


def find_award(
    paying: tuple[SubsidyRule, ...],
    multipliers: tuple[SubsidyRule, ...],
    offer: Offer,
    standards: Standards,
    suffix: str = "",
) -> Award:
    """Find the rule of an entitlement that pays for the course (R1–R9) and its amount.

    `suffix` is for what is said of the list when it is not today's.
    """
    clause = paying[0].clause
    fitting = paying
    if any(rule.level for rule in paying):
        if offer.level is None:
            unknown = Reason("level", Outcome.UNKNOWN, clause)
            return Award(None, paying[0].payee, None, None, paying, paying, (unknown,), blocked=True)
        fitting = tuple(rule for rule in paying if rule.level in (None, offer.level))
        if not fitting:
            failed = Reason("level", Outcome.FAILED, clause)
            return Award(None, None, None, None, paying, paying, (failed,), failed=True)
    fitting = tuple(rule for rule in fitting if offer.listed is None or rule.listed in (None, offer.listed))
    if not fitting:
        failed = Reason("trade_paid", Outcome.FAILED, clause)
        return Award(None, None, None, None, paying, paying, (failed,), failed=True)
    if len(fitting) != 1:
        reason, open_ = _listing(offer, clause, suffix)
        return Award(None, fitting[0].payee, None, None, fitting, paying, (reason,), open_)
    return _award(fitting[0], multipliers, offer, standards, suffix)


def _award(
    rule: SubsidyRule, multipliers: tuple[SubsidyRule, ...], offer: Offer, standards: Standards, suffix: str
) -> Award:
    uplift = next((each for each in multipliers if rule.code in each.applies_to), None)
    if not rule.is_set:
        unset = Reason("amount_set", Outcome.UNKNOWN, rule.clause)
        return Award(rule, rule.payee, None, None, (rule,), (rule,), (unset,), is_unset=True)
    amount = rule.amount_fen or 0
    reasons: tuple[Reason, ...] = ()
    open_: tuple[Condition, ...] = ()
    cited: tuple[SubsidyRule, ...] = (rule,)
    if rule.listed is not None or uplift:
        reason, open_ = _listing(offer, uplift.clause if uplift else rule.clause, suffix)
        reasons = (reason,)
    if uplift and offer.listed is None:
        return Award(rule, rule.payee, None, None, (rule,), (rule, uplift), reasons, open_)
    if uplift and offer.listed:
        cited = (rule, uplift)
        amount = half_up(amount * (100 + (uplift.percent or 0)), 100)
    paid = amount
    if rule.kind == "cap":
        standard = offer.standard_fen
        if standard is None:
            standard = standards.get((offer.trade_code, offer.level), standards.get((offer.trade_code, None)))
        if standard is None:
            reasons += (Reason("standard_missing", Outcome.HELD, rule.clause),)
        # 最高不超过: our reading.
        paid = min(amount, offer.fee_fen, amount if standard is None else standard)
    return Award(rule, rule.payee, amount, paid, (rule,), cited, reasons, open_)


def years_due(plan_years: Limit | None, view: View) -> int:
    """How many yearly instalments of an apprentice's plan are due now; 1 while that is not known."""
    completed: int | None = view.facts.get("plan_years_completed")
    if completed is None or plan_years is None or plan_years.when is None:
        return 1
    most = plan_years.number or 1
    if view.facts.get("plan_exception"):
        most = plan_years.numbers.get("by_exception", most)
    counts = [part for part in plan_years.when.parts if isinstance(part, Count)]
    paid = counts[0].number(view) if counts else None
    return max(1, min(completed, most) - (paid or 0))


def _listing(offer: Offer, clause: str, suffix: str) -> tuple[Reason, tuple[Condition, ...]]:
    if offer.listed is None:
        code = f"listed{suffix}"
        return Reason(code, Outcome.UNKNOWN, clause), (Condition(code, "offer.listed", clause),)
    entry = {"entry": offer.list_entry or ""}
    return Reason(f"{'listed' if offer.listed else 'not_listed'}{suffix}", Outcome.HELD, clause, entry), ()


def half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to a whole number, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)
