"""The watch notices what it is there for."""

from __future__ import annotations

from tests.browser.conftest import Newcomer
from tests.support.browser import DESKTOP


def test_the_home_page_opens_without_a_fault(somebody: Newcomer) -> None:
    person = somebody(DESKTOP)
    person.go("/")
    assert "匠途" in person.page.title()
    person.page.goto(person.site.address + "/courses/999999999")
    person.watch.faults.clear()
