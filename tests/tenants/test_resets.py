"""A forgotten password: links, desk codes, and what they end."""

from __future__ import annotations

import re

import pytest

from app import pii
from app.enroll.models import LearnerProfile
from app.tenants.models import Login, Role, TenantState
from tests.factories.tenants import PASSWORD
from tests.tenants.conftest import NEW_PASSWORD, link_in, whoami


def sign_in(client, login, password):
    return client.post("/sign-in", data={"login": login, "password": password})


def test_a_mailed_link_sets_a_new_password_once(client, browsers, make, run_jobs, mailbox, waiting, look):
    user = make.user(login="lao-li", email="li@example.cn")
    old = browsers()
    sign_in(old, "lao-li", PASSWORD)
    assert old.get("/me/account").status_code == 200

    client.post("/forgot", data={"login": "Li@Example.CN"})
    assert "li@example.cn" not in waiting()
    assert run_jobs() == ["tenants.send_reset"]
    ((to, body),) = mailbox()
    assert to == "li@example.cn"
    link = link_in(body)
    token = link.rsplit("/", 1)[1]
    assert token not in str(look("select * from reset_tokens"))

    assert client.get(link).location.endswith("/reset")
    done = client.post("/reset", data={"password": NEW_PASSWORD})
    assert done.location.endswith("/sign-in")

    assert old.get("/me/account").status_code == 302, "the old session goes on"
    assert old.get("/organisations").status_code == 200
    assert sign_in(client, "lao-li", PASSWORD).status_code == 422
    assert sign_in(client, "lao-li", NEW_PASSWORD).status_code == 303
    assert client.get(link).status_code == 410
    assert look("select session_epoch from users where id = :id", id=user.id) == [(2,)]
    assert look("select data->>'channel' from audit_entries where tag = 'password.reset'") == [("email",)]
    run_jobs()
    assert "密码" in mailbox()[-1][1]


def test_a_name_without_phone_or_mail_is_sent_nothing_and_told_the_same(client, make, run_jobs, mailbox):
    make.user(login="lao-li")
    known = client.post("/forgot", data={"login": "lao-li"}, follow_redirects=True)
    unknown = client.post("/forgot", data={"login": "nobody"}, follow_redirects=True)
    assert known.status_code == unknown.status_code == 200
    assert known.get_data() == unknown.get_data()
    assert run_jobs() == ["tenants.send_reset", "tenants.send_reset"]
    assert mailbox() == []


def test_a_name_login_gets_its_link_at_every_address_of_the_account(client, make, run_jobs, mailbox):
    make.user(login="lao-li", email="li@example.cn")
    client.post("/forgot", data={"login": "lao-li"})
    run_jobs()
    assert [to for to, _ in mailbox()] == ["li@example.cn"]


def test_a_phone_gets_a_text_message(client, run_jobs, mailbox):
    client.post("/sign-up", data={"display_name": "老李", "login": "13800001234", "password": "chang-an-1999"})
    client.post("/sign-out")
    client.post("/forgot", data={"login": "13800001234"})
    run_jobs()
    ((to, body),) = mailbox()
    assert to == "13800001234"
    assert client.get(link_in(body)).status_code == 303


def test_asking_again_and_again_is_stopped_alike_for_known_and_unknown_logins(client, make):
    make.user(login="lao-li")
    for name in ("lao-li", "nobody"):
        for _attempt in range(5):
            assert client.post("/forgot", data={"login": name}).status_code == 303
        refused = client.post("/forgot", data={"login": name})
        assert refused.status_code == 422
        assert "尝试次数过多" in refused.get_data(as_text=True)


def test_an_expired_link_is_dead(client, make, run_jobs, mailbox, super_engine):
    make.user(login="lao-li", email="li@example.cn")
    client.post("/forgot", data={"login": "lao-li"})
    run_jobs()
    with super_engine.begin() as connection:
        connection.exec_driver_sql("update reset_tokens set expires_at = now() - interval '1 second'")
    assert client.get(link_in(mailbox()[0][1])).status_code == 410


def test_a_link_that_dies_between_opening_and_using_it_says_so(client, make, run_jobs, mailbox, super_engine):
    make.user(login="lao-li", email="li@example.cn")
    client.post("/forgot", data={"login": "lao-li"})
    run_jobs()
    client.get(link_in(mailbox()[0][1]))
    with super_engine.begin() as connection:
        connection.exec_driver_sql("update reset_tokens set expires_at = now() - interval '1 second'")
    assert client.post("/reset", data={"password": NEW_PASSWORD}).status_code == 410


def test_a_weak_new_password_is_refused_and_the_link_still_works(client, make, run_jobs, mailbox):
    make.user(login="lao-li", email="li@example.cn")
    client.post("/forgot", data={"login": "lao-li"})
    run_jobs()
    client.get(link_in(mailbox()[0][1]))
    assert client.post("/reset", data={"password": "12345678"}).status_code == 422
    assert client.post("/reset", data={"password": NEW_PASSWORD}).status_code == 303


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "😀"])
def test_a_made_up_link_is_dead_and_never_a_server_error(client, token):
    assert client.get(f"/reset/{token}").status_code == 410


@pytest.fixture
def desk(browsers, make, login):
    """A browser at a verified institution's desk, as a teacher."""
    browser, tenant = browsers(), make.institution(name="示例学校")
    login(browser, make.member(tenant, Role.TEACHER), tenant)
    browser.tenant = tenant
    return browser


def print_code(desk, login):
    shown = desk.post("/desk/reset-codes", data={"login": login}, follow_redirects=True).get_data(as_text=True)
    return re.search(r"[3-9A-Y]{4}-[3-9A-Y]{4}", shown)[0]


