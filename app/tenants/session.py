"""Who is signed in and at which desk: loads users for Flask-Login and checks what a session claims."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import g, session

from app.db import db
from app.http import DESK, login_manager
from app.scope import Scope, current
from app.tenants.models import Membership, Role, TenantKind, User
from app.tenants.permissions import may
from app.tenants.regions import regions_below

_BY_ID = sa.select(User).where(User.id == sa.bindparam("id"))
_visitors_own: set[str] = set()


def left_outside(*names: str) -> None:
    """Declare what of the session is a visitor's own and never comes along to a desk; rooms do at start."""
    _visitors_own.update(names)


@login_manager.user_loader
def load_user(session_id: str) -> User | None:
    """The user the session names, unless a reset has ended that session."""
    user_id, _, epoch = session_id.partition(":")
    scope = current()
    if scope is None or scope.actor_id != int(user_id):
        return None
    user = db.session.scalar(_BY_ID, {"id": scope.actor_id})
    return user if user is not None and str(user.session_epoch) == epoch else None


def is_member_with(scope: Scope, permission: str | None) -> bool:
    """Whether the claimed membership still stands, in the claimed role, and may do this."""
    if "membership" not in g:
        g.membership = db.session.scalar(
            sa.select(Membership).where(
                Membership.user_id == scope.actor_id,
                Membership.tenant_id == scope.tenant_id,
                Membership.is_active,
            )
        )
    membership: Membership | None = g.membership
    if membership is None or membership.role.value != scope.role:
        session.pop(DESK, None)
        return False
    return may(scope, permission)


def claim_desk(membership: Membership) -> dict[str, Any]:
    """What the session remembers of a chosen desk; a bureau's regions are its own and all below."""
    kind = membership.tenant_kind
    return {
        "tenant_id": membership.tenant_id,
        "tenant_name": membership.tenant_name,
        "kind": kind.value,
        "role": Role(membership.role).value,
        "region_ids": regions_below(membership.tenant_region_id) if kind is TenantKind.BUREAU else [],
    }


def enter_desk(membership: Membership) -> None:
    """Choose this desk for the coming requests.

    What a visitor told this browser stays outside: it may stand in a training room, and the visitor be a learner.
    """
    for name in _visitors_own:
        session.pop(name, None)
    session[DESK] = claim_desk(membership)


def leave_desk() -> None:
    """Be a learner again."""
    session.pop(DESK, None)
