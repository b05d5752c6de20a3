"""THE LAW: dated lists, groups, rules and designations, and a pure evaluator."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register this room's pages and jobs."""
