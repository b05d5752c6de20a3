"""What the tests of the public catalog need."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from app import jobs, scope
from app.catalog.search.reindex import reindex_all
from app.db import db


@pytest.fixture
def reindex(app: Flask) -> Callable[[], None]:
    """Index what the factories made."""

    def run() -> None:
        with app.app_context(), scope.opened(scope.VISITOR):
            for _count in reindex_all(db.session):
                pass
            db.session.commit()
            db.session.remove()

    return run


@pytest.fixture
def in_city(app: Flask) -> Callable[..., None]:
    """Enqueue a job of the city's own, as the worker's clock does: `in_city("catalog.reindex")`."""

    def in_city(name: str) -> None:
        with app.app_context(), scope.opened(scope.VISITOR):
            jobs.enqueue(name)
            db.session.commit()
            db.session.remove()

    return in_city
