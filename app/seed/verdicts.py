"""What the law says of a learner and a course: the real evaluator, asked once for people it cannot tell apart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

from app.enroll import rules
from app.enroll.models import PapersState, ProofState
from app.policy.ages import age_on
from app.policy.evaluator import evaluate
from app.policy.rulebook import RuleBook
from app.policy.verdict import Answer, Offer, Verdict
from app.seed.block import Learner, LiveCourse

# Between these ages no rule asks for the exact birth date.
_PLAIN_AGES = range(18, 45)
_MOST_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What an enrollment and its decision store."""

    answer: str
    rule_code: str | None
    subsidy_fen: int
    learner_pays_fen: int | None
    papers: PapersState
    grounds: str


class Judge:
    """Judges learners for courses, remembering what it was asked."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._kept: dict[tuple[object, ...], Verdict] = {}

    def judge(self, learner: Learner, course: LiveCourse, on: date) -> Judged:
        """The verdict as applying stores it: no subsidy means the learner pays the fee."""
        facts = _facts(learner)
        verdict = self._verdict(learner, facts, course, on) if course.is_subsidised else None
        if verdict is None or verdict.answer in (Answer.NO, Answer.NOT_IN_FORCE):
            grounds = _grounds(verdict, facts, (), on)
            return Judged("no", None, 0, course.fee_fen, PapersState.NOT_NEEDED, grounds)
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
            _grounds(verdict, facts, groups, on),
        )

    def _verdict(self, learner: Learner, facts: dict[str, object], course: LiveCourse, on: date) -> Verdict:
        offer = Offer(
            trade_code=course.trade.code,
            trade_name=course.trade.label,
            listed=course.trade.is_listed,
            level=course.level,
            fee_fen=course.fee_fen,
            form=course.form,
            designated=True,
            list_entry=course.trade.entry,
        )
        asked = dict(facts)
        if age_on(learner.birth_on, on) in _PLAIN_AGES:
            asked["birth_on"] = (on - timedelta(days=30 * 366)).isoformat()
            key: tuple[object, ...] = (None, learner.situations, *_plain(facts), offer)
        else:
            key = (learner.birth_on, on, learner.situations, *_plain(facts), offer)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = evaluate(self._book, asked, offer, on)
        return found


def _facts(learner: Learner) -> dict[str, object]:
    facts = {**learner.facts, "birth_on": learner.birth_on.isoformat(), "sex": learner.sex}
    if learner.proof_state == ProofState.VERIFIED:
        facts["recognised"] = True
    return facts


def _plain(facts: dict[str, object]) -> tuple[object, ...]:
    asked = ("residence", "same_trade_level_before", "used_this_year", "insured_months", "sex", "recognised")
    return tuple(facts.get(name) for name in asked)


def _grounds(verdict: Verdict | None, facts: dict[str, object], groups: tuple[str, ...], on: date) -> str:
    """Everything needed to replay the decision, in the shape applying writes it."""
    reasons = verdict.reasons if verdict else ()
    conditions = verdict.conditions if verdict else ()
    return json.dumps(
        {
            "facts": facts,
            "groups": list(groups),
            "judged_on": on.isoformat(),
            "rule_version": None,
            "reasons": [
                {"code": r.code, "outcome": r.outcome.value, "clause": r.clause, "params": dict(r.params)}
                for r in reasons
            ],
            "conditions": [
                {"code": c.code, "fact": c.fact, "clause": c.clause, "params": dict(c.params)} for c in conditions
            ],
        },
        ensure_ascii=False,
        default=str,
    )
