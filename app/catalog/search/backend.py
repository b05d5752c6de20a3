"""Which engine answers: PostgreSQL; or Elasticsearch, with PostgreSQL standing in while it is slow or gone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from threading import Lock
from typing import TypeVar
from uuid import UUID

from app.catalog.search import elastic, postgres
from app.catalog.search.contract import EngineGoneError, Found, SearchBackend, Suggestion
from app.catalog.search.elastic import ElasticsearchSearch
from app.catalog.search.postgres import PostgresSearch
from app.catalog.search.ranking import Plan
from app.config import ElasticSettings
from app.db import db

T = TypeVar("T")

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
_log = logging.getLogger(__name__)


class Breaker:
    """Keeps a process from asking an engine that does not answer: after a failure only now and then one may try.

    Pauses double from one to ten seconds; the first success ends them.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._pause = 0.0
        self._not_before = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the last thing heard of the engine was a failure."""
        return self._pause > 0

    def may_try(self) -> bool:
        """Whether to ask the engine; while it is broken, true for one caller after each pause."""
        with self._lock:
            if not self._pause:
                return True
            if self._clock() < self._not_before:
                return False
            self._not_before = self._clock() + self._pause
            return True

    def succeeded(self) -> None:
        """It answered."""
        with self._lock:
            self._pause = 0.0

    def failed(self) -> None:
        """It did not."""
        with self._lock:
            self._pause = min(max(2 * self._pause, SHORTEST_PAUSE), LONGEST_PAUSE)
            self._not_before = self._clock() + self._pause


class Guarded:
    """An engine with another that stands in for it; made for one page, which it then answers to the end.

    `name` is the engine that answers, and `is_fallback` whether it stands in.
    """

    def __init__(self, engine: SearchBackend, standing_in: SearchBackend, breaker: Breaker) -> None:
        self._engine = engine
        self._standing_in = standing_in
        self._breaker = breaker
        self.is_fallback = not breaker.may_try()

    @property
    def name(self) -> str:
        """The engine that answers."""
        return (self._standing_in if self.is_fallback else self._engine).name

    def find(
        self,
        plan: Plan,
        *,
        size: int,
        offset: int = 0,
        without_cards: Collection[UUID] = (),
        without_tenants: Collection[int] = (),
        is_counted: bool = True,
    ) -> Found:
        """What the engine finds, or the one that stands in."""
        return self._ask(
            lambda engine: engine.find(
                plan,
                size=size,
                offset=offset,
                without_cards=without_cards,
                without_tenants=without_tenants,
                is_counted=is_counted,
            )
        )

    def finds(self, plans: Sequence[Plan]) -> list[bool]:
        """Whether each finds anything, by the engine or the one that stands in."""
        return self._ask(lambda engine: engine.finds(plans))

    def suggest(self, typed: str, *, most: int) -> list[Suggestion]:
        """What the engine suggests, or the one that stands in."""
        return self._ask(lambda engine: engine.suggest(typed, most=most))

    def _ask(self, question: Callable[[SearchBackend], T]) -> T:
        if not self.is_fallback:
            try:
                answer = question(self._engine)
            except EngineGoneError as error:
                _log.warning("%s did not answer: %s", self._engine.name, error)
                self._breaker.failed()
                self.is_fallback = True
            else:
                self._breaker.succeeded()
                return answer
        return question(self._standing_in)


_settings: ElasticSettings | None = None
_breaker = Breaker()


def configure(settings: ElasticSettings | None) -> None:
    """Remember where Elasticsearch is; None: there is none."""
    global _settings, _breaker
    _settings, _breaker = settings, Breaker()


def elastic_settings() -> ElasticSettings | None:
    """Where Elasticsearch is, if there is one."""
    return _settings


def engine() -> PostgresSearch | Guarded:
    """The engine for this page."""
    embedded = PostgresSearch(db.session)
    return embedded if _settings is None else Guarded(ElasticsearchSearch(_settings), embedded, _breaker)


def state() -> str:
    """Which engine answers in this process, in a few words for the health page."""
    if _settings is None:
        return postgres.NAME
    return f"{postgres.NAME}, standing in for {elastic.NAME}" if _breaker.is_open else elastic.NAME
