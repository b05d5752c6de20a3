"""The catalog's blueprint; the views of both halves, public and desk, put themselves on it."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("catalog", __name__)
