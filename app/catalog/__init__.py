"""WHAT: courses, runs, their review, and the public catalog with its search."""

from __future__ import annotations

from flask import Flask

from app import health


def init_app(app: Flask) -> None:
    """Register this room's pages and jobs."""
    from app.catalog import engine_jobs, jobs, search_jobs, texts  # noqa: F401
    from app.catalog.blueprint import bp
    from app.catalog.search import backend
    from app.catalog.views import (  # noqa: F401
        demand,
        desk,
        lessons,
        near,
        picks,
        programmes,
        public,
        results,
        reviews,
        runs,
        saved_searches,
        suggestions,
        synonyms,
    )

    backend.configure(app.config["SETTINGS"].elastic)
    health.report("search", backend.state)
    app.register_blueprint(bp)
    app.jinja_env.globals.update(courses_for_me=picks.courses_for_me, courses_under=picks.courses_under)
