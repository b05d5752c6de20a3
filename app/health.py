"""Whether this process and its database answer: for load balancers and the supervisor."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import Blueprint, Flask

from app.db import db
from app.security import access

bp = Blueprint("health", __name__)
_reports: dict[str, Callable[[], str]] = {}


def report(name: str, state: Callable[[], str]) -> None:
    """Let the page also say how something of a room is; nothing said here makes the process unhealthy."""
    _reports[name] = state


@bp.get("/healthz")
@access.anyone
def healthz() -> tuple[dict[str, str], int]:
    """Answer 200 when the database does."""
    db.session.execute(sa.text("select 1"))
    return {"status": "ok", **{name: state() for name, state in _reports.items()}}, 200


def init_app(app: Flask) -> None:
    """Register the health page."""
    app.register_blueprint(bp)
