"""The bureau's shortage lists: import a draft, compare it with the list in force, publish it with its dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from app import audit, clock, errors, jobs
from app.db import db
from app.errors import DomainError
from app.policy import services
from app.policy.lists import ListRow, read_shortage_list
from app.policy.models import ShortageList, ShortageListEntry, Trade
from app.scope import VISITOR
from app.sheets import RowError

errors.register("list_already_published", _l("这一版已经发布，不能再改。"))
errors.register("list_starts_too_early", _l("生效日期应晚于现行目录的生效日期（%(on)s）。"))
errors.register("list_later_exists", _l("已有一版从 %(on)s 起生效的目录，请先处理那一版。"))


@dataclass(frozen=True)
class Difference:
    """What a draft changes against the list in force: trades added and removed."""

    added: list[Trade]
    removed: list[Trade]
    kept: int


class RowsRefused(Exception):
    """Rows of an uploaded list that were not taken."""

    def __init__(self, rows: tuple[RowError, ...]) -> None:
        super().__init__(f"{len(rows)} rows")
        self.rows = rows


def trades_by_code() -> dict[str, Trade]:
    """Every occupation (not its variants) by code."""
    return {trade.code: trade for trade in db.session.scalars(sa.select(Trade).where(Trade.variant == ""))}


def import_list(*, region_id: int, name: str, document_no: str, valid_from: date, content: bytes) -> ShortageList:
    """Save an uploaded list as a draft. Raises SheetError for the file, RowsRefused for its rows."""
    trades = trades_by_code()
    result = read_shortage_list(content, {code: trade.name for code, trade in trades.items()})
    if not result.is_clean:
        raise RowsRefused(result.errors)
    draft = ShortageList(
        region_id=region_id, name=name, document_no=document_no, valid_from=valid_from, is_published=False
    )
    db.session.add(draft)
    db.session.flush()
    codes: dict[str, ListRow] = {}
    for row in result.rows:
        codes.setdefault(row.code, row)
    db.session.add_all(
        ShortageListEntry(list_id=draft.id, region_id=region_id, trade_id=trades[code].id, position=position)
        for position, code in enumerate(codes, start=1)
    )
    audit.record(
        "shortage_list.imported",
        subject=("shortage_list", draft.id),
        region_id=region_id,
        data={"trades": len(codes), "document_no": document_no},
    )
    return draft


def entries_of(list_id: int) -> list[tuple[int, Trade]]:
    """The trades of a version in order."""
    rows = db.session.execute(
        sa.select(ShortageListEntry.position, Trade)
        .join(Trade, Trade.id == ShortageListEntry.trade_id)
        .where(ShortageListEntry.list_id == list_id)
        .order_by(ShortageListEntry.position)
    )
    return [(position, trade) for position, trade in rows]


def difference(*, draft: ShortageList, on: date) -> Difference:
    """What publishing the draft would change against the list in force on a day."""
    current = services.list_in_force(on)
    before = {trade.code: trade for _, trade in entries_of(current.id)} if current else {}
    after = {trade.code: trade for _, trade in entries_of(draft.id)}
    return Difference(
        added=[trade for code, trade in after.items() if code not in before],
        removed=[trade for code, trade in before.items() if code not in after],
        kept=len(before.keys() & after.keys()),
    )


def publish_list(*, draft: ShortageList, actor_id: int) -> None:
    """Publish a draft: the list in force ends the day it begins; the catalog is built anew on that day."""
    if draft.is_published:
        raise DomainError("list_already_published")
    others = sa.select(ShortageList).where(
        ShortageList.region_id == draft.region_id, ShortageList.is_published, ShortageList.id != draft.id
    )
    latest = db.session.scalars(others.order_by(ShortageList.valid_from.desc()).limit(1)).first()
    if latest is not None:
        if latest.valid_from >= draft.valid_from:
            code = "list_later_exists" if latest.valid_from > clock.today() else "list_starts_too_early"
            raise DomainError(code, field="valid_from", on=latest.valid_from.isoformat())
        if latest.valid_to is None or latest.valid_to > draft.valid_from:
            latest.valid_to = draft.valid_from
            db.session.flush()
    draft.is_published, draft.published_at, draft.published_by = True, clock.now(), actor_id
    db.session.execute(
        sa.update(ShortageListEntry).where(ShortageListEntry.list_id == draft.id).values(is_published=True)
    )
    audit.record("shortage_list.published", subject=("shortage_list", draft.id), region_id=draft.region_id)
    begins = datetime.combine(draft.valid_from, time(0, 1), clock.CITY_ZONE).astimezone(UTC)
    jobs.enqueue("catalog.reindex", scope=VISITOR, at=begins if begins > clock.now() else None)


def discard_list(*, draft: ShortageList) -> None:
    """Throw a draft away; a published list stays for ever."""
    if draft.is_published:
        raise DomainError("list_already_published")
    audit.record("shortage_list.discarded", subject=("shortage_list", draft.id), region_id=draft.region_id)
    db.session.delete(draft)
