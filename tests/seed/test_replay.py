"""The demo city's decisions are made again: today, under new versions of the law, and not if someone tampered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.policy.models import ShortageList
from tests.factories import Make
from tests.seed.conftest import TODAY, City, NewDatabase, flask
from tests.support.database import Database

Copy = Callable[[], tuple[Database, sa.Engine]]


@pytest.fixture
def copy(city: City, new_database: NewDatabase) -> Iterator[Copy]:
    """A copy of the demo city that a test may change."""
    engines: list[sa.Engine] = []

    def copy() -> tuple[Database, sa.Engine]:
        city.engine.dispose()
        database = new_database(city.database.name)
        engines.append(sa.create_engine(database.super_url))
        return database, engines[-1]

    yield copy
    for engine in engines:
        engine.dispose()


def test_every_decision_of_the_city_is_made_again_with_the_same_answer(city: City, tmp_path: Path) -> None:
    done = flask(city.database, tmp_path, "policy", "replay")
    assert done.returncode == 0, done.stdout[-2000:]
    count = city.count("select count(*) from eligibility_decisions")
    assert (
        done.stdout.splitlines()[-1]
        == f"{count} decisions, 0 different, 0 from before courses were kept with them."
    )


def test_new_versions_of_the_list_and_of_amounts_leave_the_past_as_it_was(copy: Copy, tmp_path: Path) -> None:
    database, engine = copy()
    begins = TODAY + timedelta(days=1)
    with Session(engine, expire_on_commit=False) as session:
        make = Make(session)
        author, approver = (make.user(login=f"versions-{name}") for name in ("author", "approver"))
        for code, fen in (("R1_EMP_STD", 100_000), ("R2_EMP_SHORT", 120_000), ("R7_UP_L3", 300_000)):
            make.amount(code, fen, author=author, approver=approver, valid_from=begins)
        old = session.scalars(sa.select(ShortageList).where(ShortageList.is_published)).one()
        old.valid_to = begins
        session.flush()
        make.add(
            ShortageList(
                region_id=old.region_id,
                name="新目录（示例）",
                document_no="示例〔2026〕9号",
                valid_from=begins,
                authored_by=author.id,
                approved_by=approver.id,
                is_published=True,
            )
        )
    done = flask(database, tmp_path, "policy", "replay")
    assert done.returncode == 0, done.stdout[-2000:]
    assert ", 0 different, 0 from before" in done.stdout


def test_a_rule_someone_tampered_with_is_found_out_and_the_decisions_are_named(copy: Copy, tmp_path: Path) -> None:
    database, engine = copy()
    paid = (
        "select id from eligibility_decisions where rule_code = 'R2_EMP_SHORT' and subsidy_fen > 100000 "
        "and judged_on >= '2026-11-01' order by id"
    )
    with engine.begin() as connection:
        ids = connection.scalars(sa.text(paid)).all()
        connection.execute(
            sa.text(
                "update subsidy_rules set data = data || '{\"amount_fen\": 100000}' where code = 'R2_EMP_SHORT'"
            )
        )
    done = flask(database, tmp_path, "policy", "replay", "--since", "2026-11-01")
    assert done.returncode == 1
    named = [int(number) for number in re.findall(r"^decision (\d+) of", done.stdout, re.MULTILINE)]
    assert ids
    assert named == list(ids)
    assert f"{len(ids)} different" in done.stdout


def test_a_list_someone_tampered_with_is_found_out(copy: Copy, tmp_path: Path) -> None:
    database, engine = copy()
    first = (
        "select t.code, min(d.id) from eligibility_decisions d join enrollments e on e.id = d.enrollment_id join "
        "course_revisions v on v.course_id = e.course_id and v.is_live join trades t on t.id = v.trade_id "
        "where d.rule_code = 'R2_EMP_SHORT' group by t.code order by 2 limit 1"
    )
    with engine.begin() as connection:
        code, decision_id = connection.execute(sa.text(first)).one()
        connection.execute(
            sa.text(
                "delete from shortage_list_entries where trade_id in (select id from trades where code = :code)"
            ),
            {"code": code},
        )
    done = flask(database, tmp_path, "policy", "replay", "--decision", str(decision_id))
    assert done.returncode == 1
    assert f"decision {decision_id} of" in done.stdout
    assert "the list of that day has changed" in done.stdout
