"""The bureau's desk: organisations that wait for its word."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import scope as scopes
from app.db import db
from app.errors import DomainError
from app.i18n import gettext as _
from app.security import access
from app.tenants import labels, organisations
from app.tenants.forms import ReturnForm
from app.tenants.models import Region, Tenant, TenantState
from app.tenants.views import bp

PER_PAGE = 30
REVIEW = "tenants:tenant:review"


@bp.get("/desk/organisations")
@access.member("bureau", permission=REVIEW)
def tenant_reviews() -> str:
    """The organisations of this bureau's regions, by state, longest waiting first."""
    chosen = request.args.get("state", TenantState.UNVERIFIED.value)
    state = TenantState(chosen) if chosen in {each.value for each in TenantState} else None
    query = organisations.organisations_to_review(region_ids=scopes.require().region_ids, state=state)
    page = db.paginate(
        query, page=min(max(request.args.get("page", 1, type=int), 1), 100_000), per_page=PER_PAGE, error_out=False
    )
    return render_template(
        "tenants/reviews.html",
        page=page,
        state=state,
        states=labels.STATES,
        state_tones=labels.STATE_TONES,
        kind_labels=labels.KINDS,
        regions=_region_names([tenant.region_id for tenant in page.items]),
    )


@bp.get("/desk/organisations/<int:tenant_id>")
@access.member("bureau", permission=REVIEW)
def tenant_review(tenant_id: int) -> str:
    """One organisation: what it registered, what happened, what to decide."""
    return _detail(_found(tenant_id), ReturnForm(formdata=None))


@bp.post("/desk/organisations/<int:tenant_id>/accept")
@access.member("bureau", permission=REVIEW)
def accept_tenant(tenant_id: int) -> Response:
    """The bureau's yes."""
    _found(tenant_id)
    tenant = organisations.accept_organisation(tenant_id=tenant_id)
    flash(_("%(name)s已通过核验。", name=tenant.name), "success")
    return redirect(url_for("tenants.tenant_reviews"), 303)


@bp.post("/desk/organisations/<int:tenant_id>/return")
@access.member("bureau", permission=REVIEW)
def return_tenant(tenant_id: int) -> Response | tuple[str, int]:
    """Back to the organisation, with reasons."""
    tenant = _found(tenant_id)
    form = ReturnForm()
    if form.validate_on_submit():
        try:
            organisations.return_organisation(
                tenant_id=tenant_id, reason_codes=form.reasons.data or [], note=form.note.data or ""
            )
        except DomainError as error:
            form.refuse(error)
            tenant = _found(tenant_id)
        else:
            flash(_("%(name)s已退回，负责人会收到通知。", name=tenant.name), "success")
            return redirect(url_for("tenants.tenant_reviews"), 303)
    return _detail(tenant, form), form.status


def _found(tenant_id: int) -> Tenant:
    """The institution or enterprise, if it lies in this bureau's regions; else 404."""
    tenant = organisations.find_organisation(tenant_id)
    if (
        tenant is None
        or tenant.kind not in organisations.OPEN_KINDS
        or tenant.region_id not in scopes.require().region_ids
    ):
        abort(404)
    return tenant


def _detail(tenant: Tenant, form: ReturnForm) -> str:
    reviewer = organisations.reviewer_of(tenant.region_id)
    return render_template(
        "tenants/review.html",
        tenant=tenant,
        contact=organisations.contact_of(tenant.id),
        region=_region_names([tenant.region_id]).get(tenant.region_id),
        history=organisations.history_of(tenant.id),
        reviewer=reviewer,
        is_mine=reviewer is not None and reviewer.id == scopes.require().tenant_id,
        form=form,
        state_labels=labels.STATES,
        state_tones=labels.STATE_TONES,
        kind_labels=labels.KINDS,
        reason_labels=labels.RETURN_REASONS,
        event_labels=labels.EVENTS,
    )


def _region_names(ids: list[int]) -> dict[int, Region]:
    return {region.id: region for region in db.session.scalars(sa.select(Region).where(Region.id.in_(ids)))}
