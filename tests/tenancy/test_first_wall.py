"""The ORM wall alone: a superuser's session, which row-level security does not stop."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    joinedload,
    lazyload,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)

from app import scope as scopes
from app.catalog.models import Course, CourseRun
from app.db import models
from app.enroll.models import Enrollment
from app.rls import OWNED, PUBLISHED
from app.scope import VISITOR, Scope
from app.tenants.models import Tenant, TenantContact
from tests.support.scopes import scope_of
from tests.support.world import World
from tests.tenancy.conftest import OpenSession

SCOPED = {name: model for name, model in models().items() if model.__access__.is_scoped}


def test_the_session_really_sees_everything_without_the_wall(world: World, super_engine: sa.Engine) -> None:
    with super_engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(Enrollment.__table__)) == 3


@pytest.mark.parametrize("name", sorted(SCOPED))
def test_a_visitor_selects_only_published_rows(wall_one: OpenSession, name: str) -> None:
    model = SCOPED[name]
    published = model.__access__.published
    with wall_one(VISITOR) as session:
        rows = session.scalars(sa.select(model)).all()
        assert all(getattr(row, published) for row in rows) if published else rows == []


@pytest.mark.parametrize("role", ["other_learner", "other_institution", "other_bureau"])
def test_a_stranger_selects_no_enrollment_in_any_shape(wall_one: OpenSession, world: World, role: str) -> None:
    other = aliased(Enrollment)
    subquery = sa.select(Enrollment.id).where(Enrollment.run_id == world.rows.run.id).subquery()
    cte = sa.select(Enrollment.id).cte()
    shapes = {
        "entity": sa.select(Enrollment),
        "columns": sa.select(Enrollment.id, Enrollment.phone),
        "count": sa.select(Enrollment.id)
        .with_only_columns(sa.func.count(Enrollment.id))
        .having(sa.func.count() > 0),
        "alias": sa.select(other),
        "join": sa.select(Course, Enrollment.id).join(Enrollment, Enrollment.course_id == Course.id),
        "alias join": sa.select(Course, other.id).join(other, other.course_id == Course.id),
        "in": sa.select(Course.id).where(Course.id.in_(sa.select(Enrollment.course_id))),
        "subquery": sa.select(subquery.c.id),
        "cte": sa.select(cte.c.id),
        "union": sa.union_all(sa.select(Enrollment.id), sa.select(other.id)),
        "from union": sa.select(Enrollment).from_statement(sa.union_all(sa.select(Enrollment), sa.select(other))),
    }
    for shape, statement in shapes.items():
        with wall_one(scope_of(world, role)) as session:
            assert session.execute(statement).all() == [], shape
    with wall_one(scope_of(world, role)) as session:
        assert session.query(Enrollment).count() == 0
        assert session.get(Enrollment, world.rows.enrollment.id) is None
        assert session.get(Course, world.rows.draft_course.id) is None


def test_those_it_belongs_to_select_it_in_every_shape(wall_one: OpenSession, world: World) -> None:
    """The same shapes are not empty by accident."""
    other = aliased(Enrollment)
    for role in ("learner", "institution", "bureau"):
        with wall_one(scope_of(world, role)) as session:
            assert len(session.scalars(sa.select(Enrollment)).all()) == 3, role
            assert len(session.scalars(sa.select(other)).all()) == 3, role
            assert session.get(Enrollment, world.rows.enrollment.id) is not None, role
            joined = sa.select(Course.id, other.id).join(other, other.course_id == Course.id)
            assert len(session.execute(joined).all()) == 3, role


def test_updates_and_deletes_stop_at_the_wall(wall_one: OpenSession, world: World) -> None:
    with wall_one(scope_of(world, "other_institution")) as session:
        assert session.execute(sa.update(Enrollment).values(note="x")).rowcount == 0  # type: ignore[attr-defined]
        session.rollback()
    with wall_one(scope_of(world, "other_institution")) as session:
        deleted = session.execute(
            sa.delete(TenantContact).where(TenantContact.tenant_id == world.rows.institution.id)
        )
        assert deleted.rowcount == 0  # type: ignore[attr-defined]
        session.rollback()
    with wall_one(scope_of(world, "institution")) as session:
        assert session.execute(sa.update(Enrollment).values(note="x")).rowcount == 3  # type: ignore[attr-defined]
        session.rollback()


def test_the_wall_knows_the_scope_of_now_and_not_of_the_first_query(wall_one: OpenSession, world: World) -> None:
    """SQLAlchemy caches statements: the criteria must be made of bound values, not of the first caller's."""
    statement = sa.select(Enrollment)
    for role, expected in (
        ("institution", 3),
        ("other_institution", 0),
        ("bureau", 3),
        ("nobody", 0),
        ("learner", 3),
    ):
        with wall_one(scope_of(world, role)) as session:
            assert len(session.scalars(statement).all()) == expected, role


