"""Fixtures: a migrated database per test process, the app on its non-owner role, and clean tables per test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import create_app, jobs
from app.policy import services
from app.postgres import OwnPostgres
from app.tenants.models import Membership, Tenant, User
from tests.factories import Make
from tests.support.database import Database, clean, migrate
from tests.support.elasticsearch import elastic, elasticsearch_url, live_index  # noqa: F401 - fixtures
from tests.support.pages import LintingClient


@pytest.fixture(scope="session")
def server() -> Iterator[OwnPostgres]:
    """A PostgreSQL server of this test process; not under pytest's own folder, which another run may close."""
    with (
        tempfile.TemporaryDirectory(prefix="jiangtu-", ignore_cleanup_errors=True) as folder,
        OwnPostgres(Path(folder) / "data", fsync=False) as server,
    ):
        server.ensure_roles_and_database()
        yield server


@pytest.fixture(scope="session")
def database(server: OwnPostgres, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The migrated database with the policy loaded."""
    database = Database(server, "jiangtu")
    migrate(database, tmp_path_factory.mktemp("migrate"))
    return database


@pytest.fixture(scope="session")
def super_engine(database: Database) -> Iterator[sa.Engine]:
    """The superuser's way in: for factories and for looking, never for the app."""
    engine = sa.create_engine(database.super_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def session_app(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The app, built once per test process."""
    app = create_app(database.settings(tmp_path_factory.mktemp("var")))
    app.test_client_class = LintingClient
    return app


@pytest.fixture
def app(session_app: Flask, super_engine: sa.Engine) -> Iterator[Flask]:
    """The app, with clean tables afterwards."""
    yield session_app
    clean(super_engine)
    services.forget_rulebook()


@pytest.fixture
def engine(app: Flask, database: Database) -> Iterator[sa.Engine]:
    """A plain engine as the app's role, without any scope."""
    engine = sa.create_engine(database.app_url)
    yield engine
    engine.dispose()


@pytest.fixture
def client(app: Flask) -> LintingClient:
    """A visitor's browser."""
    client = app.test_client()
    assert isinstance(client, LintingClient)
    return client


@pytest.fixture
def make(app: Flask, super_engine: sa.Engine) -> Iterator[Make]:
    """Factories that commit."""
    with Session(super_engine, expire_on_commit=False) as session:
        yield Make(session)


@pytest.fixture
def look(super_engine: sa.Engine) -> Callable[..., list[sa.Row[tuple[object, ...]]]]:
    """Read anything with SQL, past every wall: `look("select state from enrollments")`."""

    def look(sql: str, **values: object) -> list[sa.Row[tuple[object, ...]]]:
        with super_engine.connect() as connection:
            return list(connection.execute(sa.text(sql), values))

    return look


@pytest.fixture
def login(make: Make) -> Callable[..., None]:
    """Sign a client in as a user, at a tenant's desk if given: `login(client, user, tenant)`."""
    from app.http import DESK

    def login(client: LintingClient, user: User, tenant: Tenant | None = None) -> None:
        with client.session_transaction() as session:
            session["_user_id"] = user.get_id()
            session["_fresh"] = True
            if tenant is not None:
                membership = make.session.scalars(
                    sa.select(Membership).where(Membership.user_id == user.id, Membership.tenant_id == tenant.id)
                ).one()
                region_ids = (
                    make.session.execute(
                        sa.text(
                            "with recursive tree as (select id from regions where id = :id union all "
                            "select r.id from regions r join tree on r.parent_id = tree.id) select id from tree"
                        ),
                        {"id": tenant.region_id},
                    ).scalars()
                    if tenant.kind.value == "bureau"
                    else ()
                )
                session[DESK] = {
                    "tenant_id": tenant.id,
                    "tenant_name": tenant.name,
                    "kind": tenant.kind.value,
                    "role": membership.role.value,
                    "region_ids": list(region_ids),
                }

    return login


@pytest.fixture
def run_jobs(app: Flask, super_engine: sa.Engine) -> Callable[..., list[str]]:
    """Run every waiting job, and those they enqueue, here and now; `late=True` also those scheduled for later."""

    def run_jobs(*, late: bool = False) -> list[str]:
        done: list[str] = []
        take = sa.text(
            "delete from procrastinate_jobs where id = (select id from procrastinate_jobs where status = 'todo' "
            "and (:late or scheduled_at is null or scheduled_at <= now()) order by id limit 1) "
            "returning task_name, args"
        )
        while True:
            with super_engine.begin() as connection:
                row = connection.execute(take, {"late": late}).one_or_none()
            if row is None:
                return done
            done.append(row.task_name)
            if row.task_name in jobs.queue.tasks:
                jobs.queue.tasks[row.task_name].func(**row.args)

    return run_jobs


@pytest.fixture
def outbox(session_app: Flask) -> Path:
    """Where development mail and SMS land."""
    from app.notifications import outbox_folder

    return outbox_folder(session_app.config["SETTINGS"])
