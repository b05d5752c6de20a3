"""Commands for operators: `flask --help` lists them; `flask db` (Flask-Migrate) migrates."""

from __future__ import annotations

import click
from flask import Flask, current_app
from sqlalchemy.orm import Session

from app import jobs
from app.catalog import reference
from app.catalog.search.commands import reindex, search
from app.config import Settings
from app.db import db, owner_engine, refuse_unsafe_role
from app.policy import store
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
