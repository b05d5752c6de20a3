"""New versions of lists, amounts and limits at the bureau's desk: one drafts, another approves."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from app.clock import CITY_ZONE, today
from tests.factories.policy import UNLISTED, WELDER
from tests.support.pages import LintingClient

DOCUMENT = "示例〔2027〕1号"
DESK = "/desk/policy-versions"


@dataclass
class Desk:
    """Two people of the city's bureau, each at the desk in a browser of their own."""

    author: LintingClient
    approver: LintingClient
    author_id: int
    approver_id: int
    count: Callable[[], None]

    def approve(self, location: str) -> Any:
        """The second person publishes a draft whose effects are counted."""
        self.count()
        return self.approver.post(f"{location}/approve")


@pytest.fixture
def desk(app: Any, make: Any, login: Any) -> Desk:
    bureau = make.bureau("130100")
    people = [make.member(bureau), make.member(bureau)]
    clients = [app.test_client(), app.test_client()]
    for client, person in zip(clients, people, strict=True):
        login(client, person, bureau)
    return Desk(*clients, *(person.id for person in people), make.count_drafts)


def in_days(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def sheet(*rows: tuple[str, str]) -> io.BytesIO:
    return io.BytesIO("\n".join(["编码,名称", *(",".join(row) for row in rows)]).encode("gbk"))


def upload(client: Any, content: io.BytesIO, *, days: int = 30, **more: str) -> Any:
    data = {
        "name": "测试目录",
        "document_no": DOCUMENT,
        "valid_from": in_days(days),
        "file": (content, "list.csv"),
    }
    return client.post(f"{DESK}/lists/new", data={**data, **more}, content_type="multipart/form-data")


def amend(client: Any, rule: str = "R1_EMP_STD", *, days: int = 30, **more: str) -> Any:
    data = {
        "action": "set",
        "amount": "2600",
        "document_no": DOCUMENT,
        "clause": "二",
        "quote": "每人不超过2600元",
    }
    return client.post(f"{DESK}/amounts/{rule}/new", data={**data, "valid_from": in_days(days), **more})


def confine(client: Any, limit: str = "uses_per_year", *, days: int = 30, **more: str) -> Any:
    data = {"number": "2", "action": "on", "document_no": DOCUMENT, "clause": "三", "valid_from": in_days(days)}
    return client.post(f"{DESK}/limits/{limit}/new", data={**data, **more})


def page_of(response: Any) -> str:
    return str(response.get_data(as_text=True))


DRAFT = {
    "shortage_lists": lambda client, **more: upload(client, sheet((UNLISTED, "涂装工")), **more),
    "subsidy_rules": amend,
    "policy_parameters": confine,
}
KINDS = pytest.mark.parametrize("table", DRAFT)


@KINDS
def test_the_author_waits_and_a_colleague_publishes(desk: Desk, look: Any, table: str) -> None:
    location = DRAFT[table](desk.author).location
    desk.count()
    mine, theirs = page_of(desk.author.get(location)), page_of(desk.approver.get(location))
    assert "等待另一位同事复核" in mine
    assert "复核通过，发布" not in mine
    assert "复核通过，发布" in theirs
    assert desk.author.post(f"{location}/approve").status_code == 303
    assert "另一位同事复核发布" in page_of(desk.author.get(location))
    assert look(f"select count(*) from {table} where is_published and authored_by is not null")[0][0] == 0
    assert desk.approve(location).status_code == 303
    (row,) = look(f"select * from {table} where authored_by is not null")
    assert (row.is_published, row.authored_by, row.approved_by) == (True, desk.author_id, desk.approver_id)
    assert (row.document_no, row.valid_from) == (DOCUMENT, today() + timedelta(days=30))
    counting, indexing = look("select task_name, scheduled_at from procrastinate_jobs order by id")
    assert (counting.task_name, counting.scheduled_at) == ("enroll.simulate", None)
    begins = datetime.combine(row.valid_from, time(0, 1), CITY_ZONE)
    assert (indexing.task_name, indexing.scheduled_at) == ("catalog.reindex", begins)
    tags = [row.tag.split(".")[1] for row in look("select tag from audit_entries order by id")]
    assert tags == ["drafted", "published"]


@KINDS
def test_nothing_is_published_before_it_is_known_what_it_changes(desk: Desk, look: Any, table: str) -> None:
    location = DRAFT[table](desk.author).location
    page = page_of(desk.approver.get(location))
    assert "正在按现在的在办申请测算" in page
    assert "复核通过，发布" not in page
    assert desk.approver.post(f"{location}/approve").status_code == 303
    assert "影响还在测算，请稍后再发布。" in page_of(desk.approver.get(location))
    assert look(f"select count(*) from {table} where is_published and authored_by is not null")[0][0] == 0
    assert desk.approve(location).status_code == 303
    assert look(f"select count(*) from {table} where is_published and authored_by is not null")[0][0] == 1


@KINDS
def test_a_published_version_ends_the_one_before_on_its_first_day(desk: Desk, look: Any, table: str) -> None:
    desk.approve(DRAFT[table](desk.author).location)
    ended = look(
        f"select valid_to from {table} where is_published and authored_by is null and valid_to is not null"
    )
    assert [row.valid_to for row in ended] == [today() + timedelta(days=30)]


@KINDS
@pytest.mark.parametrize("days", [-400, -1, 0])
def test_nothing_is_changed_for_today_or_the_past(desk: Desk, look: Any, table: str, days: int) -> None:
    response = DRAFT[table](desk.author, days=days)
    assert response.status_code == 422
    assert f"最早从 {in_days(1)} 起生效" in page_of(response)
    assert look(f"select count(*) from {table} where authored_by is not null")[0][0] == 0


@KINDS
def test_a_published_later_version_blocks_an_earlier_one(desk: Desk, look: Any, table: str) -> None:
    earlier = DRAFT[table](desk.author, days=20).location
    desk.approve(DRAFT[table](desk.author, days=30).location)
    assert f"已经发布了从 {in_days(30)} 起生效的版本" in page_of(DRAFT[table](desk.author, days=30))
    desk.approve(earlier)
    assert f"已经发布了从 {in_days(30)} 起生效的版本" in page_of(desk.approver.get(earlier))
    assert DRAFT[table](desk.author, days=40).status_code == 303


@KINDS
def test_a_draft_is_thrown_away_by_anyone_who_may_and_a_published_version_by_nobody(
    desk: Desk, look: Any, table: str
) -> None:
    gone, stays = DRAFT[table](desk.author).location, DRAFT[table](desk.author, days=40).location
    assert desk.approver.post(f"{gone}/discard").status_code == 303
    assert desk.author.get(gone).status_code == 404
    desk.approve(stays)
    desk.approver.post(f"{stays}/discard")
    assert "已经发布，不能再改" in page_of(desk.approver.get(stays))
    assert look(f"select count(*) from {table} where authored_by is not null")[0][0] == 1


@KINDS
def test_a_county_sees_what_is_published_and_neither_drafts_nor_buttons(
    desk: Desk, app: Any, make: Any, login: Any, table: str
) -> None:
    draft, published = DRAFT[table](desk.author).location, DRAFT[table](desk.author, days=40).location
    desk.approve(published)
    bureau, school = make.bureau("130108"), make.institution()
    county, institution = app.test_client(), app.test_client()
    login(county, make.member(bureau), bureau)
    login(institution, make.member(school), school)
    page = page_of(county.get(DESK))
    assert "等你复核" not in page
    assert "拟新版" not in page
    assert county.get(published).status_code == 200
    for path in ("lists/new", "amounts/R1_EMP_STD/new", "limits/uses_per_year/new"):
        assert county.get(f"{DESK}/{path}").status_code == 404
    assert county.get(draft).status_code == 404
    for verb in ("approve", "discard"):
        assert county.post(f"{draft}/{verb}").status_code == 404
        assert institution.post(f"{draft}/{verb}").status_code == 404
    assert institution.get(DESK).status_code == 404


def test_a_list_is_compared_with_the_one_it_follows_trade_by_trade(desk: Desk) -> None:
    rows = ((WELDER, "电焊操作工"), (UNLISTED, "涂装工"))
    refused = page_of(upload(desk.author, sheet(*rows)))
    assert "编码6-18-02-04是“焊工”，文件里写的是“电焊操作工”" in refused
    page = page_of(desk.author.get(upload(desk.author, sheet(*rows), takes_names="y").location))
    assert "新增 1 个：涂装工" in page
    assert "移出 78 个" in page
    assert '<span lang="zh">焊工</span> → <b lang="zh">电焊操作工</b>' in page
    assert "不变 0 个" in page


def test_a_name_a_list_gives_is_kept_and_shown_beside_the_classifications(
    desk: Desk, client: LintingClient
) -> None:
    location = upload(desk.author, sheet((WELDER, "电焊操作工")), takes_names="y").location
    assert "职业分类里叫「焊工」" in page_of(desk.author.get(location))
    desk.approve(location)
    assert "电焊操作工" in page_of(client.get(location.replace(f"{DESK}/lists", "/public/shortage-lists")))


def test_a_list_with_bad_rows_is_refused_row_by_row_and_keeps_what_was_typed(desk: Desk, look: Any) -> None:
    response = upload(desk.author, sheet((WELDER, "焊工"), ("9-99", "无"), (WELDER, "焊工")))
    page = page_of(response)
    assert response.status_code == 422
    for kept in ("第 3 行", "第 4 行", "测试目录"):
        assert kept in page
    assert look("select count(*) from shortage_lists")[0][0] == 1


@pytest.mark.parametrize(
    ("rule", "said", "words"),
    [
        ("R1_EMP_STD", {"amount": "0"}, "请填写新的标准"),
        ("R1_EMP_STD", {"amount": ""}, "请填写新的标准"),
        ("R1_EMP_STD", {"amount": "-5"}, "请填写金额"),
        ("R1_EMP_STD", {"amount": "100001"}, "金额最多 100000 元"),
        ("R8_UP_SHORT", {"percent": "101"}, "请填写 1 到 100 之间的数"),
        ("R8_UP_SHORT", {"percent": ""}, "请填写新的标准"),
        ("R1_EMP_STD", {"document_no": " "}, "请填写。"),
        ("R1_EMP_STD", {"quote": ""}, "请填写。"),
        ("R1_EMP_STD", {"valid_from": "不知道"}, "请填写日期"),
    ],
)
def test_rubbish_for_an_amount_is_refused_on_its_field(
    desk: Desk, look: Any, rule: str, said: dict[str, str], words: str
) -> None:
    response = amend(desk.author, rule, **said)
    assert response.status_code == 422
    assert words in page_of(response)
    assert look("select count(*) from subsidy_rules where authored_by is not null")[0][0] == 0


@pytest.mark.parametrize(
    ("limit", "number", "words"),
    [
        ("uses_per_year", "0", "请填写 1 到 12 之间的数"),
        ("minimum_age", "-1", "请填写 16 到 25 之间的数"),
        ("minimum_age", "八", "请填写整数"),
        ("plan_years", "4", "请填写 1 到 3 之间的数"),
        ("decision_validity", "", "请填写 1 到 12 之间的数"),
    ],
)
def test_rubbish_for_a_limit_is_refused_on_its_field(desk: Desk, limit: str, number: str, words: str) -> None:
    response = confine(desk.author, limit, number=number)
    assert response.status_code == 422
    assert words in page_of(response)


@pytest.mark.parametrize("path", ["amounts/R99/new", "limits/designated/new", "limits/nothing/new"])
def test_what_a_bureau_has_no_say_in_has_no_form(desk: Desk, path: str) -> None:
    assert desk.author.get(f"{DESK}/{path}").status_code == 404


def test_the_desk_counts_what_waits_for_a_colleague_and_not_what_is_ones_own(desk: Desk) -> None:
    amend(desk.author)
    confine(desk.author)
    words = "复核同事拟的政策草稿"
    assert words in page_of(desk.approver.get("/desk"))
    assert words not in page_of(desk.author.get("/desk"))


def test_the_public_history_tells_what_changed_and_names_no_official(
    desk: Desk, client: LintingClient, look: Any
) -> None:
    for draft in DRAFT.values():
        desk.approve(draft(desk.author).location)
    amend(desk.author, days=60)
    page = page_of(client.get("/public/history"))
    start = f"{in_days(30)} 起"
    assert page.index(start) < page.index("2019-10-15 起")
    for words in ("移出 79 个", "涂装工", "最高 2200 元", "最高 2600 元", DOCUMENT, "每人不超过2600元"):
        assert words in page
    assert f"{in_days(60)} 起" not in page
    names = look("select display_name from users")
    assert not [row.display_name for row in names if row.display_name in page]
    assert "政策沿革" in page_of(client.get("/public"))


def test_an_end_without_a_successor_is_told_as_such(desk: Desk, client: LintingClient) -> None:
    location = amend(desk.author, "R3_APPR_MID", action="end", amount="").location
    assert "停止执行" in page_of(desk.approver.get(location))
    desk.approve(location)
    assert "停止执行" in page_of(client.get("/public/history"))
    again = page_of(desk.author.get(f"{DESK}/amounts/R3_APPR_MID/new"))
    assert "停止执行，不再补贴" not in again
    assert amend(desk.author, "R3_APPR_MID", days=90, amount="5000").status_code == 303


def test_the_start_up_subsidy_takes_an_amount_with_its_document(desk: Desk, look: Any) -> None:
    form = page_of(desk.author.get(f"{DESK}/amounts/R9_FOUNDER/new"))
    assert "停止执行，不再补贴" not in form
    desk.approve(amend(desk.author, "R9_FOUNDER", amount="1500").location)
    (row,) = look("select * from subsidy_rules where code = 'R9_FOUNDER' and authored_by is not null")
    assert (row.amount_fen, row.data["amount_document"]) == (150_000, DOCUMENT)


def test_two_in_the_same_moment_publish_once(desk: Desk, look: Any) -> None:
    location = amend(desk.author).location
    assert desk.approve(location).status_code == 303
    assert desk.approve(location).status_code == 303
    assert look("select count(*) from audit_entries where tag = 'subsidy_rule.published'")[0][0] == 1


def test_first_days_are_far_apart_or_near_as_the_bureau_likes(desk: Desk) -> None:
    far = (date(2100, 12, 31) - today()).days
    assert amend(desk.author, days=far).status_code == 303
    assert amend(desk.author, days=1).status_code == 303
