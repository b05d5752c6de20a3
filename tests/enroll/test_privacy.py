"""An institution learns the verdict, the rule and that papers are verified: by no way anything more (law 8)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from app import scope
from app.catalog.models import CourseRun
from app.catalog.rules import safe_cell
from app.clock import local, today
from app.db import db
from app.enroll.models import (
    EligibilityDecision,
    Enrollment,
    ImportState,
    LearnerProfile,
    PapersState,
    Proof,
    ProofFile,
    RegisterImport,
    RegisterKind,
    RegisterRow,
    ReviewRequest,
)
from app.tenants.models import Tenant, User
from tests.enroll.conftest import UNEMPLOYED, VETERAN
from tests.factories import Make
from tests.support.world import proof_file

Login = Callable[..., None]
HIDDEN = (LearnerProfile, Proof, ProofFile, RegisterImport, RegisterRow, EligibilityDecision, ReviewRequest)


def desk_of(make: Make, app: Flask, login: Login, tenant_id: int) -> Any:
    tenant = make.session.get_one(Tenant, tenant_id)
    client = app.test_client()
    login(client, make.member(tenant), tenant)
    return client


def roster_as(make: Make, app: Flask, login: Login, enroll: Any, answers: dict[str, str]) -> list[str]:
    """What an institution gets of one learner, with everything that is not about their group evened out."""
    learner = make.learner(name="同名学员")
    run = make.run()
    enrollment = enroll(run, learner, answers)
    make.session.execute(
        sa.text("update enrollments set created_at = '2026-01-01', id_number_masked = 'X' where id = :id"),
        {"id": enrollment.id},
    )
    make.session.commit()
    desk = desk_of(make, app, login, run.tenant_id)
    html = desk.get(f"/desk/runs/{run.id}/roster").get_data(as_text=True)
    csv_text = desk.get(f"/desk/runs/{run.id}/roster.csv").get_data(as_text=True)
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"/desk/runs/{run.id}/roster.xlsx").get_data()))
    cells = str([[cell.value for cell in row] for row in book.active.rows])
    html = re.sub(r'name="csrf_token" value="[^"]*"|<wbr>', "", html)
    html = re.sub(r"示例机构\d+|用户\d+", "", html)
    html = re.sub(r"/(runs|courses|enrollments)/\d+", r"/\1/ID", html)
    html = re.sub(rf'(value|id|for)="([a-z-]*){enrollment.id}"', r'\1="\2ID"', html)
    return [html, csv_text, cells]


def test_two_people_of_different_groups_look_the_same_to_the_institution(
    app: Flask, make: Make, login: Login, enroll: Any
) -> None:
    unemployed = roster_as(make, app, login, enroll, UNEMPLOYED)
    veteran = roster_as(make, app, login, enroll, VETERAN)
    assert unemployed == veteran
    assert "R2_EMP_SHORT" in unemployed[0]
    for text in (*unemployed, *veteran):
        assert "失业" not in text
        assert "退役" not in text


def test_that_the_text_names_somebody_without_an_amount_is_theirs_to_know_and_nobody_elses(
    app: Flask, make: Make, login: Login, enroll: Any, client: Any
) -> None:
    named = roster_as(make, app, login, enroll, {**UNEMPLOYED, "situations": "training_staff"})
    assert named == roster_as(make, app, login, enroll, {**UNEMPLOYED, "situations": "employee"})
    assert named == roster_as(make, app, login, enroll, {**UNEMPLOYED, "situations": "none_of_these"})
    assert "自费" in named[0]
    for text in named:
        assert "符合" not in text.replace('<option value="yes">符合</option>', "")
        assert "eligible" not in text
    rows = make.session.execute(
        sa.select(Enrollment.answer, Enrollment.papers, EligibilityDecision.answer, Enrollment.learner_pays_fen)
        .join(EligibilityDecision, EligibilityDecision.enrollment_id == Enrollment.id)
        .order_by(Enrollment.id)
    ).all()
    assert [tuple(row) for row in rows] == [
        ("no", PapersState.NOT_NEEDED, decided, 180_000) for decided in ("eligible", "no", "no")
    ]
    first = sa.select(Enrollment.learner_id).order_by(Enrollment.id).limit(1)
    learner = make.session.get_one(User, make.session.scalars(first).one())
    login(client, learner)
    assert "符合条件，金额未定" in client.get("/me/data").get_data(as_text=True)


def hold_more_of(make: Make, learner: User, run: CourseRun) -> None:
    """A question, a photo and a line of a register beside the learner's application."""
    region_id = make.region().id
    make.add(ReviewRequest(learner_id=learner.id, region_id=region_id, course_id=run.course_id, message="x"))
    proof_file(make, make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one())
    register = RegisterKind.DISABILITY
    found = make.add(
        RegisterImport(
            region_id=region_id, register=register, state=ImportState.IN_FORCE, as_of=today(), rows=1, errors=[]
        )
    )
    line = {"import_id": found.id, "region_id": region_id, "register": register, "learner_id": learner.id}
    make.add(RegisterRow(**line, id_number_index=b"x" * 32, record='{"name": "同名学员"}'))


