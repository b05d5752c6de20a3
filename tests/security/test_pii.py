"""Encryption, blind indexes and masks."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app import pii

KEY, OLD_KEY, INDEX_KEY = b"k" * 32, b"o" * 32, b"i" * 32
VAULT = pii.Vault(KEY, INDEX_KEY)


def wide(text: str) -> str:
    """The same text in the full-width characters of a Chinese input method."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


@given(st.text(), st.text())
def test_what_is_encrypted_is_read_back_for_the_same_purpose(text: str, purpose: str) -> None:
    assert VAULT.decrypt(VAULT.encrypt(text, purpose), purpose) == text


def test_the_same_text_never_looks_the_same_at_rest() -> None:
    first, second = (VAULT.encrypt("13010219900101001X", "learner.id_number") for _ in range(2))
    assert first != second
    assert b"1301" not in first


def test_a_value_cannot_be_moved_to_another_purpose() -> None:
    with pytest.raises(pii.VaultError):
        VAULT.decrypt(VAULT.encrypt("王小强", "learner.name"), "tenant.contact_name")


@pytest.mark.parametrize("place", [1, 13, -1])
def test_an_altered_value_is_refused(place: int) -> None:
    blob = bytearray(VAULT.encrypt("王小强", "learner.name"))
    blob[place] ^= 1
    with pytest.raises(pii.VaultError):
        VAULT.decrypt(bytes(blob), "learner.name")


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" * 28, b"\x09" * 40])
def test_bytes_that_were_never_encrypted_are_refused(blob: bytes) -> None:
    with pytest.raises(pii.VaultError):
        VAULT.decrypt(blob, "learner.name")


def test_after_a_key_rotation_old_values_stay_readable_and_new_ones_use_the_new_key() -> None:
    old = pii.Vault(OLD_KEY, INDEX_KEY)
    rotated = pii.Vault(KEY, INDEX_KEY, version=2, retired={1: OLD_KEY})
    assert rotated.decrypt(old.encrypt("王", "p"), "p") == "王"
    assert rotated.encrypt("王", "p")[0] == 2
    with pytest.raises(pii.VaultError):
        old.decrypt(rotated.encrypt("王", "p"), "p")


@pytest.mark.parametrize(("key", "index_key"), [(b"short", INDEX_KEY), (KEY, b""), (KEY * 2, INDEX_KEY)])
def test_keys_of_another_length_are_refused(key: bytes, index_key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        pii.Vault(key, index_key)


@pytest.mark.parametrize("version", [0, 256])
def test_a_key_version_fits_one_byte(version: int) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        pii.Vault(KEY, INDEX_KEY, version=version)


@pytest.mark.parametrize(
    "typed", ["13010219900101001x", wide("13010219900101001X"), " 130102 19900101 001X\u200b"]
)
def test_a_blind_index_finds_a_number_however_it_was_typed(typed: str) -> None:
    expected = VAULT.blind_index("13010219900101001X", "learner.id_number")
    assert VAULT.blind_index(typed, "learner.id_number") == expected
    assert len(expected) == 32


def test_blind_indexes_differ_by_value_by_purpose_and_by_key() -> None:
    other = pii.Vault(KEY, b"j" * 32)
    indexes = {
        VAULT.blind_index("1", "a"),
        VAULT.blind_index("2", "a"),
        VAULT.blind_index("1", "b"),
        other.blind_index("1", "a"),
    }
    assert len(indexes) == 4


def test_the_vault_must_be_configured_before_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pii, "_vault", None)
    with pytest.raises(RuntimeError):
        pii.vault()
    pii.configure(VAULT)
    assert pii.vault() is VAULT


def test_an_encrypted_column_stores_bytes_and_gives_back_text(
    monkeypatch: pytest.MonkeyPatch, engine: sa.Engine
) -> None:
    monkeypatch.setattr(pii, "_vault", VAULT)
    name = sa.literal("王小强", pii.Encrypted("p.name"))
    nobody: sa.ColumnElement[str | None] = sa.literal(None, pii.Encrypted("p.name"))
    with engine.connect() as connection:
        read, absent = connection.execute(sa.select(name, nobody)).one()
        stored = bytes.fromhex(connection.scalars(sa.select(sa.func.encode(name, "hex", type_=sa.Text))).one())
    assert read == "王小强"
    assert absent is None
    assert "王小强".encode() not in stored
    assert VAULT.decrypt(stored, "p.name") == "王小强"


def test_comparing_an_encrypted_column_is_refused_because_it_could_never_match() -> None:
    column = sa.column("name", pii.Encrypted("p.name"))
    with pytest.raises(TypeError, match="blind index"):
        _ = column == "王"
    with pytest.raises(TypeError, match="blind index"):
        column.in_(["王"])


@pytest.mark.parametrize(
    ("number", "masked"),
    [("130102199001011234", "1301**********1234"), ("123456789012345", "123*********345"), ("12", "**"), ("", "")],
)
def test_an_id_number_is_masked_as_public_notices_do(number: str, masked: str) -> None:
    assert pii.mask_id_number(number) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小强", "王*强"),
        ("李四", "李*"),
        ("欧阳小强", "欧**强"),
        ("王", "*"),
        ("", ""),
        ("阿凡提·买买提", "阿**·买**"),
        ("John Smith", "J*** S****"),
        ("Madonna", "M******"),
        (" 王小强 ", "王*强"),
    ],
)
def test_a_name_is_masked_but_still_recognised_by_its_owner(name: str, masked: str) -> None:
    assert pii.mask_name(name) == masked


@given(st.text(alphabet="王李小强阿·AB -", min_size=2, max_size=12))
def test_a_masked_name_keeps_its_length_and_always_hides_something(name: str) -> None:
    masked = pii.mask_name(name)
    assert len(masked) == len(name.strip())
    if any(len(part) > 1 for part in name.replace("·", " ").replace("-", " ").split()):
        assert "*" in masked


@pytest.mark.parametrize(
    ("phone", "masked"), [("13812345678", "138****5678"), ("031112345678", "031******678"), ("123", "***")]
)
def test_a_phone_is_masked_in_its_middle(phone: str, masked: str) -> None:
    assert pii.mask_phone(phone) == masked
