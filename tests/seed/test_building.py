"""Building the demo city: the same again, all or nothing, once, and never in production."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.catalog.models import RunSeats
from app.config import ConfigError
from app.db import models
from app.pii import Encrypted
from app.seed import city as building
from app.seed import growth, guard
from app.seed.city import NotEmptyError, Plan, build
from app.seed.rows import Rows
from tests.seed.conftest import TODAY, City, NewDatabase, flask
from tests.support.database import ROOT, Database

PLAN = Plan(today=TODAY)


@pytest.fixture
def spare(session_app: Flask, new_database: NewDatabase) -> Iterator[Database]:
    """A database without a city."""
    database = new_database()
    yield database
    database.server.drop_database(database.name)


@pytest.fixture
def owner(spare: Database) -> Iterator[sa.Engine]:
    """The owner of the spare database's tables."""
    engine = sa.create_engine(spare.owner_url)
    yield engine
    engine.dispose()


def walls(url: str) -> list[Any]:
    """The scoped tables whose row-level security is not forced."""
    names = [name for name, model in models().items() if model.__access__.is_scoped]
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return list(
            connection.execute(
                sa.text(
                    "select relname from pg_class where relname = any(:names) "
                    "and relnamespace = 'public'::regnamespace and not (relrowsecurity and relforcerowsecurity)"
                ),
                {"names": names},
            )
        )


def references(url: str) -> list[Any]:
    """Every foreign key, as PostgreSQL says it."""
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                sa.text(
                    "select conrelid::regclass::text, conname, convalidated, pg_get_constraintdef(oid) "
                    "from pg_constraint where contype = 'f' order by 1, 2"
                )
            )
        ]


def contents(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row the seed writes, decrypted; without the salted password hashes."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    with engine.connect() as connection:
        for model in building.MODELS:
            table: Any = sa.inspect(model).local_table
            columns = [column for column in table.columns if column.name != "password_hash"]
            for column in columns:
                is_sealed = isinstance(column.type, sa.LargeBinary) and not isinstance(column.type, Encrypted)
                assert not is_sealed or "index" in column.name or column.name == "sha256"
            found = connection.execute(sa.select(*columns).order_by(*table.primary_key.columns))
            rows[table.name] = [tuple(str(value) for value in row) for row in found]
    return rows


def test_the_walls_stand_after_seeding(city: City) -> None:
    assert walls(city.database.super_url) == []


def test_a_failure_leaves_the_walls_and_an_empty_database(
    spare: Database, owner: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no runs today")

    monkeypatch.setattr(building, "add_runs", fail)
    with pytest.raises(RuntimeError, match="no runs today"):
        build(owner, PLAN)
    assert walls(spare.super_url) == []
    with sa.create_engine(spare.super_url, poolclass=sa.NullPool).connect() as connection:
        assert connection.scalar(sa.text("select count(*) from tenants")) == 0


def test_other_peoples_rows_are_never_mixed_with_a_demo_city(spare: Database, owner: sa.Engine) -> None:
    superuser = sa.create_engine(spare.super_url, poolclass=sa.NullPool)
    with superuser.begin() as connection:
        connection.execute(
            sa.text(
                "insert into tenants (kind, name, uscc, region_id, state, is_verified, reason_codes) "
                "select 'enterprise', '真实单位', '-', min(id), 'unverified', false, '{}' from regions"
            )
        )
    with pytest.raises(NotEmptyError):
        build(owner, PLAN)


def test_the_same_seed_and_day_give_the_same_rows(city: City, spare: Database, owner: sa.Engine) -> None:
    build(owner, PLAN)
    superuser = sa.create_engine(spare.super_url, poolclass=sa.NullPool)
    ours, theirs = contents(city.engine), contents(superuser)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_seeding_again_changes_nothing(city: City, tmp_path: Path) -> None:
    before = city.count("select count(*) from audit_entries")
    done = flask(city.database, tmp_path, "seed", "--today", "2027-01-01")
    assert done.returncode == 0
    assert "already" in done.stdout
    assert city.count("select count(*) from audit_entries") == before


def test_the_catalog_grows_alone_and_new_rows_follow_the_seeded_ones(
    city: City, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.engine.dispose()  # a template has no guests
    spare = new_database(city.database.name)
    owner = sa.create_engine(spare.owner_url, poolclass=sa.NullPool)
    before = references(spare.super_url)
    monkeypatch.setattr(growth, "COURSES_PER_SCHOOL", 20)
    written = build(owner, replace(PLAN, courses=1200))
    assert "learner_profiles" not in written
    assert written["courses"] == written["course_revisions"] > 500
    assert written["course_runs"] == written["run_seats"] > 500
    assert walls(spare.super_url) == []
    assert references(spare.super_url) == before
    with sa.create_engine(spare.super_url, poolclass=sa.NullPool).begin() as connection:
        assert connection.scalar(sa.text("select count(*) from courses")) == 1200
        schools = "select count(*) from tenants where kind = 'institution'"
        assert connection.scalar(sa.text(schools)) == 96
        assert connection.scalar(
            sa.text("select count(distinct (name, region_id)) from tenants")
        ) == connection.scalar(sa.text("select count(*) from tenants"))
        for model in building.MODELS:
            table: Any = sa.inspect(model).local_table
            if "id" in table.c and table.c.id.identity is not None:
                sequence = connection.scalar(
                    sa.text("select pg_get_serial_sequence(:table, 'id')"), {"table": table.name}
                )
                following = connection.scalar(sa.text("select nextval(:name)"), {"name": sequence})
                last = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0)))
                assert following > last, table.name


