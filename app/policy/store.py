"""The policy's files put into the database by the owner of its tables.

An entry is known by its code and first day: a new first day is a new dated version beside the old one, the same
first day corrects that version. What a bureau published since stands: nothing here undoes or overlays it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.policy import loader
from app.policy.models import (
    PolicyParameter,
    RuleKind,
    ShortageList,
    ShortageListEntry,
    SubsidyRule,
    TargetGroup,
    Trade,
    Version,
)
from app.tenants.models import Region

CITY = "130100"
SAMPLE_LIST = "急需紧缺职业（工种）目录（示例，非官方目录）"
SAMPLE_DOCUMENT = "示例目录-2019"
SAMPLE_FROM = date(2019, 10, 15)


def load(session: Session) -> None:
    """Load regions, trades, groups, rules, limits and the sample list; run twice it changes nothing."""
    city_id = _load_regions(session)
    # Forced row-level security binds the owner too: lists are written in the city bureau's scope.
    session.execute(sa.text("select set_config('app.region_ids', :id, true)"), {"id": str(city_id)})
    trades = _load_trades(session)
    entries = loader.read_entries()
    for entry in entries["group"]:
        _load_dated(
            session, TargetGroup, city_id, entry, name=entry["zh"], name_en=entry["en"], clause=entry["clause"]
        )
    for entry in entries["rule"]:
        _load_dated(
            session,
            SubsidyRule,
            city_id,
            entry,
            kind=RuleKind(entry["kind"]),
            name=entry["zh"],
            name_en=entry["en"],
            amount_fen=entry.get("amount_fen"),
            document_no=entry["document"],
            is_published=True,
            clause=entry["clause"],
            quote=entry["quote"],
        )
    for entry in entries["limit"]:
        _load_dated(session, PolicyParameter, city_id, entry, document_no="", is_published=True)
    _load_sample_list(session, city_id, trades)


def _load_regions(session: Session) -> int:
    for entry in loader.load_regions():
        latitude, longitude = entry.centre or (None, None)
        values = {
            "name": entry.name,
            "name_en": entry.name_en,
            "kind": entry.kind,
            "counts_in_city": entry.in_city_total,
            "latitude": latitude,
            "longitude": longitude,
        }
        parent = sa.select(Region.id).where(Region.code == entry.parent_code).scalar_subquery()
        statement = insert(Region).values(code=entry.code, parent_id=parent, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))
    return session.scalars(sa.select(Region.id).where(Region.code == CITY)).one()


def _load_trades(session: Session) -> dict[str, int]:
    trades = {entry.code: entry for entry in loader.load_trades()}
    rows = [(entry, "", entry.name_en) for entry in trades.values()]
    rows += [(trades[entry.code], entry.variant, entry.variant_en) for entry in loader.load_variants()]
    for trade, variant, name_en in rows:
        values = {
            "name": trade.name,
            "name_en": name_en,
            "category": trade.category,
            "category_en": trade.category_en,
        }
        statement = insert(Trade).values(
            classification=trade.classification_version, code=trade.code, variant=variant, **values
        )
        session.execute(
            statement.on_conflict_do_update(index_elements=["classification", "code", "variant"], set_=values)
        )
    found = session.execute(sa.select(Trade.code, Trade.id).where(Trade.variant == ""))
    return dict(found.all())


def _load_dated(session: Session, model: Any, region_id: int, entry: Mapping[str, Any], **columns: Any) -> None:
    valid_from = date.fromisoformat(entry["valid_from"])
    valid_to = date.fromisoformat(entry["valid_to"]) if "valid_to" in entry else None
    versions = session.scalars(
        sa.select(model).where(model.region_id == region_id, model.code == entry["code"])
    ).all()
    known = next((row for row in versions if row.valid_from == valid_from and not _is_bureaus(row)), None)
    # What a bureau published stands: it keeps the end it gave a version, and nothing is loaded into its time.
    from_bureau = min((row.valid_from for row in versions if _is_bureaus(row) and row.is_published), default=None)
    if from_bureau is not None:
        if valid_from >= from_bureau:
            return
        valid_to = min(valid_to or from_bureau, from_bureau)
    values = {**columns, "data": dict(entry), "valid_to": valid_to}
    if known is None:
        session.add(model(region_id=region_id, code=entry["code"], valid_from=valid_from, **values))
    else:
        for name, value in values.items():
            setattr(known, name, value)
    session.flush()


def _is_bureaus(row: Any) -> bool:
    return isinstance(row, Version) and row.authored_by is not None


def _load_sample_list(session: Session, region_id: int, trades: dict[str, int]) -> None:
    known = session.scalar(sa.select(ShortageList.id).where(ShortageList.document_no == SAMPLE_DOCUMENT))
    if known is not None:
        return
    version = ShortageList(
        region_id=region_id,
        name=SAMPLE_LIST,
        document_no=SAMPLE_DOCUMENT,
        is_sample=True,
        valid_from=SAMPLE_FROM,
        is_published=True,
    )
    session.add(version)
    session.flush()
    listed = [entry for entry in loader.load_trades() if entry.demo_listed]
    session.add_all(
        ShortageListEntry(
            list_id=version.id,
            region_id=region_id,
            trade_id=trades[entry.code],
            position=position,
            name=entry.name,
            is_published=True,
        )
        for position, entry in enumerate(listed, start=1)
    )
    session.flush()
