"""Identity numbers, credit codes and mobile numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import errors
from app.tenants.identifiers import (
    Document,
    IdentifierError,
    Sex,
    check_id_number,
    check_mobile,
    check_uscc,
    make_id_number,
    make_uscc,
)

TODAY = date(2026, 3, 1)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

areas = st.integers(110_000, 659_999).map(str)
births = st.dates(date(1880, 1, 1), TODAY)
sequences = st.integers(0, 999)
uscc_bodies = st.text(USCC_ALPHABET, min_size=17, max_size=17)


def wide(text: str) -> str:
    """The same text in the full-width characters of a Chinese input method."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def iso_7064_mod_11_2(body: str) -> str:
    """The check digit by the standard's recursion, which knows no weights."""
    rest = 0
    for digit in body:
        rest = (rest + int(digit)) * 2 % 11
    return "X" if (1 - rest) % 11 == 10 else str((1 - rest) % 11)


def uscc_check_character(body: str) -> str:
    """The one character that makes the code, read as a number in base 3 from its end, a multiple of 31."""
    number = 0
    for character in reversed(body):
        number = number * 3 + USCC_ALPHABET.index(character)
    (found,) = (c for value, c in enumerate(USCC_ALPHABET) if (number + value) % 31 == 0)
    return found


def id_code(text: str) -> str:
    with pytest.raises(IdentifierError) as refused:
        check_id_number(text, TODAY)
    return refused.value.code


def uscc_code(text: str) -> str:
    with pytest.raises(IdentifierError) as refused:
        check_uscc(text)
    return refused.value.code


@given(areas, births, sequences)
def test_an_id_number_states_its_area_its_birth_date_and_its_sex(area: str, birth_on: date, seq: int) -> None:
    body = f"{area}{birth_on:%Y%m%d}{seq:03d}"
    number = body + iso_7064_mod_11_2(body)
    assert make_id_number(area, birth_on, seq) == number
    checked = check_id_number(number, TODAY)
    assert (checked.text, checked.area, checked.birth_on) == (number, area, birth_on)
    assert checked.sex is (Sex.MALE if seq % 2 else Sex.FEMALE)


@given(areas, births, sequences, st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_never_passes(area: str, birth_on: date, seq: int, place: int, shift: int) -> None:
    number = make_id_number(area, birth_on, seq)
    digit = "0123456789X".index(number[place])
    wrong = number[:place] + str((digit + shift) % 10) + number[place + 1 :]
    if wrong != number:
        assert id_code(wrong) in {
            "id_number_check_digit",
            "id_number_date",
            "id_number_future",
            "id_number_too_old",
        }


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_examples_of_the_standard_pass(number: str) -> None:
    assert check_id_number(number, TODAY).text == number


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        wide("11010519491231002X"),
        "\u200b110105\u300019491231\t002\uff58",
    ],
)
def test_an_id_number_may_be_typed_as_people_type(typed: str) -> None:
    assert check_id_number(typed, TODAY).text == "11010519491231002X"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "id_number_empty"),
        ("  ", "id_number_empty"),
        ("110105491231002", "id_number_15_digits"),
        ("1101051949123100", "id_number_shape"),
        ("1101051949123100211", "id_number_shape"),
        ("1101051949123100AX", "id_number_shape"),
        ("X10105194912310021", "id_number_shape"),
        ("一一零一零五一九四九一二三一零零二X", "id_number_shape"),
        ("".join(chr(0x0660 + int(digit)) for digit in "11010519491231002") + "X", "id_number_shape"),
        ("11010519490231002X", "id_number_date"),
        ("11010500000101002X", "id_number_date"),
        ("11010520260302002X", "id_number_future"),
        ("11010518760228002X", "id_number_too_old"),
        ("110105194912310021", "id_number_check_digit"),
    ],
)
def test_a_wrong_id_number_is_refused_with_its_reason(typed: str, code: str) -> None:
    assert id_code(typed) == code


def test_the_oldest_and_the_youngest_are_accepted() -> None:
    for birth_on in (date(1876, 3, 1), TODAY):
        assert check_id_number(make_id_number("130102", birth_on, 1), TODAY).birth_on == birth_on
    assert id_code(make_id_number("130102", TODAY + timedelta(days=1), 1)) == "id_number_future"
    assert id_code(make_id_number("130102", date(1876, 2, 28), 1)) == "id_number_too_old"


def test_someone_born_on_a_leap_day_is_judged_in_a_year_without_one() -> None:
    number = make_id_number("130102", date(1876, 2, 29), 1)
    assert check_id_number(number, date(2026, 2, 28)).birth_on == date(1876, 2, 29)


@pytest.mark.parametrize("area", ["810000", "820000", "830000"])
def test_residence_permits_are_accepted(area: str) -> None:
    checked = check_id_number(make_id_number(area, date(1990, 5, 1), 12), TODAY)
    assert (checked.document, checked.area_is_known) == (Document.RESIDENCE_PERMIT, True)


