"""The demo city: large enough, something of everything, and true to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.catalog.models import CourseForm, CourseMode, RevisionState, RunState, SessionKind
from app.enroll.models import EnrollmentState, PapersState, ProofState, RegisterKind
from app.enroll.services.profiles import id_number_index
from app.pii import vault
from app.policy.models import DesignationState
from app.tenants.identifiers import check_id_number, check_uscc
from app.tenants.models import Role, TenantKind, TenantState
from tests.seed.conftest import TODAY, City, flask


@pytest.mark.parametrize(
    ("least", "sql"),
    [
        (40, "select count(*) from tenants where kind = 'institution' and is_verified"),
        (24, "select count(distinct region_id) from tenants where kind = 'institution' and is_verified"),
        (25, "select count(*) from tenants where kind = 'bureau'"),
        (20, "select count(*) from tenants where kind = 'enterprise'"),
        (1, "select count(*) from tenants where kind = 'assessor'"),
        (300, "select count(*) from courses"),
        (60, "select count(distinct code) from course_revisions v join trades t on t.id = trade_id where is_live"),
        (20, "select count(*) from course_revisions v join trades t on t.id = v.trade_id where t.variant <> ''"),
        (800, "select count(*) from course_runs"),
        (100, "select count(*) from course_runs where ends_on < '2026-11-23'"),
        (50, "select count(*) from course_runs where '2026-11-23' between starts_on and ends_on"),
        (200, "select count(*) from course_runs where starts_on > '2026-11-23' and state = 'open'"),
        (20, "select count(*) from run_seats where taken = capacity and waiting > 0"),
        (2000, "select count(*) from learner_profiles"),
        (3000, "select count(*) from enrollments"),
        (10, "select count(*) from proofs where is_referral"),
        (8, "select count(*) from proof_files f join proofs p on p.id = f.proof_id where p.state = 'pending'"),
        (5, "select count(*) from register_imports where state = 'in_force' and matched > 0"),
        (300, "select count(*) from register_rows"),
        (1, "select count(*) from register_imports where state = 'draft' and jsonb_array_length(errors) > 3"),
        (5, "select count(*) from review_requests where answered_at is null"),
        (5, "select count(*) from review_requests where answered_at is not null"),
        (3, "select count(*) from course_revisions where number > 1"),
        (1, "select count(*) from courses where is_archived"),
        (100, "select count(*) from notices"),
        (1000, "select count(*) from audit_entries"),
        (3, "select count(*) from designations where valid_to < '2026-11-23'"),
        (1, "select count(*) from shortage_lists where not is_published"),
        (1, "select count(*) from subsidy_rules where not is_published"),
        (1, "select count(*) from policy_parameters where not is_published"),
    ],
)  # fmt: skip
def test_the_city_is_large_enough(city: City, least: int, sql: str) -> None:
    assert city.count(sql) >= least


@pytest.mark.parametrize(
    ("values", "sql"),
    [
        (EnrollmentState, "select distinct state from enrollments"),
        (PapersState, "select distinct papers from enrollments"),
        (ProofState, "select distinct state from proofs"),
        (RegisterKind, "select distinct register from register_imports where state = 'in_force'"),
        (RevisionState, "select distinct state from course_revisions"),
        (CourseForm, "select distinct form from course_revisions where is_live"),
        (CourseMode, "select distinct mode from course_revisions where is_live"),
        (RunState, "select distinct state from course_runs"),
        (SessionKind, "select distinct kind from run_sessions"),
        (TenantKind, "select distinct kind from tenants"),
        (TenantState, "select distinct state from tenants"),
        (DesignationState, "select distinct state from designations"),
        (Role, "select distinct role from memberships"),
    ],
)
def test_every_state_occurs(city: City, values: type[str], sql: str) -> None:
    assert {row[0] for row in city.look(sql)} == {str(value.value) for value in values}  # type: ignore[attr-defined]


def test_every_level_occurs(city: City) -> None:
    assert {row[0] for row in city.look("select distinct level from course_revisions")} == {None, 1, 2, 3, 4, 5}


def test_seat_counters_say_what_the_enrollments_say(city: City) -> None:
    wrong = city.look(
        "select s.run_id from run_seats s left join (select run_id, "
        "count(*) filter (where state in ('applied', 'admitted', 'offered')) as taken, "
        "count(*) filter (where state = 'waiting') as waiting from enrollments group by run_id) e using (run_id) "
        "left join (select run_id, count(*) as places, max(number) as last from waitlist_entries group by run_id) "
        "w using (run_id) join course_runs r on r.id = s.run_id "
        "where s.taken <> coalesce(e.taken, 0) or s.waiting <> coalesce(e.waiting, 0) "
        "or s.waiting <> coalesce(w.places, 0) or s.next_number <= coalesce(w.last, 0) or s.capacity <> r.seats"
    )
    assert wrong == []


def test_nobody_waits_for_a_run_with_a_free_seat(city: City) -> None:
    assert city.look("select run_id from run_seats where waiting > 0 and taken < capacity") == []


def test_a_runs_times_are_its_sessions(city: City) -> None:
    wrong = city.look(
        "select r.id from course_runs r join (select run_id, range_agg(tstzrange(starts_at, ends_at)) as times, "
        "min(starts_at) as first from run_sessions group by run_id) s on s.run_id = r.id "
        "where r.session_times <> s.times or r.starts_at <> s.first"
    )
    assert wrong == []


def test_every_open_offer_has_a_job_that_ends_it(city: City) -> None:
    missing = city.look(
        "select e.id from enrollments e where e.state = 'offered' and not exists "
        "(select from procrastinate_jobs j where j.task_name = 'enroll.expire_offer' "
        "and (j.args->>'enrollment_id')::bigint = e.id "
        "and j.scheduled_at = e.offer_expires_at)"
    )
    assert missing == []


def test_live_subsidised_courses_are_designated(city: City) -> None:
    wrong = city.look(
        "select v.id from course_revisions v join trades t on t.id = v.trade_id "
        "where v.is_live and v.is_subsidised and not exists (select from designations d "
        "where d.tenant_id = v.tenant_id and d.trade_code = t.code and d.state = 'active' "
        "and d.valid_from <= :today and d.valid_to > :today and (v.level is null or v.level = any(d.levels)))",
        today=TODAY,
    )
    assert wrong == []


def test_practice_is_at_least_two_fifths(city: City) -> None:
    sql = "select id from course_revisions where practice_hours < 0.4 * (theory_hours + practice_hours)"
    assert city.look(sql) == []


def test_unverified_institutions_publish_nothing(city: City) -> None:
    sql = "select c.id from courses c join tenants t on t.id = c.tenant_id where c.is_live and not t.is_verified"
    assert city.look(sql) == []


def test_every_published_course_can_be_found(city: City) -> None:
    assert city.count("select count(*) from course_documents") == city.count(
        "select count(*) from courses where is_live"
    )


def test_welding_is_listed_and_open_at_the_demo_institution(city: City) -> None:
    found = city.look(
        "select count(*) filter (where d.is_shortage), count(*) filter (where not d.is_shortage) "
        "from course_documents d join memberships m on m.tenant_id = d.tenant_id join logins l using (user_id) "
        "where l.value = 'school' and d.trade_code in ('6-18-02-04', '6-18-03-03') and d.seats_left > 0"
    )
    assert all(count > 0 for count in found[0])


def test_everyone_and_everything_is_marked_as_an_example(city: City) -> None:
    assert city.look("select id from users where not is_demo or display_name not like '%示例%'") == []
    assert city.look("select id from tenants where name not like '%示例%'") == []
    assert city.look("select id from course_revisions where teacher not like '%示例%'") == []


def test_made_up_numbers_are_valid_and_encrypted(city: City) -> None:
    rows = city.look("select name, id_number, id_number_index from learner_profiles order by user_id limit 200")
    for name, number, index in rows:
        text = vault().decrypt(bytes(number), "learner.id_number")
        assert check_id_number(text, TODAY).text == text
        assert bytes(index) == id_number_index(text)
        assert "示例" in vault().decrypt(bytes(name), "learner.name")
    for (uscc,) in city.look("select uscc from tenants"):
        assert check_uscc(uscc) == uscc


def test_the_demo_learner_has_something_of_everything(city: City) -> None:
    sql = "select state from enrollments e join logins l on l.user_id = e.learner_id where l.value = 'learner'"
    states = {row[0] for row in city.look(sql)}
    assert states >= {"admitted", "offered", "waiting", "withdrawn", "refused"}


def test_each_of_the_two_at_the_city_bureau_has_a_draft_to_approve_and_all_effects_are_to_be_counted(
    city: City,
) -> None:
    drafts = " union all ".join(
        f"select '{table}' as kind, id, authored_by from {table} where not is_published"
        for table in ("shortage_lists", "subsidy_rules", "policy_parameters")
    )
    authors = city.look(f"select distinct l.value from ({drafts}) d join logins l on l.user_id = d.authored_by")
    assert {row[0] for row in authors} == {"city", "approver"}
    waiting = city.look(
        f"select kind, id from ({drafts}) d except select args->>'table', (args->>'id')::bigint "
        "from procrastinate_jobs where task_name = 'enroll.simulate'"
    )
    assert waiting == []


def test_nothing_happened_after_the_citys_day(city: City) -> None:
    sql = "select count(*) from {} where {} > timestamptz '2026-11-23 08:00+08'"
    dated = [
        ("enrollments", "created_at"),
        ("audit_entries", "at"),
        ("notices", "created_at"),
        ("users", "created_at"),
    ]
    assert [table for table, column in dated if city.count(sql.format(table, column))] == []


def test_demo_logins_names_every_account(city: City, tmp_path: Path) -> None:
    done = flask(city.database, tmp_path, "demo-logins")
    logins = {row[0] for row in city.look("select value from logins where value !~ '[-@0-9]'")}
    assert len(logins) == 11
    assert all(f" {login} " in done.stdout for login in logins)
