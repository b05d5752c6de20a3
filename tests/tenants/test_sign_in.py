"""Signing up, in and out: what people type, and what they are never told."""

from __future__ import annotations

import re

import pytest

from app import limits
from app.tenants.models import Membership, Role
from tests.factories.tenants import PASSWORD
from tests.tenants.conftest import whoami

SIGN_UP = {"display_name": "王家庄老李", "login": "王家庄老李", "password": "chang-an-1999"}


@pytest.mark.parametrize("typed", ["Lao-Li", " lao-li ", "\uff2c\uff21\uff2f\uff0d\uff2c\uff29", "LAO-LI"])
def test_a_name_opens_the_account_however_it_is_typed(client, make, typed):
    user = make.user(login="lao-li")
    response = client.post("/sign-in", data={"login": typed, "password": PASSWORD})
    assert response.status_code == 303
    assert whoami(client) == user.id


def test_signing_up_with_a_phone_lets_one_sign_in_with_it_in_any_spelling(client, look):
    done = client.post("/sign-up", data={**SIGN_UP, "login": "138 0000 1234"})
    assert done.status_code == 303
    assert look("select kind, value from logins") == [("phone", "13800001234")]
    client.post("/sign-out")
    assert whoami(client) is None
    assert (
        client.post("/sign-in", data={"login": "+86 138-0000-1234", "password": SIGN_UP["password"]}).status_code
        == 303
    )
    assert whoami(client) is not None


def test_signing_up_is_audited_by_the_new_user(client, look):
    client.post("/sign-up", data=SIGN_UP)
    ((actor, subject),) = look("select actor_id, subject_id from audit_entries where tag = 'user.registered'")
    assert actor == subject == whoami(client)


def test_a_new_account_without_a_desk_goes_to_its_training(client):
    assert client.post("/sign-up", data=SIGN_UP).location.endswith("/me")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("login", "", "请填写"),
        ("login", "不 存在@", "邮箱"),
        ("login", "12345678", "11位"),
        ("login", "a", "用户名应有2到32个字"),
        ("login", "有<符号>", "可以用汉字"),
        ("login", "😀😀", "可以用汉字"),
        ("login", "长" * 10_000, "最多"),
        ("display_name", "\x00", "请填写"),
        ("display_name", "😀" * 41, "最多 40 个字"),
        ("password", "short", "至少8个字符"),
        ("password", "12345678", "太常见"),
        ("password", "王家庄老李", "至少8个字符"),
        ("password", "p" * 10_000, "最多"),
    ],
)
def test_a_refused_sign_up_says_why_beside_the_field_and_keeps_what_was_typed(client, look, field, value, words):
    response = client.post("/sign-up", data={**SIGN_UP, field: value})
    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert words in page
    if field != "display_name":
        assert 'value="王家庄老李"' in page
    assert SIGN_UP["password"] not in page
    assert look("select 1 from users") == []


def test_nul_and_emoji_in_a_name_are_no_server_error(client, look):
    assert client.post("/sign-up", data={**SIGN_UP, "display_name": "老\x00李😀"}).status_code == 303
    assert look("select display_name from users") == [("老李😀",)]


def test_a_taken_login_is_refused_whatever_its_spelling(client, make, look):
    make.user(login="lao-li")
    response = client.post("/sign-up", data={**SIGN_UP, "login": "LAO-LI"})
    assert response.status_code == 422
    assert "已经有账户在用" in response.get_data(as_text=True)
    assert look("select count(*) from users") == [(1,)]


def test_the_password_may_not_be_the_login(client):
    response = client.post("/sign-up", data={**SIGN_UP, "login": "wangjiazhuang", "password": "WangJiaZhuang"})
    assert "不能与登录名" in response.get_data(as_text=True)


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(client, make):
    make.user(login="lao-li")
    wrong = client.post("/sign-in", data={"login": "lao-li", "password": "wrong-password"})
    unknown = client.post("/sign-in", data={"login": "nobody", "password": "wrong-password"})
    assert wrong.status_code == unknown.status_code == 422

    def shown(response, name):
        page = response.get_data(as_text=True).replace(name, "")
        return re.sub(r'name="csrf_token"[^>]*', "", page)

    assert shown(wrong, "lao-li") == shown(unknown, "nobody")


def test_the_lock_out_counts_unknown_logins_just_the_same(client, make):
    make.user(login="lao-li")
    pages = {}
    for name in ("lao-li", "nobody"):
        for _attempt in range(5):
            client.post("/sign-in", data={"login": name, "password": "wrong-password"})
        pages[name] = client.post("/sign-in", data={"login": name, "password": PASSWORD}).get_data(as_text=True)
    assert "尝试次数过多" in pages["lao-li"]
    assert "尝试次数过多" in pages["nobody"]
    assert whoami(client) is None


def test_the_right_password_forgets_the_failures_before_it(client, make):
    make.user(login="lao-li")
    for _attempt in range(4):
        client.post("/sign-in", data={"login": "lao-li", "password": "wrong-password"})
    assert client.post("/sign-in", data={"login": "lao-li", "password": PASSWORD}).status_code == 303
    limits.lockout().check("sign_in:lao-li")


