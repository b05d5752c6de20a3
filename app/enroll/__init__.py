"""WHO LEARNS: profiles, decisions, proofs, seats, waitlist and enrollments."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages and jobs."""
