"""The public catalog: home, search, and a course's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Response, abort, make_response, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import http
from app.catalog import offers, texts
from app.catalog.blueprint import bp
from app.catalog.search.backend import backend
from app.catalog.search.contract import NO_LEVEL, SOON, FacetName, Page, Proof, SearchBackend, Shape, Sort
from app.catalog.search.kept import Kept
from app.catalog.search.understanding import Understood, understand
from app.catalog.services import browsing
from app.catalog.services.browsing import Place
from app.catalog.views import asking, cards, course_page
from app.clock import today
from app.i18n import LOCALE, pick
from app.i18n import code as locale_code
from app.policy import answers as answered
from app.policy import services as policy
from app.policy.evaluator import evaluate
from app.policy.rulebook import RuleBook
from app.policy.verdict import Offer, Verdict
from app.security import access

TRADES_AT_HOME = 8
RUNS_AT_HOME = 6
REGIONS_SHOWN = 8
SORTS = {
    Sort.BEST: _l("最合适"),
    Sort.STARTS_SOON: _l("最早开班"),
    Sort.PRICE: _l("学费从低到高"),
    Sort.SEATS: _l("余位从多到少"),
}


class Asker:
    """The visitor as the policy sees them: nothing before they answered a question."""

    def __init__(self, on: date) -> None:
        self.on = on
        self.answers = answered.load(session)
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


@bp.get("/")
@access.anyone
def home() -> str:
    """One question, one box, and the second door beside it; every number is live."""
    on = today()
    asker = Asker(on)
    regions = browsing.places()
    soon = browsing.starting_soon(on=on, most=RUNS_AT_HOME)
    verdicts = asker.verdicts(frozenset(item.card.shape for item in soon))
    book = policy.rulebook()
    shortage_cap = book.rule("R2_EMP_SHORT", on)
    apprentice = [book.rule(rule, on) for rule in ("R3_APPR_MID", "R4_APPR_HIGH")]
    return render_template(
        "catalog/home.html",
        trades=browsing.trades_in_demand(on=on, most=TRADES_AT_HOME),
        listed=len(policy.listed_trades(on)),
        shortage_list=policy.list_in_force(on),
        soon=[
            cards.starting(item, _price(item.card.shape, item.card.fee_fen, verdicts), regions) for item in soon
        ],
        soon_until=SOON,
        has_answers=bool(asker),
        questions=book.questions_for("employment"),
        cap_fen=shortage_cap.amount_fen if shortage_cap else None,
        apprentice_fen=[rule.amount_fen for rule in apprentice if rule],
    )


@bp.get("/courses")
@access.anyone
def search() -> Response:
    """The catalog: what was understood, facets, cards."""
    on = today()
    engine = backend()
    kept = None if http.is_htmx() else _kept_page(engine, on)
    response = _make_page(engine, on) if kept is None else make_response(kept)
    response.headers["Vary"] = "HX-Request"
    return response


def _make_page(engine: SearchBackend, on: date) -> Response:
    was_stranger = _is_stranger()
    asked = asking.read(request.args, on=on)
    generation = engine.generation()
    regions = browsing.places(generation=generation)
    understood = Understood("", "")
    if asked.q:
        understood = understand(asked.q, browsing.vocabulary(generation=generation))
    joined = asked.joined(understood)
    asker = Asker(on)
    verdicts = asker.verdicts(engine.shapes(generation=generation)) if asker else {}
    free = frozenset(shape for shape, verdict in verdicts.items() if offers.may_be_free(shape, verdict))
    query = joined.query(
        understood,
        on=on,
        region_ids={region.code: region_id for region_id, region in regions.items()},
        free_shapes=free if asker else None,
    )
    found = engine.search(query, generation=generation)

    names = browsing.categories(generation=generation) if locale_code() == "en" else {}
    html = render_template(
        "catalog/search.html",
        q=asked.q,
        kept=asked.pairs(q="", page=1),
        joined=joined,
        found=found,
        results=[
            cards.html(card, _price(card.shape, card.fee_fen, verdicts), regions, asker.book)
            for card in found.cards
        ],
        chips=_chips(asked, understood, regions, names),
        facets=_facets(joined, found, regions, names),
        has_answers=bool(asker),
        waits_for_answers=joined.free and not asker,
        sorts=list(SORTS.items()),
        sort_kept=joined.pairs(sort=Sort.BEST, page=1),
        page_urls=lambda number: _url(joined.pairs(page=number)),
        clear_url=_url(joined.pairs(page=1, **_NOTHING)),
    )
    # A page that used up a message or began a session holds something of it.
    if generation is not None and was_stranger and _is_stranger():
        _pages.put(_page_key(on), (Proof.of(found, generation), html))
    response = make_response(html)
    if http.is_htmx():
        response.headers["HX-Push-Url"] = _url(joined.pairs())
    return response


# Pages as someone sees them of whom nothing is known but the language, with the proof that they still hold.
_pages: Kept[tuple[date, str, str], tuple[Proof, str]] = Kept(200)


def _kept_page(engine: SearchBackend, on: date) -> str | None:
    """The page made for a stranger before, if no document and no seat it shows has changed since."""
    known = _pages.get(_page_key(on)) if _is_stranger() else None
    return known[1] if known is not None and engine.holds(known[0]) else None


def _page_key(on: date) -> tuple[date, str, str]:
    return on, locale_code(), request.full_path


def _is_stranger() -> bool:
    # Flask-Login marks any session it finds as not fresh, also one without a user.
    return session.keys() <= {LOCALE, "_fresh"}


@bp.get("/courses/<int(max=9223372036854775807):course_id>")
@access.anyone
def course(course_id: int) -> str:
    """A course: what it costs this person and why, when, where, and how many seats are left."""
    found = browsing.public_course(course_id)
    if found is None:
        abort(404)
    return render_template("catalog/course.html", **course_page.context(found, Asker(today()).answers, on=today()))


_NOTHING: dict[str, Any] = {
    "category": (),
    "region": (),
    "level": (),
    "mode": (),
    "start": (),
    "shortage": False,
    "free": False,
}


def _url(pairs: asking.Pairs) -> str:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return url_for("catalog.search", **values)  # type: ignore[arg-type]


def _price(shape: Shape, fee_fen: int, verdicts: Mapping[Shape, Verdict]) -> offers.Price:
    return offers.price_of(shape, fee_fen=fee_fen, verdict=verdicts.get(shape))


def _label(facet: str, value: str, regions: Mapping[int, Place], names: Mapping[str, str]) -> str:
    """What a choice is called."""
    if facet == "category":
        return names.get(value, value)
    if facet == "region":
        region = next((region for region in regions.values() if region.code == value), None)
        return pick(region.name, region.name_en) if region else value
    if facet == "level":
        return _("不分等级") if value == str(NO_LEVEL) else str(texts.LEVELS[int(value)])
    if facet == "mode":
        return str(texts.MODES[value])
    if facet == "start":
        if value == SOON:
            return _("30 天内")
        year, _dash, month = value.partition("-")
        return _("%(year)s 年 %(month)s 月", year=year, month=int(month))
    return {"shortage": _("急需紧缺"), "free": _("对我免费"), "trade": _("工种：%(name)s", name=value)}[facet]


def _option_label(facet: str, value: str, regions: Mapping[int, Place], names: Mapping[str, str]) -> str:
    """What a choice is called beside its facet's title."""
    if facet == "shortage":
        return _("在今天的目录里（示例，非官方目录）")
    if facet == "free":
        return _("按我的回答，可以免费学的")
    return _label(facet, value, regions, names)


