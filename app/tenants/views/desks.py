"""Desks: the front page of each, and moving between them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app import scope as scopes
from app.db import db
from app.i18n import gettext as _
from app.security import access, safe_next
from app.tenants import accounts, labels, organisations
from app.tenants.desk import todos
from app.tenants.models import Membership, Tenant, TenantKind, TenantState
from app.tenants.permissions import may
from app.tenants.session import enter_desk, leave_desk
from app.tenants.views import bp


def stations_of(tenant: Tenant, reviewer: Tenant | None) -> list[dict[str, Any]]:
    """The path of a new organisation: registered, verified by its bureau, open for business."""
    bureau = reviewer.name if reviewer else _("县区人社局")
    last = _("发布课程") if tenant.kind is TenantKind.INSTITUTION else _("开始使用")
    registered: dict[str, Any] = {"label": _("注册"), "state": "done", "note": _("登记信息已提交。")}
    verified: dict[str, Any] = {
        "label": _("%(bureau)s核验", bureau=bureau),
        "state": "now",
        "who": bureau,
        "note": _("核对名称、信用代码和联系人。有结果会通知负责人。"),
    }
    if tenant.state is TenantState.RETURNED:
        registered |= {"state": "now", "who": tenant.name, "note": _("按上面的原因修改后重新提交。")}
        verified |= {"state": "ahead", "who": None, "note": _("重新提交后再次核验。")}
    return [
        registered,
        verified,
        {"label": last, "state": "ahead", "note": _("核验通过后就可以。")},
    ]


@bp.get("/desk")
@access.member(permission="tenants:desk:see")
def desk() -> str:
    """今天: what must be done, and where the organisation stands."""
    scope = scopes.require()
    assert scope.tenant_id is not None
    assert scope.tenant_kind is not None
    tenant = organisations.find_organisation(scope.tenant_id)
    if tenant is None:
        abort(404)
    stations = [] if tenant.is_verified else stations_of(tenant, organisations.reviewer_of(tenant.region_id))
    return render_template(
        "tenants/desk.html",
        tenant=tenant,
        stations=stations,
        reasons=[labels.RETURN_REASONS[code] for code in tenant.reason_codes if code in labels.RETURN_REASONS],
        may_edit=may(scope, "tenants:tenant:edit"),
        todos=todos(scope.tenant_kind),
    )


@bp.get("/desks")
@access.signed_in
def desks() -> str:
    """Choose among one's desks."""
    return render_template(
        "tenants/desks.html",
        memberships=accounts.memberships_of(current_user.id),
        kind_labels=labels.KINDS,
        role_labels=labels.ROLES,
        wanted=safe_next(request.args.get("next"), ""),
    )


@bp.post("/desks/<int:membership_id>")
@access.signed_in
def switch(membership_id: int) -> Response:
    """Go to one of one's own desks."""
    membership = db.session.scalar(
        sa.select(Membership).where(
            Membership.id == membership_id, Membership.user_id == current_user.id, Membership.is_active
        )
    )
    if membership is None:
        abort(404)
    enter_desk(membership)
    return redirect(safe_next(request.form.get("next"), url_for("tenants.desk")), 303)


@bp.post("/desks/leave")
@access.signed_in
def leave() -> Response:
    """回到个人: be a learner again."""
    leave_desk()
    return redirect(url_for("enroll.mine"), 303)
