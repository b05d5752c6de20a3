"""`flask policy replay`: a decision is made again as of its day; a law changed under it is found out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.enroll.models import EligibilityDecision, Proof
from app.policy import services as policy
from tests.enroll.conftest import EMPLOYEE, VETERAN
from tests.factories import Make


@pytest.fixture
def other_law(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read the rules anew with another amount for R2, as if someone had corrected the past."""

    def change(amount_fen: int) -> None:
        book = policy.rulebook()
        rules = tuple(
            replace(rule, amount_fen=amount_fen) if rule.code == "R2_EMP_SHORT" else rule for rule in book.rules
        )
        changed = replace(book, rules=rules)
        monkeypatch.setattr(policy, "rulebook", lambda: changed)

    return change


def run(app: Flask, *args: str) -> Any:
    return app.test_cli_runner().invoke(args=["policy", "replay", *args])


def test_every_decision_is_made_again_with_the_same_answer(app: Flask, make: Make, enroll: Any) -> None:
    for answers in (VETERAN, EMPLOYEE, {"situations": "registered_unemployed"}):
        enroll(make.run(), make.learner(), answers)
    done = run(app)
    assert done.exit_code == 0, done.output
    assert "3 decisions, 0 different, 0 from before" in done.output


def test_a_rule_changed_under_a_decision_is_reported_without_a_word_about_the_person(
    app: Flask, make: Make, enroll: Any, other_law: Any
) -> None:
    learner = make.learner(name="张示例")
    enroll(make.run(make.course(fee_fen=240_000)), learner, VETERAN)
    decision = make.session.scalars(sa.select(EligibilityDecision)).one()
    other_law(100_000)
    done = run(app, "--decision", str(decision.id))
    assert done.exit_code == 1
    assert f"decision {decision.id} of" in done.output
    assert "was yes R2_EMP_SHORT 240000 fen, now yes R2_EMP_SHORT 100000 fen" in done.output
    assert "张" not in done.output
    assert "VETERAN" not in done.output


def test_only_decisions_from_a_day_on_are_asked_for(app: Flask, make: Make, enroll: Any) -> None:
    enroll(make.run(), make.learner(), VETERAN)
    assert "0 decisions" in run(app, "--since", "2100-01-01").output


def decision(app: Flask, number: int) -> Any:
    return app.test_cli_runner().invoke(args=["policy", "decision", str(number)])


def test_an_auditor_prints_one_decision_whole(app: Flask, make: Make, enroll: Any, bureau: Any) -> None:
    learner = make.learner(name="张示例")
    enrollment = enroll(make.run(make.course(fee_fen=240_000)), learner, None)
    proof = make.session.scalars(sa.select(Proof).where(Proof.learner_id == learner.id)).one()
    bureau.post(f"/desk/proofs/{proof.id}/verify", data={"other": "VETERAN", "valid_until": ""})
    make.session.expire_all()
    first, second = make.session.scalars(sa.select(EligibilityDecision).order_by(EligibilityDecision.id)).all()
    told = json.loads(decision(app, second.id).output)
    assert (told["decision"], told["enrollment"]) == (second.id, enrollment.id)
    assert (told["supersedes"], told["superseded_by"]) == (first.id, [])
    assert (told["answer"], told["rule_code"], told["subsidy_fen"]) == ("yes", "R2_EMP_SHORT", 240_000)
    assert told["kept"]["facts"]["situations"] == ["VETERAN"]
    assert told["kept"]["said"] == {}
    assert told["kept"]["why"] == "papers"
    assert told["kept"]["offer"]["fee_fen"] == 240_000
    assert told["rule_version"]["valid_from"] == "2019-10-15"
    assert "2500" in told["rule_version"]["quote"]
    assert told["list_version"]["document_no"]
    assert told["replayed"]["is_same"] is True
    assert (told["verdict"]["tree"]["kind"], told["verdict"]["answer"]) == ("verdict", "yes")
    before = json.loads(decision(app, first.id).output)
    assert (before["superseded_by"], before["answer"]) == ([second.id], "unknown")
    assert "张" not in decision(app, second.id).output


def test_a_decision_nobody_made_is_said_to_be_none(app: Flask) -> None:
    done = decision(app, 99)
    assert done.exit_code == 1
    assert "There is no decision 99." in done.output
