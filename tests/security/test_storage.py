"""Stored files are unreadable on disk, tied to their names, and found again when nobody names them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import storage
from app.pii import VaultError

SECRET = b"\xff\xd8\xff a very recognisable content" * 50


@pytest.fixture
def folder(app: Flask) -> Path:
    return Path(app.config["SETTINGS"].data_dir) / "proofs"


def test_the_disk_holds_nothing_of_what_was_handed_in(folder: Path) -> None:
    name = storage.put(SECRET)
    path = folder / name[:2] / name
    assert b"recognisable" not in path.read_bytes()
    assert not path.read_bytes().startswith(b"\xff\xd8")
    assert path.stat().st_mode & 0o077 == 0
    assert storage.get(name) == SECRET


def test_a_name_that_is_given_replaces_what_was_there(folder: Path) -> None:
    name = "0" * 31 + "a"
    assert storage.put(b"one", name) == name
    storage.put(b"other", name)
    assert storage.get(name) == b"other"
    with pytest.raises(ValueError, match="no name"):
        storage.put(b"x", "../../etc/passwd")


def test_it_lies_outside_what_the_web_server_serves(app: Flask, folder: Path) -> None:
    assert app.static_folder is not None
    assert not folder.resolve().is_relative_to(Path(app.static_folder).resolve())


def test_a_file_under_another_name_or_with_other_bytes_cannot_be_read(folder: Path) -> None:
    one, other = storage.put(b"one"), storage.put(b"other")
    shutil.copy(folder / one[:2] / one, folder / other[:2] / other)
    with pytest.raises(VaultError):
        storage.get(other)
    path = folder / one[:2] / one
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(VaultError):
        storage.get(one)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 31, "A" * 32, "0" * 31 + "/"])
def test_only_our_own_names_are_looked_up(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        storage.get(name)


def test_old_files_are_listed_and_a_removed_one_is_gone(folder: Path) -> None:
    name = storage.put(b"content")
    assert name in set(storage.older_than(datetime.now(UTC) + timedelta(seconds=5)))
    assert name not in set(storage.older_than(datetime.now(UTC) - timedelta(hours=1)))
    storage.remove(name)
    storage.remove(name)
    with pytest.raises(FileNotFoundError):
        storage.get(name)
