"""A version of a course in words: each of its fields, beside the live version's where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.catalog import rules, texts
from app.catalog.models import CourseRevision
from app.catalog.services import courses, listing
from app.i18n import gettext as _
from app.i18n import pick
from app.money import yuan
from app.policy.models import Trade


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the comparison; `is_reviewed` marks those whose change brought the course here."""

    name: str
    label: str
    old: str | None
    new: str
    is_changed: bool
    is_reviewed: bool
    is_long: bool


def trade_name(trade: Trade) -> str:
    """A trade's name in the reader's language."""
    return pick(trade.label, trade.name_en or trade.label)


def compare(live: CourseRevision | None, revision: CourseRevision) -> list[Line]:
    """Every field of the version, beside the live one's where there is one."""
    new = courses.content_of(revision)
    old = courses.content_of(live) if live is not None else None
    changed = rules.changed_fields(old, new) if old is not None else ()
    return [
        Line(
            name=name,
            label=str(texts.FIELDS[name]),
            old=show_value(name, old[name]) if old is not None else None,
            new=show_value(name, new[name]),
            is_changed=name in changed,
            is_reviewed=name in rules.REVIEWED or name == "is_subsidised",
            is_long=name == "content",
        )
        for name in rules.CONTENT
    ]


def show_value(name: str, value: Any) -> str:
    """A content field's value in words."""
    if name == "trade_id":
        trade = listing.trade_of(value)
        return f"{trade_name(trade)} {trade.code}"
    if name == "fee_fen":
        return yuan(value)
    if name == "is_subsidised":
        return _("是") if value else _("否")
    labels: dict[str, dict[Any, Any]] = {
        "level": texts.LEVELS,
        "form": texts.FORMS,
        "mode": texts.MODES,
        "certificate": texts.CERTIFICATES,
    }
    if name in labels:
        return str(labels[name].get(value, _("不分等级") if value is None else value))
    return str(value)