@pytest.mark.parametrize("model", HIDDEN, ids=lambda model: model.__tablename__)
def test_an_institution_reads_no_facts_by_orm_or_by_sql(app: Flask, make: Make, enroll: Any, model: Any) -> None:
    run, learner = make.run(), make.learner()
    enroll(run, learner)
    hold_more_of(make, learner, run)
    assert make.session.scalar(sa.select(sa.func.count()).select_from(model)) == 1
    owner = make.member(make.session.get_one(Tenant, run.tenant_id))
    at_desk = scope.Scope(actor_id=owner.id, tenant_id=run.tenant_id, tenant_kind="institution", role="owner")
    with app.app_context(), scope.opened(at_desk):
        assert db.session.scalars(sa.select(Enrollment)).one().run_id == run.id
        assert db.session.scalars(sa.select(model)).all() == []
        assert db.session.execute(sa.text(f"select * from {model.__tablename__}")).all() == []
        joined = f"select h.* from enrollments e join {model.__tablename__} h on true"
        assert db.session.execute(sa.text(joined)).all() == []
        db.session.rollback()


@pytest.mark.parametrize("model", [*HIDDEN, Enrollment], ids=lambda model: model.__tablename__)
def test_nobody_else_reads_anything(app: Flask, make: Make, enroll: Any, model: Any) -> None:
    run, learner = make.run(), make.learner()
    enroll(run, learner)
    hold_more_of(make, learner, run)
    stranger = make.learner()
    elsewhere = make.region("130102").id
    scopes = [
        scope.VISITOR,
        scope.Scope(actor_id=stranger.id),
        scope.Scope(actor_id=stranger.id, tenant_id=make.institution().id),
        scope.Scope(actor_id=stranger.id, tenant_id=make.bureau("130102").id, region_ids=(elsewhere,)),
    ]
    for each in scopes:
        with app.app_context(), scope.opened(each):
            rows = db.session.execute(sa.text(f"select count(*) from {model.__tablename__}")).scalar_one()
            own = 1 if model is LearnerProfile and each.actor_id == stranger.id else 0
            assert rows == own
            db.session.rollback()


def test_no_job_and_no_audit_row_carries_a_group_a_name_or_a_number(
    make: Make, enroll: Any, look: Any, run_jobs: Any
) -> None:
    learner = make.learner(name="绝不外泄")
    enroll(make.run(), learner)
    number = make.session.get_one(LearnerProfile, learner.id).id_number
    jobs = str(look("select task_name, args from procrastinate_jobs"))
    run_jobs()
    audit = str(look("select tag, data from audit_entries"))
    notices = str(look("select kind, params from notices"))
    for text in (jobs, audit, notices):
        assert "REG_UNEMPLOYED" not in text
        assert "绝不外泄" not in text
        assert number not in text


def test_exported_cells_are_never_formulas(app: Flask, make: Make, login: Login, enroll: Any) -> None:
    run = make.run()
    applied = enroll(run, make.learner(name='=HYPERLINK("http://x","y")'))
    enroll(run, make.learner(name="@SUM(1)"))
    desk = desk_of(make, app, login, run.tenant_id)
    response = desk.get(f"/desk/runs/{run.id}/roster.csv")
    assert response.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(response.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ['\'=HYPERLINK("http://x","y")', "'@SUM(1)"]
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"/desk/runs/{run.id}/roster.xlsx").get_data()))
    assert all(cell.data_type != "f" for row in book.active.rows for cell in row)
    assert rows[1][-1] == f"{local(applied.created_at):%Y-%m-%d %H:%M}", "not the city's time"
    exports = make.session.execute(sa.text("select count(*) from audit_entries where tag = 'roster.exported'"))
    assert exports.scalar_one() == 2


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_a_cell_that_starts_like_a_formula_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_lists_ask_as_few_questions_for_thirty_rows_as_for_three(
    app: Flask, make: Make, login: Login, enroll: Any
) -> None:
    run, learner = make.run(seats=20), make.learner()
    tenant = make.session.get_one(Tenant, run.tenant_id)
    bureau = make.bureau()
    desks: dict[str, Any] = {"roster": app.test_client(), "bureau": app.test_client(), "me": app.test_client()}
    login(desks["roster"], make.member(tenant), tenant)
    login(desks["bureau"], make.member(bureau), bureau)
    login(desks["me"], learner)
    paths = {
        "roster": [f"/desk/runs/{run.id}/roster", f"/desk/runs/{run.id}/roster?tab=waitlist"],
        "bureau": ["/desk/proofs"],
        "me": ["/me", "/me/data", "/me/notices"],
    }
    course = make.course(tenant)

    def grow(start: int, stop: int) -> None:
        for n in range(start, stop):
            enroll(run, make.learner())
            enroll(make.run(course, starts_in=100 + 10 * n), learner)

    def questions() -> dict[str, int]:
        asked: dict[str, int] = {}
        with app.app_context():
            engine = db.engine
        for who, urls in paths.items():
            for url in urls:
                seen: list[str] = []

                def note(_c: Any, _cursor: Any, statement: str, *_rest: Any, seen: list[str] = seen) -> None:
                    seen.append(statement)

                sa.event.listen(engine, "before_cursor_execute", note)
                try:
                    assert desks[who].get(url).status_code == 200
                finally:
                    sa.event.remove(engine, "before_cursor_execute", note)
                asked[url] = len(seen)
        return asked

    grow(0, 3)
    questions()
    few = questions()
    grow(3, 30)
    assert questions() == few