def test_the_card_of_a_permanent_foreign_resident_is_accepted() -> None:
    checked = check_id_number(make_id_number("911840", date(1990, 5, 1), 12), TODAY)
    assert (checked.document, checked.area_is_known) == (Document.PERMANENT_RESIDENCE, True)


@pytest.mark.parametrize(
    ("area", "birth_year"), [("130182", 1990), ("130109", 1985), ("130171", 1990), ("130103", 1960)]
)
def test_areas_that_were_dissolved_or_founded_since_are_accepted(area: str, birth_year: int) -> None:
    checked = check_id_number(make_id_number(area, date(birth_year, 5, 1), 12), TODAY)
    assert (checked.document, checked.area_is_known) == (Document.RESIDENT_CARD, True)


@pytest.mark.parametrize("area", ["990102", "160102", "000000"])
def test_an_unknown_area_is_a_warning_and_not_a_refusal(area: str) -> None:
    checked = check_id_number(make_id_number(area, date(1990, 5, 1), 12), TODAY)
    assert checked.area_is_known is area.startswith("9")


@given(uscc_bodies)
@example("91130100DE0000000")
@example("N2130102MA0000000")
@example("A1130102MA0000000")
@example("Y1130102MA0000000")
def test_exactly_one_check_character_fits_each_credit_code(body: str) -> None:
    right = uscc_check_character(body)
    assert check_uscc(body + right) == body + right
    for wrong in set(USCC_ALPHABET) - {right}:
        assert uscc_code(body + wrong) == "uscc_check_digit"


def test_a_check_character_of_zero_is_accepted() -> None:
    codes = [make_uscc("130102", serial) for serial in range(500)]
    ending_in_zero = [code for code in codes if code.endswith("0")]
    assert ending_in_zero
    assert [check_uscc(code) for code in ending_in_zero] == ending_in_zero


@pytest.mark.parametrize("code", ["9144030071526726XG", "914403001922038216", "91330100799655058B"])
def test_credit_codes_of_well_known_companies_pass(code: str) -> None:
    assert check_uscc(code) == code


@given(areas, st.integers(0, 999_999), st.sampled_from(["91", "92", "93", "52", "12", "N2", "A1", "Y1"]))
def test_made_up_credit_codes_pass(area: str, serial: int, body: str) -> None:
    assert check_uscc(make_uscc(area, serial, body)).startswith(body + area)


def test_made_up_credit_codes_differ() -> None:
    assert len({make_uscc("130102", serial) for serial in range(1000)}) == 1000


@pytest.mark.parametrize(
    "typed",
    [
        "9144030071526726xg",
        " 9144 0300 7152 6726 XG",
        wide("9144030071526726XG"),
        "91440300-71526726X-G",
    ],
)
def test_a_credit_code_may_be_typed_as_people_type(typed: str) -> None:
    assert check_uscc(typed) == "9144030071526726XG"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "uscc_empty"),
        ("9144030071526726X", "uscc_length"),
        ("9144030071526726XGG", "uscc_length"),
        ("914403007152672 6XO", "uscc_character"),
        ("9144030071526726XI", "uscc_character"),
        ("石家庄市焊接培训学校", "uscc_character"),
        ("9144030071526726XH", "uscc_check_digit"),
    ],
)
def test_a_wrong_credit_code_is_refused_with_its_reason(typed: str, code: str) -> None:
    assert uscc_code(typed) == code


@pytest.mark.parametrize(
    "typed",
    [
        "13812345678",
        "+86 138 1234 5678",
        "0086-138-1234-5678",
        "8613812345678",
        wide("13812345678"),
        "138–1234–5678",
    ],
)
def test_a_mobile_number_may_be_typed_as_people_type(typed: str) -> None:
    assert check_mobile(typed) == "13812345678"


@pytest.mark.parametrize(
    "typed", ["12812345678", "1381234567", "138123456789", "+85213812345678", "031112345678", "电话"]
)
def test_what_is_no_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        check_mobile(typed)
    assert refused.value.code == "mobile_shape"


def answer(check: Callable[[str], object], typed: str) -> str:
    try:
        check(typed)
    except IdentifierError as refused:
        return errors.message(refused)
    return "accepted"


@given(st.text(max_size=24))
def test_whatever_is_typed_is_answered_with_a_code_that_has_a_text(typed: str) -> None:
    for check in (lambda text: check_id_number(text, TODAY), check_uscc, check_mobile):
        assert answer(check, typed)


@pytest.mark.parametrize(
    ("area", "serial", "body"),
    [("1301", 1, "91"), ("130102", -1, "91"), ("130102", 10**6, "91"), ("130102", 1, "9")],
)
def test_demo_codes_need_sensible_parts(area: str, serial: int, body: str) -> None:
    with pytest.raises(ValueError, match="area"):
        make_uscc(area, serial, body)
    with pytest.raises(ValueError, match="area"):
        make_id_number(area[:4], date(1990, 1, 1), 1)
    with pytest.raises(ValueError, match="area"):
        make_id_number("130102", date(1990, 1, 1), 1000)
