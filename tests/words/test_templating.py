"""Templates compiled to shorter code put out what Jinja's own would."""

from __future__ import annotations

from typing import Any

import flask
import pytest
from flask import Flask
from flask.templating import Environment
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from app import http
from app.i18n import gettext, lazy_gettext, speaking
from app.templating import Templates

HOSTILE = """<b class="x" id='y'>&amp;</b>"""
SOURCES = [
    "{{ value }}",
    "{{ [value, value] }}",
    "{{ value | upper }}{{ value | e }}{{ value | safe }}",
    "{{ 'a' ~ value ~ '<' }}",
    "{{ value if value else '&' }}{{ missing }}",
    "{% set kept %}<i>{{ value }}</i>{% endset %}{{ kept }}{{ kept | length }}",
    "{% macro m(x) %}<i>{{ x }}</i>{{ caller() if caller }}{% endmacro %}{{ m(value) }}",
    "{% macro m(x) %}{{ x }}{{ caller() }}{% endmacro %}{% call m('&') %}{{ value }}{% endcall %}",
    "{% filter upper %}{{ value }}{% endfilter %}",
    "{% for each in [value, 1, none, 2.5, true] %}{{ each }}{{ loop.index }}{% endfor %}",
    "{% autoescape false %}{{ value }}{{ _('找课程') }}{% endautoescape %}{{ value }}",
    "{% autoescape value == '' %}{{ value }}{{ _('%(n)s 元', n=value) }}{% endautoescape %}",
    "{{ _('找课程') }}<{{ _('%(n)s 元', n=value) }}{{ _('%(n)s 元', n=5) | upper }}",
    "{{ '、'.join([_('找课程'), _('登录')]) }}{{ _('100%%') if value else '' }}",
]


class Shown:
    """Something that knows how it is shown."""

    def __html__(self) -> str:
        return "<u>&</u>"


MARKUP = Markup(HOSTILE)  # noqa: S704 - ours, to see that it is left alone
VALUES = ["", "找课程", HOSTILE, MARKUP, 5, None, 2.5, Shown(), lazy_gettext("登录")]


@given(st.one_of(st.text(), st.text("&<>'\"a"), st.integers(), st.booleans(), st.none(), st.floats()))
def test_a_value_is_escaped_as_ever(value: Any) -> None:
    assert Templates.escaped(value) == str(escape(value))


@pytest.mark.parametrize("value", VALUES, ids=[type(value).__name__ for value in VALUES])
def test_what_shows_itself_is_believed(value: Any) -> None:
    assert Templates.escaped(value) == str(escape(value))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_template_puts_out_what_jinja_would(app: Flask, source: str, locale: str) -> None:
    assert isinstance(app.jinja_env, Templates)
    plain = Environment(app, autoescape=True, extensions=["jinja2.ext.i18n"])
    plain.install_gettext_callables(gettext, gettext, newstyle=True)  # type: ignore[attr-defined]
    with app.test_request_context(), speaking(locale):
        for value in VALUES:
            ours = app.jinja_env.from_string(source).render(value=value)
            assert ours == plain.from_string(source).render(value=value), value


def test_a_text_with_its_values_cannot_bring_markup_of_theirs(app: Flask) -> None:
    with app.test_request_context():
        shown = app.jinja_env.from_string("{{ _('%(n)s 元', n=value) }}").render(value=HOSTILE)
    assert shown == f"{escape(HOSTILE)} 元"


def test_an_address_is_that_of_flask_whatever_was_asked_before(app: Flask) -> None:
    """Addresses are kept for all rows of a page; wherever the app is mounted."""
    plain = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    of_a_row = [
        (rule.endpoint, name)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and len(rule.arguments) == 1
        for name in rule.arguments
        if type(rule._converters[name]) is http.RowId
    ]
    assert plain
    assert of_a_row
    for mounted in ("/", "/training/"):
        with app.test_request_context(base_url=f"http://localhost{mounted}"):
            for number in (1, 7, 2**53):
                for endpoint, name in of_a_row:
                    assert http.url_for(endpoint, **{name: number}) == flask.url_for(endpoint, **{name: number})
                    asked = {name: number, "next": "/?a=b&c"}
                    assert http.url_for(endpoint, **asked) == flask.url_for(endpoint, **asked)
            for rule in plain:
                assert http.url_for(rule.endpoint) == flask.url_for(rule.endpoint)
                assert http.url_for(rule.endpoint, n=4) == flask.url_for(rule.endpoint, n=4)
                assert http.url_for(rule.endpoint, _anchor="x") == flask.url_for(rule.endpoint, _anchor="x")
            for file in ("css/base.css", "css/data.css"):
                assert http.url_for("static", filename=file) == flask.url_for("static", filename=file)
