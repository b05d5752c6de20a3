"""Facets from the rows that were counted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.catalog.search.contract import Facet, FacetName, Option

# In the order of the columns they are grouped by.
ONE_VALUED = (FacetName.CATEGORY, FacetName.SHORTAGE, FacetName.LEVEL, FacetName.MODE)


def shape_counts(rows: Iterable[Any]) -> tuple[dict[FacetName, Facet], int, int, int]:
    """The one-valued facets, the total, the number of classes, and how many start soon."""
    names = list(ONE_VALUED)
    found: dict[FacetName, list[Option]] = {name: [] for name in names}
    total = runs = soon = free = 0
    for row in rows:
        grouped = [name for at, name in enumerate(names) if not row.grouping >> (len(names) - 1 - at) & 1]
        if not grouped:
            total, runs, soon, free = row.n_all, row.n_runs, row.n_soon, row.n_free
            continue
        (name,) = grouped
        count = getattr(row, f"n_{name.value}")
        value = getattr(row, name.value)
        if name is FacetName.SHORTAGE:
            if value:
                found[name].append(Option("1", count))
        elif count:
            found[name].append(Option(str(value), count))
    facets = {name: Facet(name, tuple(_by_count(options))) for name, options in found.items()}
    facets[FacetName.LEVEL] = Facet(
        FacetName.LEVEL, tuple(sorted(facets[FacetName.LEVEL].options, key=lambda o: o.value, reverse=True))
    )
    facets[FacetName.FREE] = Facet(FacetName.FREE, (Option("1", free),))
    return facets, total, runs, soon


def shape_options(name: FacetName, rows: Iterable[Any], *first: Option, by_count: bool = False) -> Facet:
    """A facet from (value, count) rows."""
    options = [Option(str(value), count) for value, count in rows]
    return Facet(name, (*first, *(_by_count(options) if by_count else options)))


def _by_count(options: list[Option]) -> list[Option]:
    return sorted(options, key=lambda option: (-option.count, option.value))
