"""Scopes, sessions with one wall only, and the world they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import scope as scopes
from app.db import models
from app.scope import Scope
from tests.factories import Make
from tests.support.database import Database
from tests.support.world import World, build

OpenSession = Callable[[Scope], AbstractContextManager[Session]]


@pytest.fixture
def world(make: Make) -> World:
    """A row of everything."""
    return build(make)


@pytest.fixture
def wall_one(super_engine: sa.Engine, world: World) -> OpenSession:
    """A superuser's session (row-level security does not see it) behind the ORM wall alone."""

    @contextmanager
    def open_session(scope: Scope) -> Iterator[Session]:
        with Session(super_engine) as session, scopes.opened(scope):
            scopes.install_orm_wall(session, lambda: {n: m for n, m in models().items() if m.__access__.is_scoped})
            yield session

    return open_session


@pytest.fixture
def scoped_engine(database: Database, world: World) -> Iterator[sa.Engine]:
    """The app role's engine that sends the scope with BEGIN: the second wall alone, without the ORM hook."""
    engine = sa.create_engine(database.app_url, pool_size=1, max_overflow=0)
    scopes.install(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def wall_two(scoped_engine: sa.Engine) -> OpenSession:
    """A session of the app's role behind row-level security alone."""

    @contextmanager
    def open_session(scope: Scope) -> Iterator[Session]:
        with scopes.opened(scope), Session(scoped_engine) as session:
            yield session

    return open_session
