"""公开信息: the policy's named actions and targets, each with its sentence and what we can count ourselves."""

from __future__ import annotations

from datetime import date
from typing import Any

from babel.numbers import format_decimal
from flask import render_template

from app.catalog.blueprint import bp
from app.catalog.models import CourseForm
from app.catalog.services import counting
from app.clock import today
from app.i18n import code as locale_code
from app.i18n import gettext as _
from app.i18n import lazy_gettext as _l
from app.policy import services as policy
from app.policy.rulebook import RuleBook, Target, in_force
from app.security import access

UNITS = {
    "人次": _l("%(n)s 人次"),
    "人": _l("%(n)s 人"),
    "家": _l("%(n)s 家"),
    "个": _l("%(n)s 个"),
    "%": _l("%(n)s%%"),
}
WINDOWS = {
    "by 2022": _l("到 2022 年"),
    "each year": _l("每年"),
    "each year 2019-2022": _l("2019—2022 年，每年"),
}
# The targets of which a form of course is all there is: the others are cut by trade or person, or are no training.
COUNTED = {"Y1": CourseForm.EMPLOYMENT, "Y2": CourseForm.FOUNDER}


@bp.get("/public/programmes")
@access.anyone
def programmes() -> str:
    """What the city set out to do, for whom, and by when."""
    book, on = policy.rulebook(), today()
    begun = counting.begun_since(since=date(on.year, 1, 1), on=on)
    return render_template(
        "catalog/programmes.html",
        targets=[_target(target, begun) for target in book.targets],
        programmes=_programmes(book, on),
        document=book.documents[0],
        year=on.year,
    )


def _target(target: Target, begun: dict[CourseForm, counting.Begun]) -> dict[str, Any]:
    form = COUNTED.get(target.code)
    ours = begun.get(form, counting.Begun(0, 0)) if form else None
    return {
        "code": target.code,
        "name": target.name.in_(locale_code()),
        "number": UNITS[target.unit] % {"n": _number(target.number)},
        "window": WINDOWS[target.window],
        "is_stock": target.kind == "stock",
        "part_of": target.within,
        "sum_of": target.sum_of,
        "ours": ours and _("%(classes)s 个班，%(seats)s 人报名", classes=ours.classes, seats=_number(ours.seats)),
        "clause": target.clause,
        "quote": target.quote,
    }


def _number(number: int) -> str:
    return format_decimal(number, locale=locale_code())


def _programmes(book: RuleBook, on: date) -> list[dict[str, Any]]:
    locale = locale_code()
    groups = {group.code: group.name.in_(locale) for group in in_force(book.groups, on)}
    targets = {target.code: target.name.in_(locale) for target in book.targets}
    return [
        {
            "code": each.code,
            "name": each.name.in_(locale),
            "lead": each.lead,
            "groups": [groups[code] for code in each.groups if code in groups],
            "targets": [(code, targets[code]) for code in each.targets],
            "clause": each.clause,
            "quote": each.quote,
        }
        for each in book.programmes
    ]
