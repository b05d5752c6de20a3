"""WHO: regions, organisations, people, membership, permissions, sign-in."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages, jobs, notices and desk items, and answer the boundary's question who may."""
    from app import notifications
    from app.tenants import desk, notices, rail, session, views
    from app.tenants import jobs as _jobs  # noqa: F401 - importing it registers the jobs

    app.extensions["jiangtu_may"] = session.is_member_with
    notifications.addresses_from(notices.addresses_of)
    notifications.locale_from(notices.locale_of)
    rail.register()
    desk.init_app(app)
    app.register_blueprint(views.bp)
