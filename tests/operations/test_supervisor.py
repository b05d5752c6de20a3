"""`make run`: it starts everything, keeps it up, stops it in order, and comes back after every kind of kill."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.postgres import OwnPostgres, command_line_of, process_ids
from app.supervisor import MARK, Options, Supervisor, SupervisorError, refuse_taken_port

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder of its own; not tmp_path, whose parents pytest closes to the server's user."""
    path = Path(tempfile.mkdtemp(prefix="jt-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def key(letter: bytes) -> str:
    return base64.b64encode(letter * 32).decode()


@dataclass
class Site:
    """A supervisor running by itself, without the demo city (its settings are production's)."""

    data_dir: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        ours = {"PORT": str(self.port), "HOST": "127.0.0.1", "DATA_DIR": str(self.data_dir)}
        ours |= {"JIANGTU_ENV": "production", "PUBLIC_URL": "https://jiangtu.test", "SECRET_KEY": "k" * 40}
        ours |= {"PII_KEY": key(b"p"), "BLIND_INDEX_KEY": key(b"i")}
        theirs = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "MIGRATION_DATABASE_URL", "CI")}
        return theirs | ours

    @property
    def log(self) -> str:
        path = self.data_dir.parent / "output.log"
        return path.read_text() if path.exists() else ""

    def start(self) -> None:
        before = self.log.count("ready in")
        with (self.data_dir.parent / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.supervisor"], cwd=ROOT, env=self.env, stdout=output, stderr=output
            )
        self.wait_until(lambda: self.log.count("ready in") > before, seconds=READY_SECONDS)

    def wait_until(self, condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited too long:\n{self.log}"
            time.sleep(0.1)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False

    def children(self) -> list[int]:
        mark = f"{MARK}={self.data_dir}".encode()
        found = []
        for pid in process_ids():
            with contextlib.suppress(OSError):
                if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    found.append(pid)
        return found

    def child(self, word: str) -> int:
        """The oldest child with this word in its command."""
        return min(pid for pid in self.children() if word in command_line_of(pid))

    def postgres(self) -> int:
        return int((self.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(60)


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    site = Site(folder / "var", free_port())
    try:
        site.start()
        yield site
    finally:
        if site.process is not None and site.process.poll() is None:
            site.end(signal.SIGTERM)
        for pid in site.children():
            os.kill(pid, signal.SIGKILL)


def options(**env: str) -> Options:
    return Options.from_environment(env)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_when_asked(site: Site, how: signal.Signals) -> None:
    assert site.answers()
    server = site.postgres()
    assert site.end(how) == 0
    assert site.children() == []
    assert command_line_of(server) == []
    assert "stopped" in site.log
    assert not site.answers()


def test_a_killed_run_leaves_nothing_and_the_next_one_comes_up(site: Site) -> None:
    site.end(signal.SIGKILL)
    site.start()
    assert site.answers()


def test_a_run_killed_with_its_web_server_does_not_keep_the_port(site: Site) -> None:
    web = site.child("granian")
    os.kill(web, signal.SIGSTOP)
    site.end(signal.SIGKILL)
    os.kill(web, signal.SIGKILL)
    site.start()
    assert site.answers()


def test_what_is_killed_is_started_again(site: Site) -> None:
    for victim in ("granian", "worker"):
        before = site.child(victim)
        os.kill(before, signal.SIGKILL)

        def is_back(victim: str = victim, before: int = before) -> bool:
            return any(victim in command_line_of(pid) and pid > before for pid in site.children())

        site.wait_until(is_back)
        site.wait_until(site.answers)
    before = site.postgres()
    os.kill(before, signal.SIGKILL)
    site.wait_until(lambda: site.log.count("PostgreSQL ended") == 1)
    site.wait_until(lambda: site.answers() and site.answers() and site.answers())
    assert site.postgres() != before


def test_the_owners_address_never_reaches_the_web_server_or_the_worker(site: Site) -> None:
    assert len(site.children()) >= 2
    for pid in site.children():
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"MIGRATION_DATABASE_URL" not in environment
        assert b"jiangtu_owner" not in environment


def test_a_second_run_on_the_same_data_is_refused_with_a_reason(site: Site) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "app.supervisor"],
        cwd=ROOT,
        env=site.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert site.process is not None
    assert second.returncode == 1
    assert f"in use by another run (process {site.process.pid})" in second.stderr
    assert site.answers()


def test_a_taken_port_is_named_with_another_to_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SupervisorError, match=f"Port {port} is in use.*PORT={port + 1}"):
            refuse_taken_port("127.0.0.1", port)


@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATION_DATABASE_URL"])
def test_one_database_address_without_the_other_is_refused(name: str) -> None:
    with pytest.raises(SupervisorError, match="Set both DATABASE_URL"):
        options(**{name: "postgresql+psycopg://somebody@localhost/jiangtu"})


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(SupervisorError, match="PORT must be a number"):
        options(PORT=port)


def test_keys_are_made_once_kept_private_and_read_again(folder: Path) -> None:
    supervisor = Supervisor(options(DATA_DIR=str(folder)), {})
    made = supervisor._secrets()
    path = folder / "secrets.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tomllib.loads(path.read_text()) == made
    assert {len(base64.b64decode(made[name])) for name in ("PII_KEY", "BLIND_INDEX_KEY")} == {32}
    assert supervisor._secrets() == made
    supervisor.env = {"SECRET_KEY": "from the environment"}
    assert "SECRET_KEY" not in supervisor._secrets()


def test_lost_keys_are_not_replaced_while_their_data_is_there(folder: Path) -> None:
    (folder / "postgres").mkdir()
    with pytest.raises(SupervisorError, match="encrypted with its keys"):
        Supervisor(options(DATA_DIR=str(folder)), {})._secrets()


def test_no_keys_are_made_up_in_production(folder: Path) -> None:
    with pytest.raises(SupervisorError, match="PII_KEY"):
        Supervisor(options(DATA_DIR=str(folder), JIANGTU_ENV="production"), {})._secrets()
    assert list(folder.iterdir()) == []


def test_a_half_seeded_database_is_begun_anew(folder: Path) -> None:
    from app.supervisor import _SEEDING, _describe_database, _description

    with OwnPostgres(folder / "pg", fsync=False) as server:
        server.ensure_roles_and_database()
        with server.connect("jiangtu", user="jiangtu_owner") as connection:
            connection.execute("CREATE TABLE half (n int)")
        _describe_database(server.owner_url, _SEEDING)
        Supervisor(options(DATA_DIR=str(folder)), {})._clear_interrupted_seed(server)
        assert _description(server.owner_url) is None
        with server.connect("jiangtu", user="jiangtu_owner") as connection:
            assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)
