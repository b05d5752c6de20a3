"""Documents follow what is published: built by a job, never older than what is there, gone when unpublished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import scope
from app.catalog import jobs
from app.catalog.documents import build_documents
from app.catalog.models import CourseDocument
from app.catalog.search.postgres import PostgresSearch
from app.catalog.search.reindex import reindex_all
from app.clock import today
from app.db import db
from tests.factories import Make
from tests.factories.policy import UNLISTED

Look = Callable[..., list[Any]]


@pytest.fixture
def visiting(app: Flask) -> Iterator[None]:
    """The scope an indexing job runs in: a visitor's."""
    with app.app_context(), scope.opened(scope.VISITOR):
        yield
        db.session.remove()


def index(course_id: int) -> None:
    jobs.index_course(course_id)
    db.session.commit()


def stored(course_id: int) -> CourseDocument | None:
    return db.session.get(CourseDocument, course_id, populate_existing=True)


def test_a_document_says_what_the_live_version_and_the_open_classes_say(make: Make, visiting: None) -> None:
    course = make.course(title="电焊工实操班")
    make.run(course, seats=30, taken=12, starts_in=9)
    make.run(course, seats=20, taken=20, starts_in=3)
    make.run(course, open_=False)
    make.run(course, starts_in=-4)
    index(course.id)
    found = stored(course.id)
    assert found is not None
    assert found.start_dates == [today() + timedelta(days=3), today() + timedelta(days=9)]
    assert found.next_starts_on == today() + timedelta(days=3)
    assert found.seats_left == 18
    assert found.is_shortage
    assert found.is_subsidised
    assert [run["seats"] for run in found.card["runs"]] == [20, 30]


def test_a_trade_that_is_not_listed_is_not_tagged(make: Make, visiting: None) -> None:
    course = make.course(trade_code=UNLISTED)
    index(course.id)
    assert stored(course.id).is_shortage is False  # type: ignore[union-attr]


def test_the_tag_follows_the_list_in_force_on_the_day(make: Make, visiting: None) -> None:
    course = make.course()
    (before,) = build_documents(db.session, [course.id], on=today().replace(year=2018))
    (now,) = build_documents(db.session, [course.id], on=today())
    assert (before.is_shortage, now.is_shortage) == (False, True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, True), ({"designated": False}, False), ({"is_subsidised": False}, False), ({"level": 2}, False)],
)
def test_a_course_is_subsidised_if_its_listing_and_a_designation_in_force_say_so(
    make: Make, visiting: None, values: dict[str, Any], expected: bool
) -> None:
    course = make.course(**values)
    (document,) = build_documents(db.session, [course.id], on=today())
    assert document.is_subsidised is expected


def test_a_designation_that_has_lapsed_no_longer_counts(make: Make, visiting: None) -> None:
    tenant = make.institution()
    make.designation(tenant, valid_from=today() - timedelta(days=9), valid_to=today())
    course = make.course(tenant)
    (document,) = build_documents(db.session, [course.id], on=today())
    (day_before,) = build_documents(db.session, [course.id], on=today() - timedelta(days=1))
    assert (document.is_subsidised, day_before.is_subsidised) == (False, True)


def test_a_course_taken_down_is_forgotten(make: Make, visiting: None) -> None:
    course = make.course()
    index(course.id)
    assert stored(course.id) is not None
    make.session.execute(
        sa.text("update course_revisions set is_live = false where course_id = :id"), {"id": course.id}
    )
    make.session.execute(sa.text("update courses set is_live = false where id = :id"), {"id": course.id})
    make.session.commit()
    index(course.id)
    assert stored(course.id) is None


@pytest.mark.parametrize("live", [False])
def test_a_draft_is_never_indexed(make: Make, visiting: None, live: bool) -> None:
    course = make.course(live=live)
    index(course.id)
    assert stored(course.id) is None


def test_what_was_read_earlier_never_replaces_what_was_read_later(make: Make, visiting: None) -> None:
    course = make.course(title="旧名")
    earlier = build_documents(db.session, [course.id], on=today())
    db.session.commit()
    make.session.execute(
        sa.text("update course_revisions set title = '新名' where course_id = :id"), {"id": course.id}
    )
    make.session.commit()
    index(course.id)
    PostgresSearch(db.session).index(earlier)
    db.session.commit()
    assert stored(course.id).card["title"] == "新名"  # type: ignore[union-attr]


def test_indexing_again_changes_nothing_but_the_version(make: Make, visiting: None) -> None:
    course = make.course()
    make.run(course)
    index(course.id)
    first = stored(course.id)
    assert first is not None
    before = {column.name: getattr(first, column.name) for column in CourseDocument.__table__.columns}
    index(course.id)
    after = stored(course.id)
    changed = {name for name, value in before.items() if getattr(after, name) != value}
    assert changed <= {"version", "indexed_at"}


def test_reindexing_finds_every_published_course_and_forgets_the_rest(
    make: Make, visiting: None, look: Look
) -> None:
    tenant = make.institution()
    live = {make.course(tenant).id for _ in range(3)}
    make.course(tenant, live=False)
    gone = make.course(tenant)
    index(gone.id)
    make.session.execute(
        sa.text("update course_revisions set is_live = false where course_id = :id"), {"id": gone.id}
    )
    make.session.execute(sa.text("update courses set is_live = false where id = :id"), {"id": gone.id})
    make.session.commit()
    assert sum(reindex_all(db.session)) == 3
    db.session.commit()
    assert {row.course_id for row in look("select course_id from course_documents")} == live


def test_variants_and_english_names_are_searchable_words(make: Make, visiting: None) -> None:
    course = make.course()
    (document,) = build_documents(db.session, [course.id], on=today())
    assert {"welder", "氩弧", "t:焊工", "t:电焊", "裕华", "初级"} <= set(document.grams)


def test_indexing_an_institution_enqueues_each_of_its_courses_once(make: Make, visiting: None, look: Look) -> None:
    tenant = make.institution()
    courses = [make.course(tenant).id for _ in range(2)]
    jobs.index_tenant(tenant.id)
    jobs.index_tenant(tenant.id)
    db.session.commit()
    waiting = look(
        "select args->>'course_id' as id from procrastinate_jobs where task_name = 'catalog.index_course'"
    )
    assert sorted(int(row.id) for row in waiting) == sorted(courses)
