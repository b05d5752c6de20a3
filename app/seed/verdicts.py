"""What the law says of a learner and a course: the real evaluator, asked once for people it cannot tell apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from app.enroll import rules
from app.enroll.models import PapersState, ProofState
from app.enroll.services.judging import as_decided, serves_until
from app.policy.ages import age_on
from app.policy.evaluator import evaluate
from app.policy.rulebook import RuleBook, in_force
from app.policy.verdict import Answer, Offer, Verdict
from app.seed.block import Learner, LiveCourse

# At these ages no limit asks for the exact birth date: too young to retire on any track of one's sex.
_PLAIN_AGES = {"male": range(18, 59), "female": range(18, 49)}
_MOST_KEPT = 50_000
_ENTRY = "@"  # stands for the trade's place on the list, the one thing of a trade a verdict repeats


@dataclass(frozen=True, slots=True)
class Judged:
    """What an enrollment and its decision store."""

    decided: str
    rule_code: str | None
    subsidy_fen: int
    learner_pays_fen: int | None
    papers: PapersState
    grounds: str
    valid_until: date

    @property
    def answer(self) -> str:
        """What the institution is told."""
        return Answer.NO.value if self.decided == Answer.ELIGIBLE else self.decided


class Judge:
    """Judges learners for courses, remembering what it was asked."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._kept: dict[tuple[object, ...], Verdict] = {}
        self._laws: dict[date, object] = {}

    def judge(self, learner: Learner, course: LiveCourse, on: date) -> Judged:
        """The verdict as applying stores it: no subsidy means the learner pays the fee."""
        facts = _facts(learner)
        verdict = self._verdict(learner, facts, course, on) if course.is_subsidised else None
        until = serves_until(on=on, book=self._book)
        if verdict is None or verdict.answer not in (Answer.YES, Answer.UNKNOWN):
            grounds = _grounds(verdict, facts, (), course, on)
            answer = as_decided(verdict)[0] if verdict else Answer.NO.value
            return Judged(answer, None, 0, course.fee_fen, PapersState.NOT_NEEDED, grounds, until)
        is_yes = verdict.answer is Answer.YES
        groups = verdict.group_codes or learner.situations
        claims = (
            [rules.Claim(frozenset(learner.situations), ProofState(learner.proof_state))]
            if learner.proof_state
            else []
        )
        return Judged(
            verdict.answer.value,
            verdict.rule_code if is_yes else None,
            (verdict.subsidy_fen or 0) if is_yes else 0,
            verdict.learner_pays_fen if is_yes else None,
            rules.evaluate_papers(needed=True, groups=groups, claims=claims, on=on),
            _grounds(verdict, facts, groups, course, on),
            until,
        )

    def _verdict(self, learner: Learner, facts: dict[str, object], course: LiveCourse, on: date) -> Verdict:
        offer = replace(
            _offer(course), trade_code="", trade_name="", list_entry=_ENTRY if course.trade.is_listed else None
        )
        asked = dict(facts)
        if age_on(learner.birth_on, on) in _PLAIN_AGES[learner.sex]:
            asked["birth_on"] = (on - timedelta(days=30 * 366)).isoformat()
            when: tuple[object, ...] = (self._law(on),)
        else:
            when = (learner.birth_on, on)
        key = (*when, learner.situations, *_plain(facts), offer)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = evaluate(self._book, asked, offer, on)
        return found

    def _law(self, on: date) -> object:
        """Which dated entries are in force on a day."""
        if on not in self._laws:
            book = self._book
            self._laws[on] = frozenset(
                [(group.code, group.valid_from) for group in in_force(book.groups, on)]
                + [(rule.code, rule.valid_from) for rule in in_force(book.rules, on)]
                + [(limit.code, limit.valid_from) for limit in in_force(book.limits, on)]
            )
        return self._laws[on]


def _offer(course: LiveCourse) -> Offer:
    """The course as the rules see it; designated, as institutions here only list what they are designated for."""
    return Offer(
        trade_code=course.trade.code,
        trade_name=course.trade.label,
        listed=course.trade.is_listed,
        level=course.level,
        fee_fen=course.fee_fen,
        form=course.form,
        designated=True,
        list_entry=course.trade.entry,
    )


def _facts(learner: Learner) -> dict[str, object]:
    facts = {**learner.facts, "birth_on": learner.birth_on.isoformat(), "sex": learner.sex}
    if learner.proof_state == ProofState.VERIFIED:
        facts["recognised"] = True
    return facts


def _plain(facts: dict[str, object]) -> tuple[object, ...]:
    asked = ("residence", "same_trade_level_before", "used_this_year", "insured_months", "sex", "recognised")
    return tuple(facts.get(name) for name in asked)


def _grounds(
    verdict: Verdict | None, facts: dict[str, object], groups: tuple[str, ...], course: LiveCourse, on: date
) -> str:
    """Everything needed to replay the decision, in the shape applying writes it."""
    reasons = verdict.reasons if verdict else ()
    conditions = verdict.conditions if verdict else ()
    return json.dumps(
        {
            "facts": facts,
            "groups": list(groups),
            "offer": asdict(_offer(course)) if course.is_subsidised else None,
            "judged_on": on.isoformat(),
            "rule_version": None,
            "reasons": [
                {
                    "code": r.code,
                    "outcome": r.outcome.value,
                    "clause": r.clause,
                    "params": _params(r.params, course),
                }
                for r in reasons
            ],
            "conditions": [
                {"code": c.code, "fact": c.fact, "clause": c.clause, "params": _params(c.params, course)}
                for c in conditions
            ],
        },
        ensure_ascii=False,
        default=str,
    )


def _params(params: Mapping[str, object], course: LiveCourse) -> dict[str, object]:
    return {name: course.trade.entry if value == _ENTRY else value for name, value in params.items()}
