"""Members of a tenant: inviting, joining, changing roles, leaving."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import audit, jobs, notifications, scope, security
from app.clock import now
from app.db import db
from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l
from app.scope import Scope
from app.tenants import logins
from app.tenants.models import Invitation, LoginKind, Membership, Role, Tenant, TenantKind, User
from app.tenants.permissions import ROLES_OF

INVITATION_LIVES = timedelta(days=7)
MOST_OPEN_INVITATIONS = 50
KEPT = timedelta(days=30)
"""How long an invitation is kept after its end."""

register("role_unfit", _l("这类单位没有这个角色。"))
register("invitation_dead", _l("这个邀请已经用过、撤回或过期了。请联系邀请你的人再发一次。"))
register("invitations_too_many", _l("还没有接受的邀请太多了，请先撤回一些。"))
register("already_member", _l("你已经是这家单位的成员。"))
register("invitation_unknown", _l("没有这个邀请，可能已经撤回。"))
register("member_unknown", _l("没有这位成员。"))
register("owner_last", _l("单位至少要有一位负责人。请先请另一位成员担任负责人。"))


def invite_member(*, tenant_id: int, role: Role, email: str | None = None) -> tuple[Invitation, str | None]:
    """Invite someone in a role: a link is mailed to the address, or its token is returned to be shown once.

    Raises DomainError role_unfit or invitations_too_many, or what a malformed address raises.
    """
    tenant = db.session.scalars(sa.select(Tenant).where(Tenant.id == tenant_id)).one()
    _check_role(tenant.kind, role)
    if len(open_invitations(tenant_id)) >= MOST_OPEN_INVITATIONS:
        raise DomainError("invitations_too_many")
    actor_id = scope.require().actor_id
    assert actor_id is not None
    token = security.new_token()
    invitation = Invitation(
        tenant_id=tenant_id,
        tenant_name=tenant.name,
        role=role,
        email=email,
        token_hash=security.hash_token(token).hex(),
        invited_by=actor_id,
        expires_at=now() + INVITATION_LIVES,
    )
    db.session.add(invitation)
    db.session.flush()
    jobs.enqueue(
        "tenants.forget_invitation",
        scope=Scope(tenant_id=tenant_id),
        at=invitation.expires_at + KEPT + timedelta(minutes=1),
        invitation_id=invitation.id,
    )
    audit.record("invitation.made", subject=("invitation", invitation.id), data={"role": role.value})
    if email is None:
        return invitation, token
    # The token above is thrown away: the job makes the one that is mailed, so that no secret is a job's argument.
    jobs.enqueue("tenants.send_invitation", scope=Scope(tenant_id=tenant_id), invitation_id=invitation.id)
    return invitation, None


def renew_token(*, invitation_id: int) -> tuple[Invitation, str] | None:
    """Give an open invitation a new token, ending the old one; None if it is not open."""
    invitation = db.session.scalar(
        sa.select(Invitation).where(
            Invitation.id == invitation_id, Invitation.used_at.is_(None), Invitation.expires_at > now()
        )
    )
    if invitation is None:
        return None
    token = security.new_token()
    invitation.token_hash = security.hash_token(token).hex()
    return invitation, token


def forget_invitation(*, invitation_id: int) -> None:
    """Delete an invitation whose time is over; who joined by it stays in the audit trail."""
    db.session.execute(
        sa.delete(Invitation).where(Invitation.id == invitation_id, Invitation.expires_at <= now() - KEPT)
    )


def open_invitations(tenant_id: int) -> list[Invitation]:
    """The tenant's invitations that can still be accepted, newest first."""
    query = sa.select(Invitation).where(
        Invitation.tenant_id == tenant_id, Invitation.used_at.is_(None), Invitation.expires_at > now()
    )
    return list(db.session.scalars(query.order_by(Invitation.id.desc())))


def find_invitation(*, token: str) -> Invitation:
    """The open invitation a token belongs to; raises DomainError invitation_dead."""
    token_hash = security.hash_token(token).hex()
    scope.present(db.session, token_hash)
    invitation = db.session.scalar(
        sa.select(Invitation).where(
            Invitation.token_hash == token_hash, Invitation.used_at.is_(None), Invitation.expires_at > now()
        )
    )
    if invitation is None:
        raise DomainError("invitation_dead")
    return invitation


