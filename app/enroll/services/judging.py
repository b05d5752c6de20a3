"""The verdict an application rests on: what the policy says of this person, this course and this day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Protocol

from app.catalog.models import CourseForm
from app.policy import services as policy
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


def plain_answers(answers: Mapping[str, object]) -> dict[str, object]:
    """The part of some facts that plain questions ask for."""
    asked = policy.rulebook().asked_facts
    return {key: value for key, value in answers.items() if key in asked}


def gather_facts(
    *,
    answers: Mapping[str, object],
    id_number: str | None,
    verified: Iterable[str],
    on: date,
    certified: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The facts to judge by: the person's answers, their birth date and sex, and what the bureau has verified.

    What a state register certifies wins over the person's own word.
    """
    facts = plain_answers(answers)
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
    return {**facts, **(certified or {})}


def judge(
    *,
    facts: Mapping[str, object],
    revision: Terms,
    trade: policy.TradeName,
    tenant_id: int,
    on: date,
    standing: policy.Standing | None = None,
    said: Mapping[str, object] | None = None,
) -> Judgement:
    """Judge one person for one course on a day; `said` is what of the facts is the person's own word.

    A course without subsidy, and a verdict of no, mean the learner pays the fee; an open verdict leaves the amount
    open until the papers are verified.
    """
    if not revision.is_subsidised:
        return _as_payer(None, None, revision.fee_fen, facts, said, on)
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
        return _as_payer(verdict, offer, revision.fee_fen, facts, said, on)
    claimed = facts.get("situations")
    groups = verdict.group_codes or tuple(claimed if isinstance(claimed, list | tuple) else ())
    answer, rule_code, subsidy_fen = as_decided(verdict)
    return Judgement(
        verdict=verdict,
        offer=offer,
        answer=answer,
        rule_code=rule_code,
        subsidy_fen=subsidy_fen,
        learner_pays_fen=verdict.learner_pays_fen if verdict.answer is Answer.YES else None,
        groups=groups,
        needs_papers=True,
        grounds=_grounds(verdict, offer, facts, said, groups, on),
    )


def as_decided(verdict: Verdict) -> tuple[str, str | None, int]:
    """A verdict as a decision states it: answer, rule and fen; a rule and an amount only with a yes."""
    if verdict.answer is Answer.YES:
        return verdict.answer.value, verdict.rule_code, verdict.subsidy_fen or 0
    is_open = verdict.answer is Answer.UNKNOWN
    return (verdict.answer if is_open else Answer.NO).value, None, 0


def _as_payer(
    verdict: Verdict | None,
    offer: Offer | None,
    fee_fen: int,
    facts: Mapping[str, object],
    said: Mapping[str, object] | None,
    on: date,
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
        grounds=_grounds(verdict, offer, facts, said, (), on),
    )


def _grounds(
    verdict: Verdict | None,
    offer: Offer | None,
    facts: Mapping[str, object],
    said: Mapping[str, object] | None,
    groups: Iterable[str],
    on: date,
) -> str:
    """Everything needed to replay the decision, as JSON to be encrypted."""
    rule = policy.rulebook().rule(verdict.rule_code, on) if verdict and verdict.rule_code else None
    grounds = {
        "facts": dict(facts),
        "said": dict(facts if said is None else said),
        "groups": list(groups),
        "offer": asdict(offer) if offer else None,
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
