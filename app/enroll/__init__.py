"""WHO LEARNS: profiles, decisions, proofs, seats, waitlist and enrollments."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages, jobs and desk lines."""
    from app.enroll import commands as commands
    from app.enroll import jobs as jobs
    from app.enroll import texts as texts
    from app.enroll.blueprint import bp
    from app.enroll.views import applying, asking, bureau, desk, mine, profile, proofs, registers, roster  # noqa: F401

    desk.register()
    app.register_blueprint(bp)
