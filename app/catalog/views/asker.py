"""The visitor as far as a page needs to know them: their answers and their place, both only in the session."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import session

from app.catalog import nearby, offers
from app.catalog.nearby import Spot
from app.catalog.search.contract import Shape
from app.i18n import LOCALE
from app.policy import answers as answered
from app.policy import services as policy
from app.policy.evaluator import evaluate
from app.policy.rulebook import RuleBook
from app.policy.verdict import Offer, Verdict

SPOT = "spot"


class Asker:
    """The visitor as the policy sees them: nothing before they answered a question; of one course, more."""

    def __init__(self, on: date, course_id: int | None = None) -> None:
        self.on = on
        self.answers = answered.load(session, course_id)
        self.book: RuleBook | None = policy.rulebook() if self.answers else None

    def __bool__(self) -> bool:
        return bool(self.answers)

    def verdicts(self, shapes: frozenset[Shape]) -> dict[Shape, Verdict]:
        """The verdict on every shape; none at all before they answered."""
        book = self.book
        if book is None:
            return {}
        facts = answered.facts(book, self.answers)

        def judge(offer: Offer) -> Verdict:
            return evaluate(book, facts, offer, self.on, near_misses=False)

        return offers.judge_shapes(shapes, judge=judge, listed=policy.listed_trades(self.on))


def is_stranger() -> bool:
    """Whether nothing is known of the visitor but the language: they all see the same page."""
    # Flask-Login marks any session it finds as not fresh, also one without a user.
    return session.keys() <= {LOCALE, "_fresh"}


def spot() -> Spot | None:
    """Where the visitor said they are."""
    match session.get(SPOT):
        case str(code):
            return Spot(code)
        case [float(latitude), float(longitude)]:
            return Spot("", latitude, longitude)
    return None


def keep_spot(chosen: Spot | None) -> None:
    """Remember where the visitor said they are until they forget it or the session ends; None forgets it."""
    if chosen is None:
        session.pop(SPOT, None)
        return
    kept: Any = chosen.code or [chosen.latitude, chosen.longitude]
    session[SPOT] = kept


def rings(centres: nearby.Centres, ids: dict[str, int]) -> tuple[tuple[int, ...], ...]:
    """The regions around the visitor's place; none if they told none."""
    chosen = spot()
    if chosen is None:
        return ()
    if not chosen.code:
        return nearby.rings(chosen.latitude, chosen.longitude, centres)
    centre = centres.get(ids.get(chosen.code, 0))
    return nearby.rings(*centre, centres) if centre else ()
