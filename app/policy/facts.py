"""What is known about a person: read once from plain values, so that a missing key is unknown and never a no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from .conditions import PastClaim
from .rulebook import FactType, RuleBook

Facts = Mapping[str, object]


class FactError(ValueError):
    """A fact, or a value of it, that the rule book does not know: `fact` is its key; the value stays untold."""

    def __init__(self, fact: str) -> None:
        super().__init__(f"The fact {fact!r} is not declared, or its value is not one of those declared for it.")
        self.fact = fact


class Known(dict[str, Any]):
    """Typed values by fact; an age band is its first and last age."""


def facts_from_answers(book: RuleBook, answers: Mapping[str, str]) -> dict[str, object]:
    """Turn chosen option codes, by fact, into facts; choices that tell nothing leave the key out.

    Raises FactError for a question or an option the rule book does not have.
    """
    facts: dict[str, object] = {}
    for fact, code in answers.items():
        question = book.question(fact)
        option = question.option(code) if question else None
        if option is None:
            raise FactError(fact)
        if option.value is not None:
            facts[fact] = option.value
    return facts


def read_facts(book: RuleBook, facts: Facts) -> Known:
    """Read facts by their declarations in `rules/facts.toml`; "unknown" or None counts as missing.

    Dates may be written YYYY-MM-DD and flags yes or no; what was read before stays as it is. Raises FactError for
    a key or value that is not declared.
    """
    if isinstance(facts, Known):
        return facts
    known = Known()
    declared = book.facts_by_code
    for code, value in facts.items():
        fact = declared.get(code)
        if fact is None:
            raise FactError(code)
        if value is None or value == "unknown":
            continue
        try:
            known[code] = _READERS[fact.type](book, fact, value)
        except (TypeError, ValueError, KeyError):
            raise FactError(code) from None
    return known


def _flag(book: RuleBook, fact: FactType, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"yes": True, "no": False}[value]


def _number(book: RuleBook, fact: FactType, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not fact.least <= value <= fact.most:
        raise ValueError(value)
    return value


def _date(book: RuleBook, fact: FactType, value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _choice(book: RuleBook, fact: FactType, value: Any) -> str | tuple[int, int]:
    if fact.ranges:
        return fact.ranges[value]
    if value not in fact.choices:
        raise ValueError(value)
    return str(value)


def _set(book: RuleBook, fact: FactType, value: Any) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise TypeError(value)
    held = frozenset(value)
    if not held <= book.group_codes:
        raise ValueError(value)
    return held


def _claims(book: RuleBook, fact: FactType, value: Any) -> tuple[PastClaim, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(value)
    return tuple(claim if isinstance(claim, PastClaim) else _claim(fact, claim) for claim in value)


def _claim(fact: FactType, claim: Mapping[str, Any]) -> PastClaim:
    level, on = claim["level"], claim["on"]
    if level is not None and (isinstance(level, bool) or level not in range(1, 6)):
        raise ValueError(level)
    if claim["state"] not in fact.choices or not claim.keys() <= PastClaim.__dataclass_fields__.keys():
        raise ValueError(claim)
    return PastClaim(
        trade=str(claim["trade"]),
        level=level,
        on=on if isinstance(on, date) else date.fromisoformat(on),
        state=claim["state"],
        rule=str(claim["rule"]),
    )


_READERS: Mapping[str, Callable[[RuleBook, FactType, Any], Any]] = {
    "flag": _flag,
    "number": _number,
    "date": _date,
    "choice": _choice,
    "set": _set,
    "claims": _claims,
}

TYPES = frozenset(_READERS)
