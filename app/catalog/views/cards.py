"""Cards as templates take them: words in the reader's language, prices for this person."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from flask import get_template_attribute
from markupsafe import Markup

from app import money
from app.catalog import texts
from app.catalog.offers import Pay, Price
from app.catalog.search.contract import Card
from app.catalog.search.kept import Kept
from app.catalog.services.browsing import Place, StartingRun
from app.errors import Text
from app.http import url_for
from app.i18n import code as locale_code
from app.i18n import day, pick
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.policy.rulebook import RuleBook

# The question of a rule book is a sentence; on a card's button it is a few words.
SHORT_QUESTIONS = {
    "situations": _l("你现在的情况是？"),
    "age_band": _l("你多大？"),
    "sex": _l("补一个回答"),
    "residence": _l("户口或住处在石家庄吗？"),
    "same_trade_level_before": _l("这个工种领过补贴吗？"),
    "used_this_year": _l("今年领过几次补贴？"),
    "insured_months": _l("失业保险交了多久？"),
}


# By everything a card is made of, so that only one that changed is made again.
_html: Kept[Hashable, Markup] = Kept(4000)


def html(card: Card, price: Price, regions: Mapping[int, Place], book: RuleBook | None) -> Markup:
    """A card in the list of results, as HTML in the reader's language; its reasons are not in it."""

    def make() -> Markup:
        macro = get_template_attribute("components/card.html", "card")
        return Markup(macro(result(card, price, regions, book), "h3"))  # noqa: S704 - what a template made

    # Its version stands for all that is stored of a card; classes that began since are no longer among its runs.
    seats = tuple((run.run_id, run.seats, run.taken, run.waiting) for run in card.runs)
    stored = (card.card_id, card.version, seats)
    return _html.get_or((stored, price, where(card, regions), book is None, locale_code()), make)


class Result(NamedTuple):
    """A card in a list of results, in words.

    `price` is what the reader pays, `fee` what it costs, in yuan; without an `action` its button opens the course.
    `places`: the classes of several courses that are one card, held in `places_count` of them.
    """

    id: int
    url: str
    title: str
    is_shortage: bool
    level: str | None
    mode: str
    institution: str
    place: str
    next_start: str
    runs: int
    hours: int
    practice_hours: int
    certificate: str | None
    pay: Pay | None
    price: str | None
    fee: str
    seats_total: int
    seats_taken: int
    waiting: int
    places: list[dict[str, Any]]
    places_count: int
    action_label: Text | None = None
    action_url: str | None = None


def result(card: Card, price: Price, regions: Mapping[int, Place], book: RuleBook | None) -> Result:
    """A card in the list of results."""
    shown = card.runs[0] if card.runs else None
    level, certificate = texts.LEVELS.get(card.shape.level), texts.CERTIFICATES.get(card.certificate)
    made = Result(
        id=card.course_id,
        url=url_for("catalog.course", course_id=card.course_id),
        title=card.title,
        is_shortage=card.is_shortage,
        level=None if level is None else str(level),
        mode=str(texts.MODES[card.mode]),
        institution=card.institution,
        place=where(card, regions),
        next_start=day(shown.starts_on) if shown else _("暂时没有班期"),
        runs=len(card.runs),
        hours=card.hours,
        practice_hours=card.practice_hours,
        certificate=None if certificate is None else str(certificate),
        pay=price.pay,
        price=None if price.fen is None else money.yuan(price.fen),
        fee=money.yuan(card.fee_fen),
        seats_total=shown.seats if shown else 0,
        seats_taken=shown.taken if shown else 0,
        waiting=shown.waiting if shown else 0,
        places=_places(card, regions),
        places_count=len({run.course_id for run in card.runs}),
    )
    if price.pay is not Pay.UNKNOWN:
        return made
    made = made._replace(price=_("0 或 %(fee)s", fee=made.fee))
    if price.next_question not in SHORT_QUESTIONS or book is None:
        return made
    question = price.next_question
    return made._replace(
        action_label=SHORT_QUESTIONS[question],
        action_url=url_for("eligibility.answers", course=card.course_id, _anchor=f"q-{question}"),
    )


def _places(card: Card, regions: Mapping[int, Place]) -> list[dict[str, Any]]:
    """Every class of a card that stands for several courses, each leading to its own course; else none."""
    if len({run.course_id for run in card.runs}) < 2:
        return []
    return [
        {
            "url": f"{url_for('catalog.course', course_id=run.course_id)}#run-{run.run_id}",
            "place": pick(region.name, region.name_en) if (region := regions.get(run.region_id)) else "",
            "day": day(run.starts_on),
            "seats_total": run.seats,
            "seats_taken": run.taken,
            "waiting": run.waiting,
        }
        for run in card.runs
    ]


def starting(item: StartingRun, price: Price, regions: Mapping[int, Place]) -> dict[str, Any]:
    """A small card with a date."""
    run, card = item.run, item.card
    region = regions.get(run.region_id)
    return {
        "url": url_for("catalog.course", course_id=run.course_id),
        "day": f"{run.starts_on.day:02d}",
        "month": day(run.starts_on, "month"),
        "title": card.title,
        "place": pick(region.name, region.name_en) if region else "",
        "mode": texts.MODES[card.mode],
        "hours": card.hours,
        "pay": price.pay,
        "seats_taken": run.taken,
        "seats_total": run.seats,
        "waiting": run.waiting,
    }


def reasons(card: Card) -> dict[str, Any]:
    """Why a card stands where it stands, in words with their points, the weightiest first, and their sum."""
    parts = [
        {"label": texts.REASONS[reason], "points": points}
        for reason, points in sorted(card.reasons, key=lambda each: -each[1])
    ]
    total = sum(points for _reason, points in card.reasons)
    return {"title": card.title, "course_id": card.course_id, "parts": parts, "sum": total}


def where(card: Card, regions: Mapping[int, Place]) -> str:
    """The place of a course, with its county in front unless the place already begins with it."""
    region = regions.get(card.region_ids[0]) if card.region_ids else None
    if region is None or card.place.startswith((region.name, "石家庄")) or card.mode == "online":
        return card.place
    return f"{pick(region.name, region.name_en)} {card.place}"
