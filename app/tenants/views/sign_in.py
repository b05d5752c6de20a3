"""Signing in, up and out, and the language of the page."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app import i18n
from app.errors import DomainError
from app.i18n import gettext as _
from app.limits import limiter
from app.security import access, safe_next
from app.tenants import accounts
from app.tenants.forms import SignInForm, SignUpForm
from app.tenants.models import User
from app.tenants.session import enter_desk, leave_desk
from app.tenants.views import bp

# By address, so generous: a whole class of learners may sign up from one training room. Guessing one account's
# password is stopped by the lock-out, which counts by login.
SIGN_IN_LIMIT = "120 per minute; 1500 per hour"
SIGN_UP_LIMIT = "60 per minute; 400 per hour"


def wanted() -> str:
    """The page of this site the person was on the way to, or an empty string."""
    return safe_next(request.args.get("next"), "")


def begin_session(user: User) -> None:
    """Sign the user in here: a fresh session that keeps only the language and the answers given as a visitor."""
    leave_desk()
    session.pop("csrf_token", None)
    login_user(user)
    if user.locale in i18n.LOCALES:
        session["locale"] = user.locale


def send_on(user: User, target: str) -> Response:
    """Where to go after signing in: the page asked for, the one desk, the choice of desks, or one's courses."""
    mine = accounts.memberships_of(user.id)
    if len(mine) == 1:
        enter_desk(mine[0])
    if len(mine) > 1 and (not target or target.startswith("/desk")):
        return redirect(url_for("tenants.desks", next=target or None), 303)
    if target:
        return redirect(target, 303)
    return redirect(url_for("tenants.desk" if mine else "enroll.mine"), 303)


@bp.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_LIMIT, methods=["POST"])
@access.anyone
def sign_in() -> Response | tuple[str, int]:
    """Sign in with a name, a phone or a mail address."""
    if current_user.is_authenticated:
        return redirect(wanted() or url_for("enroll.mine"), 303)
    form = SignInForm()
    if form.validate_on_submit():
        try:
            user = accounts.sign_in(login=form.login.data or "", password=form.password.data or "")
        except DomainError as error:
            form.refuse(error)
        else:
            begin_session(user)
            return send_on(user, wanted())
    return render_template("tenants/sign_in.html", form=form, wanted=wanted()), form.status


@bp.route("/sign-up", methods=["GET", "POST"])
@limiter.limit(SIGN_UP_LIMIT, methods=["POST"])
@access.anyone
def sign_up() -> Response | tuple[str, int]:
    """Make an account and be signed in."""
    if current_user.is_authenticated:
        return redirect(wanted() or url_for("enroll.mine"), 303)
    form = SignUpForm()
    if form.validate_on_submit():
        try:
            user = accounts.sign_up(
                display_name=form.display_name.data or "",
                login=form.login.data or "",
                password=form.password.data or "",
                locale=session.get("locale"),
            )
        except DomainError as error:
            form.refuse(error)
        else:
            begin_session(user)
            flash(_("账户建好了。"), "success")
            return send_on(user, wanted())
    return render_template("tenants/sign_up.html", form=form, wanted=wanted()), form.status


@bp.post("/sign-out")
@access.anyone
def sign_out() -> Response:
    """Leave nothing behind on a shared computer but the language."""
    locale = session.get("locale")
    logout_user()
    session.clear()
    if locale in i18n.LOCALES:
        session["locale"] = locale
    return redirect(url_for("catalog.home"), 303)


@bp.get("/language/<any(zh, en):code>")
@access.anyone
def set_language(code: str) -> Response:
    """Switch the language of this browser and go back to the page.

    A link, so that visitors' pages carry no token and stay light: it writes only the browser's own session, and
    following a forged one changes nothing but the language.
    """
    session["locale"] = code
    return redirect(safe_next(request.args.get("next"), url_for("catalog.home")), 303)
