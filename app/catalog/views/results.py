"""The catalog page: what was understood, filters, cards, why in this order, and what to do if there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from time import perf_counter
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_login import current_user

from app import http
from app.catalog import asking, offers
from app.catalog.asking import Asked
from app.catalog.blueprint import bp
from app.catalog.search import log, postgres, store
from app.catalog.search.contract import Card, Generation, Page, Query, Sort, Term
from app.catalog.search.kept import Kept
from app.catalog.search.store import Proof
from app.catalog.search.understanding import Understood
from app.catalog.services import browsing, loosening, saved_searches, searching
from app.catalog.services.searching import Answer
from app.catalog.views import asker, cards, narrowing
from app.catalog.views.asker import Asker, is_stranger
from app.catalog.views.narrowing import Names, address
from app.clock import today
from app.db import db
from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.security import access

WHY = "why"  # the parameter that asks for the reasons

SORTS = {
    Sort.BEST: _l("最合适"),
    Sort.STARTS_SOON: _l("最早开班"),
    Sort.PRICE: _l("学费从低到高"),
    Sort.SEATS: _l("余位从多到少"),
}


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page made for a stranger, the proof that it still holds, and what the log says of it."""

    proof: Proof
    html: str
    entry: log.Entry | None


# Pages as someone sees them of whom nothing is known but the language.
_pages: Kept[tuple[date, str, str], KeptPage] = Kept(200)


@bp.get("/courses")
@access.anyone
def search() -> Response:
    """The catalog: what was understood, facets, cards."""
    started, on = perf_counter(), today()
    kept = _kept_page(on)
    if kept is not None:
        took_ms = round((perf_counter() - started) * 1000)
        response, entry = make_response(kept.html), kept.entry and log.as_before(kept.entry, took_ms=took_ms)
    else:
        response, entry = _make_page(on, started)
    http.end_when_sent(response)
    if entry is not None:
        response.call_on_close(log.writer(entry))
    response.headers["Vary"] = "HX-Request"
    return response


def _kept_page(on: date) -> KeptPage | None:
    """The page made for a stranger before, if no document and no seat it shows has changed since."""
    if http.is_htmx() or not is_stranger():
        return None
    known = _pages.get(_page_key(on))
    return known if known is not None and store.holds(db.session, known.proof) else None


def _page_key(on: date) -> tuple[date, str, str]:
    return on, locale_code(), request.full_path


def _make_page(on: date, started: float) -> tuple[Response, log.Entry | None]:
    was_stranger = is_stranger()
    generation = searching.generation()
    looking = Looking(on, generation)
    answer = searching.search(
        query=looking.query(looking.joined, looking.terms), generation=generation, is_explained=looking.asks_why
    )
    found = answer.page
    entry = looking.entry(found, took_ms=round((perf_counter() - started) * 1000))
    html = render_template("catalog/search.html", **_context(looking, answer))
    # A page that used up a message or began a session holds something of it.
    is_exact = found.engine == postgres.NAME and generation is not None
    if is_exact and was_stranger and is_stranger() and not http.is_htmx():
        assert generation is not None
        _pages.put(_page_key(on), KeptPage(Proof.of(found, generation), html, entry))
    response = make_response(html)
    if http.is_htmx():
        response.headers["HX-Push-Url"] = address(looking.joined)
    return response, entry


class Looking:
    """One request for results: what was asked, what was understood of it, and what is known of the visitor."""

    def __init__(self, on: date, generation: Generation) -> None:
        self.on = on
        self.asked = asking.read(request.args.items(multi=True), on=on)
        self.asks_why = request.args.get(WHY) == "1"
        self.regions = browsing.places(generation=generation)
        self.understood: Understood = browsing.understand(
            self.asked.q, on=on, is_exact=self.asked.exact, generation=generation
        )
        self.joined = self.asked.joined(
            self.understood.rest, ((part.facet, part.value) for part in self.understood.choices)
        )
        self.terms: tuple[Term, ...] = self.understood.terms
        self.asker = Asker(on)
        self.verdicts = self.asker.verdicts(store.shapes(db.session, generation=generation)) if self.asker else {}
        free = (shape.key for shape, verdict in self.verdicts.items() if offers.may_be_free(shape, verdict))
        self.free = frozenset(free) if self.asker else None
        self.region_ids = {region.code: region_id for region_id, region in self.regions.items()}
        self.rings = asker.rings(
            {region.id: region.centre for region in self.regions.values() if region.centre}, self.region_ids
        )
        self.names = Names(
            regions=self.regions,
            categories=browsing.categories(generation=generation) if locale_code() == "en" else {},
            institutions=browsing.institution_names(set(self.joined.institution)),
        )

    @cached_property
    def here(self) -> str:
        """The address of this search."""
        return address(self.asked)

    def query(self, joined: Asked, terms: tuple[Term, ...]) -> Query:
        """The query of something asked with some words."""
        return asking.query_of(
            joined, terms, on=self.on, region_ids=self.region_ids, free=self.free, near=self.rings
        )

    def price(self, card: Card) -> offers.Price:
        """What a card costs this visitor."""
        return offers.price_of(card.shape, fee_fen=card.fee_fen, verdict=self.verdicts.get(card.shape))

    def entry(self, found: Page, *, took_ms: int) -> log.Entry | None:
        """What the log says of this search; nothing of further pages or of why, nor of the whole catalog."""
        if self.asked.page > 1 or self.asks_why or not self.asked.is_search or request.method != "GET":
            return None
        trades = tuple(dict.fromkeys(code for term in self.terms for code in term.trades))
        filters = narrowing.filters_of(self.joined)
        return log.Entry(self.asked.q, filters, trades, found.total, found.engine, took_ms)


