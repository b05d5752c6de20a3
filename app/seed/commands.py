"""`flask seed` builds the demo city; `flask demo-logins` says how to get in."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from tqdm import tqdm

from app import clock
from app.catalog.models import CourseRevision
from app.catalog.search.models import CourseDocument
from app.config import Settings
from app.db import db, owner_engine
from app.seed import accounts, guard
from app.seed.city import NotEmptyError, Plan, build
from app.seed.documents import build_all


@click.command("seed")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The demo city's first day.  [default: today]")
@click.option("--scale", type=click.IntRange(1, 500), default=1, show_default=True, help="Times as large.")
@click.option("--courses", type=click.IntRange(0), default=0, help="Grow the catalog alone to so many courses.")
@click.option("--seed", "number", default=2019, show_default=True, help="Another number, another city.")
@with_appcontext
def seed(today: datetime | None, scale: int, courses: int, number: int) -> None:
    """Build a believable demo city, once; everything in it is made up and marked 示例."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.production:
        raise click.ClickException("The demo city has no place in production (JIANGTU_ENV=production).")
    plan = Plan(today=today.date() if today else clock.today(), seed=number, scale=scale, courses=courses)
    bars: dict[str, tqdm[NoReturn]] = {}

    def progress(what: str, count: int, total: int) -> None:
        if what not in bars:
            bars[what] = tqdm(total=total, unit=what, disable=None if total > 1 else True)
        bars[what].update(count)

    engine = owner_engine()
    try:
        written = build(engine, plan, progress=progress)
    except NotEmptyError as error:
        raise click.ClickException(
            "This database has organisations of its own: the demo city wants an empty one."
        ) from error
    finally:
        for bar in bars.values():
            bar.close()
    indexed = _index(engine, settings, plan, is_changed=bool(written))
    engine.dispose()
    if not written:
        click.echo("The demo city is already there; nothing was changed.")
        return
    named = ("tenants", "courses", "course_runs", "learner_profiles", "enrollments")
    click.echo(
        "; ".join(f"{written.get(name, 0):,} {name}" for name in named) + f"; {indexed:,} cards to be found"
    )


def _index(owner: Engine, settings: Settings, plan: Plan, *, is_changed: bool) -> int:
    """Build the public search where it is not this city's; also where an earlier seed was stopped before it."""
    with Session(owner) as session:
        cards = select(func.count(CourseRevision.card_id.distinct())).where(CourseRevision.is_live)
        live = session.scalar(cards) or 0
        stored = session.scalar(select(func.count(CourseDocument.card_id))) or 0
    if is_changed or stored < live:
        with tqdm(total=live, unit="document", disable=None if live > 1000 else True) as bar:
            return build_all(owner, settings, on=plan.today, progress=bar.update)
    return stored


@click.command("demo-logins")
@with_appcontext
def demo_logins() -> None:
    """Say how to sign in to the demo city."""
    if guard.has_demo(db.engine):
        click.echo(accounts.table())
    else:
        click.echo("There is no demo city in this database; `flask seed` builds one.")
