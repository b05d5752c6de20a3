"""Refusals with stable codes, and the text people read for each code."""

from __future__ import annotations

import logging
from typing import Protocol

from app.i18n import lazy_gettext as _l

_log = logging.getLogger(__name__)


class Text(Protocol):
    """Anything that becomes text when shown: a plain string or a lazily translated one."""

    def __str__(self) -> str: ...


class DomainError(Exception):
    """A refusal a person can act on, named by a stable code.

    `field` is the form field at fault, if there is one; every other keyword is a parameter of the code's text.
    """

    def __init__(self, code: str, *, field: str | None = None, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.params = params


class UnknownCodeError(LookupError):
    """A code without a text: a mistake of ours, never of the person who sees it."""


_texts: dict[str, Text] = {}
_strict = True
_FALLBACK = _l("操作没有完成，请稍后再试。")


def register(code: str, text: Text) -> None:
    """Give a code its text, once, where the code is raised.

    The text is a lazily translated string with `%(name)s` parameters; a literal percent sign is written `%%`.
    Raises ValueError if the code has a text already.
    """
    if code in _texts:
        raise ValueError(f"The error code {code!r} is registered twice.")
    _texts[code] = text


def registered() -> dict[str, Text]:
    """Every code with its text (a copy), for guards and for the list of texts to translate."""
    return dict(_texts)


def configure(*, strict: bool) -> None:
    """Choose what an unknown code does: raise (the default, for tests and development) or show a general text."""
    global _strict
    _strict = strict


def message(error: DomainError) -> str:
    """What the person is told, in the language of the request.

    Raises UnknownCodeError for a code without a text and KeyError for a missing parameter; where `configure`
    was told not to be strict, either is logged and a general sentence is shown instead.
    """
    try:
        if error.code not in _texts:
            raise UnknownCodeError(f"The error code {error.code!r} has no text; register it where it is raised.")
        return str(_texts[error.code]) % error.params
    except (LookupError, TypeError, ValueError):
        if _strict:
            raise
        _log.exception("no text for the error code %r", error.code)
        return str(_FALLBACK)
