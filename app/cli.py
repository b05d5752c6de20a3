"""Commands for operators: `flask --help` lists them; `flask db` (Flask-Migrate) migrates."""

from __future__ import annotations

from datetime import date

import click
from flask import Flask, current_app
from sqlalchemy.orm import Session

from app import jobs
from app.catalog import reference
from app.catalog.search.commands import reindex, search
from app.catalog.services import browsing
from app.config import Settings
from app.db import db, owner_engine, refuse_unsafe_role
from app.policy import commands, services, store
from app.policy.verdict import Offer
from app.seed import demo_logins, guard, seed


@click.command("init")
def init() -> None:
    """Load the policy's files and the bundled synonyms into the database; run again after changing them."""
    with Session(owner_engine()) as session, session.begin():
        store.load(session)
        reference.load(session)
    click.echo("policy loaded")


@click.command("worker")
@click.option("--concurrency", default=2, show_default=True, help="Jobs at once.")
def worker(concurrency: int) -> None:
    """Run jobs until told to stop."""
    refuse_unsafe_role(db.engine)
    settings: Settings = current_app.config["SETTINGS"]
    guard.refuse_demo(db.engine, production=settings.production)
    jobs.run_worker(settings.database_url, concurrency=concurrency)


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(init)
    app.cli.add_command(worker)
    app.cli.add_command(reindex)
    app.cli.add_command(search)
    app.cli.add_command(seed)
    app.cli.add_command(demo_logins)
    commands.init_app(app, offer_of_course=_offer_of_course)


def _offer_of_course(course_id: int, on: date) -> Offer | None:
    """A published course as the rules see it on a day."""
    found = browsing.public_course(course_id)
    if found is None:
        return None
    return services.offer_for(
        trade=found.trade,
        level=found.revision.level,
        fee_fen=found.revision.fee_fen,
        form=found.revision.form.value,
        tenant_id=found.course.tenant_id,
        is_subsidised=found.revision.is_subsidised,
        on=on,
    )
