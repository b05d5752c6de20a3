"""A few courses for pages of other rooms: those free for the visitor, and those a rule of the policy pays for."""

from __future__ import annotations

from typing import Any

from flask import url_for

from app.catalog import offers
from app.catalog.search import store
from app.catalog.search.contract import Query, Shape
from app.catalog.services import browsing, searching
from app.catalog.views import asker, cards
from app.catalog.views.asker import Asker
from app.clock import today
from app.db import db
from app.policy import services as policy
from app.policy.rulebook import SubsidyRule
from app.policy.verdict import Answer

MOST_PICKED = 6
NEEDS_DESIGNATION = "designated"


def courses_for_me() -> dict[str, Any] | None:
    """The best courses that are free for this visitor, else those that are paid back; None before any answer.

    In the order of the catalog: near and with seats first.
    """
    visitor = Asker(today())
    if not visitor:
        return None
    generation = searching.generation()
    verdicts = visitor.verdicts(store.shapes(db.session, generation=generation))
    free = frozenset(shape.key for shape, verdict in verdicts.items() if not shape.has_fee or verdict.is_free)
    paid_back = frozenset(shape.key for shape, verdict in verdicts.items() if verdict.answer is Answer.YES)
    regions = browsing.places(generation=generation)
    near = asker.rings(
        {region.id: region.centre for region in regions.values() if region.centre},
        {region.code: region_id for region_id, region in regions.items()},
    )
    query = Query(on=visitor.on, free=free or paid_back, only_free=True, near=near, per_page=MOST_PICKED)
    found = searching.search(query=query, generation=generation).page
    return {
        "is_free": bool(free),
        "cards": [
            cards.html(
                card,
                offers.price_of(card.shape, fee_fen=card.fee_fen, verdict=verdicts.get(card.shape)),
                regions,
                visitor.book,
            )
            for card in found.cards
        ],
        "url": url_for("catalog.search", free=1),
    }


def courses_under(rule: SubsidyRule) -> dict[str, Any]:
    """Courses a rule may pay for, the same for everyone."""
    on, generation = today(), searching.generation()
    listed = policy.listed_trades(on)

    def is_under(shape: Shape) -> bool:
        return (
            shape.form == rule.form
            and rule.level in (None, shape.level)
            and rule.listed in (None, shape.trade_code in listed)
            and (shape.is_subsidised or NEEDS_DESIGNATION not in rule.when)
        )

    under = frozenset(shape.key for shape in store.shapes(db.session, generation=generation) if is_under(shape))
    query = Query(on=on, free=under, only_free=True, per_page=MOST_PICKED)
    found = searching.search(query=query, generation=generation).page
    regions = browsing.places(generation=generation)
    priced = [(card, offers.price_of(card.shape, fee_fen=card.fee_fen, verdict=None)) for card in found.cards]
    return {"cards": [cards.html(card, price, regions, None) for card, price in priced], "total": found.total}
