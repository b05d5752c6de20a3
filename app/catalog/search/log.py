"""The query log without persons: what is searched for, what it found, and whether something was opened.

No user, no address, no answers and no place of anyone: those who write here are not given them. Numbers that could
be somebody's and mail addresses are masked. Rows are deleted after `KEPT_DAYS`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app import scope
from app.catalog.search.folding import normalise
from app.catalog.search.models import SearchLogEntry
from app.clock import now
from app.db import db

KEPT_DAYS = 180
OPENED_WITHIN = timedelta(hours=6)  # how long a page of results may lie open before one of them is opened
MOST_CLICKS = 20
AS_BEFORE = "kept"  # the engine of a page that was made before and still held

_logger = logging.getLogger(__name__)
_NUMBER = re.compile(r"\d(?:[\s.\-]?\d){4,}x?")
_MAIL = re.compile(r"\S+@\S+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One search: what was asked in words and filters, the trades understood, and what came of it."""

    text: str
    filters: dict[str, Any] = field(default_factory=dict)
    trades: tuple[str, ...] = ()
    hits: int = 0
    engine: str = ""
    took_ms: int = 0


def masked(text: str) -> str:
    """A question as it is kept: normalised, without what could be somebody's number or mail address."""
    return _NUMBER.sub("#", _MAIL.sub("@", normalise(text)))


_table: sa.Table = sa.inspect(SearchLogEntry).local_table  # type: ignore[assignment]

# A log need not wait for the disk, and its transaction holds nothing else that was written.
_QUIETLY = sa.func.set_config("synchronous_commit", "off", True) == "off"

_WRITE = sa.insert(_table).from_select(
    ["text", "filters", "trades", "hits", "engine", "took_ms", "is_wished"],
    sa.select(
        sa.bindparam("text", type_=sa.Text),
        sa.bindparam("filters", type_=JSONB),
        sa.bindparam("trades", type_=ARRAY(sa.Text)),
        sa.bindparam("hits", type_=sa.Integer),
        sa.bindparam("engine", type_=sa.Text),
        sa.bindparam("took_ms", type_=sa.Integer),
        sa.bindparam("is_wished", type_=sa.Boolean),
    ).where(_QUIETLY),
)

_last = (
    sa.select(_table.c.id)
    .where(
        _table.c.text == sa.bindparam("said", type_=sa.Text),
        _table.c.filters.contains(sa.bindparam("chosen", type_=JSONB)),
        _table.c.at > sa.bindparam("after", type_=sa.DateTime(timezone=True)),
    )
    .order_by(_table.c.at.desc())
    .limit(1)
)
_CLICK = (
    sa.update(_table)
    .where(_table.c.id == _last.scalar_subquery(), _table.c.clicked < MOST_CLICKS, _QUIETLY)
    .values(clicked=_table.c.clicked + 1)
)
_WISH = sa.update(_table).where(_table.c.id == _last.scalar_subquery()).values(is_wished=True)


def writer(entry: Entry) -> Callable[[], None]:
    """What logs a search, in a transaction of its own: to be called when its page is on its way.

    Nobody waits for it then, and no page fails with it.
    """
    engine = db.engine

    def write() -> None:
        try:
            with scope.opened(scope.VISITOR), engine.begin() as connection:
                connection.execute(_WRITE, _row(entry))
        except sa.exc.SQLAlchemyError:
            _logger.exception("a search was not logged")

    return write


def _row(entry: Entry, *, is_wished: bool = False) -> dict[str, Any]:
    return {
        "text": masked(entry.text),
        "filters": entry.filters,
        "trades": list(entry.trades),
        "hits": entry.hits,
        "engine": entry.engine,
        "took_ms": entry.took_ms,
        "is_wished": is_wished,
    }


def count_click(*, text: str, filters: dict[str, Any]) -> None:
    """Count that something the search found was opened, on the latest entry that asked the same."""
    db.session.execute(_CLICK, _same(text, filters))


def wish(entry: Entry) -> None:
    """Mark the latest entry that asked the same as wished for; log the search if there is none."""
    done = db.session.execute(_WISH, _same(entry.text, entry.filters))
    if not done.rowcount:  # type: ignore[attr-defined]
        db.session.execute(_WRITE, _row(entry, is_wished=True))


def _same(text: str, filters: dict[str, Any]) -> dict[str, Any]:
    return {"said": masked(text), "chosen": filters, "after": now() - OPENED_WITHIN}


def forget_old() -> int:
    """Delete what is older than `KEPT_DAYS`; the number deleted."""
    done = db.session.execute(sa.delete(_table).where(_table.c.at < now() - timedelta(days=KEPT_DAYS)))
    return int(done.rowcount)  # type: ignore[attr-defined]


def as_before(entry: Entry, *, took_ms: int) -> Entry:
    """The entry of a page that was made before and is shown again."""
    return replace(entry, engine=AS_BEFORE, took_ms=took_ms)
