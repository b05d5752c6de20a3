"""The bureau's desk for designations."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.clock import today
from app.db import db
from app.errors import DomainError
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.policy import designations, shortage
from app.policy.forms import DesignationForm, DesignationStateForm
from app.policy.models import Designation, DesignationState
from app.scope import require
from app.security import access
from app.tenants.desk import register_item

bp = Blueprint("policy", __name__)


def register() -> None:
    """Put the designations on the bureau's rail."""
    register_item(
        kind="bureau",
        label=_l("定点机构"),
        endpoint="policy.designation_register",
        permission="policy:designation:manage",
        order=60,
    )


@bp.get("/desk/designations")
@access.member("bureau", permission="policy:designation:manage")
def designation_register() -> str:
    """The designations of the bureau's regions."""
    rows = db.session.scalars(
        sa.select(Designation)
        .where(Designation.region_id.in_(require().region_ids))
        .order_by(Designation.tenant_name, Designation.trade_code, Designation.valid_from.desc())
    )
    return render_template(
        "policy/desk/designations.html",
        rows=list(rows),
        trades=shortage.trades_by_code(),
        reasons=designations.REASONS,
        on=today(),
    )


@bp.route("/desk/designations/new", methods=["GET", "POST"])
@access.member("bureau", permission="policy:designation:manage")
def new_designation() -> str | Response | tuple[str, int]:
    """Designate an institution for a trade and levels."""
    form, status = DesignationForm(), 200
    region_ids = require().region_ids
    form.tenant_id.choices = [("", _("请选择"))] + [
        (tenant.id, tenant.name) for tenant in designations.institutions() if tenant.region_id in region_ids
    ]
    form.trade_code.choices = [("", _("请选择"))] + [
        (code, f"{code} {trade.name}") for code, trade in sorted(shortage.trades_by_code().items())
    ]
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                designations.designate(
                    tenant_id=int(form.tenant_id.data or 0),
                    region_ids=region_ids,
                    trade_code=str(form.trade_code.data),
                    levels=[int(level) for level in form.levels.data or []],
                    document_no=str(form.document_no.data),
                    valid_from=form.valid_from.data,
                    valid_to=form.valid_to.data,
                    actor_id=current_user.id,
                )
                flash(_("认定已登记并公开。"), "success")
                return redirect(url_for("policy.designation_register"), 303)
            except DomainError as error:
                status = form.refuse(error)
    return render_template("policy/desk/designation_new.html", form=form), status


@bp.route("/desk/designations/<int:designation_id>", methods=["GET", "POST"])
@access.member("bureau", permission="policy:designation:manage")
def designation(designation_id: int) -> str | Response | tuple[str, int]:
    """One designation; suspend, restore or remove it with coded reasons."""
    row = db.session.scalar(
        sa.select(Designation).where(
            Designation.id == designation_id, Designation.region_id.in_(require().region_ids)
        )
    )
    if row is None:
        abort(404)
    form, status = DesignationStateForm(), 200
    form.reason_codes.choices = list(designations.REASONS.items())
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                designations.change_state(
                    designation=row,
                    state=DesignationState(str(form.state.data)),
                    reason_codes=list(form.reason_codes.data or []),
                    actor_id=current_user.id,
                )
                flash(_("已保存。"), "success")
                return redirect(url_for("policy.designation_register"), 303)
            except DomainError as error:
                status = form.refuse(error)
    return render_template(
        "policy/desk/designation.html",
        row=row,
        form=form,
        trades=shortage.trades_by_code(),
        reasons=designations.REASONS,
    ), status
