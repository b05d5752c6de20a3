"""The systems that are compared: both engines behind the real way in, and the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from elasticsearch import Elasticsearch
from flask import Flask

from app import create_app, scope
from app.catalog import asking
from app.catalog.search import elastic_index
from app.catalog.search.contract import SearchBackend
from app.catalog.search.elastic import ElasticsearchSearch, client_for
from app.catalog.search.postgres import PostgresSearch
from app.catalog.services import browsing, searching
from app.config import ElasticSettings
from app.db import db
from app.postgres import OwnPostgres
from tests.relevance import corpus
from tests.relevance.baselines import ANALYZERS, Baseline
from tests.relevance.corpus import TODAY
from tests.relevance.judging import JudgedCard
from tests.relevance.measuring import Measured, Search, measure
from tests.support.database import Database
from tests.support.elasticsearch import own_names

ENGINES = ("postgres", "elasticsearch")


def measure_all(server: OwnPostgres, elasticsearch_url: str, folder: Path) -> Measured:
    """Build the corpus, put it into both engines and the baselines, and ask all of them everything."""
    database = Database(server, "relevance")
    server.create_database(database.name)
    corpus.build(database, folder)
    past_walls, as_app = sa.create_engine(database.super_url), sa.create_engine(database.app_url)
    with closing(own_names(elasticsearch_url)) as names:
        elastic = next(names)
        elastic_index.rebuild(as_app, elastic)
        cards = corpus.read(past_walls)
        app = create_app(database.settings(folder))
        measured = measure(
            {
                **engines(app, elastic),
                **baselines(client_for(elastic), elastic.prefix, cards),
            },
            [card for card, _texts in cards],
        )
        next(names, None)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    past_walls.dispose()
    as_app.dispose()
    return measured


def engines(app: Flask, elastic: ElasticSettings) -> Mapping[str, Search]:
    """Our search on each engine, as a visitor of whom nothing is known asks it."""

    def on_postgres(text: str) -> list[str]:
        with app.app_context(), scope.opened(scope.VISITOR):
            return first_page(text, PostgresSearch(db.session))

    def on_elasticsearch(text: str) -> list[str]:
        with app.app_context(), scope.opened(scope.VISITOR):
            return first_page(text, ElasticsearchSearch(elastic))

    return dict(zip(ENGINES, (on_postgres, on_elasticsearch), strict=True))


def first_page(text: str, engine: SearchBackend) -> list[str]:
    """The ids of the cards of the first page, by the way the catalog page takes."""
    generation = searching.generation()
    asked = asking.read([("q", text)], on=TODAY)
    understood = browsing.understand(asked.q, on=TODAY, generation=generation)
    joined = asked.joined(understood.rest, ((part.facet, part.value) for part in understood.choices))
    region_ids = {place.code: place.id for place in browsing.places(generation=generation).values()}
    query = asking.query_of(joined, understood.terms, on=TODAY, region_ids=region_ids)
    found = searching.search(query=query, generation=generation, engine=engine).page
    return [str(card.card_id) for card in found.cards]


def baselines(
    client: Elasticsearch, prefix: str, cards: list[tuple[JudgedCard, dict[str, str]]]
) -> Mapping[str, Search]:
    """What Elasticsearch finds by itself in the same data."""
    made = {name: Baseline(client, prefix, name) for name in ANALYZERS}
    for baseline in made.values():
        baseline.build(cards)
    return {name: baseline.search for name, baseline in made.items()}
