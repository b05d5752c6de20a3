"""Organisations: registering, and the county bureau's word."""

from __future__ import annotations

import pytest

from app import scope
from app.errors import DomainError
from app.tenants import organisations
from app.tenants.models import Role, TenantState
from tests.tenants.conftest import organisation_form


@pytest.fixture
def owner(client, make, login):
    user = make.user("示例负责人", login="owner")
    login(client, user)
    return user


@pytest.fixture
def officer(browsers, make, login):
    """The browser of an officer of 裕华区's bureau."""
    browser, bureau = browsers(), make.bureau("130108", name="裕华区示例人社局")
    login(browser, make.member(bureau, Role.MANAGER), bureau)
    return browser


def tenant_of(look):
    ((tenant_id,),) = look("select id from tenants where kind in ('institution', 'enterprise')")
    return tenant_id


def test_registering_makes_an_unverified_organisation_with_its_owner_at_the_desk(client, make, owner, look):
    response = client.post("/organisations/register", data=organisation_form(make.region()))
    assert response.location.endswith("/desk")
    assert look("select state, is_verified from tenants") == [("unverified", False)]
    assert look("select role, user_id from memberships") == [("owner", owner.id)]
    assert look("select count(*) from audit_entries where tag = 'tenant.registered'") == [(1,)]
    assert "0311" not in str(look("select * from tenant_contacts"))
    page = client.get("/desk").get_data(as_text=True)
    assert "正在等核验" in page
    assert "还没有通过核验" in page


def test_the_bureau_accepts_and_the_owner_is_told(client, officer, make, owner, look, run_jobs):
    client.post("/organisations/register", data=organisation_form(make.region()))
    tenant_id = tenant_of(look)
    assert "示例职业培训学校" in officer.get("/desk/organisations").get_data(as_text=True)
    assert "核验新注册的单位" in officer.get("/desk").get_data(as_text=True)
    detail = officer.get(f"/desk/organisations/{tenant_id}").get_data(as_text=True)
    assert "0311-86012345" in detail
    assert officer.post(f"/desk/organisations/{tenant_id}/accept").status_code == 303
    assert look("select state, is_verified from tenants where id = :id", id=tenant_id) == [("verified", True)]
    run_jobs()
    assert look("select user_id, kind from notices") == [(owner.id, "tenant_accepted")]
    assert "还没有通过核验" not in client.get("/desk").get_data(as_text=True)
    assert client.post("/desk/organisation", data=organisation_form(make.region())).status_code == 422


def test_returned_with_reasons_corrected_and_accepted(client, officer, make, owner, look, run_jobs):
    client.post("/organisations/register", data=organisation_form(make.region()))
    tenant_id = tenant_of(look)
    data = {"reasons": ["name_mismatch", "other"], "note": "名称请照办学许可证填写。"}
    assert officer.post(f"/desk/organisations/{tenant_id}/return", data=data).status_code == 303
    assert look("select state, reason_codes from tenants where id = :id", id=tenant_id) == [
        ("returned", ["name_mismatch", "other"])
    ]
    desk = client.get("/desk").get_data(as_text=True)
    assert "单位名称与登记证照不一致" in desk
    assert "名称请照办学许可证填写。" in desk
    form = client.get("/desk/organisation").get_data(as_text=True)
    assert "示例职业培训学校" in form

    changed = organisation_form(make.region(), name="更正后的示例学校")
    assert client.post("/desk/organisation", data=changed).status_code == 303
    assert look("select state, name, reason_codes from tenants where id = :id", id=tenant_id) == [
        ("unverified", "更正后的示例学校", [])
    ]
    assert look("select tenant_name from memberships where tenant_id = :id", id=tenant_id) == [
        ("更正后的示例学校",)
    ]
    history = officer.get(f"/desk/organisations/{tenant_id}").get_data(as_text=True)
    assert "修改后重新提交" in history
    assert officer.post(f"/desk/organisations/{tenant_id}/accept").status_code == 303
    run_jobs()
    assert look("select kind from notices order by id") == [("tenant_returned",), ("tenant_accepted",)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "请至少选择一项"),
        ({"reasons": ["nonsense"]}, "请从给出的选项中选择"),
        ({"reasons": ["other"], "note": ""}, "请写明说明"),
        ({"reasons": ["other"], "note": "字" * 501}, "最多 500 个字"),
    ],
)
def test_returning_needs_a_known_reason(client, officer, make, owner, look, data, words):
    client.post("/organisations/register", data=organisation_form(make.region()))
    response = officer.post(f"/desk/organisations/{tenant_of(look)}/return", data=data)
    assert response.status_code == 422
    assert words in response.get_data(as_text=True)
    assert look("select state from tenants where kind = 'institution'") == [("unverified",)]


def test_nobody_decides_twice(officer, make):
    tenant = make.institution(state=TenantState.UNVERIFIED)
    assert officer.post(f"/desk/organisations/{tenant.id}/accept").status_code == 303
    assert officer.post(f"/desk/organisations/{tenant.id}/accept").status_code == 409
    assert (
        officer.post(f"/desk/organisations/{tenant.id}/return", data={"reasons": ["region_wrong"]}).status_code
        == 422
    )


def test_the_city_looks_on_where_the_county_has_a_bureau_and_decides_where_it_has_none(
    browsers, make, login, look
):
    city = make.bureau("130100", name="示例市人社局")
    browser = browsers()
    login(browser, make.member(city, Role.MANAGER), city)
    make.bureau("130108", name="裕华区示例人社局")
    with_bureau = make.institution(state=TenantState.UNVERIFIED)
    without = make.institution(region="130102", state=TenantState.UNVERIFIED)
    assert "裕华区示例人社局" in browser.get(f"/desk/organisations/{with_bureau.id}").get_data(as_text=True)
    assert browser.post(f"/desk/organisations/{with_bureau.id}/accept").status_code == 409
    assert browser.post(f"/desk/organisations/{without.id}/accept").status_code == 303


