"""The pure evaluator: is this course free for this person on this day, how much, and why.

Three-valued: an unknown is never a yes. Source: the opinions of 2019-10-15 (`sources/`),
with each reading of them beside the data in `rules/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from .amounts import Award, years_due
from .asking import next_question
from .checks import Check
from .conditions import View
from .facts import FactError, Facts, Known, read_facts
from .law import Case, Course, GroupInForce, Law, Plan, Standing, law_on
from .near_misses import find_alternatives, find_near_misses
from .rulebook import RuleBook, SubsidyRule
from .tree import grow
from .verdict import Answer, Citation, Offer, Outcome, ProofNeed, Reason, Verdict

__all__ = ["Answer", "FactError", "Facts", "Offer", "Verdict", "evaluate", "evaluate_many"]

IDENTITY_PAPER = "ID_CARD"
NOT_IN_FORCE = Verdict(Answer.NOT_IN_FORCE, reasons=(Reason("in_force", Outcome.FAILED),))
NOT_THEN = Reason("in_force_at_certificate", Outcome.FAILED)


def evaluate(
    book: RuleBook,
    facts: Facts,
    offer: Offer,
    on: date,
    *,
    near_misses: bool = True,
    tree: bool = False,
) -> Verdict:
    """Answer 「这门课对我免费吗？」 for one person, one course and one day.

    `facts` as in `read_facts`, a missing key being unknown; money in fen. The same arguments always give the
    same verdict. Near misses and alternatives cost several verdicts each: a list of courses does without; the
    tree of reasons is made only when asked for. Raises FactError for a fact the book does not know and ValueError
    for an unknown form.
    """
    _check_form(book, offer)
    known = read_facts(book, facts)
    judged = judge(book, known, offer, on)
    verdict = judged.verdict
    if near_misses and verdict.answer is not Answer.NOT_IN_FORCE:
        is_unpaid = verdict.answer in (Answer.NO, Answer.ELIGIBLE)
        misses = find_near_misses(book, known, offer, on, judged, judge) if is_unpaid else ()
        verdict = replace(
            verdict, near_misses=misses, alternatives=find_alternatives(book, known, offer, on, judge)
        )
    if tree and judged.plan is not None and judged.view is not None:
        verdict = replace(verdict, tree=grow(judged.plan, judged.view, verdict))
    return verdict


def evaluate_many(book: RuleBook, people: Iterable[Facts], offer: Offer, on: date) -> list[Verdict]:
    """The verdicts on many people for one course and day, as `evaluate` without near misses gives them.

    People asked about for several courses are read once: give what `read_facts` made of them.
    """
    _check_form(book, offer)
    plan = law_on(book, on).plans.get(offer.form)
    if plan is None:
        return [NOT_IN_FORCE for _facts in people]
    case = plan.case(offer)
    return [_judge(case, read_facts(book, facts), on)[0] for facts in people]


def _check_form(book: RuleBook, offer: Offer) -> None:
    if offer.form not in book.forms:
        raise ValueError(f"The rule book has no form {offer.form!r}.")


@dataclass(slots=True)
class Judged:
    """A verdict with what it was made from; `failing` are the facts and fields whose checks failed."""

    verdict: Verdict
    plan: Plan | None = None
    view: View | None = None
    failing: frozenset[str] = frozenset()


def judge(book: RuleBook, known: Known, offer: Offer, on: date, overruled: frozenset[str] = frozenset()) -> Judged:
    """Judge typed facts; `overruled` are facts believed as they are, whatever stands for them."""
    plan = law_on(book, on).plans.get(offer.form)
    if plan is None:
        return Judged(NOT_IN_FORCE)
    verdict, found = _judge(plan.case(offer), known, on, overruled)
    return Judged(verdict, found.case.plan, found.view, found.failing())


@dataclass(slots=True)
class _Found:
    """How everything asked of one person came out; with `not_then` the rules came after the certificate."""

    case: Case
    view: View
    standing: Standing
    course: Course
    claim: GroupInForce | None
    checks: tuple[Check, ...]
    outcomes: tuple[bool | None, ...]
    not_then: bool

    def failing(self) -> frozenset[str]:
        """The facts and fields whose checks failed."""
        facts = {
            fact
            for check, held in zip(self.checks, self.outcomes, strict=True)
            if held is False
            for fact in check.facts
        }
        if self.standing.opens_nothing:
            facts.add("situations")
        return self.course.failing | facts


def _judge(case: Case, known: Known, on: date, overruled: frozenset[str] = frozenset()) -> tuple[Verdict, _Found]:
    situations = known.get("situations")
    standing = case.plan.standing(situations)
    course = case.course(standing.entitlement)
    not_then = False
    issued = known.get("certificate_on") if course.by_certificate else None
    if issued is not None and issued < on:
        at_issue = law_on(case.plan.law.book, issued).plans.get(case.offer.form)
        not_then = at_issue is None
        case = case.at_certificate(at_issue or case.plan)
        standing = case.plan.standing(situations)
        course = case.course(standing.entitlement)
    view = View(known, case.offer, on, overruled)
    if situations is None and standing.entitlement is None:
        course = _hopeless(case, view) or course
    claim = _claim(standing, view)
    checks = (*claim.checks, *course.checks) if claim and claim.checks else course.checks
    outcomes = tuple([check.condition.holds(view) for check in checks])
    found = _Found(case, view, standing, course, claim, checks, outcomes, not_then)
    rule = course.award.rule
    years = 1
    if rule is not None and rule.kind == "fixed_per_year":
        years = years_due(case.plan.law.limits.get("plan_years"), view)
    # A verdict tells how the checks came out and nothing else of the person: people alike in that share one.
    key = (
        claim.group.code if claim else None,
        standing.codes,
        standing.reason.code,
        standing.reason.outcome,
        outcomes,
        known.get("residence"),
        years,
        not_then,
        on,
        case.plan.answered(known) if None in outcomes else None,
    )
    verdict = course.memo.get(key)
    if verdict is None:
        verdict = course.kept(key, lambda: _tell(found, years))
    return verdict, found


def _hopeless(case: Case, view: View) -> Course | None:
    """What to tell a person of whom no group is known, if no group could help: every entitlement fails, and so
    does a course for those whom the text names without an amount.
    """
    issued = view.facts.get("certificate_on")
    course = None
    for entitlement in (*case.plan.entitlements, None):
        course = case.course(entitlement)
        if course.by_certificate and issued is not None and issued < view.on:
            at_issue = law_on(case.plan.law.book, issued).plans.get(case.offer.form)
            if at_issue is None:
                continue
            course = case.at_certificate(at_issue).course(entitlement)
        if not course.failing and all(check.condition.holds(view) is not False for check in course.checks):
            return None
    return course


def _claim(standing: Standing, view: View) -> GroupInForce | None:
    """The group to claim under: the first whose own checks hold, else may hold, else the first at all."""
    groups = standing.groups
    best = groups[0] if groups else None
    if best is None or not best.checks:
        return best
    outcomes = [[check.condition.holds(view) for check in each.checks] for each in groups]
    for wrong in ((False, None), (False,)):
        for each, held in zip(groups, outcomes, strict=True):
            if not any(outcome in wrong for outcome in held):
                return each
    return best


def _tell(found: _Found, years: int) -> Verdict:
    """Put what was found into a verdict, in the order of the reasons."""
    course, standing, view = found.course, found.standing, found.view
    award, claim, offer = course.award, found.claim, view.offer
    reasons: list[Reason] = [standing.reason, *course.reasons]
    provisos = list(award.open)
    unknown: list[Check] = []
    failed = bool(course.failing) or standing.reason.outcome is Outcome.FAILED or found.not_then
    blocked = course.blocked or standing.reason.outcome is Outcome.UNKNOWN
    if found.not_then:
        reasons.append(NOT_THEN)
    for check, held in zip(found.checks, found.outcomes, strict=True):
        if check.quiet and held is not False:
            continue
        if check.after and any(each.code == check.after for each in unknown):
            continue
        reasons.append(check.reason(held))
        failed = failed or held is False
        if held is None:
            unknown.append(check)
            blocked = blocked or check.blocking
            if not check.blocking:
                provisos.append(check.proviso)
    citations = _citations(award, claim)
    if failed:
        return Verdict(
            Answer.NO,
            subsidy_fen=0,
            learner_pays_fen=offer.fee_fen,
            reasons=tuple(reasons),
            citations=citations,
        )
    if not blocked and (award.is_unset or standing.entitlement is None):
        return Verdict(
            Answer.ELIGIBLE,
            rule_code=award.rule.code if award.rule else None,
            group_code=claim.group.code if claim else None,
            group_codes=standing.codes,
            learner_pays_fen=offer.fee_fen,
            conditions=tuple(provisos),
            reasons=tuple(reasons),
            next_question=next_question(found.case.plan, course, standing, unknown, view),
            citations=citations,
        )
    is_yes = not blocked
    return Verdict(
        Answer.YES if is_yes else Answer.UNKNOWN,
        rule_code=award.rule.code if award.rule else None,
        group_code=claim.group.code if claim else None,
        group_codes=standing.codes,
        payee=award.payee,
        cap_fen=_times(award.cap_fen, years),
        subsidy_fen=_times(award.subsidy_fen, years) if is_yes else None,
        learner_pays_fen=_learner_pays(award.payee, offer) if is_yes else None,
        conditions=tuple(provisos),
        reasons=tuple(reasons),
        proofs=_proofs(found.case.plan.law, standing, award.rule, view.facts.get("residence")),
        next_question=next_question(found.case.plan, course, standing, unknown, view),
        citations=citations,
    )


def _times(fen: int | None, years: int) -> int | None:
    return None if fen is None else fen * years


def _learner_pays(payee: str | None, offer: Offer) -> int | None:
    """Nothing when the institution is paid (「免费」); the fee first when the worker claims after it."""
    if payee == "institution":
        return 0
    return offer.fee_fen if payee == "worker" else None


def _citations(award: Award, claim: GroupInForce | None) -> tuple[Citation, ...]:
    """The words of the rules, then those that name the group; each sentence once.

    Where the group opens none of the rules, its own words alone.
    """
    document = award.cited[0].document
    cited = () if claim and not claim.group.opens else award.cited
    found = [Citation(rule.amount_document or rule.document, rule.clause, rule.quote) for rule in cited]
    if claim:
        found.append(Citation(document, claim.group.clause, claim.group.quote))
    return tuple(dict.fromkeys(found))


def _proofs(
    law: Law, standing: Standing, rule: SubsidyRule | None, residence: str | None
) -> tuple[ProofNeed, ...]:
    book = law.book
    question = book.question("residence") if "residence" in law.checks else None
    options = question.options if question else ()
    needs = [
        (IDENTITY_PAPER,),
        tuple(dict.fromkeys(code for each in standing.groups for code in each.group.papers)),
        *((code,) for code in (rule.papers if rule else ())),
        tuple(code for option in options if residence in (None, option.value) for code in option.papers),
    ]
    return tuple(ProofNeed(tuple(book.paper(code) for code in codes)) for codes in dict.fromkeys(needs) if codes)
