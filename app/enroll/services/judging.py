"""The verdict an application rests on: what the policy says of this person, this course and this day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Protocol

from app.catalog.models import CourseForm
from app.enroll import rules
from app.enroll.rules import Proved, Why
from app.policy import services as policy
from app.policy.rulebook import RuleBook
from app.policy.verdict import Answer, Offer, Verdict
from app.tenants.identifiers import IdentifierError, check_id_number

NOTHING = Proved()


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
        """What an institution sees of it: that nothing is paid for a person, never whether the text names them."""
        told = Answer.NO.value if self.answer == Answer.ELIGIBLE else self.answer
        return told, self.rule_code, self.subsidy_fen, self.learner_pays_fen


def plain_answers(answers: Mapping[str, object]) -> dict[str, object]:
    """The part of some facts that plain questions ask for."""
    asked = policy.rulebook().asked_facts
    return {key: value for key, value in answers.items() if key in asked}


def gather_facts(
    *,
    answers: Mapping[str, object],
    id_number: str | None,
    proved: Proved,
    on: date,
) -> dict[str, object]:
    """The facts to judge by: the person's answers, their birth date and sex, and what is proved.

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
    return {**with_verified(facts=facts, verified=proved.groups), **proved.facts}


def with_verified(*, facts: Mapping[str, object], verified: Iterable[str]) -> dict[str, object]:
    """Facts with the groups the bureau has verified."""
    known, claimed = set(verified), facts.get("situations")
    if not known:
        return dict(facts)
    situations = sorted(known | set(claimed if isinstance(claimed, list | tuple) else ()))
    return {**facts, "situations": situations, "recognised": True}


def judge(
    *,
    facts: Mapping[str, object],
    revision: Terms,
    trade: policy.TradeName,
    tenant_id: int,
    on: date,
    standing: policy.Standing | None = None,
    said: Mapping[str, object] | None = None,
    proved: Proved = NOTHING,
) -> Judgement:
    """Judge one person for one course on a day; of the facts, `said` is their own word and `proved` is not.

    A course without subsidy, a verdict of no, and a group without an amount mean the learner pays the fee; an open
    verdict leaves the amount open until the papers are verified.
    """
    if not revision.is_subsidised:
        return _as_payer(None, None, revision.fee_fen, facts, said, proved, on)
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
    if verdict.answer not in (Answer.YES, Answer.UNKNOWN):
        return _as_payer(verdict, offer, revision.fee_fen, facts, said, proved, on)
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
        grounds=_grounds(verdict, offer, facts, said, proved, groups, on),
    )


def serves_until(*, on: date, book: RuleBook | None = None) -> date:
    """Until when a decision made on a day serves, unless its class begins before."""
    limit = (book or policy.rulebook()).limit("decision_validity", on)
    if limit is None or limit.off or not limit.number:
        return date.max
    return rules.add_months(on, limit.number)


def as_decided(verdict: Verdict) -> tuple[str, str | None, int]:
    """A verdict as a decision states it: answer, rule and fen; a rule and an amount only with a yes."""
    if verdict.answer is Answer.YES:
        return verdict.answer.value, verdict.rule_code, verdict.subsidy_fen or 0
    is_no = verdict.answer is Answer.NOT_IN_FORCE
    return (Answer.NO if is_no else verdict.answer).value, None, 0


def _as_payer(
    verdict: Verdict | None,
    offer: Offer | None,
    fee_fen: int,
    facts: Mapping[str, object],
    said: Mapping[str, object] | None,
    proved: Proved,
    on: date,
) -> Judgement:
    return Judgement(
        verdict=verdict,
        offer=offer,
        answer=as_decided(verdict)[0] if verdict else Answer.NO.value,
        rule_code=None,
        subsidy_fen=0,
        learner_pays_fen=fee_fen,
        groups=(),
        needs_papers=False,
        grounds=_grounds(verdict, offer, facts, said, proved, (), on),
    )


def _grounds(
    verdict: Verdict | None,
    offer: Offer | None,
    facts: Mapping[str, object],
    said: Mapping[str, object] | None,
    proved: Proved,
    groups: Iterable[str],
    on: date,
) -> str:
    """Everything needed to replay the decision, as JSON to be encrypted."""
    rule = policy.rulebook().rule(verdict.rule_code, on) if verdict and verdict.rule_code else None
    grounds = {
        "facts": dict(facts),
        "said": dict(facts if said is None else said),
        "proved": proved.as_json(),
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


def with_why(*, grounds: str, why: Why) -> str:
    """The grounds of a decision made again, with why it was."""
    return json.dumps({**json.loads(grounds), "why": why.value}, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else str(value)
