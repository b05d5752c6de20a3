"""The single checks of an evaluation: each holds, fails or is unknown, and knows which fact would settle it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from .ages import is_before_retirement, is_old_enough
from .facts import Known
from .rulebook import Limit, RuleBook, SubsidyRule, TargetGroup, in_force
from .verdict import Offer, Outcome, Param


@dataclass(frozen=True)
class Check:
    """One check. Unknown and `blocking`: there is no answer yet; unknown and not: a condition of the yes."""

    code: str
    outcome: Outcome
    fact: str = ""
    blocking: bool = True
    clause: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """Which entitlement the person's groups open, the claiming group first, and how that was found."""

    entitlement: str | None
    groups: tuple[TargetGroup, ...]
    check: Check


def find_standing(book: RuleBook, known: Known, rules: tuple[SubsidyRule, ...], on: date) -> Standing:
    """Find the entitlement the person's groups open among these rules.

    A group named by the text wins over an inferred one, and one that needs no recognition over one that does:
    a claim runs under one group and nothing stacks, our reading.
    """
    entitlements = tuple(dict.fromkeys(rule.opens for rule in rules))
    if known.groups is None:
        only = entitlements[0] if len(entitlements) == 1 else None
        return Standing(only, (), Check("group", Outcome.UNKNOWN, "situations", clause=rules[0].clause))
    held = [group for group in in_force(book.groups, on) if group.code in known.groups]
    for entitlement in entitlements:
        opening = [group for group in held if entitlement in group.opens]
        if opening:
            opening.sort(key=lambda group: (group.recognition, group.basis != "explicit"))
            best = opening[0]
            code = "group" if best.basis == "explicit" else "group_inferred"
            return Standing(entitlement, tuple(opening), Check(code, Outcome.HELD, clause=best.clause))
    code = "group"
    if held:
        code = "group_other_form" if any(group.opens for group in held) else "group_without_amount"
    return Standing(None, (), Check(code, Outcome.FAILED, "situations", clause=rules[0].clause))


def person_checks(book: RuleBook, known: Known, standing: Standing, on: date) -> Iterator[Check]:
    """Check the person against every limit in force on the day."""
    groups = standing.groups
    if groups and groups[0].recognition:
        yield _check("recognised", known.recognised, "recognised", blocking=False, clause=groups[0].clause)
    for limit in in_force(book.limits, on):
        if limit.entitlements and standing.entitlement not in limit.entitlements:
            continue
        check = _LIMITS[limit.code](known, limit, on)
        if check:
            yield check


def offer_checks(offer: Offer, rules: tuple[SubsidyRule, ...]) -> Iterator[Check]:
    """Check the course itself: money paid to an institution needs a designation (「依托定点培训机构」)."""
    if any(rule.kind == "cap" for rule in rules):
        yield _check("designated", offer.designated, "offer.designated", clause=rules[0].clause)


def _minimum_age(known: Known, limit: Limit, on: date) -> Check:
    years = limit.number or 0
    held = is_old_enough(known, years, on)
    return _limited(limit, held, "age_band", years=years)


def _retirement_age(known: Known, limit: Limit, on: date) -> Check | None:
    if known.ages is None and known.birth_on is None:
        return None  # the question about age already stands open
    return _limited(limit, is_before_retirement(known, limit.tracks, on), "birth_on")


def _residence(known: Known, limit: Limit, on: date) -> Check:
    held = None if known.residence is None else known.residence in limit.accepts
    return _limited(limit, held, "residence")


def _same_trade_level(known: Known, limit: Limit, on: date) -> Check:
    before = known.same_trade_level_before
    return _limited(limit, None if before is None else not before, "same_trade_level_before")


def _uses_per_year(known: Known, limit: Limit, on: date) -> Check:
    most = limit.number or 0
    held = None if known.used_this_year is None else known.used_this_year < most
    return _limited(limit, held, "used_this_year", most=most)


def _insured_months(known: Known, limit: Limit, on: date) -> Check:
    least = limit.number or 0
    held = None if known.insured_months is None else known.insured_months >= least
    return _limited(limit, held, "insured_months", months=least)


def _certificate(known: Known, limit: Limit, on: date) -> Check:
    # Nobody holds the certificate before the course: "not yet" keeps the condition open and is never a no.
    return _limited(limit, known.certificate or None, "certificate", months=limit.number or 0)


def _limited(limit: Limit, held: bool | None, fact: str, **params: Param) -> Check:
    return _check(limit.code, held, fact, blocking=limit.if_unknown == "ask", clause=limit.clause, params=params)


def _check(
    code: str,
    held: bool | None,
    fact: str,
    *,
    blocking: bool = True,
    clause: str = "",
    params: Mapping[str, Param] | None = None,
) -> Check:
    outcome = Outcome.UNKNOWN if held is None else Outcome.HELD if held else Outcome.FAILED
    return Check(code, outcome, fact, blocking, clause, params or {})


_LIMITS: Mapping[str, Callable[[Known, Limit, date], Check | None]] = {
    "minimum_age": _minimum_age,
    "retirement_age": _retirement_age,
    "residence": _residence,
    "same_trade_level": _same_trade_level,
    "uses_per_year": _uses_per_year,
    "insured_months": _insured_months,
    "certificate": _certificate,
}

LIMIT_CODES = frozenset(_LIMITS)
