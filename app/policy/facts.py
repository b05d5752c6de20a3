"""What is known about a person: read once from plain values, so that a missing key is unknown and never a no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from .rulebook import RuleBook

Facts = Mapping[str, object]

FACT_KEYS = frozenset(
    {
        "situations", "age_band", "birth_on", "sex", "residence", "same_trade_level_before",
        "used_this_year", "insured_months", "certificate", "recognised",
    }
)  # fmt: skip


class FactError(ValueError):
    """A fact with a value the rule book does not know: `fact` is its key."""

    def __init__(self, fact: str, value: object) -> None:
        super().__init__(f"The fact {fact!r} cannot be {value!r}.")
        self.fact = fact


@dataclass(frozen=True)
class Known:
    """Facts with their types; None is unknown. `ages` is (from, to) in whole years, both ends in."""

    groups: frozenset[str] | None = None
    ages: tuple[int, int] | None = None
    birth_on: date | None = None
    sex: str | None = None
    residence: str | None = None
    same_trade_level_before: bool | None = None
    used_this_year: int | None = None
    insured_months: int | None = None
    certificate: bool | None = None
    recognised: bool | None = None


def facts_from_answers(book: RuleBook, answers: Mapping[str, str]) -> dict[str, object]:
    """Turn chosen option codes, by fact, into facts; choices that tell nothing leave the key out.

    Raises FactError for a question or an option the rule book does not have.
    """
    facts: dict[str, object] = {}
    for fact, code in answers.items():
        question = book.question(fact)
        option = question.option(code) if question else None
        if option is None:
            raise FactError(fact, code)
        if option.value is not None:
            facts[fact] = option.value
    return facts


def read_facts(book: RuleBook, facts: Facts) -> Known:
    """Read facts into `Known`.

    situations: group codes (the whole answer: groups left out are not held) · age_band, residence: option values
    · birth_on: date (wins over the band) · sex: male, female · used_this_year, insured_months: whole numbers
    · same_trade_level_before, certificate, recognised: bool or yes/no. "unknown" or None counts as missing.
    Raises FactError for a key or value that is not one of these.
    """
    for key in facts:
        if key not in FACT_KEYS:
            raise FactError(key, facts[key])
    given = {key: value for key, value in facts.items() if value is not None and value != "unknown"}
    return Known(
        groups=_groups(book, given),
        ages=_ages(book, given),
        birth_on=_birth_on(given),
        sex=_choice(given, "sex", ("male", "female")),
        residence=_choice(given, "residence", _values(book, "residence")),
        same_trade_level_before=_flag(given, "same_trade_level_before"),
        used_this_year=_count(given, "used_this_year"),
        insured_months=_count(given, "insured_months"),
        certificate=_flag(given, "certificate"),
        recognised=_flag(given, "recognised"),
    )


def _groups(book: RuleBook, facts: Facts) -> frozenset[str] | None:
    if "situations" not in facts:
        return None
    value = facts["situations"]
    if not isinstance(value, list | tuple | set | frozenset):
        raise FactError("situations", value)
    known = {group.code for group in book.groups}
    for code in value:
        if code not in known:
            raise FactError("situations", code)
    return frozenset(value)


def _ages(book: RuleBook, facts: Facts) -> tuple[int, int] | None:
    if "age_band" not in facts:
        return None
    question = book.question("age_band")
    for option in question.options if question else ():
        if option.value == facts["age_band"] and option.from_age is not None and option.to_age is not None:
            return option.from_age, option.to_age
    raise FactError("age_band", facts["age_band"])


def _birth_on(facts: Facts) -> date | None:
    value = facts.get("birth_on")
    if value is None:
        return None
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise FactError("birth_on", value) from error


def _values(book: RuleBook, fact: str) -> tuple[str, ...]:
    question = book.question(fact)
    return tuple(o.value for o in question.options if isinstance(o.value, str)) if question else ()


def _choice(facts: Facts, key: str, allowed: tuple[str, ...]) -> str | None:
    value = facts.get(key)
    if value is not None and value not in allowed:
        raise FactError(key, value)
    return None if value is None else str(value)


def _flag(facts: Facts, key: str) -> bool | None:
    value = facts.get(key)
    if value is None or isinstance(value, bool):
        return value
    if value in ("yes", "no"):
        return value == "yes"
    raise FactError(key, value)


def _count(facts: Facts, key: str) -> int | None:
    value = facts.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise FactError(key, value)
    return value
