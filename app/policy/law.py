"""The rule book as it stands on a day, worked out once for every period in which nothing changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from .amounts import Award, find_award
from .checks import Check, make_check
from .conditions import View
from .rulebook import Limit, RuleBook, SubsidyRule, TargetGroup, in_force
from .verdict import Offer, Outcome, Reason

MOST_KEPT = 4096


@dataclass(frozen=True, slots=True)
class GroupInForce:
    """A target group with the checks that hold for it alone."""

    group: TargetGroup
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Which entitlement the person's groups open, the claiming group first, and how that was found."""

    entitlement: str | None
    groups: tuple[GroupInForce, ...]
    reason: Reason
    codes: tuple[str, ...] = ()

    @property
    def opens_nothing(self) -> bool:
        """Whether the person's groups are known and no subsidy of this form is for any of them."""
        return self.entitlement is None and self.reason.outcome is not Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Course:
    """What a course means to holders of an entitlement: the award, and what is asked of every one of them.

    `reasons` and `failing` take in what the course alone settles; `checks` are left for the person.
    `memo` keeps what is the same for many people.
    """

    award: Award
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]
    failing: frozenset[str]
    blocked: bool
    by_certificate: bool
    memo: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    def kept(self, key: object, make: Callable[[], Any]) -> Any:
        """What `make` returned for this key before, or returns now."""
        return _kept(self.memo, key, make)


class Case:
    """A course before the rules of one period; `suffix` tells that the list is not today's."""

    __slots__ = ("_courses", "_then", "offer", "plan", "suffix")

    def __init__(self, plan: Plan, offer: Offer, suffix: str = "") -> None:
        self.plan = plan
        self.offer = offer
        self.suffix = suffix
        self._courses: dict[str | None, Course] = {}
        self._then: dict[Plan, Case] = {}

    def course(self, entitlement: str | None) -> Course:
        """What the course means to holders of an entitlement; None while it is not known which."""
        found = self._courses.get(entitlement)
        if found is None:
            found = self._courses[entitlement] = self.plan.course(entitlement, self.offer, self.suffix)
        return found

    def at_certificate(self, plan: Plan) -> Case:
        """The same course by the rules and the list of the day the certificate was issued."""
        found = self._then.get(plan)
        if found is None:
            offer = replace(self.offer, listed=self.offer.listed_at_certificate, list_entry=None)
            found = self._then[plan] = Case(plan, offer, "_at_certificate")
        return found


