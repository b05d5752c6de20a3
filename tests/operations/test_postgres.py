"""Our own PostgreSQL server: it starts, stops, and comes back after every kind of kill."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from app.postgres import APP_ROLE, OWNER_ROLE, OwnPostgres, PostgresError, command_line_of

ROOT = Path(__file__).resolve().parents[2]

STARTS_A_SERVER = """
import sys, time
from app.postgres import OwnPostgres
server = OwnPostgres(sys.argv[1], fsync=False).start()
server.ensure_roles_and_database()
with server.connect("jiangtu", user="jiangtu_owner") as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
    connection.execute("INSERT INTO kept VALUES (1)")
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder of its own; not tmp_path, whose parents pytest closes to the server's user."""
    path = Path(tempfile.mkdtemp(prefix="jt-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(folder: Path) -> Iterator[OwnPostgres]:
    with OwnPostgres(folder / "pg", fsync=False) as running:
        running.ensure_roles_and_database()
        yield running


def wait_until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@contextlib.contextmanager
def another_process_with_a_server(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_SERVER, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        try:
            yield process, next(int(line) for line in lines if line.strip().isdigit())
        finally:
            process.kill()


def test_the_server_opens_no_tcp_port_and_runs_as_somebody_unprivileged(server: OwnPostgres) -> None:
    with server.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert server.data_dir.stat().st_mode & 0o077 == 0


def test_the_database_is_utf8_with_the_builtin_locale_and_knows_chinese_letters(server: OwnPostgres) -> None:
    with server.connect("jiangtu", user=OWNER_ROLE) as connection:
        row = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale, pg_get_userbyid(datdba)"
            " FROM pg_database WHERE datname = 'jiangtu'"
        ).fetchone()
        assert row == ("UTF8", "b", "C.UTF-8", OWNER_ROLE)
        for extension in ("pg_trgm", "btree_gist", "citext"):
            connection.execute(f"CREATE EXTENSION {extension}".encode())
        assert connection.execute("SELECT cardinality(show_trgm('高级电工')) > 0").fetchone() == (True,)


def test_the_app_role_owns_nothing_and_bypasses_nothing(server: OwnPostgres) -> None:
    with sa.create_engine(server.app_url, poolclass=sa.NullPool).connect() as connection:
        attributes = connection.execute(
            sa.text(
                "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = :name"
            ),
            {"name": APP_ROLE},
        ).one()
        assert not any(attributes)
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text("CREATE TABLE mine (n int)"))


def test_a_database_is_copied_from_a_template_and_dropped(server: OwnPostgres) -> None:
    with server.connect("jiangtu", user=OWNER_ROLE) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute(f"GRANT SELECT ON kept TO {APP_ROLE}".encode())
    server.create_database("copy", template="jiangtu")
    with server.connect("copy", user=APP_ROLE) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    server.drop_database("copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        server.connect("copy", user=APP_ROLE)


def test_a_killed_server_is_started_again_with_its_committed_rows(server: OwnPostgres) -> None:
    with server.connect("jiangtu", user=OWNER_ROLE) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.is_running())
    server.start()
    with server.connect("jiangtu", user=OWNER_ROLE) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_the_server_ends_with_its_killed_parent_and_the_next_start_recovers(folder: Path) -> None:
    data_dir = folder / "pg"
    with another_process_with_a_server(data_dir) as (parent, server_pid):
        parent.kill()
        parent.wait()
        wait_until(lambda: not command_line_of(server_pid))
    with OwnPostgres(data_dir, fsync=False) as server, server.connect("jiangtu", user=OWNER_ROLE) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_parent_and_server_killed_at_once_leave_nothing_in_the_way(folder: Path) -> None:
    data_dir = folder / "pg"
    with another_process_with_a_server(data_dir) as (parent, server_pid):
        os.kill(server_pid, signal.SIGSTOP)  # so that the kernel's message cannot end it first
        parent.kill()
        parent.wait()
        os.kill(server_pid, signal.SIGKILL)
    with OwnPostgres(data_dir, fsync=False) as server, server.connect("jiangtu", user=OWNER_ROLE) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_an_orphaned_live_server_is_shut_down_before_the_next_start(folder: Path) -> None:
    server = OwnPostgres(folder / "pg", fsync=False).start()
    orphan, server.process = server.process, None  # forget it, as a killed parent would
    assert orphan is not None
    server.stop()
    with OwnPostgres(folder / "pg", fsync=False) as again:
        assert orphan.wait(10) == 0
        assert again.pid != orphan.pid
        assert again.is_running()


def test_a_stale_pid_file_naming_a_stranger_does_not_stop_the_start(folder: Path) -> None:
    with OwnPostgres(folder / "pg", fsync=False) as server:
        pid_file = (server.data_dir / "postmaster.pid").read_text().splitlines()
    stranger = [str(os.getppid()), *pid_file[1:]]
    (server.data_dir / "postmaster.pid").write_text("\n".join(stranger) + "\n")
    with server:
        assert server.is_running()


def test_two_processes_cannot_run_one_data_directory(folder: Path) -> None:
    with (
        another_process_with_a_server(folder / "pg") as (parent, _),
        pytest.raises(PostgresError, match=f"in use by process {parent.pid}"),
    ):
        OwnPostgres(folder / "pg", fsync=False).start()


def test_a_long_path_gets_a_short_private_socket_folder(folder: Path) -> None:
    deep = folder / ("x" * 60) / ("y" * 60) / "pg"
    with OwnPostgres(deep, fsync=False) as server:
        assert len(str(server.socket_dir)) < 60
        assert server.socket_dir.stat().st_mode & 0o077 == 0
        server.ensure_roles_and_database()
        with sa.create_engine(server.owner_url, poolclass=sa.NullPool).connect() as connection:
            assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    server.socket_dir.rmdir()


def test_an_interrupted_creation_is_begun_anew(folder: Path) -> None:
    half = folder / "pg.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with OwnPostgres(folder / "pg", fsync=False) as server:
        assert server.is_running()


def test_a_folder_with_something_else_in_it_is_left_alone(folder: Path) -> None:
    (folder / "letters.txt").write_text("mine")
    with pytest.raises(PostgresError, match="not empty"):
        OwnPostgres(folder, fsync=False).start()
    assert (folder / "letters.txt").read_text() == "mine"
