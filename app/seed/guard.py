"""Keeps the demo city out of production: its accounts share a password everyone can read."""

from __future__ import annotations

import sqlalchemy as sa

from app.config import ConfigError
from app.seed.models import DemoMarker


def has_demo(engine: sa.Engine) -> bool:
    """Whether the demo city is in this database; works as any role, without a scope, before any migration too."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(DemoMarker.__tablename__):
            return False
        return bool(connection.scalar(sa.select(sa.exists().where(DemoMarker.id == 1))))


def refuse_demo(engine: sa.Engine, *, production: bool) -> None:
    """Raise ConfigError if production settings meet a database with demo accounts."""
    if production and has_demo(engine):
        raise ConfigError(
            "This database holds the demo city, whose accounts share a published password. "
            "Give production a database of its own, or set JIANGTU_ENV=development."
        )
