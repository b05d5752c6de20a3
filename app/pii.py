"""Personal data at rest: encrypted to read back, blind-indexed to find, masked to show (law 8).

The cipher stays behind `Vault`, so a bureau that must use SM4 changes this file alone.
"""

from __future__ import annotations

import hmac
import os
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NoReturn

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


class VaultError(Exception):
    """A stored value cannot be read: wrong key, wrong purpose, or altered bytes."""


class Vault:
    """Encrypts and indexes personal data under a purpose such as `learner.id_number`.

    Keys are 32 bytes each. To rotate, raise `version` (1-255) with a new `key` and pass the old ones in
    `retired` by their version: new values use the new key, old ones stay readable. The index key cannot rotate
    without computing every index again. Raises ValueError for keys of another length.
    """

    def __init__(
        self,
        key: bytes,
        index_key: bytes,
        *,
        version: int = 1,
        retired: Mapping[int, bytes] | None = None,
    ) -> None:
        keys = {**(retired or {}), version: key}
        if any(len(each) != _KEY_BYTES for each in (*keys.values(), index_key)):
            raise ValueError(f"Every key is {_KEY_BYTES} bytes.")
        if not all(1 <= each <= 255 for each in keys):
            raise ValueError("A key version is a number from 1 to 255.")
        self._version = version
        self._ciphers = {number: AESGCM(each) for number, each in keys.items()}
        self._index_key = index_key

    def encrypt(self, text: str, purpose: str) -> bytes:
        """Encrypt a text for one purpose, as `seal`."""
        return self.seal(text.encode(), purpose)

    def decrypt(self, blob: bytes, purpose: str) -> str:
        """Read back what `encrypt` wrote for the same purpose; raises VaultError for anything else."""
        return self.unseal(blob, purpose).decode()

    def seal(self, content: bytes, purpose: str) -> bytes:
        """Encrypt for one purpose: version (1 byte), random nonce (12), AES-256-GCM ciphertext and tag (16)."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._version].encrypt(nonce, content, purpose.encode())
        return bytes([self._version]) + nonce + sealed

    def unseal(self, blob: bytes, purpose: str) -> bytes:
        """Read back what `seal` wrote for the same purpose; raises VaultError for anything else."""
        if len(blob) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise VaultError("The value is too short to be encrypted.")
        cipher = self._ciphers.get(blob[0])
        if cipher is None:
            raise VaultError(f"There is no key of version {blob[0]}.")
        try:
            return cipher.decrypt(blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :], purpose.encode())
        except InvalidTag as error:
            raise VaultError(f"The value cannot be read as {purpose!r}.") from error

    def blind_index(self, value: str, purpose: str) -> bytes:
        """A keyed fingerprint for equality and uniqueness: HMAC-SHA256 (32 bytes) of the normalised value."""
        return hmac.digest(self._index_key, f"{purpose}\0{normalise(value)}".encode(), "sha256")


_vault: Vault | None = None


def configure(vault: Vault) -> None:
    """Set the process's vault; called once when the app is made."""
    global _vault
    _vault = vault


def vault() -> Vault:
    """The process's vault; raises RuntimeError before `configure`."""
    if _vault is None:
        raise RuntimeError("pii.configure(Vault(...)) has not been called.")
    return _vault


class Encrypted(sa.types.TypeDecorator[str]):
    """A text column stored encrypted for one purpose.

    Equal texts differ at rest, so comparing the column raises TypeError: keep a `Vault.blind_index` beside it.
    """

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        """Encrypt on the way in; NULL stays NULL."""
        return None if value is None else vault().encrypt(value, self.purpose)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> str | None:
        """Decrypt on the way out; NULL stays NULL."""
        return None if value is None else vault().decrypt(bytes(value), self.purpose)

    def coerce_compared_value(self, op: object, value: object) -> NoReturn:
        """Refuse comparisons, which could never be true."""
        raise TypeError(f"An encrypted column ({self.purpose}) cannot be compared; use its blind index.")


def normalise(value: str) -> str:
    """One spelling of what people type: half-width, without blanks or invisible marks, case folded."""
    wide = unicodedata.normalize("NFKC", value)
    return "".join(c for c in wide if not c.isspace() and unicodedata.category(c) != "Cf").casefold()


def mask_id_number(text: str) -> str:
    """The form public notices use: 1301**********1234 (MoHRSS and MoF notice, December 2017)."""
    end = min(4, len(text) // 4)
    return _keep_ends(text, end, end)


def mask_phone(text: str) -> str:
    """138****1234; other numbers keep at most a quarter at each end."""
    if len(text) == 11:
        return _keep_ends(text, 3, 4)
    return mask_id_number(text)


def mask_name(name: str) -> str:
    """王*强, 李*; names in several parts keep each part's first letter: 阿**·买**, J*** S****."""
    first, *others = re.split(r"([ ·•・‧-]+)", name.strip())
    if others:
        return "".join(part if place % 2 else _keep_first(part) for place, part in enumerate((first, *others)))
    if len(first) < 2:
        return "*" * len(first)
    return _keep_first(first) if len(first) == 2 or first.isascii() else _keep_ends(first, 1, 1)


def _keep_ends(text: str, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    return text[:head] + "*" * hidden + text[len(text) - tail :]


def _keep_first(part: str) -> str:
    return part[:1] + "*" * (len(part) - 1)
