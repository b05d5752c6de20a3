"""The verdict an application rests on: what the policy says of this person, this course and this day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from app.catalog.models import CourseForm
from app.policy import services as policy
from app.policy.facts import FACT_KEYS
from app.policy.verdict import Answer, Offer, Verdict
from app.tenants.identifiers import IdentifierError, check_id_number


class Terms(Protocol):
    """What of a course's content a verdict rests on: a `CourseRevision`, or these columns of one."""

    @property
    def is_subsidised(self) -> bool: ...
    @property
    def level(self) -> int | None: ...
    @property
    def fee_fen(self) -> int: ...
    @property
    def form(self) -> CourseForm: ...


PLAIN_ANSWERS = FACT_KEYS - {"birth_on", "sex", "recognised"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict as an enrollment stores it; `groups` never leave the learner and the bureau."""

    verdict: Verdict | None
    offer: Offer | None
    answer: str
    rule_code: str | None
    subsidy_fen: int
    learner_pays_fen: int | None
    groups: tuple[str, ...]
    needs_papers: bool
    grounds: str

    @property
    def terms(self) -> tuple[str, str | None, int, int | None]:
        """What an institution sees of it."""
        return self.answer, self.rule_code, self.subsidy_fen, self.learner_pays_fen


def gather_facts(
    *, answers: Mapping[str, object], id_number: str | None, verified: Iterable[str], on: date
) -> dict[str, object]:
    """The facts to judge by: the person's answers, their birth date and sex, and what the bureau has verified."""
    facts = {key: value for key, value in answers.items() if key in PLAIN_ANSWERS}
    if id_number:
        try:
            stated = check_id_number(id_number, on)
        except IdentifierError:
            pass
        else:
            facts.pop("age_band", None)
            facts["birth_on"] = stated.birth_on.isoformat()
            facts["sex"] = stated.sex.value
    known = set(verified)
    if known:
        claimed = facts.get("situations")
        facts["situations"] = sorted(known | set(claimed if isinstance(claimed, list | tuple) else ()))
        facts["recognised"] = True
    return facts


def judge(
    *,
    facts: Mapping[str, object],
    revision: Terms,
    trade: policy.TradeName,
    tenant_id: int,
    on: date,
    standing: policy.Standing | None = None,
) -> Judgement:
    """Judge one person for one course on a day.

    A course without subsidy, and a verdict of no, mean the learner pays the fee; an open verdict leaves the amount
    open until the papers are verified.
    """
    if not revision.is_subsidised:
        return _as_payer(None, None, revision.fee_fen, facts, on)
    offer = policy.offer_for(
        trade=trade,
        level=revision.level,
        fee_fen=revision.fee_fen,
        form=revision.form.value,
        tenant_id=tenant_id,
        is_subsidised=True,
        on=on,
        standing=standing,
    )
    verdict = policy.verdict(facts=facts, offer=offer, on=on)
    if verdict.answer in (Answer.NO, Answer.NOT_IN_FORCE):
        return _as_payer(verdict, offer, revision.fee_fen, facts, on)
    claimed = facts.get("situations")
    groups = verdict.group_codes or tuple(claimed if isinstance(claimed, list | tuple) else ())
    is_yes = verdict.answer is Answer.YES
    return Judgement(
        verdict=verdict,
        offer=offer,
        answer=verdict.answer.value,
        rule_code=verdict.rule_code if is_yes else None,
        subsidy_fen=(verdict.subsidy_fen or 0) if is_yes else 0,
        learner_pays_fen=verdict.learner_pays_fen if is_yes else None,
        groups=groups,
        needs_papers=True,
        grounds=_grounds(verdict, facts, groups, on),
    )


def _as_payer(
    verdict: Verdict | None, offer: Offer | None, fee_fen: int, facts: Mapping[str, object], on: date
) -> Judgement:
    return Judgement(
        verdict=verdict,
        offer=offer,
        answer="no",
        rule_code=None,
        subsidy_fen=0,
        learner_pays_fen=fee_fen,
        groups=(),
        needs_papers=False,
        grounds=_grounds(verdict, facts, (), on),
    )


def _grounds(verdict: Verdict | None, facts: Mapping[str, object], groups: Iterable[str], on: date) -> str:
    """Everything needed to replay the decision, as JSON to be encrypted."""
    rule = policy.rulebook().rule(verdict.rule_code, on) if verdict and verdict.rule_code else None
    grounds = {
        "facts": dict(facts),
        "groups": list(groups),
        "judged_on": on.isoformat(),
        "rule_version": f"{rule.code}@{rule.valid_from.isoformat()}" if rule else None,
        "reasons": [
            {"code": r.code, "outcome": r.outcome.value, "clause": r.clause, "params": dict(r.params)}
            for r in (verdict.reasons if verdict else ())
        ],
        "conditions": [
            {"code": c.code, "fact": c.fact, "clause": c.clause, "params": dict(c.params)}
            for c in (verdict.conditions if verdict else ())
        ],
    }
    return json.dumps(grounds, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else str(value)
