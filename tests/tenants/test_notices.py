"""Notices: written once, and sent by jobs of their own."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import notifications, scope
from app.db import db
from app.scope import Scope
from tests.factories import Make


@pytest.fixture
def dead_mail(app: Flask) -> Iterator[None]:
    """A mail server that refuses every connection."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, smtp_url=f"smtp://127.0.0.1:{port}")
    yield
    app.config["SETTINGS"] = before


def tell(app: Flask, user_id: int) -> None:
    kind = next(iter(sorted(notifications.kinds())))
    texts = [str(text) for text in notifications.kinds()[kind]]
    params = {name: "示例" for text in texts for name in re.findall(r"%\((\w+)\)", text)}
    with app.app_context(), scope.opened(Scope(actor_id=user_id)):
        notifications.send(user_id, kind, dedupe="once", **params)
        db.session.commit()


def test_a_mail_server_that_is_down_keeps_nobody_from_their_notice(
    app: Flask, make: Make, run_jobs: Callable[[], list[str]], look: Callable[..., Any], dead_mail: None
) -> None:
    user = make.user(email="learner@example.com")
    tell(app, user.id)
    with pytest.raises(ConnectionRefusedError):
        run_jobs()
    assert look("select count(*) from notices")[0][0] == 1


def test_the_same_notice_is_written_and_sent_once(
    app: Flask, make: Make, run_jobs: Callable[[], list[str]], look: Callable[..., Any]
) -> None:
    user = make.user(email="learner@example.com")
    tell(app, user.id)
    tell(app, user.id)
    assert run_jobs() == ["notifications.deliver", "notifications.deliver", "notifications.transmit"]
    assert look("select count(*) from notices")[0][0] == 1
