"""Jobs on real workers: in the request's transaction, taken up again after a kill, not deafened by a restart."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import jobs, notifications, scope
from app.db import db
from app.postgres import OwnPostgres
from app.tenants.models import Login, LoginKind, User
from tests.concurrency.servers import request, web, worker
from tests.concurrency.test_http_race import cookie, token
from tests.factories import Make
from tests.support.database import Database, migrate


def wait_for(what: Callable[[], object], seconds: float) -> float:
    """How long it took until `what` was true; fails after `seconds`."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.1)
    return time.monotonic() - began


def count(engine: sa.Engine, sql: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text(sql)).scalar_one())


def send(app: Flask, user_id: int, dedupe: str, *, commit: bool = True) -> None:
    with app.app_context(), scope.opened(scope.Scope(actor_id=user_id)):
        notifications.send(user_id, "enroll.applied", dedupe=dedupe, title="示例课程")
        if commit:
            db.session.commit()
        else:
            db.session.rollback()


def test_a_rollback_leaves_no_job(app: Flask, make: Make, super_engine: sa.Engine) -> None:
    user = make.user()
    send(app, user.id, "gone", commit=False)
    assert count(super_engine, "select count(*) from procrastinate_jobs") == 0
    send(app, user.id, "kept")
    assert count(super_engine, "select count(*) from procrastinate_jobs") == 1


def test_a_refused_application_leaves_neither_row_nor_job(app: Flask, make: Make, super_engine: sa.Engine) -> None:
    run, learner = make.run(), make.learner()
    with app.app_context(), scope.opened(scope.Scope(actor_id=learner.id)):
        from app.enroll import services

        offer = services.find_run(run_id=run.id, user_id=learner.id)
        assert offer is not None
        services.apply_to_run(offer=offer, user_id=learner.id, answers={})
        db.session.rollback()
    for table in ("procrastinate_jobs", "enrollments", "audit_entries", "eligibility_decisions", "proofs"):
        assert count(super_engine, f"select count(*) from {table}") == 0
    assert count(super_engine, "select taken from run_seats") == 0


def test_a_killed_workers_job_is_taken_up_again_within_a_minute(
    app: Flask, make: Make, database: Database, super_engine: sa.Engine, tmp_path: Path
) -> None:
    user = make.user()
    doing = (
        "select count(*) from procrastinate_jobs where status = 'doing' and task_name = 'notifications.deliver'"
    )
    # Hold the job in the middle of its work: it waits for a lock on the row it refers to.
    with super_engine.connect() as blocker:
        blocker.execute(sa.text("select 1 from users where id = :id for update"), {"id": user.id})
        send(app, user.id, "killed")
        with worker(database, tmp_path) as first:
            wait_for(lambda: count(super_engine, doing) == 1, 30)
            first.kill()
            first.wait(10)
            killed = time.monotonic()
        blocker.rollback()
    assert count(super_engine, "select count(*) from notices") == 0
    assert count(super_engine, doing) == 1
    with worker(database, tmp_path, log="second.log"):
        wait_for(
            lambda: count(super_engine, "select count(*) from notices") == 1, 60 - (time.monotonic() - killed)
        )
    print(f"taken up again {time.monotonic() - killed:.1f} s after the kill")
    assert count(super_engine, "select count(*) from notices") == 1


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[Database]:
    """A server of its own, to be restarted."""
    with OwnPostgres(tmp_path / "data", fsync=False) as server:
        server.ensure_roles_and_database()
        database = Database(server, "jiangtu")
        migrate(database, tmp_path)
        yield database


def test_a_worker_outlives_a_restart_of_the_database(own_database: Database, tmp_path: Path) -> None:
    engine = sa.create_engine(own_database.super_url, pool_pre_ping=True)
    insert = sa.text(
        "insert into procrastinate_jobs (queue_name, task_name, args) values ('default', 'notifications.deliver', "
        "jsonb_build_object('scope', jsonb_build_object('actor_id', 1), 'user_id', 1, 'kind', 'enroll.applied', "
        "'dedupe', cast(:dedupe as text), 'params', jsonb_build_object('title', 'x')))"
    )

    def send_again(dedupe: str) -> None:
        with engine.begin() as connection:
            connection.execute(insert, {"dedupe": dedupe})

    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "insert into users (id, display_name, password_hash, session_epoch, is_demo) "
                "overriding system value values (1, '示例', '-', 1, false)"
            )
        )
    try:
        with worker(own_database, tmp_path) as child:
            for number in range(1, 5):  # each restart meets the worker at whatever it does just after a job
                send_again(f"notice {number}")
                wait_for(lambda number=number: count(engine, "select count(*) from notices") == number, 60)
                own_database.server.restart()
            send_again("last")
            took = wait_for(lambda: count(engine, "select count(*) from notices") == 5, 60)
            print(f"first job after the restart done in {took:.1f} s; worker alive: {child.poll() is None}")
    finally:
        engine.dispose()


