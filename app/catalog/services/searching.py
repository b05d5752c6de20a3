"""The one way in to the search: for the pages, the worker's alerts and the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.catalog.search import store
from app.catalog.search.backend import engine as current_engine
from app.catalog.search.contract import Generation, Page, Query, SearchBackend, Term
from app.catalog.search.pages import assemble
from app.catalog.search.ranking import make_plan
from app.db import db


@dataclass(frozen=True, slots=True)
class Answer:
    """A page, and the words it was found without because no course at all has them.

    `query` is the one that was answered.
    """

    page: Page
    query: Query
    unknown: tuple[Term, ...] = ()


def search(
    *,
    query: Query,
    generation: Generation = None,
    engine: SearchBackend | None = None,
    is_explained: bool = False,
) -> Answer:
    """Answer a query. Where nothing is found, words that alone find nothing are left out, and named.

    Filters are never left out. If every word is unknown, nothing is found and all of them are named.
    """
    engine = engine or current_engine()

    def find(query: Query) -> Page:
        return assemble(engine, db.session, query, generation=generation, is_explained=is_explained)

    page = find(query)
    if page.total or not query.terms:
        return Answer(page, query)
    alone = [make_plan(Query(on=query.on, terms=(term,))) for term in query.terms]
    unknown = tuple(term for term, is_found in zip(query.terms, engine.finds(alone), strict=True) if not is_found)
    known = tuple(term for term in query.terms if term not in unknown)
    if unknown and known:
        query = replace(query, terms=known)
        page = find(query)
    return Answer(page, query, unknown)


def generation() -> Generation:
    """The state the documents are in: what was made of them in one is good until there is another."""
    return store.generation(db.session)
