"""「我能免费学什么？」 asked of all training at once: which question comes next, and what has come out. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from .evaluator import Facts, evaluate
from .rulebook import Question, RuleBook, in_force
from .verdict import Answer, Offer, Verdict

MOST_QUESTIONS = 6

# Near misses are looked for as of somebody of working age where the person did not say: the page says so.
WORKING_AGE = {"age_band": "16_49"}

# The best first, whatever they bring.
_RANKS = (Answer.YES, Answer.ELIGIBLE, Answer.UNKNOWN, Answer.NO, Answer.NOT_IN_FORCE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one form of training would bring somebody: the verdicts on its courses, the best first."""

    form: str
    told: tuple[tuple[Offer, Verdict], ...]

    @property
    def best(self) -> Verdict:
        """The best verdict there is."""
        return self.told[0][1]


def of_all(question: Question) -> Question:
    """The question as it is asked before a course is chosen."""
    if question.general is None:
        return question
    options = tuple(replace(option, general=False) for option in question.options if option.general)
    return replace(question, label=question.general, options=options, general=None)


def of_course(question: Question) -> Question:
    """The question as it is asked of one course."""
    return replace(question, options=tuple(option for option in question.options if not option.general))


def put(question: Question) -> Question:
    """The question as the conversation puts it: with what says something; nothing is said by skipping it."""
    asked = of_all(question)
    if question.general is not None:
        return asked
    return replace(asked, options=tuple(option for option in asked.options if option.value is not None))


def offers_on(book: RuleBook, on: date) -> tuple[Offer, ...]:
    """A course of every kind the rules tell apart, at an institution that may give it: form, level and listing.

    A rule without a level pays at every level, so that no level is spoken of; there is no fee to speak of either.
    """
    rules = in_force(book.rules, on)
    found = []
    for form in dict.fromkeys(rule.form for rule in rules):
        of_form = [rule for rule in rules if rule.form == form]
        levels: list[int | None] = [*sorted({rule.level for rule in of_form if rule.level}, reverse=True)]
        listings = (True, False) if any(rule.listed is not None for rule in of_form) else (None,)
        found += [Offer("", "", listed, level, 0, form, True) for level in levels or [None] for listed in listings]
    return tuple(found)


def next_question(book: RuleBook, facts: Facts, asked: Collection[str], on: date) -> Question | None:
    """The question to ask now; None once nothing is open that could be asked for, or six were asked.

    The evaluator names for every course the question that settles most of it; asked is the one that does so for
    the largest share of the forms of training, among equals the one that comes first; where a wider question may
    settle it too, that one goes before. `asked` are the questions put before, answered or not; those the facts
    answer are not put again either.
    """
    done = {question.fact for question in book.questions if question.fact in asked or question.fact in facts}
    if len(done) >= MOST_QUESTIONS:
        return None
    left = _asking_only(book, frozenset(question.fact for question in book.questions) - done)
    offers = offers_on(book, on)
    share: dict[str, float] = defaultdict(float)
    for offer in offers:
        wanted = evaluate(left, facts, offer, on, near_misses=False).next_question
        if wanted is not None:
            share[wanted] += 1 / sum(other.form == offer.form for other in offers)
    best = max(
        (question for question in left.questions if question.fact in share),
        key=lambda question: share[question.fact],
        default=None,
    )
    return next((question for question in left.questions if best and _may_settle(question, best)), best)


def _asking_only(book: RuleBook, facts: frozenset[str]) -> RuleBook:
    """The same book with only these questions, as the conversation puts them."""
    key = ("asking only", facts)
    found: RuleBook | None = book.memo.get(key)
    if found is None:
        questions = tuple(put(question) for question in book.questions if question.fact in facts)
        found = book.memo[key] = replace(book, questions=questions)
    return found


def _may_settle(wider: Question, question: Question) -> bool:
    return any(question.fact in option.settles for option in wider.options)


def findings(book: RuleBook, facts: Facts, on: date, *, near_misses: bool = False) -> tuple[Finding, ...]:
    """What every form of training would bring, the best first: by the answer, then by what it is worth."""
    by_form: dict[str, list[tuple[Offer, Verdict]]] = {}
    for offer in offers_on(book, on):
        verdict = evaluate(book, facts, offer, on, near_misses=False)
        if near_misses and verdict.answer in (Answer.NO, Answer.ELIGIBLE):
            near = evaluate(book, {**WORKING_AGE, **facts}, offer, on).near_misses
            verdict = replace(verdict, near_misses=near)
        by_form.setdefault(offer.form, []).append((offer, verdict))
    found = (Finding(form, tuple(sorted(told, key=_by_benefit))) for form, told in by_form.items())
    return tuple(sorted(found, key=lambda finding: _by_benefit(finding.told[0])))


def _by_benefit(told: tuple[Offer, Verdict]) -> tuple[int, bool, bool, int]:
    """The best answer first; free before what is paid back, and more before less."""
    verdict = told[1]
    is_yes = verdict.answer is Answer.YES
    worth = (verdict.cap_fen or 0) if is_yes or verdict.answer is Answer.UNKNOWN else 0
    return _RANKS.index(verdict.answer), is_yes and bool(verdict.conditions), verdict.payee == "enterprise", -worth
