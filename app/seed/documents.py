"""Every stored document built at once, for a catalog filled at once: COPY, several processes, indexes last.

The owner of the tables does it in one transaction: readers wait for it, and a failure leaves everything as it was.
An installation that serves people builds its documents with `reindex_all` instead.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import scope
from app.catalog import published
from app.catalog.documents import make_documents, suggestions
from app.catalog.search import store
from app.catalog.search.contract import Document
from app.config import Settings
from app.db import db
from app.postgres import end_with_parent

SLICE = 1000  # documents a process builds before it hands them over
_LAST = 2**128 - 1
_SETTINGS = ("work_mem = '256MB'", "maintenance_work_mem = '1GB'", "max_parallel_maintenance_workers = 2")
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))

Progress = Callable[[int], object]


def build_all(
    owner: sa.Engine, settings: Settings, *, on: date, processes: int = 2, progress: Progress = lambda _count: None
) -> int:
    """Replace every stored document by what is published now; returns how many there are."""
    with owner.begin() as connection:
        courses = connection.scalar(sa.text("select count(*) from courses where is_live")) or 0
        version = store.new_version(Session(connection))
        for statement in _SETTINGS:
            connection.exec_driver_sql(f"SET LOCAL {statement}")
        connection.execute(_FORGET, {"version": version})
        connection.exec_driver_sql("TRUNCATE course_documents, suggestables")
        with _unindexed(connection):
            count = _copy(connection, _build(settings, on, version, max(courses // SLICE, 1), processes), progress)
            _suggest(connection)
        connection.execute(_QUEUE)
        store.begin_generation(Session(connection))
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE) course_documents, suggestables, document_changes")
    return count


_FORGET = sa.text(
    "insert into document_changes (card_id, version, is_deleted) select card_id, :version - 1, true "
    "from course_documents on conflict (card_id) do update set version = excluded.version, is_deleted = true"
)
_QUEUE = sa.text(
    "insert into document_changes (card_id, version, is_deleted) "
    "select card_id, version, false from course_documents "
    "on conflict (card_id) do update set version = excluded.version, is_deleted = false, changed_at = now()"
)
_NAMES = sa.text(
    "select distinct card ->> 'title' as title, cast(null as text) as institution, 0 as tenant_id "
    "from course_documents union all "
    "select distinct null, card ->> 'institution', tenant_id from course_documents"
)


@contextmanager
def _unindexed(connection: sa.Connection) -> Iterator[None]:
    """Take away the indexes but the primary keys', and build them again from what is there then."""
    indexes = connection.execute(
        sa.text(
            "select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as how from pg_index "
            "where indrelid in ('course_documents'::regclass, 'suggestables'::regclass) and not indisprimary"
        )
    ).all()
    connection.exec_driver_sql(f"DROP INDEX {', '.join(index.name for index in indexes)}")
    yield
    for index in indexes:
        connection.exec_driver_sql(index.how)


def _copy(connection: sa.Connection, slices: Iterator[tuple[int, bytes]], progress: Progress) -> int:
    total = 0
    driver: Any = connection.connection.driver_connection
    statement = f"COPY course_documents ({', '.join(store.COLUMNS)}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for count, rows in slices:
            copy.write(rows)
            total += count
            progress(count)
    return total


def _suggest(connection: sa.Connection) -> None:
    """What the documents say, each title and institution once."""
    said: set[tuple[str, str, str, str]] = set()
    for title, institution, tenant_id in connection.execute(_NAMES):
        said.update(
            suggestions(title=title) if title else suggestions(institution=institution, tenant_id=tenant_id)
        )
    store.suggest(Session(connection), said)


def _build(settings: Settings, on: date, version: int, slices: int, processes: int) -> Iterator[tuple[int, bytes]]:
    """The rows of every slice of the cards' ids, built by other processes, never many slices ahead."""
    bounds = [_LAST * at // slices for at in range(slices + 1)]
    bounds[0] = -1
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin, (settings, on, version)) as pool:
        running: deque[Future[tuple[int, bytes]]] = deque()
        for before, last in pairwise(bounds):
            running.append(pool.submit(_build_slice, before, last))
            if len(running) > processes:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


# --- In a process of its own -------------------------------------------------------------------------------

_given: dict[str, Any] = {}


def _begin(settings: Settings, on: date, version: int) -> None:
    from app import create_app

    end_with_parent(signal.SIGTERM)
    create_app(settings).app_context().push()
    with scope.opened(scope.VISITOR):
        _given.update(surroundings=published.read_surroundings(db.session, on=on), version=version)
        db.session.remove()


def _build_slice(before: int, last: int) -> tuple[int, bytes]:
    surroundings = _given["surroundings"]
    with scope.opened(scope.VISITOR):
        found = published.read_range(db.session, UUID(int=before + 1), UUID(int=last), on=surroundings.on)
        db.session.remove()
    documents = make_documents(found, surroundings, version=_given["version"])
    return len(documents), "".join(map(row_text, documents)).encode()


def row_text(document: Document) -> str:
    """A document as COPY takes it: a line of its row's values."""
    return "\t".join(_text(getattr(document, name)) for name in store.COLUMNS) + "\n"


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict):
        return _escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    if isinstance(value, tuple):
        return _escaped(_array(value))
    return _escaped(str(value))


def _escaped(text: str) -> str:
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text


def _array(values: tuple[Any, ...]) -> str:
    if not values or not isinstance(values[0], str):
        return f"{{{','.join(_array(each) if isinstance(each, tuple) else str(each) for each in values)}}}"
    text = '","'.join(values)
    if "\\" in text or text.count('"') != 2 * (len(values) - 1):
        text = '","'.join(each.replace("\\", "\\\\").replace('"', '\\"') for each in values)
    return f'{{"{text}"}}'
