"""A small load generator: many keep-alive connections in one epoll loop, so that the client stays cheap."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Result:
    """What a round measured: requests a second, statuses, seconds per request sorted."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of requests was answered."""
        return sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))] * 1000


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.missing = -1
        self.started = 0.0

    def send(self, request: bytes) -> None:
        self.buffer, self.missing, self.started = b"", -1, time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> int | None:
        """The status once the whole answer is there, else None."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        if self.missing < 0:
            self.buffer += chunk
            head, found, body = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return None
            self.missing = _length(head) - len(body)
        else:
            self.missing -= len(chunk)
        return int(self.buffer[9:12]) if self.missing <= 0 else None


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")


def request(method: str, path: str, *, cookie: str = "", form: bytes = b"") -> bytes:
    """One HTTP request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: keep-alive"]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + form


def run(port: int, requests: Iterator[bytes], *, connections: int = 16, seconds: float | None = None) -> Result:
    """Send requests until they run out or time is up, each connection one at a time."""
    selector = selectors.DefaultSelector()
    began = time.perf_counter()
    result = Result(0.0)
    open_count = 0
    for _ in range(connections):
        first = next(requests, None)
        if first is None:
            break
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(first)
        open_count += 1
    while open_count:
        for key, _events in selector.select(timeout=30):
            connection = key.data
            status = connection.read()
            if status is None:
                continue
            result.statuses[status] += 1
            result.times.append(time.perf_counter() - connection.started)
            over = seconds is not None and time.perf_counter() - began > seconds
            following = None if over else next(requests, None)
            if following is None:
                selector.unregister(connection.socket)
                connection.socket.close()
                open_count -= 1
            else:
                connection.send(following)
    result.seconds = time.perf_counter() - began
    return result
