"""The bureau brings in the state's registers."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for

from app import clock, http, i18n
from app.db import db
from app.enroll import registers as known
from app.enroll import services, texts
from app.enroll.blueprint import bp
from app.enroll.models import ImportState, RegisterImport, RegisterKind
from app.enroll.services import registers as imports
from app.enroll.views.forms import RegisterForm
from app.errors import DomainError, message
from app.i18n import gettext as _
from app.policy import services as policy
from app.policy.texts import text
from app.scope import require
from app.security import access
from app.sheets import SheetError
from app.tenants.models import Tenant

SHOWN_ERRORS = 100


def _region_id() -> int:
    tenant = db.session.get(Tenant, require().tenant_id)
    assert tenant is not None
    return tenant.region_id


@bp.get("/desk/registers")
@access.member("bureau", permission="enroll:register:manage")
def registers() -> str:
    """Every register: the list in use, until when it serves, and how many learners it certifies something for."""
    today, region_id = clock.today(), _region_id()
    rows = [
        {
            "register": each.register,
            "label": texts.REGISTERS[each.register],
            "current": each.current,
            "valid": each.valid,
            "matched": each.matched,
        }
        for each in imports.overview(region_id=region_id, on=today)
    ]
    return render_template(
        "enroll/registers.html",
        rows=rows,
        history=imports.history(region_id=region_id),
        labels=texts.REGISTERS,
        states=texts.IMPORTS,
    )


def _form_page(register: RegisterKind, form: RegisterForm, status: int = 200) -> tuple[str, int]:
    spec = known.REGISTERS[register]
    months = policy.rulebook().paper(spec.paper).months
    columns = [column.names[0] for column in (*known.PERSON, *spec.columns)]
    form.file.description = _(
        "XLSX、XLS 或 CSV，最多 %(rows)s 行；第一行是列名，要有：%(columns)s。有「有效期至」一列时按每行的日期。",
        rows=known.MOST_ROWS,
        columns=_("、").join(columns),
    )
    form.valid_until.description = (
        _("不填就是数据截至后 %(n)s 个月", n=months) if months else _("不填就一直用到下一次导入")
    )
    return render_template(
        "enroll/register_import_new.html", form=form, register=register, label=texts.REGISTERS[register]
    ), status


def _register_or_404(name: str) -> RegisterKind:
    return RegisterKind(name) if name in set(RegisterKind) else abort(404)


def _too_heavy(register: str) -> tuple[str, int]:
    form = RegisterForm(formdata=None)
    form.file.errors = [text("list_too_large", i18n.code(), megabytes=known.MOST_BYTES // 1_000_000)]
    return _form_page(_register_or_404(register), form, 422)


@bp.route("/desk/registers/<string:register>/imports/new", methods=["GET", "POST"])
@access.member("bureau", permission="enroll:register:manage")
@http.takes_files(most_bytes=known.MOST_BYTES + 1024 * 1024, refused=_too_heavy)
def new_register_import(register: str) -> Any:
    """Upload a list as a draft."""
    kind, form = _register_or_404(register), RegisterForm()
    if not form.is_submitted():
        return _form_page(kind, form)
    if not form.validate():
        return _form_page(kind, form, 422)
    try:
        draft = services.import_register(
            register=kind,
            region_id=_region_id(),
            as_of=form.as_of.data,
            valid_until=form.valid_until.data,
            content=form.file.data.read(),
        )
    except SheetError as error:
        http.roll_back()
        form.file.errors = [text(error.code, i18n.code(), **error.params)]
        return _form_page(kind, form, 422)
    except DomainError as error:
        return _form_page(kind, form, form.refuse(error))
    return redirect(url_for("enroll.register_import", import_id=draft.id), 303)


def _import_or_404(import_id: int) -> RegisterImport:
    return db.session.get(RegisterImport, import_id) or abort(404)


@bp.get("/desk/register-imports/<int:import_id>")
@access.member("bureau", permission="enroll:register:manage")
def register_import(import_id: int) -> str:
    """One import in numbers: what was read, what was not and why, whom it matches."""
    found = _import_or_404(import_id)
    problems = [
        _(
            "第 %(line)s 行：%(text)s",
            line=error["line"],
            text=str(texts.ROW_ERRORS.get(error["code"], error["code"])) % error["params"],
        )
        for error in found.errors[:SHOWN_ERRORS]
    ]
    matched = found.matched
    if found.state is ImportState.IN_FORCE:  # those who signed up since are counted too
        _valid, matched = imports.counts_of(import_ids=[found.id], on=clock.today())[found.id]
    return render_template(
        "enroll/register_import.html",
        found=found,
        label=texts.REGISTERS[found.register],
        state=texts.IMPORTS[found.state],
        matched=matched,
        problems=problems,
        refused=found.lines - found.rows,
    )


@bp.post("/desk/register-imports/<int:import_id>/confirm")
@access.member("bureau", permission="enroll:register:manage")
def confirm_register_import(import_id: int) -> Any:
    """Put the list in use."""
    _import_or_404(import_id)
    return _acted(
        import_id,
        lambda: services.confirm_import(import_id=import_id),
        _("已启用。名单上的学员不用再交这项材料，相关报名会重新核算。"),
    )


@bp.post("/desk/register-imports/<int:import_id>/end")
@access.member("bureau", permission="enroll:register:manage")
def end_register_import(import_id: int) -> Any:
    """Take the list out of use and delete its lines."""
    _import_or_404(import_id)
    return _acted(import_id, lambda: services.end_import(import_id=import_id), _("已停用，名单内容已删除。"))


def _acted(import_id: int, act: Any, done: str) -> Any:
    try:
        act()
    except DomainError as error:
        http.roll_back()
        flash(message(error), "warning")
        return redirect(url_for("enroll.register_import", import_id=import_id), 303)
    flash(done, "success")
    return redirect(url_for("enroll.registers"), 303)
