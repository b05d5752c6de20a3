"""What to give up when a search finds nothing: as little as possible, what people hold to least first.

Nothing is given up silently: the page names it and offers the search without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.catalog.asking import Asked, Choice
from app.catalog.search.backend import engine as current_engine
from app.catalog.search.contract import Query, SearchBackend, Term
from app.catalog.search.ranking import make_plan

LEAST_IMPORTANT_FIRST = (
    "since", "start", "mode", "level", "region", "institution", "free", "shortage", "category"
)  # fmt: skip


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

    def finds(way: Way) -> bool:
        plan = make_plan(query_of(way.asked, way.terms))
        return bool(engine.find(plan, size=1, is_counted=False).hits)

    found = next((way for way in ways(joined, terms=terms) if finds(way)), None)
    if found is not None and len(found.choices) > 2:
        for choice in reversed(found.choices[:-1]):  # without the last of them there was nothing
            kept = _without(joined, terms, tuple(other for other in found.choices if other != choice))
            found = kept if finds(kept) else found
    return found


def _without(joined: Asked, terms: tuple[Term, ...], choices: tuple[Choice, ...]) -> Way:
    asked = joined
    for choice in choices:
        asked = asked.without(choice)
    return Way(asked, terms, choices)
