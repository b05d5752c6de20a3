"""Jobs on PostgreSQL: enqueued on the session's own connection, in its transaction; each carries its scope.

The insert trigger's NOTIFY is dropped by the first migration because it makes commits wait for each other;
the worker polls instead (docs/performance.md).
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from datetime import datetime
from typing import Any

import procrastinate
import sqlalchemy as sa
from flask import Flask
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from sqlalchemy.engine import make_url

from app import scope as scopes
from app.db import db

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
NIGHT = "5 16 * * *"  # UTC: five past midnight in the city
STALLED_SECONDS = 20.0

queue = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
# Jobs are inserted on the session's own, synchronous connection, also by a job in the worker, whose app is not.
_inserter = JobManager(connector=procrastinate.SyncPsycopgConnector())
_flask_app: Flask | None = None


def init_app(app: Flask) -> None:
    """Remember the app whose context jobs run in."""
    global _flask_app
    _flask_app = app


def task(name: str, *, retries: int = 10) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a job: run in an app context, in the scope it carries, and committed at the end.

    A job must be idempotent: a killed worker's job is run again.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        def run(*, scope: dict[str, Any], **args: Any) -> None:
            _run(name, function, scopes.Scope.from_job_args(scope), args)

        queue.task(
            name=name,
            retry=procrastinate.RetryStrategy(max_attempts=retries, exponential_wait=2),
        )(run)
        return function

    return register


def nightly(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register what begins every night, in a visitor's scope: it enqueues jobs in the scopes concerned."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        def run(timestamp: int) -> None:
            _run(name, function, scopes.VISITOR, {})

        queue.periodic(cron=NIGHT)(queue.task(name=name, queueing_lock=name)(run))
        return function

    return register


def _run(name: str, function: Callable[..., None], scope: scopes.Scope, args: dict[str, Any]) -> None:
    assert _flask_app is not None
    with _flask_app.app_context(), scopes.opened(scope):
        try:
            function(**args)
            db.session.commit()
        except BaseException:
            _flask_app.logger.exception("job %s failed", name)
            db.session.rollback()
            raise


def enqueue(
    name: str,
    *,
    scope: scopes.Scope | None = None,
    at: datetime | None = None,
    once: str | None = None,
    **args: Any,
) -> None:
    """Insert a job in the open transaction; it carries `scope` (default: the open one).

    `at` delays it; `once` names it so that a second waiting job of the same name is not added. Arguments are ids
    and codes, never personal data.
    """
    db.session.flush()
    carried = (scope or scopes.require()).as_job_args()
    connection = db.session.connection().connection.driver_connection
    if once is not None:
        _enqueue_once(connection, name, carried, at, once, args)
        return
    _insert(name, connection=connection, at=at, lock=None, args={"scope": carried, **args})


def aside(statement: sa.Executable) -> None:
    """Write at once, in the open scope and outside its transaction: how far a job is, for others to see."""
    with db.engine.begin() as connection:
        connection.execute(statement)


def _insert(name: str, *, connection: Any, at: datetime | None, lock: str | None, args: dict[str, Any]) -> None:
    deferrer = queue.configure_task(
        name, schedule_at=at, queueing_lock=lock, connection=connection, allow_unknown=True
    )
    deferrer.job_manager = _inserter
    deferrer.defer(**args)


def _enqueue_once(
    connection: Any, name: str, carried: dict[str, Any], at: datetime | None, once: str, args: dict[str, Any]
) -> None:
    savepoint = db.session.begin_nested()
    db.session.connection()  # only now is the SAVEPOINT sent
    try:
        _insert(name, connection=connection, at=at, lock=once, args={"scope": carried, **args})
        savepoint.commit()
    except AlreadyEnqueued:
        savepoint.rollback()


def run_worker(database_url: str, *, concurrency: int = 2) -> None:
    """Run jobs until SIGINT or SIGTERM, then finish those that run; jobs of killed workers are taken up again.

    A worker that loses the database in the wrong moment gives up; it starts again here, so that none stays deaf.
    """
    asyncio.run(_work(database_url, concurrency))


async def _work(database_url: str, concurrency: int) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    waiting = asyncio.create_task(asked.wait())
    while not asked.is_set():
        worker = asyncio.create_task(_work_until_broken(database_url, concurrency))
        await asyncio.wait({worker, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if asked.is_set():
            worker.cancel()
        try:
            await worker
            if not asked.is_set():
                _log.warning("the worker stopped by itself; it starts again")
        except asyncio.CancelledError:
            return
        except Exception:
            _log.exception("the worker lost its database; it starts again")
        await asyncio.sleep(POLL_SECONDS)


async def _work_until_broken(database_url: str, concurrency: int) -> None:
    url = make_url(database_url).set(drivername="postgresql")
    connector = procrastinate.PsycopgConnector(
        conninfo=url.render_as_string(hide_password=False), max_size=concurrency + 2
    )
    with queue.replace_connector(connector) as app:
        async with app.open_async():
            await app.run_worker_async(
                concurrency=concurrency,
                fetch_job_polling_interval=POLL_SECONDS,
                listen_notify=False,
                install_signal_handlers=False,
                update_heartbeat_interval=5.0,
                stalled_worker_timeout=STALLED_SECONDS,
                delete_jobs="successful",
            )


@queue.periodic(cron="* * * * * */20")  # seconds come last: every 20 seconds
@queue.task(name="jobs.retry_stalled", queueing_lock="jobs.retry_stalled", pass_context=True)
async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
    """Take up again the jobs of workers whose heart stopped; law: within a minute."""
    manager = context.app.job_manager
    await manager.prune_stalled_workers(STALLED_SECONDS)
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await manager.retry_job(job)
