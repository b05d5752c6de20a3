"""Which engine answers: Elasticsearch while it does, PostgreSQL while it does not, and who asks it again when."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import scope
from app.catalog.search import backend, elastic_index, store
from app.catalog.search.backend import LONGEST_PAUSE, SHORTEST_PAUSE, Breaker, Guarded
from app.catalog.search.contract import EngineGoneError, Query
from app.catalog.search.elastic import ElasticsearchSearch, client_for
from app.catalog.search.postgres import PostgresSearch
from app.catalog.search.ranking import make_plan
from app.config import ConfigError, ElasticSettings
from app.db import db
from tests.concurrency.servers import free_port
from tests.factories import Make
from tests.support.documents import TODAY, document
from tests.support.pages import LintingClient

PLAN = make_plan(Query(on=TODAY))


@pytest.fixture
def nobody() -> ElasticSettings:
    """An Elasticsearch that does not answer."""
    return ElasticSettings(urls=(f"http://127.0.0.1:{free_port()}",))


@pytest.fixture
def configured() -> Iterator[Callable[[ElasticSettings], None]]:
    """Have this process search with an Elasticsearch until the end of the test."""
    yield backend.configure
    backend.configure(None)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_broken_engine_is_tried_by_one_after_each_pause() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    assert breaker.may_try()
    breaker.failed()
    assert breaker.is_open
    assert not breaker.may_try()
    clock.now += SHORTEST_PAUSE
    assert [breaker.may_try() for _n in range(3)] == [True, False, False]
    breaker.succeeded()
    assert not breaker.is_open
    assert [breaker.may_try() for _n in range(3)] == [True, True, True]


def test_pauses_grow_to_a_limit() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    pauses = []
    for _n in range(6):
        breaker.failed()
        began = clock.now
        while not breaker.may_try():
            clock.now += 0.5
        pauses.append(clock.now - began)
    assert pauses == [1.0, 2.0, 4.0, 8.0, LONGEST_PAUSE, LONGEST_PAUSE]


def test_without_an_elasticsearch_postgres_answers(app: Flask) -> None:
    with app.app_context(), scope.opened(scope.VISITOR):
        engine = backend.engine()
        assert isinstance(engine, PostgresSearch)
        assert not engine.is_fallback
        db.session.remove()


def test_an_engine_that_does_not_answer_is_stood_in_for_to_the_end_of_the_page(
    app: Flask, nobody: ElasticSettings
) -> None:
    with app.app_context(), scope.opened(scope.VISITOR):
        store.write(db.session, [document(1)])
        breaker = Breaker()
        with pytest.raises(EngineGoneError):
            ElasticsearchSearch(nobody).find(PLAN, size=5)
        engine = Guarded(ElasticsearchSearch(nobody), PostgresSearch(db.session), breaker)
        assert (engine.name, engine.is_fallback) == ("elasticsearch", False)
        assert len(engine.find(PLAN, size=5).hits) == 1
        assert (engine.name, engine.is_fallback) == ("postgres", True)
        assert breaker.is_open
        breaker.succeeded()
        assert engine.find(PLAN, size=0).counts is not None
        assert engine.is_fallback, "one page is one engine's"
        assert not Guarded(ElasticsearchSearch(nobody), PostgresSearch(db.session), breaker).is_fallback
        db.session.rollback()
        db.session.remove()


def test_a_missing_index_is_stood_in_for(app: Flask, elastic: ElasticSettings) -> None:
    with app.app_context(), scope.opened(scope.VISITOR):
        store.write(db.session, [document(1)])
        engine = Guarded(ElasticsearchSearch(elastic), PostgresSearch(db.session), Breaker())
        assert engine.suggest("焊工", most=5)
        assert engine.is_fallback
        db.session.rollback()
        db.session.remove()


def test_pages_are_answered_and_only_operators_are_told(
    client: LintingClient,
    make: Make,
    nobody: ElasticSettings,
    configured: Callable[[ElasticSettings], None],
    login: Callable[..., None],
) -> None:
    notice = "只有人社局看得到"
    assert client.get("/healthz").json == {"status": "ok", "search": "postgres"}
    configured(nobody)
    page = client.get("/courses")
    assert page.status_code == 200
    assert notice not in page.text
    assert client.get("/healthz").json == {"status": "ok", "search": "postgres, standing in for elasticsearch"}
    bureau, clerk = make.bureau(), make.user()
    make.member(bureau, user=clerk)
    login(client, clerk, bureau)
    assert notice in client.get("/courses").text


def test_an_answer_that_takes_longer_than_the_budget_is_no_answer(live_index: ElasticSettings) -> None:
    engine = ElasticsearchSearch(replace(live_index, budget_ms=1))

    def ask_on_and_on() -> None:
        for _n in range(50):  # the questions of a page share one budget
            engine.find(PLAN, size=5)

    with pytest.raises(EngineGoneError):
        ask_on_and_on()


def test_a_node_that_is_gone_is_passed_over(
    app: Flask, live_index: ElasticSettings, nobody: ElasticSettings
) -> None:
    with app.app_context(), Session(db.engine) as session:
        store.write(session, [document(1)])
        while elastic_index.push(session, live_index):
            session.commit()
        session.commit()
    both = replace(live_index, urls=(*nobody.urls, *live_index.urls))
    for _n in range(4):
        assert len(ElasticsearchSearch(both).find(PLAN, size=5).hits) == 1


def test_settings_say_where_it_is_and_who_we_are() -> None:
    given = {
        "ELASTICSEARCH_URL": "https://a.test:9200, https://b.test:9200",
        "ELASTICSEARCH_API_KEY": "a2V5",
        "ELASTICSEARCH_BUDGET_MS": "300",
        "ELASTICSEARCH_PREFIX": "city-",
    }
    settings = ElasticSettings.from_environment(given)
    assert settings == ElasticSettings(
        urls=("https://a.test:9200", "https://b.test:9200"), api_key="a2V5", budget_ms=300, prefix="city-"
    )
    assert client_for(settings)._headers["authorization"] == "ApiKey a2V5"
    signed_in = ElasticSettings(urls=("https://a.test:9200",), user="jiangtu", password="示例")
    basic = b64encode("jiangtu:示例".encode()).decode()
    assert client_for(signed_in)._headers["authorization"] == f"Basic {basic}"
    assert ElasticSettings.from_environment({}) is None
    assert ElasticSettings.from_environment({"ELASTICSEARCH_URL": " , "}) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"ELASTICSEARCH_URL": "localhost"},
        {"ELASTICSEARCH_URL": "http://a.test:9200", "ELASTICSEARCH_BUDGET_MS": "soon"},
        {"ELASTICSEARCH_URL": "http://a.test:9200", "ELASTICSEARCH_PREFIX": "Jiangtu*"},
        {"ELASTICSEARCH_URL": "http://a.test:9200", "ELASTICSEARCH_USER": "jiangtu"},
    ],
)
def test_malformed_settings_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        ElasticSettings.from_environment(wrong)
