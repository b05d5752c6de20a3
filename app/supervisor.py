"""`make run`: our own PostgreSQL, migrations, the demo city once, the web server and the worker, kept alive.

One supervisor per DATA_DIR. Children get what they need and no more: the owner's address goes to migrations and
the seed, never to the web server or the worker. docs/operations.md says what each variable does.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import errno
import fcntl
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.postgres import SUPERUSER, OwnPostgres, PostgresError, die_with_parent, end_with_parent, process_ids

ROOT = Path(__file__).resolve().parent.parent
SECRET_NAMES = ("SECRET_KEY", "PII_KEY", "BLIND_INDEX_KEY")
MARK = "JIANGTU_SUPERVISED"  # in every child's environment: how the next run finds what a killed one left

_FIRST_ANSWER_SECONDS = 120.0
_MIGRATION_SECONDS = 3600.0
_HEALTHY_SECONDS = 30.0
_LONGEST_BACKOFF = 30.0
_SEEDING = "jiangtu: the demo city is being seeded"


class SupervisorError(RuntimeError):
    """The run cannot go on; the message says why and what to do."""


class Stopped(Exception):
    """Somebody asked us to stop."""


@dataclass(frozen=True)
class Options:
    """What `make run` is told from outside."""

    host: str
    port: int
    data_dir: Path
    database_url: str | None
    migration_url: str | None
    production: bool
    web_workers: int
    web_threads: int

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Options:
        """Read them; raises SupervisorError naming the variable that is wrong."""

        def number(name: str, default: int, *, highest: int) -> int:
            text = env.get(name, "").strip() or str(default)
            if not text.isdigit() or not 1 <= int(text) <= highest:
                raise SupervisorError(f"{name} must be a number from 1 to {highest}, not {text!r}.")
            return int(text)

        urls = [env.get(name, "").strip() or None for name in ("DATABASE_URL", "MIGRATION_DATABASE_URL")]
        if (urls[0] is None) != (urls[1] is None):
            raise SupervisorError(
                "Set both DATABASE_URL (the app's role) and MIGRATION_DATABASE_URL (the owner's) to use a server "
                "of yours, or neither to let this command start its own."
            )
        return cls(
            host=env.get("HOST", "").strip() or "127.0.0.1",
            port=number("PORT", 8000, highest=65535),
            data_dir=Path(env.get("DATA_DIR", "").strip() or ROOT / "var").expanduser().resolve(),
            database_url=urls[0],
            migration_url=urls[1],
            production=env.get("JIANGTU_ENV", "development") == "production",
            web_workers=number("WEB_WORKERS", 2, highest=256),
            web_threads=number("WEB_THREADS", 1, highest=256),
        )

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the site."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - translated, not bound
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"


@dataclass
class Child:
    """A process kept alive: started again when it ends, ever more slowly if it keeps ending."""

    name: str
    command: list[str]
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    failures: int = 0

    def start(self) -> None:
        """Start it in a session of its own, so that a Ctrl-C reaches it only through us, in order."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )

    def look_after(self) -> None:
        """Start it again if it ended and its pause is over."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self.clear_group()
            self.process = None
            self.failures = 1 if now - self.started_at > _HEALTHY_SECONDS else self.failures + 1
            pause = min(0.25 * 2**self.failures, _LONGEST_BACKOFF)
            self.not_before = now + pause
            say(f"{self.name} ended (exit code {code}); starting it again in {pause:g} s")
        if now >= self.not_before:
            self.start()

    def clear_group(self) -> None:
        """End what is left of its process group: a killed web server's workers would keep the port."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self, *, timeout: float) -> None:
        """Ask it to end; after `timeout` seconds, end it."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
        self.clear_group()
        self.process.wait()
        self.process = None


@dataclass
class Supervisor:
    """One run, from an empty folder or an old one to a stopped site."""

    options: Options
    env: dict[str, str]
    postgres: OwnPostgres | None = None
    children: list[Child] = field(default_factory=list)
    stop_requested: bool = False
    _lock: IO[str] | None = None

    def run(self) -> None:
        """Bring everything up, keep it up, and take it down in order when asked to."""
        began = time.monotonic()
        self.options.data_dir.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            end_leftovers(self.options.data_dir)
            refuse_taken_port(self.options.host, self.options.port)
            self.env |= self._secrets()
            self._set_up_database()
            self._start_children()
            self._wait_for_first_answer()
            self._introduce(time.monotonic() - began)
            self._keep_up()
        except Stopped:
            say("stopping …")
        finally:
            self._take_down()

    def request_stop(self, *_: object) -> None:
        """Signal handler: noted here, obeyed at the next pause."""
        self.stop_requested = True

    # -- setting up

    def _take_lock(self) -> None:
        path = self.options.data_dir / "run.lock"
        lock = path.open("a+")
        # A run whose `make` was killed needs a moment to stop: wait for that one, refuse beside a live one.
        patience, began = 3.0, time.monotonic()
        while True:
            with contextlib.suppress(OSError):
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            lock.seek(0)
            holder, _, state = lock.read().strip().partition(" ")
            if time.monotonic() - began > (60.0 if state == "stopping" else patience):
                raise SupervisorError(
                    f"{self.options.data_dir} is in use by another run (process {holder or 'unknown'}). "
                    "Stop that one, or give this one its own DATA_DIR and PORT."
                )
            self._pause(0.1)
        self._lock = lock
        self._note("running")

    def _note(self, state: str) -> None:
        if self._lock is not None:
            self._lock.truncate(0)
            self._lock.write(f"{os.getpid()} {state}\n")
            self._lock.flush()

    def _secrets(self) -> dict[str, str]:
        """The keys: from the environment, or made once and kept in DATA_DIR/secrets.toml."""
        missing = [name for name in SECRET_NAMES if not self.env.get(name, "").strip()]
        if not missing:
            return {}
        if self.options.production:
            raise SupervisorError(f"In production {', '.join(missing)} must be set: no keys are made up there.")
        path = self.options.data_dir / "secrets.toml"
        if not path.exists():
            if self._postgres_dir.exists() and self.options.database_url is None:
                raise SupervisorError(
                    f"{path} is missing, and the data in {self._postgres_dir} was encrypted with its keys. Put it "
                    f"back, or remove {self._postgres_dir} to start anew."
                )
            made = {
                "SECRET_KEY": secrets.token_urlsafe(48),
                "PII_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
                "BLIND_INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            }
            lines = "".join(f'{name} = "{value}"\n' for name, value in made.items())
            write_private(
                path, "# Development keys, made by `make run`. Data written with them needs them.\n" + lines
            )
        try:
            kept = tomllib.loads(path.read_text())
            return {name: str(kept[name]) for name in missing}
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise SupervisorError(
                f"{path} cannot be read ({error}); each of {SECRET_NAMES} must be there."
            ) from None

    @property
    def _postgres_dir(self) -> Path:
        return self.options.data_dir / "postgres"

    def _set_up_database(self) -> None:
        if self.options.database_url is None:
            self.postgres = OwnPostgres(self._postgres_dir)
            if not self._postgres_dir.exists():
                say(f"PostgreSQL: making a new data folder, {self._postgres_dir}")
            self.postgres.start()
            self.postgres.ensure_roles_and_database()
            app_url, owner_url = self.postgres.app_url, self.postgres.owner_url
            self._clear_interrupted_seed(self.postgres)
        else:
            assert self.options.migration_url is not None
            app_url, owner_url = self.options.database_url, self.options.migration_url
        for name, url in (("DATABASE_URL", app_url), ("MIGRATION_DATABASE_URL", owner_url)):
            if not _conninfo(url, name).startswith("postgresql"):
                raise SupervisorError(f"{name} must be a postgresql+psycopg:// address.")
        self.env |= {"DATABASE_URL": app_url, "DATA_DIR": str(self.options.data_dir)}
        self.env.setdefault("PUBLIC_URL", self.options.address)
        self.env |= {MARK: str(self.options.data_dir), "PYTHONUNBUFFERED": "1"}
        owner_env = self.env | {"MIGRATION_DATABASE_URL": owner_url}
        say("migrating …")
        self._command(["db", "upgrade"], owner_env, quiet=True)
        if not self.options.production and self._is_empty(owner_url):
            say("seeding the demo city, once …")
            _describe_database(owner_url, _SEEDING)
            self._command(["seed"], owner_env)
            _describe_database(owner_url, None)

    def _clear_interrupted_seed(self, postgres: OwnPostgres) -> None:
        """Start our own database anew if the run that first seeded it was killed half-way."""
        if _description(postgres.url(SUPERUSER)) == _SEEDING:
            say("the last run was stopped while seeding; starting the database anew")
            name = str(make_url(postgres.app_url).database)
            postgres.drop_database(name)
            postgres.create_database(name)

    def _is_empty(self, owner_url: str) -> bool:
        # Row-level security hides every row from the owner too: our own server is asked as its superuser, and of
        # another we only learn whether the table has ever held anything.
        if self.postgres is not None:
            url, question = self.postgres.url(SUPERUSER), "SELECT NOT EXISTS (SELECT FROM tenants)"
        else:
            url, question = owner_url, "SELECT pg_relation_size('tenants') = 0"
            if _description(owner_url) == _SEEDING:
                raise SupervisorError("Seeding this database was interrupted. Empty it and run again.")
        with psycopg.connect(_conninfo(url), connect_timeout=10) as connection:
            row = connection.execute(question.encode()).fetchone()
        return row is not None and bool(row[0])

    def _command(self, words: list[str], env: dict[str, str], *, quiet: bool = False) -> None:
        """Run a flask command to its end, obeying a stop; shows a quiet one's output only if it fails."""
        log = self.options.data_dir / "command.log" if quiet else None
        with contextlib.ExitStack() as files:
            output = files.enter_context(log.open("wb")) if log is not None else None
            child = subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "wsgi", *words],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
            try:
                deadline = time.monotonic() + _MIGRATION_SECONDS
                while child.poll() is None and time.monotonic() < deadline:
                    self._pause(0.05)
            finally:
                if child.poll() is None:
                    child.terminate()
                    try:
                        child.wait(10)
                    except subprocess.TimeoutExpired:
                        child.kill()
                        child.wait()
        if child.returncode:
            said = log.read_text(errors="replace") if log is not None else ""
            raise SupervisorError(
                f"`flask {' '.join(words)}` failed (exit code {child.returncode}).\n{said}".rstrip()
            )

    # -- running

    def _start_children(self) -> None:
        web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
        web += ["--host", self.options.host, "--port", str(self.options.port)]
        web += ["--workers", str(self.options.web_workers), "--blocking-threads", str(self.options.web_threads)]
        web += ["--respawn-failed-workers", "--respawn-interval", "1", "--workers-kill-timeout", "10"]
        web += ["--log-level", "warning", "wsgi:app"]
        env = {name: value for name, value in self.env.items() if name != "MIGRATION_DATABASE_URL"}
        worker = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        self.children = [Child("web server", web, env), Child("worker", worker, env)]
        for child in self.children:
            child.start()

    def _wait_for_first_answer(self) -> None:
        web = self.children[0]
        deadline = time.monotonic() + _FIRST_ANSWER_SECONDS
        while not answers(self.options.address):
            for child in self.children:
                child.look_after()
            if web.failures >= 3 or time.monotonic() > deadline:
                raise SupervisorError("The web server does not answer; what it said is above.")
            self._pause(0.1)

    def _introduce(self, seconds: float) -> None:
        say(f"ready in {seconds:.1f} s:  {self.options.address}/")
        if not self.options.production:
            with contextlib.suppress(SupervisorError):
                self._command(["demo-logins"], self.children[0].env)
        say(f"Ctrl-C stops everything. The data stays in {self.options.data_dir}.")

    def _keep_up(self) -> None:
        failures = 0
        while True:
            if self.postgres is not None and not self.postgres.is_running():
                say("PostgreSQL ended; starting it again")
                try:
                    self.postgres.start()
                    failures = 0
                except PostgresError as error:
                    failures += 1
                    if failures >= 5:
                        raise
                    say(str(error))
                    self._pause(float(2**failures))
            for child in self.children:
                child.look_after()
            self._pause(0.2)

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.stop_requested:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))
        raise Stopped

    def _take_down(self) -> None:
        self._note("stopping")
        for child in self.children:
            child.stop(timeout=15.0)
        if self.postgres is not None:
            self.postgres.stop()
        if self._lock is not None:
            self._lock.close()


