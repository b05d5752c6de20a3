"""What people say for trades: loaded once, kept by the city's bureau, acting on the next search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import scope
from app.catalog import reference
from app.catalog.search.words import bundled_synonyms
from app.catalog.services import browsing, synonyms
from app.clock import today
from app.db import db
from app.errors import DomainError
from app.tenants.models import Role, TenantKind
from tests.catalog.desk import Desk, desk_of
from tests.factories import Make
from tests.support.database import Database

Look = Callable[..., list[sa.Row[Any]]]


@pytest.fixture
def city(app: Flask, make: Make, login: Callable[..., None]) -> Desk:
    """A manager of the city's bureau."""
    return desk_of(app, make, login, make.tenant(TenantKind.BUREAU, region="130100"), Role.MANAGER)


def add(desk: Desk, said: str, meant: str) -> Any:
    return desk.client.post("/desk/synonyms", data={"said": said, "meant": meant})


def named(app: Flask, text: str) -> list[str]:
    with app.app_context(), scope.opened(scope.VISITOR):
        return [part.value for part in browsing.understand(text, on=today()).named]


def load(database: Database) -> None:
    engine = sa.create_engine(database.owner_url)
    with Session(engine) as session, session.begin():
        reference.load(session)
    engine.dispose()


def test_init_loads_the_bundled_file_and_a_second_run_changes_nothing(
    app: Flask, database: Database, look: Look
) -> None:
    before = look("select id, said, meant from synonyms order by id")
    assert {(row.said, row.meant) for row in before} == set(bundled_synonyms())
    generation = look("select generation from course_index")
    load(database)
    assert look("select id, said, meant from synonyms order by id") == before
    assert look("select generation from course_index") == generation


def test_what_the_bureau_ended_does_not_come_back_with_the_next_init(
    city: Desk, database: Database, look: Look
) -> None:
    (entry,) = look("select id from synonyms where said = '月嫂' and meant = '母婴护理员'")
    assert city.client.post(f"/desk/synonyms/{entry.id}/end").status_code == 303
    load(database)
    rows = look("select is_active, ended_by, ended_at from synonyms where said = '月嫂' and meant = '母婴护理员'")
    assert [(row.is_active, row.ended_by) for row in rows] == [(False, city.user.id)]
    assert rows[0].ended_at is not None


def test_an_entry_added_acts_on_the_next_search_and_an_ended_one_no_more(
    app: Flask, city: Desk, look: Look
) -> None:
    assert named(app, "捏脚") == []
    assert add(city, "捏腳", "反射疗法师").status_code == 303
    assert named(app, "捏脚") == ["反射疗法师"]
    (entry,) = look("select id, created_by from synonyms where said = '捏脚'")
    assert entry.created_by == city.user.id
    city.client.post(f"/desk/synonyms/{entry.id}/end")
    assert named(app, "捏脚") == []


def test_every_change_begins_a_generation_and_leaves_its_entry_in_the_audit(city: Desk, look: Look) -> None:
    seen = {row.generation for row in look("select generation from course_index")}
    add(city, "捏脚", "反射疗法师")
    seen |= {row.generation for row in look("select generation from course_index")}
    (entry,) = look("select id from synonyms where said = '捏脚'")
    city.client.post(f"/desk/synonyms/{entry.id}/end")
    seen |= {row.generation for row in look("select generation from course_index")}
    assert len(seen) >= 2
    entries = look("select tag, actor_id, data from audit_entries where subject_kind = 'synonym' order by id")
    assert [(row.tag, row.actor_id) for row in entries] == [
        ("synonym.added", city.user.id),
        ("synonym.ended", city.user.id),
    ]
    assert entries[0].data == {"said": "捏脚", "meant": "反射疗法师"}


@pytest.mark.parametrize(
    ("said", "meant", "shown"),
    [
        ("", "焊工", "必填"),
        ("焊", "焊工", "至少写两个字"),
        ("！？", "焊工", "至少写两个字"),
        ("周末", "焊工", "已有别的意思"),
        ("裕华", "焊工", "已有别的意思"),
        ("我想学", "焊工", "已有别的意思"),
        ("电工", "焊工", "不用再加"),
        ("捏脚", "捏脚大师", "没有叫"),
        ("捏脚", "", "必填"),
        ("月嫂", "母婴护理员", "已经有了"),
    ],
)
def test_what_cannot_be_added_is_said_beside_its_field(
    city: Desk, look: Look, said: str, meant: str, shown: str
) -> None:
    before = look("select count(*) from synonyms")
    response = add(city, said, meant)
    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert shown in page or "请填" in page
    assert f'value="{said}"' in page
    assert look("select count(*) from synonyms") == before


