"""The embedded engine: PostgreSQL ranks and counts the stored documents, in the session's transaction (law 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from app.catalog.search.contract import Counts, FacetName, Found, Hit, Suggestion, card_order
from app.catalog.search.postgres_query import (
    ONE_VALUED,
    counts_statement,
    exists_statement,
    has_words,
    hits_statement,
    regions_statement,
    suggest_statement,
)
from app.catalog.search.ranking import Key, Plan
from app.catalog.search.shaping import shape_facets

NAME = "postgres"
_SET = "select set_config(name, '{value}', true) from unnest(array['enable_seqscan', 'enable_nestloop']) as name"
_BY_SETS = sa.text(_SET.format(value="off"))
_ANY_WAY = sa.text(_SET.format(value="on"))
SUGGESTED = ("course", "institution")


class PostgresSearch:
    """Search over `course_documents`; reads only."""

    name = NAME
    is_fallback = False

    def __init__(self, session: Session | scoped_session[Any]) -> None:
        self._session = session

    def find(
        self,
        plan: Plan,
        *,
        size: int,
        offset: int = 0,
        without_cards: Collection[UUID] = (),
        without_tenants: Collection[int] = (),
        is_counted: bool = True,
    ) -> Found:
        """Hits in one statement; counts in two more, whatever is asked."""
        statement = hits_statement(
            plan, size=size, offset=offset, without_cards=without_cards, without_tenants=without_tenants
        )
        with self._by_sets() if has_words(plan.match) else nullcontext():
            hits = tuple(shape_hit(row, plan.keys) for row in self._session.execute(statement)) if size else ()
            return Found(hits, self._count(plan) if is_counted else None)

    def finds(self, plans: Sequence[Plan]) -> list[bool]:
        """A statement for each, which ends with the first hit."""
        return [self._finds(plan) for plan in plans]

    def _finds(self, plan: Plan) -> bool:
        with self._by_sets() if has_words(plan.match) else nullcontext():
            return bool(self._session.scalar(exists_statement(plan)))

    @contextmanager
    def _by_sets(self) -> Iterator[None]:
        """Words are looked up in their index as sets of cards, and those joined at once.

        The planner knows neither how far away a row's tokens are nor that a trade's words come together.
        """
        self._session.execute(_BY_SETS)
        yield
        self._session.execute(_ANY_WAY)

    def _count(self, plan: Plan) -> Counts:
        groups = self._session.execute(counts_statement(plan))
        return shape_counts(groups, self._session.execute(regions_statement(plan)), plan)

    def suggest(self, typed: str, *, most: int) -> list[Suggestion]:
        """Courses and institutions, in turn, each by the key that begins with what was typed."""
        if not typed:
            return []
        kinds = []
        for kind in SUGGESTED:
            rows = self._session.execute(suggest_statement(kind, typed, most=3 * most))
            by_text = {text: Suggestion(kind, text, ref) for text, ref in rows}
            kinds.append(list(by_text.values()))
        return list(islice(in_turn(kinds), most))


def in_turn(lists: Iterable[list[Suggestion]]) -> Iterable[Suggestion]:
    """The first of every list, then the second of every list, and so on."""
    waiting = [iter(each) for each in lists]
    while waiting:
        for each in list(waiting):
            try:
                yield next(each)
            except StopIteration:
                waiting.remove(each)


def shape_hit(row: Any, keys: tuple[Key, ...]) -> Hit:
    """A row as a hit; its sort values ascend in the order of the plan."""
    sort = tuple(_ascending(value, key) for value, key in zip(row[3:], keys, strict=True))
    return Hit(row.card_id, row.tenant_id, row.points, (-row.points, *sort))


def _ascending(value: Any, key: Key) -> tuple[bool, int]:
    if value is None:
        return True, 0
    if isinstance(value, UUID):
        value = card_order(value)
    number = value.toordinal() if isinstance(value, date) else value
    return False, -number if key.is_descending else number


def shape_counts(groups: Iterable[Any], regions: Iterable[Any], plan: Plan) -> Counts:
    """Counts from the rows of both statements."""
    counted: dict[FacetName, dict[str, int]] = defaultdict(dict)
    total = runs = 0
    for row in groups:
        grouped = [
            name for at, name in enumerate(ONE_VALUED) if not row.grouping >> (len(ONE_VALUED) - 1 - at) & 1
        ]
        if grouped:
            (name,) = grouped
            value = getattr(row, name.value)
            if value is not False:
                counted[name][str(int(value)) if isinstance(value, bool) else str(value)] = getattr(
                    row, f"n_{name.value}"
                )
            continue
        total, runs = int(row.n_all), int(row.n_runs)
        counted[FacetName.FREE] = {"1": int(row.n_free)}
        starts = enumerate(plan.starts)
        counted[FacetName.START] = {
            start: int(getattr(row, f"n_start_{at}")) for at, (start, _condition) in starts
        }
    counted[FacetName.REGION] = {str(region_id): int(count) for region_id, count in regions}
    return Counts(shape_facets(counted), total, runs)
