"""What the tests of state registers share: people, and a bureau that brings a list in."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from app.clock import today
from app.enroll.models import LearnerProfile
from app.tenants.identifiers import make_id_number
from app.tenants.models import User
from tests.factories import Make
from tests.support.papers import sheet

PERSON = ("证件号码", "姓名")


def number(serial: int) -> str:
    return make_id_number("130108", date(1985, 5, 5), serial)


def person(make: Make, learner: User) -> tuple[str, str]:
    make.session.expire_all()
    profile = make.session.get_one(LearnerProfile, learner.id)
    return profile.id_number, profile.name


def send(desk: Any, register: str, content: bytes, *, as_of: date | None = None, valid_until: str = "") -> Any:
    data = {
        "as_of": (as_of or today()).isoformat(),
        "valid_until": valid_until,
        "file": (io.BytesIO(content), "名单.csv"),
    }
    return desk.post(f"/desk/registers/{register}/imports/new", data=data, content_type="multipart/form-data")


def confirm(desk: Any, sent: Any) -> None:
    assert sent.status_code == 303, sent.get_data(as_text=True)
    assert desk.post(f"{sent.headers['Location']}/confirm").status_code == 303


def bring_in(
    desk: Any, register: str, *rows: tuple[object, ...], header: tuple[str, ...] = PERSON, **more: Any
) -> None:
    confirm(desk, send(desk, register, sheet(header, rows), **more))
