"""What to give up when a search finds nothing: as little as possible, what people hold to least first.

Nothing is given up silently: the page names it and offers the search without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.catalog.asking import Asked, Choice
from app.catalog.search.backend import engine as current_engine
from app.catalog.search.contract import Query, SearchBackend, Term
from app.catalog.search.ranking import make_plan
from app.catalog.search.store import in_batches

LEAST_IMPORTANT_FIRST = (
    "since", "start", "mode", "level", "region", "institution", "free", "shortage", "category"
)  # fmt: skip

AT_ONCE = 4  # how many ways are tried together


@dataclass(frozen=True, slots=True)
class Way:
    """A search with less: what it asks, its words, and what was given up of choices and words."""

    asked: Asked
    terms: tuple[Term, ...]
    choices: tuple[Choice, ...] = ()
    words: tuple[str, ...] = ()


def ways(joined: Asked, *, terms: tuple[Term, ...]) -> Iterator[Way]:
    """Every way to ask for less, in the order to try them: one choice, one word, then more and more choices."""
    choices = sorted(joined.chosen, key=lambda choice: LEAST_IMPORTANT_FIRST.index(choice.facet))
    for choice in choices:
        yield _without(joined, terms, (choice,))
    if len(terms) > 1:
        for term in sorted(terms, key=lambda term: bool(term.trades)):
            rest = tuple(other for other in terms if other is not term)
            q = " ".join(other.said or other.text for other in rest)
            yield Way(replace(joined, q=q, page=1), rest, words=(term.said or term.text,))
    for many in range(2, len(choices) + 1):
        yield _without(joined, terms, tuple(choices[:many]))


def find_way(
    joined: Asked,
    *,
    terms: tuple[Term, ...],
    query_of: Callable[[Asked, tuple[Term, ...]], Query],
    engine: SearchBackend | None = None,
) -> Way | None:
    """The first way that finds something, giving up nothing it could keep; None if none does. Counts nothing."""
    engine = engine or current_engine()

    def first_of(some: Sequence[Way]) -> Way | None:
        found = engine.finds([make_plan(query_of(way.asked, way.terms)) for way in some])
        return next((way for way, is_found in zip(some, found, strict=True) if is_found), None)

    all_ways = ways(joined, terms=terms)
    found = next((way for some in in_batches(all_ways, AT_ONCE) if (way := first_of(some))), None)
    if found is not None and len(found.choices) > 2:
        for choice in reversed(found.choices[:-1]):  # without the last of them there was nothing
            kept = _without(joined, terms, tuple(other for other in found.choices if other != choice))
            found = first_of([kept]) or found
    return found


def _without(joined: Asked, terms: tuple[Term, ...], choices: tuple[Choice, ...]) -> Way:
    asked = joined
    for choice in choices:
        asked = asked.without(choice)
    return Way(asked, terms, choices)
