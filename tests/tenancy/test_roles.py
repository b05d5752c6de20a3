"""The app starts only as a role that row-level security binds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.config import ConfigError
from app.db import refuse_unsafe_role
from tests.support.database import Database


@pytest.fixture
def probe_role(database: Database, super_engine: sa.Engine) -> Iterator[str]:
    """A role that may sign in and nothing else."""
    with super_engine.begin() as connection:
        connection.exec_driver_sql("create role jiangtu_probe login")
        connection.exec_driver_sql(f'grant connect on database "{database.name}" to jiangtu_probe')
    yield "jiangtu_probe"
    with super_engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists _probe")
        connection.exec_driver_sql("drop owned by jiangtu_probe")
        connection.exec_driver_sql("drop role jiangtu_probe")


def _refuse(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    refuse_unsafe_role(engine)


def test_the_apps_own_role_is_accepted(database: Database) -> None:
    _refuse(database.app_url)


def test_a_superuser_is_refused(database: Database) -> None:
    with pytest.raises(ConfigError, match="superuser"):
        _refuse(database.super_url)


def test_the_owner_of_the_tables_is_refused(database: Database) -> None:
    with pytest.raises(ConfigError, match="owns"):
        _refuse(database.owner_url)


@pytest.mark.parametrize(
    "statement",
    [
        "alter role jiangtu_probe bypassrls",
        "create table _probe (); alter table _probe owner to jiangtu_probe",
        "grant jiangtu_owner to jiangtu_probe",
    ],
    ids=["bypassrls", "owner of one table", "member of the owner"],
)
def test_a_role_that_could_see_past_the_wall_is_refused(
    database: Database, super_engine: sa.Engine, probe_role: str, statement: str
) -> None:
    url = database.server.url(probe_role, database.name)
    _refuse(url)
    with super_engine.begin() as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(ConfigError, match=probe_role):
        _refuse(url)
