"""Each engine of the search behind one face: empty, written to as the app does it, undone afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app import scope
from app.catalog.search import elastic_index, store
from app.catalog.search.contract import Document, Found, Page, Query, SearchBackend, Suggestion
from app.catalog.search.elastic import ElasticsearchSearch
from app.catalog.search.pages import assemble
from app.catalog.search.postgres import PostgresSearch
from app.catalog.search.ranking import Plan
from app.config import ElasticSettings
from app.db import db

ENGINES = ("postgres", "elasticsearch")


class Engine:
    """An engine and the stored documents it searches."""

    def __init__(self, elastic: ElasticSettings | None) -> None:
        self._elastic = elastic

    @property
    def search(self) -> SearchBackend:
        """The engine itself, as made for one page."""
        return ElasticsearchSearch(self._elastic) if self._elastic else PostgresSearch(db.session)

    def write(self, documents: Iterable[Document]) -> None:
        """Store documents, and have them found."""
        store.write(db.session, documents)
        self._push()

    def delete(self, card_ids: Sequence[UUID], version: int) -> None:
        """Forget cards as of a version."""
        store.delete(db.session, card_ids, version=version)
        self._push()

    def _push(self) -> None:
        while self._elastic and elastic_index.push(db.session, self._elastic):
            pass

    def find(self, plan: Plan, *, size: int = 20, **how: Any) -> Found:
        """Hits and counts."""
        return self.search.find(plan, size=size, **how)

    def suggest(self, typed: str, *, most: int = 8) -> list[Suggestion]:
        """What begins with what was typed."""
        return self.search.suggest(typed, most=most)

    def page(self, query: Query) -> Page:
        """A page as people see it."""
        return assemble(self.search, db.session, query, is_explained=True)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, app: Flask) -> Iterator[Engine]:
    """Every test runs on each engine."""
    elastic = request.getfixturevalue("live_index") if request.param == "elasticsearch" else None
    with app.app_context(), scope.opened(scope.VISITOR):
        yield Engine(elastic)
        db.session.rollback()
        db.session.remove()