def _chips(
    asked: asking.Asked, understood: Understood, regions: Mapping[int, Place], names: Mapping[str, str]
) -> list[dict[str, str]]:
    """Everything that narrows the results, each with the address without it."""
    chips = []
    for part in (*understood.named, *understood.choices):
        pairs = asked.pairs(q=asking.text_without(understood, part), page=1)
        chips.append({"label": _label(part.facet, part.value, regions, names), "url": _url(pairs)})
    for name in _NOTHING:
        chosen = getattr(asked, name)
        for value in chosen if isinstance(chosen, tuple) else ("1",) * chosen:
            chips.append(
                {
                    "label": _label(name, value, regions, names),
                    "url": _url(asked.without(name, value).pairs()),
                }
            )
    return chips


def _facets(
    joined: asking.Asked, found: Page, regions: Mapping[int, Place], names: Mapping[str, str]
) -> dict[str, list[dict[str, Any]]]:
    """Each facet's choices in the order shown; a chosen one stays though nothing is left of it."""
    facets: dict[str, list[dict[str, Any]]] = {}
    for name in FacetName:
        chosen = getattr(joined, name.value)
        picked = chosen if isinstance(chosen, tuple) else ("1",) * chosen
        counts = {option.value: option.count for option in found.facet(name).options}
        if name is FacetName.REGION:
            counts = {regions[int(i)].code: count for i, count in counts.items() if int(i) in regions}
        for value in picked:
            counts.setdefault(value, 0)
        if name in (FacetName.SHORTAGE, FacetName.FREE):
            counts.setdefault("1", 0)
        facets[name.value] = [
            {
                "value": value,
                "label": _option_label(name.value, value, regions, names),
                "count": count,
                "checked": value in picked,
            }
            for value, count in counts.items()
        ]
    in_order = list(texts.MODES)
    facets["mode"].sort(key=lambda option: in_order.index(option["value"]))
    # Chosen regions stay in sight; the rest follows in a fold.
    facets["region"].sort(key=lambda option: not option["checked"])
    return facets
