"""A real PostgreSQL for the tests: one server and one migrated database per test process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from app.config import Settings
from app.postgres import OwnPostgres

ROOT = Path(__file__).parents[2]
PII_KEY = b"p" * 32
BLIND_INDEX_KEY = b"i" * 32

# Loaded once from the policy's files; tests read them and never change them.
REFERENCE = {
    "regions",
    "trades",
    "target_groups",
    "subsidy_rules",
    "policy_parameters",
    "shortage_lists",
    "shortage_list_entries",
    "synonyms",
    "alembic_version",
}


@dataclass(frozen=True)
class Database:
    """One database and its three ways in: the app's role, the owner, and the superuser (factories only)."""

    server: OwnPostgres
    name: str

    @property
    def app_url(self) -> str:
        return self.server.url("jiangtu_app", self.name)

    @property
    def owner_url(self) -> str:
        return self.server.url("jiangtu_owner", self.name)

    @property
    def super_url(self) -> str:
        return self.server.url("postgres", self.name)

    def settings(self, data_dir: Path, **changes: object) -> Settings:
        """Settings for an app on this database."""
        values: dict[str, object] = {
            "database_url": self.app_url,
            "secret_keys": ("development-tests-only",),
            "pii_key": PII_KEY,
            "blind_index_key": BLIND_INDEX_KEY,
            "data_dir": data_dir,
            "testing": True,
        }
        return Settings(**{**values, **changes})  # type: ignore[arg-type]

    def environment(self, data_dir: Path) -> dict[str, str]:
        """The same settings as environment variables, for processes of their own."""
        import base64

        theirs = {name: value for name, value in os.environ.items() if not name.startswith("ELASTICSEARCH_")}
        return {
            **theirs,
            "DATABASE_URL": self.app_url,
            "MIGRATION_DATABASE_URL": self.owner_url,
            "SECRET_KEY": "development-tests-only",
            "PII_KEY": base64.b64encode(PII_KEY).decode(),
            "BLIND_INDEX_KEY": base64.b64encode(BLIND_INDEX_KEY).decode(),
            "DATA_DIR": str(data_dir),
            "FLASK_APP": "wsgi:app",
            "PYTHONPATH": str(ROOT),
        }


def migrate(database: Database, data_dir: Path) -> None:
    """Run the migrations and load the policy as an operator does."""
    for command in (["db", "upgrade"], ["init"]):
        done = subprocess.run(
            [sys.executable, "-m", "flask", *command],
            cwd=ROOT,
            env=database.environment(data_dir),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"flask {' '.join(command)}:\n{done.stdout}\n{done.stderr}")


def clean(engine: sa.Engine) -> None:
    """Empty every table but the reference data, and take away what was drafted beside it."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        names = connection.scalars(
            sa.text("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
        )
        statements = [str(sa.delete(sa.table(name))) for name in names if name not in REFERENCE]
        # Reference is what came with the bundled documents: what a test drafted or published goes, with its
        # entries first, and what it ended is open again.
        drafts = "select id from shortage_lists where not is_sample or authored_by is not null"
        statements += [f"DELETE FROM shortage_list_entries WHERE list_id IN ({drafts})"]
        statements += ["DELETE FROM shortage_lists WHERE NOT is_sample OR authored_by IS NOT NULL"]
        statements += ["UPDATE shortage_lists SET valid_to = NULL WHERE valid_to IS NOT NULL"]
        for table in ("subsidy_rules", "policy_parameters"):
            statements += [f"DELETE FROM {table} WHERE authored_by IS NOT NULL OR NOT is_published"]
            end = "(data->>'valid_to')::date"
            statements += [f"UPDATE {table} SET valid_to = {end} WHERE valid_to IS DISTINCT FROM {end}"]
        statements += ["DELETE FROM synonyms WHERE created_by IS NOT NULL"]
        ended = "(is_active, ended_at, ended_by)"
        statements += [f"UPDATE synonyms SET {ended} = (true, null, null) WHERE NOT is_active"]
        connection.exec_driver_sql("; ".join(statements))
