"""Facets from what an engine counted, in the order they are shown; the same for every engine. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from app.catalog.search.contract import SOON, Facet, FacetName, Option

Counted = Mapping[FacetName, Mapping[str, int]]


def shape_facets(counted: Counted) -> tuple[Facet, ...]:
    """Every facet; a choice that would leave nothing is left out.

    Levels come from the lowest skill (5) up, the next days before the months, anything else by its count.
    """
    return tuple(Facet(name, tuple(_options(name, counted.get(name, {})))) for name in FacetName)


def _options(name: FacetName, counts: Mapping[str, int]) -> list[Option]:
    options = [Option(value, count) for value, count in counts.items() if count]
    if name is FacetName.LEVEL:
        return sorted(options, key=lambda option: int(option.value), reverse=True)
    if name is FacetName.START:
        return sorted(options, key=lambda option: (option.value != SOON, option.value))
    return sorted(options, key=lambda option: (-option.count, option.value))
