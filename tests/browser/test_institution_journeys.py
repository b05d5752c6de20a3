"""From registering an institution to a course that everybody finds."""

from __future__ import annotations

import itertools
import re
import time
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from app.clock import today
from app.tenants.identifiers import make_uscc
from app.tenants.models import Tenant, User
from tests.browser.conftest import Newcomer
from tests.browser.steps import PATIENCE, find_course, sign_up, until_shown
from tests.factories import Make
from tests.support.browser import DESKTOP, Device, Person

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def bureau(make: Make) -> tuple[User, Tenant]:
    """The bureau of 桥西区 and somebody who works there."""
    tenant = make.bureau("130104", name="桥西区人社局（示例）")
    return make.member(tenant), tenant


def register(person: Person, name: str, uscc: str) -> None:
    """Sign up and register an institution in 桥西区."""
    page = person.page
    person.go("/organisations/register")
    person.follow("注册新账户")
    sign_up(person, f"jigou{uscc[-6:].lower()}", "示例校长")
    expect(page).to_have_url(re.compile("/organisations/register"))
    person.page.locator("main input[name=kind][value=institution]").check()
    person.fill(name=name, uscc=uscc, contact_name="示例联系人", contact_phone="13800000000")
    person.choose(region_id="桥西区")
    person.press("提交注册")
    expect(page).to_have_url(re.compile("/desk$"))
    expect(page.locator("main")).to_contain_text("还没有通过核验")


def accept(officer: Person, name: str) -> None:
    """The bureau accepts the institution."""
    officer.go("/desk/organisations")
    officer.follow(name)
    officer.press("通过核验")
    expect(officer.page.locator("main")).to_contain_text("已通过核验")


def designate(officer: Person, name: str) -> None:
    """The bureau designates the institution for welding at the fifth level."""
    officer.go("/desk/designations/new")
    officer.choose(tenant_id=name, trade_code="6-18-02-04")
    officer.tick("五级（初级工）")
    officer.fill(
        document_no="示例〔2026〕8号",
        valid_from=today().isoformat(),
        valid_to=(today() + timedelta(days=365)).isoformat(),
    )
    officer.press("登记并公开")
    expect(officer.page.locator("main")).to_contain_text("认定已登记并公开")


def write_course(person: Person, title: str) -> None:
    """Write a course about welding and save it."""
    person.go("/desk/courses")
    person.follow("写一门新课程")
    welding = person.page.locator("main select[name=trade_id] option", has_text="6-18-02-04").first
    person.fill(
        title=title,
        theory_hours="40",
        practice_hours="60",
        fee_fen="1800",
        content="手工电弧焊基本操作与安全。",
        teacher="示例教师，高级技师",
        place="桥西区示例路 1 号",
    )
    person.choose(trade_id=str(welding.get_attribute("value")), level="五级（初级工）")
    person.press("保存")
    expect(person.page.get_by_role("heading", level=1)).to_have_text(title)


def submit(person: Person) -> None:
    """Submit the course on screen to the bureau."""
    person.follow("送审")
    person.page.locator("main [name=accepts]").check()
    person.press("送审")
    expect(person.page.locator("main")).to_contain_text("待审核")


def review(officer: Person, title: str, decision: str, *, reason: str | None = None, note: str = "") -> None:
    """The bureau decides on the course."""
    officer.go("/desk/course-reviews")
    officer.follow(title)
    officer.tick(decision)
    if reason:
        officer.tick(reason)
        officer.fill(note=note)
    officer.press("提交审核结果")
    expect(officer.page).to_have_url(re.compile(r"/desk/course-reviews$"))


def open_run(person: Person) -> None:
    """Plan a run of the course on screen and open it."""
    start = today() + timedelta(days=14)
    person.follow("安排一个班期")
    person.fill(
        starts_on=start.isoformat(),
        ends_on=(start + timedelta(days=27)).isoformat(),
        starts_at="09:00",
        ends_at="12:00",
        seats="20",
    )
    for day in ("周一", "周三", "周五"):
        person.tick(day)
    person.press("保存")
    person.press("开始招生")
    expect(person.page.locator("main")).to_contain_text("招生中")


