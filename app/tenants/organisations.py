"""Organisations: registering one, and the county bureau's word on it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import audit, jobs, scope
from app.clock import now
from app.db import db
from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l
from app.scope import Scope
from app.tenants.accounts import next_id
from app.tenants.identifiers import IdentifierError, check_contact_phone, check_uscc
from app.tenants.labels import RETURN_REASONS
from app.tenants.models import (
    Membership,
    Region,
    RegionKind,
    Role,
    Tenant,
    TenantContact,
    TenantKind,
    TenantState,
    User,
)
from app.tenants.regions import regions_above

OPEN_KINDS = (TenantKind.INSTITUTION, TenantKind.ENTERPRISE)

register("kind_not_open", _l("只有培训机构和企业可以自己注册。"))
register("region_unknown", _l("请选择所在的县（市、区）。"))
register("uscc_taken", _l("这个统一社会信用代码已经注册过。请联系本单位的负责人邀请你加入，或联系县区人社局。"))
register("organisation_unverified", _l("单位还没有通过县区人社局核验，现在还不能做这一步。"))
register("tenant_not_editable", _l("单位已通过核验，登记信息不能自行修改。请联系县区人社局。"))
register("tenant_decided", _l("这家单位已经处理过了。"))
register("tenant_not_yours", _l("这家单位由%(bureau)s核验。"))
register("reasons_missing", _l("退回时请至少选择一个原因。"))
register("reason_unknown", _l("请从给出的原因中选择。"))
register("note_missing", _l("选择“其他原因”时，请写明说明。"))


def register_organisation(
    *,
    actor_id: int,
    kind: TenantKind,
    name: str,
    uscc: str,
    region_id: int,
    contact_name: str,
    contact_phone: str,
) -> Membership:
    """Register an institution or enterprise, unverified, with the actor as its owner.

    Raises DomainError kind_not_open, region_unknown, uscc_taken, or IdentifierError for the code or the phone.
    """
    if kind not in OPEN_KINDS:
        raise DomainError("kind_not_open", field="kind")
    code, phone = _checked(uscc, contact_phone)
    _check_region(region_id)
    actor = db.session.scalars(sa.select(User).where(User.id == actor_id)).one()
    tenant_id = next_id("tenants")
    scope.grow(db.session, tenant_id=tenant_id)
    tenant = Tenant(
        id=tenant_id,
        kind=kind,
        name=name,
        uscc=code,
        region_id=region_id,
        state=TenantState.UNVERIFIED,
        is_verified=False,
        reason_codes=[],
    )
    _write(tenant)
    db.session.add(
        TenantContact(tenant_id=tenant_id, region_id=region_id, contact_name=contact_name, contact_phone=phone)
    )
    membership = Membership(
        tenant_id=tenant_id,
        user_id=actor_id,
        role=Role.OWNER,
        is_active=True,
        display_name=actor.display_name,
        tenant_name=name,
        tenant_kind=kind,
        tenant_region_id=region_id,
    )
    db.session.add(membership)
    db.session.flush()
    audit.record(
        "tenant.registered", subject=("tenant", tenant_id), region_id=region_id, data={"kind": kind.value}
    )
    return membership


def resubmit_organisation(
    *, tenant_id: int, name: str, uscc: str, region_id: int, contact_name: str, contact_phone: str
) -> Tenant:
    """Correct what was registered and put it before the bureau again; raises DomainError as registering does."""
    code, phone = _checked(uscc, contact_phone)
    _check_region(region_id)
    tenant = _locked(tenant_id)
    if tenant is None or tenant.state not in (TenantState.UNVERIFIED, TenantState.RETURNED):
        raise DomainError("tenant_not_editable")
    tenant.name, tenant.uscc, tenant.region_id = name, code, region_id
    tenant.state, tenant.reason_codes, tenant.review_note = TenantState.UNVERIFIED, [], None
    _write(tenant)
    contact = contact_of(tenant_id)
    if contact is not None:
        contact.region_id, contact.contact_name, contact.contact_phone = region_id, contact_name, phone
    db.session.execute(
        sa.update(Membership)
        .where(Membership.tenant_id == tenant_id)
        .values(tenant_name=name, tenant_region_id=region_id)
    )
    audit.record("tenant.resubmitted", subject=("tenant", tenant_id), region_id=region_id)
    return tenant


def accept_organisation(*, tenant_id: int) -> Tenant:
    """The bureau's yes: it may publish and enroll; raises DomainError tenant_decided or tenant_not_yours."""
    tenant = _for_review(tenant_id)
    _decide(tenant, TenantState.VERIFIED, [], None)
    audit.record("tenant.accepted", subject=("tenant", tenant_id), region_id=tenant.region_id)
    _tell_owners(tenant, "tenant_accepted")
    return tenant


