"""Our own Elasticsearch for development and tests: `make elasticsearch`, or `running()` in a program.

It is looked for in this order: an ELASTICSEARCH_URL that answers; a Java of 21 or newer on this machine with
Elasticsearch's own distribution from Maven (the engine without its optional modules); `docker compose`. Started by
root, the server runs as a user of its own, and it ends when its parent does.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from app.postgres import command_line_of, die_with_parent, open_passage, process_ids, unprivileged_user

ROOT = Path(__file__).resolve().parent.parent
VERSION = "9.5.0"
GROUP = "org.elasticsearch.distribution.integ-test-zip"
IN_REPOSITORY = f"{GROUP.replace('.', '/')}/elasticsearch/{VERSION}/elasticsearch-{VERSION}.zip"
ARTIFACT = f"{GROUP}:elasticsearch:{VERSION}:zip"
OLDEST_JAVA = 21
USUAL_PORT = 9200
COMPOSE_URL = f"http://127.0.0.1:{USUAL_PORT}"
HOW_TO = f"""There are three ways to have an Elasticsearch here:
 - set ELASTICSEARCH_URL to one that answers;
 - install a Java {OLDEST_JAVA} or newer and Maven (on Debian and Ubuntu:
   apt-get install openjdk-{OLDEST_JAVA}-jre-headless maven), so that this works:
   mvn dependency:get -Dartifact={ARTIFACT} -Dtransitive=false
 - install Docker with `docker compose`."""


class ElasticsearchError(RuntimeError):
    """There is no Elasticsearch to be had; the message says why and what to do."""


class OwnElasticsearch:
    """A server of our own, all of it in `folder`; `start()` and `stop()` it, or use it as a context manager.

    Its port is free when first asked for, and stays the same over restarts.
    A folder is one process's at a time.
    """

    def __init__(self, folder: Path | str, *, heap: str = "512m", port: int | None = None) -> None:
        self.folder = Path(folder).expanduser().resolve()
        self.heap = heap
        self.port = port or _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        """What it says while it starts and runs."""
        return self.folder / "output.log"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def is_running(self) -> bool:
        """Whether the process we started is alive."""
        return self.process is not None and self.process.poll() is None

    def start(self, *, timeout: float = 600.0) -> Self:
        """Fetch what is missing, start, and wait until it answers; does nothing if it runs already.

        A large index that was not closed properly takes minutes to be read again.
        """
        if self.is_running():
            return self
        java = find_java()
        if java is None:
            raise ElasticsearchError(f"No Java {OLDEST_JAVA} or newer was found.\n{HOW_TO}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            self._end_leftovers()
            home = unpacked(self.folder)
            user = unprivileged_user("jiangtu-elasticsearch") if os.geteuid() == 0 else None
            options: dict[str, Any] = {}
            if user is not None:
                open_passage(self.folder, user)
                options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            self._write_settings(None if user is None else (user.pw_uid, user.pw_gid))
            self._launch(home, java, options)
            self._wait(time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, *, timeout: float = 30.0) -> None:
        """Shut down cleanly; after `timeout` seconds, at once."""
        if self.is_running() and self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
        self.kill()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """End it at once, as a power cut does; what it has acknowledged is on its disk."""
        process, self.process = self.process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self._end_leftovers()  # waits until the launcher's child is gone too

    # -- how

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = (self.folder / "run.lock").open("a+")
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ElasticsearchError(f"The Elasticsearch in {self.folder} is in use by another process.") from None
        self._lock = lock

    def _end_leftovers(self) -> None:
        """End what a killed run left in this folder: we hold the lock, so it has lost its parent."""
        while left := [pid for pid in process_ids() if self._is_ours(command_line_of(pid))]:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _is_ours(self, command: list[str]) -> bool:
        home = f"{self.folder}{os.sep}elasticsearch-{VERSION}"
        return bool(command) and Path(command[0]).name == "java" and any(home in word for word in command)

    def _write_settings(self, owner: tuple[int, int] | None) -> None:
        """Everything it is told, before its first start: else it secures itself and refuses these settings."""
        config = self.folder / "config"
        home = self.folder / f"elasticsearch-{VERSION}"
        for folder in (config / "jvm.options.d", self.folder / "data", self.folder / "logs", self.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("jvm.options", "log4j2.properties"):
            shutil.copyfile(home / "config" / name, config / name)
        settings = {
            "cluster.name": "jiangtu-own",
            "path.data": self.folder / "data",
            "path.logs": self.folder / "logs",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": _free_port(),
            "discovery.type": "single-node",
            "xpack.security.enabled": "false",
            # A nearly full disk is no reason to refuse a developer's index.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
        }
        lines = [f"{name}: {value}\n" for name, value in settings.items()]
        (config / "elasticsearch.yml").write_text("# Written at every start.\n" + "".join(lines), encoding="utf-8")
        (config / "jvm.options.d" / "heap.options").write_text(f"-Xms{self.heap}\n-Xmx{self.heap}\n")
        if owner is not None:
            for top in (config, self.folder / "data", self.folder / "logs", self.folder / "tmp"):
                for path in (top, *top.rglob("*")):
                    os.chown(path, *owner, follow_symlinks=False)

    def _launch(self, home: Path, java: Path, options: dict[str, Any]) -> None:
        env = {
            "PATH": os.defpath,
            "LC_ALL": "C",
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "LIBFFI_TMPDIR": str(self.folder / "tmp"),
            "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -Xmx64m",
        }
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [home / "bin" / "elasticsearch"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=env,
                start_new_session=True,  # one group to kill; a Ctrl-C at the terminal is for us
                preexec_fn=die_with_parent(signal.SIGTERM),  # started from the main thread
                **options,
            )

    def _wait(self, deadline: float) -> None:
        while self.is_running() and time.monotonic() < deadline:
            if answers(self.url):
                return
            time.sleep(0.1)
        said = self.log_path.read_text(errors="replace")
        raise ElasticsearchError(f"Elasticsearch did not start; its log is {self.log_path}:\n{said[-2000:]}")


def answers(url: str) -> bool:
    """Whether an Elasticsearch listens there and knows who leads it; one that asks who we are does too."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=4s")
            return connection.getresponse().status in (200, 401, 403)
    except (OSError, http.client.HTTPException, ValueError):
        return False