def test_a_bureau_elsewhere_finds_nothing_even_once_it_is_public(browsers, make, login):
    elsewhere, browser = make.bureau("130102"), browsers()
    login(browser, make.member(elsewhere, Role.MANAGER), elsewhere)
    for state in (TenantState.UNVERIFIED, TenantState.VERIFIED):
        tenant = make.institution(state=state)
        assert browser.get(f"/desk/organisations/{tenant.id}").status_code == 404
        assert browser.post(f"/desk/organisations/{tenant.id}/accept").status_code == 404
        assert browser.post(f"/desk/organisations/{tenant.id}/return").status_code == 404
        assert tenant.name not in browser.get("/desk/organisations?state=verified").get_data(as_text=True)
    assert browser.get("/desk/organisations/999999999").status_code == 404


def test_reviews_are_for_bureau_managers_only(client, browsers, make, login):
    tenant = make.institution()
    login(client, make.member(tenant), tenant)
    assert client.get("/desk/organisations").status_code == 404
    assert client.post(f"/desk/organisations/{tenant.id}/accept").status_code == 404
    bureau, browser = make.bureau(), browsers()
    login(browser, make.member(bureau, Role.AUDITOR), bureau)
    assert browser.get("/desk/organisations").status_code == 404
    assert browsers().get("/desk/organisations").location.startswith("/sign-in")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "bureau"}, "请从给出的选项中选择"),
        ({"kind": ""}, "请选择一项"),
        ({"name": "短"}, "至少 4 个字"),
        ({"name": "字" * 10_000}, "最多 100 个字"),
        ({"name": "\x00\x00\x00\x00\x00"}, "请填写"),
        ({"uscc": "123"}, "应为18位"),
        ({"uscc": "52130108MJ0000000O"}, "不用I、O、S、V、Z"),
        ({"region_id": ""}, "请选择一项"),
        ({"region_id": "999999"}, "请从给出的选项中选择"),
        ({"region_id": "一"}, "请选择一项"),
        ({"contact_phone": "123"}, "请填写11位手机号"),
        ({"contact_name": "😀" * 41}, "最多 40 个字"),
    ],
)
def test_a_refused_registration_says_why_and_keeps_what_was_typed(client, make, owner, look, changes, words):
    response = client.post("/organisations/register", data=organisation_form(make.region(), **changes))
    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert words in page
    if "contact_name" not in changes:
        assert 'value="示例联系人"' in page
    assert look("select 1 from tenants") == []


def test_the_city_itself_is_no_place_for_an_organisation(client, make, owner):
    data = organisation_form(make.region(), region_id=str(make.region("130100").id))
    assert client.post("/organisations/register", data=data).status_code == 422


def test_a_credit_code_registers_once_though_the_other_is_hidden(client, make, owner, look):
    hidden = make.institution(state=TenantState.UNVERIFIED)
    response = client.post(
        "/organisations/register", data=organisation_form(make.region(), uscc=hidden.uscc.lower())
    )
    assert response.status_code == 422
    assert "已经注册过" in response.get_data(as_text=True)
    assert look("select count(*) from tenants") == [(1,)]


def test_correcting_to_a_taken_credit_code_is_refused(client, make, owner, look):
    hidden = make.institution(state=TenantState.UNVERIFIED)
    client.post("/organisations/register", data=organisation_form(make.region()))
    response = client.post("/desk/organisation", data=organisation_form(make.region(), uscc=hidden.uscc))
    assert response.status_code == 422
    assert "已经注册过" in response.get_data(as_text=True)


def test_visitors_sign_in_before_registering_and_may_read_the_landing_page(client):
    assert client.get("/organisations").status_code == 200
    assert client.get("/organisations/register").location.startswith("/sign-in?next=/organisations/register")


def test_only_runners_of_the_organisation_change_what_is_registered(client, make, login):
    tenant = make.institution(state=TenantState.RETURNED)
    login(client, make.member(tenant, Role.TEACHER), tenant)
    assert client.get("/desk/organisation").status_code == 404


def test_an_unverified_organisation_is_refused_by_require_verified(app, make):
    waiting, accepted = make.institution(state=TenantState.UNVERIFIED), make.institution()
    for tenant, passes in ((waiting, False), (accepted, True)):
        with app.app_context(), scope.opened(scope.Scope(tenant_id=tenant.id, tenant_kind="institution")):
            if passes:
                assert organisations.require_verified(tenant.id).id == tenant.id
            else:
                with pytest.raises(DomainError) as caught:
                    organisations.require_verified(tenant.id)
                assert caught.value.code == "organisation_unverified"


def test_the_doors_of_the_landing_page_choose_the_kind(client, owner):
    page = client.get("/organisations/register?kind=enterprise").get_data(as_text=True)
    assert 'checked id="kind-1"' in page
    assert client.get("/organisations/register?kind=%00").status_code == 200


def test_everything_wrong_with_a_registration_is_said_at_once(client, make, login):
    login(client, make.user())
    response = client.post(
        "/organisations/register",
        data={"kind": "institution", "name": "", "uscc": "123", "contact_name": "示例", "contact_phone": "1"},
    )
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    for field in ("name", "uscc", "region_id", "contact_phone"):
        assert f'id="{field}-error"' in page
