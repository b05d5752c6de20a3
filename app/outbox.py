"""The development outbox: mail and SMS that would have been sent, for everyone to read. Absent in production."""

from __future__ import annotations

import email
import email.policy
from typing import Any

from flask import Blueprint, Flask, current_app, render_template

from app.notifications import outbox_folder
from app.security import access

bp = Blueprint("outbox", __name__)
SHOWN = 50


@bp.get("/outbox")
@access.anyone
def index() -> str:
    """The newest messages, newest first."""
    folder = outbox_folder(current_app.config["SETTINGS"])
    messages: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.eml"), reverse=True)[:SHOWN] if folder.is_dir() else []:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body()
        messages.append(
            {
                "channel": path.stem.rsplit("-", 1)[-1],
                "to": message["To"],
                "subject": message["Subject"],
                "body": body.get_content() if body is not None and hasattr(body, "get_content") else "",
            }
        )
    return render_template("outbox.html", messages=messages)


def init_app(app: Flask) -> None:
    """Register the outbox unless settings are production."""
    if not app.config["SETTINGS"].production:
        app.register_blueprint(bp)
