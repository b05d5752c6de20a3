"""The pure evaluator: is this course free for this person on this day, how much, and why.

Three-valued: an unknown is never a yes. Source: the opinions of 2019-10-15 (`sources/`),
with each reading of them beside the data in `rules/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from .amounts import Award, find_award
from .checks import Check, Standing, find_standing, offer_checks, person_checks
from .facts import FactError, Facts, Known, read_facts
from .rulebook import RuleBook, SubsidyRule, TargetGroup, in_force
from .verdict import (
    Answer,
    Citation,
    Condition,
    NearMiss,
    Offer,
    Outcome,
    ProofNeed,
    Reason,
    Verdict,
)

__all__ = ["Answer", "FactError", "Facts", "Offer", "Verdict", "evaluate"]

IDENTITY_PAPER = "ID_CARD"


def evaluate(book: RuleBook, facts: Facts, offer: Offer, on: date, *, near_misses: bool = True) -> Verdict:
    """Answer 「这门课对我免费吗？」 for one person, one course and one day.

    `facts` as in `read_facts`, a missing key being unknown; money in fen. The same arguments always give the
    same verdict. Near misses cost several verdicts each: a list of courses does without. Raises FactError for a
    fact the book does not know and ValueError for an unknown form.
    """
    if offer.form not in {rule.form for rule in book.rules}:
        raise ValueError(f"The rule book has no form {offer.form!r}.")
    known = read_facts(book, facts)
    verdict = _judge(book, known, offer, on)
    if near_misses and verdict.answer is Answer.NO:
        return replace(verdict, near_misses=tuple(_near_misses(book, facts, known, offer, on)))
    return verdict


def _judge(book: RuleBook, known: Known, offer: Offer, on: date) -> Verdict:
    rules = tuple(rule for rule in in_force(book.rules, on) if rule.form == offer.form)
    if not rules:
        return Verdict(Answer.NOT_IN_FORCE, reasons=(Reason("in_force", Outcome.FAILED),))
    standing = find_standing(book, known, rules, on)
    award = find_award(rules, standing.entitlement, offer)
    checks = (
        standing.check,
        *offer_checks(offer, rules),
        *award.checks,
        *person_checks(book, known, standing, on),
    )
    answer = _answer(checks)
    reasons = tuple(Reason(c.code, c.outcome, c.clause, c.params) for c in checks)
    citations = _citations(standing, award)
    if answer is Answer.NO:
        return Verdict(answer, subsidy_fen=0, learner_pays_fen=offer.fee_fen, reasons=reasons, citations=citations)
    is_yes = answer is Answer.YES
    return Verdict(
        answer,
        rule_code=award.rule.code if award.rule else None,
        group_code=standing.groups[0].code if standing.groups else None,
        group_codes=tuple(group.code for group in standing.groups),
        payee=award.payee,
        cap_fen=award.cap_fen,
        subsidy_fen=award.subsidy_fen if is_yes else None,
        learner_pays_fen=_learner_pays(award.payee, offer) if is_yes else None,
        conditions=_conditions(checks),
        reasons=reasons,
        proofs=tuple(_proofs(book, known, standing.groups, award.rule, on)),
        next_question=_next_question(book, offer.form, checks),
        citations=citations,
    )


def _answer(checks: tuple[Check, ...]) -> Answer:
    """A failed check is a no whatever else is unknown, so that more facts can never turn it."""
    if any(check.outcome is Outcome.FAILED for check in checks):
        return Answer.NO
    if any(check.outcome is Outcome.UNKNOWN and check.blocking for check in checks):
        return Answer.UNKNOWN
    return Answer.YES


def _learner_pays(payee: str | None, offer: Offer) -> int | None:
    """Nothing when the institution is paid (「免费」); the fee first when the worker claims after it."""
    if payee == "institution":
        return 0
    return offer.fee_fen if payee == "worker" else None


def _conditions(checks: tuple[Check, ...]) -> tuple[Condition, ...]:
    return tuple(
        Condition(check.code, check.fact, check.clause, check.params)
        for check in checks
        if check.outcome is Outcome.UNKNOWN and not check.blocking
    )


def _next_question(book: RuleBook, form: str, checks: tuple[Check, ...]) -> str | None:
    open_facts = {check.fact for check in checks if check.outcome is Outcome.UNKNOWN}
    return next((q.fact for q in book.questions_for(form) if q.fact in open_facts), None)


def _citations(standing: Standing, award: Award) -> tuple[Citation, ...]:
    """The words of the rules, then those that name the group; each sentence once."""
    document = award.cited[0].document
    found = [Citation(rule.document, rule.clause, rule.quote) for rule in award.cited]
    found += [Citation(document, group.clause, group.quote) for group in standing.groups[:1]]
    return tuple(dict.fromkeys(found))


def _proofs(
    book: RuleBook, known: Known, groups: tuple[TargetGroup, ...], rule: SubsidyRule | None, on: date
) -> Iterator[ProofNeed]:
    residence = book.question("residence") if book.limit("residence", on) else None
    options = residence.options if residence else ()
    needs = [
        (IDENTITY_PAPER,),
        tuple(dict.fromkeys(code for group in groups for code in group.papers)),
        *((code,) for code in (rule.papers if rule else ())),
        tuple(code for option in options if known.residence in (None, option.value) for code in option.papers),
    ]
    for codes in dict.fromkeys(needs):
        if codes:
            yield ProofNeed(tuple(book.paper(code) for code in codes))


def _near_misses(book: RuleBook, facts: Facts, known: Known, offer: Offer, on: date) -> Iterator[NearMiss]:
    for change in book.changes:
        if known.groups and known.groups.intersection(change.unless):
            continue
        thing, _, name = change.fact.partition(".")
        changed_facts, changed_offer = facts, offer
        if thing == "offer":
            field: Mapping[str, Any] = {name: change.value}
            changed_offer = replace(offer, **field)
        else:
            changed_facts = {**facts, change.fact: change.value}
        verdict = _judge(book, read_facts(book, changed_facts), changed_offer, on)
        if verdict.answer is Answer.YES:
            yield NearMiss(
                change.code,
                change.fact,
                change.value,
                verdict.rule_code,
                verdict.subsidy_fen,
                verdict.learner_pays_fen,
                verdict.is_plain_yes,
            )
