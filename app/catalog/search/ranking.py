"""A query as a plan: which documents match, what they are counted by, and in which order they come. Pure.

The order of `Sort.BEST` is a sum of points, every one of which can be said in words (`Reason`): what was asked for
first, in hundreds, so that nothing else outweighs it; then what makes a course worth taking. Equal sums are
settled by the next start and then by the card's id, a hash: the order is total, always the same, and puts no
institution's courses in a row nor whoever came first before the others. No points can be bought.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from app.catalog.search.analysis import HEADING
from app.catalog.search.conditions import (
    ALWAYS,
    NEVER,
    AllOf,
    AnyOf,
    Between,
    Condition,
    Field,
    HasAll,
    Within,
)
from app.catalog.search.contract import SOON, SOON_DAYS, FacetName, Query, Sort, Term

MONTHS_AHEAD = 12


class Reason(StrEnum):
    """Why a card stands where it stands."""

    TRADE = "trade"
    TITLE = "title"
    HEADING = "heading"
    INSTITUTION = "institution"
    SHORTAGE = "shortage"
    FREE = "free"
    SEATS = "seats"
    SOON = "soon"
    NEAR = "near"
    UPCOMING = "upcoming"


POINTS = {
    Reason.TRADE: 400,
    Reason.TITLE: 200,
    Reason.HEADING: 100,
    Reason.SHORTAGE: 32,
    Reason.FREE: 16,
    Reason.SEATS: 8,
    Reason.SOON: 4,
    Reason.NEAR: 1,  # for each ring of `Query.near` it lies in, the nearest of all of them
    Reason.UPCOMING: 1,
}

# For each group of `Term.labels` a card is in or before: more than all that has nothing to do with the words.
CLOSER = 64


@dataclass(frozen=True, slots=True)
class Part:
    """Points a document gets if the condition holds."""

    reason: Reason
    points: int
    condition: Condition


@dataclass(frozen=True, slots=True)
class Key:
    """A field to sort by; documents without a value come last."""

    field: Field
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All an engine needs to know of a query.

    Documents must meet `match` and every condition of `chosen`; a facet's counts leave out its own. The order is
    the sum of `parts`, the greatest first, then `keys`.
    """

    match: Condition
    chosen: Mapping[FacetName, Condition]
    parts: tuple[Part, ...]
    keys: tuple[Key, ...]
    free: Condition
    starts: tuple[tuple[str, Condition], ...]

    def others(self, facet: FacetName | None) -> tuple[Condition, ...]:
        """What was chosen in other facets; all of it for None."""
        return tuple(condition for name, condition in self.chosen.items() if name is not facet)


def is_broad(plan: Plan) -> bool:
    """Whether much of everything may match: no words, and nothing chosen that leaves but a few."""
    return plan.match == ALWAYS and plan.chosen.keys() <= {FacetName.SHORTAGE, FacetName.FREE}


def only_best(plan: Plan) -> Plan:
    """The same of those documents alone that have all points: in its order they come before all others."""
    return replace(plan, match=AllOf((plan.match, *(part.condition for part in plan.parts))), parts=())


def make_plan(query: Query) -> Plan:
    """The plan of a query."""
    match = AllOf((*(_answers(term) for term in query.terms), *_unseen(query)))
    return Plan(
        match=match,
        chosen=dict(_chosen(query)),
        parts=tuple(_parts(query)),
        keys=_KEYS[query.sort],
        free=_is_free(query),
        starts=tuple((start, starts_within(*window)) for start, window in start_windows(query.on)),
    )


_TOTAL = Key(Field.CARD_ID)
_NEXT = Key(Field.NEXT_STARTS_ON)
_KEYS = {
    Sort.BEST: (_NEXT, _TOTAL),
    Sort.STARTS_SOON: (_NEXT, _TOTAL),
    Sort.PRICE: (Key(Field.FEE_FEN), _NEXT, _TOTAL),
    Sort.SEATS: (Key(Field.SEATS_LEFT, is_descending=True), _NEXT, _TOTAL),
}


def _answers(term: Term) -> Condition:
    """A document answers a term by its words or by its trade."""
    by_words = HasAll(term.tokens)
    return AnyOf((by_words, Within(Field.TRADE_CODE, term.trades))) if term.trades else by_words


