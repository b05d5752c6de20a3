"""What people look for, read from the query log: nothing of it is about one person.

A text that was asked fewer than `LEAST_SHOWN` times is counted but never shown: somebody may have typed a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.catalog.search.models import SearchLogEntry as Entry
from app.clock import now
from app.db import db
from app.policy.models import Trade
from app.tenants.models import Region

LEAST_SHOWN = 3
MOST_SHOWN = 50
PERIODS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Asked:
    """A text, a trade or a region: how often it was searched for, found nothing, was opened, and is wished for."""

    name: str
    searches: int
    empty: int
    opened: int
    wished: int
    name_en: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Latency:
    """How fast an engine answered, in milliseconds."""

    engine: str
    searches: int
    p50: int
    p95: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Everything the bureau's page shows of some days."""

    total: Asked
    top: tuple[Asked, ...]
    empty: tuple[Asked, ...]
    trades: tuple[Asked, ...]
    regions: tuple[Asked, ...]
    latency: tuple[Latency, ...]


def read_demand(*, days: int, most: int = MOST_SHOWN) -> Demand:
    """What was searched for in the last days."""
    since = now() - timedelta(days=days)
    total = db.session.execute(sa.select(*_COUNTS).where(Entry.at >= since)).one()
    return Demand(
        total=Asked("", *total),
        top=_texts(since, most, sa.func.count() >= LEAST_SHOWN, order=(_searches,)),
        empty=_texts(since, most, sa.func.least(_searches, _empty) >= LEAST_SHOWN, order=(_wished, _empty)),
        trades=_trades(since, most),
        regions=_regions(since),
        latency=_latency(since),
    )


_searches = sa.func.count()
_empty = sa.func.count().filter(Entry.hits == 0)
_opened = sa.func.count().filter(Entry.clicked > 0)
_wished = sa.func.count().filter(Entry.is_wished)
_COUNTS = (_searches, _empty, _opened, _wished)


def _texts(
    since: datetime, most: int, shown: sa.ColumnElement[bool], *, order: Sequence[sa.ColumnElement[int]]
) -> tuple[Asked, ...]:
    rows = db.session.execute(
        sa.select(Entry.text, *_COUNTS)
        .where(Entry.at >= since, Entry.text != "")
        .group_by(Entry.text)
        .having(shown)
        .order_by(*(column.desc() for column in order), Entry.text)
        .limit(most)
    )
    return tuple(Asked(*row) for row in rows)


def _trades(since: datetime, most: int) -> tuple[Asked, ...]:
    """By trade; a trade with variants is named by its own name."""
    each = sa.func.unnest(Entry.trades).table_valued("code").render_derived()
    counted = (
        sa.select(each.c.code, *(column.label(f"n{at}") for at, column in enumerate(_COUNTS)))
        .select_from(sa.join(Entry, each, sa.true()))
        .where(Entry.at >= since)
        .group_by(each.c.code)
        .order_by(_searches.desc(), each.c.code)
        .limit(most)
        .subquery()
    )
    names = sa.select(Trade.code, sa.func.min(Trade.name).label("zh"), sa.func.min(Trade.name_en).label("en"))
    named = names.group_by(Trade.code).subquery()
    rows = db.session.execute(
        sa.select(
            sa.func.coalesce(named.c.zh, counted.c.code), counted.c.n0, counted.c.n1, counted.c.n2, counted.c.n3,
            sa.func.coalesce(named.c.en, counted.c.code), counted.c.code,
        )
        .join_from(counted, named, named.c.code == counted.c.code, isouter=True)
        .order_by(counted.c.n0.desc(), counted.c.code)
    )  # fmt: skip
    return tuple(Asked(*row) for row in rows)


def _regions(since: datetime) -> tuple[Asked, ...]:
    """By county-level unit that was named or chosen."""
    each = sa.func.jsonb_array_elements_text(Entry.filters["region"]).table_valued("code").render_derived()
    rows = db.session.execute(
        sa.select(Region.name, *_COUNTS, Region.name_en, Region.code)
        .select_from(sa.join(Entry, each, sa.true()).join(Region, Region.code == each.c.code))
        .where(Entry.at >= since)
        .group_by(Region.id)
        .order_by(_searches.desc(), Region.code)
    )
    return tuple(Asked(*row) for row in rows)


def _latency(since: datetime) -> tuple[Latency, ...]:
    def part(share: float) -> sa.ColumnElement[float]:
        return sa.func.percentile_disc(share).within_group(Entry.took_ms)

    rows = db.session.execute(
        sa.select(Entry.engine, _searches, part(0.5), part(0.95))
        .where(Entry.at >= since, Entry.engine != "")
        .group_by(Entry.engine)
        .order_by(_searches.desc())
    )
    return tuple(Latency(engine, searches, int(p50), int(p95)) for engine, searches, p50, p95 in rows)