def test_each_party_is_sent_once_however_many_tables_a_statement_reads(
    wall_one: OpenSession, world: World, super_engine: sa.Engine
) -> None:
    """Two tables with three parties in five places; SQLAlchemy's annotated parameters would be dear to look up."""
    sent: list[dict[str, Any]] = []
    looked_up: list[Any] = []

    def note(_c: Any, _cursor: Any, _sql: str, parameters: dict[str, Any], context: Any, _many: bool) -> None:
        sent.append(parameters)
        looked_up.extend(context.compiled.bind_names)

    statement = sa.select(Enrollment.id, CourseRun.id).join(CourseRun, CourseRun.id == Enrollment.run_id)
    sa.event.listen(super_engine, "before_cursor_execute", note)
    try:
        with wall_one(scope_of(world, "institution")) as session:
            assert len(session.execute(statement).all()) == 3
    finally:
        sa.event.remove(super_engine, "before_cursor_execute", note)
    assert [sorted(each) for each in sent] == [["scope_actor", "scope_bureau", "scope_tenant"]]
    assert looked_up
    assert not any(each._annotations for each in looked_up)


# What the ORM wall does not stop, proved here so that nobody leans on it; the second wall stops each one.

LEAKS = {
    "exists": lambda world: sa.select(sa.exists().where(Enrollment.id == world.rows.enrollment.id)),
    "exists of a select": lambda world: sa.select(
        sa.select(Enrollment.id).where(Enrollment.id == world.rows.enrollment.id).exists()
    ),
    "core select": lambda world: sa.select(sa.func.count() > 0).select_from(Enrollment.__table__),
    "core columns": lambda world: sa.select(sa.func.count(Enrollment.__table__.c.id) > 0),
    "text": lambda world: sa.text("select count(*) > 0 from enrollments"),
}
LEAKY = {"core select", "core columns", "text"}


@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_what_leaks_through_the_first_wall_is_known(wall_one: OpenSession, world: World, leak: str) -> None:
    with wall_one(VISITOR) as session:
        assert bool(session.scalar(LEAKS[leak](world))) is (leak in LEAKY)


@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_the_second_wall_stops_what_leaks_through_the_first(
    wall_two: OpenSession, world: World, leak: str
) -> None:
    with wall_two(VISITOR) as session:
        assert not session.scalar(LEAKS[leak](world))
    with wall_two(scope_of(world, "learner")) as session:
        assert session.scalar(LEAKS[leak](world))


def test_no_model_has_a_relationship() -> None:
    """The hook does not see what a joined eager load adds to a statement: `test_a_relationship_meets_the_wall`."""
    assert not [m.__name__ for m in models().values() if sa.inspect(m).relationships]


class _Base(DeclarativeBase):
    """Two models of this test's own, in temporary tables."""


class _Child(_Base):
    __tablename__ = "wall_children"
    __table_args__: ClassVar = {"prefixes": ["TEMPORARY"]}
    __access__ = OWNED(tenant="tenant_id")
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    parent_id: Mapped[int] = mapped_column(sa.ForeignKey("wall_parents.id"))


class _Parent(_Base):
    __tablename__ = "wall_parents"
    __table_args__: ClassVar = {"prefixes": ["TEMPORARY"]}
    __access__ = PUBLISHED(when="is_live", tenant="tenant_id")
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    is_live: Mapped[bool]
    children: Mapped[list[_Child]] = relationship(_Child)


@pytest.mark.parametrize(
    ("load", "leaks"), [(lazyload, False), (selectinload, False), (subqueryload, False), (joinedload, True)]
)
def test_a_relationship_meets_the_wall(super_engine: sa.Engine, load: Any, leaks: bool) -> None:
    with super_engine.connect() as connection:
        _Base.metadata.create_all(connection)
        connection.execute(sa.insert(_Parent).values(id=1, tenant_id=1, is_live=True))
        connection.execute(sa.insert(_Child).values(id=1, tenant_id=1, parent_id=1))
        for scope, expected in ((Scope(tenant_id=2), int(leaks)), (Scope(tenant_id=1), 1)):
            with Session(connection, join_transaction_mode="create_savepoint") as session, scopes.opened(scope):
                scopes.install_orm_wall(session, lambda: {"wall_parents": _Parent, "wall_children": _Child})
                parent = session.scalars(sa.select(_Parent).options(load(_Parent.children))).unique().one()
                assert len(parent.children) == expected
        connection.rollback()


def test_published_rows_can_be_read_by_anyone_and_written_by_their_tenant_only(
    wall_two: OpenSession, world: World
) -> None:
    """The first wall lets a stranger's UPDATE reach a published row; the second does not."""
    update = sa.update(CourseRun).where(CourseRun.id == world.rows.run.id).values(place="x")
    for role, expected in (("other_institution", 0), ("bureau", 0), ("institution", 1)):
        with wall_two(scope_of(world, role)) as session:
            assert session.execute(update).rowcount == expected, role  # type: ignore[attr-defined]
            session.rollback()
    with wall_two(VISITOR) as session:
        assert session.get(Tenant, world.rows.institution.id) is not None
        assert session.get(Tenant, world.rows.unverified.id) is None
