"""Tables on a phone: each row is a block, and what can be done with it stands in one line at its end."""

from __future__ import annotations

from tests.browser.conftest import Newcomer
from tests.factories import Make
from tests.support.browser import PHONE


def test_the_buttons_of_a_member_stand_under_each_other(somebody: Newcomer, make: Make) -> None:
    tenant = make.institution()
    owner = make.member(tenant)
    page = somebody(PHONE, owner, tenant).go("/desk/members")
    row = page.locator("tbody tr").first
    parts = ("select", "form.cluster button", "td:last-child button")
    boxes = [row.locator(part).bounding_box() for part in parts]
    ends = {round(box["x"] + box["width"]) for box in boxes if box}
    assert len(boxes) == 3
    assert len(ends) == 1, boxes
