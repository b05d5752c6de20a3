"""Alembic's environment: migrations run as the owner, with short lock timeouts."""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import context

import app.audit
import app.catalog.models
import app.catalog.search.models
import app.enroll.models
import app.notifications
import app.policy.models
import app.seed.models
import app.tenants.models  # noqa: F401
from app.db import Model

OURS = Model.metadata.tables.keys()


def include(_object: object, name: str | None, kind: str, reflected: bool, _compare_to: object) -> bool:
    """Compare only our tables: Procrastinate's belong to it, `attempts` to app.limits."""
    return not (kind == "table" and reflected and name not in OURS)


url = os.environ.get("MIGRATION_DATABASE_URL") or os.environ["DATABASE_URL"]
engine = sa.create_engine(url, poolclass=sa.NullPool)

with engine.connect() as connection:
    connection.exec_driver_sql("SET lock_timeout = '4s'")
    connection.exec_driver_sql("SET statement_timeout = '60s'")
    connection.commit()
    context.configure(
        connection=connection, target_metadata=Model.metadata, include_object=include, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()
