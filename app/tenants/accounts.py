"""Accounts: signing up, signing in, logins and passwords."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import audit, jobs, limits, notifications, scope, security
from app.db import db
from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l
from app.tenants import logins
from app.tenants.models import Login, LoginKind, Membership, User

MOST_LOGINS = 6

register("sign_in_refused", _l("用户名或密码不对。请检查后再试，或者重置密码。"))
register("login_taken", _l("这个登录名已经有账户在用。是你的就直接登录；家人共用手机号的，请另起用户名。"))
register("password_wrong", _l("现在的密码不对。"))
register("login_last", _l("至少要留一个登录名，否则就无法登录了。"))
register("login_too_many", _l("一个账户最多有%(n)s个登录名。"))
register("login_unknown", _l("没有这个登录名。"))


def next_id(table: str) -> int:
    """An id taken ahead of the insert, so that the scope can grow to the row before it is written."""
    sequence = sa.func.pg_get_serial_sequence(table, "id")
    return int(db.session.execute(sa.select(sa.func.nextval(sequence))).scalar_one())


def find_login(value: str) -> tuple[int, int] | None:
    """The (login id, user id) of exactly this login; the one look a visitor may take at logins."""
    scope.present(db.session, value)
    row = db.session.execute(sa.select(Login.id, Login.user_id).where(Login.value == value)).first()
    return None if row is None else (row.id, row.user_id)


def sign_up(*, display_name: str, login: str, password: str, locale: str | None = None) -> User:
    """Make an account with one login; raises DomainError for a malformed or taken login, or a weak password."""
    kind, value = logins.read(login)
    security.check_password(password, logins=[value])
    if find_login(value) is not None:
        raise DomainError("login_taken", field="login")
    user_id = next_id("users")
    scope.grow(db.session, actor_id=user_id)
    user = User(
        id=user_id,
        display_name=display_name,
        password_hash=security.hash_password(password),
        session_epoch=1,
        locale=locale,
        is_demo=False,
    )
    db.session.add(user)
    db.session.flush()
    _insert_login(user_id, kind, value)
    audit.record("user.registered", subject=("user", user_id), data={"login_kind": kind.value})
    db.session.flush()
    return user


def sign_in(*, login: str, password: str) -> User:
    """The user a login and password open.

    Unknown logins take the same work, count the same way and get the same answer. Raises DomainError
    sign_in_refused or locked_out.
    """
    value = logins.key_of(login)
    key = f"sign_in:{value}"
    limits.lockout().attempt(key)
    found = find_login(value)
    user: User | None = None
    if found is not None:
        scope.grow(db.session, actor_id=found[1])
        user = db.session.scalar(sa.select(User).where(User.id == found[1]))
    matches = security.verify_password(user.password_hash if user else None, password)
    if user is None or not matches:
        raise DomainError("sign_in_refused", field="password")
    limits.lockout().clear(key)
    if security.needs_rehash(user.password_hash):
        user.password_hash = security.hash_password(password)
    return user


def check_own_password(*, user: User, password: str) -> None:
    """Raise DomainError password_wrong (or locked_out) unless this is the signed-in user's password."""
    key = f"own_password:{user.id}"
    limits.lockout().attempt(key)
    if not security.verify_password(user.password_hash, password):
        raise DomainError("password_wrong", field="current_password")
    limits.lockout().clear(key)


def change_password(*, user: User, current: str, new: str) -> None:
    """Set a new password, which ends every other session; raises DomainError if the current one is wrong."""
    check_own_password(user=user, password=current)
    set_password(user=user, password=new)
    audit.record("password.changed", subject=("user", user.id))


def set_password(*, user: User, password: str) -> None:
    """Store a new password, end all sessions, lift the user's lock-outs and tell them; the actor is the user."""
    values = [login.value for login in logins_of(user.id)]
    security.check_password(password, logins=values)
    user.password_hash = security.hash_password(password)
    user.session_epoch += 1
    for value in values:
        limits.lockout().clear(f"sign_in:{value}")
    notifications.send(user.id, "password_changed", dedupe=f"password_changed:{user.session_epoch}")


def logins_of(user_id: int) -> list[Login]:
    """The actor's own logins, oldest first."""
    return list(db.session.scalars(sa.select(Login).where(Login.user_id == user_id).order_by(Login.id)))


def add_login(*, user: User, login: str, password: str) -> Login:
    """Add another way to sign in; asks for the password, because a phone or address can reset it."""
    check_own_password(user=user, password=password)
    kind, value = logins.read(login)
    if len(logins_of(user.id)) >= MOST_LOGINS:
        raise DomainError("login_too_many", field="login", n=MOST_LOGINS)
    added = _insert_login(user.id, kind, value)
    audit.record("login.added", subject=("login", added.id), data={"kind": kind.value})
    return added


def remove_login(*, user: User, login_id: int) -> None:
    """Remove one of the actor's logins but never the last; raises DomainError login_unknown or login_last."""
    # The user's row is locked so that two removals at once cannot leave none.
    db.session.execute(sa.select(User.id).where(User.id == user.id).with_for_update())
    mine = logins_of(user.id)
    login = next((each for each in mine if each.id == login_id), None)
    if login is None:
        raise DomainError("login_unknown")
    if len(mine) == 1:
        raise DomainError("login_last")
    db.session.delete(login)
    audit.record("login.removed", subject=("login", login_id), data={"kind": login.kind.value})


def rename(*, user: User, display_name: str) -> None:
    """Call the person by another name, at their desks too; what was signed or certified keeps the old one."""
    if display_name == user.display_name:
        return
    user.display_name = display_name
    for membership in memberships_of(user.id):
        desk = scope.Scope(
            actor_id=user.id, tenant_id=membership.tenant_id, tenant_kind=membership.tenant_kind.value
        )
        jobs.enqueue("tenants.rename_member", scope=desk)
    audit.record("user.renamed", subject=("user", user.id))


def set_locale(*, user: User, locale: str) -> None:
    """Remember the language a person reads."""
    user.locale = locale


def memberships_of(user_id: int) -> list[Membership]:
    """The actor's active memberships, by the tenant's name."""
    query = sa.select(Membership).where(Membership.user_id == user_id, Membership.is_active)
    return list(db.session.scalars(query.order_by(Membership.tenant_name, Membership.id)))


def _insert_login(user_id: int, kind: LoginKind, value: str) -> Login:
    login = Login(user_id=user_id, kind=kind, value=value)
    db.session.add(login)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise DomainError("login_taken", field="login") from error
    return login
