"""Row-level security alone: raw SQL as the app's role, without the ORM's help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError

from app import scope as scopes
from app.db import models
from app.rls import Kind
from app.scope import Scope
from tests.support.scopes import scope_of
from tests.support.world import World

MODELS = models()
HIDDEN = sorted(n for n, m in MODELS.items() if m.__access__.kind in (Kind.OWNED, Kind.SHARED))
PUBLISHED = {n: m.__access__.published for n, m in MODELS.items() if m.__access__.kind is Kind.PUBLISHED}
Look = Callable[..., list[Any]]


def _count(engine: sa.Engine, sql: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(sql)) or 0)


def test_the_world_has_a_row_in_every_scoped_table(world: World, look: Look) -> None:
    empty = [name for name in (*HIDDEN, *PUBLISHED) if not look(f"select 1 from {name} limit 1")]
    assert not empty
    all_public = [
        name for name, column in PUBLISHED.items() if not look(f"select 1 from {name} where not {column}")
    ]
    assert not all_public


def test_without_a_scope_owned_and_shared_tables_are_empty(engine: sa.Engine, world: World) -> None:
    assert {name: _count(engine, f"select count(*) from {name}") for name in HIDDEN} == dict.fromkeys(HIDDEN, 0)


def test_without_a_scope_published_tables_show_only_published_rows(
    engine: sa.Engine, world: World, look: Look
) -> None:
    for name, column in PUBLISHED.items():
        assert _count(engine, f"select count(*) from {name} where not {column}") == 0, name
        published = look(f"select count(*) as n from {name} where {column}")[0].n
        assert _count(engine, f"select count(*) from {name}") == published > 0, name


def test_without_a_scope_nothing_can_be_changed(engine: sa.Engine, world: World) -> None:
    for name, model in MODELS.items():
        access = model.__access__
        if not access.is_scoped:
            continue
        column = next(iter(model.__table__.primary_key.columns)).name
        for verb, sql in (("update", f"update {name} set {column} = {column}"), ("delete", f"delete from {name}")):
            with engine.connect() as connection:
                try:
                    changed = connection.execute(sa.text(sql)).rowcount
                except ProgrammingError as error:
                    assert "permission denied" in str(error) or "can only be updated to DEFAULT" in str(error), (  # noqa: PT017
                        name,
                        str(error),
                    )
                else:
                    assert changed == 0, f"{verb} {name}"
                connection.rollback()


def test_a_stranger_of_the_same_kind_sees_no_row_that_is_not_theirs(
    scoped_engine: sa.Engine, world: World, look: Look
) -> None:
    for role in ("other_institution", "other_enterprise", "other_bureau", "other_assessor", "other_learner"):
        scope = scope_of(world, role)
        for name in HIDDEN:
            access = MODELS[name].__access__
            values = {"actor": scope.actor_id, "tenant": scope.tenant_id, "presented": None}
            mine = [
                f"{column} = {values[party]}"
                if party != "bureau"
                else f"{column} = any(array{list(scope.region_ids)}::bigint[])"
                for party, column in (*access.parties, *access.readers)
                if party == "bureau" or values[party] is not None
            ]
            expected = look(f"select count(*) as n from {name} where {' or '.join(mine) or 'false'}")[0].n
            with scopes.opened(scope):
                assert _count(scoped_engine, f"select count(*) from {name}") == expected, (role, name)


def test_a_learners_facts_are_hidden_from_the_institution_that_teaches_them(
    scoped_engine: sa.Engine, world: World
) -> None:
    for name in ("learner_profiles", "proofs", "eligibility_decisions", "review_requests"):
        with scopes.opened(scope_of(world, "institution")):
            assert _count(scoped_engine, f"select count(*) from {name}") == 0, name
        with scopes.opened(scope_of(world, "bureau")):
            assert _count(scoped_engine, f"select count(*) from {name}") > 0, name


def test_a_bureau_sees_its_regions_and_no_other(scoped_engine: sa.Engine, world: World) -> None:
    for role, expected in (("bureau", 3), ("other_bureau", 0)):
        with scopes.opened(scope_of(world, role)):
            assert _count(scoped_engine, "select count(*) from enrollments") == expected


def test_a_row_cannot_be_written_for_another_tenant(scoped_engine: sa.Engine, world: World) -> None:
    mine, theirs = world.rows.institution, world.people["other_institution"].tenant
    insert = sa.text(
        "insert into courses (tenant_id, tenant_name, region_id, is_live, is_archived) "
        "values (:tenant, 'x', :region, false, false)"
    )
    with scopes.opened(scope_of(world, "institution")):
        with scoped_engine.connect() as connection:
            connection.execute(insert, {"tenant": mine.id, "region": mine.region_id})
            connection.rollback()
        with scoped_engine.connect() as connection, pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(insert, {"tenant": theirs.id, "region": theirs.region_id})
        with scoped_engine.connect() as connection, pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(
                sa.text("update courses set tenant_id = :t where id = :id"),
                {"t": theirs.id, "id": world.rows.draft_course.id},
            )


def test_values_leave_with_their_transaction(scoped_engine: sa.Engine, world: World) -> None:
    """The pool has one connection: the visitor who comes next must not inherit the institution's scope."""
    drafts = f"select count(*) from courses where id = {world.rows.draft_course.id}"
    with scopes.opened(scope_of(world, "institution")):
        assert _count(scoped_engine, drafts) == 1
    with scopes.opened(scopes.VISITOR):
        assert _count(scoped_engine, drafts) == 0
    assert _count(scoped_engine, drafts) == 0


