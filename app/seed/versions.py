"""Drafts of new versions of the law: one of each kind waits at the city bureau's desk for a second person."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.policy.models import PolicyParameter, ShortageList, ShortageListEntry, SubsidyRule, Trade, Version
from app.scope import Scope
from app.seed.block import Block
from app.tenants.models import Role, TenantKind

RENAMED = "6-18-02-04"  # 焊工: the draft calls it otherwise, as a document may
LEFT_OUT, TAKEN_IN = 3, 4


def add_versions(block: Block, connection: sa.Connection) -> None:
    """A list and an amount by one, a limit by the other: each of the two has something to approve."""
    _add_list(block, connection)
    base = _newest(connection, SubsidyRule, "R2_EMP_SHORT")
    document = "示例〔2027〕2号"
    said = {"amount_fen": 280_000, "amount_document": document, "clause": "二", "quote": "每人最高不超过2800元"}
    same = {name: base[name] for name in ("code", "kind", "name", "name_en")}
    said_outside = {name: said[name] for name in ("amount_fen", "clause", "quote")}
    data = {**base["data"], **said}
    _add(block, connection, SubsidyRule, document, 60, "city", **same, **said_outside, data=data)
    limit = _newest(connection, PolicyParameter, "uses_per_year")
    told = {"number": 2, "clause": "三", "basis": "explicit"}
    data = {**limit["data"], **told}
    _add(block, connection, PolicyParameter, "示例〔2027〕3号", 75, "approver", code=limit["code"], data=data)


def _add_list(block: Block, connection: sa.Connection) -> None:
    trades = connection.execute(
        sa.select(Trade.id, Trade.code, Trade.name).where(Trade.variant == "").order_by(Trade.code)
    ).all()
    listed = {trade.code for trade in block.reference.trades if trade.is_listed}
    kept = [trade for trade in trades if trade.code in listed]
    new = [trade for trade in trades if trade.code not in listed][:TAKEN_IN]
    name = "急需紧缺职业（工种）目录（示例新版，非官方目录）"
    list_id = _add(block, connection, ShortageList, "示例目录-2027", 45, "city", name=name, is_sample=False)
    for position, trade in enumerate([*kept[:-LEFT_OUT], *new], start=1):
        block.rows.add(
            ShortageListEntry,
            list_id=list_id,
            region_id=block.reference.city.id,
            trade_id=trade.id,
            position=position,
            name="电焊操作工" if trade.code == RENAMED else trade.name,
        )


def _newest(connection: sa.Connection, model: type[SubsidyRule] | type[PolicyParameter], code: str) -> Any:
    table = model.__table__
    rows = sa.select(table).where(table.c.code == code).order_by(table.c.valid_from.desc()).limit(1)
    return connection.execute(rows).mappings().one()


def _add(
    block: Block,
    connection: sa.Connection,
    model: type[Version],
    document_no: str,
    days: int,
    author: str,
    **values: Any,
) -> int:
    """A draft with its audit row, and the job that counts what it would change."""
    city, drafted_at = block.reference.city, block.reference.at(-1, 15)
    author_id, bureau = block.accounts[author], block.bureaus[city.id]
    version_id = block.rows.add(
        model,
        region_id=city.id,
        document_no=document_no,
        valid_from=block.reference.today + timedelta(days=days),
        authored_by=author_id,
        created_at=drafted_at,
        **values,
    )
    block.log(
        f"{model.noun}.drafted",
        drafted_at,
        subject=(model.noun, version_id),
        actor_id=author_id,
        tenant_id=bureau.id,
        region_id=city.id,
        document_no=document_no,
    )
    scope = Scope(
        actor_id=author_id,
        tenant_id=bureau.id,
        tenant_kind=TenantKind.BUREAU.value,
        role=(Role.OWNER if author == "city" else Role.MANAGER).value,
        region_ids=(city.id, *(county.id for county in block.reference.counties)),
    )
    args = {"scope": scope.as_job_args(), "table": model.__tablename__, "id": version_id}
    connection.execute(
        sa.text(
            "insert into procrastinate_jobs (queue_name, task_name, args) "
            "values ('default', 'enroll.simulate', cast(:args as jsonb))"
        ),
        {"args": json.dumps(args)},
    )
    return version_id
