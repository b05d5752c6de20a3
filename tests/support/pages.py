"""A test client that sends CSRF tokens and lints every page it gets."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

RAW_TOKEN = "0" * 40


def lint(html: str) -> list[str]:
    """What is wrong with a page: title, language, headings, ids, labels, inline code, leaked templates."""
    soup = BeautifulSoup(html, "html.parser")
    wrong: list[str] = []
    if soup.html is None:
        return wrong
    if not soup.html.get("lang"):
        wrong.append("no language")
    if soup.title is None or not soup.title.get_text(strip=True):
        wrong.append("no title")
    if len(soup.find_all("h1")) != 1:
        wrong.append(f"{len(soup.find_all('h1'))} h1")
    ids = Counter(tag["id"] for tag in soup.find_all(id=True))
    wrong += [f"id {name!r} {count} times" for name, count in ids.items() if count > 1]
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") in ("hidden", "submit", "button", "reset"):
            continue
        labelled = field.get("aria-label") or field.get("aria-labelledby") or field.find_parent("label")
        if not labelled and not (field.get("id") and soup.find("label", attrs={"for": field["id"]})):
            wrong.append(f"no label for {field.get('name')!r}")
    for tag in soup.find_all(True):
        if tag.get("style") is not None:
            wrong.append(f"inline style on <{tag.name}>")
        wrong += [f"inline handler {name} on <{tag.name}>" for name in tag.attrs if name.startswith("on")]
        if tag.name == "script" and not tag.get("src"):
            wrong.append("inline script")
        if tag.name == "img" and tag.get("alt") is None:
            wrong.append("image without alt")
        is_post = tag.name == "form" and (tag.get("method") or "get").lower() == "post"
        if is_post and not tag.find("input", attrs={"name": "csrf_token"}):
            wrong.append(f"form {tag.get('action')!r} without a CSRF token")
    if re.search(r"\{\{|\}\}|\{%|%\}|%\(\w+\)s|&lt;LazyString", html):
        wrong.append("leaked template code")
    return wrong


class LintingClient(FlaskClient):
    """A browser for tests: POSTs carry a valid CSRF token unless `csrf=False`; pages are linted.

    An answer is read to its end at once, as by a browser, so that what is done once it is sent has been done.
    """

    def open(self, *args: Any, csrf: bool = True, lint_page: bool = True, **kwargs: Any) -> TestResponse:
        if csrf and kwargs.get("method") == "POST":
            self._add_token(kwargs)
        response = super().open(*args, **{**kwargs, "buffered": True})
        if (
            lint_page
            and response.mimetype == "text/html"
            and response.status_code not in (301, 302, 303, 307, 308)
        ):
            text = response.get_data(as_text=True)
            wrong = lint(text) if "<html" in text else []
            assert not wrong, f"{response.request.path}: {wrong}"
        return response

    def _add_token(self, kwargs: dict[str, Any]) -> None:
        with self.session_transaction() as session:
            session["csrf_token"] = RAW_TOKEN
        serializer = URLSafeTimedSerializer(self.application.secret_key or "", salt="wtf-csrf-token")
        data = kwargs.get("data")
        if data is None or isinstance(data, dict):
            kwargs["data"] = {**(data or {}), "csrf_token": serializer.dumps(RAW_TOKEN)}
