"""The big engine: Elasticsearch ranks and counts the same documents, within a time budget."""

from __future__ import annotations

import base64
import time
from collections.abc import Collection, Sequence
from functools import cache, lru_cache, partial
from itertools import islice
from typing import Any
from uuid import UUID

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch, OrjsonSerializer

from app.catalog.search.contract import EngineGoneError, Found, Suggestion
from app.catalog.search.elastic_query import (
    Json,
    counts,
    counts_body,
    exists_body,
    find_body,
    has_any,
    hits,
    suggest_body,
    suggestions,
)
from app.catalog.search.postgres import SUGGESTED, in_turn
from app.catalog.search.ranking import Plan, is_broad, only_best
from app.config import ElasticSettings

NAME = "elasticsearch"


def alias_of(settings: ElasticSettings) -> str:
    """The name the live index goes by."""
    return f"{settings.prefix}courses"


@cache
def client_for(settings: ElasticSettings) -> Elasticsearch:
    """This process's client: its connections are kept, and nodes that do not answer are avoided."""
    who: dict[str, Any] = {}
    if settings.api_key:
        who["api_key"] = settings.api_key
    elif settings.user:
        # Encoded here: the client takes no password beyond ASCII.
        who["basic_auth"] = base64.b64encode(f"{settings.user}:{settings.password}".encode()).decode()
    if settings.ca_certs:
        who["ca_certs"] = settings.ca_certs
    return Elasticsearch(
        list(settings.urls),
        max_retries=len(settings.urls) - 1,
        retry_on_timeout=False,
        http_compress=False,
        serializer=OrjsonSerializer(),
        **who,
    )


@lru_cache(maxsize=64)
def _client_within(settings: ElasticSettings, tenths: int) -> Elasticsearch:
    """The client that waits so many tenths of a second: making one for every question took longer than asking."""
    return client_for(settings).options(request_timeout=tenths / 10)


class ElasticsearchSearch:
    """Search over the live index; one of these answers one page, and its questions share one budget of time."""

    name = NAME
    is_fallback = False

    def __init__(self, settings: ElasticSettings) -> None:
        self._settings = settings
        self._alias = alias_of(settings)
        self._left = settings.budget_ms / 1000

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
        """Hits and counts in one request.

        Where much of everything matches, those with all points are asked for first: to score the others as well
        takes several times as long, mostly for nothing. If they are not enough it is asked again, for all.
        """
        body = partial(
            find_body, size=size, offset=offset, without_cards=without_cards, without_tenants=without_tenants
        )
        first = only_best(plan) if plan.parts and is_broad(plan) else plan
        answers = self._ask(*([body(first)] if size else []), *([counts_body(plan)] if is_counted else []))
        try:
            counted = counts(answers[-1], plan) if is_counted else None
            if not size:
                return Found((), counted)
            if first is plan:
                return Found(hits(answers[0], plan), counted)
            best = hits(answers[0], first, points=sum(part.points for part in plan.parts))
            if len(best) == size:
                return Found(best, counted)
            (answer,) = self._ask(body(plan))
            return Found(hits(answer, plan), counted)
        except KeyError as error:
            raise EngineGoneError(f"its index is of another release: there is no {error}") from error

    def finds(self, plans: Sequence[Plan]) -> list[bool]:
        """All in one request."""
        return [has_any(answer) for answer in self._ask(*map(exists_body, plans))] if plans else []

    def suggest(self, typed: str, *, most: int) -> list[Suggestion]:
        """Courses and institutions, in turn, from the index's completions."""
        if not typed:
            return []
        (response,) = self._ask(suggest_body(typed, kinds=SUGGESTED, most=most))
        return list(islice(in_turn(suggestions(response, kinds=SUGGESTED)), most))

    def _ask(self, *bodies: Json) -> list[Json]:
        """Searches in one request; raises EngineGoneError if one fails in any way, is not whole, or time is up."""
        if self._left <= 0:
            raise EngineGoneError("the time for this page is up")
        header = {"index": self._alias, "allow_partial_search_results": False}
        began = time.monotonic()
        try:
            client = _client_within(self._settings, max(int(self._left * 10), 1))
            searches = [each for body in bodies for each in (header, body)]
            answers: list[Json] = client.msearch(searches=searches)["responses"]
        except (ApiError, TransportError) as error:
            raise EngineGoneError(f"{type(error).__name__}: {error}") from error
        finally:
            self._left -= time.monotonic() - began
        for answer in answers:
            if "error" in answer:
                raise EngineGoneError(f"{answer['status']}: {answer['error'].get('reason')}")
            if answer["timed_out"] or answer["_shards"]["failed"]:
                raise EngineGoneError("it answered from a part of the index only")
        return answers
