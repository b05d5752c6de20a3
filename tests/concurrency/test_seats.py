"""Seats under real concurrency: first the race without the lock, then `seat_take`."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from threading import Barrier
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from app.catalog.models import CourseRun
from app.scope import Scope
from app.tenants.models import User
from tests.concurrency.support import all_at_once, connect, take, transaction
from tests.factories import Make
from tests.support.database import Database

SEATS, APPLICANTS = 30, 200


@pytest.fixture
def wide(database: Database) -> None:
    """Enough connections for every applicant at once."""
    with database.server.connect() as connection:
        limit = connection.execute("SHOW max_connections").fetchone()
    if limit is None or int(limit[0]) < APPLICANTS + 20:
        pytest.fail(f"the tests' server allows {limit} connections, the race needs {APPLICANTS + 20}")


def crowd(make: Make, number: int) -> list[User]:
    people = [User(display_name=f"学员{n}", password_hash="-") for n in range(number)]
    make.session.add_all(people)
    make.session.commit()
    return people


def taking(make: Make, run: CourseRun, learner: User) -> partial[tuple[Any, ...]]:
    return partial(take, run_id=run.id, learner_id=learner.id, region_id=make.region().id)


def count(make: Make, run: CourseRun, *states: str) -> int:
    query = sa.text("select count(*) from enrollments where run_id = :run and state = any(:states)")
    return int(make.session.execute(query, {"run": run.id, "states": list(states)}).scalar_one())


def test_counting_before_inserting_oversells(make: Make, database: Database, wide: None) -> None:
    """The race the lock is for: everyone counts before anyone's insert is committed."""
    make.session.execute(sa.text("drop table if exists naive_seats"))
    make.session.execute(sa.text("create table naive_seats (learner_id bigint)"))
    make.session.execute(sa.text("grant select, insert on naive_seats to jiangtu_app"))
    make.session.commit()
    crowd_size = SEATS + 20
    counted = Barrier(crowd_size)

    def naive(learner_id: int, connection: psycopg.Connection[Any]) -> None:
        with transaction(connection, Scope(actor_id=learner_id)):
            row = connection.execute("SELECT count(*) FROM naive_seats").fetchone()
            counted.wait(60)
            if row is not None and row[0] < SEATS:
                connection.execute("INSERT INTO naive_seats VALUES (%s)", (learner_id,))

    try:
        all_at_once(database.app_url, [partial(naive, n) for n in range(crowd_size)])
        sold = make.session.execute(sa.text("select count(*) from naive_seats")).scalar_one()
        assert sold > SEATS, "the naive way should have oversold"
    finally:
        make.session.execute(sa.text("drop table naive_seats"))
        make.session.commit()


def test_two_hundred_at_once_take_exactly_thirty_seats(make: Make, database: Database, wide: None) -> None:
    run = make.run(seats=SEATS)
    people = crowd(make, APPLICANTS)
    began = time.perf_counter()
    results = all_at_once(database.app_url, [taking(make, run, person) for person in people])
    print(f"{APPLICANTS} applicants in {time.perf_counter() - began:.2f} s")

    assert Counter(outcome for _id, outcome, _place in results) == {
        "applied": SEATS,
        "waiting": APPLICANTS - SEATS,
    }
    assert sorted(place for *_rest, place in results if place) == list(range(1, APPLICANTS - SEATS + 1))
    trail = make.session.execute(
        sa.text(
            "select tag, (data->>'place')::int from audit_entries "
            "where (data->>'run_id')::bigint = :run order by id"
        ),
        {"run": run.id},
    ).all()
    assert [tag for tag, _place in trail] == ["enrollment.applied"] * SEATS + ["enrollment.waitlisted"] * (
        APPLICANTS - SEATS
    )
    assert [place for _tag, place in trail[SEATS:]] == list(range(1, APPLICANTS - SEATS + 1))
    seats = make.session.execute(
        sa.text("select capacity, taken, waiting from run_seats where run_id = :run"), {"run": run.id}
    ).one()
    assert tuple(seats) == (SEATS, SEATS, APPLICANTS - SEATS)


def test_a_double_press_makes_one_application(make: Make, database: Database) -> None:
    run, person = make.run(), make.learner()
    results = all_at_once(database.app_url, [taking(make, run, person)] * 2)
    assert sorted(outcome for _id, outcome, _place in results) == ["applied", "existing"]
    assert len({enrollment_id for enrollment_id, *_rest in results}) == 1
    assert count(make, run, "applied") == 1


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_overlapping_runs_pressed_at_once_exactly_one_is_taken(
    make: Make, database: Database, attempt: int
) -> None:
    course = make.course()
    first, second, person = make.run(course), make.run(course), make.learner()
    results = all_at_once(database.app_url, [taking(make, first, person), taking(make, second, person)])
    assert sorted(outcome for _id, outcome, _place in results) == ["applied", "overlap"]
    assert count(make, first, "applied") + count(make, second, "applied") == 1