def test_too_many_sign_ins_from_one_address_are_stopped(client):
    codes = [client.post("/sign-in", data={"login": "", "password": ""}).status_code for _ in range(121)]
    assert codes[:120] == [422] * 120
    assert codes[120] == 429


def test_one_desk_is_entered_at_once(client, make):
    tenant = make.institution()
    user = make.member(tenant, Role.OWNER, user=make.user(login="lao-li"))
    response = client.post("/sign-in", data={"login": "lao-li", "password": PASSWORD})
    assert response.location.endswith("/desk")
    assert client.get("/desk").status_code == 200
    assert whoami(client) == user.id


def test_several_desks_are_chosen_from(client, make):
    user = make.user(login="lao-li")
    first, second = make.institution(name="甲校示例"), make.bureau()
    make.member(first, user=user)
    make.member(second, user=user)
    response = client.post("/sign-in", data={"login": "lao-li", "password": PASSWORD})
    assert response.location.endswith("/desks")
    page = client.get("/desks").get_data(as_text=True)
    assert first.name in page
    assert second.name in page


def test_the_page_one_was_on_the_way_to_comes_first(client, make):
    make.user(login="lao-li")
    response = client.post("/sign-in?next=/me/account", data={"login": "lao-li", "password": PASSWORD})
    assert response.location.endswith("/me/account")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_nobody_is_sent_to_another_site(client, make, target):
    make.user(login="lao-li")
    response = client.post(f"/sign-in?next={target}", data={"login": "lao-li", "password": PASSWORD})
    assert "evil" not in response.location
    assert response.location.endswith("/me")


def test_signing_out_leaves_nothing_but_the_language(client, make, login):
    login(client, make.user())
    client.get("/language/en")
    with client.session_transaction() as session:
        session["answers"] = "private"
    client.post("/sign-out")
    with client.session_transaction() as session:
        assert {key for key in session if key not in ("csrf_token", "_permanent")} <= {"locale"}
        assert session["locale"] == "en"


@pytest.mark.parametrize("way", ["sign in", "switch"])
def test_what_a_visitor_answered_does_not_come_along_to_a_desk(client, make, login, way):
    """The computer may be a training room's: whoever teaches there signs in where a learner answered."""
    user, tenant = make.user(login="lao-li"), make.institution()
    make.member(tenant, Role.TEACHER, user=user)
    if way == "switch":
        login(client, user)
    for code in ("family_hardship", "skip"):
        at = client.get("/eligibility").headers["Location"]
        fact = re.search(r'name="fact" value="([a-z_]+)"', client.get(at).get_data(as_text=True))[1]
        client.post(at, data={"fact": fact, "answer": code, **({"skip": "1"} if code == "skip" else {})})
    with client.session_transaction() as session:
        assert {"answers", "asked"} <= session.keys()
    if way == "switch":
        membership = make.session.query(Membership).filter_by(user_id=user.id).one()
        assert client.post(f"/desks/{membership.id}").status_code == 303
    else:
        client.post("/sign-in", data={"login": "lao-li", "password": PASSWORD})
    with client.session_transaction() as session:
        assert session["desk"]["tenant_id"] == tenant.id
        assert not {"answers", "answers_of_course", "asked"} & session.keys()


def test_the_language_is_switched_by_one_tap_and_writes_nothing(client, make, login, look):
    user = make.user()
    login(client, user)
    page = client.get("/organisations?state=1").get_data(as_text=True)
    assert 'href="/language/en?next=/organisations?state%3D1"' in page
    response = client.get("/language/en?next=/organisations")
    assert response.status_code == 303
    assert response.location.endswith("/organisations")
    assert '<html lang="en"' in client.get("/organisations").get_data(as_text=True)
    assert look("select locale from users where id = :id", id=user.id) == [(None,)]
    assert client.get("/language/xx").status_code == 404


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_switching_the_language_sends_nobody_to_another_site(client, target):
    assert client.get("/language/en", query_string={"next": target}).location == "/"


def test_the_language_of_an_account_is_kept_and_comes_with_signing_in(client, browsers, make, login, look):
    user = make.user(login="lao-li")
    login(client, user)
    assert client.post("/me/account/language/en").status_code == 303
    assert look("select locale from users where id = :id", id=user.id) == [("en",)]
    other = browsers()
    other.post("/sign-in", data={"login": "lao-li", "password": PASSWORD})
    assert '<html lang="en"' in other.get("/me/account").get_data(as_text=True)
    assert client.post("/me/account/language/xx").status_code == 404


def test_someone_signed_in_need_not_sign_in_again(client, make, login):
    login(client, make.user())
    assert client.get("/sign-in").status_code == 303
    assert client.get("/sign-up?next=/me/account").location.endswith("/me/account")


def test_a_post_without_a_token_is_refused_and_keeps_what_was_typed_but_the_password(client):
    response = client.post("/sign-up", data=SIGN_UP, csrf=False)
    assert response.status_code == 400
    page = response.get_data(as_text=True)
    assert "王家庄老李" in page
    assert SIGN_UP["password"] not in page
