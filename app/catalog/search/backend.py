"""Which engine answers: PostgreSQL, in the session's own transaction."""

from __future__ import annotations

from app.catalog.search.contract import SearchBackend
from app.catalog.search.postgres import PostgresSearch
from app.db import db


def backend() -> SearchBackend:
    """The engine for this request or job."""
    return PostgresSearch(db.session)
