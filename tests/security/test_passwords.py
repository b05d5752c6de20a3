"""Password hashing and the password policy."""

from __future__ import annotations

from typing import Literal

import pytest
from argon2 import PasswordHasher

from app import errors, security
from app.errors import DomainError


def wide(text: str) -> str:
    """The same text in the full-width characters of a Chinese input method."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def test_a_password_opens_its_account_and_another_does_not() -> None:
    stored = security.hash_password("焊接-培训-2026")
    assert stored.startswith("$argon2id$")
    assert security.verify_password(stored, "焊接-培训-2026")
    assert not security.verify_password(stored, "焊接-培训-2027")


def test_full_width_letters_of_an_input_method_are_the_same_password() -> None:
    assert security.verify_password(security.hash_password(wide("trade2026")), "trade2026")


def test_an_unknown_account_does_the_same_work_and_never_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            verified.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(security, "_hasher", Counting(time_cost=2, memory_cost=32 * 1024, parallelism=1))
    assert not security.verify_password(None, "trade2026")
    assert not security.verify_password("", "trade2026")
    stored = security.hash_password("another2026")
    assert not security.verify_password(stored, "trade2026")
    assert len(verified) == 3
    assert {each.split("$")[3] for each in verified} == {"m=32768,t=2,p=1"}


def test_even_the_secret_behind_an_unknown_account_does_not_open_it(monkeypatch: pytest.MonkeyPatch) -> None:
    known = security.hash_password("trade2026")
    monkeypatch.setattr(security, "_nobodys_hash", lambda: known)
    assert not security.verify_password(None, "trade2026")


@pytest.mark.parametrize("stored", ["plain text", "$argon2id$broken", "$2b$12$abc"])
def test_a_damaged_hash_opens_nothing(stored: str) -> None:
    assert not security.verify_password(stored, "trade2026")


def test_a_hash_of_other_parameters_asks_to_be_made_again() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("trade2026")
    assert security.needs_rehash(weak)
    assert not security.needs_rehash(security.hash_password("trade2026"))


def test_a_password_without_end_is_not_hashed() -> None:
    with pytest.raises(ValueError, match="128"):
        security.hash_password("长" * 129)
    assert not security.verify_password(None, "长" * 100_000)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short12", "password_too_short"),
        ("", "password_too_short"),
        ("长" * 129, "password_too_long"),
        ("WANGXQ1990", "password_is_login"),
        ("13812345678", "password_is_login"),
        ("wang.xiaoqiang", "password_is_login"),
        ("12345678", "password_too_common"),
        ("Password1", "password_too_common"),
        (wide("12345678"), "password_too_common"),
        ("abababab", "password_too_common"),
    ],
)
def test_a_guessable_password_is_refused_with_its_reason(password: str, code: str) -> None:
    logins = ("wangxq1990", "13812345678", "wang.xiaoqiang@example.com")
    with pytest.raises(DomainError) as refused:
        security.check_password(password, logins=logins)
    assert (refused.value.code, refused.value.field) == (code, "password")
    assert errors.message(refused.value)


@pytest.mark.parametrize("password", ["trade2026", "焊接培训焊接培训", "correct horse battery"])
def test_a_password_of_eight_uncommon_characters_is_enough(password: str) -> None:
    security.check_password(password, logins=("wangxq1990",))
