"""What a job seeker does, on a phone and a desktop, with script and without."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from app.catalog.models import Course
from tests.browser.conftest import Newcomer
from tests.browser.steps import UNEMPLOYED, answer_questions, find_course, sign_up, tell_who_i_am, until_shown
from tests.factories import Make
from tests.factories.policy import UNLISTED, WELDER
from tests.support.browser import DESKTOP, PHONE, Device

numbers = itertools.count(1)
Index = Callable[[Course], None]


@pytest.mark.parametrize(
    ("words", "trade", "cap"),
    [("焊工", WELDER, "2500"), ("涂装", UNLISTED, "2200")],
    ids=["listed", "unlisted"],
)
def test_a_job_seeker_finds_a_course_learns_it_is_free_signs_up_and_enrolls(
    somebody: Newcomer, make: Make, index: Index, device: Device, words: str, trade: str, cap: str
) -> None:
    number = next(numbers)
    name = {"焊工": "焊工", "涂装": "涂装工"}[words]
    title = f"{name}入门{number}期"
    course = make.course(trade_code=trade, title=title, fee_fen=300000)
    make.run(course, seats=5)
    index(course)
    person = somebody(device)
    page = person.page

    find_course(person, words, title)
    tag = page.locator(".page-head").get_by_text("急需紧缺")
    expect(tag).to_have_count(1 if trade == WELDER else 0)
    answer_questions(person, *UNEMPLOYED)
    panel = page.locator("section.answer")
    expect(panel.get_by_role("heading", name="免费")).to_be_visible()
    expect(panel).to_contain_text(f"上限 {cap} 元")
    expect(panel).to_contain_text("你付 0 元")
    expect(panel).to_contain_text("《实施意见》")
    assert "?" not in person.path(), "an answer travelled in the address"

    page.locator(".runs").get_by_role("link", name="报名").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    person.follow("注册新账户")
    sign_up(person, f"qiuzhi{trade[-2:]}{number}{device.name.replace('-', '')}")
    expect(page).to_have_url(re.compile(r"/runs/\d+/apply"))
    tell_who_i_am(person, number)
    person.press("确认报名")
    expect(page).to_have_url(re.compile(r"/me/enrollments/\d+"))
    expect(page.locator("main")).to_contain_text("报名成功，名额已为你保留。")

    person.follow("回我的培训")
    mine = page.locator("article.card", has_text=title)
    expect(mine).to_contain_text("待录取")
    expect(mine).to_contain_text("0 元")
    expect(page.locator("main")).to_contain_text("登记失业人员")


def test_an_employed_person_sees_what_would_be_free_for_them_instead(
    somebody: Newcomer, make: Make, device: Device
) -> None:
    course = make.course(title=f"焊工基础{next(numbers)}期")
    make.run(course)
    person = somebody(device)
    page = person.go(f"/courses/{course.id}")
    answer_questions(person, "企业在职职工", "16—49周岁", "户口在石家庄", "没有", "没用过")
    panel = page.locator("section.answer")
    expect(panel.get_by_role("heading", name="不符合")).to_be_visible()
    near = panel.locator("details", has_text="差一点的地方")
    expect(near.locator("li").first).to_be_visible()
    expect(near).to_contain_text("岗位提升课程")
    expect(panel).not_to_contain_text("登记失业")


def test_the_last_seat_goes_to_one_of_two_and_then_to_the_next_in_line(
    somebody: Newcomer, make: Make, device: Device
) -> None:
    run = make.run(make.course(title=f"焊工抢座{next(numbers)}期"), seats=1, starts_in=20)
    racers = [somebody(device, make.learner()), somebody(device, make.learner())]
    for person in racers:
        person.go(f"/runs/{run.id}/apply")
    for person in racers:
        person.page.get_by_role("button", name="确认报名").click(no_wait_after=True)
    for person in racers:
        expect(person.page).to_have_url(re.compile(r"/me/enrollments/\d+"))
    told = [person.page.locator("main").inner_text() for person in racers]
    won = [index for index, text in enumerate(told) if "名额已为你保留" in text]
    assert len(won) == 1, told
    winner, next_one = racers[won[0]], racers[1 - won[0]]
    expect(next_one.page.locator("main")).to_contain_text("现在是第 1 位")

    winner.follow("退出这个班")
    winner.press("确定退出")
    expect(winner.page.locator("main")).to_contain_text("名额已释放")
    page = next_one.page
    offer = page.get_by_role("button", name="确认要这个名额")
    until_shown(next_one, next_one.path(), offer)
    expect(page.locator("main")).to_contain_text("有名额了，保留到")
    offer.click()
    expect(page.locator("main")).to_contain_text("名额归你了")
    next_one.go("/me")
    expect(page.locator("article.card").first).to_contain_text("待录取")


def test_a_page_is_read_in_english_and_in_chinese_again(somebody: Newcomer, make: Make, device: Device) -> None:
    course = make.course(title=f"焊工双语{next(numbers)}期")
    make.run(course)
    person = somebody(device)
    page = person.page
    for path in ("/", f"/courses/{course.id}", "/courses?q=%E7%84%8A%E5%B7%A5"):
        person.go(path)
        person.follow("English")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        assert person.path() == path
        person.follow("中文")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        assert person.path() == path


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=lambda device: device.name)
def test_pressing_twice_makes_one_application(somebody: Newcomer, make: Make, device: Device) -> None:
    run = make.run(make.course(title=f"焊工连按{next(numbers)}期"), seats=3)
    learner = make.learner()
    person = somebody(device, learner)
    page = person.go(f"/runs/{run.id}/apply")
    page.get_by_role("button", name="确认报名").dblclick()
    expect(page).to_have_url(re.compile(r"/me/enrollments/\d+"))
    person.go("/me")
    expect(page.locator("article.card")).to_have_count(1)
