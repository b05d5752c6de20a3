"""Which question is worth asking next: the one whose answers settle most of what may come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .checks import Check
from .conditions import View
from .facts import read_facts
from .law import Course, Plan, Standing
from .verdict import Outcome


def next_question(
    plan: Plan, course: Course, standing: Standing, unknown: Sequence[Check], view: View
) -> str | None:
    """The fact to ask for; None if no question of this form would settle anything that is open.

    A question without which there is no answer goes before one that a yes only depends on. Among equals it is the
    one that settles the largest share of its answers, then the one asked first.
    """
    group_open = standing.reason.outcome is Outcome.UNKNOWN
    if not unknown and not group_open:
        return None
    # What an answer settles does not depend on the rest of the person: once for each set of checks and questions.
    answered = plan.answered(view.facts)
    key = ("ask", group_open, view.on, answered, *[check.code for check in unknown])
    found: tuple[str | None] = course.kept(key, lambda: (_best(plan, answered, unknown, group_open, view),))
    return found[0]


def _best(
    plan: Plan,
    answered: frozenset[str],
    unknown: Sequence[Check],
    group_open: bool,
    view: View,
) -> str | None:
    book = plan.law.book
    readable: dict[str, list[Check]] = {}
    for check in unknown:
        for fact in check.facts:
            readable.setdefault(fact, []).append(check)
    if group_open:
        readable.setdefault("situations", [])
    best: tuple[bool, float] = (False, -1.0)
    chosen = None
    for question in book.questions_for(view.offer.form):
        fact = question.fact
        if fact in answered or fact not in readable:
            continue
        checks = readable[fact]
        values = [option.value for option in question.options if option.value is not None and not option.general]
        settled = [_settles(plan, fact, checks, value, view, len(unknown) + group_open) for value in values]
        is_blocking = (fact == "situations" and group_open) or any(check.blocking for check in checks)
        worth = (is_blocking, sum(settled) / len(settled) if settled else 0.0)
        if worth > best:
            best, chosen = worth, fact
    return chosen


def _settles(plan: Plan, fact: str, checks: Iterable[Check], value: object, view: View, open_: int) -> float:
    """How far one answer settles the matter: 1 for a no, the share of what was open for a yes, 0 for neither."""
    known = read_facts(plan.law.book, {fact: value})
    tried = View(known, view.offer, view.on)
    outcomes = [check.condition.holds(tried) for check in checks]
    if fact == "situations":
        standing = plan.standing(known["situations"])
        outcomes.append(standing.reason.outcome is Outcome.HELD)
    if any(held is False for held in outcomes):
        return 1.0
    return sum(1 for held in outcomes if held) / open_
