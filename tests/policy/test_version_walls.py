"""What the database itself refuses: raw SQL as the app's role, in the scope of the city's bureau; and races."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app import scope as scopes
from app.clock import today
from app.db import db
from app.errors import DomainError
from app.policy import versions
from app.policy.models import SubsidyRule
from app.scope import Scope
from app.tenants.models import User

COPIED = {
    "subsidy_rules": "code, kind, name, name_en, amount_fen, clause, quote, data",
    "policy_parameters": "code, data",
    "shortage_lists": "name",
}
TABLES = pytest.mark.parametrize("table", COPIED)
PUBLISH = "update {table} set is_published = true, approved_by = :who, published_at = now() where id = :id"


@pytest.fixture
def people(make: Any) -> tuple[int, int]:
    """An author and an approver."""
    return make.user().id, make.user().id


@pytest.fixture
def city(make: Any) -> int:
    return int(make.region("130100").id)


@pytest.fixture
def run(database: Any, app: Any, city: int) -> Iterator[Callable[..., Any]]:
    """Run SQL as the app's role for somebody of the city's bureau, and commit."""
    engine = sa.create_engine(database.app_url)
    scopes.install(engine)

    def run(sql: str, *, by: int, **values: Any) -> Any:
        with scopes.opened(Scope(actor_id=by, region_ids=(city,))), engine.begin() as connection:
            done = connection.execute(sa.text(sql), values)
            return done.scalar() if done.returns_rows else done.rowcount

    yield run
    engine.dispose()


@pytest.fixture
def draft(run: Callable[..., Any], people: tuple[int, int]) -> Callable[..., int]:
    """A draft of each kind: what is in force said again from another day."""

    def draft(table: str, *, days: int = 30, **more: str) -> int:
        told = {
            "document_no": "'示例 1 号'",
            "valid_from": f"date '{today() + timedelta(days=days)}'",
            "is_published": "false",
            "is_repeal": "false",
            "authored_by": str(people[0]),
            "region_id": "region_id",
            **({"is_sample": "false"} if table == "shortage_lists" else {}),
            **more,
        }
        sql = (
            f"insert into {table} ({COPIED[table]}, {', '.join(told)}) "
            f"select {COPIED[table]}, {', '.join(told.values())} from {table} where authored_by is null "
            "order by id limit 1 returning id"
        )
        return int(run(sql, by=people[0]))

    return draft


def refused() -> Any:
    return pytest.raises(DBAPIError)


@TABLES
def test_a_draft_is_published_by_another_person_alone(run: Any, draft: Any, people: Any, table: str) -> None:
    version = draft(table, days=5000)
    publish = PUBLISH.format(table=table)
    run(f"update {table} set valid_to = :day where authored_by is null", by=people[1], day=today() + timedelta(40))
    with refused():
        run(publish, by=people[0], who=people[0], id=version)
    with refused():
        run(publish, by=people[0], who=people[1], id=version)
    with refused():
        run(publish, by=people[1], who=None, id=version)
    assert run(publish, by=people[1], who=people[1], id=version) == 1


@TABLES
@pytest.mark.parametrize(
    "told",
    [
        {"is_published": "true"},
        {"authored_by": "null"},
        {"authored_by": "1"},
        {"is_published": "true", "authored_by": "null"},
    ],
)
def test_a_version_begins_as_the_draft_of_whoever_writes_it(draft: Any, table: str, told: dict[str, str]) -> None:
    with refused():
        draft(table, **told)


@TABLES
def test_a_draft_is_not_changed_and_not_published_for_a_day_gone_by_or_without_a_document(
    run: Any, draft: Any, people: Any, table: str
) -> None:
    publish = PUBLISH.format(table=table)
    run(f"update {table} set valid_to = :day where authored_by is null", by=people[1], day=today() + timedelta(40))
    late = draft(table, days=60)
    for change in ("valid_from = valid_from + 1", "document_no = 'x'", f"authored_by = {people[1]}"):
        with refused():
            run(f"update {table} set {change} where id = :id", by=people[1], id=late)
    assert (
        run(f"update {table} set effects = '{{}}', effects_at = now() where id = :id", by=people[1], id=late) == 1
    )
    with refused():
        run(publish, by=people[1], who=people[1], id=draft(table, days=0))
    with refused():
        run(publish, by=people[1], who=people[1], id=draft(table, days=70, document_no="''"))


@TABLES
def test_a_published_version_is_never_changed_and_only_ended_on_a_day_to_come(
    run: Any, draft: Any, people: Any, table: str
) -> None:
    run(f"update {table} set valid_to = :day where authored_by is null", by=people[1], day=today() + timedelta(40))
    version = draft(table, days=60)
    run(PUBLISH.format(table=table), by=people[1], who=people[1], id=version)
    for change in (
        "document_no = 'x'",
        "valid_from = valid_from + 1",
        "is_published = false",
        "approved_by = null",
        "effects = '{}'",
        "region_id = region_id + 1",
    ):
        with refused():
            run(f"update {table} set {change} where id = :id", by=people[1], id=version)
    with refused():
        run(f"delete from {table} where id = :id", by=people[1], id=version)
    end = f"update {table} set valid_to = :day where id = :id"
    for day in (today(), today() - timedelta(days=1)):
        with refused():
            run(end, by=people[1], id=version, day=day)
    assert run(end, by=people[1], id=version, day=today() + timedelta(days=90)) == 1
    for day in (None, today() + timedelta(days=91)):
        with refused():
            run(end, by=people[1], id=version, day=day)


@TABLES
def test_two_versions_are_never_in_force_on_one_day(run: Any, draft: Any, people: Any, table: str) -> None:
    with pytest.raises(DBAPIError, match="in_force_once"):
        run(PUBLISH.format(table=table), by=people[1], who=people[1], id=draft(table))


@TABLES
def test_what_came_with_the_bundle_is_not_the_apps_to_change(run: Any, people: Any, table: str) -> None:
    for sql in (f"update {table} set document_no = 'x'", f"delete from {table}"):
        with refused():
            run(f"{sql} where authored_by is null", by=people[0])


def test_the_trades_of_a_list_are_its_authors_and_then_nobodys(run: Any, draft: Any, people: Any) -> None:
    version = draft("shortage_lists", days=60)
    add = (
        "insert into shortage_list_entries (list_id, region_id, trade_id, position, name, is_published) "
        "select :id, region_id, trade_id, :place, name, false from shortage_list_entries "
        "order by id offset :place limit 1"
    )
    with refused():
        run(add, by=people[1], id=version, place=1)
    assert run(add, by=people[0], id=version, place=1) == 1
    with refused():
        run("update shortage_list_entries set name = 'x' where list_id = :id", by=people[1], id=version)
    run(
        "update shortage_lists set valid_to = :day where authored_by is null",
        by=people[1],
        day=today() + timedelta(9),
    )
    run("update shortage_list_entries set is_published = true where list_id = :id", by=people[1], id=version)
    run(PUBLISH.format(table="shortage_lists"), by=people[1], who=people[1], id=version)
    with refused():
        run(add, by=people[0], id=version, place=2)
    with refused():
        run("delete from shortage_list_entries where list_id = :id", by=people[1], id=version)


def test_a_county_writes_nothing_of_the_citys(database: Any, run: Any, draft: Any, people: Any, make: Any) -> None:
    version = draft("subsidy_rules")
    engine = sa.create_engine(database.app_url)
    scopes.install(engine)
    county = Scope(actor_id=people[1], region_ids=(make.region("130108").id,))
    with scopes.opened(county), engine.begin() as connection:
        seen = connection.scalar(sa.text("select count(*) from subsidy_rules where not is_published"))
        done = connection.execute(
            sa.text(PUBLISH.format(table="subsidy_rules")), {"who": people[1], "id": version}
        )
        assert (seen, done.rowcount) == (0, 0)
    engine.dispose()


def _outcome(act: Callable[[], None]) -> str:
    try:
        act()
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        return error.code
    return "done"


@pytest.fixture
def at_once(app: Any, look: Any, people: tuple[int, int], city: int) -> Callable[..., str]:
    """Begin something with one draft, begin another with one while the first is not committed: how that ends."""
    acts: dict[str, Callable[[SubsidyRule], None]] = {
        "approve": lambda found: versions.approve(found, actor_id=people[1]),
        "discard": versions.discard,
    }

    @contextmanager
    def acting() -> Iterator[None]:
        with app.app_context(), scopes.opened(Scope(actor_id=people[1], region_ids=(city,))):
            yield
            db.session.remove()

    def at_once(first: tuple[str, int], second: tuple[str, int]) -> str:
        outcomes: list[str] = []

        def late() -> None:
            with acting():
                found = db.session.get_one(SubsidyRule, second[1])
                outcomes.append(_outcome(lambda: acts[second[0]](found)))

        with acting():
            acts[first[0]](db.session.get_one(SubsidyRule, first[1]))
            other = threading.Thread(target=late)
            other.start()
            waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            for _try in range(1000):
                if look(waits)[0][0]:
                    break
                time.sleep(0.01)
            else:
                pytest.fail("the second did not wait for the first")
            db.session.commit()
            other.join()
        return outcomes[0]

    return at_once


def _published(look: Any) -> int:
    return int(look("select count(*) from subsidy_rules where is_published and authored_by is not null")[0][0])


@pytest.mark.parametrize("second", ["approve", "discard"])
@pytest.mark.parametrize("first", ["approve", "discard"])
def test_of_two_who_act_on_a_draft_at_once_exactly_one_wins(
    at_once: Any, make: Any, look: Any, people: Any, first: str, second: str
) -> None:
    version = make.amount("R1_EMP_STD", 260_000, author=make.session.get_one(User, people[0]))
    make.count_drafts()
    outcome = at_once((first, version.id), (second, version.id))
    assert outcome == ("version_already_published" if first == "approve" else "version_gone")
    assert _published(look) == (first == "approve")


def test_of_two_drafts_for_one_day_approved_at_once_one_is_published(
    at_once: Any, make: Any, look: Any, people: Any
) -> None:
    author = make.session.get_one(User, people[0])
    drafts = [make.amount("R1_EMP_STD", fen, author=author) for fen in (260_000, 270_000)]
    make.count_drafts()
    assert at_once(*(("approve", draft.id) for draft in drafts)) == "version_later_exists"
    assert _published(look) == 1
