"""A visitor's answers to the eligibility questions: option codes in the encrypted session, nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from app.policy.facts import Facts, facts_from_answers
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
    """The answers as facts; those the rule book no longer asks for, or no longer offers, are unknown."""
    return facts_from_answers(
        book, {q.fact: answers[q.fact] for q in book.questions if q.option(answers.get(q.fact, "")) is not None}
    )
