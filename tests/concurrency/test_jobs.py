"""Jobs on real workers: in the request's transaction, taken up again after a kill, not deafened by a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs, notifications, scope
from app.db import db
from app.postgres import OwnPostgres
from tests.concurrency.servers import worker
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
            send_again("before")
            wait_for(lambda: count(engine, "select count(*) from notices") == 1, 30)
            own_database.server.restart()
            send_again("after")
            took = wait_for(lambda: count(engine, "select count(*) from notices") == 2, 60)
            print(f"first job after the restart done in {took:.1f} s; worker alive: {child.poll() is None}")
    finally:
        engine.dispose()


def test_jobs_say_whose_scope_they_run_in(app: Flask, make: Make, super_engine: sa.Engine) -> None:
    """No job of this room can be enqueued without a scope."""
    with app.app_context(), pytest.raises(scope.ScopeError):
        jobs.enqueue("enroll.offer_seats", run_id=1)
