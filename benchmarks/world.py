"""What the benchmarks run on: a server of their own, a seeded city, and learners who are signed in."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import sqlalchemy as sa
from flask import Flask
from flask.sessions import SecureCookieSession
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session

from app.enroll.models import LearnerProfile
from app.pii import vault
from app.postgres import OwnPostgres, die_with_parent
from app.tenants.identifiers import make_id_number
from app.tenants.models import User
from tests.factories import Make
from tests.support.database import ROOT, Database, migrate

RAW_TOKEN = "0" * 40
SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "on"}


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """A durable server (fsync on) with the migrated database, statement statistics and the bare table."""
    with OwnPostgres(folder / "data", settings=SETTINGS) as server:
        server.ensure_roles_and_database()
        found = Database(server, "jiangtu")
        migrate(found, folder)
        with server.connect("jiangtu") as connection:
            connection.execute("create extension pg_stat_statements")
            connection.execute("create table bare (id bigint generated always as identity primary key, name text)")
            connection.execute("insert into bare (name) values ('bare')")
            connection.execute("grant select, insert on bare to jiangtu_app")
        yield found


@contextmanager
def web(target: str, env: dict[str, str]) -> Iterator[int]:
    """`target` under granian with two processes of one thread each; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "1"]
    process = subprocess.Popen(
        [*command, "--no-access-log", "--log-level", "warning", "--port", str(port), target],
        cwd=ROOT,
        env=env,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        except OSError:
            time.sleep(0.1)
    path = f"http://127.0.0.1:{port}/"
    for _ in range(20):
        with urlopen(path, timeout=30) as response:
            response.read()


def seed(db: Database, folder: Path) -> None:
    """The demo city."""
    env = {**db.environment(folder), "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [sys.executable, "-m", "flask", "seed"], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL
    )


def make_learners(session: Session, count: int) -> list[User]:
    """Learners with profiles, made in bulk; their ID numbers are valid and generated."""
    from datetime import date, timedelta

    make = Make(session)
    region = make.region("130108")
    users = [User(display_name=f"学员{n}", password_hash="-") for n in range(count)]  # noqa: S106 - signs in by cookie
    session.add_all(users)
    session.flush()
    index, seal = vault().blind_index, "learner.id_number"
    for number, user in enumerate(users):
        born = date(1980, 1, 1) + timedelta(days=number // 900)
        text = make_id_number("130102", born, number % 900)
        session.add(
            LearnerProfile(
                user_id=user.id,
                region_id=region.id,
                name="示例学员",
                id_number=text,
                id_number_index=index(text, seal),
                phone="13800000000",
                consent_version="1",
            )
        )
    session.commit()
    return users


def cookies(app: Flask, users: list[User], answers: dict[str, str]) -> list[str]:
    """A signed-in session cookie for each user, with the CSRF token of `form_token`."""
    interface = app.session_interface
    found = []
    for user in users:
        with app.test_request_context():
            session = SecureCookieSession(
                {"_user_id": user.get_id(), "_fresh": True, "csrf_token": RAW_TOKEN, "answers": answers}
            )
            session.modified = True
            response = app.response_class()
            interface.save_session(app, session, response)
            found.append(response.headers["Set-Cookie"].split(";", 1)[0])
    return found


def form_token(app: Flask) -> str:
    """A CSRF token for the session of `cookies`."""
    return str(URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").dumps(RAW_TOKEN))


def encoded(**values: str) -> bytes:
    """A form body."""
    return urlencode(values).encode()


def engine(db: Database) -> sa.Engine:
    """The superuser's way in, for making and for looking."""
    return sa.create_engine(db.super_url)
