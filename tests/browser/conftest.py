"""One site and one Chromium for the whole folder; each test gets people with browsers of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy.orm import Session

from app import jobs, scope, storage
from app.catalog.models import Course
from app.db import db
from app.tenants.models import Tenant, User
from tests.factories import Make
from tests.support.browser import (
    CHROMIUM_ARGS,
    DEVICES,
    WAIT_MILLISECONDS,
    Device,
    Person,
    Site,
    find_chromium,
    give_session,
    open_person,
    running_site,
    session_cookie,
)
from tests.support.database import ROOT, Database

SHOTS = ROOT / "var" / "browser"

expect.set_options(timeout=WAIT_MILLISECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember on the test how its call went, so that fixtures can leave a picture."""
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.stash[FAILED] = report.failed  # type: ignore[attr-defined]
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running site."""
    with running_site(database, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium: set CHROMIUM or install it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def make(session_app: Flask, super_engine: sa.Engine, site: Site) -> Iterator[Make]:
    """Factories that commit, and store files where the site finds them; what they made stays until the end."""
    storage.configure(site.folder / "proofs")
    with Session(super_engine, expire_on_commit=False) as session:
        yield Make(session)


@pytest.fixture(params=DEVICES, ids=lambda device: device.name)
def device(request: pytest.FixtureRequest) -> Device:
    """Phone and desktop, with script and without."""
    return request.param  # type: ignore[no-any-return]


Newcomer = Callable[..., Person]


@pytest.fixture
def somebody(
    request: pytest.FixtureRequest, chromium: Browser, site: Site, session_app: Flask, super_engine: sa.Engine
) -> Iterator[Newcomer]:
    """`somebody(device)` is a visitor, `somebody(device, user, tenant)` signed in; faults fail the test."""
    people: list[Person] = []
    troubles = len(site.troubles())
    with super_engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM attempts")  # all come from one address

    def somebody(
        device: Device, user: User | None = None, tenant: Tenant | None = None, **values: object
    ) -> Person:
        person = open_person(chromium, site, device)
        if user is not None or values:
            give_session(person.context, site, session_cookie(session_app, user, tenant, **values))
        people.append(person)
        return person

    yield somebody
    if request.node.stash.get(FAILED, True):
        SHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w-]+", "-", request.node.name)
        for number, person in enumerate(people):
            person.page.screenshot(path=SHOTS / f"{name}-{number}.png", full_page=True)
            (SHOTS / f"{name}-{number}.html").write_text(person.page.content())
        for log in site.folder.glob("*.log"):
            (SHOTS / log.name).write_bytes(log.read_bytes())
    faults = [fault for person in people for fault in person.watch.faults]
    for person in people:
        person.context.close()
    assert not faults, faults
    assert not site.troubles()[troubles:], site.troubles()[troubles:]


@pytest.fixture
def renew(site: Site, session_app: Flask) -> Callable[..., None]:
    """Give a person a new session: the tokens of the pages they have open are worth nothing then."""

    def renew(person: Person, user: User, tenant: Tenant | None = None) -> None:
        give_session(person.context, site, session_cookie(session_app, user, tenant))

    return renew


@pytest.fixture(scope="session")
def index(session_app: Flask) -> Callable[[Course], None]:
    """Have the site's worker index a course the factories made."""

    def index(course: Course) -> None:
        with session_app.app_context(), scope.opened(scope.VISITOR):
            jobs.enqueue("catalog.index_course", scope=scope.VISITOR, course_id=course.id)
            db.session.commit()
            db.session.remove()

    return index
