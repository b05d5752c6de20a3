"""The stored documents in PostgreSQL: written in the caller's transaction, read for what a card shows.

An older version never replaces a newer one. Every write begins a new generation and leaves a row in
`document_changes` for Elasticsearch. Rows are always locked in one order (documents, changes, suggestables, each
sorted, the generation last), so that two writers wait for each other at worst.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by, array
from sqlalchemy.orm import Session, scoped_session

from app import scope
from app.catalog.models import RunSeats
from app.catalog.search.contract import Document, Generation, Page, Shape
from app.catalog.search.kept import Kept
from app.catalog.search.models import CourseDocument, CourseIndex

AnySession = Session | scoped_session[Any]
Seats = dict[int, tuple[int, int, int]]
T = TypeVar("T")

BATCH = 500

docs: sa.Table = sa.inspect(CourseDocument).local_table  # type: ignore[assignment]
_seats: sa.Table = sa.inspect(RunSeats).local_table  # type: ignore[assignment]
_state: sa.Table = sa.inspect(CourseIndex).local_table  # type: ignore[assignment]


# --- Versions ----------------------------------------------------------------------------------------------


def new_version(session: AnySession) -> int:
    """A version for documents read from now on: microseconds on the database's clock."""
    return int(session.scalars(sa.text("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")).one())


def lock(session: AnySession, card_ids: Iterable[UUID]) -> None:
    """Hold these cards to the end of the transaction: whoever else builds them reads after this has written."""
    session.execute(
        sa.text(
            "select pg_advisory_xact_lock(hashtextextended(each.id, 0)) "
            "from unnest(cast(:ids as text[])) with ordinality as each (id, at) order by each.at"
        ),
        {"ids": sorted(str(card_id) for card_id in card_ids)},
    )


# --- Writing -----------------------------------------------------------------------------------------------

COLUMNS = [column.name for column in docs.columns if column.name != "indexed_at"]
_QUEUE = (
    "insert into document_changes (card_id, version, is_deleted) select card_id, version, {is_deleted} from done "
    "order by card_id on conflict (card_id) do update set version = excluded.version, "
    "is_deleted = excluded.is_deleted, changed_at = now() where document_changes.version <= excluded.version"
)
_WRITE = sa.text(
    f"with done as (insert into course_documents ({', '.join(COLUMNS)}) select {', '.join(COLUMNS)} "  # noqa: S608
    "from json_populate_recordset(cast(null as course_documents), cast(:rows as json)) order by card_id "
    "on conflict (card_id) do update set indexed_at = now(), "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "card_id")
    + " where course_documents.version <= excluded.version returning card_id, version) "
    + _QUEUE.format(is_deleted="false")
)
_DELETE = sa.text(
    "with held as (select d.card_id, gone.version from unnest(cast(:ids as uuid[]), cast(:versions as bigint[])) "  # noqa: S608
    "as gone (card_id, version) join course_documents d on d.card_id = gone.card_id and d.version <= gone.version "
    "order by d.card_id for update of d), done as (delete from course_documents d using held "
    "where d.card_id = held.card_id returning d.card_id, held.version) " + _QUEUE.format(is_deleted="true")
)
_SUGGEST = sa.text(
    "insert into suggestables (kind, key, text, ref) select * from unnest(cast(:kinds as text[]), "
    "cast(:keys as text[]), cast(:texts as text[]), cast(:refs as text[])) on conflict do nothing"
)
_BEGIN_GENERATION = sa.text(
    "insert into course_index (id, generation) values (1, gen_random_uuid()) "
    "on conflict (id) do update set generation = excluded.generation"
)


def write(session: AnySession, documents: Iterable[Document], *, gone: Mapping[UUID, int] | None = None) -> None:
    """Store documents and forget the cards that are `gone` at a version; a newer document stays as it is."""
    said: set[tuple[str, str, str, str]] = set()
    for batch in in_batches(sorted(documents, key=lambda document: document.card_id.int), BATCH):
        session.execute(_WRITE, {"rows": f"[{','.join(row_json(document) for document in batch)}]"})
        said.update(entry for document in batch for entry in document.suggest)
    if gone:
        ids = sorted(gone, key=lambda card_id: card_id.int)
        session.execute(_DELETE, {"ids": ids, "versions": [gone[card_id] for card_id in ids]})
    suggest(session, said)
    begin_generation(session)


def delete(session: AnySession, card_ids: Iterable[UUID], *, version: int) -> None:
    """Forget cards as of a version; unknown ids are no error."""
    write(session, (), gone=dict.fromkeys(card_ids, version))


def begin_generation(session: AnySession) -> None:
    """Say that the documents are others now."""
    session.execute(_BEGIN_GENERATION)


