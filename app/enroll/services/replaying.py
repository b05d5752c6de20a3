"""Decisions judged again as of their day: same facts and same course must give the same answer for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.enroll.models import EligibilityDecision
from app.enroll.services import judging
from app.policy import services as policy
from app.policy.evaluator import evaluate
from app.policy.verdict import Offer

BATCH = 500
Listed = dict[date, Mapping[str, int]]
LIST = ("id", "name", "document_no", "valid_from", "valid_to")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision and what the law of its day says now, each as answer, rule and fen.

    `now` is None for one that cannot be replayed: made before decisions kept the course. `is_list_changed`: the
    shortage list of that day, as it is kept now, disagrees with the decision about the trade.
    """

    decision_id: int
    judged_on: date
    then: tuple[str, str | None, int]
    now: tuple[str, str | None, int] | None
    is_list_changed: bool = False

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return self.now == self.then and not self.is_list_changed


def replay_decisions(*, since: date | None = None, decision_id: int | None = None) -> Iterator[Replayed]:
    """Judge decisions in scope again, oldest first: from a day on, or a single one."""
    last = 0
    listed: Listed = {}
    while True:
        query = sa.select(EligibilityDecision).where(EligibilityDecision.id > last)
        if since is not None:
            query = query.where(EligibilityDecision.judged_on >= since)
        if decision_id is not None:
            query = query.where(EligibilityDecision.id == decision_id)
        rows = db.session.scalars(query.order_by(EligibilityDecision.id).limit(BATCH)).all()
        if not rows:
            return
        for row in rows:
            yield _replay(row, listed)
        last = rows[-1].id
        db.session.expunge_all()


def recall(*, decision_id: int) -> dict[str, Any] | None:
    """A decision whole, as it is kept, with the law of its day and the verdict by it now; None if there is none.

    In a scope that reads it. What it says of the person is sensitive.
    """
    decision = db.session.get(EligibilityDecision, decision_id)
    if decision is None:
        return None
    later = sa.select(EligibilityDecision.id).where(EligibilityDecision.supersedes_id == decision_id)
    replayed, grounds, on = _replay(decision, {}), json.loads(decision.grounds), decision.judged_on
    offer = Offer(**grounds["offer"]) if grounds.get("offer") else None
    rule = policy.rulebook().rule(decision.rule_code, on) if decision.rule_code else None
    listed = policy.list_in_force(on)
    return {
        "decision": decision.id,
        "enrollment": decision.enrollment_id,
        "supersedes": decision.supersedes_id,
        "superseded_by": list(db.session.scalars(later.order_by(EligibilityDecision.id))),
        "made_at": decision.created_at,
        "judged_on": on,
        "valid_until": decision.valid_until,
        "answer": decision.answer,
        "rule_code": decision.rule_code,
        "subsidy_fen": decision.subsidy_fen,
        "kept": grounds,
        "rule_version": asdict(rule) if rule else None,
        "list_version": {name: getattr(listed, name) for name in LIST} if listed else None,
        "replayed": {
            "is_same": replayed.is_same,
            "now": replayed.now,
            "is_list_changed": replayed.is_list_changed,
        },
        "verdict": policy.verdict(facts=grounds["facts"], offer=offer, on=on, tree=True) if offer else None,
    }


def _replay(decision: EligibilityDecision, listed: Listed) -> Replayed:
    then = (decision.answer, decision.rule_code, decision.subsidy_fen)
    grounds = json.loads(decision.grounds)
    if "offer" not in grounds:
        return Replayed(decision.id, decision.judged_on, then, None)
    if grounds["offer"] is None:  # a course without subsidy asks nothing of the law
        return Replayed(decision.id, decision.judged_on, then, ("no", None, 0))
    offer = Offer(**grounds["offer"])
    facts, on = grounds["facts"], decision.judged_on
    offer_then = policy.at_certificate(facts=facts, offer=offer, on=on)
    verdict = evaluate(policy.rulebook(), facts, offer_then, on, near_misses=False)
    if on not in listed:
        listed[on] = policy.listed_trades(on)
    is_listed = offer.trade_code in listed[on]
    return Replayed(decision.id, on, then, judging.as_decided(verdict), offer.listed is not is_listed)