def test_the_database_itself_refuses_one_learner_in_two_places(make: Make, database: Database) -> None:
    """Without the function's own look: the exclusion constraint is the last referee."""
    course = make.course()
    first, second, person = make.run(course), make.run(course, starts_in=100), make.learner()
    with connect(database.app_url) as connection:
        for run in (first, second):
            take(connection, run_id=run.id, learner_id=person.id, region_id=make.region().id)
    with pytest.raises(sa.exc.IntegrityError, match="ex_enrollments_learner_in_one_place"):
        make.session.execute(
            sa.text("update enrollments set busy = (select session_times from course_runs where id = :id)"),
            {"id": first.id},
        )
    make.session.rollback()


def test_a_newcomer_never_jumps_the_queue_when_someone_withdraws(make: Make, database: Database) -> None:
    """Withdrawals and newcomers race; whoever waited first is offered first, always."""
    run = make.run(seats=3)
    people = crowd(make, 12)
    holders, queue, newcomers = people[:3], people[3:7], people[7:]
    with connect(database.app_url) as connection:
        made = [
            take(connection, run_id=run.id, learner_id=person.id, region_id=make.region().id)[0]
            for person in (*holders, *queue)
        ]

    def withdrawing(learner_id: int, enrollment_id: int, connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
        with transaction(connection, Scope(actor_id=learner_id)):
            row = connection.execute(
                "SELECT seat_free(%s, 'withdrawn', '{}'::text[], NULL)", (enrollment_id,)
            ).fetchone()
        assert row == ("applied",)
        return (None, "withdrawn", None)

    work: list[partial[tuple[Any, ...]]] = [
        partial(withdrawing, person.id, made[n]) for n, person in enumerate(holders)
    ]
    results = all_at_once(database.app_url, work + [taking(make, run, person) for person in newcomers])
    assert Counter(outcome for _id, outcome, _place in results) == {"withdrawn": 3, "waiting": 5}

    with connect(database.app_url) as connection, transaction(connection, Scope(tenant_id=run.tenant_id)):
        offered = connection.execute(
            "SELECT learner_id FROM seat_offer(%s, now() + interval '24 hours')", (run.id,)
        ).fetchall()
    assert [learner for (learner,) in offered] == [person.id for person in queue[:3]]


def test_accepting_and_expiring_at_once_has_one_winner(make: Make, database: Database) -> None:
    run = make.run(seats=1)
    holder, next_one = crowd(make, 2)
    region_id = make.region().id
    with connect(database.app_url) as connection:
        held, *_ = take(connection, run_id=run.id, learner_id=holder.id, region_id=region_id)
        waiting, *_ = take(connection, run_id=run.id, learner_id=next_one.id, region_id=region_id)
        with transaction(connection, Scope(actor_id=holder.id)):
            connection.execute("SELECT seat_free(%s, 'withdrawn', '{}'::text[], NULL)", (held,))
        with transaction(connection, Scope(tenant_id=run.tenant_id)):
            connection.execute("SELECT * FROM seat_offer(%s, now() + interval '400 milliseconds')", (run.id,))

    def accept(connection: psycopg.Connection[Any]) -> str:
        with transaction(connection, Scope(actor_id=next_one.id)):
            row = connection.execute("SELECT outcome FROM seat_accept(%s)", (waiting,)).fetchone()
        return str(row[0]) if row else ""

    def expire(connection: psycopg.Connection[Any]) -> str:
        with transaction(connection, Scope(tenant_id=run.tenant_id)):
            row = connection.execute("SELECT seat_free(%s, 'expired', '{}'::text[], NULL)", (waiting,)).fetchone()
        return str(row[0]) if row and row[0] else "too early"

    time.sleep(0.38)
    accepted, expired = all_at_once(database.app_url, [accept, expire])
    time.sleep(0.1)
    with connect(database.app_url) as connection:
        late = expire(connection)
    state = make.session.execute(
        sa.text("select state from enrollments where id = :id"), {"id": waiting}
    ).scalar_one()
    taken = make.session.execute(
        sa.text("select taken from run_seats where run_id = :id"), {"id": run.id}
    ).scalar_one()
    won = accepted == "accepted"
    assert (state, taken) == (("applied", 1) if won else ("expired", 0)), (accepted, expired, late)


def test_a_run_cancelled_while_people_apply_keeps_nobody(make: Make, database: Database) -> None:
    run = make.run(seats=5)
    people = crowd(make, 10)

    def cancel(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
        scope = Scope(tenant_id=run.tenant_id)
        with transaction(connection, scope):
            connection.execute("UPDATE course_runs SET state = 'cancelled' WHERE id = %s", (run.id,))
        with transaction(connection, scope):
            connection.execute("SELECT * FROM seat_close(%s, 'too_few')", (run.id,))
        return (None, "cancelled", None)

    results = all_at_once(database.app_url, [*(taking(make, run, person) for person in people), cancel])
    outcomes = {outcome for _id, outcome, _place in results}
    assert outcomes <= {"applied", "waiting", "closed", "cancelled"}
    assert count(make, run, "applied", "waiting", "offered", "admitted") == 0
    seats = make.session.execute(
        sa.text("select taken, waiting from run_seats where run_id = :run"), {"run": run.id}
    ).one()
    assert tuple(seats) == (0, 0)
