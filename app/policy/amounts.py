"""Which rule pays for a course, and how much. Integer fen throughout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .checks import Check
from .rulebook import SubsidyRule
from .verdict import Offer, Outcome


@dataclass(frozen=True)
class Award:
    """What the rules would pay: `rule` None while several are possible, amounts None while not known.

    `cited` are the rules to quote; `checks` what the course must still meet or say.
    """

    rule: SubsidyRule | None
    payee: str | None
    cap_fen: int | None
    subsidy_fen: int | None
    cited: tuple[SubsidyRule, ...]
    checks: tuple[Check, ...]


def find_award(rules: tuple[SubsidyRule, ...], entitlement: str | None, offer: Offer) -> Award:
    """Find the rule of an entitlement that pays for the course (R1–R9) and its amount."""
    paying = [rule for rule in rules if rule.opens == entitlement and rule.kind != "multiplier"]
    if not paying:
        return Award(None, None, None, None, rules, ())
    clause = paying[0].clause
    fitting = paying
    if any(rule.level for rule in paying):
        if offer.level is None:
            unknown = Check("level", Outcome.UNKNOWN, "offer.level", clause=clause)
            return Award(None, paying[0].payee, None, None, tuple(paying), (unknown,))
        fitting = [rule for rule in paying if rule.level in (None, offer.level)]
        if not fitting:
            failed = Check("level", Outcome.FAILED, "offer.level", clause=clause)
            return Award(None, None, None, None, tuple(paying), (failed,))
    fitting = [rule for rule in fitting if offer.listed is None or rule.listed in (None, offer.listed)]
    if len(fitting) != 1:
        return Award(
            None, fitting[0].payee if fitting else None, None, None, tuple(paying), (_listing(offer, clause),)
        )
    return _award(fitting[0], rules, offer)


def _award(rule: SubsidyRule, rules: tuple[SubsidyRule, ...], offer: Offer) -> Award:
    uplift = next((r for r in rules if r.kind == "multiplier" and rule.code in r.applies_to), None)
    checks = []
    cited: tuple[SubsidyRule, ...] = (rule,)
    amount = rule.amount_fen
    if amount is None:
        checks.append(Check("amount_set", Outcome.UNKNOWN, clause=rule.clause))
    elif rule.listed is not None or uplift:
        checks.append(_listing(offer, uplift.clause if uplift else rule.clause))
    if uplift and amount is not None:
        if offer.listed is None:
            return Award(rule, rule.payee, None, None, (rule, uplift), tuple(checks))
        if offer.listed:
            cited = (rule, uplift)
            amount = _half_up(amount * (100 + (uplift.percent or 0)), 100)
    checks += _standard(rule, offer)
    return Award(rule, rule.payee, amount, _payable(rule, amount, offer), cited, tuple(checks))


def _payable(rule: SubsidyRule, amount: int | None, offer: Offer) -> int | None:
    """A cap pays min(standard in force, fee, cap), our reading of 最高不超过; a fixed amount is paid as it is."""
    if amount is None or rule.kind != "cap":
        return amount
    return min(amount, offer.fee_fen, amount if offer.standard_fen is None else offer.standard_fen)


def _standard(rule: SubsidyRule, offer: Offer) -> Iterator[Check]:
    """Flag a cap used for want of a standard for this trade and level."""
    if rule.kind == "cap" and offer.standard_fen is None:
        yield Check("standard_missing", Outcome.HELD, clause=rule.clause)


def _listing(offer: Offer, clause: str) -> Check:
    if offer.listed is None:
        return Check("listed", Outcome.UNKNOWN, "offer.listed", blocking=False, clause=clause)
    entry = {"entry": offer.list_entry or ""}
    return Check("listed" if offer.listed else "not_listed", Outcome.HELD, clause=clause, params=entry)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
