"""Response headers."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, session

MakeApp = Callable[..., Flask]


def _with_pages(app: Flask) -> Flask:
    @app.get("/public")
    def public() -> str:
        return "public"

    @app.get("/sign-in")
    def sign_in() -> str:
        session["_user_id"] = "1"
        return "signed in"

    return app


def test_every_response_carries_the_strict_headers_also_a_404(make_app: MakeApp) -> None:
    client = _with_pages(make_app()).test_client()
    for path in ("/public", "/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in headers


def test_the_content_policy_starts_from_nothing_and_has_no_exceptions(make_app: MakeApp) -> None:
    policy = make_app().test_client().get("/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["form-action"] == "'self'"
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy


def test_production_insists_on_tls(make_app: MakeApp) -> None:
    client = make_app(production=True).test_client()
    assert client.get("/").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_pages_of_someone_signed_in_are_never_stored(make_app: MakeApp) -> None:
    client = _with_pages(make_app()).test_client()
    assert "Cache-Control" not in client.get("/public").headers
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert client.get("/public").headers["Cache-Control"] == "no-store"


def test_static_files_stay_cacheable_for_everyone(make_app: MakeApp) -> None:
    app = _with_pages(make_app())
    app.view_functions["static"] = lambda filename: f"body of {filename}"
    client = app.test_client()
    client.get("/sign-in")
    headers = client.get("/static/app.css").headers
    assert "no-store" not in headers.get("Cache-Control", "")
    assert "Cookie" not in headers.get("Vary", "")
