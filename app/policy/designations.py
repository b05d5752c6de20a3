"""Designations (定点机构认定): which institution may train with subsidy, in which trade and levels, and when."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import audit, errors, jobs
from app.db import db
from app.errors import DomainError
from app.i18n import lazy_gettext as _l
from app.policy.models import Designation, DesignationState
from app.scope import VISITOR
from app.tenants.models import Tenant, TenantKind

errors.register("designation_overlaps", _l("这家机构在这个工种上已有一段有效期重叠的认定。"))
errors.register("designation_period", _l("结束日期应晚于开始日期。"))
errors.register("designation_ended", _l("这项认定已经取消，不能再改。"))
errors.register("institution_unknown", _l("请选择本辖区内已核验的培训机构。"))

REASONS = {
    "quality_low": _l("培训合格率或就业率过低"),
    "false_claims": _l("虚报冒领补贴"),
    "charged_learners": _l("向免费学员收费"),
    "licence_lent": _l("转包或出借资质"),
    "conditions_lost": _l("场地、设备或师资不再达标"),
    "own_request": _l("机构自己申请"),
    "term_ended": _l("到期未续"),
}


def institutions() -> list[Tenant]:
    """The verified institutions of the bureau's regions, by name."""
    return list(
        db.session.scalars(
            sa.select(Tenant)
            .where(Tenant.kind == TenantKind.INSTITUTION, Tenant.is_verified)
            .order_by(Tenant.name, Tenant.id)
        )
    )


def designate(
    *,
    tenant_id: int,
    region_ids: tuple[int, ...],
    trade_code: str,
    levels: list[int],
    document_no: str,
    valid_from: date,
    valid_to: date,
    actor_id: int,
) -> Designation:
    """Designate an institution of the bureau's regions for one trade; periods of one trade never overlap."""
    tenant = db.session.scalar(sa.select(Tenant).where(Tenant.id == tenant_id, Tenant.is_verified))
    if tenant is None or tenant.kind is not TenantKind.INSTITUTION or tenant.region_id not in region_ids:
        raise DomainError("institution_unknown", field="tenant_id")
    if valid_to <= valid_from:
        raise DomainError("designation_period", field="valid_to")
    designation = Designation(
        tenant_id=tenant.id,
        tenant_name=tenant.name,
        region_id=tenant.region_id,
        trade_code=trade_code,
        levels=sorted(levels, reverse=True),
        document_no=document_no,
        valid_from=valid_from,
        valid_to=valid_to,
        state=DesignationState.ACTIVE,
        reason_codes=[],
        decided_by=actor_id,
    )
    try:
        with db.session.begin_nested():
            db.session.add(designation)
    except IntegrityError as error:
        raise DomainError("designation_overlaps", field="trade_code") from error
    _changed(designation, "designation.granted")
    return designation


def change_state(
    *, designation: Designation, state: DesignationState, reason_codes: list[str], actor_id: int
) -> None:
    """Suspend, restore or remove a designation, with coded reasons; removed is for good."""
    if designation.state is DesignationState.REMOVED:
        raise DomainError("designation_ended")
    designation.state = state
    designation.reason_codes = reason_codes
    designation.decided_by = actor_id
    past = {"active": "restored", "suspended": "suspended", "removed": "removed"}[state.value]
    _changed(designation, f"designation.{past}", reasons=reason_codes)


def _changed(designation: Designation, tag: str, **data: object) -> None:
    audit.record(
        tag, subject=("designation", designation.id), region_id=designation.region_id, data=dict(data) or None
    )
    jobs.enqueue("catalog.index_tenant", scope=VISITOR, tenant_id=designation.tenant_id)
