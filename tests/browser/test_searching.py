"""The box while typing, and a place told by a person or their device."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.catalog.models import Course
from tests.browser.conftest import Newcomer
from tests.browser.steps import until_shown
from tests.factories import Make
from tests.support.axe import violations
from tests.support.browser import DESKTOP, PHONE, Device

Index = Callable[[Course], None]
WITH_SCRIPT = pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=lambda device: device.name)


def type_words(page: Page, words: str) -> None:
    box = page.get_by_role("combobox", name="想学什么")
    box.click()
    box.press_sequentially(words, delay=30)
    expect(page.get_by_role("option").first).to_be_visible()


@WITH_SCRIPT
def test_suggestions_are_moved_through_and_followed_by_keyboard_alone(somebody: Newcomer, device: Device) -> None:
    person = somebody(device)
    page = person.page
    page.goto(f"{person.site.address}/")
    box = page.get_by_role("combobox", name="想学什么")
    expect(box).to_have_attribute("aria-expanded", "false")
    type_words(page, "hang")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status").filter(has_text="个建议")).to_have_count(1)
    assert not violations(page)
    box.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_have_text(re.compile("焊工"))
    expect(box).to_have_attribute("aria-activedescendant", str(chosen.get_attribute("id")))
    expect(box).to_be_focused()
    box.press("ArrowUp")
    expect(chosen).to_have_count(0)
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("hang")
    box.press("ArrowDown")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"/courses\?q="))
    expect(page.locator("#understood")).to_contain_text("工种：焊工")


@WITH_SCRIPT
def test_enter_without_a_choice_searches_for_what_was_typed(somebody: Newcomer, device: Device) -> None:
    person = somebody(device)
    page = person.page
    page.goto(f"{person.site.address}/courses")
    type_words(page, "hang")
    page.get_by_role("combobox", name="想学什么").press("Enter")
    expect(page).to_have_url(re.compile(r"q=hang\b"))


def test_a_box_without_script_is_a_plain_box(somebody: Newcomer, device: Device) -> None:
    person = somebody(device)
    page = person.page
    page.goto(f"{person.site.address}/")
    page.locator("#q").fill("焊工")
    page.locator("#q").press("Enter")
    expect(page.locator("#understood")).to_contain_text("工种：焊工")
    if not device.has_script:
        assert page.locator("#q").get_attribute("role") is None


def test_a_county_is_told_and_forgotten_with_and_without_script(
    somebody: Newcomer, make: Make, index: Index, device: Device
) -> None:
    courses = [make.course(title=f"近处的课{device.name}{n}") for n in range(2)]
    for course in courses:
        index(course)
    person = somebody(device)
    page = person.page
    until_shown(person, f"/courses?q=近处的课{device.name}", page.get_by_role("link", name="离我近的靠前"))
    page.get_by_role("link", name="离我近的靠前").click()
    expect(page.get_by_role("button", name="用这台设备的位置")).to_be_visible(visible=device.has_script)
    page.get_by_label("区县").select_option(label="平山县")
    page.get_by_role("button", name="按这里排").click()
    expect(page.locator(".near")).to_contain_text("离平山县近的靠前")
    assert "130131" not in page.url
    page.get_by_role("button", name="清除位置").click()
    expect(page.get_by_role("link", name="离我近的靠前")).to_be_visible()


@WITH_SCRIPT
def test_a_devices_place_is_sent_only_on_a_press_and_never_in_an_address(
    somebody: Newcomer, device: Device
) -> None:
    person = somebody(device)
    page = person.page
    page.context.grant_permissions(["geolocation"], origin=person.site.address)
    page.context.set_geolocation({"latitude": 38.2567, "longitude": 114.1963})
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"{person.site.address}/courses/near")
    assert page.locator('[name="latitude"]').input_value() == ""
    page.get_by_role("button", name="用这台设备的位置").click()
    expect(page).to_have_url(re.compile(r"/courses$"))
    assert not [url for url in addresses if "38.2" in url or "114.1" in url]
