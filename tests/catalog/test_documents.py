"""Documents follow what is published: built by a job, never older than what is there, gone when unpublished."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app import scope
from app.catalog import jobs, published
from app.catalog.documents import build_documents
from app.catalog.search import store
from app.catalog.search.contract import Document
from app.catalog.search.models import CourseDocument
from app.catalog.search.reindex import reindex_all
from app.clock import today
from app.db import db
from app.seed import documents as bulk
from tests.factories import Make
from tests.factories.policy import UNLISTED
from tests.support.database import Database

Look = Callable[..., list[Any]]


@pytest.fixture
def visiting(app: Flask) -> Iterator[None]:
    """The scope an indexing job runs in: a visitor's."""
    with app.app_context(), scope.opened(scope.VISITOR):
        yield
        db.session.remove()


def index(*course_ids: int) -> None:
    for course_id in course_ids:
        jobs.index_course(course_id)
        db.session.commit()


def stored(course_id: int) -> CourseDocument | None:
    """The document a course is in."""
    db.session.expire_all()
    return db.session.scalar(sa.select(CourseDocument).where(CourseDocument.course_ids.contains([course_id])))


def build(*course_ids: int, **when: Any) -> list[Document]:
    card_ids: set[UUID] = set()
    for course_id in course_ids:
        card_ids |= published.cards_of(db.session, course_id)
    return build_documents(db.session, card_ids, **{"on": today(), **when})


