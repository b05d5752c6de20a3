"""What this room puts on the desks' rails and under 今天."""

from __future__ import annotations

from flask import url_for

from app import scope
from app.i18n import lazy_gettext as _l
from app.tenants import organisations
from app.tenants.desk import Todo, register_item, register_todo
from app.tenants.models import TenantKind
from app.tenants.permissions import may


def waiting_organisations() -> int | None:
    """How many organisations wait for this bureau; None for none."""
    return organisations.count_waiting(region_ids=scope.require().region_ids) or None


def bureau_todos() -> list[Todo]:
    """Organisations to verify."""
    count = waiting_organisations()
    if not count or not may(scope.require(), "tenants:tenant:review"):
        return []
    return [Todo(_l("核验新注册的单位"), url_for("tenants.tenant_reviews"), count)]


def register() -> None:
    """Put the room's lines on the rails."""
    for kind in TenantKind:
        register_item(kind=kind, label=_l("今天"), endpoint="tenants.desk", permission="tenants:desk:see", order=0)
        register_item(
            kind=kind, label=_l("成员"), endpoint="tenants.members", permission="tenants:member:manage", order=80
        )
    for kind in organisations.OPEN_KINDS:
        register_item(
            kind=kind,
            label=_l("单位信息"),
            endpoint="tenants.organisation",
            permission="tenants:tenant:edit",
            order=85,
        )
    for kind in (TenantKind.INSTITUTION, TenantKind.BUREAU):
        register_item(
            kind=kind,
            label=_l("帮人重置密码"),
            endpoint="tenants.reset_codes",
            permission="tenants:reset:issue",
            order=90,
        )
    register_item(
        kind=TenantKind.BUREAU,
        label=_l("单位核验"),
        endpoint="tenants.tenant_reviews",
        permission="tenants:tenant:review",
        order=10,
        count=waiting_organisations,
    )
    register_item(
        kind=TenantKind.BUREAU,
        label=_l("审计"),
        endpoint="tenants.audit_entries",
        permission="audit:entry:see",
        order=95,
    )
    register_todo(TenantKind.BUREAU, bureau_todos)
