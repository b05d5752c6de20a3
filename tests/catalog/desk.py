"""What the desk tests share: people at their desks, and forms as a browser would send them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask

from app import scope
from app.catalog.services import courses
from app.clock import today
from app.db import db
from app.tenants.models import Role, Tenant, User
from tests.factories import Make
from tests.factories.policy import WELDER
from tests.support.pages import LintingClient


@dataclass(frozen=True)
class Desk:
    """A tenant, a member of it and their browser."""

    tenant: Tenant
    user: User
    client: LintingClient


def desk_of(app: Flask, make: Make, login: Callable[..., None], tenant: Tenant, role: Role = Role.OWNER) -> Desk:
    """A signed-in member at the tenant's desk."""
    client = app.test_client()
    assert isinstance(client, LintingClient)
    user = make.member(tenant, role)
    login(client, user, tenant)
    return Desk(tenant, user, client)


def course_form(make: Make, **changes: Any) -> dict[str, Any]:
    """A complete course as the form sends it."""
    form = {
        "title": "焊工（五级）职业技能培训",
        "is_subsidised": "yes",
        "trade_id": str(make.trade(WELDER).id),
        "level": "5",
        "certificate": "level",
        "form": "employment",
        "mode": "day",
        "theory_hours": "40",
        "practice_hours": "60",
        "fee_fen": "1800",
        "content": "手工电弧焊基本操作，焊缝外观检查与返修。",
        "teacher": "示例教师",
        "place": "裕华区示例路 1 号",
    }
    return {**form, **changes}


def run_form(make: Make, **changes: Any) -> dict[str, Any]:
    """A complete run as the form sends it: two evenings a week for four weeks from next week."""
    first = today() + timedelta(days=7)
    form: dict[str, Any] = {
        "starts_on": first.isoformat(),
        "ends_on": (first + timedelta(days=27)).isoformat(),
        "weekdays": [str(first.weekday()), str((first.weekday() + 2) % 7)],
        "starts_at": "19:00",
        "ends_at": "21:00",
        "second_starts_at": "",
        "second_ends_at": "",
        "skipped": "",
        "teaches": "theory_first",
        "place": "裕华区示例路 1 号",
        "region_id": str(make.region("130108").id),
        "seats": "30",
    }
    return {**form, **changes}


def publish_approved(app: Flask, tenant_id: int, course_id: int) -> None:
    """What the worker does after an approval."""
    with app.app_context(), scope.opened(scope.Scope(tenant_id=tenant_id, tenant_kind="institution")):
        courses.publish_approved(course_id=course_id)
        db.session.commit()
        db.session.remove()
