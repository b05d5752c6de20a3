"""The conditions of the rules as frozen values, three-valued: True, False, or None for not known.

They are written in TOML (`rules/limits.toml` explains the words) and read by `grammar.py`. A condition sees
a `View`: typed facts, the course, and the day it is judged on. It keeps no state and looks nothing up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from .ages import is_before_retirement, is_old_enough, plus_months
from .rulebook import RetirementTrack
from .verdict import Offer

NO_LONGER_COUNT = frozenset({"rejected", "withdrawn"})


@dataclass(frozen=True, slots=True)
class PastClaim:
    """A subsidy claimed before; level 5 (elementary) to 1, None if the trade has none."""

    trade: str
    level: int | None
    on: date
    state: str
    rule: str


@dataclass(slots=True)
class View:
    """What a condition may look at. `overruled` are facts to be believed as they are, whatever stands for them."""

    facts: Mapping[str, Any]
    offer: Offer
    on: date
    overruled: frozenset[str] = frozenset()


class Condition(Protocol):
    """Something that holds, fails or is not known for a view."""

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts it reads, the one to ask for first; fields of the course as `offer.<field>`."""

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions it is made of."""

    @property
    def word(self) -> str:
        """What it does, in the word the rule files use."""

    def holds(self, view: View) -> bool | None:
        """Whether it holds."""


def _facts_of(parts: Iterable[Condition]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact for part in parts for fact in part.facts))


@dataclass(frozen=True)
class All:
    """Every part holds; one that fails settles it."""

    parts: tuple[Condition, ...]
    word = "all"

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts of every part."""
        return _facts_of(self.parts)

    def holds(self, view: View) -> bool | None:
        """False if any part fails, None if any is not known."""
        known = True
        for part in self.parts:
            held = part.holds(view)
            if held is False:
                return False
            known = known and held is True
        return True if known else None


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]
    word = "any"

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts of every part."""
        return _facts_of(self.parts)

    def holds(self, view: View) -> bool | None:
        """True if any part holds, None if none does and one is not known."""
        known = True
        for part in self.parts:
            held = part.holds(view)
            if held:
                return True
            known = known and held is False
        return False if known else None


@dataclass(frozen=True)
class Not:
    """Its part fails."""

    part: Condition
    word = "not"

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The one part."""
        return (self.part,)

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts of the part."""
        return self.part.facts

    def holds(self, view: View) -> bool | None:
        """The other way round; not known stays not known."""
        held = self.part.holds(view)
        return None if held is None else not held


@dataclass(frozen=True)
class _Leaf:
    @property
    def parts(self) -> tuple[Condition, ...]:
        """A leaf has none."""
        return ()


@dataclass(frozen=True)
class Compare(_Leaf):
    """A fact, or a field of the course, against a value. `otherwise_unknown`: what falls short is not yet a no."""

    fact: str
    word: str
    value: Any
    of_offer: bool = False
    otherwise_unknown: bool = False

    @property
    def facts(self) -> tuple[str, ...]:
        """The fact, or `offer.<field>`."""
        return (f"offer.{self.fact}" if self.of_offer else self.fact,)

    def holds(self, view: View) -> bool | None:
        """None if the value is not known."""
        value = getattr(view.offer, self.fact) if self.of_offer else view.facts.get(self.fact)
        if value is None:
            return None
        held = COMPARISONS[self.word](value, self.value)
        return None if not held and self.otherwise_unknown else held


COMPARISONS: Mapping[str, Any] = {
    "is": lambda value, wanted: value == wanted,
    "in": lambda value, wanted: value in wanted,
    "has": lambda value, wanted: wanted in value,
    "at_least": lambda value, wanted: value >= wanted,
    "at_most": lambda value, wanted: value <= wanted,
    "below": lambda value, wanted: value < wanted,
}


@dataclass(frozen=True)
class WithinMonths(_Leaf):
    """Not later than so many months after a date: the day of the same number still counts."""

    fact: str
    months: int
    word = "within_months"

    @property
    def facts(self) -> tuple[str, ...]:
        """The date."""
        return (self.fact,)

    def holds(self, view: View) -> bool | None:
        """None while the date is not known, or still to come."""
        start = view.facts.get(self.fact)
        if start is None or start > view.on:
            return None
        return bool(view.on <= plus_months(start, self.months))


@dataclass(frozen=True)
class InYearFrom(_Leaf):
    """In the twelve months before a day (month, day) of the year that a date falls in: 毕业学年."""

    fact: str
    month: int
    day: int
    word = "in_year_from"

    @property
    def facts(self) -> tuple[str, ...]:
        """The date."""
        return (self.fact,)

    def holds(self, view: View) -> bool | None:
        """None while the date is not known."""
        named = view.facts.get(self.fact)
        if named is None:
            return None
        end = date(named.year, self.month, self.day)
        return plus_months(end, -12) <= view.on < end


@dataclass(frozen=True)
class AgeAtLeast(_Leaf):
    """An age reached by the day."""

    years: int
    word = "age_at_least"
    facts = ("age_band", "birth_on")

    def holds(self, view: View) -> bool | None:
        """None while what is known of the age leaves it open."""
        return is_old_enough(view.facts, self.years, view.on)


@dataclass(frozen=True)
class BeforeRetirement(_Leaf):
    """Below the statutory retirement age of every track that may be the person's."""

    tracks: tuple[RetirementTrack, ...]
    word = "before_retirement"
    facts = ("birth_on", "age_band", "sex")

    def holds(self, view: View) -> bool | None:
        """None while what is known of age and sex leaves it open."""
        return is_before_retirement(view.facts, self.tracks, view.on)


