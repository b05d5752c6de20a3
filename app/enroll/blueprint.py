"""The room's blueprint; the views of the learner, the institution and the bureau put themselves on it."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("enroll", __name__)
