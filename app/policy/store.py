"""The policy's files put into the database by the owner of its tables.

An entry is known by its code and first day: a new first day is a new dated version beside the old one, the same
first day corrects that version. The app's role can read all of it and write none of it.
"""

from __future__ import annotations

import csv
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.policy.models import (
    PolicyParameter,
    RuleKind,
    ShortageList,
    ShortageListEntry,
    SubsidyRule,
    TargetGroup,
    Trade,
)
from app.tenants.models import Region

HERE = Path(__file__).parent
CITY = "130100"
SAMPLE_LIST = "急需紧缺职业（工种）目录（示例，非官方目录）"
SAMPLE_DOCUMENT = "示例目录-2019"
SAMPLE_FROM = date(2019, 10, 15)


def read_csv(name: str) -> list[dict[str, str]]:
    """The rows of a bundled source table."""
    with (HERE / "sources" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_rules(name: str, table: str) -> list[dict[str, Any]]:
    """The entries of a bundled rule file."""
    with (HERE / "rules" / name).open("rb") as file:
        entries: list[dict[str, Any]] = tomllib.load(file)[table]
    return entries


def jsonable(value: Any) -> Any:
    """TOML values as JSON values: dates as ISO text."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def load(session: Session) -> None:
    """Load regions, trades, groups, rules, limits and the sample list; run twice it changes nothing."""
    city_id = _load_regions(session)
    # Forced row-level security binds the owner too: lists are written in the city bureau's scope.
    session.execute(sa.text("select set_config('app.region_ids', :id, true)"), {"id": str(city_id)})
    trades = _load_trades(session)
    for entry in read_rules("target_groups.toml", "group"):
        _load_dated(
            session, TargetGroup, city_id, entry, name=entry["zh"], name_en=entry["en"], clause=entry["clause"]
        )
    for entry in read_rules("subsidy_rules.toml", "rule"):
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
            clause=entry["clause"],
            quote=entry["quote"],
        )
    for entry in read_rules("limits.toml", "limit"):
        _load_dated(session, PolicyParameter, city_id, entry)
    _load_sample_list(session, city_id, trades)


def _load_regions(session: Session) -> int:
    rows = read_csv("divisions.csv")
    for row in rows:
        values = {
            "name": row["name"],
            "name_en": row["name_en"],
            "kind": row["kind"],
            "counts_in_city": row["in_city_total"] == "yes",
        }
        parent = None if row["code"] == CITY else sa.select(Region.id).where(Region.code == CITY).scalar_subquery()
        statement = insert(Region).values(code=row["code"], parent_id=parent, **values)
        session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))
    return session.scalars(sa.select(Region.id).where(Region.code == CITY)).one()


def _load_trades(session: Session) -> dict[str, int]:
    trades = read_csv("trades.csv")
    by_code = {row["code"]: row for row in trades}
    rows = [{**row, "variant": "", "variant_en": ""} for row in trades]
    rows += [{**by_code[row["code"]], **row} for row in read_csv("variants.csv")]
    for row in rows:
        values = {
            "name": row["name"],
            "name_en": row["variant_en"] or row["name_en"],
            "category": row["category"],
            "category_en": row["category_en"],
        }
        statement = insert(Trade).values(
            classification=row["classification_version"], code=row["code"], variant=row["variant"], **values
        )
        session.execute(
            statement.on_conflict_do_update(index_elements=["classification", "code", "variant"], set_=values)
        )
    found = session.execute(sa.select(Trade.code, Trade.id).where(Trade.variant == ""))
    return {code: trade_id for code, trade_id in found}


def _load_dated(session: Session, model: Any, region_id: int, entry: dict[str, Any], **columns: Any) -> None:
    known = session.scalar(
        sa.select(model).where(
            model.region_id == region_id, model.code == entry["code"], model.valid_from == entry["valid_from"]
        )
    )
    values = {**columns, "data": jsonable(entry), "valid_to": entry.get("valid_to")}
    if known is None:
        session.add(model(region_id=region_id, code=entry["code"], valid_from=entry["valid_from"], **values))
    else:
        for name, value in values.items():
            setattr(known, name, value)
    session.flush()


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
    listed = [row["code"] for row in read_csv("trades.csv") if row["demo_listed"] == "yes"]
    session.add_all(
        ShortageListEntry(
            list_id=version.id, region_id=region_id, trade_id=trades[code], position=position, is_published=True
        )
        for position, code in enumerate(listed, start=1)
    )
    session.flush()
