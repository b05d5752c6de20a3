"""The way in for organisations: the landing page, registering, correcting what was returned."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app import scope as scopes
from app.errors import DomainError
from app.i18n import gettext as _
from app.limits import limiter
from app.security import access
from app.tenants import labels, organisations
from app.tenants.forms import OrganisationForm, RegisterForm
from app.tenants.models import TenantKind
from app.tenants.session import enter_desk
from app.tenants.views import bp


@bp.get("/organisations", endpoint="organisations")
@access.anyone
def landing() -> str:
    """What an institution or an enterprise does here, and how it begins."""
    return render_template("tenants/organisations.html")


@bp.route("/organisations/register", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
@access.signed_in
def register() -> Response | tuple[str, int]:
    """Register an institution or enterprise; whoever does becomes its owner."""
    form = RegisterForm(data={"kind": request.args.get("kind")})
    if form.validate_on_submit():
        try:
            membership = organisations.register_organisation(
                actor_id=current_user.id,
                kind=TenantKind(form.kind.data),
                name=form.name.data or "",
                uscc=form.uscc.data or "",
                region_id=int(form.region_id.data),
                contact_name=form.contact_name.data or "",
                contact_phone=form.contact_phone.data or "",
            )
        except DomainError as error:
            form.refuse(error)
        else:
            enter_desk(membership)
            flash(_("已提交，等县区人社局核验。"), "success")
            return redirect(url_for("tenants.desk"), 303)
    return render_template("tenants/register.html", form=form), form.status


@bp.route("/desk/organisation", methods=["GET", "POST"])
@access.member("institution", "enterprise", permission="tenants:tenant:edit")
def organisation() -> Response | tuple[str, int]:
    """What is registered; until it is accepted, also correct it and submit it again."""
    tenant_id = scopes.require().tenant_id
    assert tenant_id is not None
    tenant = organisations.find_organisation(tenant_id)
    contact = organisations.contact_of(tenant_id)
    if tenant is None or contact is None:
        abort(404)
    form = OrganisationForm(
        data={
            "name": tenant.name,
            "uscc": tenant.uscc,
            "region_id": tenant.region_id,
            "contact_name": contact.contact_name,
            "contact_phone": contact.contact_phone,
        }
    )
    if form.validate_on_submit():
        try:
            organisations.resubmit_organisation(
                tenant_id=tenant_id,
                name=form.name.data or "",
                uscc=form.uscc.data or "",
                region_id=int(form.region_id.data),
                contact_name=form.contact_name.data or "",
                contact_phone=form.contact_phone.data or "",
            )
        except DomainError as error:
            form.refuse(error)
            tenant = organisations.find_organisation(tenant_id)
        else:
            flash(_("已重新提交，等县区人社局核验。"), "success")
            return redirect(url_for("tenants.desk"), 303)
    page = render_template(
        "tenants/organisation.html",
        form=form,
        tenant=tenant,
        contact=contact,
        state_labels=labels.STATES,
        state_tones=labels.STATE_TONES,
        reason_labels=labels.RETURN_REASONS,
    )
    return page, form.status
