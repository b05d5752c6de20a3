"""WHO: regions, organisations, people, membership, permissions, sign-in."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages and jobs."""
