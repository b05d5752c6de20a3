"""A demo city of its own database, built once per test process as an operator builds it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.postgres import OwnPostgres
from tests.support.database import ROOT, Database, migrate

TODAY = date(2026, 11, 23)
NewDatabase = Callable[..., Database]


@dataclass(frozen=True)
class City:
    """A database with a demo city and a way to look at it past every wall."""

    database: Database
    engine: sa.Engine
    said: str

    def look(self, sql: str, **values: object) -> list[Any]:
        """The rows a query gives the superuser."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(sql), values))

    def count(self, sql: str) -> int:
        """The one number a query gives."""
        return int(self.look(sql)[0][0])


def flask(database: Database, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a flask command as an operator does."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *command],
        cwd=ROOT,
        env=database.environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def new_database(server: OwnPostgres, tmp_path_factory: pytest.TempPathFactory) -> NewDatabase:
    """Make a migrated database of its own, or a copy of another."""
    numbers = itertools.count(1)
    server.create_database("demo_migrated")
    migrate(Database(server, "demo_migrated"), tmp_path_factory.mktemp("demo"))

    def make(template: str = "demo_migrated") -> Database:
        database = Database(server, f"demo_{next(numbers)}")
        server.create_database(database.name, template=template)
        return database

    return make


@pytest.fixture(scope="session")
def city(
    session_app: Flask, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[City]:
    """The demo city of one day, built by `flask seed`; tests look at it and leave it as it is."""
    database = new_database()
    done = flask(database, tmp_path_factory.mktemp("seed"), "seed", "--today", TODAY.isoformat())
    assert done.returncode == 0, done.stderr
    engine = sa.create_engine(database.super_url)
    yield City(database, engine, done.stdout)
    engine.dispose()
