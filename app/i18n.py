"""Locales: Chinese is the source text, English the complete translation; people choose, we never guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import rjieba
from babel.dates import format_date
from flask import Flask, g, has_request_context, session
from flask_babel import (
    Babel,
    LazyString,
    force_locale,
    get_locale,
    get_translations,
    ngettext,
    npgettext,
    pgettext,
)
from markupsafe import Markup

from app.clock import local

LOCALES = ("zh", "en")
DATES = {
    "zh": {"long": "M 月 d 日（EEE）", "short": "M 月 d 日", "month": "M 月", "month_of_year": "y 年 M 月"},
    "en": {"long": "EEE, MMM d", "short": "MMM d", "month": "MMM", "month_of_year": "MMM y"},
}
_HAN = re.compile(r"[\u3400-\u9fff]")
LOCALE = "locale"

# The reader's language, known once it was asked for: a page asks hundreds of times, and Babel looks far for it.
_known: ContextVar[str | None] = ContextVar("reader_language", default=None)


babel = Babel()


def translated(string: str) -> str:
    """A source text in the reader's language; texts are written in Chinese, for which no catalogue is asked."""
    return string if code() == "zh" else str(get_translations().ugettext(string))


def gettext(string: str, /, **variables: Any) -> str:
    """A source text in the reader's language, with its variables."""
    text = translated(string)
    return text % variables if variables else text


def lazy_gettext(string: str, /, **variables: Any) -> LazyString:
    """The same, in the language of whoever reads it when it is shown."""
    return LazyString(gettext, string, **variables)


def select_locale() -> str:
    """The locale the person chose, Chinese by default."""
    if not has_request_context():
        return "zh"
    chosen = session.get(LOCALE)
    return chosen if chosen in LOCALES else "zh"


def code() -> str:
    """The current locale as "zh" or "en"."""
    known = _known.get()
    if known is None:
        current = get_locale()
        known = "en" if current is not None and current.language == "en" else "zh"
        if has_request_context():
            _known.set(known)
    return known


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Everything inside is said in this language, whoever asks for it."""
    before = _known.set(locale)
    try:
        with force_locale(locale):
            yield
    finally:
        _known.reset(before)


def pick(zh: str, en: str) -> str:
    """One of two texts that come from policy data in both languages."""
    return en if code() == "en" else zh


def day(value: date | datetime | None, style: str = "long") -> str:
    """A date as people say it: 12 月 5 日（周六） / Sat, Dec 5; styles: long, short, month, month_of_year."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = local(value).date()
    return _day(value, style, code())


@lru_cache(maxsize=4096)
def _day(value: date, style: str, locale: str) -> str:
    return format_date(value, DATES[locale][style], locale=locale)


def moment(value: datetime | None) -> str:
    """A date and time on the city's clock: 11-21 09:14 / Nov 21, 09:14."""
    if value is None:
        return ""
    at = local(value)
    return f"{day(at, 'short')}, {at:%H:%M}" if code() == "en" else f"{at:%m-%d %H:%M}"


def hour(value: datetime) -> str:
    """A time of day on the city's clock: 09:14."""
    return f"{local(value):%H:%M}"


def phrase(text: str) -> Markup:
    """A title with a place to break before each of its Chinese words; styles keep everything else together."""
    return _phrase(text.unescape() if isinstance(text, Markup) else text)


@lru_cache(maxsize=4096)
def _phrase(text: str) -> Markup:
    # A word of one character stays with the word before it, and punctuation breaks by itself.
    parts, before = [""], ""
    for word in rjieba.cut(text):
        if len(word) > 1 and _HAN.match(word) and _HAN.match(before[-1:]):
            parts.append("")
        parts[-1] += word
        before = word
    return Markup("<wbr>").join(parts)  # escapes each


def init_app(app: Flask) -> None:
    """Install Babel and the template helpers."""
    app.config["BABEL_DEFAULT_LOCALE"] = "zh"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    babel.init_app(app, locale_selector=select_locale)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        translated, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    app.jinja_env.filters.update(day=day, hour=hour, moment=moment, phrase=phrase)

    @app.before_request
    @app.teardown_request
    def _forget(_error: BaseException | None = None) -> None:
        _known.set(None)

    @app.context_processor
    def _locale() -> dict[str, Any]:
        if "locale_code" not in g:
            g.locale_code = code()
        return {"locale": g.locale_code, "pick": pick}
