"""The catalog's jobs: keeping the stored documents true to what is published."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import procrastinate
import sqlalchemy as sa

from app import jobs
from app.catalog import published
from app.catalog.documents import build_documents
from app.catalog.engine_jobs import push_soon
from app.catalog.search import store
from app.catalog.search.models import CourseDocument
from app.catalog.search.reindex import reindex_all
from app.catalog.services import courses
from app.clock import today
from app.db import db
from app.scope import VISITOR

NIGHTLY = "catalog.reindex"


def index_course(course_id: int) -> None:
    """Build the card a course is in now, and those it was in before, as they are now."""
    card_ids = _cards_with(course_id)
    _index(card_ids)
    if not _cards_with(course_id) <= card_ids:  # it moved while this job waited
        jobs.enqueue("catalog.index_course", scope=VISITOR, once=f"index:{course_id}", course_id=course_id)


def index_tenant(tenant_id: int) -> None:
    """Build every card of an institution: its designations changed."""
    card_ids = sorted(published.cards_of_tenant(db.session, tenant_id), key=lambda card_id: card_id.int)
    for batch in store.in_batches(card_ids, store.BATCH):
        _index(batch)
        db.session.commit()


def _cards_with(course_id: int) -> set[UUID]:
    before = sa.select(CourseDocument.card_id).where(CourseDocument.course_ids.contains([course_id]))
    return published.cards_of(db.session, course_id) | set(db.session.scalars(before))


def _index(card_ids: Collection[UUID]) -> None:
    """Store cards as they are now; jobs of one card wait for each other, so what is read last is written last."""
    store.lock(db.session, card_ids)
    version = store.new_version(db.session)
    documents = build_documents(db.session, card_ids, on=today())
    gone = set(card_ids) - {document.card_id for document in documents}
    store.write(db.session, documents, gone=dict.fromkeys(gone, version))
    push_soon()


def reindex() -> None:
    """Build every document again: classes have begun, lists or designations came into force or lapsed."""
    for _count in reindex_all(db.session):
        db.session.commit()
    push_soon()


def publish_approved(course_id: int) -> None:
    """Show a course the bureau has approved, in the scope of its institution."""
    courses.publish_approved(course_id=course_id)


jobs.task("catalog.publish_approved")(publish_approved)
jobs.task("catalog.index_course")(index_course)
jobs.task("catalog.index_tenant")(index_tenant)
jobs.task(NIGHTLY)(reindex)


@jobs.queue.periodic(cron="1 16 * * *")  # 00:01 in the city: the worker's clock is UTC
@jobs.queue.task(name="catalog.new_day", queueing_lock="catalog.new_day", pass_context=True)
async def new_day(context: procrastinate.JobContext, timestamp: int) -> None:
    """At the start of each day, build the documents of that day."""
    await context.app.configure_task(NIGHTLY).defer_async(scope=VISITOR.as_job_args())