def return_organisation(*, tenant_id: int, reason_codes: Sequence[str], note: str) -> Tenant:
    """Send it back with coded reasons; raises DomainError reasons_missing, reason_unknown or note_missing."""
    if not reason_codes:
        raise DomainError("reasons_missing", field="reasons")
    if not set(reason_codes) <= set(RETURN_REASONS):
        raise DomainError("reason_unknown", field="reasons")
    if "other" in reason_codes and not note:
        raise DomainError("note_missing", field="note")
    tenant = _for_review(tenant_id)
    codes = [code for code in RETURN_REASONS if code in reason_codes]
    _decide(tenant, TenantState.RETURNED, codes, note or None)
    audit.record(
        "tenant.returned", subject=("tenant", tenant_id), region_id=tenant.region_id, data={"reasons": codes}
    )
    _tell_owners(tenant, "tenant_returned")
    return tenant


def require_verified(tenant_id: int) -> Tenant:
    """The tenant in scope, which the bureau has accepted; raises DomainError organisation_unverified."""
    tenant = find_organisation(tenant_id)
    if tenant is None or not tenant.is_verified:
        raise DomainError("organisation_unverified")
    return tenant


def find_organisation(tenant_id: int) -> Tenant | None:
    """A tenant the scope may see."""
    return db.session.scalar(sa.select(Tenant).where(Tenant.id == tenant_id))


def contact_of(tenant_id: int) -> TenantContact | None:
    """How to reach a tenant, for itself and its bureau."""
    return db.session.scalar(sa.select(TenantContact).where(TenantContact.tenant_id == tenant_id))


def reviewer_of(region_id: int) -> Tenant | None:
    """The bureau that verifies organisations of a region: its own, or the nearest above if it has none."""
    above = regions_above(region_id)
    query = sa.select(Tenant).where(
        Tenant.kind == TenantKind.BUREAU, Tenant.is_verified, Tenant.region_id.in_(above)
    )
    bureaus = sorted(db.session.scalars(query), key=lambda bureau: (above.index(bureau.region_id), bureau.id))
    return bureaus[0] if bureaus else None


def organisations_to_review(*, region_ids: Sequence[int], state: TenantState | None) -> sa.Select[Tenant]:
    """The institutions and enterprises of a bureau's regions, longest waiting first."""
    query = sa.select(Tenant).where(Tenant.kind.in_(OPEN_KINDS), Tenant.region_id.in_(region_ids))
    if state is not None:
        query = query.where(Tenant.state == state)
    return query.order_by(Tenant.created_at, Tenant.id)


def count_waiting(*, region_ids: Sequence[int]) -> int:
    """How many organisations of these regions wait for the bureau."""
    waiting = organisations_to_review(region_ids=region_ids, state=TenantState.UNVERIFIED).order_by(None)
    return db.session.scalar(sa.select(sa.func.count()).select_from(waiting.subquery())) or 0


def history_of(tenant_id: int) -> list[audit.AuditEntry]:
    """What happened to an organisation's registration, oldest first, as far as the scope may see."""
    query = sa.select(audit.AuditEntry).where(
        audit.AuditEntry.subject_kind == "tenant", audit.AuditEntry.subject_id == tenant_id
    )
    return list(db.session.scalars(query.order_by(audit.AuditEntry.id)))


def _checked(uscc: str, contact_phone: str) -> tuple[str, str]:
    for field, check, text in (("uscc", check_uscc, uscc), ("contact_phone", check_contact_phone, contact_phone)):
        try:
            check(text)
        except IdentifierError as error:
            error.field = field
            raise
    return check_uscc(uscc), check_contact_phone(contact_phone)


def _check_region(region_id: int) -> None:
    region = db.session.scalar(sa.select(Region).where(Region.id == region_id))
    if region is None or region.kind is RegionKind.CITY:
        raise DomainError("region_unknown", field="region_id")


def _write(tenant: Tenant) -> None:
    db.session.add(tenant)
    try:
        db.session.flush()
    except IntegrityError as error:  # the one way to learn of an organisation the scope may not see
        raise DomainError("uscc_taken", field="uscc") from error


def _locked(tenant_id: int) -> Tenant | None:
    return db.session.scalar(sa.select(Tenant).where(Tenant.id == tenant_id).with_for_update())


def _for_review(tenant_id: int) -> Tenant:
    tenant = _locked(tenant_id)
    if tenant is None or tenant.kind not in OPEN_KINDS or tenant.state is not TenantState.UNVERIFIED:
        raise DomainError("tenant_decided")
    reviewer = reviewer_of(tenant.region_id)
    if reviewer is None or reviewer.id != scope.require().tenant_id:
        raise DomainError("tenant_not_yours", bureau=reviewer.name if reviewer else "")
    return tenant


def _decide(tenant: Tenant, state: TenantState, codes: list[str], note: str | None) -> None:
    tenant.state, tenant.is_verified = state, state is TenantState.VERIFIED
    tenant.reason_codes, tenant.review_note = codes, note
    tenant.decided_at, tenant.decided_by = now(), scope.require().actor_id
    db.session.flush()


def _tell_owners(tenant: Tenant, kind: str) -> None:
    jobs.enqueue(
        "tenants.tell_owners",
        scope=Scope(tenant_id=tenant.id, tenant_kind=tenant.kind.value),
        tenant_id=tenant.id,
        kind=kind,
        dedupe=f"{kind}:{tenant.id}:{(tenant.decided_at or now()).timestamp():.0f}",
    )
