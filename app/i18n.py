"""Locales: Chinese is the source text, English the complete translation; people choose, we never guess."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask, g, has_request_context, session
from flask_babel import Babel, Domain, format_date, get_locale, get_translations, ngettext, npgettext, pgettext

from app.clock import local

LOCALES = ("zh", "en")
LOCALE = "locale"


class SourceDomain(Domain):
    """Texts are written in Chinese: for a Chinese reader no catalogue is asked."""

    def gettext(self, string: str, **variables: Any) -> str:
        """The text in the reader's language."""
        text = translated(string)
        return text % variables if variables else text


babel = Babel()
babel.domain_instance = SourceDomain()


def translated(string: str) -> str:
    """A source text in the reader's language."""
    return string if code() == "zh" else str(get_translations().ugettext(string))


def select_locale() -> str:
    """The locale the person chose, Chinese by default."""
    if not has_request_context():
        return "zh"
    chosen = session.get(LOCALE)
    return chosen if chosen in LOCALES else "zh"


def code() -> str:
    """The current locale as "zh" or "en"."""
    current = get_locale()
    return "en" if current is not None and current.language == "en" else "zh"


def pick(zh: str, en: str) -> str:
    """One of two texts that come from policy data in both languages."""
    return en if code() == "en" else zh


def day(value: date | datetime | None, style: str = "long") -> str:
    """A date as people say it: 12月5日（周六）/ Sat, Dec 5."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = local(value).date()
    if code() == "en":
        return format_date(value, "EEE, MMM d" if style == "long" else "MMM d")
    weekday = "一二三四五六日"[value.weekday()]
    text = f"{value.month} 月 {value.day} 日"
    return f"{text}（周{weekday}）" if style == "long" else text


def moment(value: datetime | None) -> str:
    """A date and time on the city's clock: 11-21 09:14."""
    return f"{local(value):%m-%d %H:%M}" if value else ""


def init_app(app: Flask) -> None:
    """Install Babel and the template helpers."""
    app.config["BABEL_DEFAULT_LOCALE"] = "zh"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    babel.init_app(app, locale_selector=select_locale)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        translated, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    app.jinja_env.filters.update(day=day, moment=moment)

    @app.context_processor
    def _locale() -> dict[str, Any]:
        if "locale_code" not in g:
            g.locale_code = code()
        return {"locale": g.locale_code, "pick": pick}
