"""Resetting a password in person: a desk prints a code that works once."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from app import scope as scopes
from app.clock import now
from app.errors import DomainError
from app.limits import limiter
from app.security import access
from app.tenants import resets
from app.tenants.forms import DeskCodeForm
from app.tenants.views import bp

PRINTED = "desk_code"
ISSUE = "tenants:reset:issue"


@bp.route("/desk/reset-codes", methods=["GET", "POST"])
@limiter.limit("40 per hour", methods=["POST"])
@access.member("institution", "bureau", permission=ISSUE)
def reset_codes() -> Response | tuple[str, int]:
    """Make a code for the person at the desk."""
    form = DeskCodeForm()
    tenant_id = scopes.require().tenant_id
    assert tenant_id is not None
    if form.validate_on_submit():
        try:
            made = resets.issue_desk_code(tenant_id=tenant_id, login=form.login.data or "")
        except DomainError as error:
            form.refuse(error)
        else:
            session[PRINTED] = [made.code, made.login, made.expires_at.timestamp()]
            return redirect(url_for("tenants.reset_code"), 303)
    return render_template("tenants/reset_codes.html", form=form), form.status


@bp.get("/desk/reset-codes/print")
@access.member("institution", "bureau", permission=ISSUE)
def reset_code() -> Response | str:
    """The page to print, shown once."""
    printed = session.pop(PRINTED, None)
    if printed is None:
        return redirect(url_for("tenants.reset_codes"), 303)
    code, login, until = printed
    expires_at = datetime.fromtimestamp(until, tz=now().tzinfo)
    if expires_at <= now():
        return redirect(url_for("tenants.reset_codes"), 303)
    return render_template("tenants/reset_code.html", code=code, login=login, expires_at=expires_at)
