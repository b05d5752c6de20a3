"""Identity numbers, credit codes and mobile numbers: pure checks, and made-up ones for the demo city.

Own functions, because the libraries refuse real people and valid codes (or raise KeyError on what was typed):
areas dissolved long ago, residence permits of 810000-830000, credit codes that begin with N, A or Y or end in 0.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.errors import DomainError, register
from app.i18n import lazy_gettext as _l

OLDEST_YEARS = 150

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

# Province-level codes of GB/T 2260, and 81-83 of the residence permits for 港澳台 residents.
_PROVINCE_CODES = """
    11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83
"""
_PROVINCES = frozenset(_PROVINCE_CODES.split())
_PERMIT_AREAS = frozenset({"810000", "820000", "830000"})


class IdentifierError(DomainError):
    """What was typed is not a valid number; the code says why."""


class Sex(StrEnum):
    """The sex an identity number states."""

    MALE = "male"
    FEMALE = "female"


class Document(StrEnum):
    """Which document an 18-digit number belongs to."""

    RESIDENT_CARD = "resident_card"
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证
    PERMANENT_RESIDENCE = "permanent_residence"  # 外国人永久居留身份证, form of 2023


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A checked identity number and what it says of its holder; `area` is six digits (GB/T 2260).

    `area_is_known` is false where no province has the code: a reason to look twice, never to refuse.
    """

    text: str
    area: str
    birth_on: date
    sex: Sex
    document: Document
    area_is_known: bool


register("id_number_empty", _l("请填写证件号码。"))
register("id_number_shape", _l("证件号码应为18位：前17位是数字，最后一位是数字或X。"))
register("id_number_15_digits", _l("15位的旧身份证号已停用，请填写二代身份证上的18位号码。"))
register("id_number_date", _l("证件号码第7至14位不是有效的出生日期，请核对。"))
register("id_number_future", _l("证件号码中的出生日期晚于今天，请核对。"))
register("id_number_too_old", _l("证件号码中的出生日期过早，请核对第7至10位的年份。"))
register("id_number_check_digit", _l("证件号码有一位不对（与最后一位校验码不符），请对照证件逐位核对。"))
register("uscc_empty", _l("请填写统一社会信用代码。"))
register("uscc_length", _l("统一社会信用代码应为18位，现在是%(length)s位。"))
register("uscc_character", _l("统一社会信用代码只含数字和大写字母，且不用I、O、S、V、Z；请检查“%(character)s”。"))
register("uscc_check_digit", _l("统一社会信用代码有一位不对（与最后一位校验码不符），请对照证照逐位核对。"))
register("mobile_empty", _l("请填写手机号。"))
register("mobile_shape", _l("请填写11位的中国大陆手机号，例如13812345678。"))
register("contact_phone_shape", _l("请填写11位手机号，或带区号的座机，例如0311-86012345。"))


def check_id_number(text: str, on: date) -> IdNumber:
    """Check an 18-digit identity number (GB 11643) on a day and read what it states.

    Full-width characters, blanks and a small x are accepted. Raises IdentifierError with id_number_empty, _shape,
    _15_digits, _date, _future, _too_old or _check_digit.
    """
    number = _tidy(text)
    if not number:
        raise IdentifierError("id_number_empty")
    if re.fullmatch(r"[0-9]{15}", number):
        raise IdentifierError("id_number_15_digits")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise IdentifierError("id_number_shape")
    try:
        birth_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdentifierError("id_number_date") from None
    if birth_on > on:
        raise IdentifierError("id_number_future")
    if (birth_on.year + OLDEST_YEARS, birth_on.month, birth_on.day) < (on.year, on.month, on.day):
        raise IdentifierError("id_number_too_old")
    if number[17] != _id_check_digit(number[:17]):
        raise IdentifierError("id_number_check_digit")
    area = number[:6]
    document = _document(area)
    return IdNumber(
        text=number,
        area=area,
        birth_on=birth_on,
        sex=Sex.MALE if int(number[16]) % 2 else Sex.FEMALE,
        document=document,
        area_is_known=document is not Document.RESIDENT_CARD or area[:2] in _PROVINCES,
    )


