"""The signed-in person's account: name, logins and password."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, session, url_for
from flask_login import current_user, login_user
from werkzeug.wrappers import Response

from app import errors, http
from app.errors import DomainError
from app.i18n import gettext as _
from app.limits import limiter
from app.security import access
from app.tenants import accounts, labels
from app.tenants.forms import AddLoginForm, ChangePasswordForm, RenameForm
from app.tenants.views import bp


def _page(
    *,
    name_form: RenameForm | None = None,
    password_form: ChangePasswordForm | None = None,
    login_form: AddLoginForm | None = None,
) -> str:
    return render_template(
        "tenants/account.html",
        logins=accounts.logins_of(current_user.id),
        memberships=accounts.memberships_of(current_user.id),
        login_labels=labels.LOGINS,
        role_labels=labels.ROLES,
        languages=labels.LANGUAGES,
        name_form=name_form
        or RenameForm(formdata=None, prefix="name", data={"display_name": current_user.display_name}),
        password_form=password_form or ChangePasswordForm(formdata=None, prefix="change"),
        login_form=login_form or AddLoginForm(formdata=None, prefix="add"),
    )


@bp.get("/me/account")
@access.signed_in
def account() -> str:
    """Name, logins, password, language and desks in one place."""
    return _page()


@bp.post("/me/account/name")
@limiter.limit("20 per minute")
@access.signed_in
def rename() -> Response | tuple[str, int]:
    """Be called by another name."""
    form = RenameForm(prefix="name")
    if form.validate_on_submit():
        accounts.rename(user=current_user._get_current_object(), display_name=form.display_name.data or "")
        flash(_("已保存。"), "success")
        return redirect(url_for("tenants.account"), 303)
    return _page(name_form=form), form.status


@bp.post("/me/account/password")
@limiter.limit("20 per minute")
@access.signed_in
def change_password() -> Response | tuple[str, int]:
    """Change the password; every other session ends, this one goes on."""
    form = ChangePasswordForm(prefix="change")
    if form.validate_on_submit():
        user = current_user._get_current_object()
        try:
            accounts.change_password(
                user=user, current=form.current_password.data or "", new=form.password.data or ""
            )
        except DomainError as error:
            form.refuse(error)
        else:
            login_user(user)
            flash(_("密码已修改，其他设备上的登录都已退出。"), "success")
            return redirect(url_for("tenants.account"), 303)
    return _page(password_form=form), form.status


@bp.post("/me/account/language/<any(zh, en):code>")
@access.signed_in
def keep_language(code: str) -> Response:
    """Choose the language of one's mail and messages, and of the pages wherever one signs in."""
    accounts.set_locale(user=current_user._get_current_object(), locale=code)
    session["locale"] = code
    return redirect(url_for("tenants.account"), 303)


@bp.post("/me/account/logins")
@limiter.limit("20 per minute")
@access.signed_in
def add_login() -> Response | tuple[str, int]:
    """Add another way to sign in."""
    form = AddLoginForm(prefix="add")
    if form.validate_on_submit():
        try:
            accounts.add_login(
                user=current_user._get_current_object(),
                login=form.login.data or "",
                password=form.current_password.data or "",
            )
        except DomainError as error:
            form.refuse(error)
        else:
            flash(_("已添加，现在就可以用它登录。"), "success")
            return redirect(url_for("tenants.account"), 303)
    return _page(login_form=form), form.status


@bp.post("/me/account/logins/<int:login_id>/remove")
@access.signed_in
def remove_login(login_id: int) -> Response:
    """Remove one of several logins."""
    try:
        accounts.remove_login(user=current_user._get_current_object(), login_id=login_id)
    except DomainError as error:
        if error.code == "login_unknown":
            abort(404)
        http.roll_back()
        flash(errors.message(error), "error")
    else:
        flash(_("已移除。"), "success")
    return redirect(url_for("tenants.account"), 303)