def test_values_leave_with_a_transaction_that_failed_or_was_rolled_back_to_a_savepoint(
    scoped_engine: sa.Engine, world: World
) -> None:
    enrollments = "select count(*) from enrollments"
    with scopes.opened(scope_of(world, "institution")), scoped_engine.connect() as connection:
        savepoint = connection.begin_nested()
        with pytest.raises(DBAPIError):
            connection.execute(sa.text("select 1 / 0"))
        savepoint.rollback()
        assert connection.scalar(sa.text(enrollments)) == 3
        with pytest.raises(DBAPIError):
            connection.execute(sa.text("select 1 / 0"))
    assert _count(scoped_engine, enrollments) == 0


def test_audit_rows_can_be_added_and_never_changed(scoped_engine: sa.Engine, world: World) -> None:
    with scopes.opened(scope_of(world, "institution")):
        assert _count(scoped_engine, "select count(*) from audit_entries") > 0
        for sql in ("update audit_entries set tag = 'x'", "delete from audit_entries", "truncate audit_entries"):
            with scoped_engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(sa.text(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "update run_seats set taken = 0",
        "insert into run_seats (run_id, capacity) values (1, 1)",
        "delete from run_seats",
        "update waitlist_entries set number = 0",
        "insert into waitlist_entries (enrollment_id, run_id, number) values (1, 1, 1)",
        "delete from waitlist_entries",
        "update enrollments set state = 'admitted'",
        "update enrollments set busy = '{}'",
        "delete from enrollments",
        "update course_reviews set decision = 'approved'",
        "delete from eligibility_decisions",
        "update target_groups set clause = 'x'",
    ],
)
def test_the_app_role_has_no_hand_on(scoped_engine: sa.Engine, world: World, sql: str) -> None:
    for role in ("institution", "learner", "bureau"):
        denied = pytest.raises(ProgrammingError, match="permission denied")
        with scopes.opened(scope_of(world, role)), scoped_engine.connect() as connection, denied:
            connection.execute(sa.text(sql))


def test_seats_cannot_be_taken_in_another_persons_name(scoped_engine: sa.Engine, world: World) -> None:
    """The seat functions run as the owner; they know who acts only from the scope."""
    free = sa.text("select seat_free(:id, :state, '{}', null)")
    enrollment_id = world.rows.enrollment.id
    for role, state in (
        ("other_learner", "withdrawn"),
        ("other_institution", "refused"),
        ("other_institution", "cancelled"),
        ("bureau", "refused"),
        ("learner", "refused"),
        ("institution", "withdrawn"),
    ):
        with scopes.opened(scope_of(world, role)), scoped_engine.begin() as connection:
            assert connection.scalar(free, {"id": enrollment_id, "state": state}) is None, (role, state)
    with scopes.opened(scope_of(world, "learner")), scoped_engine.connect() as connection:
        assert connection.scalar(free, {"id": enrollment_id, "state": "withdrawn"}) == "applied"


def test_only_the_exact_presented_value_opens_its_row(scoped_engine: sa.Engine, world: World, look: Look) -> None:
    from sqlalchemy.orm import Session

    values = [row.value for row in look("select value from logins order by id")]
    with scopes.opened(Scope()), Session(scoped_engine) as session:
        assert session.scalar(sa.text("select count(*) from logins")) == 0
        scopes.present(session, values[0])
        assert session.scalars(sa.text("select value from logins")).all() == [values[0]]
        scopes.present(session, "nobody' or '1'='1")
        assert session.scalar(sa.text("select count(*) from logins")) == 0
