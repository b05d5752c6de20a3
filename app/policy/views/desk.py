"""The bureau's desk for shortage lists and designations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from app import errors, http
from app.clock import today
from app.db import db
from app.errors import DomainError
from app.i18n import code as locale_code
from app.policy import designations, shortage
from app.policy.forms import DesignationForm, DesignationStateForm, ListForm
from app.policy.models import Designation, DesignationState, ShortageList
from app.policy.store import CITY
from app.policy.texts import text
from app.scope import require
from app.security import access
from app.sheets import SheetError
from app.tenants.desk import register_item
from app.tenants.models import Region

bp = Blueprint("policy", __name__)


def register() -> None:
    """Put the lists and designations on the bureau's rail."""
    register_item(
        kind="bureau",
        label=_l("定点机构"),
        endpoint="policy.designation_register",
        permission="policy:designation:manage",
        order=60,
    )
    register_item(
        kind="bureau",
        label=_l("紧缺目录"),
        endpoint="policy.shortage_lists",
        permission="policy:list:manage",
        order=70,
    )


def _city_id() -> int:
    return db.session.scalars(sa.select(Region.id).where(Region.code == CITY)).one()


def _owns_lists() -> bool:
    """Whether this bureau is the city's: the list is the city's to publish."""
    return _city_id() in require().region_ids


@bp.get("/desk/shortage-lists")
@access.member("bureau", permission="policy:list:manage")
def shortage_lists() -> str:
    """Every version, newest first."""
    versions = list(db.session.scalars(sa.select(ShortageList).order_by(ShortageList.valid_from.desc())))
    in_force = next(
        (
            v
            for v in versions
            if v.is_published and v.valid_from <= today() and (not v.valid_to or v.valid_to > today())
        ),
        None,
    )
    return render_template(
        "policy/desk/lists.html", versions=versions, in_force=in_force, may_publish=_owns_lists()
    )


@bp.route("/desk/shortage-lists/new", methods=["GET", "POST"])
@access.member("bureau", permission="policy:list:manage")
def new_shortage_list() -> str | Response | tuple[str, int]:
    """Upload a list as a draft; rows that cannot be taken are named one by one."""
    if not _owns_lists():
        abort(404)
    form, rows, status = ListForm(), [], 200
    if form.is_submitted():
        status = 422
        if form.validate():
            try:
                draft = shortage.import_list(
                    region_id=_city_id(),
                    name=str(form.name.data),
                    document_no=str(form.document_no.data),
                    valid_from=form.valid_from.data,
                    content=form.file.data.read(),
                )
                return redirect(url_for("policy.shortage_list", list_id=draft.id), 303)
            except SheetError as error:
                http.roll_back()
                form.file.errors = [text(error.code, locale_code(), **error.params)]
            except shortage.RowsRefused as error:
                http.roll_back()
                form.file.errors = [_("文件里有 %(count)s 行有问题，改好后再上传。", count=len(error.rows))]
                rows = [
                    _("第 %(line)s 行：%(text)s", line=row.line, text=text(row.code, locale_code(), **row.params))
                    for row in error.rows[:200]
                ]
    return render_template("policy/desk/list_new.html", form=form, rows=rows), status


@bp.get("/desk/shortage-lists/<int:list_id>")
@access.member("bureau", permission="policy:list:manage")
def shortage_list(list_id: int) -> str:
    """One version: its trades, and for a draft what it would change."""
    version = _list(list_id)
    change = None if version.is_published else shortage.difference(draft=version, on=today())
    return render_template(
        "policy/desk/list.html",
        version=version,
        entries=shortage.entries_of(version.id),
        change=change,
        may_publish=_owns_lists(),
    )


@bp.post("/desk/shortage-lists/<int:list_id>/publish")
@access.member("bureau", permission="policy:list:manage")
def publish_shortage_list(list_id: int) -> Response:
    """Publish a draft."""
    return _act_on_list(
        list_id, lambda version: shortage.publish_list(draft=version, actor_id=current_user.id), _("已发布。")
    )


@bp.post("/desk/shortage-lists/<int:list_id>/discard")
@access.member("bureau", permission="policy:list:manage")
def discard_shortage_list(list_id: int) -> Response:
    """Throw a draft away."""
    return _act_on_list(list_id, lambda version: shortage.discard_list(draft=version), _("草稿已删除。"))


def _act_on_list(list_id: int, act: Any, done: str) -> Response:
    if not _owns_lists():
        abort(404)
    version = _list(list_id)
    try:
        act(version)
        flash(done, "success")
    except DomainError as error:
        http.roll_back()
        flash(errors.message(error), "error")
        return redirect(url_for("policy.shortage_list", list_id=list_id), 303)
    return redirect(url_for("policy.shortage_lists"), 303)


def _list(list_id: int) -> ShortageList:
    version = db.session.scalar(sa.select(ShortageList).where(ShortageList.id == list_id))
    return version if version is not None else abort(404)


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
