"""What a person may sign in with: a name, a mobile number or a mail address, each in one spelling."""

from __future__ import annotations

import re

from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l
from app.pii import normalise
from app.tenants.identifiers import IdentifierError, check_mobile
from app.tenants.models import LoginKind

LONGEST = 254
SHORTEST_NAME, LONGEST_NAME = 2, 32

_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"\\]{1,64}@(?:[^@\s.,;<>()\[\]\"\\]+\.)+[^@\s.,;<>()\[\]\"\\]{2,}")
_NAME = re.compile(r"\w[\w.\-·]*")
_NUMBER = re.compile(r"[+\d\-()]+")

register("login_empty", _l("请填写用户名、手机号或邮箱。"))
register("login_email_shape", _l("这不像一个邮箱地址，例如 name@example.cn。"))
register("login_phone_shape", _l("用户名不能全是数字；如果是手机号，请填写11位号码。"))
register("login_name_length", _l("用户名应有%(low)s到%(high)s个字。"))
register("login_name_characters", _l("用户名可以用汉字、字母、数字、点、横线和下划线，不能有空格或其他符号。"))


def key_of(text: str) -> str:
    """The spelling a login is looked up by, whatever was typed; never raises."""
    value = "".join(c for c in normalise(text) if c.isprintable())[:LONGEST]
    try:
        return check_mobile(value)
    except IdentifierError:
        return value


def read(text: str) -> tuple[LoginKind, str]:
    """The kind and spelling of a new login.

    Raises DomainError (field `login`) with login_empty, _email_shape, _phone_shape, _name_length or
    _name_characters.
    """
    value = normalise(text)
    if not value:
        raise DomainError("login_empty", field="login")
    if "@" in value:
        if len(value) > LONGEST or not _EMAIL.fullmatch(value):
            raise DomainError("login_email_shape", field="login")
        return LoginKind.EMAIL, value
    if _NUMBER.fullmatch(value):
        try:
            return LoginKind.PHONE, check_mobile(value)
        except IdentifierError as error:
            raise DomainError("login_phone_shape", field="login") from error
    if not SHORTEST_NAME <= len(value) <= LONGEST_NAME:
        raise DomainError("login_name_length", field="login", low=SHORTEST_NAME, high=LONGEST_NAME)
    if not _NAME.fullmatch(value):
        raise DomainError("login_name_characters", field="login")
    return LoginKind.NAME, value


def masked(kind: LoginKind, value: str) -> str:
    """The login as others may see it: 138****1234, l***@example.cn; a name stays."""
    if kind is LoginKind.PHONE:
        return f"{value[:3]}****{value[-4:]}"
    if kind is LoginKind.EMAIL:
        name, _, host = value.partition("@")
        return f"{name[:1]}***@{host}"
    return value
