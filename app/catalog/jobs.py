"""The catalog's jobs: keeping the public search true to what is published."""

from __future__ import annotations

import procrastinate
import sqlalchemy as sa

from app import jobs
from app.catalog.documents import build_documents
from app.catalog.models import Course
from app.catalog.search.backend import backend
from app.catalog.search.reindex import reindex_all
from app.catalog.services import courses
from app.clock import today
from app.db import db
from app.scope import VISITOR

NIGHTLY = "catalog.reindex"


def index_course(course_id: int) -> None:
    """Index one course as it is now, or forget it if it is no longer published.

    Jobs of one course wait for each other, so that what is read last is written last.
    """
    db.session.execute(
        sa.text("select pg_advisory_xact_lock(hashtextextended('course_documents', :id))"), {"id": course_id}
    )
    documents = build_documents(db.session, [course_id], on=today())
    if documents:
        backend().index(documents)
    else:
        backend().delete([course_id])


def index_tenant(tenant_id: int) -> None:
    """Index every course of an institution: its designations or its name changed."""
    for course_id in db.session.scalars(sa.select(Course.id).where(Course.tenant_id == tenant_id, Course.is_live)):
        jobs.enqueue("catalog.index_course", scope=VISITOR, once=f"index:{course_id}", course_id=course_id)


def reindex() -> None:
    """Build every document again: classes have begun, lists or designations came into force or lapsed."""
    for _count in reindex_all(db.session):
        db.session.commit()


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
