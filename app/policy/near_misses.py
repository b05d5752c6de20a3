"""What would change a no, and what else would pay: a few further verdicts on changed facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Any

from .facts import Known, read_facts
from .rulebook import Change, RuleBook
from .verdict import Alternative, Answer, NearMiss, Offer, Step, Verdict

if TYPE_CHECKING:
    from .evaluator import Judged

MOST_TOGETHER = 2

Judge = Callable[..., "Judged"]


def find_near_misses(
    book: RuleBook, known: Known, offer: Offer, on: date, judged: Judged, judge: Judge
) -> tuple[NearMiss, ...]:
    """The smallest sets of changes that turn a no into a yes: every single one, else every pair.

    Only the changes the rule book holds worth telling are tried: of what failed, and another form of course.
    """
    held = known.get("situations") or frozenset()
    changes = [
        change
        for change in book.changes
        if not held.intersection(change.unless) and (change.fact == "offer.form" or change.fact in judged.failing)
    ]
    for number in range(1, MOST_TOGETHER + 1):
        found = tuple(_tried(book, combinations(changes, number), known, offer, on, judge))
        if found:
            return found
    return ()


def _tried(
    book: RuleBook,
    sets: Iterable[tuple[Change, ...]],
    known: Known,
    offer: Offer,
    on: date,
    judge: Judge,
) -> Iterator[NearMiss]:
    for changes in sets:
        if len({change.fact for change in changes}) < len(changes):
            continue
        verdict = _changed(book, changes, known, offer, on, judge)
        if verdict.answer is Answer.YES:
            yield NearMiss(
                tuple(Step(change.code, change.fact, change.value) for change in changes),
                verdict.rule_code,
                verdict.subsidy_fen,
                verdict.learner_pays_fen,
                verdict.is_plain_yes,
            )


def _changed(
    book: RuleBook, changes: tuple[Change, ...], known: Known, offer: Offer, on: date, judge: Judge
) -> Verdict:
    fields: dict[str, Any] = {
        change.fact.removeprefix("offer."): change.value for change in changes if _is_of_course(change)
    }
    values: dict[str, Any] = dict(
        read_facts(book, {change.fact: change.value for change in changes if not _is_of_course(change)})
    )
    if "situations" in values:
        values["situations"] |= known.get("situations") or frozenset()
    changed = replace(offer, **fields) if fields else offer
    verdict: Verdict = judge(book, Known({**known, **values}), changed, on, frozenset(values)).verdict
    return verdict


def _is_of_course(change: Change) -> bool:
    return change.fact.startswith("offer.")


def find_alternatives(
    book: RuleBook, known: Known, offer: Offer, on: date, judge: Judge
) -> tuple[Alternative, ...]:
    """The other forms of course that would pay this person in the same trade, the best for the learner first."""
    found = []
    for form in sorted(book.forms - {offer.form}):
        verdict = judge(book, known, replace(offer, form=form), on).verdict
        if verdict.answer is Answer.YES:
            found.append(
                Alternative(
                    form,
                    verdict.rule_code,
                    verdict.payee,
                    verdict.subsidy_fen,
                    verdict.learner_pays_fen,
                    _benefit(verdict, offer),
                    verdict.is_plain_yes,
                )
            )
    return tuple(sorted(found, key=lambda each: -(each.benefit_fen or 0)))


def _benefit(verdict: Verdict, offer: Offer) -> int | None:
    """What the learner is better off by, beside paying the fee."""
    if verdict.learner_pays_fen is None or (verdict.payee == "worker" and verdict.subsidy_fen is None):
        return None
    received = (verdict.subsidy_fen or 0) if verdict.payee == "worker" else 0
    return offer.fee_fen - verdict.learner_pays_fen + received
