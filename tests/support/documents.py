"""Stored documents for tests of the search's engines, with everything at a default."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.catalog.search.analysis import document_tokens, suggest_keys
from app.catalog.search.contract import Document, Shape

TODAY = date(2026, 11, 23)
WELDER = "6-18-02-04"


def card_id(number: int) -> UUID:
    """The id of a test's card; among equals they come in the order of their numbers."""
    return UUID(int=number << 68)


def document(number: int, title: str = "焊工（五级）职业技能培训", **values: Any) -> Document:
    """A document; `starts_in` are days from today, `body` is searchable text, `institution` a name."""
    starts = [TODAY + timedelta(days=days) for days in values.pop("starts_in", (10,))]
    body, institution = values.pop("body", ""), values.pop("institution", "示例机构")
    fields: dict[str, Any] = {
        "card_id": card_id(number),
        "version": 1,
        "course_id": number,
        "course_ids": (number,),
        "tenant_id": 1,
        "trade_code": WELDER,
        "label": "焊工",
        "category": "装备制造",
        "is_shortage": True,
        "level": 5,
        "mode": "day",
        "fee_fen": 180000,
        "region_ids": (1,),
        "seats_left": 5,
        "news_at": datetime(2026, 11, 1, tzinfo=UTC),
        **values,
    }
    fields.setdefault("shape", Shape(fields["trade_code"], fields["level"], "employment", True, True).key)
    card = {
        "card_id": str(fields["card_id"]),
        "course_id": fields["course_id"],
        "tenant_id": fields["tenant_id"],
        "shape": fields["shape"],
        "title": title,
        "trade": "焊工",
        "trade_en": "Welder",
        "category": fields["category"],
        "mode": fields["mode"],
        "is_shortage": fields["is_shortage"],
        "fee_fen": fields["fee_fen"],
        "institution": institution,
        "place": "示例路 1 号",
        "region_ids": list(fields["region_ids"]),
        "hours": 100,
        "practice_hours": 60,
        "certificate": "level",
        "runs": [
            {
                "id": number * 100 + at,
                "course_id": fields["course_id"],
                "region_id": fields["region_ids"][0],
                "starts_on": day.isoformat(),
                "ends_on": day.isoformat(),
                "seats": 30,
                "taken": 30 - fields["seats_left"],
                "waiting": 0,
            }
            for at, day in enumerate(starts)
        ],
    }
    courses = tuple(("course", key, title, str(fields["card_id"])) for key in suggest_keys(title))
    names = tuple(("institution", key, institution, str(fields["tenant_id"])) for key in suggest_keys(institution))
    return Document(
        start_dates=tuple(sorted(starts)),
        tokens=document_tokens(heading=[title], institution=institution, body=[body]),
        suggest=courses + names,
        card=card,
        **fields,
    )
