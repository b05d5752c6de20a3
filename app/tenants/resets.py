"""Getting back in: reset links by mail and SMS, and codes printed at a desk; each works once and not for long.

No secret is ever an argument of a job: the job that sends a link makes its token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import audit, jobs, limits, notifications, pii, scope, security
from app.clock import now
from app.db import db
from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l
from app.tenants import accounts, logins
from app.tenants.models import (
    Login,
    LoginKind,
    Membership,
    ResetChannel,
    ResetToken,
    Tenant,
    TenantKind,
    User,
)
from app.tenants.organisations import require_verified
from app.tenants.regions import regions_below

LINK_LIVES = timedelta(minutes=30)
CODE_LIVES = timedelta(minutes=30)
CODES_PER_DAY_AND_LOGIN = 5
KEPT = timedelta(days=1)
"""How long a token is kept after its end: the codes of a day are counted."""

register("reset_link_dead", _l("这个链接已经用过或过期了，请重新申请。"))
register("reset_code_wrong", _l("登录名和重置码对不上，或者重置码已经用过、过期。请核对纸上的内容。"))
register("reset_code_not_here", _l("这个账户属于机构、企业或人社部门的成员，重置码须由其所在地人社局柜台打印。"))
register(
    "reset_id_number_wrong",
    _l("重置码是培训机构打印的，还要填写你报名时登记的证件号码。记不清可以到人社局柜台打印。"),
)
register("reset_login_unknown", _l("没有这个登录名的账户。请向本人核对，一个字都不能差。"))
register("reset_codes_too_many", _l("今天为这个登录名打印的重置码太多了，请明天再试，或改由短信、邮件重置。"))


_is_own_number: Callable[..., bool] | None = None


def numbers_from(check: Callable[..., bool]) -> None:
    """Say how an account's ID number is checked (user_id, text; in its own scope); enroll does at start."""
    global _is_own_number
    _is_own_number = check


@dataclass(frozen=True, slots=True)
class DeskCode:
    """What is printed once: the code, for which login, until when."""

    code: str
    login: str
    expires_at: datetime


def request_reset(*, login: str) -> None:
    """Send a reset link to the account's phone or mail, if there is one; nobody learns whether.

    Raises DomainError locked_out for too many requests with one login.
    """
    value = logins.key_of(login)
    limits.lockout().attempt(f"forgot:{value}")
    found = accounts.find_login(value)
    login_id, user_id = found or (0, None)
    # An unknown login enqueues the same job, which finds nothing: the same work, the same time.
    jobs.enqueue("tenants.send_reset", scope=scope.Scope(actor_id=user_id), login_id=login_id)


def make_link_tokens(*, login_id: int) -> list[tuple[LoginKind, str, str]]:
    """New tokens as (channel, address, token): for the login itself, or for all addresses if it is only a name."""
    login = db.session.scalar(sa.select(Login).where(Login.id == login_id))
    if login is None:
        return []
    reachable = [each for each in accounts.logins_of(login.user_id) if each.kind is not LoginKind.NAME]
    chosen = [login] if login.kind is not LoginKind.NAME else reachable
    made = []
    for each in chosen:
        token = security.new_token()
        channel = ResetChannel.EMAIL if each.kind is LoginKind.EMAIL else ResetChannel.SMS
        db.session.add(
            ResetToken(
                user_id=login.user_id,
                channel=channel,
                token_hash=security.hash_token(token).hex(),
                expires_at=now() + LINK_LIVES,
            )
        )
        made.append((each.kind, each.value, token))
    if made:
        _forget_later(login.user_id)
    return made


def forget_tokens(*, user_id: int) -> None:
    """Delete the account's tokens whose time is over."""
    db.session.execute(
        sa.delete(ResetToken).where(ResetToken.user_id == user_id, ResetToken.expires_at <= now() - KEPT)
    )


def _forget_later(user_id: int) -> None:
    # In the account's own scope: nothing else may delete its rows, so no nightly sweep could.
    lives = max(LINK_LIVES, CODE_LIVES)
    jobs.enqueue(
        "tenants.forget_tokens",
        scope=scope.Scope(actor_id=user_id),
        at=now() + lives + KEPT + timedelta(minutes=1),
        user_id=user_id,
    )


def is_live_link(*, token: str) -> bool:
    """Whether a link can still be used; does not use it."""
    token_hash = security.hash_token(token).hex()
    scope.present(db.session, token_hash)
    query = sa.select(ResetToken.id).where(
        ResetToken.token_hash == token_hash, ResetToken.used_at.is_(None), ResetToken.expires_at > now()
    )
    return db.session.scalar(query) is not None


def reset_by_link(*, token: str, password: str) -> User:
    """Use a link: set the password and end all sessions; raises DomainError reset_link_dead."""
    used = _use(security.hash_token(token).hex())
    if used is None or used.channel is ResetChannel.DESK:
        raise DomainError("reset_link_dead")
    return _reset(used, password)


