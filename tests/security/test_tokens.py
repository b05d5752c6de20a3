"""Single-use tokens and desk codes."""

from __future__ import annotations

import pytest

from app import security


def test_tokens_are_long_different_and_safe_in_a_url() -> None:
    tokens = {security.new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)


def test_only_a_fingerprint_of_a_token_is_stored() -> None:
    token = security.new_token()
    assert len(security.hash_token(token)) == 32
    assert security.hash_token(token) == security.hash_token(token)
    assert security.hash_token(token) != security.hash_token(security.new_token())


def test_desk_codes_have_eight_characters_and_none_that_is_misread() -> None:
    codes = {security.new_desk_code() for _ in range(500)}
    assert len(codes) == 500
    assert {len(code) for code in codes} == {8}
    assert not set("".join(codes)) & set("01258BGILOSZ6")


@pytest.mark.parametrize(
    "spell", [str, str.lower, security.format_desk_code, lambda code: f" {code[:4]} －{code[4:]} "]
)
def test_a_desk_code_is_read_however_it_was_typed(spell: object) -> None:
    assert callable(spell)
    code = security.new_desk_code()
    assert security.read_desk_code(spell(code)) == code


@pytest.mark.parametrize("typed", ["", "ABC", "ACDEFHJ0", "ACDEFHJKM", "焊工焊工焊工焊工"])
def test_what_cannot_be_a_desk_code_is_none(typed: str) -> None:
    assert security.read_desk_code(typed) is None
