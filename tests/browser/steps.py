"""What people do more than once on their way."""

from __future__ import annotations

import re
import time
from datetime import date

from playwright.sync_api import Locator, expect

from app.tenants.identifiers import make_id_number
from tests.support.browser import Person

PATIENCE = 20.0
PASSWORD = "sheng-nian-hua-kai-88"


def until_shown(person: Person, path: str, shown: Locator, *, seconds: float = PATIENCE) -> None:
    """Reload a path until something shows: what a job does arrives within seconds."""
    deadline = time.monotonic() + seconds
    person.go(path)
    while not shown.count():
        assert time.monotonic() < deadline, f"{path} does not show {shown} within {seconds} s"
        person.page.wait_for_timeout(300)
        person.page.reload()


def find_course(person: Person, words: str, title: str) -> None:
    """From the home page: search for words, find the course by its title, open it."""
    page = person.go("/")
    page.get_by_label("想学什么").fill(words)
    person.press("搜索")
    expect(page).to_have_url(re.compile(r"/courses\?"))
    link = page.get_by_role("heading", name=title).get_by_role("link")
    until_shown(person, person.path(), link)
    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def answer_questions(person: Person, *labels: str, button: str = "看结果") -> None:
    """Open the questions of a course's page and answer them."""
    page = person.page
    page.locator("summary", has_text="回答几个问题").click()
    for label in labels:
        page.locator("#answer").get_by_label(label, exact=True).check()
    person.press(button)
    expect(page.locator("#answer .answer-word, .answer-word").first).to_be_visible()


# What two people press in the conversation, and what the first of them chooses on a course's page.
UNEMPLOYED_ALOUD = ("没有工作，已经办了失业登记", "16—49周岁", "从来没用过", "在石家庄办了失业登记")
EMPLOYEE_ALOUD = ("企业在职职工", "16—49周岁", "用过", "1次", "满12个月", "户口在石家庄")
UNEMPLOYED = ("没有工作，已经办了失业登记", "16—49周岁", "在石家庄办了失业登记", "没有", "没用过")


def sign_up(person: Person, login: str, name: str = "示例学员") -> None:
    """Fill in the sign-up form and send it."""
    person.fill(display_name=name, login=login, password=PASSWORD)
    person.press("注册")


def sign_in(person: Person, login: str, password: str) -> None:
    """Sign in at the sign-in page."""
    person.go("/sign-in")
    person.fill(login=login, password=password)
    person.press("登录")


def tell_who_i_am(person: Person, number: int) -> None:
    """Fill in the identity part of an application with a valid made-up ID number and consent."""
    person.fill(
        name="示例学员", id_number=make_id_number("130104", date(1985, 5, 17), number), phone="13800000000"
    )
    person.choose(region_id="桥西区")
    person.page.locator("main [name=consent]").check()
