"""Every page of the URL map, as each role that may see it: axe, no sideways scrolling, targets for thumbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser

from app.catalog.models import Course
from app.clock import now
from tests.browser.conftest import Newcomer
from tests.factories import Make
from tests.support.addresses import CITY_ONLY, Visit, visits
from tests.support.axe import too_small, too_wide, violations
from tests.support.browser import (
    DESKTOP,
    PHONE,
    Person,
    Site,
    give_session,
    open_person,
    session_cookie,
)
from tests.support.world import World, build

ROLES = ["nobody", "learner", "institution", "enterprise", "bureau", "city_bureau", "assessor"]
# No page of their own: text, downloads, a list below a box, and links that only change the language.
NOT_PAGES = {
    "health.healthz",
    "enroll.export",
    "enroll.my_file",
    "enroll.proof_file",
    "catalog.export_demand",
    "catalog.suggestions",
    "tenants.set_language",
    "tenants.keep_language",
}
FIRST = {"situations": "registered_unemployed"}
ANSWERS = {
    "situations": "registered_unemployed",
    "age_band": "16_49",
    "residence": "registered",
    "same_trade_level_before": "no",
    "used_this_year": "0",
}


@pytest.fixture(scope="module")
def world(make: Make, index: Callable[[Course], None]) -> World:
    """A row of everything; its courses can be found."""
    world = build(make)
    index(world.rows.course)
    return world


@pytest.fixture(scope="module")
def pages(make: Make, session_app: Flask, world: World) -> list[Visit]:
    """Every page, as each person of the world who may see it and whose rows they are.

    The city's bureau sees what a county's does; only what is the city's alone is looked at as the city.
    """
    found = visits(make, session_app, world)
    return [
        each
        for each in found
        if each.role in ROLES
        and each.endpoint not in NOT_PAGES
        and (each.role != "city_bureau" or each.endpoint in CITY_ONLY)
    ]


@dataclass
class Walker:
    """One tab that walks through many pages as different people, and what was wrong on the way."""

    person: Person
    app: Flask

    def sit(self, user: object = None, tenant: object = None, **values: object) -> None:
        """Be somebody from now on."""
        cookie = None
        if user is not None or values:
            cookie = session_cookie(self.app, user, tenant, **values)  # type: ignore[arg-type]
        give_session(self.person.context, self.person.site, cookie)

    def open(self, url: str, *, status: int = 200) -> list[str]:
        """Open a page on a phone; what is wrong with it already."""
        self.person.page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
        response = self.person.page.goto(f"{self.person.site.address}{url}")
        wrong = [*self.person.watch.faults]
        self.person.watch.faults.clear()
        if response is None or response.status != status:
            wrong.append(f"answers {response.status if response else 'nothing'}")
        return wrong

    def look(self, *, thoroughly: bool = True) -> list[str]:
        """What is wrong with the page that is open, on a phone and (thoroughly) on a desktop and in the dark."""
        page = self.person.page
        wrong = [f"360 px: {each}" for each in (*violations(page), *too_wide(page), *too_small(page))]
        if thoroughly:
            page.emulate_media(color_scheme="dark")
            wrong += [f"360 px dark: {each}" for each in violations(page, "color-contrast")]
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": DESKTOP.width, "height": DESKTOP.height})
            wrong += [f"1280 px: {each}" for each in (*violations(page), *too_wide(page))]
        return wrong


@pytest.fixture(scope="module")
def walker(chromium: Browser, site: Site, session_app: Flask) -> Iterator[Walker]:
    """The tab; 360 px wide, with script."""
    person = open_person(chromium, site, PHONE)
    yield Walker(person, session_app)
    person.context.close()


@pytest.mark.parametrize("role", ROLES)
def test_every_page_is_fit_for_everyone_as(role: str, walker: Walker, pages: list[Visit]) -> None:
    mine = [each for each in pages if each.role == role]
    assert mine
    # A public page differs from role to role by its header only: looked at thoroughly as a visitor.
    public = {each.endpoint for each in pages if each.role == "nobody"}
    walker.sit(mine[0].user, mine[0].tenant)
    wrong = []
    for each in mine:
        found = walker.open(each.url)
        found += walker.look(thoroughly=role == "nobody" or each.endpoint not in public)
        wrong += [f"{each.endpoint} {each.url}: {what}" for what in found]
    assert not wrong, "\n".join(wrong)


def test_every_page_fits_a_phone_in_english(walker: Walker, pages: list[Visit]) -> None:
    wrong, seen, last = [], set(), None
    for each in pages:
        if each.endpoint in seen:
            continue
        seen.add(each.endpoint)
        if each.role != last:
            walker.sit(each.user, each.tenant, locale="en")
            last = each.role
        found = walker.open(each.url) + too_wide(walker.person.page)
        wrong += [f"{each.endpoint} {each.url}: {what}" for what in found]
    assert not wrong, "\n".join(wrong)


def test_pages_with_answers_refusals_and_lost_ways_are_fit_for_everyone(walker: Walker, world: World) -> None:
    rows = world.rows
    course, run = f"/courses/{rows.course.id}", f"/runs/{rows.run.id}/apply"
    learner = world.people["other_learner"].user
    clerk = world.people["institution"]
    code = ["ABCD-EFGH", "user1", (now() + timedelta(minutes=20)).timestamp()]
    states: list[tuple[str, str, int, object, object, dict[str, object]]] = [
        ("free", course, 200, None, None, {"answers": ANSWERS}),
        ("employee", course, 200, None, None, {"answers": {**ANSWERS, "situations": "employee"}}),
        ("unknown", course, 200, None, None, {"answers": {"age_band": "16_49"}}),
        ("asking", "/eligibility/questions/2", 200, None, None, {"answers": FIRST, "asked": list(FIRST)}),
        ("asking again", "/eligibility/questions/1", 200, None, None, {"answers": FIRST, "asked": list(FIRST)}),
        ("result", "/eligibility/result", 200, None, None, {"answers": ANSWERS}),
        ("answered", "/courses?free=1", 200, None, None, {"answers": ANSWERS}),
        ("nothing found", "/courses?q=zzzz&mode=online", 200, None, None, {}),
        ("narrowed", "/courses?q=%E7%84%8A%E5%B7%A5&shortage=1", 200, None, None, {}),
        ("lost", "/courses/999999999", 404, None, None, {}),
        ("applying with answers", run, 200, learner, None, {"answers": ANSWERS}),
        ("reset by link", "/reset", 200, None, None, {"reset_token": rows.reset_token}),
        ("printed code", "/desk/reset-codes/print", 200, clerk.user, clerk.tenant, {"desk_code": code}),
    ]
    wrong = []
    for name, url, status, user, tenant, values in states:
        walker.sit(user, tenant, **values)
        wrong += [f"{name}: {what}" for what in (*walker.open(url, status=status), *walker.look())]
    assert not wrong, "\n".join(wrong)


REFUSED = [
    ("nobody", "/sign-in"),
    ("nobody", "/sign-up"),
    ("nobody", "/forgot"),
    ("nobody", "/reset"),
    ("learner", "/organisations/register"),
    ("learner", "/me/profile"),
    ("institution", "/desk/courses/new"),
    ("institution", "/desk/courses/{rows.course.id}/runs/new"),
    ("institution", "/desk/runs/{rows.run.id}/cancel"),
    ("bureau", "/desk/designations/new"),
    ("bureau", "/desk/course-reviews/{rows.submitted.id}"),
    ("bureau", "/desk/referrals"),
]


def test_a_form_sent_empty_is_refused_in_a_way_everyone_can_follow(
    somebody: Newcomer, walker: Walker, world: World
) -> None:
    wrong = []
    for role, pattern in REFUSED:
        person, url = world.people[role], pattern.format(rows=world.rows)
        walker.sit(person.user, person.tenant)
        found = walker.open(url)
        page = walker.person.page
        for field in page.locator(
            "main form[method=post] :is(input:not([type=hidden], [type=radio], [type=checkbox]), textarea)"
        ).all():
            field.fill("")
        with page.expect_navigation():
            page.locator("main form[method=post] button").first.click()
        if not page.locator(".error").count():
            found.append("says nothing")
        found += walker.look()
        wrong += [f"{url}: {what}" for what in found]
    assert not wrong, "\n".join(wrong)
