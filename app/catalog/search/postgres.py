"""Search on PostgreSQL: one unscoped table of published documents, tokens in a GIN index (law 6).

Text indexes do not work under row-level security (docs/tenancy.md), so nothing here reads a scoped table. The
statements are built by pure functions of the query; the backend only runs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import islice
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array, insert
from sqlalchemy.orm import Session, scoped_session

from app.catalog.models import CourseDocument, CourseIndex, RunSeats
from app.catalog.search.analysis import HEADING, question_grams
from app.catalog.search.contract import (
    NO_LEVEL,
    SOON,
    Document,
    Facet,
    FacetName,
    Generation,
    Option,
    Page,
    Proof,
    Query,
    Shape,
    Sort,
    card_from,
    dates_of,
)
from app.catalog.search.kept import Kept
from app.catalog.search.shaping import ONE_VALUED, shape_counts, shape_options

BATCH = 500
MOST_KEPT = 256

docs: sa.Table = sa.inspect(CourseDocument).local_table  # type: ignore[assignment]
seats: sa.Table = sa.inspect(RunSeats).local_table  # type: ignore[assignment]
state: sa.Table = sa.inspect(CourseIndex).local_table  # type: ignore[assignment]
Condition = sa.ColumnElement[bool]

_level = sa.func.coalesce(docs.c.level, NO_LEVEL)
_shape_columns = (docs.c.trade_code, _level, docs.c.form, docs.c.is_subsidised, docs.c.fee_fen > 0)
_SCALARS: dict[FacetName, sa.ColumnElement[Any]] = dict(
    zip(ONE_VALUED, (docs.c.category, docs.c.is_shortage, _level, docs.c.mode), strict=True)
)


# --- Building: pure functions of the query -----------------------------------------------------------------


def matches(query: Query) -> Condition:
    """Documents with every token of the question."""
    tokens = question_grams(query.terms)
    return docs.c.grams.contains(_texts(tokens)) if tokens else sa.true()


def choices(query: Query) -> dict[FacetName, Condition]:
    """The condition of each facet something was chosen in."""
    chosen: dict[FacetName, Condition] = {}
    if query.categories:
        chosen[FacetName.CATEGORY] = docs.c.category.in_(query.categories)
    if query.only_shortage:
        chosen[FacetName.SHORTAGE] = docs.c.is_shortage
    if query.regions:
        chosen[FacetName.REGION] = docs.c.region_ids.overlap(sa.cast(array(query.regions), ARRAY(sa.BigInteger)))
    if query.levels:
        chosen[FacetName.LEVEL] = _level.in_(query.levels)
    if query.modes:
        chosen[FacetName.MODE] = docs.c.mode.in_(query.modes)
    if query.starts:
        chosen[FacetName.START] = _starts_on(query.start_dates())
    if query.only_free:
        chosen[FacetName.FREE] = is_free(query.free_shapes)
    return chosen


def is_free(shapes: frozenset[Shape] | None) -> Condition:
    """Documents of one of these shapes; none at all if it is not known which are free."""
    if not shapes:
        return sa.false()
    rows = [(s.trade_code, s.level, s.form, s.is_subsidised, s.has_fee) for s in sorted(shapes)]
    return sa.tuple_(*_shape_columns).in_(rows)


def order(query: Query) -> list[sa.ColumnElement[Any]]:
    """The sort as columns, ending with the course's id so that the order is total.

    Best: words found in the title or trade, then shortage, then seats left, then the sooner start.
    """
    upcoming = sa.case((docs.c.next_starts_on >= query.on, docs.c.next_starts_on))
    soon = upcoming.asc().nulls_last()
    has_seat = sa.and_(docs.c.seats_left > 0, upcoming.is_not(None))
    by: list[sa.ColumnElement[Any]]
    if query.sort is Sort.STARTS_SOON:
        by = [soon]
    elif query.sort is Sort.PRICE:
        free_first = [is_free(query.free_shapes).desc()] if query.free_shapes else []
        by = [*free_first, docs.c.fee_fen.asc(), soon]
    elif query.sort is Sort.SEATS:
        by = [sa.case((upcoming.is_not(None), docs.c.seats_left), else_=0).desc(), soon]
    else:
        by = [*_relevance(query), docs.c.is_shortage.desc(), has_seat.desc(), soon]
    return [*by, docs.c.course_id.asc()]


def _relevance(query: Query) -> list[sa.ColumnElement[Any]]:
    tokens = question_grams(query.terms)
    if not tokens:
        return []
    in_heading = docs.c.grams.contains(_texts(tuple(HEADING + token for token in tokens)))
    in_trade = docs.c.trade_code.in_(query.trades) if query.trades else sa.false()
    score = sa.cast(in_heading, sa.Integer) * 2 + sa.cast(in_trade, sa.Integer)
    return [score.desc()]


def page_statement(query: Query) -> sa.Select[Any]:
    """One page of cards."""
    return (
        sa.select(docs.c.card, docs.c.version)
        .where(matches(query), *choices(query).values())
        .order_by(*order(query))
        .limit(query.per_page)
        .offset((query.page - 1) * query.per_page)
    )


def counts_statement(query: Query) -> sa.Select[Any]:
    """One pass over the text's matches: every one-valued facet, the total and the classes, by grouping sets.

    Row: kind (the facet's name or "all"), value, count.
    """
    chosen = choices(query)
    start = _each(docs.c.start_dates)
    left = sa.select(sa.func.count()).select_from(start).where(start.c.each >= query.on).correlate(docs)
    # Rebuilt every night, a document rarely holds a past start: only then are its dates counted one by one.
    runs = sa.case(
        (docs.c.next_starts_on.is_(None), 0),
        (docs.c.next_starts_on >= query.on, sa.func.cardinality(docs.c.start_dates)),
        else_=left.scalar_subquery(),
    )
    flags = [condition.label(f"chose_{name}") for name, condition in chosen.items()]
    base = (
        sa.select(
            *(column.label(name.value) for name, column in _SCALARS.items()),
            is_free(query.free_shapes).label("is_free"),
            _starts_on(dates_of(SOON, query.on)).label("is_soon"),
            runs.label("runs"),
            *flags,
        )
        .where(matches(query))
        .cte("base")
    )
    scalars = [base.c[name.value] for name in _SCALARS]

    def others(facet: FacetName | None) -> Condition:
        kept = [base.c[f"chose_{name}"] for name in chosen if name is not facet]
        return sa.and_(sa.true(), *kept)

    def count(facet: FacetName | None, *more: Condition) -> sa.ColumnElement[int]:
        return sa.func.count().filter(others(facet), *more)

    return sa.select(
        sa.func.grouping(*scalars).label("grouping"),
        *scalars,
        *(count(name).label(f"n_{name.value}") for name in _SCALARS),
        count(None).label("n_all"),
        count(FacetName.FREE, base.c.is_free).label("n_free"),
        count(FacetName.START, base.c.is_soon).label("n_soon"),
        sa.func.coalesce(sa.func.sum(base.c.runs).filter(others(None)), 0).label("n_runs"),
    ).group_by(sa.func.grouping_sets(*scalars, sa.text("()")))


def regions_statement(query: Query) -> sa.Select[Any]:
    """Courses per region they are held in."""
    region = _each(docs.c.region_ids)
    where = [condition for name, condition in choices(query).items() if name is not FacetName.REGION]
    return (
        sa.select(region.c.each, sa.func.count())
        .select_from(docs.join(region, sa.true()))
        .where(matches(query), *where)
        .group_by(region.c.each)
    )


def months_statement(query: Query) -> sa.Select[Any]:
    """Courses per month a class of theirs begins in, from today."""
    start = _each(docs.c.start_dates)
    month = sa.func.to_char(start.c.each, "YYYY-MM")
    where = [condition for name, condition in choices(query).items() if name is not FacetName.START]
    return (
        sa.select(month, sa.func.count(docs.c.course_id.distinct()))
        .select_from(docs.join(start, sa.true()))
        .where(matches(query), start.c.each >= query.on, *where)
        .group_by(month)
        .order_by(month)
    )


GENERATION = sa.select(state.c.generation)
SEATS = sa.select(seats.c.run_id, seats.c.capacity, seats.c.taken, seats.c.waiting).where(
    seats.c.run_id == sa.any_(sa.bindparam("run_ids", type_=ARRAY(sa.BigInteger)))
)
STATE = sa.select(
    sa.select(state.c.generation).scalar_subquery().label("generation"),
    sa.select(
        sa.func.string_agg(
            sa.func.concat_ws(":", seats.c.run_id, seats.c.capacity, seats.c.taken, seats.c.waiting),
            aggregate_order_by(sa.literal(","), seats.c.run_id),
        )
    )
    .where(seats.c.run_id == sa.any_(sa.cast(sa.bindparam("run_ids", type_=sa.Text), ARRAY(sa.BigInteger))))
    .scalar_subquery()
    .label("seats"),
)
SHAPES = sa.select(*_shape_columns).distinct()


def changed_statement() -> sa.Insert:
    """Begin a new generation."""
    new = insert(state).values(id=1, generation=sa.func.gen_random_uuid())
    return new.on_conflict_do_update(index_elements=[state.c.id], set_={"generation": new.excluded.generation})


def upsert_statement() -> sa.Insert:
    """Write documents unless a newer one is there."""
    new = insert(docs)
    names = [column.name for column in docs.columns if column.name not in ("course_id", "indexed_at")]
    return new.on_conflict_do_update(
        index_elements=[docs.c.course_id],
        set_={**{name: new.excluded[name] for name in names}, "indexed_at": sa.func.now()},
        where=new.excluded.version >= docs.c.version,
    )


def row_of(document: Document) -> dict[str, Any]:
    """A document as a row of the table."""
    row = asdict(document)
    row.update(
        region_ids=list(document.region_ids),
        start_dates=list(document.start_dates),
        grams=list(document.grams),
        next_starts_on=min(document.start_dates, default=None),
    )
    return row


def _texts(tokens: Iterable[str]) -> sa.ColumnElement[Any]:
    return sa.cast(array(tokens, type_=sa.Text), ARRAY(sa.Text))


def _starts_on(days: Iterable[date]) -> Condition:
    wanted = tuple(days)
    if not wanted:
        return sa.false()
    condition: Condition = docs.c.start_dates.overlap(sa.cast(array(wanted, type_=sa.Date), ARRAY(sa.Date)))
    return condition


def _each(values: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
    return sa.func.unnest(values).table_valued("each").render_derived()


# --- Running -----------------------------------------------------------------------------------------------

Seats = dict[int, tuple[int, int, int]]


@dataclass(slots=True)
class _Answer:
    """A query answered but for the seats, and the page made of it with the seats last seen."""

    page: Page
    rows: tuple[tuple[dict[str, Any], int], ...]
    run_ids: list[int]
    seen: tuple[Seats, Page] | None = None


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted for a query, whatever its order and page."""

    facets: tuple[Facet, ...]
    total: int
    runs: int


# By (generation, query); what is here holds nothing of a person but the shapes that are free for them.
_counts: Kept[tuple[Generation, Query], _Counts] = Kept(MOST_KEPT)
_answers: Kept[tuple[Generation, Query], _Answer] = Kept(MOST_KEPT)
_shapes: Kept[Generation, frozenset[Shape]] = Kept(4)


class PostgresSearch:
    """The embedded backend; writes go into the caller's transaction."""

    def __init__(self, session: Session | scoped_session[Any]) -> None:
        self._session = session

    def generation(self) -> Generation:
        """The generation of the documents this transaction sees."""
        return cast(Generation, self._session.scalar(GENERATION))

    def search(self, query: Query, *, generation: Generation = None) -> Page:
        """Answer a query in five statements, whatever is asked; in one if this generation answered it before."""
        answer = _answers.get((generation, query)) if generation else None
        if answer is None:
            answer = self._answer(query, generation)
            if generation:
                _answers.put((generation, query), answer)
        live = self._seats(answer.run_ids)
        seen = answer.seen
        if seen is None or seen[0] != live:
            cards = (card_from(card, version=version, seats=live, on=query.on) for card, version in answer.rows)
            answer.seen = seen = (live, replace(answer.page, cards=tuple(cards)))
        return seen[1]

    def holds(self, proof: Proof) -> bool:
        """Whether a page would be the same now; one statement, one row."""
        row = self._session.execute(STATE, {"run_ids": f"{{{proof.run_ids}}}"}).one()
        return (row.generation, row.seats or "") == (proof.generation, proof.seats)

    def _count(self, query: Query) -> _Counts:
        facets, total, runs, soon = shape_counts(self._session.execute(counts_statement(query)))
        facets[FacetName.REGION] = shape_options(
            FacetName.REGION, self._session.execute(regions_statement(query)), by_count=True
        )
        facets[FacetName.START] = shape_options(
            FacetName.START, self._session.execute(months_statement(query)), Option(SOON, soon)
        )
        return _Counts(tuple(facets[name] for name in FacetName), total, runs)

    def _answer(self, query: Query, generation: Generation) -> _Answer:
        if generation:
            unsorted = replace(query, sort=Sort.BEST, page=1)
            counts = _counts.get_or((generation, unsorted), lambda: self._count(query))
        else:
            counts = self._count(query)
        last = max(-(-counts.total // query.per_page), 1)
        query = replace(query, page=min(max(query.page, 1), last))
        rows = tuple((row.card, row.version) for row in self._session.execute(page_statement(query)))
        page = Page(
            cards=(),
            facets=counts.facets,
            total=counts.total,
            runs=counts.runs,
            page=query.page,
            per_page=query.per_page,
        )
        return _Answer(page, rows, [run["id"] for card, _version in rows for run in card["runs"]])

    def _seats(self, run_ids: list[int]) -> Seats:
        rows = self._session.execute(SEATS, {"run_ids": run_ids})
        return {run_id: (capacity, taken, waiting) for run_id, capacity, taken, waiting in rows}

    def shapes(self, *, generation: Generation = None) -> frozenset[Shape]:
        """Every shape some document has."""
        if generation:
            return _shapes.get_or(generation, self.shapes)
        return frozenset(Shape(*row) for row in self._session.execute(SHAPES))

    def index(self, documents: Iterable[Document]) -> None:
        """Store documents, in batches."""
        statement = upsert_statement()
        for batch in _batches(documents):
            self._session.execute(statement, [row_of(document) for document in batch])
        self._session.execute(changed_statement())

    def delete(self, course_ids: Iterable[int]) -> None:
        """Forget courses."""
        for batch in _batches(course_ids):
            self._session.execute(sa.delete(docs).where(docs.c.course_id.in_(batch)))
        self._session.execute(changed_statement())


def _batches(things: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while batch := list(islice(rest, BATCH)):
        yield batch
