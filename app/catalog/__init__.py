"""WHAT: courses, runs, their review, and the public catalog with its search."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages and jobs."""
    from app.catalog import jobs, texts  # noqa: F401
    from app.catalog.blueprint import bp
    from app.catalog.views import desk, lessons, public, reviews, runs  # noqa: F401

    app.register_blueprint(bp)
