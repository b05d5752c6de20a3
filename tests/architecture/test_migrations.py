"""Migrations: one line of them, named alike, and equal to the models."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.support.database import ROOT, Database

VERSIONS = ROOT / "migrations" / "versions"


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config)


def _flask(database: Database, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", *words],
        cwd=ROOT,
        env=database.environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_is_one_head() -> None:
    assert len(_scripts().get_heads()) == 1


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_migration_is_named_by_its_number_and_a_summary(path: Path) -> None:
    assert re.fullmatch(r"\d{4}_[a-z0-9]+(_[a-z0-9]+)*", path.stem)
    text = path.read_text(encoding="utf-8")
    assert re.search(rf'^revision = "{path.stem[:4]}"$', text, re.MULTILINE)
    assert '"""' in text.splitlines()[0]


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.stem[:4]) for path in VERSIONS.glob("*.py"))
    assert numbers == list(range(1, len(numbers) + 1))
    for script in _scripts().walk_revisions():
        before = f"{int(script.revision) - 1:04d}"
        assert script.down_revision == (before if script.revision != "0001" else None)


def test_the_models_are_what_the_migrations_make(database: Database, tmp_path: Path) -> None:
    """`database` was migrated from empty; `check` fails if a model has no migration."""
    done = _flask(database, tmp_path, "db", "check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_upgrading_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    done = _flask(database, tmp_path, "db", "upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Running upgrade" not in done.stdout + done.stderr


def test_migrations_wait_only_shortly_for_locks() -> None:
    text = (ROOT / "migrations" / "env.py").read_text(encoding="utf-8")
    assert "lock_timeout" in text
    assert "statement_timeout" in text


def test_alembic_knows_every_model() -> None:
    text = (ROOT / "migrations" / "env.py").read_text(encoding="utf-8")
    defining = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "app").rglob("*.py")
        if re.search(r"^class \w+\(.*\bModel\):", path.read_text(encoding="utf-8"), re.MULTILINE)
        and path.name != "db.py"
    }
    assert defining
    assert not [module for module in defining if f"import {module}" not in text]
