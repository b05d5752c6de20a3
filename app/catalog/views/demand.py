"""The bureau's desk: what people look for, what they do not find, and how fast they are answered."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Response, request

from app.catalog.blueprint import bp
from app.catalog.rules import safe_cell
from app.catalog.search.log import AS_BEFORE
from app.catalog.services import demand
from app.catalog.views.desk import Page, render
from app.errors import Text
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.i18n import pick
from app.security import access
from app.tenants.desk import register_item

register_item(
    kind="bureau", label=_l("搜索需求"), endpoint="catalog.demand", permission="catalog:search:see", order=60
)
ENGINES: dict[str, Text] = {
    "postgres": _l("PostgreSQL"),
    "elasticsearch": _l("Elasticsearch"),
    AS_BEFORE: _l("做好的页面"),
}


@bp.get("/desk/searches", endpoint="demand")
@access.member("bureau", permission="catalog:search:see")
def demand_() -> Page:
    """Top queries, those that find nothing, demand by trade and region, and how long it took."""
    days = _days()
    return render(
        "demand.html",
        found=demand.read_demand(days=days),
        days=days,
        periods=demand.PERIODS,
        least=demand.LEAST_SHOWN,
        engines=ENGINES,
    )


@bp.get("/desk/searches.csv")
@access.member("bureau", permission="catalog:search:see")
def export_demand() -> Response:
    """The same as a table."""
    days = _days()
    found = demand.read_demand(days=days, most=1000)
    head = [_("种类"), _("名称"), _("编码"), _("搜索次数"), _("没有结果"), _("点开过"), _("想要通知")]
    rows: list[list[Any]] = [head]
    for kind, lines in (
        (_("搜索词"), found.top),
        (_("没有结果的搜索词"), found.empty),
        (_("工种"), found.trades),
        (_("区县"), found.regions),
    ):
        for each in lines:
            name = safe_cell(pick(each.name, each.name_en or each.name))
            rows.append([kind, name, each.code, each.searches, each.empty, each.opened, each.wished])
    out = io.StringIO()
    out.write("\ufeff")  # spreadsheets take it for UTF-8 only then
    csv.writer(out).writerows(rows)
    headers = {
        "Content-Disposition": f'attachment; filename="searches-{days}-days.csv"',
        "Cache-Control": "no-store",
    }
    return Response(out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _days() -> int:
    days = request.args.get("days", demand.PERIODS[1], type=int)
    return days if days in demand.PERIODS else demand.PERIODS[1]
