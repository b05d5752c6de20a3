"""A scope is opened once, at the boundary, and grows but never changes."""

from __future__ import annotations

import threading

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import scope as scopes
from app.db import db
from app.enroll.models import Enrollment
from app.scope import Scope, ScopeError
from tests.factories import Make
from tests.support.scopes import scope_of
from tests.support.world import World


def test_scopes_are_never_nested() -> None:
    with scopes.opened(Scope(actor_id=1)):
        with pytest.raises(ScopeError, match="nested"), scopes.opened(Scope(actor_id=1)):
            pass
        assert scopes.require() == Scope(actor_id=1)
    assert scopes.current() is None


def test_what_needs_a_scope_says_so() -> None:
    with pytest.raises(ScopeError, match="no scope"):
        scopes.require()


def test_a_scope_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), scopes.opened(Scope(actor_id=1)):
        raise ZeroDivisionError
    assert scopes.current() is None


def test_another_thread_has_no_scope() -> None:
    seen: list[Scope | None] = []
    with scopes.opened(Scope(actor_id=1)):
        thread = threading.Thread(target=lambda: seen.append(scopes.current()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_scope_grows_and_never_changes(scoped_engine: sa.Engine, world: World) -> None:
    learner = world.rows.learner.id
    with scopes.opened(Scope()), Session(scoped_engine) as session:
        assert session.scalar(sa.text("select count(*) from enrollments")) == 0
        scopes.grow(session, actor_id=learner)
        assert session.scalar(sa.text("select count(*) from enrollments")) == 3
        scopes.grow(session, actor_id=learner)
        with pytest.raises(ScopeError, match="actor_id"):
            scopes.grow(session, actor_id=learner + 1)
        session.commit()
        # What has grown stays grown in the request's next transaction.
        assert session.scalar(sa.text("select count(*) from enrollments")) == 3
    assert scopes.current() is None


def test_what_is_asked_first_travels_with_begin_inside_the_walls(scoped_engine: sa.Engine, world: World) -> None:
    sent: list[str] = []
    sa.event.listen(scoped_engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    mine = "select count(*) from enrollments"
    learner = world.rows.learner.id
    with scopes.opened(Scope(actor_id=learner)), Session(scoped_engine) as session:
        assert scopes.ask_first(session, mine) == 3
        assert sent == []
        assert scopes.ask_first(session, mine) == 3, "in an open transaction it is a statement like any other"
        assert sent == [mine]
        session.commit()
        assert scopes.ask_first(session, "select id from users where false") is None
        assert session.scalar(sa.text("select current_setting('app.actor_id')")) == str(learner)
    with scopes.opened(Scope()), Session(scoped_engine) as session:
        assert scopes.ask_first(session, mine) == 0


def test_what_is_asked_first_is_answered_by_an_engine_without_walls_too(engine: sa.Engine) -> None:
    with Session(engine) as session:
        assert scopes.ask_first(session, "select 1 + 1") == 2


def test_a_question_that_fails_leaves_nothing_behind(scoped_engine: sa.Engine) -> None:
    with scopes.opened(Scope()), Session(scoped_engine) as session:
        with pytest.raises(psycopg.Error):
            scopes.ask_first(session, "select 1 / 0")
        session.rollback()
        assert session.scalar(sa.text("select 1")) == 1


def test_what_was_presented_is_never_carried_by_a_job() -> None:
    scope = Scope(
        actor_id=1, tenant_id=2, tenant_kind="bureau", role="owner", region_ids=(3, 4), presented="secret"
    )
    carried = scope.as_job_args()
    assert "presented" not in carried
    assert "secret" not in str(carried)
    assert Scope.from_job_args(carried) == Scope(1, 2, "bureau", "owner", (3, 4))


def test_a_scope_cannot_smuggle_sql() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        scopes.begin_sql(Scope(actor_id="1'; drop table users; --"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="invalid literal"):
        scopes.begin_sql(Scope(region_ids=("1'",)))  # type: ignore[arg-type]


def test_the_session_of_one_scope_is_not_read_in_the_next(app: Flask, world: World) -> None:
    """The identity map knows no scope: each boundary starts with an empty session."""
    enrollment_id = world.rows.enrollment.id
    with app.app_context(), scopes.opened(scope_of(world, "learner")):
        assert db.session.get(Enrollment, enrollment_id) is not None
        db.session.commit()
    with app.app_context():
        with scopes.opened(scope_of(world, "other_learner")):
            assert db.session.get(Enrollment, enrollment_id) is None
            db.session.commit()
        with scopes.opened(Scope()):
            assert db.session.scalars(sa.select(Enrollment)).all() == []


def test_scope_values_do_not_leak_between_requests_through_the_pool(app: Flask, make: Make, world: World) -> None:
    """More sessions than connections, each seeing only its own, in many orders."""
    learners = [world.rows.learner, *(make.learner() for _ in range(3))]
    mine = {world.rows.learner.id: 3}
    wrong: list[tuple[int, int]] = []

    def visit(user_id: int) -> None:
        for _ in range(20):
            with app.app_context(), scopes.opened(Scope(actor_id=user_id)):
                count = db.session.scalar(sa.text("select count(*) from enrollments")) or 0
                db.session.commit() if count else db.session.rollback()
                if count != mine.get(user_id, 0):
                    wrong.append((user_id, count))

    threads = [threading.Thread(target=visit, args=(user.id,)) for user in learners * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