@dataclass(frozen=True, eq=False)
class Plan:
    """The rules for one form of course in one period."""

    law: Law
    rules: tuple[SubsidyRule, ...]
    memo: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def paying(self) -> tuple[SubsidyRule, ...]:
        """The rules that pay."""
        return tuple(rule for rule in self.rules if rule.kind != "multiplier")

    @cached_property
    def multipliers(self) -> tuple[SubsidyRule, ...]:
        """The rules that raise others."""
        return tuple(rule for rule in self.rules if rule.kind == "multiplier")

    @cached_property
    def entitlements(self) -> tuple[str, ...]:
        """What groups may open here, in the order of the rules."""
        return tuple(dict.fromkeys(rule.opens for rule in self.paying))

    @property
    def clause(self) -> str:
        """Where the form stands in the text."""
        return self.rules[0].clause

    @cached_property
    def _answers(self) -> tuple[tuple[str, frozenset[str]], ...]:
        book = self.law.book
        return tuple(
            (
                question.fact,
                frozenset(
                    {question.fact, *(each.code for each in book.facts if question.fact in each.stands_for)}
                ),
            )
            for question in book.questions_for(self.rules[0].form)
        )

    def answered(self, known: Mapping[str, Any]) -> frozenset[str]:
        """The questions that need not be asked: their fact is known, or one that stands for it."""
        return frozenset([fact for fact, answers in self._answers if not answers.isdisjoint(known)])

    def checks_of(self, rules: Iterable[SubsidyRule]) -> tuple[Check, ...]:
        """The checks that every one of the rules asks for, in the order of the first."""
        first, *others = (rule.when for rule in rules)
        codes = (code for code in first if all(code in other for other in others))
        return tuple(self.law.checks[code] for code in codes if code in self.law.checks)

    def standing(self, situations: frozenset[str] | None) -> Standing:
        """The entitlement that groups open, None if the person's are not known."""
        found: Standing = _kept(self.memo, situations, lambda: self._standing(situations))
        return found

    def _standing(self, situations: frozenset[str] | None) -> Standing:
        """A group named by the text wins over an inferred one, and one that needs no more over one that does:
        a claim runs under one group and nothing stacks, our reading.
        """
        if situations is None:
            only = self.entitlements[0] if len(self.entitlements) == 1 else None
            return Standing(only, (), Reason("group", Outcome.UNKNOWN, self.clause))
        held = [each for each in self.law.groups if each.group.code in situations]
        for entitlement in self.entitlements:
            opening = tuple(each for each in held if entitlement in each.group.opens)
            if opening:
                best = opening[0].group
                code = "group" if best.basis == "explicit" else "group_inferred"
                codes = tuple(each.group.code for each in opening)
                return Standing(entitlement, opening, Reason(code, Outcome.HELD, best.clause), codes)
        unpaid = tuple(each for each in held if not each.group.opens)
        if unpaid:
            codes = tuple(each.group.code for each in unpaid)
            reason = Reason("group_without_amount", Outcome.HELD, unpaid[0].group.clause)
            return Standing(None, unpaid, reason, codes)
        return Standing(None, (), Reason("group_other_form" if held else "group", Outcome.FAILED, self.clause))

    def case(self, offer: Offer) -> Case:
        """A course before these rules."""
        found: Case = _kept(self.memo, offer, lambda: Case(self, offer))
        return found

    def course(self, entitlement: str | None, offer: Offer, suffix: str) -> Course:
        """What a course means to holders of an entitlement, or to those of none."""
        award = self._no_award(offer, suffix) if entitlement is None else self._award(entitlement, offer, suffix)
        view = View({}, offer, date.min)
        checks = self.checks_of(award.possible)
        settled = [(check, check.condition.holds(view)) for check in checks if check.is_of_course]
        return Course(
            award=award,
            reasons=(*(check.reason(held) for check, held in settled), *award.reasons),
            checks=tuple(check for check in checks if not check.is_of_course),
            failing=frozenset(
                [fact for check, held in settled if held is False for fact in check.facts]
                + (["offer.level"] if award.failed else [])
            ),
            blocked=award.blocked or any(held is None for _check, held in settled),
            by_certificate=all(rule.judged == "certificate" for rule in award.possible),
        )

    def _award(self, entitlement: str, offer: Offer, suffix: str) -> Award:
        paying = tuple(rule for rule in self.paying if rule.opens == entitlement)
        return find_award(paying, self.multipliers, offer, self.law.standards, suffix)

    def _no_award(self, offer: Offer, suffix: str) -> Award:
        """No rule; a course that no entitlement is paid for fails those of none as well."""
        awards = [self._award(entitlement, offer, suffix) for entitlement in self.entitlements]
        if all(award.failed for award in awards):
            return awards[0]
        return Award(None, None, None, None, self.paying, self.rules)


@dataclass(frozen=True, eq=False)
class Law:
    """What is in force in one period."""

    book: RuleBook
    on: date

    @cached_property
    def limits(self) -> dict[str, Limit]:
        """The limits by code."""
        return {limit.code: limit for limit in in_force(self.book.limits, self.on)}

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The checks of the limits that are conditions and not off."""
        made = {code: make_check(limit) for code, limit in self.limits.items()}
        return {code: check for code, check in made.items() if check is not None}

    @cached_property
    def groups(self) -> tuple[GroupInForce, ...]:
        """The groups, those to claim under first."""
        ordered = sorted(
            in_force(self.book.groups, self.on),
            key=lambda group: (bool(group.when), group.basis != "explicit", group.code),
        )
        return tuple(
            GroupInForce(group, tuple(self.checks[code] for code in group.when if code in self.checks))
            for group in ordered
        )

    @cached_property
    def standards(self) -> dict[tuple[str, int | None], int]:
        """The standards by trade and level."""
        return {(each.trade, each.level): each.amount_fen for each in in_force(self.book.standards, self.on)}

    @cached_property
    def plans(self) -> dict[str, Plan]:
        """The rules by form of course, in the order of their numbers however they were entered; no entry where
        none is in force."""
        rules = sorted(in_force(self.book.rules, self.on), key=lambda rule: rule.code)
        forms = dict.fromkeys(rule.form for rule in rules if rule.kind != "multiplier")
        return {form: Plan(self, tuple(rule for rule in rules if rule.form == form)) for form in forms}


def law_on(book: RuleBook, on: date) -> Law:
    """The law of the period that holds the day."""
    edges: list[date] | None = book.memo.get("edges")
    if edges is None:
        dated: tuple[Iterable[Any], ...] = (book.groups, book.rules, book.limits, book.standards)
        edges = book.memo["edges"] = sorted(
            {day for entries in dated for entry in entries for day in (entry.valid_from, entry.valid_to) if day}
        )
    period = bisect_right(edges, on)
    law: Law | None = book.memo.get(period)
    if law is None:
        law = book.memo[period] = Law(book, edges[period - 1] if period else date.min)
    return law


def _kept(memo: dict[Any, Any], key: object, make: Callable[[], Any]) -> Any:
    found = memo.get(key)
    if found is None:
        if len(memo) >= MOST_KEPT:
            memo.clear()
        found = memo[key] = make()
    return found