def suggest(session: AnySession, said: Collection[tuple[str, str, str, str]]) -> None:
    """Have (kind, key, text, ref) suggested from now on."""
    if said:
        kinds, keys, texts, refs = (list(column) for column in zip(*sorted(said), strict=True))
        session.execute(_SUGGEST, {"kinds": kinds, "keys": keys, "texts": texts, "refs": refs})


def row_json(document: Document) -> str:
    """A document as the JSON object of its row."""
    row = {name: getattr(document, name) for name in COLUMNS}
    return json.dumps(row, ensure_ascii=False, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a document")


def in_batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """The things, so many at a time."""
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch


def forget_unsaid(session: AnySession) -> None:
    """Take away what is suggested but no document says any more."""
    session.execute(
        sa.text(
            "delete from suggestables s where (kind = 'course' and not exists "
            "(select from course_documents d where d.card ->> 'title' = s.text)) or (kind = 'institution' "
            "and not exists (select from course_documents d where d.tenant_id = cast(s.ref as bigint) "
            "and d.card ->> 'institution' = s.text))"
        )
    )
    begin_generation(session)


# --- Reading -----------------------------------------------------------------------------------------------

_IDS = sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Uuid)))
_run = sa.func.jsonb_array_elements(docs.c.card["runs"]).table_valued("value", name="run")
_seat_row: array[Any] = array([_seats.c.run_id, _seats.c.capacity, _seats.c.taken, _seats.c.waiting])
_SEATS_NOW = (
    sa.select(sa.func.array_agg(_seat_row))
    .join_from(_run, _seats, _seats.c.run_id == sa.cast(sa.type_coerce(_run.c.value, JSONB)["id"], sa.BigInteger))
    .scalar_subquery()
    .label("seats")
)
_GENERATION = "select generation from course_index"
_STATE = sa.select(
    sa.select(_state.c.generation).scalar_subquery().label("generation"),
    sa.select(
        sa.func.string_agg(
            sa.func.concat_ws(":", _seats.c.run_id, _seats.c.capacity, _seats.c.taken, _seats.c.waiting),
            aggregate_order_by(sa.literal(","), _seats.c.run_id),
        )
    )
    .where(_seats.c.run_id == sa.any_(sa.cast(sa.bindparam("run_ids", type_=sa.Text), ARRAY(sa.BigInteger))))
    .scalar_subquery()
    .label("seats"),
)


_CARDS = sa.select(docs.c.card_id, docs.c.version, docs.c.card, _SEATS_NOW).where(docs.c.card_id == _IDS)


def read_cards(session: AnySession, card_ids: Sequence[UUID], *more: sa.ColumnElement[Any]) -> list[sa.Row[Any]]:
    """Rows (card_id, version, card, seats and `more` of the columns) in the order asked; missing ones left out.

    `seats` are those of the card's classes as they are now, for `seats_of`.
    """
    statement = _CARDS.add_columns(*more) if more else _CARDS
    rows = {row.card_id: row for row in session.execute(statement, {"ids": list(card_ids)})}
    return [rows[card_id] for card_id in card_ids if card_id in rows]


def seats_of(row: sa.Row[Any]) -> Seats:
    """The seats of a row of `read_cards`: (capacity, taken, waiting) by class."""
    return {run_id: (capacity, taken, waiting) for run_id, capacity, taken, waiting in row.seats or ()}


@dataclass(frozen=True, slots=True)
class Proof:
    """All that a page is made of besides its query: a generation, and the runs shown with their seats, as text."""

    generation: UUID
    run_ids: str
    seats: str

    @classmethod
    def of(cls, page: Page, generation: UUID) -> Proof:
        """The proof of a page found in a generation."""
        runs = sorted((run.run_id, run.seats, run.taken, run.waiting) for card in page.cards for run in card.runs)
        return cls(
            generation, ",".join(str(run[0]) for run in runs), ",".join(":".join(map(str, run)) for run in runs)
        )


def generation(session: AnySession) -> Generation:
    """The generation of the documents this transaction sees."""
    return cast(Generation, scope.ask_first(session, _GENERATION))


def holds(session: AnySession, proof: Proof) -> bool:
    """Whether the page of a proof would be the same now; one statement, one row."""
    row = session.execute(_STATE, {"run_ids": f"{{{proof.run_ids}}}"}).one()
    return (row.generation, row.seats or "") == (proof.generation, proof.seats)


_shapes: Kept[UUID, frozenset[Shape]] = Kept(4)


def shapes(session: AnySession, *, generation: Generation = None) -> frozenset[Shape]:
    """Every shape some document has: what has to be judged to know which are free for someone."""
    if generation:
        return _shapes.get_or(generation, lambda: shapes(session))
    keys = session.scalars(sa.select(docs.c.shape).distinct())
    return frozenset(Shape.from_key(key) for key in keys)
