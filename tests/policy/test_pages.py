"""The public record, and the bureau's designations, through HTTP."""

from __future__ import annotations

from datetime import timedelta

from app.clock import today
from tests.factories.policy import WELDER


def test_the_public_record_quotes_every_rule(client):
    page = client.get("/public").get_data(as_text=True)
    for amount in ("2200", "2500", "4000", "6000", "1000", "1500", "2000", "10%"):
        assert amount in page
    assert "示例，非官方目录" in page


def test_the_public_list_is_labelled_a_sample_and_holds_79_trades(client):
    page = client.get("/public/shortage-lists").get_data(as_text=True)
    assert "示例，非官方目录" in page
    assert page.count("<tr>") == 80


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
