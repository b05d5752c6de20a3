"""WHAT: courses, runs, their review, and the public catalog with its search."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages and jobs."""
