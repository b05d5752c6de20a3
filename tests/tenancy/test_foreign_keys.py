"""A row of one tenant cannot hang on a row of another: the keys carry the tenant."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db import Model, models
from tests.support.world import World

TABLES = {name: model.__table__ for name, model in models().items()}
# (child, column, parent): every foreign key between two tables that both have a tenant_id.
LINKS = sorted(
    (name, column, key.referred_table.name)
    for name, table in TABLES.items()
    if "tenant_id" in table.columns
    for key in table.foreign_key_constraints
    if key.referred_table.name != "tenants" and "tenant_id" in key.referred_table.columns
    for column in (pair.parent.name for pair in key.elements)
    if column != "tenant_id"
)


def test_every_reference_between_tenants_tables_is_a_key() -> None:
    """A column that names another table with a tenant is a foreign key; those without one are listed with why."""
    parents = {"course_id": "courses", "run_id": "course_runs", "enrollment_id": "enrollments"}
    known = {
        ("course_documents", "course_id"),  # a search document may outlive its course by a job
        ("review_requests", "course_id"),  # a question stays when the course is deleted
        ("waitlist_entries", "run_id"),  # its enrollment's key carries the run
    }
    missing = []
    for name, table in TABLES.items():
        for column in table.columns:
            if column.name in parents and (name, column.name) not in known and not column.foreign_keys:
                missing.append(f"{name}.{column.name}")
    assert not missing


def test_every_link_carries_the_tenant() -> None:
    loose = []
    for name, table in TABLES.items():
        if "tenant_id" not in table.columns:
            continue
        for key in table.foreign_key_constraints:
            parent, columns = key.referred_table, [pair.parent.name for pair in key.elements]
            if parent.name != "tenants" and "tenant_id" in parent.columns and "tenant_id" not in columns:
                loose.append(f"{name}.{columns} -> {parent.name}")
    assert LINKS
    assert not loose


@pytest.mark.parametrize(("child", "column", "parent"), LINKS, ids=lambda value: str(value))
def test_another_tenants_row_is_refused(
    super_engine: sa.Engine, world: World, child: str, column: str, parent: str
) -> None:
    """Even a superuser, whom no policy stops, cannot move a row to another tenant and leave its parent behind."""
    other = world.people["other_institution"].tenant
    assert other is not None
    table: sa.Table = Model.metadata.tables[child]
    with Session(super_engine) as session:
        row = session.execute(
            sa.select(table.c.id).where(
                table.c.tenant_id == world.rows.institution.id, table.c[column].is_not(None)
            )
        ).first()
        assert row is not None, f"the world has no {child}"
        with pytest.raises(IntegrityError, match="foreign key"):
            session.execute(sa.update(table).where(table.c.id == row.id).values(tenant_id=other.id))
        session.rollback()
