"""One's own account: name, logins and password."""

from __future__ import annotations

import pytest

from tests.factories.tenants import PASSWORD
from tests.tenants.conftest import NEW_PASSWORD


@pytest.fixture
def me(client, make, login):
    user = make.user(login="lao-li")
    login(client, user)
    return user


def test_a_new_name_is_shown_everywhere_and_reaches_ones_desks(client, make, login, look, run_jobs):
    mine, other = make.institution(), make.institution()
    user, colleague = make.member(mine), make.member(other)
    login(client, user, mine)
    assert client.post("/me/account/name", data={"name-display_name": " 李<b>新名 "}).status_code == 303
    page = client.get("/me/account").get_data(as_text=True)
    assert "李&lt;b&gt;新名" in page
    assert look("select display_name from users where id = :id", id=user.id) == [("李<b>新名",)]
    run_jobs()
    names = dict(look("select user_id, display_name from memberships"))
    assert names == {user.id: "李<b>新名", colleague.id: colleague.display_name}
    assert look("select actor_id from audit_entries where tag = 'user.renamed'") == [(user.id,)]
    assert "李&lt;b&gt;新名" in client.get("/desk/members").get_data(as_text=True)


@pytest.mark.parametrize("name", ["", " \x00 ", "长" * 41])
def test_a_name_that_is_none_is_refused_in_words(client, me, look, name):
    response = client.post("/me/account/name", data={"name-display_name": name})
    assert response.status_code == 422
    assert "怎么称呼你：" in response.get_data(as_text=True)
    assert look("select display_name from users") == [(me.display_name,)]


def test_the_account_is_one_tap_from_ones_courses(client, me):
    page = client.get("/me").get_data(as_text=True)
    chips = page[page.index('class="chips"') :]
    assert 'href="/me/account"' in chips[: chips.index("</nav>")]


def test_changing_the_password_ends_other_sessions_and_keeps_this_one(client, browsers, me, login):
    other = browsers()
    login(other, me)
    data = {"change-current_password": PASSWORD, "change-password": NEW_PASSWORD}
    assert client.post("/me/account/password", data=data).status_code == 303
    assert client.get("/me/account").status_code == 200
    assert other.get("/me/account").status_code == 302


def test_the_current_password_is_asked_for(client, me):
    data = {"change-current_password": "wrong-password", "change-password": NEW_PASSWORD}
    response = client.post("/me/account/password", data=data)
    assert response.status_code == 422
    assert "现在的密码不对" in response.get_data(as_text=True)


def test_a_second_login_opens_the_same_account_and_can_be_removed(client, browsers, me, look):
    data = {"add-login": "li@example.cn", "add-current_password": PASSWORD}
    assert client.post("/me/account/logins", data=data).status_code == 303
    assert browsers().post("/sign-in", data={"login": "li@example.cn", "password": PASSWORD}).status_code == 303
    ((login_id,),) = look("select id from logins where kind = 'email'")
    client.post(f"/me/account/logins/{login_id}/remove")
    assert look("select kind from logins") == [("name",)]
    assert browsers().post("/sign-in", data={"login": "li@example.cn", "password": PASSWORD}).status_code == 422


def test_the_last_login_stays(client, me, look):
    ((login_id,),) = look("select id from logins")
    page = client.post(f"/me/account/logins/{login_id}/remove", follow_redirects=True).get_data(as_text=True)
    assert "至少要留一个" in page
    assert look("select count(*) from logins") == [(1,)]


def test_another_persons_login_is_neither_taken_nor_removed(client, make, me, look):
    other = make.user(login="other")
    taken = client.post("/me/account/logins", data={"add-login": "other", "add-current_password": PASSWORD})
    assert taken.status_code == 422
    ((login_id,),) = look("select id from logins where user_id = :id", id=other.id)
    client.post(f"/me/account/logins/{login_id}/remove")
    assert look("select count(*) from logins") == [(2,)]


def test_visitors_have_no_account_page(client):
    assert client.get("/me/account").location.startswith("/sign-in?next=")
    assert client.post("/me/account/name").location.endswith("/sign-in")
    assert client.post("/me/account/password").location.endswith("/sign-in")
    assert client.post("/me/account/logins").location.endswith("/sign-in")
    assert client.post("/me/account/logins/1/remove").location.endswith("/sign-in")


@pytest.mark.parametrize("value", ["\x00", "😀", "x" * 10_000, ""])
def test_odd_logins_are_refused_in_words(client, me, value):
    data = {"add-login": value, "add-current_password": PASSWORD}
    assert client.post("/me/account/logins", data=data).status_code == 422
