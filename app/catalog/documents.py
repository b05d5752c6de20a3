"""What the public finds of a course: its live revision, open classes and the list in force, as one document.

The shortage tag is never typed by anyone: it is read from the list in force on the day the document is built, and
the documents are built again every night and whenever something they are made of changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from app.catalog.models import Course, CourseRevision, CourseRun, RunSeats, RunState
from app.catalog.search.analysis import document_grams, said_for
from app.catalog.search.contract import Document
from app.catalog.search.understanding import LEVELS, MODES
from app.policy import services as policy
from app.policy.models import Designation, DesignationState, Trade
from app.tenants.models import Region

AnySession = Session | scoped_session[Any]

LONGEST_BODY = 600


def new_version(session: AnySession) -> int:
    """A version for documents read from now on: microseconds on the database's clock."""
    return int(session.scalars(sa.text("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")).one())


def build_documents(session: AnySession, course_ids: Collection[int], *, on: date) -> list[Document]:
    """The documents of those of the courses that are published, as of `on`, in a fixed number of statements."""
    version = new_version(session)
    rows = session.execute(_published(course_ids)).all()
    if not rows:
        return []
    found = [row.CourseRevision.course_id for row in rows]
    runs = _open_runs(session, found, on)
    region_ids = {row.region_id for row in rows} | {
        run.region_id for some in runs.values() for run, _seats in some
    }
    regions = _regions(session, region_ids)
    variants = _variants(session, {row.Trade.code for row in rows})
    designated = _designations(session, {row.tenant_id for row in rows}, on)
    listed = policy.listed_trades(on)
    return [
        build_document(
            revision=row.CourseRevision,
            trade=row.Trade,
            tenant_name=row.tenant_name,
            region_id=row.region_id,
            runs=runs.get(row.CourseRevision.course_id, ()),
            regions=regions,
            variants=variants.get(row.Trade.code, ()),
            is_shortage=row.Trade.code in listed,
            is_designated=(row.tenant_id, row.Trade.code, row.CourseRevision.level) in designated,
            version=version,
        )
        for row in rows
    ]


def build_document(
    *,
    revision: CourseRevision,
    trade: Trade,
    tenant_name: str,
    region_id: int,
    runs: Iterable[tuple[CourseRun, RunSeats]],
    regions: dict[int, Region],
    variants: Iterable[Trade],
    is_shortage: bool,
    is_designated: bool,
    version: int,
) -> Document:
    """One document of rows that were read; pure."""
    runs = tuple(runs)
    held_in = tuple(dict.fromkeys([run.region_id for run, _seats in runs] or [region_id]))
    is_subsidised = revision.is_subsidised and is_designated
    card: dict[str, Any] = {
        "course_id": revision.course_id,
        "title": revision.title,
        "trade_code": trade.code,
        "trade": trade.label,
        "trade_en": trade.name_en,
        "category": trade.category,
        "level": revision.level,
        "form": revision.form.value,
        "mode": revision.mode.value,
        "is_shortage": is_shortage,
        "is_subsidised": is_subsidised,
        "fee_fen": revision.fee_fen,
        "institution": tenant_name,
        "place": revision.place,
        "region_ids": list(held_in),
        "hours": revision.theory_hours + revision.practice_hours,
        "practice_hours": revision.practice_hours,
        "certificate": revision.certificate,
        "runs": [
            {
                "id": run.id,
                "region_id": run.region_id,
                "starts_on": run.starts_on.isoformat(),
                "ends_on": run.ends_on.isoformat(),
                "seats": seats.capacity,
                "taken": seats.taken,
                "waiting": seats.waiting,
            }
            for run, seats in runs
        ],
    }
    return Document(
        course_id=revision.course_id,
        version=version,
        tenant_id=revision.tenant_id,
        region_id=region_id,
        region_ids=held_in,
        trade_id=trade.id,
        trade_code=trade.code,
        category=trade.category,
        is_shortage=is_shortage,
        is_subsidised=is_subsidised,
        level=revision.level,
        form=revision.form.value,
        mode=revision.mode.value,
        fee_fen=revision.fee_fen,
        start_dates=tuple(sorted(run.starts_on for run, _seats in runs)),
        seats_left=sum(max(seats.capacity - seats.taken, 0) for _run, seats in runs),
        card=card,
        grams=_grams(revision, trade, tenant_name, [regions[i] for i in held_in if i in regions], variants),
    )


