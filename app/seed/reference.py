"""What the demo city is made from: the policy's regions, trades and rule book, and our own vocabulary."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import sqlalchemy as sa

from app.clock import CITY_ZONE
from app.policy.loader import load_rulebook
from app.policy.models import ShortageList, ShortageListEntry, Trade
from app.policy.rulebook import RuleBook
from app.tenants.models import Region, RegionKind

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """A region as the seed needs it; `short` is what people call it."""

    id: int
    code: str
    name: str
    short: str
    is_zone: bool


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A trade or one of its variants; `entry` is its place on the shortage list in force."""

    id: int
    code: str
    label: str
    is_variant: bool
    category: str
    entry: str | None

    @property
    def is_listed(self) -> bool:
        """Whether it is on the shortage list in force."""
        return self.entry is not None


@dataclass(frozen=True)
class Reference:
    """Everything read before anything is made up."""

    city: Place
    counties: tuple[Place, ...]
    trades: tuple[TradeRow, ...]
    book: RuleBook
    words: dict[str, Any]
    today: date

    @functools.cached_property
    def by_code(self) -> dict[str, tuple[TradeRow, ...]]:
        """The occupation and its variants by code, the occupation first."""
        found: dict[str, list[TradeRow]] = {}
        for trade in sorted(self.trades, key=lambda trade: (trade.is_variant, trade.id)):
            found.setdefault(trade.code, []).append(trade)
        return {code: tuple(trades) for code, trades in found.items()}

    @functools.cached_property
    def codes_by_category(self) -> dict[str, tuple[str, ...]]:
        """The codes of each category, in the order of the source."""
        found: dict[str, list[str]] = {}
        for trade in self.trades:
            if not trade.is_variant:
                found.setdefault(trade.category, []).append(trade.code)
        return {category: tuple(codes) for category, codes in found.items()}

    def at(self, days: int, hour: int = 9, minute: int = 0) -> datetime:
        """An instant so many days from today, at an hour of the city."""
        return moment(self.today + timedelta(days=days), hour, minute)

    def some_time(self, rng: Random, first: int, last: int) -> datetime:
        """An instant of office hours between two days counted from today."""
        return self.at(rng.randint(first, last), rng.randint(8, 17), rng.randint(0, 59))


def moment(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """A time of the city as an instant."""
    return datetime.combine(day, time(hour, minute), CITY_ZONE).astimezone(UTC)


def weighted(rng: Random, choices: Sequence[tuple[_T, int]]) -> _T:
    """One of the values, as often as its weight says."""
    return rng.choices([value for value, _weight in choices], [weight for _value, weight in choices])[0]


@functools.cache
def vocabulary() -> dict[str, Any]:
    """The words of `vocabulary.toml`."""
    return tomllib.loads((Path(__file__).parent / "vocabulary.toml").read_text(encoding="utf-8"))


_SHORT = {"130171": "高新区", "130172": "循环化工园区", "130100": "石家庄"}


def read_reference(connection: sa.Connection, today: date) -> Reference:
    """Read what `flask init` loaded; `today` is the demo city's first day."""
    regions = connection.execute(
        sa.select(Region.id, Region.code, Region.name, Region.kind).order_by(Region.code)
    ).all()
    places = [
        Place(row.id, row.code, row.name, _SHORT.get(row.code, row.name), row.kind is RegionKind.ZONE)
        for row in regions
    ]
    listed: dict[str, str] = {
        code: str(position)
        for code, position in connection.execute(
            sa.select(Trade.code, ShortageListEntry.position)
            .join(ShortageListEntry, ShortageListEntry.trade_id == Trade.id)
            .join(ShortageList, ShortageList.id == ShortageListEntry.list_id)
            .where(
                ShortageList.is_published,
                ShortageList.valid_from <= today,
                sa.or_(ShortageList.valid_to.is_(None), ShortageList.valid_to > today),
            )
        )
    }
    trades = connection.execute(
        sa.select(Trade.id, Trade.code, Trade.name, Trade.variant, Trade.category).order_by(Trade.id)
    ).all()
    return Reference(
        city=next(place for place, row in zip(places, regions, strict=True) if row.kind is RegionKind.CITY),
        counties=tuple(
            place for place, row in zip(places, regions, strict=True) if row.kind is not RegionKind.CITY
        ),
        trades=tuple(
            TradeRow(
                row.id, row.code, row.variant or row.name, bool(row.variant), row.category, listed.get(row.code)
            )
            for row in trades
        ),
        book=load_rulebook(),
        words=vocabulary(),
        today=today,
    )
