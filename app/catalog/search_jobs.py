"""The search's jobs around people's searches: news of saved ones every morning, old log entries every night."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import procrastinate

from app import jobs
from app.catalog import asking
from app.catalog.search import log
from app.catalog.services import browsing, saved_searches, searching
from app.clock import today
from app.scope import VISITOR

CLEANING = "catalog.forget_searches"


def tell_saved_search(saved_search_id: int) -> None:
    """Look for news of one saved search, in the scope of the person who keeps it."""
    saved_searches.tell_news(saved_search_id=saved_search_id, count=count_news)


def count_news(address: str, since: datetime) -> int:
    """How many cards of a search are new; nothing of any person is asked for, so 「对我免费」 does not narrow."""
    on, generation = today(), searching.generation()
    asked = asking.read_address(address, on=on)
    understood = browsing.understand(asked.q, on=on, is_exact=asked.exact, generation=generation)
    joined = asked.joined(understood.rest, ((part.facet, part.value) for part in understood.choices))
    region_ids = {place.code: place.id for place in browsing.places(generation=generation).values()}
    query = asking.query_of(joined, understood.terms, on=on, region_ids=region_ids)
    news = replace(query, news_since=since, page=1, per_page=1)
    return searching.search(query=news, generation=generation).page.total


def forget_searches() -> None:
    """Delete what the query log has kept long enough."""
    log.forget_old()


jobs.task("catalog.tell_saved_search")(tell_saved_search)
jobs.task(CLEANING)(forget_searches)


@jobs.queue.periodic(cron="20 17 * * *")  # 01:20 in the city: the worker's clock is UTC
@jobs.queue.task(name="catalog.clean_searches", queueing_lock="catalog.clean_searches", pass_context=True)
async def clean_searches(context: procrastinate.JobContext, timestamp: int) -> None:
    """Every night."""
    await context.app.configure_task(CLEANING).defer_async(scope=VISITOR.as_job_args())
