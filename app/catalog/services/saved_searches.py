"""Searches someone keeps: saved, paused, forgotten, and looked through every morning for something new.

The job runs in the person's own scope and asks what the address says; answers about the person are not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app import jobs, notifications, scope
from app.catalog.asking import LONGEST_ADDRESS
from app.catalog.search.models import SavedSearch
from app.clock import CITY_ZONE, local, now
from app.db import db
from app.errors import DomainError

MOST = 20
MORNING = time(8, 0)


def list_saved() -> list[SavedSearch]:
    """The searches of the person in scope, the newest first."""
    return list(db.session.scalars(sa.select(SavedSearch).order_by(SavedSearch.id.desc())))


def find_saved(*, address: str) -> SavedSearch | None:
    """The saved search with this address, if there is one."""
    return db.session.scalars(sa.select(SavedSearch).where(SavedSearch.address == address)).one_or_none()


def save_search(*, address: str) -> SavedSearch:
    """Keep a search, or tell about it again if it is kept already; the worker looks for news from now on.

    Raises DomainError: saved_search_empty, saved_search_too_long, too_many_saved_searches.
    """
    if not address:
        raise DomainError("saved_search_empty")
    if len(address) > LONGEST_ADDRESS:
        raise DomainError("saved_search_too_long")
    user_id = scope.require().actor_id
    if find_saved(address=address) is None and len(list_saved()) >= MOST:
        raise DomainError("too_many_saved_searches", most=MOST)
    saved_id = db.session.scalars(
        insert(SavedSearch)
        .values(user_id=user_id, address=address, is_told=True, seen_at=now())
        .on_conflict_do_update(index_elements=["user_id", "address"], set_={"is_told": True})
        .returning(SavedSearch.id)
    ).one()
    saved = db.session.get_one(SavedSearch, saved_id)
    _look_tomorrow(saved)
    return saved


def pause(*, saved_search_id: int) -> SavedSearch | None:
    """Tell no more about a search for now; None if there is none."""
    saved = _own(saved_search_id)
    if saved is not None:
        saved.is_told = False
    return saved


def resume(*, saved_search_id: int) -> SavedSearch | None:
    """Tell about a search again, from now on; None if there is none."""
    saved = _own(saved_search_id)
    if saved is not None and not saved.is_told:
        saved.is_told, saved.seen_at = True, now()
        _look_tomorrow(saved)
    return saved


def forget(*, saved_search_id: int) -> bool:
    """Forget a search; whether there was one."""
    saved = _own(saved_search_id)
    if saved is None:
        return False
    db.session.delete(saved)
    return True


def ensure_looking() -> None:
    """Have the worker look tomorrow for every search that is told about, should its chain of jobs be broken."""
    for saved in list_saved():
        if saved.is_told:
            _look_tomorrow(saved)


def tell_news(*, saved_search_id: int, count: Callable[[str, datetime], int]) -> int:
    """Look for news once: one notice if there is something, then again tomorrow; how many cards are new.

    `count(address, since)` is the search. Run twice it finds nothing the second time.
    """
    saved = _own(saved_search_id)
    if saved is None or not saved.is_told:
        return 0
    since, saved.seen_at = saved.seen_at, now()
    found = count(saved.address, since)
    if found:
        saved.news, saved.news_since = found, since
        dedupe = f"search:{saved.id}:{local(saved.seen_at):%Y-%m-%d}"
        notifications.send(saved.user_id, "saved_search_news", dedupe=dedupe, n=found)
    _look_tomorrow(saved)
    return found


def next_morning(instant: datetime) -> datetime:
    """The next time the city's clock shows `MORNING`, on another day."""
    return datetime.combine(local(instant).date() + timedelta(days=1), MORNING, CITY_ZONE)


def _own(saved_search_id: int) -> SavedSearch | None:
    return db.session.scalars(sa.select(SavedSearch).where(SavedSearch.id == saved_search_id)).one_or_none()


def _look_tomorrow(saved: SavedSearch) -> None:
    jobs.enqueue(
        "catalog.tell_saved_search",
        scope=scope.Scope(actor_id=saved.user_id),
        at=next_morning(now()),
        once=f"saved-search:{saved.id}",
        saved_search_id=saved.id,
    )
