"""The bureau's desk: the audit trail of its regions, to be read and never changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import render_template, request, url_for

from app import clock, i18n
from app import scope as scopes
from app.audit import AuditEntry
from app.db import db
from app.i18n import lazy_gettext as _l
from app.security import access
from app.tenants.models import Membership, Region, Tenant
from app.tenants.views import bp

PER_PAGE = 50
LARGEST_ID = 2**63 - 1

SUBJECTS = {
    "tenant": _l("单位"),
    "membership": _l("成员"),
    "invitation": _l("邀请"),
    "user": _l("账户"),
    "course": _l("课程"),
    "run": _l("班期"),
    "enrollment": _l("报名"),
    "learner": _l("学员"),
    "proof": _l("材料"),
    "review_request": _l("复核"),
    "shortage_list": _l("目录"),
    "subsidy_rule": _l("补贴标准"),
    "policy_parameter": _l("限额与期限"),
    "designation": _l("定点"),
    "synonym": _l("搜索说法"),
}
"""What an entry is about, by the noun it was recorded with."""


@bp.get("/desk/audit-entries")
@access.member("bureau", permission="audit:entry:see")
def audit_entries() -> str:
    """What happened in this bureau's regions and at its own desk, newest first."""
    open_scope = scopes.require()
    chosen = {name: request.args.get(name, "").strip()[:60] for name in ("tag", "kind", "subject")}
    if chosen["kind"] not in SUBJECTS:
        chosen["kind"] = ""
    # Not what this officer did elsewhere, as a learner or at another desk: that is theirs, not the bureau's.
    query = sa.select(AuditEntry).where(
        sa.or_(AuditEntry.region_id.in_(open_scope.region_ids), AuditEntry.tenant_id == open_scope.tenant_id)
    )
    if re.fullmatch(r"[a-z0-9_.]+", chosen["tag"]):
        query = query.where(AuditEntry.tag.startswith(chosen["tag"], autoescape=True))
    elif chosen["tag"]:
        query = query.where(sa.false())  # tags are ASCII: nothing begins with this
    if chosen["kind"]:
        query = query.where(AuditEntry.subject_kind == chosen["kind"])
    if chosen["subject"]:
        number = _number(chosen["subject"])
        query = query.where(AuditEntry.subject_id == number if number is not None else sa.false())
    before = _number(request.args.get("before", ""))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    # One row more than shown tells whether there is an older page; nothing is counted, as the trail only grows.
    found = list(db.session.scalars(query.order_by(AuditEntry.id.desc()).limit(PER_PAGE + 1)))
    entries = found[:PER_PAGE]
    return render_template(
        "tenants/audit.html",
        rows=[
            {
                "entry": entry,
                "at": f"{clock.local(entry.at):%Y-%m-%d %H:%M:%S}",
                "data": "; ".join(f"{key}={_plain(value)}" for key, value in sorted((entry.data or {}).items())),
            }
            for entry in entries
        ],
        people=_people(entries),
        tenants=_tenants(entries),
        regions=_regions(entries),
        subjects=SUBJECTS,
        chosen=chosen,
        newest_url=_url(chosen) if before is not None else None,
        older_url=_url({**chosen, "before": str(entries[-1].id)}) if len(found) > PER_PAGE else None,
    )


def _url(chosen: Mapping[str, str]) -> str:
    values: dict[str, Any] = {name: value for name, value in chosen.items() if value}
    return url_for("tenants.audit_entries", **values)


def _number(text: str) -> int | None:
    """A row's id as someone typed it, or None."""
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) and int(text) <= LARGEST_ID else None


def _plain(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _people(entries: list[AuditEntry]) -> dict[int, str]:
    """The names this desk may see: its own members'."""
    query = sa.select(Membership.user_id, Membership.display_name).where(
        Membership.tenant_id == scopes.require().tenant_id,
        Membership.user_id.in_({entry.actor_id for entry in entries}),
    )
    return {row.user_id: row.display_name for row in db.session.execute(query)}


def _tenants(entries: list[AuditEntry]) -> dict[int, str]:
    query = sa.select(Tenant.id, Tenant.name).where(Tenant.id.in_({entry.tenant_id for entry in entries}))
    return {row.id: row.name for row in db.session.execute(query)}


def _regions(entries: list[AuditEntry]) -> dict[int, str]:
    query = sa.select(Region).where(Region.id.in_({entry.region_id for entry in entries}))
    return {region.id: i18n.pick(region.name, region.name_en) for region in db.session.scalars(query)}