def test_an_institution_is_accepted_is_returned_a_course_improves_it_and_is_found(
    somebody: Newcomer, make: Make, bureau: tuple[User, Tenant], device: Device
) -> None:
    number = next(numbers)
    name, title = f"桥西示例培训学校{number}", f"焊工安全操作{number}号"
    person, officer, visitor = somebody(device), somebody(device, *bureau), somebody(device)

    register(person, name, make_uscc("130104", 500 + number, "52"))
    accept(officer, name)
    designate(officer, name)
    write_course(person, title)
    submit(person)
    review(officer, title, "退回修改", reason="培训内容太笼统", note="请写清楚每天教什么。")

    page = person.page
    person.go("/desk/courses")
    person.follow(title)
    expect(page.locator("main")).to_contain_text("培训内容太笼统，看不出教什么")
    expect(page.locator("main")).to_contain_text("请写清楚每天教什么。")
    person.follow("修改")
    person.fill(content="第一周安全与识图，第二周平焊与角焊，第三周立焊与检验。")
    person.press("保存")
    submit(person)
    review(officer, title, "通过，立即上架")

    desk_path = person.path()
    until_shown(person, desk_path, page.get_by_role("link", name="看公开页面"))
    open_run(person)
    began = time.monotonic()
    find_course(visitor, "焊工", title)
    assert time.monotonic() - began < PATIENCE
    expect(visitor.page.locator(".runs")).to_contain_text("余 20 / 20")


def test_an_expired_form_keeps_what_was_typed(somebody: Newcomer, make: Make, device: Device) -> None:
    visitor = somebody(device)
    page = visitor.go("/sign-up")
    login = f"guoqi{device.name.replace('-', '')}"
    visitor.fill(display_name="示例过期", login=login, password="sheng-nian-hua-kai-88")
    visitor.context.clear_cookies()
    visitor.press("注册")
    expect(page.get_by_role("heading", level=1)).to_have_text("页面放得太久了")
    visitor.press("继续提交")
    expect(page.locator("[name=display_name]")).to_have_value("示例过期")
    expect(page.locator("[name=login]")).to_have_value(login)
    expect(page.locator("[name=password]")).to_have_value("")
    visitor.fill(password="sheng-nian-hua-kai-88")
    visitor.press("注册")
    expect(page).to_have_url(re.compile("/me$"))


def test_an_expired_desk_form_is_sent_again_whole(
    somebody: Newcomer, make: Make, renew: object, device: Device
) -> None:
    tenant = make.institution()
    user = make.member(tenant)
    person = somebody(device, user, tenant)
    page = person.go("/desk/courses/new")
    title = f"焊工过期{next(numbers)}号"
    welding = page.locator("main select[name=trade_id] option", has_text="6-18-02-04").first
    person.fill(title=title, theory_hours="40", practice_hours="60", fee_fen="1800", teacher="示例教师")
    person.fill(content="第一行：识图。\n第二行：“平焊”与<角焊>。", place="桥西区示例路 1 号")
    person.choose(trade_id=str(welding.get_attribute("value")), level="五级（初级工）")
    renew(person, user, tenant)  # type: ignore[operator]
    person.press("保存")
    person.press("继续提交")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    person.follow("修改")
    expect(page.locator("main [name=content]")).to_have_value("第一行：识图。\n第二行：“平焊”与<角焊>。")


@pytest.mark.parametrize("device", [DESKTOP], ids=lambda device: device.name)
def test_a_refused_form_says_why_beside_the_field(somebody: Newcomer, make: Make, device: Device) -> None:
    person = somebody(device, make.user())
    page = person.go("/organisations/register")
    page.locator("main input[name=kind][value=institution]").check()
    person.fill(name="示例学校", uscc="123", contact_name="示例联系人", contact_phone="13800000000")
    person.choose(region_id="桥西区")
    person.press("提交注册")
    expect(page.locator("#uscc-error")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("示例学校")
    expect(page.locator(".summary")).to_be_focused()