@dataclass(frozen=True)
class Count(_Leaf):
    """Fewer than `below` (a number, or the fact that says it) earlier claims of a kind still count.

    While no history is known the asked fact serves. `otherwise_unknown`: as many or more is not yet a no.
    """

    below: int | str
    asked: str
    same_trade: bool = False
    level: str = ""
    this_year: bool = False
    rules: frozenset[str] = frozenset()
    except_rules: frozenset[str] = frozenset()
    otherwise_unknown: bool = False
    word = "count"

    @property
    def facts(self) -> tuple[str, ...]:
        """The fact that says the number, the asked fact, then the history."""
        return (*((self.below,) if isinstance(self.below, str) else ()), self.asked, "claims")

    def holds(self, view: View) -> bool | None:
        """None while neither the history nor the answer is known."""
        number = self.number(view)
        below = view.facts.get(self.below) if isinstance(self.below, str) else self.below
        if number is None or below is None:
            return None
        return None if number >= below and self.otherwise_unknown else number < below

    def number(self, view: View) -> int | None:
        """How many claims count, by the record or else by what the person said."""
        claims = view.facts.get("claims")
        if claims is not None and self.asked not in view.overruled:
            return len([claim for claim in claims if self._counts(claim, view)]) if claims else 0
        said = view.facts.get(self.asked)
        return None if said is None else int(said)

    def _counts(self, claim: PastClaim, view: View) -> bool:
        if claim.state in NO_LONGER_COUNT:
            return False
        if self.this_year and claim.on.year != view.on.year:
            return False
        if self.rules and claim.rule not in self.rules:
            return False
        if self.same_trade and claim.trade != view.offer.trade_code:
            return False
        is_same_level = claim.level == view.offer.level
        if self.level == "same" and not is_same_level:
            return False
        if claim.rule in self.except_rules and is_same_level:
            return False
        return self.level != "same_or_higher" or is_same_level or _is_higher(claim.level, view.offer.level)


def _is_higher(claimed: int | None, wanted: int | None) -> bool:
    """Levels count down; a course that states none is below every level."""
    return claimed is not None and (wanted is None or claimed < wanted)
