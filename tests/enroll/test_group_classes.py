"""What an institution may see (verdict, rule, amount, papers) puts nobody into a class of their own (law 8)."""

from __future__ import annotations

import itertools
import traceback
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs
from app.clock import today
from app.db import db
from app.enroll.models import Enrollment, PapersState, Proof, ProofState
from app.enroll.services.papers import suggested_until
from app.policy import services as policy
from app.tenants.models import Tenant
from tests.enroll.secrecy import classes
from tests.factories import Make

NORMAL = "normal"
FEWEST = 3
COURSES = [
    ("employment", 5, True),
    ("employment", 4, False),
    ("employment", None, False),
    ("upgrade", 5, True),
    ("upgrade", 4, True),
    ("upgrade", 3, False),
    ("founder", None, False),
]
# A subsidy for apprentices is paid to their company, by a plan the company and the institution file together: who
# is an apprentice the institution knows from its own contract.
KNOWN_BY_CONTRACT = ["APPRENTICE"]


def told(app: Flask) -> tuple[list[dict[str, tuple[object, ...]]], dict[str, str]]:
    """For every kind of course, what an institution is told of each group; and how sensitive each group is."""
    with app.app_context():
        found = [
            {
                group: key
                for key, groups in classes(form=form, level=level, listed=listed).items()
                for group in groups
            }
            for form, level, listed in COURSES
        ]
        return found, {group.code: group.sensitivity for group in policy.rulebook().groups}


def assert_nobody_stands_alone(keys: dict[str, tuple[object, ...]], kinds: dict[str, str]) -> None:
    """Whoever is told the same is one of several groups, of which several are nobody's secret."""
    assert keys.keys() == kinds.keys()
    together: dict[tuple[object, ...], list[str]] = {}
    for group, key in keys.items():
        together.setdefault(key, []).append(group)
    for key, groups in together.items():
        if groups != KNOWN_BY_CONTRACT:
            assert sum(kinds[group] == NORMAL for group in groups) >= FEWEST, (key, groups)


@pytest.mark.parametrize("number", range(len(COURSES)), ids=[f"{form} {level}" for form, level, _ in COURSES])
def test_no_verdict_stands_for_one_group_or_for_sensitive_ones_alone(app: Flask, number: int) -> None:
    found, kinds = told(app)
    assert_nobody_stands_alone(found[number], kinds)


def test_not_even_the_verdicts_on_every_kind_of_course_together_do(app: Flask) -> None:
    """An institution may see the same person apply to several of its courses."""
    found, kinds = told(app)
    joint = {group: tuple(each[group] for each in found) for group in kinds}
    assert_nobody_stands_alone(joint, kinds)
    assert len(set(joint.values())) > len(KNOWN_BY_CONTRACT) + 1


def verified_for_as_long_as_usual(app: Flask, make: Make, enroll: Any, groups: list[str]) -> list[Enrollment]:
    """One application for each group, verified until the day the bureau is offered."""
    found = []
    for group in groups:
        learner = make.learner()
        found.append(enroll(make.run(), learner, None))
        make.session.expire_all()
        proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()
        proof.claim, proof.state = group, ProofState.VERIFIED
        with app.app_context():
            proof.valid_until = suggested_until([group], on=today())
        make.session.commit()
        judge_again(learner.id)
    return found


def judge_again(learner_id: int) -> None:
    """What is done when papers were decided."""
    jobs.queue.tasks["enroll.proofs_changed"].func(scope={"actor_id": learner_id}, learner_id=learner_id)


def night(make: Make) -> None:
    """Five past midnight, when the queue is given what is to be done."""
    jobs.queue.tasks["enroll.night"].func(timestamp=0)
    make.session.expire_all()