def find_java() -> Path | None:
    """The home of a Java that is new enough: JAVA_HOME, then /usr/lib/jvm, the newest first."""
    named = os.environ.get("JAVA_HOME", "").strip()
    homes = [Path(named)] if named else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"), key=_java_version, reverse=True)
    return next((home for home in homes if _java_version(home) >= OLDEST_JAVA), None)


def _java_version(home: Path) -> int:
    """The major version of a Java home by its release file; 0 if it is none."""
    try:
        release = (home / "release").read_text(errors="replace")
    except OSError:
        return 0
    found = re.search(r'JAVA_VERSION="(\d+)', release)
    return int(found[1]) if found and (home / "bin" / "java").exists() else 0


def distribution() -> Path:
    """The distribution in Maven's local repository, fetched if it is not there."""
    path = Path.home() / ".m2" / "repository" / IN_REPOSITORY
    if not path.exists():
        maven = shutil.which("mvn")
        if maven is None:
            raise ElasticsearchError(f"Maven was not found to fetch Elasticsearch with.\n{HOW_TO}")
        print(f"fetching Elasticsearch {VERSION} (130 MB) …", file=sys.stderr, flush=True)
        command = [maven, "-q", "-B", "dependency:get", f"-Dartifact={ARTIFACT}", "-Dtransitive=false"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode or not path.exists():
            raise ElasticsearchError(f"Maven could not fetch {ARTIFACT}:\n{done.stdout[-2000:]}\n{HOW_TO}")
    return path


def unpacked(folder: Path) -> Path:
    """The distribution, unpacked in a folder once; a run killed in between leaves nothing that looks finished."""
    home = folder / f"elasticsearch-{VERSION}"
    if not home.exists():
        fresh = folder / "unpacking"
        shutil.rmtree(fresh, ignore_errors=True)
        with zipfile.ZipFile(distribution()) as archive:
            for entry in archive.infolist():
                path = Path(archive.extract(entry, fresh))
                path.chmod(0o755 if entry.is_dir() else (entry.external_attr >> 16 & 0o777 | 0o644))
        (fresh / home.name).rename(home)
        shutil.rmtree(fresh)
    return home


def _free_port(wanted: int = 0) -> int:
    """A port nobody listens on; the one wanted, if it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return _free_port()
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(folder: Path | str, *, heap: str = "512m", port: int | None = None) -> Iterator[str]:
    """The address of an Elasticsearch, for as long as the `with`; raises ElasticsearchError saying what to do."""
    url = os.environ.get("ELASTICSEARCH_URL", "").strip()
    if url and answers(url.split(",")[0]):
        yield url
    elif find_java() is not None or not _has_compose():
        with OwnElasticsearch(folder, heap=heap, port=port) as server:
            yield server.url
    else:
        compose = ["docker", "compose", "--file", str(ROOT / "docker-compose.yml")]
        subprocess.run([*compose, "up", "--detach", "--wait", "elasticsearch"], check=True)
        try:
            yield COMPOSE_URL
        finally:
            subprocess.run([*compose, "rm", "--stop", "--force", "--volumes", "elasticsearch"], check=False)


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


def fetch() -> None:
    """Have what starting one needs; raises ElasticsearchError saying what to do."""
    if answers(os.environ.get("ELASTICSEARCH_URL", "").split(",")[0]):
        return
    if find_java() is not None:
        distribution()
    elif not _has_compose():
        raise ElasticsearchError(f"No Java {OLDEST_JAVA} or newer was found.\n{HOW_TO}")


def main(arguments: list[str]) -> int:
    """Start one, print its address, and keep it until Ctrl-C; with --fetch, only have what that needs."""
    if arguments == ["--fetch"]:
        try:
            fetch()
        except ElasticsearchError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    folder = Path(os.environ.get("DATA_DIR", "").strip() or ROOT / "var").expanduser() / "elasticsearch"
    try:
        with running(folder, heap="1g", port=_free_port(USUAL_PORT)) as url:
            print(f"Elasticsearch answers at {url} until Ctrl-C. To search with it:", flush=True)
            print(f"  ELASTICSEARCH_URL={url} make run", flush=True)
            stopped.wait()
    except ElasticsearchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
