"""「我能免费学什么？」 through HTTP: one question a page, the result, what is kept and what is not said."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup

from app.policy.conversation import MOST_QUESTIONS
from tests.factories import Make
from tests.factories.policy import UNLISTED, WELDER
from tests.support.pages import LintingClient

UNEMPLOYED = {
    "situations": "registered_unemployed",
    "age_band": "16_49",
    "residence": "hukou",
    "same_trade_level_before": "never",
    "used_this_year": "0",
    "insured_months": "no",
}


def page(client: LintingClient, url: str) -> BeautifulSoup:
    return BeautifulSoup(client.get(url, follow_redirects=True).get_data(as_text=True), "html.parser")


def press(client: LintingClient, now: BeautifulSoup, **pressed: str) -> BeautifulSoup:
    """Press a button of the question that is shown; the page that follows."""
    form = now.select_one("form:has(.options)")
    assert form is not None
    fact = form.select_one("input[name=fact]")["value"]  # type: ignore[index]
    response = client.post(str(form["action"]), data={"fact": str(fact), **pressed})
    assert response.status_code == 303
    assert "?" not in response.location
    return page(client, response.location)


def fact_of(now: BeautifulSoup) -> str | None:
    found = now.select_one("input[name=fact]")
    return str(found["value"]) if found else None


def talk(client: LintingClient, answers: dict[str, str]) -> tuple[list[str], BeautifulSoup]:
    """Answer every question that comes, skipping what is not given; what was asked, and the result."""
    now, asked = page(client, "/eligibility"), []
    while (fact := fact_of(now)) is not None:
        asked.append(fact)
        assert len(asked) <= MOST_QUESTIONS
        now = press(client, now, **({"answer": answers[fact]} if fact in answers else {"skip": "1"}))
    return asked, now


def said(now: BeautifulSoup) -> dict[str, str]:
    """Form of training → the word on it, as the result or the running answer says it."""
    titles = [each.find(string=True, recursive=False) for each in now.select(".finding-title, .so-far dt")]
    words = [each.get_text(strip=True) for each in now.select(".finding-word, .so-far dd > b")]
    return dict(zip([str(title).strip() for title in titles], words, strict=True))


def test_a_visitor_answers_one_question_a_page_and_learns_what_is_free(client: LintingClient) -> None:
    asked, result = talk(client, UNEMPLOYED)
    assert asked == ["situations", "age_band", "same_trade_level_before", "residence"]
    assert said(result)["就业技能培训"] == "免费"
    assert said(result)["岗位技能提升培训"] == "不符合"
    for amount in ("2500", "2200"):
        assert amount in result.get_text()


def test_every_page_tells_how_far_it_is_and_offers_a_person_to_ask(client: LintingClient) -> None:
    now, number = page(client, "/eligibility"), 1
    while fact_of(now) is not None:
        assert f"第 {number} 个问题，最多 {MOST_QUESTIONS} 个" in now.get_text()
        assert now.select_one('a[href="/review-requests/new"]') is not None
        now, number = press(client, now, skip="1"), number + 1
    assert 1 < number <= MOST_QUESTIONS + 1
    assert now.select_one('a[href="/review-requests/new"]') is not None


def test_the_running_answer_states_what_was_not_asked_and_never_says_a_plain_yes(client: LintingClient) -> None:
    now = page(client, "/eligibility")
    assert not said(now)
    for fact in ("situations", "age_band", "same_trade_level_before"):
        assert fact_of(now) == fact
        now = press(client, now, answer=UNEMPLOYED[fact])
        word = said(now)["就业技能培训"]
        assert word == ("可能免费，还要看…" if fact == "situations" else "可以免费，前提是…")
    running = now.select_one(".so-far")
    assert running is not None
    assert "你的户口、参保、失业登记或居住地在石家庄" in running.get_text()


def test_whoever_skips_everything_gets_no_promise(client: LintingClient) -> None:
    asked, result = talk(client, {})
    assert 1 < len(asked) <= MOST_QUESTIONS
    assert set(said(result).values()) == {"还不能确定"}
    assert "对你免费的课程" not in result.get_text()


def test_a_skipped_question_is_a_condition_and_never_a_plain_yes(client: LintingClient) -> None:
    without = {fact: code for fact, code in UNEMPLOYED.items() if fact != "residence"}
    _asked, result = talk(client, without)
    assert said(result)["就业技能培训"] == "可以免费，前提是…"
    assert "你的户口、参保、失业登记或居住地在石家庄" in result.get_text()


def test_one_can_go_back_sees_what_was_chosen_and_changes_it(client: LintingClient) -> None:
    now = press(client, page(client, "/eligibility"), answer="employee")
    back = now.find("a", string="回上一个问题")
    assert back is not None
    before = page(client, str(back["href"]))
    assert before.select_one(".option--given")["value"] == "employee"  # type: ignore[index]
    now = press(client, before, answer="registered_unemployed")
    assert fact_of(now) == "age_band"
    assert said(now)["岗位技能提升培训"] == "不符合"


def test_after_a_change_only_what_was_not_yet_asked_is_asked(client: LintingClient) -> None:
    talk(client, UNEMPLOYED)
    changed = press(client, page(client, "/eligibility/questions/1"), answer="employee")
    assert fact_of(changed) == "insured_months"
    assert said(press(client, changed, answer="yes"))["岗位技能提升培训"] == "拿证后有补贴，前提是…"


def test_starting_again_forgets_everything(client: LintingClient) -> None:
    talk(client, UNEMPLOYED)
    client.post("/eligibility/clear")
    with client.session_transaction() as session:
        assert not {"answers", "asked", "answers_of_course"} & session.keys()
    assert fact_of(page(client, "/eligibility/result")) == "situations"


def test_answers_travel_by_post_and_stay_in_the_encrypted_session(client: LintingClient) -> None:
    response = client.post("/eligibility/questions/1", data={"fact": "situations", "answer": "veteran"})
    assert "veteran" not in response.headers["Set-Cookie"] + response.location
    assert client.get("/eligibility/questions/1?answer=employee").status_code == 200
    with client.session_transaction() as session:
        assert session["answers"] == {"situations": "veteran"}


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (1, {"fact": "situations", "answer": "x" * 10_000}),
        (1, {"fact": "situations"}),
        (1, {"fact": "age_band", "answer": "16_49"}),
        (3, {"fact": "residence", "answer": "hukou"}),
        (0, {"fact": "situations", "answer": "veteran"}),
        (2**62, {"skip": "1"}),
        (1, {"answer": "\x00' or 1=1 --"}),
    ],
)
def test_what_was_not_asked_is_not_taken(client: LintingClient, number: int, data: dict[str, str]) -> None:
    response = client.post(f"/eligibility/questions/{number}", data=data)
    assert response.status_code == 303
    assert response.location == "/eligibility/questions/1"
    with client.session_transaction() as session:
        assert not session.get("answers")


def test_a_number_beyond_the_next_question_leads_to_the_next(client: LintingClient) -> None:
    assert client.get("/eligibility/questions/4").location == "/eligibility/questions/1"
    assert client.get("/eligibility/questions/0").location == "/eligibility/questions/1"


def test_groups_that_come_by_referral_are_never_asked(client: LintingClient) -> None:
    now, seen = page(client, "/eligibility"), page(client, "/eligibility/answers").get_text()
    while fact_of(now) is not None:
        seen += now.get_text()
        now = press(client, now, skip="1")
    for word in ("社区服刑", "安置帮教", "戒毒"):
        assert word not in seen


def test_the_result_lists_courses_that_are_free_with_a_link_to_all(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    listed, other = make.course(trade_code=WELDER), make.course(trade_code=UNLISTED)
    upgrade = make.course(trade_code=WELDER, form="upgrade")
    for course in (listed, other, upgrade):
        make.run(course)
    reindex()
    _asked, result = talk(client, UNEMPLOYED)
    links = [str(a["href"]) for a in result.select(".results h3 a")]
    assert links == [f"/courses/{listed.id}", f"/courses/{other.id}"]
    assert result.select_one('a[href="/courses?free=1"]') is not None


def test_whoever_is_paid_after_the_certificate_sees_those_courses_instead(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    free, upgrade = make.course(trade_code=WELDER), make.course(trade_code=WELDER, form="upgrade")
    for course in (free, upgrade):
        make.run(course)
    reindex()
    _asked, result = talk(client, {**UNEMPLOYED, "situations": "employee", "insured_months": "yes"})
    assert [str(a["href"]) for a in result.select(".results h3 a")] == [f"/courses/{upgrade.id}"]
    assert "拿证后有补贴的课程" in result.get_text()
    assert "三级（高级工）：2000 元，急需紧缺工种 2200 元" in result.get_text()


def test_a_group_without_an_amount_is_eligible_and_gets_no_number(client: LintingClient) -> None:
    _asked, result = talk(client, {**UNEMPLOYED, "situations": "founder"})
    section = result.select_one("section:has(#finding-founder)")
    assert section is not None
    assert said(result)["创业创新培训"] == "符合条件，金额未定"
    assert not re.search(r"\d 元", section.get_text())
    assert "免费" not in section.get_text()


def test_a_no_says_what_would_change_it(client: LintingClient) -> None:
    _asked, result = talk(client, {"situations": "none_of_these"})
    assert set(said(result).values()) == {"不符合"}
    assert "先办失业登记" in result.get_text()
    assert "年龄没有回答" in result.get_text()


SENSITIVE = {
    "hard_to_employ": ("就业困难", "残疾"),
    "family_hardship": ("低保", "贫困", "脱贫", "困难职工"),
    "veteran": ("退役",),
    "registered_unemployed": ("失业人员", "就业创业证"),
    "school_leaver": ("升学", "毕业证"),
}


@pytest.mark.parametrize("situation", SENSITIVE)
def test_what_is_printed_says_nothing_of_the_person(client: LintingClient, situation: str) -> None:
    _asked, result = talk(client, {**UNEMPLOYED, "situations": situation})
    for hidden in result.select(".no-print, header nav, footer nav, head"):
        hidden.decompose()
    printed = result.get_text()
    assert "结论仅供参考，以审核为准" in printed
    assert re.search(r"20\d\d-\d\d-\d\d", printed)
    assert "就业技能培训" in printed
    for word in SENSITIVE[situation]:
        assert word not in printed, word


def test_the_result_links_to_a_public_page_of_each_rule_that_is_the_same_for_everyone(
    client: LintingClient, app: Any
) -> None:
    _asked, result = talk(client, UNEMPLOYED)
    links = [str(a["href"]) for a in result.select('a[href^="/public/rules/"]')]
    assert links[:2] == ["/public/rules/R2_EMP_SHORT", "/public/rules/R1_EMP_STD"]
    stranger = app.test_client()
    for link in links:
        theirs = BeautifulSoup(stranger.get(link).get_data(as_text=True), "html.parser")
        assert str(page(client, link).main) == str(theirs.main)


def test_the_page_of_a_rule_says_what_for_whom_with_which_papers_and_in_which_words(
    client: LintingClient, make: Make, reindex: Callable[[], None]
) -> None:
    listed, other = make.course(trade_code=WELDER), make.course(trade_code=UNLISTED)
    for course in (listed, other):
        make.run(course)
    reindex()
    found = page(client, "/public/rules/R2_EMP_SHORT")
    text = found.get_text()
    for part in (
        "最高 2500 元",
        "紧缺急需职业(工种)培训补贴标准每人最高不超过2500元",
        "三(一)2",
        "2019-10-15",
        "城镇登记失业人员",
        "强制隔离戒毒人员",
        "就业创业证",
        "由定点培训机构开办",
        "年满16周岁",
        "原文没有写",
    ):
        assert part in text, part
    assert [str(a["href"]) for a in found.select(".results h3 a")] == [f"/courses/{listed.id}"]
    assert "对你免费" not in text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("R1_EMP_STD", "最高 2200 元"),
        ("R3_APPR_MID", "每人每年 4000 元"),
        ("R7_UP_L3", "2000 元"),
        ("R8_UP_SHORT", "提高 10%"),
        ("R9_FOUNDER", "还没有公布"),
    ],
)
def test_every_kind_of_rule_has_a_page(client: LintingClient, code: str, said: str) -> None:
    assert said in page(client, f"/public/rules/{code}").get_text()


@pytest.mark.parametrize("code", ["R99", "x" * 3000, "%00", "R1_EMP_STD;"])
def test_a_rule_nobody_knows_is_an_unknown_page(client: LintingClient, code: str) -> None:
    assert client.get(f"/public/rules/{code}").status_code == 404


# --- All questions on one page: to change answers, and for one course --------------------------------------


def test_all_answers_can_be_changed_on_one_page(client: LintingClient) -> None:
    talk(client, UNEMPLOYED)
    now = page(client, "/eligibility/answers")
    chosen = {str(box["name"]): str(box["value"]) for box in now.select("input[checked]")}
    assert chosen == {fact: code for fact, code in UNEMPLOYED.items() if fact != "insured_months"}
    result = client.post(
        "/eligibility/answers", data={**chosen, "situations": "none_of_these"}, follow_redirects=True
    )
    assert result.request.path == "/eligibility/result"
    assert "不符合" in result.get_data(as_text=True)


def test_an_answer_about_one_course_counts_for_that_course_alone(client: LintingClient, make: Make) -> None:
    first, second = make.course(), make.course()
    data = {**UNEMPLOYED, "same_trade_level_before": "yes", "course": str(first.id)}
    response = client.post("/eligibility/answers", data=data)
    assert response.location == f"/courses/{first.id}#answer"
    assert "不符合" in page(client, f"/courses/{first.id}").select_one("#answer").get_text()  # type: ignore[union-attr]
    other = page(client, f"/courses/{second.id}").select_one("#answer").get_text()  # type: ignore[union-attr]
    assert "可以，前提是" in other
    assert "你以前没有用过补贴" in other
    form = page(client, f"/eligibility/answers?course={first.id}")
    assert form.select_one('input[name="same_trade_level_before"][checked]')["value"] == "yes"  # type: ignore[index]


def test_rubbish_answers_are_dropped_and_never_an_error(client: LintingClient) -> None:
    rubbish = {"situations": "x" * 10_000, "age_band": "\x00", "residence": "' or 1=1 --", "course": "9" * 400}
    assert client.post("/eligibility/answers", data=rubbish, follow_redirects=True).status_code == 200
    assert client.get("/eligibility/answers?course=x").status_code == 200
