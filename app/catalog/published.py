"""What is published, as the search's documents need it: plain rows, many cards at once, a few statements each.

Columns instead of objects: a million courses are read this way every night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.catalog.models import Course, CourseRevision, CourseRun, RunSeats, RunState
from app.catalog.search.folding import normalise
from app.catalog.search.store import AnySession
from app.policy import services as policy
from app.policy.models import Designation, DesignationState, Trade
from app.tenants.models import Region

LONGEST_BODY = 600

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class TradeWords:
    """A trade or variant: what it is called (`folded` as the search compares it), and what else it is found by."""

    code: str
    label: str
    folded: str
    name_en: str
    category: str
    heading: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What documents are made with besides their courses, on a day.

    `designated` holds every (tenant, trade code, level) covered; level None: the trade in some level.
    """

    on: date
    trades: Mapping[int, TradeWords]
    regions: Mapping[int, tuple[str, ...]]
    listed: Collection[str]
    designated: frozenset[tuple[int, str, int | None]]


def read_surroundings(session: AnySession, *, on: date, tenant_ids: Collection[int] | None = None) -> Surroundings:
    """Names, lists and designations in force; designations of these tenants only, or of all."""
    regions = session.execute(sa.select(Region.id, Region.name, Region.name_en))
    return Surroundings(
        on=on,
        trades=_trades(session),
        regions={region_id: names for region_id, *names in map(tuple, regions)},  # type: ignore[misc]
        listed=frozenset(policy.listed_trades(on)),
        designated=_designations(session, tenant_ids, on),
    )


@dataclass(frozen=True, slots=True)
class Published:
    """The live courses of some cards, by card and in the order of their ids, and their open classes by course."""

    cards: Mapping[UUID, Sequence[Row]]
    runs: Mapping[int, Sequence[Row]]


def cards_of(session: AnySession, course_id: int) -> set[UUID]:
    """The card a course is shown in, if it is published."""
    live = (CourseRevision.course_id == course_id, CourseRevision.is_live)
    return set(
        session.scalars(
            sa.select(CourseRevision.card_id)
            .join(Course, Course.id == CourseRevision.course_id)
            .where(*live, Course.is_live)
        )
    )


def cards_of_tenant(session: AnySession, tenant_id: int) -> set[UUID]:
    """Every card of an institution."""
    return set(
        session.scalars(
            sa.select(CourseRevision.card_id).where(CourseRevision.tenant_id == tenant_id, CourseRevision.is_live)
        )
    )


def next_cards(session: AnySession, *, after: UUID | None, most: int) -> list[UUID]:
    """The cards that follow `after` in the order of their ids."""
    statement = sa.select(CourseRevision.card_id).where(CourseRevision.is_live).distinct()
    if after is not None:
        statement = statement.where(CourseRevision.card_id > after)
    return list(session.scalars(statement.order_by(CourseRevision.card_id).limit(most)))


def read_cards(session: AnySession, card_ids: Collection[UUID], *, on: date) -> Published:
    """The published courses of these cards with the classes that begin on `on` or later."""
    return _read(session, CourseRevision.card_id.in_(card_ids), on)


def read_range(session: AnySession, first: UUID, last: UUID, *, on: date) -> Published:
    """The published courses of every card from `first` to `last`, both included."""
    return _read(session, CourseRevision.card_id.between(first, last), on)


def _read(session: AnySession, which: sa.ColumnElement[bool], on: date) -> Published:
    rows = session.execute(
        sa.select(
            CourseRevision.card_id,
            CourseRevision.course_id,
            CourseRevision.tenant_id,
            CourseRevision.trade_id,
            CourseRevision.title,
            CourseRevision.level,
            sa.type_coerce(CourseRevision.form, sa.Text).label("form"),
            sa.type_coerce(CourseRevision.mode, sa.Text).label("mode"),
            CourseRevision.is_subsidised,
            CourseRevision.fee_fen,
            CourseRevision.theory_hours,
            CourseRevision.practice_hours,
            CourseRevision.certificate,
            CourseRevision.place,
            sa.func.left(CourseRevision.content, LONGEST_BODY).label("content"),
            sa.func.coalesce(CourseRevision.reviewed_at, CourseRevision.created_at).label("published_at"),
            Course.tenant_name,
            Course.region_id,
        )
        .join(Course, Course.id == CourseRevision.course_id)
        .where(which, CourseRevision.is_live, Course.is_live)
        .order_by(CourseRevision.course_id)
    ).all()
    cards: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        cards[row.card_id].append(row)
    return Published(cards, _open_runs(session, [row.course_id for row in rows], on))


def _open_runs(session: AnySession, course_ids: list[int], on: date) -> dict[int, list[Row]]:
    runs: dict[int, list[Row]] = defaultdict(list)
    if not course_ids:
        return runs
    rows = session.execute(
        sa.select(
            CourseRun.id,
            CourseRun.course_id,
            CourseRun.region_id,
            CourseRun.starts_on,
            CourseRun.ends_on,
            CourseRun.created_at,
            RunSeats.capacity,
            RunSeats.taken,
            RunSeats.waiting,
        )
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(
            CourseRun.course_id.in_(course_ids),
            CourseRun.is_public,
            CourseRun.state == RunState.OPEN,
            CourseRun.starts_on >= on,
        )
    )
    for row in rows:
        runs[row.course_id].append(row)
    return runs


def _trades(session: AnySession) -> dict[int, TradeWords]:
    rows = session.execute(
        sa.select(
            Trade.id, Trade.code, Trade.name, Trade.variant, Trade.name_en, Trade.category, Trade.category_en
        )
    ).all()
    variants: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.variant:
            variants[row.code] += [row.variant, row.name_en]
    return {
        row.id: TradeWords(
            code=row.code,
            label=row.variant or row.name,
            folded=normalise(row.variant or row.name),
            name_en=row.name_en,
            category=row.category,
            heading=tuple(word for word in (row.name, row.variant, row.name_en) if word),
            # A course for the whole occupation is also an answer to a question for one of its variants.
            body=(row.category, row.category_en, *(() if row.variant else variants[row.code])),
        )
        for row in rows
    }


def _designations(
    session: AnySession, tenant_ids: Collection[int] | None, on: date
) -> frozenset[tuple[int, str, int | None]]:
    statement = sa.select(Designation.tenant_id, Designation.trade_code, Designation.levels).where(
        Designation.is_public,
        Designation.state == DesignationState.ACTIVE,
        Designation.valid_from <= on,
        Designation.valid_to > on,
    )
    if tenant_ids is not None:
        statement = statement.where(Designation.tenant_id.in_(tenant_ids))
    covered: set[tuple[int, str, int | None]] = set()
    for tenant_id, code, levels in session.execute(statement):
        covered.add((tenant_id, code, None))
        covered.update((tenant_id, code, level) for level in levels)
    return frozenset(covered)
