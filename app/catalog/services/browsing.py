"""What the public pages read: live counts for the home page, a course with its classes, names of places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.catalog.models import Course, CourseRevision, CourseRun, RunSeats, RunSession, RunState
from app.catalog.search import postgres, store
from app.catalog.search.backend import engine
from app.catalog.search.contract import Card, CardRun, Generation, Suggestion, card_from
from app.catalog.search.folding import normalise
from app.catalog.search.kept import Costly, Kept
from app.catalog.search.lexicon import Lexicon, make_lexicon
from app.catalog.search.models import CourseDocument, Suggestable, Synonym
from app.catalog.search.understanding import Understood
from app.catalog.search.understanding import understand as read_text
from app.catalog.search.words import bundled_synonyms
from app.clock import now
from app.db import db
from app.policy.models import Trade
from app.tenants.models import Region, RegionKind

SOON_DAYS = 14
RUNS_AT_ONCE = 50
MOST_LOOKS = 8  # a few cards with hundreds of classes each are not waited for
MOST_SUGGESTED = 8
LEAST_OTHERS = 3  # of them so many are no trades, where there are that many
INSTITUTION = "institution"


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
    """A county-level unit; where its centre is, in degrees, if that is known."""

    id: int
    code: str
    name: str
    name_en: str
    latitude: float | None = None
    longitude: float | None = None

    @property
    def centre(self) -> tuple[float, float] | None:
        """Latitude and longitude."""
        return None if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)


_PLACES = (
    sa.select(Region.id, Region.code, Region.name, Region.name_en, Region.latitude, Region.longitude)
    .where(Region.kind != RegionKind.CITY)
    .order_by(Region.code)
)


# Names of places and trades are part of the documents too: what is read of them belongs to one generation of the
# index, which changes at least every night.
_places: Kept[Generation, dict[int, Place]] = Kept(2)
_categories: Kept[Generation, dict[str, str]] = Kept(2)
_in_demand: Costly[tuple[date, int], list[TradeInDemand]] = Costly(4)
_suggested: Kept[tuple[Generation, str, int], list[Suggestion]] = Kept(1000)
_lexicons: Kept[Generation, Lexicon] = Kept(2)
# Seats change all the time, names hardly ever: by everything a lexicon is made of.
_made: Kept[tuple[Any, ...], Lexicon] = Kept(2)


def places(*, generation: Generation = None) -> dict[int, Place]:
    """Every county-level unit by id, in the order of their codes; read once for a generation of the index."""
    if generation:
        return _places.get_or(generation, places)
    return {row.id: Place(*row) for row in db.session.execute(_PLACES)}


def categories(*, generation: Generation = None) -> dict[str, str]:
    """Trade category → its English name; read once for a generation of the index."""
    if generation:
        return _categories.get_or(generation, categories)
    rows = db.session.execute(sa.select(Trade.category, Trade.category_en).distinct())
    return {row.category: row.category_en for row in rows}


def lexicon(*, generation: Generation = None) -> Lexicon:
    """The names a question may hold: trades, what is said for them, places, institutions."""
    if generation:
        return _lexicons.get_or(generation, lexicon)
    read = (
        sa.select(Trade.code, Trade.name, Trade.variant, Trade.name_en).order_by(Trade.id),
        sa.select(Synonym.said, Synonym.meant).where(Synonym.is_active).order_by(Synonym.id),
        _PLACES.with_only_columns(Region.code, Region.name, Region.name_en),
        sa.select(sa.cast(Suggestable.ref, sa.BigInteger), Suggestable.text)
        .where(Suggestable.kind == INSTITUTION)
        .distinct()
        .order_by(sa.literal_column("1")),
    )
    trades, said, regions, institutions = (
        tuple(tuple(row) for row in db.session.execute(statement)) for statement in read
    )
    rows = trades, said or bundled_synonyms(), regions, institutions
    return _made.get_or(rows, lambda: make_lexicon(*rows))


def understand(text: str, *, on: date, is_exact: bool = False, generation: Generation = None) -> Understood:
    """What a person means by what they typed; exactly: without taking a word for another."""
    if not text:
        return Understood("", "")
    return read_text(text, lexicon(generation=generation), on, is_exact=is_exact)


def institution_names(refs: Iterable[str], *, generation: Generation = None) -> dict[str, str]:
    """What institutions are called, by their ids as text; those nobody can find are left out."""
    if not refs:
        return {}
    known = lexicon(generation=generation).institutions
    return {ref: known[int(ref)] for ref in refs if int(ref) in known}


def suggest(typed: str, *, most: int = MOST_SUGGESTED) -> list[Suggestion]:
    """What may be meant by what is being typed: trades first, then courses and institutions."""
    wanted = normalise(typed)
    if not wanted:
        return []
    generation = store.generation(db.session)
    known = _suggested.get((generation, wanted, most)) if generation else None
    if known is not None:
        return known
    trades = lexicon(generation=generation).suggest(wanted, most=most - LEAST_OTHERS)
    answering = engine()
    found = [*trades, *answering.suggest(wanted, most=most)][:most]
    if generation and answering.name == postgres.NAME:  # another engine may lag behind the generation
        _suggested.put((generation, wanted, most), found)
    return found


def trades_in_demand(*, on: date, most: int, generation: Generation = None) -> list[TradeInDemand]:
    """Shortage trades by the number of their open classes from today on; a large catalog is counted less often."""
    if generation:
        return _in_demand.get_or((on, most), generation, lambda: trades_in_demand(on=on, most=most))
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
    """Classes that start within two weeks and have seats, at most one of a card, the soonest first."""
    found: dict[UUID, StartingRun] = {}
    last = (on, 0)
    for _look in range(MOST_LOOKS):
        rows = db.session.execute(_starting_after(*last, until=on + timedelta(days=SOON_DAYS))).all()
        for row in rows:
            if row.card is None:
                continue
            seats = {row.id: (row.capacity, row.taken, row.waiting)}
            whole = card_from(row.card, version=row.version, seats=seats, on=on)
            for run in whole.runs:
                if run.run_id == row.id:
                    found.setdefault(whole.card_id, StartingRun(run, whole))
        if len(found) >= most or len(rows) < RUNS_AT_ONCE:
            break
        last = rows[-1].starts_on, rows[-1].id
    return list(found.values())[:most]


def _starting_after(on: date, run_id: int, *, until: date) -> sa.Select[Any]:
    """The next classes with seats after a day's class of this number, the soonest first, with their cards."""
    run = (
        sa.select(
            CourseRun.id,
            CourseRun.course_id,
            CourseRun.starts_on,
            RunSeats.capacity,
            RunSeats.taken,
            RunSeats.waiting,
        )
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(
            CourseRun.is_public,
            CourseRun.state == RunState.OPEN,
            sa.tuple_(CourseRun.starts_on, CourseRun.id) > sa.tuple_(on, run_id),
            CourseRun.starts_on <= until,
            CourseRun.starts_at > now(),
            RunSeats.taken < RunSeats.capacity,
        )
        .order_by(CourseRun.starts_on, CourseRun.id)
        .limit(RUNS_AT_ONCE)
        .subquery()
    )
    return (
        sa.select(run, CourseDocument.card, CourseDocument.version)
        .outerjoin(CourseDocument, CourseDocument.course_ids.contains(postgresql.array([run.c.course_id])))
        .order_by(run.c.starts_on, run.c.id)
    )


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
