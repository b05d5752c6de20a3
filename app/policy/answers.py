"""A visitor's answers to the eligibility questions: option codes in the encrypted session, nowhere else.

What was answered of one course is kept with that course and tells nothing of another.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from app.policy.facts import Facts, facts_from_answers
from app.policy.rulebook import RuleBook

KEY = "answers"
OF_COURSE = "answers_of_course"
ASKED = "asked"
KEYS = (KEY, OF_COURSE, ASKED)


def load(session: Mapping[str, Any], course_id: int | None = None) -> dict[str, str]:
    """Question (fact) → option code, as answered so far; with what was answered of this course."""
    general, of_course = session.get(KEY), session.get(OF_COURSE)
    found = dict(general) if isinstance(general, dict) else {}
    match of_course:
        case [int(kept), dict(answers)] if kept == course_id:
            found |= answers
    return found


def save(
    session: MutableMapping[str, Any], book: RuleBook, given: Mapping[str, str], course_id: int | None = None
) -> None:
    """Keep these answers beside those given before; what the rule book does not ask or offer is dropped.

    An option that tells nothing still takes the place of the answer before it.
    """
    general, of_course = load(session), {}
    for question in book.questions:
        option = question.option(given.get(question.fact, ""))
        if option is None:
            continue
        if question.general is None or option.general:
            _forget(book, general, question.fact)
            general |= {question.fact: option.code, **option.settles}
        else:
            of_course[question.fact] = option.code
    session[KEY] = general
    if course_id is not None and of_course:
        session[OF_COURSE] = [course_id, of_course]


def skip(session: MutableMapping[str, Any], book: RuleBook, fact: str) -> None:
    """Forget the answer to one question."""
    general = load(session)
    _forget(book, general, fact)
    session[KEY] = general


def _forget(book: RuleBook, answers: dict[str, str], fact: str) -> None:
    """Take an answer out, and what it settled."""
    question, code = book.question(fact), answers.pop(fact, "")
    option = question.option(code) if question else None
    for other, settled in option.settles.items() if option else ():
        if answers.get(other) == settled:
            del answers[other]


def asked(session: Mapping[str, Any]) -> tuple[str, ...]:
    """The questions of the conversation put so far, in their order."""
    kept = session.get(ASKED)
    return tuple(str(fact) for fact in kept) if isinstance(kept, list) else ()


def keep_asked(session: MutableMapping[str, Any], fact: str) -> None:
    """Remember that a question was put."""
    before = asked(session)
    if fact not in before:
        session[ASKED] = [*before, fact]


def clear(session: MutableMapping[str, Any]) -> None:
    """Forget every answer."""
    for key in KEYS:
        session.pop(key, None)


def facts(book: RuleBook, answers: Mapping[str, str]) -> Facts:
    """The answers as facts; those the rule book no longer asks for, or no longer offers, are unknown."""
    return facts_from_answers(
        book, {q.fact: answers[q.fact] for q in book.questions if q.option(answers.get(q.fact, "")) is not None}
    )
