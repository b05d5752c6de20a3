"""Whether this process and its database answer: for load balancers and the supervisor."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Flask

from app.db import db
from app.security import access

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@access.anyone
def healthz() -> tuple[dict[str, str], int]:
    """Answer 200 when the database does."""
    db.session.execute(sa.text("select 1"))
    return {"status": "ok"}, 200


def init_app(app: Flask) -> None:
    """Register the health page."""
    app.register_blueprint(bp)
