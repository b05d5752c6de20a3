"""Building the whole index again: `flask reindex`, every night, and at the end of a seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from tqdm import tqdm

from app import scope
from app.catalog.documents import AnySession, build_documents, new_version
from app.catalog.models import Course, CourseDocument
from app.catalog.search.contract import SearchBackend
from app.catalog.search.postgres import PostgresSearch
from app.clock import today
from app.db import db

BATCH = 1000


def reindex_all(
    session: AnySession, *, search: SearchBackend | None = None, on: date | None = None
) -> Iterator[int]:
    """Index every published course and forget the rest; yields the number of documents after each batch.

    Nothing is committed here: the caller commits after each batch or at the end. Courses that change meanwhile are
    safe, as an older document never replaces a newer one.
    """
    on = on or today()
    search = search or PostgresSearch(session)
    began = new_version(session)
    last = 0
    while True:
        ids = list(
            session.scalars(
                sa.select(Course.id).where(Course.is_live, Course.id > last).order_by(Course.id).limit(BATCH)
            )
        )
        if not ids:
            break
        documents = build_documents(session, ids, on=on)
        search.index(documents)
        session.expunge_all()
        last = ids[-1]
        yield len(documents)
    search.delete(session.scalars(sa.select(CourseDocument.course_id).where(CourseDocument.version < began)).all())


@click.command("reindex")
@with_appcontext
def reindex() -> None:
    """Build the public search again from the published courses."""
    with scope.opened(scope.VISITOR), tqdm(unit="course") as bar:
        for count in reindex_all(db.session):
            db.session.commit()
            bar.update(count)
        db.session.commit()
    click.echo(f"{bar.n} courses can be found.")
