"""公开信息: rules with their sentences, target groups, the shortage list and the designated institutions."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from flask import Blueprint, abort, render_template, request

from app.clock import today
from app.db import db
from app.i18n import gettext as _
from app.policy import services, shortage
from app.policy.models import Designation, ShortageList
from app.policy.rulebook import in_force
from app.security import access
from app.tenants.models import Region

bp = Blueprint("public", __name__)
PAGE = 50


@bp.get("/public")
@access.anyone
def index() -> str:
    """What the policy pays, to whom, and what is published."""
    book, on = services.rulebook(), today()
    return render_template(
        "policy/public.html",
        rules=in_force(book.rules, on),
        groups=in_force(book.groups, on),
        document=book.documents[0],
        in_force=services.list_in_force(on),
        listed=len(services.listed_trades(on)),
        designated=db.session.scalar(
            _standing(on).with_only_columns(sa.func.count(sa.distinct(Designation.tenant_id)))
        ),
    )


@bp.get("/public/shortage-lists")
@access.anyone
def shortage_lists() -> str:
    """The published versions, newest first, and the trades of the one in force."""
    versions = list(
        db.session.scalars(
            sa.select(ShortageList).where(ShortageList.is_published).order_by(ShortageList.valid_from.desc())
        )
    )
    current = services.list_in_force(today())
    return _list_page(current, versions)


@bp.get("/public/shortage-lists/<int:list_id>")
@access.anyone
def shortage_list(list_id: int) -> str:
    """One published version."""
    versions = list(
        db.session.scalars(
            sa.select(ShortageList).where(ShortageList.is_published).order_by(ShortageList.valid_from.desc())
        )
    )
    version = next((v for v in versions if v.id == list_id), None)
    return _list_page(version, versions) if version is not None else abort(404)


def _list_page(version: ShortageList | None, versions: list[ShortageList]) -> str:
    return render_template(
        "policy/shortage_list.html",
        version=version,
        versions=versions,
        entries=shortage.entries_of(version.id) if version is not None else [],
    )


@bp.get("/public/designations")
@access.anyone
def designations() -> str:
    """The register of designated institutions, by region and trade."""
    on = today()
    region_code = request.args.get("region", "")
    trade_code = request.args.get("trade", "")
    trades = shortage.trades_by_code()
    regions = list(db.session.scalars(sa.select(Region).order_by(Region.code)))
    chosen = next((region for region in regions if region.code == region_code), None)
    query = _standing(on)
    if chosen is not None:
        query = query.where(Designation.region_id == chosen.id)
    if trade_code in trades:
        query = query.where(Designation.trade_code == trade_code)
    total = db.session.scalar(query.with_only_columns(sa.func.count())) or 0
    pages = max(1, -(-total // PAGE))
    text = request.args.get("page", "1")
    page = min(max(int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1, 1), pages)
    rows = db.session.scalars(
        query.order_by(Designation.tenant_name, Designation.trade_code, Designation.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return render_template(
        "policy/designations.html",
        rows=list(rows),
        total=total,
        page=page,
        pages=pages,
        trades=trades,
        regions=regions,
        by_region={region.id: region for region in regions},
        region_code=region_code if chosen else "",
        trade_code=trade_code if trade_code in trades else "",
        title=_("定点培训机构"),
    )


def _standing(on: date) -> sa.Select[Designation]:
    return sa.select(Designation).where(Designation.is_public, services.designation_stands(on))
