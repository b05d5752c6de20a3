"""Files people hand in, at rest: encrypted, under random names, in a folder no web server serves.

A file is written before the row that names it is committed and removed by a job after the row is gone, so what can
go wrong leaves a file without a row, never a row without its file; `older_than` finds those.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.pii import vault

_NAME = re.compile(r"[0-9a-f]{32}")
_folder: Path | None = None


def configure(folder: Path) -> None:
    """Set the process's folder; called once when the app is made."""
    global _folder
    _folder = folder


def put(content: bytes, name: str | None = None) -> str:
    """Store a file; its new random name. A name that is given replaces what was there."""
    if name is not None:
        remove(name)
    name = name or secrets.token_hex(16)
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(vault().seal(content, _purpose(name)))
        file.flush()
        os.fsync(file.fileno())
    return name


def get(name: str) -> bytes:
    """Read a file back; raises FileNotFoundError, or VaultError if it was altered or carries another's name."""
    path = _path(name)
    return vault().unseal(path.read_bytes(), _purpose(name))


def remove(name: str) -> None:
    """Remove a file, whether or not it is still there."""
    _path(name).unlink(missing_ok=True)


def older_than(moment: datetime) -> Iterator[str]:
    """The names of the files stored before a moment."""
    folder = _root()
    for path in folder.glob("??/*") if folder.is_dir() else ():
        if _NAME.fullmatch(path.name) and datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment:
            yield path.name


def _purpose(name: str) -> str:
    return f"storage.file:{name}"


def _root() -> Path:
    if _folder is None:
        raise RuntimeError("storage.configure(folder) has not been called.")
    return _folder


def _path(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError("That is no name of a stored file.")
    return _root() / name[:2] / name