def test_a_grown_catalog_has_large_and_small_institutions_and_courses_that_are_one_card(
    city: City, new_database: NewDatabase
) -> None:
    city.engine.dispose()
    spare = new_database(city.database.name)
    build(sa.create_engine(spare.owner_url, poolclass=sa.NullPool), replace(PLAN, courses=3000))
    with sa.create_engine(spare.super_url, poolclass=sa.NullPool).begin() as connection:
        sizes = connection.scalars(
            sa.text("select count(*) from courses where is_live group by tenant_id order by 1 desc")
        ).all()
        assert sizes[0] > 3 * sizes[len(sizes) // 2]
        cards = connection.scalars(
            sa.text("select count(*) from course_revisions where is_live group by card_id order by 1 desc")
        ).all()
        assert 1 < cards[0] < 10
        assert 0.9 * sum(cards) < len(cards) < sum(cards)


def test_a_row_that_refers_to_nothing_undoes_the_whole_seed(
    spare: Database, owner: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = references(spare.super_url)
    finish = Rows.finish

    def finish_wrongly(rows: Rows) -> None:
        rows.add(RunSeats, run_id=10**9, capacity=1, taken=0, waiting=0, next_number=1)
        finish(rows)

    monkeypatch.setattr(Rows, "finish", finish_wrongly)
    with pytest.raises(sa.exc.IntegrityError):
        build(owner, PLAN)
    assert references(spare.super_url) == before
    with sa.create_engine(spare.super_url, poolclass=sa.NullPool).connect() as connection:
        assert connection.scalar(sa.text("select count(*) from tenants")) == 0


def test_a_larger_city_is_the_city_and_others_like_it(spare: Database, owner: sa.Engine) -> None:
    written = build(owner, replace(PLAN, scale=2))
    assert written["learner_profiles"] == 4000
    assert written["course_runs"] > 1600
    assert walls(spare.super_url) == []


def test_production_refuses_to_start_beside_demo_accounts(city: City, tmp_path: Path) -> None:
    engine = sa.create_engine(city.database.app_url, poolclass=sa.NullPool)
    guard.refuse_demo(engine, production=False)
    with pytest.raises(ConfigError, match="demo city"):
        guard.refuse_demo(engine, production=True)


def test_production_settings_refuse_to_seed(city: City, tmp_path: Path) -> None:
    environment = city.database.environment(tmp_path) | {
        "JIANGTU_ENV": "production",
        "SECRET_KEY": "a-secret-of-at-least-thirty-two-characters",
        "PUBLIC_URL": "https://jiangtu.example",
    }
    done = subprocess.run(
        [sys.executable, "-m", "flask", "seed"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "production" in done.stderr or "demo city" in done.stderr