def test_jobs_say_whose_scope_they_run_in(app: Flask, make: Make, super_engine: sa.Engine) -> None:
    """No job of this room can be enqueued without a scope."""
    with app.app_context(), pytest.raises(scope.ScopeError):
        jobs.enqueue("enroll.offer_seats", run_id=1)


def mails_to(folder: Path, address: str) -> list[str]:
    """The subjects of what the worker mailed to an address, oldest first."""
    messages = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted((folder / "outbox").glob("*-mail.eml"))
    ]
    return [str(message["Subject"]) for message in messages if message["To"] == address]


def test_a_freed_seat_goes_down_the_waitlist_though_the_database_restarts_in_between(
    app: Flask, own_database: Database, tmp_path: Path
) -> None:
    """Real web server, real worker: apply, withdraw, offer, restart, the offer lapses, the next one takes it."""
    engine = sa.create_engine(own_database.super_url, pool_pre_ping=True)
    with Session(engine, expire_on_commit=False) as session:
        make = Make(session)
        run = make.run(seats=1)
        people: list[User] = [make.learner() for _ in range(3)]
        for person in people:
            make.add(Login(user_id=person.id, kind=LoginKind.EMAIL, value=f"learner{person.id}@example.cn"))
    csrf = token(app)  # the servers have the same keys

    def post(person: User, path: str) -> str:
        status, where = request(port, "POST", path, cookie=cookie(app, person), data={"csrf_token": csrf})
        assert status == 303, (path, status)
        return where

    def states() -> list[str]:
        with engine.connect() as connection:
            found = sa.text("select state from enrollments order by learner_id")
            return list(connection.scalars(found))

    def told(person: User) -> list[str]:
        with engine.connect() as connection:
            kinds = sa.text("select kind from notices where user_id = :id order by id")
            return list(connection.scalars(kinds, {"id": person.id}))

    first, second, third = people
    try:
        with worker(own_database, tmp_path) as child, web(own_database, tmp_path) as port:
            where = [post(person, f"/runs/{run.id}/apply") for person in people]
            assert states() == ["applied", "waiting", "waiting"]
            wait_for(lambda: told(first) == ["enroll.applied"], 30)
            wait_for(lambda: told(second) == told(third) == ["enroll.waitlisted"], 30)
            wait_for(lambda: len(mails_to(tmp_path, f"learner{first.id}@example.cn")) == 1, 30)

            post(first, f"{where[0]}/withdraw")
            wait_for(lambda: states() == ["withdrawn", "offered", "waiting"], 30)
            wait_for(lambda: told(second)[-1] == "enroll.offered", 30)
            wait_for(lambda: len(mails_to(tmp_path, f"learner{second.id}@example.cn")) == 2, 30)

            own_database.server.restart()
            with engine.begin() as connection:  # a day passes
                connection.execute(
                    sa.text("update enrollments set offer_expires_at = now() where state = 'offered'")
                )
                moved = connection.execute(
                    sa.text(
                        "update procrastinate_jobs set scheduled_at = now() "
                        "where task_name = 'enroll.expire_offer'"
                    )
                )
                assert moved.rowcount == 1
            took = wait_for(lambda: states() == ["withdrawn", "expired", "offered"], 60)
            wait_for(lambda: told(second)[-1] == "enroll.offer_expired", 30)
            wait_for(lambda: told(third)[-1] == "enroll.offered", 30)
            wait_for(lambda: len(mails_to(tmp_path, f"learner{third.id}@example.cn")) == 2, 30)
            print(f"the lapsed offer went on {took:.1f} s after the restart; worker alive: {child.poll() is None}")
            assert child.poll() is None
            assert count(engine, "select taken from run_seats") == 1
            assert count(engine, "select waiting from run_seats") == 0
            post(third, f"{where[2]}/accept-offer")
            assert states() == ["withdrawn", "expired", "applied"]
    finally:
        engine.dispose()
