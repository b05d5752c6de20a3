"""A page of results: an engine's hits, spread fairly, as cards with their seats as they are now.

What PostgreSQL found is kept per generation of the documents, as it cannot have changed; another engine may lag
behind the documents, so nothing of it is kept, nor of a search near a place. Seats are always read anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from app.catalog.search import postgres
from app.catalog.search.contract import (
    WINDOW,
    Card,
    Counts,
    Generation,
    Hit,
    Page,
    Query,
    SearchBackend,
    Sort,
    card_from,
)
from app.catalog.search.fairness import HEAD_PAGES, Pages, arrange, head
from app.catalog.search.kept import Kept
from app.catalog.search.postgres_query import held_columns
from app.catalog.search.ranking import Part, Plan, make_plan
from app.catalog.search.store import AnySession, read_cards, seats_of

MOST_KEPT = 256

# By generation and query; what is here holds nothing of a person but the shapes that are free for them.
_counts: Kept[tuple[Generation, Query], Counts] = Kept(MOST_KEPT)
_heads: Kept[tuple[Generation, Query, int], Pages] = Kept(MOST_KEPT)
_hits: Kept[tuple[Generation, Query], tuple[Hit, ...]] = Kept(MOST_KEPT)


def assemble(
    engine: SearchBackend,
    session: AnySession,
    query: Query,
    *,
    generation: Generation = None,
    is_explained: bool = False,
) -> Page:
    """Answer a query; a page past the last, or past how far can be turned, is the last.

    Cards say why they stand where they stand if it `is_explained`: that takes reading what they were found by.
    """
    plan = make_plan(query)
    may_keep = engine.name == postgres.NAME and not query.near
    asking = _Asking(engine, plan, query, generation if may_keep else None)
    number = min(max(query.page, 1), WINDOW // query.per_page)
    hits = asking.page(number)
    counts = asking.count()
    page = Page(
        cards=(),
        facets=counts.facets,
        total=counts.total,
        runs=counts.runs,
        page=number,
        per_page=query.per_page,
        engine=engine.name,
        is_fallback=engine.is_fallback,
    )
    if number > page.pages:
        page = replace(page, page=page.pages)
        hits = asking.page(page.pages)
    parts = plan.parts if is_explained else ()
    return replace(page, cards=tuple(_cards(session, hits, parts, query.on)))


class _Asking:
    """One query put to an engine, however many questions it takes; counted once."""

    def __init__(self, engine: SearchBackend, plan: Plan, query: Query, generation: Generation) -> None:
        self._engine = engine
        self._plan = plan
        self._query = query
        self._generation = generation
        self._counted = _counts.get(self._counts_key) if generation else None

    @property
    def _counts_key(self) -> tuple[Generation, Query]:
        return self._generation, replace(self._query, sort=Sort.BEST, page=1)

    def count(self) -> Counts:
        """What is counted; asked for only if no question before brought it."""
        if self._counted is None:
            self._find(size=0)
        assert self._counted is not None
        return self._counted

    def page(self, number: int) -> tuple[Hit, ...]:
        """The hits of a page; none past the last."""
        if self._generation is None:
            return self._ask(number)
        return _hits.get_or((self._generation, replace(self._query, page=number)), lambda: self._ask(number))

    def _ask(self, number: int) -> tuple[Hit, ...]:
        per_page = self._query.per_page
        if self._query.sort is not Sort.BEST or self._query.institutions:
            return self._find(size=per_page, offset=(number - 1) * per_page)
        first = self._head(self._pages_wanted(number))
        if number <= HEAD_PAGES:
            return _at(first, number - 1)
        block, at = divmod(number - 1 - HEAD_PAGES, HEAD_PAGES)
        size = HEAD_PAGES * per_page
        shown = [hit.card_id for page in first for hit in page]
        rest = self._find(size=size, offset=block * size, without_cards=shown)
        return _at(arrange(rest, per_page=per_page)[0], at)

    def _pages_wanted(self, number: int) -> int:
        """How much of the head a page takes; what is kept is either the first page or all of it."""
        return number if number == 1 or (self._generation is None and number < HEAD_PAGES) else HEAD_PAGES

    def _head(self, most: int) -> Pages:
        per_page = self._query.per_page

        def find(left_out: frozenset[int], size: int) -> tuple[Hit, ...]:
            return self._find(size=size, without_tenants=left_out)

        if self._generation is None:
            return head(find, per_page=per_page, most=most)
        key = (self._generation, replace(self._query, page=1), most)
        return _heads.get_or(key, lambda: head(find, per_page=per_page, most=most))

    def _find(
        self,
        *,
        size: int,
        offset: int = 0,
        without_cards: Collection[UUID] = (),
        without_tenants: Collection[int] = (),
    ) -> tuple[Hit, ...]:
        found = self._engine.find(
            self._plan,
            size=size,
            offset=offset,
            without_cards=without_cards,
            without_tenants=without_tenants,
            is_counted=self._counted is None,
        )
        if found.counts is not None:
            self._counted = found.counts
            if self._generation is not None:
                _counts.put(self._counts_key, found.counts)
        return found.hits


def _at(pages: Pages, at: int) -> tuple[Hit, ...]:
    return pages[at] if at < len(pages) else ()


def _cards(session: AnySession, hits: Iterable[Hit], parts: Collection[Part], on: date) -> list[Card]:
    """The cards of hits with their seats now, and which of the parts hold; one gone since is left out."""
    rows = read_cards(session, [hit.card_id for hit in hits], *held_columns(parts))
    return [
        card_from(row.card, version=row.version, seats=seats_of(row), on=on, reasons=reasons(row, parts))
        for row in rows
    ]


def reasons(row: Any, parts: Iterable[Part]) -> tuple[tuple[str, int], ...]:
    """The reasons of a row of `held_columns` with their points; those of rings around a place are one."""
    points: Counter[str] = Counter()
    for at, part in enumerate(parts):
        if getattr(row, f"part_{at}"):
            points[part.reason.value] += part.points
    return tuple(points.items())
