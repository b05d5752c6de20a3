"""What the public finds of a card: its live courses, their open classes and the list in force, as one document.

The shortage tag is never typed by anyone: it is read from the list in force on the day the document is built, and
the documents are built again every night and whenever something they are made of changes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.catalog.published import Published, Row, Surroundings, read_cards, read_surroundings
from app.catalog.search.analysis import document_tokens, suggest_keys
from app.catalog.search.choices import LEVELS, MODES
from app.catalog.search.contract import NO_LEVEL, Document, Shape
from app.catalog.search.store import AnySession, new_version

_SENTENCES = re.compile(r"[。；：:;\n]+")


def build_documents(session: AnySession, card_ids: Collection[UUID], *, on: date) -> list[Document]:
    """The documents of those of the cards that are published, as of `on`, in a fixed number of statements."""
    version = new_version(session)
    published = read_cards(session, card_ids, on=on)
    tenant_ids = {courses[0].tenant_id for courses in published.cards.values()}
    return make_documents(published, read_surroundings(session, on=on, tenant_ids=tenant_ids), version=version)


def make_documents(published: Published, surroundings: Surroundings, *, version: int) -> list[Document]:
    """The documents of what was read; pure."""
    return [
        make_document(courses, published.runs, surroundings, version=version)
        for courses in published.cards.values()
    ]


def make_document(
    courses: Sequence[Row],
    runs_by_course: Mapping[int, Sequence[Row]],
    surroundings: Surroundings,
    *,
    version: int,
) -> Document:
    """The document of one card: of courses that say the same, in the order of their ids; pure."""
    first = courses[0]
    trade = surroundings.trades[first.trade_id]
    runs = [run for course in courses for run in runs_by_course.get(course.course_id, ())]
    runs.sort(key=lambda run: (run.starts_on, run.id))
    region_ids = tuple(dict.fromkeys([run.region_id for run in runs] or [course.region_id for course in courses]))
    is_designated = (first.tenant_id, trade.code, first.level) in surroundings.designated
    shape = Shape(
        trade_code=trade.code,
        level=first.level or NO_LEVEL,
        form=first.form,
        is_subsidised=first.is_subsidised and is_designated,
        has_fee=first.fee_fen > 0,
    )
    is_shortage = trade.code in surroundings.listed
    card: dict[str, Any] = {
        "card_id": str(first.card_id),
        "course_id": first.course_id,
        "tenant_id": first.tenant_id,
        "shape": shape.key,
        "title": first.title,
        "trade": trade.label,
        "trade_en": trade.name_en,
        "category": trade.category,
        "mode": first.mode,
        "is_shortage": is_shortage,
        "fee_fen": first.fee_fen,
        "institution": first.tenant_name,
        "place": first.place,
        "region_ids": region_ids,
        "hours": first.theory_hours + first.practice_hours,
        "practice_hours": first.practice_hours,
        "certificate": first.certificate,
        "runs": [
            {
                "id": run.id,
                "course_id": run.course_id,
                "region_id": run.region_id,
                "starts_on": _iso(run.starts_on),
                "ends_on": _iso(run.ends_on),
                "seats": run.capacity,
                "taken": run.taken,
                "waiting": run.waiting,
            }
            for run in runs
        ],
    }
    return Document(
        card_id=first.card_id,
        version=version,
        course_id=first.course_id,
        course_ids=tuple(course.course_id for course in courses),
        tenant_id=first.tenant_id,
        trade_code=trade.code,
        label=trade.folded,
        category=trade.category,
        shape=shape.key,
        is_shortage=is_shortage,
        level=shape.level,
        mode=first.mode,
        fee_fen=first.fee_fen,
        region_ids=region_ids,
        start_dates=tuple(run.starts_on for run in runs),
        seats_left=sum(max(run.capacity - run.taken, 0) for run in runs),
        news_at=max([course.published_at for course in courses] + [run.created_at for run in runs]),
        tokens=document_tokens(
            heading=(first.title, *trade.heading),
            institution=first.tenant_name,
            body=(
                *trade.body,
                *MODES[first.mode],
                *LEVELS.get(first.level, ()),
                *(name for region_id in region_ids for name in surroundings.regions.get(region_id, ())),
                *_said_of(courses),
            ),
        ),
        suggest=(
            *suggestions(title=first.title),
            *suggestions(institution=first.tenant_name, tenant_id=first.tenant_id),
        ),
        card=card,
    )


def _said_of(courses: Iterable[Row]) -> dict[str, None]:
    """Places and contents of all of a card's courses, sentence by sentence: many say the same."""
    said: dict[str, None] = {}
    for course in courses:
        said.update(dict.fromkeys(course.place.split()))
        said.update(dict.fromkeys(_SENTENCES.split(course.content)))
    return said


@functools.lru_cache(maxsize=8192)
def suggestions(
    *, title: str = "", institution: str = "", tenant_id: int = 0
) -> tuple[tuple[str, str, str, str], ...]:
    """What a title, or an institution, is suggested by while someone types: (kind, key, text, ref)."""
    kind, text, ref = ("course", title, "") if title else ("institution", institution, str(tenant_id))
    return tuple((kind, key, text, ref) for key in suggest_keys(text))


@functools.lru_cache(maxsize=4096)
def _iso(day: date) -> str:
    return day.isoformat()
