"""The bureau's audit page: its regions and its own desk, and nothing that names a person outside it."""

from __future__ import annotations

import pytest

from app.audit import AuditEntry
from app.tenants.models import Role


@pytest.fixture
def entry(make):
    def entry(tag, *, region="130108", tenant=None, actor=None, subject=("course", 7), data=None):
        return make.add(
            AuditEntry(
                actor_id=actor.id if actor else None,
                tenant_id=tenant.id if tenant else None,
                region_id=make.region(region).id if region else None,
                tag=tag,
                subject_kind=subject[0],
                subject_id=subject[1],
                data=data or {},
            )
        )

    return entry


@pytest.fixture
def officer(client, make, login):
    """An auditor at the desk of 裕华区's bureau."""
    bureau = make.bureau("130108")
    user = make.member(bureau, Role.AUDITOR, user=make.user("示例审计员"))
    login(client, user, bureau)
    return user


def rows_of(client, query=""):
    response = client.get(f"/desk/audit-entries{query}")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_a_county_bureau_reads_its_own_regions_newest_first(client, officer, entry):
    entry("course.drafted")
    entry("course.submitted")
    entry("course.archived", region="130102")
    page = rows_of(client)
    assert page.index("course.submitted") < page.index("course.drafted")
    assert "course.archived" not in page
    assert "裕华区" in page
    assert "长安区" not in page


def test_the_city_bureau_reads_every_region(client, make, login, entry):
    city = make.bureau("130100")
    login(client, make.member(city), city)
    entry("course.drafted")
    entry("course.archived", region="130102")
    page = rows_of(client)
    assert "course.drafted" in page
    assert "course.archived" in page


def test_what_an_officer_did_elsewhere_is_not_the_bureaus(client, officer, entry):
    entry("password.changed", region=None, actor=officer, subject=("user", officer.id))
    assert "password.changed" not in rows_of(client)


def test_a_colleague_has_a_name_and_a_learner_only_a_number(client, officer, make, entry):
    learner = make.learner(name="示例学员甲")
    entry("tenant.accepted", actor=officer)
    entry("enrollment.withdrawn", actor=learner, subject=("enrollment", 3), data={"run_id": 41})
    page = rows_of(client)
    assert "示例审计员" in page
    assert f"用户 {learner.id}" in page
    assert learner.display_name not in page
    assert "示例学员甲" not in page
    assert "run_id=41" in page


def test_entries_are_found_by_the_beginning_of_their_tag_and_by_what_they_are_about(client, officer, entry):
    entry("course.drafted", subject=("course", 7))
    entry("course.submitted", subject=("course", 8))
    entry("run.opened", subject=("run", 7))
    page = rows_of(client, "?tag=course.")
    assert "course.drafted" in page
    assert "run.opened" not in page
    page = rows_of(client, "?kind=course&subject=8")
    assert "course.submitted" in page
    assert "course.drafted" not in page
    for nothing in ("?tag=c_urse", "?tag=%25", "?tag=课程", "?subject=x", "?subject=99999999999999999999"):
        assert "没有这样的记录" in rows_of(client, nothing)


def test_pages_go_back_through_the_whole_trail_once(client, officer, entry, monkeypatch):
    from app.tenants.views import audit

    monkeypatch.setattr(audit, "PER_PAGE", 2)
    made = [entry("course.drafted", subject=("course", 100 + n)) for n in range(5)]
    entry("run.opened")
    seen = []
    url = "/desk/audit-entries?tag=course."
    for _page in range(3):
        page = client.get(url).get_data(as_text=True)
        seen += [each.subject_id for each in reversed(made) if f"课程 {each.subject_id}" in page]
        if "更早的" in page:
            url = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert seen == [104, 103, 102, 101, 100]
    assert "更早的" not in page
    assert "最新的" in page


def test_only_a_bureau_has_an_audit_page(client, make, login, officer):
    assert "/desk/audit-entries" in client.get("/desk").get_data(as_text=True)
    institution = make.institution()
    login(client, make.member(institution), institution)
    assert client.get("/desk/audit-entries").status_code == 404


def test_a_role_without_the_permission_finds_no_page(client, make, login):
    bureau = make.bureau("130108")
    login(client, make.member(bureau, Role.FINANCE), bureau)
    assert client.get("/desk/audit-entries").status_code == 404
    assert "/desk/audit-entries" not in client.get("/desk").get_data(as_text=True)