def _grams(
    revision: CourseRevision, trade: Trade, tenant_name: str, regions: Sequence[Region], variants: Iterable[Trade]
) -> tuple[str, ...]:
    own = [trade.name, trade.variant, trade.name_en]
    heading = [revision.title, *own, *(said for name in own for said in said_for().get(name, ()))]
    body = [trade.category, trade.category_en, tenant_name, revision.place, revision.content[:LONGEST_BODY]]
    for region in regions:
        body += [region.name, region.name_en]
    body += MODES[revision.mode.value]
    if revision.level:
        body += LEVELS[revision.level]
    if not trade.variant:
        # A course for the whole occupation is also an answer to a question for one of its variants.
        for variant in variants:
            body += [variant.variant, variant.name_en, *said_for().get(variant.variant, ())]
    return document_grams(heading=heading, body=body)


def _published(course_ids: Collection[int]) -> sa.Select[CourseRevision, Trade, int, str, int]:
    return (
        sa.select(CourseRevision, Trade, Course.tenant_id, Course.tenant_name, Course.region_id)
        .join(Course, Course.id == CourseRevision.course_id)
        .join(Trade, Trade.id == CourseRevision.trade_id)
        .where(Course.id.in_(course_ids), Course.is_live, CourseRevision.is_live)
        .order_by(Course.id)
    )


def _open_runs(
    session: AnySession, course_ids: Collection[int], on: date
) -> dict[int, list[tuple[CourseRun, RunSeats]]]:
    rows = session.execute(
        sa.select(CourseRun, RunSeats)
        .join(RunSeats, RunSeats.run_id == CourseRun.id)
        .where(
            CourseRun.course_id.in_(course_ids),
            CourseRun.is_public,
            CourseRun.state == RunState.OPEN,
            CourseRun.starts_on >= on,
        )
        .order_by(CourseRun.starts_on, CourseRun.id)
    )
    runs: dict[int, list[tuple[CourseRun, RunSeats]]] = defaultdict(list)
    for run, seats in rows:
        runs[run.course_id].append((run, seats))
    return runs


def _regions(session: AnySession, ids: Collection[int]) -> dict[int, Region]:
    return {region.id: region for region in session.scalars(sa.select(Region).where(Region.id.in_(ids)))}


def _variants(session: AnySession, codes: Collection[str]) -> dict[str, list[Trade]]:
    variants: dict[str, list[Trade]] = defaultdict(list)
    for trade in session.scalars(sa.select(Trade).where(Trade.code.in_(codes), Trade.variant != "")):
        variants[trade.code].append(trade)
    return variants


def _designations(
    session: AnySession, tenant_ids: Collection[int], on: date
) -> frozenset[tuple[int, str, int | None]]:
    """Every (tenant, trade, level) covered on the day; level None: the trade in some level."""
    rows = session.execute(
        sa.select(Designation.tenant_id, Designation.trade_code, Designation.levels).where(
            Designation.tenant_id.in_(tenant_ids),
            Designation.is_public,
            Designation.state == DesignationState.ACTIVE,
            Designation.valid_from <= on,
            Designation.valid_to > on,
        )
    )
    covered: set[tuple[int, str, int | None]] = set()
    for tenant_id, code, levels in rows:
        covered.add((tenant_id, code, None))
        covered.update((tenant_id, code, level) for level in levels)
    return frozenset(covered)
