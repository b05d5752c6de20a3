"""WHO LEARNS: profiles, decisions, proofs, seats, waitlist and enrollments."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages, jobs and desk lines."""
    from app.enroll import commands as commands
    from app.enroll import jobs as jobs
    from app.enroll import texts as texts
    from app.enroll.blueprint import bp
    from app.enroll.services import profiles
    from app.enroll.views import applying, asking, bureau, desk, mine, profile, proofs, registers, roster  # noqa: F401
    from app.tenants import resets

    desk.register()
    resets.numbers_from(profiles.is_own_number)
    app.register_blueprint(bp)
