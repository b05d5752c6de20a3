"""What the models declare is what the database enforces."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import APP_ROLE, models
from app.rls import Access, Kind

MODELS = models()
SCOPED = sorted(name for name, model in MODELS.items() if model.__access__.is_scoped)
Look = Callable[..., list[Any]]


def test_every_model_declares_its_access() -> None:
    undeclared = [name for name, model in MODELS.items() if not isinstance(vars(model).get("__access__"), Access)]
    assert not undeclared


def test_every_declared_column_exists() -> None:
    wrong = []
    for name, model in MODELS.items():
        access = model.__access__
        columns = [column for _, column in (*access.parties, *access.readers)]
        columns += [access.published] if access.published else []
        wrong += [f"{name}.{column}" for column in columns if column not in model.__table__.columns]
    assert not wrong


def test_every_scoped_table_has_forced_row_level_security_and_no_global_one_has(look: Look) -> None:
    rows = look(
        "select relname, relrowsecurity, relforcerowsecurity from pg_class "
        "where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
    )
    secured = {row.relname for row in rows if row.relrowsecurity and row.relforcerowsecurity}
    half = {row.relname for row in rows if row.relrowsecurity != row.relforcerowsecurity}
    assert not half
    assert secured == set(SCOPED)


def test_every_table_of_ours_has_a_model_or_is_known_to_have_none(look: Look) -> None:
    rows = look(
        "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
    )
    without = {row.relname for row in rows if not row.relname.startswith("procrastinate_")} - MODELS.keys()
    assert without == {"alembic_version", "attempts"}  # Alembic's own; keyed hashes of app/limits.py


def _expected_policies(super_engine: sa.Engine, name: str, access: Access) -> set[tuple[str, str, str, str]]:
    """The declaration's policies as PostgreSQL writes them back, from a twin of the table that is rolled back."""
    with super_engine.connect() as connection:
        connection.exec_driver_sql(f"create table _twin (like {name})")
        write = access.write_sql()
        connection.exec_driver_sql(
            f"create policy scope_write on _twin for all using ({write}) with check ({write})"
        )
        if access.read_sql():
            connection.exec_driver_sql(f"create policy scope_read on _twin for select using ({access.read_sql()})")
        rows = _policies(connection, "_twin")
        connection.rollback()
    return {tuple(str(cell).replace("_twin", name) for cell in row) for row in rows}  # type: ignore[misc]


def _policies(connection: sa.Connection, table: str) -> set[tuple[str, str, str, str]]:
    rows = connection.execute(
        sa.text(
            "select policyname, cmd, permissive, roles::text, qual, with_check from pg_policies "
            "where schemaname = 'public' and tablename = :table"
        ),
        {"table": table},
    )
    return {tuple(re.sub(r"\s+", " ", str(cell)) for cell in row) for row in rows}  # type: ignore[misc]


@pytest.mark.parametrize("name", SCOPED)
def test_the_policies_of_a_table_are_the_declared_ones(super_engine: sa.Engine, name: str) -> None:
    with super_engine.connect() as connection:
        actual = _policies(connection, name)
    assert actual == _expected_policies(super_engine, name, MODELS[name].__access__)


def test_a_changed_policy_would_be_noticed(super_engine: sa.Engine) -> None:
    access = MODELS["courses"].__access__
    wider = Access(access.kind, (*access.parties, ("bureau", "region_id")), access.readers, access.published)
    assert _expected_policies(super_engine, "courses", access) != _expected_policies(
        super_engine, "courses", wider
    )


def test_global_tables_have_no_policies(look: Look) -> None:
    tables = {row.tablename for row in look("select tablename from pg_policies where schemaname = 'public'")}
    assert tables == set(SCOPED)


def _declared_grants(access: Access) -> tuple[set[str], dict[str, set[str]]]:
    """Whole-table privileges, and the columns of those given by column."""
    whole, by_column = set(), {}
    for privilege, columns in re.findall(r"(select|insert|update|delete)(?:\s*\(([^)]*)\))?", access.grants):
        if columns:
            by_column[privilege.upper()] = {column.strip() for column in columns.split(",")}
        else:
            whole.add(privilege.upper())
    return whole, by_column


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_app_role_may_do_exactly_what_is_declared(look: Look, name: str) -> None:
    whole, by_column = _declared_grants(MODELS[name].__access__)
    granted = look(
        "select privilege_type from information_schema.role_table_grants "
        "where table_schema = 'public' and table_name = :name and grantee in (:role, 'PUBLIC')",
        name=name,
        role=APP_ROLE,
    )
    assert {row.privilege_type for row in granted} == whole
    columns = look(
        "select privilege_type, column_name from information_schema.column_privileges "
        "where table_schema = 'public' and table_name = :name and grantee in (:role, 'PUBLIC')",
        name=name,
        role=APP_ROLE,
    )
    only_by_column: dict[str, set[str]] = {}
    for row in columns:
        if row.privilege_type not in whole:
            only_by_column.setdefault(row.privilege_type, set()).add(row.column_name)
    assert only_by_column == by_column


def test_a_global_table_holds_no_person_and_no_tenants_secret() -> None:
    personal = {"user_id", "actor_id", "learner_id", "phone", "email", "id_number", "name_index"}
    wrong = [
        f"{name}.{column.name}"
        for name, model in MODELS.items()
        if model.__access__.kind is Kind.GLOBAL
        for column in model.__table__.columns
        if column.name in personal or type(column.type).__name__ == "Encrypted"
    ]
    assert not wrong
