"""A real site for a real browser: server and worker processes, Chromium contexts, what must not happen there."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, session
from flask_login import login_user
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from app import scope
from app.db import db
from app.postgres import die_with_parent
from app.tenants.models import Membership, Tenant, User
from app.tenants.session import enter_desk
from tests.support.database import ROOT, Database

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
]
PHONE_AGENT = (
    "Mozilla/5.0 (Linux; Android 13; 2201117TY) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)
START_SECONDS = 60.0
WAIT_MILLISECONDS = 15_000


def find_chromium() -> str | None:
    """The browser: CHROMIUM names one, or one on PATH."""
    for name in (os.environ.get("CHROMIUM", "").strip(), *CHROMIUM_NAMES):
        found = shutil.which(name) if name else None
        if found is not None:
            return found
    return None


# --- The site ----------------------------------------------------------------------------------------------


@dataclass
class Site:
    """A running site on loopback: where it is, and where its processes write."""

    address: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    def troubles(self) -> list[str]:
        """What the server and the worker complained of so far."""
        found = []
        for name in ("web", "worker"):
            text = (self.folder / f"{name}.log").read_text(errors="replace")
            found += [f"{name}: {part[-3000:]}" for part in re.findall(r"Traceback[\s\S]+?\n(?=\S).*", text)]
        return found


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_site(database: Database, folder: Path) -> Iterator[Site]:
    """Start the web server and the worker on the database; they end with the block, or with this process."""
    port = free_port()
    site = Site(f"http://127.0.0.1:{port}", folder)
    env = {**database.environment(folder), "PUBLIC_URL": site.address, "PYTHONUNBUFFERED": "1"}
    env.pop("MIGRATION_DATABASE_URL")
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--host", "127.0.0.1"]
    web += ["--port", str(port), "--workers", "2", "--blocking-threads", "1", "--log-level", "warning", "wsgi:app"]
    commands = {"web": web, "worker": [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]}
    try:
        for name, command in commands.items():
            with (folder / f"{name}.log").open("wb") as log:
                site.processes.append(
                    subprocess.Popen(
                        command,
                        cwd=ROOT,
                        env=env,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        preexec_fn=die_with_parent(signal.SIGTERM),
                    )
                )
        _wait_until_it_answers(site, port)
        yield site
    finally:
        for process in reversed(site.processes):
            process.terminate()
        for process in site.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_answers(site: Site, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        ended = [process for process in site.processes if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            logs = "\n".join((site.folder / f"{name}.log").read_text() for name in ("web", "worker"))
            raise RuntimeError(f"The site did not start:\n{logs[-5000:]}")
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/healthz")
                if connection.getresponse().status < 500:
                    return
        except OSError:
            pass
        time.sleep(0.1)


# --- Devices -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Device:
    """What a person holds in their hands."""

    name: str
    width: int
    height: int
    is_phone: bool
    has_script: bool = True

    def options(self) -> dict[str, Any]:
        """How Playwright is told."""
        options: dict[str, Any] = {
            "viewport": {"width": self.width, "height": self.height},
            "locale": "zh-CN",
            "timezone_id": "Asia/Shanghai",
            "java_script_enabled": self.has_script,
            "is_mobile": self.is_phone,
            "has_touch": self.is_phone,
        }
        if self.is_phone:
            options["user_agent"] = PHONE_AGENT
        return options


PHONE = Device("phone", 360, 740, is_phone=True)
DESKTOP = Device("desktop", 1280, 900, is_phone=False)
DEVICES = [
    PHONE,
    DESKTOP,
    Device("phone-no-script", 360, 740, is_phone=True, has_script=False),
    Device("desktop-no-script", 1280, 900, is_phone=False, has_script=False),
]


# --- Watching ----------------------------------------------------------------------------------------------

# Chromium reports every refused form (422) and lost page (404) in the console; the status itself is watched.
_STATUS_LINE = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
# htmx reports a request that was given up because the person went on to another page.
_GIVEN_UP = re.compile(r"htmx:(sendAbort|afterRequest)\b")


class Watch:
    """Notes what must never happen while people use the site."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.site = site
        self.faults: list[str] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"script error: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not (
            _STATUS_LINE.match(message.text) or _GIVEN_UP.match(message.text)
        ):
            self.faults.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).scheme in ("http", "https") and not request.url.startswith(
            f"{self.site.address}/"
        ):
            self.faults.append(f"asks outside: {request.url}")

    def _response(self, response: Response) -> None:
        is_page = response.request.resource_type in ("document", "xhr", "fetch")
        if response.status >= 500 or (response.status >= 400 and not is_page):
            self.faults.append(f"{response.status} for {response.request.method} {response.url}")


# --- People ------------------------------------------------------------------------------------------------


def session_cookie(
    app: Flask,
    user: User | None = None,
    tenant: Tenant | None = None,
    **values: Any,
) -> str:
    """The session cookie of somebody who signed in, at a tenant's desk if given; `values` go into the session."""
    actor = user.id if user is not None else None
    with app.test_request_context("/"), scope.opened(scope.Scope(actor_id=actor)):
        if user is not None:
            login_user(user)
        if tenant is not None:
            enter_desk(
                db.session.scalars(
                    sa.select(Membership).where(Membership.user_id == actor, Membership.tenant_id == tenant.id)
                ).one()
            )
        session.update(values)
        response = app.response_class()
        app.session_interface.save_session(app, session, response)  # type: ignore[arg-type]
        db.session.remove()
    header = response.headers["Set-Cookie"]
    return str(header.split(";", 1)[0].split("=", 1)[1])


def give_session(context: BrowserContext, site: Site, value: str | None) -> None:
    """Put a session cookie into a browser, or take it away."""
    context.clear_cookies()
    if value is not None:
        context.add_cookies([{"name": "jiangtu", "value": value, "url": site.address, "httpOnly": True}])


@dataclass
class Person:
    """Somebody with a browser of their own."""

    context: BrowserContext
    page: Page
    watch: Watch
    site: Site
    device: Device

    def go(self, path: str) -> Page:
        """Open a path of the site."""
        self.page.goto(f"{self.site.address}{path}")
        return self.page

    def path(self) -> str:
        """The path the person is on, with its query."""
        parts = urlsplit(self.page.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def press(self, name: str, *, role: Literal["button", "link"] = "button", exact: bool = True) -> None:
        """Press the one button (or link) of this name."""
        self.page.get_by_role(role, name=name, exact=exact).first.click()

    def follow(self, name: str, *, exact: bool = True) -> None:
        """Follow the first link of this name."""
        self.press(name, role="link", exact=exact)

    def fill(self, **fields: str) -> None:
        """Fill in fields by their names."""
        for name, value in fields.items():
            self.page.locator(f"main [name={name}]").first.fill(value)

    def choose(self, **fields: str) -> None:
        """Choose an option of selects by its label, or by its value."""
        for name, wanted in fields.items():
            self.page.locator(f"main select[name={name}]").select_option(wanted)

    def tick(self, label: str) -> None:
        """Tick the radio button or check box with this label."""
        self.page.locator("main").get_by_label(label).first.check()


def open_person(browser: Browser, site: Site, device: Device) -> Person:
    """A new browser context with one page, watched."""
    context = browser.new_context(**device.options())
    context.set_default_timeout(WAIT_MILLISECONDS)
    context.set_default_navigation_timeout(WAIT_MILLISECONDS)
    watch = Watch(context, site)
    return Person(context, context.new_page(), watch, site, device)