def _unseen(query: Query) -> Iterator[Condition]:
    """Conditions that no facet counts."""
    if query.institutions:
        yield Within(Field.TENANT_ID, query.institutions)
    if query.news_since is not None:
        yield Between(Field.NEWS_AT, query.news_since + timedelta(microseconds=1))


def _chosen(query: Query) -> Iterator[tuple[FacetName, Condition]]:
    if query.only_free:
        yield FacetName.FREE, _is_free(query)
    if query.categories:
        yield FacetName.CATEGORY, Within(Field.CATEGORY, query.categories)
    if query.only_shortage:
        yield FacetName.SHORTAGE, Within(Field.IS_SHORTAGE, (True,))
    if query.regions:
        yield FacetName.REGION, Within(Field.REGION_IDS, query.regions)
    if query.levels:
        yield FacetName.LEVEL, Within(Field.LEVEL, query.levels)
    if query.modes:
        yield FacetName.MODE, Within(Field.MODE, query.modes)
    if query.starts:
        windows = dict(start_windows(query.on))
        chosen = (windows.get(start) or month_of(start, query.on) for start in query.starts)
        yield FacetName.START, AnyOf(tuple(starts_within(*window) for window in chosen if window))


def _parts(query: Query) -> Iterator[Part]:
    upcoming = Between(Field.NEXT_STARTS_ON, query.on)
    if query.sort is Sort.BEST:
        yield from _text_parts(query.terms)
        yield Part(Reason.SHORTAGE, POINTS[Reason.SHORTAGE], Within(Field.IS_SHORTAGE, (True,)))
        if query.free:
            yield Part(Reason.FREE, POINTS[Reason.FREE], _is_free(query))
        has_seat = AllOf((Between(Field.SEATS_LEFT, 1), upcoming))
        yield Part(Reason.SEATS, POINTS[Reason.SEATS], has_seat)
        soon = starts_within(query.on, query.on + timedelta(days=SOON_DAYS))
        yield Part(Reason.SOON, POINTS[Reason.SOON], soon)
        for ring in query.near:
            yield Part(Reason.NEAR, POINTS[Reason.NEAR], Within(Field.REGION_IDS, ring))
    elif query.sort is Sort.PRICE:
        if query.free:
            yield Part(Reason.FREE, POINTS[Reason.FREE], _is_free(query))
    else:
        yield Part(Reason.UPCOMING, POINTS[Reason.UPCOMING], upcoming)


def _text_parts(terms: tuple[Term, ...]) -> Iterator[Part]:
    if not terms:
        return
    trades = tuple(dict.fromkeys(code for term in terms for code in term.trades))
    if trades:
        yield Part(Reason.TRADE, POINTS[Reason.TRADE], Within(Field.TRADE_CODE, trades))
    for term in terms:
        for at in range(len(term.labels)):
            labels = dict.fromkeys(label for group in term.labels[: at + 1] for label in group)
            yield Part(Reason.TRADE, CLOSER, Within(Field.LABEL, tuple(labels)))
    whole = HasAll(tuple(HEADING + token for term in terms for token in term.tokens))
    yield Part(Reason.TITLE, POINTS[Reason.TITLE], whole)


def _is_free(query: Query) -> Condition:
    return Within(Field.SHAPE, tuple(sorted(query.free))) if query.free else NEVER


def starts_within(first: date, last: date) -> Condition:
    """Some class begins in these days, both included."""
    return Between(Field.START_DATES, first, last)


def start_windows(on: date) -> Iterator[tuple[str, tuple[date, date]]]:
    """Every start that can be chosen on a day, with its first and last day: the next days, then month by month."""
    yield SOON, (on, on + timedelta(days=SOON_DAYS))
    first = on
    for _n in range(MONTHS_AHEAD + 1):
        window = month_of(f"{first:%Y-%m}", on)
        assert window is not None
        yield f"{first:%Y-%m}", window
        first = window[1] + timedelta(days=1)


def month_of(start: str, on: date) -> tuple[date, date] | None:
    """The days of a month ("2026-12") from `on`; None if it is over or no month."""
    try:
        first = date.fromisoformat(f"{start}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return (max(first, on), last) if last >= on else None


__all__ = ["ALWAYS", "NEVER", "Key", "Part", "Plan", "Reason", "make_plan"]