def test_papers_that_run_out_after_the_class_began_are_not_seen_to(
    app: Flask, make: Make, enroll: Any, run_jobs: Any
) -> None:
    """How long papers serve differs by group: did that show, whoever stays verified would be one of few."""
    groups = ["REG_UNEMPLOYED", "RURAL_DIBAO", "VETERAN", "DISABLED"]
    found = verified_for_as_long_as_usual(app, make, enroll, groups)
    run_jobs()
    lasting = list(make.session.scalars(sa.select(Proof.valid_until).order_by(Proof.id)))
    assert [until is None for until in lasting] == [False, False, True, True]
    assert {make.again(each).papers for each in found} == {PapersState.VERIFIED}
    make.session.execute(sa.text("update course_runs set starts_on = starts_on - 11, ends_on = ends_on - 11"))
    make.session.execute(
        sa.update(Proof).where(Proof.valid_until.is_not(None)).values(valid_until=today() - timedelta(days=2))
    )
    make.session.commit()
    night(make)
    run_jobs()
    states = make.session.scalars(sa.select(Proof.state).order_by(Proof.id)).all()
    assert states == [ProofState.EXPIRED, ProofState.EXPIRED, ProofState.VERIFIED, ProofState.VERIFIED]
    seen = [make.again(each) for each in found]
    assert {(e.papers, e.answer, e.rule_code, e.learner_pays_fen) for e in seen} == {
        (PapersState.VERIFIED, "yes", "R2_EMP_SHORT", 0)
    }


def test_the_trail_is_not_written_in_the_order_in_which_papers_changed(
    app: Flask, make: Make, login: Any, enroll: Any, look: Any
) -> None:
    """A changed row moves within its table: who reads rows without an order reads whose papers were decided."""
    run = make.run()
    ids = [enroll(run, make.learner()).id for _ in range(4)]
    tenant = make.session.get_one(Tenant, run.tenant_id)
    desk: Any = app.test_client()
    login(desk, make.member(tenant), tenant)
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        desk.post(f"/desk/runs/{run.id}/decisions", data={"action": "admit", "enrollment_id": ids})
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    lists = [each for each in asked if "FROM enrollments" in each and " IN (" in each]
    assert lists
    assert all("ORDER BY enrollments.id" in each for each in lists)
    trail = look("select subject_id from audit_entries where tag = 'enrollment.admitted' order by id")
    assert [row.subject_id for row in trail] == ids


def test_what_goes_wrong_with_a_decision_names_no_group(
    app: Flask, make: Make, enroll: Any, run_jobs: Any, caplog: Any
) -> None:
    """A job that fails, and a statement that the database refuses: neither says what was in them."""
    learner = make.learner()
    enroll(make.run(), learner, {"situations": "hard_to_employ", "residence": "hukou"})
    run_jobs()
    make.session.execute(sa.text("update eligibility_decisions set grounds = grounds || '\\x00'::bytea"))
    make.session.commit()
    said: list[str] = []
    scope = {"actor_id": learner.id}
    for act in (
        lambda: jobs.queue.tasks["enroll.proofs_changed"].func(scope=scope, learner_id=learner.id),
        lambda: refused_by_the_database(make, enroll),
    ):
        with pytest.raises(Exception) as error:  # noqa: PT011 - whatever it is
            act()
        said.append("".join(traceback.format_exception(error.value)))
    assert "VaultError" in said[0]
    assert "job enroll.proofs_changed failed" in caplog.text
    assert "check constraint" in said[1]
    text = "\n".join([*said, caplog.text])
    with app.app_context():
        groups = policy.rulebook().groups
    names = itertools.chain.from_iterable((group.code, group.name.zh, group.name.en) for group in groups)
    assert [name for name in names if name in text] == []


def refused_by_the_database(make: Make, enroll: Any) -> None:
    """Apply where the database refuses the papers."""
    connection = make.session.connection()
    connection.execute(sa.text("alter table proofs add constraint refused check (false) not valid"))
    make.session.commit()
    try:
        enroll(make.run(), make.learner(), {"situations": "hard_to_employ", "residence": "hukou"})
    finally:
        make.session.rollback()
        make.session.execute(sa.text("alter table proofs drop constraint refused"))
        make.session.commit()
