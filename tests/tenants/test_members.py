"""Members, invitations and desks."""

from __future__ import annotations

import re
import threading

import pytest

from app import scope
from app.db import db
from app.errors import DomainError
from app.tenants import members
from app.tenants.models import Membership, Role, TenantKind, TenantState
from tests.factories.tenants import PASSWORD
from tests.tenants.conftest import link_in


@pytest.fixture
def desk(client, make, login):
    """An owner's browser at an institution's desk."""
    tenant = make.institution(name="示例学校")
    client.owner = make.member(tenant, Role.OWNER)
    login(client, client.owner, tenant)
    client.tenant = tenant
    return client


def invite(desk, **data):
    page = desk.post("/desk/invitations", data={"role": "teacher", **data}, follow_redirects=True)
    return page.get_data(as_text=True)


def link_shown(page):
    return re.search(r'value="https?://[^/"]+(/invitations/[^"]+)"', page)[1]


def test_an_invitation_link_is_shown_once_and_works_once(desk, browsers, make, look, run_jobs):
    link = link_shown(invite(desk))
    assert link not in desk.get("/desk/invitations").get_data(as_text=True)
    assert link.rsplit("/", 1)[1] not in str(look("select * from invitations"))

    guest = browsers()
    assert "示例学校" in guest.get(link).get_data(as_text=True)
    assert guest.post(link).location.startswith("/sign-in?next=/invitations/")
    done = guest.post(
        f"/sign-up?next={link}", data={"display_name": "示例老师", "login": "teacher", "password": "chang-an-1999"}
    )
    assert done.location.endswith(link)
    assert guest.post(link).location.endswith("/desk")
    assert "示例学校" in guest.get("/desk").get_data(as_text=True)
    assert guest.get("/desk/members").status_code == 404
    assert look("select role from memberships where display_name = '示例老师'") == [("teacher",)]

    late = browsers()
    assert late.get(link).status_code == 410
    run_jobs()
    assert look("select user_id, kind from notices") == [(desk.owner.id, "member_joined")]


def test_a_mailed_invitation_keeps_its_secret_out_of_the_job(
    desk, make, login, browsers, run_jobs, waiting, mailbox
):
    page = invite(desk, email="teacher@example.cn")
    assert "邀请邮件已发出" in page
    assert "teacher@example.cn" not in waiting()
    run_jobs()
    ((to, body),) = mailbox()
    assert to == "teacher@example.cn"
    guest = browsers()
    login(guest, make.user())
    assert guest.post(link_in(body)).location.endswith("/desk")


def test_an_invitation_expires_and_can_be_taken_back(desk, browsers, look, super_engine):
    link = link_shown(invite(desk))
    with super_engine.begin() as connection:
        connection.exec_driver_sql("update invitations set expires_at = now() - interval '1 second'")
    assert browsers().get(link).status_code == 410
    second = link_shown(invite(desk))
    (*_, (invitation_id,)) = look("select id from invitations order by id")
    assert desk.post(f"/desk/invitations/{invitation_id}/revoke").status_code == 303
    assert browsers().get(second).status_code == 410


def test_a_member_cannot_accept_again_and_the_invitation_stays_for_another(desk, look):
    link = link_shown(invite(desk))
    answer = desk.post(link)
    assert answer.status_code == 410
    assert "已经是" in answer.get_data(as_text=True)
    assert look("select used_at from invitations") == [(None,)]


def test_a_role_that_does_not_fit_the_kind_is_refused(desk):
    assert desk.post("/desk/invitations", data={"role": "auditor"}).status_code == 422
    assert desk.post("/desk/invitations", data={"role": ""}).status_code == 422
    assert desk.post("/desk/invitations", data={"role": "teacher", "email": "x@"}).status_code == 422
    assert desk.post("/desk/invitations", data={"role": "teacher", "email": "\x00😀"}).status_code == 422


def membership_of(look, user, tenant):
    ((found,),) = look("select id from memberships where user_id = :u and tenant_id = :t", u=user.id, t=tenant.id)
    return found


def test_the_last_owner_stays_owner_and_member(desk, look):
    mine = membership_of(look, desk.owner, desk.tenant)
    for path, data in (
        (f"/desk/members/{mine}/role", {"role": "teacher"}),
        (f"/desk/members/{mine}/deactivate", {}),
    ):
        page = desk.post(path, data=data, follow_redirects=True).get_data(as_text=True)
        assert "至少要有一位负责人" in page
    assert look("select role, is_active from memberships") == [("owner", True)]


