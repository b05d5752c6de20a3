"""The public catalog's other pages: home, and a course's page."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import abort, render_template, request, url_for

from app.catalog import asking, offers
from app.catalog.blueprint import bp
from app.catalog.search import log
from app.catalog.search.contract import SOON, Shape
from app.catalog.services import browsing, searching
from app.catalog.views import cards, course_page, narrowing
from app.catalog.views.asker import Asker
from app.clock import today
from app.policy import services as policy
from app.policy.conversation import MOST_QUESTIONS
from app.policy.verdict import Verdict
from app.security import access

TRADES_AT_HOME = 8
RUNS_AT_HOME = 6


@bp.get("/")
@access.anyone
def home() -> str:
    """One question, one box, and the second door beside it; every number is live."""
    on = today()
    asker = Asker(on)
    generation = searching.generation()
    regions = browsing.places(generation=generation)
    soon = browsing.starting_soon(on=on, most=RUNS_AT_HOME)
    verdicts = asker.verdicts(frozenset(item.card.shape for item in soon))
    book = policy.rulebook()
    shortage_cap = book.rule("R2_EMP_SHORT", on)
    apprentice = [book.rule(rule, on) for rule in ("R3_APPR_MID", "R4_APPR_HIGH")]
    return render_template(
        "catalog/home.html",
        trades=browsing.trades_in_demand(on=on, most=TRADES_AT_HOME, generation=generation),
        listed=len(policy.listed_trades(on)),
        shortage_list=policy.list_in_force(on),
        soon=[
            cards.starting(item, _price(item.card.shape, item.card.fee_fen, verdicts), regions) for item in soon
        ],
        soon_until=SOON,
        has_answers=bool(asker),
        most_questions=MOST_QUESTIONS,
        cap_fen=shortage_cap.amount_fen if shortage_cap else None,
        apprentice_fen=[rule.amount_fen for rule in apprentice if rule],
    )


@bp.get("/courses/<int(max=9223372036854775807):course_id>")
@access.anyone
def course(course_id: int) -> str:
    """A course: what it costs this person and why, when, where, and how many seats are left."""
    found = browsing.public_course(course_id)
    if found is None:
        abort(404)
    _count_click()
    answers = Asker(today(), course_id).answers
    return render_template("catalog/course.html", **course_page.context(found, answers, on=today()))


def _count_click() -> None:
    """Count that a search led here, if the browser says so: its referrer is the address of the results.

    Works without script, needs no mark on any link, and tells the log nothing but the search's own words.
    """
    before = urlsplit(request.referrer or "")
    if before.netloc != request.host or before.path != url_for("catalog.search"):
        return
    asked = asking.read_address(before.query, on=today())
    if asked.is_search:
        log.count_click(text=asked.q, filters=narrowing.filters_of(asked))


def _price(shape: Shape, fee_fen: int, verdicts: Mapping[Shape, Verdict]) -> offers.Price:
    return offers.price_of(shape, fee_fen=fee_fen, verdict=verdicts.get(shape))
