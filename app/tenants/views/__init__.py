"""The room's pages, one module per noun, all on one blueprint."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("tenants", __name__)

from app.tenants.views import (  # noqa: E402 - the modules put their views on the blueprint above
    account,
    audit,
    desks,
    members,
    organisations,
    reset_codes,
    resets,
    reviews,
    sign_in,
)

__all__ = [
    "account",
    "audit",
    "bp",
    "desks",
    "members",
    "organisations",
    "reset_codes",
    "resets",
    "reviews",
    "sign_in",
]
