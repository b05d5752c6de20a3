"""The eligibility check, the public record, and the bureau's lists and designations, through HTTP."""

from __future__ import annotations

import io
from datetime import timedelta

import sqlalchemy as sa

from app.clock import today
from tests.factories.policy import UNLISTED, WELDER


def answers(**given: str) -> dict[str, str]:
    return {
        "situations": "registered_unemployed",
        "age_band": "16_49",
        "residence": "hukou",
        "same_trade_level_before": "no",
        "used_this_year": "0",
        **given,
    }


def test_a_visitor_answers_without_an_account_and_sees_both_caps(client):
    response = client.post("/eligibility", data=answers(), follow_redirects=True)
    page = response.get_data(as_text=True)
    assert "2500" in page
    assert "2200" in page
    assert "免费" in page
    assert "situations" not in response.request.query_string.decode()


def test_what_was_not_asked_is_a_condition_and_never_a_plain_yes(client):
    given = answers()
    del given["same_trade_level_before"], given["used_this_year"]
    page = client.post("/eligibility", data=given, follow_redirects=True).get_data(as_text=True)
    assert "可以，前提是…" in page


def test_answers_stay_in_the_encrypted_session_until_they_are_cleared(client):
    response = client.post("/eligibility", data=answers())
    assert "registered_unemployed" not in response.headers.get("Set-Cookie", "")
    with client.session_transaction() as session:
        assert session["answers"]["situations"] == "registered_unemployed"
    client.post("/eligibility/clear")
    with client.session_transaction() as session:
        assert "answers" not in session


def test_rubbish_answers_are_dropped_and_never_an_error(client):
    rubbish = {"situations": "x" * 10_000, "age_band": "\x00", "residence": "' or 1=1 --", "course": "9" * 400}
    assert client.post("/eligibility", data=rubbish, follow_redirects=True).status_code == 200


def test_groups_that_come_by_referral_are_never_asked(client):
    page = client.get("/eligibility").get_data(as_text=True)
    for word in ("社区服刑", "安置帮教", "戒毒"):
        assert word not in page


def test_the_public_record_quotes_every_rule(client):
    page = client.get("/public").get_data(as_text=True)
    for amount in ("2200", "2500", "4000", "6000", "1000", "1500", "2000", "10%"):
        assert amount in page
    assert "示例，非官方目录" in page


def test_the_public_list_is_labelled_a_sample_and_holds_79_trades(client):
    page = client.get("/public/shortage-lists").get_data(as_text=True)
    assert "示例，非官方目录" in page
    assert page.count("<tr>") == 80


def sheet(*rows: tuple[str, str]) -> io.BytesIO:
    return io.BytesIO("\n".join(["编码,名称", *(",".join(row) for row in rows)]).encode("gbk"))


def upload(client, content, *, days=30):
    return client.post(
        "/desk/shortage-lists/new",
        data={
            "name": "测试目录",
            "document_no": "示例〔2027〕1号",
            "valid_from": (today() + timedelta(days=days)).isoformat(),
            "file": (content, "list.csv"),
        },
        content_type="multipart/form-data",
    )


def city_desk(make, login, client):
    bureau = make.bureau("130100")
    login(client, make.member(bureau), bureau)
    return bureau


def test_the_city_bureau_imports_compares_and_discards_a_list(client, make, login, look):
    city_desk(make, login, client)
    response = upload(client, sheet((WELDER, "焊工"), (UNLISTED, "涂装工")))
    assert response.status_code == 303
    page = client.get(response.location).get_data(as_text=True)
    assert "涂装工" in page
    assert "移出" in page
    assert client.post(f"{response.location}/discard").status_code == 303
    assert look("select count(*) from shortage_lists")[0][0] == 1


def test_a_list_with_bad_rows_is_refused_row_by_row_and_keeps_what_was_typed(client, make, login, look):
    city_desk(make, login, client)
    response = upload(client, sheet((WELDER, "焊工"), ("9-99", "无"), (WELDER, "焊工")))
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    for kept in ("第 3 行", "第 4 行", "测试目录"):
        assert kept in page
    assert look("select count(*) from shortage_lists")[0][0] == 1


def test_a_published_list_ends_the_one_before_it_on_its_first_day(client, make, login, look):
    city_desk(make, login, client)
    location = upload(client, sheet((UNLISTED, "涂装工"))).location
    try:
        assert client.post(f"{location}/publish").status_code == 303
        first, second = look("select valid_to, is_published from shortage_lists order by valid_from")
        assert first.valid_to == today() + timedelta(days=30)
        assert second.is_published
        assert look("select count(*) from procrastinate_jobs where task_name = 'catalog.reindex'")[0][0] == 1
        too_early = upload(client, sheet((WELDER, "焊工")), days=5).location
        client.post(f"{too_early}/publish")
        assert look("select count(*) from shortage_lists where is_published")[0][0] == 2
    finally:
        make.session.execute(sa.text("delete from shortage_lists where not is_sample"))
        make.session.execute(sa.text("update shortage_lists set valid_to = null"))
        make.session.commit()


def test_a_county_bureau_sees_lists_and_cannot_publish_one(client, make, login):
    bureau = make.bureau("130108")
    login(client, make.member(bureau), bureau)
    assert client.get("/desk/shortage-lists").status_code == 200
    assert client.get("/desk/shortage-lists/new").status_code == 404


def designate(client, tenant, **changes):
    data = {
        "tenant_id": str(tenant.id),
        "trade_code": WELDER,
        "levels": ["5", "4"],
        "document_no": "示例〔2026〕2号",
        "valid_from": today().isoformat(),
        "valid_to": (today() + timedelta(days=365)).isoformat(),
        **changes,
    }
    return client.post("/desk/designations/new", data=data)


def test_a_bureau_designates_suspends_and_removes_and_the_public_register_follows(client, make, login, look):
    bureau, school = make.bureau("130108"), make.institution(name="示例甲校")
    login(client, make.member(bureau), bureau)
    assert designate(client, school).status_code == 303
    assert "示例甲校" in client.get("/public/designations").get_data(as_text=True)
    row_id = look("select id from designations")[0][0]
    change = {"state": "suspended", "reason_codes": ["quality_low"]}
    assert client.post(f"/desk/designations/{row_id}", data=change).status_code == 303
    assert "示例甲校" not in client.get("/public/designations").get_data(as_text=True)
    assert look("select count(*) from audit_entries where tag like 'designation.%'")[0][0] == 2


def test_two_designations_of_one_trade_never_overlap(client, make, login):
    bureau, school = make.bureau("130108"), make.institution()
    login(client, make.member(bureau), bureau)
    designate(client, school)
    response = designate(client, school)
    assert response.status_code == 422
    assert "有效期重叠" in response.get_data(as_text=True)


def test_a_bureau_designates_nobody_outside_its_regions(client, make, login, look):
    bureau, elsewhere = make.bureau("130108"), make.institution(region="130102")
    login(client, make.member(bureau), bureau)
    assert designate(client, elsewhere).status_code == 422
    assert look("select count(*) from designations")[0][0] == 0
