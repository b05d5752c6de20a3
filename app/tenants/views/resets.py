"""A forgotten password: asking for a link, following it, or using the code from a desk."""

from __future__ import annotations

from flask import flash, redirect, render_template, session, url_for
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from app.errors import DomainError
from app.i18n import gettext as _
from app.limits import limiter
from app.security import access
from app.tenants import resets
from app.tenants.forms import DeskResetForm, ForgotForm, NewPasswordForm
from app.tenants.session import leave_desk
from app.tenants.views import bp

TOKEN = "reset_token"  # noqa: S105 - the session's key, not a secret


@bp.route("/forgot", methods=["GET", "POST"])
@limiter.limit("30 per minute; 200 per hour", methods=["POST"])
@access.anyone
def forgot() -> Response | tuple[str, int]:
    """Ask for a link; the answer is the same whether the account exists or not."""
    form = ForgotForm()
    if form.validate_on_submit():
        try:
            resets.request_reset(login=form.login.data or "")
        except DomainError as error:
            form.refuse(error)
        else:
            return redirect(url_for("tenants.forgot_sent"), 303)
    return render_template("tenants/forgot.html", form=form), form.status


@bp.get("/forgot/sent")
@access.anyone
def forgot_sent() -> str:
    """What happens next, whoever asked."""
    return render_template("tenants/forgot_sent.html")


@bp.get("/reset/<token>")
@limiter.limit("60 per minute")
@access.anyone
def reset_link(token: str) -> Response | tuple[str, int]:
    """Take the token out of the address and into the encrypted session, so that no page or log carries it on."""
    if "\x00" in token or not resets.is_live_link(token=token):
        return render_template("tenants/reset_dead.html"), 410
    if current_user.is_authenticated:
        logout_user()
        leave_desk()
    session[TOKEN] = token
    return redirect(url_for("tenants.reset"), 303)


@bp.route("/reset", methods=["GET", "POST"])
@limiter.limit("30 per minute; 300 per hour", methods=["POST"])
@access.anyone
def reset() -> Response | tuple[str, int]:
    """Set a new password: after a link only that; otherwise with the login and code printed at a desk."""
    if current_user.is_authenticated:
        return redirect(url_for("tenants.account"), 303)
    token = str(session.get(TOKEN) or "")
    form: NewPasswordForm | DeskResetForm = NewPasswordForm() if token else DeskResetForm()
    if form.validate_on_submit():
        password = form.password.data or ""
        try:
            if isinstance(form, DeskResetForm):
                resets.reset_by_desk_code(
                    login=form.login.data or "",
                    code=form.code.data or "",
                    password=password,
                    id_number=form.id_number.data or "",
                )
            else:
                resets.reset_by_link(token=token, password=password)
        except DomainError as error:
            if error.code == "reset_link_dead":
                session.pop(TOKEN, None)
                return render_template("tenants/reset_dead.html"), 410
            form.refuse(error)
        else:
            session.pop(TOKEN, None)
            flash(_("新密码已设好，其他地方的登录都已退出。请用新密码登录。"), "success")
            return redirect(url_for("tenants.sign_in"), 303)
    return render_template("tenants/reset.html", form=form, by_link=bool(token)), form.status
