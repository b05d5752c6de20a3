"""What is a shortage list's own: a draft read from a file, its trades, and what changes from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from app.db import db
from app.policy import versions
from app.policy.lists import ListRow, read_shortage_list
from app.policy.models import ShortageList, ShortageListEntry, Trade
from app.sheets import RowError


@dataclass(frozen=True)
class Listed:
    """A trade on a list: its place, the name the document gives it, and the occupation."""

    position: int
    name: str
    trade: Trade

    @property
    def is_renamed(self) -> bool:
        """Whether the document calls it other than the classification."""
        return self.name != self.trade.name


@dataclass(frozen=True)
class Difference:
    """What a list changes against the one before: trades added, removed, and renamed (before, after)."""

    added: list[Listed]
    removed: list[Listed]
    renamed: list[tuple[Listed, Listed]]
    kept: int


class RowsRefused(Exception):
    """Rows of an uploaded list that were not taken."""

    def __init__(self, rows: tuple[RowError, ...]) -> None:
        super().__init__(f"{len(rows)} rows")
        self.rows = rows


def trades_by_code() -> dict[str, Trade]:
    """Every occupation (not its variants) by code."""
    return {trade.code: trade for trade in db.session.scalars(sa.select(Trade).where(Trade.variant == ""))}


def import_list(
    *,
    region_id: int,
    name: str,
    document_no: str,
    valid_from: date,
    content: bytes,
    actor_id: int,
    takes_names: bool = False,
) -> ShortageList:
    """Save an uploaded list as a draft. Raises SheetError for the file, RowsRefused for its rows.

    With `takes_names` a name that is not the classification's is the trade's new name, not an error.
    """
    trades = trades_by_code()
    names = {code: trade.name for code, trade in trades.items()}
    result = read_shortage_list(content, names, takes_names=takes_names)
    if not result.is_clean:
        raise RowsRefused(result.errors)
    codes: dict[str, ListRow] = {}
    for row in result.rows:
        codes.setdefault(row.code, row)
    draft = ShortageList(
        region_id=region_id, name=name, document_no=document_no, valid_from=valid_from, authored_by=actor_id
    )
    versions.save_draft(draft, data={"trades": len(codes), "document_no": document_no})
    db.session.add_all(
        ShortageListEntry(
            list_id=draft.id, region_id=region_id, trade_id=trades[code].id, position=position, name=row.name
        )
        for position, (code, row) in enumerate(codes.items(), start=1)
    )
    db.session.flush()
    return draft


def entries_of(list_id: int) -> list[Listed]:
    """The trades of a version in order."""
    rows = db.session.execute(
        sa.select(ShortageListEntry.position, ShortageListEntry.name, Trade)
        .join(Trade, Trade.id == ShortageListEntry.trade_id)
        .where(ShortageListEntry.list_id == list_id)
        .order_by(ShortageListEntry.position)
    )
    return [Listed(position, name, trade) for position, name, trade in rows]


def difference(*, version: ShortageList, previous: ShortageList | None) -> Difference:
    """What a list changes, or changed, against the one it follows."""
    before = {each.trade.code: each for each in entries_of(previous.id)} if previous else {}
    after = {each.trade.code: each for each in entries_of(version.id)}
    both = [(before[code], each) for code, each in after.items() if code in before]
    return Difference(
        added=[each for code, each in after.items() if code not in before],
        removed=[each for code, each in before.items() if code not in after],
        renamed=[(old, new) for old, new in both if old.name != new.name],
        kept=sum(old.name == new.name for old, new in both),
    )
