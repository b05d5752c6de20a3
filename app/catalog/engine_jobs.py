"""The jobs that keep Elasticsearch true to the stored documents, or forget what waits where there is none."""

from __future__ import annotations

import contextlib
import logging

import procrastinate
from elastic_transport import TransportError
from elasticsearch import ApiError
from procrastinate.exceptions import AlreadyEnqueued

from app import jobs
from app.catalog.search import backend, elastic_index
from app.catalog.search.elastic_index import BuildError, IndexGoneError
from app.db import db
from app.scope import VISITOR

PUSH = "catalog.push_documents"
REBUILD = "catalog.rebuild_index"
_log = logging.getLogger(__name__)


def push_soon() -> None:
    """Send what is written in this transaction as soon as it is committed, if there is somewhere to send it."""
    if backend.elastic_settings() is not None:
        jobs.enqueue(PUSH, scope=VISITOR, once=PUSH)


def push_documents() -> None:
    """Send all that waits; have the index built if there is none.

    While the engine does not answer everything keeps waiting: the next of the regular jobs tries again.
    """
    settings = backend.elastic_settings()
    if settings is None:
        elastic_index.prune(db.session)
        return
    try:
        if not elastic_index.is_current(settings):
            raise IndexGoneError
        while elastic_index.push(db.session, settings):
            db.session.commit()
    except IndexGoneError:
        db.session.rollback()
        jobs.enqueue(REBUILD, scope=VISITOR, once=REBUILD)
    except (ApiError, TransportError) as error:
        db.session.rollback()
        _log.warning("Elasticsearch did not answer, what changed keeps waiting: %s", error)


def rebuild_index() -> None:
    """Build the index from the stored documents, unless that has been done since it was asked for."""
    settings = backend.elastic_settings()
    try:
        if settings is not None and not elastic_index.is_current(settings):
            elastic_index.rebuild(db.engine, settings)
    except (ApiError, TransportError, BuildError) as error:
        _log.warning("the index could not be built, it will be tried again: %s", error)


jobs.task(PUSH)(push_documents)
jobs.task(REBUILD)(rebuild_index)


@jobs.queue.periodic(cron="* * * * * */20")  # seconds come last: every 20 seconds
@jobs.queue.task(name="catalog.push_waiting", queueing_lock="catalog.push_waiting", pass_context=True)
async def push_waiting(context: procrastinate.JobContext, timestamp: int) -> None:
    """Send what is left: a worker was killed in between, or the engine is back."""
    waits = "select exists (select from document_changes) as is_so"
    if backend.elastic_settings() or (await context.app.connector.execute_query_one_async(waits))["is_so"]:
        with contextlib.suppress(AlreadyEnqueued):
            await context.app.configure_task(PUSH, queueing_lock=PUSH).defer_async(scope=VISITOR.as_job_args())
