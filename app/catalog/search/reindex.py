"""Building every stored document again: every night, at the end of a migration, and before an engine's rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from app.catalog import published
from app.catalog.documents import make_documents
from app.catalog.search import store
from app.catalog.search.models import CourseDocument
from app.catalog.search.store import AnySession
from app.clock import today

BATCH = 500


def reindex_all(session: AnySession, *, on: date | None = None) -> Iterator[int]:
    """Store the document of every published card and forget the rest; yields how many after each batch.

    Nothing is committed here: the caller commits after each batch or at the end. Cards that change meanwhile are
    safe, as an older document never replaces a newer one and a card is held while it is built.
    """
    surroundings = published.read_surroundings(session, on=on or today())
    began = store.new_version(session)
    last: UUID | None = None
    while card_ids := published.next_cards(session, after=last, most=BATCH):
        store.lock(session, card_ids)
        version = store.new_version(session)
        documents = make_documents(
            published.read_cards(session, card_ids, on=surroundings.on), surroundings, version=version
        )
        store.write(session, documents)
        last = card_ids[-1]
        yield len(documents)
    stale = session.scalars(sa.select(CourseDocument.card_id).where(CourseDocument.version < began)).all()
    for batch in store.in_batches(sorted(stale, key=lambda card_id: card_id.int), BATCH):
        store.lock(session, batch)
        store.delete(session, batch, version=began)
        yield 0
    store.forget_unsaid(session)
