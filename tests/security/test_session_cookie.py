"""The encrypted session cookie."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask, Response, flash, jsonify, session
from werkzeug.test import Client, TestResponse

from app.security import LARGEST_COOKIE, SessionTooLargeError

MakeApp = Callable[..., Flask]


def _client(app: Flask) -> Client:
    @app.get("/keep/<value>")
    def keep(value: str) -> str:
        session["answer"] = value
        return "kept"

    @app.get("/keep-long/<int:size>")
    def keep_long(size: int) -> str:
        session["answer"] = "长" * size
        return "kept"

    @app.get("/flash-long/<int:size>")
    def flash_long(size: int) -> str:
        session["answer"] = "kept"
        flash("长" * size)
        return "flashed"

    @app.get("/permanent")
    def permanent() -> str:
        session.permanent = True
        session["answer"] = "permanent"
        return "kept"

    @app.get("/read")
    def read() -> Response:
        return jsonify(dict(session))

    @app.get("/clear")
    def clear() -> str:
        session.clear()
        return "cleared"

    return app.test_client()


def _cookie(response: TestResponse) -> str:
    return response.headers.get("Set-Cookie", "")


def test_what_is_kept_comes_back_and_cannot_be_read_from_the_cookie(make_app: MakeApp) -> None:
    client = _client(make_app())
    value = _cookie(client.get("/keep/registered-unemployed")).split("=", 1)[1].split(";")[0]
    assert client.get("/read").json == {"answer": "registered-unemployed"}
    assert b"unemployed" not in base64.urlsafe_b64decode(value)


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(make_app: MakeApp) -> None:
    cookie = _cookie(_client(make_app()).get("/keep/1"))
    assert cookie.startswith("jiangtu=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_in_production_the_cookie_belongs_to_this_host_over_tls_alone(make_app: MakeApp) -> None:
    cookie = _cookie(_client(make_app(production=True)).get("/keep/1", base_url="https://localhost"))
    assert cookie.startswith("__Host-jiangtu=")
    assert "; Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("value", ["", "nonsense", "gAAAAA==", "中", "a" * 500])
def test_a_cookie_that_is_not_ours_opens_an_empty_session(make_app: MakeApp, value: str) -> None:
    client = _client(make_app())
    client.set_cookie("jiangtu", value)
    response = client.get("/read")
    assert (response.status_code, response.json) == (200, {})


def test_an_altered_cookie_opens_an_empty_session(make_app: MakeApp) -> None:
    client = _client(make_app())
    client.get("/keep/1")
    kept = client.get_cookie("jiangtu")
    assert kept is not None
    middle = len(kept.value) // 2
    swapped = "A" if kept.value[middle] != "A" else "B"
    client.set_cookie("jiangtu", kept.value[:middle] + swapped + kept.value[middle + 1 :])
    assert client.get("/read").json == {}


def test_a_session_ends_when_its_lifetime_is_over(make_app: MakeApp) -> None:
    app = make_app()
    app.permanent_session_lifetime = timedelta(hours=8)
    client = _client(app)
    with time_machine.travel("2026-03-01T08:00:00Z", tick=False) as clock:
        client.get("/keep/1")
        clock.shift(timedelta(hours=7, minutes=59))
        assert client.get("/read").json == {"answer": "1"}
        clock.shift(timedelta(minutes=2))
        assert client.get("/read").json == {}


def test_a_permanent_session_is_renewed_by_use(make_app: MakeApp) -> None:
    app = make_app()
    app.permanent_session_lifetime = timedelta(hours=8)
    client = _client(app)
    with time_machine.travel("2026-03-01T08:00:00Z", tick=False) as clock:
        assert "Expires=" in _cookie(client.get("/permanent"))
        for _ in range(3):
            clock.shift(timedelta(hours=7))
            assert client.get("/read").json == {"answer": "permanent", "_permanent": True}


def test_a_new_key_still_reads_sessions_of_the_old_one_until_that_is_dropped(make_app: MakeApp) -> None:
    before = _client(make_app(secret_keys=("old" * 12,)))
    before.get("/keep/1")
    kept = before.get_cookie("jiangtu")
    assert kept is not None
    rotated = _client(make_app(secret_keys=("new" * 12, "old" * 12)))
    rotated.set_cookie("jiangtu", kept.value)
    assert rotated.get("/read").json == {"answer": "1"}
    dropped = _client(make_app(secret_keys=("new" * 12,)))
    dropped.set_cookie("jiangtu", kept.value)
    assert dropped.get("/read").json == {}


def test_clearing_the_session_removes_the_cookie(make_app: MakeApp) -> None:
    client = _client(make_app())
    client.get("/keep/1")
    client.get("/clear")
    assert client.get_cookie("jiangtu") is None


def test_a_session_that_a_browser_would_drop_is_refused_aloud(make_app: MakeApp) -> None:
    client = _client(make_app())
    with pytest.raises(SessionTooLargeError):
        client.get("/keep-long/1200")


def test_chinese_text_is_kept_in_three_bytes_a_character(make_app: MakeApp) -> None:
    client = _client(make_app())
    cookie = _cookie(client.get("/keep-long/850"))
    assert len(cookie.split(";")[0]) <= LARGEST_COOKIE
    assert client.get("/read").json == {"answer": "长" * 850}


def test_flashed_messages_are_given_up_before_anything_else(make_app: MakeApp) -> None:
    client = _client(make_app())
    client.get("/flash-long/1200")
    assert client.get("/read").json == {"answer": "kept"}


def test_without_a_key_there_is_no_session_to_write(make_app: MakeApp) -> None:
    app = make_app()
    app.secret_key = None
    with pytest.raises(RuntimeError, match="secret key"):
        _client(app).get("/keep/1")
