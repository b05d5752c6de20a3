"""Members and invitations of a tenant, and accepting one."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app import errors, http
from app import scope as scopes
from app.errors import DomainError
from app.i18n import gettext as _
from app.limits import limiter
from app.security import access
from app.tenants import labels, members
from app.tenants.forms import InviteForm
from app.tenants.models import Role, TenantKind
from app.tenants.permissions import ROLES_OF
from app.tenants.session import enter_desk
from app.tenants.views import bp

LINK = "invitation_link"
MANAGE = "tenants:member:manage"


def _tenant_id() -> int:
    tenant_id = scopes.require().tenant_id
    assert tenant_id is not None
    return tenant_id


def _kind() -> TenantKind:
    return TenantKind(scopes.require().tenant_kind or "")


@bp.get("/desk/members", endpoint="members")
@access.member(permission=MANAGE)
def members_page() -> str:
    """Everyone who works at this desk."""
    return render_template(
        "tenants/members.html",
        members=members.members_of(_tenant_id()),
        role_labels=labels.ROLES,
        roles=[(role.value, labels.ROLES[role]) for role in ROLES_OF[_kind()]],
        open_count=len(members.open_invitations(_tenant_id())),
    )


@bp.post("/desk/members/<int:membership_id>/role")
@access.member(permission=MANAGE)
def change_role(membership_id: int) -> Response:
    """Give a member another role."""
    chosen = request.form.get("role", "")
    try:
        if chosen not in {role.value for role in Role}:
            if membership_id not in {member.id for member in members.members_of(_tenant_id())}:
                abort(404)
            raise DomainError("role_unfit")
        members.change_role(tenant_id=_tenant_id(), membership_id=membership_id, role=Role(chosen))
    except DomainError as error:
        return _refused(error, "tenants.members")
    flash(_("角色已修改。"), "success")
    return redirect(url_for("tenants.members"), 303)


@bp.post("/desk/members/<int:membership_id>/deactivate")
@access.member(permission=MANAGE)
def deactivate_member(membership_id: int) -> Response:
    """End a membership."""
    try:
        members.deactivate_member(tenant_id=_tenant_id(), membership_id=membership_id)
    except DomainError as error:
        return _refused(error, "tenants.members")
    flash(_("已停用，对方马上不能再进这个工作台。"), "success")
    return redirect(url_for("tenants.members"), 303)


@bp.route("/desk/invitations", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
@access.member(permission=MANAGE)
def invitations() -> Response | tuple[str, int]:
    """Open invitations, and making one; a link is shown once."""
    form = InviteForm(_kind())
    if form.validate_on_submit():
        try:
            email = members.address_of_invitation(form.email.data) if form.email.data else None
            _made, token = members.invite_member(tenant_id=_tenant_id(), role=Role(form.role.data), email=email)
        except DomainError as error:
            form.refuse(error)
        else:
            if token is None:
                flash(_("邀请邮件已发出，7天内有效。"), "success")
            else:
                session[LINK] = token
            return redirect(url_for("tenants.invitations"), 303)
    token = session.pop(LINK, None) if request.method == "GET" else None
    page = render_template(
        "tenants/invitations.html",
        form=form,
        invitations=members.open_invitations(_tenant_id()),
        role_labels=labels.ROLES,
        link=url_for("tenants.invitation", token=token, _external=True) if token else None,
    )
    return page, form.status


@bp.post("/desk/invitations/<int:invitation_id>/revoke")
@access.member(permission=MANAGE)
def revoke_invitation(invitation_id: int) -> Response:
    """Take an invitation back."""
    try:
        members.revoke_invitation(tenant_id=_tenant_id(), invitation_id=invitation_id)
    except DomainError as error:
        return _refused(error, "tenants.invitations")
    flash(_("邀请已撤回。"), "success")
    return redirect(url_for("tenants.invitations"), 303)


@bp.route("/invitations/<token>", methods=["GET", "POST"])
@limiter.limit("60 per minute")
@access.anyone
def invitation(token: str) -> Response | tuple[str, int]:
    """See who invites; accept it signed in."""
    try:
        if "\x00" in token:
            raise DomainError("invitation_dead")
        found = members.find_invitation(token=token)
        if request.method == "POST":
            if not current_user.is_authenticated:
                return redirect(url_for("tenants.sign_in", next=request.path), 303)
            membership = members.accept_invitation(token=token, actor_id=current_user.id)
            enter_desk(membership)
            flash(_("你已加入%(name)s。", name=membership.tenant_name), "success")
            return redirect(url_for("tenants.desk"), 303)
    except DomainError as error:
        http.roll_back()
        return render_template("tenants/invitation_dead.html", message=errors.message(error)), 410
    return render_template("tenants/invitation.html", invitation=found, role_labels=labels.ROLES), 200


def _refused(error: DomainError, endpoint: str) -> Response:
    http.roll_back()
    if error.code in ("member_unknown", "invitation_unknown"):
        abort(404)
    flash(errors.message(error), "error")
    return redirect(url_for(endpoint), 303)
