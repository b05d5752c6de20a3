"""A visitor's answers to the eligibility questions: option codes in the encrypted session, nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from app.policy.evaluator import Facts
from app.policy.rulebook import RuleBook

KEY = "answers"


def load(session: Mapping[str, Any]) -> dict[str, str]:
    """Question (fact) → option code, as answered so far."""
    kept = session.get(KEY)
    return dict(kept) if isinstance(kept, dict) else {}


def save(session: MutableMapping[str, Any], book: RuleBook, given: Mapping[str, str]) -> None:
    """Keep the answers that the rule book asks for; anything else is dropped."""
    kept = {}
    for question in book.questions:
        code = given.get(question.fact)
        if code is not None and question.option(code) is not None:
            kept[question.fact] = code
    session[KEY] = kept


def clear(session: MutableMapping[str, Any]) -> None:
    """Forget every answer."""
    session.pop(KEY, None)


def facts(book: RuleBook, answers: Mapping[str, str]) -> Facts:
    """The answers as facts: an option without a value tells nothing, so its fact stays unknown."""
    known: dict[str, Any] = {}
    for question in book.questions:
        code = answers.get(question.fact)
        option = question.option(code) if code is not None else None
        if option is not None and option.value is not None:
            known[question.fact] = option.value
    return known
