"""The catalog's blueprint; the views of both halves, public and desk, put themselves on it."""

from __future__ import annotations

from flask import Blueprint

from app import money

bp = Blueprint("catalog", __name__)
bp.app_template_filter("yuan")(money.yuan)