def test_ending_twice_is_said_and_an_unknown_entry_is_not_found(city: Desk, look: Look) -> None:
    (entry,) = look("select id from synonyms where said = '拉面' and meant = '拉面师'")
    city.client.post(f"/desk/synonyms/{entry.id}/end")
    response = city.client.post(f"/desk/synonyms/{entry.id}/end", follow_redirects=True)
    assert "已经停用" in response.get_data(as_text=True)
    assert city.client.post("/desk/synonyms/9223372036854775807/end").status_code == 404


def test_the_list_is_searched_by_what_is_said_and_by_what_is_meant(city: Desk) -> None:
    for text, shown in (("月嫂", "母婴护理员"), ("母婴护理", "坐月子"), ("\uff21\uff29", "人工智能训练师")):
        page = city.client.get("/desk/synonyms", query_string={"q": text}).get_data(as_text=True)
        assert shown in page
    assert "没有这样的说法" in city.client.get("/desk/synonyms?q=%25_").get_data(as_text=True)


def test_the_whole_list_can_be_turned_through(city: Desk) -> None:
    rows = len(bundled_synonyms())
    last = -(-rows // synonyms.PAGE_SIZE)
    assert f"共 {last} 页" in city.client.get("/desk/synonyms").get_data(as_text=True)
    for page in (last, last + 5, 10**9):
        assert city.client.get(f"/desk/synonyms?page={page}").status_code == 200


def test_who_added_and_who_ended_stays_to_be_seen(city: Desk, look: Look) -> None:
    add(city, "捏脚", "反射疗法师")
    (entry,) = look("select id from synonyms where said = '捏脚'")
    name = look("select display_name from memberships where user_id = :id", id=city.user.id)[0].display_name
    assert name in city.client.get("/desk/synonyms?q=捏脚").get_data(as_text=True)
    city.client.post(f"/desk/synonyms/{entry.id}/end")
    page = city.client.get("/desk/synonyms?ended=1").get_data(as_text=True)
    assert "捏脚" in page
    assert "谁停用的" in page


def test_a_county_reads_the_list_and_cannot_change_it(
    app: Flask, make: Make, login: Callable[..., None], look: Look
) -> None:
    county = desk_of(app, make, login, make.tenant(TenantKind.BUREAU, region="130108"), Role.MANAGER)
    page = county.client.get("/desk/synonyms").get_data(as_text=True)
    assert "开挖机" in county.client.get("/desk/synonyms?q=开挖机").get_data(as_text=True)
    assert "加一种说法" not in page
    assert add(county, "捏脚", "反射疗法师").status_code == 404
    (entry,) = look("select id from synonyms where said = '推拿'")
    assert county.client.post(f"/desk/synonyms/{entry.id}/end").status_code == 404


def test_an_auditor_finds_no_page(app: Flask, make: Make, login: Callable[..., None]) -> None:
    auditor = desk_of(app, make, login, make.tenant(TenantKind.BUREAU, region="130100"), Role.AUDITOR)
    assert auditor.client.get("/desk/synonyms").status_code == 404


def test_the_database_itself_keeps_one_entry_in_use(app: Flask, city: Desk, make: Make) -> None:
    open_scope = scope.Scope(
        actor_id=city.user.id,
        tenant_id=city.tenant.id,
        tenant_kind="bureau",
        role="manager",
        region_ids=(make.region("130100").id,),
    )
    with app.app_context(), scope.opened(open_scope):
        region_id = synonyms.city_id()
        synonyms.add_synonym(region_id=region_id, said="捏脚", meant="反射疗法师")
        with pytest.raises(DomainError) as caught:
            synonyms.add_synonym(region_id=region_id, said="捏腳 ", meant="反射疗法师")
        assert caught.value.code == "synonym_exists"
        db.session.rollback()
