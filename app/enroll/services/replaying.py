"""Decisions judged again as of their day: same facts and same course must give the same answer for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.db import db
from app.enroll.models import EligibilityDecision
from app.enroll.services import judging
from app.policy import services as policy
from app.policy.verdict import Offer

BATCH = 500


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
            yield _replay(row)
        last = rows[-1].id
        db.session.expunge_all()


def _replay(decision: EligibilityDecision) -> Replayed:
    then = (decision.answer, decision.rule_code, decision.subsidy_fen)
    grounds = json.loads(decision.grounds)
    if "offer" not in grounds:
        return Replayed(decision.id, decision.judged_on, then, None)
    if grounds["offer"] is None:  # a course without subsidy asks nothing of the law
        return Replayed(decision.id, decision.judged_on, then, ("no", None, 0))
    offer = Offer(**grounds["offer"])
    verdict = policy.verdict(facts=grounds["facts"], offer=offer, on=decision.judged_on)
    is_listed = offer.trade_code in policy.listed_trades(decision.judged_on)
    return Replayed(
        decision.id, decision.judged_on, then, judging.as_decided(verdict), offer.listed is not is_listed
    )