def check_uscc(text: str) -> str:
    """Check a unified social credit code (GB 32100) and return it in its written form, 18 characters.

    Small letters, full-width characters, blanks and dashes are accepted, and any registering body (N, A, Y too).
    Raises IdentifierError with uscc_empty, _length, _character or _check_digit.
    """
    code = _without_dashes(_tidy(text))
    if not code:
        raise IdentifierError("uscc_empty")
    for character in code:
        if character not in _USCC_ALPHABET:
            raise IdentifierError("uscc_character", character=character)
    if len(code) != 18:
        raise IdentifierError("uscc_length", length=len(code))
    if code[17] != _uscc_check_character(code[:17]):
        raise IdentifierError("uscc_check_digit")
    return code


def check_mobile(text: str) -> str:
    """Check a mainland mobile number and return its 11 digits; +86, blanks, dashes and full-width are accepted.

    Raises IdentifierError with mobile_empty or mobile_shape. A number reaches a person, it does not identify one.
    """
    digits = re.sub(r"^(\+86|0086|86(?=1[0-9]{10}$))", "", _without_dashes(_tidy(text)))
    if not digits:
        raise IdentifierError("mobile_empty")
    if not re.fullmatch(r"1[3-9][0-9]{9}", digits):
        raise IdentifierError("mobile_shape")
    return digits


def check_contact_phone(text: str) -> str:
    """Check a number an office answers: a mobile number, or a landline with its area code as 0311-86012345.

    Raises IdentifierError with mobile_empty or contact_phone_shape.
    """
    digits = _without_dashes(_tidy(text))
    if landline := re.fullmatch(r"(?:\+?86)?\(?(0(?:10|2[0-9]|[3-9][0-9]{2}))\)?([2-9][0-9]{6,7})", digits):
        return f"{landline[1]}-{landline[2]}"
    try:
        return check_mobile(text)
    except IdentifierError as error:
        raise IdentifierError("mobile_empty" if not digits else "contact_phone_shape") from error


def make_id_number(area: str, birth_on: date, seq: int) -> str:
    """A valid made-up identity number for demo data: area of six digits, seq 0-999 (odd is male)."""
    if not re.fullmatch(r"[0-9]{6}", area) or not 0 <= seq <= 999:
        raise ValueError("area is six digits and seq is 0-999.")
    body = f"{area}{birth_on.year:04d}{birth_on:%m%d}{seq:03d}"
    return body + _id_check_digit(body)


def make_uscc(area: str, serial: int, body: str = "91") -> str:
    """A valid made-up credit code for demo data.

    `area` is six digits, `serial` 0-999999, `body` the registering body and kind (91 company, 52 private
    non-enterprise, 12 public institution). The organisation part carries its own check digit (GB 11714).
    """
    if not re.fullmatch(r"[0-9]{6}", area) or not 0 <= serial <= 999_999 or len(body) != 2:
        raise ValueError("area is six digits, serial is 0-999999 and body is two characters.")
    organisation = f"DE{serial:06d}"
    values = (int(character, 36) for character in organisation)
    rest = 11 - sum(w * value for w, value in zip(_ORGANISATION_WEIGHTS, values, strict=True)) % 11
    code = body + area + organisation + {10: "X", 11: "0"}.get(rest, str(rest))
    return code + _uscc_check_character(code)


def _tidy(text: str) -> str:
    half_width = unicodedata.normalize("NFKC", text)
    return "".join(c for c in half_width if not c.isspace() and unicodedata.category(c) != "Cf").upper()


def _without_dashes(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) != "Pd")


def _id_check_digit(body: str) -> str:
    return _ID_CHECKS[sum(w * int(digit) for w, digit in zip(_ID_WEIGHTS, body, strict=True)) % 11]


def _uscc_check_character(body: str) -> str:
    total = sum(w * _USCC_ALPHABET.index(c) for w, c in zip(_USCC_WEIGHTS, body, strict=True))
    return _USCC_ALPHABET[(31 - total) % 31]


def _document(area: str) -> Document:
    if area in _PERMIT_AREAS:
        return Document.RESIDENCE_PERMIT
    return Document.PERMANENT_RESIDENCE if area.startswith("9") else Document.RESIDENT_CARD
