"""What this room puts on the desks: lines of the rail and what waits today."""

from __future__ import annotations

from flask import url_for

from app import scope
from app.enroll.services import reading
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.tenants.desk import Todo, register_item, register_todo
from app.tenants.permissions import may


def _pending() -> int | None:
    return reading.count_pending(region_ids=scope.require().region_ids) or None


def _open_reviews() -> int:
    _rows, total = reading.reviews_of(region_ids=scope.require().region_ids, open_only=True, page=1)
    return total


def bureau_todos() -> list[Todo]:
    """Papers and requests that wait for the bureau."""
    if not may(scope.require(), "enroll:proof:verify"):
        return []
    todos = []
    if n := _pending():
        todos.append(Todo(_("学员材料待核验"), url_for("enroll.proofs"), n))
    if n := _open_reviews():
        todos.append(Todo(_("复核申请待答复"), url_for("enroll.review_requests"), n))
    return todos


def institution_todos() -> list[Todo]:
    """Runs with applicants to decide on."""
    here = scope.require()
    if not may(here, "enroll:roster:see"):
        return []
    return [
        Todo(_("待录取：%(title)s", title=title), url_for("enroll.roster", run_id=run_id), count)
        for run_id, title, count in reading.undecided(tenant_id=here.tenant_id or 0)
    ]


def register() -> None:
    """Put the lines on the rails."""
    permission = "enroll:proof:verify"
    register_item(
        kind="bureau",
        label=_l("学员材料"),
        endpoint="enroll.proofs",
        permission=permission,
        order=30,
        count=_pending,
    )
    register_item(
        kind="bureau", label=_l("推荐登记"), endpoint="enroll.referrals", permission=permission, order=32
    )
    register_item(
        kind="bureau",
        label=_l("登记名单"),
        endpoint="enroll.registers",
        permission="enroll:register:manage",
        order=33,
    )
    register_item(
        kind="bureau", label=_l("人工复核"), endpoint="enroll.review_requests", permission=permission, order=34
    )
    register_todo("bureau", bureau_todos)
    register_todo("institution", institution_todos)
