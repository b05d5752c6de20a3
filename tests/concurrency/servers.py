"""Real processes for tests: the web server and the worker, started as `make run` starts them."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

from tests.support.database import ROOT, Database


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(words: list[str], database: Database, folder: Path, log: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours with the app's settings; ended with the test."""
    with (folder / log).open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=database.environment(folder),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield child
        finally:
            if child.poll() is None:
                child.terminate()
                with suppress(subprocess.TimeoutExpired):
                    child.wait(15)
            if child.poll() is None:
                child.kill()
                child.wait(15)


@contextmanager
def web(database: Database, folder: Path, *, workers: int = 2) -> Iterator[int]:
    """The web server on a free port; gives the port once it answers."""
    port = free_port()
    words = ["granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers", str(workers), "--blocking-threads", "4", "--backlog", "1024", "wsgi:app"]
    with process(words, database, folder, "web.log") as child:
        deadline = time.monotonic() + 60
        while True:
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "web.log").read_text())
            with suppress(OSError):
                if request(port, "GET", "/healthz")[0] < 500:
                    break
            time.sleep(0.2)
        yield port


@contextmanager
def worker(database: Database, folder: Path, *, log: str = "worker.log") -> Iterator[subprocess.Popen[bytes]]:
    """A worker process."""
    with process(["flask", "--app", "wsgi", "worker", "--concurrency", "2"], database, folder, log) as child:
        yield child


def request(
    port: int, method: str, path: str, *, cookie: str = "", data: dict[str, str] | None = None
) -> tuple[int, str]:
    """One request over a connection of its own: (status, body or location)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": f"127.0.0.1:{port}"}
        if cookie:
            headers["Cookie"] = cookie
        connection.request(method, path, body=urlencode(data or {}) if data else None, headers=headers)
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
        return response.status, response.headers.get("Location") or body
    finally:
        connection.close()