def issue_desk_code(*, tenant_id: int, login: str) -> DeskCode:
    """Make a code for the person standing at this desk, bound to the login they gave; audited, and they are told.

    Raises DomainError organisation_unverified, reset_login_unknown or reset_codes_too_many.
    """
    tenant = require_verified(tenant_id)
    actor_id = scope.require().actor_id
    value = logins.key_of(login)
    found = accounts.find_login(value)
    if found is None:
        raise DomainError("reset_login_unknown", field="login")
    user_id = found[1]
    recent = (
        sa.select(sa.func.count())
        .select_from(ResetToken)
        .where(
            ResetToken.user_id == user_id,
            ResetToken.issued_by_tenant_id == tenant_id,
            ResetToken.created_at > now() - timedelta(days=1),
        )
    )
    if (db.session.scalar(recent) or 0) >= CODES_PER_DAY_AND_LOGIN:
        raise DomainError("reset_codes_too_many", field="login")
    code = security.new_desk_code()
    expires_at = now() + CODE_LIVES
    token = ResetToken(
        user_id=user_id,
        channel=ResetChannel.DESK,
        token_hash=_code_hash(value, code),
        issued_by_tenant_id=tenant_id,
        issued_by=actor_id,
        expires_at=expires_at,
    )
    db.session.add(token)
    db.session.flush()
    _forget_later(user_id)
    audit.record("reset.printed", subject=("user", user_id), region_id=tenant.region_id)
    notifications.send(user_id, "desk_code_printed", dedupe=f"desk_code:{token.id}", desk=tenant.name)
    return DeskCode(security.format_desk_code(code), value, expires_at)


def reset_by_desk_code(*, login: str, code: str, password: str, id_number: str = "") -> User:
    """Use a printed code with the login it was printed for.

    Raises DomainError reset_code_wrong, reset_id_number_wrong, reset_code_not_here or locked_out.
    """
    value = logins.key_of(login)
    key = f"desk_code:{value}"
    limits.lockout().attempt(key)
    typed = security.read_desk_code(code)
    used = _use(_code_hash(value, typed)) if typed else None
    if used is None or used.channel is not ResetChannel.DESK:
        raise DomainError("reset_code_wrong", field="code")
    user = _reset(used, password, id_number)
    limits.lockout().clear(key)
    return user


def _code_hash(login: str, code: str) -> str:
    # Too few characters for a bare hash; the login in it binds the code to whom it was printed for.
    return pii.vault().blind_index(f"{login}\0{code}", "reset_token.desk").hex()


def _use(token_hash: str) -> ResetToken | None:
    """Mark the token used and return it, or None; only one of two at once gets it."""
    scope.present(db.session, token_hash)
    instant = now()
    return db.session.scalar(
        sa.update(ResetToken)
        .where(ResetToken.token_hash == token_hash, ResetToken.used_at.is_(None), ResetToken.expires_at > instant)
        .values(used_at=instant)
        .returning(ResetToken)
    )


def _reset(used: ResetToken, password: str, id_number: str = "") -> User:
    scope.grow(db.session, actor_id=used.user_id)
    if used.channel is ResetChannel.DESK:
        _check_desk(used, id_number)
    user = db.session.scalars(sa.select(User).where(User.id == used.user_id)).one()
    accounts.set_password(user=user, password=password)
    db.session.execute(
        sa.update(ResetToken)
        .where(ResetToken.user_id == user.id, ResetToken.used_at.is_(None))
        .values(used_at=now())
    )
    audit.record("password.reset", subject=("user", user.id), data={"channel": used.channel.value})
    return user


def _check_desk(used: ResetToken, id_number: str) -> None:
    """Refuse a code whose desk may not open this account.

    A learner's: any verified desk, an institution's only together with the learner's ID number, of which a roster
    shows the ends. Else an institution, which reads phone numbers off its roster, could print itself a way to what
    only the learner and the bureau see. A member's: only a bureau above their organisation, else a teacher could
    take over an owner or an officer.
    """
    query = sa.select(Membership.tenant_region_id).where(Membership.user_id == used.user_id, Membership.is_active)
    places = set(db.session.scalars(query))
    desk = db.session.scalar(sa.select(Tenant).where(Tenant.id == used.issued_by_tenant_id))
    is_bureau = desk is not None and desk.kind is TenantKind.BUREAU
    if places and not (desk is not None and is_bureau and places <= set(regions_below(desk.region_id))):
        raise DomainError("reset_code_not_here", field="code")
    if not is_bureau and _is_own_number is not None and not _is_own_number(user_id=used.user_id, text=id_number):
        raise DomainError("reset_id_number_wrong", field="id_number")