def say(text: str) -> None:
    """One line for the person at the terminal."""
    with contextlib.suppress(BrokenPipeError):
        print(f"匠途 · {text}", flush=True)


def write_private(path: Path, text: str) -> None:
    """Write a file only we may read, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise SupervisorError if something listens there already."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise SupervisorError(f"HOST={host} is not an address of this machine ({error.strerror}).") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SupervisorError(f"Port {port} is in use. Choose another: make run PORT={port + 1}") from None
            raise SupervisorError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None


def answers(address: str) -> bool:
    """Whether the site says it is well."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def end_leftovers(data_dir: Path, *, patience: float = 15.0) -> None:
    """End the children of a killed run of this data directory; we hold its lock, so nobody needs them."""
    for how, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        left = _supervised(data_dir)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = _supervised(data_dir)


def _supervised(data_dir: Path) -> list[int]:
    wanted = f"{MARK}={data_dir}".encode()
    found = []
    for pid in process_ids():
        with contextlib.suppress(OSError):
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") and pid != os.getpid():
                found.append(pid)
    return found


def _conninfo(url: str, name: str = "DATABASE_URL") -> str:
    """An SQLAlchemy address as libpq reads it."""
    try:
        return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    except ArgumentError:
        raise SupervisorError(
            f"{name} is not an address like postgresql+psycopg://role:password@host/name."
        ) from None


def _description(url: str) -> str | None:
    with psycopg.connect(_conninfo(url), connect_timeout=10) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    return row[0] if row is not None else None


def _describe_database(url: str, text: str | None) -> None:
    """Note the seed's progress on the database itself, where it lives and dies with the data."""
    with psycopg.connect(_conninfo(url), connect_timeout=10, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        with contextlib.suppress(
            psycopg.errors.InsufficientPrivilege
        ):  # an outside database may have another owner
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(text)))


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped; 0 after a clean stop, 1 with a message otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m app.supervisor", description="Run the site with all it needs."
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when the calling process (make) is killed"
    )
    if parser.parse_args(arguments).with_parent:
        end_with_parent(signal.SIGTERM)
    try:
        supervisor = Supervisor(Options.from_environment(os.environ), dict(os.environ))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup keeps its word
                signal.signal(number, supervisor.request_stop)
        with contextlib.suppress(Stopped):
            supervisor.run()
    except (SupervisorError, PostgresError, psycopg.OperationalError) as error:
        print(f"匠途 · {error}", file=sys.stderr, flush=True)
        return 1
    say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