def revise(make: Make, course_id: int, **values: object) -> None:
    """Another live version of a course says something else."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    make.session.execute(
        sa.text(f"update course_revisions set {changes} where course_id = :id and is_live"),
        {"id": course_id, **values},
    )
    make.session.commit()


def take_down(make: Make, course_id: int) -> None:
    """Nobody finds the course any more."""
    make.session.execute(
        sa.text("update course_revisions set is_live = false where course_id = :id"), {"id": course_id}
    )
    make.session.execute(sa.text("update courses set is_live = false where id = :id"), {"id": course_id})
    make.session.commit()


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
    assert found.card["shape"] == found.shape == "6-18-02-04|5|employment|1|1"
    assert [run["seats"] for run in found.card["runs"]] == [20, 30]


def test_a_trade_that_is_not_listed_is_not_tagged(make: Make, visiting: None) -> None:
    course = make.course(trade_code=UNLISTED)
    index(course.id)
    assert stored(course.id).is_shortage is False  # type: ignore[union-attr]


def test_the_tag_follows_the_list_in_force_on_the_day(make: Make, visiting: None) -> None:
    course = make.course()
    (before,) = build(course.id, on=today().replace(year=2018))
    (now,) = build(course.id)
    assert (before.is_shortage, now.is_shortage) == (False, True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, True), ({"designated": False}, False), ({"is_subsidised": False}, False), ({"level": 2}, False)],
)
def test_a_course_is_subsidised_if_its_listing_and_a_designation_in_force_say_so(
    make: Make, visiting: None, values: dict[str, Any], expected: bool
) -> None:
    course = make.course(**values)
    (document,) = build(course.id)
    assert document.shape.split("|")[3] == str(int(expected))


def test_a_designation_that_has_lapsed_no_longer_counts(make: Make, visiting: None) -> None:
    tenant = make.institution()
    make.designation(tenant, valid_from=today() - timedelta(days=9), valid_to=today())
    course = make.course(tenant)
    (document,) = build(course.id)
    (day_before,) = build(course.id, on=today() - timedelta(days=1))
    assert [found.shape.split("|")[3] for found in (document, day_before)] == ["0", "1"]


def test_a_course_taken_down_is_forgotten(make: Make, visiting: None) -> None:
    course = make.course()
    index(course.id)
    assert stored(course.id) is not None
    take_down(make, course.id)
    index(course.id)
    assert stored(course.id) is None


def test_a_draft_is_never_indexed(make: Make, visiting: None) -> None:
    course = make.course(live=False)
    index(course.id)
    assert stored(course.id) is None


def test_what_was_read_earlier_never_replaces_what_was_read_later(make: Make, visiting: None, look: Look) -> None:
    course = make.course(content="旧的内容")
    earlier = build(course.id)
    revise(make, course.id, place="新址")
    index(course.id)
    db.session.execute(sa.text("delete from document_changes"))
    store.write(db.session, earlier)
    store.delete(db.session, [earlier[0].card_id], version=earlier[0].version)
    db.session.commit()
    assert stored(course.id).card["place"] == "新址"  # type: ignore[union-attr]
    assert look("select * from document_changes") == []


def test_indexing_again_changes_nothing_but_the_version(make: Make, visiting: None) -> None:
    course = make.course()
    make.run(course)
    index(course.id)
    first = stored(course.id)
    assert first is not None
    before = {column.name: getattr(first, column.name) for column in store.docs.columns}
    index(course.id)
    after = stored(course.id)
    changed = {name for name, value in before.items() if getattr(after, name) != value}
    assert changed == {"version", "indexed_at"}


def test_courses_that_say_the_same_are_one_card_with_the_classes_of_all(make: Make, visiting: None) -> None:
    tenant = make.institution()
    first, second = make.course(tenant), make.course(tenant, place="长安区示例路 2 号", content="气焊")
    other = make.course(tenant, fee_fen=200000)
    runs = [make.run(second, starts_in=4, seats=10), make.run(first, starts_in=8, seats=20)]
    index(first.id)
    found = stored(second.id)
    assert found is not None
    assert (found.course_id, found.course_ids) == (first.id, [first.id, second.id])
    assert [(run["id"], run["course_id"]) for run in found.card["runs"]] == [
        (runs[0].id, second.id),
        (runs[1].id, first.id),
    ]
    assert found.seats_left == 30
    assert {"气焊", "电弧"} <= set(found.tokens)
    assert stored(other.id) is None
    assert make.course().id not in found.course_ids  # another institution's is another card


def test_a_course_that_changes_leaves_its_card_and_takes_another(make: Make, visiting: None, look: Look) -> None:
    tenant = make.institution()
    first, second = make.course(tenant), make.course(tenant)
    index(first.id)
    revise(make, first.id, title="电焊工上岗班")
    index(first.id)
    assert stored(first.id).course_ids == [first.id]  # type: ignore[union-attr]
    assert stored(second.id).course_ids == [second.id]  # type: ignore[union-attr]
    revise(make, second.id, title="电焊工上岗班")
    index(second.id)
    (row,) = look("select course_ids from course_documents")
    assert row.course_ids == [first.id, second.id]
    waiting = look("select is_deleted from document_changes order by is_deleted")
    assert [change.is_deleted for change in waiting] == [False, True]


def test_news_are_the_latest_of_what_was_published(make: Make, visiting: None) -> None:
    course = make.course()
    run = make.run(course)
    make.session.execute(
        sa.text("update course_revisions set reviewed_at = '2026-01-01 08:00+00' where course_id = :id"),
        {"id": course.id},
    )
    make.session.commit()
    (document,) = build(course.id)
    assert document.news_at == run.created_at


def test_every_document_written_waits_for_elasticsearch_once_with_its_last_version(
    make: Make, visiting: None, look: Look
) -> None:
    course = make.course()
    index(course.id, course.id)
    found = stored(course.id)
    assert found is not None
    (change,) = look("select * from document_changes")
    assert (change.card_id, change.version, change.is_deleted) == (found.card_id, found.version, False)
    take_down(make, course.id)
    index(course.id)
    (change,) = look("select * from document_changes")
    assert (change.card_id, change.is_deleted) == (found.card_id, True)
    assert change.version > found.version


def test_what_a_failed_job_wrote_is_not_there_and_does_not_wait(make: Make, visiting: None, look: Look) -> None:
    course = make.course()
    jobs.index_course(course.id)
    db.session.rollback()
    for table in ("course_documents", "document_changes", "suggestables", "course_index"):
        assert look(f"select * from {table}") == []


def test_courses_and_institutions_are_suggested_while_a_document_says_them(
    make: Make, visiting: None, look: Look
) -> None:
    course = make.course(title="焊工上岗班")
    index(course.id)
    kept = {(row.kind, row.key) for row in look("select * from suggestables")}
    assert {("course", "焊工上岗班"), ("course", "hangongshanggangban"), ("course", "hgsgb")} <= kept
    revise(make, course.id, title="电焊工上岗班")
    index(course.id)
    assert ("course", "hgsgb") in {(row.kind, row.key) for row in look("select * from suggestables")}
    for _count in reindex_all(db.session):
        db.session.commit()
    db.session.commit()
    kept = {(row.kind, row.key) for row in look("select * from suggestables")}
    assert ("course", "dhgsgb") in kept
    assert ("course", "hgsgb") not in kept
    assert {kind for kind, _key in kept} == {"course", "institution"}


def test_reindexing_finds_every_published_course_and_forgets_the_rest(
    make: Make, visiting: None, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.catalog.search.reindex.BATCH", 2)
    tenant = make.institution()
    live = {make.course(tenant, fee_fen=number).id for number in range(5)}
    make.course(tenant, live=False)
    gone = make.course(tenant, fee_fen=9)
    index(gone.id)
    take_down(make, gone.id)
    assert sum(reindex_all(db.session)) == 5
    db.session.commit()
    assert {row.course_id for row in look("select course_id from course_documents")} == live
    assert [row.is_deleted for row in look("select is_deleted from document_changes where is_deleted")] == [True]


def test_building_in_bulk_gives_the_same_documents(
    app: Flask, database: Database, make: Make, visiting: None, look: Look
) -> None:
    courses = [make.course(content='引号 " 反斜 \\ 制表 \t 换行\n' + "电弧焊")] + [make.course() for _ in range(3)]
    make.run(courses[0])
    gone = make.course()
    index(gone.id)
    take_down(make, gone.id)
    for _count in reindex_all(db.session):
        db.session.commit()
    db.session.commit()
    names = ", ".join(name for name in store.COLUMNS if name != "version")
    expected = look(f"select {names} from course_documents order by card_id")
    suggested = look("select * from suggestables order by 1, 2, 3")
    indexes = look("select indexdef from pg_indexes where tablename = 'course_documents' order by 1")
    owner = sa.create_engine(database.owner_url, poolclass=sa.NullPool)
    db.session.remove()
    assert bulk.build_all(owner, app.config["SETTINGS"], on=today(), processes=1) == 4
    assert look(f"select {names} from course_documents order by card_id") == expected
    assert look("select * from suggestables order by 1, 2, 3") == suggested
    assert look("select indexdef from pg_indexes where tablename = 'course_documents' order by 1") == indexes
    assert look("select count(*) from document_changes where not is_deleted")[0][0] == 4


def test_variants_and_english_names_are_searchable_words(make: Make, visiting: None) -> None:
    course = make.course()
    (document,) = build(course.id)
    assert {"y:welder", "t:焊工", "裕华", "初级"} <= set(document.tokens)


def test_a_document_never_needs_more_statements_for_more_courses(make: Make, visiting: None) -> None:
    tenant = make.institution()
    few = [make.course(tenant, fee_fen=1).id]
    many = [*few, *(make.course(tenant, fee_fen=number).id for number in range(2, 6))]
    counts = []
    for course_ids in (few, many):
        card_ids = {card_id for course_id in course_ids for card_id in published.cards_of(db.session, course_id)}
        sent: list[str] = []

        def record(_connection: Any, _cursor: Any, statement: str, *_rest: Any, sent: list[str] = sent) -> None:
            sent.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", record)
        try:
            assert len(build_documents(db.session, card_ids, on=today())) == len(course_ids)
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", record)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_indexing_an_institution_builds_each_of_its_cards(make: Make, visiting: None, look: Look) -> None:
    tenant = make.institution()
    courses = {make.course(tenant, fee_fen=number).id for number in range(3)}
    make.course()
    jobs.index_tenant(tenant.id)
    assert {row.course_id for row in look("select course_id from course_documents")} == courses


def test_two_jobs_of_one_card_wait_for_each_other_and_the_later_one_reads_what_was_written_last(
    app: Flask, make: Make, visiting: None, look: Look
) -> None:
    course = make.course(place="旧址")
    index(course.id)
    card_ids = published.cards_of(db.session, course.id)
    store.lock(db.session, card_ids)

    def work() -> None:
        with app.app_context(), scope.opened(scope.VISITOR):
            jobs.index_course(course.id)
            db.session.commit()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(work)
        while not look("select from pg_locks where locktype = 'advisory' and not granted"):
            assert not other.done()
        revise(make, course.id, place="新址")
        db.session.commit()
        other.result(timeout=30)
    assert stored(course.id).card["place"] == "新址"  # type: ignore[union-attr]


def test_jobs_that_suggest_the_same_never_block_each_other_for_good(
    app: Flask, make: Make, visiting: None
) -> None:
    tenant = make.institution()
    groups = [[make.course(tenant, fee_fen=10 * group + n).id for n in range(5)] for group in range(4)]

    def work(course_ids: list[int]) -> None:
        for _turn in range(3):
            with app.app_context(), scope.opened(scope.VISITOR):
                documents = build(*course_ids)
                store.write(db.session, reversed(documents))
                db.session.commit()

    with ThreadPoolExecutor(len(groups)) as pool:
        for done in [pool.submit(work, [*group, *groups[0]]) for group in groups]:
            done.result(timeout=60)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CourseDocument)) == 20


def test_seats_that_change_again_and_again_are_indexed_once_and_a_little_later(
    make: Make, visiting: None, look: Look
) -> None:
    from app.enroll.services import seats

    run = make.run()
    for _turn in range(3):
        seats.seats_changed(run_id=run.id, course_id=run.course_id, tenant_id=run.tenant_id, freed=False)
    db.session.commit()
    (job,) = look("select * from procrastinate_jobs where task_name = 'catalog.index_course'")
    assert job.scheduled_at is not None
    assert job.args["course_id"] == run.course_id