def test_of_two_owners_stepping_down_at_once_one_stays(app, make, look):
    tenant = make.institution()
    owners = [make.member(tenant, Role.OWNER), make.member(tenant, Role.OWNER)]
    ids = [membership_of(look, owner, tenant) for owner in owners]
    start, refused = threading.Barrier(2), []

    def step_down(owner, membership_id):
        with (
            app.app_context(),
            scope.opened(
                scope.Scope(actor_id=owner.id, tenant_id=tenant.id, tenant_kind="institution", role="owner")
            ),
        ):
            start.wait()
            try:
                members.deactivate_member(tenant_id=tenant.id, membership_id=membership_id)
                db.session.commit()
            except DomainError as error:
                db.session.rollback()
                refused.append(error.code)

    threads = [threading.Thread(target=step_down, args=pair) for pair in zip(owners, ids, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["owner_last"]
    assert look("select count(*) from memberships where is_active") == [(1,)]


def test_a_deactivated_member_is_out_at_once_and_can_be_invited_again(desk, browsers, make, login, look):
    teacher, browser = make.member(desk.tenant, Role.TEACHER), browsers()
    login(browser, teacher, desk.tenant)
    assert browser.get("/desk").status_code == 200
    desk.post(f"/desk/members/{membership_of(look, teacher, desk.tenant)}/deactivate")
    assert browser.get("/desk").status_code == 404
    link = link_shown(invite(desk, role="manager"))
    assert browser.post(link).location.endswith("/desk")
    assert browser.get("/desk").status_code == 200
    assert look("select role, is_active from memberships where user_id = :id", id=teacher.id) == [
        ("manager", True)
    ]


def test_a_changed_role_counts_from_the_next_page(desk, browsers, make, login, look):
    teacher, browser = make.member(desk.tenant, Role.TEACHER), browsers()
    login(browser, teacher, desk.tenant)
    desk.post(f"/desk/members/{membership_of(look, teacher, desk.tenant)}/role", data={"role": "finance"})
    assert browser.get("/desk").status_code == 404, "the session still claims the old role"
    bad = desk.post(f"/desk/members/{membership_of(look, teacher, desk.tenant)}/role", data={"role": "\x00"})
    assert bad.status_code == 303


def test_another_tenants_members_and_invitations_are_not_there(desk, browsers, make, login, look):
    other, browser = make.institution(), browsers()
    stranger = make.member(other, Role.OWNER)
    login(browser, stranger, other)
    invite(browser)
    ((invitation_id,),) = look("select id from invitations")
    theirs = membership_of(look, stranger, other)
    assert desk.post(f"/desk/members/{theirs}/role", data={"role": "teacher"}).status_code == 404
    assert desk.post(f"/desk/members/{theirs}/deactivate").status_code == 404
    desk.post(f"/desk/invitations/{invitation_id}/revoke")
    assert look("select count(*) from invitations") == [(1,)]
    assert stranger.display_name not in desk.get("/desk/members").get_data(as_text=True)
    assert desk.post(f"/desks/{theirs}").status_code == 404
    assert desk.post("/desks/999999999").status_code == 404


@pytest.mark.parametrize("path", ["/desk", "/desk/members", "/desk/invitations", "/desk/organisation"])
def test_desk_pages_are_for_members_only(browsers, make, login, path):
    visitor = browsers()
    assert visitor.get(path).location == f"/sign-in?next={path}"
    login(visitor, make.user())
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("kind", list(TenantKind))
@pytest.mark.parametrize("state", [TenantState.VERIFIED, TenantState.RETURNED])
def test_every_kind_has_a_desk(client, make, login, kind, state):
    tenant = make.tenant(kind, state=state)
    login(client, make.member(tenant), tenant)
    for path in ("/desk", "/desk/members", "/desk/invitations"):
        page = client.get(path)
        assert page.status_code == 200
        assert tenant.name in page.get_data(as_text=True)


def test_moving_between_desks_and_back_to_oneself(client, make):
    user, first, second = (
        make.user(login="lao-li"),
        make.institution(name="甲校示例"),
        make.bureau(name="乙局示例"),
    )
    make.member(first, user=user)
    make.member(second, user=user)
    client.post("/sign-in", data={"login": "lao-li", "password": PASSWORD})
    ids = dict(
        make.session.execute(
            Membership.__table__.select().with_only_columns(Membership.tenant_id, Membership.id)
        ).all()
    )
    client.post(f"/desks/{ids[first.id]}")
    assert "甲校示例" in client.get("/desk").get_data(as_text=True)
    assert client.post(f"/desks/{ids[second.id]}", data={"next": "/desk/organisations"}).location.endswith(
        "/desk/organisations"
    )
    assert "乙局示例" in client.get("/desk").get_data(as_text=True)
    assert client.post("/desks/leave").location.endswith("/me")
    assert client.get("/desk").status_code == 404
