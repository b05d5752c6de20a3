"""What the public pages read: live counts for the home page, a course with its classes, names of places."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app.catalog.models import Course, CourseDocument, CourseRevision, CourseRun, RunSeats, RunSession, RunState
from app.catalog.search.contract import Card, CardRun, Generation, card_from
from app.catalog.search.kept import Kept
from app.catalog.search.understanding import Vocabulary, make_vocabulary
from app.clock import now
from app.db import db
from app.policy.models import Trade
from app.tenants.models import Region, RegionKind

SOON_DAYS = 14


@dataclass(frozen=True, slots=True)
class TradeInDemand:
    """A shortage trade with open classes."""

    code: str
    name: str
    name_en: str
    runs: int
    next_on: date


@dataclass(frozen=True, slots=True)
class StartingRun:
    """A class that starts soon and has seats, with its course's card."""

    run: CardRun
    card: Card


@dataclass(frozen=True, slots=True)
class PublicCourse:
    """A published course as the public sees it."""

    course: Course
    revision: CourseRevision
    trade: Trade


@dataclass(frozen=True, slots=True)
class PublicRun:
    """A class people can join, its seats as they are now, and its lessons."""

    run: CourseRun
    seats: RunSeats
    sessions: tuple[RunSession, ...]

    @property
    def is_full(self) -> bool:
        """Whether the next to apply waits: no seat is free, or others wait already."""
        return self.seats.taken >= self.seats.capacity or self.seats.waiting > 0


@dataclass(frozen=True, slots=True)
class Place:
    """A county-level unit."""

    id: int
    code: str
    name: str
    name_en: str


_PLACES = (
    sa.select(Region.id, Region.code, Region.name, Region.name_en)
    .where(Region.kind != RegionKind.CITY)
    .order_by(Region.code)
)


# Names of places and trades are part of the documents too: what is read of them belongs to one generation of the
# index, which changes at least every night.
_places: Kept[Generation, dict[int, Place]] = Kept(2)
_categories: Kept[Generation, dict[str, str]] = Kept(2)
_vocabulary: Kept[Generation, Vocabulary] = Kept(2)


def places(*, generation: Generation = None) -> dict[int, Place]:
    """Every county-level unit by id, in the order of their codes; read once for a generation of the index."""
    if generation:
        return _places.get_or(generation, places)
    return {row.id: Place(*row) for row in db.session.execute(_PLACES)}


def trade_words() -> list[tuple[str, str, str]]:
    """Every trade as (code, name, variant)."""
    rows = db.session.execute(sa.select(Trade.code, Trade.name, Trade.variant))
    return [(code, name, variant) for code, name, variant in rows]


def categories(*, generation: Generation = None) -> dict[str, str]:
    """Trade category → its English name; read once for a generation of the index."""
    if generation:
        return _categories.get_or(generation, categories)
    rows = db.session.execute(sa.select(Trade.category, Trade.category_en).distinct())
    return {row.category: row.category_en for row in rows}


def vocabulary(*, generation: Generation = None) -> Vocabulary:
    """The names a question may hold, of all trades and places; read once for a generation of the index."""
    if generation:
        return _vocabulary.get_or(generation, vocabulary)
    return make_vocabulary(trade_words(), [(place.code, place.name, place.name_en) for place in places().values()])


def trades_in_demand(*, on: date, most: int) -> list[TradeInDemand]:
    """Shortage trades by the number of their open classes from today on."""
    start = sa.func.unnest(CourseDocument.start_dates).table_valued("each").render_derived()
    counted = (
        sa.select(
            CourseDocument.trade_code, sa.func.count().label("runs"), sa.func.min(start.c.each).label("next_on")
        )
        .select_from(sa.join(CourseDocument.__table__, start, sa.true()))
        .where(CourseDocument.is_shortage, start.c.each >= on)
        .group_by(CourseDocument.trade_code)
        .cte("counted")
    )
    rows = db.session.execute(
        sa.select(counted.c.trade_code, Trade.name, Trade.name_en, counted.c.runs, counted.c.next_on)
        .join(Trade, sa.and_(Trade.code == counted.c.trade_code, Trade.variant == ""))
        .order_by(counted.c.runs.desc(), counted.c.next_on, counted.c.trade_code)
        .limit(most)
    )
    return [TradeInDemand(*row) for row in rows]


def starting_soon(*, on: date, most: int) -> list[StartingRun]:
    """Classes that start within two weeks and have seats, at most one of a course, the soonest first."""
    first = (
        sa.select(CourseRun.id.label("run_id"), CourseRun.course_id, CourseRun.starts_on)
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(
            CourseRun.is_public,
            CourseRun.state == RunState.OPEN,
            CourseRun.starts_on.between(on, on + timedelta(days=SOON_DAYS)),
            CourseRun.starts_at > now(),
            RunSeats.taken < RunSeats.capacity,
        )
        .ext(distinct_on(CourseRun.course_id))
        .order_by(CourseRun.course_id, CourseRun.starts_on, CourseRun.id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(first.c.run_id, CourseDocument.card, CourseDocument.version, RunSeats)
        .join(CourseDocument, CourseDocument.course_id == first.c.course_id)
        .join(RunSeats, RunSeats.run_id == first.c.run_id)
        .order_by(first.c.starts_on, first.c.run_id)
        .limit(most)
    )
    found = []
    for run_id, card, version, seats in rows:
        live = {run_id: (seats.capacity, seats.taken, seats.waiting)}
        whole = card_from(card, version=version, seats=live, on=on)
        found += [StartingRun(run, whole) for run in whole.runs if run.run_id == run_id]
    return found


def public_course(course_id: int) -> PublicCourse | None:
    """A published course with its live version, or None; also for the institution itself and its bureau."""
    row = db.session.execute(
        sa.select(Course, CourseRevision, Trade)
        .join(CourseRevision, CourseRevision.course_id == Course.id)
        .join(Trade, Trade.id == CourseRevision.trade_id)
        .where(Course.id == course_id, Course.is_live, CourseRevision.is_live)
    ).first()
    return PublicCourse(*row) if row else None


def previewed_course(course: Course, *, revision: CourseRevision) -> PublicCourse:
    """A version of the institution's own course as if it were the live one."""
    trade = db.session.scalars(sa.select(Trade).where(Trade.id == revision.trade_id)).one()
    return PublicCourse(course, revision, trade)


def public_runs(course_id: int) -> list[PublicRun]:
    """The classes of a course that have not begun, the soonest first, with their lessons."""
    rows = db.session.execute(
        sa.select(CourseRun, RunSeats)
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(
            CourseRun.course_id == course_id,
            CourseRun.is_public,
            CourseRun.state == RunState.OPEN,
            CourseRun.starts_at > now(),
        )
        .order_by(CourseRun.starts_on, CourseRun.id)
    ).all()
    lessons: dict[int, list[RunSession]] = defaultdict(list)
    for lesson in db.session.scalars(
        sa.select(RunSession)
        .where(RunSession.run_id.in_([run.id for run, _seats in rows]))
        .order_by(RunSession.starts_at, RunSession.id)
    ):
        lessons[lesson.run_id].append(lesson)
    return [PublicRun(run, seats, tuple(lessons[run.id])) for run, seats in rows]
