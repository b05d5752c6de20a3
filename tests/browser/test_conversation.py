"""「我能免费学什么？」 as people hold it: on a phone without script, by keyboard alone, by ear, and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from app.catalog.models import Course
from tests.browser.conftest import Newcomer
from tests.browser.steps import EMPLOYEE_ALOUD, UNEMPLOYED_ALOUD, sign_up, until_shown
from tests.factories import Make
from tests.support.axe import too_small, too_wide, violations
from tests.support.browser import DESKTOP, PHONE, Device, Person

Index = Callable[[Course], None]
QUESTION = re.compile(r"/eligibility/questions/\d+$")
RESULT = re.compile(r"/eligibility/result$")
MOST_LOADS = 8
SMALLEST_OPTION = 56


class Loads:
    """Counts the pages a person has to wait for; one that sends on to another counts once."""

    def __init__(self, page: Page) -> None:
        self.urls: list[str] = []
        page.on("request", self._seen)

    def _seen(self, request: Request) -> None:
        if request.is_navigation_request() and request.redirected_from is None:
            self.urls.append(request.url)


def begin(person: Person) -> Page:
    """From the home page into the conversation."""
    page = person.go("/")
    person.follow("开始回答")
    expect(page).to_have_url(QUESTION)
    return page


def questions(page: Page) -> Iterator[str]:
    """Each question until the result is shown, drawn: its heading may be there before the stylesheet."""
    while not RESULT.search(page.url):
        heading = page.get_by_role("heading", level=1)
        question = heading.inner_text()
        page.wait_for_load_state()
        yield question
        expect(page.get_by_role("heading", level=1)).not_to_have_text(question)


def say(page: Page, *known: str) -> None:
    """Press whichever of the answers the question offers."""
    offered = page.locator(".option").all_inner_texts()
    said = [each for each in known if each in offered]
    assert len(said) == 1, offered
    page.get_by_role("button", name=said[0], exact=True).click()


@pytest.mark.parametrize(
    ("known", "presses", "form", "word"),
    [
        (UNEMPLOYED_ALOUD, 4, "就业技能培训", "免费"),
        (EMPLOYEE_ALOUD, 6, "岗位技能提升培训", "拿证后有补贴，前提是…"),
    ],
    ids=["shortest", "longest"],
)
def test_the_whole_conversation_is_one_press_a_question_and_at_most_eight_pages(
    somebody: Newcomer, device: Device, known: tuple[str, ...], presses: int, form: str, word: str
) -> None:
    person = somebody(device)
    person.go("/")
    loads, asked = Loads(person.page), 0
    person.follow("开始回答")
    for _question in questions(person.page):
        assert "?" not in person.path(), "an answer travelled in the address"
        options = person.page.locator(".option")
        heights = options.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
        assert min(heights) >= SMALLEST_OPTION
        say(person.page, *known)
        asked += 1
    finding = person.page.locator(".finding").first
    expect(finding.get_by_role("heading", level=2)).to_contain_text(form)
    expect(finding.locator(".finding-word")).to_have_text(word)
    assert asked == presses
    assert len(loads.urls) == presses + 1 <= MOST_LOADS, loads.urls


def test_the_result_names_a_course_that_is_free_and_leads_to_it(
    somebody: Newcomer, make: Make, index: Index, device: Device
) -> None:
    course = make.course(title="免费的课就在这里")
    make.run(course, seats=30)
    index(course)
    person = somebody(device)
    page = begin(person)
    for _question in questions(page):
        say(page, *UNEMPLOYED_ALOUD)
    until_shown(person, "/eligibility/result", page.locator(".results h3 a"))
    page.locator(".results h3 a").first.click()
    expect(page.locator("section.answer").get_by_role("heading", name="免费")).to_be_visible()


def test_skipping_every_question_still_ends_in_an_answer_with_a_person_to_ask(
    somebody: Newcomer, device: Device
) -> None:
    person = somebody(device)
    page = begin(person)
    for _question in questions(page):
        expect(page.get_by_role("link", name="申请人工复核")).to_be_visible()
        person.press("不清楚，跳过")
    expect(page.locator(".finding-word").first).to_have_text("还不能确定")
    person.follow("申请人工复核")
    expect(page.locator("main")).to_contain_text("人社局要知道答复给谁")


def test_by_keyboard_alone_it_begins_at_the_question_and_enter_answers(somebody: Newcomer) -> None:
    person = somebody(DESKTOP)
    page = begin(person)
    steps = {"现在的情况": 1, "多大": 2, "以前用过": 1, "石家庄": 1}
    asked = []
    for question in questions(page):
        expect(page.locator("h1")).to_be_focused()
        for _step in range(next(n for part, n in steps.items() if part in question)):
            page.keyboard.press("Tab")
        expect(page.locator(".option:focus")).to_be_visible()
        asked.append(question)
        page.keyboard.press("Enter")
    assert len(asked) == len(steps)
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".finding-word").first).to_have_text("免费")


def test_by_ear_a_question_is_a_heading_and_a_group_of_buttons_by_its_name(somebody: Newcomer) -> None:
    page = begin(somebody(PHONE))
    person_says = "没有工作，已经办了失业登记"
    expect(page.locator("main")).to_match_aria_snapshot(
        """
        - paragraph: /我能免费学什么？ 第 1 个问题，最多 6 个/
        - heading "下面哪一项最像你现在的情况？" [level=1]
        - group "下面哪一项最像你现在的情况？":
          - button "没有工作，已经办了失业登记"
        """
    )
    expect(page.get_by_role("heading", level=1)).to_have_accessible_description(re.compile("第 1 个问题"))
    page.get_by_role("button", name=person_says).click()
    expect(page.locator("main")).to_match_aria_snapshot(
        """
        - heading "你多大？" [level=1]
        - group "你多大？":
          - button "不满16周岁"
          - button "16—49周岁"
          - button "不清楚，跳过"
        - navigation "这几个问题":
          - link "回上一个问题"
          - link "先看结果"
          - button "清除，重新开始"
        - region "到现在为止":
          - heading "到现在为止" [level=2]
          - term: 就业技能培训
          - definition:
            - text: 可能免费，还要看…
        """
    )
    page.get_by_role("link", name="回上一个问题").click()
    expect(page.get_by_role("button", name=f"{person_says} 上次选的")).to_be_visible()


def test_the_browsers_own_way_back_leads_to_the_question_before(somebody: Newcomer, device: Device) -> None:
    person = somebody(device)
    page = begin(person)
    page.get_by_role("button", name="企业在职职工").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("你多大？")
    page.go_back()
    expect(page.locator(".option--given")).to_contain_text("企业在职职工")
    page.get_by_role("button", name="没有工作，已经办了失业登记").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("你多大？")


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_step_is_fit_for_everyone_also_in_large_letters(somebody: Newcomer, locale: str) -> None:
    person = somebody(PHONE, locale=locale)
    page = person.go("/eligibility")
    wrong = []
    while True:
        for size in ("", "200%"):
            page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
            found = [*violations(page), *too_wide(page), *too_small(page)]
            wrong += [f"{person.path()} {size}: {each}" for each in found]
        if RESULT.search(page.url):
            break
        before = page.url
        page.locator(".option:not(.option--skip)").nth(1 if page.url.endswith("/2") else 0).click()
        expect(page).not_to_have_url(before)
    assert not wrong, "\n".join(wrong)


def test_on_paper_stands_the_conclusion_and_nothing_to_press(somebody: Newcomer) -> None:
    person = somebody(DESKTOP)
    page = begin(person)
    for _question in questions(page):
        say(page, *UNEMPLOYED_ALOUD)
    expect(page.get_by_role("button", name="打印这一页")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_text("结论仅供参考，以审核为准")).to_be_visible()
    expect(page.locator(".finding-word").first).to_be_visible()
    expect(page.get_by_text("/public/rules/R2_EMP_SHORT")).to_be_visible()
    for hidden in ("nav", "button", ".btn", "details", ".no-print"):
        assert not [each for each in page.locator(hidden).all() if each.is_visible()], hidden
    shown = page.locator("main").inner_text()
    assert "失业登记" not in shown
    ink = page.locator(".finding-word").first.evaluate("e => getComputedStyle(e).color")
    assert ink == "rgb(0, 0, 0)"


def test_a_visitor_who_asks_for_a_person_signs_up_and_comes_back_to_the_form(
    somebody: Newcomer, make: Make, device: Device
) -> None:
    person = somebody(device)
    page = begin(person)
    person.follow("申请人工复核")
    expect(page.locator("main")).to_contain_text("所以请先登录")
    person.follow("注册新账户")
    sign_up(person, f"fuhe{device.name.replace('-', '')}")
    expect(page).to_have_url(re.compile("/review-requests/new$"))
    person.choose(region_id="裕华区")
    person.fill(message="我想请人看看我能学什么。")
    person.press("提交申请")
    expect(page).to_have_url(re.compile("/me$"))
    card = page.locator(".card", has_text="我想请人看看我能学什么。")
    expect(card).to_contain_text("没有指定课程")

    office = make.bureau()
    clerk = somebody(DESKTOP, make.member(office), office)
    clerk.go("/desk/review-requests")
    row = clerk.page.get_by_role("row", name="没有指定课程").last
    row.get_by_role("link", name="查看").click()
    expect(clerk.page.locator("main")).to_contain_text("我想请人看看我能学什么。")
