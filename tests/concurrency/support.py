"""Threads with connections of their own, as the app's role and in the scope of a learner or an institution."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any, TypeVar

import psycopg
from sqlalchemy.engine import make_url

from app.clock import today
from app.scope import Scope, begin_sql

T = TypeVar("T")

TAKE = """
SELECT enrollment_id, outcome, place FROM seat_take(
    %(run_id)s, %(region_id)s, %(sealed)s, '1301**********1234', %(sealed)s, 'unknown', NULL, 0, NULL, 'pending',
    %(on)s, %(on)s, %(sealed)s, CAST('{}' AS bytea[]))
"""


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection as the URL's role; BEGIN is ours to send."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


@contextmanager
def transaction(connection: psycopg.Connection[Any], scope: Scope) -> Iterator[psycopg.Connection[Any]]:
    """A transaction in a scope, begun as the app begins it."""
    connection.execute(begin_sql(scope))  # type: ignore[call-overload]
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def take(connection: psycopg.Connection[Any], *, run_id: int, learner_id: int, region_id: int) -> tuple[Any, ...]:
    """One application by `seat_take`: (enrollment id, outcome, place)."""
    values = {"run_id": run_id, "region_id": region_id, "sealed": b"sealed", "on": today()}
    with transaction(connection, Scope(actor_id=learner_id)):
        row = connection.execute(TAKE, values).fetchone()
    assert row is not None
    return tuple(row)


def all_at_once(url: str, work: Sequence[Callable[[psycopg.Connection[Any]], T]]) -> list[T]:
    """Run every piece of work in a thread with a connection of its own, all let go at the same moment."""
    gate = Barrier(len(work))

    def run(piece: Callable[[psycopg.Connection[Any]], T]) -> T:
        with connect(url) as connection:
            connection.execute("SELECT 1")
            gate.wait(60)
            return piece(connection)

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))