def accept_invitation(*, token: str, actor_id: int) -> Membership:
    """Join the tenant; the invitation works once. Raises DomainError invitation_dead or already_member."""
    tenant_id = find_invitation(token=token).tenant_id
    scope.grow(db.session, tenant_id=tenant_id)
    # Locked, so that of two at once only one finds it open.
    invitation = db.session.scalar(
        sa.select(Invitation)
        .where(Invitation.token_hash == security.hash_token(token).hex(), Invitation.used_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if invitation is None:
        raise DomainError("invitation_dead")
    tenant = db.session.scalars(sa.select(Tenant).where(Tenant.id == tenant_id)).one()
    actor = db.session.scalars(sa.select(User).where(User.id == actor_id)).one()
    membership = db.session.scalar(
        sa.select(Membership).where(Membership.tenant_id == tenant_id, Membership.user_id == actor_id)
    )
    if membership is not None and membership.is_active:
        raise DomainError("already_member")
    if membership is None:
        membership = Membership(tenant_id=tenant_id, user_id=actor_id)
        db.session.add(membership)
    membership.role, membership.is_active, membership.display_name = invitation.role, True, actor.display_name
    membership.tenant_name, membership.tenant_kind = tenant.name, tenant.kind
    membership.tenant_region_id = tenant.region_id
    invitation.used_at = now()
    db.session.flush()
    audit.record("member.joined", subject=("membership", membership.id), data={"role": membership.role.value})
    notifications.send(
        invitation.invited_by, "member_joined", dedupe=f"member_joined:{invitation.id}", name=tenant.name
    )
    return membership


def revoke_invitation(*, tenant_id: int, invitation_id: int) -> None:
    """Take an open invitation back; raises DomainError invitation_unknown or invitation_dead."""
    query = sa.select(Invitation).where(Invitation.tenant_id == tenant_id, Invitation.id == invitation_id)
    invitation = db.session.scalar(query)
    if invitation is None:
        raise DomainError("invitation_unknown")
    if invitation.used_at is not None or invitation.expires_at <= now():
        raise DomainError("invitation_dead")
    db.session.delete(invitation)
    audit.record("invitation.revoked", subject=("invitation", invitation_id))


def members_of(tenant_id: int) -> list[Membership]:
    """The tenant's members, active ones first."""
    query = sa.select(Membership).where(Membership.tenant_id == tenant_id)
    return list(db.session.scalars(query.order_by(Membership.is_active.desc(), Membership.id)))


def change_role(*, tenant_id: int, membership_id: int, role: Role) -> Membership:
    """Give a member another role; raises DomainError member_unknown, role_unfit or owner_last."""
    membership = _locked(tenant_id, membership_id)
    _check_role(membership.tenant_kind, role)
    if membership.role is Role.OWNER and role is not Role.OWNER:
        _check_not_last_owner(tenant_id, membership)
    before, membership.role = membership.role, role
    audit.record(
        "member.role_changed",
        subject=("membership", membership_id),
        data={"from": before.value, "to": role.value},
    )
    return membership


def rename_member(*, tenant_id: int, user_id: int) -> None:
    """Show a member who took another name by it."""
    name = sa.select(User.display_name).where(User.id == user_id).scalar_subquery()
    db.session.execute(
        sa.update(Membership)
        .where(Membership.tenant_id == tenant_id, Membership.user_id == user_id)
        .values(display_name=name)
        .execution_options(synchronize_session=False)
    )


def deactivate_member(*, tenant_id: int, membership_id: int) -> Membership:
    """End a membership, which closes the desk to that person at once; raises as `change_role` does."""
    membership = _locked(tenant_id, membership_id)
    if membership.role is Role.OWNER:
        _check_not_last_owner(tenant_id, membership)
    membership.is_active = False
    audit.record("member.deactivated", subject=("membership", membership_id))
    return membership


def address_of_invitation(email: str) -> str:
    """Check the address an invitation is mailed to; raises DomainError login_email_shape on the field `email`."""
    try:
        kind, value = logins.read(email)
    except DomainError as error:
        raise DomainError("login_email_shape", field="email") from error
    if kind is not LoginKind.EMAIL:
        raise DomainError("login_email_shape", field="email")
    return value


def owners_of(tenant_id: int) -> list[int]:
    """The user ids of the tenant's active owners."""
    query = sa.select(Membership.user_id).where(
        Membership.tenant_id == tenant_id, Membership.is_active, Membership.role == Role.OWNER
    )
    return list(db.session.scalars(query.order_by(Membership.id)))


def _check_role(kind: TenantKind, role: Role) -> None:
    if role not in ROLES_OF[kind]:
        raise DomainError("role_unfit", field="role")


def _locked(tenant_id: int, membership_id: int) -> Membership:
    """The active member; all owners are locked, so that two changes at once cannot leave none."""
    query = (
        sa.select(Membership)
        .where(
            Membership.tenant_id == tenant_id,
            sa.or_(Membership.id == membership_id, Membership.role == Role.OWNER),
        )
        .order_by(Membership.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = next((each for each in db.session.scalars(query) if each.id == membership_id), None)
    if found is None or not found.is_active:
        raise DomainError("member_unknown")
    return found


def _check_not_last_owner(tenant_id: int, membership: Membership) -> None:
    if owners_of(tenant_id) == [membership.user_id]:
        raise DomainError("owner_last", field="role")