def test_a_desk_code_opens_the_account_it_was_printed_for_once(client, desk, make, run_jobs, look):
    user = make.user(login="lao-li")
    make.user(login="another")
    code = print_code(desk, "Lao-Li")
    assert code not in desk.get("/desk/reset-codes").get_data(as_text=True)
    assert desk.get("/desk/reset-codes/print").status_code == 303, "the code is shown twice"
    assert code.replace("-", "") not in str(look("select * from reset_tokens"))
    assert look("select tenant_id, subject_id from audit_entries where tag = 'reset.printed'") == [
        (desk.tenant.id, user.id)
    ]

    other = client.post("/reset", data={"login": "another", "code": code, "password": NEW_PASSWORD})
    assert other.status_code == 422
    done = client.post("/reset", data={"login": "lao-li", "code": code.lower(), "password": NEW_PASSWORD})
    assert done.status_code == 303
    again = client.post("/reset", data={"login": "lao-li", "code": code, "password": "yet another one"})
    assert again.status_code == 422
    assert sign_in(client, "lao-li", NEW_PASSWORD).status_code == 303
    run_jobs()
    assert look("select kind from notices where user_id = :id order by kind", id=user.id) == [
        ("desk_code_printed",),
        ("password_changed",),
    ]


def test_guessing_a_desk_code_locks_that_login(client, desk, make):
    make.user(login="lao-li")
    code = print_code(desk, "lao-li")
    for _attempt in range(5):
        client.post("/reset", data={"login": "lao-li", "code": "AAAA-AAAA", "password": NEW_PASSWORD})
    refused = client.post("/reset", data={"login": "lao-li", "code": code, "password": NEW_PASSWORD})
    assert "尝试次数过多" in refused.get_data(as_text=True)


def test_an_unverified_institution_prints_no_codes(browsers, make, login):
    make.user(login="lao-li")
    browser, tenant = browsers(), make.institution(state=TenantState.UNVERIFIED)
    login(browser, make.member(tenant), tenant)
    refused = browser.post("/desk/reset-codes", data={"login": "lao-li"})
    assert refused.status_code == 422
    assert "还没有通过" in refused.get_data(as_text=True)


def test_a_desk_is_told_when_nobody_has_the_login(desk):
    assert "没有这个登录名" in desk.post("/desk/reset-codes", data={"login": "nobody"}).get_data(as_text=True)


def test_a_teacher_cannot_take_over_a_members_account_but_its_bureau_can_help(client, desk, browsers, make, login):
    owner = make.user(login="owner")
    make.member(desk.tenant, Role.OWNER, user=owner)
    code = print_code(desk, "owner")
    refused = client.post("/reset", data={"login": "owner", "code": code, "password": NEW_PASSWORD})
    assert refused.status_code == 422
    assert "人社局柜台" in refused.get_data(as_text=True)
    assert sign_in(browsers(), "owner", PASSWORD).status_code == 303

    bureau, elsewhere = make.bureau("130108"), make.bureau("130102")
    for tenant, status in ((elsewhere, 422), (bureau, 303)):
        browser = browsers()
        login(browser, make.member(tenant, Role.MANAGER), tenant)
        code = print_code(browser, "owner")
        answer = client.post("/reset", data={"login": "owner", "code": code, "password": NEW_PASSWORD})
        assert answer.status_code == status


def test_an_institution_cannot_open_a_learners_account_with_a_code_it_printed_itself(
    client, desk, browsers, make, login
):
    """A roster shows the login and the ends of the ID number; the account shows the learner's papers."""
    learner = make.learner()
    value = make.session.query(Login).filter_by(user_id=learner.id).one().value
    number = make.session.get_one(LearnerProfile, learner.id).id_number
    code, page = print_code(desk, value), {"login": value, "password": NEW_PASSWORD}
    for guessed in ("", pii.mask_id_number(number), number[:4] + "0" * 10 + number[-4:]):
        response = client.post("/reset", data={**page, "code": code, "id_number": guessed})
        assert response.status_code == 422
        assert "还要填写你报名时登记的证件号码" in response.get_data(as_text=True)
    assert client.post("/reset", data={**page, "code": code, "id_number": number.lower()}).status_code == 303
    bureau, other = make.bureau(), browsers()
    login(other, make.member(bureau), bureau)
    assert client.post("/reset", data={**page, "code": print_code(other, value)}).status_code == 303


def test_desk_codes_are_few_a_day(desk, make):
    make.user(login="lao-li")
    for _ in range(5):
        print_code(desk, "lao-li")
    assert desk.post("/desk/reset-codes", data={"login": "lao-li"}).status_code == 422


def test_enterprises_and_learners_print_no_codes(client, browsers, make, login):
    enterprise = make.enterprise()
    login(client, make.member(enterprise), enterprise)
    assert client.get("/desk/reset-codes").status_code == 404
    nobody = browsers()
    assert nobody.get("/desk/reset-codes").location.startswith("/sign-in")
    login(nobody, make.user())
    assert nobody.get("/desk/reset-codes").status_code == 404


@pytest.mark.parametrize("value", ["\x00", "😀" * 30, "x" * 10_000])
def test_odd_input_is_refused_in_words(client, desk, value):
    assert client.post("/forgot", data={"login": value}).status_code in (303, 422)
    assert client.post("/reset", data={"login": value, "code": value, "password": value}).status_code == 422
    assert desk.post("/desk/reset-codes", data={"login": value}).status_code == 422
    assert whoami(client) is None


def test_mail_is_written_in_the_language_its_reader_chose(app, make):
    from app import notifications, scope

    user = make.user()
    user.locale = "en"
    make.session.commit()
    with app.app_context(), scope.opened(scope.Scope(actor_id=user.id)):
        assert notifications.locale_of(user.id) == "en"