def _context(looking: Looking, answer: Answer) -> dict[str, Any]:
    """Everything the template shows."""
    asked, joined, found, names = looking.asked, looking.joined, answer.page, looking.names
    return {
        "q": asked.q,
        "kept": asked.pairs(q="", page=1, exact=False),
        "joined": joined,
        "found": found,
        "results": [
            cards.html(card, looking.price(card), looking.regions, looking.asker.book) for card in found.cards
        ],
        "reasons": [cards.reasons(card) for card in found.cards if card.reasons],
        "asks_why": looking.asks_why,
        "why_url": _why_url(looking.here),
        "chips": _chips(looking),
        "corrections": _corrections(looking),
        "unknown": [term.said or term.text for term in answer.unknown],
        "ignored": list(looking.understood.ignored),
        "facets": narrowing.facets(joined, found, names),
        "has_answers": bool(looking.asker),
        "waits_for_answers": joined.free and not looking.asker,
        "sorts": list(SORTS.items()),
        "sort_kept": joined.pairs(sort=Sort.BEST, page=1),
        "page_urls": narrowing.page_addresses(joined),
        "here": looking.here,
        "near": _near(looking) if looking.rings else None,
        "is_past_end": asked.page > found.pages,
        "way": _way(looking) if not found.total else None,
        "save": _save(looking),
    }


def _why_url(here: str) -> str:
    """The same page again, saying what each card has its points for."""
    return f"{here}{'&' if '?' in here else '?'}{WHY}=1#{WHY}"


def _chips(looking: Looking) -> list[dict[str, str]]:
    """Everything that narrows the results, each with the address without it."""
    asked, understood, names = looking.asked, looking.understood, looking.names
    chips = []
    for part in (*understood.named, *understood.choices):
        label = part.name or names.choice(part.facet, part.value)
        rest = " ".join(understood.text.replace(part.text, " ", 1).split())
        chips.append({"label": label, "url": address(asked, q=rest, page=1)})
    for choice in asked.chosen:
        chips.append({"label": names.choice(choice.facet, choice.value), "url": address(asked.without(choice))})
    return chips


def _corrections(looking: Looking) -> list[dict[str, str]]:
    """Words that were taken for another, each with the address that takes them as they were typed."""
    return [
        {"said": part.text, "meant": part.value, "url": address(looking.asked, exact=True, page=1)}
        for part in looking.understood.corrected
    ]


def _near(looking: Looking) -> str:
    spot = asker.spot()
    return looking.names.place(spot.code) if spot and spot.code else _("你的位置")


def _way(looking: Looking) -> dict[str, Any] | None:
    """The search to offer when nothing was found: as little less as finds something."""
    way = loosening.find_way(looking.joined, terms=looking.terms, query_of=looking.query)
    if way is None:
        return None
    given_up = [looking.names.choice(choice.facet, choice.value) for choice in way.choices]
    return {"labels": [*given_up, *way.words], "url": address(way.asked)}


def _save(looking: Looking) -> dict[str, Any] | None:
    """How to be told of news: a button for whoever is signed in, the way to sign in for others."""
    if not looking.asked.is_search:
        return None
    kept = looking.asked.address()
    is_known = bool(current_user.is_authenticated)
    return {
        "address": kept,
        "is_known": is_known,
        "is_saved": is_known and saved_searches.find_saved(address=kept) is not None,
        "sign_in_url": url_for("tenants.sign_in", next=looking.here),
    }
