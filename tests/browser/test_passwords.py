"""Somebody forgot a password: by mail, and at a desk."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Newcomer
from tests.browser.steps import PASSWORD, sign_in, until_shown
from tests.factories import Make
from tests.factories.tenants import PASSWORD as OLD
from tests.support.browser import Device, Person


def set_password(person: Person) -> None:
    """Type the new password and sign in with it."""
    page = person.page
    person.fill(password=PASSWORD)
    person.press("设置新密码")
    expect(page.locator("main")).to_contain_text("新密码已设好")


def test_a_password_is_reset_by_mail_and_other_sessions_end(
    somebody: Newcomer, make: Make, device: Device
) -> None:
    login = f"wangji{make.next()}"
    user = make.user(login=login, email=f"{login}@example.com")
    elsewhere = somebody(device, user)
    elsewhere.go("/me")
    expect(elsewhere.page.get_by_role("heading", level=1)).to_have_text("我的培训")

    person = somebody(device)
    page = person.go("/sign-in")
    person.follow("忘了密码")
    person.fill(login=login)
    person.press("发送重置链接")
    expect(page).to_have_url(re.compile("/forgot/sent$"))
    mail = page.locator("article.card", has_text=f"{login}@example.com")
    until_shown(person, "/outbox", mail)
    mail.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/reset$"))
    set_password(person)
    sign_in(person, login, OLD)
    expect(page.locator(".summary")).to_be_visible()
    sign_in(person, login, PASSWORD)
    expect(page).to_have_url(re.compile("/me$"))
    elsewhere.go("/me")
    expect(elsewhere.page).to_have_url(re.compile("/sign-in"))


def test_a_password_is_reset_with_a_code_from_a_desk(somebody: Newcomer, make: Make, device: Device) -> None:
    login = f"daiban{make.next()}"
    make.user(login=login)
    tenant = make.institution()
    clerk = somebody(device, make.member(tenant), tenant)
    page = clerk.go("/desk/reset-codes")
    clerk.fill(login=login)
    clerk.press("生成重置码")
    expect(page).to_have_url(re.compile("/desk/reset-codes/print$"))
    code = page.locator(".price").inner_text()

    person = somebody(device)
    person.go("/sign-in")
    person.follow("忘了密码")
    person.follow("我有重置码")
    person.fill(login=login, code=code.lower())
    set_password(person)
    sign_in(person, login, PASSWORD)
    expect(person.page).to_have_url(re.compile("/me$"))
