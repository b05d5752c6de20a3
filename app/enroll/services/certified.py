"""What the state's registers certify about a learner, and where that is not what the learner said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date

import sqlalchemy as sa

from app.db import db
from app.enroll import rules
from app.enroll.models import ProofState, RegisterKind, RegisterRow
from app.enroll.registers import REGISTERS
from app.pii import vault
from app.policy import services as policy
from app.policy.rulebook import in_force

RECORD = "register.record"


def as_claim(*, register: RegisterKind, record: str, valid_until: date | None, on: date) -> rules.Claim:
    """A line as the rules see it: a claim verified already."""
    fields: Mapping[str, str | int] = json.loads(record)
    certified = REGISTERS[register].certify(fields, on)
    groups = (group for group in in_force(policy.rulebook().groups, on) if group.opens)
    return rules.Claim(
        groups=frozenset(group.code for group in groups if certified.papers & set(group.papers)),
        state=ProofState.VERIFIED,
        valid_until=valid_until,
        register=register,
        facts=tuple(certified.facts.items()),
    )


def unseal_claim(*, register: str, record: bytes, valid_until: date | None, on: date) -> rules.Claim:
    """A line as it lies in the database, read as a claim."""
    text = vault().decrypt(record, RECORD)
    return as_claim(register=RegisterKind(register), record=text, valid_until=valid_until, on=on)


def claims_of(*, learner_id: int, on: date) -> list[rules.Claim]:
    """What the registers certify about a learner on a day."""
    rows = db.session.scalars(
        sa.select(RegisterRow)
        .where(
            RegisterRow.learner_id == learner_id,
            sa.or_(RegisterRow.valid_until.is_(None), RegisterRow.valid_until >= on),
        )
        .order_by(RegisterRow.import_id)
    )
    return [as_claim(register=row.register, record=row.record, valid_until=row.valid_until, on=on) for row in rows]


def differing(*, answers: Mapping[str, object], claims: Iterable[rules.Claim]) -> set[RegisterKind]:
    """The registers that say something else than the person did."""
    said = answers.get("situations")
    found = set()
    for claim in claims:
        if claim.register is None:
            continue
        if isinstance(said, list | tuple) and _names_others(claim, said):
            found.add(claim.register)
        if any(_differs(fact, answers.get(fact), value) for fact, value in claim.facts):
            found.add(claim.register)
    return found


def _names_others(claim: rules.Claim, said: Iterable[str]) -> bool:
    """Whether none of the groups it certifies was said, or one was said that its day of graduation rules out."""
    if claim.groups:
        return not claim.groups & set(said)
    assert claim.register is not None
    paper = REGISTERS[claim.register].paper
    proved = {group.code for group in policy.rulebook().groups if paper in group.papers}
    return "graduates_on" in dict(claim.facts) and bool(proved & set(said))


def _differs(fact: str, said: object, certified: object) -> bool:
    """Whether a certified number falls under another answer than the one that was chosen."""
    question = policy.rulebook().question(fact)
    if question is None or not isinstance(said, int) or not isinstance(certified, int):
        return False
    steps = [option.value for option in question.options if isinstance(option.value, int)]
    return max((step for step in steps if step <= certified), default=None) != said
