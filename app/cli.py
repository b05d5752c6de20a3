"""Commands for operators: `flask --help` lists them; `flask db` (Flask-Migrate) migrates."""

from __future__ import annotations

import click
from flask import Flask, current_app

from app import jobs
from app.config import Settings
from app.db import db, refuse_unsafe_role


@click.command("worker")
@click.option("--concurrency", default=2, show_default=True, help="Jobs at once.")
def worker(concurrency: int) -> None:
    """Run jobs until told to stop."""
    refuse_unsafe_role(db.engine)
    settings: Settings = current_app.config["SETTINGS"]
    jobs.run_worker(settings.database_url, concurrency=concurrency)


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(worker)
